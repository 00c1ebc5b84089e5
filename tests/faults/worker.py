"""Runs tests on one fault after another: a line of JSON in, a line of JSON out.

It stays in the folder of a copy of the project, into which it writes each fault.  What the tests
import from elsewhere is loaded once; a fork of this process imports the package and runs the tests.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import hypothesis.strategies
import joblib
import mpmath
import numpy as np
import pydantic
import pytest
import scipy.fft
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.special
import scipy.stats
import sympy
import threadpoolctl

__all__ = ["hypothesis", "joblib", "mpmath", "np", "pydantic", "scipy", "sympy", "threadpoolctl"]

MEMORY = 6 * 2**30
"""Bytes of address space: a fault may ask for any amount."""
WALL_SECONDS_PER_CPU_SECOND = 20


class _InOrder:
    """A pytest plugin: the wanted tests alone, the first failure noted, nothing shrunk."""

    def __init__(self, tests: list[str], report: int) -> None:
        self.places = {test: place for place, test in enumerate(tests)}
        self.report = report

    def pytest_sessionstart(self):
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        plain = hypothesis.settings.get_profile("deterministic")
        quick = hypothesis.settings(plain, phases=phases, report_multiple_bugs=False)
        hypothesis.settings.register_profile("faults", quick)
        hypothesis.settings.load_profile("faults")

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid in self.places]
        items.sort(key=lambda item: self.places[item.nodeid])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            # Nothing that pytest does at its end is of use here.
            os.write(self.report, report.nodeid.encode())
            os._exit(1)


def _tested(tests: list[str], cpu_seconds: int, report: int) -> None:
    os.setsid()
    sys.dont_write_bytecode = True
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    plugin = _InOrder(tests, report)
    files = sorted({test.split("::")[0] for test in tests})
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    # It is about Hypothesis, which this process has loaded.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*files, *options], plugins=[plugin])
    import ttt_theory

    if not Path(ttt_theory.__file__).is_relative_to(Path.cwd()):
        os.write(report, b"not the package with the fault in it")
        code = 99
    os._exit(int(code))


def _run(module: Path, source: str, tests: list[str], cpu_seconds: int) -> dict[str, str]:
    original = module.read_bytes()
    module.write_text(source, encoding="utf-8")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _tested(tests, cpu_seconds, writing)
        except BaseException:  # noqa: BLE001  (the parent goes on, and says it)
            os.write(writing, traceback.format_exc().encode())
        os._exit(98)
    os.close(writing)
    deadline = time.monotonic() + WALL_SECONDS_PER_CPU_SECOND * cpu_seconds
    done, status = 0, 0
    try:
        while not done and time.monotonic() < deadline:
            time.sleep(0.02)
            done, status = os.waitpid(child, os.WNOHANG)
    finally:
        # Its own children, too: processes of joblib wait for work for minutes.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        if not done:
            os.waitpid(child, 0)
        module.write_bytes(original)
    with os.fdopen(reading) as pipe:
        by = pipe.read()
    if not done or status in (signal.SIGXCPU, signal.SIGKILL):
        return {"verdict": "timed out", "by": ""}
    if os.WIFSIGNALED(status):
        return {"verdict": "killed", "by": f"signal {os.WTERMSIG(status)}"}
    code = os.WEXITSTATUS(status)
    if code >= 90:
        return {"verdict": "error", "by": by or f"exit status {code}"}
    return {"verdict": "killed" if code else "survived", "by": by or ("import" if code else "")}


def main() -> None:
    # What is loaded so far is never collected: each fork would look through it several times.
    gc.freeze()
    for line in sys.stdin:
        task = json.loads(line)
        verdict = _run(Path(task["module"]), task["source"], task["tests"], task["cpu_seconds"])
        print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
