"""Counterexamples: exact points of the domain where a statement is false, shrunk to small ones."""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import HypothesisException

from ttt_theory.statements.domain import Case
from ttt_theory.statements.evaluation import UndefinedError, UnresolvedError, Values, evaluate
from ttt_theory.statements.rational import NAMES
from ttt_theory.statements.syntax import Node, Operation, ParsedStatement, Quantity, Symbol, nodes

__all__ = ["Finding", "Point", "Space", "constants", "drawn", "followed", "scattered", "search"]

_COUNTS = (1, 2, 3, 5, 10, 30, 100, 300, 1000, 10**4, 10**5, 10**6)
_REALS = tuple(Fraction(*pair) for pair in ((1, 1), (2, 1), (1, 2), (10, 1), (1, 10), (100, 1)))
_FACTORS = tuple(Fraction(*pair) for pair in ((1, 2), (2, 1), (4, 1), (10, 1)))
_FIRST_COUNTS = (1, 2, 3, 10, 30, 100, 1000)
_GRID_COUNTS = tuple(map(Fraction, range(1, 8)))
_GRID_REALS = tuple(Fraction(*pair) for pair in ((1, 1), (1, 2), (2, 1)))
_GRID_RATIOS = (*_GRID_REALS, *(Fraction(*pair) for pair in ((1, 3), (3, 1), (3, 2), (2, 3))))
_MOST_EXAMPLES = 150
# Each begins at the smallest counterexample of those before.
_ROUNDS = 3
# How far below itself each count of a counterexample is tried, without gaps.
_DESCENT = 64
_DESCENT_SECONDS = 1.0
_LARGEST_CONSTANT = 10**30
_LARGEST_RATIO = 100
_SMALL = 0.1
# From how many points a smaller slack is looked for, and by which factors.
_STARTS, _FOLLOWED_FROM = 12, 400
_STRIDES = (1000.0, 30.0, 5.0, 1.6, 1.15)

Point = dict[str, Fraction]
Judge = Callable[[Point], bool | None]
"""True for a counterexample, False where the statement holds, None where it says nothing."""


@dataclass(frozen=True)
class Space:
    """The points of a case.

    Attributes
    ----------
    case : Case
    counts : tuple of str
        Names, among `NAMES`, of positive integers.
    positive : tuple of str
        Names of positive rationals; all other names are of non-negative ones.
    """

    case: Case
    counts: tuple[str, ...]
    positive: tuple[str, ...]

    @property
    def free(self) -> list[str]:
        """Names that the equalities leave free."""
        return [name for slot, name in enumerate(NAMES) if slot not in self.case.solved]

    def complete(self, free: Point) -> Point | None:
        """Return all values from those of the free names, or None outside the domain."""
        known = {
            NAMES.index(name): flint.fmpq(value.numerator, value.denominator)
            for name, value in free.items()
        }
        values = dict(free)
        for slot, ratio in self.case.solved.items():
            try:
                solved = ratio.at(known)
            except ZeroDivisionError:
                return None
            values[NAMES[slot]] = Fraction(int(solved.p), int(solved.q))
        for name, value in values.items():
            if name in self.counts and (value.denominator != 1 or value < 1):
                return None
            if value < 0 or (name in self.positive and value == 0):
                return None
        return {name: values[name] for name in NAMES}

    def grid(self) -> Iterator[Point]:
        """Iterate over small values of the free names, without gaps among the counts."""
        pools = []
        for name in self.free:
            if name in self.counts:
                pools.append(_GRID_COUNTS)
            elif name in ("n", "k"):
                pools.append(_GRID_RATIOS)
            elif name == "d":
                # In a limit the size plays no part.
                pools.append(_GRID_REALS[:1])
            else:
                at_zero = () if name in self.positive else (Fraction(0),)
                pools.append((*at_zero, *_GRID_REALS))
        for values in itertools.product(*pools):
            yield dict(zip(self.free, values, strict=True))

    def pools(self, special: Sequence[Fraction]) -> dict[str, list[Fraction]]:
        """Return the values to try for each free name, small ones first."""
        factors = {1}
        for ratio in self.case.solved.values():
            factors.add(min(abs(int(ratio.denom.leading_coefficient())), _LARGEST_CONSTANT))
        pools = {}
        for name in self.free:
            if name in self.counts:
                near = {value + step for value in special for step in (-1, 0, 1)}
                near |= {value * factor for value in special for factor in _FACTORS}
                sizes = {Fraction(math.floor(value)) for value in near} | set(
                    map(Fraction, _COUNTS)
                )
                pool = {size * factor for size in sizes for factor in factors if size >= 1}
            else:
                pool = {*_REALS, *special, *(value + 1 for value in special)}
                pool |= {value * factor for value in special for factor in _FACTORS}
                pool = {value for value in pool if value > 0}
                if name not in self.positive:
                    pool.add(Fraction(0))
            pools[name] = sorted(pool, key=_height)
        return pools


