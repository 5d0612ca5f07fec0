"""The dashboard as a widget under a cell, by anywidget: in every notebook front end.

What it says and hears is `nbsweep.notebook.stream`'s; here is only what a widget adds.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
import traitlets
from IPython.display import display

from nbsweep.notebook import twins
from nbsweep.notebook.host import in_colab
from nbsweep.notebook.keeping import Keeping
from nbsweep.notebook.publisher import publisher, thinker
from nbsweep.notebook.snapshot import MIME, placeholder, snapshot
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
        self._keeping = Keeping()
        self._twins: dict[str, Any] = {}  # as they were put up last
        self._writing = threading.Lock()
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
        said = {
            "text/plain": f"Dashboard of sweep {self.sweep.name}",
            MIME: placeholder(self.sweep.id, self.model_id),
        }
        display({**data, **said}, metadata=metadata, raw=True)
        self.put_up_twins(display_id, update=False)

    def put_up_twins(self, display_id: str, *, update: bool = True) -> None:
        """The twins as they are now, in the output that was put up by that id."""
        with self._writing:
            began, revision = self._keeping.began(), self._stored_revision()
            self._twins = twins.mimebundle(self.sweep, self.model_id)
            display(self._twins, raw=True, display_id=display_id, update=update)
            self._keeping.written(display_id, revision, began)

    def keep(self) -> None:
        """Bring the twins up to date; while runs are running the snapshot alone, for figures take their time."""
        display_id = self._keeping.display_id
        with self._writing:
            began, revision = self._keeping.began(), self._stored_revision()
            if display_id is None or self._keeping.has(revision):
                return
            if self._rests:
                self._twins = twins.mimebundle(self.sweep, self.model_id)
            else:
                self._twins |= {MIME: snapshot(self.sweep, self.model_id)}
            display(self._twins, raw=True, display_id=display_id, update=True)
            self._keeping.written(display_id, revision, began)

    def publish(self, revision: int | None = None) -> None:
        """Send what changed since the last time, to every page, and look after the twins."""
        super().publish(revision)
        # Pages that have all that there is are pages that somebody looks at. In Colab everything is done on the main
        # thread, for which a cell waits.
        current = self.connected and self._revision >= self._newest and not in_colab()
        if current and self._keeping.due(self._revision, resting=self._rests):
            thinker().ask(self, None)

    @property
    def _rests(self) -> bool:
        """As far as the pages know nobody works on the sweep."""
        return self._view is not None and not self._view["active"] and not self._view["counts"]["running"]

    def _stored_revision(self) -> int:
        with self.sweep.store.read() as db:
            return db.revisions([self.sweep.id]).get(self.sweep.id, -1)

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        self.hear(content)
