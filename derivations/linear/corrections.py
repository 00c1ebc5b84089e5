"""The first corrections in 1/d to Theorem 4.2 and Corollary 4.6 of [G25].

Symbols: Σ_x = Σ_β = I, no noise; n = αd and k = γd.  Every exact expression is a rational function
of d along this path, so that it is its leading term times 1 + c/d + O(1/d²), with the coefficients
c of the terms below.

Source: ours; the leading terms are those of [G25].
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.finite_size import COLD_START_SAMPLES
from derivations.linear.isotropic import STARTS
from derivations.linear.limits import THRESHOLD, in_sizes
from derivations.linear.symbols import alpha, d, gamma, k, n, noise, norm2


def expanded(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """The leading term in d, and the coefficient c of its relative correction c/d."""
    path = {n: alpha * d, k: gamma * d, noise: 0}
    parts = sympy.fraction(sympy.cancel(sympy.together(expression.subs(path))))
    top, bottom = (sympy.Poly(part, d) for part in parts)
    relative = [
        poly.nth(poly.degree() - 1) / poly.LC() if poly.degree() else 0 for poly in (top, bottom)
    ]
    leading = top.LC() / bottom.LC() * d ** (top.degree() - bottom.degree())
    return sympy.factor(leading), sympy.factor(relative[0] - relative[1])


_NAMES = {
    "warm_improvement": "the warm start's improvement",
    "warm_step_size": "the warm start's η*",
    "cold_improvement": "the cold start's improvement",
    "cold_step_size": "the cold start's η*",
}
_EXPANDED = {name: expanded(STARTS[name]) for name in _NAMES}

_leading, _correction = expanded(COLD_START_SAMPLES / d)
require(_leading - THRESHOLD, "the leading term of k*/d is γ* of Corollary 4.6")
THRESHOLD_CORRECTION = sympy.factor(_leading * _correction)

_SIZES = {n: "context_length", k: "test_samples", d: "dim", norm2: "task_square"}
_RATIOS = {alpha: "context_ratio", gamma: "sample_ratio"}


def _used(names: dict[sympy.Symbol, str], expression: sympy.Expr) -> dict[sympy.Symbol, str]:
    return {symbol: name for symbol, name in names.items() if symbol in expression.free_symbols}


_CORRECTED = {
    name: in_sizes(leading) * (1 + in_sizes(correction) / d)
    for name, (leading, correction) in _EXPANDED.items()
}

FORMULAS = (
    *(
        Formula(
            f"{name}_correction",
            _used(_RATIOS, correction),
            correction,
            f"c in {_NAMES[name]} = leading term · (1 + c/d + O(1/d²)), Σ_x = Σ_β = I.",
            "ours; the leading term is that of [G25], Theorem 4.2.",
        )
        for name, (_, correction) in _EXPANDED.items()
    ),
    *(
        Formula(
            f"corrected_{name}",
            _used(_SIZES, expression),
            expression,
            f"{_NAMES[name].capitalize()} up to a relative error of O(1/d²).",
            "ours; the leading term is that of [G25], Theorem 4.2.",
        )
        for name, expression in _CORRECTED.items()
    ),
    Formula(
        "cold_start_threshold_correction",
        {alpha: "context_ratio"},
        THRESHOLD_CORRECTION,
        "The coefficient of 1/d in k*/d, where γ* is its limit.",
        "ours; γ* is that of [G25], Corollary 4.6.",
    ),
)
