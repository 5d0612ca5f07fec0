"""A run's config and summary as users hold them: by attribute, by item, as a mapping.

`Config` knows which keys the sweep chose: those are locked, and an attempt to change one warns once a key and changes
nothing, so that a run's results are always those of the config that the search believes in. Beside nested parameters
their group may hold more keys. What is changed inside a list or dict that the sweep chose is not seen here, so it is
kept as it was chosen.
"""

from __future__ import annotations

import copy
import inspect
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

__all__ = ["Config", "Summary", "config_defaults"]

DEFAULTS_FILE = "config-defaults.yaml"


class _AttributeMapping(MutableMapping[str, Any]):
    """Items that also answer as attributes."""

    _values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        values = self._values
        if key not in values:
            raise KeyError(self._missing(key))
        return values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # not a user's key: pickle, copy and IPython ask for such names
            raise AttributeError(name)
        values = self._values
        if name not in values:
            raise AttributeError(self._missing(name))
        return values[name]

    def _missing(self, key: object) -> str:
        import difflib

        near = difflib.get_close_matches(str(key), [str(each) for each in self], 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(map(str, self)) or 'no keys'}"
        return f"{type(self).__name__.lower()} has no key {key!r}{hint}"

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(str(key) for key in self)]

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies, and what is pickled, are of the values as they are now: free to change, and no run hears of it."""
        return type(self), (dict(self),)


class Config(_AttributeMapping):
    """The hyperparameters of a run.

    Parameters
    ----------
    values : mapping
        What the sweep chose (locked) or, outside a sweep, nothing.
    locked : bool
        Whether `values` are a sweep's.
    parameters : mapping, optional
        The sweep config's: they tell nested parameters, whose group takes more keys, from dicts that were chosen whole.
    on_change : callable, optional
        Called without arguments after a change.

    >>> config = Config({"lr": 0.1}, locked=True)
    >>> config.update({"batch_size": 64})
    >>> config.lr, config["batch_size"], config.get("momentum", 0.9), dict(config)
    (0.1, 64, 0.9, {'lr': 0.1, 'batch_size': 64})
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        locked: bool = False,
        parameters: Mapping[str, Any] | None = None,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        given = dict(values or {})
        self._values = copy.deepcopy(given)
        self._locked = given if locked else {}
        self._groups = _groups(parameters or {})
        self._on_change = on_change
        self._warned: set[str] = set()

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        if key in self._locked:
            self._warn({key: self._locked[key]})
            return
        del self._values[key]
        self._changed()

    def update(self, *others: Any, **kwargs: Any) -> None:
        """Set keys from mappings or keyword arguments; keys that the sweep chose stay, with one warning a key.

        `allow_val_change` (W&B's) is accepted: it makes no difference.
        """
        new: dict[str, Any] = {}
        kwargs.pop("allow_val_change", None)
        for other in others:
            if isinstance(other, bool):  # W&B's second positional argument, allow_val_change
                continue
            new.update(_as_mapping(other))
        new.update(kwargs)
        self._warn(self._take(new))

    def take_defaults(self, given: Any) -> None:
        """As `update`, silently: what `init` is given are defaults, of which the sweep may have chosen any."""
        self._take(_as_mapping(given))

    def setdefaults(self, defaults: Mapping[str, Any]) -> None:
        """Set the keys that the config lacks."""
        self._values = _over(_as_mapping(defaults), self._values, self._groups)
        self._changed()

    def as_dict(self) -> dict[str, Any]:
        """A plain dict of the config."""
        return dict(self._values)

    def kept(self) -> dict[str, Any]:
        """As the store has it: what the sweep chose, as it chose it, and the rest."""
        return _over(self._values, self._locked, self._groups)

    @property
    def _items(self) -> dict[str, Any]:
        """W&B's name of what its config holds."""
        return self.as_dict()

    def _take(self, new: Mapping[str, Any]) -> dict[str, Any]:
        """Set what the sweep has not chosen; returns what it has chosen otherwise, by dotted name."""
        held: dict[str, Any] = {}
        self._values = _over(self._values, _free(new, self._locked, self._groups, held), self._groups)
        self._changed()
        return held

    def _warn(self, held: Mapping[str, Any]) -> None:
        fresh = {key: value for key, value in held.items() if key not in self._warned}
        if fresh:
            self._warned |= fresh.keys()
            kept = ", ".join(f"{key} = {value!r}" for key, value in fresh.items())
            text = f"the sweep chose {kept}; a run cannot change what its sweep chose, so the value stays"
            level, frame = 1, inspect.currentframe()
            while frame is not None and frame.f_code.co_filename in (__file__, MutableMapping.pop.__code__.co_filename):
                level, frame = level + 1, frame.f_back  # whoever sets by attribute or pops comes by more steps
            warnings.warn(text, stacklevel=level)

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change()


