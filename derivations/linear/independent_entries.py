"""The one-step risk for isotropic features of independent entries that are not Gaussian.

Symbols: Σ_x = I, W = wI; κ_4, κ_6, κ_8 the cumulants of an entry beyond its variance 1; p_j =
Σβ_i^j for j = 4 and 6, no higher sum entering; else as in `isotropic` and `sample_sums`.  A sample
is t = x(xᵀβ + ξ).  Letters: ``O`` = ββᵀ and ``D`` = diag(β_i²), so that E[ttᵀ] = 2O + sI + κ_4D.

The mean of a product of entries is the sum over partitions of its factors into groups of even
size, each at one entry, of the product of the groups' cumulants.  Groups that xᵀx or xᵀDx tie
together are at one entry, too, and leave a sum of powers of β.

As E[xᵀx xxᵀ] = (d + 2 + κ_4) I, c2 = 4k [(k + d + 1 + κ_4) E[eᵀe·uᵀMu] + dσ² E[(uᵀu')²]].

Source: ours (theory.md, section 2).
"""

from functools import cache

import sympy

from derivations.formula import Formula, require
from derivations.linear import isotropic, sample_sums
from derivations.linear.sample_sums import partitions
from derivations.linear.symbols import d, k, n, noise, norm2, w

K4, K6, K8 = sympy.symbols("kappa4 kappa6 kappa8", real=True)
P4, P6 = sympy.symbols("p4 p6", nonnegative=True)
GAUSSIAN: dict[sympy.Symbol, sympy.Expr] = {K4: 0, K6: 0, K8: 0}
_CUMULANTS = {2: sympy.Integer(1), 4: K4, 6: K6, 8: K8}
_POWER_SUMS = {0: d, 2: norm2, 4: P4, 6: P6}
OUTER, D = sympy.symbols("O D", commutative=False)


@cache
def _even_partitions(count: int) -> list[list[list[int]]]:
    return [each for each in partitions(count) if not any(len(group) % 2 for group in each)]


def _entries_mean(pairs: list[int], singles: list[int]) -> sympy.Expr:
    """E[Π_p (Σ_i β_i^p x_i²) Π_j (Σ_i β_i^j x_i)] over the powers p of pairs and j of singles."""
    weights = [each for power in pairs for each in (power, 0)] + singles
    total = sympy.Integer(0)
    for partition in _even_partitions(len(weights)):
        tied = [set(group) for group in partition]
        for first in range(0, 2 * len(pairs), 2):
            one, other = (next(each for each in tied if f in each) for f in (first, first + 1))
            if one is not other:
                tied.remove(other)
                one |= other
        total += sympy.prod(
            [_CUMULANTS[len(group)] for group in partition]
            + [_POWER_SUMS[sum(weights[factor] for factor in each)] for each in tied]
        )
    return total