@dataclass
class Finding:
    """What a search met.

    Attributes
    ----------
    counterexample : dict of str to Fraction, optional
    witness : dict of str to Fraction, optional
        A point where the statement says something and it holds.
    tried : int
        Points of the domain that the statement was evaluated at.
    """

    counterexample: Point | None = None
    witness: Point | None = None
    tried: int = 0


def constants(statement: ParsedStatement) -> list[Fraction]:
    """Return the numbers that a statement names, within reason.

    Examples
    --------
    >>> from ttt_theory.statements.syntax import parse
    >>> constants(parse("n < 10**3/4"))
    [Fraction(1, 4), Fraction(4, 1), Fraction(10, 1), Fraction(250, 1), Fraction(1000, 1)]
    """
    found = set()
    for comparison in (statement.comparison, *statement.conditions):
        for node in (*nodes(comparison.left), *nodes(comparison.right)):
            constant = node
            if isinstance(node, Operation) and node.name == "*":
                factors = tuple(each for each in node.arguments if _is_constant(each))
                constant = Operation("*", factors or node.arguments)
            if _is_constant(constant):
                with contextlib.suppress(UndefinedError, UnresolvedError):
                    value = evaluate(constant, Values({}, None))
                    found.add(abs(Fraction(int(value.p), int(value.q))))
    return sorted((value for value in found if value <= _LARGEST_CONSTANT), key=_height)[:16]


def _is_constant(node: Node) -> bool:
    return not any(isinstance(each, Symbol | Quantity) for each in nodes(node))


def _height(value: Fraction) -> tuple[int, Fraction]:
    return (value.numerator + value.denominator, value)


class _OutOfTimeError(BaseException):
    """Not an Exception, which Hypothesis would take for a finding."""


def search(
    spaces: list[Space],
    judge: Judge,
    special: Sequence[Fraction],
    candidates: Callable[[Space], Iterable[Point]],
    seconds: float,
    finding: Finding,
) -> None:
    """Look for a counterexample, let Hypothesis shrink one that is found, and descend from there.

    Unless time is out, the one that is left becomes no smaller, as a sum of all numerators and
    denominators, if one of its free counts is lowered by up to 64, or one of its free values to one
    of those that the search tries.

    Parameters
    ----------
    spaces : list of Space
    judge : callable
    special : list of Fraction
        Point worth trying.
    candidates : callable
        Gives the points to try in a space, as values of its free names.
    seconds : float
        When to stop.
    finding : Finding
        Updated; its counterexample is the smallest of all that were met.
    """
    deadline = time.monotonic() + seconds
    hits: dict[tuple[int, ...], tuple[Space, Point]] = {}

    def falsifies(space: Space, free: Point) -> bool:
        if time.monotonic() > deadline:
            raise _OutOfTimeError
        point = space.complete(free)
        verdict = None if point is None else judge(point)
        if point is None or verdict is None:
            return False
        finding.tried += 1
        if verdict:
            hits[tuple(map(_height_of, point.values()))] = (space, point)
        elif finding.witness is None:
            finding.witness = point
        return verdict

    def smallest() -> tuple[Space, Point]:
        return hits[min(hits, key=lambda heights: (sum(heights), heights))]

    with contextlib.suppress(_OutOfTimeError):
        for space in spaces:
            for free in candidates(space):
                if falsifies(space, free):
                    for _ in range(_ROUNDS):
                        _shrink(space, special, smallest()[1], falsifies)
                    break
    if not hits:
        return
    deadline = time.monotonic() + _DESCENT_SECONDS
    with contextlib.suppress(_OutOfTimeError):
        last = None
        while last != smallest()[1]:
            space, last = smallest()
            _descend(space, special, last, falsifies)
    _, finding.counterexample = smallest()


