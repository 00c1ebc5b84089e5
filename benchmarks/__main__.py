"""Run the benchmarks: ``python -m benchmarks [--out FOLDER] [--section NAME]... [--quick]``."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.exact import closed_form, large_dimensions, several_steps, sweeps
from benchmarks.growth import growth
from benchmarks.report import Section, machine, write
from benchmarks.sampling import precision, random_numbers, scaling, simulated_steps


def sections(*, quick: bool) -> dict[str, Callable[[], Section]]:
    """Return what can be measured; quick ones show that all of it runs."""
    if quick:
        return {
            "precision": lambda: precision(0.1, 2),
            "simulated-steps": lambda: simulated_steps(0.1, 2),
            "random-numbers": lambda: random_numbers(0.1, 2),
            "closed-form": lambda: closed_form(2),
            "several-steps": lambda: several_steps(2),
            "scaling": lambda: scaling(0.5, 2),
            "growth": lambda: growth(0.1, 2),
            "large-dimensions": lambda: large_dimensions(1),
            "sweep": sweeps,
        }
    return {
        "precision": lambda: precision(1.2, 5),
        "simulated-steps": lambda: simulated_steps(1.2, 5),
        "random-numbers": lambda: random_numbers(1.0, 5),
        "closed-form": lambda: closed_form(7),
        "several-steps": lambda: several_steps(5),
        "scaling": lambda: scaling(20.0, 2),
        "growth": lambda: growth(0.3, 5),
        "large-dimensions": lambda: large_dimensions(3),
        "sweep": sweeps,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--section", action="append", choices=list(sections(quick=True)))
    parser.add_argument("--quick", action="store_true", help="little data: shows that it runs")
    arguments = parser.parse_args()
    environment, done = machine(), []
    for name, measure in sections(quick=arguments.quick).items():
        if arguments.section and name not in arguments.section:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        start = time.perf_counter()
        section = measure()
        section.seconds = time.perf_counter() - start
        done.append(section)
        for target in section.targets:
            verdict = "pass" if target.met else "FAIL"
            print(f"  {verdict}  {target.promise}: {target.measured}", file=sys.stderr)
        # After each, so that an interrupted run keeps what it has measured.
        path = write(done, environment, arguments.out)
    print(path)


if __name__ == "__main__":
    main()
