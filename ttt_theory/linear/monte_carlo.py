"""Monte Carlo of a setting's risk after one step."""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ttt_theory.checks import checked_integer, checked_number
from ttt_theory.covariance import Covariance
from ttt_theory.errors import InvalidSettingError, OutOfRangeError
from ttt_theory.execution import Provenance
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.risk import risk_of
from ttt_theory.linear.exact.weights import original_weights, starting_weights
from ttt_theory.linear.setting.setting import check_defaults
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.data_vector import SimulatorInLaw
from ttt_theory.linear.simulation.literal import QUERIES, LiteralSimulator, prompt_size
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.sampling.runner import run
from ttt_theory.structured.base import dense
from ttt_theory.structured.last_bits import moved_entries, moved_vector

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.sampling.moments import Moments
    from ttt_theory.structured.base import Matrix

__all__ = [
    "METHODS",
    "SimulatedRisk",
    "estimates",
    "fast_sampler_of",
    "literal_of",
    "literal_simulator",
    "rescaled",
    "simulate",
    "simulation_steps",
]

METHODS = ("literal", "sufficient", "conditional")
"""The ways to simulate."""

# The exact variance takes products of d × d matrices.
_LARGEST_VARIANCE_DIM = 64
# Of the interval, which holds the rounding of what hardly varies, too.
_MISS_RATE, _ROUND_OFF = 0.05, 1e-12

_Simulator = TypeVar(
    "_Simulator", LiteralSimulator, SimulatorInLaw, LiteralSimulator | SimulatorInLaw
)


@dataclass(frozen=True)
class SimulatedRisk:
    """A Monte Carlo estimate of the risk after one step.

    Attributes
    ----------
    mean, standard_error : float
        Of the squared error over the prompts; the standard error is NaN for a single prompt.  With
        the conditional method, of its expectation given the context.  The standard error is that of
        the prompts drawn: where tails are heavy, at few samples in few dimensions, it is mostly too
        small, and the mean plus and minus two of it covers far less than 95 % of the time.
    prompts : int
        Number of independent prompts behind them.
    step_size : float
        The step.
    method : str
        One of `METHODS`.
    seed : int
        What the run can be repeated with.
    seconds : float
        Wall time.
    versions : dict of str to str
        Of the packages that simulated, where the prompts were simulated.
    interval : tuple of float, optional
        Covers the risk with a probability of at least 95 %, whatever the tails: the mean plus and
        minus √20 standard errors by the exact variance (Chebyshev's inequality), and what the mean
        changes by when the arrays are moved by their last bits; cut off at 0.  None beyond 64
        dimensions, or where float64 does not hold the variance, or the task's part in the labels.
    """

    mean: float
    standard_error: float
    prompts: int
    step_size: float
    method: str
    seed: int
    seconds: float
    versions: dict[str, str]
    interval: tuple[float, float] | None = None


def literal_simulator(setting: Setting) -> LiteralSimulator:
    """Return the literal simulator of a setting, its starting weights computed.

    Raises
    ------
    InvalidSettingError
        If one prompt is too large to simulate literally.
    """
    problem = Problem.of(setting)
    return literal_of(problem, starting_weights(problem))


def literal_of(problem: Problem, start: StartingWeights) -> LiteralSimulator:
    """Return `literal_simulator` of a setting that has been reduced to a problem already."""
    setting = problem.setting
    prompt_size(setting.context_length, setting.test_samples, setting.dim)
    return LiteralSimulator(
        setting.context_length,
        setting.test_samples,
        setting.feature_covariance,
        setting.fixed_task,
        setting.noise_variance,
        dense(original_weights(problem, start)),
    )


