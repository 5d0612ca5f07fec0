"""The Sweeps panel and dashboards in tabs, in a real JupyterLab: live beside a running cell, after a reload, and when
kernels restart, end or are two."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import OpenNotebook
from tests.ui.notebook import Notebook

DEFINE = """%load_ext nbsweep
import nbsweep, threading
go_on = threading.Event()
def train(config, run):
    step = 0
    while not go_on.is_set():
        run.log({"loss": config["lr"] + 1 / (step + 1)})
        step += 1
        go_on.wait(0.02)
def sweep_of(name, lr):
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": lr, "max": lr + 1}}}
    return nbsweep.sweep(config, name=name, seed=1)"""
BEGIN = """first = sweep_of("first sweep", 0.0)
%sweep train train --count 4 --sweep {first}"""
BUSY = """import time
free = False
while not free and not go_on.is_set():
    time.sleep(0.02)"""


def show_panel(page: Page) -> Locator:
    page.evaluate("void window.jupyterapp.commands.execute('nbsweep:show-panel')")
    panel = page.locator("#nbsweep-sweeps")
    expect(panel).to_be_visible()
    return panel


def row(panel: Locator, name: str) -> Locator:
    return panel.get_by_test_id("nbs-list-row").filter(has=panel.page.locator(f'button[aria-label^="{name},"]'))


def test_the_panel_is_live_and_pauses_beside_a_running_cell(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([DEFINE, BEGIN, BUSY])
    panel = show_panel(notebook.page)
    expect(panel.get_by_test_id("nbs-panel-words")).to_contain_text("nbsweep is not loaded in notebook.ipynb")
    notebook.run_all()
    first = row(panel, "first sweep")
    expect(first).to_contain_text("random · running · 0 of 4 runs")
    expect(first.locator(".nbs-list-line canvas")).to_be_visible()
    expect(notebook.page.locator(".jp-Notebook .jp-InputPrompt").last).to_have_text("[*]:")
    drawn = "(canvas) => canvas.toDataURL()"
    before = first.locator("canvas").evaluate(drawn)
    notebook.page.wait_for_function(
        "([before]) => document.querySelector('#nbsweep-sweeps canvas').toDataURL() !== before", arg=[before]
    )
    first.hover()
    first.locator('[data-action="pause"]').click()
    expect(first).to_have_attribute("data-state", "paused")
    assert notebook.busy
    # The dashboard of the same sweep as a tab, beside the running cell too.
    first.locator(".nbs-list-main").click()
    tab = notebook.page.locator(".nbs-tab")
    expect(tab.get_by_test_id("nbs-dashboard")).to_contain_text("first sweep")
    expect(tab.get_by_test_id("nbs-tab-line")).to_be_hidden()
    expect(tab.get_by_role("button", name="Resume")).to_be_visible()
    assert not notebook.page_errors
