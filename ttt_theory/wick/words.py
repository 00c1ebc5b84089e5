"""Words in letters that do not commute, and the scalars that closed words stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ttt_theory.errors import InvalidSettingError

__all__ = [
    "Factor",
    "Letter",
    "Word",
    "check_names",
    "checked_name",
    "form",
    "named",
    "text",
    "traced",
    "transposed",
]


class Letter(NamedTuple):
    """A matrix or vector that stands in a word; a vector that is transposed is a row.

    The law of a random matrix is part of it.
    """

    name: str
    kind: str
    transposed: bool = False
    law: str = ""

    def flipped(self) -> Letter:
        """Return the transposed letter."""
        if self.kind == "symmetric":
            return self
        return Letter(self.name, self.kind, not self.transposed)


Word = tuple[Letter, ...]


class Factor(NamedTuple):
    """A scalar that is not split further: a named one, a bilinear form or a trace.

    Two words that are equal by transposition or, under a trace, by rotation give one factor.
    """

    kind: str
    word: Word

    def __str__(self) -> str:
        if self.kind == "named":
            return self.word[0].name
        return f"trace({text(self.word)})" if self.kind == "trace" else f"({text(self.word)})"


def text(word: Word) -> str:
    """Write a word as the Python expression that makes it."""
    return " @ ".join(f"{letter.name}.T" if letter.transposed else letter.name for letter in word)


def transposed(word: Word) -> Word:
    """Return the word of the transposed product."""
    return tuple(letter.flipped() for letter in reversed(word))


def named(name: str) -> Factor:
    """Return the factor of a named scalar."""
    return Factor("named", (Letter(name, "scalar"),))


def form(word: Word) -> Factor:
    """Return the factor of a word that begins with a row and ends with a column."""
    return Factor("form", min(word, transposed(word)))


def traced(word: Word) -> Factor:
    """Return the factor of the trace of a word of matrices."""
    rotations = (
        each[cut:] + each[:cut] for each in (word, transposed(word)) for cut in range(len(word))
    )
    return Factor("trace", min(rotations))


def split(word: Word) -> tuple[Word, tuple[Factor, ...]]:
    """Take the forms out of a word: what lies from a row to the next column.

    What is left is a matrix, a row, a column, a column times a row, or nothing.
    """
    left: Word = ()
    forms = []
    start = 0
    for place, letter in enumerate(word):
        if letter.kind == "vector" and not letter.transposed:
            piece = word[start : place + 1]
            if piece[0].kind == "vector" and piece[0].transposed:
                forms.append(form(piece))
            else:
                left += piece
            start = place + 1
    return left + word[start:], tuple(forms)


def checked_name(name: str) -> str:
    """Return a name that a letter or scalar can have, or raise.

    Raises
    ------
    InvalidSettingError
        If it is no identifier.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidSettingError("name", name, "give an identifier")
    return name


def check_names(letters: Iterable[Letter]) -> None:
    """Raise if letters that differ by more than transposition have one name.

    Raises
    ------
    InvalidSettingError
        If they do: what is printed could not tell them apart.
    """
    known: dict[str, Letter] = {}
    for letter in sorted(letters):
        other = known.setdefault(letter.name, letter)
        if (other.kind, other.law) != (letter.kind, letter.law):
            one, another = sorted(map(_description, (letter, other)))
            remedy = f"give {one} and {another} names of their own"
            raise InvalidSettingError("name", letter.name, remedy)


def _description(letter: Letter) -> str:
    if letter.law:
        return f"a scatter matrix of {letter.law}"
    kinds = {"symmetric": "a symmetric matrix", "scalar": "a named scalar"}
    return kinds.get(letter.kind, f"a {letter.kind}")
