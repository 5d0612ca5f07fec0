"""How commands print: tables that fit the terminal, JSON for scripts, text that cannot steer the terminal."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from nbsweep.plan import sendable

__all__ = ["ago", "duration", "number", "print_json", "safe", "table"]

NEVER_CUT = 9  # characters
UNLIMITED = 10_000  # columns, where nobody looks and nothing is to be cut: a pipe, a file


def print_json(value: Any) -> None:
    """Print as JSON; NaN and infinities, which JSON lacks, as the strings "NaN", "Infinity" and "-Infinity"."""
    print(json.dumps(sendable(value), indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows under their columns' names.

    At a terminal cells are shortened to fit its width; elsewhere they are whole. Columns in `right` hold numbers.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        widest = max(len(safe(cell)) for cell in (name, *(row[place] for row in rows)))
        grid.add_column(
            Text(safe(name)),
            justify="right" if name in right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=widest if widest <= NEVER_CUT else None,  # long names and reasons give way, numbers do not
        )
    for row in rows:
        grid.add_row(*(Text(safe(cell)) for cell in row))
    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if terminal else UNLIMITED, highlight=False)
    console.print(grid)


def safe(text: object) -> str:
    """Text of a user's on one line, without characters that steer a terminal.

    >>> safe("a\\x1b[31mb\\nc")
    'a\\\\x1b[31mb\\\\nc'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in str(text))


def number(value: float | None) -> str:
    """A metric's value, short.

    >>> number(0.012345678), number(None), number(float("nan"))
    ('0.01235', '–', 'nan')
    """
    if value is None:
        return "–"
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def duration(seconds: float | None) -> str:
    """Seconds as people say them.

    >>> duration(0.25), duration(75), duration(7300), duration(None)
    ('0.2s', '1m15s', '2h01m', '–')
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def ago(seconds: float) -> str:
    """How long ago, to one unit.

    >>> ago(5), ago(600), ago(90000)
    ('just now', '10 min ago', '1 d ago')
    """
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


def values_in_words(config: Mapping[str, Any]) -> str:
    """A config in one line.

    >>> values_in_words({"optimizer.lr": 0.0012345678, "epochs": 3, "act": "relu"})
    'optimizer.lr=0.001235 epochs=3 act=relu'
    """
    return " ".join(f"{name}={short(value)}" for name, value in config.items())


def short(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)
