"""The dashboard's static twins: an output of their own beside it, for where no widget can live.

A table in text/plain, the curves in image/png, both and more in text/html, so that a notebook on GitHub, one executed
without a front end, and an exported page show results. It cannot be the dashboard's own output: who exports a page
takes the widget of that, which without a kernel is nothing. A page on which the dashboard lives hides its twins. Where
the extension is, it draws the dashboard from the snapshot among them (`nbsweep.notebook.snapshot`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbsweep.notebook import snapshot
from nbsweep.notebook.tables import table_of

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["mimebundle", "text_table"]


def mimebundle(sweep: Sweep, widget: str | None = None) -> dict[str, Any]:
    """text/plain, text/html and the snapshot; image/png once something was logged.

    `widget` is the id of the widget in the output above, if there is one.
    """
    from nbsweep.notebook.pages import html_page, not_drawn

    bundle: dict[str, Any] = {"text/plain": text_table(sweep), "text/html": html_page(sweep)}
    bundle[snapshot.MIME] = snapshot.snapshot(sweep, widget)
    if any(len(history.steps) for history in sweep.histories().values()):
        from nbsweep.plots import plot_history

        png = io.BytesIO()
        try:
            plot_history(sweep).savefig(png, format="png", dpi=110)
            bundle["image/png"] = png.getvalue()
        except Exception as error:
            bundle["text/plain"] += f"\n{not_drawn(error)}"
    return bundle


def text_table(sweep: Sweep) -> str:
    """The sweep in a line and its runs in a table, the best first, at most twenty."""
    table = table_of(sweep)
    lines = [table.title, *(_aligned([table.header, *table.rows]) if table.rows else [])]
    return "\n".join([*lines, *(text for text in (table.more, table.note) if text)])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
