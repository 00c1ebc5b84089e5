"""The law of the context vector u = Xᵀy, and the Gaussian moments that follow from it.

Symbols: n = context length, s = βᵀΣ_xβ + σ² = Var(y), q = Σ_xβ, t a chi-squared variable with n
degrees of freedom.

Law.  Condition on the labels.  (x_i, y_i) is jointly Gaussian with Cov(x, y) = q and Var(y) = s, so

    x_i = (q/s) y_i + x_i^⊥,    x_i^⊥ ~ N(0, Σ_x − qqᵀ/s) independent of y,

and u = Σ_i x_i y_i = (q/s) Σ y_i² + Σ_i y_i x_i^⊥.  With Σ y_i² = s t the second sum is, given t,
N(0, s t (Σ_x − qqᵀ/s)).  Hence, with no division by s left,

    u | t ~ N(t q, t (sΣ_x − qqᵀ)),    t ~ χ²_n.

Source: [G25], the setting of Section 3; this law is ours (theory.md, section 2, fact 2).
"""

import sympy

from derivations.linear.symbols import n, s
from derivations.linear.words import S, V, W, b, q, qT, scalars, trace, transpose

t = sympy.Symbol("t", positive=True)

MEAN = t * q
COVARIANCE = t * (s * S - q * qT)
# The error e = β − Wu is affine in u; its mean is written about β − nWq =: b because E[t] = n.
ERROR_MEAN = b - (t - n) * W * q
ERROR_COVARIANCE = W * COVARIANCE * V
ERROR_CROSS_COVARIANCE = -W * COVARIANCE


def chi_squared_mean(expression: sympy.Expr) -> sympy.Expr:
    """Average a polynomial in t over t ~ χ²_n: E[t^j] = n(n+2)⋯(n+2j−2)."""
    total = sympy.Integer(0)
    for (power,), coefficient in sympy.Poly(sympy.expand(expression), t).terms():
        total += coefficient * sympy.prod([n + 2 * i for i in range(power)])
    return sympy.expand(total)


def second_moment() -> sympy.Expr:
    """M = E[uuᵀ], as a matrix expression."""
    return chi_squared_matrix_mean(MEAN * transpose(MEAN) + COVARIANCE)


def cross_moment() -> sympy.Expr:
    """P = E[u eᵀ], as a matrix expression."""
    return chi_squared_matrix_mean(MEAN * transpose(ERROR_MEAN) + transpose(ERROR_CROSS_COVARIANCE))


def chi_squared_matrix_mean(expression: sympy.Expr) -> sympy.Expr:
    """`chi_squared_mean` for an expression that still holds non-commuting letters."""
    expanded = sympy.expand(expression)
    result = sympy.Integer(0)
    for term in sympy.Add.make_args(expanded):
        commuting, letters = term.args_cnc()
        result += chi_squared_mean(sympy.Mul(*commuting)) * sympy.Mul(*letters)
    return sympy.expand(result)


def error_moment(weighting: sympy.Expr) -> sympy.Expr:
    """E[eᵀ A e] for a symmetric weighting A."""
    return chi_squared_mean(
        scalars(transpose(ERROR_MEAN) * weighting * ERROR_MEAN)
        + trace(weighting * ERROR_COVARIANCE)
    )


def product_moment(weighting: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
    """E[eᵀ A e · uᵀ B u], the degree-8 moment of the step's second-order term.

    Given t, e and u are jointly Gaussian, and for symmetric A, B (Isserlis)

        E[eᵀAe · uᵀBu] = E[eᵀAe] E[uᵀBu] + 4 m_eᵀ A C_eu B m_u + 2 tr(A C_eu B C_eu^T).
    """
    error_form = scalars(transpose(ERROR_MEAN) * weighting * ERROR_MEAN) + trace(
        weighting * ERROR_COVARIANCE
    )
    context_form = scalars(transpose(MEAN) * other * MEAN) + trace(other * COVARIANCE)
    linear_part = 4 * scalars(
        transpose(ERROR_MEAN) * weighting * ERROR_CROSS_COVARIANCE * other * MEAN
    )
    quadratic_part = 2 * trace(
        weighting * ERROR_CROSS_COVARIANCE * other * transpose(ERROR_CROSS_COVARIANCE)
    )
    return chi_squared_mean(error_form * context_form + linear_part + quadratic_part)
