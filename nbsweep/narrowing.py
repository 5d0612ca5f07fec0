"""Narrowing a sweep: from its config and a region of its space, the config of a sweep of that region alone.

In: a sweep config, ranges of numbers and choices of values by dotted parameter name. Out: a new config.
Pure.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from nbsweep.plan import displayed
from nbsweep.rounding import rounded
from nbsweep.space import SearchSpace
from nbsweep.support import identity

__all__ = ["left_out", "narrowed", "region_of"]

Range = tuple[float, float]

MOST_LISTED = 10  # values of a law with a 0 where no law has one
DIGITS = 3  # a brushed end is as exact as a hand is: 0.00123, not 0.0012345678
_UNBOUNDED = {
    "normal": "uniform",
    "q_normal": "q_uniform",
    "log_normal": "log_uniform_values",
    "q_log_normal": "q_log_uniform_values",
    # These take their bounds as exponents of e, which nobody reads; the same law takes the values themselves.
    "log_uniform": "log_uniform_values",
    "q_log_uniform": "q_log_uniform_values",
    "inv_log_uniform": "inv_log_uniform_values",
    "beta": "uniform",
    "q_beta": "q_uniform",
}


def narrowed(
    config: Mapping[str, Any], ranges: Mapping[str, Range], choices: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """A copy of `config` whose parameters are cut to a region.

    Parameters
    ----------
    config : mapping
        A checked sweep config as a dict.
    ranges : mapping
        {parameter: (low, high)}: the ends are rounded outwards to three significant digits, within the old bounds.
        Of integers and multiples of q those inside count; where none is, the nearest is the parameter's one value. With
        the 0 of a q_log_normal they are listed, up to ten; of more the 0 is left out.
    choices : mapping
        {parameter: the values to keep}; values the parameter does not have are left out.

    Examples
    --------
    >>> config = {"method": "random", "parameters": {"lr": {"distribution": "log_uniform_values", "min": 1e-4,
    ...     "max": 0.1}, "opt": {"values": ["adam", "sgd"]}}}
    >>> narrowed(config, {"lr": (0.00123456, 0.0123)}, {"opt": ["adam"]})["parameters"]
    {'lr': {'distribution': 'log_uniform_values', 'min': 0.00123, 'max': 0.0123}, 'opt': {'value': 'adam'}}
    """
    out = copy.deepcopy(dict(config))
    for name, (low, high) in ranges.items():
        holder, key = _find(out, name)
        if holder is not None:
            holder[key] = _cut(holder[key], low, high, of_grid=out["method"] == "grid")
    for name, kept in choices.items():
        holder, key = _find(out, name)
        if holder is not None and kept:
            holder[key] = _chosen(holder[key], kept)
    return out


def left_out(config: Mapping[str, Any], ranges: Mapping[str, Range], choices: Mapping[str, Sequence[Any]]) -> list[str]:
    """What of a region a config does not have, in words: `narrowed` passes over it.

    Examples
    --------
    >>> config = {"parameters": {"opt": {"values": ["adam", "sgd"]}}}
    >>> left_out(config, {"drop": (0.1, 0.4)}, {"opt": ["adam", "lion"]})
    ['drop from 0.1 to 0.4', "opt 'lion'"]
    """
    said = []
    for name, (low, high) in ranges.items():
        holder, key = _find(dict(config), name)
        listed = [] if holder is None else _listed(holder[key])
        if holder is None or (listed and not any(_is_number(value) and low <= value <= high for value in listed)):
            said.append(f"{name} from {rounded(low)} to {rounded(high)}")
    for name, kept in choices.items():
        holder, key = _find(dict(config), name)
        had = None if holder is None else {identity(displayed(value)) for value in _listed(holder[key])}
        gone = [value for value in kept if had is None or (had and identity(displayed(value)) not in had)]
        if gone:
            said.append(f"{name} {', '.join(map(repr, gone))}")
    return said


def region_of(
    configs: Sequence[Mapping[str, Any]], numbers: Sequence[str], categories: Sequence[str]
) -> tuple[dict[str, Range], dict[str, list[Any]]]:
    """The smallest region that holds these flat configs: ranges of `numbers`, choices of `categories`.

    Examples
    --------
    >>> region_of([{"lr": 0.1, "opt": "sgd"}, {"lr": 0.3, "opt": "sgd"}], ["lr"], ["opt"])
    ({'lr': (0.1, 0.3)}, {'opt': ['sgd']})
    """
    ranges: dict[str, Range] = {}
    choices: dict[str, list[Any]] = {}
    for name in numbers:
        values = [config[name] for config in configs if isinstance(config.get(name), (int, float))]
        if values and min(values) < max(values):
            ranges[name] = (min(values), max(values))
    for name in categories:
        seen = {identity(config[name]): config[name] for config in configs if name in config}
        if seen:
            choices[name] = list(seen.values())
    return ranges, choices


def _find(config: dict[str, Any], name: str) -> tuple[dict[str, Any] | None, str]:
    """The mapping that holds a parameter's definition, and its key there; dots may be part of a name."""
    holder: dict[str, Any] = config["parameters"]
    path = name
    while path not in holder:
        head = next((key for key in holder if path.startswith(f"{key}.") and "parameters" in holder[key]), None)
        if head is None:
            return None, path
        holder, path = holder[head]["parameters"], path[len(head) + 1 :]
    return holder, path


