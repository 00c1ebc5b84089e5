"""The best deterministic step sizes of several test-time training steps."""

from __future__ import annotations

import decimal
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import checked_integer
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.exact.descent import Descent, method_coefficients
from ttt_theory.linear.exact.isotropic_numbers import MOST_STEPS
from ttt_theory.linear.exact.real_roots import real_roots
from ttt_theory.linear.exact.results import SeveralStepsRisk
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.several_steps import held, isotropic_descent_of, risks_of
from ttt_theory.linear.exact.two_steps import Estimate, of_two_steps, size_of_terms
from ttt_theory.linear.setting.setting import checked_setting

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["BestSteps", "best_steps"]

_RULES = "give equal, greedy, joint, or decay:f with a number f above 0 and at most 1"
# The moments of t steps differ by more powers of ten the larger t is.
_DIGITS, _DIGITS_PER_STEP = 50, 15
_MOST_ITERATIONS = 300
_SETTLED = Decimal("1e-28")


@dataclass(frozen=True)
class BestSteps(SeveralStepsRisk):
    """The best steps under a rule, and the risks after them.

    Attributes
    ----------
    step_sizes, risks, dim, context_length, test_samples
        As in `SeveralStepsRisk`.
    rule : str
        What the steps are the best of.
    polynomial_risk : float
        The least risk of any polynomial of degree t, W_t = W + Σ_m c_m U^(m−1) S^(m−1) v uᵀ.  Its
        steps may be complex: no real steps then attain it, and it is no entry of `risks`.
    """

    rule: str
    polynomial_risk: float


def best_steps(setting: Setting, count: int, rule: str = "joint") -> BestSteps:
    """Compute the best deterministic step sizes, and the exact risk after each of them.

    Parameters
    ----------
    setting : Setting
        As for `several_steps_risk`.
    count : int
        The number t of steps, at most 16.
    rule : str
        ``"joint"``: the best real steps, in ascending order.  ``"equal"``: t times the same step.
        ``"greedy"``: each the best one after those before.  ``"decay:f"``: η, fη, f²η, …, with the
        best first step η.

    Returns
    -------
    BestSteps

    Raises
    ------
    InvalidSettingError
        If it is no setting, no such number or rule, or no exact risk is known.
    OutOfRangeError
        If a result is too large or too small for float64.
    LostPrecisionError
        If fewer than nine digits of a result are certain; never for multiples of the identity.

    Notes
    -----
    The risk is a convex quadratic in the coefficients of a polynomial.  Where that of the best has
    real steps, isolated in exact arithmetic, these are the joint optimum, certainly.  Else some of
    the best real steps coincide: two of them are the best equal ones, certainly, and more are the
    best of all that Newton's method finds from several starts.  ``"equal"`` and ``"decay:f"`` are
    global minima, certainly, as all critical points are isolated; ``"greedy"`` solves one
    quadratic after the other.  Source: ours (theory.md, section 2, fact 9).

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=20,
    ...     test_samples=40,
    ...     feature_covariance=ttt.Isotropic(40),
    ...     task_covariance=ttt.Isotropic(40),
    ...     task=[40**-0.5] * 40,
    ...     initialization=ttt.ZeroWeights(),
    ... )
    >>> [round(ttt.best_steps(setting, 2, rule).risks[-1], 7) for rule in ("equal", "joint")]
    [0.7646458, 0.5284839]
    """
    setting = checked_setting(setting)
    count = checked_integer("steps", count, 1, MOST_STEPS)
    decay = _decay(rule)
    descent = isotropic_descent_of(setting, count)
    sizes = (setting.dim, setting.context_length, setting.test_samples)
    if descent is not None:
        best = _best(descent, rule, decay)
        risks = held("risks", risks_of(descent, [Fraction(each) for each in best.steps]))
        [least] = held("polynomial_risk", [best.least_risk])
        return BestSteps(best.steps, risks, *sizes, rule, least)
    if count == 1:
        one_step = one_step_risk(setting)
        risks = (one_step.risk_before, one_step.risk_after)
        return BestSteps((one_step.step_size,), risks, *sizes, rule, one_step.risk_after)

    def evaluated(descent: Descent, round_off: Fraction) -> list[Estimate]:
        if any(descent.linear) and _definite_solution(descent.quadratic, descent.linear) is None:
            # It is positive definite, but for what rounding made of it.
            return [Estimate(Fraction(0), math.inf)] * (2 * count + 2)
        best = _best(descent, rule, decay)
        exact = [Fraction(each) for each in best.steps]
        return [
            *(Estimate.of_risk(descent, exact[:t], round_off) for t in range(count + 1)),
            Estimate(best.least_risk, round_off * size_of_terms(descent, best.polynomial)),
            *(Estimate(each, 0) for each in exact),
        ]

    found = of_two_steps(setting, evaluated)
    risks = held("risks", found[: count + 1])
    steps = held("step_sizes", found[count + 2 :])
    return BestSteps(steps, risks, *sizes, rule, *held("polynomial_risk", [found[count + 1]]))


