"""Random statements put to `check`, each verdict beside an evaluation that shares no code with it.

``python -m tests.random_statements [--count 5000] [--seed 0] [--workers 2] [--out FILE]`` ends with
status 1 where a verdict is false, and reports the share of undecided ones.
"""

import argparse
import collections
import dataclasses
import itertools
import json
import math
import multiprocessing
import operator
import os
import re
import signal
import statistics
import sys
import time
from fractions import Fraction
from functools import cache, partial
from pathlib import Path

import mpmath
import numpy as np

import ttt_theory as ttt
from tests import reference
from ttt_theory.errors import StatementError
from ttt_theory.linear.closed_form import isotropic
from ttt_theory.statements import deciding

SECONDS = 15
CRASHED = "crashed: "
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


# Evaluation: Python reads the text, on fractions as far as they reach and on many digits beyond.


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
        self |= {"F": Fraction, "warm": "warm", "cold": "cold"}
        for name in QUANTITIES:
            self[name] = partial(self._quantity, name)

    def in_digits(self):
        """Return the same with numbers of many digits in place of fractions."""
        point = {name: _float(self[name]) for name in SIZES}
        found = Names(point, whole=self.whole)
        found["F"] = lambda text: _float(Fraction(text))
        return found

    def _quantity(self, name, start="warm", **sizes):
        n, k, d, norm2, noise = ({each: self[each] for each in SIZES} | sizes).values()
        if min(n, k, d) < 1 or norm2 <= 0 or noise < 0:
            raise UndefinedError
        if self.whole and any(each != int(each) for each in (n, k, d)):
            raise UndefinedError
        return _quantities(type(n), n, k, d, norm2, noise, start, mpmath.mp.dps)[name]


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

    def _digits(self, name, n=None, k=None):
        changed = {"context_length": int(n or self["n"]), "test_samples": int(k or self["k"])}
        changed["pretraining"] = ttt.Pretraining()
        return reference.one_step_risk(dataclasses.replace(self.setting, **changed))[name]


@cache
def _quantities(_kind, n, k, d, norm2, noise, start, _digits):
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


# Points.


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


# The judgement of a verdict.


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
        tends = _tends(ratios[0], ratios[1])
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


def _tends(early, late):
    """Whether a ratio is seen to tend to 1: an error of the order 1/log(d) is 8 times smaller."""
    return abs(late - 1) < max(mpmath.mpf(10) ** -9, abs(early - 1) / 2)


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


# Statements: known ones and their mutants, in wrappings that keep or break them.

