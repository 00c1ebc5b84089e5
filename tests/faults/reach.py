"""Which tests run which lines: ``python -m tests.faults.reach OUTPUT TEST... -- MODULE...``."""

import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest


class LinesByTest:
    """A pytest plugin that traces chosen files, and notes how long each test takes.

    What a fixture or the import of a test file runs counts for all tests of that file, since it is
    run once.
    """

    def __init__(self, root: Path, modules: list[str]) -> None:
        self.files = {str(root / module): module for module in modules}
        self.lines = defaultdict(set)
        self.seconds = {}
        self.failed = []
        self.current = None

    def _trace(self, frame, event, argument):
        module = self.files.get(frame.f_code.co_filename)
        if module is None or frame.f_code.co_name == "<module>":
            return None
        lines = self.current

        def local(frame, event, argument):
            if event == "line":
                lines.add((module, frame.f_lineno))
            return local

        return local

    def _traced(self, key):
        self.current = self.lines[key]
        sys.settrace(self._trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector):
        return (yield from self._traced(collector.nodeid.split("::")[0]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        return (yield from self._traced(item.nodeid.split("::")[0]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        # Not the time on the clock, which the machine's load sets.
        start = time.process_time()
        try:
            return (yield from self._traced(item.nodeid))
        finally:
            self.seconds[item.nodeid] = time.process_time() - start

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)

    def result(self) -> dict[str, dict]:
        """Return the seconds and the lines of each test."""
        return {
            test: {
                "seconds": round(seconds, 3),
                "lines": sorted(self.lines[test] | self.lines[test.split("::")[0]]),
            }
            for test, seconds in self.seconds.items()
        }


def main() -> None:
    output, *rest = sys.argv[1:]
    cut = rest.index("--")
    plugin = LinesByTest(Path.cwd(), rest[cut + 1 :])
    pytest.main([*rest[:cut], "-q", "-p", "no:cacheprovider"], plugins=[plugin])
    if plugin.failed:
        # A limit of time or memory may fail while lines are traced: such a test is left out.
        print("left out, as they fail while traced:", *plugin.failed, sep="\n  ", file=sys.stderr)
    result = {test: each for test, each in plugin.result().items() if test not in plugin.failed}
    Path(output).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
