"""Statements evaluated by Python, on fractions and on many digits, and what that says of a verdict.

It shares no code with `check`.
"""

import dataclasses
import itertools
import math
import operator
import re
from fractions import Fraction
from functools import cache, partial

import mpmath

import ttt_theory as ttt
from tests import reference
from tests.random_statements.moments import after_steps
from ttt_theory.linear.closed_form import isotropic

RELATIONS = {
    "==": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
SIZES = ("n", "k", "d", "norm2", "noise")
QUANTITIES = ("risk_before", "risk_after", "improvement", "step_size")
DIGITS = 60
LARGE_DIGITS = 3000
"""Enough for powers of d that cancel at the largest of `DIMS`."""
DIMS = tuple(Fraction(10) ** power for power in (30, 240))
_LARGEST_EXPONENT = mpmath.mpf(10) ** 300


class UndefinedError(Exception):
    """An expression has no value."""


class UnknownError(UndefinedError):
    """Its digits do not tell whether an expression has a value."""


class _IrrationalError(Exception):
    """A value is no fraction."""


def _sqrt(x):
    if not isinstance(x, Fraction):
        return mpmath.sqrt(_certainly_positive(x))
    if x < 0:
        raise UndefinedError
    top, bottom = (math.isqrt(part) for part in (x.numerator, x.denominator))
    if top**2 != x.numerator or bottom**2 != x.denominator:
        raise _IrrationalError
    return Fraction(top, bottom)


def _log(x):
    if not isinstance(x, Fraction):
        return mpmath.log(_certainly_positive(x))
    if x <= 0:
        raise UndefinedError
    if x != 1:
        raise _IrrationalError
    return Fraction(0)


def _exp(x):
    if not isinstance(x, Fraction):
        if abs(x) > _LARGEST_EXPONENT:
            # To reduce it takes as many digits of log 2 as it has itself.
            raise UnknownError
        return mpmath.exp(x)
    if x != 0:
        raise _IrrationalError
    return Fraction(1)


def _certainly_positive(x):
    least = mpmath.mpf(10) ** (-mpmath.mp.dps // 2)
    if x < -least:
        raise UndefinedError
    if x <= least:
        raise UnknownError
    return x


def _float(x):
    return mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x


class Names(dict):
    """The names at a point; `whole` says that sizes are integers, as they are but in a limit."""

    def __init__(self, point, *, whole=True):
        super().__init__(point)
        self.whole = whole
        self |= {"alpha": point["n"] / point["d"], "gamma": point["k"] / point["d"]}
        self |= {"sqrt": _sqrt, "log": _log, "exp": _exp, "min": min, "max": max, "abs": abs}
        self |= {"F": Fraction} | {each: each for each in ("warm", "cold", "fresh", "same")}
        for name in QUANTITIES:
            self[name] = partial(self._quantity, name)

    def in_digits(self):
        """Return the same with numbers of many digits in place of fractions."""
        point = {name: _float(self[name]) for name in SIZES}
        found = Names(point, whole=self.whole)
        found["F"] = lambda text: _float(Fraction(text))
        return found

    def _quantity(self, name, start="warm", *, steps=None, evaluation="fresh", **sizes):
        n, k, d, norm2, noise = ({each: self[each] for each in SIZES} | sizes).values()
        if min(n, k, d) < 1 or norm2 <= 0 or noise < 0:
            raise UndefinedError
        if self.whole and any(each != int(each) for each in (n, k, d)):
            raise UndefinedError
        numbers = (type(n), n, k, d, norm2, noise, start, mpmath.mp.dps)
        if steps is None and evaluation == "fresh":
            return quantities_at(*numbers)[name]
        return stepped_at(*numbers, evaluation, steps and tuple(steps))[name]


class SettingNames(Names):
    """The names for one setting, which is pretrained on what it is tested on."""

    def __init__(self, setting):
        task = [Fraction(float(each)) for each in setting.task]
        point = {
            "n": Fraction(setting.context_length),
            "k": Fraction(setting.test_samples),
            "d": Fraction(setting.dim),
            "norm2": sum(each**2 for each in task),
            "noise": Fraction(setting.noise_variance),
        }
        super().__init__(point)
        self.setting = setting

    def in_digits(self):
        return super().in_digits() | {name: partial(self._digits, name) for name in QUANTITIES}

    def _quantity(self, name, **sizes):
        raise _IrrationalError

    def _digits(self, name, n=None, k=None, steps=None, evaluation=None):
        changed = {"context_length": int(n or self["n"]), "test_samples": int(k or self["k"])}
        changed["pretraining"] = ttt.Pretraining()
        changed["evaluation"] = evaluation or self.setting.evaluation
        setting = dataclasses.replace(self.setting, **changed)
        if steps is None and setting.evaluation == "fresh":
            return reference.one_step_risk(setting)[name]
        # Here it is not the numbers that could be false, but which of them are compared.
        if steps is None:
            return mpmath.mpf(getattr(ttt.one_step_risk(setting), name))
        before, *_, after = ttt.several_steps_risk(setting, [float(each) for each in steps]).risks
        return mpmath.mpf(after if name == "risk_after" else before - after)


@cache
def quantities_at(_kind, n, k, d, norm2, noise, start, _digits):
    """Compute everything from the curve R(η), not from the formulas that `check` reads."""
    weight = 1 / (n + d + 1 + noise) if start == "warm" else 0 * n
    constant = isotropic.constant(n, d, norm2, noise, weight)
    linear = isotropic.linear(n, k, d, norm2, noise, weight)
    quadratic = isotropic.quadratic(n, k, d, norm2, noise, weight)
    gain = linear**2 / (4 * quadratic)
    return {
        "risk_before": constant,
        "risk_after": constant - gain,
        "improvement": gain,
        "step_size": linear / (2 * quadratic),
    }


@cache
def stepped_at(_kind, n, k, d, norm2, noise, start, _digits, evaluation, steps):
    """Compute the quantities of the same context, or after steps."""
    weight = 1 / (n + d + 1 + noise) if start == "warm" else 0 * n
    return after_steps(n, k, d, norm2, noise, weight, evaluation, steps)


@cache
def _compiled(text):
    text = text.strip()
    for name in QUANTITIES:
        text = re.sub(rf"\b{name}\b(?!\()", f"{name}()", text)
    # Exponents stay integers.
    text = re.sub(r"(?<![\w.])(?<!\*\*)(\d+(?:\.\d+)?)(?![\w.])", r"F('\1')", text)
    return compile(text, "<statement>", "eval")


def value(text, names):
    """Return a fraction, where it is one by its form, or a number of many digits."""
    code = _compiled(text)
    try:
        try:
            return eval(code, {"__builtins__": {}}, names)
        except _IrrationalError:
            return eval(code, {"__builtins__": {}}, names.in_digits())
    except ZeroDivisionError as error:
        raise UndefinedError from error
    except (OverflowError, MemoryError) as error:
        raise UnknownError from error


def sides(comparison):
    return (
        re.split(r"(==|<=|>=|<|>|~)", comparison, maxsplit=1)
        if "=" not in comparison
        else (_sides_with_sizes(comparison))
    )


def _sides_with_sizes(comparison):
    """Split at the relation outside of all parentheses."""
    depth = 0
    for index, letter in enumerate(comparison):
        depth += (letter == "(") - (letter == ")")
        found = re.match(r"==|<=|>=|<|>|~", comparison[index:])
        if depth == 0 and found:
            return [comparison[:index], found[0], comparison[index + len(found[0]) :]]
    raise ValueError(comparison)


def holds(comparison, names):
    """Whether a comparison holds; None where its digits do not tell."""
    left, relation, right = sides(comparison)
    left, right = value(left, names), value(right, names)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return RELATIONS[relation](left, right)
    left, right = _float(left), _float(right)
    scale = abs(left) + abs(right)
    if abs(left - right) <= scale * mpmath.mpf(10) ** (-mpmath.mp.dps // 2):
        return None
    return RELATIONS[relation](left, right)


def split(statement):
    claim, _, conditions = statement.partition(" when ")
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(conditions + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(conditions[start:index].strip())
            start = index + 1
    return claim, [part for part in parts if part]


def _real(rng, special, *, zero):
    pool = [Fraction(*map(int, pair)) for pair in ((1, 1), (2, 1), (1, 2), (1, 3), (5, 1), (3, 2))]
    pool += special
    choice = rng.integers(4)
    if choice == 0 and zero:
        return Fraction(0)
    if choice == 1:
        return pool[rng.integers(len(pool))] or Fraction(1)
    if choice == 2:
        return Fraction(int(rng.integers(1, 10**6)), int(rng.integers(1, 10**6)))
    return Fraction(10) ** int(rng.integers(-9, 10)) * Fraction(int(rng.integers(1, 100)), 10)


def _count(rng):
    return Fraction(int(10 ** (rng.random() * rng.choice([1, 2, 4, 7])) + 0.5))


def _special(statement):
    return [Fraction(each) for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", statement)]


def _points(rng, statement):
    """Random points; an equality that gives a name its value is obeyed."""
    special = _special(statement)
    _, conditions = split(statement)
    while True:
        point = {name: _count(rng) for name in "nkd"}
        if rng.integers(3) == 0:
            point = dict.fromkeys("nkd", point["n"]) | {"d": point["d"]}
        point |= {"norm2": _real(rng, special, zero=False), "noise": _real(rng, special, zero=True)}
        for condition in conditions:
            left, relation, right = (part.strip() for part in sides(condition))
            if relation == "==":
                _obey(point, left, right)
        yield point


def _obey(point, left, right):
    try:
        target = value(right, Names(point))
    except (UndefinedError, TypeError):
        return
    if left in ("alpha", "gamma"):
        name = "n" if left == "alpha" else "k"
        point["d"] *= target.denominator
        point[name] = target * point["d"]
    elif left in SIZES:
        point[left] = target


def _limit_points(rng, statement):
    special = [each for each in _special(statement) if each]
    pool = sorted({Fraction(1), Fraction(2), Fraction(1, 2), Fraction(3), Fraction(1, 4), *special})
    _, conditions = split(statement)
    for alpha, gamma in itertools.product(pool, repeat=2):
        yield {"n": alpha, "k": gamma, "norm2": Fraction(1), "noise": Fraction(0)}
    while True:
        point = {
            "n": _real(rng, special, zero=False),
            "k": _real(rng, special, zero=False),
            "norm2": _real(rng, special, zero=False),
            "noise": _real(rng, special, zero=True),
        }
        for condition in conditions:
            left, relation, right = (part.strip() for part in sides(condition))
            if relation == "==" and left in ("alpha", "gamma", "norm2", "noise"):
                try:
                    at = {**point, "d": Fraction(1)}
                    point[{"alpha": "n", "gamma": "k"}.get(left, left)] = value(right, Names(at))
                except UndefinedError:
                    continue
        yield point


def false_finite(statement, answer, rng, points):
    """Return why a verdict is false, or None."""
    claim, conditions = split(statement)
    if answer["verdict"] == "refuted":
        point = {name: Fraction(answer["counterexample"][name]) for name in SIZES}
        names = Names(point)
        if min(point[name] for name in "nkd") < 1 or point["norm2"] <= 0 or point["noise"] < 0:
            return "the counterexample is outside the domain"
        if any(holds(each, names) is False for each in conditions):
            return "a condition does not hold at the counterexample"
        return "no counterexample" if holds(claim, names) else None
    if answer["verdict"] == "proved":
        met = 0
        for point in itertools.islice(_points(rng, statement), 8 * points):
            if any(point[name] < 1 or point[name].denominator != 1 for name in "nkd"):
                continue
            if point["norm2"] <= 0 or point["noise"] < 0 or met == points:
                continue
            try:
                names = Names(point)
                if not all(holds(each, names) for each in conditions):
                    continue
                met += 1
                if holds(claim, names) is False:
                    return f"false at {point}"
            except UndefinedError:
                continue
    return None


def _ratio_at(statement, point, dim):
    """Return left/right; None where a condition fails or is not told."""
    claim, conditions = split(statement)
    names = Names({**point, "n": point["n"] * dim, "k": point["k"] * dim, "d": dim}, whole=False)
    if not all(holds(each, names) is not False for each in conditions):
        return None
    left, _, right = sides(claim)
    left, right = (_float(value(side, names)) for side in (left, right))
    if abs(right) < mpmath.mpf(10) ** (-LARGE_DIGITS // 2):
        raise UnknownError
    return left / right


def false_limit(statement, answer, rng, points):
    """Return why a verdict on a limit is false, or None."""
    if answer["verdict"] == "refuted":
        found = answer["counterexample"]
        names = {"n": "alpha", "k": "gamma", "norm2": "norm2", "noise": "noise"}
        point = {name: Fraction(found[each]) for name, each in names.items()}
        try:
            ratios = [_ratio_at(statement, point, dim) for dim in DIMS]
        except UndefinedError:
            return None
        if None in ratios:
            return "a condition does not hold at the counterexample"
        # A limit near 1 looks like it where log(d) is in the error, but not to a sixth of that.
        tends = _tends(ratios[0], ratios[1], 6)
        return "the ratio tends to 1 there" if tends else None
    if answer["verdict"] != "asymptotic":
        return None
    met = 0
    for point in itertools.islice(_limit_points(rng, statement), 4 * points):
        try:
            ratios = [_ratio_at(statement, point, dim) for dim in DIMS]
        except UndefinedError:
            continue
        if None in ratios or met == points:
            continue
        met += 1
        if not _tends(ratios[0], ratios[1]):
            return f"the ratio is {mpmath.nstr(ratios[1], 8)} at {point}"
        if _has_other_order(answer["order"], point, ratios[1]):
            return f"the error's order is another one at {point}"
    return None


def _tends(early, late, times=2):
    """Whether a ratio is seen to tend to 1: an error of the order 1/log(d) is 8 times smaller."""
    return abs(late - 1) < max(mpmath.mpf(10) ** -9, abs(early - 1) / times)


def _has_other_order(order, point, ratio):
    if order is None or order["coefficient"] is None or "log" in order["coefficient"]:
        return False
    names = Names({**point, "d": Fraction(1)}, whole=False)
    coefficient = _float(value(order["coefficient"], names))
    exponent = Fraction(order["exponent"])
    error = (ratio - 1) * _float(DIMS[-1]) ** _float(exponent)
    return abs(error - coefficient) > (1 + abs(coefficient)) * mpmath.mpf(10) ** -6


def false_of_setting(statement, answer, setting):
    """Return why a verdict on a setting is false, or None."""
    if answer["verdict"] not in ("proved", "refuted"):
        return None
    claim, conditions = split(statement)
    table = SettingNames(setting)
    if not all(holds(each, table) is not False for each in conditions):
        return "a condition does not hold"
    truth = holds(claim, table)
    return None if truth is None or truth == (answer["verdict"] == "proved") else "the opposite"
