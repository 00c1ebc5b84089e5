"""Verdicts compared with exact evaluation by Python: nothing of the package but the formulas."""

import itertools
import re
from fractions import Fraction

import flint

from ttt_theory.linear.closed_form import isotropic

COUNTS = (1, 2, 3, 40)
POINTS = [
    {"n": n, "k": k, "d": d, "norm2": norm2, "noise": noise}
    for (n, k, d), (norm2, noise) in zip(
        itertools.product(COUNTS, repeat=3),
        itertools.cycle(
            itertools.product(
                map(Fraction, ("1", "1/3", "10")), map(Fraction, ("0", "1", "1/7", "20"))
            )
        ),
        strict=False,
    )
]
NOISELESS = [{**point, "noise": Fraction(0)} for point in POINTS]


def rational(value):
    return flint.fmpq(*Fraction(value).as_integer_ratio())


class Names(dict):
    """The names of a statement at a point; quantities are computed when they are asked for."""

    def __init__(self, point):
        super().__init__({name: rational(value) for name, value in point.items()})
        self.arguments = [self[name] for name in ("n", "k", "d", "norm2", "noise")]
        self |= {"alpha": self["n"] / self["d"], "gamma": self["k"] / self["d"]}
        self |= {"min": min, "max": max, "abs": abs, "F": flint.fmpq}

    def __missing__(self, name):
        quantity, _, start = name.rpartition("_")
        if start not in ("warm", "cold"):
            quantity, start = name, "warm"
        self[name] = getattr(isotropic, f"{start}_{quantity}")(*self.arguments)
        return self[name]


def python_value(text, point):
    """Evaluate an expression by Python: nothing of the package but the formulas."""
    text = re.sub(r"\((warm|cold)\)", r"_\1", text)
    # Exponents stay integers.
    text = re.sub(r"(?<![\w.])(?<!\*\*)(\d+)(?![\w.])", r"F(\1)", text)
    return eval(text, {"__builtins__": {}}, Names(point))


def violations(statement, points):
    """Return the points that satisfy the conditions and not the claim."""
    claim, _, conditions = statement.partition(" when ")
    parts = conditions.split(", ") if conditions else []
    found = []
    for point in points:
        try:
            if all(python_value(part, point) for part in parts) and not python_value(claim, point):
                found.append(point)
        except ZeroDivisionError:
            continue
    return found


def confirm(statement, answer):
    """Fail unless a verdict agrees with evaluation by Python."""
    if answer["verdict"] == "proved":
        assert not violations(statement, [*POINTS, *NOISELESS])
    elif answer["verdict"] == "refuted":
        point = {name: Fraction(answer["counterexample"][name]) for name in POINTS[0]}
        assert min(point.values()) >= 0
        assert point["norm2"] > 0
        assert all(point[name] >= 1 and point[name].denominator == 1 for name in "nkd")
        assert violations(statement, [point])
        left, right = re.split("==|<=|>=|<|>", statement.partition(" when ")[0])
        assert python_value(left, point) == rational(answer["counterexample"]["left"])
        assert python_value(right, point) == rational(answer["counterexample"]["right"])
    else:
        assert answer["verdict"] == "undecided"
