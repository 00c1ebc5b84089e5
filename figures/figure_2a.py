"""Figure 2a: the risk after test-time training against α = n/d, non-isotropic prior."""

from __future__ import annotations

from matplotlib.figure import Figure

from .against_context import CONTEXTS, DIM, DIMS, GAMMAS, draw_risk_against_context
from .curves import Point, Simulation
from .spiked_prior import OURS, PARAMETERS, asymptotic_risk_after, spiked_setting
from .table import Row, Table


def data(simulation: Simulation) -> Table:
    """Compute the curves."""
    points = [
        Point(
            f"gamma = {gamma:g}",
            n / dim,
            setting := spiked_setting(dim, n, round(gamma * dim)),
            asymptotic_risk_after(setting),
            simulated,
        )
        for dim in DIMS
        for gamma in GAMMAS
        for n, simulated in CONTEXTS[dim]
    ]
    rows = simulation.rows(points)
    parameters = {
        "figure": "2a: risk after one step against x = context_length / dim",
        "source": "[G25] Figure 2a: Sigma_x = I, Sigma_beta not isotropic",
        "ours": "dim, gamma, task_covariance, task",
        "gamma": GAMMAS,
        **PARAMETERS,
        "asymptotic": "[G25], Theorem 5.3, with A and B of the same dim",
        "turning_points": "of the rows, to within their spacing",
        "asymptotic_turning_points": _turning_points(rows, DIM, "asymptotic"),
        **{f"exact_turning_points_{dim}": _turning_points(rows, dim, "exact") for dim in DIMS},
    }
    return Table(parameters | simulation.parameters, rows)


def _turning_points(rows: list[Row], dim: int, name: str) -> dict[str, float]:
    """Return the x of the last interior maximum of each curve that has one."""
    peaks = {}
    for gamma in GAMMAS:
        curve = [row for row in rows if row.dim == dim and row.series == f"gamma = {gamma:g}"]
        values = [getattr(row, name) for row in curve]
        for row, before, here, after in zip(
            curve[1:], values, values[1:], values[2:], strict=False
        ):
            if before < here > after:
                peaks[row.series] = row.x
    return peaks


def draw(table: Table, figure: Figure) -> None:
    """Draw the table."""
    draw_risk_against_context(
        table,
        figure,
        r"Figure 2a: risk after one step, $\Sigma_x=I$, spiked $\Sigma_\beta$",
        rf"$d$, $\gamma$, {OURS}",
        f"published asymptotic, $d={DIM}$",
    )