LEAVES = ("n", "k", "d", "norm2", "noise", "alpha", "gamma", "1", "2", "3", "1/2", "10")
KNOWN = (
    # Left is at most right, under the conditions.
    ("risk_after", "risk_before", ()),
    ("risk_after(cold)", "risk_before(cold)", ()),
    ("noise", "risk_after", ()),
    ("noise", "risk_after(cold)", ()),
    ("0", "improvement", ()),
    ("improvement(cold)", "norm2", ()),
    ("improvement(cold)", "norm2*k/(k+d)", ()),
    ("risk_before(cold)", "norm2 + noise", ()),
    ("risk_before", "norm2", ("noise == 0",)),
    ("norm2*(d+1)/(n+d+1)", "risk_before", ("noise == 0",)),
    ("norm2/(1+alpha)", "risk_before", ("noise == 0",)),
    ("improvement", "norm2*k/(k+d)*d**3/(n+d)**3", ("noise == 0",)),
    ("risk_after(warm)", "risk_after(cold)", ("noise == 0", "k <= n", "n >= d")),
    ("risk_after(warm)", "risk_after(cold)", ("gamma <= (alpha+1)**2/(alpha+2)", "noise == 0")),
    ("norm2*(d+1)/(n+k+d+1)", "risk_after(cold)", ("noise == 0",)),
    ("risk_before(n=n+1)", "risk_before", ("noise == 0",)),
    ("risk_after(cold, k=k+1)", "risk_after(cold)", ()),
    ("risk_after(cold, n=n+1)", "risk_after(cold)", ("noise == 0",)),
    ("risk_after(k=k+1)", "risk_after", ("noise == 0",)),
    ("improvement(cold)", "improvement(cold, k=2*k)", ()),
    ("risk_after(cold)", "risk_after(cold, d=d+1)", ("noise == 0",)),
    ("risk_before(cold)", "risk_before(cold, noise=noise+1)", ()),
    ("risk_after(cold)", "risk_after(cold, norm2=2*norm2)", ("noise == 0",)),
    ("min(n, k)", "n", ()),
    ("n*k", "(n**2+k**2)/2", ()),
    ("n + k - 1", "n*k", ()),
    ("noise", "1/4 + noise**2", ()),
    ("2", "norm2 + 1/norm2", ()),
    ("1 + alpha", "exp(alpha)", ()),
    ("log(norm2)", "norm2 - 1", ()),
    ("log(n)", "n - 1", ()),
    ("log(1 + alpha)", "alpha", ()),
    ("exp(-gamma)", "1/(1+gamma)", ()),
    ("sqrt(n*k)", "(n+k)/2", ()),
    ("sqrt(n+k)", "sqrt(n) + sqrt(k)", ()),
    ("abs(n-k)", "max(n, k)", ()),
    ("d", "max(n, k)", ("d <= n",)),
    ("sqrt(1 + noise)", "1 + noise/2", ()),
    ("norm2", "sqrt(norm2)", ("norm2 <= 1",)),
    ("d", "sqrt(n*k)", ("n >= d", "k >= d")),
    ("1", "n", ()),
    ("k", "10*d", ("gamma <= 1",)),
)
CONDITIONS = (
    *("noise == 0", "noise <= norm2", "alpha == 1/2", "gamma >= 2", "n >= d", "k <= n", "d >= 10"),
    *("norm2 == 1", "noise > 0", "d >= 1000", "alpha <= gamma", "n + k > 2*d", "noise <= 1/d"),
    *("norm2 >= 1/2", "k == 2*d", "abs(n-k) <= d"),
)
MONOTONE = (
    *("sqrt({})", "exp({})", "log({} + 1)", "({})/d", "2*({}) + 1", "({})*norm2", "n + ({})"),
    *("sqrt({} + 1)", "({})**3", "({}) - d", "max({}, 1)", "min({}, d)", "log(d + {})"),
    *("sqrt(1 + sqrt({} + 1))", "-1/({} + 1)", "exp(-1/(1 + {}))"),
)
LIMIT_TERMS = (
    *("d", "n", "k", "n + d", "sqrt(d)*d", "sqrt(n*k)", "d**2", "alpha*d + 1", "norm2*d", "log(d)"),
    *("sqrt(d)", "max(n, k)", "min(n, 2*d)", "d*log(d)", "d*sqrt(1 + alpha)", "n*(n+1)/d", "1"),
    *("risk_before", "improvement(cold)", "risk_after(cold)", "improvement", "risk_after", "1/d"),
    *("exp(alpha)*d", "abs(n - 2*d)", "sqrt(sqrt(d))", "sqrt(d*sqrt(n))", "sqrt(n**2 + k*d)"),
    *("risk_before(n=2*n)", "risk_after(cold, k=k+d)"),
)
# The second is of lower order than the first, but at some values of alpha and gamma in some.
SMALLER = (
    *("{} + 1/d**3", "({})*(1 + 1/d)", "({})*(1 + 1/sqrt(d))", "({})*exp(1/d)", "({})*sqrt(1+2/d)"),
    *("({})*(1 + log(d)/d)", "({})*log(d + n)/log(d)", "sqrt(({})**2 + 1/d**9)", "({})*d/(d + k)"),
    *("sqrt(({})**2*(1 + n/d**2))", "({}) + exp(-d)", "({})*max(1, alpha)", "({})*(1 + noise/d)"),
    *("({})*sqrt(1 + sqrt(1/d))", "({})*sqrt(1 + (alpha-1)**2*d)", "({}) + (gamma-2)*d**3"),
    *("({}) + sqrt(sqrt(1 + (alpha-1)**2*d**20))", "({})*(1 + sqrt(abs(alpha-gamma)))"),
    *("({})*(1 + (noise-1)**2)", "({})*norm2", "({}) + sqrt(sqrt(1 + (alpha-2)**2))/d**4"),
    *("({})*sqrt((d + 1)/d)", "({})*(1 + 1/log(d))", "({})*log(1+1/d)*d", "({})*(d+1)/d"),
    *("({})*min(1 + (alpha - gamma)*d, 1 + 1/d)", "({})*sqrt(sqrt(1 + 4/d))"),
)
LIMIT_CONDITIONS = (
    *("alpha <= gamma", "alpha == 1/2", "noise == 0", "noise <= 1/d", "n > d", "gamma >= 2"),
    *("alpha == gamma", "norm2 == 1", "n >= k", "abs(n - k) <= 1", "alpha*gamma == 1", "noise > 0"),
)


