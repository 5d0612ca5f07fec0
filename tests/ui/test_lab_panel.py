"""The Sweeps panel and dashboards in tabs, in a real JupyterLab: live beside a running cell, after a reload, and when
kernels restart, end or are two."""

from __future__ import annotations

import json

from playwright.sync_api import Locator, Page, expect

from tests.test_agents import until
from tests.ui.conftest import OpenNotebook, write_notebook
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
ELSEWHERE = """import nbsweep
for number in (1, 2):
    nbsweep.sweep({"method": "grid", "parameters": {"a": {"values": [1]}}}, name=f"elsewhere {number}")"""
PANEL = "[...window.jupyterapp.shell.widgets('main')].find((widget) => widget.content?.widgets)"
SAVED = "!document.querySelector('.jp-mod-dirty')"
# JupyterLab writes its layout a moment after it changed; what a reload brings back is what was written.
LAYOUT_KEPT = """async () => {
    const {workspaces} = window.jupyterapp.serviceManager;
    const name = window.location.pathname.split('/workspaces/')[1].split('/')[0];
    const {data} = await workspaces.fetch(name);
    return JSON.stringify(data['layout-restorer:data'] ?? '').includes('nbsweep-dashboards:');
}"""
OPEN_AND_CLOSE = """async (sweep) => {
    const {commands} = window.jupyterapp;
    for (let time = 0; time < 20; time++) {
        const tab = await commands.execute('nbsweep:open-dashboard', {sweep});
        await tab.revealed;
        tab.dispose();
    }
}"""
COMMS = """import collections, comm, json
print(json.dumps(collections.Counter(each.target_name for each in comm.get_comm_manager().comms.values()
                                     if each.target_name.startswith("nbsweep"))))"""
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


def counts(notebook: Notebook) -> dict[str, int]:
    """The link's comms in the kernel, by target."""
    cell = notebook.run(COMMS)
    notebook.wait_idle()
    found: dict[str, int] = json.loads("".join(output["text"] for output in notebook.outputs(cell)))
    return found


