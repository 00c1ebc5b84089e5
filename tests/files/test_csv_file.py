"""Tables of numbers: read as they are, refused where they may mean two things, told by the line."""

import csv
import io
import re
import string

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ttt_theory.files.csv_file import read_csv


def read(content, *, header=None, ndim=2, entries=None, largest=2**30):
    content = content if isinstance(content, bytes) else content.encode()
    return read_csv(io.BytesIO(content), ndim, largest, header, entries)


def refusal(content, **options):
    with pytest.raises(ValueError, match=r"\S") as caught:
        read(content, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Numbers alone, whatever they are.
        ("1,0\n0,1\n", [[1, 0], [0, 1]]),
        ("0,1,2\n3,4,5\n6,7,8\n", [[0, 1, 2], [3, 4, 5], [6, 7, 8]]),
        ("1,3,4\n2,5,0.5\n", [[1, 3, 4], [2, 5, 0.5]]),
        ("1,2\n3,5\n4,0.5\n", [[1, 2], [3, 5], [4, 0.5]]),
        ("1.5,2.5\n0.25,1\n", [[1.5, 2.5], [0.25, 1]]),
        ("0.0,1.0\n2.0,3.0\n", [[0, 1], [2, 3]]),
        ("0,0\n0.5,1.5\n", [[0, 0], [0.5, 1.5]]),
        ("1,2", [[1, 2]]),
        ("2019,2020", [[2019, 2020]]),
        ("2019,2020\n2021,1850\n", [[2019, 2020], [2021, 1850]]),
        # A symmetric matrix begins with its first column.
        ("1,2,3\n2,8.5,1\n3,1,9.5\n", [[1, 2, 3], [2, 8.5, 1], [3, 1, 9.5]]),
        # Names, as programs write them.
        ("a,b\n1,2\n", [[1, 2]]),
        ("a,a\n1,2\n", [[1, 2]]),
        ("label,1x1,1x2\n7,0,255\n", [[7, 0, 255]]),
        ("id,1st\n2,1.5\n7,2\n", [[2, 1.5], [7, 2]]),
        ("Na,K\n1,2\n", [[1, 2]]),
        ("sepal length\n1.5\n2\n", [[1.5], [2]]),
        ('"V1","V2"\n4,7\n', [[4, 7]]),
        ('"a","b"\n"4.5","7"\n', [[4.5, 7]]),
        ('"first, one",second\r\n1,2\r\n', [[1, 2]]),
        ('"two\nlines",c\n1,2\n', [[1, 2]]),
        ("a,b\r1,2\r3,4\r", [[1, 2], [3, 4]]),
        ("\ufeffa,b\n1,2\n", [[1, 2]]),
        ("größe,b\n1,2\n", [[1, 2]]),
        # numpy.savetxt.
        ("# a,b\n1,2\n3.5,4.5\n", [[1, 2], [3.5, 4.5]]),
        ("# 0,1\n1,2\n3.5,4.5\n", [[1, 2], [3.5, 4.5]]),
        ("# made\n# by hand\n1,2\n", [[1, 2]]),
        ("# made by hand\na,b\n1,2\n", [[1, 2]]),
        ("#####\n#\tby hand\n##\n1,2\n", [[1, 2]]),
        # A zero that is no padding.
        ("0,-0\n0.05,0e0\n+0.0,1e-05\n", [[0, 0], [0.05, 0], [0, 1e-5]]),
        # Lines without anything are no rows.
        ("\n \na,b\n\n1,2\n  \n3,4\n\n", [[1, 2], [3, 4]]),
        (" 1 , 2\n3,\t4 \n", [[1, 2], [3, 4]]),
    ],
)
def test_a_table_is_read(content, expected):
    np.testing.assert_array_equal(read(content), expected)


