"""Earlier runs as a search takes them: what people give in, runs of this space out, and in words which of them fit.

Given are pairs of a config and a value, a table (a pandas DataFrame), or objects with `config` and `summary` as the
runs of a sweep have. Nothing here knows a store; names of runs and sweeps are looked up by `nbsweep.prior`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbsweep.config_problems import did_you_mean, show
from nbsweep.errors import UsageError
from nbsweep.search.base import Observation
from nbsweep.search.coordinates import Coordinates, membership
from nbsweep.space import Parameter, SearchSpace
from nbsweep.support import plain

__all__ = ["COUNTED", "PriorRun", "completed", "fitting", "metric_number", "read_priors", "said_of_priors"]

COUNTED = ("finished", "stopped", "failed")
"""The states of earlier runs that say something of their config; one that was killed or crashed says nothing."""

_MISSING = object()
IS_MISSING = "is missing"
FORMS = (
    "give a list of (config, value) pairs, a DataFrame with a column a parameter and one for the metric, "
    "or a sweep (nbsweep.Sweep, its id or its name)"
)
FORMS_WITHOUT_A_STORE = (
    "give a list of (config, value) pairs, or a DataFrame with a column a parameter and one for the metric, which of a "
    "sweep is sweep.to_pandas()"
)


@dataclass(frozen=True)
class PriorRun:
    """An earlier run. `config` has what the space knows of; `value` is None where there is no finite one; `sweep_id`
    is the sweep it is of, where that is known."""

    config: dict[str, Any]
    value: float | None
    state: str
    sweep_id: str | None = None


def read_priors(
    given: Any, space: SearchSpace, metric: str | None, *, first: int = 0, forms: str = FORMS
) -> list[PriorRun]:
    """Earlier runs, one after the other as they are given; those that had not ended are among them.

    Parameters
    ----------
    given : iterable or DataFrame
        (config, value) pairs, or objects with `config`, `summary` and perhaps `state`; or a DataFrame as
        `nbsweep.Sweep.to_pandas` gives it. A value that is None, NaN or infinite is that of a run that failed.
    metric : str or None
        The summary key, or column, that has the value.
    first : int
        Which number messages give to the first one.
    forms : str
        What messages say that may be given.

    Raises
    ------
    UsageError
        When it is none of these.

    Examples
    --------
    >>> space = SearchSpace.from_config({"lr": {"min": 0.0, "max": 0.1}, "epochs": {"value": 3}})
    >>> read_priors([({"lr": 0.05, "note": "x"}, 0.4)], space, "loss")
    [PriorRun(config={'epochs': 3, 'lr': 0.05}, value=0.4, state='finished', sweep_id=None)]
    """
    if hasattr(given, "itertuples") and hasattr(given, "columns"):
        return _of_table(given, space, metric)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise UsageError(f"prior_runs is {show(given)}; {forms}")
    return [_of_item(item, f"prior_runs[{place}]", space, metric, forms) for place, item in enumerate(given, first)]


def completed(space: SearchSpace, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a config says of the space's parameters; a constant that it lacks has its value.

    A nested parameter may stand under its dotted name.

    Examples
    --------
    >>> space = SearchSpace.from_config({"net": {"parameters": {"depth": {"min": 1, "max": 9}}}, "k": {"value": 5}})
    >>> completed(space, {"net.depth": 3, "other": 1})
    {'k': 5, 'net': {'depth': 3}}
    """
    out: dict[str, Any] = {}
    for parameter in space.parameters:
        value = _found(config, parameter)
        if value is _MISSING and parameter.is_constant:
            value = parameter.ppf(0.5)
        if value is not _MISSING:
            nest = out
            for name in parameter.path[:-1]:
                nest = nest.setdefault(name, {})
            nest[parameter.path[-1]] = plain(value)
    return out


