"""Compiled formulas called with what their parameters are named for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["evaluated"]


def evaluated(formula: Callable[..., Any], argument: Callable[[str], Any]) -> Any:
    """Call a compiled formula, each parameter with what `argument` returns for its name.

    Parameters
    ----------
    formula : callable
        Of a closed_form module.
    argument : callable
        Asked for the parameters that the formula has, and for no others.

    Examples
    --------
    >>> from ttt_theory.linear.closed_form import scatter_moments
    >>> values = {"test_samples": 3, "form_2": 10}
    >>> evaluated(scatter_moments.gradient_1, values.__getitem__)
    30
    """
    names = inspect.signature(formula).parameters
    return formula(**{name: argument(name) for name in names})
