"""The search space: named parameters, nested as the config nests them, and the ways through it.

In comes the ``parameters`` section of a sweep config; out come configs: sampled, decoded from the unit cube, or
enumerated lazily in grid order. Names are ordered as a grid orders them: sorted, level by level.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbsweep.config_parameters import read_parameters
from nbsweep.config_problems import Problems
from nbsweep.distributions import Law, law
from nbsweep.errors import UsageError
from nbsweep.support import Axis, Lattice, identity

__all__ = ["Parameter", "SearchSpace"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a space.

    Attributes
    ----------
    path : tuple of str
        Where it stands in a config, as in ``("model", "depth")``.
    distribution : str
    definition : dict
        Its normalised form in the config.

    Examples
    --------
    >>> lr = SearchSpace.from_config({"lr": {"min": 0.0, "max": 0.1}})["lr"]
    >>> lr.name, lr.distribution, lr.ppf(0.5), lr.bounds, lr.size
    ('lr', 'uniform', 0.05, (0.0, 0.1), None)
    """

    path: tuple[str, ...]
    distribution: str
    definition: dict[str, Any] = field(repr=False)
    law: Law = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """Its dotted name, as in ``model.depth``."""
        return ".".join(self.path)

    def ppf(self, u: float) -> Any:
        """The value at quantile `u`, from 0 to 1: the inverse CDF."""
        u = float(u)
        if not 0.0 <= u <= 1.0:
            raise UsageError(f"{self.name}: a quantile goes from 0 to 1, not {u!r}")
        return _own(self.law.ppf(u))

    def encode(self, value: Any) -> float:
        """A quantile whose value is `value`; the middle one, where there are many.

        Raises
        ------
        UsageError
            When the parameter cannot have this value.
        """
        try:
            return self.law.encode(value)
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None

    @property
    def size(self) -> int | None:
        """How many distinct values there are; None for infinitely many."""
        return None if self.law.support is None else self.law.support.size

    def values(self) -> Iterator[Any]:
        """The distinct values in order, lazily."""
        return _values(self._finite(self.law.support))

    def grid_values(self) -> Iterator[Any]:
        """The values that a grid takes, lazily: `values`, but a `q_uniform` counts from its min."""
        return _values(self._finite(self.law.grid))

    @property
    def min(self) -> float | None:
        """The lower bound: None where values are no numbers, may be infinite."""
        return self.law.low

    @property
    def max(self) -> float | None:
        """The upper bound: None where values are no numbers, may be infinite."""
        return self.law.high

    @property
    def bounds(self) -> tuple[float, float] | None:
        """`min` and `max`; None where values are no numbers."""
        return None if self.min is None or self.max is None else (self.min, self.max)

    @property
    def is_constant(self) -> bool:
        """Whether there is only one value."""
        return self.size == 1

    def _finite(self, axis: Axis | None) -> Axis:
        if axis is None:
            raise UsageError(f"{self.name} is {self.distribution}: it has infinitely many values")
        return axis


