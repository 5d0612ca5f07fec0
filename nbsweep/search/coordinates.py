"""Where a model sees a config: one number a parameter that is not constant.

A real parameter, and one with very many values, is its quantile in [0, 1]. An ordered one with few values (integers,
quantised numbers, a list of numbers) stands at evenly spaced places in [0, 1], so that the model knows nothing between
them. A categorical one is the index of its value; its distance is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbsweep.errors import UsageError
from nbsweep.space import Parameter, SearchSpace
from nbsweep.support import Axis, plain

__all__ = ["Coordinate", "Coordinates", "Points", "membership"]

Points = NDArray[np.float64]
"""Rows of coordinates, shape (n, dimension)."""

_GRAINS = 2.0**40
_FEW = 64  # values; above it a parameter is as good as real
_TAIL = 1e-3  # about 3.1 standard deviations


@dataclass(frozen=True)
class Coordinate:
    """One parameter as the model sees it.

    Attributes
    ----------
    parameter : Parameter
    kind : str
        "real", "ordered" or "categorical".
    levels : array or None
        The coordinates that it can take, ascending; None for a real one.
    order : array or None
        ``order[i]``: which value of the parameter's axis has ``levels[i]``.
    reach : array or None
        ``reach[i]``: how likely the axis' values 0 to i are together.
    """

    parameter: Parameter
    kind: str
    levels: NDArray[np.float64] | None = None
    order: NDArray[np.int64] | None = None
    reach: NDArray[np.float64] | None = None

    @property
    def snaps(self) -> bool:
        """Whether it is treated as real, and takes some values only."""
        stepped = self.parameter.size is not None or self.parameter.distribution.startswith("q_")
        return self.levels is None and stepped

    @property
    def tail(self) -> float:
        """How much of each end is never suggested: of a law without ends, which has its farthest numbers there.

        An acquisition is often highest at an end, and a normal's end is where floats end, 8.2 standard deviations out.
        """
        return _TAIL if self.levels is None and self.parameter.distribution.endswith("normal") else 0.0

    def at(self, quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
        """The coordinates at these quantiles."""
        if self.levels is None or self.reach is None or self.order is None:
            return quantiles
        place = np.minimum(np.searchsorted(self.reach, quantiles, side="right"), len(self.reach) - 1)
        rank = np.empty(len(self.order), dtype=np.int64)
        rank[self.order] = np.arange(len(self.order))
        return self.levels[rank[place]]

    def value(self, coordinate: float) -> Any:
        """The value at a coordinate; the nearest, where there is none at it."""
        if self.levels is None or self.order is None:
            return self.parameter.ppf(min(max(float(coordinate), 0.0), 1.0))
        axis = _axis(self.parameter)
        return axis.value(int(self.order[np.abs(self.levels - coordinate).argmin()]))

    def coordinate(self, value: Any) -> float | None:
        """The coordinate of a value; None when the parameter cannot have it."""
        if self.levels is None or self.order is None:
            return _quantile(self.parameter, value)
        index = _axis(self.parameter).index(value)
        return None if index is None else float(self.levels[np.nonzero(self.order == index)[0][0]])


class Coordinates:
    """A space as a model sees it.

    Attributes
    ----------
    each : tuple of Coordinate
        The parameters that are not constant.
    categorical, real : array of bool, shape (dimension,)
    sizes : list of int
        How many values each categorical coordinate has, 0 for the others.
    size : int or None
        How many points the space has; None for infinitely many.

    Examples
    --------
    >>> space = SearchSpace.from_config({"lr": {"min": 0.0, "max": 0.1}, "net": {"values": ["a", "b", "c"]},
    ...                                  "units": {"values": [256, 64, 128]}})
    >>> coordinates = Coordinates(space)
    >>> [coordinate.kind for coordinate in coordinates.each]
    ['real', 'categorical', 'ordered']
    >>> x = coordinates.of({"lr": 0.05, "net": "b", "units": 128})
    >>> x.tolist(), coordinates.config(x)
    ([0.5, 1.0, 0.5], {'lr': 0.05, 'net': 'b', 'units': 128})
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.each = tuple(_coordinate(parameter) for parameter in space.parameters if not parameter.is_constant)
        self.categorical = np.array([c.kind == "categorical" for c in self.each], dtype=bool)
        self.sizes = [len(c.levels) if c.kind == "categorical" and c.levels is not None else 0 for c in self.each]
        self.real = np.array([c.kind == "real" for c in self.each], dtype=bool)
        self.size = None if space.support is None else space.support.size

    @property
    def dimension(self) -> int:
        return len(self.each)

    def at(self, quantiles: Points) -> Points:
        """The points at these quantiles, both of shape (n, dimension)."""
        return np.column_stack([c.at(quantiles[:, i]) for i, c in enumerate(self.each)]) if self.each else quantiles

    def of(self, config: Mapping[str, Any]) -> NDArray[np.float64] | None:
        """The coordinates of a config, shape (dimension,); None when the space has no such config."""
        values = self.space.values_of(config)
        if values is None:
            return None
        known = dict(zip((p.path for p in self.space.parameters), values, strict=True))
        for parameter in self.space.parameters:
            if parameter.is_constant and _quantile(parameter, known[parameter.path]) is None:
                return None
        found = [c.coordinate(known[c.parameter.path]) for c in self.each]
        return None if any(x is None for x in found) else np.array(found, dtype=float)

    def config(self, x: NDArray[np.float64]) -> dict[str, Any]:
        """The config at a point of shape (dimension,)."""
        values = {c.parameter.path: c.value(x[i]) for i, c in enumerate(self.each)}
        return self.space.config([values.get(p.path, p.ppf(0.5)) for p in self.space.parameters])

    def snapped(self, points: Points) -> Points:
        """The points, shape (n, dimension), as their configs have them: integers and multiples, where treated as real.

        Other real coordinates are rounded to 2⁻⁴⁰: the last bits of what linear algebra gives differ with where arrays
        lie in memory, and a suggestion must not.
        """
        points = np.asarray(np.where(self.real, np.round(points * _GRAINS) / _GRAINS, points))
        for i, c in enumerate(self.each):
            if c.snaps:
                different, place = np.unique(points[:, i], return_inverse=True)
                points[:, i] = np.array([c.parameter.encode(c.value(x)) for x in different])[place]
        return points

    def every(self) -> Points:
        """All points of a space in which each coordinate has levels."""
        grids = np.meshgrid(*[c.levels for c in self.each], indexing="ij")
        return np.column_stack([grid.ravel() for grid in grids]) if grids else np.zeros((1, 0))


