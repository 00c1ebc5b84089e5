"""What a claim is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttt_theory.evidence.record import Evidence
    from ttt_theory.setting import Setting

__all__ = ["Claim", "Run"]


@dataclass(frozen=True)
class Run:
    """How a piece of evidence is to be gathered.

    Attributes
    ----------
    quick : bool
        Whether to accept a wider margin in simulations, to be done in seconds.
    seed : int
        Of this piece of evidence alone.
    """

    quick: bool
    seed: int

    @property
    def margin(self) -> float:
        """Relative margin that an equivalence test aims for."""
        return 0.10 if self.quick else 0.02

    @property
    def widest_margin(self) -> float:
        """Relative margin beyond which an equivalence test stays undecided."""
        return 0.25

    @property
    def numbers(self) -> int:
        """Array entries that one equivalence test may simulate."""
        return 5 * 10**8 if self.quick else 2 * 10**10


@dataclass(frozen=True)
class Claim:
    """A statement of the theory and the evidence that it asks for.

    Attributes
    ----------
    id, title, source : str
        Registry key, a readable name, and the paper's theorem.
    statement : str
        What is verified; the wording is ours.
    proofs : tuple of callables
        Each takes a `Run` and returns evidence that concerns no particular setting.
    checks : tuple of callables
        Each takes a setting and a `Run`.  A claim with checks is general: it can be verified on
        any setting.
    settings : mapping of str to Setting
        Where the checks run when the user names no setting.
    """

    id: str
    title: str
    source: str
    statement: str
    proofs: tuple[Callable[[Run], list[Evidence]], ...] = ()
    checks: tuple[Callable[[Setting, Run], list[Evidence]], ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def is_general(self) -> bool:
        """Whether the claim can be verified on a user's setting."""
        return bool(self.checks)
