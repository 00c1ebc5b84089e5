"""The outcome of a piece of evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

__all__ = ["ROUND_OFF", "Evidence", "EvidenceKind", "Verdict", "agreement", "joint_verdict"]

ROUND_OFF = 1e-10
"""Relative error that is put down to rounding; the ones seen are below 1e-12."""


class Verdict(StrEnum):
    """Whether a statement holds, as far as the evidence can tell."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


class EvidenceKind(StrEnum):
    """How a piece of evidence was obtained, from proof to measurement: the strongest come first."""

    IDENTITY = "identity"
    """A proof, in symbols or exact fractions."""
    LIMIT = "limit"
    """A proof that a ratio tends to 1, from leading terms."""
    CERTIFICATE = "certificate"
    """A proof by exact values that pin a formula."""
    EXACT_AVERAGE = "exact average"
    """A simulator averaged exactly, to round-off."""
    EXACT_VALUE = "exact value"
    """The same number by another route, to round-off."""
    DECAY = "decay"
    """The order of an error, measured between sizes."""
    EQUIVALENCE = "equivalence"
    """A simulation with stated error rates."""
    NONE = "none"
    """There is none: it could not be computed, or was interrupted."""

    @property
    def plural(self) -> str:
        """What several of them are called."""
        irregular = {EvidenceKind.IDENTITY: "identities", EvidenceKind.NONE: "not gathered"}
        return irregular.get(self, f"{self}s")

    @property
    def is_proof(self) -> bool:
        """Whether evidence of this kind leaves nothing to rounding or to chance."""
        return self in (EvidenceKind.IDENTITY, EvidenceKind.LIMIT, EvidenceKind.CERTIFICATE)


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence and what came out.

    Attributes
    ----------
    kind : EvidenceKind
        How it was obtained; given by its name if you like.
    verdict : Verdict
    statement : str
        What was tested, in one line.
    measured : dict
        Figures behind the verdict, JSON-serialisable.
    """

    kind: EvidenceKind
    verdict: Verdict
    statement: str
    measured: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", EvidenceKind(self.kind))

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            "kind": str(self.kind),
            "verdict": str(self.verdict),
            "statement": self.statement,
            **{name: _finite(value) for name, value in self.measured.items()},
        }


def _finite(value: Any) -> Any:
    """Return a measured value with None for what JSON cannot hold."""
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def agreement(kind: EvidenceKind, statement: str, errors: Any, **measured: Any) -> Evidence:
    """Confirm that two computations of the same numbers agree to round-off.

    Parameters
    ----------
    kind : EvidenceKind
    statement : str
        As for `Evidence`.
    errors : array_like
        Relative errors; one that is NaN refutes.
    **measured
        Further figures.
    """
    error = float(np.max(np.abs(errors)))
    verdict = Verdict.CONFIRMED if error <= ROUND_OFF else Verdict.REFUTED
    return Evidence(kind, verdict, statement, {"relative_error": error, **measured})


def joint_verdict(verdicts: list[Verdict]) -> Verdict:
    """Return refuted if any is, confirmed if all are, and undecided otherwise or for none.

    Examples
    --------
    >>> str(joint_verdict([]))
    'undecided'
    >>> str(joint_verdict([Verdict.CONFIRMED, Verdict.UNDECIDED]))
    'undecided'
    """
    if Verdict.REFUTED in verdicts:
        return Verdict.REFUTED
    if verdicts and all(verdict is Verdict.CONFIRMED for verdict in verdicts):
        return Verdict.CONFIRMED
    return Verdict.UNDECIDED
