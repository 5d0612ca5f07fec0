"""Tries the built wheel as users install it: ``python -m tests.ui.wheel``, with the newest JupyterLab 4 and the oldest.

Each in a fresh environment: `pip install` of JupyterLab and of the wheel, nothing else. There `jupyter labextension
list` must show the extension enabled and OK, and in a page all of its plugins must be active, a sweep must train from
the launcher's example, and the page must log no error. It asks a package index and takes minutes, so it is no test that
always runs; ``--keep DIR`` keeps environments there and uses those that are there.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, expect, sync_playwright

from tests.ui.conftest import ARTIFACTS, CHROMIUM_OPTIONS, write_notebook
from tests.ui.lab import serve

ROOT = Path(__file__).parents[2]
VERSIONS = {
    "newest": ["jupyterlab>=4,<5", "ipykernel"],
    "oldest": ["jupyterlab==4.2.0", "ipykernel<7"],
}
EXTENSION = "nbsweep-labextension"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="a folder for environments and wheel")
    parser.add_argument("--only", choices=VERSIONS, help="one of the versions")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).absolute()
        wheel = _built(folder / "dist")
        for name in [options.only] if options.only else VERSIONS:
            python = _environment(folder / name, [*VERSIONS[name], str(wheel)])
            listed = _listed(python)
            with sync_playwright() as playwright:
                chromium = shutil.which("chromium") or playwright.chromium.executable_path
                browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
                plugins = _try_page(browser, python, Path(temporary) / f"home-{name}", name)
                browser.close()
            version = _run(python.parent / "jupyter", "lab", "--version").strip()
            print(f"{name}, JupyterLab {version}: {listed}; {len(plugins)} plugins active: {', '.join(plugins)}")


def _built(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    _run(Path(sys.executable), "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


def _environment(folder: Path, requirements: Sequence[str]) -> Path:
    """An environment with these installed, the wheel anew; its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    _run(python, "-m", "pip", "install", "--quiet", *requirements)
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", requirements[-1])
    return python


def _listed(python: Path) -> str:
    """What JupyterLab says of the extension."""
    said = _run(python.parent / "jupyter", "labextension", "list")
    line = next((line for line in said.splitlines() if EXTENSION in line), "")
    if not re.search(r"enabled.*OK", _without_colours(line)):
        raise SystemExit(f"`jupyter labextension list` does not show {EXTENSION} enabled and OK:\n{said}")
    return " ".join(_without_colours(line).split())


def _try_page(browser: Browser, python: Path, home: Path, name: str) -> list[str]:
    home.mkdir()
    errors: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    with serve(home, python=python) as lab:
        write_notebook(lab.root / "first.ipynb", ["%load_ext nbsweep"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.on("console", keep)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab.address(lab.root / "first.ipynb"))
        page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
        page.evaluate("window.jupyterapp.restored")
        page.wait_for_function("window.jupyterapp.commands.hasCommand('nbsweep:insert-example')", timeout=60_000)
        panel = "window.jupyterapp.shell.currentWidget"
        page.wait_for_function(
            f"{panel}?.sessionContext?.session?.kernel?.status === 'idle' && {panel}.sessionContext.isReady",
            timeout=60_000,
        )
        page.evaluate("window.jupyterapp.commands.execute('nbsweep:insert-example')")
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        expect(page.get_by_test_id("nbs-dashboard")).to_contain_text("10 finished", timeout=120_000)
        expect(page.get_by_test_id("nbs-status")).to_contain_text("best", timeout=30_000)
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"wheel-{name}.png")
        plugins = page.evaluate(
            """window.jupyterapp.listPlugins().filter((id) => id.startsWith('nbsweep'))
               .map((id) => [id, window.jupyterapp.isPluginActivated(id)])"""
        )
        page.evaluate(f"{panel}.sessionContext.shutdown()")
        page.close()
    sleeping = [plugin for plugin, active in plugins if not active]
    if sleeping or errors:
        raise SystemExit(f"{name}: not active: {sleeping}; the page logged {errors}")
    return [str(plugin) for plugin, _active in plugins]


def _run(*command: str | Path) -> str:
    """What a command prints; ends all, with what it printed, if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([*command], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout + done.stderr


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


if __name__ == "__main__":
    main()
