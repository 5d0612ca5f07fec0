"""``nbsweep doctor``: what is installed, where the store is and how it is kept, whether all of it is well."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from nbsweep import process
from nbsweep.cli import FAILED
from nbsweep.cli.output import print_json, safe
from nbsweep.errors import StoreError
from nbsweep.rounding import plural
from nbsweep.store import storage_url

__all__ = ["Finding", "doctor", "examine"]

_LABEXTENSION = "nbsweep-labextension"
_MARKS = {"well": "✓", "note": "·", "wrong": "✗"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` says what to do where something is to be done."""

    about: str
    state: Literal["well", "note", "wrong"]
    text: str
    mend: str | None = None


def doctor(options: argparse.Namespace) -> int:
    """``nbsweep doctor``: exit code 1 if something is wrong."""
    findings = list(examine())
    if options.json:
        print_json([asdict(finding) for finding in findings])
    else:
        width = max(len(finding.about) for finding in findings)
        for finding in findings:
            print(f"{_MARKS[finding.state]} {finding.about:<{width}}  {safe(finding.text)}")
            if finding.mend:
                print(f"  {'':<{width}}  → {finding.mend}")
    return FAILED if any(finding.state == "wrong" for finding in findings) else 0


def examine() -> Iterator[Finding]:
    """Look at everything, one thing after another."""
    yield from _installed()
    yield from _store()
    yield from _front_end()


def _installed() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    yield Finding("nbsweep", "well", f"{version('nbsweep')} in {Path(__file__).parents[1]}")
    yield Finding("Python", "well", f"{platform.python_version()} ({sys.executable}) on {platform.platform()}")
    for group, names in (
        ("notebook", ("ipython", "ipykernel", "anywidget", "ipywidgets", "jupyterlab")),
        ("training", ("torch", "pandas", "numpy", "scikit-learn")),
    ):
        found = []
        for name in names:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                found.append(f"no {name}")
        yield Finding(group, "note", ", ".join(found))


def _store() -> Iterator[Finding]:
    from sqlalchemy.engine import make_url

    from nbsweep.store.health import examine_store

    try:
        shown = make_url(storage_url()).render_as_string(hide_password=True)
        if process.missing_store() is not None:
            yield Finding("store", "note", f"{shown}: not there yet; it is made with the first sweep")
            return
        health = examine_store(storage_url())
    except StoreError as error:
        yield Finding("store", "wrong", str(error), "set NBSWEEP_STORAGE to another, or move the file away")
        return
    yield Finding("store", "well", f"{shown}, {health.size}, schema {health.schema_version}")
    yield Finding("", "well", f"{plural(health.sweeps, 'sweep')}, {plural(health.runs, 'run')}")
    yield Finding("database", "well", f"{health.database}; {health.how_kept}")
    yield from _media()
    if health.notice:
        yield Finding("", "note", health.notice)
    if health.damage is None:
        yield Finding("integrity", "note", "the server sees to it; it was not checked here")
    elif health.damage:
        mend = "copy the file, then let nbsweep open it: what can be read is salvaged"
        yield Finding("integrity", "wrong", "; ".join(health.damage), mend)
    else:
        yield Finding("integrity", "well", "the database is whole")


def _media() -> Iterator[Finding]:
    import os

    from nbsweep.store.media import media_root

    root = media_root(storage_url())
    if not root.exists():
        yield Finding("media", "note", f"{root}: not there; it is made with the first image or table")
        return
    files = [path for path in root.rglob("*") if path.is_file()]
    text = f"{root}, {plural(len(files), 'file')}, {sum(path.stat().st_size for path in files) / 2**20:.1f} MiB"
    if root.is_dir() and os.access(root, os.W_OK):
        yield Finding("media", "well", text)
    else:
        yield Finding(
            "media", "wrong", f"{text}: it cannot be written", "make it a writable directory, or set NBSWEEP_MEDIA"
        )


def _front_end() -> Iterator[Finding]:
    widget = Path(__file__).parents[1] / "static" / "widget.js"
    if widget.exists():
        yield Finding("dashboard", "well", f"the widget is built: {widget.stat().st_size // 1024} KB")
    else:
        yield Finding("dashboard", "wrong", "the widget is not built", "pip install . in the checkout, with Node 20")
    if importlib.util.find_spec("jupyterlab_server") is None:
        yield Finding("labextension", "note", "no JupyterLab in this environment; its own may have the extension")
        return
    from jupyter_core.paths import jupyter_path
    from jupyterlab_server.config import get_federated_extensions, get_page_config

    places = jupyter_path("labextensions")
    found = get_federated_extensions(places).get(_LABEXTENSION)
    if found is None:
        mend = "install nbsweep once more in this environment; cells, dashboards and this command work without it"
        yield Finding("labextension", "wrong", "it is not installed in this environment's JupyterLab", mend)
        return
    listed = get_page_config(places).get("disabledExtensions", [])  # a list, or a dict of whether it is
    disabled = [name for name in listed if not isinstance(listed, dict) or listed[name]]
    if any(name.split(":")[0] == _LABEXTENSION for name in disabled):
        mend = "jupyter labextension enable nbsweep-labextension"
        yield Finding("labextension", "wrong", "it is installed and disabled", mend)
    else:
        yield Finding("labextension", "well", f"enabled, version {found.get('version', 'unknown')}")