def test_the_panel_is_live_and_pauses_beside_a_running_cell(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([DEFINE, BEGIN, BUSY])
    panel = show_panel(notebook.page)
    expect(panel.get_by_test_id("nbs-panel-words")).to_contain_text("nbsweep is not loaded in notebook.ipynb")
    notebook.run_all()
    first = row(panel, "first sweep")
    expect(first).to_contain_text("running · 1 of 4 runs · random")
    expect(first.locator(".nbs-list-line canvas")).to_be_visible()
    waiting = f"{PANEL}.content.widgets.map((cell) => cell.model.executionState).join() === 'idle,idle,running'"
    notebook.page.wait_for_function(waiting)
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


def test_the_panel_follows_the_notebook_and_says_what_a_kernel_is_up_to(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([DEFINE, 'sweep_of("of the first", 0.0);'])
    page, panel = notebook.page, show_panel(notebook.page)
    words = panel.get_by_test_id("nbs-panel-words")
    words.get_by_role("button", name="Load nbsweep").click()
    expect(words).to_contain_text("No sweeps yet")
    expect(words.locator("pre")).to_contain_text("%%sweep define")
    notebook.run_all()
    expect(row(panel, "of the first")).to_contain_text("waiting for an agent · 0 runs · random")
    # A second notebook, in another folder, with another kernel and another store.
    other = notebook.path.parent / "deeper" / "other.ipynb"
    other.parent.mkdir()
    write_notebook(other, [DEFINE, 'sweep_of("of the second", 0.0);'])
    open_file = "(path) => window.jupyterapp.commands.execute('docmanager:open', {path})"
    page.evaluate(open_file, other.relative_to(notebook.lab.root).as_posix())
    expect(words).to_contain_text("nbsweep is not loaded in other.ipynb")
    notebook.run_all()
    expect(row(panel, "of the second")).to_be_visible()
    expect(row(panel, "of the first")).to_have_count(0)
    page.get_by_role("tab", name="notebook.ipynb").click()
    expect(row(panel, "of the first")).to_be_visible()
    expect(row(panel, "of the second")).to_have_count(0)
    # What another process does is seen too; a filter, and arrow keys through the list.
    notebook.run("import subprocess, sys")
    notebook.run(f"subprocess.run([sys.executable, '-c', {ELSEWHERE!r}], check=True)")
    expect(row(panel, "elsewhere 2")).to_be_visible()
    row(panel, "elsewhere 2").locator(".nbs-list-main").focus()
    page.keyboard.press("ArrowDown")
    expect(row(panel, "elsewhere 1").locator(".nbs-list-main")).to_be_focused()
    page.keyboard.press("End")
    expect(row(panel, "of the first").locator(".nbs-list-main")).to_be_focused()
    panel.get_by_placeholder("Filter sweeps").fill("elsewhere 1")
    expect(panel.get_by_test_id("nbs-list-row")).to_have_count(1)
    with page.expect_download() as download:
        row(panel, "elsewhere 1").hover()
        row(panel, "elsewhere 1").locator('[data-action="more"]').click()
        page.get_by_role("menuitem", name="Export CSV").click()
    assert download.value.suggested_filename == "elsewhere 1.csv"
    assert download.value.path().read_text().startswith("run,id,number,state,duration_s")
    row(panel, "elsewhere 1").locator(".nbs-list-main").focus()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(words).to_contain_text("No sweep matches the filter")
    notebook.wait_idle()
    # Its kernel restarts, loads nbsweep again, and ends.
    panel.get_by_placeholder("Filter sweeps").fill("")
    notebook.restart()
    expect(words).to_contain_text("nbsweep is not loaded in notebook.ipynb")
    notebook.run("%load_ext nbsweep")
    expect(row(panel, "of the first")).to_be_visible()
    assert counts(notebook) == {"nbsweep.here": 1, "nbsweep.link": 1}
    page.evaluate(f"{PANEL}.sessionContext.shutdown()")
    expect(words).to_contain_text("notebook.ipynb has no kernel")
    assert not notebook.page_errors


def test_a_tab_comes_back_after_a_reload_and_goes_on_after_a_restart(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([DEFINE, BEGIN])
    page, panel = notebook.page, show_panel(notebook.page)
    notebook.run_all()
    row(panel, "first sweep").locator(".nbs-list-main").click()
    tab = page.locator(".nbs-tab")
    dashboard = tab.get_by_test_id("nbs-dashboard")
    expect(dashboard).to_contain_text("1 running")
    row(panel, "first sweep").locator(".nbs-list-main").click()
    expect(tab).to_have_count(1)
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save-all')")
    page.wait_for_function(SAVED)
    until(lambda: bool(page.evaluate(LAYOUT_KEPT)), 30)
    page.reload()
    # The tab, the panel and the notebook are where they were, and the run still trains.
    expect(dashboard).to_contain_text("first sweep", timeout=30_000)
    expect(dashboard).to_contain_text("1 running")
    expect(page.get_by_role("tab", name="first sweep")).to_be_visible()
    expect(tab.get_by_test_id("nbs-tab-line")).to_be_hidden()
    notebook.restart()
    line = tab.get_by_test_id("nbs-tab-line")
    expect(line).to_contain_text("nbsweep is not loaded in notebook.ipynb")
    expect(dashboard).to_contain_text("first sweep")  # as it was
    line.get_by_role("button", name="Load nbsweep").click()
    expect(line).to_be_hidden()
    expect(dashboard).to_contain_text("crashed")
    # Without the notebook it says what is so, and opens it.
    page.evaluate(f"{PANEL}.dispose()")
    expect(line).to_contain_text("notebook.ipynb is not open")
    line.get_by_role("button", name="Open the Notebook").click()
    expect(line).to_be_hidden(timeout=20_000)
    # Opened and closed many times, nothing is left in the page or the kernel.
    sweep = tab.evaluate("(node) => node.closest('[id^=nbsweep-dashboard-]').id.split('-').pop()")
    page.evaluate(OPEN_AND_CLOSE, sweep)
    expect(page.locator(".nbs-tab")).to_have_count(0)
    expect(row(panel, "first sweep").locator('[data-action="more"]')).to_be_enabled()
    assert counts(notebook) == {"nbsweep.here": 1, "nbsweep.link": 1}
    assert not notebook.page_errors
