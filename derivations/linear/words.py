"""Scalars made of matrices: words in non-commuting letters, and their invariants.

A derivation multiplies matrices and vectors that do not commute.  They are SymPy symbols with
``commutative=False`` here; `scalars` expands such an expression, closes every row-times-column
product into a scalar, and names it.  Products that are equal by transposition or, under a trace,
by cyclic rotation get the same name, so two expressions are equal exactly when their named
polynomials are.

Letters
-------
======  ==============================================================
``S``   Σ_x, symmetric
``A``   a symmetric weighting that commutes with Σ_x; it stands for Σ_x, Σ_x² or Σ_x³
``W``   the weights; ``V`` is Wᵀ
``q``   Σ_xβ, the mean direction of the context vector; ``qT`` its transpose
``b``   β − nWq, the mean error; ``bT`` its transpose
======  ==============================================================
"""

from collections.abc import Callable, Iterator

import sympy

S, A, W, V, q, qT, b, bT = sympy.symbols("S A W V q qT b bT", commutative=False)

_TRANSPOSE = {S: S, A: A, W: V, V: W, q: qT, qT: q, b: bT, bT: b}
_COLUMNS = {q, b}
_ROWS = {qT, bT}

Word = tuple[sympy.Symbol, ...]

# Every invariant met so far: its symbol, the word it stands for, and whether that is a trace.
_NAMED: dict[sympy.Symbol, tuple[Word, bool]] = {}


def transpose(expression: sympy.Expr) -> sympy.Expr:
    """Transpose a matrix expression: reverse every word and transpose its letters."""
    return sympy.Add(
        *(
            coefficient * sympy.Mul(*(_TRANSPOSE[letter] for letter in reversed(word)))
            for coefficient, word in _terms(expression)
        )
    )


def coefficients(expression: sympy.Expr) -> dict[Word, sympy.Expr]:
    """Collect a matrix expression by its words."""
    result: dict[Word, sympy.Expr] = {}
    for coefficient, word in _terms(expression):
        result[word] = sympy.expand(result.get(word, 0) + coefficient)
    return result


def scalars(expression: sympy.Expr, *, trace: bool = False) -> sympy.Expr:
    """Rewrite a scalar matrix expression as a polynomial in named invariants.

    With `trace` the expression is a matrix, whose trace is taken.
    """
    total = sympy.Integer(0)
    for coefficient, word in _terms(expression):
        term = coefficient
        for piece, is_trace in _close(word, trace=trace):
            term *= invariant(piece, trace=is_trace)
        total += term
    return sympy.expand(total)


def trace(expression: sympy.Expr) -> sympy.Expr:
    """Rewrite the trace of a matrix expression as a polynomial in named invariants."""
    return scalars(expression, trace=True)


def invariant(word: Word, *, trace: bool = False) -> sympy.Symbol:
    """Name the scalar that a closed word stands for, the same for all words equal to it."""
    flipped = tuple(_TRANSPOSE[letter] for letter in reversed(word))
    candidates = [word, flipped]
    if trace:
        candidates = [each[i:] + each[:i] for each in (word, flipped) for i in range(len(each))]
    canonical = min(candidates, key=lambda each: [letter.name for letter in each])
    letters = "".join(letter.name for letter in canonical)
    symbol = sympy.Symbol(f"tr_{letters}" if trace else letters, real=True)
    _NAMED[symbol] = (canonical, trace)
    return symbol


def weighted(expression: sympy.Expr, power: int) -> sympy.Expr:
    """Put Σ_x to the given power for the weighting A in every invariant of an expression."""
    return map_invariants(
        expression,
        lambda word, is_trace: invariant(
            tuple(each for letter in word for each in ([S] * power if letter == A else [letter])),
            trace=is_trace,
        ),
    )


def commuting(
    expression: sympy.Expr, values: dict[sympy.Symbol, sympy.Expr], dimension: sympy.Expr
) -> sympy.Expr:
    """Evaluate every invariant with multiples of the identity for the matrices.

    `values` gives each matrix letter its multiple; a row letter takes its multiple of the common
    unit vector, and so does a column letter.
    """

    def value(word: Word, is_trace: bool) -> sympy.Expr:
        return sympy.Mul(*(values[letter] for letter in word), dimension if is_trace else 1)

    return map_invariants(expression, value)


def map_invariants(expression: sympy.Expr, value: Callable[[Word, bool], sympy.Expr]) -> sympy.Expr:
    names = expression.free_symbols & _NAMED.keys()
    return sympy.expand(expression.xreplace({name: value(*_NAMED[name]) for name in names}))


def _terms(expression: sympy.Expr) -> Iterator[tuple[sympy.Expr, Word]]:
    for term in sympy.Add.make_args(sympy.expand(expression)):
        commuting, letters = term.args_cnc()
        word: list[sympy.Symbol] = []
        for letter in letters:
            base, exponent = letter.as_base_exp()
            word.extend([base] * int(exponent))
        yield sympy.Mul(*commuting), tuple(word)


def _close(word: Word, *, trace: bool) -> Iterator[tuple[Word, bool]]:
    """Cut a word after every column vector; each cut leaves a scalar."""
    if trace:
        starts = [i for i, letter in enumerate(word) if letter in _ROWS]
        if not starts:
            yield word, True
            return
        word = word[starts[0] :] + word[: starts[0]]
    piece: list[sympy.Symbol] = []
    for letter in word:
        piece.append(letter)
        if letter in _COLUMNS:
            if piece[0] not in _ROWS:
                raise ValueError(f"{word} is not a product of scalars")
            yield tuple(piece), False
            piece = []
    if piece:
        raise ValueError(f"{word} is not a product of scalars")
