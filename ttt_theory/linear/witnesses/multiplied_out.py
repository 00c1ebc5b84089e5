"""The risk after gradient steps by its definition, multiplied out and averaged in exact fractions.

Samples are x = Lz and y = xᵀβ + σζ with independent standard normal z and ζ, so that the squared
error after the steps is a polynomial in all of these, of which E[z^(2j)] = (2j−1)!! gives the mean.
The steps are the simulator's own, taken on polynomials.  Two things keep the polynomials short: a
prompt is the sum u = Σ x_iy_i to its attention, so that one token with the label 1 stands for all
of it, and the moments of such a sum follow from those of one sample; and a query's squared error is
averaged first, being the square of a linear form in its normal variables.  It knows no formula of
the theory, and neither the law of u nor that of X_tᵀX_t.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import flint
import numpy as np

from ttt_theory.linear.simulation.linear_attention import gradient, predict

if TYPE_CHECKING:
    from ttt_theory.checks import ObjectArray

__all__ = ["Polynomial", "Samples", "by_step_sizes", "multiplied_out"]

Coefficients = dict[tuple[int, ...], flint.fmpq]
"""By the powers of η_1, …, η_t."""


class Polynomial:
    """A polynomial that NumPy takes for a number, where it takes python-flint's for a sequence."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def _combined(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, Polynomial):
            other = other.value
        elif not isinstance(other, int | flint.fmpq):
            # An array, say, which goes through its entries.
            return NotImplemented
        return Polynomial(operation(self.value, other))

    def __add__(self, other: Any) -> Any:
        return self._combined(other, operator.add)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Any:
        return self._combined(other, operator.mul)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Any:
        return self._combined(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._combined(other, lambda value, minuend: minuend - value)

    def __neg__(self) -> Polynomial:
        return Polynomial(-self.value)

    def __pow__(self, power: int) -> Polynomial:
        return Polynomial(self.value**power)

    def __bool__(self) -> bool:
        return bool(self.value != 0)

    def mean(self, *laws: tuple[int, Callable[[tuple[int, ...]], Any]]) -> Coefficients:
        """Average over independent groups of variables, which come last.

        Parameters
        ----------
        *laws : pair of int and callable
            How many variables of the group there are, and the mean of their monomial of given
            powers.

        Returns
        -------
        dict
            The coefficients of what is left, by the powers of the other variables.
        """
        total: Coefficients = {}
        for exponents, coefficient in self.value.terms():
            powers = tuple(map(int, exponents))
            end = len(powers) - sum(count for count, _ in laws)
            kept, number = powers[:end], coefficient
            for count, moment in laws:
                number = number * moment(powers[end : end + count])
                end += count
            if number:
                total[kept] = total.get(kept, 0) + number
        return {powers: value for powers, value in total.items() if value != 0}


def _variables(*names: str) -> list[Polynomial]:
    context = flint.fmpq_mpoly_ctx.get(names, flint.Ordering.lex)
    return [Polynomial(each) for each in context.gens()]


def _array(numbers: Sequence[Any]) -> ObjectArray:
    return np.array(numbers, dtype=object)


def _exact(number: int | Fraction) -> flint.fmpq:
    return flint.fmpq(number.numerator, number.denominator)


@dataclass(frozen=True)
class Samples:
    """The law of a few samples in a few dimensions, in rational numbers.

    Attributes
    ----------
    context_length, test_samples : int
        n and k.
    root : tuple of tuples, shape (d, r)
        L of Σ_x = LLᵀ.
    task : tuple, shape (d,)
        β.
    noise : Fraction or int
        σ, the standard deviation.
    weights : tuple of tuples, shape (d, d)
        W.
    """

    context_length: int
    test_samples: int
    root: tuple[tuple[int | Fraction, ...], ...]
    task: tuple[int | Fraction, ...]
    noise: int | Fraction
    weights: tuple[tuple[int | Fraction, ...], ...]

    def arrays(self) -> tuple[ObjectArray, ObjectArray, flint.fmpq, ObjectArray]:
        """Return L, β, σ and W in python-flint's fractions."""
        return (
            _array([[_exact(each) for each in row] for row in self.root]),
            _array([_exact(each) for each in self.task]),
            _exact(self.noise),
            _array([[_exact(each) for each in row] for row in self.weights]),
        )


@cache
def multiplied_out(samples: Samples, steps: int, evaluation: str) -> Coefficients:
    """Return E[(y − SM(Z, W_t))²] after t steps η_1, …, η_t as a polynomial in these.

    Parameters
    ----------
    samples : Samples
    steps : int
        t.
    evaluation : str
        ``"fresh"`` or ``"same"``.

    Returns
    -------
    dict

    Examples
    --------
    >>> one = Samples(1, 1, ((1,),), (1,), 0, ((0,),))
    >>> {powers: int(value) for powers, value in multiplied_out(one, 1, "fresh").items()}
    {(2,): 108, (1,): -4, (0,): 1}
    """
    root, task, noise, weights = samples.arrays()
    dim, rank = root.shape
    k = samples.test_samples
    contexts = 2 if evaluation == "fresh" else 1
    counts = [steps, *[dim] * contexts, k * rank, k]
    variables = _variables(*(f"x{i}" for i in range(sum(counts))))
    step_sizes, *vectors, normals, noises = (
        _array(variables[end - count : end])
        for count, end in zip(counts, itertools.accumulate(counts), strict=True)
    )
    one = _array([variables[0] * 0 + 1])
    features = normals.reshape(k, rank) @ root.T
    labels = features @ task + noises * noise
    trained, shown = vectors[0][np.newaxis], vectors[-1][np.newaxis]
    weights = weights * one
    for step_size in step_sizes:
        weights = weights - gradient(weights, trained, one, features, labels) * step_size
    # Of a query x = Lz, the coefficients of z in its error.
    errors = root.T @ task - predict(weights, shown, one, root.T * one)
    risk = (errors * errors).sum() + noise**2
    degree = 2 * (2 * steps + 1)
    context = _context_moments(samples, degree).__getitem__
    laws = [(dim, context)] * contexts + [(k * rank + k, _normal_moment)]
    return Polynomial.mean(risk, *laws)


def _normal_moment(powers: tuple[int, ...]) -> int:
    """Return the mean of a monomial in independent standard normal variables."""
    if any(power % 2 for power in powers):
        return 0
    return math.prod(math.prod(range(1, power, 2)) for power in powers)


@cache
def _context_moments(samples: Samples, degree: int) -> dict[tuple[int, ...], flint.fmpq]:
    """Return the mean of every monomial in u up to a degree."""
    root, task, noise, _ = samples.arrays()
    dim, rank = root.shape
    variables = _variables(*(f"z{i}" for i in range(rank + 1)))
    features = root @ _array(variables[:rank])
    parts = features * (features @ task + variables[rank] * noise)
    monomials = _monomials(dim, degree)
    products = {monomials[0]: variables[0] * 0 + 1}
    for powers in monomials[1:]:
        place = next(i for i, power in enumerate(powers) if power)
        before = (*powers[:place], powers[place] - 1, *powers[place + 1 :])
        products[powers] = products[before] * parts[place]
    single = {
        powers: product.mean((rank + 1, _normal_moment)).get((), flint.fmpq(0))
        for powers, product in products.items()
    }
    total = {powers: flint.fmpq(int(not any(powers))) for powers in monomials}
    for _ in range(samples.context_length):
        # By the binomial theorem for a sum of two independent vectors.
        total = {
            powers: sum(
                (
                    math.prod(map(math.comb, powers, own))
                    * single[own]
                    * total[tuple(a - b for a, b in zip(powers, own, strict=True))]
                    for own in itertools.product(*(range(power + 1) for power in powers))
                ),
                flint.fmpq(0),
            )
            for powers in monomials
        }
    return total


def _monomials(count: int, degree: int) -> list[tuple[int, ...]]:
    """Return the powers of all monomials up to a degree, the lower ones first."""
    powers: Iterable[tuple[int, ...]] = itertools.product(range(degree + 1), repeat=count)
    return sorted((each for each in powers if sum(each) <= degree), key=sum)


def by_step_sizes(risk: Callable[[list[Polynomial]], Any], steps: int) -> Coefficients:
    """Return the coefficients of a risk that is given as a function of t step sizes.

    Parameters
    ----------
    risk : callable
        Takes the steps as polynomials.
    steps : int

    Examples
    --------
    >>> by_step_sizes(lambda steps: 1 - steps[0] + steps[0] * steps[1], 2)
    {(1, 1): 1, (1, 0): -1, (0, 0): 1}
    """
    variables = _variables(*(f"x{i}" for i in range(steps)))
    return Polynomial.mean(variables[0] * 0 + risk(variables))
