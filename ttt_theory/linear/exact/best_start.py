"""The best multiple of the pretrained weights to start the step from.

At W = cW* the coefficients c0, c1 and c2 of R(η) are quadratics in c, so that with the best step
for every c the risk is the rational function c0 − c1²/(4c2), whose critical points are the real
zeros of 4c2²c0' − 2c1c1'c2 + c1²c2', of degree five at most.  All of them are isolated in exact
arithmetic (theory.md, section 2, fact 16; ours).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ttt_theory.errors import InvalidSettingError, LostPrecisionError
from ttt_theory.linear.exact.real_roots import real_roots
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.setting.setting import checked_setting
from ttt_theory.linear.setting.starts import PretrainedWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["BestStart", "best_start"]

Polynomial = Sequence[Fraction]

# What the coefficients are good to, and what the factor must be.
_KNOWN, _GOOD = Fraction(1, 10**13), 1e-9
_RATIONAL = (("fresh", "plain", "fixed", "gaussian"), ("fresh", "normalized", "fixed", "gaussian"))
_SEARCHES = 100


@dataclass(frozen=True)
class BestStart:
    """The start cW* and the step that together have the least risk.

    Attributes
    ----------
    factor : float
        The multiple c of the pretrained weights; 0 where they are zero.
    step_size : float
        The best step from there.
    risk : float
        The risk after it.
    dim, context_length, test_samples : int
        d, n and k of the setting.
    """

    factor: float
    step_size: float
    risk: float
    dim: int
    context_length: int
    test_samples: int


def best_start(setting: Setting) -> BestStart:
    """Compute the multiple of the pretrained weights that is the best start of one step, exactly.

    The minimum is global: there can be two local ones, and with noise the best factor can exceed 1.

    Parameters
    ----------
    setting : Setting
        Its initialization plays no part, but for given weights, which have no multiple.

    Returns
    -------
    BestStart

    Raises
    ------
    InvalidSettingError
        If weights are given, or no exact risk is known for settings of its kind.
    LostPrecisionError
        If fewer than nine digits of the factor are certain.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=20,
    ...     test_samples=40,
    ...     feature_covariance=ttt.Isotropic(40),
    ...     task_covariance=ttt.Isotropic(40),
    ...     task=[1.0] + [0.0] * 39,
    ... )
    >>> best = ttt.best_start(setting)
    >>> round(best.factor, 3), round(best.risk, 3), round(ttt.one_step_risk(setting).risk_after, 3)
    (0.555, 0.512, 0.568)
    """
    start = checked_setting(setting).initialization
    if start.matrix is not None:
        remedy = "the best start is a multiple of pretrained weights: give a pretrained start"
        raise InvalidSettingError("initialization", start, remedy)

    def risk(factor: float) -> OneStepRisk:
        return one_step_risk(dataclasses.replace(setting, initialization=PretrainedWeights(factor)))

    local = _local(risk)
    if local is None:
        return _result(0.0, risk(0.0))
    centre, unit, coefficients = local
    candidates = []
    for point, uncertainty in _critical_points(coefficients):
        factor = float(centre + unit * point)
        candidates.append((risk(factor), factor, uncertainty))
    best, factor, uncertainty = min(candidates, key=lambda candidate: candidate[0].risk_after)
    if uncertainty > _GOOD:
        raise LostPrecisionError(uncertainty, 0)
    return _result(factor, best)


def _result(factor: float, risk: OneStepRisk) -> BestStart:
    return BestStart(
        factor,
        risk.step_size,
        risk.risk_after,
        risk.dim,
        risk.context_length,
        risk.test_samples,
    )


def _local(
    risk: Callable[[float], OneStepRisk],
) -> tuple[Fraction, Fraction, list[Polynomial]] | None:
    """Return a centre, a unit, and c0, c1 and c2 as polynomials in (c − centre)/unit.

    About the minimum of c0, in a unit in which it changes by itself, nothing cancels; elsewhere
    they would lose digits where W* is good, or c = 1 far off.  None where no factor matters.
    """
    centre, unit = 0.0, 1.0
    for _ in range(_SEARCHES):
        nodes = [Fraction(centre), Fraction(centre + unit), Fraction(centre - unit)]
        risks = [risk(float(node)) for node in nodes]
        if risks[0] == risks[1] == risks[2]:
            return None
        offsets = [(node - nodes[0]) / Fraction(unit) for node in nodes]
        coefficients = [
            _interpolated(offsets, [Fraction(getattr(each, name)) for each in risks])
            for name in ("constant", "linear", "quadratic")
        ]
        value, slope, curvature = coefficients[0]
        if curvature * 10**4 < value and abs(slope) * 10**4 < value:
            # Too close together to tell how c0 bends.
            unit *= 64.0
            continue
        lowest = -slope / (2 * curvature)
        least = max(value - slope**2 / (4 * curvature), value / 10**8)
        width = math.sqrt(least / curvature)
        if abs(lowest) <= 0.5 and 0.5 <= width <= 2.0:
            return nodes[0], Fraction(unit), coefficients
        centre, unit = float(nodes[0] + lowest * Fraction(unit)), unit * width
    raise LostPrecisionError(math.inf, 0)


def _interpolated(points: Polynomial, values: Polynomial) -> Polynomial:
    """Return the quadratic through (0, v_0), (a, v_1) and (b, v_2), the points being 0, a, b."""
    _, a, b = points
    one, other = (
        (value - values[0]) / point for point, value in zip((a, b), values[1:], strict=True)
    )
    curvature = (one - other) / (a - b)
    return [values[0], one - curvature * a, curvature]


def _critical_points(coefficients: list[Polynomial]) -> list[tuple[Fraction, float]]:
    """Return all real critical points of c0 − c1²/(4c2), and how far each is uncertain."""
    slope = _slope(coefficients, -2)
    # Its leading coefficient is positive, as no step takes all of a large error away.
    if slope[-1] <= 0:
        raise LostPrecisionError(math.inf, 0)
    sizes = _slope([[abs(each) for each in coefficient] for coefficient in coefficients], 2)
    found = []
    for point, _ in real_roots(slope):
        # How far it moves when the coefficients do.
        steepness = abs(_value(_derivative(slope), point)) * max(abs(point), Fraction(1))
        moved = _KNOWN * _value(sizes, abs(point))
        found.append((point, float(moved / steepness) if steepness else math.inf))
    return found


def _slope(coefficients: list[Polynomial], mixed: int) -> Polynomial:
    """Return 4c2²c0' + mixed·c1c1'c2 + c1²c2', with −2 the numerator of the risk's derivative."""
    constant, linear, quadratic = coefficients
    terms = (
        (4, (quadratic, quadratic, _derivative(constant))),
        (mixed, (linear, _derivative(linear), quadratic)),
        (1, (linear, linear, _derivative(quadratic))),
    )
    products = [[factor * each for each in _product(parts)] for factor, parts in terms]
    return [sum(each, Fraction(0)) for each in zip(*products, strict=True)]


def _product(factors: Iterable[Polynomial]) -> Polynomial:
    product = [Fraction(1)]
    for factor in factors:
        longer = [Fraction(0)] * (len(product) + len(factor) - 1)
        for (i, one), (j, other) in itertools.product(enumerate(product), enumerate(factor)):
            longer[i + j] += one * other
        product = longer
    return product


def _derivative(polynomial: Polynomial) -> Polynomial:
    return [power * each for power, each in enumerate(polynomial)][1:]


def _value(polynomial: Polynomial, point: Fraction) -> Fraction:
    return sum((each * point**power for power, each in enumerate(polynomial)), Fraction(0))
