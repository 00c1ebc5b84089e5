"""Time, memory and fitted exponents."""

import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from scipy import stats

ROOT = Path(__file__).parents[1]


def cpu_seconds() -> float:
    """Return the CPU time of this process, of those it started and of those they started."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds of one call."""

    cpu: float
    wall: float


def timed(function: Callable[[], Any]) -> tuple[Any, Cost]:
    """Call a function, and return its result and its cost."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = function()
    return result, Cost(cpu_seconds() - cpu, time.perf_counter() - wall)


def calibrated(function: Callable[[int], Any], seconds: float, start: int) -> int:
    """Return the amount of work that takes a function about so many CPU seconds."""
    function(start)  # Imports, and whatever else only a first call needs.
    amount = start
    while True:
        _, cost = timed(lambda: function(amount))  # noqa: B023  (called at once)
        if cost.cpu >= 0.3 * seconds:
            return max(1, round(amount * seconds / cost.cpu))
        amount *= 2 if cost.cpu > 0.1 * seconds else 8


@dataclass
class Repeated:
    """Measurements of one quantity."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half the range relative to the median."""
        return (max(self.values) - min(self.values)) / (2.0 * self.median)


def interleaved(
    functions: dict[str, Callable[[], Any]], rounds: int
) -> tuple[dict[str, list[Any]], dict[str, list[Cost]]]:
    """Call every function once per round, so that a drift of the machine meets all of them."""
    results: dict[str, list[Any]] = {name: [] for name in functions}
    costs: dict[str, list[Cost]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            result, cost = timed(function)
            results[name].append(result)
            costs[name].append(cost)
    return results, costs


def exponent(sizes: list[float], costs: list[float]) -> tuple[float, float]:
    """Fit cost ∝ size^p by least squares on logarithms; return p and its standard error."""
    fit = stats.linregress([math.log(size) for size in sizes], [math.log(cost) for cost in costs])
    return float(fit.slope), float(fit.stderr)


_PEAK = """
import pathlib, re, resource, sys, time
start, cpu = time.perf_counter(), time.process_time()
{statements}
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
try:  # A process starts with the peak of the one it was forked from, but for this count.
    status = pathlib.Path("/proc/self/status").read_text()
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024
except (OSError, TypeError):
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(cpu, seconds, peak)
"""


def in_fresh_process(statements: str) -> tuple[Cost, float]:
    """Run statements in a new interpreter; return their cost and its peak bytes.

    Where they set `start` and `cpu` anew, the cost is from there on.
    """
    result = subprocess.run(
        [sys.executable, "-c", _PEAK.format(statements=statements)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    cpu, wall, peak = map(float, result.stdout.split())
    return Cost(cpu, wall), peak
