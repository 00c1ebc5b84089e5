"""The outcome of a piece of evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

__all__ = ["ROUND_OFF", "Evidence", "Verdict", "agreement", "joint_verdict"]

ROUND_OFF = 1e-10
"""Relative error that is put down to rounding; the ones seen are below 1e-12."""


class Verdict(StrEnum):
    """Whether a statement holds, as far as the evidence can tell."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence and what came out.

    Attributes
    ----------
    kind : str
        How it was obtained: ``"identity"`` and ``"limit"`` are proofs, ``"certificate"`` compares
        exact values that pin a formula, ``"exact average"`` and ``"exact value"`` hold to
        round-off, ``"decay"`` measures the order of an error, ``"equivalence"`` is a
        simulation with stated error rates, ``"none"`` was not to be had.
    verdict : Verdict
    statement : str
        What was tested, in one line.
    measured : dict
        Figures behind the verdict, JSON-serialisable.
    """

    kind: str
    verdict: Verdict
    statement: str
    measured: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            "kind": self.kind,
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


def agreement(kind: str, statement: str, errors: Any, **measured: Any) -> Evidence:
    """Confirm that two computations of the same numbers agree to round-off.

    Parameters
    ----------
    kind, statement : str
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
