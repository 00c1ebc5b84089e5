"""Drawing that the figures share, and saving."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .curves import INTERVAL
from .table import Row, Table

EXACT = "-"
ASYMPTOTIC = "--"
EXACT_LARGE = ":"
INK = "0.25"


def save(table: Table, draw: Callable[[Table, Figure], None], stem: Path) -> list[Path]:
    """Write a table and its picture as CSV, PDF and PNG; the same table gives the same bytes."""
    csv_path, pdf_path, png_path = (stem.with_suffix(kind) for kind in (".csv", ".pdf", ".png"))
    table.write(csv_path)
    sheet = resources.files(__package__) / "style.mplstyle"
    # The style sheet alone, whatever the user's settings, and no pyplot: nothing outlives this.
    with mpl.rc_context(), resources.as_file(sheet) as path:
        style.use(["default", path])
        figure = Figure()
        FigureCanvasAgg(figure)
        draw(table, figure)
        figure.savefig(pdf_path, metadata={"CreationDate": None})
        figure.savefig(png_path, metadata={"Software": None})
    return [csv_path, pdf_path, png_path]


def series(table: Table, dim: int) -> dict[str, list[Row]]:
    """Return the curves at one dimension, in the order of the table."""
    curves: dict[str, list[Row]] = {}
    for row in table.rows:
        if row.dim == dim:
            curves.setdefault(row.series, []).append(row)
    return curves


def column(rows: list[Row], name: str) -> np.ndarray:
    return np.array([getattr(row, name) for row in rows], dtype=float)


def draw_curves(axes: Axes, rows: list[Row], color: str, marker: str) -> None:
    """Draw one series: exact solid, asymptotic dashed, simulated as markers with intervals."""
    x = column(rows, "x")
    axes.plot(x, column(rows, "exact"), EXACT, color=color)
    axes.plot(x, column(rows, "asymptotic"), ASYMPTOTIC, color=color, linewidth=1.2)
    simulated = [row for row in rows if row.simulated is not None]
    axes.errorbar(
        column(simulated, "x"),
        column(simulated, "simulated"),
        INTERVAL * column(simulated, "standard_error"),
        fmt=marker,
        color=color,
        markerfacecolor="white",
        zorder=3,
    )


def style_handles(dim: int, asymptotic: str = "published asymptotic") -> list[Line2D]:
    """Legend entries for what the line styles mean."""
    return [
        Line2D([], [], color=INK, linestyle=EXACT, label=f"exact, $d={dim}$"),
        Line2D([], [], color=INK, linestyle=ASYMPTOTIC, label=asymptotic),
        Line2D(
            [], [], color=INK, linestyle="", marker="o", markerfacecolor="white",
            label=f"simulated, $d={dim}$",
        ),
    ]  # fmt: skip


def add_caption(figure: Figure, table: Table, ours: str, note: str = "") -> None:
    """Say under the axes which parameters are ours and what the points and intervals are."""
    prompts = table.parameters["prompts_per_point"]
    figure.supxlabel(
        f"Parameters ours: {ours}.\n"
        r"$\Vert\beta\Vert=1$, so predicting 0 has risk 1. Points: literal simulation "
        f"at the exact optimal step, {prompts:,} prompts each;"
        "\n"
        rf"bars: $\pm{INTERVAL:g}$ standard errors (nominal: the errors are heavy-tailed). {note}",
        fontsize=8.5,
        color=INK,
        x=0.02,
        ha="left",
    )
