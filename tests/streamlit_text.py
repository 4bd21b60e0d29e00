"""Which calls of Streamlit could show text that came from data: reads syntax trees, runs nothing.

Streamlit renders markdown in labels, tooltips, messages and options, so a path or the name of a task must not get there
as it is. Text is taken as safe when it is
- a literal, an imported or own CONSTANT of literals, or a number: shown with a format that text would not survive
  (`{n:,}`), or the result of `len` and the like;
- what a function of `rollout_curator.ui.text` returns;
- put together from safe pieces: f-string, `+`, `%`, `join`, `if else`, list, dict, comprehension, a look-up in these;
- a name bound to safe pieces only, or a call of a function of the same module that returns safe pieces only.
Everything else is refused: what a reader knows to be harmless is shown to be so by passing it through `ui.text`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TEXT_MODULE = "rollout_curator.ui.text"
NUMERIC = re.compile(r"[-+ ]?#?0?\d*[,_]?(\.\d+)?[bcdeEfFgGnoxX%]|[-+ ]?0?\d*[,_](\.\d+)?|%.+")
"""Formats of numbers and times: text formatted so raises."""
NUMBERS = frozenset({"len", "int", "float", "round", "abs", "sum", "range", "bool"})
"""Built-in functions whose results hold no text."""
KEEPERS = frozenset({"str", "sorted", "list", "tuple", "dict", "reversed", "zip", "enumerate", "min", "max", "map"})
"""Built-in functions whose results hold no other text than their arguments."""
SHOWN_FIRST = frozenset(
    {
        "markdown",
        "caption",
        "title",
        "header",
        "subheader",
        "text",
        "code",
        "latex",
        "html",
        "json",
        "badge",
        "error",
        "warning",
        "info",
        "success",
        "exception",
        "expander",
        "popover",
        "status",
        "spinner",
        "button",
        "download_button",
        "link_button",
        "checkbox",
        "toggle",
        "radio",
        "selectbox",
        "multiselect",
        "pills",
        "segmented_control",
        "select_slider",
        "slider",
        "number_input",
        "text_input",
        "text_area",
        "date_input",
        "time_input",
        "file_uploader",
        "form_submit_button",
        "tabs",
        "dialog",
        "chat_message",
        "menu_button",
        "toast",
    }
)
SHOWN_ARGUMENTS = {**dict.fromkeys(SHOWN_FIRST, 1), "write": 99, "metric": 3}
"""Of these methods the first so many arguments are shown; in the others of Streamlit, only named ones are."""
SHOWN_BY_NAME = frozenset({"label", "body", "help", "placeholder", "delta", "caption", "captions"})
OPTIONS = frozenset({"radio", "selectbox", "multiselect", "pills", "segmented_control", "select_slider"})
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class Scope:
    """The names of one function or of the module, and the scope around it."""

    parent: "Scope | None" = None
    bound: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    text: set[str] = field(default_factory=set)

    def holding(self, name: str) -> "Scope | None":
        """Return the nearest scope that knows a name."""
        if name in self.bound or name in self.functions or name in self.text:
            return self
        return self.parent.holding(name) if self.parent else None

    def bind(self, target: ast.expr, value: ast.expr | None) -> None:
        """Note that the names in `target` get `value` or parts of it."""
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.bound.setdefault(node.id, []).append(value)


def own_nodes(root: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of one scope, functions inside it as single nodes."""
    bodies = [root.body] if isinstance(root, ast.Lambda) else list(getattr(root, "body", []))
    waiting: list[ast.AST] = list(bodies)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function):
            waiting.extend(ast.iter_child_nodes(node))
        elif not isinstance(node, ast.Lambda):
            waiting.extend(node.decorator_list)


def scope_of(root: ast.AST, parent: Scope | None) -> Scope:
    """Return the names that a module or function binds."""
    scope = Scope(parent)
    if isinstance(root, Function):
        arguments = root.args
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ):
            if argument is not None:
                scope.bound.setdefault(argument.arg, []).append(None)
    for node in own_nodes(root):
        note(node, scope)
    return scope


def note(node: ast.AST, scope: Scope) -> None:
    """Add what one node binds to the scope."""
    match node:
        case ast.Assign():
            for target in node.targets:
                scope.bind(target, node.value)
        case ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr():
            scope.bind(node.target, node.value)
        case ast.For() | ast.comprehension():
            scope.bind(node.target, node.iter)
        case ast.withitem() if node.optional_vars is not None:
            scope.bind(node.optional_vars, None)
        case ast.ExceptHandler() if node.name is not None:
            scope.bound.setdefault(node.name, []).append(None)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            scope.functions[node.name] = node
        case ast.ImportFrom():
            for alias in node.names:
                if TEXT_MODULE in (node.module, f"{node.module}.{alias.name}"):
                    scope.text.add(alias.asname or alias.name)


def pieces(node: ast.expr) -> list[ast.expr] | None:
    """Return the parts that an expression takes its text from, or None if it is not put together from parts."""
    match node:
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            return parts
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return parts
        case ast.Dict(keys=keys, values=parts):
            return [*(key for key in keys if key is not None), *parts]
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other) | ast.DictComp(key=one, value=other):
            return [one, other]
        case ast.Starred(value=part) | ast.Subscript(value=part) | ast.NamedExpr(value=part):
            return [part]
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.SetComp(elt=part):
            return [part]
    return None