def fast_sampler_of(problem: Problem, start: StartingWeights, method: str) -> SimulatorInLaw:
    """Return the sampler of data vectors of a method, in the setting's own units."""
    setting = problem.setting
    kind = SufficientSimulator if method == "sufficient" else ConditionalSimulator
    return kind(
        setting.context_length,
        setting.test_samples,
        setting.feature_covariance,
        setting.fixed_task,
        setting.noise_variance,
        original_weights(problem, start),
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


class _Stored(Covariance):
    """A matrix that is not checked."""

    def __init__(self, entries: FloatArray) -> None:
        self.dim = len(entries)
        self._entries = entries

    def matrix(self) -> FloatArray:
        return self._entries


def rescaled(simulator: _Simulator, problem: Problem) -> _Simulator:
    """Return a simulator in the units of `Problem`, where its moments stay within float64.

    The change of units is by powers of two and therefore exact.

    Parameters
    ----------
    simulator : LiteralSimulator or SimulatorInLaw
    problem : Problem
        Of the same setting.
    """
    features, labels = problem.feature_exponent, problem.label_exponent
    covariance = simulator.feature_covariance
    return dataclasses.replace(
        simulator,
        feature_covariance=_Rescaled(covariance, features) if features else covariance,
        # A task that shows in the labels by round-off alone is none.
        task=np.ldexp(simulator.task, (features - labels) // 2) * bool(np.any(problem.task)),
        noise_variance=math.ldexp(simulator.noise_variance, -labels),
        weights=simulator.weights * problem.feature_scale,
    )


def simulate(
    setting: Setting,
    prompts: int,
    *,
    method: str = "literal",
    step_size: float | None = None,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
) -> SimulatedRisk:
    """Estimate the risk after one step by simulating prompts.

    Parameters
    ----------
    setting : Setting
    prompts : int
        Number of independent prompts.
    method : str
        ``"literal"``: every prompt is simulated from its definition, with its own context, test
        samples, fresh context and 8 fresh queries, at O((2n + k)d + d²), and 1 GiB at most, a
        prompt.  ``"sufficient"``: the same law, through the
        vectors that the samples enter by, at O(d) a prompt whatever n and k.  ``"conditional"``:
        only the context's vector is drawn and the expectation given it is exact, which leaves
        much less variance.  At few samples in few dimensions its tails are as heavy as the others',
        and so rarely seen that `standard_error` is too small; `interval` is not.
    step_size : float, optional
        η; the exact optimum if not given.
    seed : int
        Non-negative; the result depends on it but not on `workers`.
    workers : int
        Number of processes.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are used instead.

    Returns
    -------
    SimulatedRisk

    Raises
    ------
    InvalidSettingError
        If an argument is out of range, or one prompt too large to simulate.
    OutOfRangeError
        If the result is too large or too small for float64.

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
    >>> conditional = ttt.simulate(setting, 20_000, method="conditional")
    >>> conditional.standard_error < 0.1 * estimate.standard_error
    True
    >>> low, high = conditional.interval
    >>> low < ttt.one_step_risk(setting).risk_after < high
    True
    """
    estimates = simulation_steps(
        setting,
        prompts,
        method=method,
        step_size=step_size,
        seed=seed,
        workers=workers,
        scheduler=scheduler,
    )
    *_, last = estimates
    return last


def simulation_steps(
    setting: Setting,
    prompts: int,
    *,
    method: str = "literal",
    step_size: float | None = None,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[SimulatedRisk]:
    """Check the arguments, then yield the estimate of `simulate` after every chunk of prompts."""
    prompts = checked_integer("prompts", prompts, 1, 10**12)
    if method not in METHODS:
        raise InvalidSettingError("method", method, f"give one of {', '.join(METHODS)}")
    seed = checked_integer("seed", seed, 0, 2**128 - 1)
    workers = checked_integer("workers", workers, 1, 1024)
    problem = Problem.of(setting)
    check_defaults(setting, "the simulation", "evaluation", "step_rule", "feature_law")
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        start = starting_weights(problem)
    if step_size is None:
        step_size = risk_of(problem, start).step_size
    step_size = checked_number("step_size", step_size)
    return estimates(
        problem,
        start,
        prompts,
        method=method,
        step_size=step_size,
        seed=seed,
        workers=workers,
        scheduler=scheduler,
        spread=_prompt_spread(problem, start, method, step_size),
    )


def estimates(
    problem: Problem,
    start: StartingWeights,
    prompts: int,
    *,
    method: str,
    step_size: float,
    seed: int,
    workers: int = 1,
    scheduler: str | None = None,
    spread: tuple[float, float] | None = None,
) -> Iterator[SimulatedRisk]:
    """Yield the estimate of `simulate` after every chunk of prompts, for a reduced setting.

    It has an interval where the spread of a prompt is given, in the problem's units: its exact
    variance, and what rounding may do to its mean.
    """
    of = literal_of if method == "literal" else functools.partial(fast_sampler_of, method=method)
    simulator: LiteralSimulator | SimulatorInLaw = rescaled(of(problem, start), problem)
    provenance = Provenance()
    chunks = run(
        simulator.coefficients,
        prompts,
        seed,
        simulator.prompts_per_chunk,
        workers,
        scheduler,
        provenance,
    )
    return _estimates(chunks, problem, step_size, method, seed, provenance, spread)


def _prompt_spread(
    problem: Problem, start: StartingWeights, method: str, step_size: float
) -> tuple[float, float] | None:
    """Return the exact variance of what one prompt yields, and what rounding does to its mean.

    Both are in the problem's units.
    """
    is_hidden = problem.setting.fixed_task.any() and not problem.task.any()
    if problem.setting.dim > _LARGEST_VARIANCE_DIM or is_hidden:
        return None
    # Here, as it takes SciPy's linear algebra, which is slow to import.
    from ttt_theory.linear.simulation.second_moments import (
        conditional_risk_variance,
        risk_mean,
        risk_variance,
    )

    # All methods draw the same law, of which the conditional one takes expectations.
    simulator = rescaled(fast_sampler_of(problem, start, "sufficient"), problem)
    moved = dataclasses.replace(
        simulator,
        feature_covariance=_Stored(moved_entries(dense(simulator.feature_covariance.matrix()))),
        task=moved_vector(simulator.task),
        weights=moved_vector(dense(simulator.weights)),
    )
    with np.errstate(all="ignore"):
        step = float(np.ldexp(step_size, problem.step_exponent))
        try:
            variance = (
                conditional_risk_variance(simulator, step)
                if method == "conditional"
                else risk_variance(simulator, QUERIES, step)
            )
            rounding = abs(risk_mean(moved, step) - risk_mean(simulator, step))
        except (ArithmeticError, ValueError):
            return None
    return (variance, rounding) if math.isfinite(variance + rounding) else None


def _interval(
    mean: float, spread: tuple[float, float] | None, prompts: int, problem: Problem
) -> tuple[float, float] | None:
    if spread is None:
        return None
    variance, rounding = spread
    reach = math.sqrt(variance / (_MISS_RATE * prompts)) + rounding + _ROUND_OFF * abs(mean)
    try:
        low = math.ldexp(max(mean - reach, 0.0), problem.label_exponent)
        high = math.ldexp(mean + reach, problem.label_exponent)
    except OverflowError:
        return None
    return low, high


def _estimates(
    chunks: Iterator[Moments],
    problem: Problem,
    step_size: float,
    method: str,
    seed: int,
    provenance: Provenance,
    prompt_spread: tuple[float, float] | None,
) -> Iterator[SimulatedRisk]:
    start = time.perf_counter()
    total: Moments | None = None
    for chunk in chunks:
        with np.errstate(all="ignore"):
            total = chunk if total is None else total.merged(chunk)
        mean, variance = _moments(total, problem, step_size)
        yield SimulatedRisk(
            mean=_in_range("the simulated risk at this step size", mean, problem),
            standard_error=_in_range("its standard error", math.sqrt(variance), problem)
            if total.draws > 1
            else math.nan,
            prompts=total.draws,
            step_size=step_size,
            method=method,
            seed=seed,
            seconds=time.perf_counter() - start,
            versions=provenance.versions or {},
            interval=_interval(mean, prompt_spread, total.draws, problem),
        )


def _moments(total: Moments, problem: Problem, step_size: float) -> tuple[float, float]:
    """Return the mean and its variance, in the units of the problem."""
    count = total.draws
    with np.errstate(all="ignore"):
        step = np.ldexp(step_size, problem.step_exponent)
        powers = np.array([1.0, -step, step * step])
        mean = float(powers @ total.mean)
        # Not max(), which takes what is not a number for a zero.
        scatter = float(np.maximum(powers @ total.scatter @ powers, 0.0))
    return mean, scatter / (max(count - 1, 1) * count)


def _in_range(name: str, value: float, problem: Problem) -> float:
    """Return a risk in the setting's own units, unless float64 cannot hold it."""
    try:
        result = math.ldexp(value, problem.label_exponent)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result) or (value != 0.0 and abs(result) < sys.float_info.min):
        raise OutOfRangeError(name, result)
    return result
