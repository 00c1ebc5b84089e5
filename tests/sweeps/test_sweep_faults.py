"""Sweeps that are killed, interrupted or starved: nothing is lost twice, nothing is corrupt."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
import scipy
import xarray as xr

import ttt_theory as ttt
from tests.cluster import cluster
from ttt_theory.errors import InvalidSettingError, MixedVersionsError
from ttt_theory.execution import versions
from ttt_theory.sweeps.journal import Journal
from ttt_theory.sweeps.plan import read_plan

SETTINGS = 24
TEXT = f"""
[setting]
context_length = 10
test_samples = 6
feature_covariance = {{ kind = "isotropic", dim = 6 }}
task_covariance = {{ kind = "isotropic", dim = 6 }}
task = {{ kind = "ones" }}
initialization = {{ kind = "pretrained" }}

[[grid]]
context_length = {{ start = 1, stop = {SETTINGS}, step = 1 }}

# So many prompts that each setting takes a while.
[simulation]
prompts = 300_000
method = "conditional"
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """The dataset of a sweep that nothing has disturbed."""
    file = tmp_path_factory.mktemp("complete") / "sweep.toml"
    file.write_text(TEXT, encoding="utf-8")
    return ttt.sweep(file)


@pytest.fixture
def sweep_file(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def started(file, *options, **how):
    """Start the command in a process of its own group."""
    code = "from ttt_theory.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "sweep", file.name, "--out", "sweep.nc", *options],
        cwd=file.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **how,
    )


def finished(process, status):
    """Wait for the command; return its standard output and its lines of error."""
    output, error = process.communicate(timeout=100)
    assert process.returncode == status, error
    assert "Traceback" not in error
    return output, [line for line in error.splitlines() if line.startswith("ttt-theory: ")]


def chunks_kept(folder, mode="ro&immutable=1"):
    """Count the chunks in the journal; by default whatever lock its writer holds."""
    address = f"file:{folder}/sweep.nc.journal?mode={mode}"
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM chunk").fetchone()[0]
    return 0


def wait_for_chunks(process, folder, count):
    while chunks_kept(folder) < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


def killed(process):
    """Kill the command and what it started, and wait until it is gone."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=100)


def fault(*arguments, **options):
    with pytest.raises(InvalidSettingError) as caught:
        ttt.sweep(*arguments, **options)
    return str(caught.value)


def assert_same_values(dataset, other):
    assert list(dataset.variables) == list(other.variables)
    for name in dataset.variables:
        assert dataset[name].values.tobytes() == other[name].values.tobytes(), name
    assert {**dataset.attrs, "created": ""} == {**other.attrs, "created": ""}


def assert_whole(folder, complete):
    """Nothing but the sweep file and the dataset is left, and that is as if nothing happened."""
    assert sorted(path.name for path in folder.iterdir()) == ["sweep.nc", "sweep.toml"]
    with xr.open_dataset(folder / "sweep.nc") as dataset:
        assert_same_values(dataset, complete)


def test_killed_and_resumed(sweep_file, tmp_path, complete):
    for chunks, options in [(3, []), (6, ["--resume"]), (9, ["--resume", "--workers", "2"])]:
        process = started(sweep_file, *options)
        wait_for_chunks(process, tmp_path, chunks)
        killed(process)
        # A chunk that was just being committed is rolled back.
        kept = chunks_kept(tmp_path, mode="rw")
        assert chunks - 1 <= kept < SETTINGS
        assert not (tmp_path / "sweep.nc").exists()
    seen = []
    ttt.sweep(
        sweep_file,
        out=tmp_path / "sweep.nc",
        resume=True,
        progress=lambda *report: seen.append(report),
    )
    # What was kept is neither checked nor computed again.
    assert seen[0] == ("computing", kept, SETTINGS)
    assert len(seen) == 1 + SETTINGS - kept
    assert_whole(tmp_path, complete)


def test_interrupted_and_resumed(sweep_file, tmp_path, complete):
    process = started(sweep_file, "--workers", "2")
    wait_for_chunks(process, tmp_path, 3)
    # As the terminal does it: to every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    output, _ = finished(process, 130)
    assert output == "sweep.nc\n"
    with xr.open_dataset(tmp_path / "sweep.nc") as partial:
        there = partial.status.values == 0
        assert 3 <= there.sum() < SETTINGS
        assert partial.attrs["complete"] == 0
        assert (partial.status.values[~there] == 2).all()
        for name in partial.data_vars.keys() - {"status"}:
            assert np.isnan(partial[name].values[~there]).all()
            assert (partial[name].values[there] == complete[name].values[there]).all()
    assert "continue that sweep with resume" in fault(sweep_file, out=tmp_path / "sweep.nc")
    output, _ = finished(started(sweep_file, "--resume"), 0)
    assert output == "sweep.nc\n"
    assert_whole(tmp_path, complete)


def test_a_killed_worker_costs_nothing(sweep_file, tmp_path, complete):
    process = started(sweep_file, "--workers", "2")
    wait_for_chunks(process, tmp_path, 2)
    os.kill(busiest_child(process.pid), signal.SIGKILL)
    finished(process, 0)
    assert_whole(tmp_path, complete)


def busiest_child(pid):
    """Return the child that has used the most CPU time: a worker, none of joblib's helpers."""

    def ticks(child):
        fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return max(map(int, children), key=ticks)


