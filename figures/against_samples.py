"""What Figures 1b and 2b share: the risk against γ = k/d, warm and cold start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ttt_theory import PretrainedWeights, Setting, ZeroWeights
from ttt_theory.linear.closed_form import limits

from .curves import Point, Simulation
from .drawing import (
    ASYMPTOTIC,
    EXACT,
    INK,
    add_caption,
    column,
    draw_curves,
    series,
    style_handles,
)
from .table import Row, Table

Start = PretrainedWeights | ZeroWeights

DIM = 50
CONTEXT_LENGTH = 25

_SAMPLES = (1, 2, *range(5, 151, 5))
_SIMULATED = (5, 20, 40, 70, 100, 140)
_LABELS = {
    "initial": "before the step",
    "warm": "warm start: pretrained",
    "cold": "cold start: $W=0$",
}


def rows_against_samples(
    simulation: Simulation,
    setting: Callable[[int, Start], Setting],
    initial: float,
    warm_risk_after: Callable[[int], float],
) -> list[Row]:
    """Evaluate the three series; the last two arguments are the published asymptotics."""
    warm, cold = PretrainedWeights(), ZeroWeights()
    return simulation.rows(
        [
            point
            for k in _SAMPLES
            for point in (
                Point(
                    "initial", k / DIM, setting(k, warm), initial, k in _SIMULATED, step_size=0.0
                ),
                Point("warm", k / DIM, setting(k, warm), warm_risk_after(k), k in _SIMULATED),
                Point(
                    "cold",
                    k / DIM,
                    setting(k, cold),
                    1.0 - limits.cold_improvement(float(k), float(DIM), 1.0),
                    k in _SIMULATED,
                ),
            )
        ]
    )


def draw_risk_against_samples(table: Table, figure: Figure, title: str, ours: str) -> None:
    """Draw the curves of `table` with both thresholds."""
    axes = figure.add_subplot()
    handles = []
    for index, (name, rows) in enumerate(series(table, DIM).items()):
        color, marker = f"C{index}", "osD"[index]
        draw_curves(axes, rows, color, marker)
        handles.append(
            Line2D([], [], color=color, marker=marker, markerfacecolor="white", label=_LABELS[name])
        )
    cold = series(table, DIM)["cold"]
    # The asymptotic threshold is the smaller one: cold starts need more samples at finite size.
    for key, style, side, align in (
        ("exact", EXACT, 4, "left"),
        ("asymptotic", ASYMPTOTIC, -4, "right"),
    ):
        threshold = table.parameters[f"{key}_threshold"]
        crossing = np.interp(threshold, column(cold, "x"), column(cold, key))
        axes.vlines(threshold, 0.0, crossing, color=INK, linestyle=style, linewidth=0.9)
        axes.annotate(
            f"{key}\n$\\gamma^*={threshold:.2f}$",
            (threshold, 0.03),
            xytext=(side, 0),
            textcoords="offset points",
            ha=align,
            fontsize=9.5,
            color=INK,
        )
    axes.legend(handles=handles + style_handles(DIM), loc="upper right", ncols=2)
    axes.set_title(title)
    axes.set_xlabel(r"test samples per dimension, $\gamma=k/d$")
    axes.set_ylabel("risk")
    axes.set_xlim(0.0, column(cold, "x").max())
    axes.set_ylim(0.0, 1.2)
    add_caption(figure, table, ours)
