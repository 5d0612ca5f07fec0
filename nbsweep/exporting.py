"""The table of a sweep's runs as a file: CSV, Parquet or JSON, by the name's ending."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbsweep.errors import UsageError
from nbsweep.plan import sendable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_table"]


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table, such as `Sweep.to_pandas` gives, to a file whose name ends in .csv, .parquet or .json.

    In Parquet a column that holds values of several kinds (numbers and words, lists, dicts) is text: words as they
    are, all else as JSON.

    Raises
    ------
    UsageError
        For another ending; where no library for Parquet is installed; where the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in (".csv", ".parquet", ".json"):
        raise UsageError(f"{path}: use a name that ends in .csv, .parquet or .json")
    if path.suffix == ".parquet" and not any(map(importlib.util.find_spec, ("pyarrow", "fastparquet"))):
        raise UsageError(f"{path}: Parquet needs a library of its own; pip install pyarrow, or write a .csv")
    try:
        if path.suffix == ".csv":
            frame.to_csv(path, index=False)
        elif path.suffix == ".json":
            rows = [_sendable(row) for row in frame.astype(object).to_dict("records")]
            path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), "utf-8")
        else:
            frame.apply(_of_one_kind).to_parquet(path, index=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def _sendable(row: dict[Any, Any]) -> dict[str, Any]:
    """A row as JSON carries it, each number whole; what is missing, or NaN, is null."""
    import pandas as pd

    def made(value: Any) -> Any:
        if isinstance(value, (list, tuple, dict)):
            return sendable(value)
        return None if pd.isna(value) else sendable(value.item() if hasattr(value, "item") else value)

    return {str(name): made(value) for name, value in row.items()}


def _of_one_kind(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype != object:
        return column
    kinds = {type(value) for value in column if value is not None and value == value}
    if kinds <= {str} or kinds <= {bool}:
        return column
    return column.map(
        lambda value: value if value is None or isinstance(value, str) else json.dumps(value, default=str),
        na_action="ignore",
    )
