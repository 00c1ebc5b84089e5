"""Hostile files through the command: one line, exit status 2, soon and in little memory, each.

One process runs the command on all of them and writes down what came of each; the highest memory
that it ever took bounds what any of them took.
"""

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest

MOST_MEMORY = 500
"""Megabytes that the command may take at most, all of Python's and NumPy's included."""

MOST_SECONDS = 10.0
"""What one file may take of the processor: less than 2 s, but for what else the machine does."""

SECRET = "hunter2"
HIDDEN = f"password {SECRET}\n{SECRET},{SECRET}\n{SECRET} = {SECRET}\n"
VALID = """
context_length = 4
test_samples = 2
feature_covariance = { kind = "isotropic", dim = 2 }
task_covariance = { kind = "isotropic", dim = 2 }
task = { kind = "ones" }
initialization = { kind = "zero" }
"""


def setting(**changes):
    """Return the text of a setting with other values for some keys."""
    keys = dict(line.split(" = ", 1) for line in VALID.strip().split("\n"))
    assert tomllib.loads(VALID)
    return "\n".join(f"{key} = {value}" for key, value in (keys | changes).items()) + "\n"


def dotted(count):
    return ".".join(["a"] * count)


def repeated(line, size=990_000):
    """Return a line, with its number in place of a %, over and over."""
    length = len(line) + 6
    return "".join(line.replace("%", str(number)) for number in range(size // length))


def nested_kronecker(depth):
    table = '{ kind = "isotropic", dim = 1 }'
    for _ in range(depth):
        table = f'{{ kind = "kronecker", factors = [{table}] }}'
    return table


def made_of(kind, name, part, count):
    parts = ("{" + part + "},") * count
    return f'kind = "{kind}", {name} = [{parts}]'


def feature(table):
    return setting(feature_covariance=f"{{ {table} }}")


SETTINGS = {
    # What takes a parser long, or much memory.
    "dotted key": dotted(20_000) + " = 1",
    "dotted key of a megabyte": dotted(490_000) + " = 1",
    "dotted header": f"[{dotted(20_000)}]",
    "dotted key in a table": f"x = {{ {dotted(20_000)} = 1 }}",
    "many dotted headers": repeated(f"[{dotted(15)}.x%]\n"),
    "many keys below a dotted header": f"[{dotted(16)}]\n" + repeated("x% = 1\n"),
    "deep lists": "x = " + "[" * 490_000,
    "deep lists that end": "x = " + "[" * 300 + "]" * 300,
    "deep tables": "x = " + "{a = " * 190_000,
    "deep covariances": setting(feature_covariance=nested_kronecker(60)),
    "many unknown keys": repeated("x% = 1\n"),
    "many unknown tables": repeated("[x%]\n"),
    "many tables of one name": repeated("[[task]]\n"),
    "many truth values": setting(task=f'{{ kind = "vector", values = [{"true," * 190_000}] }}'),
    "many lists": setting(task=f'{{ kind = "vector", values = [{"[]," * 300_000}] }}'),
    "many numbers": setting(task=f'{{ kind = "vector", values = [{"1," * 480_000}] }}'),
    "many blocks that are none": feature(f'kind = "block_diagonal", blocks = [{"1," * 480_000}]'),
    "many empty blocks": feature(f'kind = "block_diagonal", blocks = [{"{}," * 300_000}]'),
    "many factors": feature(made_of("kronecker", "factors", "kind='isotropic',dim=2", 39_000)),
    "more than a megabyte": "#" * 1_000_001,
    "a hundred megabytes": 100_000_000,
    # What is no setting.
    "empty": "",
    "a byte-order mark": "\ufeff",
    "UTF-16": VALID.encode("utf-16"),
    "cp1252": VALID.encode() + "# ö".encode("cp1252"),
    "zero bytes": bytes(1000),
    "random bytes": np.random.default_rng(0).bytes(1000),
    "a .npy file": b"\x93NUMPY\x01\x00v\x00" + bytes(200),
    "an unclosed string": 'x = "' + "a" * 900_000,
    "a duplicate key": VALID + "test_samples = 3\n",
    "a duplicate key, CRLF": (VALID + "test_samples = 3\n").replace("\n", "\r\n"),
    "control characters": "x = '\x01\x1b[31m'",
    "escapes in a key": VALID + '"\\u001b[2J\\u0000\\n\\u202e" = 1',
    "a key of 100 kB": VALID + "x" * 100_000 + " = 1",
    # What is no value.
    "a kind of escapes": feature('kind = "\\u001b]0;x\\u0007\\n", dim = 2'),
    "a kind in Cyrillic": feature('kind = "isоtropic", dim = 2'),
    "a key in Cyrillic": feature('kind = "isotropic", dіm = 2'.replace("dіm", '"dіm"')),
    "a key with no width": VALID + '"\\u200btask" = 1',
    "a kind of 100 kB": feature(f'kind = "{"x" * 100_000}", dim = 2'),
    "kind is a list": feature("kind = [1], dim = 2"),
    **{
        f"dim = {value[:20]}": feature(f'kind = "isotropic", dim = {value}')
        for value in [
            *["0", "-1", "10000001", "9223372036854775808", "9" * 4000, "9" * 5000, "1.0", "nan"],
            *["0x" + "f" * 5000, "true", '"2"', "[2]", "1979-05-27", "07:32:00", "inf", "{}"],
        ]
    },
    **{
        f"noise_variance = {value[:20]}": setting(noise_variance=value)
        for value in ["nan", "-inf", "-1.0", "1e999", "false", "9" * 4000, "1979-05-27T07:32:00Z"]
    },
    "context_length = 2**63": setting(context_length=str(2**63)),
    "rho = nan": feature('kind = "ar1", dim = 2, rho = nan'),
    "scale = 0": feature('kind = "isotropic", dim = 2, scale = 0.0'),
    "exponent = 1e300": feature('kind = "power_law", dim = 10000000, exponent = -1e300'),
    "other dimensions": feature('kind = "isotropic", dim = 10000000'),
    "dimensions of factors": feature(
        made_of("kronecker", "factors", "kind='ar1',dim=10000000,rho=0.5", 3)
    ),
    "dimensions of blocks": feature(
        made_of("block_diagonal", "blocks", "kind='ar1',dim=10000000,rho=0.5", 3)
    ),
    "index = -1": setting(task='{ kind = "axis", index = -1 }'),
    "a date for a table": setting(task="1979-05-27"),
}

# Files that a setting names, by their keys.
NAMES = {
    "a folder": "folder.csv",
    "a FIFO": "fifo.csv",
    "a FIFO of numbers": "fifo.npy",
    "a socket": "socket.csv",
    "a link to itself": "itself.csv",
    "a link to nothing": "nothing.csv",
    "a link to a device": "zero.csv",
    "a link to an endless device": "random.npy",
    "no file": "no.csv",
    "a device": "/dev/zero",
    "the folder": ".",
    "nothing": "",
    "zero bytes in the name": "a\\u0000.csv",
    "escapes in the name": "\\u001b[31m\\n.csv",
    "a name too long": "x" * 300 + ".csv",
    "another suffix": "setting.toml",
}


def npy(shape, data=b"", descr="<f8", version=1):
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


ARRAYS = {
    "huge.npy": npy((10**9, 10**9)),
    "truth.npy": npy((True, 1), bytes(8)),
    "negative.npy": npy((-1, -1), bytes(8)),
    "pickle.npy": npy((1, 1), b"cos\nsystem\n(S'echo hunter2'\ntR.", "|O"),
    "bare_pickle.npy": b"\x80\x04cos\nsystem\n(S'echo hunter2'\ntR.",
    "records.npy": npy((1, 1), bytes(8), [("a" * 5000, "<f8")]),
    "truncated.npy": npy((2, 2), bytes(31)),
    "version.npy": b"\x93NUMPY\x09\x00" + bytes(100),
    "long_header.npy": b"\x93NUMPY\x02\x00\x00\xe1\xf5\x05",
    "header_900_mb.npy": (b"\x93NUMPY\x02\x00" + struct.pack("<I", 9 * 10**8), 9 * 10**8 + 12),
    "nested.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000,
    "numbers.npy": npy((2, 2), np.array([1, np.nan, 0, 1]).tobytes()),
    "late_nan.npy": (npy((8000, 8000)), len(npy((8000, 8000))) + 8000 * 8000 * 8, b"\xff" * 8),
    "columns.npy": (npy((2, 5 * 10**7)), len(npy((2, 5 * 10**7))) + 2 * 5 * 10**7 * 8),
    "zeros.csv": (b"", 10**9),
    "commas.csv": b"," * 30_000_000,
    "columns.csv": b"1," * 999_999 + b"x\n",
    "names.csv": b"x," * 999_999 + b"x\n1\n",
    "one_line.csv": b"1" * 100_000_000,
    "blank_lines.csv": b"\n" * 50_000_000,
    "comments.csv": b"#\n" * 20_000_000,
    "quotes.csv": b'"' * 30_000_001,
    "quoted_lines.csv": b'"a\n' + b"a\n" * 10_000_000,
    "late_fault.csv": b"1.5,2.5\n" * 1_000_000 + b"1,x\n",
    "digits.csv": b"1" * 131_000 + b"x,2\n",
    "blanks.csv": b"1" + b" " * 131_000 + b"x,2\n",
    "ragged.csv": b"1,2\n3\n",
    "escapes.csv": b"\x1b[31m,b\n1,\x1b]0;hunter2\x07\n",
    "utf_16.csv": "a,b\n1,2\n".encode("utf-16"),
    "cp1252.csv": "a,b\n1,ö\n".encode("cp1252"),
    "semicolons.csv": b"1,5;2,5\n3,5;4,5\n",
    "missing.csv": b"NA,NA\n1,2\n2,3\n",
    "index.csv": b",a,b\n0,4.0,7.0\n1,5.0,8.0\n",
    "doubtful.csv": b"0,1\n1.5,2.5\n0.5,1.5\n",
    "secret.csv": Path("hidden.txt"),
    "secret.npy": Path("hidden.txt"),
}

SWEEPS = {
    "dotted key": dotted(20_000) + " = 1",
    "deep lists": "setting = {}\ngrid = " + "[" * 490_000,
    "deep lists that end": "setting = {}\ngrid = " + "[" * 300 + "]" * 300,
    "many points": "setting = {}\n"
    + repeated("[[grid]]\nx% = {start=1,stop=1000,num=1000}\n", 2000),
    "more points": "setting = {}\ngrid = [{x = {start = 1, stop = 1000000000, step = 1}}]",
    "no step": "setting = {}\ngrid = [{x = {start = 0.0, stop = 1.0, step = 5e-324}}]",
    "no range": "setting = {}\ngrid = [{x = {start = nan, stop = inf, num = 3}}]",
    "many dimensions": "setting = {}\n" + repeated("[[grid]]\nx% = [1]\n"),
    "long integers": f"setting = {{}}\ngrid = [{{x = [{'9' * 4000}, 0x{'f' * 5000}]}}]",
    "a huge seed": f"setting = {{}}\nsimulation = {{prompts = 1, seed = {'9' * 4000}}}",
    "a FIFO": "[setting]\n" + feature('kind = "dense", file = "fifo.csv"'),
    "a terabyte": "[setting]\n" + feature('kind = "dense", file = "terabyte.npy"'),
    "no values": "setting = {}\ngrid = [{}]",
    "a date": "setting = {}\ngrid = [{context_length = [1979-05-27]}]",
    "no place": "setting = {x = 1}\ngrid = [{'x.y.z' = [1]}]",
}

EXTENSIONS = {
    "empty": None,
    "binary.py": np.random.default_rng(1).bytes(1000),
    "zeros.py": bytes(1000),
    "zeros_100_mb.py": (b"", 100_000_000),
    "syntax.py": b"def\n",
    "nested.py": b"(" * 100_000,
    "raises.py": b"raise ValueError('a\\nb\\x1b[31m' * 1000)\n",
    "exits.py": b"raise SystemExit(0)\n",
    "bad_text.py": b"x = '\xff'\n",
    "link.py": Path("hidden.txt"),
    "fifo.py": Path("fifo.csv"),
    "device.py": Path("/dev/zero"),
    "itself.py": Path("itself.py"),
    "x" * 300 + ".py": None,
    "folder.csv": None,
    "hidden.txt": None,
}

OTHER_FILES = ["fifo.csv", "socket.csv", "folder.csv", "itself.csv", "nothing.csv", "zero.csv"]
OPTIONS = {
    "risk": ["risk"],
    "simulate": ["simulate", "--prompts", "1"],
    "check": ["check", "risk_after <= risk_before", "--setting"],
    "verify": ["verify", "--quick", "--setting"],
    "sweep": ["sweep", "--out", "out.nc"],
    "with": ["claims", "--with"],
}


def write(file, content):
    """Write a text or bytes; as many zeros after them as make the size that is given; or a link."""
    if content is None:
        return
    if isinstance(content, Path):
        file.symlink_to(content)
    elif isinstance(content, int):
        write(file, (b"#", content))
    elif isinstance(content, tuple):
        start, size, *end = content
        with file.open("wb") as stream:
            stream.write(start)
            stream.truncate(size)
            for each in end:
                stream.seek(size - len(each))
                stream.write(each)
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_results(folder):
    """Write files of HDF5 that no sweep wrote, and return their names."""
    with h5py.File(folder / "records.nc", "w") as file:
        file["x"] = np.zeros(3, dtype=[("a", "f8"), ("b", "S3")])
        file["y"] = h5py.SoftLink("/nowhere")
        file["z"] = h5py.ExternalLink("hidden.txt", "/x")
    with h5py.File(folder / "lists.nc", "w") as file:
        file.attrs["fingerprint"] = np.arange(3)
        file.attrs["complete"] = np.arange(3)
    with h5py.File(folder / "terabytes.nc", "w") as file:
        file.create_dataset("x", shape=(10**6, 10**6), dtype="f8", chunks=(1000, 1000))
        file.attrs["fingerprint"] = "0" * 64
    write(folder / "random.nc", b"\x89HDF\r\n\x1a\n" + np.random.default_rng(2).bytes(1000))
    write(folder / "random_journal.nc.journal", np.random.default_rng(3).bytes(1000))
    os.mkfifo(folder / "fifo.nc")
    return [
        *["records.nc", "lists.nc", "terabytes.nc", "random.nc", "random_journal.nc", "fifo.nc"],
        "folder.csv",
    ]


def commands(folder):
    """Write the files, and return the arguments of the command for each by a name."""
    (folder / "folder.csv").mkdir()
    (folder / "hidden.txt").write_text(HIDDEN)
    os.mkfifo(folder / "fifo.csv")
    os.mkfifo(folder / "fifo.npy")
    with socket.socket(socket.AF_UNIX) as bound, contextlib.chdir(folder):
        bound.bind("socket.csv")
    for link, target in [
        ("itself.csv", "itself.csv"),
        ("nothing.csv", "no.csv"),
        ("zero.csv", "/dev/zero"),
        ("random.npy", "/dev/random"),
    ]:
        (folder / link).symlink_to(target)
    write(folder / "terabyte.npy", (b"\x93NUMPY", 2**40))
    for name, content in (ARRAYS | EXTENSIONS).items():
        write(folder / name, content)
    found = {}

    def add(name, start, content):
        file = folder / f"{len(found)}.toml"
        write(file, content)
        found[name] = [*start, file.name]

    for name, content in SETTINGS.items():
        add(f"setting: {name}", ["risk"], content)
    for name, file in NAMES.items():
        add(f"file: {name}", ["risk"], feature(f'kind = "empirical", file = "{file}"'))
    for file in ARRAYS:
        add(f"array: {file}", ["risk"], feature(f'kind = "empirical", file = "{file}"'))
    for key in ("task", "initialization"):
        for file in ("fifo.csv", "secret.csv", "truth.npy", "missing.csv"):
            kind = {"task": "file", "initialization": "dense"}[key]
            content = setting(**{key: f'{{ kind = "{kind}", file = "{file}" }}'})
            add(f"{key}: {file}", ["risk"], content)
    for name, content in SWEEPS.items():
        add(f"sweep: {name}", OPTIONS["sweep"], content)
    for file in write_results(folder):
        start = ["sweep", "--resume", "--out", file]
        add(f"out: {file}", start, "[setting]\n" + VALID)
    for option, start in OPTIONS.items():
        for file in (*OTHER_FILES, "hidden.txt", "/dev/random"):
            found[f"{option}: {file}"] = [*start, file]
        add(f"{option}: dotted key", start, SETTINGS["dotted key"])
    link = folder / "link.toml"
    link.symlink_to("credentials")
    (folder / "credentials").write_text(f'[registry]\ntoken = "{SECRET}"\n')
    found["risk: a link to another TOML file"] = ["risk", link.name]
    for file in EXTENSIONS:
        found[f"with: {file}"] = [*OPTIONS["with"], file]
    return found


RUN_ALL = """
import contextlib, io, json, sys, time
from pathlib import Path
from ttt_theory import cli

def peak():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1000

for name, arguments in json.loads(sys.stdin.read()).items():
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["ttt-theory", *arguments]
    start, status = time.process_time(), None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as stopped:
        status = stopped.code
    except BaseException as error:
        status = repr(error)
    seconds = time.process_time() - start
    record = [name, status, out.getvalue(), err.getvalue(), seconds, peak()]
    print(json.dumps(record), flush=True)
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    found = commands(folder)
    assert len(found) >= 100
    completed = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        input=json.dumps(found),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=500,
    )
    lines = map(json.loads, completed.stdout.splitlines())
    records = {name: record for name, *record in lines}
    assert records.keys() == found.keys(), completed.stderr
    return records


def test_each_is_one_line_and_status_2(records):
    wrong = {}
    for name, (status, output, error, _, _) in records.items():
        line = error.removesuffix("\n")
        if not (
            status == 2
            and output == ""
            and line.startswith("ttt-theory: ")
            and line.isprintable()
            and len(line) < 1500
            and SECRET not in error
        ):
            wrong[name] = (status, output[:100], error[:2000])
    assert not wrong


def test_each_takes_little_time_and_memory(records):
    assert {name: record[3] for name, record in records.items() if record[3] > MOST_SECONDS} == {}
    before, grown = 0.0, {}
    for name, record in records.items():
        if record[4] > max(before, MOST_MEMORY):
            grown[name] = record[4]
        before = max(before, record[4])
    assert grown == {}
