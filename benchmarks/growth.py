"""How the cost of a draw grows with d, n and k."""

from dataclasses import dataclass

import numpy as np

import ttt_theory as ttt
from benchmarks.measuring import Repeated, calibrated, exponent, interleaved
from benchmarks.report import Section, Target
from benchmarks.sampling import sampler

COUNTS = (100, 1_000, 10_000, 100_000, 1_000_000)
# The work is linear in d; the time is so only while a prompt stays in a core's cache.
WITHIN_CACHE = (1_000, 2_000, 4_000, 8_000)
ACROSS_CACHES = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Series:
    """One method along one variable; the others are fixed."""

    method: str
    variable: str
    sizes: tuple[int, ...]
    fixed: tuple[int, int, int]
    expected: float | None = None
    tolerance: float = 0.0

    def met(self, fitted: float, error: float) -> bool:
        """Whether the exponent is the expected one; a fit that cannot tell does not say so."""
        return abs(fitted - self.expected) <= self.tolerance and 2.0 * error <= self.tolerance

    def setting(self, size: int) -> ttt.Setting:
        """Return the setting with eigenvalues all different, and diagonal."""
        d, n, k = (
            size if name == self.variable else value
            for name, value in zip("dnk", self.fixed, strict=True)
        )
        return ttt.Setting(
            context_length=n,
            test_samples=k,
            feature_covariance=ttt.PowerLaw(d, 0.5),
            task_covariance=ttt.Isotropic(d),
            task=np.full(d, d**-0.5),
            noise_variance=0.25,
        )


SERIES = (
    Series("sufficient", "n", COUNTS, (200, 0, 100), 0.0, 0.05),
    Series("sufficient", "k", COUNTS, (200, 100, 0), 0.0, 0.05),
    Series("sufficient", "d", WITHIN_CACHE, (0, 100, 100), 1.0, 0.1),
    Series("sufficient", "d", ACROSS_CACHES, (0, 100, 100)),
    Series("conditional", "n", COUNTS, (200, 0, 100), 0.0, 0.05),
    Series("conditional", "d", ACROSS_CACHES, (0, 100, 100)),
    Series("literal", "n", (100, 200, 400, 800, 1_600), (60, 0, 10)),
    Series("literal", "k", (100, 200, 400, 800, 1_600), (60, 10, 0)),
    Series("literal", "d", (50, 100, 200, 400), (0, 100, 100)),
)


def growth(seconds: float, rounds: int) -> Section:
    """Fit the exponents."""
    section = Section(
        "Growth of the cost of a prompt",
        "CPU time per prompt fitted by a power of one size, the others fixed, with the fit's "
        f"standard error; diagonal Σ_x with distinct eigenvalues; medians of {rounds} rounds.",
        ["method", "in", "sizes", "fixed", "µs per prompt", "exponent"],
    )
    for series in SERIES:
        costs = _costs(series, seconds, rounds)
        fitted, error = exponent(list(map(float, series.sizes)), costs)
        fixed = ", ".join(
            f"{name} = {value}"
            for name, value in zip("dnk", series.fixed, strict=True)
            if name != series.variable
        )
        text = f"{fitted:.3f} ± {error:.3f}"
        section.rows.append(
            [
                series.method,
                series.variable,
                ", ".join(f"{size:,}" for size in series.sizes),
                fixed,
                ", ".join(f"{cost * 1e6:.3g}" for cost in costs),
                text,
            ]
        )
        if series.expected is not None:
            promise = "flat" if series.expected == 0.0 else "linear"
            section.targets.append(
                Target(
                    f"{series.method}: cost {promise} in {series.variable}, {series.sizes[0]:,} to"
                    f" {series.sizes[-1]:,}",
                    f"exponent {text}",
                    series.met(fitted, error),
                )
            )
    return section


def _costs(series: Series, seconds: float, rounds: int) -> list[float]:
    """Return CPU seconds per prompt, without what a run costs before its first."""
    runs = {size: sampler(series.setting(size), series.method) for size in series.sizes}
    prompts = {
        size: max(4, calibrated(lambda n, run=run: run(n, 0), seconds, 2))
        for size, run in runs.items()
    }
    _, costs = interleaved(
        {
            f"{count} of {size}": lambda size=size, count=count: runs[size](count, 0)
            for size in runs
            for count in (1, prompts[size])
        },
        rounds,
    )

    def cpu(size: int, count: int) -> float:
        return Repeated([each.cpu for each in costs[f"{count} of {size}"]]).median

    return [(cpu(size, prompts[size]) - cpu(size, 1)) / (prompts[size] - 1) for size in runs]
