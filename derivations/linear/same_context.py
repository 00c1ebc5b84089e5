"""One step that is evaluated on its own context, for isotropic features and weights.

Symbols: Σ_x = I, W = wI, r = 1 − nw; U = ‖u‖² and e = β − wu.  On the same context the error after
the step is e − 2ηUv, so that with E[‖v‖² | u] = k[(k+d+1)‖e‖² + dσ²]

    c1 = 4k E[U‖e‖²],    c2 = 4k {(k+d+1) E[U²‖e‖²] + dσ² E[U²]}.

Given t ~ χ²_n (`context_vector`) u has the part ‖β‖t + σ√t z along β and, across it, the square
s t p with p ~ χ²_(d−1).  The moments are homogeneous of degree 2 in w and r, so that a start with a
denominator needs none.

Source: ours (theory.md, section 2, fact 13).
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.context_vector import chi_squared_mean, t
from derivations.linear.isotropic import CONSTANT
from derivations.linear.isotropic_squares import r
from derivations.linear.limits import in_sizes, leading_term
from derivations.linear.pretraining import ISOTROPIC_WEIGHT
from derivations.linear.symbols import d, k, n, noise, norm2, w

_z, _p = sympy.symbols("z p", real=True)
moment_1, moment_2, size_2 = sympy.symbols("moment_1 moment_2 size_2", positive=True)

_norm, _deviation = sympy.sqrt(norm2), sympy.sqrt(noise) * sympy.sqrt(t) * _z
_across = (norm2 + noise) * t * _p
SIZE = (_norm * t + _deviation) ** 2 + _across
ERROR = (_norm * (r - w * (t - n)) - w * _deviation) ** 2 + w**2 * _across


def _mean(expression: sympy.Expr) -> sympy.Expr:
    """Average over z, p and t."""
    total = sympy.Integer(0)
    for (i, j), coefficient in sympy.Poly(sympy.expand(expression), _z, _p).terms():
        if i % 2 == 0:
            beside = sympy.prod([d - 1 + 2 * each for each in range(j)])
            total += coefficient * sympy.factorial2(i - 1) * beside
    return sympy.expand(chi_squared_mean(sympy.expand(total)))


ERROR_MOMENT_1, ERROR_MOMENT_2 = (_mean(SIZE**power * ERROR) for power in (1, 2))
SIZE_MOMENT_2 = _mean(SIZE**2)
require(_mean(ERROR).subs(r, 1 - n * w) + noise - CONSTANT, "the risk before the step")

LINEAR = 4 * k * moment_1
QUADRATIC = 4 * k * ((k + d + 1) * moment_2 + d * noise * size_2)


def _improvement(weight: sympy.Expr) -> sympy.Expr:
    """c1²/(4c2) without noise."""
    start = {w: weight, r: 1 - n * weight}
    moments = {moment_1: ERROR_MOMENT_1, moment_2: ERROR_MOMENT_2, size_2: SIZE_MOMENT_2}
    linear, quadratic = (
        each.subs(moments).subs(start).subs(noise, 0) for each in (LINEAR, QUADRATIC)
    )
    return sympy.factor(linear**2 / (4 * quadratic))


WARM_IMPROVEMENT = _improvement(ISOTROPIC_WEIGHT.subs(noise, 0))
COLD_IMPROVEMENT = _improvement(sympy.Integer(0))

_SIZES = {n: "context_length", k: "test_samples", d: "dim", norm2: "task_square"}
_START = {
    n: "context_length",
    d: "dim",
    norm2: "task_square",
    noise: "noise_variance",
    w: "weight",
    r: "bias",
}
_SOURCE = "ours; theory.md, section 2, fact 13."

FORMULAS = (
    Formula("error_moment_1", _START, ERROR_MOMENT_1, "E[‖u‖²‖e‖²].", _SOURCE),
    Formula("error_moment_2", _START, ERROR_MOMENT_2, "E[‖u‖⁴‖e‖²].", _SOURCE),
    Formula(
        "size_moment_2",
        {each: _START[each] for each in (n, d, norm2, noise)},
        SIZE_MOMENT_2,
        "E[‖u‖⁴].",
        _SOURCE,
    ),
    Formula(
        "linear",
        {k: "test_samples", moment_1: "error_moment_1"},
        LINEAR,
        "c1 of R(η) = c0 − c1η + c2η².",
        _SOURCE,
    ),
    Formula(
        "quadratic",
        {
            k: "test_samples",
            d: "dim",
            noise: "noise_variance",
            moment_2: "error_moment_2",
            size_2: "size_moment_2",
        },
        QUADRATIC,
        "c2 of R(η) = c0 − c1η + c2η².",
        _SOURCE,
    ),
    *(
        Formula(
            f"{start}_improvement",
            _SIZES,
            expression,
            f"What the optimal step gains from the {start} start, without noise.",
            _SOURCE,
        )
        for start, expression in (("warm", WARM_IMPROVEMENT), ("cold", COLD_IMPROVEMENT))
    ),
    *(
        Formula(
            f"leading_{start}_improvement",
            {each: _SIZES[each] for each in _SIZES if each in expression.free_symbols},
            expression,
            f"The leading term of the {start} improvement, sizes in proportion.",
            _SOURCE,
        )
        for start, expression in (
            ("warm", in_sizes(leading_term(WARM_IMPROVEMENT))),
            ("cold", in_sizes(leading_term(COLD_IMPROVEMENT))),
        )
    ),
)
