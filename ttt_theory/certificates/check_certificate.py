"""Re-check a certificate of the one-step risk by brute force: `python check_certificate.py FILE`.

This file uses Python's standard library alone and nothing of the package that it comes with: no
formula of the theory, no law of the context vector, no floating-point number.  What it does:

1. It recomputes every value in the certificate from the definition.  With x = F z and
   y = xᵀβ + ξ, for z standard normal and ξ of variance σ²; u = Σ_i x_i y_i over a context of n
   samples, u' the same over a fresh one; r_j = y_j − x_jᵀWu over k test samples, v = Σ_j r_j x_j;
   and r' = y' − x'ᵀWu' at the query, the gradient of the test samples' loss is G = −2 v uᵀ and

       R(η) = E[(y' − x'ᵀ(W − ηG)u')²] = E[(r' − 2η x'ᵀv uᵀu')²] = c0 − c1 η + c2 η².

   Polynomials are expanded, and averaged monomial by monomial with E[z^(2m)] = (2m−1)!!.
2. It shows that no nonzero combination of the monomials and powers in the certificate vanishes at
   all of its points, so that two such combinations with the same values are the same.

Why c0, c1 and c2 are combinations of these in every dimension is the certificate's "argument".
"""

from __future__ import annotations

import itertools
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

__all__ = [
    "FORMAT",
    "Certificate",
    "CertificateError",
    "Point",
    "brute_force",
    "independent",
    "invariant",
    "read",
    "unpinned",
    "wrong_values",
]

FORMAT = "ttt-theory certificate, version 1"

# Ranks are computed modulo this prime: what is independent there is so over the rationals.
_PRIME = 2**61 - 1

Exponents = tuple[int, ...]
Vector = tuple[Fraction, ...]
Spans = dict[str, dict[str, list[Any]]]


class CertificateError(ValueError):
    """A file that is no certificate."""


@dataclass(frozen=True)
class Point:
    """Where the coefficients are evaluated: F of shape (d, m) with Σ_x = FFᵀ, β, W and σ²."""

    factor: tuple[Vector, ...]
    task: Vector
    weights: tuple[Vector, ...]
    noise_variance: Fraction


@dataclass(frozen=True)
class Certificate:
    """What a certificate states: at each point (c0, c1, c2) by (n, k).

    `spans` holds, for each of them, its ``powers_of_n``, ``powers_of_k`` and ``monomials``.
    """

    context_lengths: list[int]
    test_samples: list[int]
    spans: Spans
    points: list[Point]
    values: list[dict[tuple[int, int], Vector]]


class _Polynomial(dict[Exponents, Fraction]):
    """Coefficients by the exponents of the variables."""

    def __add__(self, other: _Polynomial) -> _Polynomial:
        result = _Polynomial(self)
        for exponents, coefficient in other.items():
            result[exponents] = result.get(exponents, Fraction(0)) + coefficient
        return result

    def __mul__(self, other: _Polynomial) -> _Polynomial:
        result = _Polynomial()
        for (one, factor), (two, coefficient) in itertools.product(self.items(), other.items()):
            exponents = tuple(i + j for i, j in zip(one, two, strict=True))
            result[exponents] = result.get(exponents, Fraction(0)) + factor * coefficient
        return result


def _variables(count: int) -> list[_Polynomial]:
    unit_vectors = [tuple(int(i == j) for j in range(count)) for i in range(count)]
    return [_Polynomial({each: Fraction(1)}) for each in unit_vectors]


def _combination(factors: Sequence[Fraction], terms: Sequence[_Polynomial]) -> _Polynomial:
    result = _Polynomial()
    for factor, term in zip(factors, terms, strict=True):
        result += _Polynomial({exponents: factor * each for exponents, each in term.items()})
    return result


