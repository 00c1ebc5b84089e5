"""The results of a chunk of settings: what a process of a sweep does."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.errors import (
    InvalidSettingError,
    LostPrecisionError,
    OutOfRangeError,
    SettingFileError,
)
from ttt_theory.linear.exact.published_limits import published_limits
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.monte_carlo import estimates, exact_risk, one_step, problem_of
from ttt_theory.linear.setting.setting import departures
from ttt_theory.sweeps.columns import ASYMPTOTIC, EXACT, STATUS
from ttt_theory.sweeps.plan import Plan, Simulation

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["ChunkFunction", "settings_per_chunk"]

_CHUNKS = 256
_LARGEST_CHUNK = 64


def settings_per_chunk(settings: int) -> int:
    """Return how many settings are computed, and kept, together.

    Few where there are few, as each may then take long; enough to outweigh keeping them.

    Examples
    --------
    >>> [settings_per_chunk(settings) for settings in (10, 10_000, 10**6)]
    [1, 39, 64]
    """
    return min(max(settings // _CHUNKS, 1), _LARGEST_CHUNK)


@dataclass(frozen=True, eq=False)
class ChunkFunction:
    """Computes a chunk of a sweep by its number; it is sent to other processes.

    Parameters
    ----------
    content : mapping
        The tables of the sweep.  The plan is made from them where the work is done, once per
        thread, as the grid itself may be large.
    folder : pathlib.Path
        Where the files that they name are looked up; absolute.
    kinds : mapping from str to type
        The covariance kinds that they may name.  Another process may have registered none of
        one's own, or, having worked for someone else, another class of that name.
    fingerprint : str
        Of the plan.
    """

    content: Mapping[str, Any]
    folder: Path
    kinds: Mapping[str, type[Covariance]]
    fingerprint: str

    @classmethod
    def of(cls, plan: Plan, fingerprint: str) -> ChunkFunction:
        """Return the task of a plan."""
        return cls(plan.content, plan.folder.absolute(), plan.kinds, fingerprint)

    def __call__(self, number: int) -> FloatArray:
        """Return the results of a chunk, shape (settings, columns), their status last."""
        plan = self._plan()
        size = settings_per_chunk(len(plan))
        indices = range(number * size, min((number + 1) * size, len(plan)))
        return np.array([_located_results(plan, index) for index in indices])

    def _plan(self) -> Plan:
        key = self.fingerprint, self.folder, *self.kinds.values()
        known: dict[Any, Plan] = _of_this_thread.__dict__.setdefault("plans", {})
        if key not in known:
            known.clear()
            known[key] = Plan(self.content, self.folder, self.kinds)
        return known[key]


# A worker of a cluster may have several threads, and a plan keeps the covariances it has read.
_of_this_thread = threading.local()


def _located_results(plan: Plan, index: int) -> list[float]:
    setting = plan.setting(index)
    try:
        return _results(setting, plan.simulation, index)
    except (InvalidSettingError, SettingFileError) as error:
        raise plan.located(error, index) from None


def _results(setting: Setting, simulation: Simulation | None, index: int) -> list[float]:
    """Return a row of results; NaN stands for what float64 cannot hold, or loses, or is unknown."""
    status = STATUS["computed"]
    exact: dict[str, float] = {}
    asymptotic: dict[str, float] = {}
    simulated = [math.nan, math.nan]
    try:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            problem = problem_of(setting)
            start = starting_weights(problem)
        risk = _known_risk(problem, start)
        step_size = None if simulation is None else simulation.step_size
        if risk is None:
            status = STATUS["not_known"]
        else:
            exact = dataclasses.asdict(risk)
            limits = published_limits(problem, start)
            asymptotic = {f"asymptotic_{name}": value for name, value in limits.items()}
            step_size = risk.step_size if step_size is None else step_size
        if simulation is not None and step_size is not None:
            *_, estimate = estimates(
                problem,
                start,
                simulation.prompts,
                method=simulation.method,
                steps=one_step(problem, start, step_size),
                seed=_seed(simulation.seed, index),
            )
            simulated = [estimate.mean, estimate.standard_error]
    except OutOfRangeError:
        status = STATUS["out_of_range"]
    except LostPrecisionError:
        status = STATUS["lost_precision"]
    return [
        *(exact.get(column.name, math.nan) for column in EXACT),
        *(asymptotic.get(column.name, math.nan) for column in ASYMPTOTIC),
        *simulated,
        float(status),
    ]


def _known_risk(problem: Problem, start: StartingWeights) -> OneStepRisk | None:
    """Return the exact risk, if one is known for settings of this kind."""
    try:
        return exact_risk(problem, start)
    except InvalidSettingError:
        # Of the paper's own settings all is known, and what fails is the setting.
        if departures(problem.setting):
            return None
        raise


def _seed(seed: int, index: int) -> int:
    """Return the seed of the setting at a place of the grid."""
    words = np.random.SeedSequence(seed, spawn_key=(index,)).generate_state(2, np.uint64)
    return int(words[0]) << 64 | int(words[1])