@pytest.mark.parametrize(
    "content",
    [
        "0,1,2\n1.5,2.5,3.0\n4.5,5,6\n",
        "0,1\n1.0,2.0\n",
        "0,1,2\n5,0.5,7\n",
        "1,2\n1.5,2.5\n",
        "7,3\n1.5,2.5\n",
        "2019,2020,2021\n5,1.5,2\n",
        "2021,2020\n1.5,2\n",
        "10,20,30\n1,2,0.5\n",
        "0.0,1.0\n0.25,1.75\n",
        "-1,0,1\n1.5,2.5,3.5\n",
        '"0.5","1.5"\n1,2\n',
        '"0","1"\n1,2\n',
    ],
)
def test_numbers_that_may_be_names_are_names_only_if_told_so(content):
    message = refusal(content)
    assert message.startswith("line 1: ")
    assert "header = true" in message
    assert "header = false" in message
    rows = [[float(field) for field in row] for row in csv.reader(content.split()) if row]
    np.testing.assert_array_equal(read(content, header=True), rows[1:])
    np.testing.assert_array_equal(read(content, header=False), rows)


@pytest.mark.parametrize(
    "first",
    [
        *["NA,NA", "nan,", ",", "N/A,n/a", "-,?", "NULL,inf", "missing,nothing", "n.a.,k.A."],
        # Excel, in English and in German; C's libraries; databases.
        *["#N/A,#N/A", "#NV,#WERT!", "#NAME?,#BEZUG!", "1.#QNAN,-1.#IND", "-nan(ind),1.#INF"],
        r"\N,\N",
    ],
)
def test_a_line_of_missing_values_is_no_header_unless_told_so(first):
    content = f"{first}\n1,2\n"
    assert "header = true" in refusal(content)
    assert re.match("line 1(, column [12]|): ", refusal(content, header=False))
    if "" not in first.split(","):
        np.testing.assert_array_equal(read(content, header=True), [[1, 2]])


@pytest.mark.parametrize(
    "first",
    [
        *["0x1F,0x2F", "1D0,2D0", "1.5f0,.5f0", "1+2i,3-4i", "5kg,6kg", "2019Q1,2019Q2"],
        *["True,False", "WAHR,falsch", "2020-01-31,2020-02-29", "31.01.2020,29.02.2020"],
    ],
)
def test_a_line_of_what_may_be_other_numbers_is_no_header_unless_told_so(first):
    """What MATLAB, Julia and Excel write, above what is written otherwise."""
    content = f"{first}\n1,2\n"
    message = refusal(content)
    assert message.startswith("line 1: ")
    assert "header = true" in message
    np.testing.assert_array_equal(read(content, header=True), [[1, 2]])
    assert re.match("line 1, column 1: ", refusal(content, header=False))


def test_a_single_column_of_as_many_numbers_as_wanted_has_no_header():
    content = "0\n1.5\n2.5\n"
    np.testing.assert_array_equal(read(content, ndim=1, entries=3), [0, 1.5, 2.5])
    assert "header = true" in refusal(content, ndim=1, entries=2)
    np.testing.assert_array_equal(read(content, ndim=1, entries=2, header=True), [1.5, 2.5])
    assert "header = true" in refusal("0,1,2\n0.5,0.25,0.125\n", ndim=1, entries=3)
    assert "header = true" in refusal("0,1\n0.5,0.25\n", ndim=1, entries=2)


