"""Joint cumulants of ‖u‖² and the other forms of a context vector, given the labels.

Symbols: those of `context_vector`; U = ‖u‖², A a power of Σ_x, and τ = t − n, whose moments are the
central ones of χ²_n.  None of these is negative, and e's mean is b − τWq, so that b = β − nWq
cancels against nothing.

Rule.  Given t, u is Gaussian with covariance Γ, and every form Q = q0 + 2gᵀ(u − E[u]) +
(u − E[u])ᵀH(u − E[u]) of it has a symmetric H, a half gradient g and a value q0 at the mean.  Then

    κ(Q) = q0 + tr(HΓ),
    κ(Q_1, …, Q_p) = 2^(p−1) [Σ tr(H_1ΓH_2Γ⋯H_pΓ) + Σ g_1ᵀΓH_2Γ⋯H_(p−1)Γg_p],

where the first sum is over all cyclic orders of the forms, the second over all orders: of the
pairings of a product of forms, those that connect all of them.

Source: theory.md, section 2, facts 2 and 13; ours.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sympy

from derivations.formula import Formula, require
from derivations.linear.context_vector import (
    COVARIANCE,
    ERROR_COVARIANCE,
    MEAN,
    chi_squared_mean,
    cross_moment,
    error_moment,
    product_moment,
    second_moment,
    t,
)
from derivations.linear.symbols import n, s
from derivations.linear.words import (
    A,
    S,
    V,
    W,
    b,
    bT,
    invariant,
    q,
    qT,
    scalars,
    trace,
    transpose,
)

tau = sympy.Symbol("tau", real=True)
order, last, before = sympy.symbols("order last before", nonnegative=True)

MOST_STEPS = 2
"""The risk after so many steps; U occurs twice as often, which is a power of three for W."""


class QuadraticForm(NamedTuple):
    """A form of u about its mean given t: H, g and the value there; H = None for ‖u‖²."""

    hessian: sympy.Expr | None
    half_gradient: sympy.Expr
    at_mean: sympy.Expr


M, P = second_moment(), cross_moment()
ERROR_MEAN = b - tau * W * q

SIZE = QuadraticForm(None, MEAN, scalars(transpose(MEAN) * MEAN))
OVERLAP = QuadraticForm(M, sympy.expand(M * MEAN), scalars(transpose(MEAN) * M * MEAN))
ERROR = QuadraticForm(
    V * A * W,
    sympy.expand(-V * A * ERROR_MEAN),
    scalars(transpose(ERROR_MEAN) * A * ERROR_MEAN),
)
GRADIENT = QuadraticForm(
    sympy.expand(-(P * A * W + V * A * transpose(P)) / 2),
    sympy.expand((P * A * ERROR_MEAN - V * A * transpose(P) * MEAN) / 2),
    scalars(transpose(MEAN) * P * A * ERROR_MEAN),
)


def cumulant(size_power: int, *others: QuadraticForm) -> sympy.Expr:
    """κ(U, …, U, Q, …) with U so many times, by the rule above."""
    forms = [*[SIZE] * size_power, *others]
    if len(forms) == 1:
        [only] = forms
        return sympy.expand(only.at_mean + _closed([only]))
    total = sympy.Integer(0)
    for ordered in _orders(forms):
        if ordered[0] is forms[-1]:
            # Every cyclic order once: the form that there is one of comes first, or all are U.
            count = math.factorial(size_power - (not others))
            total += count * _closed(ordered)
        total += math.factorial(size_power) * _chain(ordered)
    return sympy.expand(2 ** (len(forms) - 1) * total)


def _orders(forms: Sequence[QuadraticForm]) -> Iterator[list[QuadraticForm]]:
    """Yield all orders that differ in more than which U stands where."""
    places = range(len(forms))
    others = [form for form in forms if form is not SIZE]
    for chosen in itertools.permutations(places, len(others)):
        where = dict(zip(chosen, others, strict=True))
        yield [where.get(place, SIZE) for place in places]


def _product(forms: Sequence[QuadraticForm]) -> sympy.Expr:
    """H_1ΓH_2Γ⋯H_pΓ."""
    result = sympy.Integer(1)
    for form in forms:
        hessian = 1 if form.hessian is None else form.hessian
        result = sympy.expand(result * hessian * COVARIANCE)
    return result


def _closed(forms: Sequence[QuadraticForm]) -> sympy.Expr:
    return trace(_product(forms))


def _chain(forms: Sequence[QuadraticForm]) -> sympy.Expr:
    first, *middle, end = forms
    return scalars(
        transpose(first.half_gradient) * COVARIANCE * _product(middle) * end.half_gradient
    )


SIZE_CUMULANTS = [cumulant(power) for power in range(1, 2 * MOST_STEPS + 1)]
OVERLAP_CUMULANTS = [cumulant(power, OVERLAP) for power in range(2 * MOST_STEPS - 1)]
ERROR_CUMULANTS = [cumulant(power, ERROR) for power in range(2 * MOST_STEPS + 1)]
PRODUCT_CUMULANTS = [cumulant(power, OVERLAP, ERROR) for power in range(2 * MOST_STEPS - 1)]
GRADIENT_CUMULANTS = [cumulant(power, GRADIENT) for power in range(MOST_STEPS)]

# E[τ^(j+1)] = 2j(E[τ^j] + nE[τ^(j−1)]), by parts against the density of χ²_n.
NEXT_CENTRAL_MOMENT = 2 * order * (last + n * before)
HIGHEST_CENTRAL_MOMENT = 4 * MOST_STEPS + 2


def _mean(expression: sympy.Expr) -> sympy.Expr:
    return chi_squared_mean(expression.subs(tau, t - n))


def _check() -> None:
    for power in range(1, HIGHEST_CENTRAL_MOMENT):
        found = NEXT_CENTRAL_MOMENT.subs(
            {order: power, last: _mean(tau**power), before: _mean(tau ** (power - 1))}
        )
        require(found - _mean(tau ** (power + 1)), f"the central moment of order {power + 1}")
    require(
        trace(W * COVARIANCE * V * A - A * ERROR_COVARIANCE), "the error is an affine function of u"
    )
    require(_mean(SIZE_CUMULANTS[0]) - trace(M), "the mean of ‖u‖²")
    require(_mean(OVERLAP_CUMULANTS[0]) - trace(M * M), "the mean of uᵀMu")
    require(_mean(ERROR_CUMULANTS[0]) - error_moment(A), "the mean of eᵀAe")
    require(_mean(GRADIENT_CUMULANTS[0]) - trace(P * A * transpose(P)), "the mean of uᵀPAe")
    product = OVERLAP_CUMULANTS[0] * ERROR_CUMULANTS[0] + PRODUCT_CUMULANTS[0]
    require(_mean(sympy.expand(product)) - product_moment(A, M), "the mean of eᵀAe · uᵀMu")


_check()

_SHIFTS = range(2 * MOST_STEPS + 1)
_CONTEXT = {
    t: "chi_squared",
    tau: "deviation",
    n: "context_length",
    s: "label_variance",
    **{invariant((*[S] * power,), trace=True): f"trace_{power}" for power in range(1, 6)},
    **{invariant((qT, *[S] * power, q)): f"mean_form_{power}" for power in _SHIFTS},
}
_WEIGHTED = {
    invariant((bT, A, b)): "bias_bias",
    **{invariant((bT, A, W, *[S] * power, q)): f"bias_shift_{power}" for power in _SHIFTS},
    **{
        invariant((qT, *[S] * one, V, A, W, *[S] * two, q)): f"shift_{one}{two}"
        for one, two in itertools.combinations_with_replacement(_SHIFTS, 2)
    },
    **{invariant((A, W, *[S] * power, V), trace=True): f"spread_{power}" for power in range(1, 6)},
}


def _formula(name: str, expression: sympy.Expr, summary: str) -> Formula:
    """Collect a cumulant by its powers of t and τ, so that the rest is plain numbers."""
    names = _CONTEXT | _WEIGHTED
    parameters = {symbol: names[symbol] for symbol in names if symbol in expression.free_symbols}
    terms = sympy.Poly(expression, t, tau).terms()
    return Formula(
        name,
        parameters,
        sympy.Add(*(t**i * tau**j * coefficient for (i, j), coefficient in terms)),
        summary,
        "theory.md, section 2, fact 13.",
        as_written=True,
    )


def _times(power: int) -> str:
    return "".join(["‖u‖², "] * power)


FORMULAS = (
    *(
        _formula(f"size_{power}", expression, f"κ({_times(power)[:-2]}) given the labels.")
        for power, expression in enumerate(SIZE_CUMULANTS, 1)
    ),
    *(
        _formula(f"{name}_{power}", expression, f"κ({_times(power)}{form}) given the labels.")
        for name, form, cumulants in (
            ("overlap", "uᵀMu", OVERLAP_CUMULANTS),
            ("error", "eᵀAe", ERROR_CUMULANTS),
            ("product", "uᵀMu, eᵀAe", PRODUCT_CUMULANTS),
            ("gradient", "uᵀPAe", GRADIENT_CUMULANTS),
        )
        for power, expression in enumerate(cumulants)
    ),
    Formula(
        "next_central_moment",
        {order: "order", n: "context_length", last: "last", before: "before"},
        NEXT_CENTRAL_MOMENT,
        "E[(t−n)^(j+1)] of t ~ χ²_n from those of order j and j − 1.",
        "By parts against the density of χ²_n.",
    ),
)
