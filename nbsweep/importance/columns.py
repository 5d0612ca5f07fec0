"""Parameters of runs as columns: configs and a search space in, whole-number codes with their labels out.

A parameter whose values are all numbers (booleans are none) is one ordered column; any other is one column of levels,
told apart by identity, whatever they are: strings, lists, dicts. What a config lacks, or holds as None or NaN, is
missing, which is a value of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbsweep.config_problems import show
from nbsweep.space import Parameter, SearchSpace
from nbsweep.support import identity, plain
from nbsweep.sweep_config import SweepConfig

__all__ = ["Column", "labels", "read"]

_MISSING = object()


@dataclass(frozen=True)
class Column:
    """One parameter of all runs.

    Attributes
    ----------
    name : str
        Dotted.
    ordered : bool
        Whether it is a number.
    listed : bool
        Whether its values are a list of the sweep config, so that each is worth a row.
    codes : array of int, shape (n,)
        The rank of a number among the column's distinct values, or the index of a category's level; -1 for missing.
    levels : tuple
        The value of each code.
    """

    name: str
    ordered: bool
    listed: bool
    codes: NDArray[np.int64]
    levels: tuple[Any, ...]

    @property
    def values(self) -> int:
        """How many different values there are, missing counted."""
        return len(np.unique(self.codes))

    def take(self, rows: NDArray[np.intp]) -> Column:
        """The column of some of the runs."""
        return replace(self, codes=self.codes[rows])


def read(configs: Sequence[Mapping[str, Any]], config: SweepConfig) -> list[Column]:
    """A column for each parameter of the sweep config that can vary.

    Examples
    --------
    >>> from nbsweep import sweep_config
    >>> config = sweep_config.load({"method": "grid", "parameters": {"net": {"parameters": {"depth": {"values": [1, 2]},
    ...     "act": {"values": ["relu", "gelu"]}}}, "epochs": {"value": 3}}})
    >>> act, column = read([{"net": {"depth": 2, "act": "relu"}}, {"net": {"depth": 1, "act": "gelu"}}, {}], config)
    >>> act.codes.tolist(), act.levels
    ([0, 1, -1], ('relu', 'gelu'))
    >>> column.name, column.codes.tolist(), column.levels
    ('net.depth', [1, 0, -1], (1.0, 2.0))
    """
    parameters = SearchSpace.from_config(config.parameters).parameters
    return [_column(parameter, configs) for parameter in parameters if not parameter.is_constant]


def labels(column: Column) -> list[str]:
    """The column's levels as text: a string as it is, all else as in the config."""
    return [value if isinstance(value, str) else show(value, 200) for value in column.levels]


def _column(parameter: Parameter, configs: Sequence[Mapping[str, Any]]) -> Column:
    values = [_value(config, parameter.path) for config in configs]
    listed = "values" in parameter.definition
    column = np.full(len(values), -1, dtype=np.int64)
    numbers = _numbers(values)
    if numbers is not None:
        known = ~np.isnan(numbers)
        distinct, codes = np.unique(numbers[known], return_inverse=True)
        column[known] = codes
        return Column(parameter.name, True, listed, column, tuple(distinct.tolist()))
    found: dict[Any, int] = {}
    levels: list[Any] = []
    for row, value in enumerate(values):
        if value is _MISSING:
            continue
        key = value if isinstance(value, str) else (identity(value),)  # a tuple is no string: 1 and "1" are two
        if key not in found:
            found[key] = len(levels)
            levels.append(value)
        column[row] = found[key]
    return Column(parameter.name, False, listed, column, tuple(levels))


def _value(config: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = config
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return _MISSING
        found = found[name]
    found = plain(found)
    return _MISSING if found is None or (isinstance(found, float) and math.isnan(found)) else found


def _numbers(values: Sequence[Any]) -> NDArray[np.float64] | None:
    """The values as floats, NaN where missing; None where any is no number."""
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values if value is not _MISSING):
        return None
    try:
        return np.array([math.nan if value is _MISSING else float(value) for value in values], dtype=float)
    except OverflowError:  # an int beyond the floats
        return None
