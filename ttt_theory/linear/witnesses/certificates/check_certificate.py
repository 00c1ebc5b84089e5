"""Re-check a certificate of the one-step risk by brute force: `python check_certificate.py FILE`.

This file uses Python's standard library and, from the folder that it lies in, `pairings.py`, which
does the same; nothing else of the package that they come with: no formula of the theory, no law of
the context vector, no floating-point number.  What it does:

1. It recomputes every value in the certificate from the definition.  With x = F z and
   y = xᵀβ + ξ, for z standard normal and ξ of variance σ²; u = Σ_i x_i y_i over a context of n
   samples, u' the same over a fresh one; r_j = y_j − x_jᵀWu over k test samples, v = Σ_j r_j x_j;
   and r' = y' − x'ᵀWu' at the query, the gradient of the test samples' loss is G = −2 v uᵀ and

       R(η) = E[(y' − x'ᵀ(W − ηG)u')²] = E[(r' − 2η x'ᵀv uᵀu')²] = c0 − c1 η + c2 η².

   Polynomials are expanded, and averaged monomial by monomial with E[z^(2m)] = (2m−1)!!.
2. It enumerates with `pairings.py` the monomials and powers that c0, c1 and c2 can consist of in
   every dimension, and requires the certificate to state these.
3. It shows that no nonzero combination of them vanishes at all points, n and k of the certificate,
   so that two combinations with the same values are the same.
4. There are more points, n and k than that takes.  It shows that at these, too, the values are
   those of a combination: a monomial or power forgotten in 2 would have to be absent here.

The certificate's texts and seed are not looked at, and nothing printed depends on them.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import runpy
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
    "misstated",
    "outside",
    "read",
    "unpinned",
    "wrong_values",
]

FORMAT = "ttt-theory certificate, version 1"

# Linear algebra is done modulo this prime.  What is independent there is so over the rationals, and
# what is a combination of such vectors over the rationals is one there.
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

    `spans` holds, for each of them, its ``powers_of_n``, ``powers_of_k`` and ``monomials``;
    `remarks` what is for readers alone: ``certifies``, ``definitions``, ``argument`` and ``seed``.
    """

    context_lengths: list[int]
    test_samples: list[int]
    spans: Spans
    points: list[Point]
    values: list[dict[tuple[int, int], Vector]]
    remarks: dict[str, Any]


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


class _Echelon:
    """Rows reduced modulo the prime, with pivots in the first `width` columns."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._pivots: dict[int, list[int]] = {}

    def add(self, row: list[int]) -> list[int]:
        """Return what is left of a row after subtraction of those before."""
        for column, pivot in self._pivots.items():
            row = [(a - row[column] * b) % _PRIME for a, b in zip(row, pivot, strict=True)]
        leading = next((column for column in range(self._width) if row[column]), None)
        if leading is not None:
            inverse = pow(row[leading], -1, _PRIME)
            self._pivots[leading] = [inverse * entry % _PRIME for entry in row]
        return row


def _residue(value: Fraction) -> int:
    return value.numerator * pow(value.denominator, -1, _PRIME) % _PRIME


def _monomial_values(point: Point, monomials: Sequence[str]) -> list[int]:
    words = sorted({word for monomial in monomials for word in monomial.split(" * ")})
    values = {word: _residue(invariant(point, word)) for word in words}
    return [
        math.prod(values[word] for word in monomial.split(" * ")) % _PRIME for monomial in monomials
    ]


def independent(points: Iterable[Point], monomials: Sequence[str]) -> list[Point]:
    """Return the points at which the monomials' values are independent of those before.

    No further point is looked at once there are as many as monomials.
    """
    kept = []
    echelon = _Echelon(len(monomials))
    for point in points:
        if any(echelon.add(_monomial_values(point, monomials))):
            kept.append(point)
            if len(kept) == len(monomials):
                break
    return kept


def misstated(certificate: Certificate, spans: Spans) -> list[str]:
    """Say which spans of the certificate are not these, those of all pairings."""
    return [
        f"{name}: its span is not the one of all pairings"
        for name, span in spans.items()
        if certificate.spans[name] != span
    ]


def unpinned(certificate: Certificate, spans: Spans) -> list[str]:
    """Say what the points, n and k leave undetermined of combinations in the spans."""
    gaps = []
    for name, what, width, left in _reduced(certificate, spans):
        rank = sum(any(row[:width]) for row in left)
        if rank < width:
            gaps.append(f"{name}: its {width} {what} have rank {rank}")
    return gaps


def outside(certificate: Certificate, spans: Spans) -> list[str]:
    """Say where the values are no combinations in the spans, or nothing shows whether they are."""
    strays = []
    for name, what, width, left in _reduced(certificate, spans):
        surplus = [row for row in left if not any(row[:width])]
        if not surplus:
            strays.append(f"{name}: no value is left to test its {width} {what}")
        elif any(map(any, surplus)):
            strays.append(f"{name}: its values are no combination of its {width} {what}")
    return strays


def _reduced(
    certificate: Certificate, spans: Spans
) -> Iterator[tuple[str, str, int, list[list[int]]]]:
    """Yield, for each coefficient, its values along the points, the n and the k, row-reduced.

    The first columns, as many as the number says, are the values of the monomials or powers; the
    others are the coefficient's.  Values on a grid are those of a combination of products exactly
    if along each of its axes they are those of a combination of the factors.
    """
    axes = (("n", certificate.context_lengths), ("k", certificate.test_samples))
    for index, (name, span) in enumerate(spans.items()):
        values = [
            {sizes: _residue(stated[index]) for sizes, stated in each.items()}
            for each in certificate.values
        ]
        monomials = span["monomials"]
        echelon = _Echelon(len(monomials))
        rows = [
            _monomial_values(point, monomials) + list(each.values())
            for point, each in zip(certificate.points, values, strict=True)
        ]
        yield name, "monomials", len(monomials), list(map(echelon.add, rows))
        for axis, (letter, sizes) in enumerate(axes):
            powers = span[f"powers_of_{letter}"]
            echelon = _Echelon(len(powers))
            rows = [
                [size**power for power in powers]
                + [value for each in values for at, value in each.items() if at[axis] == size]
                for size in sizes
            ]
            yield name, f"powers of {letter}", len(powers), list(map(echelon.add, rows))


def wrong_values(certificate: Certificate) -> list[str]:
    """Recompute every value by brute force and describe those that differ."""
    wrong = []
    longest, most = max(certificate.context_lengths), max(certificate.test_samples)
    stated_at = zip(certificate.points, certificate.values, strict=True)
    for position, (point, values) in enumerate(stated_at):
        computed = brute_force(point, longest, most)
        for (n, k), stated in values.items():
            for name, value, right in zip(("c0", "c1", "c2"), stated, computed[n, k], strict=True):
                if value != right:
                    wrong.append(f"point {position}, n = {n}, k = {k}: {name} is not {value}")
    return wrong


def read(text: str) -> Certificate:
    """Parse a certificate.

    Raises
    ------
    CertificateError
        If the text is not one; the message is one line.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object)
        remarks = ("certifies", "definitions", "argument", "seed")
        sizes_and_data = ("context_lengths", "test_samples", "spans", "points")
        _require_keys(document, "format", *remarks, *sizes_and_data)
        if document["format"] != FORMAT:
            raise ValueError(f"the format is not {FORMAT!r}")
        _list([document["certifies"]], str)
        _list(document["definitions"], str)
        _list(document["argument"], str)
        _list([document["seed"]], int)
        lengths = _sizes(document["context_lengths"])
        samples = _sizes(document["test_samples"])
        sizes = list(itertools.product(lengths, samples))
        points, values = [], []
        for each in document["points"]:
            _require_keys(each, "factor", "task", "weights", "noise_variance", "values")
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
        if len(set(points)) < len(points):
            raise ValueError("a point is repeated")
        for count in (len(sizes), len(points)):
            _size(count, 144)
        _require_keys(document["spans"], "c0", "c1", "c2")
        for span in document["spans"].values():
            _require_keys(span, "powers_of_n", "powers_of_k", "monomials")
            _list(span["powers_of_n"], int)
            _list(span["powers_of_k"], int)
            _list(span["monomials"], str)
        read_by_people = {name: document[name] for name in remarks}
        return Certificate(lengths, samples, document["spans"], points, values, read_by_people)
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is repeated")
    return dict(pairs)


