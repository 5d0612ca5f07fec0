"""When failures pause a sweep: a pure function of its runs.

A typo fails every run, and a sweep that goes on would burn through its space overnight. A run that fails now and then
(an odd corner of the space, memory that is short) is data, and the sweep goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from nbsweep.store.records import RunRecord

__all__ = ["AT_THE_START", "LATEST", "REACH", "SHARE", "too_many"]

AT_THE_START = 3
LATEST = 10
SHARE = 0.5
REACH = 100  # numbers before the latest failures: with them, surely the latest that ended are there


def too_many(runs: Sequence[RunRecord]) -> str | None:
    """Why the sweep should pause, in words; None where it should go on.

    Parameters
    ----------
    runs : sequence of RunRecord
        The sweep's runs, by number, from the first whose failure counts. Runs that train, that a person killed and
        whose process vanished say nothing of the code.

    Returns
    -------
    str or None
        That the first `AT_THE_START` all failed, or more than the share `SHARE` of the `LATEST` that ended.
    """
    ended = [run for run in runs if run.state in ("finished", "stopped", "failed")]
    failed = [run for run in ended if run.state == "failed"]
    if len(ended) >= AT_THE_START and len(failed) == len(ended):
        return f"The first {AT_THE_START} runs failed"
    latest = ended[-LATEST:]
    recent = sum(run.state == "failed" for run in latest)
    if len(latest) == LATEST and recent > SHARE * LATEST:
        return f"{recent} of the last {LATEST} runs failed"
    return None
