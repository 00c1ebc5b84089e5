"""What a claim can rest on: identities, limits, exact averages and equivalence tests.

Each function here takes a statement in one line and what there is to compare, and returns an
`Evidence` whose verdict it has come to.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.evidence.error_order import decay
    from ttt_theory.evidence.quadrature import gaussian_rule
    from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, agreement
    from ttt_theory.evidence.simulated_means import equivalence

__all__ = [
    "Effort",
    "Evidence",
    "EvidenceKind",
    "Verdict",
    "agreement",
    "decay",
    "equivalence",
    "gaussian_rule",
    "identity",
    "indeterminates",
    "limit",
    "positive",
    "proof",
]

# On demand, since algebra needs SymPy, and a file with a covariance of one's own does not.
_MODULES = {
    "algebra": ("identity", "indeterminates", "limit", "positive", "proof"),
    "effort": ("Effort",),
    "error_order": ("decay",),
    "quadrature": ("gaussian_rule",),
    "record": ("Evidence", "EvidenceKind", "Verdict", "agreement"),
    "simulated_means": ("equivalence",),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
