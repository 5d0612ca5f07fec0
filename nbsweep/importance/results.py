"""What `measure` answers: frozen dataclasses, whose numbers are all finite, and a table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nbsweep.rounding import plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Importance", "LevelEffect", "ParameterImportance"]


@dataclass(frozen=True)
class LevelEffect:
    """One value of a categorical parameter.

    Attributes
    ----------
    level : str
        The value as text.
    runs : int
        How many of the used runs had it.
    mean : float
        The metric's mean over them.
    correlation : float or None
        Of having this value with the metric's rank, from -1 to 1.
    """

    level: str
    runs: int
    mean: float
    correlation: float | None


@dataclass(frozen=True)
class ParameterImportance:
    """One parameter's row.

    Attributes
    ----------
    name : str
        Dotted.
    kind : "number" or "category"
    importance : float
        The share of the metric's (rank) variance that a forest can explain with it, measured on runs it has not seen.
    low, high : float
        A 90 % bootstrap interval of it.
    null : float
        What noise reaches: in 19 of 20 sweeps in which nothing matters no parameter gets above its `null`.
    correlation : float or None
        Spearman's, for numbers and booleans. Ranks are the same on a logarithmic axis.
    important : bool
        Whether `importance` is above `null`.
    more_runs : int or None
        About how many more runs would tell; None where it is told, or more runs would not help.
    levels : tuple of LevelEffect
        Of a categorical parameter, the lowest mean first.
    values : int
        How many different values the used runs had.
    """

    name: str
    kind: Literal["number", "category"]
    importance: float
    low: float
    high: float
    null: float
    correlation: float | None
    important: bool
    more_runs: int | None
    levels: tuple[LevelEffect, ...] = ()
    values: int = 0

    @property
    def verdict(self) -> str:
        """In words.

        Examples
        --------
        >>> row = ParameterImportance("lr", "number", 0.1, 0.0, 0.2, 0.15, None, False, 25)
        >>> row.verdict
        'cannot tell yet, about 25 more runs'
        """
        if self.important:
            return "important"
        if self.more_runs is not None:
            return f"cannot tell yet, about {plural(self.more_runs, 'more run')}"
        return "not varied" if self.values < 2 else "makes little difference, below 5 %"


@dataclass(frozen=True)
class Importance:
    """What the runs say about a metric.

    Attributes
    ----------
    metric : str
    goal : str or None
        "minimize" or "maximize", for the sweep's own metric.
    runs_used : int
    left_out : dict
        {why: how many runs}, as in ``{"running": 2, "NaN": 1}``.
    null_band : float
        The highest `null` of all rows: what noise reaches.
    rows : tuple of ParameterImportance
        The important ones first, then by importance.
    more_runs : int or None
        About how many more runs would settle the next parameter; None where all is settled.
    note : str or None
        Why nothing could be computed.
    """

    metric: str
    goal: str | None
    runs_used: int
    left_out: dict[str, int]
    null_band: float
    rows: tuple[ParameterImportance, ...]
    more_runs: int | None
    note: str | None = None

    def to_pandas(self) -> pd.DataFrame:
        """A row a parameter: parameter, importance, low, high, null, correlation, important, verdict, more_runs.

        ``attrs`` carry metric, runs_used, left_out and note.
        """
        import pandas as pd

        fields = ["importance", "low", "high", "null", "correlation", "important", "verdict", "more_runs"]
        frame = pd.DataFrame(
            {"parameter": [row.name for row in self.rows]}
            | {field: [getattr(row, field) for row in self.rows] for field in fields}
        )
        frame = frame.astype({"correlation": float, "more_runs": "Int64"})
        frame.attrs = {
            "metric": self.metric,
            "runs_used": self.runs_used,
            "left_out": dict(self.left_out),
            "note": self.note,
        }
        return frame
