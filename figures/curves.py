"""From settings to rows: the exact risk, and the literal simulation at some of them."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ttt_theory import Setting, SimulatedRisk, one_step_risk, simulate
from ttt_theory.execution import in_order, run_jobs

from .table import Row

INTERVAL = 3.0
"""Standard errors on either side of a simulated point."""


@dataclass(frozen=True)
class Point:
    """A place on a curve; the step is the exact optimum unless `step_size` is given."""

    series: str
    x: float
    setting: Setting
    asymptotic: float
    simulated: bool = False
    step_size: float | None = None


@dataclass(frozen=True)
class Simulation:
    """How to simulate the marked points of the figure `name`."""

    name: str
    prompts: int
    seed: int = 0
    workers: int = 1
    progress: Callable[[str, int, int], None] | None = None

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "simulated": "literal simulator at step_size: the exact optimum, or 0 for no step",
            "prompts_per_point": self.prompts,
            "seed": self.seed,
            "interval": f"simulated ± {INTERVAL:g} standard_error over prompts",
            "interval_coverage": "below the normal 99.7 %, as the errors are heavy-tailed",
        }

    def rows(self, points: Sequence[Point]) -> list[Row]:
        """Evaluate the points exactly, and simulate those that are marked."""
        rows = [_exact(point) for point in points]
        marked = [index for index, point in enumerate(points) if point.simulated]
        sequence = np.random.SeedSequence(self.seed, spawn_key=(zlib.crc32(self.name.encode()),))
        seeds = sequence.generate_state(len(marked), np.uint64)
        # A point is a job: the runs are too short to split each among the workers.
        jobs = [
            (points[index].setting, self.prompts, rows[index].step_size, int(seed))
            for index, seed in zip(marked, seeds, strict=True)
        ]
        estimates = in_order(run_jobs(_simulated, jobs, workers=self.workers))
        for done, (index, estimate) in enumerate(zip(marked, estimates, strict=True), 1):
            rows[index] = dataclasses.replace(
                rows[index],
                simulated=estimate.mean,
                standard_error=estimate.standard_error,
                prompts=estimate.prompts,
            )
            if self.progress is not None:
                self.progress(self.name, done, len(marked))
        return rows


def _simulated(job: tuple[Setting, int, float, int]) -> SimulatedRisk:
    setting, prompts, step_size, seed = job
    return simulate(setting, prompts, step_size=step_size, seed=seed)


def _exact(point: Point) -> Row:
    risk = one_step_risk(point.setting)
    step_size = risk.step_size if point.step_size is None else point.step_size
    return Row(
        series=point.series,
        x=point.x,
        dim=risk.dim,
        context_length=risk.context_length,
        test_samples=risk.test_samples,
        step_size=step_size,
        exact=risk.at(step_size),
        asymptotic=float(point.asymptotic),
    )


def unit_ones(dim: int) -> np.ndarray:
    """β = all ones, scaled to ‖β‖ = 1: the risk of predicting 0 is then 1."""
    return np.full(dim, dim**-0.5)
