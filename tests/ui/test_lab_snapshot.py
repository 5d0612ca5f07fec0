"""A notebook's dashboard, drawn from the file: opened without a kernel, damaged, and without the extension."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from nbsweep.notebook.snapshot import MIME
from tests.ui.conftest import ARTIFACTS, OpenNotebook, write_notebook
from tests.ui.lab import serve
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
SAVED = "!window.jupyterapp.shell.currentWidget.context.model.dirty"
SHUT_DOWN = "window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
BOX = re.compile("Error displaying widget|model not found|Loading widget", re.IGNORECASE)


@pytest.fixture
def notebook(open_notebook: OpenNotebook) -> Notebook:
    """A saved notebook with a finished sweep of twelve runs; its kernel lives."""
    notebook = open_notebook(CELLS)
    notebook.run_all()
    notebook.wait_idle()
    expect(notebook.dashboard().locator("[data-run-state=finished]")).to_have_count(12)
    assert notebook.errors == []
    save(notebook)
    return notebook


def save(notebook: Notebook) -> None:
    notebook.save()
    notebook.page.wait_for_function(SAVED)


def outputs_with_snapshots(path: Path) -> list[Any]:
    return [
        output["data"]
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.outputs
        if output["output_type"] == "display_data" and MIME in output["data"]
    ]


def standing(page: Page) -> Locator:
    """The line above a dashboard that is no widget."""
    return page.locator(".nbs-standing:visible")


def brush(page: Page, dashboard: Locator, axis: str, low: float, high: float) -> None:
    track = dashboard.get_by_test_id("nbs-parallel").locator(f"[data-axis={axis}] .nbs-track")
    dashboard.get_by_test_id("nbs-name").click()  # its cell is the active one from now on, and nothing moves any more
    track.hover()
    box = track.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + (1 - low) * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + (1 - (low + high) / 2) * box["height"])
    page.mouse.move(x, box["y"] + (1 - high) * box["height"])
    page.mouse.up()
    page.mouse.move(0, 0)


def test_a_notebook_opened_without_a_kernel_has_one_dashboard_that_can_be_used(notebook: Notebook) -> None:
    page = notebook.page
    widget, twins = outputs_with_snapshots(notebook.path)
    assert WIDGET in widget and widget[MIME]["below"]
    assert {"text/plain", "text/html", "image/png", MIME} == set(twins)
    assert twins[MIME]["widget"] == widget[WIDGET]["model_id"]
    assert len(json.dumps(twins[MIME])) < 300_000
    # In the session that trained it the widget is what is shown, and nothing twice.
    expect(standing(page)).to_have_count(0)
    expect(page.get_by_test_id("nbs-dashboard")).to_have_count(1)

    page.evaluate(SHUT_DOWN)
    notebook.reload()
    dashboard = notebook.dashboard()
    expect(dashboard.locator("[data-run-state=finished]")).to_have_count(12)
    expect(page.get_by_test_id("nbs-dashboard")).to_have_count(1)
    expect(standing(page)).to_contain_text(re.compile(r"recorded 20\d\d-\d\d-\d\d \d\d:\d\d"))
    expect(page.get_by_text(BOX)).to_have_count(0)
    expect(page.locator(".nbsweep-twin:visible")).to_have_count(0)
    expect(dashboard.get_by_test_id("nbs-importance")).to_contain_text("random forest on 12 runs")
    expect(dashboard.get_by_test_id("nbs-curves")).to_have_attribute("data-series", "12")

    # Brush, sort, another key, an opened row.
    brush(page, dashboard, "lr", 0.1, 0.6)
    expect(dashboard).to_have_attribute("data-selected", re.compile(r"^[1-9]$|^1[01]$"))
    dashboard.get_by_label("Metric to draw").select_option("accuracy")
    expect(dashboard.get_by_test_id("nbs-curves")).to_have_attribute("data-series", "12")
    dashboard.locator(".nbs-opener").first.click()
    expect(dashboard.locator(".nbs-detail-row:visible")).to_contain_text("the rate is")
    # What needs a kernel is not offered.
    for needs_a_kernel in ("nbs-add-runs", "nbs-rerun", "nbs-narrow"):
        expect(dashboard.get_by_test_id(needs_a_kernel).first).to_be_hidden()
    dashboard.get_by_label(re.compile("^More about")).first.click()
    expect(dashboard.get_by_test_id("nbs-row-menu")).to_contain_text("Copy config as Python")
    expect(dashboard.get_by_role("menuitem", name="Run it again")).to_be_hidden()
    page.keyboard.press("Escape")
    take_pictures(notebook, dashboard)
    assert notebook.page_errors == []


def test_a_saved_dashboard_goes_live_with_a_kernel_that_has_the_sweep_and_stays_when_it_goes(
    notebook: Notebook,
) -> None:
    page, dashboard = notebook.page, notebook.dashboard()
    # The page is loaded anew beside a living kernel: live by itself, though no widget of this page is there.
    notebook.reload()
    expect(standing(page)).to_have_text(re.compile("^live"))
    expect(page.get_by_test_id("nbs-dashboard")).to_have_count(1)
    expect(dashboard.get_by_test_id("nbs-add-runs")).to_be_visible()
    expect(page.get_by_text(BOX)).to_have_count(0)

    # Another kernel, which has not loaded nbsweep: what was told last stays, and what was done to it.
    dashboard.evaluate("(node) => { node.dataset.same = 'yes' }")
    notebook.restart()
    expect(standing(page)).to_contain_text("nbsweep is not loaded")
    expect(dashboard.locator("[data-run-state=finished]")).to_have_count(12)
    expect(dashboard.get_by_test_id("nbs-add-runs")).to_be_hidden()
    dashboard.get_by_role("button", name="log y").click()
    brush(page, dashboard, "lr", 0.1, 0.6)
    expect(dashboard).to_have_attribute("data-selected", re.compile(r"^[1-9]$|^1[01]$"))
    page.wait_for_timeout(500)  # the selection follows the hand a moment later: until it rests
    inside = str(dashboard.get_attribute("data-selected"))

    # It loads nbsweep, whose store has the sweep: live, brushed as before, and runs can be added.
    notebook.run("%load_ext nbsweep")
    expect(standing(page)).to_have_text(re.compile("^live"))
    expect(dashboard).to_have_attribute("data-selected", inside)
    expect(dashboard.get_by_role("button", name="log y")).to_have_attribute("aria-pressed", "true")
    expect(dashboard).to_have_attribute("data-same", "yes")
    expect(dashboard.get_by_test_id("nbs-add-runs")).to_be_visible()
    notebook.wait_idle()
    notebook.screenshot(ARTIFACTS / "snapshot-live.png")
    notebook.run(MORE)
    expect(dashboard.locator("[data-run-state=finished]")).to_have_count(14, timeout=30_000)
    notebook.wait_idle()
    assert notebook.errors == [] and notebook.page_errors == []


MORE = """%sweep use kept
def train(config):
    import nbsweep
    nbsweep.log({"loss": config.lr})
