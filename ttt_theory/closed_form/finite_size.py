"""Where the cold start overtakes and where more context starts to help, at finite size.

Compiled from derivations.finite_size by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_advantage_slope",
    "cold_start_samples",
    "slope_coefficients",
]


def cold_advantage_slope(context_length: Any, dim: Any) -> Any:
    """The sign of (warm − cold) risk as k → ∞; if not positive, the warm start always wins.

    Source: exact counterpart, ours, of [G25], Corollary 4.6.
    """
    n, d = context_length, dim
    return (
        -n * (d**5 - d**4 * n**2 + 6 * d**4 * n + 7 * d**4 - 2 * d**3 * n**4 - 5 * d**3 * n**3 +
        15 * d**3 * n**2 + 29 * d**3 * n + 14 * d**3 - d**2 * n**5 + 3 * d**2 * n**4 + 18 * d**2 *
        n**3 + 13 * d**2 * n**2 + 33 * d**2 * n + 50 * d**2 + 2 * d * n**5 - 2 * d * n**4 + 11 * d
        * n**3 + 173 * d * n**2 + 335 * d * n + 177 * d + 3 * n**5 + 57 * n**4 + 264 * n**3 + 504
        * n**2 + 429 * n + 135)
    )


def cold_start_samples(context_length: Any, dim: Any) -> Any:
    """k beyond which the cold start wins, where cold_advantage_slope is positive.

    Source: exact counterpart, ours, of [G25], Corollary 4.6; k/d corresponds to γ*.
    """
    n, d = context_length, dim
    return (
        -(d + 1) * (d + n + 1) * (d + n**2 + 4 * n + 3) * (d**3 + d**2 * n**2 + 5 * d**2 * n + 3 *
        d**2 + d * n**3 + 2 * d * n**2 - 2 * d * n - d + n**3 + 17 * n**2 + 53 * n + 45)
    ) / (
        d**5 - d**4 * n**2 + 6 * d**4 * n + 7 * d**4 - 2 * d**3 * n**4 - 5 * d**3 * n**3 + 15 *
        d**3 * n**2 + 29 * d**3 * n + 14 * d**3 - d**2 * n**5 + 3 * d**2 * n**4 + 18 * d**2 * n**3
        + 13 * d**2 * n**2 + 33 * d**2 * n + 50 * d**2 + 2 * d * n**5 - 2 * d * n**4 + 11 * d *
        n**3 + 173 * d * n**2 + 335 * d * n + 177 * d + 3 * n**5 + 57 * n**4 + 264 * n**3 + 504 *
        n**2 + 429 * n + 135
    )


def slope_coefficients(test_samples: Any, dim: Any) -> Any:
    """Coefficients in n, highest first, of a polynomial with the sign of ∂(warm risk after)/∂n.

    Source: exact counterpart, ours, of [G25], non-monotonicity.
    """
    k, d = test_samples, dim
    return (
        -(d + 1)**3 * (d + k + 1),
        -(d + 1)**2 * (d + k + 1) * (3 * d**2 + 6 * d + 35),
        (
        -(d + 1) * (3 * d**5 + 25 * d**4 + 28 * d**3 * k + 110 * d**3 + 85 * d**2 * k + 330 * d**2
        + 242 * d * k + 671 * d + 429 * k + 429)
    ),
        (
        -d**7 + 2 * d**6 * k - 29 * d**6 - 28 * d**5 * k - 137 * d**5 - 83 * d**4 * k - 677 * d**4
        - 632 * d**3 * k - 1851 * d**3 - 1248 * d**2 * k - 4367 * d**2 - 3084 * d * k - 5371 * d -
        2287 * k - 2287
    ),
        (
        -14 * d**7 - 9 * d**6 * k - 99 * d**6 - 97 * d**5 * k - 476 * d**5 - 329 * d**4 * k - 1937
        * d**4 - 1654 * d**3 * k - 4830 * d**3 - 3231 * d**2 * k - 11573 * d**2 - 8289 * d * k -
        14520 * d - 6231 * k - 6231
    ),
        (
        -(d + 1) * (2 * d**7 + 7 * d**6 * k + 49 * d**6 + 35 * d**5 * k + 132 * d**5 + 147 * d**4
        * k + 915 * d**4 + 722 * d**3 * k + 2258 * d**3 + 1481 * d**2 * k + 5415 * d**2 + 3987 * d
        * k + 13096 * d + 9109 * k + 9109)
    ),
        (
        -(d + 1) * (d + 5) * (d**2 - 2 * d + 9) * (2 * d**4 * k + 11 * d**4 + 7 * d**3 * k + 20 *
        d**3 + 11 * d**2 * k + 110 * d**2 + 101 * d * k + 252 * d + 151 * k + 151)
    ),
        -(d + 1)**2 * (d + 5)**2 * (d + k + 1) * (d**2 - 2 * d + 9)**2,
    )
