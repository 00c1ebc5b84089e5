"""What memory is free, from files as Linux writes them."""

import math

import pytest

from ttt_theory import InvalidSettingError
from ttt_theory.structured import memory
from ttt_theory.structured.memory import available_memory, check_dense_memory

MEMINFO = ["MemTotal:  9000 kB", "MemFree:   500 kB", "MemAvailable:   2000 kB", "Cached: 7 kB"]
CGROUP = "/sys/fs/cgroup/memory."


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, math.inf),
        ({"/proc/meminfo": MEMINFO}, 2_048_000.0),
        # A group's limit less what it uses, but for the files that it can drop.
        (
            {
                "/proc/meminfo": MEMINFO,
                CGROUP + "max": ["1000000"],
                CGROUP + "current": ["700000"],
                CGROUP + "stat": ["anon 5", "inactive_file 20000", "active_file 3"],
            },
            320_000.0,
        ),
        ({CGROUP + "max": ["1000"], CGROUP + "current": ["300"]}, 700.0),
        # The machine has less than the group may take.
        (
            {
                "/proc/meminfo": MEMINFO,
                CGROUP + "max": ["9000000"],
                CGROUP + "current": ["100"],
                CGROUP + "stat": [],
            },
            2_048_000.0,
        ),
        (
            {"/proc/meminfo": MEMINFO, CGROUP + "max": ["max"], CGROUP + "current": ["1"]},
            2_048_000.0,
        ),
        ({"/proc/meminfo": MEMINFO, CGROUP + "max": ["1000"]}, 2_048_000.0),
        ({"/proc/meminfo": MEMINFO, CGROUP + "current": ["1000"]}, 2_048_000.0),
    ],
)
def test_what_is_free(files, free, monkeypatch):
    monkeypatch.setattr(memory, "_lines", lambda path: files.get(path, []))
    assert available_memory() == free


def test_files_that_are_not_there_have_no_lines(tmp_path):
    assert memory._lines(str(tmp_path / "none")) == []
    (tmp_path / "some").write_text("one\ntwo\n")
    assert memory._lines(str(tmp_path / "some")) == ["one", "two"]


def test_arrays_are_refused_from_the_first_byte_that_is_not_free(monkeypatch):
    # Five arrays of 1001 × 1001 numbers of eight bytes; smaller ones are not worth a look.
    needed = 5 * 8 * 1001**2
    monkeypatch.setattr(memory, "available_memory", lambda: needed)
    check_dense_memory(1001, 5)
    monkeypatch.setattr(memory, "available_memory", lambda: needed - 1)
    with pytest.raises(
        InvalidSettingError, match=r"^dim: 1001 .* 0\.04008004 GB, of which 0\.040080039 GB"
    ):
        check_dense_memory(1001, 5)
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    check_dense_memory(1000, 5)
    with pytest.raises(InvalidSettingError, match=r"^dim: 10001 "):
        check_dense_memory(10_001, 0)
