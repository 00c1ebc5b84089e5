"""The risk where the system answers on the prompt that it was trained on."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.claims.claim import Claim, statistical_tests
from ttt_theory.covariance import Dense
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, agreement
from ttt_theory.evidence.simulated_means import equivalence
from ttt_theory.linear.claims.stating import exactly, in_proportion, to_leading_order
from ttt_theory.linear.closed_form import isotropic_squares, pretraining, same_context
from ttt_theory.linear.exact.isotropic_descent import (
    ContextMoments,
    ErrorMoments,
    isotropic_descent,
)
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.examples import DENSE_START
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.simulation.second_moments import same_context_second_moments
from ttt_theory.linear.witnesses.multiplied_out import Samples, multiplied_out
from ttt_theory.linear.witnesses.simulated_risk import COEFFICIENTS

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

_HALF, _THIRD, _FIFTH = Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)


def _coefficients(
    n: Any, k: Any, d: Any, square: Any, noise: Any, weight: Any, bias: Any, unit: Any = 1
) -> tuple[Any, Any, Any]:
    """Return c0, c1 and c2 times the square of the unit that w and 1 − nw are given in."""
    start = (n, d, square, noise, weight, bias)
    in_units = noise * unit**2
    return (
        isotropic_squares.constant(n, d, square, in_units, square + noise, weight, bias),
        same_context.linear(k, same_context.error_moment_1(*start)),
        same_context.quadratic(
            k,
            d,
            in_units,
            same_context.error_moment_2(*start),
            same_context.size_moment_2(n, d, square, noise),
        ),
    )


def _by_definition(_: Effort) -> list[Evidence]:
    evidence = []
    for samples in (
        Samples(2, 1, ((1, 0), (0, 1)), (1, -2), _HALF, ((_FIFTH, 0), (0, _FIFTH))),
        Samples(1, 2, ((1,),), (3,), _THIRD, ((_FIFTH,),)),
        Samples(3, 2, ((1, 0), (0, 1)), (2, 1), 0, ((_THIRD, 0), (0, _THIRD))),
    ):
        n, d, weight = samples.context_length, len(samples.task), samples.weights[0][0]
        constant, linear, quadratic = _coefficients(
            n,
            samples.test_samples,
            d,
            sum(each**2 for each in samples.task),
            samples.noise**2,
            weight,
            1 - n * weight,
        )
        stated: dict[tuple[int, ...], Any] = {(0,): constant, (1,): -linear, (2,): quadratic}
        expected = multiplied_out(samples, 1, "same")
        evidence.append(
            proof(
                f"d = {d}, n = {n}, k = {samples.test_samples}: the simulator's step, multiplied "
                "out and averaged on its own context, leaves the exact risk",
                all(
                    Fraction(int(value.p), int(value.q)) == stated[powers]
                    for powers, value in expected.items()
                ),
            )
        )
    return evidence


def _at_all_sizes(_: Effort) -> list[Evidence]:
    n, k, d, square, noise, weight = indeterminates("n k d beta2 sigma2 w")
    _, linear, quadratic = _coefficients(n, k, d, square, noise, weight, 1 - n * weight)
    gradient = square * (1 - (n + 2) * weight) - noise * weight
    context = ContextMoments(n, d, square, noise)
    errors = ErrorMoments(context, weight, 1 - n * weight, gradient)
    curve = isotropic_descent(errors, k, 1, "same").curve
    return [
        identity("c1 is that of one of several steps, at all sizes", linear, curve.linear),
        identity("and so is c2", quadratic, curve.quadratic),
    ]


def _starts(_: Effort) -> list[Evidence]:
    n, k, d, square = indeterminates("n k d beta2")
    evidence = []
    for name, weight, improvement in (
        ("warm", pretraining.isotropic_weight(n, d, 0), same_context.warm_improvement),
        ("cold", 0 * d, same_context.cold_improvement),
    ):
        _, linear, quadratic = _coefficients(n, k, d, square, 0 * d, weight, 1 - n * weight)
        evidence.append(
            identity(
                f"{name} start, no noise: c1²/(4c2) is the improvement",
                linear**2 / (4 * quadratic),
                improvement(n, k, d, square),
            )
        )
    return evidence


def _limits(_: Effort) -> list[Evidence]:
    growing, d = in_proportion()
    n, k, square = (growing[name] for name in ("context_length", "test_samples", "task_square"))
    return [
        limit(
            "warm start: the improvement tends to ‖β‖²·k/(k+d)·d/(n+d)",
            same_context.warm_improvement(n, k, d, square),
            same_context.leading_warm_improvement(n, k, d, square),
            variable=d,
        ),
        limit(
            "cold start: to ‖β‖²·k/(k+d)",
            same_context.cold_improvement(n, k, d, square),
            same_context.leading_cold_improvement(k, d, square),
            variable=d,
        ),
    ]


def _after(n: Any, k: Any, d: Any, square: Any, noise: Any, start: str) -> tuple[Any, Any]:
    """Return numerator and denominator of the risk after the best step, neither of them a fraction.

    The warm start is pretrained on N(0, ‖β‖²/d·I), tasks of the test task's length, at the same n
    and σ².
    """
    # w = 1/(n + 1 + d + dσ²/‖β‖²), in the unit of its denominator.
    unit = square * (n + d + 1) + d * noise if start == "warm" else square**0
    weight = square if start == "warm" else 0 * square
    constant, linear, quadratic = _coefficients(
        n, k, d, square, noise, weight, unit - n * weight, unit
    )
    linear, quadratic = linear / k, quadratic / k
    return 4 * quadratic * constant - k * linear**2, 4 * quadratic * unit**2


def _excess(one: tuple[Any, Any], other: tuple[Any, Any]) -> Any:
    """Return a difference of fractions times both denominators, which are positive."""
    return one[0] * other[1] - other[0] * one[1]


def _neither_effect(_: Effort) -> list[Evidence]:
    a, b, c = indeterminates("a b c")
    n, k, d, square, none = 1 + a, 1 + b, 1 + c, 1 + 0 * a, 0 * a
    warm, cold, longer = (
        _after(n, k, d, square, none, "warm"),
        _after(n, k, d, square, none, "cold"),
        _after(n + 1, k, d, square, none, "warm"),
    )
    return [
        positive(
            "no noise: after the best step the cold start leaves more than the warm one, at every "
            "n, k, d ≥ 1",
            _excess(cold, warm),
        ),
        positive(
            "and the warm start less with every example in its context", _excess(warm, longer)
        ),
    ]


def _neither_effect_with_noise(effort: Effort) -> list[Evidence]:
    """Split at a ratio of σ² to ‖β‖², on either side of which all terms have one sign."""
    a, b, c, x = indeterminates("a b c x")
    n, k, d = 1 + a, 1 + b, 1 + c
    one = 1 + 0 * x
    crossing = [
        _excess(_after(n, k, d, *ratio, "cold"), _after(n, k, d, *ratio, "warm"))
        for ratio in ((one, 3 + x), (1 + x, 3 * one))
    ]
    evidence = [
        positive(
            "with noise, tasks of the right length in the prior: the cold start leaves more than "
            "the warm one (σ² ≥ 3‖β‖² and σ² ≤ 3‖β‖²)",
            *crossing,
        )
    ]
    if not effort.quick:
        falling = [
            _excess(_after(n, k, d, *ratio, "warm"), _after(n + 1, k, d, *ratio, "warm"))
            for ratio in ((one, n * (1 + x)), (1 + x, n))
        ]
        evidence.append(
            positive(
                "and the warm start less with every example in its context (σ² ≥ n‖β‖² and "
                "σ² ≤ n‖β‖²)",
                *falling,
            )
        )
    return evidence


def _prior_too_long(_: Effort) -> list[Evidence]:
    """Show both effects at n, k, d = 20, 40, 40 for a prior of forty times the task's square."""
    n, k, d, noise = (Fraction(each) for each in (20, 40, 40, 5))

    def after(length: Fraction, weight: Fraction) -> Fraction:
        constant, linear, quadratic = _coefficients(
            length, k, d, Fraction(1), noise, weight, 1 - length * weight
        )
        result: Fraction = constant - linear**2 / (4 * quadratic)
        return result

    warm, longer = (
        after(length, pretraining.isotropic_weight(length, d, noise)) for length in (n, n + 1)
    )
    cold = after(n, Fraction(0))
    return [
        proof(
            "n, k, d = 20, 40, 40, σ² = 5‖β‖², but Σ_β = ‖β‖²I, tasks too long: the cold start "
            "leaves less than the warm one, and that more with one example more",
            cold < warm < longer,
            cold=float(cold),
            warm=float(warm),
            longer=float(longer),
        )
    ]


