"""The `parameters` of a sweep config: read, inferred, checked, with the defaults filled in; to any depth of nesting.

In comes what the user wrote and a `Problems` to note what is wrong; out comes the normalised form, in which every leaf
has an explicit ``distribution`` and every nest is ``{"parameters": {...}}``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbsweep.config_problems import MISSING, Problems, did_you_mean, join, show
from nbsweep.config_schema import DISTRIBUTIONS, GRID_DISTRIBUTIONS, PARAMETER_KEYS, Key
from nbsweep.support import first_multiple, last_multiple

__all__ = ["check_grid", "check_names", "dotted_names", "read_parameters"]

_LIKE = "{values: [...]}, {min: ..., max: ...} or {value: ...}"
_OVERFLOW, _UNDERFLOW = 709.78, -744.4  # where exp() leaves the floats
_DEEPEST = 50


def read_parameters(raw: object, path: str, problems: Problems, depth: int = 0) -> dict[str, Any]:
    """The normalised form of a ``parameters`` section; what is wrong goes to `problems`.

    Examples
    --------
    >>> read_parameters({"lr": {"min": 0, "max": 0.1}}, "parameters", Problems())
    {'lr': {'distribution': 'uniform', 'min': 0, 'max': 0.1}}
    """
    section = problems.mapping(raw, path, "{lr: {min: 0.0, max: 0.1}}")
    if section is MISSING:
        return {}
    if not section:
        problems.add(path, f"is empty; name at least one parameter, as in lr: {_LIKE}")
    if depth > _DEEPEST:
        problems.add(path, f"is nested more than {_DEEPEST} levels deep")
        return {}
    parameters: dict[str, Any] = {}
    for key, definition in section.items():
        name = _name(key, path, problems)
        if name is not MISSING:
            parameters[name] = _read_parameter(definition, join(path, name), problems, depth)
    return parameters


def dotted_names(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Names of the parameters of a normalised section, in its order.

    >>> list(dotted_names({"net": {"parameters": {"depth": {"value": 2}}}, "lr": {"value": 0.1}}))
    ['net.depth', 'lr']
    """
    return (name for name, _key in _names_and_keys(parameters))


def check_names(parameters: Mapping[str, Any], path: str, problems: Problems) -> None:
    """Note the parameters whose dotted name, by which tables and charts know them, another one has."""
    taken: dict[str, str] = {}
    for name, key in _names_and_keys(parameters):
        here = f"{path}{key}"
        if name in taken:
            problems.add(here, f"and {taken[name]} have one name, {show(name)}, in tables and charts; rename one")
        taken.setdefault(name, here)


def _names_and_keys(parameters: Mapping[str, Any], prefix: str = "", key: str = "") -> Iterator[tuple[str, str]]:
    """Each leaf's dotted name and its key path, where a name with a dot in it is in brackets."""
    for name, definition in parameters.items():
        here = f"{key}[{name!r}]" if "." in name else f"{key}.{name}"
        if "parameters" in definition:
            yield from _names_and_keys(definition["parameters"], f"{prefix}{name}.", f"{here}.parameters")
        else:
            yield f"{prefix}{name}", here


def check_grid(parameters: Mapping[str, Any], path: str, problems: Problems) -> None:
    """Note every parameter that a grid cannot enumerate."""
    for name, definition in parameters.items():
        here = join(path, name)
        if "parameters" in definition:
            check_grid(definition["parameters"], join(here, "parameters"), problems)
            continue
        distribution = definition.get("distribution")
        if distribution is None or distribution in GRID_DISTRIBUTIONS:
            continue
        if distribution == "categorical_w_probabilities":
            problems.add(join(here, "probabilities"), "has no meaning in a grid; remove it or use method: random")
        else:
            problems.add(
                here,
                f"is {distribution}, which a grid cannot enumerate; list its values, "
                "use int_uniform or q_uniform, or method: random",
            )


def _name(key: object, path: str, problems: Problems) -> str | Any:
    if isinstance(key, str):
        if not key.strip():
            problems.add(path, f"has a parameter with the name {show(key)}; give it a name that can be seen")
            return MISSING
        return problems.text(key, path)
    problems.add(path, f"has the key {show(key)}; a parameter's name is text, put it in quotes")
    return MISSING


