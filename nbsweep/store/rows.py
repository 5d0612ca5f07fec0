"""How records become rows and come back: nested values as JSON, booleans as integers, text that databases take."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nbsweep.store.records import AgentRecord, RunRecord, SweepRecord

__all__ = ["agent_of", "from_row", "key_of", "plain", "row_of", "run_of", "sweep_of", "to_row"]

LONGEST_KEY = 500  # characters: PostgreSQL's index takes entries of 2,704 bytes
_JSON_COLUMNS = {"config", "suggestion", "summary", "tags"}
_MOST_OF_AN_ARRAY = 4096  # values; a longer one in a config is kept as the text that it prints


def to_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """A record's fields as a table's columns."""
    return {name: _json(value) if name in _JSON_COLUMNS else plain(value) for name, value in values.items()}


def _json(value: Any) -> str | None:
    """As JSON, whatever it holds: what one run has in its config must not keep all others from being written."""
    if value is None:
        return None
    try:
        return _dumped(value)
    except Exception as error:  # it holds itself, or a user's object that cannot say what it is
        with contextlib.suppress(Warning):  # whoever turns warnings into errors means those of their own thread
            warnings.warn(f"a value of a config or summary was not kept: {error}", stacklevel=2)
        kept = {}
        for key, each in value.items() if isinstance(value, Mapping) else enumerate(value):
            try:
                kept[key] = json.loads(_dumped(each))
            except Exception:
                kept[key] = f"({type(each).__name__}, not kept)"
        return _dumped(kept if isinstance(value, Mapping) else list(kept.values()))


def _dumped(value: Any) -> str:
    return json.dumps(value, default=_jsonable, skipkeys=True)


def _jsonable(value: Any) -> Any:
    """NumPy's and PyTorch's numbers and small arrays as Python's; anything else as text."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and math.prod(shape) <= _MOST_OF_AN_ARRAY:
        with contextlib.suppress(Exception):  # a user's object
            return value.tolist()
    return str(value)


def plain(value: Any) -> Any:
    """Booleans as integers; text as UTF-8 and PostgreSQL carry it (a traceback may quote a file name that is none)."""
    if isinstance(value, str):
        return value.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
    return int(value) if isinstance(value, bool) else value


def key_of(key: str) -> str:
    """A logged key as it is kept: a very long one by its beginning and a hash of the whole."""
    whole = str(plain(key))
    if len(whole) <= LONGEST_KEY:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    return f"{whole[: LONGEST_KEY - 17]}…{digest}"


def from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A table's columns as a record's fields."""
    return {name: _loaded(name, value) if name in _JSON_COLUMNS and value else value for name, value in row.items()}


def _loaded(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:  # a disk changed it: one unreadable row must not hide the others
        warnings.warn(f"a row's {name} could not be read from the store ({error})", stacklevel=2)
        return () if name == "tags" else {}


def sweep_of(row: Mapping[str, Any]) -> SweepRecord:
    return SweepRecord(**from_row(row))


def run_of(row: Mapping[str, Any]) -> RunRecord:
    values = from_row(row)
    index = values.pop("number")  # the column is named as the field was at first
    return RunRecord(
        **{
            **values,
            "index": index,
            "stop_requested": bool(values["stop_requested"]),
            "tags": tuple(values["tags"] or ()),
        }
    )


def row_of(run: RunRecord) -> dict[str, Any]:
    """The columns of a run, as `run_of` reads them."""
    values = {field.name: getattr(run, field.name) for field in fields(run)}
    return to_row({"number": values.pop("index"), **values})


def agent_of(row: Mapping[str, Any]) -> AgentRecord:
    return AgentRecord(**{**row, "stop_requested": bool(row["stop_requested"])})
