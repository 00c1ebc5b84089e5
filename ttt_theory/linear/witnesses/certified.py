"""The certificate of the one-step risk: exact values that only one polynomial can take."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.covariance import Dense, Isotropic
from ttt_theory.evidence.fields import rational_functions
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, agreement
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights
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
from ttt_theory.linear.witnesses.comparison import fields_of

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = [
    "certified_formulas",
    "certified_risk",
    "certified_values",
    "compiled_curve",
]


class WordForms:
    """Forms and traces as words in Σ_x, W and Wᵀ; see `ttt_theory.linear.exact.assembly.Forms`.

    Vectors are words times q: h_j = WΣ_x^j q, and b = β − nWq is multiplied out.

    Parameters
    ----------
    context_length, noise_variance : number or indeterminate
    value_of : callable
        The number or indeterminate for a word of the certificate's `pairings`.
    """

    def __init__(
        self, context_length: Any, noise_variance: Any, value_of: Callable[[str], Any]
    ) -> None:
        self._n, self._noise_variance, self._value_of = context_length, noise_variance, value_of
        self.label_variance = value_of("s")
        self.mean_square, self.mean_energy = self._between_means(), self._between_means("S")
        self.feature_square_trace = value_of(trace(["S", "S"]))

    def form(self, left: str, power: int, right: str) -> Any:
        """Return leftᵀ Σ_x^power right."""
        if right == "bias":
            # Of two biases: the other has an image in every word, this one need not.
            return self._with_task(left, power) - self._n * self.form(left, power, "shift_0")
        image = ["W", *"S" * int(right[-1])]
        if left == "bias":
            task = self._between_means(*"S" * (power - 1), *image)
            return task - self._n * self.form("shift_0", power, right)
        return self._between_means(*"S" * int(left[-1]), "W'", *"S" * power, *image)

    def spread(self, power: int, inner: int) -> Any:
        """Return tr(Σ_x^power W Σ_x^inner Wᵀ)."""
        return self._value_of(trace(["S"] * power + ["W"] + ["S"] * inner + ["W'"]))

    def _with_task(self, left: str, power: int) -> Any:
        """Return leftᵀ Σ_x^power β, as Σ_xβ = q; the noise leaves βᵀΣ_xβ of s."""
        if left != "bias":
            return self._between_means(*"S" * int(left[-1]), "W'", *"S" * (power - 1))
        square = (
            self.label_variance - self._noise_variance
            if power == 1
            else self._between_means(*"S" * (power - 2))
        )
        return square - self._n * self._between_means("W'", *"S" * (power - 1))

    def _between_means(self, *letters: str) -> Any:
        return self._value_of(form(list(letters)))


def compiled_curve(n: Any, k: Any, noise_variance: Any, value_of: Callable[[str], Any]) -> Curve:
    """Compute c0, c1 and c2 from the compiled formulas, put together as the package does."""
    return Assembly(n, k, noise_variance, WordForms(n, noise_variance, value_of)).curve


def certified_values(_: Effort) -> list[Evidence]:
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


def certified_formulas(_: Effort) -> list[Evidence]:
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


def certified_risk(_: Effort) -> list[Evidence]:
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
    return [
        agreement(
            EvidenceKind.EXACT_VALUE, "the risk computed in float64 is the certificate's", errors
        )
    ]


@functools.cache
def _checked(text: str) -> tuple[Certificate, list[str], list[str], list[str]]:
    # No formula enters: one check of a text serves all the wrong formulas planted in a process.
    certificate = read(text)
    listed = spans()
    gaps, strays = unpinned(certificate, listed), outside(certificate, listed)
    return certificate, wrong_values(certificate), gaps, strays


def _incomparable(error: Exception) -> Evidence:
    statement = f"no comparison with {ONE_STEP.name}: {error}"
    return Evidence(EvidenceKind.CERTIFICATE, Verdict.UNDECIDED, statement)


def _certified(statement: str, faults: list[str], **measured: Any) -> Evidence:
    if faults:
        measured = {"faults": len(faults), "first": faults[0]}
    verdict = Verdict.REFUTED if faults else Verdict.CONFIRMED
    return Evidence(EvidenceKind.CERTIFICATE, verdict, statement, measured)


def _first(faults: Iterator[str]) -> list[str]:
    return list(itertools.islice(faults, 1))


def _differences(certificate: Certificate) -> Iterator[str]:
    for position, point in enumerate(certificate.points):
        value_of = functools.cache(functools.partial(invariant, point))
        for (n, k), stated in certificate.values[position].items():
            curve = compiled_curve(n, k, point.noise_variance, value_of)
            for (name, value), right in zip(_coefficients(curve).items(), stated, strict=True):
                if value != right:
                    yield f"point {position}, n = {n}, k = {k}: {name} is {right}, not {value}"


def _coefficients(curve: Curve) -> dict[str, Any]:
    return {"c0": curve.constant, "c1": curve.linear, "c2": curve.quadratic}


def _strays() -> Iterator[str]:
    """Effort the formulas on indeterminates and look for terms outside of the spans."""
    words: list[str] = []

    def note(word: str) -> Fraction:
        words.append(word)
        return Fraction(1)

    compiled_curve(1, 1, Fraction(1), note)
    names = ["n", "k", "noise", *dict.fromkeys(words)]
    _, *generators = rational_functions(names)
    n, k, noise_variance, *_ = generators
    indeterminates = dict(zip(names, generators, strict=True))
    compiled = _coefficients(compiled_curve(n, k, noise_variance, indeterminates.__getitem__))
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
    risk, exact = one_step_risk(setting), fields_of(stated)
    size, step = float(exact["constant"]), math.sqrt(exact["constant"] / exact["quadratic"])
    scales = {
        "constant": size,
        # |c1| ≤ 2√(c0 c2) bounds what cancels in it.
        "linear": size / step,
        "quadratic": float(exact["quadratic"]),
        "step_size": step,
        "improvement": size,
        "risk_after": float(exact["risk_after"]),
    }
    return [
        float(Fraction(getattr(risk, name)) - exact[name]) / scale for name, scale in scales.items()
    ]
