"""Monte Carlo of a setting's risk after one step."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.covariance import Covariance
from ttt_theory.errors import OutOfRangeError, checked_integer, checked_number
from ttt_theory.problem import dense
from ttt_theory.risk import one_step_risk
from ttt_theory.setting import DenseWeights, PretrainedWeights
from ttt_theory.simulation.literal import Experiment, prompt_size
from ttt_theory.simulation.runner import run
from ttt_theory.weights import pretrained_weights

if TYPE_CHECKING:
    from ttt_theory.errors import FloatArray
    from ttt_theory.problem import Matrix, Problem
    from ttt_theory.setting import Setting
    from ttt_theory.simulation.literal import Block

__all__ = ["SimulatedRisk", "experiment", "rescaled", "simulate", "simulation_steps"]


@dataclass(frozen=True)
class SimulatedRisk:
    """A Monte Carlo estimate of the risk after one step.

    Attributes
    ----------
    mean, standard_error : float
        Of the squared error over the prompts; the standard error is NaN for a single prompt.
    prompts : int
        Number of independent prompts behind them.
    step_size : float
        The step.
    method : str
        ``"literal"``.
    seed : int
        What the run can be repeated with.
    seconds : float
        Wall time.
    """

    mean: float
    standard_error: float
    prompts: int
    step_size: float
    method: str
    seed: int
    seconds: float


def experiment(setting: Setting) -> Experiment:
    """Return what the literal simulator needs of a setting, its starting weights included.

    Raises
    ------
    InvalidSettingError
        If one prompt is too large to simulate literally.
    """
    prompt_size(setting.context_length, setting.test_samples, setting.dim)
    start = setting.initialization
    if isinstance(start, DenseWeights):
        weights = start.matrix
    elif isinstance(start, PretrainedWeights):
        weights = start.factor * dense(pretrained_weights(setting))
    else:
        weights = np.zeros((setting.dim, setting.dim))
    return Experiment(
        setting.context_length,
        setting.test_samples,
        setting.feature_covariance,
        setting.task,
        setting.noise_variance,
        weights,
    )


class _Rescaled(Covariance):
    """A covariance divided by a power of four, with its own way of sampling."""

    def __init__(self, covariance: Covariance, exponent: int) -> None:
        self.dim = covariance.dim
        self._covariance = covariance
        self._exponent = exponent

    def matrix(self) -> Matrix:
        return self._covariance.matrix() * math.ldexp(1.0, -self._exponent)

    def sample(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> FloatArray:
        return self._covariance.sample(rng, shape) * math.ldexp(1.0, -self._exponent // 2)


def rescaled(simulated: Experiment, problem: Problem) -> Experiment:
    """Return an experiment in the units of `Problem`, where its moments stay within float64.

    The change of units is by powers of two and therefore exact.

    Parameters
    ----------
    simulated : Experiment
    problem : Problem
        Of the same setting.
    """
    return dataclasses.replace(
        simulated,
        feature_covariance=_Rescaled(simulated.feature_covariance, problem.feature_exponent),
        task=problem.task,
        noise_variance=problem.noise_variance,
        weights=simulated.weights * problem.feature_scale,
    )


def simulate(
    setting: Setting,
    prompts: int,
    *,
    step_size: float | None = None,
    seed: int = 0,
    workers: int = 1,
) -> SimulatedRisk:
    """Estimate the risk after one step by simulating prompts from their definition.

    Parameters
    ----------
    setting : Setting
    prompts : int
        Number of independent prompts, each with its own context, test samples, fresh context and
        8 fresh queries.
    step_size : float, optional
        η; the exact optimum if not given.
    seed : int
        Non-negative; the result depends on it but not on `workers`.
    workers : int
        Number of processes.

    Returns
    -------
    SimulatedRisk

    Raises
    ------
    InvalidSettingError
        If an argument is out of range, or one prompt too large to simulate.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=10,
    ...     test_samples=5,
    ...     feature_covariance=ttt.Isotropic(4),
    ...     task_covariance=ttt.Isotropic(4),
    ...     task=[1, 1, 1, 1],
    ... )
    >>> estimate = ttt.simulate(setting, 20_000)
    >>> abs(estimate.mean - ttt.one_step_risk(setting).risk_after) < 0.1
    True
    """
    estimates = simulation_steps(setting, prompts, step_size=step_size, seed=seed, workers=workers)
    *_, last = estimates
    return last


def simulation_steps(
    setting: Setting,
    prompts: int,
    *,
    step_size: float | None = None,
    seed: int = 0,
    workers: int = 1,
) -> Iterator[SimulatedRisk]:
    """Check the arguments, then yield the estimate of `simulate` after every block."""
    prompts = checked_integer("prompts", prompts, 1, 10**12)
    seed = checked_integer("seed", seed, 0, 2**128 - 1)
    workers = checked_integer("workers", workers, 1, 1024)
    if step_size is None:
        step_size = one_step_risk(setting).step_size
    step_size = checked_number("step_size", step_size)
    return _steps(experiment(setting), prompts, step_size, seed, workers)


def _steps(
    simulated: Experiment, prompts: int, step_size: float, seed: int, workers: int
) -> Iterator[SimulatedRisk]:
    start = time.perf_counter()
    total: Block | None = None
    for block in run(simulated, prompts, seed, workers):
        total = block if total is None else total.merged(block)
        yield _estimate(total, step_size, seed, time.perf_counter() - start)


def _estimate(total: Block, step_size: float, seed: int, seconds: float) -> SimulatedRisk:
    powers = np.array([1.0, -step_size, step_size * step_size])
    count = total.prompts
    with np.errstate(all="ignore"):
        mean = float(powers @ total.mean)
        scatter = max(0.0, float(powers @ total.scatter @ powers))
    if not math.isfinite(mean + scatter):
        raise OutOfRangeError("the simulated risk at this step size", mean + scatter)
    variance = scatter / (count - 1) if count > 1 else math.nan
    return SimulatedRisk(
        mean=mean,
        standard_error=math.sqrt(variance / count) if count > 1 else math.nan,
        prompts=count,
        step_size=step_size,
        method="literal",
        seed=seed,
        seconds=seconds,
    )