class SearchSpace(Mapping[str, Any]):
    """A space of configs.

    Examples
    --------
    >>> space = SearchSpace.from_config({"units": {"values": [64, 128]}, "net": {"parameters": {
    ...     "depth": {"min": 1, "max": 3}}}})
    >>> list(space), space.grid_size
    (['net.depth', 'units'], 6)
    >>> next(space.grid())
    {'net': {'depth': 1}, 'units': 64}
    >>> space["net.depth"].ppf(0.5), space["net"]["depth"].size
    (2, 3)
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = tuple(sorted(parameters, key=lambda parameter: parameter.path))
        self._by_path = {parameter.path: parameter for parameter in self.parameters}
        self._free = tuple(parameter for parameter in self.parameters if not parameter.is_constant)

    @classmethod
    def from_config(cls, parameters: Mapping[str, Any]) -> SearchSpace:
        """The space of a ``parameters`` section, raw or normalised.

        Raises
        ------
        ConfigError
            When it is not valid.
        """
        problems = Problems()
        normalised = read_parameters(parameters, "parameters", problems)
        problems.raise_if_any("the parameters section")
        return cls([Parameter(path, leaf["distribution"], leaf, law(leaf)) for path, leaf in _leaves(normalised)])

    # -- its parameters -------------------------------------------------------------------------------------------

    def __getitem__(self, name: str | tuple[str, ...]) -> Any:
        """A parameter by its name, dotted name or path; a nest by its name, as a space of its own."""
        for path in [name] if isinstance(name, tuple) else self._paths(name):
            if path in self._by_path:
                return self._by_path[path]
            inner = [parameter for parameter in self.parameters if parameter.path[: len(path)] == path]
            if inner:
                return SearchSpace([Parameter(p.path[len(path) :], p.distribution, p.definition, p.law) for p in inner])
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (parameter.name for parameter in self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def names(self) -> list[str]:
        """The dotted names of all parameters, in grid order."""
        return list(self)

    @property
    def dimension(self) -> int:
        """The number of parameters that have more than one value."""
        return len(self._free)

    # -- ways through it ------------------------------------------------------------------------------------------

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """A config drawn at random, each parameter by its distribution."""
        return self.decode(rng.random(self.dimension))

    def decode(self, u: ArrayLike) -> dict[str, Any]:
        """The config at a point of the unit cube.

        Parameters
        ----------
        u : array, shape (dimension,)
            A quantile for each parameter that is not constant, in the order of names.
        """
        point = np.asarray(u, dtype=float)
        if point.shape != (self.dimension,):
            raise UsageError(f"the point has shape {point.shape}; this space takes ({self.dimension},)")
        quantiles = dict(zip((parameter.path for parameter in self._free), point.tolist(), strict=True))
        return self.config([parameter.ppf(quantiles.get(parameter.path, 0.5)) for parameter in self.parameters])

    def encode(self, config: Mapping[str, Any]) -> NDArray[np.float64]:
        """The point of the unit cube that decodes to this config.

        Returns
        -------
        array, shape (dimension,)

        Raises
        ------
        UsageError
            When a parameter is missing from the config, or has a value that it cannot have.
        """
        values = []
        for parameter in self._free:
            value = _find(config, parameter.path)
            if value is _MISSING:
                raise UsageError(f"the config has no {parameter.name}")
            values.append(parameter.encode(value))
        return np.array(values, dtype=float)

    def grid(self) -> Iterator[dict[str, Any]]:
        """All points in grid order, made as they are asked for: names sorted, the last fastest."""
        return (self.config(values) for values in self._grid())

    @property
    def grid_size(self) -> int | None:
        """How many points the grid has; None when a parameter has infinitely many values."""
        return None if self.lattice is None else self.lattice.size

    def grid_point(self, index: int) -> dict[str, Any]:
        """The point number `index` of the grid, without making the ones before it."""
        lattice = self._grid()
        if not 0 <= index < lattice.size:
            raise UsageError(f"the grid has the points 0 to {lattice.size - 1}, not {index}")
        return self.config(lattice.point(index))

    @cached_property
    def lattice(self) -> Lattice | None:
        """The grid, one axis a parameter; None when a parameter has infinitely many values."""
        return _lattice([parameter.law.grid for parameter in self.parameters])

    @cached_property
    def support(self) -> Lattice | None:
        """All configs that can be drawn at random, where they are finitely many."""
        return _lattice([parameter.law.support for parameter in self.parameters])

    def config(self, values: Sequence[Any]) -> dict[str, Any]:
        """The config with these values, one a parameter, in the order of names."""
        config: dict[str, Any] = {}
        for parameter, value in zip(self.parameters, values, strict=True):
            nest = config
            for name in parameter.path[:-1]:
                nest = nest.setdefault(name, {})
            nest[parameter.path[-1]] = _own(value)
        return config

    def values_of(self, config: Mapping[str, Any]) -> list[Any] | None:
        """The parameters' values in a config, in the order of names; None when one is missing."""
        found = [_find(config, parameter.path) for parameter in self.parameters]
        return None if any(value is _MISSING for value in found) else found

    def points(self, method: str) -> Lattice | None:
        """All configs that a search by this method may suggest; None where they are infinitely many."""
        return self.lattice if method == "grid" else self.support

    def place(self, points: Lattice, config: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Where among these points of the space a config is; None where it is none of them."""
        values = self.values_of(config)
        return None if values is None else points.places(values)

    def key(self, config: Mapping[str, Any]) -> str:
        """What a config is, whatever way it is written: see `nbsweep.support.identity`.

        Only the parameters of this space count; what a run added to its config does not.
        """
        found = [_find(config, parameter.path) for parameter in self.parameters]
        return identity([[] if value is _MISSING else [value] for value in found])

    # -- private --------------------------------------------------------------------------------------------------

    def _grid(self) -> Lattice:
        if self.lattice is None:
            endless = next(parameter for parameter in self.parameters if parameter.law.grid is None)
            raise UsageError(f"{endless.name} is {endless.distribution}: a grid needs finitely many values")
        return self.lattice

    def _paths(self, name: str) -> Iterator[tuple[str, ...]]:
        """What a dotted name can mean, as names may hold dots: the shortest paths first."""
        yield (name,)
        known = {path[:depth] for path in self._by_path for depth in range(2, len(path) + 1)}
        yield from sorted((path for path in known if ".".join(path) == name), key=len)


_MISSING = object()


def _leaves(
    parameters: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, definition in parameters.items():
        if "parameters" in definition:
            yield from _leaves(definition["parameters"], (*above, name))
        else:
            yield (*above, name), definition


def _find(config: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = config
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return _MISSING
        found = found[name]
    return found


def _own(value: Any) -> Any:
    """The value, safe from changes to the space's own lists and dicts."""
    return copy.deepcopy(value) if isinstance(value, (list, dict)) else value


def _values(axis: Axis) -> Iterator[Any]:
    index, size = 0, axis.size
    while index < size:
        yield _own(axis.value(index))
        index += 1


def _lattice(axes: Sequence[Axis | None]) -> Lattice | None:
    known = tuple(axis for axis in axes if axis is not None)
    return Lattice(known) if len(known) == len(axes) else None
