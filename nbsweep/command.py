"""The command of a sweep: a config's `command` and one run's values in, the words of a process's command line out.

Pure, but for the environment variables that it is handed. No shell is involved: a word stays one word whatever is in
it. The macros and how they write values are W&B's, so that its scripts find what they parse; where W&B's text could
not be read back by its receiver (Hydra's grammar), the receiver's grammar is kept to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbsweep.errors import UsageError

__all__ = ["DEFAULT_COMMAND", "MACROS", "Surroundings", "build_command", "macros_of", "problem_with"]

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")

MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_hyphens",
    "args_no_equals",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
)
"""What ``${...}`` in `command` may name, beside ``${envvar:NAME}`` and the parameters of the sweep."""

_OF_MANY_WORDS = frozenset(MACROS) - {"env", "interpreter", "program", "args_json", "args_json_file"}
_REFERENCE = re.compile(r"\$(\$?)\{([^}]*)\}")  # $${x} is ${x}, literally
_ENVVAR = re.compile(r"envvar:(\w+)")


@dataclass(frozen=True)
class Surroundings:
    """What a command needs to know beside the run's config.

    Attributes
    ----------
    interpreter : str
        The Python to run.
    program : str or None
        The training script.
    json_file : str
        The path of the file that holds the config as JSON; written by whoever starts the process.
    environment : mapping
        Environment variables, for ``${envvar:NAME}``.
    env : str
        What ``${env}`` is: "/usr/bin/env", or empty (no word at all) where a system has no such program.
    """

    interpreter: str
    program: str | None
    json_file: str
    environment: Mapping[str, str]
    env: str = "/usr/bin/env"


def build_command(command: Iterable[str] | None, config: Mapping[str, Any], around: Surroundings) -> list[str]:
    """The words of the process that trains one run.

    Parameters
    ----------
    command : iterable of str, optional
        As in a sweep config; by default `DEFAULT_COMMAND`.
    config : mapping
        The run's values; nested parameters are nested mappings.
    around : Surroundings

    Raises
    ------
    UsageError
        When a macro has nothing to stand for: no program, an environment variable that is not set.

    Examples
    --------
    >>> around = Surroundings("/usr/bin/python3", "train.py", "/tmp/x.json", {"HOME": "/home/me"})
    >>> build_command(None, {"lr": 0.1, "amp": True}, around)
    ['/usr/bin/env', '/usr/bin/python3', 'train.py', '--lr=0.1', '--amp=True']
    >>> build_command(["sh", "run me.sh", "--out=${envvar:HOME}/lr${lr}", "${args_no_boolean_flags}"],
    ...               {"lr": 0.1, "amp": False}, around)
    ['sh', 'run me.sh', '--out=/home/me/lr0.1', '--lr=0.1']
    """
    words: list[str] = []
    for word in DEFAULT_COMMAND if command is None else command:
        whole = _REFERENCE.fullmatch(word)
        if whole is not None and not whole[1]:
            words += _words_of(whole[2], config, around)
        else:
            words.append(_REFERENCE.sub(lambda found: _within(found, config, around), word))
    if not words:
        raise UsageError("the command has no words")
    return words


def macros_of(word: str) -> Iterator[str]:
    """The names in ``${...}`` of one word, but for those that are written ``$${...}``."""
    return (found[2] for found in _REFERENCE.finditer(word) if not found[1])


def problem_with(word: str, parameters: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """What is wrong with one word of a command, or None.

    Parameters
    ----------
    word : str
    parameters : mapping
        By dotted name, whatever the values.

    Returns
    -------
    (text, macro) or None
        `macro` is the unknown name, so that a near one can be proposed; None for another problem.

    Examples
    --------
    >>> problem_with("${argz}", {"lr": None})
    ('is the unknown macro ${argz}', 'argz')
    >>> problem_with("--x=${args}", {})
    ('has ${args}, which stands for several words, inside a word; make it an item of its own', None)
    >>> problem_with("runs/${lr}/$${left:alone}", {"lr": None})
    """
    for macro in macros_of(word):
        if macro in MACROS:
            if macro in _OF_MANY_WORDS and word != f"${{{macro}}}":
                return (
                    f"has ${{{macro}}}, which stands for several words, inside a word; make it an item of its own",
                    None,
                )
        elif macro not in parameters and not _ENVVAR.fullmatch(macro):
            is_ = "is" if word == f"${{{macro}}}" else "has"
            return f"{is_} the unknown macro ${{{macro}}}", macro
    return None


# -- what a macro stands for ---------------------------------------------------------------------------------------


def _words_of(macro: str, config: Mapping[str, Any], around: Surroundings) -> list[str]:
    """The words of a macro that is a word of its own."""
    pairs = list(config.items())
    if macro == "env":
        return [around.env] if around.env else []
    if macro == "args":
        return [f"--{name}={_text(value)}" for name, value in pairs]
    if macro == "args_no_hyphens":
        return [f"{name}={_text(value)}" for name, value in pairs]
    if macro == "args_no_equals":
        return [word for name, value in pairs for word in (f"--{name}", _text(value))]
    if macro == "args_no_boolean_flags":
        return [
            f"--{name}" if value is True else f"--{name}={_text(value)}" for name, value in pairs if value is not False
        ]
    if macro in ("args_append_hydra", "args_override_hydra"):
        sign = "+" if macro == "args_append_hydra" else "++"
        return [f"{sign}{name}={_hydra(value)}" for name, value in _leaves(config)]
    return [_single(macro, config, around)]


def _within(found: re.Match[str], config: Mapping[str, Any], around: Surroundings) -> str:
    if found[1]:
        return f"${{{found[2]}}}"
    return around.env if found[2] == "env" else _single(found[2], config, around)


def _single(macro: str, config: Mapping[str, Any], around: Surroundings) -> str:
    """What a macro of one word stands for."""
    if macro == "interpreter":
        return around.interpreter
    if macro == "program":
        if around.program is None:
            raise UsageError("the command has ${program}, but the sweep config names no program; add program: train.py")
        return around.program
    if macro == "args_json":
        return json.dumps(dict(config))
    if macro == "args_json_file":
        return around.json_file
    envvar = _ENVVAR.fullmatch(macro)
    if envvar is not None:
        if envvar[1] not in around.environment:
            raise UsageError(f"the command has ${{{macro}}}, but the environment variable {envvar[1]} is not set")
        return around.environment[envvar[1]]
    found = _lookup(config, macro)
    if found is None:
        raise UsageError(f"the command has ${{{macro}}}, which is neither a macro nor a parameter of the sweep")
    return _text(found[0])


def _lookup(config: Mapping[str, Any], name: str) -> tuple[Any] | None:
    """The value of a parameter by its dotted name, in a tuple, as it may be None itself."""
    if name in config:
        return (config[name],)
    for head, inside in config.items():
        if isinstance(inside, Mapping) and name.startswith(f"{head}."):
            found = _lookup(inside, name[len(head) + 1 :])
            if found is not None:
                return found
    return None


def _text(value: Any) -> str:
    """As W&B writes values: Python's text, so True, [1, 2] and {'lr': 0.1}."""
    return str(value)


def _leaves(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


_HYDRA_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.\-]*")
_HYDRA_WORDS = frozenset({"true", "false", "null", "inf", "nan"})


def _hydra(value: Any) -> str:
    """A value in Hydra's override grammar (hydra.cc, "Override grammar"), so that it is read back as it was.

    W&B writes Python's text here too, which Hydra reads wrongly or not at all: None as a string, a comma as a sweep.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_hydra(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_hydra(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str) and (not _HYDRA_PLAIN.fullmatch(value) or value.lower() in _HYDRA_WORDS):
        # Only backslashes that stand before a quote or the end are read as escapes.
        escaped = re.sub(r"(\\*)('|\Z)", lambda run: run[1] * 2 + ("\\'" if run[2] else ""), value)
        return f"'{escaped}'"
    return str(value)
