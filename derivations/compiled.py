"""The derivations that are compiled, and where their source goes."""

from collections.abc import Iterator
from pathlib import Path

from derivations import finite_size, isotropic, isotropic_squares, limits, one_step, pretraining
from derivations.formula import render

DERIVATIONS = (pretraining, one_step, isotropic, isotropic_squares, limits, finite_size)
CLOSED_FORM = Path(__file__).parents[1] / "ttt_theory" / "closed_form"


def sources() -> Iterator[tuple[Path, str]]:
    """Yield the path and the freshly derived source of every compiled module."""
    for derivation in DERIVATIONS:
        name = derivation.__name__.rpartition(".")[2]
        yield CLOSED_FORM / f"{name}.py", render(derivation)


def write_all() -> Iterator[Path]:
    """Write every compiled module."""
    for path, source in sources():
        path.write_text(source, encoding="utf-8")
        yield path.relative_to(CLOSED_FORM.parents[1])
