"""Tables of numbers from .csv files: what NumPy cannot read is told as an editor shows it.

No cell of a file is quoted in a message: the file may be a link to one that is nobody's business.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.files.opening import not_text

_START = 2**12
_LETTERS_AT_ONCE = 2**20
_LONGEST_LINE = 2**25
_MOST_COLUMNS = 10**6
_MOST_LINES_OF_NO_NUMBERS = 1000
_LONGEST_NAME = 40

# Digits are never given back, so that a match takes linear time. No program pads a number by zeros,
# but a comma for the decimals, or between thousands, leaves such cells: 1,05 and 2,000.
_NUMBER = re.compile(
    r"[+-]?(?:(?:0(?![0-9])|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
)
_PADDED_CELL = re.compile(r'[,\n](?:[^\S\n]|")*+[+-]?0[0-9]')
_QUOTED_CELL = re.compile(r'(?<![^,\n])"[^"\n]*+"(?![^,\n])')
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_MISSING = frozenset(
    {"", ".", "...", "?", "-", "--", "na", "n/a", "n.a.", "k.a.", "<na>", "na_real_", "nat", "\\n"}
    | {"nan", "-nan", "nan(ind)", "-nan(ind)", "1.#qnan", "-1.#ind"}
    | {"none", "null", "nil", "missing", "nothing"}
)
_INFINITE = frozenset(
    {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "1.#inf", "-1.#inf"}
)
# What Excel writes where it cannot compute, in any language: #N/A, #NV, #WERT!, #NAME?, #####.
_NOT_COMPUTED = re.compile(r"#(?:n/?[adv]|\S*[!?]|#+)", re.IGNORECASE)
_BEGINS_AS_A_NUMBER = re.compile(r"[+-]?\.?[0-9]")
_UNNAMED = re.compile(r"|Unnamed: [0-9]+.*")
# Where such a column counts the rows, it is the index that a program wrote beside the data.
_NAMES_OF_INDICES = frozenset(
    {"index", "level_0", "...1", "rn", "rownames", "row_names", "id", "idx", "nr", "obs"}
) | {"row", "row_nr", "row_id", "rowid", "row_number"}
_FIRST_YEAR, _LAST_YEAR = 1800, 2100

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_NO_COMMAS = "separated by {}; separate by commas, and write decimals with a point"
_NO_INDEX = "leave an index out (pandas: to_csv(..., index=False), R: row.names=FALSE)"
_SAY_HEADER = "write header = true beside file if it names the columns, or else header = false"


class _Line(NamedTuple):
    """A line, or several, and the number of the first as an editor shows it."""

    number: int
    text: str

    def fields(self) -> list[str]:
        if self.text.count(",") >= _MOST_COLUMNS:
            reason = f"more than {_MOST_COLUMNS} columns; give a .npy file"
            raise ValueError(f"line {self.number}: {reason}")
        try:
            fields = next(csv.reader([self.text], skipinitialspace=True), [])
        except csv.Error as error:
            # A field of more than 128 kB, or an unquoted line break within the first line.
            reason = "no numbers separated by commas"
            raise ValueError(f"line {self.number}: {reason}") from error
        return [field.strip() for field in fields]


class _Source:
    """Lines one by one, where they may mean anything, and then in blocks of numbers."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._next_number = 1

    def line(self) -> _Line | None:
        """Return the next line that is not blank, None at the end."""
        while text := self._text.readline(_LONGEST_LINE):
            line = self._counted(text)
            if not text.isspace():
                return line
            if line.number > _MOST_LINES_OF_NO_NUMBERS:
                raise ValueError(f"no numbers in the first {line.number} lines")
        return None

    def blocks(self) -> Iterator[_Line]:
        """Yield what is left, some lines at a time."""
        while text := self._text.read(_LETTERS_AT_ONCE):
            if not text.endswith("\n"):
                text += self._text.readline(_LONGEST_LINE)
            block = self._counted(text)
            if not text.isspace():
                yield block

    def _counted(self, text: str) -> _Line:
        line = _Line(self._next_number, text)
        if len(text) >= _LONGEST_LINE and not text.endswith("\n"):
            reason = f"a line of more than {_LONGEST_LINE} characters; give a .npy file"
            raise ValueError(f"line {line.number} or a later one: {reason}")
        self._next_number += text.count("\n")
        return line


