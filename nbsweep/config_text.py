"""Sweep configs from text: YAML and JSON, from a string or a file, into plain Python.

The safe loader only. YAML 1.1 reads ``1e-5`` and ``3e6`` as text, for want of a dot; they stay text here, and
`nbsweep.sweep_config` reads them as numbers wherever a number is expected (and warns of them in ``values``), so that a
dict that came from the user's own ``yaml.safe_load`` means the same. A key that is written twice is an error.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nbsweep.errors import ConfigError

__all__ = ["parse_yaml", "read_file", "yaml_loader"]


def parse_yaml(text: str, source: str = "the YAML text") -> dict[str, Any]:
    """The mapping that a YAML text holds.

    Parameters
    ----------
    text : str
        YAML, or JSON, which is YAML too.
    source : str
        What messages call the text.

    Raises
    ------
    ConfigError
        When it is no YAML, or holds no mapping.

    Examples
    --------
    >>> parse_yaml("method: random")
    {'method': 'random'}
    """
    import yaml

    try:
        value = yaml.load(text, Loader=yaml_loader())
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML: {_where(error)}") from None
    except (ValueError, TypeError, OverflowError, RecursionError, AttributeError) as error:
        raise ConfigError(f"{source} holds a value that cannot be read: {error}") from None
    return _mapping(value, source)


def read_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The mapping that a YAML or JSON file holds.

    Raises
    ------
    ConfigError
        When it cannot be read, or holds no mapping.
    """
    if isinstance(path, str) and ("\n" in path or ": " in path):
        raise ConfigError(
            "the sweep config is text where a dict or a file's path is expected; "
            "read YAML text with nbsweep.sweep_config.loads(text)"
        )
    try:
        name = os.fsdecode(path)
        text = Path(name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"the file {name!r} is not UTF-8 text") from None
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"the sweep config file {str(path)!r} cannot be read: {reason}") from None
    if not name.lower().endswith(".json"):
        return parse_yaml(text, source=f"the file {name!r}")
    try:
        return _mapping(json.loads(text), f"the file {name!r}")
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the file {name!r} is not JSON: {error}") from None


def _mapping(value: object, source: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    what = "empty" if value is None else f"a {type(value).__name__}, not a mapping"
    raise ConfigError(f"{source} is {what}; write method: random, metric: ... and parameters: ... as its keys")


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else str(problem)


def yaml_loader() -> Any:
    """The class of the loader: the safe one, and strict about keys that are written twice."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
        """The safe loader, strict about keys."""

        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self._checked: set[Any] = set()

        def flatten_mapping(self, node: Any) -> None:
            # Of a mapping's own keys: this puts those that it merges beside them, and may be asked again afterwards.
            if node not in self._checked:
                self._checked.add(node)
                self._check_keys(node)
            super().flatten_mapping(node)

        def _check_keys(self, node: Any) -> None:
            seen: set[Any] = set()
            for key_node, _ in node.value:
                if key_node.tag == "tag:yaml.org,2002:merge":
                    continue
                key = self.construct_object(key_node, deep=True)
                if isinstance(key, str) and key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} is there twice", key_node.start_mark
                    )
                seen.add(key if isinstance(key, str) else id(key_node))

    return Loader
