"""Tasks shared out to processes that are really killed, and to a real Dask cluster."""

import contextlib
import gc
import importlib
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from tests.cluster import cluster, without
from ttt_theory.errors import (
    InvalidSettingError,
    LostWorkersError,
    MissingPackageError,
    MixedVersionsError,
    WorkerImportError,
)
from ttt_theory.execution import Provenance, in_order, run_jobs
from ttt_theory.execution import cluster as cluster_module
from ttt_theory.execution.work_queue import Finished, WorkQueue, blas

ROOT = Path(__file__).parents[2]
HERE = {"numpy": np.__version__}


def square(number):
    return number * number


def killed_once(marker):
    """Return a function that kills the process it is in, at one job and the first time."""

    def function(number):
        if number == 150 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.001)
        return number * number

    return function


def logged(log):
    """Return a function that fails at one job, and notes each call of it."""

    def function(number):
        if number == 3:
            with log.open("a") as file:
                file.write(".")
            raise ZeroDivisionError("of the function")
        return number

    return function


def blas_threads(_):
    np.ones((2, 2)) @ np.ones((2, 2))
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


@given(st.permutations(range(8)))
def test_order_of_arrival_does_not_matter(order):
    assert list(in_order((index, square(index)) for index in order)) == [
        square(index) for index in range(8)
    ]


def test_results_come_in_order_as_soon_as_they_can():
    arrived = []
    pairs = ((index, arrived.append(index)) for index in (1, 0, 3, 2))
    seen = [(list(arrived), result) for result in in_order(pairs)]
    assert [len(before) for before, _ in seen] == [2, 2, 4, 4]


@given(st.data(), st.integers(0, 60), st.integers(1, 3))
def test_every_job_is_done_once_whatever_is_lost(data, count, workers):
    taken = itertools.count()
    queue = WorkQueue((job for job in range(count) if next(taken) >= 0), Provenance())
    running, results = [], []
    # Every batch is lost at most four times, and then it would be an error.
    losses = data.draw(st.integers(0, 4))
    for _ in range(100 * (count + 1)):
        if queue.is_done():
            break
        batch = queue.take(workers)
        if batch is not None:
            running.append(batch)
        if running and (batch is None or data.draw(st.booleans())):
            position = data.draw(st.integers(0, len(running) - 1))
            kind = data.draw(st.sampled_from(["finish", "lose one", "lose all"]))
            if kind == "finish" or not losses:
                batch = running.pop(position)
                finished = Finished(batch.start, list(map(square, batch.jobs)), 0.001, HERE)
                results += queue.finish(finished)
            elif kind == "lose one":
                queue.lose(running.pop(position))
                losses -= 1
            else:
                queue.lose()
                running.clear()
                losses -= 1
    assert sorted(results) == [(index, square(index)) for index in range(count)]


@given(st.integers(0, 40))
def test_what_comes_before_an_exception_of_the_jobs_is_done(count):
    def jobs():
        yield from range(count)
        raise KeyError("of the jobs")

    queue, results = WorkQueue(jobs(), Provenance()), []
    while (batch := queue.take(1)) is not None:
        results += queue.finish(Finished(batch.start, batch.jobs, 0.001, HERE))
    assert results == [(number, number) for number in range(count)]
    with pytest.raises(KeyError, match="of the jobs"):
        queue.is_done()


def test_jobs_are_taken_only_so_far_ahead_of_the_oldest():
    taken = itertools.count()
    queue = WorkQueue((next(taken) for _ in itertools.count()), Provenance())
    oldest = queue.take(2)
    while (batch := queue.take(2)) is not None:
        list(queue.finish(Finished(batch.start, batch.jobs, 1e-6, HERE)))
    ahead = next(taken)
    assert 1000 < ahead < 10_000
    list(queue.finish(Finished(oldest.start, oldest.jobs, 1e-6, HERE)))
    assert queue.take(2) is not None


