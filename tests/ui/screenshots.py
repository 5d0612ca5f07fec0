"""Makes the pictures in README: ``python -m tests.ui.screenshots`` writes docs/dashboard.png and its dark twin.

The quickstart's sweep, made larger: sixty runs, two at a time, learning rates up to where training diverges (which
fails the run) and early termination, in a real JupyterLab. Then docs/snapshot.png and its dark twin show the saved
notebook, opened again when its kernel has gone. With --live it has more runs, and docs/jupyterlab-panel.png and its
dark twin show the Sweeps panel and the dashboard as a tab while they train.
With --editor a define cell is photographed instead, in both themes, into tests/artifacts: an underline and its
message, a distribution's explanation.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

import nbformat
from PIL import Image
from playwright.sync_api import Locator, expect, sync_playwright

from tests.ui.conftest import ARTIFACTS, CHROMIUM_OPTIONS, write_notebook
from tests.ui.lab import serve
from tests.ui.notebook import Notebook

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples" / "quickstart.ipynb"
CHANGES = (
    ("%%sweep define digits", "%%sweep define digits --seed 4"),
    ('"method": "random",', '"method": "random",\n    "early_terminate": {"type": "hyperband", "min_iter": 3},'),
    (
        '{"distribution": "uniform", "min": 0, "max": 0.1}',
        '{"distribution": "log_uniform_values", "min": 1e-4, "max": 3.0}',
    ),
    (
        '    log({"loss": loss, "epoch": epoch})',
        '    log({"loss": loss, "epoch": epoch})\n    if not loss < 30:\n'
        '        raise FloatingPointError(f"the loss is {loss:.3g}")',
    ),
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTH = 1280
RUNS = 60
RUNS_LIVE = 240  # enough to train until both pictures are taken


def main(live: bool) -> None:
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        path = lab.root / QUICKSTART.name
        nbformat.write(_larger(nbformat.read(QUICKSTART, as_version=4), RUNS_LIVE if live else RUNS), path)
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1900}, device_scale_factor=2)
        notebook = Notebook(page, lab, path)
        notebook.open()
        notebook.run_all()
        dashboard = notebook.dashboard()
        ended = dashboard.locator("tr.nbs-row:not([data-run-state=running])")
        expect(ended.nth(RUNS - 1)).to_be_attached(timeout=480_000)
        dashboard.get_by_role("button", name="log y").click()
        dashboard.locator("input[type=range]").fill("0.6")
        matters = dashboard.get_by_test_id("nbs-importance")
        # The last answer, not one of those on the way: all but the failed runs are in it.
        counted = "tr.nbs-row:is([data-run-state=finished], [data-run-state=stopped])"
        used = str(dashboard.locator(counted).count()) if not live else ""
        expect(matters).to_have_attribute("data-runs-used", re.compile(used or r"^\d\d"), timeout=90_000)
        expect(matters.locator("[data-parameter]").first).to_be_visible()
        if live:
            photograph_panel(notebook)
        else:
            photograph(notebook, dashboard, "dashboard")
            notebook.wait_idle()
            notebook.save()
            page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
            page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
            notebook.reload()
            expect(page.locator(".nbs-standing:visible")).to_contain_text("recorded")
            expect(dashboard.locator("tr.nbs-row")).to_have_count(RUNS)
            page.set_viewport_size({"width": WIDTH, "height": 900})
            page.locator(".nbs-standing:visible").scroll_into_view_if_needed()
            photograph(notebook, page.locator(".jp-NotebookPanel"), "snapshot")
        notebook.close()
        browser.close()


def photograph_panel(notebook: Notebook) -> None:
    """The Sweeps panel and the dashboard as a tab beside it."""
    page = notebook.page
    page.set_viewport_size({"width": WIDTH, "height": 900})
    page.evaluate("void window.jupyterapp.commands.execute('nbsweep:show-panel')")
    page.get_by_test_id("nbs-list-row").first.locator(".nbs-list-main").click()
    tab = page.locator(".nbs-tab").get_by_test_id("nbs-dashboard")
    expect(tab).to_contain_text("running")
    expect(tab.get_by_test_id("nbs-importance").locator("[data-parameter]").first).to_be_visible(timeout=60_000)
    photograph(notebook, page.locator(".jp-LabShell"), "jupyterlab-panel")


def photograph(notebook: Notebook, of: Locator, name: str) -> None:
    """A picture in each theme, in docs/."""
    for theme, suffix in (("light", ""), ("dark", "-dark")):
        notebook.theme(theme)  # type: ignore[arg-type]
        notebook.page.mouse.move(0, 0)
        notebook.page.wait_for_timeout(500)
        picture = ROOT / "docs" / f"{name}{suffix}.png"
        notebook.screenshot(picture, of)
        # A quarter of the bytes, and nobody sees the difference.
        Image.open(picture).convert("RGB").quantize(256).save(picture, optimize=True)


EDITOR_CELL = """%%sweep define
method: random
metric: {name: loss, goal: minimise}
parameters:
  learning_rate:
    distribution: log_uniform_values
    min: 0.1
    max: 0.0001
  optimizer: {values: [adam, sgd]}
"""


def editor() -> None:
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        path = lab.root / "editor.ipynb"
        write_notebook(path, ["%load_ext nbsweep", EDITOR_CELL])
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 900, "height": 520}, device_scale_factor=2)
        notebook = Notebook(page, lab, path)
        notebook.open()
        notebook.run_all()
        wrong = page.locator(".cm-lintRange-error")
        expect(wrong).to_have_count(2, timeout=30_000)
        for theme in THEMES:
            notebook.theme(theme)
            line = page.locator(".cm-line", has_text="log_uniform_values")
            for name in ("problem", "distribution"):
                page.mouse.move(0, 0)
                expect(page.locator(".cm-tooltip")).to_have_count(0)
                # A plain value of YAML has no element of its own: it is found by where it stands in its line.
                wrong.last.hover() if name == "problem" else line.hover(position={"x": 190, "y": 8})
                expect(page.locator(".cm-tooltip").first).to_be_visible()
                notebook.screenshot(ARTIFACTS / f"editor-{name}-{theme}.png")
        notebook.close()
        browser.close()


def _larger(notebook: nbformat.NotebookNode, runs: int) -> nbformat.NotebookNode:
    changes = (*CHANGES, ("--count 5", f"--count {runs} --workers 2"))
    missing = {old for old, _ in changes}
    for cell in notebook.cells:
        for old, new in changes:
            if old in cell.source:
                missing.discard(old)
                cell.source = cell.source.replace(old, new)
    assert not missing, f"{QUICKSTART.name} has no {missing} to change"
    return notebook


if __name__ == "__main__":
    editor() if "--editor" in sys.argv else main("--live" in sys.argv)