@dataclass(frozen=True)
class _Best:
    """The best steps under a rule, and what the best polynomial of their number leaves."""

    steps: tuple[float, ...]
    polynomial: list[Fraction]
    least_risk: Fraction


def _best(descent: Descent, rule: str, decay: Fraction | None) -> _Best:
    count = len(descent.linear)
    polynomial = _solution(descent.quadratic, descent.linear)
    if decay is not None:
        steps = _decaying(descent, count, decay)
    else:
        steps = _greedy(descent, count) if rule == "greedy" else _joint(descent, polynomial)
    return _Best(steps, polynomial, descent.constant - _dot(polynomial, descent.linear))


def _decay(rule: str) -> Fraction | None:
    """Return by what each step is multiplied to get the next, where the rule fixes that."""
    if rule == "equal":
        return Fraction(1)
    if rule in ("greedy", "joint"):
        return None
    name, _, factor = rule.partition(":") if isinstance(rule, str) else ("", "", "")
    try:
        value = float(factor)
    except ValueError:
        value = math.nan
    if name != "decay" or not 0.0 < value <= 1.0:
        raise InvalidSettingError("rule", rule, _RULES)
    return Fraction(value)


def _dot(left: Sequence[Any], right: Sequence[Any]) -> Any:
    return sum(one * other for one, other in zip(left, right, strict=True))


def _solution(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any]:
    """Return matrix⁻¹ right for a matrix that is positive definite, or zero with its right side."""
    if not any(right):
        return [0 * each for each in right]
    solved = _definite_solution(matrix, right)
    assert solved is not None  # A moment matrix of a law with a density.
    return solved


def _definite_solution(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any] | None:
    """Return matrix⁻¹ right; None where the symmetric matrix is not positive definite."""
    table = [[*row, each] for row, each in zip(matrix, right, strict=True)]
    size = len(table)
    for i, pivot in enumerate(table):
        if pivot[i] <= 0:
            return None
        for below in table[i + 1 :]:
            factor = below[i] / pivot[i]
            for column in range(i, size + 1):
                below[column] -= factor * pivot[column]
    solved: list[Any] = []
    for i in reversed(range(size)):
        rest = table[i][size] - _dot(table[i][i + 1 : size], solved)
        solved.insert(0, rest / table[i][i])
    return solved


def _decaying(descent: Descent, count: int, factor: Fraction) -> tuple[float, ...]:
    """Return the best η, fη, f²η, …: a global minimum of a polynomial in η."""
    ratios = [factor**i for i in range(count)]
    method = method_coefficients(ratios)  # With c_m η^m for c_m.
    polynomial = [descent.constant] + [Fraction(0)] * (2 * count)
    for m, coefficient in enumerate(method):
        polynomial[m + 1] -= 2 * coefficient * descent.linear[m]
        for other, another in enumerate(method):
            polynomial[m + other + 2] += coefficient * another * descent.quadratic[m][other]
    slope = [power * each for power, each in enumerate(polynomial)][1:]
    if not any(slope):
        return (0.0,) * count

    def value(step: Fraction) -> Fraction:
        total = Fraction(0)
        for each in reversed(polynomial):
            total = total * step + each
        return total

    best = min((root.value for root in real_roots(slope)), key=value)
    return held("step_sizes", [best * ratio for ratio in ratios])


def _greedy(descent: Descent, count: int) -> tuple[float, ...]:
    """Return steps that are each the best after those before, as rounded."""
    steps: list[float] = []
    for _ in range(count):
        steps += held("step_sizes", [_next_step(descent, [Fraction(each) for each in steps])])
    return tuple(steps)


def _next_step(descent: Descent, steps: list[Any]) -> Any:
    """Return the best step after others, by the quadratic that the risk is in it."""
    rest = [1, *(-each for each in method_coefficients(steps))]
    # 1 − (1 − 2ηx)·rest(x): what a step adds to the coefficients, but for 2η.
    method = [-each for each in rest[1:]] + [0]
    used = range(len(rest))
    slope = sum(
        rest[m]
        * (descent.linear[m] - sum(descent.quadratic[m][other] * method[other] for other in used))
        for m in used
    )
    curvature = sum(
        rest[m] * rest[other] * descent.quadratic[m][other] for m in used for other in used
    )
    return slope / (2 * curvature) if slope else slope


