"""Where the cold start overtakes, where more context helps, how much is needed: finite size.

Compiled from derivations.linear.finite_size by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_advantage_limit",
    "cold_start_samples",
    "context_needed",
    "warm_risk_slope",
]


def cold_start_samples(context_length: Any, dim: Any) -> Any:
    """The k beyond which the cold start wins, where cold_advantage_limit is positive.

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


def cold_advantage_limit(context_length: Any, dim: Any) -> Any:
    """Limit of (warm − cold) risk as k → ∞; if not positive, the warm start always wins.

    Source: exact counterpart, ours, of [G25], Corollary 4.6.
    """
    n, d = context_length, dim
    return (
        -n * (d**5 - d**4 * n**2 + 6 * d**4 * n + 7 * d**4 - 2 * d**3 * n**4 - 5 * d**3 * n**3 +
        15 * d**3 * n**2 + 29 * d**3 * n + 14 * d**3 - d**2 * n**5 + 3 * d**2 * n**4 + 18 * d**2 *
        n**3 + 13 * d**2 * n**2 + 33 * d**2 * n + 50 * d**2 + 2 * d * n**5 - 2 * d * n**4 + 11 * d
        * n**3 + 173 * d * n**2 + 335 * d * n + 177 * d + 3 * n**5 + 57 * n**4 + 264 * n**3 + 504
        * n**2 + 429 * n + 135)
    ) / (
        (d + n + 1)**2 * (d + n**2 + 4 * n + 3) * (d**3 + d**2 * n**2 + 5 * d**2 * n + 3 * d**2 +
        d * n**3 + 2 * d * n**2 - 2 * d * n - d + n**3 + 17 * n**2 + 53 * n + 45)
    )


def warm_risk_slope(context_length: Any, test_samples: Any, dim: Any) -> Any:
    """The derivative by n of the warm start's risk after the step.

    Source: exact counterpart, ours, of [G25], non-monotonicity.
    """
    n, k, d = context_length, test_samples, dim
    return (
        -d**9 - 2 * d**8 * k * n - d**8 * k - 2 * d**8 * n**2 - 11 * d**8 * n - 9 * d**8 - 7 *
        d**7 * k * n**2 - 15 * d**7 * k * n - 8 * d**7 * k - d**7 * n**4 - 14 * d**7 * n**3 - 51 *
        d**7 * n**2 - 64 * d**7 * n - 28 * d**7 + 2 * d**6 * k * n**4 - 9 * d**6 * k * n**3 - 42 *
        d**6 * k * n**2 - 43 * d**6 * k * n - 20 * d**6 * k - 3 * d**6 * n**5 - 29 * d**6 * n**4 -
        99 * d**6 * n**3 - 181 * d**6 * n**2 - 212 * d**6 * n - 124 * d**6 - 28 * d**5 * k * n**4
        - 97 * d**5 * k * n**3 - 182 * d**5 * k * n**2 - 247 * d**5 * k * n - 104 * d**5 * k - 3 *
        d**5 * n**6 - 28 * d**5 * n**5 - 137 * d**5 * n**4 - 476 * d**5 * n**3 - 1047 * d**5 *
        n**2 - 1216 * d**5 * n - 550 * d**5 - 3 * d**4 * k * n**6 - 28 * d**4 * k * n**5 - 83 *
        d**4 * k * n**4 - 329 * d**4 * k * n**3 - 869 * d**4 * k * n**2 - 975 * d**4 * k * n - 446
        * d**4 * k - d**4 * n**7 - 15 * d**4 * n**6 - 135 * d**4 * n**5 - 677 * d**4 * n**4 - 1937
        * d**4 * n**3 - 3173 * d**4 * n**2 - 2754 * d**4 * n - 982 * d**4 - d**3 * k * n**7 - 12 *
        d**3 * k * n**6 - 113 * d**3 * k * n**5 - 632 * d**3 * k * n**4 - 1654 * d**3 * k * n**3 -
        2203 * d**3 * k * n**2 - 1605 * d**3 * k * n - 536 * d**3 * k - 4 * d**3 * n**7 - 62 *
        d**3 * n**6 - 440 * d**3 * n**5 - 1851 * d**3 * n**4 - 4830 * d**3 * n**3 - 7673 * d**3 *
        n**2 - 6848 * d**3 * n - 2652 * d**3 - 3 * d**2 * k * n**7 - 50 * d**2 * k * n**6 - 327 *
        d**2 * k * n**5 - 1248 * d**2 * k * n**4 - 3231 * d**2 * k * n**3 - 5468 * d**2 * k * n**2
        - 5241 * d**2 * k * n - 2116 * d**2 * k - 6 * d**2 * n**7 - 126 * d**2 * n**6 - 1001 *
        d**2 * n**5 - 4367 * d**2 * n**4 - 11573 * d**2 * n**3 - 18511 * d**2 * n**2 - 16340 *
        d**2 * n - 6076 * d**2 - 3 * d * k * n**7 - 76 * d * k * n**6 - 671 * d * k * n**5 - 3084
        * d * k * n**4 - 8289 * d * k * n**3 - 13096 * d * k * n**2 - 11189 * d * k * n - 3960 * d
        * k - 4 * d * n**7 - 111 * d * n**6 - 1100 * d * n**5 - 5371 * d * n**4 - 14520 * d * n**3
        - 22205 * d * n**2 - 17984 * d * n - 5985 * d - k * n**7 - 35 * k * n**6 - 429 * k * n**5
        - 2287 * k * n**4 - 6231 * k * n**3 - 9109 * k * n**2 - 6795 * k * n - 2025 * k - n**7 -
        35 * n**6 - 429 * n**5 - 2287 * n**4 - 6231 * n**3 - 9109 * n**2 - 6795 * n - 2025
    ) / (
        (d + k + 1) * (d + n + 1)**3 * (d**3 + d**2 * n**2 + 5 * d**2 * n + 3 * d**2 + d * n**3 +
        2 * d * n**2 - 2 * d * n - d + n**3 + 17 * n**2 + 53 * n + 45)**2
    )


def context_needed(risk_share: Any, dim: Any) -> Any:
    """The n at which the warm start's risk before the step is a given share ε of ‖β‖².

    Source: [G25], Section 4 (context requirement); the exact form is ours.
    """
    d = dim
    return -(d + 1) * (risk_share - 1) / risk_share