@pytest.mark.parametrize("seconds", [1e-6, 0.01, 100.0])
def test_batches_grow_until_they_take_long_enough(seconds):
    queue, sizes = WorkQueue(itertools.count(), Provenance()), []
    for _ in range(20):
        batch = queue.take(1)
        sizes.append(len(batch.jobs))
        took = seconds * len(batch.jobs)
        list(queue.finish(Finished(batch.start, batch.jobs, took, HERE)))
    assert sizes[0] == 1
    assert all(after <= 2 * before for before, after in itertools.pairwise(sizes))
    assert sizes[-1] == {1e-6: 512, 0.01: 25, 100.0: 1}[seconds]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_are_the_same_for_any_number_of_workers(workers):
    # A closure over arrays, as a covariance of a notebook would be.
    matrix = np.random.default_rng(0).standard_normal((200, 200))

    def function(number):
        return ((matrix + number) @ matrix).sum(axis=0)

    results = list(in_order(run_jobs(function, range(40), workers=workers)))
    with blas().limit(limits=1):
        expected = [function(number) for number in range(40)]
    assert np.array_equal(results, expected)


def test_a_worker_may_be_killed(tmp_path):
    function = killed_once(tmp_path / "marker")
    results = list(run_jobs(function, range(400), workers=2))
    assert sorted(results) == [(number, number**2) for number in range(400)]
    assert (tmp_path / "marker").exists()


