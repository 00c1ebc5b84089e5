"""The risk that the package returns, against coefficients of R(η) found by another route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttt_theory.evidence.record import Evidence, agreement
from ttt_theory.linear.exact.risk import one_step_risk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ttt_theory.linear.setting.setting import Setting

__all__ = ["risk_agrees"]


def risk_agrees(
    kind: str, statement: str, setting: Setting, coefficients: Iterable[Any]
) -> Evidence:
    """Compare every number of a setting's exact risk with what c0, c1 and c2 say it is.

    Parameters
    ----------
    kind, statement : str
        As for `Evidence`.
    setting : Setting
    coefficients : iterable of 3 numbers
        c0, c1 and c2, none of them zero; fractions stay exact until they are compared.
    """
    constant, linear, quadratic = coefficients
    improvement = linear**2 / (4 * quadratic)
    expected = {
        "constant": constant,
        "linear": linear,
        "quadratic": quadratic,
        "step_size": linear / (2 * quadratic),
        "risk_before": constant,
        "risk_after": constant - improvement,
        "improvement": improvement,
    }
    risk = one_step_risk(setting)
    errors = [getattr(risk, field) / float(value) - 1.0 for field, value in expected.items()]
    return agreement(kind, statement, errors)
