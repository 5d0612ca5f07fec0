"""What a hand at the keyboard can rely on in the dashboard, and what a sweep that changes leaves of it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.ui.conftest import OpenNotebook
from tests.ui.notebook import Notebook

DEFINE = """%load_ext nbsweep
import nbsweep
PARAMETERS = {'lr': {'min': 0.1, 'max': 1.0}, 'act': {'values': ['relu', 'tanh', 'gelu']},
    'depth': {'min': 1, 'max': 4}, 'drop': {'min': 0.0, 'max': 0.5}}
CONFIG = {'method': 'random', 'metric': {'name': 'loss', 'goal': 'minimize'}, 'parameters': PARAMETERS}
%sweep define CONFIG --name hands --seed 1"""
TRAIN = """%%sweep_train --count 20 --wait
if run.number == 4:
    log({"loss": 5000.0})
    raise ValueError("no luck")
log({"loss": config.lr + 0.1 * config.depth, "acc": 1 - config.lr / 2})"""
NARROWER = """%%sweep define hands
{'method': 'random', 'metric': {'name': 'loss', 'goal': 'minimize'},
 'parameters': {'lr': {'min': 0.1, 'max': 1.0}, 'act': {'values': ['gelu', 'tanh']}, 'depth': {'min': 1, 'max': 4}}}"""
CELLS = """(() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    return [notebook.mode, notebook.widgets.map((cell) => cell.model.type).join(' ')];
})()"""


def trained(open_notebook: OpenNotebook) -> Notebook:
    notebook = open_notebook([DEFINE, TRAIN])
    notebook.run_all()
    notebook.wait_idle()
    assert notebook.errors == []
    expect(notebook.dashboard().locator("[data-run-state=finished]")).to_have_count(19)
    notebook.page.set_viewport_size({"width": 1280, "height": 1500})  # a notification lies over the page's foot
    return notebook


def brush(notebook: Notebook, axis: str, low: float, high: float) -> None:
    track = notebook.dashboard().locator(f"[data-axis={axis}] .nbs-track")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    notebook.page.mouse.move(x, box["y"] + (1 - low) * box["height"])
    notebook.page.mouse.down()
    notebook.page.mouse.move(x, box["y"] + (1 - high) * box["height"], steps=4)
    notebook.page.mouse.up()
    notebook.page.mouse.move(0, 0)
    expect(notebook.dashboard().locator(f"[data-chip={axis}]")).to_be_visible()


def middles(boxes: Locator) -> list[tuple[float, float]]:
    """Where the columns of boxes begin and how wide they are."""
    return [(box["x"], box["width"]) for each in boxes.all() if (box := each.bounding_box()) is not None]


def test_keys_on_the_dashboards_controls_are_no_commands_of_the_notebook(open_notebook: OpenNotebook) -> None:
    notebook = trained(open_notebook)
    dashboard, page = notebook.dashboard(), notebook.page
    before = page.evaluate(CELLS)
    smoothing = dashboard.get_by_label("Smoothing")
    log_y = dashboard.get_by_role("button", name="log y")
    for control in (log_y, smoothing, dashboard.get_by_label("Metric to draw")):
        control.focus()
        for key in ("x", "b", "a", "m", "Shift+M", "d", "d", "Shift+ArrowDown"):
            page.keyboard.press(key)
        assert page.evaluate(CELLS) == before
        expect(control).to_be_focused()
    log_y.focus()
    page.keyboard.press("Enter")
    expect(log_y).to_have_attribute("aria-pressed", "true")
    smoothing.focus()
    page.keyboard.press("ArrowRight")
    expect(smoothing).not_to_have_value("0")
    # What the notebook must still hear: here a command with Ctrl.
    page.evaluate("window.heard = []; document.addEventListener('keydown', (event) => window.heard.push(event.key))")
    for key in ("x", "Escape", "Control+k", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate("window.heard") == ["Escape", "Control", "k"]

    dashboard.get_by_role("button", name="columns").click()
    boxes = dashboard.locator("[aria-label=Columns] input")
    expect(boxes.first).to_be_visible()
    for key, at in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", -1)):
        page.keyboard.press(key)
        expect(boxes.nth(at)).to_be_focused()
    page.keyboard.press("Escape")
    expect(dashboard.get_by_role("button", name="columns")).to_be_focused()
    assert page.evaluate(CELLS) == before and notebook.page_errors == []


def test_focus_goes_to_what_stands_beside_when_a_chip_or_an_axis_goes(open_notebook: OpenNotebook) -> None:
    notebook = trained(open_notebook)
    dashboard, page = notebook.dashboard(), notebook.page
    chips, axes = dashboard.locator("[data-chip]"), dashboard.get_by_role("button", name="axes")
    for axis in ("lr", "depth", "loss"):
        brush(notebook, axis, 0.2, 0.7)
    expect(chips).to_have_count(3)
    for left, focused in ((2, "depth"), (1, "loss")):
        chips.first.focus()
        page.keyboard.press("Enter")
        expect(chips).to_have_count(left)
        expect(dashboard.locator(f"[data-chip={focused}]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chips).to_have_count(0)
    expect(axes).to_be_focused()
    brush(notebook, "lr", 0.2, 0.7)
    dashboard.get_by_test_id("nbs-clear").press("Enter")
    expect(axes).to_be_focused()

    names = dashboard.locator(".nbs-axis-name")
    dashboard.locator("[data-axis=act] .nbs-axis-name").press("ArrowRight")
    expect(names.nth(2)).to_be_focused()
    expect(names.nth(2)).to_have_attribute("aria-label", "act")
    page.keyboard.press("Delete")
    expect(dashboard.locator("[data-axis=drop] .nbs-axis-name")).to_be_focused()
    dashboard.get_by_label("Hide loss").press("Enter")
    expect(dashboard.locator("[data-axis=drop] .nbs-axis-name")).to_be_focused()
    for remaining in ("lr|depth", "lr", ""):
        page.keyboard.press("Delete")
        expect(dashboard.get_by_test_id("nbs-parallel")).to_have_attribute("data-axes", remaining)
    expect(axes).to_be_focused()
    assert notebook.page_errors == []


def test_the_axes_do_not_move_under_the_hand_that_brushes_them_however_many_chips_there_are(
    open_notebook: OpenNotebook,
) -> None:
    notebook = trained(open_notebook)
    notebook.page.set_viewport_size({"width": 760, "height": 1500})
    dashboard = notebook.dashboard()
    above = "(dashboard) => dashboard.querySelector('.nbs-track').getBoundingClientRect().top"
    above += " - dashboard.getBoundingClientRect().top"
    expect(dashboard.locator("[data-axis=depth] .nbs-track")).to_be_visible()
    before = dashboard.evaluate(above)
    for axis in ("lr", "depth", "loss"):
        brush(notebook, axis, 0.2, 0.7)
        assert dashboard.evaluate(above) == before, axis


def test_a_space_that_got_smaller_is_drawn_and_searched_as_it_is_now(open_notebook: OpenNotebook) -> None:
    notebook = trained(open_notebook)
    dashboard, page = notebook.dashboard(), notebook.page
    slices = dashboard.get_by_test_id("nbs-slices")
    expect(dashboard.locator(".nbs-imp-table tr[data-parameter=drop]")).to_have_count(1, timeout=30_000)
    # The failed run's 5000 is not drawn, so no axis of the slices reaches to it.
    expect(slices.locator(".nbs-slice-top").first).not_to_have_text(re.compile("5000"))
    dashboard.locator("[data-axis=act] [data-level=relu]").click()
    dashboard.locator("[data-axis=act] [data-level=gelu]").click()
    expect(slices.locator("[data-parameter=act] .nbs-slice-brush")).to_have_count(2)
    brush(notebook, "lr", 0.1, 0.3)
    brush(notebook, "lr", 0.6, 0.9)
    expect(slices.locator("[data-parameter=lr] .nbs-slice-brush")).to_have_count(2)
    brush(notebook, "drop", 0.1, 0.8)

    notebook.run(NARROWER)
    notebook.wait_idle()
    expect(slices.locator("[data-parameter]")).to_have_count(3)
    expect(dashboard.locator(".nbs-imp-table tr[data-parameter=drop]")).to_have_count(0, timeout=30_000)
    boxes = middles(slices.locator(".nbs-slice-box"))
    drawn = middles(slices.locator(".nbs-slice-canvas"))
    assert len(boxes) == 3 and all(abs(box[1] - canvas[1]) < 3 for box, canvas in zip(boxes, drawn, strict=True)), (
        "a plot is drawn as wide as its box"
    )

    dashboard.get_by_test_id("nbs-narrow").click()
    source = "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source"
    page.wait_for_function(f"{source}.includes('hands-narrow')")
    code = str(page.evaluate(source))
    assert re.search(r"^# left out, for the sweep no longer has it: drop from \S+ to \S+; act 'relu'$", code, re.M)
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    notebook.wait_idle()
    assert notebook.errors == [] and notebook.page_errors == []


def test_in_a_narrow_cell_nothing_shows_through_the_buttons_of_a_faded_row(open_notebook: OpenNotebook) -> None:
    notebook = trained(open_notebook)
    notebook.page.set_viewport_size({"width": 640, "height": 900})
    dashboard = notebook.dashboard()
    brush(notebook, "lr", 0.1, 0.4)
    faded = dashboard.locator("tr.nbs-faded").first
    faded.scroll_into_view_if_needed()
    for cell in ("td:first-child", "td.nbs-row-actions"):
        node = faded.locator(cell)
        assert node.evaluate("(node) => getComputedStyle(node).opacity") == "1"
        inner = node.locator("> *").first.evaluate("(node) => getComputedStyle(node).opacity")
        assert float(inner) < 0.5
    expect(dashboard.locator(".nbs-corr-words").first).to_be_attached(timeout=30_000)
    over = dashboard.evaluate(
        """(root) => [...root.querySelectorAll('.nbs-corr-cell')].filter((cell) => {
            const [bar, words] = ['.nbs-corr-bar', '.nbs-corr-words'].map((each) => cell.querySelector(each));
            return bar && bar.getBoundingClientRect().right > words.getBoundingClientRect().left;
        }).length"""
    )
    assert over == 0, "a correlation's number stands beside its bar"