def _coordinate(parameter: Parameter) -> Coordinate:
    size = parameter.size
    listed = parameter.distribution.startswith("categorical")
    if size is None or (size > _FEW and not listed):
        return Coordinate(parameter, "real")
    axis = _axis(parameter)
    weights = np.array([axis.weight_below(i) for i in range(size + 1)], dtype=float)
    reach = weights[1:] / weights[-1]
    values = [plain(axis.value(i)) for i in range(size)]
    if listed and not (size > 2 and all(_is_number(value) for value in values)):
        return Coordinate(parameter, "categorical", np.arange(size, dtype=float), np.arange(size), reach)
    order = np.argsort(np.array(values, dtype=float), kind="stable")
    return Coordinate(parameter, "ordered", np.linspace(0.0, 1.0, size), order, reach)


def _axis(parameter: Parameter) -> Axis:
    axis = parameter.law.support
    assert axis is not None
    return axis


def _quantile(parameter: Parameter, value: Any) -> float | None:
    """The value's quantile; None when it is out of bounds or no number."""
    if parameter.law.support is not None:
        if parameter.law.support.index(value) is None:
            return None
    elif not _is_number(value) or not _between(parameter.bounds, value):
        return None
    try:
        return parameter.encode(value)
    except UsageError:
        return None


def _is_number(value: Any) -> bool:
    value = plain(value)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(float(value)))


def _between(bounds: Sequence[float] | None, value: float) -> bool:
    if bounds is None:
        return True
    slack = 1e-9 * max(abs(bounds[0]), abs(bounds[1])) if np.isfinite(bounds).all() else 0.0
    return bounds[0] - slack <= value <= bounds[1] + slack


def membership(space: SearchSpace, method: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a search by this method may come to a config; a grid's values of a q_uniform count from its min."""
    lattice = space.points(method) if method == "grid" else None
    if lattice is not None:
        return lambda config: space.place(lattice, config) is not None
    coordinates = Coordinates(space)
    return lambda config: coordinates.of(config) is not None
