"""What is wrong with the body of a ``%%sweep define`` cell that is still being written, and where in it.

`check` says what the cell would say if it were run, in the same words, because the same validator judges. It executes
nothing: the dict is read as a syntax tree. What only running would tell (names of the notebook, calls, comprehensions)
is unknown, and nothing that depends on it is judged: the page is silent rather than wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from nbsweep.config_text import parse_yaml
from nbsweep.errors import ConfigError
from nbsweep.notebook.body_tree import Places, Span, read_expression, read_yaml
from nbsweep.notebook.define_body import JSON_NAMES, NOT_YAML, YAML_SOURCE, Expression, NotPythonError, written_as
from nbsweep.sweep_config import problems_of

__all__ = ["Found", "answer_check", "check"]

_LONGEST = 200_000  # characters; a body that is longer is a table that was pasted, and reading it takes too long


@dataclass(frozen=True)
class Found:
    """One problem in a body.

    Attributes
    ----------
    path : str
        The key's path, as in ``parameters.lr.min``.
    message : str
        What the kernel says of it when the cell is run.
    start, end : int
        Where to underline: offsets in the body, in characters.
    """

    path: str
    message: str
    start: int
    end: int


def check(body: str, shadowed: Mapping[str, Any] | None = None) -> list[Found]:
    """All problems of a body; empty when none is certain.

    Parameters
    ----------
    body : str
        The cell without its first line.
    shadowed : mapping, optional
        The names of the notebook: ``range``, ``list``, ``float`` and the like mean Python's unless they are among them.

    Examples
    --------
    >>> [found] = check("{'method': 'grid', 'parameters': {'lr': {'min': 5, 'max': 1}}}")
    >>> found.message, found.start
    ('parameters.lr.min: 5 is not below max 1; swap them', 48)
    >>> check("{'method': METHOD, 'parameters': make()}")
    []
    """
    if not body.strip() or len(body) > _LONGEST:
        return []  # nothing was written yet
    try:
        expression = written_as(body)
    except NotPythonError as error:
        return [_not_python(error, body)]
    except ConfigError as error:
        return [Found(error.path, str(error), *_visible(body))]
    if expression is None or _is_json(expression):
        return _check_yaml(body, whole_message=expression is None)
    return _check_expression(expression, body, shadowed or {})


def answer_check(content: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a page's request "check": ``{"body"}`` in, ``{"problems"}`` out.

    Offsets are counted as JavaScript does, in UTF-16 code units.
    """
    from IPython.core.getipython import get_ipython

    body = str(content.get("body", ""))
    found = check(body, getattr(get_ipython(), "user_ns", None))
    return {
        "problems": [
            asdict(replace(one, start=_utf16(body[: one.start]), end=_utf16(body[: one.end]))) for one in found
        ]
    }


def _check_expression(expression: Expression, body: str, shadowed: Mapping[str, Any]) -> list[Found]:
    value, places = read_expression(expression.value, body, shadowed)
    if places.is_unknown(""):
        return []
    start, end = places.whole
    if isinstance(value, str) and isinstance(expression.statement, ast.Expr):
        text = f"the cell below %%sweep define is a string, {value!r:.60}; write a dict or YAML"
        return [Found("", text, start, end)]
    if not isinstance(value, Mapping):
        text = f"the cell below %%sweep define gives {type(value).__name__} {value!r:.60}; write a dict or YAML"
        return [Found("", text, start, end)]
    return _judged(value, places)


def _check_yaml(body: str, *, whole_message: bool) -> list[Found]:
    try:
        value = parse_yaml(body, YAML_SOURCE)
    except ConfigError as error:
        text = NOT_YAML.format(error=error) if whole_message else str(error)
        return [Found(error.path, text, *_yaml_error(body))]
    return _judged(value, read_yaml(body))


def _judged(value: Mapping[Any, Any], places: Places) -> list[Found]:
    try:
        problems = problems_of(value)
    except Exception:  # a structure that holds itself, keys that cannot be compared: running the cell says so
        return []
    certain = [problem for problem in problems if not places.depends_on_unknown(problem.path)]
    return [Found(each.path, each.text, *places.span(each.path, of_key=each.of_key)) for each in certain]


def _is_json(expression: Expression) -> bool:
    return any(isinstance(node, ast.Name) and node.id in JSON_NAMES for node in ast.walk(expression.value))


def _not_python(error: NotPythonError, body: str) -> Found:
    lines = body.split("\n")
    number = min(max((error.syntax.lineno or 1) - 1, 0), len(lines) - 1)
    column = min(max((error.syntax.offset or 1) - 1, 0), len(lines[number]))
    start = sum(len(line) + 1 for line in lines[:number]) + column
    return Found("", str(error), *_widened(body, start))


def _yaml_error(body: str) -> Span:
    """Where a YAML text that cannot be read goes wrong."""
    import yaml

    from nbsweep.config_text import yaml_loader

    try:
        yaml.load(body, Loader=yaml_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            return _widened(body, mark.index)
    except Exception:  # a value or a character that cannot be read; no place is told
        pass
    return _visible(body)


def _widened(body: str, start: int) -> Span:
    """From `start` to the end of the word there, at least one character that can be seen and underlined."""
    start = min(start, len(body))
    if start == len(body) or body[start] == "\n":
        start = max(len(body[:start].rstrip()) - 1, 0)
    end = start + 1
    while end < len(body) and body[end].isalnum():
        end += 1
    return start, end


def _visible(body: str) -> Span:
    """The first line that is not blank."""
    start = len(body) - len(body.lstrip())
    line = body[start:].split("\n", 1)[0]
    return start, start + len(line.rstrip())


def _utf16(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
