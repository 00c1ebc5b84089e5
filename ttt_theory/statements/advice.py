"""What a text that is no statement was meant to be, where only one thing can have been meant.

Its reader takes mathematical signs, other languages' operators and customary short forms, and gives
up at the first place of which it cannot tell what was meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ttt_theory.statements.lenient import OPERATORS, ExpressionReader
from ttt_theory.statements.spelling import (
    BRACKETS,
    RELATIONS,
    Token,
    UncertainError,
    Vocabulary,
    tokens_of,
)

__all__ = ["readings"]

_OPPOSITES = {"==": "!=", "!=": "==", "<=": ">", ">=": "<", "<": ">=", ">": "<="}
_ARROWS = ("=>", "==>", "->")


def readings(text: str, vocabulary: Vocabulary) -> tuple[list[str], str]:
    """Return the statements that a text can have been meant as, and what to say if none.

    Examples
    --------
    >>> vocabulary = Vocabulary(("n", "d"), ("improvement",), ("warm", "cold"), ("log",))
    >>> readings("ln n ≤ 2d", vocabulary)
    (['log(n) <= 2*d'], '')
    >>> readings("1/2d = n", vocabulary)
    (['1/2*d == n', '1/(2*d) == n'], '')
    """
    found: list[str] = []
    try:
        for second in (False, True):
            reader = _StatementReader(tokens_of(text, vocabulary), vocabulary, second=second)
            found.append(reader.statement())
            if not reader.doubts:
                break
            if reader.doubts > 1:
                return [], "write every product with * and every denominator in parentheses"
    except UncertainError as reason:
        return [], str(reason)
    return found, ""


@dataclass(frozen=True)
class _Comparison:
    """Operands, as texts, and the relations between them."""

    operands: tuple[str, ...]
    relations: tuple[str, ...]

    @property
    def pairs(self) -> list[tuple[str, str, str]]:
        return list(zip(self.operands, self.relations, self.operands[1:], strict=False))


class _StatementReader(ExpressionReader):
    """Reads claims, conditions and what connects them."""

    def statement(self) -> str:
        """Read all of it."""
        if self.accept("when"):
            return self.turned()
        if claim := self.implication():
            return claim
        claims, connective = self.claims()
        conditions: list[str] = []
        if self.accept("when"):
            conditions = self.conditions()
        self.end()
        return _statement(_claim(claims, connective), conditions)

    def turned(self) -> str:
        """Read conditions that stand before the claim."""
        if not any(token.text in ("then", ":", ",") for token in self.tokens):
            raise UncertainError("give the claim first, then 'when' and the conditions")
        conditions = self.conditions()
        if self.accept("then", ":"):
            claims, connective = self.claims()
            self.end()
            return _statement(_claim(claims, connective), conditions)
        self.end()
        return _statement(conditions[-1], conditions[:-1])

    def implication(self) -> str:
        """Read 'CONDITIONS => CLAIM'; return nothing if it is anything else."""
        places = [index for index, token in enumerate(self.tokens) if token.text in _ARROWS]
        if len(places) != 1:
            return ""
        left, right = self.tokens[: places[0]], self.tokens[places[0] + 1 :]
        compared = [any(token.text in RELATIONS for token in side) for side in (left, right)]
        if not all(compared):
            return ""
        self.tokens = [*left, Token("end", "", "")]
        conditions = self.conditions()
        self.end()
        self.tokens, self.index, self.in_conditions = right, 0, False
        claims, connective = self.claims()
        if self.accept("when"):
            conditions += self.conditions()
        self.end()
        return _statement(_claim(claims, connective), conditions)

    def end(self) -> None:
        """Demand that nothing follows."""
        if self.next.kind != "end":
            raise UncertainError

    def claims(self) -> tuple[list[_Comparison], str]:
        """Read what is claimed, with 'and' or 'or' between."""
        comparisons, connectives = [self.comparison()], set()
        while True:
            if self.next.text in (",", ";"):
                self.take()
                if self.next.text == "when" or self.next.kind == "end":
                    break
                raise UncertainError("conditions follow 'when', with commas between them")
            connective = _connective(self.next)
            if connective is None:
                break
            self.take()
            connectives.add(connective)
            comparisons.append(self.comparison())
        if len(connectives) > 1:
            raise UncertainError("state one comparison at a time")
        return comparisons, "".join(connectives) or "and"

    def conditions(self) -> list[str]:
        """Read what follows 'when', up to the end or 'then'."""
        self.in_conditions = True
        conditions: list[str] = []
        bare: list[str] = []
        while True:
            if self.next.kind == "end" or self.next.text in ("then", ":"):
                break
            if self.next.text in (",", ";", "when") or _connective(self.next) == "and":
                self.take()
                continue
            group = [self.comparison()]
            while _connective(self.next) == "or":
                self.take()
                group.append(self.comparison())
            [first, *others] = group
            if not first.relations and not others and first.operands[0].strip().isidentifier():
                bare.append(first.operands[0].strip())
                continue
            if others:
                if _connective(self.next) == "and" or bare:
                    raise UncertainError("separate conditions by commas")
                conditions.append(_joined(group, "or"))
                continue
            left, *rest = first.operands
            shared = [*bare, left] if left.strip().isidentifier() else [left]
            if bare and len(shared) == 1:
                raise UncertainError("compare each with a relation of its own")
            for each in shared:
                conditions += _pairwise(_Comparison((each, *rest), first.relations))
            bare = []
        self.in_conditions = False
        named = any(token.kind == "forall" for token in self.tokens)
        if bare and (conditions or not named):
            raise UncertainError("compare each with a relation of its own")
        return conditions

    def comparison(self) -> _Comparison:
        """Read a comparison, a chain of them, or an operand alone."""
        negated = False
        while self.next.text == "not":
            self.take()
            negated = not negated
        operands, written = [self.side()], []
        while self.next.text in RELATIONS:
            written.append(self.take().text)
            operands.append(self.side())
        if "=>" in written and len(written) > 1:
            raise UncertainError("write >= for at least, and conditions after 'when'")
        relations = [RELATIONS[each] for each in written]
        if negated:
            if len(relations) != 1 or not self.in_conditions or relations[0] not in _OPPOSITES:
                raise UncertainError("write the opposite relation in place of 'not'")
            relations = [_OPPOSITES[relations[0]]]
        return _Comparison(tuple(operands), tuple(relations))

    def side(self) -> str:
        """Read an expression, and a bracket that closes nothing."""
        start = self.index
        text = self.sum()
        if self.next.text in BRACKETS.values():
            inside = [token.text for token in self.tokens[start : self.index]]
            operators = {each for each in inside if each in OPERATORS}
            if "(" in text or not (operators <= {"+"} or operators <= {"*"}):
                raise UncertainError("open a parenthesis for each that is closed")
            self.take()
        return text


def _connective(token: Token) -> str | None:
    if token.text in ("and", "&&", "&"):
        return "and"
    return "or" if token.text in ("or", "||") else None


def _statement(claim: str, conditions: Iterable[str]) -> str:
    listed = ", ".join(condition.strip() for condition in conditions)
    return f"{claim.strip()} when {listed}" if listed else claim.strip()


def _claim(comparisons: list[_Comparison], connective: str) -> str:
    if any(not each.relations for each in comparisons):
        raise UncertainError
    pairs = [pair for each in comparisons for pair in each.pairs]
    if len(pairs) == 1:
        return _pairwise(comparisons[0])[0]
    if connective == "and" and len(comparisons) > 1:
        parts = "; ".join(text.strip() for each in comparisons for text in _pairwise(each))
        raise UncertainError(f"state one at a time, or conditions after 'when': {parts}")
    return _joined(comparisons, connective)


def _pairwise(comparison: _Comparison) -> list[str]:
    """Write each comparison of a chain on its own."""
    if not comparison.relations:
        raise UncertainError
    return [
        f"abs({_difference(left, right)}) > 0"
        if relation == "!="
        else f"{left.rstrip()} {relation} {right.strip()}"
        for left, relation, right in comparison.pairs
    ]


def _joined(comparisons: list[_Comparison], connective: str) -> str:
    """Write what several comparisons say together, or one of several, as a single one."""
    if connective == "or" and any(len(each.pairs) != 1 for each in comparisons):
        raise UncertainError("state one comparison at a time")
    pairs = [pair for each in comparisons for pair in each.pairs]
    relations = {relation for _, relation, _ in pairs}
    every = connective == "and"
    if relations == {"=="}:
        sizes = ", ".join(f"abs({_difference(left, right)})" for left, _, right in pairs)
        return f"{'max' if every else 'min'}({sizes}) == 0"
    if relations <= {"<=", ">="} or relations <= {"<", ">"}:
        gaps = ", ".join(
            _difference(left, right) if relation[0] == ">" else _difference(right, left)
            for left, relation, right in pairs
        )
        strict = "" if relations <= {"<=", ">="} else "="
        return f"{'min' if every else 'max'}({gaps}) {'>' if strict else '>='} 0"
    parts = "; ".join(text.strip() for each in comparisons for text in _pairwise(each))
    raise UncertainError(f"state one comparison at a time: {parts}")


def _difference(left: str, right: str) -> str:
    left, right = left.strip(), right.strip()
    if right == "0":
        return left
    return f"{left} - {right}" if _is_product(right) else f"{left} - ({right})"


def _is_product(text: str) -> bool:
    """Whether a text is free of sums, but in brackets."""
    depth = 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter in "+-" and depth == 0:
            return False
    return True