class _Sample:
    """The moments of one sample (x, y), expanded in its standard normal variables."""

    def __init__(self, point: Point) -> None:
        *normals, noise = _variables(len(point.factor[0]) + 1)
        features = [_combination(row, normals) for row in point.factor]
        self._variables = [*features, _combination(point.task, features) + noise]
        self._noise_variance = point.noise_variance
        one = _Polynomial({(0,) * (len(normals) + 1): Fraction(1)})
        self._expanded = {(0,) * len(self._variables): one}
        self._moments: dict[Exponents, Fraction] = {}

    def moment(self, exponents: Exponents) -> Fraction:
        """Return E[x_1^a … x_d^b y^c] for the exponents (a, …, b, c)."""
        if exponents not in self._moments:
            total = Fraction(0)
            for degrees, coefficient in self._monomial(exponents).items():
                if not any(degree % 2 for degree in degrees):
                    odd = math.prod(j for degree in degrees for j in range(1, degree, 2))
                    total += coefficient * odd * self._noise_variance ** (degrees[-1] // 2)
            self._moments[exponents] = total
        return self._moments[exponents]

    def _monomial(self, exponents: Exponents) -> _Polynomial:
        if exponents not in self._expanded:
            first = next(i for i, exponent in enumerate(exponents) if exponent)
            lower = (*exponents[:first], exponents[first] - 1, *exponents[first + 1 :])
            self._expanded[exponents] = self._monomial(lower) * self._variables[first]
        return self._expanded[exponents]


def _context_moments(sample: _Sample, dim: int) -> Iterator[dict[Exponents, Fraction]]:
    """Yield the moments of u up to degree 4 for n = 1, 2, …, one more sample x y at a time."""
    indices = [each for each in itertools.product(range(5), repeat=dim) if sum(each) <= 4]
    added = {each: sample.moment((*each, sum(each))) for each in indices}
    moments = {each: Fraction(int(not any(each))) for each in indices}
    while True:
        # The binomial theorem for (u + x y)^index, whose parts are independent.
        moments = {
            index: sum(
                (
                    moments[part]
                    * added[tuple(i - j for i, j in zip(index, part, strict=True))]
                    * math.prod(map(math.comb, index, part))
                    for part in itertools.product(*(range(top + 1) for top in index))
                ),
                Fraction(0),
            )
            for index in indices
        }
        yield moments


def brute_force(point: Point, longest: int, most: int) -> dict[tuple[int, int], Vector]:
    """Compute (c0, c1, c2) by (n, k) from the definition, for n ≤ `longest` and k ≤ `most`.

    Examples
    --------
    >>> one, zero = Fraction(1), Fraction(0)
    >>> [int(c) for c in brute_force(Point(((one,),), (one,), ((zero,),), zero), 1, 1)[1, 1]]
    [1, 4, 108]
    """
    dim = len(point.task)
    axes = range(dim)
    pairs = list(itertools.product(axes, axes))
    sample = _Sample(point)
    variables = _variables(2 * dim + 1)
    x, y, u = variables[:dim], variables[dim], variables[dim + 1 :]

    def given_context(polynomial: _Polynomial) -> _Polynomial:
        """Average a polynomial in x, y and u over the sample (x, y)."""
        result = _Polynomial()
        for each, coefficient in polynomial.items():
            mean = coefficient * sample.moment(each[: dim + 1])
            result += _Polynomial({(0,) * (dim + 1) + each[dim + 1 :]: mean})
        return result

    error = y + _combination(
        [-point.weights[a][b] for a, b in pairs], [x[a] * u[b] for a, b in pairs]
    )
    squared_error = error * error
    loss = given_context(squared_error)
    pull = [given_context(x[a] * error) for a in axes]
    # (x'ᵀv)² is a sum over a, b of x'_a x'_b and, over two test samples, x_ia r_i x_jb r_j.
    query = [sample.moment((*((c == a) + (c == b) for c in axes), 0)) for a, b in pairs]
    same = _combination(query, [given_context(x[a] * x[b] * squared_error) for a, b in pairs])
    different = _combination(query, [pull[a] * pull[b] for a, b in pairs])
    overlaps = [u[a] * u[b] for a, b in pairs]
    values: dict[tuple[int, int], Vector] = {}
    contexts = itertools.islice(_context_moments(sample, dim), longest)
    for n, moments in enumerate(contexts, start=1):

        def mean(polynomial: _Polynomial, moments: dict[Exponents, Fraction] = moments) -> Fraction:
            return sum(
                (c * moments[each[dim + 1 :]] for each, c in polynomial.items()), Fraction(0)
            )

        # r'x'_a u'_b and r_j x_ja u_b are independent, and alike.
        linear = sum((mean(pull[a] * u[b]) ** 2 for a, b in pairs), Fraction(0))
        # (uᵀu')² is a sum over a, b of u'_a u'_b and u_a u_b, where u' is independent and like u.
        overlap = _combination([mean(each) for each in overlaps], overlaps)
        of_pair = {True: mean(same * overlap), False: mean(different * overlap)}
        for k in range(1, most + 1):
            first = sum((linear for _ in range(k)), Fraction(0))
            second = sum((of_pair[i == j] for i in range(k) for j in range(k)), Fraction(0))
            values[n, k] = (mean(loss), 4 * first, 4 * second)
    return values


def invariant(point: Point, word: str) -> Fraction:
    """Evaluate s, a form or a trace at a point.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> int(invariant(Point(((one,),), (two,), ((one,),), one), "q' W' S W q"))
    4
    """
    matrices = {
        "S": [[_inner(row, other) for other in point.factor] for row in point.factor],
        "W": point.weights,
        "W'": list(zip(*point.weights, strict=True)),
    }

    def applied(letters: list[str], vector: Sequence[Fraction]) -> Sequence[Fraction]:
        for letter in reversed(letters):
            vector = [_inner(row, vector) for row in matrices[letter]]
        return vector

    mean = applied(["S"], point.task)
    first, *letters = word.split()
    if first == "s":
        return _inner(point.task, mean) + point.noise_variance
    if first == "tr":
        axes = range(len(point.task))
        units = [[Fraction(int(a == b)) for b in axes] for a in axes]
        return sum((_inner(unit, applied(letters, unit)) for unit in units), Fraction(0))
    return _inner(mean, applied(letters[:-1], mean))


def _inner(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def independent(points: Iterable[Point], monomials: Sequence[str]) -> list[Point]:
    """Return the points at which the monomials' values are independent of those before.

    No further point is looked at once there are as many as monomials.
    """
    words = sorted({word for monomial in monomials for word in monomial.split(" * ")})
    kept = []
    pivots: dict[int, list[int]] = {}
    for point in points:
        values = {}
        for word in words:
            value = invariant(point, word)
            values[word] = value.numerator * pow(value.denominator, -1, _PRIME)
        row = [
            math.prod(values[word] for word in monomial.split(" * ")) % _PRIME
            for monomial in monomials
        ]
        for column, pivot in pivots.items():
            row = [(a - row[column] * b) % _PRIME for a, b in zip(row, pivot, strict=True)]
        leading = next((column for column, entry in enumerate(row) if entry), None)
        if leading is not None:
            inverse = pow(row[leading], -1, _PRIME)
            pivots[leading] = [inverse * entry % _PRIME for entry in row]
            kept.append(point)
            if len(kept) == len(monomials):
                break
    return kept


def wrong_values(certificate: Certificate) -> list[str]:
    """Recompute every value by brute force and describe those that differ."""
    wrong = []
    longest, most = max(certificate.context_lengths), max(certificate.test_samples)
    for position, point in enumerate(certificate.points):
        computed = brute_force(point, longest, most)
        for (n, k), stated in certificate.values[position].items():
            for name, value, right in zip(("c0", "c1", "c2"), stated, computed[n, k], strict=True):
                if value != right:
                    wrong.append(f"point {position}, n = {n}, k = {k}: {name} is not {value}")
    return wrong


def unpinned(certificate: Certificate) -> list[str]:
    """Say what the points and sizes leave undetermined of combinations in the spans."""
    gaps = []
    for name, span in certificate.spans.items():
        for letter, sizes in (("n", certificate.context_lengths), ("k", certificate.test_samples)):
            powers = len(span[f"powers_of_{letter}"])
            if len(set(sizes)) < powers:
                gaps.append(f"{name}: {len(set(sizes))} values of {letter} for {powers} powers")
        rank, full = len(independent(certificate.points, span["monomials"])), len(span["monomials"])
        if rank < full:
            gaps.append(f"{name}: its {full} monomials have rank {rank} at the points")
    return gaps


def read(text: str) -> Certificate:
    """Parse a certificate.

    Raises
    ------
    CertificateError
        If the text is not one; the message is one line.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError(f"the format is not {FORMAT!r}")
        lengths = [_size(size, 12) for size in document["context_lengths"]]
        samples = [_size(size, 12) for size in document["test_samples"]]
        sizes = list(itertools.product(lengths, samples))
        points, values = [], []
        for each in document["points"]:
            dim, columns = _size(len(each["task"]), 4), _size(len(each["factor"][0]), 4)
            (task,) = _matrix([each["task"]], 1, dim)
            ((noise_variance,),) = _matrix([[each["noise_variance"]]], 1, 1)
            if noise_variance < 0:
                raise ValueError("a noise variance is negative")
            factor = _matrix(each["factor"], dim, columns)
            weights = _matrix(each["weights"], dim, dim)
            points.append(Point(factor, task, weights, noise_variance))
            stated = _matrix(each["values"], len(sizes), 3)
            values.append(dict(zip(sizes, stated, strict=True)))
        for count in (len(sizes), len(points)):
            _size(count, 144)
        stated_spans = {name: _span(document["spans"][name]) for name in ("c0", "c1", "c2")}
        return Certificate(lengths, samples, stated_spans, points, values)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        reason = " ".join(str(error).split())
        raise CertificateError(f"no certificate: {type(error).__name__}: {reason}") from error


def _size(value: int, largest: int) -> int:
    if type(value) is not int or not 1 <= value <= largest:
        raise ValueError(f"a size is not an integer from 1 to {largest}")
    return value


def _span(stated: dict[str, list[Any]]) -> dict[str, list[Any]]:
    powers_of_n, powers_of_k = stated["powers_of_n"], stated["powers_of_k"]
    for powers in (powers_of_n, powers_of_k):
        if powers != list(range(powers[0], powers[0] + len(powers))):
            raise ValueError("powers are not consecutive integers")
    word = r"(s|q'( S| W'?){0,12} q|tr( S| W'?){1,12})"
    monomials = stated["monomials"]
    _size(len(monomials), 100)
    for monomial in monomials:
        if not re.fullmatch(rf"{word}( \* {word}){{0,9}}", monomial):
            raise ValueError("a monomial is not a product of s, forms q' … q and traces tr …")
    return {"powers_of_n": powers_of_n, "powers_of_k": powers_of_k, "monomials": monomials}


def _matrix(rows: list[list[str]], height: int, width: int) -> tuple[Vector, ...]:
    if len(rows) != height or any(len(row) != width for row in rows):
        raise ValueError(f"a matrix is not {height} × {width}")
    for entry in itertools.chain(*rows):
        if not re.fullmatch(r"-?\d{1,400}(/\d{1,400})?", entry):
            raise ValueError("an entry is not an exact fraction")
    matrix = tuple(tuple(map(Fraction, row)) for row in rows)
    if any(entry.denominator % _PRIME == 0 for entry in itertools.chain(*matrix)):
        raise ValueError(f"a denominator is divisible by {_PRIME}")
    return matrix


def main(arguments: list[str]) -> int:
    """Check the certificate named on the command line; return 0 if it holds, 1 if it does not."""
    if len(arguments) != 1:
        print("usage: python check_certificate.py FILE", file=sys.stderr)
        return 2
    try:
        certificate = read(Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    faults = unpinned(certificate) + wrong_values(certificate)
    values = 3 * sum(len(each) for each in certificate.values)
    verdict = "refuted" if faults else "confirmed"
    print(*faults, f"{values} values at {len(certificate.points)} points: {verdict}", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
