"""How commands print: tables that fit the terminal, JSON for scripts, text that cannot steer the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from nbsweep.plan import sendable
from nbsweep.rounding import rounded

__all__ = ["ago", "duration", "fitted", "print_json", "safe", "table"]

GAP = 2
NEVER_CUT = 9  # characters: long names and reasons give way, numbers do not
UNLIMITED = 10_000  # columns, where nobody looks and nothing is to be cut: a pipe, a file


def print_json(value: Any) -> None:
    """Print as JSON; NaN and infinities, which JSON lacks, as the strings "NaN", "Infinity" and "-Infinity"."""
    whole = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"  # elsewhere a character may be missing
    print(json.dumps(sendable(value), indent=2, ensure_ascii=not whole))


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), first_to_go: Sequence[str] = ()
) -> None:
    """Print rows under their columns' names.

    At a terminal they fit its width: long cells are shortened, and where that is not enough, columns of `first_to_go`
    are left out, the last ones first. Elsewhere all is whole. Columns in `right` hold numbers.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else UNLIMITED, highlight=False)
    cells = [[safe(cell) for cell in row] for row in (columns, *rows)]
    wanted = [max(cell_len(row[place]) for row in cells) for place in range(len(columns))]
    kept, widths = fitted(columns, wanted, console.width, first_to_go)
    grid = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for place, width in zip(kept, widths, strict=True):
        justify: Literal["left", "right"] = "right" if columns[place] in right else "left"
        grid.add_column(Text(cells[0][place]), justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for row in cells[1:]:
        grid.add_row(*(Text(row[place]) for place in kept))
    console.print(grid)
    if len(kept) < len(columns):
        left_out = ", ".join(cells[0][place] for place in range(len(columns)) if place not in kept)
        sys.stderr.write(f"no room for {left_out}; all of it: --json\n")


def fitted(
    columns: Sequence[str], wanted: Sequence[int], available: int, first_to_go: Sequence[str] = ()
) -> tuple[list[int], list[int]]:
    """Which columns (by place) are shown, and how wide, when there is room for `available` characters.

    >>> fitted(["run", "lr", "title", "why"], [12, 5, 40, 30], 70)
    ([0, 1, 2, 3], [12, 5, 23, 22])
    >>> fitted(["run", "lr", "title", "why"], [12, 5, 40, 30], 30, ["lr", "title"])
    ([0, 1, 3], [10, 5, 9])
    """
    kept = list(range(len(columns)))

    def room() -> int:
        return available - GAP * len(kept)

    while len(kept) > 1 and sum(min(wanted[place], NEVER_CUT) for place in kept) > room():
        spare = [place for place in kept if columns[place] in first_to_go]
        kept.remove(spare[-1] if spare else kept[-1])
    widths = {place: min(wanted[place], NEVER_CUT) for place in kept}
    left = room() - sum(widths.values())
    while left > 0 and (growing := [place for place in kept if widths[place] < wanted[place]]):
        for place in growing[:left]:
            widths[place] += 1
        left -= len(growing[:left])
    return kept, [widths[place] for place in kept]


def safe(text: object) -> str:
    """Text of a user's on one line, without characters that steer a terminal.

    >>> safe("a\\x1b[31mb\\nc")
    'a\\\\x1b[31mb\\\\nc'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in str(text))


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
    return rounded(value) if isinstance(value, float) else str(value)
