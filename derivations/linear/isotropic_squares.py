"""The isotropic one-step risk once more, as sums of squares: nothing in it cancels.

Symbols: Σ_x = I, W = wI, as in `isotropic`; s = ‖β‖² + σ², r = 1 − nw the share of the task that
the start leaves over, g = ‖β‖²(r − 2w) − σ²w the mean gradient along β, κ = 2kη.  Of the context
vector u and the error e = β − wu, subscript 1 marks the part along β and 2 the part across, of
dimension d − 1.

Across β everything is centred, so that E‖·‖² splits into parts along and across; along β it is
the square of the mean plus the variance.  Given T ~ χ²_n (`context_vector`), u_1 ~ N(T‖β‖, Tσ²),
and e_1u_1 has mean and variance in squares of r − 2w, r − (n+4)w and σ²w; averaging over T leaves
squares again.  A start that pretraining finds makes r and g small differences of large numbers, so
that those two come from the pretraining itself.

Source: [G25], Section 4 in the limit; this exact form is ours.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear import isotropic
from derivations.linear.pretraining import GRAM_FACTOR, RIDGE, tau
from derivations.linear.symbols import d, k, n, noise, norm2, s, step, w

r, g = sympy.symbols("r g", real=True)
source_length, prior, source_noise = sympy.symbols("source_n b source_sigma2", nonnegative=True)
share, rest, excess, denominator, scaled_step = sympy.symbols("h rest e D kappa", real=True)
square_1, variance, product, sampling = sympy.symbols(
    "square_1 variance product sampling", nonnegative=True
)

# The start: f times the weight that pretraining finds for Σ_β = bI, with n' and σ'² of its own.
# With D := (n'+1)b + db + σ'² and w = fb/D, the differences D − nb and D − (n+2)b are taken term by
# term.  f is split into a share h between 0 and 1 and an excess e, so that only the share is a part
# of what is 1 in all; 1 − h is a symbol of its own, from which no sum takes anything else first.
DENOMINATOR = GRAM_FACTOR.subs(n, source_length) * prior + RIDGE.subs({tau: d * prior}).subs(
    noise, source_noise
)
START_WEIGHT = (share + excess) * prior / denominator
_mismatch = source_length - n
BIAS = (
    rest + (share * (prior * (d + 1 + _mismatch) + source_noise) - excess * n * prior) / denominator
)
_gradient_1 = share * (prior * (d - 1 + _mismatch) + source_noise) - excess * (n + 2) * prior
GRADIENT = rest * norm2 + (norm2 * _gradient_1 - (share + excess) * noise * prior) / denominator

# E[u_1²] = n(s + (n+1)‖β‖²), and the variances of e_1u_1, of e_1u_2, of e_2u_1 and of e_2·u_2, each
# weighted by what the fresh context's part is on average.
SQUARE_1 = n * (s + (n + 1) * norm2)
_variance_11 = n * (
    2 * (norm2 * (r - (n + 4) * w) - noise * w) ** 2
    + norm2 * noise * (r - (n + 4) * w) ** 2
    + 2 * (n + 2) * w**2 * (4 * norm2 * (norm2 + noise) + noise**2)
)
_moment_21 = n * (n + 2) * (d - 1) * s * w**2 * ((n + 4) * norm2 + noise)
_moment_12 = n * (d - 1) * s * (norm2 * (r - 2 * w) ** 2 + (n + 2) * w**2 * (2 * norm2 + noise))
_variance_22 = n * (d - 1) * (s * w) ** 2 * ((n + 2) * d + 2)
PRODUCT_VARIANCE = square_1 * (_variance_11 + _moment_21) + n * s * (_moment_12 + _variance_22)
PRODUCT = variance + square_1 * (n * g) ** 2 + (d - 1) * (n * s) ** 3 * w**2
SAMPLING = (d + 1) * product + d * noise * (square_1**2 + (d - 1) * (n * s) ** 2)

CONSTANT = noise + norm2 * r**2 + n * w**2 * (d * s + norm2)
LINEAR = 4 * k * n**2 * (g**2 + (d - 1) * (s * w) ** 2)
QUADRATIC = 4 * k * (k * product + sampling)
RISK = (
    noise
    + norm2 * (r - scaled_step * n**2 * g) ** 2
    + n * (s + norm2) * (w + scaled_step * n * g) ** 2
    + n * (d - 1) * s * w**2 * (1 - scaled_step * n * s) ** 2
    + scaled_step**2 * (variance + sampling / k)
)

_DEFINITIONS = (
    {scaled_step: 2 * k * step},
    {sampling: SAMPLING},
    {product: PRODUCT},
    {variance: PRODUCT_VARIANCE},
    {square_1: SQUARE_1},
    {g: norm2 * (r - 2 * w) - noise * w},
    {r: 1 - n * w, s: norm2 + noise},
)


def _explicit(expression: sympy.Expr) -> sympy.Expr:
    for definition in _DEFINITIONS:
        expression = expression.subs(definition)
    return sympy.expand(expression)


require(_explicit(CONSTANT) - isotropic.CONSTANT, "the squares of c0")
require(_explicit(LINEAR) - isotropic.LINEAR, "the squares of c1")
require(_explicit(QUADRATIC) - isotropic.QUADRATIC, "the squares of c2")
require(
    _explicit(RISK)
    - (isotropic.CONSTANT - isotropic.LINEAR * step + isotropic.QUADRATIC * step**2),
    "the squares of c0 − c1η + c2η²",
)
_start = START_WEIGHT.subs(denominator, DENOMINATOR)
_given = {rest: 1 - share, denominator: DENOMINATOR}
require(BIAS.subs(_given) - (1 - n * _start), "the start's 1 − nw")
require(
    GRADIENT.subs(_given) - (norm2 * (1 - n * _start - 2 * _start) - noise * _start),
    "the start's ‖β‖²(r − 2w) − σ²w",
)

_NAMES = {
    n: "context_length",
    source_length: "source_context_length",
    k: "test_samples",
    d: "dim",
    norm2: "task_square",
    noise: "noise_variance",
    s: "label_variance",
    prior: "prior_variance",
    source_noise: "source_noise_variance",
    share: "share",
    rest: "rest",
    excess: "excess",
    denominator: "denominator",
    w: "weight",
    r: "bias",
    g: "gradient",
    square_1: "context_square",
    variance: "product_variance",
    product: "product_moment",
    sampling: "sampling_moment",
    scaled_step: "scaled_step",
}


def _formula(name: str, expression: sympy.Expr, summary: str) -> Formula:
    used = {symbol: label for symbol, label in _NAMES.items() if symbol in expression.free_symbols}
    source = "equal to the polynomials of `isotropic`; ours."
    return Formula(name, used, expression, summary, source, as_written=True)


FORMULAS = tuple(
    _formula(*each)
    for each in (
        ("pretraining_denominator", DENOMINATOR, "D of the pretrained weight b/D, for Σ_β = bI."),
        ("weight", START_WEIGHT, "w, a multiple of the pretrained weight."),
        ("bias", BIAS, "r = 1 − nw of that start."),
        ("gradient", GRADIENT, "‖β‖²(r − 2w) − σ²w of that start."),
        ("aligned_square", SQUARE_1, "E[u_1²], u_1 being the context vector's part along β."),
        (
            "product_variance",
            PRODUCT_VARIANCE,
            "The variance of e(uᵀu') as far as it comes from the vector (uᵀu'/‖u'‖)e.",
        ),
        ("product_moment", PRODUCT, "E[‖e‖²(uᵀu')²]."),
        (
            "sampling_moment",
            SAMPLING,
            "What (uᵀu')² times the gradient's variance comes to, per test sample.",
        ),
        ("constant", CONSTANT, "c0, the risk before the step."),
        ("linear", LINEAR, "c1."),
        ("quadratic", QUADRATIC, "c2."),
        ("risk", RISK, "R(η) with κ = 2kη."),
    )
)
