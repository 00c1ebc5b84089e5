"""Wrong versions of the formulas that claims state, made from the formulas' own source.

A formula is a function that may give its parameters shorter names and returns one expression.
Every place where a kind of mistake can be made in it is a candidate.  The long polynomials have
thousands, so that each formula gives a bounded number: the kinds take turns, and within a kind the
order favours no position.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttt_theory.errors import InvalidClaimError
from ttt_theory.mutation.edits import Edit, Kind, edits

if TYPE_CHECKING:
    from ttt_theory.claims.claim import Claim, StatedFormula

__all__ = ["Mutant", "mutants_of", "unchanged"]

_MOST_PER_FORMULA = 15


@dataclass(frozen=True)
class Mutant:
    """A version of a formula, to be planted in its place.

    Attributes
    ----------
    claim : str
        Id of the claim that states the formula.
    formula : StatedFormula
    kind : str or None
        None for the formula as it stands.
    change : str
        What was changed into what.
    source : str
        Of the whole function.
    has_roots : bool
        Whether the formula takes roots, and is no rational function.
    """

    claim: str
    formula: StatedFormula
    kind: str | None
    change: str
    source: str
    has_roots: bool

    def __str__(self) -> str:
        kind = f"{self.kind}, " if self.kind else ""
        return f"{self.claim}, {self.formula.label}: {kind}{self.change}"

    def function(self) -> Callable[..., Any]:
        """Compile the source, with the names in reach that the formula has."""
        original = self.formula.function
        namespace = dict(original.__globals__)
        exec(compile(self.source, f"<{self.formula.label}, {self.change}>", "exec"), namespace)
        function: Callable[..., Any] = namespace[original.__name__]
        return function

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the JSON report."""
        return {
            "claim": self.claim,
            "formula": self.formula.label,
            "notion": str(self.formula.notion),
            "kind": str(self.kind),
            "change": self.change,
        }


def mutants_of(claim: Claim) -> list[Mutant]:
    """Return wrong versions of every formula that a claim states.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    list of Mutant
        The same ones each time, no two of a formula with the same source.

    Examples
    --------
    >>> from ttt_theory.claims.registration import find
    >>> print(mutants_of(find("cor-5.4"))[1])
    cor-5.4, limits.aligned_threshold: sign, + variance → -
    """
    return [
        Mutant(claim.id, formula, kind, change, source, body.has_roots)
        for formula, body in _bodies(claim)
        for source, (kind, change) in body.selection().items()
    ]


def unchanged(claim: Claim) -> list[Mutant]:
    """Return the formulas that a claim states, through the same printing and compiling."""
    return [
        Mutant(claim.id, formula, None, "as it stands", body.source(), body.has_roots)
        for formula, body in _bodies(claim)
    ]


def _bodies(claim: Claim) -> Iterator[tuple[StatedFormula, _Body]]:
    stated = [each.function for each in claim.formulas]
    for formula in claim.formulas:
        yield formula, _Body(formula, stated)


def _has_roots(function: Callable[..., Any]) -> bool:
    return "**0.5" in inspect.getsource(function)


