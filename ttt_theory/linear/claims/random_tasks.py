"""One step size for tasks that are random."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.claims.claim import Claim, statistical_tests
from ttt_theory.covariance import Dense, Isotropic
from ttt_theory.evidence.algebra import identity, indeterminates, proof
from ttt_theory.evidence.quadrature import gaussian_rule
from ttt_theory.evidence.record import ROUND_OFF, Evidence, EvidenceKind
from ttt_theory.evidence.simulated_means import equivalence
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import isotropic, random_task
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.random_task import RandomTask
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.simulation.second_moments import second_moments
from ttt_theory.linear.witnesses.comparison import risk_agrees
from ttt_theory.linear.witnesses.every_outcome import (
    NOISE,
    exact_array,
    gaussian_atoms,
    risk_of_all_outcomes,
    vectors,
)
from ttt_theory.linear.witnesses.exact_average import exact_coefficients
from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.simulation.literal import LiteralSimulator

__all__ = ["CLAIMS"]

_MEANS = ((Fraction(1, 2),), (2, -1), (1, 0, 3), (1, 1, -2, 0))
_ROOT = Fraction(2, 3)
"""√v of the tasks N(μ, vI)."""

_LINE_WEIGHT, _LINE_MEAN, _NOISE_VARIANCE = Fraction(1, 10), Fraction(1, 2), 3

_FEATURES = Dense(np.array([[2.0, 0.6], [0.6, 1.0]]))
_TASKS = RandomTask([1.0, -0.5], Dense(np.array([[0.5, -0.3], [-0.3, 1.0]])))
_WEIGHTS = DenseWeights(np.array([[0.2, -0.1], [0.15, 0.1]]))
_PLANE = Setting(1, 1, _FEATURES, Isotropic(2), _TASKS, initialization=_WEIGHTS)
_LINE = Setting(
    1,
    2,
    Isotropic(1, scale=1.5),
    Isotropic(1),
    RandomTask([0.5], Isotropic(1, scale=2.0)),
    0.75,
    DenseWeights(np.array([[0.2]])),
)
_SIMULATED = dataclasses.replace(
    _PLANE,
    context_length=12,
    test_samples=6,
    task=RandomTask([1.0, -0.5], Dense(np.array([[1.0, 0.5], [0.5, 0.25]]))),
    noise_variance=0.5,
    initialization=DenseWeights(np.array([[0.012, -0.004], [0.002, 0.015]])),
)


def _moments(dim: Any, mean_square: Any, variance: Any) -> list[Any]:
    """Return E‖β‖², E‖β‖⁴ and E‖β‖⁶ of tasks N(μ, vI)."""
    arguments = dim, mean_square, variance
    return [
        random_task.square_moment_1(*arguments),
        random_task.square_moment_2(*arguments),
        random_task.square_moment_3(*arguments),
    ]


def _square_moments(_: Effort) -> list[Evidence]:
    """Average the powers of ‖β‖² over exact nodes of every entry of the task."""
    return [
        proof(
            f"d = {len(mean)}: E‖β‖², E‖β‖⁴, E‖β‖⁶ of tasks N(μ, {_ROOT**2}·I), over exact nodes",
            _moments(Fraction(len(mean)), Fraction(sum(x**2 for x in mean)), _ROOT**2)
            == [
                sum(chance * square**power for square, chance in _squares(mean).items())
                for power in (1, 2, 3)
            ],
        )
        for mean in _MEANS
    ]


@cache
def _squares(mean: tuple[Any, ...]) -> dict[Any, Any]:
    """Return the values of ‖μ + √v z‖² with their probabilities, entry after entry."""
    atoms, law = gaussian_atoms(), {Fraction(0): Fraction(1)}
    for centre in mean:
        longer: defaultdict[Fraction, Fraction] = defaultdict(Fraction)
        for square, chance in law.items():
            for value, weight in atoms:
                longer[square + (centre + _ROOT * value) ** 2] += chance * weight
        law = dict(longer)
    return law


def _share(_: Effort) -> list[Evidence]:
    n, k, d, v, w = indeterminates("n k d v w")
    moments = _moments(d, 0 * d, v)
    linear = random_task.linear(n, k, d, w, 0, *moments[:2])
    quadratic = random_task.quadratic(n, k, d, w, 0, *moments)
    one, many = (
        (isotropic.linear(n, k, d, square, 0, w), isotropic.quadratic(n, k, d, square, 0, w))
        for square in (1, d * v)
    )
    return [
        identity(
            "no noise, β ~ N(0, vI), any start wI and any n and k: the improvement is "
            "(d+2)/(d+4) of that for a fixed task with ‖β‖² = dv",
            linear**2 * many[1] / (quadratic * many[0] ** 2),
            (d + 2) / (d + 4),
        ),
        identity(
            "and η* is d/(d+4) of its own",
            linear * many[1] / (quadratic * many[0]),
            d / (d + 4),
        ),
        identity(
            "the compiled shares are these",
            random_task.improvement_share(d) * (d + 4) + random_task.step_share(d) * w * (d + 4),
            d + 2 + d * w,
        ),
        identity(
            "steps that know ‖β‖² gain what that fixed task does, as its improvement is a multiple "
            "of ‖β‖²: one step for all loses 2/(d+4) of it",
            many[0] ** 2 / many[1],
            moments[0] * one[0] ** 2 / one[1],
        ),
    ]


def _all_outcomes(_: Effort) -> list[Evidence]:
    """Add up all tasks, contexts, test samples and fresh prompts in one dimension."""
    one = Fraction(1)
    moments = _moments(one, _LINE_MEAN**2, _ROOT**2)
    arguments = one, _LINE_WEIGHT, Fraction(_NOISE_VARIANCE)
    found = (
        random_task.constant(one, *arguments, moments[0]),
        random_task.linear(one, one, *arguments, *moments[:2]),
        random_task.quadratic(one, one, *arguments, *moments),
    )
    return [
        proof(
            f"n = k = d = 1, σ² = {_NOISE_VARIANCE}: c0, c1 and c2 are those of all outcomes added "
            "up, tasks included",
            found == _outcomes(),
            outcomes=[str(each) for each in _outcomes()],
        )
    ]


@cache
def _outcomes() -> tuple[Any, ...]:
    """Average c0, c1 and c2 over the task; no formula has a part in it."""
    features = list(vectors(gaussian_atoms(), 1))
    weights = exact_array([[_LINE_WEIGHT]])
    totals = np.array([Fraction(0)] * 3)
    for value, chance in gaussian_atoms():
        task = exact_array([_LINE_MEAN + _ROOT * value])
        outcomes = risk_of_all_outcomes(features, NOISE, 1, 1, weights, task)
        totals = totals + chance * np.array(outcomes)
    return tuple(totals)


def _any_law(_: Effort) -> list[Evidence]:
    """Take tasks of two lengths, so that the moments are any that three numbers can be."""
    n, k, d, noise, w, one, other, share = indeterminates("n k d sigma2 w x y p")
    rest = 1 - share
    moments = [share * one**power + rest * other**power for power in (1, 2, 3)]

    def mean(formula: Any, *sizes: Any) -> Any:
        return share * formula(*sizes, one, noise, w) + rest * formula(*sizes, other, noise, w)

    return [
        identity(
            f"{name} for tasks of ‖β‖² = x or y, with any probabilities, is the mean of those for "
            "either",
            found,
            expected,
        )
        for name, found, expected in (
            (
                "c0",
                random_task.constant(n, d, w, noise, moments[0]),
                mean(isotropic.constant, n, d),
            ),
            (
                "c1",
                random_task.linear(n, k, d, w, noise, *moments[:2]),
                mean(isotropic.linear, n, k, d),
            ),
            (
                "c2",
                random_task.quadratic(n, k, d, w, noise, *moments),
                mean(isotropic.quadratic, n, k, d),
            ),
        )
    ]


def _literal_averages(_: Effort) -> list[Evidence]:
    return [
        risk_agrees(
            EvidenceKind.EXACT_AVERAGE,
            f"{name}: the literal simulator's expectation, averaged over the tasks, is the exact "
            "risk",
            setting,
            _averaged(setting, exact_coefficients, 4),
        )
        for name, setting in {
            "n = k = 1, d = 2, nothing commutes": _PLANE,
            "n = 1, k = 2, d = 1, noise": _LINE,
        }.items()
    ]


def _averaged(
    setting: Setting, quantity: Callable[[LiteralSimulator], FloatArray], nodes: int
) -> FloatArray:
    """Average over the tasks what is known of a fixed one; m nodes are exact to degree 2m − 1."""
    simulator, tasks = literal_simulator(setting), setting.task
    assert isinstance(tasks, RandomTask)
    variances, axes = np.linalg.eigh(dense(tasks.covariance.matrix()))
    # A direction without variance needs no nodes.
    root = (axes * np.sqrt(np.abs(variances)))[:, variances > ROUND_OFF * variances[-1]]
    points, weights = gaussian_rule([nodes] * root.shape[1])
    values = [
        quantity(dataclasses.replace(simulator, task=task)) for task in tasks.mean + points @ root.T
    ]
    return np.asarray(weights @ np.array(values))


@statistical_tests(2)
def _simulation(effort: Effort) -> list[Evidence]:
    """Simulate c0 and c1 at a larger size; c2 has heavy tails, and is averaged exactly above."""
    risk, simulator = one_step_risk(_SIMULATED), literal_simulator(_SIMULATED)

    def squares(fixed: LiteralSimulator) -> FloatArray:
        return second_moments(fixed, QUERIES)[:2]

    names = ("constant", "linear")
    return equivalence(
        [
            f"n = 12, k = 6, d = 2, noise, tasks on a line: the literal simulator's {name}"
            for name in names
        ],
        lambda count, rng: simulator.coefficients(count, rng)[:, :2],
        [risk.constant, risk.linear],
        # Of degree eight in the task.
        _averaged(_SIMULATED, squares, 5),
        dataclasses.replace(effort, numbers=effort.numbers // 40),
        numbers_per_draw=simulator.numbers_per_prompt,
        quantities=names,
    )


CLAIMS = (
    Claim(
        id="random-tasks",
        title="One step size for tasks that are random",
        source="ours",
        statement=(
            "For tasks β ~ N(μ, Γ) and one step size for all of them the risk is exact for every "
            "Σ_x. For Σ_x = I and W = wI it depends on the law of the task by E‖β‖², E‖β‖⁴ and "
            "E‖β‖⁶ alone; for N(0, vI) and without noise the improvement is (d+2)/(d+4) of that "
            "for a fixed task of the same mean square, from any start, at any n and k."
        ),
        formulas=exactly(*(getattr(random_task, name) for name in random_task.__all__)),
        evidence=(
            _square_moments,
            _all_outcomes,
            _share,
            _any_law,
            _literal_averages,
            _simulation,
        ),
    ),
)
