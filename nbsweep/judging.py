"""Judging runs while they train: the metric's histories of everyone, and Hyperband's word on this process's runs.

The rule itself is `nbsweep.stopping`; here is only what it needs to see. Histories are read once and then only what is
new, so that judging after every logged value stays cheap.
"""

from __future__ import annotations

from collections.abc import Collection

from nbsweep.stopping import Hyperband, Verdict
from nbsweep.store import Store, read_history
from nbsweep.sweep_config import SweepConfig

__all__ = ["Judge", "words"]


class Judge:
    """Judges the runs of one sweep. Not thread-safe: its owner is an agent's thread.

    Parameters
    ----------
    store : Store
    sweep_id : str
    config : SweepConfig
        With `early_terminate` and a metric.
    """

    def __init__(self, store: Store, sweep_id: str, config: SweepConfig) -> None:
        assert config.metric is not None
        assert config.early_terminate is not None
        self._store = store
        self._sweep_id = sweep_id
        self._key = config.metric.name
        self._hyperband = Hyperband(config.early_terminate, config.metric.goal)
        self._histories: dict[str, list[object]] = {}
        self._revision = -1

    @property
    def first_band(self) -> int:
        """A run with fewer values of the metric is not judged."""
        return self._hyperband.bands[0]

    def to_stop(self, running: Collection[str]) -> dict[str, Verdict]:
        """Those of `running` (run ids) that are to be stopped, each with the verdict."""
        self._read()
        known = [run_id for run_id in running if run_id in self._histories]
        verdicts = self._hyperband.verdicts(self._histories, known)
        return {run_id: verdict for run_id, verdict in verdicts.items() if verdict.stop}

    def _read(self) -> None:
        with self._store.read() as db:
            sweep = db.sweep(self._sweep_id)
            changed = [run.id for run in db.runs(self._sweep_id, since_revision=self._revision)]
            since = {(run_id, self._key): len(self._histories.get(run_id, ())) for run_id in changed}
            chunks = db.chunks(changed, kind="key", key=self._key, since=since)
        firsts: dict[str, int] = {}
        for chunk in chunks:
            firsts.setdefault(chunk.run_id, chunk.first)
        for run_id, history in read_history(chunks).items():
            values = self._histories.setdefault(run_id, [])
            values[firsts[run_id] :] = list(history.columns[self._key].values)
        if sweep is not None:
            self._revision = sweep.revision


def words(verdict: Verdict, goal: str) -> str:
    """A verdict for the table, as in ``band 9 · 0.41 > 0.29``."""
    sign = ">" if goal == "minimize" else "<"
    return f"band {verdict.band} · {verdict.value:.3g} {sign} {verdict.threshold:.3g}"
