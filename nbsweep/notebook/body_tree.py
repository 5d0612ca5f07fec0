"""A define cell's body as a value with places: which characters wrote each key and value, and what is not known.

`read_expression` takes a Python syntax tree, `read_yaml` a YAML text. Only literals, dicts, lists, arithmetic of
numbers and a few harmless builtins are evaluated; for all else an `Unknown` stands in the value.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from nbsweep.config_problems import join

__all__ = ["Places", "Span", "Unknown", "read_expression", "read_yaml"]

Span = tuple[int, int]

_MOST_ITEMS = 100_000
_MOST_BITS = 1100  # what arithmetic may grow to: beyond a float the validator objects anyhow
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_BUILTINS: dict[str, Callable[..., Any]] = {
    "float": float, "int": int, "list": list, "range": range, "tuple": tuple,
}  # fmt: skip


class Unknown:
    """Stands for a value that only running the cell would tell."""

    def __repr__(self) -> str:
        return "<unknown>"


class Places:
    """Where each path was written, and which paths are not known.

    Attributes
    ----------
    whole : (int, int)
        The span of the config itself.
    """

    def __init__(self, whole: Span) -> None:
        self.whole = whole
        self._keys: dict[str, Span] = {}
        self._values: dict[str, Span] = {}
        self._unknown: set[str] = set()
        self._open: set[str] = set()  # mappings that may have keys which are not seen
        self._uncertain: set[str] = set()  # ways that lead to something unknown

    def put(self, path: str, key: Span | None, value: Span) -> None:
        """Note where a path's key and value are written; the last of two wins, as in a dict."""
        if key is not None:
            self._keys[path] = key
        self._values[path] = value

    def mark_unknown(self, path: str, ways: tuple[str, ...]) -> None:
        """Note that the value at a path is not known; `ways` are the paths that lead to it."""
        self._unknown.add(path)
        self._uncertain.update(ways)

    def mark_open(self, path: str, ways: tuple[str, ...]) -> None:
        """Note that the mapping at a path may have more keys than are seen."""
        self._open.add(path)
        self._uncertain.update((*ways, path))

    def is_unknown(self, path: str) -> bool:
        return path in self._unknown

    def depends_on_unknown(self, path: str) -> bool:
        """Whether a problem at this path could vanish, were all values known.

        It could if the value itself, one above it or one inside it is not known, and if the key stands in a mapping
        that may have more keys than are seen. `command` may name any parameter.
        """
        if path in self._unknown or path in self._uncertain:
            return True
        above = list(_above(path))
        if any(way in self._unknown for way in above):
            return True
        if above and above[0] in self._open:
            return True
        names_parameters = path.startswith("command")
        return names_parameters and any(way.startswith("parameters") or way == "" for way in self._open | self._unknown)

    def span(self, path: str, *, of_key: bool) -> Span:
        """What to underline for a problem at this path: its key, its value, or the key of what lacks it."""
        if of_key and path in self._keys:
            return self._keys[path]
        if path in self._values:
            start, end = self._values[path]
            return self._keys.get(path, (start, end)) if end - start > 60 else (start, end)
        for way in _above(path):
            if way in self._keys:
                return self._keys[way]
        return self.whole[0], min(self.whole[0] + 1, self.whole[1])


def read_expression(node: ast.expr, body: str, shadowed: Mapping[str, Any]) -> tuple[Any, Places]:
    """The value of an expression of Python, as far as it is known without running it, and where its parts stand."""
    reader = _PythonReader(body, shadowed)
    places = Places(reader.span_of(node))
    return reader.read(node, "", (), places), places


def read_yaml(text: str) -> Places:
    """Where the keys and values of a YAML mapping stand. The text is one that the loader has read."""
    import yaml

    from nbsweep.config_text import yaml_loader

    loader = yaml_loader()(text)
    try:
        root = loader.get_single_node()
        places = Places((root.start_mark.index, root.end_mark.index))
        _place_yaml(root, "", places, loader, yaml, depth=0)
    finally:
        loader.dispose()
    return places


