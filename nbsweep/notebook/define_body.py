"""The body of a ``%%sweep define`` cell: what is written there, a dict expression of Python or YAML, and its value.

`written_as` reads and executes nothing, so that an editor may ask it of every half-typed body; `body_config` evaluates.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbsweep.config_text import parse_yaml
from nbsweep.errors import ConfigError

__all__ = ["JSON_NAMES", "NOT_YAML", "YAML_SOURCE", "NotPythonError", "body_config", "written_as"]

JSON_NAMES = frozenset({"true", "false", "null"})
"""Names that tell a JSON text, which is YAML, from a dict of Python."""

YAML_SOURCE = "the cell"
NOT_YAML = "the cell below %%sweep define is neither a dict nor YAML: {error}"


class NotPythonError(ConfigError):
    """A body that begins as a dict and is not Python; `syntax` says where."""

    def __init__(self, syntax: SyntaxError) -> None:
        line = (syntax.text or "").strip()
        super().__init__(f"the dict below %%sweep define is not Python: {syntax.msg} (line {syntax.lineno}: {line})")
        self.syntax = syntax


@dataclass(frozen=True)
class Expression:
    """A body that is Python: the expression, and the statement that it stands in."""

    statement: ast.Expr | ast.Assign

    @property
    def value(self) -> ast.expr:
        """The expression that gives the config."""
        return self.statement.value


def written_as(body: str) -> Expression | None:
    """The body as a Python expression, or None where it is to be read as YAML.

    Raises
    ------
    ConfigError
        For an empty body, and (`NotPythonError`) one that begins as a dict and is not Python.

    Examples
    --------
    >>> written_as("method: random") is None
    True
    """
    if not body.strip():
        raise ConfigError("the cell is empty; below %%sweep define write the sweep config, a dict or YAML")
    try:
        tree = ast.parse(body)
    except SyntaxError as error:
        if body.lstrip().startswith(("{", "dict(")):
            raise NotPythonError(error) from None
        return None
    except (ValueError, RecursionError, MemoryError):  # NUL characters; nesting that the parser gives up on
        return None
    if len(tree.body) == 1 and isinstance(tree.body[0], (ast.Expr, ast.Assign)):
        return Expression(tree.body[0])
    return None


def body_config(body: str, namespace: dict[str, Any]) -> Any:
    """The dict or YAML of a define cell; the names of the notebook are those of `namespace`.

    ``sweep_config = {...}``, as tutorials have it, is taken too, and the name kept.

    Raises
    ------
    ConfigError
        When it is neither, or could not be evaluated.

    Examples
    --------
    >>> body_config("{'run_cap': 2 * n}", {"n": 3})
    {'run_cap': 6}
    """
    expression = written_as(body)
    if expression is not None:
        return _evaluated(expression, body, namespace)
    try:
        return parse_yaml(body, YAML_SOURCE)
    except ConfigError as error:
        raise ConfigError(NOT_YAML.format(error=error), error.path) from None


def _evaluated(expression: Expression, body: str, namespace: dict[str, Any]) -> Any:
    statement = expression.statement
    try:
        value = eval(compile(ast.Expression(expression.value), "<sweep define>", "eval"), namespace)
    except NameError as error:
        if getattr(error, "name", None) in JSON_NAMES:
            return parse_yaml(body, YAML_SOURCE)
        raise ConfigError(f"the dict below %%sweep define uses a name that the notebook lacks: {error}") from None
    except Exception as error:
        raise ConfigError(
            f"the dict below %%sweep define could not be evaluated: {type(error).__name__}: {error}"
        ) from None
    if isinstance(value, str) and isinstance(statement, ast.Expr):
        raise ConfigError(f"the cell below %%sweep define is a string, {value!r:.60}; write a dict or YAML")
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise ConfigError(f"the cell below %%sweep define gives {kind} {value!r:.60}; write a dict or YAML")
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                namespace[target.id] = value
    return value
