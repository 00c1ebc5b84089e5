"""What a proof shows is enough to check it again: here by SymPy and Python's fractions alone."""

import json
import re
from fractions import Fraction

import numpy as np
import pytest
import sympy
from sympy.polys.rings import ring

from tests.random_statements.evaluation import Names, sides
from tests.random_statements.evaluation import value as value_of
from ttt_theory.statements import deciding

NAMES = ("n", "k", "d", "norm2", "noise", *(f"x{index}" for index in range(20)))
RING, *GENERATORS = ring(NAMES, sympy.ZZ)
ONE = RING(1)
SLOTS = dict(zip(NAMES, GENERATORS, strict=True))


class BadCertificateError(AssertionError):
    """A step of a certificate does not show what it should."""


def require(condition):
    if not condition:
        raise BadCertificateError


def polynomial(text):
    return RING.from_expr(sympy.sympify(text))


def raised(base, exponent):
    return base**exponent if exponent else ONE


def put(of, name, top, bottom=ONE):
    """Return bottom**degree times a polynomial at top/bottom."""
    index = NAMES.index(name)
    degree = max((exponents[index] for exponents in of), default=0)
    total = RING(0)
    for exponents, coefficient in of.terms():
        rest = RING({(*exponents[:index], 0, *exponents[index + 1 :]): coefficient})
        total += rest * raised(top, exponents[index]) * raised(bottom, degree - exponents[index])
    return total


def names_in(of):
    return {name for index, name in enumerate(NAMES) if any(powers[index] for powers in of)}


def coefficient_of(of, name):
    """Return c and b of c·x + b."""
    index = NAMES.index(name)
    require(all(powers[index] <= 1 for powers in of))
    parts = [RING(0), RING(0)]
    for powers, coefficient in of.terms():
        parts[powers[index]] += RING({(*powers[:index], 0, *powers[index + 1 :]): coefficient})
    return parts[1], parts[0]


class Goal:
    """claim ≥ 0, or > 0, in names that are not negative and where constraints and bounds hold."""

    def __init__(self, claim, strict, constraints, bounds, integers, positive):
        self.claim, self.strict = claim, strict
        self.constraints, self.bounds = list(constraints), list(bounds)
        self.integers, self.positive = frozenset(integers), frozenset(positive)

    def changed(self, **changes):
        return Goal(**{**vars(self), **changes})

    def put(self, name, top, bottom=ONE):
        return self.changed(
            claim=put(self.claim, name, top, bottom),
            constraints=[(put(each, name, top, bottom), s) for each, s in self.constraints],
            bounds=[(put(each, name, top, bottom), s) for each, s in self.bounds],
        )

    def holds(self, of, *, strict):
        """Whether the terms alone show that a polynomial is ≥ 0, or > 0."""
        if any(coefficient < 0 for coefficient in of.values()):
            return False
        return not strict or any(
            all(name in self.positive for name, power in zip(NAMES, powers, strict=True) if power)
            for powers in of
        )


def at_zero(goal, name):
    return [] if name in goal.positive else [goal.put(name, RING(0))]


def check_parts(goals, certificate):
    require(len(goals) == len(certificate["parts"]))
    for goal, part in zip(goals, certificate["parts"], strict=True):
        check(goal, part)


def check(goal, certificate):
    """Raise unless a certificate shows a goal."""
    globals()["step_" + re.sub(r"\W+", "_", certificate["by"])](goal, certificate)


def step_terms(goal, _):
    require(goal.holds(goal.claim, strict=goal.strict))


def step_contradiction(goal, certificate):
    bound, strict = [*goal.constraints, *goal.bounds][certificate["constraint"]]
    require(goal.holds(-bound, strict=not strict))


def step_multiple(goal, certificate):
    bound, strict = [*goal.constraints, *goal.bounds][certificate["constraint"]]
    factor = polynomial(certificate["factor"])
    require(goal.holds(factor, strict=False))
    is_positive = strict and goal.holds(factor, strict=True)
    require(goal.holds(goal.claim - factor * bound, strict=goal.strict and not is_positive))


