"""The dashboard's text/html twin: what nbviewer, GitHub and exported pages show of a sweep.

A line, an inline SVG of all runs over their parameters and of the search's history, and a table of the best runs. No
script, no style sheet, nothing fetched; every word of a user's is escaped, and the size is bounded however many runs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.figure import Figure

from nbsweep.notebook.tables import Table, table_of

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["html_page", "inline_svg", "not_drawn"]

MOST_LINES = 200
_STATE_COLOURS = {"finished": "#15803d", "stopped": "#b45309", "failed": "#c81e1e", "crashed": "#c81e1e"}
_CELL = "padding:2px 10px;border-bottom:1px solid #9994;white-space:nowrap;font-variant-numeric:tabular-nums"
_NUMBER = re.compile(r"–?|-?(\d+(\.\d+)?(e[+-]?\d+)?( s)?|inf)|nan")


def html_page(sweep: Sweep) -> str:
    """The sweep as a piece of HTML."""
    table = table_of(sweep)
    try:
        pictures = "".join(f"<div>{inline_svg(figure)}</div>" for figure in _figures(sweep))
    except Exception as error:  # as `plt.rcParams` tells it to, matplotlib may not be able to draw: by LaTeX
        pictures = f"<p>{escape(not_drawn(error))}</p>"
    note = f"<pre>{escape(table.note)}</pre>" if table.note else ""
    more = f"<p>{escape(table.more)}</p>" if table.more else ""
    twin = f'class="nbsweep-twin" data-sweep="{escape(sweep.id)}"'  # labextension/src/twins.ts hides it where one lives
    return f"<div {twin}><p><b>{escape(table.title)}</b></p>{pictures}{_table(table)}{more}{note}</div>"


def not_drawn(error: Exception) -> str:
    """What stands in the place of a picture: a table of results must not fail for it."""
    return f"The picture could not be drawn: {type(error).__name__}: {error!s:.200}"


def inline_svg(figure: Figure) -> str:
    """A figure as an ``<svg>`` element that leaves the page around it as it is."""
    out = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "nbsweep"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=False)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    # A style element would hold for the whole page.
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg.replace("<svg ", '<svg style="max-width:100%;height:auto" stroke-linejoin="round" ', 1)


def _figures(sweep: Sweep) -> list[Figure]:
    from nbsweep import plots

    runs = sweep.runs
    ended = [run for run in runs if not run.live]
    if not ended or len(runs) > MOST_LINES:
        # A line a run is a line of text in SVG: of thousands the history alone is shown.
        return [plots.plot_history(sweep, by="run")] if ended and sweep.checked_config.metric else []
    figures = [plots.plot_parallel_coordinates(sweep)]
    if sweep.checked_config.metric is not None and len(ended) > 1:
        figures.append(plots.plot_history(sweep, by="run"))
    return figures


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    looks = [_look(cells) for cells in zip(*table.rows, strict=True)]
    head = "".join(f'<th style="{look}">{escape(name)}</th>' for name, look in zip(table.header, looks, strict=True))
    rows = []
    for row in table.rows:
        cells = [
            f'<td style="{look}{_state_style(row, column)}">{escape(cell)}</td>'
            for column, (cell, look) in enumerate(zip(row, looks, strict=True))
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _look(cells: Sequence[str]) -> str:
    """A column's: numbers and durations stand on the right, one below the other."""
    numbers = all(_NUMBER.fullmatch(cell) for cell in cells)
    return f"{_CELL};text-align:{'right' if numbers else 'left'}"


def _state_style(row: tuple[str, ...], column: int) -> str:
    return f";color:{_STATE_COLOURS.get(row[1].split(':')[0], 'inherit')}" if column == 1 else ""