def followed(
    space: Space,
    slack: Callable[[Point, Fraction | None], float],
    special: Sequence[Fraction],
    seconds: float,
) -> Iterator[Point]:
    """Iterate over points reached by making the slack of a statement smaller, name after name.

    Parameters
    ----------
    space : Space
    slack : callable
        How far a statement is from being false at a point, by floats, beside its sides or beside a
        size that is given: it guides, it judges nothing.  NaN where it says nothing there.
    special : list of Fraction
        Values worth trying.
    seconds : float
        When to stop.

    Yields
    ------
    dict of str to Fraction
        Points where the slack is negative.
    """
    begin = time.monotonic()
    starts: list[Point] = []
    for free in itertools.chain(scattered(space, special, _FOLLOWED_FROM), drawn(space)):
        if time.monotonic() > begin + seconds / 2:
            break
        point = space.complete(free)
        value = math.nan if point is None else slack(point, None)
        if value < 0:
            yield free
        if not math.isnan(value):
            starts.append(free)
    # A gap that is small beside the sides need not be so beside the size of the task.
    for beside in (None, "norm2"):

        def measure(free: Point, beside: str | None = beside) -> float:
            point = space.complete(free)
            return math.nan if point is None else slack(point, point[beside] if beside else None)

        values = [(measure(free), index) for index, free in enumerate(starts[:_FOLLOWED_FROM])]
        best = sorted(each for each in values if not math.isnan(each[0]))[:_STARTS]
        for value, index in best:
            hit = _followed(space, starts[index], value, measure, begin + seconds)
            if hit is not None:
                yield hit
            if time.monotonic() > begin + seconds:
                return


def drawn(space: Space) -> Iterator[Point]:
    """Iterate over random points, evenly over the orders of magnitude."""
    rng = random.Random(0)
    while space.free:
        reach = rng.choice((1, 2, 4, 9))
        yield {
            name: _moved(
                Fraction(1),
                10 ** rng.uniform(0 if name in space.counts else -reach, reach),
                is_count=name in space.counts,
            )
            for name in space.free
        }


def _followed(
    space: Space,
    free: Point,
    value: float,
    measure: Callable[[Point], float],
    deadline: float,
) -> Point | None:
    """Return a point where a measure is negative, if the way down from a point leads to one."""
    singles = [{name: power} for name in free for power in (1, -1)]
    pairs = [
        {one: power, other: second}
        for one, other in itertools.combinations(free, 2)
        for power, second in itertools.product((1, -1), repeat=2)
    ]
    for stride in _STRIDES:
        moved = True
        while moved and time.monotonic() < deadline:
            moved = False
            for way in itertools.chain(singles, pairs):
                if moved and len(way) > 1:
                    break
                new = free | {
                    name: _moved(free[name], stride**power, is_count=name in space.counts)
                    for name, power in way.items()
                }
                found = measure(new)
                if found < value:
                    free, value, moved = new, found, True
                    if value < 0:
                        return free
    return None