import nbsweep
_ = nbsweep.agent(nbsweep.Sweep("kept").id, train, count=2)"""


def take_pictures(notebook: Notebook, dashboard: Locator) -> None:
    """The output with the line above it, light and dark, wide and narrow, for people to look at."""
    for theme in ("light", "dark"):
        notebook.theme(theme)
        for name, width in (("wide", 1280), ("narrow", 560)):
            notebook.page.set_viewport_size({"width": width, "height": 2200})
            notebook.page.wait_for_timeout(300)  # canvases follow a frame or two later
            assert dashboard.evaluate("(node) => node.scrollWidth <= node.clientWidth")
            picture = ARTIFACTS / f"snapshot-{theme}-{name}.png"
            notebook.screenshot(picture, notebook.page.locator(".nbs-output:visible"))
    notebook.theme("light")


def test_a_damaged_snapshot_and_one_of_a_later_version_are_said_and_the_static_twins_are_shown(
    notebook: Notebook,
) -> None:
    page = notebook.page
    page.evaluate(SHUT_DOWN)
    for change, said in (
        ({"version": 2}, "a later nbsweep"),
        ({"table": "H4sIAAAAAAAA"}, "it is damaged"),
        ({"curves": "<img src=x onerror=\"document.title='owned'\">"}, "it is damaged"),
    ):
        content = nbformat.read(notebook.path, as_version=4)
        for cell in content.cells:
            for output in cell.outputs:
                if MIME in output.get("data", {}) and "below" not in output["data"][MIME]:
                    original = dict(output["data"][MIME])
                    output["data"][MIME].update(change)
        page.goto("about:blank")
        nbformat.write(content, notebook.path)
        notebook.open()
        expect(standing(page)).to_contain_text(said)
        expect(page.locator(".nbsweep-twin")).to_contain_text("12 finished")
        expect(page.locator(".nbsweep-twin")).to_be_visible()
        expect(page.get_by_test_id("nbs-dashboard")).to_have_count(0)
        expect(page.get_by_text(BOX)).to_have_count(0)
        for cell in content.cells:
            for output in cell.outputs:
                if MIME in output.get("data", {}) and "below" not in output["data"][MIME]:
                    output["data"][MIME] = original
        nbformat.write(content, notebook.path)
    assert notebook.page_errors == [] and "owned" not in page.title()


def test_without_the_extension_the_widget_and_the_static_twins_are_what_they_were(
    browser: Browser, tmp_path: Path
) -> None:
    with serve(tmp_path, extension=False) as lab:
        write_notebook(lab.root / "plain.ipynb", CELLS)
        notebook = Notebook(browser.new_page(viewport={"width": 1280, "height": 1000}), lab, lab.root / "plain.ipynb")
        notebook.open()
        notebook.run_all()
        notebook.wait_idle()
        page = notebook.page
        dashboard = notebook.dashboard()
        expect(dashboard.locator("[data-run-state=finished]")).to_have_count(12)
        expect(dashboard.get_by_test_id("nbs-add-runs")).to_be_visible()
        expect(page.get_by_test_id("nbs-dashboard")).to_have_count(1)
        expect(page.locator(".nbsweep-twin")).to_be_hidden()
        save(notebook)
        page.evaluate(SHUT_DOWN)
        notebook.reload()
        expect(page.locator(".nbsweep-twin")).to_contain_text("12 finished")
        expect(page.locator(".nbsweep-twin")).to_be_visible()
        expect(page.get_by_test_id("nbs-dashboard")).to_have_count(0)
        assert notebook.page_errors == []
        notebook.close()