def read_csv(
    stream: BinaryIO, ndim: int, largest: int, header: bool | None, entries: int | None
) -> FloatArray:
    """Read a table of finite numbers.

    Parameters
    ----------
    stream : binary file
        At its start.
    ndim : int
        Number of axes of the result; 1 for a table of one row or one column.
    largest : int
        Bytes that the array may take.
    header : bool, optional
        Whether the first line names the columns; if not given, the line tells.
    entries : int, optional
        How many numbers a single column should have, if that is known.

    Raises
    ------
    ValueError
        If there is anything else in the file, or its first line may be names or numbers.
    """
    if (reason := not_text(stream.read(_START))) is not None:
        raise ValueError(reason)
    stream.seek(0)
    # A byte that is no UTF-8 is found again in the line that it makes no number.
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape") as text:
        source = _Source(text)
        names, first = _split_header(source, header)
        start = [line for line in (first, source.line()) if line is not None]
        array = _numbers(itertools.chain(start, source.blocks()), names, largest)
    if names:
        _check_index(names, array)
    elif header is None:
        _check_first_row(start, array, entries)
    if ndim == 1:
        if 1 not in array.shape:
            rows, columns = array.shape
            reason = f"give one row or one column of numbers, a list, not {rows} rows of {columns}"
            decimal_commas = columns == 2 and np.array_equal(array, np.floor(array))
            remedy = "; write decimals with a point, not a comma" if decimal_commas else ""
            raise ValueError(reason + remedy)
        return array.ravel()
    return array


def _split_header(source: _Source, header: bool | None) -> tuple[list[str], _Line | None]:
    """Return the names of the columns, if there are any, and the line that was read but is data."""
    comments = []
    first = source.line()
    while first is not None and _is_comment(first):
        comments.append(first)
        if first.number > _MOST_LINES_OF_NO_NUMBERS:
            raise ValueError(f"no numbers in the first {first.number} lines")
        first = source.line()
    if first is None:
        raise ValueError("no rows of numbers; give at least one")
    first = _with_the_lines_within_quotes(first, source)
    if not first.text.isascii() and not _is_unicode(first.text):
        raise ValueError(f"line {first.number}: not UTF-8 text; save the file as UTF-8")
    fields = first.fields()
    if fields[0].lower().startswith("sep="):
        raise ValueError(f"line {first.number}: no numbers; delete the line that Excel wants")
    if "," not in first.text:
        for separator, name in _SEPARATORS.items():
            if separator in first.text:
                raise ValueError(f"line {first.number}: {_NO_COMMAS.format(name)}")
    if header is False:
        return [], first
    all_numbers = all(map(_NUMBER.fullmatch, fields))
    if all_numbers and comments:
        # What NumPy writes above its numbers begins so.
        names = _Line(comments[-1].number, comments[-1].text.lstrip("# ")).fields()
        if header:
            reason = "numbers below a comment; leave the key header out, a comment is no data"
            raise ValueError(f"line {first.number}: {reason}")
        if 1 < len(names) == len(fields):
            _check_names(names, comments[-1].number)
            return names, first
    if header or (not all_numbers and _are_names(fields, first.number)):
        _check_names(fields, first.number)
        return fields, None
    return [], first


def _is_comment(line: _Line) -> bool:
    text = line.text.strip()
    if not text.startswith("#"):
        return False
    return set(text) == {"#"} or not _is_missing(line.fields()[0])


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _with_the_lines_within_quotes(line: _Line, source: _Source) -> _Line:
    """Return a line with those that follow it as long as a name goes on, as Excel's may."""
    text = line.text
    for _ in range(_MOST_LINES_OF_NO_NUMBERS):
        if text.count('"') % 2 == 0:
            return _Line(line.number, text)
        following = source.line()
        if following is None or len(text) > _LONGEST_LINE:
            break
        text += following.text
    raise ValueError(f"line {line.number}: a quotation mark is not closed")


def _are_names(fields: list[str], number: int) -> bool:
    """Whether the first line names the columns, which are not all numbers; or raise."""
    if all(_is_missing(field) or field.lower() in _INFINITE for field in fields):
        raise ValueError(f"line {number}: nothing but missing values; {_SAY_HEADER}")
    faults = list(map(_fault, fields))
    if None not in faults and any(map(str.isalpha, "".join(fields))):
        # Such as 0x1F, 1D0 and 1+2i; names do not all begin so.
        if all(map(_BEGINS_AS_A_NUMBER.match, fields)):
            raise ValueError(f"line {number}: numbers in another notation, or names; {_SAY_HEADER}")
        if set(faults) == {_TRUTH}:
            raise ValueError(f"line {number}: truth values, or names; {_SAY_HEADER}")
        return True
    if set(faults) == {_DATE}:
        raise ValueError(f"line {number}: dates, or names; {_SAY_HEADER}")
    for position, (field, fault) in enumerate(zip(fields, faults, strict=True), start=1):
        reason = fault
        if not field and position == len(fields):
            reason = _LAST_BLANK
        elif not field and position == 1:
            reason = _FIRST_BLANK
        if reason is not None and reason != _TEXT:
            raise ValueError(f"line {number}, column {position}: {reason}")
    raise ValueError(f"line {number} mixes names and numbers; {_SAY_HEADER}")


