"""Plant faults in the numerical modules and see whether tests notice: ``python -m tests.faults``.

Each fault is planted in a copy of the project, and tests that reach its line are run: those of its
room, then others, the cheapest first, up to a limit of time.  Of all systematic faults a sample is
taken by a seed, from every module and kind in turn.  One that survives is explained in
`explained.toml`, or calls for a test: without either the exit status is 1.  Verdicts are kept in
the folder of ``--out``, and a further run repeats only those that a change of the module or of the
tests may have changed.
"""

import argparse
import hashlib
import itertools
import json
import math
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter, defaultdict
from fnmatch import fnmatch
from pathlib import Path

from tests.faults.planting import Fault, faults

FOLDERS = ("coordinates", "structured", "covariance", "linear/exact", "linear/simulation")
MODULES = [
    str(path) for folder in FOLDERS for path in sorted(Path("ttt_theory", folder).glob("[!_]*.py"))
]
MODULES.append("ttt_theory/linear/monte_carlo.py")


def tests_of(module: str) -> str:
    """Return the folder of the tests of a module's room."""
    return str(Path(module.replace("ttt_theory", "tests", 1)).parent)


TESTS = sorted({tests_of(module) for module in MODULES})
COPIED = ("ttt_theory", "tests", "derivations", "figures", "docs", "pyproject.toml", "README.md")
EXPLAINED = Path(__file__).with_name("explained.toml")


def digest(*paths: Path) -> str:
    hashed = hashlib.sha256()
    for path in sorted(paths):
        hashed.update(str(path).encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in Path(folder).rglob("*.py")]


def environment() -> dict[str, str]:
    return os.environ | dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
    )


def copied(folder: Path) -> Path:
    """Copy the project, compiled so that a changed source is noticed whatever its date."""
    for name in COPIED:
        if Path(name).is_dir():
            shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(name, folder / name)
    compileall = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "ttt_theory"]
    subprocess.run([sys.executable, *compileall], cwd=folder, check=True)
    return folder


def state_of(test_file: str) -> str:
    """Return what the lines that a test file reaches depend on."""
    text = Path(test_file).read_text(encoding="utf-8")
    helpers = [path for path in Path("tests").glob("*.py") if path.stem in text]
    return digest(Path(test_file), *helpers, *map(Path, MODULES))


def reach(out: Path) -> dict[str, dict]:
    """Return the seconds and the lines of every test, measured again where a file changed."""
    path = out / "reach.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    test_files = [str(path) for folder in TESTS for path in sorted(Path(folder).glob("test_*.py"))]
    states = {name: state_of(name) for name in [*dict.fromkeys(test_files), *MODULES]}
    kept = {name: each for name, each in kept.items() if each["state"] == states.get(name)}
    missing = [name for name in states if name not in kept]
    if missing:
        print(f"seeing what the tests of {len(missing)} files reach", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            measured = Path(folder) / "reach.json"
            subprocess.run(
                [sys.executable, "-m", "tests.faults.reach", measured, *missing, "--", *MODULES],
                cwd=copied(Path(folder) / "copy"),
                env=environment(),
                stdout=sys.stderr,
                check=True,
            )
            found = json.loads(measured.read_text())
        kept |= {name: {"state": states[name], "tests": {}} for name in missing}
        for test, each in found.items():
            kept[test.split("::")[0]]["tests"][test] = each
        path.write_text(json.dumps(kept))
    return {test: each for tests in kept.values() for test, each in tests["tests"].items()}


def sampled(planted: list[Fault], count: int, seed: int) -> list[Fault]:
    """Take faults by module and kind in turn, in an order that a larger sample goes on with."""
    strata = defaultdict(list)
    for fault in planted:
        strata[fault.module, fault.kind].append(fault)
    # Each by a seed of its own, so that a sample of one module is part of one of all.
    for key, stratum in strata.items():
        random.Random(f"{seed} {key}").shuffle(stratum)
    keys = sorted(strata, key=lambda key: random.Random(f"{seed} {key}").random())
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*(strata[key] for key in keys)))
    return list(itertools.islice(filter(None, in_turn), count))


