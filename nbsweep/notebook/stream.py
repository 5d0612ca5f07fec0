"""What a dashboard's pages hear of a sweep and say of it, whatever carries the messages.

A `SweepStream` keeps no state of the sweep: a page says hello and gets a snapshot, and from then on what changed since
the revision that was sent last. What a page draws (which keys, which importance) it asks for; nobody is sent more.
The widget under a cell is one (`nbsweep.notebook.dashboard`), a tab of JupyterLab's is fed by another
(`nbsweep.notebook.link`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import nbsweep
from nbsweep import analysis, narrowing, process, sweep_config
from nbsweep.cells import config_cell, define_cell
from nbsweep.errors import NbsweepError, UsageError
from nbsweep.notebook.audience import Audience, main_thread
from nbsweep.notebook.media_views import media_view
from nbsweep.notebook.publisher import thinker
from nbsweep.notebook.series import Series, SeriesReader
from nbsweep.notebook.views import PROTOCOL, importance_view, run_view, sweep_view
from nbsweep.plan import Plan, sendable
from nbsweep.store import AgentRecord, RunRecord, Session, SweepRecord
from nbsweep.sweeps import Sweep

__all__ = ["OTHER_PAGE", "SweepStream", "answer_while_busy"]

OTHER_PAGE = (
    "This page has the dashboard of another version of nbsweep (protocol {page}; the kernel has nbsweep {version}, "
    "protocol {kernel}). Restart the kernel, run the cell again and reload the page."
)
UNASKED_EVERY_S = 1.0
CONSOLE_LETTERS = 200_000
"""Of what a run printed a page gets so much, its end: an open row of a running run asks every second."""


class SweepStream:
    """One sweep's messages to its pages and back.

    Who makes one adds it to the publisher, and gives it ``send(content, buffers)``, which takes a message to all of
    its pages, and `hear`, each message of a page's.

    Parameters
    ----------
    sweep_id : str
        Id or name of the sweep.
    """

    send: Callable[..., None]

    def __init__(self, sweep_id: str) -> None:
        self.sweep = Sweep(sweep_id)
        self._version = 0  # of the sweep's config, which the plan follows from
        self._plan = Plan.of(self.sweep.checked_config)
        self._codes: dict[int, str] = {}  # run number: hash of the code that it was trained with
        self._records: dict[str, RunRecord] = {}
        self._points: dict[tuple[str, str], int] = {}  # (run, key): numbers logged
        self._read_revision = -1
        self._best: RunRecord | None = None  # as the pages know it
        self._told_version = 0  # of the config by which the pages' runs were described
        self._sending = threading.Lock()
        self.connected = False  # until a page has said hello there is nobody to send to
        self.heard = False  # whether any page's hello has been handled
        self._next_unasked = 0.0
        self._revision = -1  # of the sweep, as the pages know it
        self._newest = -1  # and as it was seen last
        self._reader = SeriesReader()
        self._metrics: set[str] = set()  # whose importance pages look at
        self._ended = 0
        self._view: dict[str, Any] | None = None  # the header as it was sent last
        self._notice: str | None = None
        self._audience = Audience(main_thread())

    # -- to the page ---------------------------------------------------------------------------------------------

    def publish(self, revision: int | None = None) -> None:
        """Send what changed since the last time, to every page.

        `revision` is the sweep's, where the caller knows it: if nothing changed, the store is then not asked.
        """
        with self._sending:
            if not self.connected or (revision is not None and self._has(revision)):
                return
            with self.sweep.store.read() as db:
                sweep = self._sweep_in(db)
                # What is held back, because nobody looks, goes in one with the next.
                if self._has(sweep.revision) or not self._audience.wants():
                    return
                agents = self._read(db, sweep)
                redefined = self._version != self._told_version  # every run's value may be another metric's
                changed = [run for run in self._records.values() if redefined or run.revision > self._revision]
                self._reader.keys |= self._first_keys()  # pages that came before anything was logged
                series = self._reader.fresh(db, [run.id for run in changed])
            view, runs = self._seen(sweep, agents)
            self._revision, self._told_version = self._read_revision, self._version
            best = analysis.best_run(runs, self._plan.config.metric)
            if not redefined and self._best is not None and best is not None and self._best.id != best.id:
                changed.append(self._records[self._best.id])  # it did not change, but is the best no more
            self._best = best
            self._tell("delta", None, view, self._views(changed, best), series)
        ended = sum(not run.live for run in runs)
        if redefined or ended != self._ended:
            self._ended = ended
            for metric in tuple(self._metrics):
                thinker().ask(self, metric)

    def tell_trouble(self, text: str) -> None:
        """The store cannot be read: say so on every page, once, beside what they have."""
        with self._sending:
            if self.connected and self._view is not None and text != self._notice:
                self._tell("delta", None, {**self._view, "notice": text}, [], [])

    def snapshot(
        self, session: str | None, cursors: Mapping[str, Mapping[str, int]], keys: tuple[str, ...] = ()
    ) -> None:
        """Send one page all it lacks of the keys it draws; without keys, of those it will want to draw first."""
        with self._sending:
            with self.sweep.store.read() as db:
                sweep = self._sweep_in(db)
                agents = self._read(db, sweep)
                wanted = set(keys) or self._first_keys()
                series = self._reader.whole(db, list(self._records), wanted, cursors)
            view, runs = self._seen(sweep, agents)
            best = analysis.best_run(runs, self._plan.config.metric)
            if not self.connected:
                self.connected, self._revision, self._best = True, self._read_revision, best
                self._told_version = self._version
            self._tell("delta" if cursors else "snapshot", session, view, self._views(runs, best), series)

    def snapshot_unasked(self) -> None:
        """Send every page the whole picture, at most once a second: for a kernel that waiting keeps from hearing.

        Which of these the page is the first to listen to does not matter, each is whole.
        """
        if time.monotonic() >= self._next_unasked:
            self._next_unasked = time.monotonic() + UNASKED_EVERY_S
            self.snapshot(None, {})

    def tell_importance(self, metric: str) -> None:
        """Compute the importance of a metric and send it to every page.

        Called where time is to be had: by the thinker. A metric that no run has is answered with the reason.
        """
        try:
            view = importance_view(self.sweep.compute_importance(metric))
        except UsageError as error:
            view = {"rows": [], "runs_used": 0, "left_out": {}, "reason": str(error)}
        self.send({"type": "importance", "to": None, "metric": metric, **view})

    def keep(self) -> None:
        """Bring up to date what a notebook keeps; nothing, where this is shown in no notebook."""

    # -- from the page -------------------------------------------------------------------------------------------

    def hear(self, content: Any) -> None:
        """A page has said something; what it asks for is answered, and what is refused said as a notice."""
        if not isinstance(content, dict):
            return
        self._audience.heard()
        session = content.get("session")
        # A page that only says it is "here" needs no answer.
        answers: dict[Any, Callable[[str | None, dict[str, Any]], None]] = {
            "hello": self._hello,
            "command": self._command,
            "run_detail": self._detail,
            "importance": self._importance,
            "zoom": self._zoom,
            "selection": self._select,
            "narrow": self._narrow,
        }
        answer = answers.get(content.get("type"))
        try:
            if answer is not None:
                answer(session, content)
        except NbsweepError as error:
            self.send({"type": "notice", "to": session, "level": "error", "text": str(error)})

    def _hello(self, session: str | None, content: dict[str, Any]) -> None:
        self.heard = True
        if content.get("protocol") != PROTOCOL:
            # Read by the rules of another protocol a snapshot would show nonsense: say so, and send nothing else.
            text = OTHER_PAGE.format(page=content.get("protocol"), kernel=PROTOCOL, version=nbsweep.__version__)
            self.send({"type": "notice", "to": session, "level": "error", "text": text})
            return
        self.snapshot(session, content.get("cursors") or {}, tuple(map(str, content.get("keys") or ())))

    def _command(self, session: str | None, content: dict[str, Any]) -> None:
        run, sweep = str(content.get("run")), self.sweep
        commands: dict[str, Callable[[], Any]] = {
            "pause": sweep.pause,
            "resume": sweep.resume,
            "stop": sweep.stop,
            "stop_after_current": lambda: sweep.stop(after_current=True),
            "kill_run": lambda: sweep.kill_run(run),
            "rerun": lambda: sweep.rerun(run),
            "add_runs": lambda: sweep.add_runs(int(content.get("count") or 0)),
        }
        command = commands.get(str(content.get("command")))
        said = command() if command is not None else None
        if isinstance(said, str):
            self.send({"type": "notice", "to": session, "level": "info", "text": said})

    def _detail(self, session: str | None, content: dict[str, Any]) -> None:
        run = self.sweep.run(str(content.get("run")))
        with self.sweep.store.read() as db:
            media = media_view(db, run.id)
        self.send(
            {
                "type": "run_detail",
                "to": session,
                "run": run.id,
                "traceback": run.error,
                "console": _end_of(self.sweep.console(run.id)),
                "config": sendable(run.config, to_page=True),
                "source": config_cell(run, self._plan.config.metric),
                "code": self.sweep.code(run.id),
                "media": media,
            }
        )

    def _importance(self, _session: str | None, content: dict[str, Any]) -> None:
        metric = str(content.get("metric"))
        self._metrics.add(metric)
        thinker().ask(self, metric)

    def _zoom(self, session: str | None, content: dict[str, Any]) -> None:
        key, first, last = str(content.get("key")), float(content["from"]), float(content["until"])
        with self.sweep.store.read() as db:
            series = self._reader.between(db, [run.id for run in db.runs(self.sweep.id)], key, first, last)
        buffers: list[bytes] = []
        described = [each.message(buffers) for each in series]
        message = {"type": "zoom", "to": session, "key": key, "from": first, "until": last, "series": described}
        self.send(message, buffers)

    def _select(self, _session: str | None, content: dict[str, Any]) -> None:
        runs = content.get("runs")
        process.set_selection(self.sweep.id, None if runs is None else frozenset(map(str, runs)))

    def _narrow(self, session: str | None, content: dict[str, Any]) -> None:
        ranges = {name: (float(low), float(high)) for name, (low, high) in content.get("ranges", {}).items()}
        choices = dict(content.get("levels", {}))
        if not ranges and not choices:
            inside = set(content.get("runs", ()))
            declared = self._plan.config.parameter_names
            configs = [analysis.flat(run.config, declared) for run in self.sweep.runs if run.id in inside]
            numbers = [axis["name"] for axis in self._plan.axes if axis["kind"] == "number"]
            categories = [axis["name"] for axis in self._plan.axes if axis["kind"] == "category"]
            ranges, choices = narrowing.region_of(configs, numbers, categories)
        config = narrowing.narrowed(self.sweep.config, ranges, choices)
        left_out = narrowing.left_out(self.sweep.config, ranges, choices)
        comment = f"left out, for the sweep no longer has it: {'; '.join(left_out)}" if left_out else None
        code = define_cell(config, self._free_name(f"{self.sweep.name}-narrow"), comment)
        self.send({"type": "cell", "to": session, "title": "A sweep of the brushed region", "code": code})

    # -- private -------------------------------------------------------------------------------------------------

    def _has(self, revision: int) -> bool:
        """Whether the pages have all there is to tell, if that is the sweep's revision."""
        self._newest = revision
        return revision == self._revision and self.sweep.notice == self._notice

    def _sweep_in(self, db: Session) -> SweepRecord:
        sweep = db.sweep(self.sweep.id)
        if sweep is None:
            raise NbsweepError(f"sweep {self.sweep.id} is no longer in the store")
        return sweep

    def _read(self, db: Session, sweep: SweepRecord) -> list[AgentRecord]:
        """Bring up to date what is known of the runs: only those that changed since the last time are fetched."""
        changed = {run.id: run for run in db.runs(self.sweep.id, since_revision=self._read_revision)}
        if changed:
            self._points.update(db.points(changed))
        if sweep.version != self._version:
            self._version, self._plan = sweep.version, Plan.of(sweep_config.load(sweep.config))
        self._records.update(changed)
        self._codes.update({run.index: run.code_hash for run in changed.values() if run.code_hash is not None})
        self._read_revision = sweep.revision
        return db.agents(self.sweep.id)

    def _seen(self, sweep: SweepRecord, agents: list[AgentRecord]) -> tuple[dict[str, Any], list[RunRecord]]:
        """The header, and all runs."""
        runs = list(self._records.values())
        return sweep_view(sweep, self._plan, runs, agents, self._keys(), self.sweep.notice), runs

    def _keys(self) -> dict[str, int]:
        """The keys that were logged, and how many numbers of each."""
        keys: dict[str, int] = {}
        for (_run, key), count in self._points.items():
            keys[key] = keys.get(key, 0) + count
        return keys

    def _first_keys(self) -> set[str]:
        keys = self._keys()
        metric = self._plan.config.metric.name if self._plan.config.metric else None
        return {key for key in (metric, analysis.finest_key(keys, metric)) if key is not None and key in keys}

    def _views(self, runs: list[RunRecord], best: RunRecord | None) -> list[dict[str, Any]]:
        now = time.time()
        return [run_view(run, self._plan, best, now, self._code_changed(run)) for run in runs]

    def _code_changed(self, run: RunRecord) -> bool:
        """Whether the run before it, by number, was trained with other code."""
        if run.code_hash is None:  # as all of a sweep whose command names no file
            return False
        before = next((self._codes[n] for n in range(run.index - 1, -1, -1) if n in self._codes), run.code_hash)
        return run.code_hash != before

    def _free_name(self, wanted: str) -> str:
        with self.sweep.store.read() as db:
            names = {sweep.name for sweep in db.sweeps()}
        return next(
            name for name in (wanted, *(f"{wanted}-{i}" for i in range(2, len(names) + 3))) if name not in names
        )

    def _tell(
        self, kind: str, to: str | None, view: dict[str, Any], runs: list[dict[str, Any]], series: list[Series]
    ) -> None:
        buffers: list[bytes] = []
        described = [each.message(buffers) for each in series]
        self._view, self._notice = view, view["notice"]
        content = {"type": kind, "protocol": PROTOCOL, "to": to, "sweep": view, "runs": runs, "series": described}
        self.send(content, buffers)


def _end_of(console: str) -> str:
    """A console's last `CONSOLE_LETTERS`, from a line's beginning if one is near; a line above says what is gone."""
    if len(console) <= CONSOLE_LETTERS:
        return console
    begins = len(console) - CONSOLE_LETTERS
    begins = console.find("\n", begins - 1, begins + 1000) + 1 or begins
    return f"[the first {begins:,} characters are left out here; Sweep.console has them]\n{console[begins:]}"


def answer_while_busy(comm: Any) -> None:
    """Let clicks be handled while a cell runs.

    JupyterLab sends comm messages over a subshell, but ipykernel (7.x) routes answers to the loop that published
    last on the comm, which for a running cell is the busy main one. The default is the subshell the message came by.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