def _is_missing(field: str) -> bool:
    return field.lower() in _MISSING or _NOT_COMPUTED.fullmatch(field) is not None


def _check_names(names: list[str], number: int) -> None:
    for position, name in enumerate(names, start=1):
        if _UNNAMED.fullmatch(name):
            if position > 1 and not any(names[position - 1 :]):
                raise ValueError(f"line {number} ends with a comma; delete it from every line")
            reason = f"no name; {_NO_INDEX}, or name what is none"
            raise ValueError(f"line {number}, column {position}: {reason}")


def _check_index(names: list[str], array: FloatArray) -> None:
    counted = array[:, 0] - array[0, 0]
    if (
        names[0].lower() in _NAMES_OF_INDICES
        and len(array) > 1
        and array[0, 0] in {0.0, 1.0}
        and np.array_equal(counted, np.arange(len(array)))
    ):
        reason = f"{_NO_INDEX}, or rename what is none"
        raise ValueError(f"column {names[0]!r} counts the rows; {reason}")


def _check_first_row(start: list[_Line], array: FloatArray, entries: int | None) -> None:
    """Refuse numbers of which nobody can tell whether they are names."""
    if len(array) < 2 or (array.shape[1] == 1 and len(array) == entries):
        return
    first, second = (line.fields() for line in start)
    row, body = array[0], array[1:]
    doubt = '"' in start[0].text and '"' not in start[1].text
    # The first line of a symmetric matrix is its first column, too, and written in the same way.
    symmetric = len(array) == len(row) and np.array_equal(array, array.T) and first[1] == second[0]
    if all(map(_WHOLE.fullmatch, first)) and len(np.unique(row)) == len(row) and not symmetric:
        decimal = (body != np.floor(body)).any(axis=0)
        likely = _are_counted(row) or bool(((row >= _FIRST_YEAR) & (row <= _LAST_YEAR)).all())
        if all(map(_INTEGER.fullmatch, first)):
            # Programs write a column of floats as 1.0, but its name as 1.
            written = not any(map(_INTEGER.fullmatch, second))
            doubt |= written or bool(decimal.any() if likely else decimal.all())
        else:
            doubt |= likely and len(row) > 1 and bool(decimal.all())
    if doubt:
        reason = "numbers that may be names, whole or quoted unlike those below"
        raise ValueError(f"line {start[0].number}: {reason}; {_SAY_HEADER}")


def _are_counted(row: FloatArray) -> bool:
    """Whether numbers are 0, 1, 2, or three at least in equal steps."""
    if np.array_equal(row, np.arange(len(row))):
        return True
    steps = np.diff(row)
    return len(row) > 2 and steps[0] > 0.0 and bool((steps == steps[0]).all())


def _numbers(blocks: Iterable[_Line], names: list[str], largest: int) -> FloatArray:
    parts: list[FloatArray] = []
    size, width, width_line = 0, len(names), 0
    for block in blocks:
        if not width:
            width, width_line = len(block.fields()), block.number
        part = _parsed(block.text)
        if part is None or part.shape[1] != width or not np.isfinite(part).all():
            raise ValueError(_first_fault(block, names, width, width_line))
        size += part.nbytes
        if size > largest:
            raise ValueError(f"too large; give at most {largest} bytes of numbers")
        parts.append(part)
    if not parts:
        raise ValueError("no rows of numbers below the header; give at least one")
    return np.concatenate(parts)


def _parsed(text: str) -> FloatArray | None:
    """Return the numbers in some lines, None if they are anything else."""
    # NumPy would take both for numbers.
    if _is_misquoted(text) or _PADDED_CELL.search(f"\n{text}"):
        return None
    for lines in (text.split("\n"), [line for line in text.split("\n") if not line.isspace()]):
        # NumPy skips the lines that are empty, but not those that are blank.
        with contextlib.suppress(ValueError):
            return np.loadtxt(lines, delimiter=",", comments=None, quotechar='"', ndmin=2)
    return None


def _is_misquoted(text: str) -> bool:
    """Whether a quotation mark stands elsewhere than around a cell; NumPy would drop it."""
    return '"' in text and '"' in _QUOTED_CELL.sub("", text)