def fitting(space: SearchSpace, config: Any, where: str) -> tuple[dict[str, Any], str | None]:
    """A config as the space has it, and why it lies outside the space; None where it fits.

    Raises
    ------
    UsageError
        About `where`, when it is no config of this space at all: it lacks a parameter, or has a key that is none.
    """
    if not isinstance(config, Mapping):
        raise UsageError(f"{where}: the config is {show(config)}; give a dict")
    unknown = next(_unknown(space, config), None)
    if unknown is not None:
        raise UsageError(f"{where}: the space has no parameter {show(unknown)}{did_you_mean(unknown, space.names)}")
    whole = completed(space, config)
    reason = misfit(Coordinates(space), whole)
    if reason is not None and reason[1] == IS_MISSING:
        raise UsageError(f"{where}: {reason[0]} {reason[1]}")
    return whole, None if reason is None else f"{reason[0]}: {reason[1]}"


def said_of_priors(
    space: SearchSpace, observations: Sequence[Observation], method: str, *, unended: int = 0
) -> str | None:
    """How many earlier runs fit the space, what the others lack, and what the search makes of them; None for none."""
    if not observations:
        return "No prior runs are there to count." if unended == 0 else f"No prior run has ended yet ({unended} go on)."
    coordinates = Coordinates(space)
    fits = membership(space, method)
    misfits: dict[str, list[str]] = {}
    failed = 0
    for observation in observations:
        reason = misfit(coordinates, observation.config)
        if reason is not None and not fits(observation.config):
            misfits.setdefault(reason[0], []).append(reason[1])
        elif observation.state == "failed":
            failed += 1
    out = sum(map(len, misfits.values()))
    fit, total = len(observations) - out, len(observations)
    text = f"{fit} of {total} prior run{'' if total == 1 else 's'} fit{'s' if fit == 1 else ''} the search space"
    text += _use(space, method, fit, failed)
    if out:
        reasons = ", ".join(f"{path}: {each[0]}{_first_of(len(each))}" for path, each in misfits.items())
        text += f"; {out} {'does' if out == 1 else 'do'} not: {reasons}"
    if unended:
        text += f"; {unended} that did not end by {'itself is' if unended == 1 else 'themselves are'} left out"
    return f"{text}."


def _use(space: SearchSpace, method: str, fit: int, failed: int) -> str:
    if fit == 0:
        return ""
    count = "counts as an observation" if fit == 1 else "count as observations"
    if method == "bayes":
        return f" and {count}" + (f" ({failed} of them failed)" if failed else "")
    if method == "grid" or space.support is not None:
        point = "its point is" if fit == 1 else "their points are"
        but = f" (but {failed} that failed)" if failed else ""
        return f", and {point} not trained again{but}; only method bayes learns from values"
    return f", but method {method} does not learn from values: use bayes"


def _first_of(count: int) -> str:
    return f" (first of {count})" if count > 1 else ""