def _read_parameter(raw: object, path: str, problems: Problems, depth: int) -> dict[str, Any]:
    definition = problems.mapping(raw, path, _instead_of(raw))
    if definition is MISSING:
        return {}
    unknown = [key for key in definition if key not in PARAMETER_KEYS]
    for key in unknown:
        problems.add(join(path, key), "is not a key of a parameter" + did_you_mean(key, PARAMETER_KEYS), of_key=True)
    keys = {str(key): value for key, value in definition.items() if key in PARAMETER_KEYS}
    if "parameters" in keys:
        if len(keys) > 1:
            beside = ", ".join(key for key in keys if key != "parameters")
            problems.add(path, f"has {beside} beside parameters; a nest has parameters alone")
        return {"parameters": read_parameters(keys["parameters"], join(path, "parameters"), problems, depth + 1)}
    name = _distribution(keys, path, problems, checked=not unknown)
    if name is None:
        return {}
    read = _read_keys(name, keys, path, problems)
    _check(name, read, path, problems)
    return {"distribution": name, **read}


def _instead_of(raw: object) -> str:
    if isinstance(raw, (list, tuple)):
        return "{values: [...]}"
    return "{value: ...}" if isinstance(raw, (str, int, float)) else _LIKE


def _distribution(keys: Mapping[str, Any], path: str, problems: Problems, checked: bool) -> str | None:
    """The distribution's name, given or inferred; None after noting why there is none."""
    if "distribution" in keys:
        name = keys["distribution"]
        if isinstance(name, str) and name in DISTRIBUTIONS:
            return str(name)
        problems.add(join(path, "distribution"), f"is {show(name)}" + did_you_mean(name, DISTRIBUTIONS))
        return None
    if not checked and not {"value", "values", "min", "max"} & keys.keys():
        return None  # the misspelt key is the problem
    if not keys:
        problems.add(path, f"is empty; write {_LIKE}")
        return None
    if "value" in keys and "values" in keys:
        problems.add(path, "has value and values; keep value for a constant or values for a choice")
        return None
    if "value" in keys:
        return "constant"
    if "values" in keys:
        return "categorical_w_probabilities" if "probabilities" in keys else "categorical"
    return _inferred_from_numbers(keys, path, problems, checked)


def _inferred_from_numbers(keys: Mapping[str, Any], path: str, problems: Problems, checked: bool) -> str | None:
    if "q" in keys:
        problems.add(
            join(path, "q"),
            "needs a distribution that is rounded; add distribution: q_uniform, "
            "q_log_uniform_values, q_normal or another that starts with q_",
        )
        return None
    if "probabilities" in keys:
        problems.add(join(path, "values"), "is missing; probabilities belong to values")
        return None
    for bound, other in (("min", "max"), ("max", "min")):
        if bound in keys and other not in keys:
            if checked:
                problems.add(join(path, other), f"is missing; {bound} needs {other}")
            return None
    if "min" not in keys:
        used = ", ".join(keys)
        likely = "beta" if {"a", "b"} & keys.keys() else "normal or log_normal"
        problems.add(path, f"has {used} and no distribution; add distribution: {likely}")
        return None
    whole = all(_is_int(keys[bound]) for bound in ("min", "max"))
    return "int_uniform" if whole else "uniform"


def _is_int(value: object) -> bool:
    """Whether a bound is an int, also NumPy's."""
    value = value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value
    return isinstance(value, int) and not isinstance(value, bool)


def _read_keys(name: str, keys: Mapping[str, Any], path: str, problems: Problems) -> dict[str, Any]:
    takes = DISTRIBUTIONS[name].keys
    for key in keys:
        if key not in takes and key != "distribution":
            hint = ""
            if key == "probabilities":
                hint = "; leave distribution out or use categorical_w_probabilities"
            elif key == "q" and f"q_{name}" in DISTRIBUTIONS:
                hint = f"; use q_{name}"
            belongs = f"does not belong to {name}, which takes {_listing(list(takes))}{hint}"
            problems.add(join(path, key), belongs, of_key=True)
    read: dict[str, Any] = {}
    for key, rule in takes.items():
        here = join(path, key)
        if key not in keys:
            if rule.required:
                problems.add(here, f"is missing; {name} takes {_listing(list(takes))}")
            else:
                read[key] = rule.default
            continue
        value = _read_key(rule, keys[key], here, problems)
        if value is not MISSING:
            read[key] = value
    return read


