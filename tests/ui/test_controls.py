"""The dashboard's controls by mouse and keyboard, on runs that train, and what it says when something is wrong."""

from __future__ import annotations

import ast
import re

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.conftest import OpenNotebook
from tests.ui.notebook import Notebook

DEFINE = """%load_ext nbsweep
import nbsweep, threading
config = {'method': 'random', 'metric': {'name': 'loss'}, 'parameters': {
    'lr': {'min': 0.0, 'max': 1.0}, 'optimizer': {'values': ['adam', "sg'd"]}}}
%sweep define config --name controls --seed 1
go_on = threading.Event()"""
TRAIN = """%%sweep_train --count 6 --workers 2
print("begins with", config.optimizer)
step = 0
while not go_on.is_set():
    log({"loss": config.lr + 1 / (step + 1)})
    step += 1
    go_on.wait(0.02)"""


@pytest.fixture
def notebook(open_notebook: OpenNotebook) -> Notebook:
    """Two runs that train until the notebook says `go_on.set()`, four to come."""
    notebook = open_notebook([DEFINE, TRAIN])
    notebook.run_all()
    expect(runs(notebook, "running")).to_have_count(2, timeout=30_000)
    notebook.wait_idle()
    assert notebook.errors == []
    return notebook


def runs(notebook: Notebook, state: str) -> Locator:
    return notebook.dashboard().locator(f"[data-run-state={state}]")


def say(notebook: Notebook, code: str) -> None:
    notebook.run(code)
    notebook.wait_idle()
    assert notebook.errors == []


def test_pause_and_resume_then_stop_after_the_current_runs(notebook: Notebook) -> None:
    dashboard = notebook.dashboard()
    pause, state = dashboard.get_by_test_id("nbs-pause"), dashboard.get_by_test_id("nbs-state")
    pause.click()
    expect(state).to_have_text("paused, runs are ending")
    expect(pause).to_have_text(re.compile("Resume"))
    pause.click()
    expect(state).to_have_text("running")
    dashboard.get_by_label("More ways to stop").click()
    dashboard.get_by_role("menuitem", name="Stop after current runs").click()
    expect(state).to_have_text("running, stops after these runs")
    say(notebook, "go_on.set()")
    expect(runs(notebook, "finished")).to_have_count(2, timeout=15_000)
    expect(dashboard.get_by_test_id("nbs-stop")).to_be_hidden(timeout=15_000)
    expect(dashboard.locator("tr.nbs-row")).to_have_count(2)
    assert notebook.page_errors == []


