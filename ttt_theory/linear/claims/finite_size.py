"""How far finite sizes are from the limits, to the next order, and where a crossing exists."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence, Verdict
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import corrections, finite_size, isotropic, limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

_DIMS = (1000, 4000, 16000)
_RATIOS = tuple(
    (Fraction(alpha), Fraction(gamma)) for alpha, gamma in (("1/2", 1), (2, "1/2"), (1, 3))
)
_FOURFOLD, _TWELVEFOLD = (Fraction(37, 10), Fraction(43, 10)), 12


def _quantities(n: Any, k: Any, d: Any, square: Any) -> dict[str, tuple[Any, ...]]:
    """Return by quantity its exact value, leading term, correction and corrected value."""
    sizes, ratios = (n, k, d, square), (n / d, k / d)
    return {
        "warm start, improvement": (
            isotropic.warm_improvement(*sizes, 0 * d),
            limits.warm_improvement(*sizes),
            corrections.warm_improvement_correction(*ratios),
            corrections.corrected_warm_improvement(*sizes),
        ),
        "warm start, η*": (
            isotropic.warm_step_size(*sizes, 0 * d),
            limits.warm_step_size(*sizes),
            corrections.warm_step_size_correction(*ratios),
            corrections.corrected_warm_step_size(*sizes),
        ),
        "cold start, improvement": (
            isotropic.cold_improvement(*sizes, 0 * d),
            limits.cold_improvement(k, d, square),
            corrections.cold_improvement_correction(*ratios),
            corrections.corrected_cold_improvement(*sizes),
        ),
        "cold start, η*": (
            isotropic.cold_step_size(*sizes, 0 * d),
            limits.cold_step_size(*sizes),
            corrections.cold_step_size_correction(*ratios),
            corrections.corrected_cold_step_size(*sizes),
        ),
    }


def _errors_fall(_: Effort) -> list[Evidence]:
    """Measure, in exact fractions, what a fourfold d makes of the errors."""
    falls: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for alpha, gamma in _RATIOS:
        sizes = [_quantities(alpha * d, gamma * d, Fraction(d), Fraction(3)) for d in _DIMS]
        for name in sizes[0]:
            errors = []
            for at_size in sizes:
                exact, leading, _, corrected = at_size[name]
                errors.append([abs(each / exact - 1) for each in (leading, corrected)])
            falls.setdefault(name, []).extend(_falls(errors))
    threshold = falls["γ*"] = []
    for alpha, _gamma in _RATIOS:
        limit_of, correction = (
            limits.cold_start_threshold(alpha),
            corrections.cold_start_threshold_correction(alpha),
        )
        errors = []
        for d in map(Fraction, _DIMS):
            exact = finite_size.cold_start_samples(alpha * d, d) / d
            errors.append([abs(exact - each) for each in (limit_of, limit_of + correction / d)])
        threshold.extend(_falls(errors))
    low, high = _FOURFOLD
    return [
        proof(
            f"{name}: the corrected formula is the leading term times 1 + c/d, at one size",
            corrected == leading * (1 + correction / 7),
        )
        for name, (_exact, leading, correction, corrected) in _quantities(
            *map(Fraction, (5, 11, 7, 3))
        ).items()
    ] + [
        proof(
            f"{name}: as d grows fourfold, from {_DIMS[0]} to {_DIMS[-1]}, the limit's error falls "
            "fourfold, the corrected one's more than twelvefold",
            all(low < plain < high and corrected > _TWELVEFOLD for plain, corrected in found),
            limit=[float(plain) for plain, _ in found],
            corrected=[float(corrected) for _, corrected in found],
        )
        for name, found in falls.items()
    ]


def _falls(errors: list[list[Fraction]]) -> Iterator[tuple[Fraction, Fraction]]:
    for (plain, corrected), (finer_plain, finer_corrected) in itertools.pairwise(errors):
        if finer_plain and finer_corrected:
            yield plain / finer_plain, corrected / finer_corrected
        else:
            yield Fraction(0), Fraction(0)


def _first_corrections(_: Effort) -> list[Evidence]:
    alpha, gamma, d, square = indeterminates("alpha gamma d beta2")
    evidence = []
    for name, (exact, leading, correction, corrected) in _quantities(
        alpha * d, gamma * d, d, square
    ).items():
        evidence += [
            identity(
                f"{name}: the corrected formula is the leading term times 1 + c/d",
                corrected,
                leading * (1 + correction / d),
            ),
            limit(
                f"{name}: d·(exact/leading − 1) tends to c",
                d * (exact / leading - 1),
                correction,
                d,
            ),
        ]
    threshold = limits.cold_start_threshold(alpha)
    exact = finite_size.cold_start_samples(alpha * d, d) / d
    return [
        *evidence,
        limit(
            "γ*: d·(k*/d − γ*) tends to its correction",
            d * (exact - threshold),
            corrections.cold_start_threshold_correction(alpha),
            d,
        ),
    ]


def _advantage(_: Effort) -> list[Evidence]:
    n, k, d = indeterminates("n k d")
    sizes = n, k, d, 1, 0
    return [
        identity(
            "the cold start's advantage, for n, k and d, is its limit for k → ∞, times "
            "(k − k*)/(k + d + 1)",
            isotropic.warm_risk_after(*sizes) - isotropic.cold_risk_after(*sizes),
            finite_size.cold_advantage_limit(n, d)
            * (k - finite_size.cold_start_samples(n, d))
            / (k + d + 1),
        )
    ]


def _where_it_overtakes(_: Effort) -> list[Evidence]:
    """Read off the sign of the cold start's advantage for k → ∞, a rational function of n and d."""
    n, e = indeterminates("n e")
    advantage = finite_size.cold_advantage_limit
    dims = {str(dim): dim + 0 * e for dim in range(4, 17)} | {"17 and more": 17 + e}
    signs = {name: _signs(advantage(n, dim)) for name, dim in dims.items()}
    least = {4: 9, 8: 5, 60: 7, 1000: 23}
    around = [
        [advantage(Fraction(length), Fraction(dim)) for length in (first - 1, first)]
        for dim, first in least.items()
    ]
    denominator = positive("", _denominator(advantage(n, 4 + e)))
    return [
        positive(
            "d ≤ 3: the warm start wins for every n and k",
            *(-advantage(1 + n, dim + 0 * e) for dim in (1, 2, 3)),
        ),
        proof(
            "d ≥ 4: by powers of n the advantage's numerator changes sign once, over a positive "
            "denominator: the cold start overtakes iff n is above the one zero n₀(d)",
            all(_changes_once(each) for each in signs.values())
            and denominator.verdict is Verdict.CONFIRMED,
            signs=signs,
        ),
        proof(
            "from n = 9, 5, 7 and 23 on at d = 4, 8, 60 and 1000",
            all(before < 0 < after for before, after in around),
        ),
        limit(
            "along n = x√d the advantage is x(2x² − 1)/[(1 + x²)√d]: n₀ ~ √(d/2)",
            advantage(n * e, e**2),
            n * (2 * n**2 - 1) / ((1 + n**2) * e),
            variable=e,
        ),
    ]


