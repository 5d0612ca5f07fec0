"""JupyterLab's commands, status bar, notifications and settings for sweeps, in a real JupyterLab."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import ARTIFACTS, OpenNotebook
from tests.ui.lab import Lab
from tests.ui.notebook import Notebook

TRAINING = """import random
lr = 1e-2
batch_size = 32
EPOCHS = 4
random.seed(0)
loss = 1.0
for epoch in range(EPOCHS):
    loss *= 1 - lr * batch_size / 64
    log({"loss": loss})"""
SWEEP = """%load_ext nbsweep
import threading
go_on = threading.Event()
config = {'method': 'random', 'metric': {'name': 'loss'}, 'parameters': {'lr': {'min': 0.0, 'max': 1.0}}, 'run_cap': 3}
%sweep define config --name seen --seed 1"""
HELD = """%%sweep_train --count 3
log({"loss": config.lr})
go_on.wait(60)"""
SOURCES = (
    "window.jupyterapp.shell.currentWidget.content.widgets?.map((cell) => cell.model.sharedModel.getSource()) ?? []"
)


def execute(notebook: Notebook, command: str, **args: Any) -> None:
    notebook.page.evaluate("([id, args]) => window.jupyterapp.commands.execute(id, args)", [command, args])


def sources(notebook: Notebook) -> list[str]:
    return [str(source) for source in notebook.page.evaluate(SOURCES)]


def enabled(notebook: Notebook, command: str) -> bool:
    return bool(notebook.page.evaluate("(id) => window.jupyterapp.commands.isEnabled(id)", command))


def test_a_sweep_is_made_of_a_training_cell_and_runs(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TRAINING])
    page = notebook.page
    page.locator(".jp-CodeCell").first.click(button="right")
    page.get_by_role("menuitem", name="New Sweep from This Cell").click()
    expect(page.locator(".jp-CodeCell")).to_have_count(4)
    _, load, define, train = sources(notebook)
    assert load == "%load_ext nbsweep"
    assert define.startswith("%%sweep define\n")
    assert '"lr": {"distribution": "log_uniform_values", "min": 0.001, "max": 0.1}' in define
    assert '"batch_size": {"values": [16, 32, 64]}' in define
    assert '"epochs": {"value": 4}' in define
    assert "lr = config.lr\nbatch_size = config.batch_size\nEPOCHS = config.epochs\nrandom.seed(0)\n" in train
    notebook.screenshot(ARTIFACTS / "lab-new-sweep.png")
    # The example's first cell would fail alone: it logs outside a sweep. All cells below it run as they are.
    page.evaluate(
        """() => { const {content} = window.jupyterapp.shell.currentWidget; content.activeCellIndex = 1;
                   void window.jupyterapp.commands.execute('notebook:run-all-below'); }"""
    )
    expect(notebook.dashboard()).to_contain_text("10 finished", timeout=60_000)
    notebook.wait_idle()
    assert notebook.errors == []
    execute(notebook, "nbsweep:new-sweep-from-cell")  # of a cell that has none
    assert notebook.page_errors == []


def test_the_status_bar_counts_and_a_notification_tells_the_end(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SWEEP, HELD])
    page = notebook.page
    status = page.get_by_test_id("nbs-status")
    expect(status).to_be_hidden()
    assert not enabled(notebook, "nbsweep:pause")
    notebook.run_all()
    expect(status).to_have_text("1 sweep · 1 run", timeout=30_000)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.screenshot(ARTIFACTS / f"lab-status-{theme}.png")
    assert enabled(notebook, "nbsweep:pause") and not enabled(notebook, "nbsweep:resume")
    execute(notebook, "nbsweep:pause")
    page.wait_for_function("window.jupyterapp.commands.isEnabled('nbsweep:resume')")
    toasts = page.locator(".Toastify__toast")
    expect(toasts).to_have_count(0)  # whoever pauses knows it
    execute(notebook, "nbsweep:resume")
    page.wait_for_function("window.jupyterapp.commands.isEnabled('nbsweep:pause')")
    notebook.run("go_on.set()")
    toast = toasts.filter(has_text="Sweep seen has finished")
    expect(toast).to_be_visible(timeout=30_000)
    expect(toast).to_contain_text(re.compile(r"Best loss: 0\.\d+ · 3 runs"))
    expect(status).to_have_text(re.compile(r"^seen · best 0\.\d+$"))
    for theme in ("dark", "light"):
        notebook.theme(theme)  # type: ignore[arg-type]
        notebook.screenshot(ARTIFACTS / f"lab-notification-{theme}.png")
    expect(toasts).to_have_count(1)
    execute(notebook, "nbsweep:insert-best-config")
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource().includes('config = {')"
    )
    best = sources(notebook)[-1]
    assert re.fullmatch(r"# [\w-]+, loss 0\.\d+\nconfig = \{\n    'lr': 0\.\d+,\n\}", best)
    status.click()
    expect(page.get_by_role("tab", name="Sweeps", exact=True)).to_have_attribute("aria-selected", "true")
    assert notebook.page_errors == []


def test_what_failures_pause_is_told_with_the_reason_once_of_two_pages_and_by_the_browser(
    open_notebook: OpenNotebook,
) -> None:
    failing = "%%sweep_train --count 10\nraise RuntimeError('no data')"
    notebook = open_notebook([SWEEP.replace("3}", "9}"), failing])
    page = notebook.page
    page.context.grant_permissions(["notifications"])
    # What the system would show cannot be seen from here: what it is told is.
    page.evaluate(
        """() => {
            window.told = [];
            const System = window.Notification;
            window.Notification = class extends System {
                constructor(title, options) { super(title, options); window.told.push([title, options.body]); }
            };
            document.hasFocus = () => false;
        }"""
    )
    execute(notebook, "nbsweep:toggle-browser-notifications")
    page.wait_for_function("window.jupyterapp.commands.isToggled('nbsweep:toggle-browser-notifications')")
    with page.context.expect_page() as opening:
        page.evaluate("(address) => void window.open(address)", notebook.lab.address(notebook.path))
    second = opening.value
    second.wait_for_function("window.jupyterapp?.commands.hasCommand('nbsweep:stop')", timeout=60_000)
    second.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")  # as a tab behind another is
    notebook.run_all()
    second.wait_for_function("window.jupyterapp.commands.isEnabled('nbsweep:resume')", timeout=60_000)
    toast, other = (each.locator(".Toastify__toast").filter(has_text="is paused: too many") for each in (page, second))
    expect(toast).to_be_visible(timeout=30_000)
    expect(toast).to_contain_text("mend the code and resume")
    [(title, text)] = page.evaluate("window.told")
    assert title == "Sweep seen is paused: too many runs failed" and text.endswith("mend the code and resume.")
    second.wait_for_timeout(1000)  # within half a second it sees that it was told
    expect(other).to_have_count(0)
    toast.get_by_role("button", name="Open Dashboard").click()
    expect(page.locator(".nbs-tab").get_by_test_id("nbs-dashboard")).to_contain_text("paused", timeout=30_000)
    second.close()
    execute(notebook, "nbsweep:toggle-browser-notifications")
    execute(notebook, "nbsweep:stop")
    page.wait_for_function("!window.jupyterapp.commands.isEnabled('nbsweep:stop')")
    page.locator("li.lm-TabBar-tab").filter(has_text="notebook.ipynb").click()


def test_commands_stand_in_palette_menu_and_launcher(open_notebook: OpenNotebook, lab: Lab) -> None:
    notebook = open_notebook(["1"])
    page = notebook.page
    execute(notebook, "apputils:activate-command-palette")
    page.locator(".lm-CommandPalette-input").fill("nbsweep")
    palette = page.locator(".lm-CommandPalette-content")
    for label in ("New Sweep from This Cell", "Insert an Example Sweep", "New Sweep Example"):
        expect(palette.get_by_text(label, exact=True)).to_be_visible()
    notebook.screenshot(ARTIFACTS / "lab-palette.png")
    page.keyboard.press("Escape")
    page.locator(".lm-MenuBar-item").filter(has_text="Run").click()
    page.locator(".lm-Menu-item").filter(has_text=re.compile(r"^Sweeps")).hover()
    expect(page.get_by_role("menuitem", name="New Sweep from This Cell")).to_be_visible()
    notebook.screenshot(ARTIFACTS / "lab-menu.png")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    execute(notebook, "launcher:create")
    card = page.locator(".jp-LauncherCard").filter(has_text="Sweep Example")
    expect(card).to_be_visible()
    notebook.screenshot(ARTIFACTS / "lab-launcher.png")
    card.click()
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.content?.widgets?.length === 3")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
    assert [source.split("\n")[0].split(" --")[0] for source in sources(notebook)] == [
        "%load_ext nbsweep",
        "%%sweep define",
        "%%sweep_train",
    ]
    assert notebook.page_errors == []


def test_what_a_dashboard_in_a_tab_offers_goes_into_the_notebook_it_belongs_to(open_notebook: OpenNotebook) -> None:
    training = "%%sweep_train --count 3\nlog({'loss': config.lr})"
    notebook = open_notebook([SWEEP, training])
    page = notebook.page
    notebook.run_all()
    expect(notebook.dashboard()).to_contain_text("3 finished", timeout=30_000)
    notebook.wait_idle()
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0")
    execute(notebook, "nbsweep:open-dashboard")
    tab = page.locator(".nbs-tab").get_by_test_id("nbs-dashboard")
    row = tab.locator("tr.nbs-row").first
    expect(row).to_be_visible(timeout=30_000)
    row.hover()
    row.get_by_label(re.compile("^More about")).click()
    tab.get_by_role("menuitem", name="Insert config as a cell").click()
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    assert re.match(r"# [\w-]+, loss 0\.\d+\nconfig = \{\n", sources(notebook)[1])
    execute(notebook, "nbsweep:open-dashboard")  # it comes back to the front: there is one a sweep
    expect(page.locator(".nbs-tab")).to_have_count(1)
    track = tab.get_by_test_id("nbs-parallel").locator("[data-axis=lr] .nbs-track")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3, steps=3)
    page.mouse.up()
    tab.get_by_test_id("nbs-narrow").click()
    page.wait_for_function(f"{SOURCES}.some((source) => source.startsWith('%%sweep define seen-narrow'))")
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    notebook.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    notebook.wait_idle()
    assert notebook.errors == []
    assert notebook.page_errors == []


@pytest.fixture
def keep_settings(lab: Lab) -> Any:
    file = lab.root.parent / "settings" / "nbsweep-labextension" / "settings.jupyterlab-settings"
    yield
    file.unlink(missing_ok=True)


@pytest.mark.usefixtures("keep_settings")
def test_settings_take_effect(open_notebook: OpenNotebook, lab: Lab, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    file = lab.root.parent / "settings" / "nbsweep-labextension" / "settings.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"storage": url, "updatesPerSecond": 0.5, "notifications": False, "xAxis": "time"}))
    notebook = open_notebook(["1"])
    page = notebook.page
    execute(notebook, "nbsweep:insert-example")
    load, define, _train = sources(notebook)[1:]
    assert load == f'import os\nos.environ.setdefault("NBSWEEP_STORAGE", "{url}")\n%load_ext nbsweep'
    notebook.run_all()
    expect(notebook.dashboard()).to_contain_text("10 finished", timeout=60_000)
    notebook.wait_idle()
    assert notebook.errors == []
    assert (tmp_path / "elsewhere.db").exists() and define.startswith("%%sweep define")
    cell = notebook.run("from nbsweep.notebook.publisher import publisher; publisher().pace_s")
    notebook.wait_idle()
    assert notebook.outputs(cell)[0]["data"]["text/plain"] == "2.0"
    expect(page.locator(".Toastify__toast")).to_have_count(0)
    execute(notebook, "nbsweep:open-dashboard")
    tab = page.locator(".nbs-tab")
    expect(tab.get_by_label("x-axis")).to_have_value("time", timeout=30_000)
    page.locator("li.lm-TabBar-tab").filter(has_text="notebook.ipynb").click()
