"""The risk of a setting at its own matrices, by the second derivation, in hundreds of digits.

Nothing of the package's way to the numbers enters: no reduction to blocks, no compiled formula and
no float64.  The weights are solved for anew, and the sums over pairings are evaluated on the
entries of Σ_x, W and β in intervals that hold all rounding.

Entries are known to their last digit at best: a structured covariance's are rounded when they are
written out.  What that is worth shows when every entry is changed by its last digit, at random.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flint
import numpy as np

from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.weights import pretrained_weights
from ttt_theory.linear.setting.starts import PretrainedWeights
from ttt_theory.linear.witnesses.comparison import fields_of
from ttt_theory.linear.witnesses.second_derivation import derived_risk
from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.wick.words import Factor, Word

__all__ = ["LARGEST_DIM", "risk_is_derived", "weights_are_solved"]

LARGEST_DIM = 200
"""Largest dimension whose matrices are written out here."""

QUANTITIES = ("constant", "linear", "quadratic", "step_size", "risk_after", "improvement")

_BITS = 256

_EPSILON = float(np.finfo(np.float64).eps)

# What the package promises of a number, and what is put down to the entries' last digits.
_PROMISED, _LAST_DIGITS = 1e-9, 64
# A number that is known no better pins nothing; one that is off by so many tolerances is wrong.
_WIDEST, _WRONG = 1e-3, 1000


@dataclass(frozen=True)
class _Entries:
    """A setting's matrices with all their entries, in float64."""

    setting: Setting
    features: FloatArray
    prior: FloatArray
    source_features: FloatArray

    @classmethod
    def of(cls, setting: Setting) -> _Entries:
        covariances = (
            setting.feature_covariance,
            setting.task_covariance,
            setting.pretraining.feature_covariance,
        )
        return cls(setting, *(dense(each.matrix()) for each in covariances))

    def perturbed(self) -> _Entries:
        """Change every entry by about its last digit; equal matrices stay equal."""

        def changed(matrix: FloatArray) -> FloatArray:
            signs = np.random.default_rng(0).choice([-1.0, 1.0], size=matrix.shape)
            signs = np.triu(signs) + np.triu(signs, 1).T
            return np.asarray(matrix * (1.0 + _EPSILON * signs))

        return _Entries(
            self.setting,
            changed(self.features),
            changed(self.prior),
            changed(self.source_features),
        )

    def weights(self) -> flint.arb_mat:
        """Return W, where pretrained as the solution of its normal equations.

        They are W E[uuᵀ] = E[βuᵀ] with E[uuᵀ] = n(n+1)Σ'Σ_βΣ' + n(tr Σ'Σ_β + σ²)Σ' and
        E[βuᵀ] = nΣ_βΣ', where primes are for pretraining; what is left of nΣ' is solved for any Σ'.
        """
        start, source = self.setting.initialization, self.setting.pretraining
        if start.matrix is not None:
            return _matrix(start.matrix)
        dim = self.setting.dim
        prior = _matrix(self.prior)
        product = _matrix(self.source_features) * prior
        label_variance = product.trace() + flint.arb(source.noise_variance)
        if start.factor == 0.0 or label_variance.is_zero():
            return flint.arb_mat(dim, dim)
        identity = flint.arb_mat(np.eye(dim).tolist())
        equations = product * flint.arb(source.context_length + 1) + identity * label_variance
        solution = equations.transpose().solve(prior).transpose()
        return solution * flint.arb(start.factor)

    def coefficients(self) -> tuple[flint.arb, flint.arb, flint.arb]:
        """Return c0, c1 and c2 as the sums over pairings."""
        setting = self.setting
        evaluation = _Evaluation(
            {
                "n": flint.arb(setting.context_length),
                "k": flint.arb(setting.test_samples),
                "sigma2": flint.arb(setting.noise_variance),
            },
            {
                "Sigma": _matrix(self.features),
                "W": self.weights(),
                "beta": _matrix(setting.fixed_task[:, np.newaxis]),
            },
        )
        constant, linear, quadratic = (evaluation.of(derived_risk()[power]) for power in range(3))
        return constant, -linear, quadratic

    def fields(self) -> dict[str, flint.arb]:
        """Return what the coefficients say of the risk."""
        constant, linear, quadratic = self.coefficients()
        if quadratic.is_zero():
            # The risk does not depend on the step, which is 0 then.
            return fields_of([constant, linear, flint.arb(1)]) | {"quadratic": quadratic}
        return fields_of([constant, linear, quadratic])


