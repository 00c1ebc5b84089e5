"""Statements at random: known ones and their mutants, in wrappings that keep or break them."""

import re
from functools import partial

import numpy as np

import ttt_theory as ttt
from tests.random_statements.evaluation import QUANTITIES, RELATIONS

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
    ("risk_after(evaluation=same)", "risk_before(evaluation=same)", ()),
    ("risk_before(cold)", "risk_before(cold, evaluation=same)", ()),
    ("risk_after(evaluation=same)", "risk_after(cold, evaluation=same)", ("noise == 0",)),
    ("risk_after(n=n+1, evaluation=same)", "risk_after(evaluation=same)", ("noise == 0",)),
    ("improvement(cold, evaluation=same)", "norm2*k/(k+d)", ("noise == 0",)),
    ("step_size(cold, k=k+1, evaluation=same)", "step_size(cold, evaluation=same)", ()),
    ("risk_after", "risk_after(steps=[step_size/2])", ()),
    ("risk_after(cold, evaluation=same)", "risk_after(cold, steps=[1/n], evaluation=same)", ()),
    ("improvement(steps=[1/n, 0])", "improvement", ()),
    ("risk_after(steps=[1/n, 1/k])", "risk_after(steps=[1/k, 1/n])", ()),
    ("noise", "risk_after(cold, steps=[1/n, 1/d])", ("noise == 0",)),
    ("risk_after(cold)", "risk_after(cold, steps=[step_size(cold), step_size(cold)])", ("n == k",)),
    ("risk_after(steps=[step_size, step_size/2])", "risk_before", ("noise == 0",)),
    ("risk_after(cold, steps=[1/sqrt(n), -1/d])", "risk_after(cold, steps=[-1/d, 1/sqrt(n)])", ()),
    ("risk_after(steps=[norm2/n**4, 1/d])", "risk_after(cold, steps=[1/d, 1/d], k=k+1)", ()),
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
    *("risk_before(n=2*n)", "risk_after(cold, k=k+d)", "improvement(evaluation=same)"),
    *("risk_after(cold, steps=[1/(d*n**2), 1/(k*n**2)])", "risk_after(cold, evaluation=same)"),
    *("improvement(steps=[step_size, step_size/3])", "d**2*step_size(evaluation=same)"),
    *("risk_after(steps=[sqrt(d)/n**4], evaluation=same)", "risk_after(steps=[1/d, 1/n])"),
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
    swaps |= {
        "same": "fresh",
        "<": ">=",
        "warm": "cold",
        "norm2": "noise",
        "alpha": "gamma",
        "min": "max",
    }
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
        evaluation=str(rng.choice(["fresh", "fresh", "same"])),
    )


def _of_setting(rng):
    pool = (
        *("risk_after <= risk_before", "improvement >= norm2/{0}", "sqrt(risk_after) < {0}/7"),
        *("log(risk_before) <= norm2 + noise", "step_size*n**2 <= 1/{0}", "risk_after >= noise"),
        *("risk_before <= {0}*norm2 when noise == 0", "exp(-improvement) > 1 - improvement"),
        *("max(risk_after, {0}/10) == risk_after", "improvement == {0}/20"),
        *("risk_after(k=k+1) <= risk_after", "risk_before(n=2*n) <= risk_before - norm2/{0}"),
        *("risk_after(evaluation=same) <= {0}/9", "risk_after(steps=[step_size/{0}]) < {0}/8"),
        *(
            "risk_after(steps=[1/n**3, {0}/1000]) <= risk_before",
            "step_size(evaluation=same) < 1/k",
        ),
        *("improvement(steps=[sqrt(2)/n**4, 0.001], evaluation=fresh) < {0}/50",),
    )
    return str(rng.choice(pool)).format(int(rng.integers(1, 20)))


def generated(seed, index):
    """Return a statement and, for some, the setting that it speaks of."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    kind = rng.integers(12)
    if kind == 0:
        return _of_setting(rng), _setting(rng)
    return (_limit(rng) if kind < 5 else _finite(rng)), None