def test_a_cluster_gives_the_same_bits(sweep_file, tmp_path, complete):
    with cluster(tmp_path, ["--no-nanny"]) as address:
        assert_same_values(ttt.sweep(sweep_file, scheduler=address), complete)


def test_only_one_process_works_on_a_sweep(sweep_file, tmp_path):
    process = started(sweep_file)
    wait_for_chunks(process, tmp_path, 1)
    _, errors = finished(started(sweep_file, "--resume"), 2)
    killed(process)
    assert len(errors) == 1
    assert "another process is at work" in errors[0]


def test_a_journal_that_is_open_is_locked(begun):
    file, out = begun
    with Journal(out.with_name("sweep.nc.journal"), read_plan(file).fingerprint(), 14):
        assert "another process is at work" in fault(file, out=out, resume=True)
    assert ttt.sweep(file, out=out, resume=True).attrs["complete"] == 1


@pytest.mark.parametrize(("limit", "culprit"), [(6_000, "journal"), (24_000, "sweep.nc")])
def test_a_full_disk_is_one_line_and_can_be_resumed(sweep_file, tmp_path, limit, culprit):
    sweep_file.write_text(TEXT.replace("300_000", "100"), encoding="utf-8")
    complete = ttt.sweep(sweep_file)
    process = started(
        sweep_file,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    _, errors = finished(process, 2)
    assert len(errors) == 1
    assert culprit in errors[0]
    assert not (tmp_path / "sweep.nc").exists()
    assert not (tmp_path / ".sweep.nc.partial").exists()
    ttt.sweep(sweep_file, out=tmp_path / "sweep.nc", resume=True)
    assert_whole(tmp_path, complete)


@pytest.fixture
def begun(sweep_file, tmp_path):
    """A sweep of which one chunk is done, without a process."""
    sweep_file.write_text(TEXT.replace("300_000", "100"), encoding="utf-8")
    plan = read_plan(sweep_file)
    out = tmp_path / "sweep.nc"
    with Journal(tmp_path / "sweep.nc.journal", plan.fingerprint(), 14) as journal:
        journal.record(0, np.arange(14.0).reshape(1, 14))
    return sweep_file, out


def test_what_the_journal_has_is_believed(begun):
    file, out = begun
    assert ttt.sweep(file, out=out, resume=True).constant.values[0] == 0.0


def test_a_changed_sweep_does_not_go_on(begun):
    file, out = begun
    assert "another sweep file, seed" in fault(file, out=out, resume=True, seed=1)
    file.write_text(file.read_text("utf-8").replace("dim = 6", "dim = 5"), encoding="utf-8")
    assert "another sweep file, seed" in fault(file, out=out, resume=True)


def test_nothing_is_overwritten(begun, tmp_path):
    file, out = begun
    assert "ep.nc.journal' is not valid; it exists" in fault(file, out=out)
    for content in (b"", b"my only copy", b"\x89HDF\r\n\x1a\n" * 100):
        other = tmp_path / "other.nc"
        other.write_bytes(content)
        assert "it exists" in fault(file, out=other)
        assert "not the result of this sweep" in fault(file, out=other, resume=True)
        assert other.read_bytes() == content
    (tmp_path / "sweep.nc.journal").write_bytes(b"my only copy" * 100)
    assert "no journal" in fault(file, out=out, resume=True)
    assert (tmp_path / "sweep.nc.journal").read_bytes() == b"my only copy" * 100
    ttt.sweep(file, out=tmp_path / "done.nc")
    assert "not the result of this sweep" in fault(
        file, out=tmp_path / "done.nc", resume=True, seed=9
    )


def test_a_database_of_another_kind_is_left_alone(begun, tmp_path):
    file, out = begun
    journal = tmp_path / "sweep.nc.journal"
    journal.unlink()
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    assert "no journal of a sweep" in fault(file, out=out, resume=True)
    with closing(sqlite3.connect(journal)) as connection:
        assert connection.execute("SELECT count(*) FROM letters").fetchone() == (0,)


def test_a_journal_that_was_cut_off_at_its_creation_is_begun_anew(begun, tmp_path):
    file, out = begun
    (tmp_path / "sweep.nc.journal").write_bytes(b"")
    assert ttt.sweep(file, out=out, resume=True).attrs["complete"] == 1


def test_a_place_to_write_is_needed_before_the_work(begun, tmp_path):
    file, _ = begun
    assert "in a folder that exists" in fault(file, out=tmp_path / "nowhere" / "sweep.nc")
    assert "it exists" in fault(file, out=tmp_path, resume=True)
    assert "journal" in fault(file, out=Path("/proc/sweep.nc"))
    assert "workers: 0" in fault(file, workers=0)


@pytest.mark.parametrize("length", [250, 300])
def test_a_name_that_is_too_long_is_one_line(begun, tmp_path, length):
    assert "too long" in fault(begun[0], out=tmp_path / ("x" * length))


def test_a_link_leads_to_the_file(tmp_path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link.nc"
    link.symlink_to("folder/sweep.nc")
    isotropic = {"kind": "isotropic", "dim": 2}
    setting = {
        "context_length": 3,
        "test_samples": 2,
        "feature_covariance": isotropic,
        "task_covariance": isotropic,
        "task": {"kind": "ones"},
        "initialization": {"kind": "zero"},
    }
    dataset = ttt.sweep({"setting": setting}, out=link)
    assert link.is_symlink()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["sweep.nc"]
    assert "it exists" in fault({"setting": setting}, out=link)
    assert_same_values(ttt.sweep({"setting": setting}, out=link, resume=True), dataset)


def test_a_complete_journal_leaves_nothing_behind(begun, tmp_path):
    file, out = begun
    with Journal(tmp_path / "sweep.nc.journal", read_plan(file).fingerprint(), 14) as journal:
        for number in range(SETTINGS):
            journal.record(number, np.zeros((1, 14)))
        # As a kill would leave them: SQLite's own journal is there as long as it is open.
        for name in ("sweep.nc.journal", "sweep.nc.journal-journal"):
            shutil.copy(tmp_path / name, tmp_path / f"copy of {name}")
    for copy in tmp_path.glob("copy of *"):
        copy.replace(tmp_path / copy.name.removeprefix("copy of "))
    assert ttt.sweep(file, out=out, resume=True).attrs["complete"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sweep.nc", "sweep.toml"]


def test_an_invalid_setting_leaves_nothing_behind(begun, tmp_path):
    file, _ = begun
    file.write_text(TEXT.replace("start = 1,", "start = 0,"), encoding="utf-8")
    assert "(at context_length = 0)" in fault(file, out=tmp_path / "other.nc")
    assert not list(tmp_path.glob("other*"))


def test_a_setting_that_cannot_be_simulated_is_named(begun, tmp_path):
    file, _ = begun
    text = TEXT.replace("conditional", "literal").replace("300_000", "1")
    file.write_text(
        text.replace(f"{{ start = 1, stop = {SETTINGS}, step = 1 }}", "[1, 1_000_000_000]"),
        encoding="utf-8",
    )
    message = fault(file, out=tmp_path / "other.nc", workers=2)
    assert message.startswith("context_length: 1000000000")
    assert "(at context_length = 1000000000)" in message


OLD = "import numpy\nnumpy.__version__ = '9.0.9'"


def test_a_sweep_records_the_versions_of_the_workers_and_mixes_none(begun, tmp_path):
    file, out = begun
    (tmp_path / "sweep.nc.journal").unlink()
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster", ["--no-nanny"], [OLD]) as address:
        dataset = ttt.sweep(file, scheduler=address)
        assert dataset.attrs["numpy_version"] == "9.0.9"
        assert dataset.attrs["scipy_version"] == scipy.__version__
        with Journal(tmp_path / "sweep.nc.journal", read_plan(file).fingerprint(), 14) as journal:
            journal.computed_with(versions())
            journal.record(0, np.arange(14.0).reshape(1, 14))
        with pytest.raises(MixedVersionsError) as caught:
            ttt.sweep(file, out=out, resume=True, scheduler=address)
    mixed = f"numpy {np.__version__} and 9.0.9; install those it was begun with"
    assert str(caught.value).startswith(f"versions: one result would mix {mixed}")
    # What is kept is not lost.
    assert ttt.sweep(file, out=out, resume=True).constant.values[0] == 0.0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_journal_of_other_versions_is_not_continued(begun, tmp_path, workers):
    file, out = begun
    with Journal(tmp_path / "sweep.nc.journal", read_plan(file).fingerprint(), 14) as journal:
        journal.computed_with(versions() | {"scipy": "0.1.2"})
    with pytest.raises(MixedVersionsError, match=r"scipy 0\.1\.2 and .*delete its journal$"):
        ttt.sweep(file, out=out, resume=True, workers=workers)
    assert chunks_kept(tmp_path) == 1


def test_a_result_of_other_versions_is_not_taken_for_this_one(begun, tmp_path):
    file, out = begun
    ttt.sweep(file, out=out, resume=True)
    dataset = xr.load_dataset(out)
    dataset.attrs["numpy_version"] = "0.1.2"
    dataset.to_netcdf(out, engine="h5netcdf")
    assert "numpy_version 0.1.2" in fault(file, out=out, resume=True)


@pytest.mark.parametrize("name", ["s.csv", "s.CSV", "s.json", "s.nc.gz", "s.zarr", "s.txt"])
def test_a_name_that_promises_another_format_is_refused(begun, tmp_path, name):
    assert "what is written is NetCDF: give a name in .nc" in fault(begun[0], out=tmp_path / name)
    (tmp_path / "link.nc").symlink_to(name)
    assert "what is written is NetCDF" in fault(begun[0], out=tmp_path / "link.nc")


def test_a_fault_before_the_first_result_leaves_no_journal(begun, tmp_path):
    file, out = begun
    (tmp_path / "sweep.nc.journal").unlink()
    assert "scheduler" in fault(file, out=out, scheduler="nowhere")
    assert not list(tmp_path.glob("*.nc*"))


@pytest.mark.parametrize("source", [None, 5, [1], object()])
def test_what_is_no_sweep_is_one_line(source):
    assert fault(source).startswith("sweep: ")
