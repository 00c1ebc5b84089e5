"""Monte Carlo of a setting's risk after one step, or after several."""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ttt_theory.checks import checked_array, checked_integer, checked_number
from ttt_theory.covariance import Covariance
from ttt_theory.errors import InvalidSettingError, OutOfRangeError
from ttt_theory.execution import Provenance
from ttt_theory.linear.exact.fresh_context import risk_of
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.weights import original_weights, starting_weights
from ttt_theory.linear.setting.random_task import RandomTask, fixed_task
from ttt_theory.linear.setting.setting import check_defaults, checked_setting, departures
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.data_vector import SimulatorInLaw
from ttt_theory.linear.simulation.literal import QUERIES, LiteralSimulator, prompt_size
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.sampling.moments import Sampler
from ttt_theory.sampling.runner import run
from ttt_theory.structured.base import dense
from ttt_theory.structured.last_bits import moved_entries, moved_vector

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.sampling.moments import Moments
    from ttt_theory.structured.base import Matrix

__all__ = [
    "METHODS",
    "SimulatedRisk",
    "Steps",
    "estimates",
    "exact_risk",
    "fast_sampler_of",
    "literal_of",
    "literal_simulator",
    "one_step",
    "problem_of",
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
_LAST_BITS = 2.0**-46

_Simulator = TypeVar(
    "_Simulator", LiteralSimulator, SimulatorInLaw, LiteralSimulator | SimulatorInLaw
)


@dataclass(frozen=True)
class SimulatedRisk:
    """A Monte Carlo estimate of the risk after one step, or after several.

    Attributes
    ----------
    mean, standard_error : float
        Of the squared error over the prompts, after the last step; the standard error is NaN for a
        single prompt.  With the conditional method, of its expectation given the context.  The
        standard error is that of the prompts drawn: where tails are heavy, at few samples in few
        dimensions or after several steps, it is mostly too small, and the mean plus and minus two
        of it covers far less than 95 % of the time.
    prompts : int
        Number of independent prompts behind them.
    step_size : float or None
        The step; None where `step_sizes` were given.
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
        changes by when the arrays are moved by their last bits; cut off at 0.  None where float64
        does not hold the variance, or the task's part in the labels, and where the variance is not
        known: beyond 64 dimensions, and for several steps or settings that leave the paper's,
        unless the method is conditional, Σ_x and W multiples of I, the steps plain and the task
        fixed.
    step_sizes : tuple of float, optional
        The t steps, in their order; None where one `step_size` was asked for.
    risks : tuple of float, optional
        The t + 1 mean squared errors after 0, 1, …, t of them, of which `mean` is the last.
    """

    mean: float
    standard_error: float
    prompts: int
    step_size: float | None
    method: str
    seed: int
    seconds: float
    versions: dict[str, str]
    interval: tuple[float, float] | None = None
    step_sizes: tuple[float, ...] | None = None
    risks: tuple[float, ...] | None = None


def problem_of(setting: Setting) -> Problem:
    """Return the problem of a setting, for its units and starting weights.

    Of a random task neither depends on more than its size, for which one of a typical size stands.
    """
    task = checked_setting(setting).task
    if not isinstance(task, RandomTask):
        return Problem.of(setting)
    typical = task.mean + np.sqrt(task.covariance.matrix().diagonal())
    problem = Problem.of(dataclasses.replace(setting, task=typical))
    return dataclasses.replace(problem, setting=setting)


def literal_simulator(setting: Setting) -> LiteralSimulator:
    """Return the literal simulator of a setting, its starting weights computed.

    Raises
    ------
    InvalidSettingError
        If one prompt is too large to simulate literally.
    """
    problem = problem_of(setting)
    return literal_of(problem, starting_weights(problem))


def literal_of(problem: Problem, start: StartingWeights) -> LiteralSimulator:
    """Return `literal_simulator` of a setting that has been reduced to a problem already."""
    setting = problem.setting
    prompt_size(setting.context_length, setting.test_samples, setting.dim)
    return LiteralSimulator(
        setting.context_length,
        setting.test_samples,
        setting.feature_covariance,
        setting.task,
        setting.noise_variance,
        dense(original_weights(problem, start)),
        setting.evaluation,
        setting.step_rule,
        setting.feature_law,
    )


def fast_sampler_of(problem: Problem, start: StartingWeights, method: str) -> SimulatorInLaw:
    """Return the sampler of data vectors of a method, in the setting's own units.

    Raises
    ------
    InvalidSettingError
        If the features are not Gaussian.
    """
    setting = problem.setting
    check_defaults(setting, f"the method {method}", "feature_law")
    kind = SufficientSimulator if method == "sufficient" else ConditionalSimulator
    return kind(
        setting.context_length,
        setting.test_samples,
        setting.feature_covariance,
        setting.task,
        setting.noise_variance,
        original_weights(problem, start),
        setting.evaluation,
        setting.step_rule,
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
    covariance, task = simulator.feature_covariance, simulator.task
    if isinstance(task, RandomTask):
        spread = _Rescaled(task.covariance, labels - features)
        task = RandomTask(np.ldexp(task.mean, (features - labels) // 2), spread)
    else:
        # A task that shows in the labels by round-off alone is none.
        task = np.ldexp(task, (features - labels) // 2) * bool(np.any(problem.task))
    return dataclasses.replace(
        simulator,
        feature_covariance=_Rescaled(covariance, features) if features else covariance,
        task=task,
        noise_variance=math.ldexp(simulator.noise_variance, -labels),
        weights=simulator.weights * problem.feature_scale,
    )


def simulate(
    setting: Setting,
    prompts: int,
    *,
    method: str = "literal",
    step_size: float | None = None,
    step_sizes: Sequence[float] | None = None,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
) -> SimulatedRisk:
    """Estimate the risk after one step, or after several, by simulating prompts.

    Parameters
    ----------
    setting : Setting
        Of any evaluation, step rule, task and feature law.
    prompts : int
        Number of independent prompts.
    method : str
        ``"literal"``: every prompt is simulated from its definition, with its own task if it is
        random, context, test samples, fresh context and 8 fresh queries, step by step, at
        O((2n + k)d + d²), and 1 GiB at most, a prompt.  ``"sufficient"``: the same law, through
        the vectors that the samples enter by, at O(d) a prompt whatever n and k; for one step and
        Gaussian features.  ``"conditional"``: only the context's vector is drawn, and the task if
        it is random, and the expectation given them is exact, which leaves much less variance; for
        Gaussian features, and for one step unless Σ_x and W are multiples of I.  At few samples in
        few dimensions its tails are as heavy as the others', and so rarely seen that
        `standard_error` is too small; `interval` is not.
    step_size : float, optional
        η of one step; the exact optimum if neither this nor `step_sizes` is given.
    step_sizes : sequence of float, optional
        Those of several steps on the same test samples and the same context, in their order; up to
        1000, with the conditional method up to 16.
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
        If an argument is out of range, one prompt too large to simulate, the setting or the number
        of steps beyond the method, or no step is given and the optimum not known.
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
    >>> several = ttt.simulate(setting, 20_000, step_sizes=[1e-5, 5e-6])
    >>> len(several.risks), several.risks[2] == several.mean
    (3, True)
    """
    estimates = simulation_steps(
        setting,
        prompts,
        method=method,
        step_size=step_size,
        step_sizes=step_sizes,
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
    step_sizes: Sequence[float] | None = None,
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
    if step_sizes is not None and step_size is not None:
        raise InvalidSettingError("step_size", step_size, "give either it or step_sizes")
    problem = problem_of(setting)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        start = starting_weights(problem)
    steps = (
        Steps.several(step_sizes) if step_sizes is not None else one_step(problem, start, step_size)
    )
    return estimates(
        problem,
        start,
        prompts,
        method=method,
        steps=steps,
        seed=seed,
        workers=workers,
        scheduler=scheduler,
        spread=_prompt_spread(problem, start, method, steps),
    )


@dataclass(frozen=True)
class Steps:
    """The steps that are simulated.

    Attributes
    ----------
    sizes : tuple of float
    are_listed : bool
        Whether they were given as `step_sizes`, so that the risks along the way are wanted.
    """

    sizes: tuple[float, ...]
    are_listed: bool

    @classmethod
    def several(cls, sizes: Sequence[float]) -> Steps:
        """Return steps that are given one by one."""
        return cls(tuple(checked_array("step_sizes", sizes, 1).tolist()), are_listed=True)


def exact_risk(problem: Problem, start: StartingWeights) -> OneStepRisk:
    """Return `one_step_risk` of a setting that has been reduced to a problem, whatever its kind."""
    setting = problem.setting
    return one_step_risk(setting) if departures(setting) else risk_of(problem, start)


def one_step(problem: Problem, start: StartingWeights, step_size: float | None) -> Steps:
    """Return one step, of the exact optimum's size if none is given.

    Raises
    ------
    InvalidSettingError
        If it is not a finite number, or is not given and the optimum is not known.
    """
    if step_size is None:
        try:
            step_size = exact_risk(problem, start).step_size
        except InvalidSettingError as error:
            if not departures(problem.setting):
                raise
            remedy = f"give one, --step-size in a command, since {error.field}: {error.remedy}"
            raise InvalidSettingError("step_size", step_size, remedy) from error
    return Steps((checked_number("step_size", step_size),), are_listed=False)


def estimates(
    problem: Problem,
    start: StartingWeights,
    prompts: int,
    *,
    method: str,
    steps: Steps,
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
    count = len(steps.sizes)
    if count > simulator.most_steps:
        other = ": use literal" if method != "literal" else ""
        remedy = f"the method {method} takes {simulator.most_steps} of them at most here{other}"
        raise InvalidSettingError("step_sizes", count, remedy)
    with np.errstate(all="ignore"):
        sizes = np.ldexp(steps.sizes, _step_exponent(problem))
        powers = np.array([1.0, -sizes[0], sizes[0] * sizes[0]])
    sampler: Sampler
    if steps.are_listed:
        sampler, readings = (
            functools.partial(simulator.squared_errors, sizes.tolist()),
            np.eye(count + 1),
        )
    else:
        # What is drawn is the whole curve.
        sampler, readings = simulator.coefficients, powers[np.newaxis]
    provenance = Provenance()
    chunks = run(
        sampler, prompts, seed, simulator.prompts_per_chunk, workers, scheduler, provenance
    )
    return _estimates(chunks, readings, problem, steps, method, seed, provenance, spread)


def _step_exponent(problem: Problem) -> int:
    """Return the power of two by which a step size is multiplied in the problem's units."""
    is_plain = problem.setting.step_rule == "plain"
    return problem.step_exponent if is_plain else problem.feature_exponent


def _prompt_spread(
    problem: Problem, start: StartingWeights, method: str, steps: Steps
) -> tuple[float, float] | None:
    """Return the exact variance of what one prompt yields, and what rounding does to its mean.

    Both are in the problem's units.
    """
    setting = problem.setting
    if isinstance(setting.task, RandomTask) or (setting.task.any() and not problem.task.any()):
        return None
    if departures(setting) or len(steps.sizes) > 1:
        return _spread_by_nodes(problem, start, steps) if method == "conditional" else None
    if setting.dim > _LARGEST_VARIANCE_DIM:
        return None
    # Here, as it takes SciPy's linear algebra, which is slow to import.
    from ttt_theory.linear.simulation.second_moments import (
        conditional_risk_variance,
        risk_mean,
        risk_variance,
    )

    # All methods draw the same law, of which the conditional one takes expectations.
    simulator = rescaled(fast_sampler_of(problem, start, "sufficient"), problem)
    task = fixed_task(simulator.task)
    moved = dataclasses.replace(
        simulator,
        feature_covariance=_Stored(moved_entries(dense(simulator.feature_covariance.matrix()))),
        task=moved_vector(task),
        weights=moved_vector(dense(simulator.weights)),
    )
    with np.errstate(all="ignore"):
        [step] = np.ldexp(steps.sizes, _step_exponent(problem))
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


def _spread_by_nodes(
    problem: Problem, start: StartingWeights, steps: Steps
) -> tuple[float, float] | None:
    """Do as `_prompt_spread` for the conditional method, where the prompts are isotropic.

    What is drawn is then a polynomial in at most three numbers, averaged at the nodes of a rule.
    """
    setting = problem.setting
    if departures(setting).keys() & {"step_rule", "feature_law"}:
        return None
    simulator = rescaled(fast_sampler_of(problem, start, "conditional"), problem)
    moved = dataclasses.replace(simulator, weights=simulator.weights * (1.0 + _LAST_BITS))
    count = len(steps.sizes)
    if not count <= simulator.most_steps > 1:
        return None
    # Here, as it takes SciPy's linear algebra, which is slow to import.
    from ttt_theory.evidence.quadrature import NodeGenerator

    # Of degree 4t + 2 in u, twice that in the square, with m nodes for degree 2m − 1.
    degree = 8 * count + 4
    nodes = [degree // 2 + 1] * (2 if setting.noise_variance > 0.0 else 1)
    if setting.dim > 1:
        nodes.append(degree // 4 + 1)
    with np.errstate(all="ignore"):
        sizes = np.ldexp(steps.sizes, _step_exponent(problem)).tolist()
        means = []
        for each in (moved, simulator):
            rng = NodeGenerator(nodes)
            risks = each.squared_errors(sizes, rng.draws, rng)[:, -1]
            means.append(float(rng.average(risks)))
        variance = float(rng.average((risks - means[-1]) ** 2))
        rounding = abs(means[0] - means[1])
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
    readings: FloatArray,
    problem: Problem,
    steps: Steps,
    method: str,
    seed: int,
    provenance: Provenance,
    prompt_spread: tuple[float, float] | None,
) -> Iterator[SimulatedRisk]:
    """Yield the estimates, with the risks as combinations `readings` of what was drawn."""
    started = time.perf_counter()
    total: Moments | None = None
    for chunk in chunks:
        with np.errstate(all="ignore"):
            total = chunk if total is None else total.merged(chunk)
        risks, variance = _moments(total, readings)
        mean = _in_range("the simulated risk at this step size", risks[-1], problem)
        yield SimulatedRisk(
            mean=mean,
            standard_error=_in_range("its standard error", math.sqrt(variance), problem)
            if total.draws > 1
            else math.nan,
            prompts=total.draws,
            step_size=None if steps.are_listed else steps.sizes[0],
            method=method,
            seed=seed,
            seconds=time.perf_counter() - started,
            versions=provenance.versions or {},
            interval=_interval(risks[-1], prompt_spread, total.draws, problem),
            step_sizes=steps.sizes if steps.are_listed else None,
            risks=tuple(
                _in_range("the simulated risk at these steps", risk, problem) for risk in risks
            )
            if steps.are_listed
            else None,
        )


def _moments(total: Moments, readings: FloatArray) -> tuple[list[float], float]:
    """Return the mean risks and the variance of the last one, in the units of the problem."""
    count, last = total.draws, readings[-1]
    with np.errstate(all="ignore"):
        risks = (readings @ total.mean).tolist()
        # Not max(), which takes what is not a number for a zero.
        scatter = float(np.maximum(last @ total.scatter @ last, 0.0))
    return risks, scatter / (max(count - 1, 1) * count)


def _in_range(name: str, value: float, problem: Problem) -> float:
    """Return a risk in the setting's own units, unless float64 cannot hold it."""
    try:
        result = math.ldexp(value, problem.label_exponent)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result) or (value != 0.0 and abs(result) < sys.float_info.min):
        raise OutOfRangeError(name, result)
    return result
