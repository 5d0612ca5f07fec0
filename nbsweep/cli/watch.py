"""``nbsweep watch``: a sweep as it goes, drawn again and again: progress, the best, the running and the last runs.

`Watcher` reads the store, only what is new; `draw` makes a picture of what it read. Nothing is written.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbsweep import analysis
from nbsweep.cli.opening import open_sweep
from nbsweep.cli.output import duration, safe, values_in_words
from nbsweep.errors import StoreError, UsageError
from nbsweep.notebook.views import sweep_view
from nbsweep.plan import Plan
from nbsweep.progress import without_traceback
from nbsweep.recovery import recover
from nbsweep.rounding import plural, rounded
from nbsweep.store import AgentRecord, RunRecord, SweepRecord, values_beyond
from nbsweep.sweeps import Sweep

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["Moment", "Watcher", "draw", "sparkline", "watch"]

LOOK_EVERY_S = 0.5
LATEST = 5
SPARK_WIDTH = 24
LONGEST_NAME = 24
_BLOCKS = "▁▂▃▄▅▆▇█"
_COLORS = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "crashed": "red",
    "stopped": "yellow",
    "killed": "yellow",
    "paused": "yellow",
    "cancelled": "red",
}


def watch(options: argparse.Namespace) -> int:
    """``nbsweep watch SWEEP``: until the sweep has ended, or Ctrl-C. Where nobody looks, one picture."""
    from rich.console import Console
    from rich.live import Live

    watcher = Watcher(open_sweep(options.sweep))
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console.print(draw(watcher.look()))
        return 0
    with Live(draw(watcher.look()), console=console, auto_refresh=False) as live:
        try:
            while not watcher.ended:
                time.sleep(LOOK_EVERY_S)
                try:
                    live.update(draw(watcher.look()), refresh=True)
                except StoreError:  # away for a while
                    continue
        except KeyboardInterrupt:  # enough seen; the sweep goes on
            pass
    return 0


@dataclass(frozen=True)
class Moment:
    """A sweep at one moment; `curves` has the metric's values of the runs that are drawn."""

    sweep: SweepRecord
    plan: Plan
    runs: Sequence[RunRecord]
    agents: Sequence[AgentRecord]
    curves: Mapping[str, Sequence[float]]
    now: float

    @property
    def running(self) -> list[RunRecord]:
        return [run for run in self.runs if run.state == "running"]

    @property
    def latest(self) -> list[RunRecord]:
        """The runs that ended last, the newest first."""
        ended = [run for run in self.runs if not run.live]
        return sorted(ended, key=lambda run: run.finished_at or 0.0, reverse=True)[:LATEST]


class Watcher:
    """Reads one sweep again and again."""

    def __init__(self, sweep: Sweep) -> None:
        self._store, self._id = sweep.store, sweep.id
        self._plan = Plan.of(sweep.checked_config)
        self._runs: dict[str, RunRecord] = {}
        self._curves: dict[str, list[float]] = {}
        self._revision = -1
        self.ended = False

    def look(self) -> Moment:
        """The sweep as it is now.

        Raises
        ------
        UsageError
            When it was deleted meanwhile.
        """
        recover(self._store, self._id)
        with self._store.read() as db:
            sweep = db.sweep(self._id)
            if sweep is None:
                raise UsageError(f"the sweep {self._id} is no longer in the store: it was deleted")
            self._runs.update({run.id: run for run in db.runs(self._id, since_revision=self._revision)})
            agents = db.agents(self._id)
        self._revision = sweep.revision
        runs = sorted(self._runs.values(), key=lambda run: run.index)
        moment = Moment(sweep, self._plan, runs, agents, self._curves, time.time())
        self._read_curves([run.id for run in (*moment.running, *moment.latest)])
        at_work = any(agent.left_at is None for agent in agents)
        self.ended = sweep.state in ("finished", "cancelled") and not at_work and not moment.running
        return moment

    def _read_curves(self, run_ids: list[str]) -> None:
        metric = self._plan.config.metric
        for gone in set(self._curves) - set(run_ids):
            del self._curves[gone]
        if metric is None:
            return
        held = {run_id: len(self._curves.get(run_id, ())) for run_id in run_ids}
        with self._store.read() as db:
            chunks = db.chunks_beyond(metric.name, held)
        for run_id, values in values_beyond(chunks, held).items():
            self._curves.setdefault(run_id, []).extend(
                float(value) if isinstance(value, (int, float)) or hasattr(value, "__float__") else math.nan
                for value in values
            )


