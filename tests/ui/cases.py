"""Pictures of the odd cases: ``python -m tests.ui.cases [NAME ...]`` leaves them in tests/artifacts/cases.

Each is a real sweep in a real JupyterLab: one run, two hundred, hostile names, all failed, all equal, NaN only, one
parameter, sixty. Light at 1280 pixels and dark at 400, for people to look at; it fails when something sticks out
sideways or the page throws.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.ui.conftest import ARTIFACTS, CHROMIUM_OPTIONS, write_notebook
from tests.ui.lab import Lab, serve
from tests.ui.notebook import Notebook

SWEEP = """%load_ext nbsweep
import math, nbsweep
{more}
parameters = {{'lr': {{'distribution': 'log_uniform_values', 'min': 1e-4, 'max': 1e-1}},
    'optimizer': {{'values': ['adam', 'sgd', 'rmsprop']}}, 'layers': {{'min': 1, 'max': 6}}}}
{parameters}
config = {{'method': 'random', 'metric': {{'name': metric, 'goal': '{goal}'}}, 'parameters': parameters}}
sweep_id = nbsweep.sweep(config, name=name, seed=2)
def train(config, run):
    print("training")
    {train}
agent = nbsweep.agent(sweep_id, train, count={count}, engine="threads")
nbsweep.Sweep(sweep_id).resume() if nbsweep.Sweep(sweep_id).state == "paused" else None"""
USUAL = """floor = abs(math.log10(config.lr) + 2.5) + 0.1 * config.layers
    for step in range(40):
        nbsweep.log({metric: floor + 3 * 0.9 ** step, 'epoch': step // 4})"""
HOSTILE = """name = "<img src=x onerror=\\"document.title='owned'\\"> '`${1}/.. \\U0001f389 " + "very long name " * 20
metric = name + "loss\""""
CASES: dict[str, dict[str, str]] = {
    "one-run": {"count": "1"},
    "two-hundred": {"count": "200"},
    "maximize": {"count": "20", "goal": "maximize"},
    "hostile": {
        "count": "24",
        "more": HOSTILE,
        "parameters": "parameters |= {name + 'p': {'values': [name, name + 'b', 3, None, True]}}\n"
        "parameters['a.b/c'] = {'min': 0, 'max': 9}",
        "train": USUAL + "\n    if run.number % 7 == 4: raise RuntimeError(name)",
    },
    "all-failed": {"count": "5", "train": "raise RuntimeError('CUDA out of memory')"},
    "all-equal": {"count": "20", "train": "for _ in range(20): nbsweep.log({metric: 1.0})"},
    "nan-only": {"count": "20", "train": "for _ in range(20): nbsweep.log({metric: math.nan})"},
    "one-parameter": {"count": "20", "parameters": "del parameters['layers'], parameters['optimizer']",
                      "train": "for step in range(20): nbsweep.log({metric: config.lr + 1 / (step + 1)})"},
    "sixty-parameters": {
        "count": "60",
        "parameters": "parameters |= {f'network.block_{i:02}.width': {'min': 0.0, 'max': 1.0} for i in range(57)}",
    },
}  # fmt: skip
DEFAULTS = {"more": "name, metric = 'digits', 'loss'", "parameters": "", "train": USUAL, "goal": "minimize"}


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        for name in names or CASES:
            photograph(name, lab, browser)
        browser.close()


def photograph(name: str, lab: Lab, browser: Browser) -> None:
    folder = lab.root / name
    folder.mkdir()
    write_notebook(
        folder / "case.ipynb", [SWEEP.format(**(DEFAULTS | CASES[name])), "nbsweep.Sweep(sweep_id).dashboard()"]
    )
    notebook = Notebook(browser.new_page(viewport={"width": 1280, "height": 1900}), lab, folder / "case.ipynb")
    notebook.open()
    notebook.run_all()
    notebook.wait_idle()
    dashboard = notebook.dashboard(-1)
    expect(dashboard.locator("tr.nbs-row").first).to_be_attached(timeout=60_000)
    notebook.page.wait_for_timeout(5000)  # importance of sixty parameters takes its time
    for theme, width in (("light", 1280), ("dark", 400)):
        notebook.theme(theme)  # type: ignore[arg-type]
        notebook.page.set_viewport_size({"width": width + 120, "height": 1900})
        notebook.page.wait_for_timeout(700)
        assert dashboard.evaluate("(node) => node.scrollWidth <= node.clientWidth"), f"{name}, {width}: sticks out"
        notebook.screenshot(ARTIFACTS / "cases" / f"{name}-{theme}-{width}.png", dashboard)
    assert notebook.page_errors == [] and "owned" not in notebook.page.title(), notebook.page_errors
    print(name, flush=True)
    notebook.close()


if __name__ == "__main__":
    main(sys.argv[1:])
