"""The moments of one context that several steps take, for Σ_x = I and W = wI.

Symbols: Σ_x = I, W = wI, s = ‖β‖² + σ², r = 1 − nw and g = ‖β‖²(r − 2w) − σ²w as in
`isotropic_squares`.  The context vector has the part b along β and the part across, of squared
length U_2, so that U = ‖u‖² = b² + U_2; the error e = β − wu has e_1 = ‖β‖ − wb along β and
‖e‖² = e_1² + w²U_2.  Given T ~ χ²_n (`context_vector`),

    b = ‖β‖T + σ√T z,  z ~ N(0, 1),    U_2 ~ s T χ²_(d−1) independent of b.

So the moments are those of T^l times a polynomial in b and e_1, and e_1 = ‖β‖(1 − wT) − wσ√T z.
The share 1 − wT of the task is what a good start makes small: T^l weighs χ²_n to χ²_(n+2l), under
which 1 − wT has the mean r − 2lw and the variance 2w²(n+2l), and no sum takes one from the other.

Source: ours (theory.md, section 2, facts 7 and 8).
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.context_vector import chi_squared_mean, second_moment, t
from derivations.linear.isotropic_squares import g, r
from derivations.linear.symbols import n, noise, norm2, s, w
from derivations.linear.words import S, coefficients, q, qT

along, across, product = sympy.symbols("b_square U_2 b_e", real=True)
order, half_power, even, odd, kept, kept_square = sympy.symbols(
    "l h even odd kept kept_square", real=True
)
signal_part, noise_part, cross_part = sympy.symbols("signal_part noise_part cross_part", real=True)

KEPT = r - 2 * order * w
KEPT_SQUARE = kept**2 + 2 * (n + 2 * order) * w**2

# uᵀMu and uᵀPe, where P = nΣ_xββᵀ − MWᵀ.
CONTEXT_FORM = n * ((n + 1) * norm2 * along + s * (along + across))
GRADIENT_FORM = n * (g * product + s * w**2 * across)

# With b^p by powers of z, E[z^(2h)] = (2h−1)!!: of the terms with z^(2h) and z^(2h+1) in b^p, whose
# binomial coefficients are `even` and `odd`, what is left but for (2h−1)!! σ^(2h) ‖β‖^… E[T^l].
# The parts depend on l alone.
SIGNAL_SQUARE = norm2 * kept_square
NOISE_SQUARE = noise * w**2 * (n + 2 * order)
CROSS_SQUARE = 2 * noise * w * kept
SQUARE_TERM = (
    even * (signal_part + (2 * half_power + 1) * noise_part)
    - (2 * half_power + 1) * odd * cross_part
)
SIGNAL_PRODUCT = norm2 * kept
NOISE_PRODUCT = noise * w
PRODUCT_TERM = even * signal_part - (2 * half_power + 1) * odd * noise_part
_SQUARE = {signal_part: SIGNAL_SQUARE, noise_part: NOISE_SQUARE, cross_part: CROSS_SQUARE}
_PRODUCT = {signal_part: SIGNAL_PRODUCT, noise_part: NOISE_PRODUCT}


def _require_forms() -> None:
    norm = sympy.sqrt(norm2)
    outer, plain = (coefficients(second_moment())[word] for word in ((q, qT), (S,)))
    # M is diagonal along and across β, and P with it; b e_1 and e·u across follow from e = β − wu.
    second = {"along": outer * norm2 + plain, "across": plain}
    b = sympy.Symbol("b", real=True)
    context = second["along"] * b**2 + second["across"] * across
    require(CONTEXT_FORM.subs(along, b**2) - context, "uᵀMu")
    first = (n * norm2 - w * second["along"]) * product - w * second["across"] * (-w * across)
    given = {g: norm2 * (r - 2 * w) - noise * w}
    given_start = {r: 1 - n * w, s: norm2 + noise}
    require((GRADIENT_FORM.subs(given) - first).subs(given_start), "uᵀPe")
    z = sympy.Symbol("z", real=True)
    deviation = sympy.sqrt(noise) * sympy.sqrt(t) * z
    overlap, error = norm * t + deviation, norm * (1 - w * t) - w * deviation
    for power, shift in ((0, 0), (1, 0), (2, 1), (3, 2)):
        for degree, factor, term in (
            (2 * power, error**2, SQUARE_TERM.subs(_SQUARE)),
            (2 * power + 1, error, PRODUCT_TERM.subs(_PRODUCT)),
        ):
            exact = _mean(t**shift * overlap**degree * factor, z)
            require(
                exact - _by_terms(term, degree, shift).subs(r, 1 - n * w),
                f"the mean of T^{shift} b^{degree} with the error",
            )


def _mean(expression: sympy.Expr, z: sympy.Symbol) -> sympy.Expr:
    """Average over z and T."""
    total = sympy.Integer(0)
    for (power,), coefficient in sympy.Poly(sympy.expand(expression), z).terms():
        if power % 2 == 0:
            total += coefficient * sympy.factorial2(power - 1)
    return chi_squared_mean(sympy.expand(total))


def _by_terms(term: sympy.Expr, degree: int, shift: int) -> sympy.Expr:
    total = sympy.Integer(0)
    for h in range(degree // 2 + 1):
        power = shift + degree - h
        values = {
            even: sympy.binomial(degree, 2 * h),
            odd: sympy.binomial(degree, 2 * h + 1),
            half_power: h,
        }
        at_power = term.subs(values).subs(kept_square, KEPT_SQUARE).subs(kept, KEPT)
        scale = sympy.factorial2(2 * h - 1) * norm2 ** (degree // 2 - h) * noise**h
        total += scale * chi_squared_mean(t**power) * at_power.subs(order, power)
    return total


_require_forms()

_NAMES = {
    n: "context_length",
    norm2: "task_square",
    noise: "noise_variance",
    s: "label_variance",
    w: "weight",
    r: "bias",
    g: "gradient",
    along: "aligned_square",
    across: "across_square",
    product: "aligned_product",
    order: "power",
    half_power: "half_power",
    even: "even",
    odd: "odd",
    kept: "kept",
    kept_square: "kept_square",
    signal_part: "signal_part",
    noise_part: "noise_part",
    cross_part: "cross_part",
}


def _formula(name: str, expression: sympy.Expr, summary: str) -> Formula:
    used = {symbol: label for symbol, label in _NAMES.items() if symbol in expression.free_symbols}
    return Formula(name, used, expression, summary, "theory.md, section 2; ours.", as_written=True)


FORMULAS = tuple(
    _formula(*each)
    for each in (
        ("kept", KEPT, "E[T^l (1 − wT)] / E[T^l], T ~ χ²_n."),
        ("kept_square", KEPT_SQUARE, "E[T^l (1 − wT)²] / E[T^l], T ~ χ²_n."),
        ("context_form", CONTEXT_FORM, "uᵀMu, from b² and what of ‖u‖² is across the task."),
        ("gradient_form", GRADIENT_FORM, "uᵀPe, from b·e_1 and what of ‖u‖² is across the task."),
        ("signal_square", SIGNAL_SQUARE, "Of e_1², the part of the task's kept share."),
        ("noise_square", NOISE_SQUARE, "Of e_1², the part of the noise."),
        ("cross_square", CROSS_SQUARE, "Of e_1², the part of share and noise together."),
        ("signal_product", SIGNAL_PRODUCT, "Of b·e_1, the part of the task's kept share."),
        ("noise_product", NOISE_PRODUCT, "Of b·e_1, the part of the noise."),
        ("square_term", SQUARE_TERM, "A term of E[T^l b^p e_1²], but for common factors."),
        ("product_term", PRODUCT_TERM, "A term of E[T^l b^p e_1], but for common factors."),
    )
)
