"""TOML files: what takes the parser long is refused before, and nothing else is."""

import os
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttt_theory.errors import SettingFileError
from ttt_theory.files.toml_file import parse_toml


def read(tmp_path, content):
    file = tmp_path / "file.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return parse_toml(file)


def key(part, count):
    return ".".join([part] * count)


@pytest.mark.parametrize("part", ["a", "'b.c'", '"d"', r'"\""', "aB-_9"])
@pytest.mark.parametrize("dot", [".", " . ", "\t."])
@pytest.mark.parametrize(
    "form", ["{} = 1", "[{}]", "[[{}]]", "x = {{ {} = 1 }}", "x=[{{y=2,{}=1}}]"]
)
def test_a_key_has_at_most_16_parts(tmp_path, part, dot, form):
    for count in (1, 16):
        content = form.format(dot.join([part] * count))
        assert read(tmp_path, content) == tomllib.loads(content)
    for count in (17, 30):
        with pytest.raises(SettingFileError, match="too deeply nested in line 3; give keys of at"):
            read(tmp_path, "\n\n" + form.format(dot.join([part] * count)))


def test_a_key_of_mixed_parts_is_counted_whole(tmp_path):
    with pytest.raises(SettingFileError, match="too deeply nested"):
        read(tmp_path, key(r"""a."\"".'"'."\\".b-c""", 4) + " = 1")


@pytest.mark.parametrize(
    "content",
    [
        f"x = [{', '.join(['1.5'] * 1000)}]",
        f"x = [{','.join(['1.5'] * 1000)}]",
        "x = '" + "." * 1000 + "'",
        "# " + "." * 1000,
        "# " + "word. " * 10,
        "x = '../../../../../../../../../../../../../../../../../../../../data.csv'",
    ],
)
def test_numbers_and_texts_are_no_keys(tmp_path, content):
    assert read(tmp_path, content) == tomllib.loads(content)


PARTS = st.from_regex(
    r"[A-Za-z0-9_-]{1,3}|'[^'\n\x00-\x1f\x7f]{0,3}'|\"[a-z.' ]{0,3}\"", fullmatch=True
)


@given(st.lists(PARTS, min_size=1, max_size=16), st.sampled_from([".", " .", ". "]))
def test_any_key_of_a_few_parts_is_read(tmp_path_factory, parts, dot):
    content = dot.join(parts) + " = 1"
    assert read(tmp_path_factory.getbasetemp(), content) == tomllib.loads(content)


@pytest.mark.parametrize(
    "content",
    [
        key("a", 499_000) + " = 1",
        key("'a'", 240_000) + " = 1",
        f"[{key('a', 499_000)}]",
        "x = {" * 190_000,
        f"x = {{{key('a', 20_000)} = 1}}",
        "x = " + "[" * 990_000,
        "a" * 999_000,
        "a " * 499_000,
        "a" + " " * 999_000,
        '"' * 999_000,
        '"' + '\\"' * 499_000,
        '"a" ' * 249_000,
        "'" + "a" * 999_000,
        "a." * 15 + "a" * 900_000,
        ("a." * 15 + "\n") * 32_000,
        '"\\"."' * 160_000,
        "x = " + "9" * 999_000,
        "x = 0x" + "f" * 900_000 + "g",
    ],
    ids=lambda content: content[:12],
)
def test_no_megabyte_takes_long_to_refuse(tmp_path, content):
    start = time.process_time()
    with pytest.raises(SettingFileError):
        read(tmp_path, content)
    # A quadratic search or parse takes minutes, a linear one a tenth of this.
    assert time.process_time() - start < 5.0


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a = 1\nb = ö".encode("cp1252"), "not UTF-8 text in line 2; save it as UTF-8"),
        ("a = 1".encode("utf-16"), "not UTF-8 text but UTF-16; save it as UTF-8"),
        ("a = 1".encode("utf-16-le"), "not valid TOML"),
        (b"\x93NUMPY\x01\x00v\x00", "not UTF-8 text but binary data"),
        ("a = 1\r\na = 2", "not valid TOML"),
        ("a = 1\0", "not valid TOML"),
        ("a = " + "9" * 5000, "an integer of thousands of digits"),
        ("a = " + "[" * 5000, "too deeply nested"),
    ],
)
def test_faults_are_told(tmp_path, content, complaint):
    with pytest.raises(SettingFileError) as caught:
        read(tmp_path, content)
    assert complaint in str(caught.value)


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "to_itself").symlink_to("to_itself")
    (tmp_path / "to_a_fifo").symlink_to("fifo")
    for name, complaint in [
        ("fifo", "a FIFO, not a regular file"),
        ("to_a_fifo", "a FIFO, not a regular file"),
        ("to_itself", "cannot be read"),
        ("nowhere", "no such file"),
        ("", "a folder, not a regular file"),
    ]:
        with pytest.raises(SettingFileError, match=complaint):
            parse_toml(tmp_path / name)


def test_a_byte_order_mark_and_other_line_breaks_are_read(tmp_path):
    assert read(tmp_path, "a = 1\r\nb = 2".encode("utf-8-sig")) == {"a": 1, "b": 2}
