"""The derivations that are compiled, and where their source goes."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from derivations.formula import render
from derivations.linear import (
    context_cumulants,
    corrections,
    elliptical,
    feature_law_limits,
    filters,
    finite_size,
    independent_entries,
    isotropic,
    isotropic_squares,
    isotropic_steps,
    limits,
    normalized,
    one_step,
    pretraining,
    random_task,
    same_context,
    sample_sums,
    scatter_moments,
    shift,
    step_or_context,
)

DERIVATIONS = (
    pretraining,
    one_step,
    isotropic,
    isotropic_squares,
    isotropic_steps,
    limits,
    finite_size,
    corrections,
    random_task,
    shift,
    filters,
    context_cumulants,
    scatter_moments,
    same_context,
    normalized,
    sample_sums,
    elliptical,
    independent_entries,
    feature_law_limits,
    step_or_context,
)
ROOT = Path(__file__).parents[1]


def compiled_path(derivation: ModuleType) -> Path:
    """Return where a derivation of a theory is compiled to: a module of its closed_form/."""
    _, theory, name = derivation.__name__.split(".")
    return ROOT / "ttt_theory" / theory / "closed_form" / f"{name}.py"


def sources() -> Iterator[tuple[Path, str]]:
    """Yield the path and the freshly derived source of every compiled module."""
    for derivation in DERIVATIONS:
        yield compiled_path(derivation), render(derivation)


def write_all() -> Iterator[Path]:
    """Write every compiled module."""
    for path, source in sources():
        path.write_text(source, encoding="utf-8")
        yield path.relative_to(ROOT)
