"""Notebook 7 shows the same dashboard, live."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.ui.conftest import write_notebook
from tests.ui.lab import serve

KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
CELLS = [
    "%load_ext nbsweep",
    """%%sweep define seven
{"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0, "max": 1.0}}}""",
    "%%sweep_train --count 3\nfor epoch in range(5):\n    log({'loss': config.lr + 1 / (epoch + 1)})",
]


def test_a_sweep_is_trained_and_shown_in_notebook_7(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path, "notebook") as server:
        write_notebook(server.root / "seven.ipynb", CELLS)
        page = browser.new_page()
        page.goto(f"{server.url}notebooks/seven.ipynb?token={server.token}")
        page.wait_for_function(KERNEL, timeout=60_000)
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        dashboard = page.get_by_test_id("nbs-dashboard")
        expect(dashboard).to_contain_text("3 finished", timeout=60_000)
        expect(dashboard.get_by_test_id("nbs-rerun")).to_have_count(3)
        page.close()
