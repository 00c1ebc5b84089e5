"""What a claim is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from ttt_theory.evidence.effort import Effort

if TYPE_CHECKING:
    from ttt_theory.evidence.record import Evidence

__all__ = [
    "Claim",
    "EvidenceFunction",
    "Notion",
    "Published",
    "SettingCheck",
    "Slip",
    "StatedFormula",
    "declared_tests",
    "exactly",
    "statistical_tests",
    "to_leading_order",
]

EvidenceFunction = Callable[[Effort], "list[Evidence]"]
"""Gathers evidence that concerns no particular setting."""

SettingCheck = Callable[[Any, Effort], "list[Evidence]"]
"""Gathers evidence on one setting."""

_Function = TypeVar("_Function", bound=Callable[..., "list[Evidence]"])


def statistical_tests(count: int) -> Callable[[_Function], _Function]:
    """Declare how many statistical tests a function makes, so that they share the error budget.

    Parameters
    ----------
    count : int
        Each test is to be made at ``Effort.error_rate``.

    Returns
    -------
    callable
        A decorator.

    Examples
    --------
    >>> @statistical_tests(2)
    ... def simulated(effort): ...
    >>> declared_tests(simulated)
    2
    """

    def declare(function: _Function) -> _Function:
        function.statistical_tests = count  # type: ignore[attr-defined]
        return function

    return declare


def declared_tests(function: Callable[..., Any]) -> int:
    """Return how many statistical tests a function has declared, none by default."""
    return int(getattr(function, "statistical_tests", 0))


class Notion(StrEnum):
    """The sense in which a claim states a formula."""

    EXACT = "exact"
    LEADING_ORDER = "leading order"
    """Up to a factor that tends to 1 as its arguments grow."""


@dataclass(frozen=True)
class Slip:
    """A mistake that people make with the parameters of a theory's formulas.

    Parameters
    ----------
    kind : str
        What to call it, such as ``"n + 1 for n"``.
    changes : mapping of str to str
        By parameter the expression put in its place, with parameters in braces:
        ``{"context_length": "{context_length} + 1"}``.
    """

    kind: str
    changes: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class StatedFormula:
    """A function that a claim states.

    Attributes
    ----------
    function : callable
        A module's own function: it may give its parameters shorter names and returns one
        expression.
    notion : Notion
    slips : tuple of Slip
        Mistakes to plant in it, beside those that can be made in any expression.
    growth : callable, optional
        For a leading term: returns by parameter how the arguments grow, as elements of a field,
        and the indeterminate that goes to infinity.
    """

    function: Callable[..., Any]
    notion: Notion
    slips: tuple[Slip, ...] = ()
    growth: Callable[[], tuple[Mapping[str, Any], Any]] | None = None

    @property
    def label(self) -> str:
        """Such as ``"limits.warm_step_size"``."""
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"


def exactly(
    *functions: Callable[..., Any], slips: tuple[Slip, ...] = ()
) -> tuple[StatedFormula, ...]:
    """State functions as they stand.

    Examples
    --------
    >>> from ttt_theory.linear.closed_form import limits
    >>> [each.label for each in exactly(limits.warm_risk_after)]
    ['limits.warm_risk_after']
    """
    return tuple(StatedFormula(each, Notion.EXACT, slips) for each in functions)


def to_leading_order(
    *functions: Callable[..., Any],
    growth: Callable[[], tuple[Mapping[str, Any], Any]],
    slips: tuple[Slip, ...] = (),
) -> tuple[StatedFormula, ...]:
    """State functions as leading terms, up to a factor that tends to 1 as their arguments grow."""
    return tuple(StatedFormula(each, Notion.LEADING_ORDER, slips, growth) for each in functions)


@dataclass(frozen=True)
class Published:
    """What a paper says, where that is something else than the claim.

    Its verdict comes from evidence of its own, and counts in no verdict of the claim or the run.

    Attributes
    ----------
    sentence : str
        As the paper has it, or as it is read there.
    reason : str
        Why it has its verdict, and how the claim differs.
    evidence : tuple of callables
        Each takes an `Effort` and returns evidence for or against the sentence.
    """

    sentence: str
    reason: str
    evidence: tuple[EvidenceFunction, ...]


@dataclass(frozen=True)
class Claim:
    """A statement of a theory and the evidence that it asks for.

    Attributes
    ----------
    id, title, source : str
        What it is called on the command line, a readable name, and the paper's theorem.
    statement : str
        What is verified, worded so that a correct build confirms it.
    formulas : tuple of StatedFormula
        What the statement says in symbols.  The evidence looks these functions up when it calls
        them, in the module or file that defines them, so that a wrong version can be planted there.
    evidence : tuple of callables
        Each takes an `Effort` and returns evidence that concerns no particular setting.
    checks : tuple of callables
        Each takes a setting and an `Effort`.  A claim with checks is general: it can be verified on
        any setting of its kind.
    settings : mapping of str to object
        Where the checks run when the user names no setting.
    published : Published, optional
        The paper's own sentence, where it says something else.
    """

    id: str
    title: str
    source: str
    statement: str
    formulas: tuple[StatedFormula, ...] = ()
    evidence: tuple[EvidenceFunction, ...] = ()
    checks: tuple[SettingCheck, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    published: Published | None = None

    @property
    def is_general(self) -> bool:
        """Whether the claim can be verified on a user's setting."""
        return bool(self.checks)

    def applies_to(self, setting: object) -> bool:
        """Whether the checks are for settings like the claim's own.

        That is, of the same class and, where the class tells kinds apart by an attribute ``kind``,
        of the same kind.
        """
        kind = getattr(setting, "kind", None)
        return self.is_general and any(
            isinstance(setting, type(each)) and kind == getattr(each, "kind", None)
            for each in self.settings.values()
        )

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """All functions that the claim is made of."""
        published = self.published.evidence if self.published else ()
        formulas = tuple(each.function for each in self.formulas)
        return (*formulas, *self.evidence, *self.checks, *published)