class Judge:
    """Tells safe pieces of text from others within one module; `busy` ends circles of names and functions."""

    def __init__(self) -> None:
        self.busy: set[tuple[int, str]] = set()

    def safe(self, node: ast.expr | None, scope: Scope) -> bool:
        """Say whether an expression holds no text from data."""
        parts = pieces(node) if node else None
        if parts is not None:
            return all(self.safe(part, scope) for part in parts)
        match node:
            case ast.Constant() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Name(id=name):
                return self.safe_name(name, scope)
            case ast.Attribute(attr=name):
                return name.isupper()
            case ast.FormattedValue(value=value, format_spec=spec):
                return is_numeric(spec) or self.safe(value, scope)
            case ast.Call():
                return self.safe_call(node, scope)
        return False

    def safe_name(self, name: str, scope: Scope) -> bool:
        """Say whether all that a name is bound to is safe; imported constants are."""
        home = scope.holding(name)
        if home is None:
            return name.isupper()
        if (id(home), name) in self.busy or name not in home.bound:
            return (id(home), name) in self.busy
        self.busy.add((id(home), name))
        try:
            return all(self.safe(value, home) for value in home.bound[name])
        finally:
            self.busy.discard((id(home), name))

    def safe_call(self, node: ast.Call, scope: Scope) -> bool:
        """Say whether a call returns safe text: of ui.text, a built-in, a method on safe text, a function here."""
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if self.makes_safe(node.func, scope):
            return True
        match node.func:
            case ast.Name(id=name) if scope.holding(name) is None:
                return name in NUMBERS or (name in KEEPERS and all(self.safe(part, scope) for part in arguments))
            case ast.Attribute(value=value, attr="get"):
                return self.safe(value, scope) and all(self.safe(part, scope) for part in arguments[1:])
            case ast.Attribute(value=value):
                return self.safe(value, scope) and all(self.safe(part, scope) for part in arguments)
        return False

    def makes_safe(self, node: ast.expr, scope: Scope) -> bool:
        """Say whether a function returns safe text whatever it is given."""
        match node:
            case ast.Name(id=name):
                home = scope.holding(name)
                if home is None or name in home.text:
                    return home is not None
                return name in home.functions and self.returns_safe(home.functions[name], name, home)
            case ast.Attribute(value=ast.Name(id=name)) if (home := scope.holding(name)) and name in home.text:
                return True
            case ast.Attribute(value=value, attr="get" | "__getitem__" | "format"):
                return self.safe(value, scope)
            case ast.Lambda():
                return self.safe(node.body, scope_of(node, scope))
        return False

    def returns_safe(self, function: Function, name: str, home: Scope) -> bool:
        """Say whether everything that a function returns is safe."""
        if (id(home), name) in self.busy:
            return True
        self.busy.add((id(home), name))
        try:
            inner = scope_of(function, home)
            returns = [node for node in own_nodes(function) if isinstance(node, ast.Return)]
            return bool(returns) and all(self.safe(node.value, inner) for node in returns)
        finally:
            self.busy.discard((id(home), name))


def is_numeric(spec: ast.expr | None) -> bool:
    """Say whether a format is one that only a number or a time survives."""
    if not isinstance(spec, ast.JoinedStr) or not all(isinstance(part, ast.Constant) for part in spec.values):
        return False
    written = "".join(str(part.value) for part in spec.values if isinstance(part, ast.Constant))
    return NUMERIC.fullmatch(written) is not None


def shown(call: ast.Call, method: str) -> Iterator[ast.expr]:
    """Yield the arguments of a call that Streamlit shows, options aside."""
    yield from call.args[: SHOWN_ARGUMENTS.get(method, 0)]
    yield from (keyword.value for keyword in call.keywords if keyword.arg in SHOWN_BY_NAME)


def is_unsafe(call: ast.Call, scope: Scope, judge: Judge) -> bool:
    """Say whether a call may show text from data."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=receiver)) if (home := scope.holding(receiver)) and receiver in home.text:
            return False
        case ast.Attribute(attr=method) if method in SHOWN_ARGUMENTS:
            pass
        case _:
            return False
    if not all(judge.safe(argument, scope) for argument in shown(call, method)):
        return True
    if method not in OPTIONS:
        return False
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    options = named.get("options", call.args[1] if len(call.args) > 1 else ast.Constant(None))
    shower = named.get("format_func")
    return not (judge.makes_safe(shower, scope) if shower else judge.safe(options, scope))


def unsafe_calls(root: ast.AST, parent: Scope | None = None) -> list[str]:
    """Return `line: call` for every call in a module that may show text from data, in order."""
    scope, judge, found = scope_of(root, parent), Judge(), []
    for node in own_nodes(root):
        if isinstance(node, ast.Call) and is_unsafe(node, scope, judge):
            found.append((node.lineno, f"{node.lineno}: {ast.unparse(node)[:100]}"))
        if isinstance(node, Function):
            found += [(int(line.partition(":")[0]), line) for line in unsafe_calls(node, scope)]
    return [line for _, line in sorted(found)]
