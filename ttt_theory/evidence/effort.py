"""How much effort a piece of evidence may take, and at which error rates."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ERROR_RATE", "Effort"]

ERROR_RATE = 1e-6
"""Probability that the statistical tests of a whole run refute a true statement, for any seed.

As much again is the probability that they confirm one that is wrong by more than its margin.
"""


@dataclass(frozen=True)
class Effort:
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
    numbers : int, optional
        Array entries that one equivalence test may simulate; by default what fits `quick`.

    Examples
    --------
    >>> Effort(quick=True, seed=0).margin
    0.1
    """

    quick: bool
    seed: int
    error_rate: float = ERROR_RATE
    sequential: bool = False
    numbers: int = 0

    def __post_init__(self) -> None:
        if not self.numbers:
            object.__setattr__(self, "numbers", 25 * 10**7 if self.quick else 2 * 10**9)

    @property
    def margin(self) -> float:
        """Margin that an equivalence test aims for, relative to the value itself."""
        return 0.10 if self.quick else 0.02

    @property
    def widest_margin(self) -> float:
        """Relative margin beyond which an equivalence test stays undecided.

        So much off, a value is still told from zero and from twice itself, which a formula that
        lacks a term or a factor gives.
        """
        return 0.4