class _Body:
    """The parts of a formula's function: names given to its parameters, and what it returns."""

    def __init__(self, formula: StatedFormula, stated: list[Callable[..., Any]]) -> None:
        self._formula, self._stated = formula, stated
        function = formula.function
        self.name = function.__name__
        self.has_roots = _has_roots(function)
        self._parameters = list(inspect.signature(function).parameters)
        source = textwrap.dedent(inspect.getsource(function))
        assignments, returned = _parts(formula, ast.parse(source))
        self._assignments = [ast.unparse(each) for each in assignments]
        self._names = {name: name for name in self._parameters}
        for each in assignments:
            self._names |= zip(_names(each.value), _names(each.targets[0]), strict=True)
        # On one line, where a column is a position in the text.
        self._text = " ".join((ast.get_source_segment(source, returned) or "").split())
        self._expression = ast.parse(self._text, mode="eval").body

    def source(self, assignment: str | None = None, expression: str | None = None) -> str:
        """Return the function with an assignment put in, or with another expression."""
        body = [*self._assignments, *([assignment] if assignment else [])]
        body.append(f"return {expression or self._text}")
        lines = "".join(f"    {each}\n" for each in body)
        return f"def {self.name}({', '.join(self._parameters)}):\n{lines}"

    def selection(self) -> dict[str, tuple[str, str]]:
        """Return sources of mutants with their kind and change."""
        queues = []
        for kind, candidates in self._candidates().items():
            # A checksum of the position is as good as a draw, and the same each time.
            ranks = [zlib.crc32(f"{self.name} {kind} {i}".encode()) for i in range(len(candidates))]
            order = sorted(range(len(candidates)), key=ranks.__getitem__)
            queues.append([(kind, candidates[index]) for index in order])
        turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
        selected: dict[str, tuple[str, str]] = {}
        for turn in turns:
            if turn is not None and len(selected) < _MOST_PER_FORMULA:
                kind, (change, make_source) = turn
                selected.setdefault(make_source(), (kind, change))
        return selected

    def _candidates(self) -> dict[str, list[tuple[str, Callable[[], str]]]]:
        # Those of the whole formula come last, those of the theory before them.
        *kinds, swapped, transpose, another = Kind
        order = [*kinds, *(slip.kind for slip in self._formula.slips), swapped, transpose, another]
        found: dict[str, list[tuple[str, Callable[[], str]]]] = {kind: [] for kind in order}
        for edit in edits(self._expression, self._text):
            found[edit.kind].append((edit.change, functools.partial(self._edited, edit)))
        for kind, change, assignment in self._slips():
            found[kind].append((change, functools.partial(self.source, assignment)))
        for call in self._other_formulas():
            found[another].append(
                (call.partition("(")[0], functools.partial(self.source, None, call))
            )
        return found

    def _edited(self, edit: Edit) -> str:
        return self.source(
            expression=f"{self._text[: edit.start]}{edit.new}{self._text[edit.end :]}".strip()
        )

    def _slips(self) -> Iterator[tuple[str, str, str]]:
        """Yield assignments that change arguments, among those that the expression uses."""
        present = set(_names(self._expression))
        used = {key: name for key, name in self._names.items() if name in present}
        seen = set()
        for slip in self._formula.slips:
            if set(slip.changes) <= set(used):
                names = [used[parameter] for parameter in slip.changes]
                values = [value.format(**self._names) for value in slip.changes.values()]
                assignment = f"{', '.join(names)} = {', '.join(values)}"
                seen.add(assignment)
                yield slip.kind, _change(names, values), assignment
        for one, other in itertools.combinations(used.values(), 2):
            assignment = f"{one}, {other} = {other}, {one}"
            if assignment not in seen:
                yield Kind.SWAPPED, f"{one} ↔ {other}", assignment

    def _other_formulas(self) -> Iterator[str]:
        """Yield calls of other formulas of the module that take no further argument."""
        function = self._formula.function
        module = function.__globals__
        # Those that a compiled module exports; in a file of one's own, those that the claim states.
        near = [each for each in self._stated if each.__module__ == function.__module__]
        names = module.get("__all__") or [each.__name__ for each in near]
        for name in names:
            other = module.get(name)
            if name != self.name and inspect.isfunction(other):
                parameters = inspect.signature(other).parameters
                # Rational stays rational, which is all that the numbers of the proofs allow.
                same_kind = self.has_roots or not _has_roots(other)
                if set(parameters) <= set(self._parameters) and same_kind:
                    yield f"{name}({', '.join(parameters)})"


def _parts(formula: StatedFormula, tree: ast.Module) -> tuple[list[ast.Assign], ast.expr]:
    """Return the assignments of a formula's function, and the expression that it returns."""
    function = formula.function
    found = function.__globals__.get(function.__name__) is function
    match tree.body if found else []:
        case [ast.FunctionDef(body=[*assignments, ast.Return(value=ast.expr() as returned)])]:
            if assignments and isinstance(assignments[0], ast.Expr):
                del assignments[0]  # The docstring.
            renamings = [each for each in assignments if isinstance(each, ast.Assign)]
            if len(renamings) == len(assignments) and all(map(_renames, renamings)):
                return renamings, returned
    raise InvalidClaimError(
        formula.label,
        "a formula that a claim states has to be a module's own function that returns one "
        "expression, after nothing but shorter names for its parameters",
    )


def _renames(assignment: ast.Assign) -> bool:
    """Whether an assignment gives names to other names."""
    sides = assignment.targets[0], assignment.value
    names = [each.elts if isinstance(each, ast.Tuple) else [each] for each in sides]
    return len(names[0]) == len(names[1]) and all(
        isinstance(each, ast.Name) for side in names for each in side
    )


def _change(names: list[str], values: list[str]) -> str:
    if len(names) == 2 and values == names[::-1]:
        return " ↔ ".join(names)
    return ", ".join(f"{name} → {value}" for name, value in zip(names, values, strict=True))


def _names(node: ast.expr) -> list[str]:
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