def _sample_mean(pairs: list[int], singles: list[int], labels: int) -> sympy.Expr:
    """The same mean, times (xᵀβ + ξ)^labels."""
    return sympy.Add(
        *(
            sympy.binomial(labels, noisy)
            * sympy.factorial2(noisy - 1)
            * noise ** (noisy // 2)
            * _entries_mean(pairs, singles + [1] * (labels - noisy))
            for noisy in range(0, labels + 1, 2)
        )
    )


def _with_form(
    form: dict[sympy.Expr, sympy.Expr], pairs: list[int], singles: list[int], labels: int
) -> sympy.Expr:
    """The same mean, times tᵀFt for a form F given by its factors of I, O and D."""
    factors = {sympy.S.One: ([*pairs, 0], singles), D: ([*pairs, 2], singles)}
    factors[OUTER] = (pairs, [*singles, 1, 1])
    return sympy.expand(
        sum(form[each] * _sample_mean(*factors[each], labels) for each in form if form[each] != 0)
    )


def _trace(expression: sympy.Expr) -> sympy.Expr:
    """Take the trace of a polynomial in O and D."""
    total = sympy.Integer(0)
    for term in sympy.Add.make_args(sympy.expand(expression)):
        commuting, letters = term.args_cnc()
        word = [x.as_base_exp()[0] for x in letters for _ in range(int(x.as_base_exp()[1]))]
        if OUTER not in word:
            total += sympy.Mul(*commuting) * _POWER_SUMS[2 * len(word)]
            continue
        start = word.index(OUTER)
        gaps = [0]
        for letter in word[start + 1 :] + word[:start]:
            gaps = [*gaps, 0] if letter is OUTER else [*gaps[:-1], gaps[-1] + 1]
        total += sympy.Mul(*commuting, *(_POWER_SUMS[2 + 2 * gap] for gap in gaps))
    return sympy.expand(total)


def _factors(matrix: sympy.Expr) -> dict[sympy.Expr, sympy.Expr]:
    expanded = sympy.expand(matrix)
    return {sympy.S.One: expanded.subs({OUTER: 0, D: 0})} | {
        x: expanded.coeff(x) for x in (OUTER, D)
    }


SECOND_MOMENT = sympy.expand(2 * OUTER + (norm2 + noise) + K4 * D)
SPREAD = SECOND_MOMENT - OUTER
M = sympy.expand(n * SPREAD + n**2 * OUTER)
_form, _other = _factors(sympy.expand(w**2)), _factors(M)
# Mβ = line_1 β + line_3 (β_i³).
_line = {1: _other[OUTER] * norm2 + _other[sympy.S.One], 3: _other[D]}
_rest = 1 - n * w
_mean_third = sympy.expand(
    sum(factor * _with_form(_form, [], [power], 3) for power, factor in _line.items())
)
_form_moments = _trace(w**2 * SECOND_MOMENT), _trace(M * SECOND_MOMENT)
_mean_forms = w**2 * norm2, _trace(M * OUTER)
_cross = _trace(SECOND_MOMENT * M * OUTER)
_line_moment = _with_form(_other, [], [1], 3)
OVERLAP = _trace(M * M)


def _third(
    line_moment: sympy.Expr, line_mean: sympy.Expr, crossed: sympy.Expr, form: int
) -> sympy.Expr:
    return sample_sums.THIRD_CUMULANT.subs(
        {
            sample_sums.line_moment: line_moment,
            sample_sums.line_mean: line_mean,
            sample_sums.line_cross: crossed,
            sample_sums.form_2: _form_moments[form - 1],
            sample_sums.mean_2: _mean_forms[form - 1],
        },
        simultaneous=True,
    )


PRODUCT = sympy.expand(
    sample_sums.PRODUCT.subs(
        {
            sample_sums.overlap: OVERLAP,
            sample_sums.bias_form: _rest**2 * norm2,
            sample_sums.spread: _trace(w**2 * SPREAD),
            sample_sums.bias_cross: w * _rest * _trace(SPREAD * M * OUTER),
            sample_sums.bias_third: w * _rest * _third(_line_moment, norm2, _cross, 2),
            sample_sums.mean_third: _third(_mean_third, _mean_forms[1], w**2 * _cross, 1),
            sample_sums.spread_product: w**2 * _trace(SPREAD * M * SPREAD),
            sample_sums.fourth: sample_sums.FOURTH_CUMULANT.subs(
                {
                    sample_sums.moment: w**2 * _with_form(_other, [0], [], 4),
                    sample_sums.third_1: w**2 * _line_moment,
                    sample_sums.third_2: _mean_third,
                    sample_sums.form_1: _form_moments[0],
                    sample_sums.form_2: _form_moments[1],
                    sample_sums.mean_1: _mean_forms[0],
                    sample_sums.mean_2: _mean_forms[1],
                    sample_sums.cross: w**2 * _cross,
                    sample_sums.product: w**2 * _trace(SECOND_MOMENT * M * SECOND_MOMENT),
                },
                simultaneous=True,
            ),
        },
        simultaneous=True,
    )
)
CONSTANT = sympy.expand(noise + _rest**2 * norm2 + n * w**2 * _trace(SPREAD))
_gradient = _rest * OUTER - w * SPREAD
LINEAR = sympy.expand(4 * k * n**2 * _trace(_gradient * _gradient))
product_moment, overlap = sample_sums.product_moment, sample_sums.overlap
QUADRATIC = 4 * k * ((k + d + 1 + K4) * product_moment + d * noise * overlap)
IN_FULL = {product_moment: PRODUCT, overlap: OVERLAP}

for _name, _ours, _gaussian in (
    ("c0", CONSTANT, isotropic.CONSTANT),
    ("c1", LINEAR, isotropic.LINEAR),
    ("c2", QUADRATIC.subs(IN_FULL), isotropic.QUADRATIC),
):
    require(_ours.subs(GAUSSIAN) - _gaussian, f"{_name} is the Gaussian one without the cumulants")

# The prior N(0, I) has the mean I of O and of D, and d of ‖β‖²: E[uuᵀ] averages to a multiple of I.
_averaged = M.subs({norm2: d, OUTER: 1, D: 1})
ISOTROPIC_WEIGHT = sympy.cancel(n / _averaged)

_PRODUCT = sympy.Mul(n**2, sympy.expand(PRODUCT / n**2), evaluate=False)
_NAMES = {
    n: "context_length",
    k: "test_samples",
    d: "dim",
    norm2: "task_square",
    P4: "task_fourth",
    P6: "task_sixth",
    noise: "noise_variance",
    w: "weight",
    K4: "cumulant_4",
    K6: "cumulant_6",
    K8: "cumulant_8",
    product_moment: "product",
    overlap: "overlap",
}

FORMULAS = tuple(
    Formula(
        name,
        {symbol: label for symbol, label in _NAMES.items() if symbol in expression.free_symbols},
        expression,
        summary,
        "ours (theory.md, section 2).",
        # It has no factors, which takes SymPy minutes to find out where it draws badly.
        as_written=expression is _PRODUCT,
    )
    for name, expression, summary in (
        ("constant", CONSTANT, "c0 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI."),
        ("linear", LINEAR, "c1 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI."),
        ("quadratic", QUADRATIC, "c2 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI."),
        ("product_moment", _PRODUCT, "E[eᵀe·uᵀMu], from the sums of the task's powers."),
        ("overlap_moment", OVERLAP, "E[(uᵀu')²] = tr(M²) of two independent contexts."),
        (
            "isotropic_weight",
            ISOTROPIC_WEIGHT,
            "w in W* = wI of pretraining on these features, Σ_x = Σ_β = I.",
        ),
    )
)
