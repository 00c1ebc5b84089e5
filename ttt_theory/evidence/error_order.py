"""The order of an error, measured between sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict

__all__ = ["decay"]

# The order comes near 1 from below as the next term of the expansion dies out.
_SLOWEST_ORDER = 0.9


def decay(
    statement: str, sizes: Sequence[int], errors: Sequence[float], **measured: Any
) -> Evidence:
    """Confirm that errors fall as 1/size or faster, by the order between the two largest sizes.

    Parameters
    ----------
    statement : str
        Whose error it is, and of which order.
    sizes : sequence of int
        Rising.
    errors : sequence of float
        One for each size, not negative.
    **measured
        Further figures.

    Examples
    --------
    >>> print(decay("1/d", [10, 20], [0.1, 0.05]).verdict, decay("1/√d", [4, 16], [2, 1]).verdict)
    confirmed refuted
    """
    orders = [
        math.log(errors[i] / errors[i + 1]) / math.log(sizes[i + 1] / sizes[i])
        if errors[i] > 0.0 and errors[i + 1] > 0.0
        else math.nan
        for i in range(len(sizes) - 1)
    ]
    return Evidence(
        EvidenceKind.DECAY,
        Verdict.CONFIRMED if orders[-1] >= _SLOWEST_ORDER else Verdict.REFUTED,
        statement,
        {"sizes": list(sizes), "errors": list(errors), "orders": orders, **measured},
    )
