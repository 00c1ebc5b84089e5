"""The words and signs of a statement as people write them, in the spelling of the grammar."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass

__all__ = [
    "BRACKETS",
    "RELATIONS",
    "REMARKS",
    "STARTS",
    "Token",
    "UncertainError",
    "Vocabulary",
    "remark",
    "tokens_of",
]


@dataclass(frozen=True)
class Vocabulary:
    """The names of the grammar that texts are corrected to."""

    symbols: tuple[str, ...]
    quantities: tuple[str, ...]
    starts: tuple[str, ...]
    functions: tuple[str, ...]
    evaluations: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that can stand in an expression."""
        return (*self.symbols, *self.quantities, *self.functions)


# Names of the same things, elsewhere in this package, in papers and in NumPy.
_SYNONYMS = {
    "ln": "log",
    "eta": "step_size",
    "context_length": "n",
    "test_samples": "k",
    "dim": "d",
    "dimension": "d",
    "noise_variance": "noise",
    "sigma2": "noise",
    "sigma_squared": "noise",
    "task_square": "norm2",
    "minimum": "min",
    "maximum": "max",
    "absolute": "abs",
    "fabs": "abs",
    "implies": "==>",
    "and": "and",
    "or": "or",
    "not": "not",
    "then": "then",
}
_WHEN = ("when", "whenever", "if", "where", "given", "assuming", "provided", "for", "with")
_ALL = ("all", "any", "every", "each", "that")
_FILLERS = ("always", "everywhere")
STARTS = {"pretrained": "warm", "zero": "cold"}
_MODULES = ("np", "numpy", "math", "sympy", "sp")
REMARKS = {
    "ln": "the natural logarithm is log",
    "log10": "log is the natural logarithm",
    "log2": "log is the natural logarithm",
    "lg": "log is the natural logarithm",
    "sigma": "noise is sigma**2, so that sigma is sqrt(noise)",
    "eta": "the best step is step_size",
    "beta": "the task enters by norm2, its squared norm",
    "norm": "norm2 is the squared norm of the task, so that the norm is sqrt(norm2)",
    "risk": "write risk_before or risk_after",
    "r": "write risk_before or risk_after",
    "loss": "write risk_before or risk_after",
    "gain": "risk_before - risk_after is improvement",
    "e": "powers of e are exp(...)",
    "pi": "write numbers as decimals or fractions",
    "inf": "nothing is infinite here; write left ~ right for a limit as d grows",
}
REMARKS |= dict.fromkeys(("infinity", "infty", "oo"), REMARKS["inf"])

_SIGNS = {
    "≤": "<=", "⩽": "<=", "≦": "<=", "≥": ">=", "⩾": ">=", "≧": ">=", "≠": "!=", "∼": "~",
    "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "⁄": "/",
    "∧": "&&", "∨": "||", "⇒": "==>", "→": "==>", "⟹": "==>", "‖": "||", "∥": "||", "√": "√",
    "α": "alpha", "γ": "gamma", "σ": "sigma", "β": "beta", "η": "eta", "∞": "inf",
}  # fmt: skip
_LATEX = {
    "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=", "ne": "!=", "neq": "!=", "sim": "~",
    "cdot": "*", "times": "*", "land": "&&", "lor": "||", "implies": "==>", "infty": "inf",
}  # fmt: skip
_SUPERSCRIPTS = {**dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)), "⁻": "-"}
_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:_\d{3})+|\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|\\(?P<latex>[A-Za-z]+)"
    r"|(?P<operator>==>|===|!==|\*\*|==|<=|>=|=>|=<|<>|!=|->|&&|\|\||[-+*/(),~<>=^|&\[\]{};:.?%])",
    re.ASCII,
)
RELATIONS = {
    "==": "==", "=": "==", "===": "==", "~": "~", "<=": "<=", "=<": "<=", ">=": ">=", "=>": ">=",
    "<": "<", ">": ">", "!=": "!=", "!==": "!=", "<>": "!=",
}  # fmt: skip
BRACKETS = {"(": ")", "[": "]", "{": "}"}
# A typing error in a name of this length leaves at least this much in common.
_SHORTEST_TYPO, _LIKENESS = 5, 0.8


class UncertainError(Exception):
    """What was meant cannot be told; the message says what is allowed instead."""


@dataclass(frozen=True)
class Token:
    """A number, name, word or operator, and the spaces before it."""

    kind: str
    text: str
    before: str


def remark(name: str, vocabulary: Vocabulary) -> str:
    """Say what an unknown name may stand for, or which are known.

    Examples
    --------
    >>> remark("sigma", Vocabulary(("gamma",), (), (), ()))
    'noise is sigma**2, so that sigma is sqrt(noise)'
    >>> remark("gama_", Vocabulary(("gamma",), (), (), ()))
    'did you mean gamma?'
    """
    if name.lower() in REMARKS:
        return REMARKS[name.lower()]
    meant = "".join(_word(name, vocabulary))
    if meant not in (name, *_SYNONYMS.values()) or meant in vocabulary.names:
        return f"did you mean {meant}?"
    return f"known are {', '.join(vocabulary.names)}"


