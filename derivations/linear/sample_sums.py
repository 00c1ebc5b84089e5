"""The step's moments of degree four in the context, for features of any law.

Symbols: u = Σ_i t_i is a sum of n independent samples t_i = x_iy_i with mean q and second moment
T = E[ttᵀ]; A, B symmetric, C = WᵀAW, e = β − Wu, b = β − nWq, f = WᵀAb, K = T − qqᵀ.  What is
known of one sample carries the names

    form_moment_1 = tr(CT),  form_moment_2 = tr(BT),  mean_form_1 = qᵀCq,  mean_form_2 = qᵀBq,
    moment = E[tᵀCt·tᵀBt],  third_1 = E[qᵀCt·tᵀBt],  third_2 = E[qᵀBt·tᵀCt],
    cross = qᵀCTBq,  product = tr(CTBT),
    line_moment = E[gᵀt·tᵀBt],  line_mean = gᵀq,  line_cross = gᵀTBq,  for a vector g.

The joint cumulants of u are n times those of t.  In them E[eᵀAe·uᵀBu] is written about the mean
error b, where nothing cancels that is large.

Given u the gradient's vector v is a sum over k samples of the same kind, of mean Σ_xe: with
D := (k−1)Σ_x³ + E[(xᵀΣ_xx) xxᵀ], E[vᵀΣ_xv | u] = k(eᵀDe + σ² tr Σ_x²), for features of any law.

Source: ours (theory.md, section 2).
"""

from collections.abc import Iterator

import sympy

from derivations.formula import Formula, require
from derivations.linear.symbols import k, n, noise

moment, third_1, third_2, cross, product = sympy.symbols("moment third_1 third_2 cross product")
form_1, form_2, mean_1, mean_2 = sympy.symbols("form_1 form_2 mean_1 mean_2")
line_moment, line_mean, line_cross = sympy.symbols("line_moment line_mean line_cross")

THIRD_CUMULANT = line_moment - line_mean * form_2 - 2 * line_cross + 2 * line_mean * mean_2
FOURTH_CUMULANT = (
    moment
    - 2 * (third_1 + third_2)
    - (form_1 * form_2 + 2 * product)
    + 2 * (mean_1 * form_2 + mean_2 * form_1 + 4 * cross)
    - 6 * mean_1 * mean_2
)
# tr(CKBK) from T.
SPREAD_PRODUCT = product - 2 * cross + mean_1 * mean_2

bias_form, bias_cross, bias_third, mean_third, fourth, overlap, spread, spread_product = (
    sympy.symbols("bias_form bias_cross bias_third mean_third fourth overlap spread spread_product")
)
OVERLAP = n * (form_2 - mean_2) + n**2 * mean_2
product_moment, square_trace = sympy.symbols("product_moment square_trace")
QUADRATIC = 4 * k * (product_moment + noise * square_trace * overlap)
PRODUCT = (
    overlap * (bias_form + n * spread)
    - 2 * (2 * n**2 * bias_cross + n * bias_third)
    + 2 * n**2 * mean_third
    + 2 * n**2 * spread_product
    + n * fourth
)


def partitions(count: int) -> Iterator[list[list[int]]]:
    """Yield the set partitions of 0, …, count − 1."""
    if count == 0:
        yield []
        return
    last = count - 1
    for partition in partitions(last):
        for index, block in enumerate(partition):
            yield [*partition[:index], [*block, last], *partition[index + 1 :]]
        yield [*partition, [last]]


def _mean_over_samples(
    count: int, values: dict[tuple[tuple[int, ...], ...], sympy.Expr]
) -> sympy.Expr:
    """Average a product of `count` sums over samples, by which of its factors share a sample."""
    total = sympy.Integer(0)
    for partition in partitions(count):
        falling = sympy.prod([n - i for i in range(len(partition))])
        total += falling * values[tuple(sorted(tuple(sorted(block)) for block in partition))]
    return sympy.expand(total)


def _line_form(moment: sympy.Expr, mean: sympy.Expr, crossed: sympy.Expr) -> sympy.Expr:
    """E[gᵀu·uᵀBu]; factor 0 is g's, 1 and 2 are B's."""
    return _mean_over_samples(
        3,
        {
            ((0, 1, 2),): moment,
            ((0,), (1, 2)): mean * form_2,
            ((0, 1), (2,)): crossed,
            ((0, 2), (1,)): crossed,
            ((0,), (1,), (2,)): mean * mean_2,
        },
    )