def _any_covariance(_: Effort) -> list[Evidence]:
    """Compare what the package returns with the simulator multiplied out; nothing commutes."""
    quarter = Fraction(1, 4)
    errors = []
    for samples in (
        Samples(3, 2, ((1, 0), (1, 2)), (1, -2), _HALF, ((quarter, -1), (_HALF, 1))),
        Samples(2, 3, ((1,), (2,)), (1, 1), 0, ((quarter, -_HALF), (_HALF, 1))),
    ):
        root, weights = (np.array(each, dtype=float) for each in (samples.root, samples.weights))
        features = Dense(root @ root.T)
        risk = one_step_risk(
            Setting(
                samples.context_length,
                samples.test_samples,
                features,
                features,
                np.array(samples.task, dtype=float),
                float(samples.noise) ** 2,
                DenseWeights(weights),
                evaluation="same",
            )
        )
        expected = multiplied_out(samples, 1, "same")
        for powers, value in (
            ((0,), risk.constant),
            ((1,), -risk.linear),
            ((2,), risk.quadratic),
        ):
            errors.append(
                value / float(Fraction(int(expected[powers].p), int(expected[powers].q))) - 1
            )
    return [
        agreement(
            EvidenceKind.EXACT_VALUE,
            "Σ_x and W that do not commute, of any rank: c0, c1 and c2 as computed are those of "
            "the simulator's step, multiplied out and averaged on its own context",
            errors,
        )
    ]


