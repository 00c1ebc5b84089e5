"""Systematic faults in a module's source: each changes one expression or statement.

What cannot change a number is left alone: messages, annotations, imports and docstrings.
"""

import ast
import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
}
SIBLINGS = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
    "ones": "zeros",
    "zeros": "ones",
    "sum": "prod",
    "prod": "sum",
    "sin": "cos",
    "cos": "sin",
    "left": "right",
    "right": "left",
    "forward": "backward",
    "backward": "forward",
}
"""Functions and attributes that are easily taken for each other."""
FUNCTIONS_OF_ONE = {"abs", "cumsum", "exp", "log", "sqrt", "square", "diff", "conj"}
ARRAYS = {
    "arange",
    "argsort",
    "backward",
    "concatenate",
    "cumsum",
    "diagonal",
    "diagonal_part",
    "directions",
    "eigenvalues",
    "forward",
    "hstack",
    "kron",
    "repeat",
    "split",
    "strengths",
    "task",
    "values",
}
"""Functions and attributes that give arrays whose order matters."""
WITHOUT_ORDER = {"all", "any", "max", "min", "set"}
"""Functions of a sequence whose order does not matter."""
COMMUTATIVE = {"array_equal", "inner", "max", "maximum", "min", "minimum", "vdot", "vecdot"}
CUT_OFFS = {"_EPS", "ROUND_OFF_PER_DIM"}
LARGEST_CUT_OFF = 1e-6
"""Literal numbers up to this one are cut-offs, too."""
_NUMBERS_FREE_OF_FAULTS = {"isinstance", "getattr", "setattr", "replace", "checked_array"}
_SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Fault:
    """One change of a module's source.

    The first four fields, and `number` where faults read alike, name it as long as its line stays.
    """

    module: str
    function: str
    line: str
    change: str
    kind: str
    number: int
    start: int
    stop: int
    text: str
    lines: tuple[int, int]
    """What a test must run to reach it; all of a scope for what runs when a module is loaded."""
    constant: str = ""
    """The module's constant that it changes: then it is reached by the lines that name it."""

    @property
    def name(self) -> tuple[str, str, str, str, int]:
        return self.module, self.function, self.line, self.change, self.number

    def planted(self, source: bytes) -> bytes:
        """Return the source with the fault in it."""
        return source[: self.start] + self.text.encode() + source[self.stop :]


def faults(module: str, source: bytes) -> list[Fault]:
    """Return every systematic fault in a module, each result once."""
    visitor = _Visitor(module, source)
    visitor.visit(ast.parse(source))
    found, results, alike = [], {source}, defaultdict(int)
    for fault in visitor.found:
        result = fault.planted(source)
        if result not in results:
            ast.parse(result)
            results.add(result)
            found.append(replace(fault, number=alike[fault.name]))
            alike[fault.name] += 1
    return found


