"""Reading the user's values one by one: plain JSON out, and every problem noted with its path.

`Problems` collects; it raises once, at the end, so that a config's problems are all said together. Nothing here knows
which keys a config has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbsweep.config_schema import EXPONENT, Key
from nbsweep.errors import ConfigError

__all__ = ["MISSING", "Problem", "Problems", "did_you_mean", "join", "show"]

MISSING: Any = object()

_EXPONENT = re.compile(EXPONENT)

_MAX_DEPTH = 100
_MAX_VALUES = 2_000_000  # stops a YAML text whose aliases multiply
_MAX_LINES = 50
_MAX_INT_BITS = 1023  # what a float can hold; JSON readers choke on more


def show(value: object, limit: int = 60) -> str:
    """The value as a message shows it: its repr, cut short; never raises.

    Examples
    --------
    >>> show("a" * 100, limit=10)
    "'aaaaaa..."
    """
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def join(path: str, key: object) -> str:
    """The path of a key below `path`.

    Examples
    --------
    >>> join("parameters", "lr"), join("parameters.lr.values", 2), join("", "method")
    ('parameters.lr', 'parameters.lr.values[2]', 'method')
    """
    if isinstance(key, int) and not isinstance(key, bool):
        return f"{path}[{key}]"
    name = key if isinstance(key, str) else show(key)
    return f"{path}.{name}" if path else name


_SYNONYMS = {"min": "minimize", "max": "maximize", "bayesian": "bayes", "asha": "hyperband", "choice": "categorical"}


def did_you_mean(word: object, words: Iterable[str]) -> str:
    """``'; did you mean minimize?'``, or all the words when none is near.

    Examples
    --------
    >>> did_you_mean("minimise", ["minimize", "maximize"])
    '; did you mean minimize?'
    >>> did_you_mean("x", ["grid", "random"])
    '; it can be grid or random'
    """
    import difflib

    words = list(words)
    near: list[str] = []
    if isinstance(word, str):
        squeezed = {re.sub(r"[\s_-]", "", known).lower(): known for known in words}
        found = difflib.get_close_matches(re.sub(r"[\s_-]", "", word[:80]).lower(), squeezed, n=1, cutoff=0.65)
        near = [squeezed[name] for name in found]
        synonym = _SYNONYMS.get(word.lower())
        if synonym in words and not near:
            near = [synonym]
    if near:
        return f"; did you mean {near[0]}?"
    if not words:
        return ""
    return f"; it can be {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"; it can be {words[0]}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a config.

    Attributes
    ----------
    path : str
        The key's path, as in ``parameters.lr.min``; empty for the config as a whole.
    text : str
        The whole text for the user.
    of_key : bool
        Whether the key does not belong where it stands, rather than its value.
    """

    path: str
    text: str
    of_key: bool = False


