"""The one-step risk for isotropic features and weights, as explicit polynomials.

Symbols: Σ_x = I, W = wI, ‖β‖² = norm2, n, k, d as everywhere.  Warm start means the weight that
pretraining finds for Σ_β = I at the same n and σ²; cold start means w = 0.

Source: [G25], Section 4 (Theorem 4.2) in the limit; the exact forms are ours (theory.md,
section 2, fact 4).
"""

import sympy

from derivations.formula import Formula
from derivations.linear import one_step
from derivations.linear.context_vector import product_moment, second_moment
from derivations.linear.pretraining import ISOTROPIC_WEIGHT
from derivations.linear.symbols import d, k, n, noise, norm2, s, w
from derivations.linear.words import A, S, V, W, b, bT, commuting, q, qT, trace, transpose

_norm = sympy.sqrt(norm2)
_VALUES = {S: 1, A: 1, W: w, V: w, q: _norm, qT: _norm}
_VALUES |= {b: (1 - n * w) * _norm, bT: (1 - n * w) * _norm}


def isotropic(expression: sympy.Expr) -> sympy.Expr:
    """Evaluate named invariants at Σ_x = I, W = wI."""
    return sympy.expand(commuting(expression, _VALUES, d).subs(s, norm2 + noise))


_product = isotropic(product_moment(A, second_moment()))
CONSTANT = isotropic(one_step.CONSTANT.subs(one_step.error_variance, one_step.ERROR_VARIANCE))
LINEAR = isotropic(
    one_step.LINEAR.subs(
        one_step.gradient,
        trace(one_step.MEAN_GRADIENT * transpose(one_step.MEAN_GRADIENT)),
    )
)
QUADRATIC = isotropic(
    one_step.QUADRATIC.subs(
        {
            one_step.product_1: _product,
            one_step.product_3: _product,
            one_step.overlap: trace(one_step.M * one_step.M),
        }
    )
)

_ARGUMENTS = {
    n: "context_length",
    k: "test_samples",
    d: "dim",
    norm2: "task_square",
    noise: "noise_variance",
}


def _at_start(start: str, weight: sympy.Expr) -> dict[str, sympy.Expr]:
    constant, linear, quadratic = (
        sympy.factor(each.subs(w, weight)) for each in (CONSTANT, LINEAR, QUADRATIC)
    )
    improvement = sympy.factor(linear**2 / (4 * quadratic))
    return {
        f"{start}_risk_before": constant,
        f"{start}_step_size": sympy.factor(linear / (2 * quadratic)),
        f"{start}_improvement": improvement,
        f"{start}_risk_after": sympy.factor(constant - improvement),
    }


STARTS = _at_start("warm", ISOTROPIC_WEIGHT) | _at_start("cold", sympy.Integer(0))

_SUMMARIES = {
    "risk_before": "The risk before the step",
    "step_size": "The optimal step size η*",
    "improvement": "The fall of the risk at the optimal step",
    "risk_after": "The risk after the optimal step",
}

FORMULAS = (
    *(
        Formula(
            name,
            {
                symbol: label
                for symbol, label in _ARGUMENTS.items()
                if symbol in expression.free_symbols
            }
            | {w: "weight"},
            expression,
            f"{summary} of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.",
            "theory.md, section 2, fact 4.",
        )
        for name, expression, summary in (
            ("constant", CONSTANT, "c0"),
            ("linear", LINEAR, "c1"),
            ("quadratic", QUADRATIC, "c2"),
        )
    ),
    *(
        Formula(
            name,
            _ARGUMENTS,
            expression,
            f"{_SUMMARIES[name.split('_', 1)[1]]}, {name.split('_')[0]} start, Σ_x = Σ_β = I.",
            "exact, ours; its limit is in [G25], Section 4.",
        )
        for name, expression in STARTS.items()
    ),
)
