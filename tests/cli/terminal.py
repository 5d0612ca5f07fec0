"""A terminal for tests: `nbsweep …` as a process of its own, in a directory and with a store of the test's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 120  # for a machine that has much else to do


def _as_a_shell_would() -> None:
    """Signals are heeded, also where whoever started the tests ignores them (nohup, a background job of a script)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class Terminal:
    """Runs commands in `directory`; the store lies there too unless the environment names another."""

    directory: Path

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> str:
        """What `nbsweep WORDS` prints on standard output; its exit code must be `code`."""
        done = self.try_run(*words, env=env)
        assert done.returncode == code, f"nbsweep {words} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def try_run(self, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nbsweep", *words],
            cwd=self.directory,
            env=self.environment(env),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def start(self, *words: str, under: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """`nbsweep WORDS`, going on; in a process group of its own, as a terminal's job is."""
        return subprocess.Popen(
            [*under, sys.executable, "-m", "nbsweep", *words],
            cwd=self.directory,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_as_a_shell_would,
        )

    def environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        return {**os.environ, "PYTHONPATH": path, **(more or {})}