def _first_fault(block: _Line, names: list[str], width: int, width_line: int) -> str:
    for number, text in enumerate(block.text.split("\n"), start=block.number):
        if not text or text.isspace():
            continue
        line = _Line(number, text)
        place = f"line {number}"
        if text.count('"') % 2:
            return f"{place}: a quotation mark is not closed"
        if _is_misquoted(text):
            return (
                f"{place}: a quotation mark within a cell, or a blank beside one; separate by "
                "commas, and leave quotation marks out"
            )
        fields = line.fields()
        if _is_comment(line):
            return f"{place}: a comment; delete it"
        if not any(fields):
            return f"{place}: nothing but commas; delete it"
        if len(fields) != width:
            return f"{place}: {_width_fault(fields, len(names), width, width_line)}"
        for position, field in enumerate(fields):
            fault = _fault(field)
            if fault is not None:
                return f"{place}, {_column(names, fields, position)}: {fault}"
    return f"line {block.number} or a later one: no numbers separated by commas"


def _width_fault(fields: list[str], name_count: int, width: int, width_line: int) -> str:
    count = len(fields)
    fault = _fault(fields[0])
    if count == 1 and fault is not None and fault != _TEXT:
        return fault
    if count == width + 1 and not fields[-1]:
        return "ends with a comma; delete it from every line"
    columns = f"{count} column{'s' * (count > 1)}"
    if not name_count:
        return f"{columns}, not {width} as in line {width_line}"
    reason = f"the header has {name_count} name{'s' * (name_count > 1)} for {columns}"
    if count == 2 * width:
        return f"{reason}; write decimals with a point, not a comma"
    if count == width + 1:
        return f"{reason}; leave names of rows out (R: row.names=FALSE)"
    return f"{reason}; give as many of one as of the other"


def _column(names: list[str], fields: list[str], position: int) -> str:
    """Return what a column is called, by its name only if the file evidently is a table."""
    others = fields[:position] + fields[position + 1 :]
    if names and any(field and _fault(field) != _TEXT for field in others):
        name = names[position]
        if len(name) <= _LONGEST_NAME and name.isprintable():
            return f"column {name!r}"
    return f"column {position + 1}"


_FIRST_BLANK = f"nothing before the first comma; {_NO_INDEX}, or give the number"
_LAST_BLANK = "nothing after the last comma; delete it from every line, or give the number"
_TEXT = "text, not a number; leave this column out, or give its codes as numbers"
_TRUTH = "a truth value; write 1 or 0"
_DATE = "a date; leave this column out"
_FAULTS = {
    re.compile(r"(?s).*\0.*"): "binary data, not text",
    re.compile(r"(?s).*[\ud800-\udfff].*"): "not UTF-8 text; save the file as UTF-8",
    **{
        re.compile(rf"(?s).*{re.escape(separator)}.*"): _NO_COMMAS.format(name)
        for separator, name in _SEPARATORS.items()
    },
    re.compile(r"[+-]?[0-9]*,[0-9]+|[+-]?[0-9]{1,3}(?:[,'’][0-9]{3})+(?:\.[0-9]*)?"): (
        "a number with a comma or an apostrophe; write 1234.5, with a point for the decimals alone"
    ),
    re.compile(rf"{_NUMBER.pattern}(?:\s++{_NUMBER.pattern})+"): (
        "blanks in a number or between numbers; separate numbers by commas"
    ),
    re.compile(r"[\u2010-\u2015\u2212\ufe63\uff0d].*[0-9]"): (
        "a dash; write the minus sign as '-'"
    ),
    re.compile(r".*[0-9]\s*[%‰].*|[$€£¥].*[0-9]"): "a number with a unit; leave the unit out",
    re.compile(r"[+-]?0[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"): (
        "a zero before a number, as a comma in one leaves it (1,05 and 2,000); write 1.05 and "
        "2000, and no zero that pads a number"
    ),
    re.compile(r"true|false|wahr|falsch|vrai|faux", re.IGNORECASE): _TRUTH,
    re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*"): _DATE,
}


def _fault(field: str) -> str | None:
    """Return what is wrong with a cell and what to do, without a word of it; None for a number."""
    if _NUMBER.fullmatch(field):
        if math.isfinite(float(field)):
            return None
        return "too large for float64; give a finite number"
    if _is_missing(field):
        return "a missing value; give a finite number, or delete the line"
    if field.lower() in _INFINITE:
        return "an infinite value; give a finite number"
    for pattern, reason in _FAULTS.items():
        if pattern.fullmatch(field):
            return reason
    return _TEXT