class Problems:
    """The problems and notes of one config, gathered while it is read."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self._notes: list[str] = []
        self._made_lists: list[str] = []
        self._values = 0

    def add(self, path: str, text: str, *, of_key: bool = False) -> None:
        """Note a problem: `text` goes on where the path ends, as in ``run_cap`` + ``is 0; ...`` or ``: ...``."""
        whole = f"{path or 'the sweep config'}{'' if text.startswith(':') else ' '}{text}"
        self.found.append(Problem(path, whole, of_key))

    def note(self, text: str) -> None:
        """Note a thing to tell the user, once."""
        if text not in self._notes:
            self._notes.append(text)

    @property
    def notes(self) -> list[str]:
        """What to tell the user, once."""
        if not self._made_lists:
            return [*self._notes]
        first, more = self._made_lists[0], len(self._made_lists) - 1
        places = f"{first} and in {more} other place{'s' * (more > 1)}" if more else first
        return [*self._notes, f"{places}: a tuple, range or array became a list"]

    @property
    def count(self) -> int:
        """How many problems were noted so far."""
        return len(self.found)

    def raise_if_any(self, what: str = "the sweep config") -> None:
        """Raise a `ConfigError` that tells all the problems, if there is one."""
        if not self.found:
            return
        path, text = self.found[0].path, self.found[0].text
        if len(self.found) > 1:
            lines = [f"  {problem.text}" for problem in self.found[:_MAX_LINES]]
            if len(self.found) > _MAX_LINES:
                lines.append(f"  ... and {len(self.found) - _MAX_LINES} more")
            text = "\n".join([f"{what} has {len(self.found)} problems:", *lines])
        raise ConfigError(text, path)

    # -- reading values: each gives the plain value, or MISSING after noting what is wrong ------------------------

    def number(self, value: object, path: str) -> int | float | Any:
        """A finite int or float; text such as ``1e-5``, which YAML does not take for a number, is read as one."""
        value = _unwrapped(value)
        if isinstance(value, str) and _EXPONENT.fullmatch(value):
            value = float(value.replace("_", ""))
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            hint = "; write it without quotes" if isinstance(value, str) and _is_float(value) else ""
            self.add(path, f"is {show(value)}, not a number{hint}")
            return MISSING
        if isinstance(value, int) and value.bit_length() > _MAX_INT_BITS:
            self.add(path, f"is a whole number of {value.bit_length()} bits; it must fit a float")
            return MISSING
        if not math.isfinite(value):
            self.add(path, f"is {show(value)}; it must be finite")
            return MISSING
        return value

    def whole(self, value: object, path: str, *, strict: bool = False) -> int | Any:
        """A whole number; ``10.0`` passes too unless `strict`."""
        number = self.number(value, path)
        if number is MISSING or isinstance(number, int):
            return number
        if number != int(number):
            self.add(path, f"is {show(value)}, not a whole number")
            return MISSING
        if strict and isinstance(_unwrapped(value), float):
            self.add(path, f"is {show(value)}, not a whole number; write {int(number)}")
            return MISSING
        return int(number)

    def limited(self, key: Key, value: object, path: str, *, strict: bool = False) -> int | float | Any:
        """A number of the key's kind, within the key's limits."""
        number = self.whole(value, path, strict=strict) if key.kind == "whole" else self.number(value, path)
        if number is not MISSING and key.above is not None and not number > key.above:
            self.add(path, f"is {show(number)}; it must be above {key.above:g}")
            return MISSING
        if number is not MISSING and key.at_least is not None and not number >= key.at_least:
            self.add(path, f"is {show(number)}; it must be {key.at_least:g} or more")
            return MISSING
        return number

    def text(self, value: object, path: str) -> str | Any:
        """Text that can be kept: not empty, and valid Unicode."""
        if not isinstance(value, str):
            self.add(path, f"is {show(value)}, not text; put it in quotes" if value is not None else "has no value")
            return MISSING
        if not value:
            self.add(path, "is empty")
            return MISSING
        if not _encodes(value):
            self.add(path, f"is {show(value)}, which is not valid Unicode")
            return MISSING
        return str.__str__(value)

    def mapping(self, value: object, path: str, like: str) -> Mapping[object, object] | Any:
        """A mapping; `like` shows how to write one."""
        if isinstance(value, Mapping):
            return value
        self.add(path, f"is {show(value)}, not a mapping; write {like}")
        return MISSING

    def plain(self, value: object, path: str, depth: int = 0) -> Any:
        """Any JSON value as plain Python; a tuple or an array becomes a list, and is said so."""
        self._values += 1
        if self._values > _MAX_VALUES or depth > _MAX_DEPTH:
            if self._values <= _MAX_VALUES or self._values == _MAX_VALUES + 1:
                self.add(path, "holds too much, or itself: a config is limited to 2,000,000 values, 100 levels deep")
            return MISSING
        value = _unwrapped(value)
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            return value if value.bit_length() <= _MAX_INT_BITS else self.number(value, path)
        if isinstance(value, str):
            if not _encodes(value):
                self.add(path, f"is {show(value)}, which is not valid Unicode")
            return value
        if isinstance(value, Mapping):
            return self._plain_mapping(value, path, depth)
        items = self.items(value, path)
        if items is MISSING:
            self.add(
                path,
                f"is {show(value)}, a {type(value).__name__}; use numbers, text, true, false, null, "
                "lists and dicts of these",
            )
            return MISSING
        return [self.plain(item, join(path, number), depth + 1) for number, item in enumerate(items)]

    def items(self, value: object, path: str) -> list[Any] | Any:
        """A list's items; a tuple, range or NumPy array is taken as a list, with a note. MISSING for all else."""
        if isinstance(value, list):
            return value
        if isinstance(value, (tuple, range)):
            if isinstance(value, range) and abs(value.stop - value.start) > _MAX_VALUES * abs(value.step):
                return MISSING
            self._made_lists.append(path)
            return list(value)
        if _is_numpy(value) and hasattr(value, "tolist"):
            as_list = value.tolist()
            if isinstance(as_list, list):
                self._made_lists.append(path)
                return as_list
        return MISSING

    def warn_of_exponents(self, value: object, path: str) -> None:
        """Note values that look like numbers to people and are text to YAML."""
        texts = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
        mistaken = [text for text in texts if _EXPONENT.fullmatch(text)]
        if mistaken:
            numbers = ", ".join(repr(float(text.replace("_", ""))) for text in mistaken[:5])
            self.note(
                f"{path}: {', '.join(map(show, mistaken[:5]))} {'are' if mistaken[1:] else 'is'} text; if numbers are "
                f"meant, write {numbers} (in YAML also !!float)"
            )

    def _plain_mapping(self, value: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, item in value.items():
            name = _key_text(key)
            if name is None or not _encodes(name):
                self.add(path, f"has the key {show(key)}; keys are text")
                continue
            if not isinstance(key, str):
                self.note(f"{path}: the key {show(key)} became the text {show(name)}")
            if name in plain:
                self.add(path, f"has the key {show(name)} twice")
            plain[name] = self.plain(item, join(path, name), depth + 1)
        return plain


def _unwrapped(value: object) -> object:
    """A plain bool, int, float or str for any subclass of it and for NumPy's scalars; all else as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if _is_numpy(value) and getattr(value, "ndim", 1) == 0 and hasattr(value, "item"):
        item = value.item()
        if isinstance(item, (bool, int, float, str)):
            return item
    return value


def _is_numpy(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "numpy"


def _key_text(key: object) -> str | None:
    """What JSON makes of a key."""
    key = _unwrapped(key)
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (int, float)):
        return show(key)
    return None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
