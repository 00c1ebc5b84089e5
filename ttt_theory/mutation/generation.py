"""Wrong versions of the formulas that claims state, made from the formulas' own source.

A formula is a function that may give its parameters shorter names and returns one expression.
Every place where a kind of mistake can be made in it is a candidate.  The long polynomials have
thousands, so that each formula gives a bounded number: the kinds take turns, and within a kind the
order favours no position.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import textwrap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttt_theory.mutation.edits import Edit, Kind, edits

if TYPE_CHECKING:
    from ttt_theory.claims.claim import Claim, Formula

__all__ = ["Mutant", "has_roots", "mutants_of", "unchanged"]

_MOST_PER_FORMULA = 15


@dataclass(frozen=True)
class Mutant:
    """A version of a formula, to be planted in its place.

    Attributes
    ----------
    claim : str
        Id of the claim that states the formula.
    formula : Formula
    kind : Kind or None
        None for the formula as it stands.
    change : str
        What was changed into what.
    source : str
        Of the whole function.
    """

    claim: str
    formula: Formula
    kind: Kind | None
    change: str
    source: str

    def __str__(self) -> str:
        kind = f"{self.kind}, " if self.kind else ""
        return f"{self.claim}, {self.formula.label}: {kind}{self.change}"

    def function(self) -> Callable[..., Any]:
        """Compile the source, with the names of the formula's module in reach."""
        namespace = dict(vars(importlib.import_module(self.formula.module)))
        exec(compile(self.source, f"<{self.formula.label}, {self.change}>", "exec"), namespace)
        function: Callable[..., Any] = namespace[self.formula.name]
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
    >>> from ttt_theory.claims.registry import find
    >>> print(mutants_of(find("cor-5.4"))[1])
    cor-5.4, limits.aligned_threshold: sign, + variance → -
    """
    return [
        Mutant(claim.id, formula, kind, change, source)
        for formula in claim.formulas
        for source, (kind, change) in _Body(formula).selection().items()
    ]


def unchanged(claim: Claim) -> list[Mutant]:
    """Return the formulas that a claim states, through the same printing and compiling."""
    return [
        Mutant(claim.id, formula, None, "as it stands", _Body(formula).source())
        for formula in claim.formulas
    ]


def has_roots(function: Callable[..., Any]) -> bool:
    """Whether a compiled function takes roots, and is no rational function."""
    return "**0.5" in inspect.getsource(function)


class _Body:
    """The parts of a formula's function: names given to its parameters, and what it returns."""

    def __init__(self, formula: Formula) -> None:
        self.name = formula.name
        self._module = importlib.import_module(formula.module)
        function = getattr(self._module, formula.name)
        self._has_roots = has_roots(function)
        self._parameters = list(inspect.signature(function).parameters)
        source = textwrap.dedent(inspect.getsource(function))
        (definition,) = ast.parse(source).body
        assert isinstance(definition, ast.FunctionDef)
        _, *assignments, returned = definition.body
        assert isinstance(returned, ast.Return)
        assert returned.value is not None
        self._assignments = [ast.unparse(each) for each in assignments]
        self._names = {name: name for name in self._parameters}
        for each in assignments:
            assert isinstance(each, ast.Assign)
            self._names |= zip(_names(each.value), _names(each.targets[0]), strict=True)
        # On one line, where a column is a position in the text.
        self._text = " ".join((ast.get_source_segment(source, returned.value) or "").split())
        self._expression = ast.parse(self._text, mode="eval").body

    def source(self, statement: str | None = None, expression: str | None = None) -> str:
        """Return the function with a statement put in, or with another expression."""
        statements = [*self._assignments, *([statement] if statement else [])]
        statements.append(f"return {expression or self._text}")
        lines = "".join(f"    {each}\n" for each in statements)
        return f"def {self.name}({', '.join(self._parameters)}):\n{lines}"

    def selection(self) -> dict[str, tuple[Kind, str]]:
        """Return sources of mutants with their kind and change."""
        queues = []
        for kind, candidates in self._candidates().items():
            # A checksum of the position is as good as a draw, and the same each time.
            ranks = [zlib.crc32(f"{self.name} {kind} {i}".encode()) for i in range(len(candidates))]
            order = sorted(range(len(candidates)), key=ranks.__getitem__)
            queues.append([(kind, candidates[index]) for index in order])
        turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
        selected: dict[str, tuple[Kind, str]] = {}
        for turn in turns:
            if turn is not None and len(selected) < _MOST_PER_FORMULA:
                kind, (change, make_source) = turn
                selected.setdefault(make_source(), (kind, change))
        return selected

    def _candidates(self) -> dict[Kind, list[tuple[str, Callable[[], str]]]]:
        found: dict[Kind, list[tuple[str, Callable[[], str]]]] = {kind: [] for kind in Kind}
        for edit in edits(self._expression, self._text):
            found[edit.kind].append((edit.change, functools.partial(self._edited, edit)))
        for kind, change, statement in self._statements():
            found[kind].append((change, functools.partial(self.source, statement)))
        for call in self._other_formulas():
            found[Kind.WRONG_FORMULA].append(
                (call.partition("(")[0], functools.partial(self.source, None, call))
            )
        return found

    def _edited(self, edit: Edit) -> str:
        return self.source(
            expression=f"{self._text[: edit.start]}{edit.new}{self._text[edit.end :]}".strip()
        )

    def _statements(self) -> Iterator[tuple[Kind, str, str]]:
        """Yield statements that change arguments, among those that the expression uses."""
        present = set(_names(self._expression))
        used = [name for name in self._names.values() if name in present]
        for parameter, sign, kind in (
            ("context_length", "+", Kind.LONGER_CONTEXT),
            ("context_length", "-", Kind.SHORTER_CONTEXT),
            ("test_samples", "+", Kind.SAMPLES),
            ("test_samples", "-", Kind.SAMPLES),
            ("dim", "+", Kind.DIM),
            ("dim", "-", Kind.DIM),
        ):
            name = self._names.get(parameter)
            if name in used:
                yield kind, f"{name} → {name} {sign} 1", f"{name} = {name} {sign} 1"
        noise = self._names.get("noise_variance")
        if noise in used:
            yield Kind.NO_NOISE, f"{noise} → 0", f"{noise} = 0 * {noise}"
        sizes = {self._names.get(name) for name in ("context_length", "test_samples")}
        for one, other in itertools.combinations(used, 2):
            kind = Kind.SIZES_SWAPPED if {one, other} == sizes else Kind.SWAPPED
            yield kind, f"{one} ↔ {other}", f"{one}, {other} = {other}, {one}"

    def _other_formulas(self) -> Iterator[str]:
        """Yield calls of the module's other formulas that take no further argument."""
        for name in self._module.__all__:
            function = getattr(self._module, name)
            if name != self.name and inspect.isfunction(function):
                parameters = inspect.signature(function).parameters
                # Rational stays rational, which is all that the numbers of the proofs allow.
                same_kind = self._has_roots or not has_roots(function)
                if set(parameters) <= set(self._parameters) and same_kind:
                    yield f"{name}({', '.join(parameters)})"


def _names(node: ast.expr) -> list[str]:
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
