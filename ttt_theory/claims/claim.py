"""What a claim is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttt_theory.evidence.record import Evidence
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["ERROR_RATE", "Claim", "Formula", "Notion", "Run", "exactly", "to_leading_order"]

ERROR_RATE = 1e-6
"""Probability that the statistical tests of a whole run refute a true statement, for any seed.

As much again is the probability that they confirm one that is wrong by more than its margin.
"""


@dataclass(frozen=True)
class Run:
    """How a piece of evidence is to be gathered.

    Attributes
    ----------
    quick : bool
        Whether to accept a wider margin in simulations, to be done in seconds.
    seed : int
        Of this piece of evidence alone.
    error_rate : float
        Rate of false alarms, and of false passes, of each statistical test: its share of the whole
        run's, or all of it for a test on its own.
    sequential : bool
        Whether simulations stop as soon as their verdict is safe.
    """

    quick: bool
    seed: int
    error_rate: float = ERROR_RATE
    sequential: bool = False

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
        return 25 * 10**7 if self.quick else 10**10


class Notion(StrEnum):
    """The sense in which a claim states a formula."""

    EXACT = "exact"
    LEADING_ORDER = "leading order"
    """Up to a factor that tends to 1 as d → ∞ with n/d and k/d fixed."""


@dataclass(frozen=True)
class Formula:
    """A function that a claim states, named by the place where its evidence looks it up.

    Attributes
    ----------
    module, name : str
    notion : Notion
    """

    module: str
    name: str
    notion: Notion

    @property
    def label(self) -> str:
        """Such as ``"limits.warm_step_size"``."""
        return f"{self.module.rpartition('.')[2]}.{self.name}"


def exactly(*functions: Callable[..., Any]) -> tuple[Formula, ...]:
    """State functions as they stand.

    Examples
    --------
    >>> from ttt_theory.linear.closed_form import limits
    >>> [each.label for each in exactly(limits.warm_risk_after)]
    ['limits.warm_risk_after']
    """
    return tuple(Formula(each.__module__, each.__name__, Notion.EXACT) for each in functions)


def to_leading_order(*functions: Callable[..., Any]) -> tuple[Formula, ...]:
    """State functions of n, k and d as leading terms for large n, k, d in proportion."""
    return tuple(
        Formula(each.__module__, each.__name__, Notion.LEADING_ORDER) for each in functions
    )


@dataclass(frozen=True)
class Claim:
    """A statement of the theory and the evidence that it asks for.

    Attributes
    ----------
    id, title, source : str
        Registry key, a readable name, and the paper's theorem.
    statement : str
        What is verified; the wording is ours.
    formulas : tuple of Formula
        What the statement says in symbols, each with the notion that it is meant in.  The evidence
        reaches these functions through their module, so that a wrong version can be planted there.
    proofs : tuple of callables
        Each takes a `Run` and returns evidence that concerns no particular setting.
    checks : tuple of callables
        Each takes a setting and a `Run`.  A claim with checks is general: it can be verified on
        any setting.
    tests_per_check : int
        How many statistical tests each check makes, of error rate ``Run.error_rate`` each.
    settings : mapping of str to Setting
        Where the checks run when the user names no setting.
    """

    id: str
    title: str
    source: str
    statement: str
    formulas: tuple[Formula, ...] = ()
    proofs: tuple[Callable[[Run], list[Evidence]], ...] = ()
    checks: tuple[Callable[[Setting, Run], list[Evidence]], ...] = ()
    tests_per_check: int = 0
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def is_general(self) -> bool:
        """Whether the claim can be verified on a user's setting."""
        return bool(self.checks)
