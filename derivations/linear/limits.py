"""The published asymptotics, as limits of the exact expressions.

Symbols: α = n/d, γ = k/d fixed, d → ∞, no noise; A = βᵀ(I − nW*)²β and B = n‖β‖² tr(W*²).

Every limit here is the leading term in 1/d of an exact expression of the other derivations.
Source: [G25], Theorems 4.2 and 5.3, Corollaries 4.6 and 5.4; the wording and order of the error
are ours.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear import one_step
from derivations.linear.context_vector import product_moment, second_moment
from derivations.linear.isotropic import STARTS
from derivations.linear.symbols import alpha, d, gamma, k, n, noise, norm2, s
from derivations.linear.words import (
    A,
    S,
    V,
    W,
    Word,
    b,
    bT,
    map_invariants,
    q,
    qT,
    trace,
    transpose,
    weighted,
)

A_, B_ = sympy.symbols("A B", positive=True)


def leading_term(expression: sympy.Expr) -> sympy.Expr:
    """The leading term, as d → ∞ with n = αd and k = γd, of a rational function."""
    numerator, denominator = sympy.fraction(
        sympy.together(expression.subs({n: alpha * d, k: gamma * d}))
    )
    top, bottom = sympy.Poly(numerator, d), sympy.Poly(denominator, d)
    power = top.degree() - bottom.degree()
    return sympy.factor(top.LC() / bottom.LC()) * d**power


def in_sizes(expression: sympy.Expr) -> sympy.Expr:
    """Write α and γ as n/d and k/d again."""
    return sympy.factor(expression.subs({alpha: n / d, gamma: k / d}))


_limits = {name: leading_term(expression.subs(noise, 0)) for name, expression in STARTS.items()}

WARM_RISK_AFTER = sympy.factor(_limits["warm_risk_before"] - _limits["warm_improvement"])
COLD_RISK_AFTER = sympy.factor(_limits["cold_risk_before"] - _limits["cold_improvement"])

# Along n = x√d, k = γd; in t = √d everything is rational.
_x, _t = sympy.symbols("x t", positive=True)


def _along_short_context(expression: sympy.Expr) -> sympy.Expr:
    path = {n: _x * _t, k: gamma * _t**2, d: _t**2, noise: 0}
    return sympy.factor(sympy.limit(sympy.cancel(expression.subs(path)), _t, sympy.oo))


SHORT_CONTEXT_RISK_AFTER = _along_short_context(STARTS["warm_risk_after"])
require(
    SHORT_CONTEXT_RISK_AFTER - _along_short_context(STARTS["cold_risk_after"]),
    "along n = x√d both starts have the same limit",
)

# Where the risk after the step turns from rising to falling in α: its slope is linear in (1+α)².
_square = sympy.Symbol("square", positive=True)
_slope = sympy.numer(sympy.together(sympy.diff(WARM_RISK_AFTER, alpha)))
(_turning_square,) = sympy.solve(_slope.subs(alpha, sympy.sqrt(_square) - 1), _square)
# Left unevaluated, since SymPy would take √3 out, which is no float.
TURNING_POINT = sympy.Pow(_turning_square, sympy.Rational(1, 2), evaluate=False) - 1

(THRESHOLD,) = sympy.solve(sympy.numer(sympy.together(WARM_RISK_AFTER - COLD_RISK_AFTER)), gamma)


def _aligned(word: Word, is_trace: bool) -> sympy.Expr:
    """Evaluate an invariant at Σ_x = I with W of order 1/d.

    b does not shrink, Wq does; tr(W²) = B/(n‖β‖²).  The constants of the terms that vanish in the
    limit are free symbols, so that no assumption on them enters.
    """
    rest = tuple(letter for letter in word if letter not in (S, A))
    if is_trace:
        return {0: d, 2: B_ / (alpha * d * norm2)}[len(rest)]
    values = {
        (qT, q): norm2,
        (bT, b): A_,
        (bT, W, q): sympy.Symbol("h1") / d,
        (qT, V, W, q): sympy.Symbol("h2") / d**2,
    }
    return values[rest]


def _aligned_limit(expression: sympy.Expr) -> sympy.Expr:
    return leading_term(map_invariants(expression, _aligned).subs({s: norm2, noise: 0}))


_product = product_moment(A, second_moment())
ALIGNED_RISK = _aligned_limit(
    one_step.CONSTANT.subs(one_step.error_variance, one_step.ERROR_VARIANCE)
)
_linear = _aligned_limit(
    one_step.LINEAR.subs(
        one_step.gradient, trace(one_step.MEAN_GRADIENT * transpose(one_step.MEAN_GRADIENT))
    )
)
_quadratic = _aligned_limit(
    one_step.QUADRATIC.subs(
        {
            one_step.product_1: weighted(_product, 1),
            one_step.product_3: weighted(_product, 3),
            one_step.overlap: trace(one_step.M * one_step.M),
        }
    )
)
ALIGNED_STEP_SIZE = in_sizes(_linear / (2 * _quadratic))
ALIGNED_IMPROVEMENT = in_sizes(_linear**2 / (4 * _quadratic))
ALIGNED_IMPROVEMENT_SLOPE = sympy.factor(sympy.diff(ALIGNED_IMPROVEMENT.subs(k, gamma * d), A_))
_warm_after = (ALIGNED_RISK - ALIGNED_IMPROVEMENT).subs(k, gamma * d)
_cold_after = norm2 - in_sizes(_limits["cold_improvement"]).subs(k, gamma * d)
(ALIGNED_THRESHOLD,) = sympy.solve(sympy.numer(sympy.together(_warm_after - _cold_after)), gamma)

# Σ_β = I is the case A = ‖β‖²/(1+α)², B = ‖β‖²α/(1+α)².
_isotropic = {A_: norm2 / (1 + alpha) ** 2, B_: norm2 * alpha / (1 + alpha) ** 2}
require(ALIGNED_THRESHOLD.subs(_isotropic) - THRESHOLD, "Corollary 5.4 contains Corollary 4.6")

_SIZES = {n: "context_length", k: "test_samples", d: "dim", norm2: "task_square"}
_ALIGNMENT = {A_: "bias", B_: "variance"}

FORMULAS = (
    *(
        Formula(
            name,
            {
                symbol: label
                for symbol, label in _SIZES.items()
                if symbol in in_sizes(limit).free_symbols
            },
            in_sizes(limit),
            f"Leading term of isotropic.{name} for large n, k, d in proportion.",
            f"[G25], {source}.",
        )
        for name, limit, source in (
            ("warm_risk_before", _limits["warm_risk_before"], "Section 3"),
            ("warm_step_size", _limits["warm_step_size"], "Theorem 4.2"),
            ("warm_improvement", _limits["warm_improvement"], "Theorem 4.2"),
            ("cold_step_size", _limits["cold_step_size"], "Theorem 4.2"),
            ("cold_improvement", _limits["cold_improvement"], "Theorem 4.2"),
        )
    ),
    Formula(
        "warm_risk_after",
        {alpha: "context_ratio", gamma: "sample_ratio", norm2: "task_square"},
        WARM_RISK_AFTER,
        "Limit of the warm start's risk after the step, in α = n/d and γ = k/d.",
        "[G25], after Theorem 4.2.",
    ),
    Formula(
        "short_context_risk_after",
        {_x: "scaled_context", gamma: "sample_ratio", norm2: "task_square"},
        SHORT_CONTEXT_RISK_AFTER,
        "Limit of either start's risk after the step along n = x√d, k = γd.",
        "ours; sharpens [G25], Section 4 (context requirement).",
    ),
    Formula(
        "turning_point",
        {gamma: "sample_ratio"},
        TURNING_POINT,
        "α where the limit of the risk after the step is largest; negative for γ < 1/2.",
        "[G25], non-monotonicity after Theorem 4.2.",
    ),
    Formula(
        "cold_start_threshold",
        {alpha: "context_ratio"},
        THRESHOLD,
        "γ* beyond which the cold start wins in the limit.",
        "[G25], Corollary 4.6.",
    ),
    Formula(
        "aligned_risk_before",
        _ALIGNMENT,
        ALIGNED_RISK,
        "Limit of the risk, Σ_x = I: bias A = βᵀ(I−nW*)²β, variance B = n‖β‖²tr(W*²).",
        "[G25], Theorem 5.3.",
    ),
    Formula(
        "aligned_step_size",
        _SIZES | _ALIGNMENT,
        ALIGNED_STEP_SIZE,
        "Leading term of η* for Σ_x = I and W* of order 1/d.",
        "[G25], Theorem 5.3.",
    ),
    Formula(
        "aligned_improvement",
        {k: "test_samples", d: "dim"} | _ALIGNMENT,
        ALIGNED_IMPROVEMENT,
        "Limit of the improvement for Σ_x = I and W* of order 1/d.",
        "[G25], Theorem 5.3.",
    ),
    Formula(
        "aligned_improvement_slope",
        {gamma: "sample_ratio"} | _ALIGNMENT,
        ALIGNED_IMPROVEMENT_SLOPE,
        "Derivative by A of the limit of the improvement, γ = k/d.",
        "ours; [G25] states that the gain grows as the task leaves the prior.",
    ),
    Formula(
        "aligned_threshold",
        {norm2: "task_square"} | _ALIGNMENT,
        ALIGNED_THRESHOLD,
        "γ* beyond which the cold start wins in the limit, Σ_x = I and W* of order 1/d.",
        "[G25], Corollary 5.4.",
    ),
)
