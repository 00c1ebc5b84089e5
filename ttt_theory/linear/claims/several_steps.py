"""The exact risk after several steps, the best of them, and what becomes of many."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import sympy

from ttt_theory.claims.claim import Claim
from ttt_theory.covariance import Isotropic
from ttt_theory.evidence.algebra import proof
from ttt_theory.evidence.record import ROUND_OFF, Evidence
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import (
    context_cumulants,
    isotropic_steps,
    pretraining,
    scatter_moments,
)
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.best_steps import best_steps
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.exact_numbers import ExactNumbers, exact_parts
from ttt_theory.linear.exact.isotropic_descent import (
    ContextMoments,
    ErrorMoments,
    isotropic_descent,
)
from ttt_theory.linear.exact.isotropic_numbers import IsotropicNumbers
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.two_steps import descent as general_descent
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import PretrainedWeights, ZeroWeights
from ttt_theory.linear.witnesses.multiplied_out import Samples, by_step_sizes, multiplied_out
from ttt_theory.linear.witnesses.paired_contexts import context_moments_are_derived
from ttt_theory.linear.witnesses.paired_samples import (
    scatter_moments_are_derived,
    traces_are_derived,
)

if TYPE_CHECKING:
    from ttt_theory.checks import ObjectArray
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

EVALUATIONS = ("fresh", "same")

_HALF, _THIRD, _FIFTH = Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)
_LINE = Samples(2, 3, ((Fraction(3, 2),),), (-1,), _HALF, ((_FIFTH,),))
_PLANE = Samples(3, 2, ((1, 0), (1, 2)), (1, -2), _HALF, ((_FIFTH, _THIRD), (-_HALF, 1)))
_SPACE = Samples(
    2,
    1,
    ((1, 0, 0), (1, 2, 0), (-1, 1, 3)),
    (1, -2, 3),
    _THIRD,
    ((_FIFTH, _THIRD, 1), (-_HALF, 1, 0), (2, -1, _THIRD)),
)


def _compiled(samples: Samples, evaluation: str) -> Descent:
    """Put the compiled formulas of any Σ_x together, in exact fractions."""
    root, task, noise, weights = samples.arrays()
    features = root @ root.T
    n, k = flint.fmpq(samples.context_length), flint.fmpq(samples.test_samples)
    numbers = ExactNumbers(
        n,
        k,
        n,
        noise**2,
        noise**2,
        features,
        features,
        features,
        task[:, np.newaxis],
        None,
        flint.fmpq(1),
        weights,
    )
    return general_descent(evaluation, *exact_parts(numbers, _matrix, lambda number: number))


def _matrix(entries: ObjectArray) -> flint.fmpq_mat:
    return flint.fmpq_mat(entries.tolist())


def _isotropic(samples: Samples, evaluation: str, steps: int) -> Descent:
    """Put the compiled formulas for Σ_x = I and W = wI together, in exact fractions."""
    _, task, deviation, weights = samples.arrays()
    n, k = flint.fmpq(samples.context_length), flint.fmpq(samples.test_samples)
    errors = _errors(n, flint.fmpq(len(task)), task @ task, deviation**2, weights[0, 0])
    return isotropic_descent(errors, k, steps, evaluation)


def _errors(n: Any, d: Any, square: Any, noise: Any, weight: Any) -> ErrorMoments:
    gradient = square * (1 - (n + 2) * weight) - noise * weight
    context = ContextMoments(n, d, square, noise)
    return ErrorMoments(context, weight, 1 - n * weight, gradient)


def _same_risk(statement: str, descent: Descent, samples: Samples, evaluation: str) -> Evidence:
    """Compare the risk as a polynomial in the step sizes."""
    steps = len(descent.linear)
    stated = by_step_sizes(descent.risk, steps)
    expected = multiplied_out(samples, steps, evaluation)
    differing = [powers for powers in stated | expected if _differ(stated, expected, powers)]
    return proof(
        f"{statement}, {evaluation} context: the simulator's {steps} steps of any size, multiplied "
        "out and averaged, leave the exact risk",
        not differing,
        powers_that_differ=[list(each) for each in differing],
    )


def _differ(stated: Any, expected: Any, powers: tuple[int, ...]) -> bool:
    return bool(stated.get(powers, 0) != expected.get(powers, 0))


def _any_covariance(_: Effort) -> list[Evidence]:
    return [
        _of_any_covariance("d = 2, n = 3, k = 2, nothing commutes", _PLANE, evaluation)
        for evaluation in EVALUATIONS
    ]


def _corners(effort: Effort) -> list[Evidence]:
    corners = {
        "d = 1, n = 2, k = 3": _LINE,
        "d = 1, n = k = 1, cold": replace(_LINE, context_length=1, test_samples=1, weights=((0,),)),
        "d = 1, no task": replace(_LINE, task=(0,)),
        "d = 2, Σ_x of rank 1, no noise": replace(_PLANE, root=((1,), (2,)), noise=0),
    }
    if not effort.quick:
        corners["d = 3, n = 2, k = 1"] = _SPACE
    return [
        _of_any_covariance(name, samples, evaluation)
        for name, samples in corners.items()
        for evaluation in EVALUATIONS
    ]


def _of_any_covariance(name: str, samples: Samples, evaluation: str) -> Evidence:
    return _same_risk(name, _compiled(samples, evaluation), samples, evaluation)


def _isotropic_features(_: Effort) -> list[Evidence]:
    """Compare more steps, for Σ_x = I and W = wI."""
    line, plane = (
        Samples(2, 2, ((1,),), (3,), _THIRD, ((_FIFTH,),)),
        Samples(3, 1, ((1, 0), (0, 1)), (1, -2), _HALF, ((_FIFTH, 0), (0, _FIFTH))),
    )
    return [
        _same_risk(
            f"Σ_x = I, W = wI, d = {len(samples.task)}, n = {samples.context_length}, "
            f"k = {samples.test_samples}",
            _isotropic(samples, evaluation, steps),
            samples,
            evaluation,
        )
        for samples, steps in ((line, 4), (plane, 3), (replace(plane, test_samples=2), 2))
        for evaluation in EVALUATIONS
    ]


def _contexts(effort: Effort) -> list[Evidence]:
    return context_moments_are_derived(6 if effort.quick else 10)


def _scatter(_: Effort) -> list[Evidence]:
    return scatter_moments_are_derived()


def _traces(_: Effort) -> list[Evidence]:
    return traces_are_derived()


class _IsotropicForms:
    """Forms and traces for Σ_x = I and W = wI; see `PowerForms`."""

    def __init__(self, n: Any, dim: Any, task_square: Any, noise: Any, weight: Any) -> None:
        self.label_variance = task_square + noise
        self.mean_square = self.mean_energy = task_square
        self.feature_square_trace, self._weight = dim, weight
        self._bias = 1 - n * weight

    def feature_trace(self, _: int) -> Any:
        return self.feature_square_trace

    def mean_form(self, _: int) -> Any:
        return self.mean_square

    def form(self, left: str, _: int, right: str) -> Any:
        first, second = (self._bias if each == "bias" else self._weight for each in (left, right))
        return first * second * self.mean_square

    def spread(self, _: int, __: int) -> Any:
        return self.feature_square_trace * self._weight**2


def _from_any_covariance(effort: Effort) -> list[Evidence]:
    """Prove the isotropic risk after two steps from that of any Σ_x, at all sizes at once."""
    ring, n, k, d, square, noise, weight = sympy.ring("n k d beta2 sigma2 w", sympy.QQ)
    if effort.quick:
        noise = ring(0)
    forms = _IsotropicForms(n, d, square, noise, weight)
    errors = _errors(n, d, square, noise, weight)
    evidence, noisy = [], "without noise" if effort.quick else "with any noise"
    for evaluation in EVALUATIONS:
        general = general_descent(evaluation, Assembly(n, k, noise, forms), forms)
        isotropic = isotropic_descent(errors, k, 2, evaluation)
        evidence.append(
            proof(
                f"Σ_x = I, W = wI, {evaluation} context: two steps have the coefficients of any "
                f"Σ_x, at all n, k, d, ‖β‖² and w, {noisy}",
                _coefficients(general) == _coefficients(isotropic),
            )
        )
    return evidence


def _coefficients(descent: Descent) -> tuple[Any, ...]:
    return descent.constant, *descent.linear, *itertools.chain(*descent.quadratic)


_SIZES = 20, 40, 40
_RULES = ("equal", "greedy", "decay:0.2", "decay:0.6")


def _setting(start: str, evaluation: str) -> Setting:
    n, k, d = _SIZES
    return Setting(
        n,
        k,
        Isotropic(d),
        Isotropic(d),
        np.eye(d)[0],
        initialization=ZeroWeights() if start == "cold" else PretrainedWeights(),
        evaluation=evaluation,
    )


def _numbers(start: str, evaluation: str) -> IsotropicNumbers:
    n, k, d = _SIZES
    weight = pretraining.isotropic_weight(Fraction(n), Fraction(d), 0)
    return IsotropicNumbers(
        n,
        k,
        d,
        Fraction(1),
        Fraction(0),
        Fraction(1),
        0 * weight if start == "cold" else weight,
        evaluation,
    )


def _best_steps(_: Effort) -> list[Evidence]:
    """Compare the rules with the least value of the quadratic form, in exact fractions."""
    evidence = []
    for start, evaluation in itertools.product(("cold", "warm"), EVALUATIONS):
        setting, name = _setting(start, evaluation), f"{start} start, {evaluation} context"
        for count in (2, 3):
            descent = _numbers(start, evaluation).descent(count)
            least, steps_are_real = _least(descent)
            joint = best_steps(setting, count).risks[-1]
            others = [best_steps(setting, count, rule).risks[-1] for rule in _RULES]
            evidence.append(
                proof(
                    f"{name}: {count} joint steps attain what no polynomial of their number can "
                    "pass, and every other rule leaves more",
                    steps_are_real
                    and abs(joint / float(least) - 1.0) <= ROUND_OFF
                    and joint < min(others),
                    joint=joint,
                    **dict(zip(_RULES, others, strict=True)),
                )
            )
        one = one_step_risk(setting).risk_after
        equal = best_steps(setting, 2, "equal").risks[-1]
        evidence.append(
            proof(
                f"{name}: two equal steps, the best, leave "
                f"{'more' if evaluation == 'fresh' else 'less'} than one",
                (equal > one) == (evaluation == "fresh"),
                one=one,
                two=equal,
            )
        )
    return evidence


def _least(descent: Descent) -> tuple[Fraction, bool]:
    """Return the form's least value; whether it is one, and at real steps."""
    count = len(descent.linear)
    quadratic = sympy.Matrix(count, count, lambda m, j: _rational(descent.quadratic[m][j]))
    linear = sympy.Matrix([_rational(each) for each in descent.linear])
    best = quadratic.LUsolve(linear)
    x = sympy.Symbol("x")
    # 1 − Π(1 − 2η_i x) = Σ_m c_m x^m has real steps exactly where all of these roots are real.
    roots = sympy.Poly([1, *(-each for each in best)], x).count_roots()
    value = _rational(descent.constant) - linear.dot(best)
    return Fraction(int(value.p), int(value.q)), bool(
        quadratic.is_positive_definite and roots == count
    )


