"""Moments of the test samples' scatter matrix S = X_tᵀX_t that two gradient steps need.

Symbols: k test samples, x a letter for Σ_x, τ_j = tr Σ_x^j.  Every mean of a product of S and Σ_x
is a polynomial in Σ_x, because no other matrix is there.

Rule.  S = Σ_i x_ix_iᵀ.  The first factor x of the first S is paired with its own partner, which
leaves kΣ_x, or with one of either factor of another S.  With B between the two, S B S leaves
Σ_x Bᵀ S and Σ_x tr(SB) (Isserlis; Stein's identity for Wishart matrices).

Given the context, e and the test samples' noise are independent of X_t, so that the forms that the
steps consist of (theory.md, section 2, fact 13) are

    E[aᵀΣ_xS^m e],    E[eᵀS^mΣ_xS^l e],    E tr(Σ_xS^j),

with a = e or a = Pᵀu; they are linear combinations of the f_j = aᵀΣ_x^j e.

Source: theory.md, section 2, fact 13; ours.
"""

import itertools

import sympy

from derivations.formula import Formula, require
from derivations.linear.symbols import d, k

x = sympy.Symbol("x")
TRACES = sympy.symbols("tau_1:5", real=True)
FORMS = sympy.symbols("f_1:6", real=True)

MOST_STEPS = 2

# A product of letters "S", the scatter matrix, and "x", all symmetric.
Word = str


def mean(word: Word, *traced: Word) -> sympy.Expr:
    """E[word · Π tr(traced)], as a polynomial in x, k and the τ_j."""
    if "S" in word:
        cut = word.index("S")
        left, right = word[:cut], word[cut + 1 :]
        total = k * mean(left + "x" + right, *traced)
        for place in _places(right):
            between, rest = right[:place], right[place + 1 :]
            total += mean(left + "x" + between[::-1] + "S" + rest, *traced)
            total += mean(left + "x" + rest, "S" + between, *traced)
        for index, other in enumerate(traced):
            spared = traced[:index] + traced[index + 1 :]
            for place in _places(other):
                loop = other[place + 1 :] + other[:place]
                for turned in (loop, loop[::-1]):
                    total += mean(left + "x" + turned + "S" + right, *spared)
        return sympy.expand(total)
    for index, other in enumerate(traced):
        if "S" in other:
            spared = traced[:index] + traced[index + 1 :]
            return sympy.expand(x ** len(word) * _trace(mean(other, *spared)))
    return x ** len(word) * sympy.prod([TRACES[len(other) - 1] for other in traced])


def _places(word: Word) -> list[int]:
    return [place for place, letter in enumerate(word) if letter == "S"]


def _trace(polynomial: sympy.Expr) -> sympy.Expr:
    """The trace of a polynomial in x without constant."""
    terms = sympy.Poly(polynomial, x).terms()
    return sympy.expand(sum(c * TRACES[power - 1] for (power,), c in terms))


def _form(polynomial: sympy.Expr) -> sympy.Expr:
    """aᵀBe for a polynomial B in x without constant."""
    terms = sympy.Poly(polynomial, x).terms()
    return sympy.expand(sum(c * FORMS[power - 1] for (power,), c in terms))


_STEPS = range(1, MOST_STEPS + 1)
GRADIENT_FORMS = {m: _form(mean("x" + "S" * m)) for m in _STEPS}
CURVATURE_FORMS = {
    (m, j): _form(mean("S" * m + "x" + "S" * j))
    for m, j in itertools.combinations_with_replacement(_STEPS, 2)
}
NOISE_TRACES = {j: _trace(mean("x" + "S" * j)) for j in range(1, 2 * MOST_STEPS)}


def _check() -> None:
    require(mean("SxS") - (k * (k + 1) * x**3 + k * TRACES[1] * x), "E[SΣ_xS]")
    # In one dimension S is Σ_x·χ²_k.
    for power in range(1, 5):
        moment = mean("S" * power).subs(dict.fromkeys((x, *TRACES), 1))
        require(moment - sympy.prod([k + 2 * i for i in range(power)]), f"E[S^{power}], d = 1")
    # Wishart matrices of k samples in d dimensions and of d samples in k have one spectrum.
    isotropic = [mean("S" * power).subs({x: 1} | dict.fromkeys(TRACES, d)) for power in range(1, 5)]
    for moment in isotropic:
        swapped = moment.subs({k: d, d: k}, simultaneous=True)
        require(d * moment - k * swapped, "the spectra of XᵀX and XXᵀ")


_check()

_NAMES = {
    k: "test_samples",
    **{trace: f"trace_{j}" for j, trace in enumerate(TRACES, 1)},
    **{form: f"form_{j}" for j, form in enumerate(FORMS, 1)},
}


def _formula(name: str, expression: sympy.Expr, summary: str) -> Formula:
    used = {symbol: name for symbol, name in _NAMES.items() if symbol in expression.free_symbols}
    return Formula(name, used, expression, summary, "theory.md, section 2, fact 13.")


FORMULAS = (
    *(
        _formula(f"gradient_{m}", form, f"E[aᵀΣ_xS^{m} e] from the forms f_j = aᵀΣ_x^j e.")
        for m, form in GRADIENT_FORMS.items()
    ),
    *(
        _formula(
            f"curvature_{m}{j}", form, f"E[eᵀS^{m} Σ_xS^{j} e] from the forms f_j = eᵀΣ_x^j e."
        )
        for (m, j), form in CURVATURE_FORMS.items()
    ),
    *(
        _formula(f"noise_{j}", trace, f"E tr(Σ_xS^{j}), the share of the test samples' noise.")
        for j, trace in NOISE_TRACES.items()
    ),
)
