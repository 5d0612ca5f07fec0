"""One HTML file with the dashboard of a sweep as it is now: it opens in any browser, without a kernel or a network.

In: a sweep. Out: the front end's ``report.js`` and one compressed block with the messages that a kernel would send
(`nbsweep.notebook.recording`), read by ``labextension/src/recording.ts``.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import struct
import time
from pathlib import Path

from nbsweep.errors import UsageError
from nbsweep.notebook.recording import record
from nbsweep.notebook.views import PROTOCOL
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
        When the file's name is not that of an HTML file, which may be some other work of its owner's; when the front
        end is not built, or the file cannot be written.
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path}: use a name that ends in .html")
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
    found = record(sweep, console=MOST_CONSOLE, metrics=MOST_METRICS, media=True)
    buffers: list[bytes] = []
    series = [each.message(buffers) for each in found.series]
    recording = {
        "snapshot": {
            "type": "snapshot", "protocol": PROTOCOL, "sweep": found.sweep, "runs": found.runs, "series": series,
        },
        "details": found.details,
        "importance": found.importance,
        "lengths": [len(each) for each in buffers],
        "recorded": recorded,
    }  # fmt: skip
    text = json.dumps(recording, allow_nan=False).encode()
    block = gzip.compress(struct.pack("<I", len(text)) + text + b"".join(buffers), mtime=0)
    return _PAGE.format(
        title=html.escape(f"{sweep.name} · nbsweep"),
        footer=html.escape(f"Sweep {sweep.name} ({sweep.id}) as it was at {recorded}. Made by nbsweep."),
        block=base64.b64encode(block).decode(),
        script=_SCRIPT.read_text(encoding="utf-8").replace("</script", "<\\/script"),
    )