FAULTS = [
    # An index, as pandas and R write it.
    (",a,b\n0,4.0,7.0\n1,5.0,8.0\n", "line 1, column 1: no name", "index=False"),
    ("Unnamed: 0,a\n0,4.0\n", "line 1, column 1: no name", "row.names=FALSE"),
    ("a,Unnamed: 0.1,b\n0,4.0,7.0\n", "line 1, column 2: no name", "index=False"),
    ('"","V1"\n"1",4\n', "line 1, column 1: no name", "row.names=FALSE"),
    ("# ,a\n0,4.0\n", "line 1, column 1: no name", "index=False"),
    ('"V1","V2"\n"1",4,7\n', "line 2: the header has 2 names for 3 columns", "row.names=FALSE"),
    ("index,a\n0,1.5\n1,2.5\n2,7\n", "column 'index' counts the rows", "index=False"),
    ("id,a\n1,1.5\n2,2.5\n3,7\n", "column 'id' counts the rows", "row.names=FALSE"),
    (",0,1\n0,4,7\n1,5,8\n", "line 1, column 1: nothing before the first comma", "index=False"),
    # Separators.
    ("a;b\n1;2\n", "line 1: separated by semicolons", "by commas"),
    ("1,5;2,5\n3,5;4,5\n", "line 1, column 2: separated by semicolons", "with a point"),
    ("a,b\n1;2\n", "line 2: separated by semicolons", "by commas"),
    ("a\n1;2\n", "line 2, column 1: separated by semicolons", "by commas"),
    ("a\tb\n1\t2\n", "line 1: separated by tabs", "by commas"),
    ("1|2\n", "line 1: separated by bars", "by commas"),
    ("a b\n1 2\n", "line 2, column 1: blanks", "by commas"),
    ("1 2\n3 4\n", "line 1, column 1: blanks", "by commas"),
    ("sep=;\n1;2\n", "line 1: no numbers", "delete the line"),
    ("a,b,\n1,2,\n", "line 1 ends with a comma", "delete it"),
    ("a,b,,\n1,2,,\n", "line 1 ends with a comma", "delete it"),
    ("a,b\n1,2,\n", "line 2: ends with a comma", "delete it"),
    ("1,2,\n3,4,\n", "line 1, column 3: nothing after the last comma", "delete it"),
    ("a,b\n1,2\n,\n", "line 3: nothing but commas", "delete it"),
    # Numbers as other countries and programs write them.
    ("a\n1,5\n2,5\n", "line 2: the header has 1 name for 2 columns", "with a point"),
    ('a,b\n1,"2,5"\n', "line 2, column 'b': a number with a comma", "with a point"),
    ('a,b\n"1,234.5",2\n', "line 2, column 'a': a number with a comma", "1234.5"),
    ("1,05\n2,25\n", "line 1, column 2: a zero before a number", "1.05"),
    ("2,25\n-1,00\n", "line 2, column 2: a zero before a number", "1.05"),
    ("a,b\n1,000\n2,500\n", "line 2, column 'b': a zero before a number", "2000"),
    ('a,b\n1,"007"\n', "line 2, column 'b': a zero before a number", "no zero that pads"),
    ("1,2\n3,4\n\t-01.5e3,1\n", "line 3, column 1: a zero before a number", "no zero"),
    ("a,b\n1,1 234\n", "line 2, column 'b': blanks in a number", ""),
    ("a,b\n1,−2\n", "line 2, column 'b': a dash", "'-'"),
    ("a,b\n1,5 %\n", "line 2, column 'b': a number with a unit", "leave the unit out"),
    ("a,b\n$5,1\n", "line 2, column 'a': a number with a unit", "leave the unit out"),
    ("a,b\n1,TRUE\n", "line 2, column 'b': a truth value", "1 or 0"),
    ("a,b\n1,FALSCH\n", "line 2, column 'b': a truth value", "1 or 0"),
    ("a,b\n2020-01-31,3\n", "line 2, column 'a': a date", "leave this column out"),
    ("a,b\n1,１\n", "line 2, column 'b': text", "leave this column out"),
    ("a,b\n1,0x10\n", "line 2, column 'b': text", "leave this column out"),
    ("a,b\n1,1_0\n", "line 2, column 'b': text", "leave this column out"),
    ("height,species\n1,setosa\n", "line 2, column 'species': text", "leave this column out"),
    # Missing and infinite values.
    ("a,b\n1,\n", "line 2, column 'b': a missing value", "delete the line"),
    ("a,b\n1,2\n3,NA\n", "line 3, column 'b': a missing value", "delete the line"),
    ("#NV,2\n1,3\n", "line 1, column 1: a missing value", "finite"),
    ("####,2\n1,3\n", "line 1, column 1: a missing value", "finite"),
    ("a,b\n1,2\n#ZAHL!,3\n", "line 3, column 'a': a missing value", "delete the line"),
    ("1,2\nnan,1\n", "line 2, column 1: a missing value", "finite"),
    ("1,2\n0,-inf\n", "line 2, column 2: an infinite value", "finite"),
    ("1,2\n0,1e999\n", "line 2, column 2: too large", "finite"),
    # The lines.
    ("a,b\n\n\n1,2\n3,x\n", "line 5, column 'b': text", ""),
    ("a,b\r\n1,2\r\n3,x\r\n", "line 3, column 'b': text", ""),
    ("a,b\r1,2\r3,x\r", "line 3, column 'b': text", ""),
    ('"two\nlines",b\n1,x\n', "line 3, column 'b': text", ""),
    ("1,2\n3\n", "line 2: 1 column, not 2 as in line 1", ""),
    ("\n1\n2,3\n", "line 3: 2 columns, not 1 as in line 2", ""),
    ("a,b\n1,2\n3,4,5,6\n", "line 3: the header has 2 names for 4 columns", "with a point"),
    ("a,b,c\n1,2\n", "line 2: the header has 3 names for 2 columns", "as many"),
    ("1,2\n# the end\n", "line 2: a comment", "delete it"),
    ('"a,c\n1,2\n', "line 1: a quotation mark is not closed", ""),
    ('a,c\n1,"2\n3,4\n', "line 2: a quotation mark is not closed", ""),
    ('a,b\n1,"2\n3",4\n', "line 2: a quotation mark is not closed", ""),
    ('a,b\n1,"2"3\n', "line 2: a quotation mark within a cell", ""),
    ('a,b\n1, "2"\n', "line 2: a quotation mark within a cell, or a blank beside one", ""),
    ('a,b\n5,6\n7,8\n1,"2\n3",4\n', "line 4: a quotation mark is not closed", ""),
    ("id,2019\n1,2\n", "line 1 mixes names and numbers", "header = true"),
    ("2019-01,2019-02\n1.5,2\n", "line 1", "header = true"),
    ("a,b\n", "no rows of numbers below the header", "at least one"),
    ("", "no rows of numbers", "at least one"),
    ("#\n#\n", "no rows of numbers", "at least one"),
    # Other encodings.
    ("a,b\n1,2\n".encode("utf-16"), "not UTF-8 text but UTF-16", "save it as UTF-8"),
    ("a,b\n1,2\n".encode("utf-16-be"), "not UTF-8 text but UTF-16", "save it as UTF-8"),
    ("größe,b\n1,2\n".encode("cp1252"), "line 1: not UTF-8 text", "as UTF-8"),
    ("a,b\n1,2\n1,ö\n".encode("cp1252"), "line 3, column 'b': not UTF-8 text", "as UTF-8"),
    (b"\x1f\x8b\x08" + bytes(7), "not UTF-8 text but an archive", "as UTF-8"),
    (b"PK\x03\x04 a workbook", "not UTF-8 text but an archive or a workbook", "as UTF-8"),
    (b"1,2\n" * 2000 + b"1,\0\n", "line 2001, column 2: binary data", ""),
    ("1,2\n" * 300_000 + "1,x\n", "line 300001, column 2: text", ""),
    # Too long for what they hold.
    ("," * 10**6, "line 1: more than 1000000 columns", ".npy"),
    ("#\n" * 2000 + "1,2\n", "no numbers in the first 1001 lines", ""),
    ("\n" * 2000 + "1,2\n", "no numbers in the first 1001 lines", ""),
]