def test_workers_that_are_always_killed_are_an_error():
    def function(number):
        if number == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(LostWorkersError, match=r"^workers: killed 5 times[^\n]*$"):
        list(run_jobs(function, range(20), workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_of_the_function_is_raised_at_once(workers, tmp_path):
    with pytest.raises(ZeroDivisionError, match="of the function"):
        list(run_jobs(logged(tmp_path / "log"), range(9), workers=workers))
    assert (tmp_path / "log").read_text() == "."


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_of_the_jobs_comes_after_the_results_before_it(workers):
    def jobs():
        yield from range(50)
        raise KeyError("of the jobs")

    pairs = run_jobs(square, jobs(), workers=workers)
    results = list(itertools.islice(pairs, 50))
    with pytest.raises(KeyError, match="of the jobs"):
        next(pairs)
    assert sorted(results) == [(number, number**2) for number in range(50)]


def test_endless_jobs_are_taken_as_needed():
    taken = itertools.count()
    results = run_jobs(square, (next(taken) for _ in itertools.count()), workers=2)
    for _ in range(5):
        next(results)
    results.close()
    assert next(taken) < 10_000


def test_blas_runs_on_one_thread(several_blas_threads):
    blas()  # It loads SciPy's, which counts as well.
    before = blas_threads(None)
    assert set(before) == {2}
    for workers in (1, 2):
        threads = dict(run_jobs(blas_threads, range(4), workers=workers))
        assert all(each and set(each) == {1} for each in threads.values())
    assert blas_threads(None) == before


@pytest.mark.parametrize("how", ["interrupt", "interrupt all", "kill", "close"])
def test_no_process_is_left_behind(how):
    code = f"""
import itertools, os, sys, time
from ttt_theory.execution import run_jobs
results = run_jobs(lambda _: (time.sleep(0.01), os.getpid())[1], itertools.count(), workers=2)
pids = set()
for _, pid in results:
    pids.add(pid)
    if len(pids) == 2 and {how!r} == "close":
        break
    if len(pids) == 2:
        print(*pids, flush=True)
        pids = {{0, 1, 2}}
results.close()
print(*pids, flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        assert len(workers) == 2, process.stderr.read()
        if how == "interrupt":
            process.send_signal(signal.SIGINT)
        elif how == "interrupt all":
            os.killpg(process.pid, signal.SIGINT)
        elif how == "kill":
            process.kill()
        deadline = time.monotonic() + 60.0
        while any(map(is_running, workers)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not any(map(is_running, workers))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("when", ["starting", "started"])
def test_workers_without_a_job_end_with_a_process_that_is_killed(when):
    # Both workers are there, and neither has finished a job.
    code = """
import itertools, sys, time
from ttt_theory.execution import run_jobs
def wait(_):
    time.sleep(1000.0)
list(run_jobs(wait, [0], workers=2))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60.0
        while len(workers := workers_of(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.002)
        if when == "started":
            time.sleep(1.5)
        process.kill()
        process.wait()
        assert len(workers) == 2
        while any(map(is_running, workers)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not any(map(is_running, workers))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def workers_of(pid):
    """Return the worker processes that a process has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"LokyProcess" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_cluster_gives_the_same_results_when_a_worker_is_killed(scheduler, tmp_path):
    function = killed_once(tmp_path / "marker")
    results = list(run_jobs(function, range(400), scheduler=scheduler))
    assert sorted(results) == [(number, number**2) for number in range(400)]
    assert (tmp_path / "marker").exists()


def test_a_cluster_raises_what_the_function_raises(scheduler, tmp_path):
    with pytest.raises(ZeroDivisionError, match="of the function"):
        list(run_jobs(logged(tmp_path / "log"), range(9), scheduler=scheduler))
    assert (tmp_path / "log").read_text() == "."


def test_a_cluster_runs_blas_on_one_thread(scheduler):
    threads = dict(run_jobs(blas_threads, range(4), scheduler=scheduler))
    assert all(each and set(each) == {1} for each in threads.values())


def test_a_run_on_a_cluster_can_be_closed(scheduler):
    results = run_jobs(square, itertools.count(), scheduler=scheduler)
    next(results)
    results.close()
    assert dict(run_jobs(square, range(3), scheduler=scheduler)) == {0: 0, 1: 1, 2: 4}


def test_a_cluster_that_goes_away_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "_SECONDS_WITHOUT_WORKERS", 1.0)
    with cluster(tmp_path, ["--no-nanny"]) as address:
        results = run_jobs(lambda _: os.getpid(), itertools.count(), scheduler=address)
        _, worker = next(results)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(LostWorkersError, match=r"^workers: the scheduler at [^\n]*gone$"):
            list(results)


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("", "give the address of a running Dask scheduler"),
        ("nonsense", "give the address of a running Dask scheduler"),
        ("tcp://127.0.0.1:1", "give the address of a running Dask scheduler"),
        ("strange://127.0.0.1:1", "give the address of a running Dask scheduler"),
    ],
)
def test_no_scheduler_at_the_address(address, remedy, monkeypatch):
    monkeypatch.setattr(cluster_module, "_SECONDS_TO_CONNECT", 0.3)
    with pytest.raises(InvalidSettingError, match=f"^scheduler: '{address}' is not.*{remedy}"):
        list(run_jobs(square, range(3), scheduler=address))


def test_a_client_that_cannot_connect_is_not_left_to_the_collector(monkeypatch):
    from distributed import Client

    monkeypatch.setattr(cluster_module, "_SECONDS_TO_CONNECT", 0.3)
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(InvalidSettingError, match="scheduler"):
            list(run_jobs(square, range(3), scheduler="nonsense"))
        assert not [
            each for each in gc.get_objects() if type(each) is Client and each.status != "closed"
        ]
    finally:
        gc.enable()


def test_a_scheduler_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "_SECONDS_TO_CONNECT", 2.0)
    with (
        cluster(tmp_path, []) as address,
        pytest.raises(InvalidSettingError, match=r"^scheduler: .*start a worker.*dask worker tcp"),
    ):
        list(run_jobs(square, range(3), scheduler=address))


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("distributed", {"scheduler": "tcp://127.0.0.1:1"}, "distributed"),
        ("cloudpickle", {"scheduler": "tcp://127.0.0.1:1"}, "distributed"),
        ("joblib", {"workers": 2}, "sweep"),
        ("cloudpickle", {"workers": 2}, "sweep"),
    ],
)
def test_what_is_not_installed_is_named(missing, arguments, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingPackageError) as caught:
        list(run_jobs(square, range(3), **arguments))
    expected = f"{missing} is not installed: pip install 'ttt-theory[{extra}]'"
    assert str(caught.value) == expected


def test_a_system_without_shared_semaphores_is_one_line(monkeypatch):
    monkeypatch.setattr("joblib.parallel.mp", None)
    with pytest.raises(InvalidSettingError, match=r"^workers: 2 is not valid; give 1"):
        list(run_jobs(square, range(3), workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_versions_of_this_machine_are_noted(workers):
    provenance = Provenance()
    assert dict(run_jobs(square, [3], workers=workers, provenance=provenance)) == {0: 9}
    assert provenance.versions["numpy"] == np.__version__
    assert provenance.versions.keys() == {"ttt-theory", "numpy", "scipy"}
    others = Provenance(provenance.versions | {"scipy": "0.1"}, "do this")
    line = rf"^versions: one result would mix scipy 0\.1 and {scipy.__version__}; do this$"
    with pytest.raises(MixedVersionsError, match=line):
        list(run_jobs(square, [3], workers=workers, provenance=others))


OLD = "import numpy\nnumpy.__version__ = '9.0.9'"


def test_the_versions_of_a_cluster_are_those_of_its_workers(tmp_path):
    provenance = Provenance()
    with cluster(tmp_path, ["--no-nanny"], [OLD]) as address:
        list(run_jobs(abs, range(9), scheduler=address, provenance=provenance))
    assert provenance.versions["numpy"] == "9.0.9"
    assert provenance.versions["scipy"] == scipy.__version__


def test_workers_of_unlike_versions_are_refused(tmp_path):
    def slowly(number):
        time.sleep(0.05)
        return number

    with (
        cluster(tmp_path, ["--no-nanny"] * 2, [OLD, ""]) as address,
        pytest.raises(
            MixedVersionsError, match=r"^versions: one result would mix numpy [^\n]*$"
        ) as caught,
    ):
        # As long as only one worker has come nothing is mixed.
        list(run_jobs(slowly, range(2000), scheduler=address))
    assert {"9.0.9", np.__version__} <= set(str(caught.value).replace(";", "").split())


@pytest.fixture(scope="module")
def poor_cluster(tmp_path_factory):
    """A cluster of one worker, on which this package is not installed."""
    folder = tmp_path_factory.mktemp("poor")
    with cluster(folder, ["--no-nanny"], [without("ttt_theory")]) as address:
        yield address


def test_workers_without_this_package_say_so(poor_cluster):
    start = time.monotonic()
    with pytest.raises(WorkerImportError, match=r"^workers: [^\n]*'ttt_theory'[^\n]*install there"):
        list(run_jobs(square, range(9), scheduler=poor_cluster))
    # Not after waiting for workers that are gone.
    assert time.monotonic() - start < 20.0


def test_a_class_that_the_workers_cannot_import_is_named(scheduler, tmp_path, monkeypatch):
    module = "only_on_the_client"
    (tmp_path / f"{module}.py").write_text(
        "class Number:\n    value = 3\ndef value(number):\n    return number.value\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module(module)
    for function, job in [(lambda number: number.value, mine.Number()), (mine.value, None)]:
        with pytest.raises(WorkerImportError, match=rf"^workers: [^\n]*'{module}'[^\n]*--with"):
            list(run_jobs(function, [job], scheduler=scheduler))
    # The workers are as they were.
    assert dict(run_jobs(square, range(3), scheduler=scheduler)) == {0: 0, 1: 1, 2: 4}


def test_a_package_that_a_job_misses_on_a_worker_is_named(scheduler):
    def function(_):
        raise ModuleNotFoundError("No module named 'sympy'", name="sympy")

    with pytest.raises(WorkerImportError, match=r"^workers: [^\n]*No module named 'sympy'"):
        list(run_jobs(function, [1], scheduler=scheduler))
