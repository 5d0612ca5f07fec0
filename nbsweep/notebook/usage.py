"""How each magic is written: the one table that messages of wrong lines and completion are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["USAGE", "Option", "Usage", "help_of", "line_of", "subcommands"]

_TRAIN = "[--count N] [--workers N] [--engine threads] [--run-timeout SECONDS] [--sweep NAME] [--wait]"
_AGENT = "[--program FILE.py] [--count N] [--workers N] [--gpus 0,1] [--run-timeout SECONDS] [--sweep NAME] [--wait]"
_DEFINE = "[--project P] [--seed N] [--prior NAME]"


@dataclass(frozen=True)
class Option:
    """An option, and what its value is called; "" for a switch."""

    name: str
    value: str


@dataclass(frozen=True)
class Usage:
    """What may follow a magic, as help shows it, and what the magic is for."""

    words: str
    about: str

    @property
    def options(self) -> tuple[Option, ...]:
        """
        Examples
        --------
        >>> Usage("RUN [--sweep NAME] [--wait]", "").options
        (Option(name='--sweep', value='NAME'), Option(name='--wait', value=''))
        """
        return tuple(Option(name, value) for name, value in re.findall(r"(--[a-z-]+) ?([^\]]*)\]", self.words))

    @property
    def first(self) -> str:
        """What the first word after the command is called, without brackets; "" when there is none."""
        return "" if self.words.startswith("[--") else self.words.partition(" ")[0].strip("[]")


USAGE: dict[str, Usage] = {
    "%%sweep define": Usage(f"[NAME] {_DEFINE}", "define a sweep; the body is its config, a dict or YAML"),
    "%%sweep_train": Usage(_TRAIN, "train runs; the body is the run and sees config, run and log"),
    "%sweep define": Usage(
        f"CONFIG_VARIABLE | FILE.yaml [--name NAME] {_DEFINE}", "define a sweep of a dict or a file"
    ),
    "%sweep train": Usage(f"FUNCTION {_TRAIN}", "train runs of a function"),
    "%sweep agent": Usage(_AGENT, "train runs of the sweep's program"),
    "%sweep status": Usage("[NAME]", "the runs of a sweep as a table of text"),
    "%sweep list": Usage("", "the sweeps of this notebook's store"),
    "%sweep use": Usage("NAME", "make a sweep the current one"),
    "%sweep dashboard": Usage("[NAME]", "the live dashboard"),
    "%sweep wait": Usage("[NAME]", "wait until the agent at work has finished"),
    "%sweep pause": Usage("[NAME]", "begin no new runs; those that run go on"),
    "%sweep resume": Usage("[NAME]", "go on with a sweep that was paused"),
    "%sweep stop": Usage("[NAME] [--after-current]", "end the running runs"),
    "%sweep cancel": Usage("[NAME]", "end a sweep for good"),
    "%sweep kill": Usage("RUN [--sweep NAME]", "end one run"),
    "%sweep rerun": Usage("RUN [--sweep NAME]", "train a run's config again"),
    "%sweep more": Usage("[N] [--sweep NAME]", "one more run of the same search, or N"),
    "%sweep best": Usage("[NAME]", "the best run and its config"),
    "%sweep runs": Usage("[NAME]", "the runs as a DataFrame"),
    "%sweep importance": Usage("[METRIC] [--sweep NAME]", "which parameters matter, as a figure"),
    "%sweep parallel": Usage("[NAME]", "parallel coordinates, as a figure"),
    "%sweep export": Usage("FILE.csv | FILE.json | FILE.parquet [--sweep NAME]", "write the runs into a file"),
    "%sweep report": Usage("FILE.html [--sweep NAME]", "the dashboard as one file, for any browser"),
}
# IPython refuses a cell magic that has no body, also where only --help is asked for: the line magic tells both.
_OF_CELLS = {"%sweep define": "%%sweep define", "%sweep train": "%%sweep_train"}


def line_of(command: str) -> str:
    """
    Examples
    --------
    >>> line_of("%sweep use")
    '%sweep use NAME'
    """
    return f"{command} {USAGE[command].words}".strip()


def help_of(command: str) -> str:
    """How a command is written and what it is for; of what is none, which commands there are."""
    if command in USAGE:
        cell = _OF_CELLS.get(command)
        return f"{line_of(command)}\n{USAGE[command].about}" + (f"\n\n{help_of(cell)}" if cell else "")
    commands = " | ".join(subcommands("%sweep"))
    cells = "%%sweep define [NAME]\n%%sweep_train [--count N] [--workers N]"
    return f"%sweep {commands}\n{cells}\n%sweep COMMAND --help tells more"


def subcommands(magic: str) -> dict[str, str]:
    """The words that may follow ``%sweep`` or ``%%sweep``, and what each is for."""
    start = f"{magic} "
    return {name[len(start) :]: usage.about for name, usage in USAGE.items() if name.startswith(start)}