def test_one_run_is_stopped_the_sweep_is_stopped_and_any_number_of_runs_is_added(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    row = runs(notebook, "running").first
    name = row.locator(".nbs-run-name").inner_text()
    row.get_by_label(f"Stop {name}").click()
    expect(dashboard.locator("[data-run-state=killed]")).to_have_count(1)
    expect(runs(notebook, "running")).to_have_count(2)  # the next one has begun
    row = runs(notebook, "running").first
    name = row.locator(".nbs-run-name").inner_text()
    row.get_by_label(f"More about {name}").click()
    dashboard.get_by_role("menuitem", name="Stop this run").click()
    expect(dashboard.locator("[data-run-state=killed]")).to_have_count(2)
    dashboard.get_by_test_id("nbs-stop").press("Enter")
    expect(runs(notebook, "running")).to_have_count(0)
    expect(dashboard.get_by_test_id("nbs-stop")).to_be_hidden()
    expect(dashboard.get_by_test_id("nbs-add-runs")).to_be_focused()
    expect(dashboard.get_by_test_id("nbs-state")).to_have_text("stopped")
    expect(dashboard.get_by_test_id("nbs-pause")).to_have_text(re.compile("Resume"))

    say(notebook, "go_on.set()")
    had = dashboard.locator("tr.nbs-row").count()
    dashboard.get_by_label("Another number of runs").click()
    field = dashboard.get_by_label("Number of runs to add")
    field.fill("3")
    page.keyboard.press("Enter")
    expect(dashboard.locator("tr.nbs-row")).to_have_count(had + 3, timeout=15_000)
    expect(dashboard.get_by_test_id("nbs-add-runs")).to_have_text("+3 runs")
    assert notebook.page_errors == []


def test_an_output_that_is_updated_shows_at_once_what_it_had_and_asks_only_for_the_rest(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    points = dashboard.get_by_test_id("nbs-curves")
    page.wait_for_function("+document.querySelector('[data-testid=nbs-curves]').dataset.points > 20")
    dashboard.get_by_role("button", name="log y").click()
    say(notebook, WATCHED)
    dashboard.evaluate("(node) => { node.dataset.old = 'yes' }")
    page.evaluate(PUT_UP_ANEW)
    expect(dashboard).not_to_have_attribute("data-old", "yes", timeout=20_000)
    say(notebook, "go_on.set()")
    expect(runs(notebook, "finished")).to_have_count(6)
    expect(dashboard.get_by_role("button", name="log y")).to_have_attribute("aria-pressed", "true")
    expect(points).to_have_attribute("data-series", re.compile("^[2-6]$"))
    cell = notebook.run("heard")
    notebook.wait_idle()
    asked = ast.literal_eval(str(notebook.outputs(cell)[-1]["data"]["text/plain"]))
    assert asked and all(known >= 2 for known in asked), "each hello said what the page had"
    assert notebook.page_errors == []


def test_the_static_twin_is_there_and_not_seen_while_the_dashboard_lives(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    dashboard.evaluate("(node) => { node.dataset.old = 'yes' }")
    say(notebook, "go_on.set()")
    expect(runs(notebook, "finished")).to_have_count(6)
    twin = page.locator(".nbsweep-twin")
    expect(twin).to_have_count(1)
    expect(twin).to_contain_text("6 finished", timeout=20_000)
    expect(twin).to_be_hidden()
    expect(dashboard).to_have_attribute("data-old", "yes")  # the end of training does not put it up anew


PUT_UP_ANEW = """for (const { outputArea } of window.jupyterapp.shell.currentWidget.content.widgets) {
    for (let place = 0; place < (outputArea?.model.length ?? 0); place++) {
        const output = outputArea.model.get(place);
        if ("application/vnd.jupyter.widget-view+json" in output.data) outputArea.model.set(place, output.toJSON());
    }
}"""

WATCHED = """from nbsweep.notebook import stream as module
heard, hello = [], module.SweepStream._hello
def watched(self, session, content):
    heard.append(len(content['cursors']))
    hello(self, session, content)
module.SweepStream._hello = watched"""


def test_the_theme_changes_while_runs_train_and_nothing_stops(notebook: Notebook) -> None:
    dashboard, curves = notebook.dashboard(), notebook.dashboard().get_by_test_id("nbs-curves")
    background = "(node) => getComputedStyle(node).backgroundColor"
    light = dashboard.evaluate(background)
    notebook.theme("dark")
    expect(dashboard).to_have_attribute("data-theme", "dark")
    assert dashboard.evaluate(background) != light
    points = int(curves.get_attribute("data-points") or 0)
    notebook.page.wait_for_function(
        "(points) => +document.querySelector('[data-testid=nbs-curves]').dataset.points > points", arg=points
    )
    notebook.theme("light")
    expect(dashboard).to_have_attribute("data-theme", "light")
    assert dashboard.evaluate(background) == light
    assert notebook.page_errors == []


def test_a_config_is_copied_as_a_dict_that_python_reads(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = runs(notebook, "running").first
    name = row.locator(".nbs-run-name").inner_text()
    row.get_by_label(f"More about {name}").click()
    dashboard.get_by_role("menuitem", name="Copy config as Python").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('config = {')")
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    comment, _, code = copied.partition("\n")
    assert comment.startswith(f"# {name}, loss ")
    config = ast.literal_eval(code.removeprefix("config = "))
    assert set(config) == {"lr", "optimizer"} and config["optimizer"] in ("adam", "sg'd")
    assert notebook.page_errors == []


def test_everything_can_be_reached_by_key_and_has_a_name(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    say(notebook, "go_on.set()")
    expect(runs(notebook, "finished")).to_have_count(6, timeout=15_000)
    nameless = dashboard.evaluate(
        """(root) => [...root.querySelectorAll('button, select, input, [tabindex], [role=group], [role=region]')]
            .filter((node) => node.checkVisibility())
            .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() || node.closest('label')))
            .map((node) => node.outerHTML.slice(0, 200))"""
    )
    assert nameless == []

    # From the first control on, Tab comes by every visible control.
    dashboard.get_by_test_id("nbs-add-runs").focus()
    reached = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        reached.add(str(page.evaluate(FOCUSED)))
    for control in ("button: +", "track", "Metric to draw|x-axis", "button: log y", "Smoothing", "button: columns",
                    "Filter runs", "More about", "button: optimizer"):  # fmt: skip
        assert any(re.search(control, each) for each in reached), f"{control}: {sorted(reached)}"

    opener = dashboard.locator(".nbs-opener").first
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(dashboard.locator(".nbs-detail-row:visible")).to_contain_text("begins with")
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "false")

    axes = dashboard.get_by_role("button", name="axes")
    axes.focus()
    page.keyboard.press("Enter")
    expect(dashboard.locator("[aria-label=Axes]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dashboard.locator("[aria-label=Axes]")).to_be_hidden()
    expect(axes).to_be_focused()

    cells = page.locator(".jp-CodeCell").count()
    dashboard.get_by_label("Filter runs by words").fill("")
    page.keyboard.type("adam dd")  # dd deletes a cell where JupyterLab listens
    expect(page.locator(".jp-CodeCell")).to_have_count(cells)
    assert notebook.page_errors == []


FOCUSED = """() => {
    const node = document.activeElement;
    const label = node.getAttribute('aria-label') || node.textContent.slice(0, 40);
    return `${node.localName}: ${label} ${node.className}`;
}"""

SAYS = """from nbsweep.notebook import stream as module
sweep_view, run_view = module.sweep_view, module.run_view
module.sweep_view = lambda *a: {**sweep_view(*a), 'notice': 'The disk is <b>full</b>: points wait in memory.',
                                'version': 2}
module.run_view = lambda run, *a: {**run_view(run, *a), 'code': 'c0ffee12345', 'code_changed': run.index == 2}
nbsweep.Sweep('controls').dashboard()"""


def test_trouble_a_second_version_and_changed_code_are_said_in_their_places(notebook: Notebook) -> None:
    for quiet in ("nbs-trouble", "nbs-version", "nbs-banner"):
        expect(notebook.dashboard().get_by_test_id(quiet)).to_be_hidden()
    say(notebook, "go_on.set()")
    expect(runs(notebook, "finished")).to_have_count(6, timeout=15_000)
    say(notebook, SAYS)
    dashboard = notebook.dashboard(-1)
    dashboard.scroll_into_view_if_needed()
    expect(dashboard.get_by_test_id("nbs-trouble")).to_have_text("The disk is <b>full</b>: points wait in memory.")
    expect(dashboard.get_by_test_id("nbs-version")).to_have_text("version 2")
    expect(dashboard.locator(".nbs-code-changed:visible")).to_have_count(1)
    dashboard.get_by_role("button", name="columns").click()
    dashboard.locator("[aria-label=Columns]").get_by_text("code", exact=True).click()
    expect(dashboard.locator("tr.nbs-row").first).to_contain_text("c0ffee1")
    assert notebook.page_errors == []


def test_a_page_and_a_kernel_of_different_protocols_say_so_and_what_to_do(notebook: Notebook) -> None:
    say(notebook, "go_on.set()")
    # A kernel whose nbsweep is another one: it refuses, in words.
    say(
        notebook,
        "from nbsweep.notebook import stream as module\nmodule.PROTOCOL = 99\nnbsweep.Sweep('controls').dashboard()",
    )
    refused = notebook.dashboard(-1).get_by_test_id("nbs-banner")
    expect(refused).to_contain_text("protocol 99")
    expect(refused).to_contain_text("reload the page")
    expect(notebook.dashboard(-1).locator("tr.nbs-row")).to_have_count(0)
    # One that is too old to refuse: the page does not read what it cannot understand.
    say(notebook, "module.OTHER_PAGE = 'old'\nmodule.SweepStream._hello = lambda self, session, content: "
        "self.snapshot(session, {})\nnbsweep.Sweep('controls').dashboard()")  # fmt: skip
    unread = notebook.dashboard(-1).get_by_test_id("nbs-banner")
    expect(unread).to_contain_text("speaks protocol 99")
    expect(unread).to_contain_text("Restart the kernel")
    expect(notebook.dashboard(-1).locator("tr.nbs-row")).to_have_count(0)
    assert notebook.page_errors == []


def test_no_runs_yet_is_a_dashboard_too(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([DEFINE, "%sweep dashboard controls"])
    notebook.run_all()
    notebook.wait_idle()
    dashboard = notebook.dashboard()
    expect(dashboard.get_by_test_id("nbs-name")).to_have_text("controls")
    expect(dashboard.get_by_test_id("nbs-parallel")).to_contain_text("A line for each run")
    expect(dashboard.get_by_test_id("nbs-parallel")).to_contain_text("%%sweep_train")
    for needs_runs in ("nbs-table", "nbs-slices", "nbs-importance", "nbs-add-runs"):
        expect(dashboard.get_by_test_id(needs_runs)).to_be_hidden()
    assert notebook.errors == [] and notebook.page_errors == []