_SIMULATED = dataclasses.replace(
    DENSE_START,
    context_length=100,
    test_samples=40,
    initialization=DenseWeights(
        np.array([[0.006, 0.002, 0.0], [-0.001, 0.004, 0.001], [0.0, 0.0, 0.003]])
    ),
    evaluation="same",
)
"""Singular features, and weights that do not commute with them; long enough for tame tails."""


@statistical_tests(len(COEFFICIENTS))
def _simulated(effort: Effort) -> list[Evidence]:
    risk, simulator = one_step_risk(_SIMULATED), literal_simulator(_SIMULATED)
    return equivalence(
        [
            f"the literal simulator's {name} coefficient of R(η), on its own context, is the exact "
            "one"
            for name in COEFFICIENTS
        ],
        simulator.averages,
        [risk.constant, risk.linear, risk.quadratic],
        same_context_second_moments(simulator, QUERIES),
        # Seconds of it, not minutes.
        dataclasses.replace(effort, numbers=effort.numbers // 8),
        numbers_per_draw=simulator.numbers_per_prompt,
        quantities=COEFFICIENTS,
    )


CLAIMS = (
    Claim(
        id="same-context",
        title="One step that is evaluated on its own context",
        source="ours; on a fresh context [G25], Theorem 4.2 and Corollary 4.6",
        statement=(
            "On the same context the risk after one step is exact for every n, k, d, Σ_x, W, β "
            "and σ². Isotropic: the warm gain tends to ‖β‖²·k/(k+d)·d/(n+d). At every n, k, d ≥ 1 "
            "the warm start leaves less than the cold one, and less with every example in its "
            "context: without noise, and with any noise where the prior's tasks have the test "
            "task's length. With noise and a prior of longer tasks neither holds."
        ),
        formulas=(
            *exactly(
                same_context.error_moment_1,
                same_context.error_moment_2,
                same_context.size_moment_2,
                same_context.linear,
                same_context.quadratic,
                same_context.warm_improvement,
                same_context.cold_improvement,
            ),
            *to_leading_order(
                same_context.leading_warm_improvement,
                same_context.leading_cold_improvement,
            ),
        ),
        evidence=(
            _by_definition,
            _starts,
            _limits,
            _at_all_sizes,
            _prior_too_long,
            _neither_effect,
            _any_covariance,
            _neither_effect_with_noise,
            _simulated,
        ),
    ),
)
