"""The risk as a function of the step size, and its minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ttt_theory.linear.closed_form import one_step

__all__ = ["Curve"]


@dataclass(frozen=True)
class Curve:
    """R(η) = c0 − c1η + c2η² and its minimum, in floats, fractions or symbols alike.

    Parameters
    ----------
    constant, linear, quadratic : number or element of a field
        c0, c1 and c2.

    Examples
    --------
    >>> from fractions import Fraction
    >>> curve = Curve(Fraction(2), Fraction(3), Fraction(4))
    >>> curve.step_size, curve.improvement, curve.risk_after
    (Fraction(3, 8), Fraction(9, 16), Fraction(23, 16))
    >>> curve.at(curve.step_size) == curve.risk_after
    True
    """

    constant: Any
    linear: Any
    quadratic: Any

    @property
    def step_size(self) -> Any:
        """The minimiser η*; 0 where the risk does not depend on the step."""
        # Then c2 may be zero, too.
        return self.linear if self.linear == 0 else one_step.step_size(self.linear, self.quadratic)

    @property
    def improvement(self) -> Any:
        """R(0) − R(η*)."""
        if self.linear == 0:
            return self.linear
        return one_step.improvement(self.linear, self.quadratic)

    @property
    def risk_before(self) -> Any:
        """R(0)."""
        return self.constant

    @property
    def risk_after(self) -> Any:
        """R(η*)."""
        return self.constant - self.improvement

    def at(self, step_size: Any) -> Any:
        """Return R(step_size)."""
        return self.constant - self.linear * step_size + self.quadratic * step_size**2
