"""The certificate of the one-step risk: exact values that only one polynomial can take."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from ttt_theory.covariance import Dense, Isotropic
from ttt_theory.evidence.record import Evidence, Verdict, agreement
from ttt_theory.linear.closed_form import one_step
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.setting.setting import DenseWeights, Setting
from ttt_theory.linear.witnesses.certificates import ONE_STEP
from ttt_theory.linear.witnesses.certificates.check_certificate import (
    Certificate,
    Point,
    invariant,
    misstated,
    outside,
    read,
    unpinned,
    wrong_values,
)
from ttt_theory.linear.witnesses.certificates.generate import remarks
from ttt_theory.linear.witnesses.certificates.pairings import form, spans, trace

if TYPE_CHECKING:
    from ttt_theory.claims.claim import Run

__all__ = [
    "certified_formulas",
    "certified_risk",
    "certified_values",
    "compiled_coefficients",
]


def compiled_coefficients(
    n: Any, k: Any, noise_variance: Any, value_of: Callable[[str], Any]
) -> dict[str, Any]:
    """Compute c0, c1 and c2 from the compiled formulas, put together as the package does.

    Parameters
    ----------
    n, k, noise_variance : number or indeterminate
    value_of : callable
        The number or indeterminate for a word of the certificate's `pairings`.

    Returns
    -------
    dict
        ``"c0"``, ``"c1"`` and ``"c2"``.
    """

    def quadratic_form(*letters: str) -> Any:
        return value_of(form(" ".join(letters).split()))

    def spread(left: int, right: int) -> Any:
        return value_of(trace(["S"] * left + ["W"] + ["S"] * right + ["W'"]))

    s, mean_square = value_of("s"), quadratic_form()
    context = {
        "context_length": n,
        "label_variance": s,
        "mean_square": mean_square,
        "mean_energy": quadratic_form("S"),
        "feature_square_trace": value_of(trace(["S", "S"])),
    }

    def product_arguments(power: int) -> dict[str, Any]:
        """Return the invariants of A = S^power, with b = β − nWq multiplied out."""
        weighting, below = "S " * power, "S " * (power - 1)

        def shift(left: int, right: int) -> Any:
            return quadratic_form("S " * left, "W'", weighting, "W", "S " * right)

        def bias_shift(right: int) -> Any:
            return quadratic_form(below, "W", "S " * right) - n * shift(0, right)

        # βᵀA = qᵀS^(power − 1), and βᵀSβ is what the noise leaves of s.
        task = s - noise_variance if power == 1 else quadratic_form("S " * (power - 2))
        return context | {
            "bias_bias": task - 2 * n * quadratic_form(below, "W") + n**2 * shift(0, 0),
            "bias_shift_0": bias_shift(0),
            "bias_shift_1": bias_shift(1),
            "bias_shift_2": bias_shift(2),
            "shift_00": shift(0, 0),
            "shift_01": shift(0, 1),
            "shift_02": shift(0, 2),
            "shift_11": shift(1, 1),
            "spread_1": spread(power, 1),
            "spread_3": spread(power, 3),
        }

    first, third = product_arguments(1), product_arguments(3)
    error_variance = one_step.error_variance(n, s, first["shift_00"], first["spread_1"])
    # ‖q gᵀS − s S W' S‖² with g = b − Wq = β − (n + 1)Wq, multiplied out.
    along = (
        mean_square
        - 2 * (n + 1) * quadratic_form("S W")
        + (n + 1) ** 2 * quadratic_form("W' S S W")
    )
    across = quadratic_form("S W S") - (n + 1) * quadratic_form("W' S S W S")
    mean_gradient_square = mean_square * along - 2 * s * across + s**2 * spread(2, 2)
    return {
        "c0": one_step.constant(noise_variance, first["bias_bias"], error_variance),
        "c1": one_step.linear(n, k, mean_gradient_square),
        "c2": one_step.quadratic(
            k,
            one_step.product_moment(**first),
            one_step.product_moment(**third),
            one_step.overlap_moment(**context),
            context["feature_square_trace"],
            noise_variance,
        ),
    }


def certified_values(_: Run) -> list[Evidence]:
    """Re-check the certificate, without any formula."""
    try:
        certificate, wrong, gaps, strays = _checked(ONE_STEP.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [_incomparable(error)]
    return [
        _certified(
            "brute force from the definition gives every value of the certificate",
            wrong,
            points=len(certificate.points),
            values=3 * sum(map(len, certificate.values)),
        ),
        _certified(
            "two combinations of what pairings of Gaussian factors can give are the same in every "
            "dimension if they agree wherever the certificate has values",
            gaps,
            rank={name: len(span["monomials"]) for name, span in spans().items()},
        ),
        _certified(
            "values beyond those that determine such a combination are the combination's",
            strays,
        ),
        _certified(
            "the monomials and powers that the certificate states are those of all pairings",
            misstated(certificate, spans()),
        ),
        _certified(
            "the certificate's definitions and argument are those that the generator writes",
            [name for name, text in remarks().items() if certificate.remarks[name] != text],
        ),
    ]


def certified_formulas(_: Run) -> list[Evidence]:
    """Compare the compiled formulas with the certificate."""
    try:
        certificate = read(ONE_STEP.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [_incomparable(error)]
    return [
        _certified(
            "the compiled c0, c1 and c2 take the certificate's values, in exact fractions",
            _first(_differences(certificate)),
        ),
        _certified(
            "the compiled c0, c1 and c2 are combinations of monomials that pairings can give",
            _first(_strays()),
        ),
    ]


def certified_risk(_: Run) -> list[Evidence]:
    """Compare every field of the computed risk with the certificate."""
    try:
        certificate = read(ONE_STEP.read_text(encoding="utf-8"))
        errors = [
            error
            for point, values in zip(certificate.points, certificate.values, strict=True)
            for (n, k), stated in values.items()
            for error in _errors(_setting(point, n, k), stated)
        ]
    # A changed value may leave no scale to measure by, a changed point no valid setting.
    except (OSError, ArithmeticError, ValueError) as error:
        return [_incomparable(error)]
    return [agreement("exact value", "the risk computed in float64 is the certificate's", errors)]


@functools.cache
def _checked(text: str) -> tuple[Certificate, list[str], list[str], list[str]]:
    # No formula enters: one check of a text serves all the wrong formulas planted in a process.
    certificate = read(text)
    listed = spans()
    gaps, strays = unpinned(certificate, listed), outside(certificate, listed)
    return certificate, wrong_values(certificate), gaps, strays


def _incomparable(error: Exception) -> Evidence:
    statement = f"no comparison with {ONE_STEP.name}: {error}"
    return Evidence("certificate", Verdict.UNDECIDED, statement)


def _certified(statement: str, faults: list[str], **measured: Any) -> Evidence:
    if faults:
        measured = {"faults": len(faults), "first": faults[0]}
    verdict = Verdict.REFUTED if faults else Verdict.CONFIRMED
    return Evidence("certificate", verdict, statement, measured)


def _first(faults: Iterator[str]) -> list[str]:
    return list(itertools.islice(faults, 1))


def _differences(certificate: Certificate) -> Iterator[str]:
    for position, point in enumerate(certificate.points):
        value_of = functools.cache(functools.partial(invariant, point))
        for (n, k), stated in certificate.values[position].items():
            compiled = compiled_coefficients(n, k, point.noise_variance, value_of)
            for (name, value), right in zip(compiled.items(), stated, strict=True):
                if value != right:
                    yield f"point {position}, n = {n}, k = {k}: {name} is {right}, not {value}"


def _strays() -> Iterator[str]:
    """Run the formulas on indeterminates and look for terms outside of the spans."""
    words: list[str] = []

    def note(word: str) -> Fraction:
        words.append(word)
        return Fraction(1)

    compiled_coefficients(1, 1, Fraction(1), note)
    names = ["n", "k", "noise", *dict.fromkeys(words)]
    _, *generators = sympy.field([sympy.Symbol(name) for name in names], sympy.QQ)
    n, k, noise_variance, *_ = generators
    indeterminates = dict(zip(names, generators, strict=True))
    compiled = compiled_coefficients(n, k, noise_variance, indeterminates.__getitem__)
    for name, span in spans().items():
        function = n.field(compiled[name])
        if not function.denom.is_ground:
            yield f"{name} is not a polynomial"
        for in_n, in_k, in_noise, *powers in function.numer.itermonoms():
            factors = [[word] * power for word, power in zip(names[3:], powers, strict=True)]
            monomial = " * ".join(sorted(itertools.chain(*factors)))
            if (
                in_noise
                or in_n not in span["powers_of_n"]
                or in_k not in span["powers_of_k"]
                or monomial not in span["monomials"]
            ):
                yield f"{name} has a term n^{in_n} k^{in_k} noise^{in_noise} * {monomial}"


def _setting(point: Point, n: int, k: int) -> Setting:
    factor = np.array(point.factor)
    return Setting(
        context_length=n,
        test_samples=k,
        feature_covariance=Dense((factor @ factor.T).astype(float)),
        task_covariance=Isotropic(len(point.task)),
        task=np.array(point.task, dtype=float),
        noise_variance=float(point.noise_variance),
        initialization=DenseWeights(np.array(point.weights, dtype=float)),
    )


def _errors(setting: Setting, stated: tuple[Fraction, ...]) -> list[float]:
    """Return the errors of the risk's fields, relative to their natural sizes."""
    risk = one_step_risk(setting)
    constant, linear, quadratic = stated
    improvement = linear**2 / (4 * quadratic)
    size, step = float(constant), math.sqrt(constant / quadratic)
    return [
        float(Fraction(value) - right) / scale
        for value, right, scale in (
            (risk.constant, constant, size),
            # |c1| ≤ 2√(c0 c2) bounds what cancels in it.
            (risk.linear, linear, size / step),
            (risk.quadratic, quadratic, float(quadratic)),
            (risk.step_size, linear / (2 * quadratic), step),
            (risk.improvement, improvement, size),
            (risk.risk_after, constant - improvement, float(constant - improvement)),
        )
    ]