def _moved(value: Fraction, factor: float, *, is_count: bool) -> Fraction:
    """Return about value times factor, as a simple number."""
    size = min(max(float(value) * factor, 1e-12), 1e15)
    if is_count:
        return Fraction(max(1, round(size)))
    return 1 / Fraction(round(1 / size)) if size < _SMALL else Fraction(size).limit_denominator(100)


def scattered(space: Space, special: Sequence[Fraction], count: int) -> Iterator[Point]:
    """Iterate over so many points of many scales, small ones first."""
    return itertools.islice(_scan(space, special), count)


def _scan(space: Space, special: Sequence[Fraction]) -> Iterator[Point]:
    pools = space.pools(special)
    first = {
        name: [value for value in pool if name not in space.counts or value in _FIRST_COUNTS][:7]
        if name in space.counts
        else pool[: 3 if name in ("n", "k") else 2]
        for name, pool in pools.items()
    }
    points = sorted(
        itertools.product(*first.values()), key=lambda point: sum(map(_height_of, point))
    )
    for values in points:
        yield dict(zip(first, values, strict=True))
    rng = random.Random(0)
    ratios = [*_GRID_RATIOS, *(value for value in special if 0 < value <= _LARGEST_RATIO)]
    while pools:
        point = {name: rng.choice(pool) for name, pool in pools.items()}
        yield point
        # A condition may need counts in some ratio.
        counts = [name for name in pools if name in space.counts]
        if counts:
            base = point[rng.choice(counts)]
            yield point | {
                name: Fraction(max(1, math.ceil(base * rng.choice(ratios)))) for name in counts
            }


def _height_of(value: Fraction) -> int:
    return _height(value)[0]


def _descend(
    space: Space,
    special: Sequence[Fraction],
    known: Point,
    falsifies: Callable[[Space, Point], bool],
) -> None:
    """Try smaller values of each free name, the smallest first, for a smaller counterexample."""
    for name, pool in space.pools(special).items():
        smaller = {value for value in pool if _height(value) < _height(known[name])}
        if name in space.counts:
            top = int(known[name])
            smaller.update(map(Fraction, range(max(1, top - _DESCENT), top)))
            smaller.update(Fraction(top >> power) for power in range(1, top.bit_length()))
        else:
            smaller.update(_rounded(known[name]))
        for value in sorted(smaller, key=_height):
            free = {each: known[each] for each in space.free} | {name: value}
            point = space.complete(free)
            if point is not None and _size(point) < _size(known) and falsifies(space, free):
                known = point
                break


def _rounded(value: Fraction) -> list[Fraction]:
    """Return the powers of ten down from a number to 1, and the number by one digit."""
    power = Fraction(1)
    found = []
    while value >= 10 * power:
        power *= 10
        found.append(power)
    return [*found, Fraction(math.floor(value / power)) * power]


def _size(point: Point) -> int:
    return sum(map(_height_of, point.values()))


def _shrink(
    space: Space,
    special: Sequence[Fraction],
    known: Point,
    falsifies: Callable[[Space, Point], bool],
) -> None:
    """Let Hypothesis look for smaller counterexamples; `falsifies` keeps what it meets."""
    strategies: dict[str, st.SearchStrategy[Fraction]] = {}
    for name, pool in space.pools(special).items():
        near = st.sampled_from([value for value in pool if value <= known[name]] or [known[name]])
        if name in space.counts:
            smaller = st.integers(1, int(known[name])).map(Fraction)
        else:
            smaller = st.fractions(0, known[name] + 1, max_denominator=20)
        # The known value itself, so that all of them together are found again.
        strategies[name] = near | smaller | st.just(known[name])
    # Nothing is stored, but a home directory may be made where the user stands.
    set_hypothesis_home_dir(tempfile.gettempdir())
    with contextlib.suppress(HypothesisException):
        find(
            st.fixed_dictionaries(strategies),
            lambda free: falsifies(space, free),
            settings=settings(
                max_examples=_MOST_EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
