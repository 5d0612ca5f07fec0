"""Runs as child processes: a crash, a leak or an exhausted memory is that run's alone.

A piece of work has a thread of this process, which starts one child by `run_child`, reads what it prints and waits for
it. Each child leads a process group (and session) of its own: a Ctrl-C at the terminal is not for it, and what it
started is ended with it. Its standard input is empty. It is asked to end by SIGINT, then told by SIGTERM, then killed;
should this process be killed itself, the reaper (a process of its own) does so.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbsweep.engines import reaper
from nbsweep.engines.base import Work
from nbsweep.engines.printed import Printed
from nbsweep.errors import UsageError
from nbsweep.support import counted
from nbsweep.torch_threads import share_of

__all__ = ["ProcessEngine"]

TURN_S = 0.05
READ_BYTES = 1 << 16
KILL_AFTER_S = 3.0  # from SIGTERM to SIGKILL
LEFT_BEHIND_S = 1.0  # what a child has started and left behind may take so long to end
DRAIN_S = 0.5


@dataclass
class _Running:
    work: Work
    slot: int
    child: subprocess.Popen[bytes] | None = None
    told_at: float | None = None  # when it got SIGTERM


class ProcessEngine:
    """Runs work that starts child processes.

    Parameters
    ----------
    slots : int
        How many pieces of work at once.
    environments : sequence of mapping, optional
        Environment variables a slot; by turns where there are fewer than slots. ``[{"CUDA_VISIBLE_DEVICES": "0"}]``

    Raises
    ------
    UsageError
        For fewer slots than one; on Windows, which has no process groups to signal.
    """

    interrupt_after_s = 0.8  # a child that logs hears of a stop within 0.2 s and ends by itself
    give_up_after_s = 2.0

    def __init__(self, slots: int = 1, *, environments: Sequence[Mapping[str, str]] = ()) -> None:
        self.slots = counted("workers", slots)
        if os.name != "posix":
            raise UsageError("programs can be trained on Linux and macOS; on Windows use a training function")
        self._environments = list(environments)
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()
        self._reaper: subprocess.Popen[bytes] | None = None

    # -- for agents ----------------------------------------------------------------------------------------------

    def submit(self, work: Work) -> None:
        with self._lock:
            taken = {running.slot for running in self._running.values()}
            slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)
            running = self._running[work.id] = _Running(work, slot)
        threading.Thread(target=self._work, args=(running,), name=f"nbsweep-run-{work.name}", daemon=True).start()

    def interrupt(self, work_id: str) -> None:
        """SIGINT to the work's process group."""
        self._signal(work_id, signal.SIGINT)

    def kill(self, work_id: str) -> None:
        """SIGTERM to the work's process group, and SIGKILL when it is called `KILL_AFTER_S` later."""
        running = self._running.get(work_id)
        if running is None or running.child is None:
            return
        if running.told_at is None:
            running.told_at = time.monotonic()
            self._signal(work_id, signal.SIGTERM)
        elif time.monotonic() - running.told_at > KILL_AFTER_S:
            self._signal(work_id, signal.SIGKILL)

    def kill_all(self) -> None:
        """SIGKILL to the process groups of all work."""
        self.forward(signal.SIGKILL)

    def forward(self, number: int) -> None:
        """A signal to the process groups of all work."""
        for work_id in list(self._running):
            self._signal(work_id, number)

    def close(self) -> None:
        """End what still runs, and the reaper. The engine may be used again."""
        self.kill_all()
        with self._lock:
            ending, self._reaper = self._reaper, None
        if ending is not None and ending.stdin is not None:
            with contextlib.suppress(OSError):
                ending.stdin.close()
            ending.wait()

    def another(self) -> ProcessEngine:
        return ProcessEngine(self.slots, environments=self._environments)

    # -- for work ------------------------------------------------------------------------------------------------

    def run_child(
        self,
        work_id: str,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: str,
        printed: Printed,
        turn: Callable[[], None],
    ) -> int:
        """Start a process for a piece of work, on the work's own thread, and wait until it has ended.

        Parameters
        ----------
        work_id : str
        words : sequence of str
            The program and its arguments. No shell reads them.
        environment : mapping
            All its environment variables but for those of the slot.
        directory : str
            Its working directory.
        printed : Printed
            Takes what it prints.
        turn : callable
            Called about twenty times a second meanwhile, on this thread.

        Returns
        -------
        int
            The exit code; negative for the signal that ended it.

        Raises
        ------
        OSError
            When it cannot be started.
        """
        running = self._running[work_id]
        slot = self._environments[running.slot % len(self._environments)] if self._environments else {}
        # PyTorch, NumPy and others would each start a thread a core in every child.
        threads = {"OMP_NUM_THREADS": str(share_of(self.slots))} if self.slots > 1 else {}
        self._ensure_reaper()
        child = subprocess.Popen(
            list(words),
            env={**threads, **environment, **slot},
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._tell_reaper(f"+{child.pid}\n")
        running.child = child
        try:
            self._read_until_it_ends(child, printed, turn)
        finally:
            with self._lock:  # from here on its number may become another's
                running.child = None
            _end_what_is_left(child)
            self._tell_reaper(f"-{child.pid}\n")
            printed.finish()
        return child.returncode

    # -- private -------------------------------------------------------------------------------------------------

    def _work(self, running: _Running) -> None:
        try:
            running.work.run()
        finally:
            with self._lock:
                self._running.pop(running.work.id, None)
            running.work.done(False)

    def _signal(self, work_id: str, number: int) -> None:
        with self._lock:
            running = self._running.get(work_id)
            if running is not None and running.child is not None:
                with contextlib.suppress(OSError):
                    os.killpg(running.child.pid, number)

    def _read_until_it_ends(self, child: subprocess.Popen[bytes], printed: Printed, turn: Callable[[], None]) -> None:
        with selectors.DefaultSelector() as selector:
            for name, pipe in (("stdout", child.stdout), ("stderr", child.stderr)):
                assert pipe is not None
                selector.register(pipe, selectors.EVENT_READ, name)
            next_turn = 0.0
            while child.poll() is None:
                _read(selector, printed, TURN_S)
                if time.monotonic() >= next_turn:
                    next_turn = time.monotonic() + TURN_S
                    turn()
            # What it has started may hold the pipes open: read what there is, and no longer.
            deadline = time.monotonic() + DRAIN_S
            while selector.get_map() and time.monotonic() < deadline and _read(selector, printed, TURN_S):
                pass
            for key in list(selector.get_map().values()):
                _close(selector, key.fileobj)

    def _ensure_reaper(self) -> None:
        with self._lock:
            if self._reaper is None or self._reaper.poll() is not None:
                self._reaper = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(Path(reaper.__file__))],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )

    def _tell_reaper(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._reaper is not None and self._reaper.stdin is not None:
                self._reaper.stdin.write(line.encode())
                self._reaper.stdin.flush()


def _read(selector: selectors.BaseSelector, printed: Printed, wait_s: float) -> bool:
    """Read once from every pipe that has something; whether there was any."""
    if not selector.get_map():
        time.sleep(wait_s)
        return False
    ready = selector.select(wait_s)
    for key, _events in ready:
        data = os.read(key.fd, READ_BYTES)
        if data:
            printed.feed(key.data, data)
        else:
            _close(selector, key.fileobj)
    if not ready:
        for key in selector.get_map().values():
            printed.feed(key.data, b"")
    return bool(ready)


def _close(selector: selectors.BaseSelector, pipe: object) -> None:
    selector.unregister(pipe)  # type: ignore[arg-type]
    if hasattr(pipe, "close"):
        pipe.close()


def _end_what_is_left(child: subprocess.Popen[bytes]) -> None:
    """Reap a child that has ended, and end what it started and left behind in its process group."""
    if child.poll() is None:  # an error of ours came first
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    # A group's number is not given to a new process while the group has members.
    if reaper.alive(child.pid):
        reaper.end_groups({child.pid}, LEFT_BEHIND_S)