def _place_yaml(node: Any, path: str, places: Places, loader: Any, yaml: Any, depth: int) -> None:
    if depth > 50 or len(places._values) > _MOST_ITEMS:
        return
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for each in merged:
                    _place_yaml(each, path, places, loader, yaml, depth + 1)
                continue
            here = join(path, _yaml_key(key_node, loader))
            places.put(here, _marks(key_node), _marks(value_node))
            _place_yaml(value_node, here, places, loader, yaml, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            places.put(join(path, number), None, _marks(item))
            _place_yaml(item, join(path, number), places, loader, yaml, depth + 1)


def _yaml_key(node: Any, loader: Any) -> object:
    try:
        key = loader.construct_object(node, deep=True)
        return node.value if isinstance(key, int) else key
    except Exception:
        return node.value


def _marks(node: Any) -> Span:
    start, end = node.start_mark.index, node.end_mark.index
    if node.end_mark.buffer is not None:  # a block ends where the next thing begins: leave the blank lines out
        text = node.end_mark.buffer[node.start_mark.pointer : node.end_mark.pointer].rstrip()
        end = start + len(text)
    return start, max(end, start)


class _PythonReader:
    """Reads one syntax tree; `ways` are the paths from the root to where it is."""

    def __init__(self, body: str, shadowed: Mapping[str, Any]) -> None:
        self._lines = [line + "\n" for line in body.split("\n")]
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line))
        self._starts = starts
        self._shadowed = shadowed

    def span_of(self, node: ast.expr) -> Span:
        end_line = node.end_lineno or node.lineno
        end_column = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)

    def read(self, node: ast.expr, path: str, ways: tuple[str, ...], places: Places) -> Any:
        """The node's value, `Unknown` where it takes running; its parts are put into `places`."""
        if len(ways) > 60:
            return self._unknown(path, ways, places)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Dict):
            return self._dict(list(zip(node.keys, node.values, strict=True)), path, ways, places)
        if isinstance(node, (ast.List, ast.Tuple)):
            items = [self._item(item, number, path, ways, places) for number, item in enumerate(node.elts)]
            if any(isinstance(item, ast.Starred) for item in node.elts):
                return self._unknown(path, ways, places)
            return items if isinstance(node, ast.List) else tuple(items)
        if isinstance(node, ast.Call) and self._is_builtin(node.func, "dict") and not node.args:
            pairs: list[tuple[ast.expr | None, Any]] = [
                (None if word.arg is None else ast.Constant(word.arg), word) for word in node.keywords
            ]
            return self._dict(pairs, path, ways, places)
        value = self._computed(node)
        return self._unknown(path, ways, places) if isinstance(value, Unknown) else value

    def _unknown(self, path: str, ways: tuple[str, ...], places: Places) -> Unknown:
        places.mark_unknown(path, ways)
        return Unknown()

    def _item(self, node: ast.expr, number: int, path: str, ways: tuple[str, ...], places: Places) -> Any:
        here = join(path, number)
        places.put(here, None, self.span_of(node))
        return self.read(node, here, (*ways, path), places)

    def _dict(
        self, pairs: list[tuple[ast.expr | None, Any]], path: str, ways: tuple[str, ...], places: Places
    ) -> dict[Any, Any]:
        read: dict[Any, Any] = {}
        inside = (*ways, path)
        for key_node, written in pairs:
            value_node = written.value if isinstance(written, ast.keyword) else written
            key = Unknown() if key_node is None else self._computed(key_node)
            if isinstance(key, (Unknown, list, tuple, range)):
                # **spread or a computed key: it may add to what is there, and overwrite what was written before it
                places.mark_open(path, ways)
                for before in read:
                    read[before] = self._unknown(join(path, before), inside, places)
                continue
            here = join(path, key)
            key_span = self._keyword(written) if isinstance(written, ast.keyword) else self.span_of(key_node)  # type: ignore[arg-type]
            places.put(here, key_span, self.span_of(value_node))
            read[key] = self.read(value_node, here, inside, places)
        return read

    def _keyword(self, word: ast.keyword) -> Span:
        start = self._offset(word.lineno, word.col_offset)
        return start, start + len(word.arg or "")

    def _computed(self, node: ast.expr) -> Any:
        """The value of a constant expression; `Unknown` for all else, also where computing it fails."""
        try:
            return self._compute(node)
        except Exception:  # a division by zero, int("x"): running the cell says what is wrong
            return Unknown()

    def _compute(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
            return _SIGNS[type(node.op)](_number(self._compute(node.operand)))
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = _number(self._compute(node.left)), _number(self._compute(node.right))
            return _arithmetic(node.op, left, right)
        if isinstance(node, (ast.List, ast.Tuple)):
            items = [self._compute(item) for item in node.elts]
            if any(isinstance(item, Unknown) for item in items):
                return Unknown()
            return items if isinstance(node, ast.List) else tuple(items)
        if isinstance(node, ast.Call) and not node.keywords and isinstance(node.func, ast.Name):
            return self._call(node)
        return Unknown()

    def _call(self, node: ast.Call) -> Any:
        function = next((name for name in _BUILTINS if self._is_builtin(node.func, name)), None)
        arguments = [self._compute(argument) for argument in node.args]
        if function is None or any(isinstance(argument, Unknown) for argument in arguments):
            return Unknown()
        if function in ("list", "tuple") and any(len(argument) > _MOST_ITEMS for argument in arguments):
            return Unknown()
        return _BUILTINS[function](*arguments)

    def _is_builtin(self, node: ast.expr, name: str) -> bool:
        return isinstance(node, ast.Name) and node.id == name and name not in self._shadowed

    def _offset(self, line: int, column: int) -> int:
        """Characters before a place that ast gives as a line and a column in bytes."""
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return self._starts[min(line, len(self._starts)) - 1] + len(text.encode()[:column].decode(errors="ignore"))


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("not a number")
    return value


def _arithmetic(symbol: ast.operator, left: int | float, right: int | float) -> Any:
    """The result, or `Unknown` where whole numbers would grow without bounds."""
    whole = isinstance(left, int) and isinstance(right, int)
    if whole and isinstance(symbol, ast.Pow) and int(left).bit_length() * abs(right) > _MOST_BITS:
        return Unknown()
    return _OPERATORS[type(symbol)](left, right)


def _above(path: str) -> list[str]:
    """The paths of what a path lies in, the nearest first, the config itself ("") last.

    Names with dots and brackets make more steps than there are; the extra ones name nothing.
    """
    cuts = [index for index, character in enumerate(path) if character in ".[" and index > 0]
    return [path[:cut] for cut in reversed(cuts)] + ([""] if path else [])