def step_integers(goal, certificate):
    name, size = certificate["name"], certificate["from"]
    require(names_in(goal.claim) <= {name} <= goal.integers)
    above = put(goal.claim, name, SLOTS[name] + size)
    require(goal.changed(positive=()).holds(above, strict=goal.strict))
    for value in range(size):
        at = put(goal.claim, name, RING(value))
        require(int(at.coeff(1)) >= int(goal.strict))


def without(goal, index):
    kept = [each for place, each in enumerate(goal.constraints) if place != index]
    return goal.constraints[index], goal.changed(constraints=kept)


def step_redundant(goal, certificate):
    check_parts([without(goal, certificate["constraint"])[1]], certificate)


def step_at_least(goal, certificate):
    name = certificate["name"]
    (bound, strict), rest = without(goal, certificate["constraint"])
    is_integer = names_in(bound) <= goal.integers
    if strict and is_integer:
        bound, strict = bound - 1, False
    factor, other = coefficient_of(bound, name)
    require(goal.holds(factor, strict=True))
    # The rest t = c·x + b is put in place of x = (t − b)/c, which is not negative.
    mapped = rest.put(name, SLOTS[name] - other, factor)
    bounds = [*mapped.bounds, (SLOTS[name] - other, name in goal.positive)]
    integers = goal.integers | {name} if is_integer else goal.integers - {name}
    positive = goal.positive | {name} if strict else goal.positive - {name}
    check_parts([mapped.changed(bounds=bounds, integers=integers, positive=positive)], certificate)


def step_at_most(goal, certificate):
    name = certificate["name"]
    (bound, strict), rest = without(goal, certificate["constraint"])
    factor, top = coefficient_of(bound, name)
    require(goal.holds(-factor, strict=True))
    # b/(c(1 + s)) is put in place of 0 < x ≤ b/c.
    below = rest.put(name, top, -factor * (1 + SLOTS[name]))
    below = below.changed(
        bounds=[*below.bounds, (top, True)],
        integers=goal.integers - {name},
        positive=goal.positive | {name} if strict else goal.positive - {name},
    )
    zero = at_zero(rest.changed(constraints=[*rest.constraints, (top, False)]), name)
    check_parts([below, *zero], certificate)


def step_0_or_more(goal, certificate):
    name = certificate["name"]
    require(name in goal.integers)
    above = goal.changed(positive=goal.positive - {name}).put(name, SLOTS[name] + 1)
    check_parts([*at_zero(goal, name), above], certificate)


def step_0_below_1_or_above(goal, certificate):
    name = certificate["name"]
    rest = goal.changed(positive=goal.positive - {name})
    parts = [rest.put(name, RING(1), SLOTS[name] + 1), rest.put(name, SLOTS[name] + 1)]
    check_parts([*at_zero(goal, name), *parts], certificate)


def step_the_larger_of_two(goal, certificate):
    parts = []
    one, other = certificate["names"]
    for larger, smaller in ((one, other), (other, one)):
        integers = goal.integers
        if not {larger, smaller} <= integers:
            integers = integers - {larger}
        mapped = goal.put(larger, SLOTS[larger] + SLOTS[smaller])
        parts.append(mapped.changed(integers=integers, positive=goal.positive - {larger}))
    check_parts(parts, certificate)