class _Evaluation:
    """Values of scalars at matrices of intervals; products that words begin with are kept."""

    def __init__(self, numbers: dict[str, flint.arb], matrices: dict[str, flint.arb_mat]) -> None:
        self._numbers, self._matrices = numbers, matrices
        self._products: dict[Word, flint.arb_mat] = {}
        self._factors: dict[Factor, flint.arb] = {}

    def of(self, scalar: Any) -> flint.arb:
        total = flint.arb(0)
        for monomial, number in scalar.terms.items():
            # A Fraction or an integer.
            product = flint.arb(flint.fmpq(number.numerator, number.denominator))
            for factor in monomial:
                product *= self._factor(factor)
            total += product
        return total

    def _factor(self, factor: Factor) -> flint.arb:
        if factor.kind == "named":
            return self._numbers[factor.word[0].name]
        if factor not in self._factors:
            is_trace = factor.kind == "trace"
            self._factors[factor] = (self._trace if is_trace else self._form)(factor.word)
        return self._factors[factor]

    def _form(self, word: Word) -> flint.arb:
        [value] = self._product(word).entries()
        return value

    def _trace(self, word: Word) -> flint.arb:
        """Take the trace of a product of two halves, which costs no product of theirs."""
        half = len(word) // 2
        left, right = self._product(word[:half]), self._product(word[half:]).transpose()
        pairs = zip(left.entries(), right.entries(), strict=True)
        return sum((a * b for a, b in pairs), flint.arb(0))

    def _product(self, word: Word) -> flint.arb_mat:
        """Multiply from the right, so that a form takes nothing but columns."""
        if word not in self._products:
            letter, rest = word[0], word[1:]
            matrix = self._matrices[letter.name]
            matrix = matrix.transpose() if letter.transposed else matrix
            self._products[word] = matrix * self._product(rest) if rest else matrix
        return self._products[word]


def _matrix(entries: FloatArray) -> flint.arb_mat:
    return flint.arb_mat(entries.tolist())


def _in_digits(function: Callable[..., list[Evidence]]) -> Callable[..., list[Evidence]]:
    """Run a function in as many bits as it takes."""

    @functools.wraps(function)
    def version(setting: Setting) -> list[Evidence]:
        with flint.ctx.workprec(_BITS):
            return function(setting)

    return version


@_in_digits
def risk_is_derived(setting: Setting) -> list[Evidence]:
    """Compare every number of a setting's risk with the sums over pairings at its own matrices.

    A number is confirmed if it is within a tolerance of its own size: what the package promises,
    and what the last digits of the entries are worth.  It is refuted if it is off by a thousand
    tolerances, and undecided in between or where the entries do not determine it.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    list of Evidence
        One for each number.
    """
    statements = {
        name: f"the {name} is that of the sums over pairings, at this setting's own matrices"
        for name in QUANTITIES
    }
    if setting.dim > LARGEST_DIM:
        return [_too_large(statement) for statement in statements.values()]
    entries = _Entries.of(setting)
    exact, other = entries.fields(), entries.perturbed().fields()
    computed = one_step_risk(setting)
    # R ≥ 0 bounds c1 by 2√(c0c2), which says how large the terms are that cancel in it.
    constant, quadratic = abs(exact["constant"]), abs(exact["quadratic"])
    bounds = {"linear": 2 * (constant * quadratic).sqrt(), "improvement": constant}
    if not quadratic.is_zero():
        bounds["step_size"] = (constant / quadratic).sqrt()
    return [
        _compared(
            statement,
            flint.arb(getattr(computed, name)) - exact[name],
            exact[name],
            other[name] - exact[name],
            bounds.get(name, abs(exact[name])),
            quantity=name,
        )
        for name, statement in statements.items()
    ]


@_in_digits
def weights_are_solved(setting: Setting) -> list[Evidence]:
    """Compare the package's W* with the solution of the normal equations, entry by entry.

    Parameters
    ----------
    setting : Setting
        Its own start plays no part.
    """
    statement = "the package's W* is the solution of the normal equations, all entries"
    if setting.dim > LARGEST_DIM:
        return [_too_large(statement)]
    setting = dataclasses.replace(setting, initialization=PretrainedWeights())
    computed = _matrix(dense(pretrained_weights(setting)))
    entries = _Entries.of(setting)
    exact = entries.weights()
    size = _size(exact)
    shift = _size(entries.perturbed().weights() - exact)
    return [_compared(statement, _size(computed - exact), size, shift, size, quantity="W*")]


def _size(matrix: flint.arb_mat) -> flint.arb:
    """Return the largest entry's absolute value."""
    return functools.reduce(lambda a, b: a.max(b), map(abs, matrix.entries()))


def _compared(
    statement: str,
    error: flint.arb,
    exact: flint.arb,
    shift: flint.arb,
    bound: flint.arb,
    quantity: str,
) -> Evidence:
    """Judge a number by its error, and by how the exact one shifts when the entries are changed."""
    size = abs(exact)
    tolerance = _PROMISED * size.abs_lower() + _LAST_DIGITS * shift.abs_upper()
    rounding = _LAST_DIGITS * _EPSILON * bound.abs_upper()
    largest, smallest = error.abs_upper(), error.abs_lower()
    if smallest > _WRONG * tolerance + rounding:
        verdict = Verdict.REFUTED
    elif largest <= tolerance <= _WIDEST * size.abs_lower() or (
        # What vanishes has no size to compare with.
        exact.contains(0) and largest <= rounding
    ):
        verdict = Verdict.CONFIRMED
    else:
        verdict = Verdict.UNDECIDED
    return Evidence(
        EvidenceKind.EXACT_VALUE,
        verdict,
        statement,
        {
            "quantity": quantity,
            "exact": float(exact),
            "relative_error": _ratio(largest, size),
            "tolerance": _ratio(tolerance, size),
        },
    )


def _ratio(value: flint.arb, size: flint.arb) -> float:
    if value.is_zero():
        return 0.0
    return math.inf if size.is_zero() else float(value / size)


def _too_large(statement: str) -> Evidence:
    reason = f"matrices are written out for dim ≤ {LARGEST_DIM}"
    return Evidence(
        EvidenceKind.EXACT_VALUE, Verdict.UNDECIDED, f"{statement}: not compared, since {reason}"
    )