class Summary(_AttributeMapping):
    """The last (or as `define_metric` says) value of every logged key, and what the user sets here.

    Reading it brings in what was logged so far.
    """

    def __init__(
        self,
        values: dict[str, Any],
        refresh: Callable[[], None] = lambda: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._values_now = values
        self._refresh = refresh
        self._on_change = on_change

    @property
    def _values(self) -> dict[str, Any]:  # type: ignore[override]
        self._refresh()
        return self._values_now

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        self._on_change()

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._on_change()


def _groups(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of nested parameters, by name, in a dict each: ``{"model": {"head": {}}}``."""
    return {
        name: _groups(rules["parameters"])
        for name, rules in parameters.items()
        if isinstance(rules, Mapping) and isinstance(rules.get("parameters"), Mapping)
    }


def _over(below: Mapping[str, Any], above: Mapping[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """Both; what `above` has wins, in a group key by key."""
    both = {**below, **above}
    for name in groups.keys() & below.keys() & above.keys():
        if isinstance(below[name], Mapping) and isinstance(above[name], Mapping):
            both[name] = _over(below[name], above[name], groups[name])
    return both


def _free(
    new: Mapping[str, Any], locked: Mapping[str, Any], groups: Mapping[str, Any], held: dict[str, Any], within: str = ""
) -> dict[str, Any]:
    """What of `new` is not locked; where it differs from what is, that is noted in `held`."""
    free: dict[str, Any] = {}
    for key, value in new.items():
        if key not in locked:
            free[key] = value
        elif key in groups and isinstance(value, Mapping) and isinstance(locked[key], Mapping):
            free[key] = _free(value, locked[key], groups[key], held, f"{within}{key}.")
        elif not _same(locked[key], value):
            held[f"{within}{key}"] = locked[key]
    return free


def config_defaults() -> dict[str, Any]:
    """What ``config-defaults.yaml`` in the working directory says, as W&B reads it; nothing where there is none."""
    return _from_file(DEFAULTS_FILE) if Path(DEFAULTS_FILE).is_file() else {}


def _as_mapping(value: Any) -> dict[str, Any]:
    """A mapping, an object with attributes such as argparse's Namespace, or the path of a YAML file."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (str, os.PathLike)):
        return _from_file(value)
    try:
        return dict(vars(value))
    except TypeError:
        from nbsweep.errors import UsageError

        raise UsageError(f"config takes a dict, not {type(value).__name__} {value!r:.80}") from None


def _from_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A config file; W&B's own have a value and a description under each key."""
    import yaml

    from nbsweep.errors import UsageError

    try:
        read = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"config={os.fspath(path)!r:.80} is read as the path of a YAML file: {error}") from None
    if not isinstance(read, Mapping):
        raise UsageError(f"config={os.fspath(path)!r:.80}: the file holds {type(read).__name__}, not keys and values")
    described = {"value", "desc"}
    return {
        str(key): value["value"] if isinstance(value, Mapping) and "value" in value and described >= {*value} else value
        for key, value in read.items()
        if key != "wandb_version"
    }


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other) and type(one) is type(other)
    except Exception:  # a user's value may refuse comparison (arrays do)
        return False
