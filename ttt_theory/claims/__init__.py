"""Claims: what one is, how it becomes known, and how it is verified.

>>> from ttt_theory.claims import Claim, exactly
>>> claim = Claim("example/mine", "Mine", "me, 2026", "It holds.", evidence=(lambda effort: [],))
>>> claim.is_general
False
"""

from ttt_theory.claims.claim import (
    Claim,
    Published,
    Slip,
    exactly,
    statistical_tests,
    to_leading_order,
)
from ttt_theory.claims.registration import register_claim

__all__ = [
    "Claim",
    "Published",
    "Slip",
    "exactly",
    "register_claim",
    "statistical_tests",
    "to_leading_order",
]