def _denominator(element: Any) -> Any:
    """Return the denominator at 1 + n."""
    ring = element.denom.ring
    return element.field(element.denom.compose(ring.gens[0], ring.gens[0] + 1))


def _signs(element: Any) -> str:
    """Return the signs of the numerator's coefficients, by falling powers of n: 0 if undecided."""
    by_power: dict[int, set[bool]] = {}
    for (power, _), coefficient in element.numer.iterterms():
        by_power.setdefault(power, set()).add(coefficient > 0)
    names = {frozenset({True}): "+", frozenset({False}): "-"}
    return "".join(names.get(frozenset(by_power[each]), "0") for each in sorted(by_power)[::-1])


def _changes_once(signs: str) -> bool:
    rest = signs.lstrip("+")
    return signs.startswith("+") and rest != "" and set(rest) == {"-"}


CLAIMS = (
    Claim(
        id="finite-size",
        title="The next order of the limits, and where the cold start can overtake",
        source="ours; corrects [G25], Theorem 4.2 and Corollary 4.6",
        statement=(
            "Σ_x = Σ_β = I, no noise, n = αd, k = γd: improvement and η* of both starts, and the "
            "γ* of Corollary 4.6, have the stated corrections of order 1/d, which leave an error "
            "of order 1/d². At finite size the cold start overtakes at some k iff d ≥ 4 and n is "
            "above the one positive zero n₀(d) of a polynomial, with n₀ ~ √(d/2)."
        ),
        formulas=exactly(
            *(getattr(corrections, name) for name in corrections.__all__),
            finite_size.cold_advantage_limit,
        ),
        evidence=(_errors_fall, _advantage, _where_it_overtakes, _first_corrections),
    ),
)
