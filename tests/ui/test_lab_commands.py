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
SETTINGS_ID = "nbsweep-labextension:settings"


def execute(notebook: Notebook, command: str, **args: Any) -> None:
    notebook.page.evaluate("([id, args]) => window.jupyterapp.commands.execute(id, args)", [command, args])


def sources(notebook: Notebook) -> list[str]:
    found = notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.sharedModel.getSource())"
    )
    return [str(source) for source in found]


def enabled(notebook: Notebook, command: str) -> bool:
    return bool(notebook.page.evaluate("(id) => window.jupyterapp.commands.isEnabled(id)", command))


def user_settings(notebook: Notebook, **values: Any) -> None:
    """Save the user's settings as the settings editor does; what listens to them hears of it."""
    notebook.page.evaluate(
        """async ([id, raw]) => {
            const response = await fetch(`${document.baseURI.split('/lab')[0]}/lab/api/settings/${id}`, {
                method: 'PUT', headers: {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? '',
                Authorization: `token ${raw.token}`}, body: JSON.stringify({raw: raw.text})});
            if (!response.ok) throw new Error(await response.text());
        }""",
        [SETTINGS_ID, {"text": json.dumps(values), "token": notebook.lab.token}],
    )


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
    assert re.fullmatch(r"# [\w-]+, loss 0\.\d+\nconfig = \{\n    \"lr\": 0\.\d+,\n\}", best)
    assert notebook.page_errors == []


def test_what_failures_pause_is_told_with_the_reason_and_stays(open_notebook: OpenNotebook) -> None:
    failing = "%%sweep_train --count 10\nraise RuntimeError('no data')"
    notebook = open_notebook([SWEEP.replace("3}", "9}"), failing])
    notebook.run_all()
    toast = notebook.page.locator(".Toastify__toast").filter(has_text="is paused: too many runs failed")
    expect(toast).to_be_visible(timeout=30_000)
    expect(toast).to_contain_text("mend the code and resume")
    expect(toast.get_by_role("button", name="Open Dashboard")).to_be_visible()
    notebook.run("%sweep stop")


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
    axis = tab.locator("[data-testid=nbs-parallel]")
    expect(axis).to_be_visible()
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
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"storage": url, "updatesPerSecond": 0.5, "notifications": False}))
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
