"""Every claim, by its id."""

from __future__ import annotations

import difflib

from ttt_theory.claims.claim import Claim
from ttt_theory.errors import UnknownClaimError
from ttt_theory.linear.claims import exact_risk, pretraining
from ttt_theory.linear.claims import linear_attention as reduction
from ttt_theory.linear.claims import theorem_4_2 as isotropic
from ttt_theory.linear.claims import theorem_5_3 as task_covariance

__all__ = ["claims", "find"]


def claims() -> list[Claim]:
    """Return all claims, in the order of the papers."""
    modules = (reduction, pretraining, exact_risk, isotropic, task_covariance)
    return [claim for module in modules for claim in module.CLAIMS]


def find(claim_id: str) -> Claim:
    """Return the claim of an id.

    Raises
    ------
    UnknownClaimError
        If there is none.
    """
    known = {claim.id: claim for claim in claims()}
    if claim_id not in known:
        close = difflib.get_close_matches(claim_id, known, n=1)
        raise UnknownClaimError(claim_id, list(known), close[0] if close else None)
    return known[claim_id]