def _close(name: str, vocabulary: Vocabulary) -> str | None:
    """Return the name of which this one is a variant in case or a likely typing error."""
    for known in vocabulary.names:
        if name.lower() == known:
            return known
    if len(name) < _SHORTEST_TYPO or name[-1].isdigit():
        return None
    close = difflib.get_close_matches(name[:40].lower(), vocabulary.names, 2, _LIKENESS)
    return close[0] if close else None


def _unquoted(text: str) -> str:
    text = text.strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`$":
        text = text[1:-1].strip()
    return text


def tokens_of(text: str, vocabulary: Vocabulary) -> list[Token]:
    """Split a text into tokens in the spelling of the grammar.

    Raises
    ------
    UncertainError
        If a sign stands for nothing that is known.

    Examples
    --------
    >>> vocabulary = Vocabulary(("n", "noise"), (), (), ())
    >>> [token.text for token in tokens_of("n ≤ Noise²", vocabulary)]
    ['n', '<=', 'noise', '**2', '']
    """
    tokens: list[Token] = []
    text = "".join(map(_narrow, _unquoted(text)))
    written = set(re.findall(r"[A-Za-z_]\w*", text))
    if any(name.lower() in written for name in written & {"N", "K", "D"}):
        raise UncertainError("names are in small letters")
    before, position = "", 0
    while position < len(text):
        letter = text[position]
        if letter == "\t" or unicodedata.category(letter) == "Zs":
            before, position = before + " ", position + 1
            continue
        match = _TOKEN.match(text, position)
        if match is not None:
            kind = str(match.lastgroup)
            position = match.end()
            if match[kind] in _ALL and tokens and tokens[-1].text == "when":
                tokens[-1] = Token("forall", "when", tokens[-1].before)
                continue
            found = _word(match[kind], vocabulary) if kind == "name" else [match[kind]]
            if kind == "latex":
                plain = _LATEX.get(match[kind], match[kind])
                found = _word(plain, vocabulary) if plain.isalpha() else [plain]
        elif letter in _SUPERSCRIPTS:
            end = position
            while end < len(text) and text[end] in _SUPERSCRIPTS:
                end += 1
            kind = "superscript"
            found = ["**" + "".join(_SUPERSCRIPTS[each] for each in text[position:end])]
            position = end
        else:
            kind, plain = "", _plain(letter)
            found = _word(plain, vocabulary) if plain.isalpha() else [plain]
            position += 1
        for each in found:
            tokens.append(Token(_kind(kind, each), each, before))
            before = ""
    tokens = _without_modules(tokens)
    while tokens and (tokens[-1].text in (".", "?", ";", ",") or tokens[-1].text in _FILLERS):
        tokens.pop()
    return [*tokens, Token("end", "", "")]


def _kind(kind: str, text: str) -> str:
    if kind in ("number", "superscript"):
        return kind
    if text.startswith("("):
        return "operator" if text == "(" else "number"
    if text in ("and", "or", "not", "then", "when"):
        return "word"
    return "name" if text[0].isalpha() or text[0] == "_" else "operator"


def _plain(letter: str) -> str:
    """Return a character that is not ASCII as what stands for it in plain text."""
    if letter in _SIGNS:
        return _SIGNS[letter]
    if letter in "≈≃≅≍":
        raise UncertainError("left ~ right says that the ratio tends to 1 as d grows")
    if unicodedata.name(letter, "").startswith("VULGAR FRACTION"):
        numerator, _, denominator = unicodedata.normalize("NFKC", letter).partition("⁄")
        if numerator and denominator:
            return f"({numerator}/{denominator})"
    raise UncertainError


def _narrow(letter: str) -> str:
    wide = unicodedata.name(letter, "").startswith("FULLWIDTH")
    return unicodedata.normalize("NFKC", letter) if wide else letter


def _word(name: str, vocabulary: Vocabulary) -> list[str]:
    """Return a name as the names of the grammar that it stands for, where that is known."""
    if name in (*vocabulary.names, *vocabulary.starts):
        return [name]
    lower = name.lower()
    for start in vocabulary.starts:
        for quantity in vocabulary.quantities:
            if lower in (f"{start}_{quantity}", f"{quantity}_{start}"):
                return [quantity, "(", start, ")"]
    if lower in _WHEN:
        return ["when"]
    if lower in _SYNONYMS:
        return [_SYNONYMS[lower]]
    if 1 < len(name) <= 3 and set(name) <= {"n", "k", "d"}:
        return list(name)
    if lower in vocabulary.starts:
        return [lower]
    return [_close(name, vocabulary) or name]


def _without_modules(tokens: list[Token]) -> list[Token]:
    kept: list[Token] = []
    for token in tokens:
        if len(kept) > 1 and kept[-1].text == "." and kept[-2].text in _MODULES:
            kept.pop()
            token = Token(token.kind, token.text, kept.pop().before)
        kept.append(token)
    return kept
