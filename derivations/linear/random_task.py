"""The one-step risk of random tasks for isotropic features and weights.

Symbols: Σ_x = I, W = wI; the task is N(μ, vI), and μ_j is the mean of ‖β‖^(2j).  c0, c1 and c2 are
polynomials in ‖β‖² of degree one, two and three; averaged over the tasks they need μ_1, μ_2 and μ_3
alone, whatever the law.  The moments of ‖β‖² follow from its cumulants, those of a noncentral χ²:
κ_j = 2^(j−1) (j−1)! v^(j−1) (dv + j‖μ‖²).

Source: ours.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.isotropic import CONSTANT, LINEAR, QUADRATIC
from derivations.linear.symbols import d, k, n, noise, norm2, w

_moments = sympy.symbols("mu1:4", nonnegative=True)
_square, _variance = sympy.symbols("mean_square v", nonnegative=True)
_cumulants = [
    2 ** (j - 1) * sympy.factorial(j - 1) * _variance ** (j - 1) * (d * _variance + j * _square)
    for j in (1, 2, 3)
]
_one, _two, _three = _cumulants
SQUARE_MOMENTS = tuple(
    map(sympy.factor, (_one, _two + _one**2, _three + 3 * _two * _one + _one**3))
)


def averaged(expression: sympy.Expr) -> sympy.Expr:
    """Put the moments of ‖β‖² for its powers."""
    powers = sympy.Poly(expression, norm2)
    return sympy.expand(
        sum(
            coefficient * (_moments[power - 1] if power else 1)
            for (power,), coefficient in powers.terms()
        )
    )


_COEFFICIENTS = {
    "constant": (averaged(CONSTANT), "c0"),
    "linear": (averaged(LINEAR), "c1"),
    "quadratic": (averaged(QUADRATIC), "c2"),
}

# Beside a fixed task of the same mean square, without noise and with μ = 0: c1 and c2 are multiples
# of the second and the third moment alone, so that start and sizes play no part but the dimension.
_first, _second, _third = (moment.subs(_square, 0) for moment in SQUARE_MOMENTS)
IMPROVEMENT_SHARE = sympy.factor(_second**2 / (_first * _third))
STEP_SHARE = sympy.factor(_first * _second / _third)
for _expression, _degree in ((CONSTANT, 1), (LINEAR, 2), (QUADRATIC, 3)):
    _noiseless = sympy.expand(_expression.subs(noise, 0))
    require(_noiseless - norm2**_degree * _noiseless.subs(norm2, 1), "without noise, one power")

_SYMBOLS = {
    n: "context_length",
    k: "test_samples",
    d: "dim",
    w: "weight",
    noise: "noise_variance",
    **{moment: f"square_moment_{j}" for j, moment in enumerate(_moments, 1)},
}


def _used(expression: sympy.Expr) -> dict[sympy.Symbol, str]:
    return {symbol: name for symbol, name in _SYMBOLS.items() if symbol in expression.free_symbols}


FORMULAS = (
    *(
        Formula(
            name,
            _used(expression),
            expression,
            f"{symbol} of R(η) = c0 − c1η + c2η², from the moments E[‖β‖^(2j)] of random tasks.",
            "ours; theory.md, section 2, fact 4 for one task.",
        )
        for name, (expression, symbol) in _COEFFICIENTS.items()
    ),
    *(
        Formula(
            f"square_moment_{j}",
            {d: "dim", _square: "mean_square", _variance: "variance"},
            moment,
            f"E[‖β‖^{2 * j}] of tasks N(μ, vI), from ‖μ‖² and v.",
            "ours; the moments of a noncentral χ².",
        )
        for j, moment in enumerate(SQUARE_MOMENTS, 1)
    ),
    Formula(
        "improvement_share",
        {d: "dim"},
        IMPROVEMENT_SHARE,
        "Improvement for tasks N(0, vI) over that for a fixed one with ‖β‖² = dv, no noise.",
        "ours; one step for all tasks.",
    ),
    Formula(
        "step_share",
        {d: "dim"},
        STEP_SHARE,
        "η* for tasks N(0, vI) over that for a fixed one with ‖β‖² = dv, no noise.",
        "ours; one step for all tasks.",
    ),
)