def _joint(descent: Descent, best: Sequence[Fraction]) -> tuple[float, ...]:
    """Return the best real steps, given the coefficients of the best polynomial of degree t."""
    roots = real_roots([*(-each for each in reversed(best)), 1])
    if len(roots) == len(best) and all(root.is_simple for root in roots):
        steps = [root.value / 2 for root in roots]
    elif not any(best):
        steps = [Fraction(0)] * len(best)
    else:
        steps = _constrained(descent, best)
    return held("step_sizes", sorted(steps))


def _constrained(descent: Descent, best: Sequence[Fraction]) -> list[Fraction]:
    """Return the best real steps where the best polynomial has complex ones."""
    count = len(best)
    equal = _decaying(descent, count, Fraction(1))
    if count == 2:
        return [Fraction(each) for each in equal]
    fewer = Descent(
        descent.constant, descent.linear[:-1], [row[:-1] for row in descent.quadratic[:-1]]
    )
    before = _joint(fewer, _solution(fewer.quadratic, fewer.linear))
    unit = Fraction(2) ** math.frexp(max(map(abs, equal)) or max(map(abs, before)))[1]
    # The steps of the best polynomial, without what is imaginary in them.
    scaled = [float(each / unit ** (m + 1)) for m, each in enumerate(best)]
    real_parts = np.roots([1.0, *(-each for each in scaled)]).real / 2.0
    longer = [*map(Fraction, before), _next_step(descent, list(map(Fraction, before)))]
    candidates = [[Fraction(each) for each in steps] for steps in (equal, _greedy(descent, count))]
    with decimal.localcontext(prec=_DIGITS + _DIGITS_PER_STEP * count):
        landscape = Descent(
            _decimal(descent.constant),
            [_decimal(each * unit ** (m + 1)) for m, each in enumerate(descent.linear)],
            [
                [_decimal(each * unit ** (m + other + 2)) for other, each in enumerate(row)]
                for m, row in enumerate(descent.quadratic)
            ],
        )
        for start in (real_parts.tolist(), [float(each / unit) for each in longer]):
            end = _minimum(landscape, start)
            candidates.append([Fraction(each) * unit for each in end])
    return min(candidates, key=descent.risk)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _minimum(descent: Descent, start: Sequence[float]) -> list[Decimal]:
    """Return a local minimum of the risk over real steps, by Newton's method with damping."""
    # Spread, as steps that coincide at a saddle would stay together.
    count = len(start)
    spread = np.linspace(0.97, 1.04, count).tolist()
    steps = [Decimal(each * factor) for each, factor in zip(sorted(start), spread, strict=True)]
    risk, damping = descent.risk(steps), Decimal("1e-3")
    for _ in range(_MOST_ITERATIONS):
        gradient, hessian = _derivatives(descent, steps)
        size = sum(abs(hessian[i][i]) for i in range(count)) / Decimal(count)
        damped = [
            [each + (damping * size if i == j else 0) for j, each in enumerate(row)]
            for i, row in enumerate(hessian)
        ]
        change = _definite_solution(damped, gradient)
        if change is not None:
            moved = [each - by for each, by in zip(steps, change, strict=True)]
            lower = descent.risk(moved)
            if lower <= risk:
                steps, risk, damping = moved, lower, damping / 16
                if max(map(abs, change)) <= _SETTLED * max(map(abs, steps)):
                    break
                continue
        damping *= 8
    return steps


def _derivatives(
    descent: Descent, steps: list[Decimal]
) -> tuple[list[Decimal], list[list[Decimal]]]:
    """Return the gradient and the second derivatives of the risk by the steps."""
    count = len(steps)
    method = method_coefficients(steps)
    excess = [
        _dot(row, method) - each
        for row, each in zip(descent.quadratic, descent.linear, strict=True)
    ]
    zero = Decimal(0)
    first, second = [], {}
    for i in range(count):
        rest = _product(steps[:i] + steps[i + 1 :])
        first.append([2 * each for each in rest])
        for j in range(i):
            without = _product(steps[:j] + steps[j + 1 : i] + steps[i + 1 :])
            second[i, j] = second[j, i] = -8 * _dot([zero, *without], excess)
        second[i, i] = zero
    images = [[_dot(row, each) for row in descent.quadratic] for each in first]
    gradient = [2 * _dot(each, excess) for each in first]
    hessian = [
        [2 * _dot(first[i], images[j]) + second[i, j] for j in range(count)] for i in range(count)
    ]
    return gradient, hessian


def _product(steps: list[Decimal]) -> list[Decimal]:
    """Return the coefficients of Π(1 − 2ηx)."""
    return [Decimal(1), *(-each for each in method_coefficients(steps))]
