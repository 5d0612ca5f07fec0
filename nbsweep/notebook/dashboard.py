"""The dashboard's Python half: an anywidget that streams the store to the page and carries clicks back.

A `Dashboard` keeps no state of the sweep: a page says hello and gets a snapshot, and from then on what changed since
the revision that was sent last. One thread a kernel (``nbsweep-dashboards``) does this for all of them, woken by the
recorder, at most twenty times a second; it also looks once a second for what other processes did.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nbsweep import analysis, process
from nbsweep.errors import NbsweepError
from nbsweep.notebook import twins
from nbsweep.notebook.host import in_colab
from nbsweep.notebook.views import PROTOCOL, SNAPSHOT_POINTS, Plan, Series, run_view, sendable, series_of, sweep_view
from nbsweep.store import RunRecord, read_history
from nbsweep.sweeps import Sweep

__all__ = ["Dashboard", "Publisher", "publisher"]

_WIDGET = Path(__file__).parent.parent / "static" / "widget.js"
_NOT_BUILT = """export default { render({ el }) {
    el.textContent = "nbsweep's front end is not built: run `pip install .` in the checkout, with Node 20 at hand";
} }"""
UPDATE_EVERY_S = 0.05
LOOK_EVERY_S = 1.0
UNASKED_EVERY_S = 1.0


class Dashboard(anywidget.AnyWidget):
    """The live picture of one sweep.

    Parameters
    ----------
    sweep_id : str
        Id or name of the sweep.
    """

    _esm = _WIDGET if _WIDGET.exists() else _NOT_BUILT
    sweep_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, sweep_id: str) -> None:
        self.sweep = Sweep(sweep_id)
        self._plan = Plan.of(self.sweep.checked_config)
        self._records: dict[str, RunRecord] = {}
        self._read_revision = -1
        self._best: RunRecord | None = None  # as the pages know it
        self._sending = threading.Lock()
        self.connected = False  # until a page has said hello there is nobody to send to
        self.heard = False  # whether any page's hello has been handled
        self._next_unasked = 0.0
        self._revision = -1
        self._known: dict[tuple[str, str], int] = {}  # (run, key): points sent to every page
        self._rows: dict[tuple[str, str], int] = {}  # (run, ""): rows read
        super().__init__(sweep_id=self.sweep.id)
        _answer_while_busy(self.comm)
        self.on_msg(self._on_message)
        publisher().add(self)

    # -- to the page ---------------------------------------------------------------------------------------------

    def publish(self, revision: int) -> None:
        """Send what changed since the last time, to every page."""
        with self._sending:
            if not self.connected or revision == self._revision:
                return
            view, runs = self._read()
            changed = [run for run in runs if run.revision > self._revision]
            series = self._new_series([run.id for run in changed])
            self._revision = self._read_revision
            best = analysis.best_run(runs, self._plan.config.metric)
            if self._best is not None and best is not None and self._best.id != best.id:
                changed.append(self._records[self._best.id])  # it did not change, but is the best no more
            self._best = best
            self._tell("delta", None, view, self._views(changed, best), series)

    def snapshot(self, session: str | None, cursors: Mapping[str, Mapping[str, int]]) -> None:
        """Send one page all it lacks."""
        with self._sending:
            view, runs = self._read()
            best = analysis.best_run(runs, self._plan.config.metric)
            series = self._series_since([run.id for run in runs], cursors)
            if not self.connected:
                self.connected, self._revision, self._best = True, self._read_revision, best
            if not cursors:
                series = [each.reduce(SNAPSHOT_POINTS) for each in series]
            self._tell("delta" if cursors else "snapshot", session, view, self._views(runs, best), series)

    def snapshot_unasked(self) -> None:
        """Send every page the whole picture, at most once a second: for a kernel that waiting keeps from hearing.

        Which of these the page is the first to listen to does not matter, each is whole.
        """
        if time.monotonic() >= self._next_unasked:
            self._next_unasked = time.monotonic() + UNASKED_EVERY_S
            self.snapshot(None, {})

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        shown = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        return {**data, **twins.mimebundle(self.sweep)}, metadata

    # -- from the page -------------------------------------------------------------------------------------------

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        session = content.get("session")
        try:
            kind = content.get("type")
            if kind == "hello":
                self.heard = True
                self.snapshot(session, content.get("cursors") or {})
            elif kind == "command":
                self._command(str(content.get("command")), content.get("run"))
            elif kind == "run_detail":
                self._detail(session, str(content.get("run")))
        except NbsweepError as error:
            self.send({"type": "notice", "to": session, "level": "error", "text": str(error)})

    def _command(self, command: str, run: str | None) -> None:
        commands: dict[str, Callable[[], Any]] = {
            "pause": self.sweep.pause,
            "resume": self.sweep.resume,
            "stop": self.sweep.stop,
            "stop_after_current": lambda: self.sweep.stop(after_current=True),
            "kill_run": lambda: self.sweep.kill_run(str(run)),
        }
        if command in commands:
            commands[command]()

    def _detail(self, session: str | None, run_id: str) -> None:
        run = self.sweep.run(run_id)
        self.send(
            {
                "type": "run_detail",
                "to": session,
                "run": run.id,
                "traceback": run.error,
                "console": self.sweep.console(run_id),
                "config": sendable(run.config),
            }
        )

    # -- private -------------------------------------------------------------------------------------------------

    def _read(self) -> tuple[dict[str, Any], list[RunRecord]]:
        """The header and all runs; only those that changed since the last time are fetched."""
        with self.sweep.store.read() as db:
            sweep = db.sweep(self.sweep.id)
            if sweep is None:
                raise NbsweepError(f"sweep {self.sweep.id} is no longer in the store")
            self._records.update({run.id: run for run in db.runs(self.sweep.id, since_revision=self._read_revision)})
            agents = db.agents(self.sweep.id)
        self._read_revision = sweep.revision
        runs = list(self._records.values())
        return sweep_view(sweep, self._plan, runs, agents), runs

    def _views(self, runs: list[RunRecord], best: RunRecord | None) -> list[dict[str, Any]]:
        now = time.time()
        return [run_view(run, self._plan.config, best, now) for run in runs]

    def _new_series(self, run_ids: list[str]) -> list[Series]:
        known = {pair: count for pair, count in self._known.items() if pair[0] in run_ids}
        rows = {pair: count for pair, count in self._rows.items() if pair[0] in run_ids}
        with self.sweep.store.read() as db:
            chunks = db.chunks(run_ids, kind="key", since=known)
            row_chunks = db.chunks(run_ids, kind="row", since=rows)
        firsts: dict[tuple[str, str], int] = {}
        first_rows: dict[str, int] = {}
        for chunk in chunks:
            firsts.setdefault((chunk.run_id, chunk.key), chunk.first)
        for chunk in row_chunks:
            first_rows.setdefault(chunk.run_id, chunk.first)
            self._rows[chunk.run_id, ""] = chunk.first + chunk.count - 1  # read the last row's chunk again next time
        series: list[Series] = []
        for run_id, history in read_history([*row_chunks, *chunks]).items():
            mine = {key: first for (run, key), first in firsts.items() if run == run_id}
            since = {key: count for (run, key), count in known.items() if run == run_id}
            series += series_of(run_id, history, mine, first_rows.get(run_id, 0), since)
        for each in series:
            self._known[each.run_id, each.key] = each.total
        return series

    def _series_since(self, run_ids: list[str], cursors: Mapping[str, Mapping[str, int]]) -> list[Series]:
        with self.sweep.store.read() as db:
            histories = read_history(db.chunks(run_ids))
        found: list[Series] = []
        for run_id, history in histories.items():
            fresh = list(series_of(run_id, history, {}, 0, cursors.get(run_id, {})))
            found += fresh
            if not self.connected:
                self._known.update({(run_id, each.key): each.total for each in fresh})
                self._rows[run_id, ""] = len(history.steps) - 1
        return found

    def _tell(
        self, kind: str, to: str | None, view: dict[str, Any], runs: list[dict[str, Any]], series: list[Series]
    ) -> None:
        buffers: list[bytes] = []
        described = []
        for each in series:
            described.append(
                {
                    "run": each.run_id,
                    "key": each.key,
                    "start": each.start,
                    "total": each.total,
                    "reduced": each.reduced,
                    "steps": len(buffers),
                    "values": len(buffers) + 1,
                }
            )
            buffers += [each.steps.tobytes(), each.values.tobytes()]
        content = {"type": kind, "protocol": PROTOCOL, "to": to, "sweep": view, "runs": runs, "series": described}
        self.send(content, buffers)


class Publisher:
    """Keeps every dashboard of this kernel up to date; its thread ends when there are none."""

    def __init__(self, *, own_thread: bool = True) -> None:
        self._dashboards: weakref.WeakSet[Dashboard] = weakref.WeakSet()
        self._wake = threading.Event()
        self._own_thread = own_thread
        self._thread: threading.Thread | None = None
        self._disposers: dict[int, Callable[[], None]] = {}

    def add(self, dashboard: Dashboard) -> None:
        self._dashboards.add(dashboard)
        recorder = process.recorder()
        if id(recorder) not in self._disposers:
            self._disposers[id(recorder)] = recorder.add_listener(self._wake.set)
        if self._own_thread and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._loop, name="nbsweep-dashboards", daemon=True)
            self._thread.start()

    def turn(self) -> None:
        """Bring every dashboard up to date, on the calling thread."""
        for dashboard in list(self._dashboards):
            with contextlib.suppress(NbsweepError):  # the store may be away for a while; the next turn tries again
                if not self._own_thread and not dashboard.heard:
                    dashboard.snapshot_unasked()
                    continue
                with dashboard.sweep.store.read() as db:
                    sweep = db.sweep(dashboard.sweep.id)
                if sweep is not None:
                    dashboard.publish(sweep.revision)

    def _loop(self) -> None:
        while self._dashboards:
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()
            try:
                self.turn()
            except Exception:  # one dashboard's trouble (a front end that has gone) must not end all of them
                logging.getLogger(__name__).exception("a dashboard could not be brought up to date")
            time.sleep(UPDATE_EVERY_S)


_publishers: list[Publisher] = []


def publisher() -> Publisher:
    """This kernel's publisher. In Colab it has no thread: widgets move only from the main one (colabtools#3373)."""
    if not _publishers:
        _publishers.append(Publisher(own_thread=not in_colab()))
    return _publishers[0]


def _answer_while_busy(comm: Any) -> None:
    """Let clicks be handled while a cell runs.

    JupyterLab sends comm messages over a subshell, but ipykernel (7.x) routes answers to the loop that published
    last on the comm, which for a running cell is the busy main one. The default is the subshell the message came by.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
