"""Source of notebook cells: a sweep's definition, a run's config. Pure."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

from nbsweep.analysis import metric_value
from nbsweep.rounding import rounded
from nbsweep.store.records import RunRecord
from nbsweep.sweep_config import Metric

__all__ = ["config_cell", "define_cell"]

WIDTH = 88


def define_cell(config: Mapping[str, Any], name: str, comment: str | None = None) -> str:
    """The source of a ``%%sweep define`` cell; a comment stands above the config."""
    above = "" if comment is None else f"# {_in_a_line(comment)}\n"
    return f"%%sweep define {shlex.quote(name)}\n{above}{_literal(config)}"


def config_cell(run: RunRecord, metric: Metric | None) -> str:
    """The source of a cell that makes a run's config again, every digit of it; a comment says whose it is."""
    value = metric_value(run, metric)
    comment = run.name if metric is None or value is None else f"{run.name}, {metric.name} {rounded(value)}"
    return f"# {_in_a_line(comment)}\nconfig = {_literal(run.config)}"


def _in_a_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _literal(value: Any, depth: int = 0, before: int = 0) -> str:
    """`value` as a person would write it: a mapping in a line where it fits, else a key a line."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    if not isinstance(value, Mapping):
        return repr(value) if not isinstance(value, float) or math.isfinite(value) else f'float("{value}")'
    line = "{" + ", ".join(f"{key!r}: {_literal(each)}" for key, each in value.items()) + "}"
    if depth > 0 and "\n" not in line and before + len(line) <= WIDTH:
        return line
    indent = "    " * (depth + 1)
    items = [
        f"{indent}{key!r}: {_literal(each, depth + 1, len(indent) + len(repr(key)) + 3)},\n"
        for key, each in value.items()
    ]
    return "{\n" + "".join(items) + "    " * depth + "}"
