"""What Figures 1a and 2a share: the risk after the step against α = n/d at three γ = k/d."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .drawing import (
    EXACT_LARGE,
    INK,
    add_caption,
    column,
    draw_curves,
    series,
    style_handles,
)
from .table import Table

DIM, LARGE_DIM = DIMS = (50, 1000)
"""Small enough to simulate and to differ from the limit; large enough to look like it."""

GAMMAS = [0.2, 1.0, 4.0]

_LARGEST_ALPHA = 2.5
_SIMULATED = (5, 15, 30, 50, 80, 120)
_LARGE_CONTEXTS = np.rint(LARGE_DIM * _LARGEST_ALPHA * np.linspace(0.03, 1.0, 80) ** 2)

CONTEXTS = {
    DIM: [(n, n in _SIMULATED) for n in (*range(1, 30), *range(30, 126, 5))],
    LARGE_DIM: [(int(n), False) for n in _LARGE_CONTEXTS],
}
"""The n of each dimension, and whether it is simulated."""


def draw_risk_against_context(
    table: Table, figure: Figure, title: str, ours: str, asymptotic: str = "published asymptotic"
) -> None:
    """Draw the curves of `table` with their turning points."""
    axes = figure.add_subplot()
    handles = []
    large = series(table, LARGE_DIM)
    for index, (name, rows) in enumerate(series(table, DIM).items()):
        color, marker = f"C{index}", "osD"[index]
        draw_curves(axes, rows, color, marker)
        large_x, large_exact = column(large[name], "x"), column(large[name], "exact")
        axes.plot(large_x, large_exact, EXACT_LARGE, color=color, linewidth=1.4)
        for key, curve, quantity, face in (
            ("asymptotic_turning_points", rows, "asymptotic", "white"),
            (f"exact_turning_points_{DIM}", rows, "exact", color),
            (f"exact_turning_points_{LARGE_DIM}", large[name], "exact", color),
        ):
            peak = table.parameters[key].get(name)
            if peak is not None:
                height = np.interp(peak, column(curve, "x"), column(curve, quantity))
                axes.plot(
                    peak, height, "v", color=color, markerfacecolor=face, markersize=6.5, zorder=4
                )
        handles.append(
            Line2D(
                [], [], color=color, marker=marker, markerfacecolor="white",
                label=rf"$\gamma={rows[0].test_samples / DIM:g}$",
            )
        )  # fmt: skip
    exact, *others = style_handles(DIM, asymptotic)
    axes.legend(
        handles=[
            *handles,
            exact,
            Line2D([], [], color=INK, linestyle=EXACT_LARGE, label=f"exact, $d={LARGE_DIM}$"),
            *others,
            Line2D(
                [], [], color=INK, linestyle="", marker="v", markersize=6.5,
                label="turning point (filled: exact)",
            ),
        ],
        loc="upper right",
    )  # fmt: skip
    axes.set_title(title)
    axes.set_xlabel(r"context length per dimension, $\alpha=n/d$")
    axes.set_ylabel("risk after the step")
    axes.set_xlim(0.0, _LARGEST_ALPHA)
    axes.set_ylim(0.0, 1.05)
    note = ""
    if not table.parameters[f"exact_turning_points_{DIM}"]:
        note = f"At $d={DIM}$ the exact risk only falls."
    add_caption(figure, table, ours, note)