def _read_key(rule: Key, raw: object, path: str, problems: Problems) -> Any:
    if rule.kind in ("number", "whole"):
        return problems.limited(rule, raw, path, strict=True)
    if rule.kind == "any":
        value = problems.plain(raw, path)
        problems.warn_of_exponents(value, path)
        return value
    items = problems.items(raw, path)
    if items is MISSING:
        problems.add(path, f"is {show(raw)}, not a list; write [...]")
        return MISSING
    if not items:
        problems.add(path, "is empty; list at least one")
        return MISSING
    if rule.kind == "numbers":
        numbers = [problems.number(item, join(path, i)) for i, item in enumerate(items)]
        return MISSING if MISSING in numbers else numbers
    value = problems.plain(items, path)
    problems.warn_of_exponents(value, path)
    return value


def _check(name: str, read: dict[str, Any], path: str, problems: Problems) -> None:
    """What takes more than one key to judge, for the keys that could be read."""
    before = problems.count
    if "values" in read and "probabilities" in read:
        _check_probabilities(read["values"], read["probabilities"], join(path, "probabilities"), problems)
    if "min" in read and "max" in read:
        low, high = read["min"], read["max"]
        if low >= high:
            mend = f"use value: {show(low)} for a constant" if low == high else "swap them"
            problems.add(join(path, "min"), f": {show(low)} is not below max {show(high)}; {mend}")
            return
        if name in ("log_uniform", "q_log_uniform", "inv_log_uniform"):
            _check_exponents(name, low, high, path, problems)
    if name in ("log_normal", "q_log_normal") and read.get("mu", 0) > _OVERFLOW:
        problems.add(
            join(path, "mu"),
            f"is {show(read['mu'])}: it is the mean of the logarithm, and exp of it is no number; write log(mean)",
        )
    if len(read) == len(DISTRIBUTIONS[name].keys) and "q" in read and problems.count == before:
        _check_q(name, read, path, problems)


def _check_probabilities(values: Sequence[Any], probabilities: Sequence[float], path: str, problems: Problems) -> None:
    if len(probabilities) != len(values):
        problems.add(path, f"has {len(probabilities)} entries for {len(values)} values; give one a value")
        return
    negative = [p for p in probabilities if p < 0]
    if negative:
        problems.add(path, f"has {show(negative[0])}; a probability is 0 or more")
    elif not math.isclose(total := math.fsum(probabilities), 1.0, rel_tol=1e-5):
        problems.add(path, f"sum to {total:.6g}, not 1; divide each by {total:.6g}" if total else "sum to 0, not 1")


def _check_exponents(name: str, low: float, high: float, path: str, problems: Problems) -> None:
    instead = f"{name}_values"
    ends = (-high, -low) if name == "inv_log_uniform" else (low, high)
    if ends[1] > _OVERFLOW or ends[0] < _UNDERFLOW:
        bound = (
            ("max" if ends[1] > _OVERFLOW else "min")
            if name != "inv_log_uniform"
            else ("min" if ends[1] > _OVERFLOW else "max")
        )
        value = low if bound == "min" else high
        problems.add(
            join(path, bound),
            f"is {show(value)}: {name} takes exponents of e, and exp of it is no number "
            f"any more; if these are values, use {instead}",
        )
        return
    problems.note(
        f"{path}: {name} takes exponents of e, so its values go from {math.exp(ends[0]):.4g} to "
        f"{math.exp(ends[1]):.4g}; {instead} takes the values themselves"
    )


def _check_q(name: str, read: dict[str, Any], path: str, problems: Problems) -> None:
    q = read["q"]
    ends = (0.0, 1.0) if "beta" in name else (read["min"], read["max"]) if "min" in read else (0.0, 0.0)
    if name == "q_log_uniform":
        ends = (math.exp(ends[0]), math.exp(ends[1]))
    if max(abs(ends[0]), abs(ends[1])) / q > 1e300:
        problems.add(join(path, "q"), f"is {show(q)}, too small a step for these bounds")
    elif first_multiple(ends[0], q) > last_multiple(ends[1], q):
        problems.add(
            join(path, "q"),
            f"is {show(q)}: no multiple of it lies between {ends[0]:.6g} and {ends[1]:.6g}; use a smaller q",
        )


def _listing(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