@pytest.mark.parametrize(("content", "start", "remedy"), FAULTS)
def test_a_fault_is_told_by_its_line_and_what_to_do(content, start, remedy):
    message = refusal(content)
    assert message.startswith(start)
    assert remedy in message


def test_what_is_no_header_is_no_number_either():
    assert refusal("a,b\n1,2\n", header=False).startswith("line 1, column 1: text")
    assert "below a comment" in refusal("# a,b\n1,2\n", header=True)
    np.testing.assert_array_equal(read("id,2019\n1,2\n", header=True), [[1, 2]])
    assert "no name" in refusal(",a\n1,2\n", header=True)


def test_a_table_of_more_numbers_than_may_be_is_refused():
    assert "at most 31 bytes" in refusal("1,2\n3,4\n", largest=31)
    assert read("1,2\n3,4\n", largest=32).shape == (2, 2)


def test_a_list_is_one_row_or_one_column():
    np.testing.assert_array_equal(read("3,4\n", ndim=1), [3, 4])
    np.testing.assert_array_equal(read("beta\n3\n4\n", ndim=1), [3, 4])
    assert "a list, not 2 rows of 2" in refusal("1,2.5\n3,4\n", ndim=1)
    assert "with a point" not in refusal("1,2.5\n3,4\n", ndim=1)
    assert "with a point, not a comma" in refusal("1,25\n0,5\n", ndim=1)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TABLES = npst.arrays(float, npst.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=FINITE)
