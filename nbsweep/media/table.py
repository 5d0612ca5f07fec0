"""`Table`: rows that may grow until they are logged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nbsweep.absent import warn_ignored
from nbsweep.errors import UsageError
from nbsweep.media.base import LONGEST_CAPTION, Media
from nbsweep.media.checks import check_columns, checked_rows
from nbsweep.rounding import plural
from nbsweep.store.media import Kept, file_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "table_of"]


class Table(Media):
    """Rows of values under named columns.

    Parameters
    ----------
    columns : sequence of str, optional
        By default a DataFrame's, else "Input", "Output", "Expected" as W&B has it, or numbers where `data` has not
        three columns.
    data : sequence of sequences, optional
        Rows; a DataFrame too. A value may be an `Image` or a `Histogram`, which comes back as history gives it, with a
        `load` of its own.
    dataframe : pandas.DataFrame, optional
        In the place of `columns` and `data`.
    **ignored
        W&B's other arguments (allow_mixed_types, …); they make no difference, which a warning says.

    Examples
    --------
    >>> table = Table(columns=["word", "count"])
    >>> table.add_data("a", 3)
    >>> table.data
    [['a', 3]]
    """

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Iterable[Sequence[Any]] | None = None,
        dataframe: Any = None,
        **ignored: Any,
    ) -> None:
        warn_ignored("Table", ignored)
        if dataframe is None and hasattr(columns, "itertuples") and data is None:
            columns, dataframe = None, columns
        elif dataframe is None and data is not None and hasattr(data, "itertuples"):
            if columns is None:
                data, dataframe = None, data
            else:
                data = list(data.itertuples(index=False, name=None))  # under names of the caller's
        if dataframe is not None:
            if columns is not None or data is not None:
                raise UsageError("Table takes a dataframe, or columns and data, not both")
            if not hasattr(dataframe, "itertuples"):
                raise UsageError(f"Table(dataframe={dataframe!r:.80}): give a pandas DataFrame")
            columns, data = list(dataframe.columns), dataframe.itertuples(index=False, name=None)
        rows = [] if data is None else checked_rows(data)
        if columns is not None:
            check_columns(columns)
        if columns is None:
            width = len(rows[0]) if rows else 3
            columns = ["Input", "Output", "Expected"] if width == 3 else range(width)
        self.columns = [str(column) for column in columns]
        self.data: list[list[Any]] = []
        for row in rows:
            self.add_data(*row)

    def add_data(self, *row: Any) -> None:
        """Add a row: a value a column."""
        if len(row) != len(self.columns):
            raise UsageError(
                f"Table.add_data: {len(row)} values for {len(self.columns)} columns ({', '.join(self.columns)[:200]})"
            )
        self.data.append([_cell(value) for value in row])

    def add_column(self, name: Any, data: Iterable[Any]) -> None:
        """Add a column: a value a row. The first column of a table brings its rows."""
        values = [_cell(value) for value in data]
        if not self.columns:
            self.data = [[] for _ in values]
        if len(values) != len(self.data):
            raise UsageError(f"Table.add_column({str(name)!r:.80}): {len(values)} values for {len(self.data)} rows")
        self.columns = [*self.columns, str(name)]
        self.data = [[*row, value] for row, value in zip(self.data, values, strict=True)]

    def get_column(self, name: Any, convert_to: str | None = None) -> Any:
        """A column's values, as a list; with ``convert_to="numpy"`` as an array.

        Raises
        ------
        UsageError
            When there is no such column, or for another `convert_to`.
        """
        if str(name) not in self.columns:
            raise UsageError(f"Table.get_column({str(name)!r:.80}): the columns are {', '.join(self.columns)[:200]}")
        if convert_to not in (None, "numpy"):
            raise UsageError(f'Table.get_column(convert_to={convert_to!r:.80}): it is None or "numpy"')
        place = self.columns.index(str(name))
        values = [row[place] for row in self.data]
        if convert_to is None:
            return values
        import numpy as np

        return np.array(values)

    def get_dataframe(self) -> pd.DataFrame:
        """The table for pandas."""
        import pandas as pd

        return pd.DataFrame(self.data, columns=self.columns)

    def taken(self) -> Table:
        copy = Table(columns=self.columns)
        copy.data = [list(row) for row in self.data]
        media = sum(value.weight for row in copy.data for value in row if isinstance(value, Media))
        copy.weight = 100 * len(copy.data) * max(1, len(copy.columns)) + media
        return copy

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        files: dict[str, bytes] = {}

        def as_json(value: Any) -> Any:
            value = _cell(value)
            if isinstance(value, list):
                return [as_json(each) for each in value]
            if isinstance(value, Media):
                value, its_files = value.packed(sweep_id, run_id)
                files.update(its_files)
            return {"media": value.record} if isinstance(value, Kept) else value

        rows = [[as_json(value) for value in row] for row in self.data]
        data = json.dumps({"columns": self.columns, "data": rows}).encode()
        name = file_name(sweep_id, run_id, data, "table.json")
        count = f"{plural(len(rows), 'row')} of {len(self.columns)}"
        text = f"table, {count}: {', '.join(self.columns)}"
        text = text if len(text) <= LONGEST_CAPTION else text[: LONGEST_CAPTION - 1] + "…"
        return Kept({"kind": "table", "text": text, "file": name}), {**files, name: data}


def table_of(data: bytes) -> Table:
    """The table that `packed` made this file of."""
    read = json.loads(data)
    return Table(columns=read["columns"], data=_with_media(read["data"]))


def _with_media(value: Any) -> Any:
    """A table's rows as they are read: what is no list, text or number in them names a picture or histogram."""
    if isinstance(value, list):
        return [_with_media(each) for each in value]
    return Kept(value["media"]) if isinstance(value, dict) else value


def _cell(value: Any) -> Any:
    """A table's value as JSON has it, or a picture or histogram; safe from later changes."""
    if isinstance(value, (Kept, Media)):
        return value.taken() if isinstance(value, Media) else value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value if type(value) in (bool, int, float, str) or value is None else json.loads(json.dumps(value))
    try:
        if hasattr(value, "tolist"):
            return _cell(value.tolist())
        if isinstance(value, (list, tuple)):
            return [_cell(each) for each in value]
        return str(value)
    except Exception:  # a user's object: its errors are its own
        return f"<{type(value).__name__}>"