def _cut(definition: Mapping[str, Any], low: float, high: float, *, of_grid: bool) -> dict[str, Any]:
    if "values" in definition:
        return _chosen(definition, [v for v in definition["values"] if _is_number(v) and low <= v <= high])
    parameter = SearchSpace.from_config({"x": dict(definition)})["x"]
    if parameter.is_constant or parameter.bounds is None:
        return dict(definition)
    law = _UNBOUNDED.get(parameter.distribution, parameter.distribution)
    q = 1 if law == "int_uniform" else parameter.definition.get("q")
    lowest, highest = parameter.bounds
    if q is None:
        ends = max(_rounded(low, math.floor), lowest), min(_rounded(high, math.ceil), highest)
        if ends[0] >= ends[1]:
            return {"value": min(ends[0], highest)}
        return {"distribution": law, "min": ends[0], "max": ends[1]}
    # A grid counts the steps of a q_uniform from its min on, all else from 0.
    start = lowest if of_grid and law == parameter.distribution == "q_uniform" else 0
    first, last = _steps(max(low, lowest) - start, min(high, highest) - start, q, (lowest - start, highest - start))
    if first == 0 < last and "log" in law:  # a log law has no 0, as the q_log_normal that it stands for has
        if last < MOST_LISTED:
            return {"values": [_short(k * q) for k in range(last + 1)]}
        first = 1
    if first == last:
        return {"value": _short(start + first * q)}
    ends = _short(start + first * q), _short(start + last * q)
    return {"distribution": law, "min": ends[0], "max": ends[1], **({"q": q} if law != "int_uniform" else {})}


def _steps(low: float, high: float, q: float, bounds: Range) -> tuple[int, int]:
    """The first and the last multiple of q from `low` to `high`, counted in q; twice the nearest where none is."""
    first, last = _counted(low, q, math.ceil), _counted(high, q, math.floor)
    if first > last:
        first = last = round((low + high) / 2 / q)
    lowest = _counted(bounds[0], q, math.ceil) if math.isfinite(bounds[0]) else first
    highest = _counted(bounds[1], q, math.floor) if math.isfinite(bounds[1]) else last
    return min(max(first, lowest), highest), max(min(last, highest), lowest)


def _counted(value: float, q: float, direction: Callable[[Fraction], int]) -> int:
    """`value` in multiples of q; one that a page's arithmetic missed by its last digits is met."""
    exact = Fraction(value) / Fraction(q)
    nearest = round(exact)
    return nearest if math.isclose(nearest * q, value, rel_tol=1e-9) else direction(exact)


def _short(value: float) -> float:
    """0.3 for the 0.30000000000000004 that three times 0.1 is."""
    short = float(f"{value:.12g}") if isinstance(value, float) else value
    return short if math.isclose(short, value, rel_tol=1e-15) else value


def _chosen(definition: Mapping[str, Any], kept: Sequence[Any]) -> dict[str, Any]:
    wanted = {identity(displayed(value)) for value in kept}  # a page knows them as it shows them
    had = _listed(definition) or list(kept)
    values = [value for value in had if identity(displayed(value)) in wanted] or list(had)
    return {"value": values[0]} if len(values) == 1 else {"values": values}


def _listed(definition: Mapping[str, Any]) -> list[Any]:
    """The values that a parameter's definition lists; of a distribution none."""
    return list(definition.get("values", [definition["value"]] if "value" in definition else []))


def _rounded(value: float, direction: Any) -> float:
    """`value` to three significant digits, unless it has no more already."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = DIGITS - 1 - math.floor(math.log10(abs(value)))
    nearest = round(value, unit)
    if math.isclose(nearest, value, rel_tol=1e-6):
        return nearest
    return float(round(direction(value * 10.0**unit) / 10.0**unit, unit))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
