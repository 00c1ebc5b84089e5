"""What a sweep computes for each setting: the columns, their units and their sources."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ASYMPTOTIC", "COLUMNS", "EXACT", "NAMES", "SIMULATED", "STATUS", "Column"]


@dataclass(frozen=True)
class Column:
    """A data variable of a sweep.

    Attributes
    ----------
    name, long_name : str
    units : str
        In those of a feature and of a label, which the setting does not fix.
    source : str
        Where the quantity is defined.
    """

    name: str
    long_name: str
    units: str
    source: str


_EXACT_SOURCE = "ttt_theory.one_step_risk: exact; limits in [G25]"
_STEP_UNITS = "feature^-4 label^-2"

EXACT = tuple(
    Column(name, long_name, units, _EXACT_SOURCE)
    for name, long_name, units in (
        ("constant", "constant coefficient c0 of the risk c0 - c1 eta + c2 eta^2", "label^2"),
        ("linear", "linear coefficient c1 of the risk", "feature^4 label^4"),
        ("quadratic", "quadratic coefficient c2 of the risk", "feature^8 label^6"),
        ("step_size", "optimal step size eta* = c1 / (2 c2)", _STEP_UNITS),
        ("risk_before", "risk before the step, R(0)", "label^2"),
        ("risk_after", "risk after the optimal step, R(eta*)", "label^2"),
        ("improvement", "R(0) - R(eta*)", "label^2"),
    )
)

_ASYMPTOTIC_SOURCE = (
    "[G25], Theorem 4.2 where the task covariance is isotropic or the weights start at zero, else"
    " Theorem 5.3; to leading order for large n, k and d in proportion. NaN unless the features are"
    " isotropic and Gaussian, the task fixed, the step plain, the context fresh, labels free of"
    " noise, and pretraining, if any, alike"
)

ASYMPTOTIC = tuple(
    Column(f"asymptotic_{name}", f"published asymptotic: {long_name}", units, _ASYMPTOTIC_SOURCE)
    for name, long_name, units in (
        ("step_size", "optimal step size", _STEP_UNITS),
        ("risk_before", "risk before the step", "label^2"),
        ("risk_after", "risk after the optimal step", "label^2"),
        ("improvement", "improvement", "label^2"),
    )
)

_SIMULATED_SOURCE = (
    "ttt_theory.simulate at the exact optimal step size, or at that of the simulation"
)

SIMULATED = (
    Column("simulated", "simulated risk after the step", "label^2", _SIMULATED_SOURCE),
    Column("standard_error", "standard error of simulated", "label^2", _SIMULATED_SOURCE),
)

COLUMNS = (*EXACT, *ASYMPTOTIC, *SIMULATED)

STATUS = {"computed": 0, "out_of_range": 1, "not_computed": 2, "lost_precision": 3, "not_known": 4}
"""What became of a setting: the values of the variable `status`."""

NAMES = frozenset({"status", *(column.name for column in COLUMNS)})
"""Names of the data variables."""
