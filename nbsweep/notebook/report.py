"""One HTML file with the dashboard of a sweep as it is now: it opens in any browser, without a kernel or a network.

In: a sweep. Out: the front end's ``report.js`` and one compressed block with the messages that a kernel would send, in
the words of the page's protocol (`nbsweep.notebook.views`), read by ``labextension/src/recording.ts``.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import struct
import time
from pathlib import Path
from typing import Any

from nbsweep import analysis
from nbsweep.errors import UsageError
from nbsweep.notebook.media_views import media_view
from nbsweep.notebook.series import SeriesReader
from nbsweep.notebook.views import PROTOCOL, importance_view, run_view, sweep_view
from nbsweep.plan import Plan, sendable
from nbsweep.store import RunRecord
from nbsweep.sweeps import Sweep

__all__ = ["report_page", "write_report"]

MOST_CONSOLE = 100_000  # characters of what a run printed, the last ones
MOST_METRICS = 6  # whose importance is computed
_SCRIPT = Path(__file__).parent.parent / "static" / "report.js"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; padding: 8px 12px; background: #fff; font-family: system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111214; color: #ddd; }} }}
footer {{ margin: 12px 0; font-size: 12px; opacity: 0.65; }}
/* What needs a kernel is not offered. */
.nbs-controls, [data-testid="nbs-rerun"], [data-testid="nbs-kill"] {{ display: none !important; }}
</style>
</head>
<body>
<div id="nbsweep-report"></div>
<noscript>This report is drawn by JavaScript, which is switched off here.</noscript>
<footer>{footer}</footer>
<script type="text/plain" id="nbsweep-recording">{block}</script>
<script>{script}</script>
</body>
</html>
"""


def write_report(sweep: Sweep, path: str | Path) -> int:
    """Write the report of a sweep; returns how many bytes it has.

    Raises
    ------
    UsageError
        When the front end is not built, or the file cannot be written.
    """
    page = report_page(sweep).encode()
    try:
        Path(path).write_bytes(page)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    return len(page)


def report_page(sweep: Sweep) -> str:
    """The HTML of a report: configs, summaries, curves (of each key at most a thousand points a run), importance, and
    the last `MOST_CONSOLE` characters that each run printed.

    Raises
    ------
    UsageError
        When the front end is not built.
    """
    if not _SCRIPT.exists():
        raise UsageError("nbsweep's front end is not built: run `pip install .` in the checkout, with Node 20 at hand")
    recorded = time.strftime("%Y-%m-%d %H:%M %Z")
    recording, buffers = _recording(sweep, recorded)
    text = json.dumps(recording, allow_nan=False).encode()
    block = gzip.compress(struct.pack("<I", len(text)) + text + b"".join(buffers), mtime=0)
    return _PAGE.format(
        title=html.escape(f"{sweep.name} · nbsweep"),
        footer=html.escape(f"Sweep {sweep.name} ({sweep.id}) as it was at {recorded}. Made by nbsweep."),
        block=base64.b64encode(block).decode(),
        script=_SCRIPT.read_text(encoding="utf-8").replace("</script", "<\\/script"),
    )


def _recording(sweep: Sweep, recorded: str) -> tuple[dict[str, Any], list[bytes]]:
    runs = sweep.runs
    plan, ids = Plan.of(sweep.checked_config), [run.id for run in runs]
    with sweep.store.read() as db:
        record, agents, points = db.sweep(sweep.id), db.agents(sweep.id), db.points(ids)
        keys: dict[str, int] = {}
        for (_run, key), count in points.items():
            keys[key] = keys.get(key, 0) + count
        series = SeriesReader().whole(db, ids, keys, {})
        media = {run_id: media_view(db, run_id) for run_id in ids}
        printed = {run_id: "".join(text for _stream, text in db.console(run_id)) for run_id in ids}
    assert record is not None
    buffers: list[bytes] = []
    described = [each.message(buffers) for each in series]
    best, now = analysis.best_run(runs, plan.config.metric), time.time()
    view = {**sweep_view(record, plan, runs, agents, keys, None), "active": False, "left_s": None}
    rows = [run_view(run, plan, best, now, changed) for run, changed in _with_code_changes(runs)]
    snapshot = {"type": "snapshot", "protocol": PROTOCOL, "sweep": view, "runs": rows, "series": described}
    details = {
        run.id: {
            "type": "run_detail",
            "run": run.id,
            "traceback": run.error,
            "console": printed[run.id][-MOST_CONSOLE:],
            "config": sendable(run.config),
            "code": sweep.code(run.id),
            "media": media[run.id],
        }
        for run in runs
    }
    importance = {metric: _importance(sweep, metric) for metric in _metrics(sweep, runs)}
    lengths = [len(each) for each in buffers]
    recording = {
        "snapshot": snapshot, "details": details, "importance": importance, "lengths": lengths, "recorded": recorded,
    }  # fmt: skip
    return recording, buffers


def _metrics(sweep: Sweep, runs: list[RunRecord]) -> list[str]:
    """The sweep's metric, then the other numbers that the runs' summaries have."""
    metric = sweep.checked_config.metric
    names = [metric.name] if metric is not None else []
    for run in runs:
        for name, value in run.summary.items():
            if name not in names and isinstance(value, (int, float)) and not isinstance(value, bool):
                names.append(name)
    return names[:MOST_METRICS]


def _importance(sweep: Sweep, metric: str) -> dict[str, Any]:
    try:
        view = importance_view(sweep.compute_importance(metric))
    except UsageError as error:
        view = {"rows": [], "runs_used": 0, "left_out": {}, "reason": str(error)}
    return {"type": "importance", "metric": metric, **view}


def _with_code_changes(runs: list[RunRecord]) -> list[tuple[RunRecord, bool]]:
    """Each run, and whether it was trained with other code than the one before it."""
    found, before = [], None
    for run in runs:
        found.append((run, None not in (run.code_hash, before) and run.code_hash != before))
        before = run.code_hash or before
    return found
