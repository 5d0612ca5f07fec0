"""A JupyterLab server on loopback, with configuration, data and IPython profile of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

START_TIMEOUT_S = 60
EXTENSION = Path(__file__).parents[2] / "nbsweep" / "labextension"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"adaptive-theme": False, "theme": "JupyterLab Light"},
}


@dataclass(frozen=True)
class Lab:
    """A running server; `root` is the folder that it serves."""

    url: str
    token: str
    root: Path

    def address(self, path: Path) -> str:
        """The page that opens one file, in a workspace of its own."""
        relative = path.relative_to(self.root).as_posix()
        return f"{self.url}lab/workspaces/{secrets.token_hex(4)}/tree/{relative}?token={self.token}"


@contextlib.contextmanager
def serve(
    home: Path,
    application: Literal["jupyterlab", "notebook"] = "jupyterlab",
    *,
    extension: bool = True,
    python: Path | None = None,
) -> Iterator[Lab]:
    """Start a server below `home` and end it, with its kernels, at the end.

    It has this checkout's extension, whatever the environment has; or none, where `extension` is False.
    With `python`, that of another environment, it runs there and has what is installed there.

    Raises
    ------
    RuntimeError
        When it does not answer within a minute; the message has what it logged.
    """
    root, log_file = home / "notebooks", home / "lab.log"
    root.mkdir()
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    shared = home / "path" / "labextensions" / "nbsweep-labextension"
    shared.parent.mkdir(parents=True)
    if python is None:
        shared.symlink_to(EXTENSION)
    if not extension:
        page = home / "config" / "labconfig" / "page_config.json"
        page.parent.mkdir(parents=True)
        page.write_text(json.dumps({"disabledExtensions": {"nbsweep-labextension": True}}))
    port, token = _free_port(), secrets.token_hex(16)
    command = [str(python or sys.executable), "-m", application, "--no-browser", "--expose-app-in-browser"]
    command += ["--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.terminals_enabled=False"]
    if application == "jupyterlab":
        command.append("--LabApp.news_url=")
    with log_file.open("wb") as log:
        environment = _environment(home)
        if python is not None:
            environment.pop("PYTHONPATH", None)  # what is installed there is what is tried
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT)
    lab = Lab(f"http://127.0.0.1:{port}/", token, root)
    try:
        _wait_until_it_answers(lab, process, log_file)
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(home: Path) -> dict[str, str]:
    own = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_PATH": "path",  # looked at before the environment's own folders
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    environment = {**os.environ, **{name: str(home / folder) for name, folder in own.items()}}
    environment.pop("NBSWEEP_STORAGE", None)  # each notebook has the store beside it
    return environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(lab: Lab, process: subprocess.Popen[bytes], log_file: Path) -> None:
    give_up = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{lab.url}api/status?token={lab.token}", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log_file.read_text(errors='replace')[-3000:]}")