def _form_form() -> sympy.Expr:
    """E[uᵀCu·uᵀBu]; factors 0 and 1 are C's, 2 and 3 are B's."""
    values = {
        ((0, 1, 2, 3),): moment,
        ((0, 1), (2, 3)): form_1 * form_2,
        ((0,), (1,), (2,), (3,)): mean_1 * mean_2,
        ((0, 1), (2,), (3,)): form_1 * mean_2,
        ((0,), (1,), (2, 3)): mean_1 * form_2,
    }
    for one, other in ((0, 1), (1, 0)):
        values[tuple(sorted(((one,), (other, 2, 3))))] = third_1
        values[tuple(sorted(((one + 2,), (0, 1, other + 2))))] = third_2
        values[tuple(sorted(((0, one + 2), (1, other + 2))))] = product
        for third in (2, 3):
            pair = tuple(sorted((one, third)))
            values[tuple(sorted((pair, (other,), (5 - third,))))] = cross
    return _mean_over_samples(4, values)


def _difference() -> sympy.Expr:
    """PRODUCT less E[eᵀAe·uᵀBu] with e = β − Wu multiplied out; g is WᵀAβ, and f = g − nCq."""
    task_form = sympy.Symbol("task_form")
    about_zero = (
        task_form * OVERLAP - 2 * _line_form(line_moment, line_mean, line_cross) + _form_form()
    )
    shifted = {
        line_moment: line_moment - n * third_1,
        line_mean: line_mean - n * mean_1,
        line_cross: line_cross - n * cross,
    }
    crossed = (line_cross - n * cross) - (line_mean - n * mean_1) * mean_2
    # The line Bq beside the form C, in which C and B have changed places.
    mean_line = third_2 - mean_2 * form_1 - 2 * cross + 2 * mean_2 * mean_1
    about_mean = PRODUCT.subs(
        {
            overlap: OVERLAP,
            bias_form: task_form - 2 * n * line_mean + n**2 * mean_1,
            spread: form_1 - mean_1,
            bias_cross: crossed,
            bias_third: THIRD_CUMULANT.subs(shifted, simultaneous=True),
            mean_third: mean_line,
            spread_product: SPREAD_PRODUCT,
            fourth: FOURTH_CUMULANT,
        },
        simultaneous=True,
    )
    return about_mean - about_zero


require(_difference(), "E[eᵀAe·uᵀBu] about the mean error is what it is about zero")

_LINE = {line_moment: "line_moment", line_mean: "line_mean", line_cross: "line_cross"}
_FORMS = {mean_1: "mean_form_1", mean_2: "mean_form_2"}
_SOURCE = "ours (theory.md, section 2)."

FORMULAS = (
    Formula(
        "third_cumulant",
        {**_LINE, form_2: "form_moment_2", mean_2: "mean_form_2"},
        THIRD_CUMULANT,
        "κ(gᵀt, tᵀ, t)B: the third joint cumulants of a sample, with a vector g and a form B.",
        _SOURCE,
        as_written=True,
    ),
    Formula(
        "fourth_cumulant",
        {
            moment: "moment",
            third_1: "third_1",
            third_2: "third_2",
            form_1: "form_moment_1",
            form_2: "form_moment_2",
            product: "product",
            cross: "cross",
            **_FORMS,
        },
        FOURTH_CUMULANT,
        "The fourth joint cumulants of a sample, with two forms C and B.",
        _SOURCE,
        as_written=True,
    ),
    Formula(
        "product_moment",
        {
            n: "context_length",
            overlap: "overlap_moment",
            bias_form: "bias_form",
            spread: "spread",
            bias_cross: "bias_cross",
            bias_third: "bias_third",
            mean_third: "mean_third",
            spread_product: "spread_product",
            fourth: "fourth",
        },
        PRODUCT,
        "E[eᵀAe·uᵀBu] from bᵀAb, tr(CK), fᵀKBq, κ₃(f, B), κ₃(Bq, C), tr(CKBK) and κ₄(C, B).",
        _SOURCE,
        as_written=True,
    ),
    Formula(
        "quadratic",
        {
            k: "test_samples",
            noise: "noise_variance",
            square_trace: "feature_square_trace",
            overlap: "overlap_moment",
            product_moment: "product_moment",
        },
        QUADRATIC,
        "c2 from E[eᵀDe·uᵀMu] with D = (k−1)Σ_x³ + E[(xᵀΣ_xx) xxᵀ].",
        _SOURCE,
    ),
)
