"""A small process that outlives the agent for a moment, to end what the agent can no longer end.

Run as a script. On standard input it reads ``+PGID`` and ``-PGID`` lines: process groups that began and that ended.
When the input ends, its parent is gone, however that happened (also by SIGKILL, when no code of the parent's own can
run): the groups that are left get SIGTERM and, after `GRACE_S`, SIGKILL. It imports nothing of nbsweep's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE_S = 3.0
LOOK_EVERY_S = 0.05


def alive(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_groups(groups: set[int], grace_s: float = GRACE_S) -> None:
    """End process groups: SIGTERM, and SIGKILL for those that are left after `grace_s`."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(OSError):
                os.killpg(group, number)
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and any(map(alive, groups)):
            time.sleep(LOOK_EVERY_S)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    end_groups(groups)


if __name__ == "__main__":
    main()