class Reach:
    """Which tests run a line, of those whose lines are known."""

    def __init__(
        self, tests: dict[str, dict], sources: dict[str, bytes], limit: float = math.inf
    ) -> None:
        self.limit = limit
        self.seconds = {test: each["seconds"] for test, each in tests.items()}
        self.tests = defaultdict(set)
        for test, each in tests.items():
            for module, line in each["lines"]:
                self.tests[module, line].add(test)
        self.rows = {module: source.decode().split("\n") for module, source in sources.items()}

    def of(self, fault: Fault) -> dict[str, float]:
        """Return tests that reach a fault in the order to run them, with the seconds they take.

        Those of the fault's own room come first, the cheapest first, as many as the limit allows.
        """
        first, last = fault.lines
        places = [(fault.module, line) for line in range(first, last + 1)]
        if fault.constant:
            places = [
                (module, number)
                for module, rows in self.rows.items()
                for number, row in enumerate(rows, start=1)
                if fault.constant in row
            ]
        found = set().union(*(self.tests[place] for place in places))
        room = tests_of(fault.module)
        ordered = sorted(
            found, key=lambda test: (not test.startswith(room), self.seconds[test], test)
        )
        used = itertools.accumulate(self.seconds[test] for test in ordered)
        return {
            test: self.seconds[test]
            for place, (test, total) in enumerate(zip(ordered, used, strict=True))
            if place == 0 or total <= self.limit
        }


class Workers:
    """Processes that each have a copy of the project, run by threads of this one."""

    def __init__(self, folder: Path, count: int) -> None:
        self.processes: queue.Queue = queue.Queue()
        for number in range(count):
            self.processes.put(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.worker"],
                    cwd=copied(folder / str(number)),
                    env=environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )

    def verdict(self, task: dict) -> dict[str, str]:
        process = self.processes.get()
        try:
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        finally:
            self.processes.put(process)

    def close(self) -> None:
        while not self.processes.empty():
            process = self.processes.get()
            process.stdin.close()
            process.wait()


