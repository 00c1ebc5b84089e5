"""The figures of [G25], redrawn: exact curve, published asymptotic, literal simulation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ttt_theory import InvalidSettingError

from . import figure_1a, figure_1b, figure_2a, figure_2b
from .curves import Simulation
from .drawing import save

__all__ = ["FIGURES", "build"]

FIGURES = {"1a": figure_1a, "1b": figure_1b, "2a": figure_2a, "2b": figure_2b}
"""The modules by name; each has `data`, which computes a table, and `draw`, which knows no more."""

_PROMPTS = 3_000
_QUICK_PROMPTS = 250


def build(
    names: Sequence[str] | None = None,
    out: Path = Path("build/figures"),
    quick: bool = False,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    *,
    workers: int | None = None,
    prompts: int | None = None,
) -> list[Path]:
    """Compute and draw figures; return the files written, a CSV, PDF and PNG of each.

    All figures if `names` is empty.  `quick` simulates fewer prompts, `prompts` any number of them
    per point; `workers` is the number of processes, by default one per core, and changes no
    number.  `progress(name, done, total)` is called after each simulated point.  A name or folder
    that will not do raises `InvalidSettingError`.
    """
    names = list(dict.fromkeys(name.removeprefix("figure_") for name in names or FIGURES))
    for name in names:
        if name not in FIGURES:
            raise InvalidSettingError("figures", name, f"give any of {', '.join(FIGURES)}")
    # Before the work, not after it.
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / f"figure_{names[0]}.csv").touch()
    paths: list[Path] = []
    for name in names:
        simulation = Simulation(
            name,
            prompts=prompts or (_QUICK_PROMPTS if quick else _PROMPTS),
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            progress=progress,
        )
        module = FIGURES[name]
        table = module.data(simulation)
        with _writing(out):
            paths += save(table, module.draw, out / f"figure_{name}")
    return paths


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidSettingError(
            "out", str(out), f"give a folder that can be written ({error.strerror or error})"
        ) from error
