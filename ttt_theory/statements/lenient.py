"""Reads expressions as leniently as it can for certain, and writes them in the grammar."""

from __future__ import annotations

from ttt_theory.statements.spelling import (
    BRACKETS,
    RELATIONS,
    REMARKS,
    STARTS,
    Token,
    UncertainError,
    Vocabulary,
)

__all__ = ["OPERATORS", "ExpressionReader"]

_LOGARITHMS = {"log10": "10", "log2": "2"}
_OF_SEVERAL = ("min", "max")
OPERATORS = ("+", "-", "*", "/", "**", "^", ",")
_ROOTS = {"sqrt(noise)": "noise", "sqrt(norm2)": "norm2"}
_DEEPEST = 40


class ExpressionReader:
    """Recursive descent over tokens; each method returns the text of what it is named after.

    The text begins with the spaces before it, so that all stays as it was but for what is wrong.

    Attributes
    ----------
    doubts : int
        How many places can mean two things; `second` says which of the two is written.
    """

    def __init__(self, tokens: list[Token], vocabulary: Vocabulary, *, second: bool) -> None:
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.second = second
        self.doubts = 0
        self.index = 0
        self.in_list = False
        self.bars = 0
        self.depth = 0
        self.in_conditions = False

    @property
    def next(self) -> Token:
        """The token to be read."""
        return self.tokens[self.index]

    def take(self) -> Token:
        """Read it."""
        self.index += 1
        return self.tokens[self.index - 1]

    def accept(self, *texts: str) -> str | None:
        """Read it if it is one of these, and return its text."""
        if self.next.kind != "end" and self.next.text in texts:
            token = self.take()
            return token.before + token.text
        return None

    def sum(self) -> str:
        """Read terms with + and - between."""
        text = self.product()
        while sign := self.accept("+", "-"):
            text += sign + self.product()
        return text

    def product(self) -> str:
        """Read runs with * and / between."""
        text = self.run(divided=False)
        while operator := self.accept("*", "/"):
            text += operator + self.run(divided=operator.strip() == "/")
        return text

    def run(self, *, divided: bool) -> str:
        """Read factors side by side."""
        signs = ""
        while sign := self.accept("+", "-"):
            signs += sign
        factors = [self.power()]
        while self.starts_operand():
            before, after = self.tokens[self.index - 1], self.next
            if before.kind == after.kind == "number":
                raise UncertainError("write one operator between two numbers")
            if self.raised and not after.before:
                raise UncertainError("end an exponent with an operator or a space")
            factors.append(self.power())
        text = "*".join([factors[0], *(factor.strip() for factor in factors[1:])])
        if divided and len(factors) > 1:
            self.doubts += 1
            if self.second:
                spaces = text[: len(text) - len(text.lstrip())]
                text = f"{spaces}({text.strip()})"
        return signs + text

    def starts_operand(self) -> bool:
        """Whether another factor stands beside what was read."""
        kind, text = self.next.kind, self.next.text
        opens = text in (*BRACKETS, "√") or (text == "|" and not self.bars)
        return kind in ("number", "name") or opens

    raised = False
    """Whether the operand read last ends in an exponent written with an operator."""

    def power(self) -> str:
        """Read an operand and its exponents."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UncertainError
        base = self.atom()
        self.raised = False
        while self.next.text in ("**", "^") or self.next.kind == "superscript":
            token = self.take()
            if token.kind == "superscript":
                exponent, written = token.text[2:], token.before + token.text
                self.raised = False
            else:
                exponent = self.exponent(token.text)
                written = f"{token.before}**{exponent}"
                self.raised = True
            if base.strip() == "exp(1)":
                inner = exponent.strip()
                base = base.replace("exp(1)", f"exp({_bare(inner)})")
            elif base.strip() in _ROOTS and exponent.strip() == "2":
                base = base.replace(base.strip(), _ROOTS[base.strip()])
            else:
                base += written
        self.depth -= 1
        return base

    def exponent(self, operator: str) -> str:
        """Read an exponent written with an operator."""
        signs = ""
        while sign := self.accept("+", "-"):
            signs += sign
        text = signs + self.power()
        # Elsewhere n^3/2 is often meant as a power of 3/2.
        if operator == "^" and text.lstrip(" +-").isdigit() and self.next.text == "/":
            following = self.tokens[self.index + 1]
            if following.kind == "number" and not self.next.before + following.before:
                self.doubts += 1
                if self.second:
                    self.index += 2
                    return f"({text.strip()}/{following.text})"
        return text

    def atom(self) -> str:
        """Read a number, a name, a group or a call."""
        token = self.take()
        text, spaces = token.text, token.before
        if token.kind == "number":
            return spaces + self.number(text)
        if text in BRACKETS:
            return f"{spaces}({self.group(text)})"
        if text == "√":
            return f"{spaces}sqrt({self.argument()})"
        if text in ("|", "||"):
            return spaces + self.between_bars(text)
        if token.kind != "name":
            raise UncertainError
        if text in self.vocabulary.quantities:
            return spaces + text + self.start()
        if text in (*self.vocabulary.functions, *_LOGARITHMS):
            return spaces + self.call(text)
        if text in self.vocabulary.symbols:
            return spaces + text
        return spaces + self.other(token)

    def other(self, token: Token) -> str:
        """Read a name that the grammar lacks."""
        text = token.text
        for quantity in self.vocabulary.quantities:
            first, _, second = quantity.partition("_")
            if second and text.lower() == first and self.next.text == "-":
                following = self.tokens[self.index + 1]
                if not self.next.before + following.before and following.text.lower() == second:
                    self.index += 2
                    return quantity + self.start()
            if second and text.lower() == first and self.next.text.lower() == second:
                self.take()
                return quantity + self.start()
        if text == "sigma":
            return "sqrt(noise)"
        if text in ("norm", "beta"):
            return self.norm(text)
        previous = self.tokens[self.index - 2] if self.index > 1 else None
        glued = previous is not None and previous.kind == "number" and not token.before
        if text == "e" and not glued:
            return "exp(1)"
        raise UncertainError(REMARKS.get(text.lower(), ""))

    def norm(self, text: str) -> str:
        """Read what has the norm of the task in it: norm(beta), beta**2."""
        if text == "norm" and self.accept("("):
            if self.accept("beta") and self.accept(")"):
                return "sqrt(norm2)"
        elif text == "beta" and (
            self.next.text == "**2"
            or (self.next.text in ("**", "^") and self.tokens[self.index + 1].text == "2")
        ):
            return "sqrt(norm2)"
        raise UncertainError(REMARKS[text])

    def number(self, text: str) -> str:
        """Read a number, with commas for points or between thousands."""
        whole = text = text.replace("_", "")
        groups = []
        place = self.index
        while (
            not self.in_list
            and text.isdigit()
            and self.tokens[place].text == ","
            and self.tokens[place + 1].text.isdigit()
            and not self.tokens[place].before + self.tokens[place + 1].before
        ):
            groups.append(self.tokens[place + 1].text)
            place += 2
        if groups and not (self.in_conditions and self.compared_after(place)):
            self.index = place
            thousands = all(len(group) == 3 for group in groups) and whole != "0"
            if len(groups) > 1 and not thousands:
                raise UncertainError("write decimals with a point")
            if len(groups) == 1 and thousands:
                self.doubts += 1
                thousands = self.second
            text = whole + ("" if thousands else ".") + "".join(groups)
        if self.next.text == "%":
            self.take()
            if self.starts_operand():
                raise UncertainError("write numbers as decimals or fractions")
            return f"({text}/100)"
        return text

    def compared_after(self, place: int) -> bool:
        """Whether a relation of its own follows what stands after a comma."""
        before = self.index
        while before and self.tokens[before - 1].text not in (*RELATIONS, ",", ";", "when"):
            before -= 1
        if not before or self.tokens[before - 1].text not in RELATIONS:
            return False
        for token in self.tokens[place:]:
            if token.text in RELATIONS:
                return True
            if token.kind in ("end", "word") or token.text in (",", ";", "&&"):
                return False
        return False

    def group(self, opening: str) -> str:
        """Read up to the closing bracket."""
        start = self.index
        outside, self.in_list, self.bars = (self.in_list, self.bars), False, 0
        inner = self.sum()
        self.in_list, self.bars = outside
        self.close(opening, start, called=False)
        return inner

    def close(self, opening: str, start: int, *, called: bool) -> None:
        """Read the closing bracket; it may be missing where every place for it means the same."""
        if self.accept(BRACKETS[opening]):
            return
        inside = [token.text for token in self.tokens[start : self.index]]
        operators = {each for each in inside if each in OPERATORS}
        before = self.tokens[start - 2].text if start > 1 else "+"
        free = not called and (before in ("+", *RELATIONS) or start == 1)
        if operators and not (free and operators <= {"+", "-"}):
            raise UncertainError(f"close the parenthesis that opens before {inside[0]!r}")
        if self.next.kind != "end" and self.next.text not in (*RELATIONS, "when"):
            raise UncertainError("close each parenthesis")

    def between_bars(self, bar: str) -> str:
        """Read up to the second bar."""
        if self.accept("beta") and self.accept(bar):
            return "sqrt(norm2)"
        outside, self.in_list = self.in_list, False
        self.bars += 1
        inner = self.sum()
        self.bars -= 1
        self.in_list = outside
        if bar == "|" and self.next.text == "||":
            token = self.take()
            self.index -= 1
            halves = [Token("operator", "|", token.before), Token("operator", "|", "")]
            self.tokens[self.index : self.index + 1] = halves
        if not self.accept(bar):
            raise UncertainError("write abs(...) for an absolute value")
        return f"abs({inner.strip()})"

    def argument(self) -> str:
        """Read the argument of a function: in brackets, or one operand that nothing follows."""
        if self.next.text in BRACKETS:
            opening = self.take().text
            start = self.index
            inner = self.sum()
            self.close(opening, start, called=True)
            return inner
        if self.next.kind not in ("number", "name") or self.next.text in self.vocabulary.functions:
            raise UncertainError("write the argument of a function in parentheses")
        inner = self.atom()
        raised = self.next.text in ("**", "^") or self.next.kind == "superscript"
        tight = self.next.text in ("*", "/") and not self.next.before
        if self.starts_operand() or raised or tight:
            raise UncertainError("write the argument of a function in parentheses")
        return inner.strip()

    def call(self, function: str) -> str:
        """Read the arguments of a function."""
        outside, self.in_list = self.in_list, function in _OF_SEVERAL
        if function in _LOGARITHMS:
            text = f"(log({self.argument()})/log({_LOGARITHMS[function]}))"
        elif self.next.text in BRACKETS:
            opening = self.take().text
            start = self.index
            text = self.sum()
            while comma := self.accept(","):
                text += comma + self.sum()
            self.close(opening, start, called=True)
            text = f"{function}({text})"
        else:
            text = f"{function}({self.argument()})"
        self.in_list = outside
        return text

    def start(self) -> str:
        """Read what a quantity is taken at: a start, and sizes by keyword."""
        if self.next.text not in BRACKETS:
            return ""
        opening = self.take()
        items = []
        while True:
            token = self.take()
            start = STARTS.get(token.text.lower(), token.text)
            if start in self.vocabulary.starts:
                items.append(token.before + start)
            elif token.text == "steps" and self.next.text == "=":
                items.append(f"{token.before}steps{self.accept('=')}{self.steps()}")
            elif token.text == "evaluation" and self.next.text == "=":
                items.append(f"{token.before}evaluation{self.accept('=')}{self.word()}")
            elif token.kind == "name" and self.next.text == "=":
                items.append(token.before + token.text + str(self.accept("=")) + self.sum())
            else:
                raise UncertainError("a quantity is followed by (warm) or (cold), or by *")
            if not self.accept(","):
                break
        closed = self.accept(BRACKETS[opening.text])
        if not closed and not (self.next.kind == "end" or self.next.text in RELATIONS):
            raise UncertainError("close the parenthesis after the start")
        return f"{opening.before}({','.join(items)})"

    def steps(self) -> str:
        """Read a list of step sizes."""
        if self.next.text not in BRACKETS:
            raise UncertainError("write the steps in brackets, as in steps=[1/n, 2/n]")
        opening = self.take()
        outside, self.in_list = self.in_list, True
        text = self.sum()
        while comma := self.accept(","):
            text += comma + self.sum()
        self.in_list = outside
        if not self.accept(BRACKETS[opening.text]):
            raise UncertainError("close the bracket after the steps")
        return f"{opening.before}[{text}]"

    def word(self) -> str:
        """Read the name of an evaluation."""
        token = self.take()
        if token.text.lower() not in self.vocabulary.evaluations:
            raise UncertainError(f"an evaluation is {' or '.join(self.vocabulary.evaluations)}")
        return token.before + token.text.lower()


def _bare(text: str) -> str:
    """Return a text without the one pair of parentheses around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1]