class Journal:
    """Verdicts kept in a file, one a line, with what they depend on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        rows = path.read_text().splitlines() if path.exists() else []
        self.verdicts = {tuple(row["name"]): row for row in map(json.loads, rows)}

    def get(self, fault: Fault, states: dict[str, str]) -> dict | None:
        """Return a verdict if nothing that it depends on has changed.

        One that a test killed stays dead while the module and that test are the same.
        """
        row = self.verdicts.get(fault.name)
        fresh = row and all(states.get(path) == state for path, state in row["states"].items())
        return row if fresh else None

    def add(self, fault: Fault, verdict: dict[str, str], states: dict[str, str]) -> dict:
        files = {fault.module, verdict["by"].split("::")[0]} if "::" in verdict["by"] else {""}
        row = {
            "name": fault.name,
            "kind": fault.kind,
            **verdict,
            "states": {path: states[path] for path in files},
        }
        self.verdicts[fault.name] = row
        with self.path.open("a") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return row


def explanations() -> dict[tuple[str, str, str, str, int], str]:
    """Return why faults cannot be noticed, by their names; numbers of 0 are left out."""
    read = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["survivor"]
    return {
        (
            *(each[key] for key in ("module", "function", "line", "change")),
            each.get("number", 0),
        ): each["reason"]
        for each in read
    }


def run(
    sample: list[Fault], sources: dict[str, bytes], out: Path, processes: int, limit: float
) -> list[dict]:
    """Return the verdict on each fault of a sample."""
    reached = Reach(reach(out), sources, limit)
    files = python_files("ttt_theory", "tests")
    states = {str(path): digest(path) for path in files}
    # Longer, a run might kill what survived.
    states[""] = f"{digest(*files)} {limit}"
    journal, rows, waiting = Journal(out / "journal.jsonl"), [], queue.SimpleQueue()
    for fault in sample:
        row = journal.get(fault, states)
        if row:
            rows.append(row)
        else:
            waiting.put(fault)
    total, start, lock = waiting.qsize(), time.monotonic(), threading.Lock()
    print(f"{len(rows)} verdicts are known, {total} faults to plant", file=sys.stderr, flush=True)
    if not total:
        return rows
    failures = []

    def judge() -> None:
        while True:
            try:
                fault = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                seconds = reached.of(fault)
                verdict = {"verdict": "survived", "by": "no test reaches it"}
                if seconds:
                    verdict = workers.verdict(
                        {
                            "module": fault.module,
                            "source": fault.planted(sources[fault.module]).decode(),
                            "tests": list(seconds),
                            "cpu_seconds": int(10 + 3 * sum(seconds.values())),
                        }
                    )
                if verdict["verdict"] == "error":
                    raise RuntimeError(f"{fault.name}: {verdict['by']}")
            except Exception as error:  # noqa: BLE001  (of whatever kind: the run cannot go on)
                failures.append(error)
                return
            with lock:
                rows.append(journal.add(fault, verdict, states))
                done = total - waiting.qsize()
                minutes = (time.monotonic() - start) / 60
                print(
                    f"[{done}/{total}, {minutes:.1f} min] {verdict['verdict']}: {fault.module} "
                    f"{fault.function}: {fault.change}",
                    file=sys.stderr,
                    flush=True,
                )

    with tempfile.TemporaryDirectory() as folder:
        workers = Workers(Path(folder), processes)
        threads = [threading.Thread(target=judge) for _ in range(processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        workers.close()
    if failures:
        raise failures[0]
    return rows


def report(rows: list[dict], reasons: dict, exists: set, out: Path) -> int:
    """Write the table of survivors; return how many have no explanation."""
    counts: dict[str, Counter] = defaultdict(Counter)
    unexplained, used, killed = [], set(), set()
    for row in rows:
        module, key = row["name"][0], tuple(row["name"])
        counts[module]["planted"] += 1
        counts[module][row["verdict"]] += 1
        if row["verdict"] != "survived":
            killed.add(key)
        elif key in reasons:
            used.add(key)
            counts[module]["explained"] += 1
        else:
            unexplained.append(row)
    columns = ("planted", "killed", "timed out", "survived", "explained")
    counts["all"] = sum(counts.values(), Counter())
    lines = ["| module | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for module in sorted(counts, key=lambda each: (each == "all", each)):
        cells = [str(counts[module][column]) for column in columns]
        lines.append(f"| {module.removeprefix('ttt_theory/')} | " + " | ".join(cells) + " |")
    lines += ["", f"{len(unexplained)} survivors without an explanation", ""]
    for row in sorted(unexplained, key=lambda row: row["name"]):
        module, function, line, change, number = row["name"]
        lines += [
            "[[survivor]]",
            f"module = {json.dumps(module)}",
            f"function = {json.dumps(function)}",
            f"line = {json.dumps(line, ensure_ascii=False)}",
            f"change = {json.dumps(change, ensure_ascii=False)}",
            *([f"number = {number}"] if number else []),
            f"# {row['kind']}; {row['by'] or 'reached, and no test fails'}",
            "",
        ]
    for key in sorted(reasons):
        if key not in exists:
            lines.append(f"an explanation without its fault: {' | '.join(map(str, key))}")
        elif key in killed - used:
            lines.append(f"an explanation of a fault that is killed: {' | '.join(map(str, key))}")
    text = "\n".join(lines) + "\n"
    (out / "survivors.md").write_text(text, encoding="utf-8")
    print(text)
    return len(unexplained)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many faults (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (default: 0)")
    parser.add_argument("--module", action="append", help="only modules that match a pattern")
    parser.add_argument(
        "--seconds", type=float, default=12.0, help="tests run on one fault, at most (default: 12)"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("build/faults"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    sources = {module: Path(module).read_bytes() for module in MODULES}
    planted = [fault for module, source in sources.items() for fault in faults(module, source)]
    chosen = [
        fault
        for fault in planted
        if any(fnmatch(fault.module, f"*{each}*") for each in arguments.module or [""])
    ]
    rows = run(
        sampled(chosen, arguments.count, arguments.seed),
        sources,
        arguments.out,
        arguments.processes,
        arguments.seconds,
    )
    exists = {fault.name for fault in planted}
    return 1 if report(rows, explanations(), exists, arguments.out) else 0


if __name__ == "__main__":
    sys.exit(main())