class _Visitor(ast.NodeVisitor):
    def __init__(self, module: str, source: bytes) -> None:
        self.module, self.source = module, source
        self.rows = source.split(b"\n")
        self.offsets = [0]
        for row in self.rows:
            self.offsets.append(self.offsets[-1] + len(row) + 1)
        self.found: list[Fault] = []
        self.scopes: list[ast.AST] = []
        self.called: set[ast.AST] = set()
        self.unordered: set[ast.AST] = set()
        self.statement: ast.stmt | None = None

    def visit(self, node: ast.AST) -> None:
        if _cannot_matter(node):
            return
        if isinstance(node, ast.stmt):
            self.statement = node
        if isinstance(node, ast.Call):
            self.called.add(node.func)
            if _last_name(node.func) in WITHOUT_ORDER and node.args:
                self.unordered.update(getattr(node.args[0], "generators", ()))
        for kind, target, changed in _changes(node, self._names()):
            if kind != "reversed" or (target not in self.called and node not in self.unordered):
                self._plant(kind, target, changed)
        if isinstance(node, _SCOPES):
            self.scopes.append(node)
        for child in _children(node):
            enclosing = self.statement
            self.visit(child)
            self.statement = enclosing
        if isinstance(node, _SCOPES):
            self.scopes.pop()

    def _names(self) -> set[str]:
        functions = [scope for scope in self.scopes if isinstance(scope, ast.FunctionDef)]
        return {each.arg for each in functions[-1].args.args} if functions else set()

    def _plant(self, kind: str, target: ast.AST, changed: ast.AST) -> None:
        before, after = ast.unparse(target), ast.unparse(changed)
        if before == after:
            return
        constant = ""
        if isinstance(self.statement, ast.Assign) and not self.scopes:
            constant = _constant_of(self.statement, target)
        self.found.append(
            Fault(
                self.module,
                ".".join(each.name for each in self.scopes if hasattr(each, "name")),
                self.rows[target.lineno - 1].decode().strip(),
                f"{before} → {after}",
                kind,
                0,
                self.offsets[target.lineno - 1] + target.col_offset,
                self.offsets[target.end_lineno - 1] + target.end_col_offset,
                after if isinstance(changed, ast.stmt) else f"({after})",
                self._lines(target),
                constant,
            )
        )

    def _lines(self, target: ast.AST) -> tuple[int, int]:
        functions = [each for each in self.scopes if isinstance(each, ast.FunctionDef)]
        statement = self.statement
        if not functions or isinstance(statement, ast.FunctionDef):
            scope = self.scopes[-1] if self.scopes else None
            scope = statement if isinstance(statement, ast.FunctionDef) else scope
            return (scope.lineno, scope.end_lineno) if scope else (1, len(self.rows))
        if hasattr(statement, "body"):
            return target.lineno, target.end_lineno
        return statement.lineno, statement.end_lineno


def _constant_of(statement: ast.Assign, changed: ast.AST) -> str:
    """Return the name that an assignment gives to what holds a changed part."""
    names, values = statement.targets[0], statement.value
    if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple):
        for name, value in zip(names.elts, values.elts, strict=True):
            if changed in ast.walk(value):
                return ast.unparse(name)
    return ast.unparse(names)


def _cannot_matter(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Assign):
        return any(ast.unparse(target) == "__all__" for target in node.targets)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases", "type_comment"}:
            continue
        if isinstance(node, ast.Call) and _last_name(node.func) in _NUMBERS_FREE_OF_FAULTS:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg in {"strict", "axis"}:
                continue
            if isinstance(child, ast.AST):
                yield child