def _require_keys(value: Any, *keys: str) -> None:
    if type(value) is not dict or set(value) != set(keys):
        raise ValueError(f"there is no object with the keys {', '.join(keys)} and no others")


def _list(value: Any, kind: type) -> list[Any]:
    # A bool is an int, too, and equal to one.
    if type(value) is not list or any(type(entry) is not kind for entry in value):
        raise ValueError(f"a value is not of the type {kind.__name__}, or a list of such")
    return value


def _sizes(value: Any) -> list[int]:
    sizes = [_size(size, 12) for size in _list(value, int)]
    if sizes != sorted(set(sizes)):
        raise ValueError("sizes are repeated or unsorted")
    return sizes


def _size(value: int, largest: int) -> int:
    if not 1 <= value <= largest:
        raise ValueError(f"a size is not an integer from 1 to {largest}")
    return value


def _matrix(rows: list[list[str]], height: int, width: int) -> tuple[Vector, ...]:
    if len(_list(rows, list)) != height or any(len(row) != width for row in rows):
        raise ValueError(f"a matrix is not {height} × {width}")
    for entry in itertools.chain(*rows):
        if not re.fullmatch(r"-?[0-9]{1,400}(/[0-9]{1,400})?", entry):
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
        spans: Spans = runpy.run_path(str(Path(__file__).with_name("pairings.py")))["spans"]()
        certificate = read(Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    faults = (
        misstated(certificate, spans)
        + unpinned(certificate, spans)
        + outside(certificate, spans)
        + wrong_values(certificate)
    )
    if faults:
        print(*faults, f"{len(faults)} faults: refuted", sep="\n")
        return 1
    lengths = ", ".join(map(str, certificate.context_lengths))
    samples = ", ".join(map(str, certificate.test_samples))
    monomials = ", ".join(f"{name} {len(span['monomials'])}" for name, span in spans.items())
    print(
        f"values: c0, c1 and c2 at {len(certificate.points)} points, n = {lengths} and "
        f"k = {samples}, recomputed from the definition",
        f"spans: those of all pairings, with so many monomials: {monomials}",
        "rank: full, so that no two combinations in the spans have the same values",
        "surplus: values beyond those that determine a combination are its values, modulo a prime",
        "texts and seed: not looked at",
        f"{3 * sum(map(len, certificate.values))} values: confirmed",
        sep="\n",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
