"""How far finite sizes are from the limits, to the next order, and where a crossing exists."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import corrections, finite_size, isotropic, limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

_DIMS = (1000, 4000, 16000)
_RATIOS = tuple(
    (Fraction(alpha), Fraction(gamma)) for alpha, gamma in (("1/2", 1), (2, "1/2"), (1, 3))
)
_FOURFOLD, _SIXTEENFOLD = (Fraction(37, 10), Fraction(43, 10)), Fraction(12)


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
    for alpha, _ in _RATIOS:
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
            f"{name}: as d grows fourfold, from {_DIMS[0]} to {_DIMS[-1]}, the limit's error falls "
            "fourfold, the corrected one's more than twelvefold",
            all(low < plain < high and corrected > _SIXTEENFOLD for plain, corrected in found),
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
                f"{name}: d·(exact/leading − 1) tends to c", d * (exact / leading - 1), correction, d
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


def _coefficients(advantage: Callable[[Any, Any], Any], dim: Callable[[Any], Any]) -> list[Any]:
    """Return those of N(n, d) by the powers of n, from the highest, at d = dim(e)."""
    n, e = indeterminates("n e")
    numerator = -advantage(n, dim(e)).numer
    place = n.field.gens.index(n)
    degree = max(exponents[place] for exponents in numerator.itermonoms())
    found = [n.field(0)] * degree
    for exponents, coefficient in numerator.iterterms():
        rest = list(exponents)
        rest[place] = 0
        term = n.field(numerator.ring.from_dict({tuple(rest): coefficient}))
        # Every term has a factor n, which N has not.
        found[degree - exponents[place]] += term
    return found