def _last_name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    clone = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(clone, name, value)
    return clone


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _changes(node: ast.AST, names: set[str]) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Yield the kind, the part that is changed and what it becomes."""
    match node:
        case ast.Compare(ops=[operator]):
            yield "comparison", node, _changed(node, ops=[COMPARISONS[type(operator)]()])
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield "branch", node, _changed(node, op=other)
            for value in values:
                yield "dropped", node, value
        case ast.BinOp():
            yield from _of_operation(node)
        case ast.AugAssign(op=operator):
            if type(operator) in OPERATORS:
                yield "arithmetic", node, _changed(node, op=OPERATORS[type(operator)]())
            yield "statement", node, ast.Pass()
        case ast.UnaryOp(op=ast.USub()):
            yield "sign", node, node.operand
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield "branch", node, node.operand
        case ast.Constant():
            yield from _of_constant(node)
        case ast.Subscript(slice=index, ctx=ast.Load()):
            for changed in _other_indices(index):
                yield "index", node, _changed(node, slice=changed)
        case ast.Assign(targets=[ast.Subscript()]) | ast.Expr(value=ast.Call()):
            yield "statement", node, ast.Pass()
        case ast.If() | ast.While() | ast.IfExp():
            for text in ("not ({})", "True", "False"):
                yield "branch", node.test, _parsed(text.format(ast.unparse(node.test)))
        case ast.comprehension(ifs=[condition]):
            yield "branch", condition, ast.Constant(True)
        case ast.Call():
            yield from _of_call(node)
    match node:
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            if _last_name(getattr(iterated, "func", iterated)) not in ARRAYS:
                yield "reversed", iterated, _parsed(f"list({ast.unparse(iterated)})[::-1]")
        case ast.Attribute(attr="T", ctx=ast.Load()):
            yield "transpose", node, node.value
        case ast.Attribute(ctx=ast.Load()):
            if node.attr in SIBLINGS:
                yield "sibling", node, _changed(node, attr=SIBLINGS[node.attr])
            owner = getattr(node.value, "id", "")
            if owner in {"self", "other"} and names >= {"self", "other"}:
                other = ast.Name("other" if owner == "self" else "self")
                yield "sibling", node, _changed(node, value=other)
        case ast.Name(ctx=ast.Load()):
            if node.id in SIBLINGS:
                yield "sibling", node, _changed(node, id=SIBLINGS[node.id])
            if node.id in CUT_OFFS:
                yield "cut-off", node, _parsed(f"{node.id} * 1000000.0")
                yield "cut-off", node, _parsed(f"{node.id} * 1e-06")
        case ast.Call():
            if _last_name(node.func) in ARRAYS:
                yield "reversed", node, _parsed(f"{ast.unparse(node)}[::-1]")
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in ARRAYS:
        yield "reversed", node, _parsed(f"{ast.unparse(node)}[::-1]")


def _of_operation(node: ast.BinOp) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    if any(isinstance(each, ast.JoinedStr) or _is_text(each) for each in (node.left, node.right)):
        return
    operator = type(node.op)
    if operator in OPERATORS:
        yield "arithmetic", node, _changed(node, op=OPERATORS[operator]())
    if operator in {ast.MatMult, ast.Sub}:
        yield "argument", node, _changed(node, left=node.right, right=node.left)
    if operator in {ast.Mult, ast.Div, ast.MatMult}:
        yield "sign", node, ast.UnaryOp(ast.USub(), copy.deepcopy(node))
    yield "dropped", node, node.left
    if operator is not ast.Pow:
        yield "dropped", node, node.right


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", node, ast.Constant(not value)
    elif isinstance(value, int):
        yield "constant", node, ast.Constant(value + 1)
    elif isinstance(value, float):
        yield "constant", node, ast.Constant(2.0 * value if value else 1.0)
        if 0.0 < value <= LARGEST_CUT_OFF:
            yield "cut-off", node, ast.Constant(1e6 * value)
            yield "cut-off", node, ast.Constant(1e-6 * value)


def _other_indices(index: ast.expr) -> Iterator[ast.expr]:
    match index:
        case ast.Constant(value=int()):
            yield ast.Constant(index.value + 1)
            if index.value == 0:
                yield ast.Constant(-1)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            yield ast.Constant(0)
        case ast.Slice():
            for part in ("lower", "upper", "step"):
                if getattr(index, part) is not None:
                    yield _changed(index, **{part: None})
        case ast.Tuple():
            for place, element in enumerate(index.elts):
                for changed in _other_indices(element):
                    elements = [*index.elts[:place], changed, *index.elts[place + 1 :]]
                    yield _changed(index, elts=elements)


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    name = _last_name(node.func)
    if name in _NUMBERS_FREE_OF_FAULTS:
        return
    plain = not any(isinstance(each, ast.Starred) for each in node.args)
    if plain and len(node.args) >= 2 and name not in COMMUTATIVE:
        *first, left, right = node.args
        yield "argument", node, _changed(node, args=[*first, right, left])
    if name in FUNCTIONS_OF_ONE and node.args:
        yield "dropped", node, node.args[0]
    for place, keyword in enumerate(node.keywords):
        if keyword.arg == "axis":
            value = ast.literal_eval(keyword.value) if _is_number(keyword.value) else 1
            changed = copy.deepcopy(node.keywords)
            changed[place].value = ast.Constant(0 if value else 1)
            yield "index", node, _changed(node, keywords=changed)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.UnaryOp)