def _expression(rng, depth):
    if depth == 0 or rng.integers(4) == 0:
        leaves = (*LEAVES, *QUANTITIES) if rng.integers(6) == 0 else LEAVES
        return str(rng.choice(leaves))
    inner = partial(_expression, rng, depth - 1)
    shapes = (
        *("({0}) + ({1})", "({0}) - ({1})", "({0})*({1})", "({0})/({1})", "({0})**2"),
        *("min({0}, {1})", "max({0}, {1})", "abs(({0}) - ({1}))", "sqrt({0})", "log({0})"),
        *("exp(-({0}))", "sqrt(sqrt({0}) + {1})", "sqrt(({0}) + ({1})**2)"),
    )
    return str(rng.choice(shapes)).format(inner(), inner())


def _mutant(rng, statement):
    """Change one number, name or relation."""
    swaps = {"n": "k", "k": "d", "d": "n", "<=": "<", ">=": "<=", "+": "-", "cold": "warm"}
    swaps |= {"<": ">=", "warm": "cold", "norm2": "noise", "alpha": "gamma", "min": "max"}
    tokens = re.findall(r"\w+|\*\*|[<>=]=|.", statement.partition(" when ")[0])
    places = [
        index
        for index, token in enumerate(tokens)
        if (token.isdigit() and tokens[index - 1] != "**") or token in swaps
        if tokens[index + 1 : index + 2] != ["="]
    ]
    if not places:
        return statement
    place = places[rng.integers(len(places))]
    token = tokens[place]
    tokens[place] = str(int(token) + 1) if token.isdigit() else swaps[token]
    return "".join(tokens) + statement[len(statement.partition(" when ")[0]) :]


def _conditions(rng, known, pool):
    extra = [str(each) for each in rng.choice(pool, rng.choice([0, 0, 0, 1, 1, 2]), replace=False)]
    return [*known, *(each for each in extra if each not in known)]


def _written(claim, conditions):
    return claim + (f" when {', '.join(conditions)}" if conditions else "")


def _finite(rng):
    if rng.integers(5) == 0:
        left, right = (_expression(rng, int(rng.integers(1, 4))) for _ in range(2))
        relation = str(rng.choice(list(RELATIONS)))
        return _written(f"{left} {relation} {right}", _conditions(rng, (), CONDITIONS))
    left, right, conditions = KNOWN[rng.integers(len(KNOWN))]
    if rng.integers(4) == 0:
        other, more, further = KNOWN[rng.integers(len(KNOWN))]
        pair = [("min({0}, {1})", "min({0}, {1})"), ("max({0}, {1})", "max({0}, {1})")]
        pair += [("min({0}, {1})", "{0}"), ("{0}", "max({0}, {1})"), ("({0}) + {1}", "{0} + ({1})")]
        one, two = pair[rng.integers(len(pair))]
        left, right = one.format(left, other), two.format(right, more)
        conditions = tuple(dict.fromkeys((*conditions, *further)))
    for _ in range(rng.choice([0, 1, 1, 2])):
        wrapping = str(rng.choice(MONOTONE))
        left, right = wrapping.format(left), wrapping.format(right)
    claim = f"{left} <= {right}" if rng.integers(2) else f"{right} >= {left}"
    statement = _written(claim, _conditions(rng, conditions, CONDITIONS))
    return _mutant(rng, statement) if rng.integers(3) == 0 else statement


def _limit(rng):
    right = str(rng.choice(LIMIT_TERMS))
    left = right
    for _ in range(rng.choice([1, 1, 2])):
        left = str(rng.choice(SMALLER)).format(left)
    if rng.integers(4) == 0:
        left, right = f"sqrt({left})", f"sqrt({right})"
    if rng.integers(8) == 0:
        right = str(rng.choice(LIMIT_TERMS))
    if rng.integers(2) == 0:
        left, right = right, left
    return _written(f"{left} ~ {right}", _conditions(rng, (), LIMIT_CONDITIONS))


def _setting(rng):
    dim = int(rng.integers(1, 5))
    features = ttt.Diagonal([float(each) for each in rng.integers(1, 5, dim) / 2])
    return ttt.Setting(
        int(rng.integers(1, 9)),
        int(rng.integers(1, 9)),
        features,
        ttt.Isotropic(dim),
        [float(each) for each in rng.integers(-4, 5, dim) / 4 + 0.125],
        noise_variance=float(rng.integers(0, 3)) / 2,
    )