def _rational(value: Fraction) -> Any:
    return sympy.Rational(value.numerator, value.denominator)


def _divergence(_: Effort) -> list[Evidence]:
    """Take up to sixteen equal steps of a quarter of the optimal one."""
    evidence = []
    for start, evaluation in itertools.product(("cold", "warm"), EVALUATIONS):
        descent = _numbers(start, evaluation).descent(16)
        step = descent.curve.step_size / 4
        risks = [descent.risk([step] * t) for t in range(17)]
        turn = risks.index(min(risks))
        factors = [after / before for before, after in itertools.pairwise(risks[turn:])]
        evidence.append(
            proof(
                f"{start} start, {evaluation} context: after equal steps of η*/4 the risk falls at "
                "first, then grows by factors that grow without a turn, beyond 4 and 10⁶ times the "
                "risk before any",
                0 < turn < 10
                and all(one < other for one, other in itertools.pairwise(factors))
                and factors[-1] > 4
                and risks[-1] > 10**6 * risks[0],
                least_after=turn,
                risks=[float(each) for each in risks],
            )
        )
    return evidence


CLAIMS = (
    Claim(
        id="several-steps",
        title="The exact risk after several steps",
        source="ours",
        statement=(
            "After t steps on the same samples the risk is a quadratic form in the coefficients of "
            "1 − Π(1 − 2η_i x), with exact moments: for every n, k, d, Σ_x, W, β and σ² at t ≤ 2, "
            "for Σ_x = I and W = wI at every t, on a fresh context and on the same one. The joint "
            "best steps are no worse than any others of their number. Two equal best steps can be "
            "worse than one, and with t steps of a fixed size the risk grows beyond all bounds."
        ),
        formulas=exactly(
            *(
                getattr(module, name)
                for module in (isotropic_steps, scatter_moments, context_cumulants)
                for name in module.__all__
            )
        ),
        evidence=(
            _isotropic_features,
            _scatter,
            _any_covariance,
            _corners,
            _contexts,
            _from_any_covariance,
            _traces,
            _best_steps,
            _divergence,
        ),
    ),
)