def misfit(coordinates: Coordinates, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first parameter that keeps a config out of the space, and why; None where it fits."""
    if coordinates.of(config) is not None:
        return None
    for parameter in coordinates.space.parameters:
        path = "parameters." + ".parameters.".join(parameter.path)
        value = _found(config, parameter)
        if value is _MISSING:
            return path, IS_MISSING
        alone = Coordinates(SearchSpace([parameter]))
        if alone.of(_nested(parameter, value)) is None:
            return path, _why(parameter, value)
    return "parameters", "no such config"


def _unknown(space: SearchSpace, config: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[str]:
    """Keys of a config that no parameter has, dotted; a nested parameter may stand under its dotted name."""
    for key, value in config.items():
        path = (*above, key)
        if any(parameter.path == path or (not above and parameter.name == key) for parameter in space.parameters):
            continue
        inside = any(parameter.path[: len(path)] == path for parameter in space.parameters)
        if inside and isinstance(value, Mapping):
            yield from _unknown(space, value, path)
        elif not inside:
            yield ".".join(map(str, path))


def _why(parameter: Parameter, value: Any) -> str:
    bounds = parameter.bounds
    if bounds is not None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            return f"{show(value)} is no number"
        if value > bounds[1]:
            return f"{show(value)} is above max {bounds[1]!r}"
        if value < bounds[0]:
            return f"{show(value)} is below min {bounds[0]!r}"
    return f"{show(value)} is none of its values"


def _nested(parameter: Parameter, value: Any) -> dict[str, Any]:
    for name in reversed(parameter.path):
        value = {name: value}
    return dict(value)


def _found(config: Mapping[str, Any], parameter: Parameter) -> Any:
    value: Any = config
    for name in parameter.path:
        if not isinstance(value, Mapping) or name not in value:
            return config.get(parameter.name, _MISSING)
        value = value[name]
    return value


# -- the forms -----------------------------------------------------------------------------------------------------


def _of_item(item: Any, where: str, space: SearchSpace, metric: str | None, forms: str) -> PriorRun:
    if isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], Mapping):
        config, value = item
        return _prior(config, value, "finished", where, space, metric)
    config, summary = getattr(item, "config", None), getattr(item, "summary", None)
    if isinstance(config, Mapping) and hasattr(summary, "get"):
        value = None if metric is None or summary is None else summary.get(metric)
        value = None if isinstance(value, (str, Mapping)) else value  # as training logged it
        read = _prior(config, value, str(getattr(item, "state", "finished")), where, space, metric)
        return replace(read, sweep_id=getattr(item, "sweep_id", None))
    raise UsageError(f"{where} is {show(item)}; {forms}")


def _prior(
    config: Mapping[str, Any], value: Any, state: str, where: str, space: SearchSpace, metric: str | None
) -> PriorRun:
    number = None if state == "failed" else metric_number(value, where)
    if number is None and metric is not None and state in COUNTED:
        state = "failed"
    return PriorRun(completed(space, config), number, state)


def metric_number(value: Any, where: str) -> float | None:
    """A metric's value as a number; None for one that is not finite. Where it is none, a UsageError about `where`."""
    if value is None:
        return None
    item = value if isinstance(value, (int, float)) else getattr(value, "item", lambda: value)
    try:
        found = item() if callable(item) else item
        if isinstance(found, (bool, str, bytes)):
            raise TypeError
        number = float(found)
    except Exception:
        if type(value).__name__ in ("NAType", "NaTType"):
            return None
        raise UsageError(
            f"{where}: its value is {show(value)}; give the metric as a number, or None for a run that failed"
        ) from None
    return number if math.isfinite(number) else None


def _of_table(table: Any, space: SearchSpace, metric: str | None) -> list[PriorRun]:
    if not len(table):
        return []
    places: dict[str, int] = {}
    for place, name in enumerate(table.columns):
        places.setdefault(str(name), place)
    columns = [(p, _place(places, p.name, "config.")) for p in space.parameters]
    of_value = None if metric is None else _place(places, metric, "summary.")
    if metric is not None and of_value is None:
        raise UsageError(
            f"prior_runs: the table has no column {metric!r} for the metric{did_you_mean(metric, places)}; "
            "rename the one that has it"
        )
    of_state = places.get("state")
    if of_state in [place for _, place in columns]:
        of_state = None
    runs = []
    for number, row in enumerate(table.itertuples(index=False, name=None)):
        cells = {p.name: _cell(row[place], p) for p, place in columns if place is not None}
        config = {name: value for name, value in cells.items() if value is not _MISSING}
        state = row[of_state] if of_state is not None and isinstance(row[of_state], str) else "finished"
        value = None if of_value is None else row[of_value]
        runs.append(_prior(config, value, state, f"prior_runs, row {number}", space, metric))
    return runs


def _place(places: Mapping[str, int], name: str, prefix: str) -> int | None:
    """Where a column is; `Sweep.to_pandas` prefixes a name that another column has."""
    return places.get(f"{prefix}{name}", places.get(name))


def _cell(value: Any, parameter: Parameter) -> Any:
    """A table's value; an empty cell is None where the parameter can be None, else there is none."""
    empty = value is None or type(value).__name__ in ("NAType", "NaTType") or (value != value) is True
    if not empty and type(value).__module__ == "numpy":
        value = plain(value)
        empty = isinstance(value, float) and math.isnan(value)
    if not empty:
        return value
    support = parameter.law.support
    return None if support is not None and support.index(None) is not None else _MISSING
