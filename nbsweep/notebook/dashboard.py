"""The dashboard as a widget under a cell, by anywidget: in every notebook front end.

What it says and hears is `nbsweep.notebook.stream`'s; here is only what a widget adds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
import traitlets
from IPython.display import display

from nbsweep.notebook import twins
from nbsweep.notebook.publisher import publisher
from nbsweep.notebook.stream import SweepStream, answer_while_busy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dashboard"]

_WIDGET = Path(__file__).parent.parent / "static" / "widget.js"
_NOT_BUILT = """export default { render({ el }) {
    el.textContent = "nbsweep's front end is not built: run `pip install .` in the checkout, with Node 20 at hand";
} }"""


class Dashboard(SweepStream, anywidget.AnyWidget):
    """The live picture of one sweep.

    Parameters
    ----------
    sweep_id : str
        Id or name of the sweep.
    """

    _esm = _WIDGET if _WIDGET.exists() else _NOT_BUILT
    sweep_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, sweep_id: str) -> None:
        SweepStream.__init__(self, sweep_id)
        anywidget.AnyWidget.__init__(self, sweep_id=self.sweep.id)
        answer_while_busy(self.comm)
        self.on_msg(self._on_message)
        publisher().add(self)

    @property
    def selected(self) -> pd.DataFrame:
        """The runs inside what is brushed on a page of this sweep, as `Sweep.to_pandas` has them; else all runs."""
        return self.sweep.selected

    def _ipython_display_(self) -> None:
        self.put_up(uuid4().hex)

    def put_up(self, display_id: str) -> None:
        """Show it under the running cell, and beside it its static twins, which `put_up_twins` can bring up to date."""
        shown = self._repr_mimebundle_()
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        display({**data, "text/plain": f"Dashboard of sweep {self.sweep.name}"}, metadata=metadata, raw=True)
        self.put_up_twins(display_id, update=False)

    def put_up_twins(self, display_id: str, *, update: bool = True) -> None:
        """The twins as they are now, in the output that was put up by that id."""
        display(twins.mimebundle(self.sweep), raw=True, display_id=display_id, update=update)

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        self.hear(content)
