"""A notebook's dashboard, drawn from the file: opened without a kernel, and live where the kernel has the sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, expect

from nbsweep.notebook.snapshot import MIME
from tests.ui.conftest import OpenNotebook
from tests.ui.notebook import Notebook

WIDGET = "application/vnd.jupyter.widget-view+json"
CELLS = [
    """%load_ext nbsweep
config = {'method': 'random', 'metric': {'name': 'loss'}, 'parameters': {
    'lr': {'min': 0.0, 'max': 1.0}, 'optimizer': {'values': ['adam', "sg'd"]}}}
%sweep define config --name kept --seed 1""",
    """%%sweep_train --count 12 --workers 2 --wait
print("the rate is", config.lr)
for step in range(200):
    log({"loss": config.lr + 1 / (step + 1), "accuracy": step / 200})""",
]


def trained(open_notebook: OpenNotebook) -> Notebook:
    """A saved notebook with a finished sweep of twelve runs."""
    notebook = open_notebook(CELLS)
    notebook.run_all()
    notebook.wait_idle()
    expect(notebook.dashboard().locator("[data-run-state=finished]")).to_have_count(12)
    notebook.save()
    return notebook


def saved_outputs(path: Path) -> list[Any]:
    return [
        output["data"]
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.outputs
        if output["output_type"] == "display_data"
    ]


def test_a_notebook_that_is_opened_without_its_kernel_shows_the_dashboard_and_goes_live_with_one(
    open_notebook: OpenNotebook,
) -> None:
    notebook = trained(open_notebook)
    page = notebook.page
    page.wait_for_function(SAVED)
    widget, twins = (data for data in saved_outputs(notebook.path) if MIME in data)
    assert WIDGET in widget and widget[MIME]["below"]
    assert {"text/html", "image/png", MIME} <= set(twins) and twins[MIME]["widget"] == widget[WIDGET]["model_id"]
    expect(page.locator(".nbs-standing:visible")).to_have_count(0)  # the widget lives: it is what is shown
    expect(notebook.dashboard()).to_be_visible()

    page.evaluate(SHUT_DOWN)
    page.reload()
    dashboard = shown_without_a_kernel(notebook)


def shown_without_a_kernel(notebook: Notebook) -> Locator:
    return notebook.dashboard()


SAVED = "!window.jupyterapp.shell.currentWidget.context.model.dirty"
SHUT_DOWN = "window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
