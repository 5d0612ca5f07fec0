"""Notebook 7 shows the same dashboard, live, and from the file when there is no kernel that has the sweep."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.ui.conftest import write_notebook
from tests.ui.lab import serve

PANEL = "window.jupyterapp?.shell.currentWidget"
KERNEL = f"{PANEL}?.sessionContext?.session?.kernel"
CELLS = [
    "%load_ext nbsweep",
    """%%sweep define seven
{"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0, "max": 1.0}}}""",
    "%%sweep_train --count 3 --wait\nfor epoch in range(5):\n    log({'loss': config.lr + 1 / (epoch + 1)})",
]


def test_a_sweep_is_trained_shown_and_reopened_in_notebook_7(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path, "notebook") as server:
        write_notebook(server.root / "seven.ipynb", CELLS)
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(f"{error} {error.stack}"))
        page.goto(f"{server.url}notebooks/seven.ipynb?token={server.token}")
        page.wait_for_function(KERNEL, timeout=60_000)
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        dashboard = page.get_by_test_id("nbs-dashboard")
        expect(dashboard).to_contain_text("3 finished", timeout=60_000)
        expect(dashboard.get_by_test_id("nbs-rerun")).to_have_count(3)
        expect(dashboard.get_by_test_id("nbs-rerun").first).to_be_visible()
        expect(page.locator(".nbs-standing:visible")).to_have_count(0)
        page.wait_for_function(f"{PANEL}.content.widgets.every((cell) => cell.model.executionState !== 'running')")
        # Its commands hear a key before the dashboard does, and must leave it alone all the same.
        cells = page.evaluate(f"{PANEL}.content.widgets.length")
        log_y = dashboard.get_by_role("button", name="log y")
        log_y.focus()
        for key in ("b", "x", "ArrowUp", "a"):
            page.keyboard.press(key)
        page.wait_for_timeout(300)  # a command waits for what else a key may begin
        assert page.evaluate(f"{PANEL}.content.widgets.length") == cells
        expect(log_y).to_be_focused()

        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_function(f"!{PANEL}.context.model.dirty")
        page.evaluate(f"{PANEL}.sessionContext.shutdown()")
        page.reload()
        expect(dashboard).to_contain_text("3 finished", timeout=60_000)
        expect(dashboard).to_have_count(1)
        expect(page.locator(".nbs-standing:visible")).to_contain_text("recorded 20")
        expect(dashboard.get_by_test_id("nbs-curves")).to_have_attribute("data-series", "3")
        expect(dashboard.get_by_test_id("nbs-rerun").first).to_be_hidden()
        expect(page.get_by_text("model not found")).to_have_count(0)
        assert not [error for error in errors if "nbsweep" in error], "Notebook has errors of its own when it starts"
        page.close()
