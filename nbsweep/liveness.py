"""Whether the process behind an agent still lives, asked without trusting any wall clock.

On its own machine an agent is judged by its process: a token names the boot, the process namespace, the pid and the
moment the process started in ticks since that boot, so neither a pid that is used again nor a clock that was set
deceives. Elsewhere it is judged by its heartbeat's counter: when this process has seen it stand still for `LEASE_S` of
its own monotonic time, the agent is gone. After a time in which this process could not use the store itself (a server
away, a lock held), nobody may have been able to, and all leases begin anew. Wall time is for people.
"""

from __future__ import annotations

import functools
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from nbsweep.store import AgentRecord

__all__ = ["LEASE_S", "Observer", "machine_token", "process_token"]

LEASE_S = 25.0  # of looking at a counter that stands still; heartbeats come every two seconds


def process_token(pid: int | None = None) -> str | None:
    """What tells a process of this machine from every other one; None when there is no such process.

    Parameters
    ----------
    pid : int, optional
        By default the calling process.
    """
    own = os.getpid()
    return _own_token(own) if pid in (None, own) else _token(pid)


def machine_token() -> str:
    """What tells this machine, this boot and this process namespace from others, even from one of the same name."""
    return _machine_token()


def agent_here(agent_id: str, sweep_id: str | None, *, count: int | None, started: int = 0) -> AgentRecord:
    """An agent of this process that begins now and asks for `count` runs, of which so many were begun."""
    now = time.time()
    return AgentRecord(
        id=agent_id,
        sweep_id=sweep_id,
        host=socket.gethostname(),
        pid=os.getpid(),
        process_started_at=psutil.Process().create_time(),
        count=count,
        started=started,
        joined_at=now,
        heartbeat_at=now,
        left_at=None,
        process=process_token(),
    )


class Observer:
    """Says which agents are gone; remembers, for those of other machines, when their heartbeats last moved.

    Parameters
    ----------
    clock : callable, default `time.monotonic`
        Seconds that never jump.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}

    def alive(self, agent: AgentRecord, outages: int = 0) -> bool:
        """Whether the agent's process lives, as far as this process can know by now.

        Parameters
        ----------
        agent : AgentRecord
        outages : int
            Of the session that the record is from.
        """
        if agent.left_at is not None:
            self._seen.pop(agent.id, None)
            return False
        if agent.process is None:
            return _alive_in_version_1(agent)
        machine, _, _ = agent.process.rpartition("/")[0].rpartition("/")
        if machine == machine_token():
            return process_token(agent.pid) == agent.process
        return self._beats(agent, outages)

    def _beats(self, agent: AgentRecord, outages: int) -> bool:
        now, looks = self._clock(), (agent.beat, outages)
        with self._lock:
            looked, since = self._seen.get(agent.id, (None, now))
            if looked != looks:
                self._seen[agent.id] = (looks, now)
                return True
        return now - since < LEASE_S


@functools.cache
def _own_token(pid: int) -> str | None:
    """Of the calling process, which looks at itself every few seconds beside training."""
    return _token(pid)


def _token(pid: int) -> str | None:
    started = _started(pid)
    return None if started is None else f"{machine_token()}/{pid}/{started}"


@functools.cache
def _machine_token() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # Containers of one host share its boot, not its pids.
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return socket.gethostname()
    return f"{boot}/{namespace}"


def _started(pid: int) -> str | None:
    """When a process started, as a text that does not change while it lives; None for one that has ended."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        # psutil adds the boot time to the ticks, and that moves when the clock is set.
        try:
            after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if after_name[0] in "ZX" else after_name[19]
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.Error:
        return None


def _alive_in_version_1(agent: AgentRecord) -> bool:
    """An agent of schema version 1 has no token; nbsweep of that version judged so."""
    if agent.host != socket.gethostname():
        return time.time() - agent.heartbeat_at < LEASE_S
    try:
        return abs(psutil.Process(agent.pid).create_time() - agent.process_started_at) < 1.0
    except psutil.Error:
        return False