def squares_put(of, roots):
    for name, radicand in sorted(roots.items(), key=lambda root: -NAMES.index(root[0])):
        index = NAMES.index(name)
        total = RING(0)
        for powers, coefficient in of.terms():
            rest = RING({(*powers[:index], powers[index] % 2, *powers[index + 1 :]): coefficient})
            total += rest * radicand ** (powers[index] // 2)
        of = total
    return of


class Branch:
    """One case of a claim."""

    def __init__(self, case):
        self.case = case
        self.constraints = [
            (polynomial(each["polynomial"]), each["strict"])
            for each in (*case["where"], *case["defined_where"], *case["known"])
        ]
        self.roots = {
            name: polynomial(re.fullmatch(r"sqrt\((.*)\)", text)[1])
            for name, text in case["symbols"].items()
            if text.startswith("sqrt")
        }

    def check_nonnegative(self, claim, certificate, *, strict, constraints=None):
        """Raise unless a certificate shows that a polynomial is ≥ 0, or > 0, in this case."""
        constraints = self.constraints if constraints is None else constraints
        claim = squares_put(claim, self.roots)
        if certificate["by"] == "no condition":
            require(len(certificate["parts"]) == 1)
            part = certificate["parts"][0]
            self.check_nonnegative(claim, part, strict=strict, constraints=[])
        elif certificate["by"] in ("root and rest", "root and factor"):
            factor, rest = coefficient_of(claim, certificate["name"])
            gap = rest**2 - factor**2 * self.roots[certificate["name"]]
            if certificate["by"] == "root and factor":
                rest, gap = factor, -gap
            require(len(certificate["parts"]) == 2)
            first, second = certificate["parts"]
            self.check_nonnegative(rest, first, strict=False)
            self.check_nonnegative(gap, second, strict=strict)
        else:
            shift = {name: SLOTS[name] + 1 for name in self.case["at_least_1"]}

            def shifted(of):
                for name, value in shift.items():
                    of = put(of, name, value)
                return of

            moved = [(shifted(bound), is_strict) for bound, is_strict in constraints]
            sets = self.case["integers"], self.case["positive"]
            check(Goal(shifted(claim), strict, moved, [], *sets), certificate)

    def check(self, relation):
        """Raise unless the factors and their signs show the sign of the difference."""
        if "empty" in self.case:
            self.check_nonnegative(RING(-1), self.case["empty"], strict=False)
            return
        odd, sign = [], 1
        for name in ("numerator", "denominator"):
            part = self.case[name]
            product = RING(int(part["content"]))
            sign *= 1 if int(part["content"]) > 0 else -1
            for text, multiplicity in part["factors"]:
                product *= polynomial(text) ** multiplicity
                odd += [polynomial(text)] * (multiplicity % 2)
            require(product == polynomial(part["expanded"]))
        if self.case["numerator"]["expanded"] == "0":
            require(relation in ("==", "<=", ">="))
            return
        require(relation != "==")
        strict = relation in "<>"
        positive = []
        for each in self.case["signs"]:
            factor = polynomial(each["factor"])
            self.check_nonnegative(
                each["sign"] * factor, each["certificate"], strict=each["strict"]
            )
            if factor in odd:
                odd.remove(factor)
                sign *= each["sign"]
                positive += [factor] * each["strict"]
            elif each["strict"] and each["sign"]:
                positive.append(factor)
                last = factor
        if odd:
            product = RING(1)
            for factor in odd:
                product *= factor
            require(product in (last, -last))
            sign *= 1 if product == last else -1
        require(sign > 0)
        if strict:
            numerator = [polynomial(text) for text, _ in self.case["numerator"]["factors"]]
            require(odd or all(factor in positive for factor in numerator))


def proof_of(statement):
    """Return the proof as plain data, as `check --json` prints it."""
    answer = json.loads(json.dumps(deciding.decided(statement, None)))
    assert answer["verdict"] == "proved"
    return answer["proof"]


def relation_of(claim):
    return re.search(r"<=|>=|==|<|>", re.sub(r"\w=\w", "", claim["claim"]))[0]


RATIONAL = (
    "risk_after(cold) <= risk_before(cold)",
    "risk_before(n=n+1) < risk_before when noise == 0",
    "risk_after(cold, k=k+1) < risk_after(cold)",
    "improvement <= norm2*k/(k+d)*d**3/(n+d)**3 when noise == 0",
    "n**2 - 600*n + 90001 > 0",
    "4*n*k <= (n+k)**2",
    "noise**2 <= noise when noise <= 1",
    "n**3 <= 1000 when n <= 10",
    "norm2 + 1/norm2 >= 2",
    "risk_after(evaluation=same) <= risk_before",
    "risk_after(cold, steps=[1/n, 1/d]) > 0 when noise == 0",
    "risk_after(evaluation=same) < risk_after(cold, evaluation=same) when noise == 0",
)
OTHERS = (
    "sqrt(n*k) <= (n+k)/2",
    "sqrt(n+k) < sqrt(n) + sqrt(k)",
    "abs(n-k) < n+k",
    "max(n, d) == n when n >= d",
    "exp(-alpha) <= 1/(1+alpha)",
    "log(n) <= n - 1",
    "sqrt(risk_after(cold)) <= sqrt(risk_before(cold))",
    "min(n, k, d)*3 <= n + k + d",
)


@pytest.mark.parametrize("statement", [*RATIONAL, *OTHERS])
def test_a_proof_is_checked_again(statement):
    proof = proof_of(statement)
    assert proof["domain"][:3] == ["n, k and d are integers from 1", "norm2 > 0", "noise >= 0"]
    assert proof["claims"]
    for claim in proof["claims"]:
        assert claim["cases"]
        for case in claim["cases"]:
            Branch(case).check(relation_of(claim))


def value(of, point):
    total = Fraction(0)
    for powers, coefficient in of.terms():
        term = Fraction(int(coefficient))
        for name, power in zip(NAMES, powers, strict=True):
            term *= point[name] ** power if power else 1
        total += term
    return total


@pytest.mark.parametrize("statement", RATIONAL)
def test_the_difference_is_that_of_the_sides(statement):
    rng = np.random.default_rng(1)
    for claim in proof_of(statement)["claims"]:
        left, _, right = sides(claim["claim"])
        for case in claim["cases"]:
            top, bottom = (
                polynomial(case[each]["expanded"]) for each in ("numerator", "denominator")
            )
            for _ in range(5):
                counts = rng.integers(1, 40, 3)
                reals = [Fraction(int(each), 7) for each in rng.integers(1, 40, 2)]
                point = dict(zip(NAMES, (*map(int, counts), *reals), strict=False))
                point |= {name: Fraction(each) for name, each in point.items()}
                point |= {name: Fraction(text) for name, text in case["solved"].items()}
                difference = value_of(right, Names(point)) - value_of(left, Names(point))
                if case["difference_of"] == "left - right":
                    difference = -difference
                assert value(top, point) / value(bottom, point) == difference


def faults(certificate):
    """Iterate over certificates in which one step is another one."""
    if "parts" in certificate:
        yield {**certificate, "parts": certificate["parts"][1:]}
        for index, part in enumerate(certificate["parts"]):
            for fault in faults(part):
                parts = [*certificate["parts"][:index], fault, *certificate["parts"][index + 1 :]]
                yield {**certificate, "parts": parts}


@pytest.mark.parametrize(
    "statement",
    ["n**2 - 600*n + 90001 > 0", "noise**2 <= noise when noise <= 1", "n**3 <= 1000 when n <= 10"],
)
def test_a_wrong_certificate_is_rejected(statement):
    (claim,) = proof_of(statement)["claims"]
    (case,) = claim["cases"]
    wrong = [{**case, "numerator": {**case["numerator"], "expanded": "n"}}]
    negated = str(-int(case["numerator"]["content"]))
    wrong.append({**case, "numerator": {**case["numerator"], "content": negated}})
    for index, sign in enumerate(case["signs"]):
        for fault in faults(sign["certificate"]):
            signs = list(case["signs"])
            signs[index] = {**sign, "certificate": fault}
            wrong.append({**case, "signs": signs})
        signs = list(case["signs"])
        signs[index] = {**sign, "sign": -sign["sign"]}
        wrong.append({**case, "signs": signs})
    assert len(wrong) >= 3
    for each in wrong:
        with pytest.raises(BadCertificateError):
            Branch(each).check(relation_of(claim))