def draw(moment: Moment) -> RenderableType:
    """The picture of a moment."""
    from rich.console import Group

    parts: list[RenderableType] = [_head(moment), _progress(moment), _best(moment)]
    if moment.sweep.note:
        parts.append(_text(("note  ", "dim"), (without_traceback(moment.sweep.note), "yellow")))
    for title, runs in (("running", moment.running), ("ended", moment.latest)):
        if runs:
            parts += ["", _runs_table(title, runs, moment)]
    return Group(*parts)


def sparkline(values: Sequence[float], width: int = SPARK_WIDTH) -> str:
    """A curve in one line of text, at most `width` characters; what is not finite is a gap.

    >>> sparkline([3, 2, 1, float("nan"), 0])
    '█▆▃ ▁'
    """
    if len(values) > width:
        values = [values[(place + 1) * len(values) // width - 1] for place in range(width)]
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    step = (high - low) / (len(_BLOCKS) - 1)
    return "".join(
        " " if not math.isfinite(value) else _BLOCKS[round((value - low) / step) if step > 0 else 0] for value in values
    )


def _head(moment: Moment) -> RenderableType:
    sweep, config = moment.sweep, moment.plan.config
    agents = [agent for agent in moment.agents if agent.left_at is None]
    places = ", ".join(f"{agent.host}:{agent.pid}" for agent in agents)
    what = config.method + (f", {config.metric.goal} {config.metric.name}" if config.metric else "")
    return _text(
        (sweep.name, "bold"),
        (f"  {sweep.standing}", _COLORS.get(sweep.standing, "")),
        (f"  {what}", "dim"),
        (f"  {plural(len(agents), 'agent')}" + (f" ({places})" if places else ""), "dim"),
    )


def _progress(moment: Moment) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    view = sweep_view(moment.sweep, moment.plan, moment.runs, moment.agents, {}, None)
    ended, count = sum(not run.live for run in moment.runs), view["count"]
    counted = [f"{number} {state}" for state, number in view["counts"].items() if number]
    left = f"about {duration(view['left_s'])} left" if view["left_s"] is not None else ""
    saved = f"early stops saved {duration(view['saved_s'])}" if view["saved_s"] else ""
    line = Table.grid(padding=(0, 2, 0, 0))
    cells: list[RenderableType] = [_text((f"{ended}/{count}" if count is not None else f"{ended} runs", "bold"))]
    if count:
        cells.append(ProgressBar(total=count, completed=ended, width=24))
    cells.append(_text((" · ".join(filter(None, [*counted, left, saved])), "")))
    line.add_row(*cells)
    return line


def _best(moment: Moment) -> RenderableType:
    metric = moment.plan.config.metric
    best = analysis.best_run(moment.runs, metric)
    if best is None or metric is None:
        return _text(("best  none yet", "dim"))
    value = rounded(analysis.metric_value(best, metric))
    words = values_in_words(analysis.flat(best.config, moment.plan.config.parameter_names))
    return _text(
        ("best  ", "dim"), (f"{metric.name} {value}", "bold green"), (f"  {best.name}", ""), (f"  {words}", "dim")
    )


def _runs_table(title: str, runs: Sequence[RunRecord], moment: Moment) -> Table:
    from rich.table import Table

    metric = moment.plan.config.metric
    swept = moment.plan.parameters
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), expand=False)
    drawn = (*moment.running, *moment.latest)  # so that the columns of both tables stand below one another
    widest = max(len(safe(run.name)) for run in drawn)
    table.add_column(title, no_wrap=True, overflow="ellipsis", min_width=min(widest, LONGEST_NAME))
    table.add_column("took", justify="right", no_wrap=True, min_width=6)
    table.add_column(_text((metric.name if metric else "", "dim")), justify="right", no_wrap=True, min_width=8)
    table.add_column("", no_wrap=True, min_width=SPARK_WIDTH)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for run in runs:
        curve = moment.curves.get(run.id, ())
        value = analysis.metric_value(run, metric)
        config = analysis.flat(run.config, moment.plan.config.parameter_names)
        words = values_in_words({name: config[name] for name in swept if name in config})
        table.add_row(
            _text((run.name, _COLORS.get(run.state, ""))),
            duration(run.duration_s(moment.now)),
            rounded(value),
            _text((sparkline(curve), "cyan" if run.live else "dim")),
            _text(*(((f"{run.why}  ", _COLORS.get(run.state, "")),) if run.why else ()), (words, "dim")),
        )
    return table


def _text(*parts: tuple[str, str]) -> RenderableType:
    from rich.text import Text

    return Text.assemble(*((safe(text), style) for text, style in parts), no_wrap=True, overflow="ellipsis")
