"""The risk that the package returns, against coefficients of R(η) found by another route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttt_theory.evidence.record import Evidence, EvidenceKind, agreement
from ttt_theory.linear.exact.risk import one_step_risk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttt_theory.linear.setting.setting import Setting

__all__ = ["fields_of", "risk_agrees"]


def fields_of(coefficients: Iterable[Any]) -> dict[str, Any]:
    """Return what c0, c1 and c2 say of a risk, by the names of its fields.

    The minimum is worked out here once more, so that no compiled formula is compared with itself.

    Parameters
    ----------
    coefficients : iterable of 3 numbers
        c0, c1 and c2, the last not zero.

    Examples
    --------
    >>> fields_of([2.0, 2.0, 1.0])["risk_after"]
    1.0
    """
    constant, linear, quadratic = coefficients
    improvement = linear**2 / (4 * quadratic)
    return {
        "constant": constant,
        "linear": linear,
        "quadratic": quadratic,
        "step_size": linear / (2 * quadratic),
        "risk_before": constant,
        "risk_after": constant - improvement,
        "improvement": improvement,
    }


def risk_agrees(
    kind: EvidenceKind, statement: str, setting: Setting, coefficients: Iterable[Any]
) -> Evidence:
    """Compare every number of a setting's exact risk with what c0, c1 and c2 say it is.

    Parameters
    ----------
    kind : EvidenceKind
    statement : str
        As for `Evidence`.
    setting : Setting
    coefficients : iterable of 3 numbers
        c0, c1 and c2, none of them zero; fractions stay exact until they are compared.
    """
    risk, expected = one_step_risk(setting), fields_of(coefficients)
    errors = [getattr(risk, name) / float(value) - 1.0 for name, value in expected.items()]
    return agreement(kind, statement, errors)
