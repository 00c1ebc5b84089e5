"""The exact one-step risk of settings that leave the paper's: which kinds have one, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.exact.elliptical import elliptical_risk
from ttt_theory.linear.exact.independent_entries import independent_entries_risk
from ttt_theory.linear.exact.normalized import (
    normalized_risk,
    normalized_risk_on_the_same_context,
)
from ttt_theory.linear.exact.same_context import same_context_risk
from ttt_theory.linear.setting.setting import departures

if TYPE_CHECKING:
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["risk_of_kind"]

_Kind = tuple[str, str, str, str]

_ROUTES: dict[_Kind, Callable[[Setting], OneStepRisk]] = {
    ("same", "plain", "fixed", "gaussian"): same_context_risk,
    ("fresh", "normalized", "fixed", "gaussian"): normalized_risk,
    ("same", "normalized", "fixed", "gaussian"): normalized_risk_on_the_same_context,
    ("fresh", "plain", "fixed", "elliptical"): elliptical_risk,
    ("fresh", "plain", "fixed", "rademacher"): independent_entries_risk,
    ("fresh", "plain", "fixed", "uniform"): independent_entries_risk,
    ("fresh", "plain", "fixed", "student_t"): independent_entries_risk,
}
"""By evaluation, step rule, task and feature law, as `Setting.kind` has them."""


def risk_of_kind(setting: Setting) -> OneStepRisk:
    """Compute `one_step_risk` of a setting that is not of the paper's kind.

    Raises
    ------
    InvalidSettingError
        If no exact risk is known for settings of its kind.
    """
    route = _ROUTES.get(setting.kind)
    if route is None:
        found = departures(setting)
        field = next(iter(found))
        kind = " and ".join(f"{name} {value}" for name, value in found.items())
        remedy = f"no exact risk is known for {kind}: simulate it"
        raise InvalidSettingError(field, found[field], remedy)
    return route(setting)