def _of_setting(rng):
    pool = (
        *("risk_after <= risk_before", "improvement >= norm2/{0}", "sqrt(risk_after) < {0}/7"),
        *("log(risk_before) <= norm2 + noise", "step_size*n**2 <= 1/{0}", "risk_after >= noise"),
        *("risk_before <= {0}*norm2 when noise == 0", "exp(-improvement) > 1 - improvement"),
        *("max(risk_after, {0}/10) == risk_after", "improvement == {0}/20"),
        *("risk_after(k=k+1) <= risk_after", "risk_before(n=2*n) <= risk_before - norm2/{0}"),
    )
    return str(rng.choice(pool)).format(int(rng.integers(1, 20)))


def generated(seed, index):
    """Return a statement and, for some, the setting that it speaks of."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    kind = rng.integers(12)
    if kind == 0:
        return _of_setting(rng), _setting(rng)
    return (_limit(rng) if kind < 5 else _finite(rng)), None


class _OutOfTimeError(BaseException):
    pass


def _stop(*_):
    raise _OutOfTimeError


def judged(seed, index, points=40):
    """Return what `check` says of a statement, and why that is false if it is."""
    statement, setting = generated(seed, index)
    start = time.monotonic()
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    try:
        answer = deciding.decided(statement, setting)
    except StatementError as error:
        answer = {"verdict": "refused", "tried": [str(error)]}
    except (_OutOfTimeError, MemoryError):
        answer = {"verdict": "undecided", "tried": ["stopped"]}
    except Exception as error:  # noqa: BLE001 - a crash is no verdict, and is reported
        answer = {"verdict": "undecided", "tried": [f"{CRASHED}{error!r}"]}
    finally:
        signal.alarm(0)
    seconds = time.monotonic() - start
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, 1)))
    in_limit = sides(split(statement)[0])[1] == "~"
    with mpmath.workdps(LARGE_DIGITS if in_limit else DIGITS):
        try:
            if setting is not None:
                why = false_of_setting(statement, answer, setting)
            elif in_limit:
                why = false_limit(statement, answer, rng, points)
            else:
                why = false_finite(statement, answer, rng, points)
        except UnknownError:
            why = None
        except UndefinedError:
            why = "undefined there" if answer["verdict"] == "refuted" else None
    _quantities.cache_clear()
    return {
        "index": index,
        "statement": statement,
        "kind": "setting" if setting is not None else "limit" if in_limit else "finite",
        "verdict": answer["verdict"],
        "tried": list(answer["tried"]),
        "seconds": seconds,
        "false": why,
    }


def summary(results):
    """Return the counts and times of many results."""
    counts = {
        kind: dict(collections.Counter(r["verdict"] for r in results if r["kind"] == kind))
        for kind in ("finite", "limit", "setting")
    }
    said = [r for r in results if r["verdict"] != "refused"]
    proofs = [r["seconds"] for r in said if r["verdict"] in ("proved", "asymptotic")]
    return {
        "statements": len(results),
        "false": [r for r in results if r["false"]],
        "crashed": [r for r in results if r["tried"] and r["tried"][0].startswith(CRASHED)],
        "undecided": sum(r["verdict"] == "undecided" for r in said) / max(len(said), 1),
        "counts": counts,
        "median_seconds_of_a_proof": statistics.median(proofs) if proofs else None,
    }


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.random_statements")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="number of the first statement")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="one JSON object a line, for each statement")
    arguments = parser.parse_args()
    results = []
    with (
        multiprocessing.Pool(arguments.workers, maxtasksperchild=50) as pool,
        (arguments.out or Path(os.devnull)).open("w", encoding="utf-8") as lines,
    ):
        for result in pool.imap_unordered(
            partial(judged, arguments.seed),
            range(arguments.first, arguments.first + arguments.count),
        ):
            results.append(result)
            print(json.dumps(result), file=lines, flush=True)
            if result["false"]:
                print(f"FALSE: {json.dumps(result)}", file=sys.stderr, flush=True)
            if len(results) % 50 == 0:
                print(f"{len(results)} of {arguments.count}", file=sys.stderr, flush=True)
    found = summary(results)
    print(json.dumps(found, indent=2))
    sys.exit(1 if found["false"] or found["crashed"] else 0)


if __name__ == "__main__":
    main()
