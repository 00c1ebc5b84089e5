"""What a claim can rest on: identities, limits, exact averages and equivalence tests.

Each function here takes a statement in one line and what there is to compare, and returns an
`Evidence` whose verdict it has come to.
"""

from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.decay import decay
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.equivalence import equivalence
from ttt_theory.evidence.quadrature import gaussian_rule
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, agreement

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
