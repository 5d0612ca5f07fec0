"""Completion of the lines ``%sweep …``, ``%%sweep define …`` and ``%%sweep_train …``.

`complete` is what Tab asks, in whatever shows this kernel's completions (`attach` hangs it into IPython), and what
JupyterLab's page asks over the link, which answers beside a running cell. It reads the store where names are wanted.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nbsweep.errors import NbsweepError
from nbsweep.notebook.usage import USAGE, Usage, subcommands

__all__ = ["Candidate", "answer_complete", "attach", "complete", "detach"]

MAGICS = ("%sweep", "%%sweep", "%%sweep_train")
_MOST_NAMES = 500
_SAFE = re.compile(r"[\w.:/-]+")


@dataclass(frozen=True)
class Candidate:
    """One completion: what is put in place of the word at the cursor, of what kind it is, and what it means."""

    text: str
    kind: str
    about: str = ""


def complete(line: str) -> list[Candidate]:
    """What the last word of a line, up to the cursor, may become.

    Examples
    --------
    >>> [candidate.text for candidate in complete("%sweep pa")]
    ['pause', 'parallel']
    >>> [candidate.text for candidate in complete("%sweep kill --")]
    ['--sweep']
    """
    words = line.lstrip().split(" ")
    typed = words[-1]
    before = [word for word in words[:-1] if word]
    if not before or before[0] not in MAGICS:
        return []
    candidates = _candidates(before, typed)
    return [candidate for candidate in candidates if candidate.text.startswith(typed)]


def answer_complete(content: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a page's request "complete": ``{"line"}``, up to the cursor, in; ``{"items"}`` out."""
    return {"items": [asdict(candidate) for candidate in complete(str(content.get("line", "")))]}


def attach(ipython: Any) -> None:
    """Let IPython's Tab know the lines: the hook ``complete_command``, which is the same from 7.34 on."""
    for magic in MAGICS:
        ipython.set_hook("complete_command", _for_ipython, str_key=magic)


def detach(ipython: Any) -> None:
    """Take the hooks out."""
    commands = getattr(ipython, "strdispatchers", {}).get("complete_command")
    for magic in MAGICS:
        getattr(commands, "strs", {}).pop(magic, None)


def _for_ipython(_ipython: Any, event: Any) -> list[str]:
    line = str(event.text_until_cursor)
    typed = line.split(" ")[-1]
    symbol = str(event.symbol)
    # IPython replaces its own idea of the word, which for a name with a quote in it begins later than ours.
    cut = len(typed) - len(symbol) if typed.endswith(symbol) else 0
    return [candidate.text[cut:] for candidate in complete(line)]


def _candidates(before: list[str], typed: str) -> list[Candidate]:
    if len(before) == 1 and before[0] != "%%sweep_train":
        return [Candidate(word, "command", about) for word, about in subcommands(before[0]).items()]
    command, rest = (before[0], before[1:]) if before[0] == "%%sweep_train" else (" ".join(before[:2]), before[2:])
    usage = USAGE.get(command)
    if usage is None:
        return []
    valued = {option.name: option.value for option in usage.options}
    if rest and valued.get(rest[-1]):
        return _values(valued[rest[-1]], rest[-1], rest)
    options = [Candidate(option.name, "option", option.value) for option in usage.options if option.name not in rest]
    return options if typed.startswith("-") else [*_first(usage, rest, valued, command), *options]


def _first(usage: Usage, rest: list[str], valued: Mapping[str, str], command: str) -> list[Candidate]:
    """What the command is about, if that word was not given yet."""
    given = [word for number, word in enumerate(rest) if not _belongs_to_option(number, rest, valued)]
    if given or not usage.first or command == "%%sweep define":  # the name of a sweep that is new
        return []
    return _values(usage.first, "", rest)


def _belongs_to_option(number: int, rest: list[str], valued: Mapping[str, str]) -> bool:
    return rest[number] in valued or (number > 0 and bool(valued.get(rest[number - 1])))


def _values(called: str, option: str, rest: list[str]) -> list[Candidate]:
    if called == "NAME" and option in ("", "--sweep"):
        return _sweeps()
    if called == "RUN":
        sweep = next((rest[at + 1] for at, word in enumerate(rest[:-1]) if word == "--sweep"), None)
        return _runs(sweep)
    named: dict[str, Callable[[], Iterable[Candidate]]] = {
        "FUNCTION": lambda: _notebook_names(lambda value: callable(value) and not isinstance(value, type)),
        "CONFIG_VARIABLE": lambda: _notebook_names(lambda value: isinstance(value, Mapping)),
        "METRIC": lambda: _metrics(),
    }
    return list(named.get(called, list)())


def _sweeps() -> list[Candidate]:
    from nbsweep.finding import existing_store

    try:
        with existing_store().read() as db:
            sweeps = list(db.sweeps())[-_MOST_NAMES:]
    except NbsweepError:
        return []
    names = [sweep.name for sweep in sweeps]
    candidates = []
    for sweep in reversed(sweeps):
        # A name that was given twice, or that a line would have to quote, is meant by its id.
        plain = names.count(sweep.name) == 1 and _SAFE.fullmatch(sweep.name) and not sweep.name.startswith("-")
        about = f"{'' if plain else sweep.name + ' · '}{sweep.config.get('method', '')} · {sweep.state}"
        candidates.append(Candidate(sweep.name if plain else sweep.id, "sweep", about))
    return candidates


def _runs(sweep: str | None) -> list[Candidate]:
    from nbsweep.sweeps import Sweep

    try:
        runs = Sweep(sweep).runs[-_MOST_NAMES:]
    except NbsweepError:
        return []
    return [Candidate(shlex.quote(run.name), "run", run.state) for run in reversed(runs)]


def _metrics() -> list[Candidate]:
    from nbsweep.sweeps import Sweep

    try:
        keys = {key for run in Sweep(None).runs for key in run.summary}
    except NbsweepError:
        return []
    return [Candidate(shlex.quote(key), "metric") for key in sorted(keys)]


def _notebook_names(wanted: Callable[[Any], bool]) -> list[Candidate]:
    from IPython.core.getipython import get_ipython

    names = dict(getattr(get_ipython(), "user_ns", None) or {})
    hidden = set(getattr(get_ipython(), "user_ns_hidden", None) or ())
    return [
        Candidate(name, type(value).__name__)
        for name, value in names.items()
        if not name.startswith("_") and name not in hidden and wanted(value)
    ]