FORMATS = st.sampled_from([repr, "{:.17e}".format, "{:.17g}".format])


def text_of(table, form=repr):
    return "".join(",".join(form(float(each)) for each in row) + "\n" for row in table)


@given(TABLES, FORMATS, st.floats(0.1, 0.9))
def test_a_table_of_decimals_is_read_as_it_is(table, form, fraction):
    table[0, 0] = fraction
    np.testing.assert_array_equal(read(text_of(table, form)), table)


@given(TABLES, FORMATS, st.booleans())
def test_any_table_is_read_as_it_is_if_told_how(table, form, header):
    first = ",".join("x" * table.shape[1]) + "\n" if header else ""
    np.testing.assert_array_equal(read(first + text_of(table, form), header=header), table)


@given(TABLES.filter(lambda table: len(table) > 1))
def test_a_number_is_lost_or_made_of_a_name_only_if_told_so(table):
    """What pandas writes under the names 0, 1, 2 is read with them or without, never guessed."""
    names = ",".join(map(str, range(table.shape[1]))) + "\n"
    assert "header = true" in refusal(names + text_of(table))
    np.testing.assert_array_equal(read(names + text_of(table), header=True), table)


@given(
    npst.arrays(float, st.tuples(st.integers(1, 60), st.integers(2, 4)), elements=FINITE),
    st.sampled_from(["x", "NA", "", "1;2", "−1", "inf", "1e999"]),
    st.data(),
)
def test_the_line_and_the_column_of_any_fault_are_told(table, fault, data):
    row, column = (data.draw(st.integers(0, length - 1)) for length in table.shape)
    blank_lines = data.draw(st.integers(0, 2))
    cells = [[repr(float(each)) for each in line] for line in table]
    cells[row][column] = fault
    names = string.ascii_lowercase[: table.shape[1]]
    lines = [",".join(names), *[""] * blank_lines, *map(",".join, cells)]
    message = refusal("\r\n".join(lines))
    assert message.startswith(f"line {row + 2 + blank_lines}, column {names[column]!r}: ")


WORDS = st.text(string.ascii_letters + string.digits + "_$!", min_size=6, max_size=12).filter(
    lambda word: not word.isdigit() and not set(word) <= set(string.ascii_lowercase)
)


@given(
    st.lists(st.lists(WORDS | st.just("1.5"), min_size=1, max_size=4), min_size=1, max_size=4),
    st.sampled_from([",", ";", "\t", " ", ":", ", ", "|", " = "]),
    st.sampled_from([None, True, False]),
)
@example([["root", "x", "0", "0"], ["daemon1"]], ":", None)
@example([["API_KEY", "hunter2"], ["1.5", "hunter3"]], ",", True)
def test_no_cell_of_another_file_is_told(lines, separator, header):
    content = "\n".join(map(separator.join, lines)) + "\n"
    try:
        read(content, header=header)
    except ValueError as error:
        told = str(error)
        names = set(lines[0])
        cells = {cell for line in lines[1:] for cell in line} - names - {"1.5"}
        assert not [cell for cell in cells if cell in told]
        # The name of a column is told only beside a number.
        if not any("1.5" in line for line in lines[1:]):
            assert not [name for name in names - {"1.5"} if len(name) > 4 and name in told]
