"""Every panel of the dashboard in JupyterLab, and every link between them, by hand and eye of a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.conftest import OpenNotebook
from tests.ui.notebook import Notebook

RUNS = 24
SPACE = """{'lr': {'distribution': 'log_uniform_values', 'min': 1e-4, 'max': 1e-1},
    'optimizer': {'values': ['adam', 'sgd']}, 'layers': {'min': 1, 'max': 4}, 'epochs': {'value': 6}}"""
DEFINE = f"""%load_ext nbsweep
config = {{'method': 'random', 'metric': {{'name': 'loss', 'goal': 'minimize'}}, 'parameters': {SPACE}}}
%sweep define config --name panels --seed 1"""
TRAIN = f"""%%sweep_train --count {RUNS} --workers 2 --wait
import math
print("training with", config.lr)
if run.number == 6:
    raise RuntimeError("no memory left")
for step in range(60):
    floor = abs(math.log10(config.lr) + 2.5) + (0.5 if config.optimizer == 'sgd' else 0)
    log({{"batch loss": floor + 2 * 0.9 ** step}})
    if step % 10 == 9:
        log({{"loss": floor + 2 * 0.9 ** step, "accuracy": 1 / (1 + floor), "epoch": step // 10}})"""


@pytest.fixture
def notebook(open_notebook: OpenNotebook) -> Notebook:
    """A finished sweep of 24 runs, one of which failed, with its dashboard in view."""
    notebook = open_notebook([DEFINE, TRAIN])
    notebook.run_all()
    notebook.wait_idle()
    assert notebook.errors == []
    expect(notebook.dashboard().locator("[data-run-state=finished]")).to_have_count(RUNS - 1)
    return notebook


def part(notebook: Notebook, name: str) -> Locator:
    panel = notebook.dashboard().get_by_test_id(f"nbs-{name}")
    panel.scroll_into_view_if_needed()
    return panel


def drag_along(notebook: Notebook, axis: str, low: float, high: float) -> None:
    """Brush an axis of the parallel coordinates between two shares of its height, from its foot."""
    track = part(notebook, "parallel").locator(f"[data-axis={axis}] .nbs-track")
    box = track.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    mouse = notebook.page.mouse
    mouse.move(x, box["y"] + (1 - low) * box["height"])
    mouse.down()
    mouse.move(x, box["y"] + (1 - (low + high) / 2) * box["height"])
    mouse.move(x, box["y"] + (1 - high) * box["height"])
    mouse.up()
    mouse.move(0, 0)


def inside(panel: Locator) -> int:
    return int(panel.get_attribute("data-inside") or -1)


def python(notebook: Notebook, source: str) -> str:
    """What a new last cell with this expression shows."""
    cell = notebook.run(source)
    notebook.wait_idle()
    assert notebook.errors == []
    return str(notebook.outputs(cell)[-1]["data"]["text/plain"])


def test_a_brush_is_a_selection_in_every_panel_in_python_and_a_sweep_of_its_own(notebook: Notebook) -> None:
    dashboard, parallel = notebook.dashboard(), part(notebook, "parallel")
    expect(parallel).to_have_attribute("data-axes", "lr|optimizer|layers|loss")
    assert inside(parallel) == RUNS
    drag_along(notebook, "lr", 0.3, 0.8)
    expect(parallel).not_to_have_attribute("data-inside", str(RUNS))
    brushed = inside(parallel)
    assert 2 < brushed < RUNS - 2
    expect(dashboard).to_have_attribute("data-selected", str(brushed))
    expect(part(notebook, "slices").locator(f"[data-parameter=lr][data-inside='{brushed}']")).to_be_visible()
    expect(dashboard.locator("tr.nbs-faded")).to_have_count(RUNS - brushed)
    # The run that failed has no curve.
    expect(part(notebook, "curves")).to_have_attribute("data-inside", re.compile(f"^({brushed}|{brushed - 1})$"))

    # A second axis cuts it further, several levels of one add up.
    level = parallel.locator("[data-axis=optimizer] [data-level=adam]")
    level.click()
    expect(level).to_have_attribute("aria-pressed", "true")
    expect(parallel).not_to_have_attribute("data-inside", str(brushed))
    both = inside(parallel)
    assert both < brushed
    parallel.locator("[data-axis=optimizer] [data-level=sgd]").click()
    expect(parallel).to_have_attribute("data-inside", str(brushed))
    parallel.locator("[data-axis=optimizer] [data-level=sgd]").click()
    expect(parallel).to_have_attribute("data-inside", str(both))
    expect(parallel.locator("[data-chip]")).to_have_count(2)

    rows = "import nbsweep; rows = nbsweep.Sweep('panels').selected; [len(rows), set(rows['optimizer'])]"
    for _ in range(20):  # until the page has told the kernel
        found = python(notebook, rows)
        if found == f"[{both}, {{'adam'}}]":
            break
        notebook.page.wait_for_timeout(250)
    assert found == f"[{both}, {{'adam'}}]"

    cells = len(notebook.page.locator(".jp-CodeCell").all())
    part(notebook, "narrow").click()
    expect(notebook.page.locator(".jp-CodeCell")).to_have_count(cells + 1)
    code = str(
        notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source")
    )
    assert code.startswith("%%sweep define panels-narrow\n") and "'optimizer': {'value': 'adam'}" in code
    low, high = (float(found) for found in re.findall(r"'lr': .*'min': ([\d.e-]+), 'max': ([\d.e-]+)", code)[0])
    assert 1e-4 < low < high < 1e-1
    notebook.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    notebook.wait_idle()
    assert notebook.errors == []

    for chip in (1, 0):
        part(notebook, "parallel").locator("[data-chip]").nth(chip).click()
    expect(parallel).to_have_attribute("data-inside", str(RUNS))
    expect(dashboard.locator("tr.nbs-faded")).to_have_count(0)
    expect(dashboard.get_by_test_id("nbs-narrow")).to_be_hidden()
    assert notebook.page_errors == []


def test_brushes_are_made_moved_resized_and_clicked_away_by_pointer_and_by_key(notebook: Notebook) -> None:
    parallel = part(notebook, "parallel")
    ranges = parallel.locator("[data-axis=lr] .nbs-range")
    drag_along(notebook, "lr", 0.1, 0.3)
    drag_along(notebook, "lr", 0.6, 0.8)
    expect(ranges).to_have_count(2)
    drag_along(notebook, "lr", 0.7, 0.75)  # takes hold of the upper one and moves it
    expect(ranges).to_have_count(2)
    drag_along(notebook, "lr", 0.2, 0.2)  # a click on the lower one
    expect(ranges).to_have_count(1)
    drag_along(notebook, "lr", 0.65, 0.4)  # its lower end
    box = ranges.bounding_box()
    track = parallel.locator("[data-axis=lr] .nbs-track")
    whole = track.bounding_box()
    assert box is not None and whole is not None and 0.35 < box["height"] / whole["height"] < 0.55
    track.dblclick(position={"x": 10, "y": 8})
    expect(ranges).to_have_count(0)

    track.focus()
    notebook.page.keyboard.press("ArrowUp")
    expect(ranges).to_have_count(1)
    before = inside(parallel)
    for _ in range(6):
        notebook.page.keyboard.press("Shift+ArrowUp")
    expect(parallel).not_to_have_attribute("data-inside", str(before))
    notebook.page.keyboard.press("Delete")
    expect(ranges).to_have_count(0)
    # The run that failed before it logged has no loss: it passes through the lane below the axis.
    lane = parallel.locator("[data-axis=loss] .nbs-lane")
    lane.click()
    expect(parallel).to_have_attribute("data-inside", "1")
    assert notebook.page_errors == []


def test_axes_are_moved_inverted_hidden_and_brought_back(notebook: Notebook) -> None:
    parallel = part(notebook, "parallel")
    name = parallel.locator("[data-axis=layers] .nbs-axis-name")
    name.click()
    expect(parallel.locator("[data-axis=layers]")).to_have_attribute("data-inverted", "true")
    box, first = name.bounding_box(), parallel.locator("[data-axis=lr] .nbs-axis-name").bounding_box()
    assert box is not None and first is not None
    notebook.page.mouse.move(box["x"] + 10, box["y"] + 8)
    notebook.page.mouse.down()
    notebook.page.mouse.move(first["x"] + 200, box["y"] + 8, steps=4)
    notebook.page.mouse.move(max(2, first["x"] - 60), box["y"] + 8)
    notebook.page.mouse.up()
    expect(parallel).to_have_attribute("data-axes", "layers|lr|optimizer|loss")
    name.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(parallel).to_have_attribute("data-axes", "lr|layers|optimizer|loss")
    notebook.page.keyboard.press("Delete")
    expect(parallel).to_have_attribute("data-axes", "lr|optimizer|loss")
    parallel.get_by_role("button", name="axes").click()
    menu = parallel.locator("[aria-label=Axes]")
    for label in ("layers", "accuracy", "duration", "epochs"):
        menu.get_by_text(label, exact=True).click()
    expect(parallel).to_have_attribute("data-axes", "lr|optimizer|loss|layers|accuracy|duration|epochs")
    assert notebook.page_errors == []


def test_a_run_lights_up_everywhere_from_wherever_it_is_pointed_at(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    parallel = part(notebook, "parallel")
    row = dashboard.locator("tr[data-run-state=finished]").first
    row.scroll_into_view_if_needed()
    row.hover()
    expect(parallel.locator(".nbs-parallel-plot.nbs-lit")).to_have_count(1)
    expect(dashboard.locator(".nbs-overlay")).to_be_visible()
    page.mouse.move(0, 0)
    expect(dashboard.locator(".nbs-lit")).to_have_count(0)

    curves = part(notebook, "curves")
    over = curves.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.72)
    for share in (0.72, 0.8, 0.88, 0.6):
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * share)
        if curves.locator(".nbs-tip").is_visible():
            break
    expect(dashboard.locator("tr.nbs-hovered")).to_have_count(1)
    expect(curves.locator(".nbs-tip")).to_contain_text("step")

    slices = part(notebook, "slices")
    canvas = slices.locator("[data-parameter=lr] .nbs-slice-box")
    area = canvas.bounding_box()
    assert area is not None
    found = False
    for x in range(8, int(area["width"]) - 8, 6):
        page.mouse.move(area["x"] + x, area["y"] + area["height"] * 0.6)
        found = found or canvas.locator(".nbs-tip").is_visible()
    assert found, "no dot of the slice answers to the pointer"

    # A click keeps a run lit, another lets it go.
    for lit in (1, 0):
        part(notebook, "curves")
        over.click(position={"x": box["width"] * 0.5, "y": box["height"] * share})
        page.mouse.move(0, 0)
        expect(dashboard.locator("tr.nbs-hovered")).to_have_count(lit)
    assert notebook.page_errors == []


def test_a_drag_in_a_slice_brushes_and_picks_no_run_where_it_ends(notebook: Notebook) -> None:
    dashboard, mouse = notebook.dashboard(), notebook.page.mouse
    box = part(notebook, "slices").locator("[data-parameter=lr] .nbs-slice-box")
    lit, chips = dashboard.locator("tr.nbs-hovered"), dashboard.locator("[data-chip]")

    def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse.move(*start)
        mouse.down()
        mouse.move(*end, steps=4)
        mouse.up()
        mouse.move(0, 0)

    box.scroll_into_view_if_needed()
    area = box.bounding_box()
    assert area is not None
    left, top = area["x"] + 2, area["y"] + 2
    drag((left, top), (left + area["width"] - 4, top + area["height"] - 4))
    expect(chips).to_have_count(2)  # of all there is, so that nothing moves any more and all dots answer
    area = box.bounding_box()
    assert area is not None
    left, y = area["x"] + 2, area["y"] + area["height"] * 0.6
    near: list[float] = []  # places at which a dot answers, up to where the first lies behind
    for x in range(20, int(area["width"]) - 4, 3):
        mouse.move(area["x"] + x, y)
        if box.locator(".nbs-tip").is_visible():
            near.append(area["x"] + x)
        elif near:
            break
    assert near, "no dot of the slice answers to the pointer"
    drag((left, y), (near[-1], y))
    expect(dashboard).not_to_have_attribute("data-selected", str(RUNS))
    notebook.page.wait_for_timeout(500)  # a run that was picked would be lit by now
    expect(lit).to_have_count(0)
    mouse.click(near[-1], y)
    mouse.move(0, 0)
    expect(lit).to_have_count(1)
    assert notebook.page_errors == []


def test_curves_by_any_x_zoomed_smoothed_and_the_best_so_far(notebook: Notebook) -> None:
    curves = part(notebook, "curves")
    expect(curves).to_have_attribute("data-key", "batch loss")
    expect(curves).to_have_attribute("data-series", str(RUNS - 1))
    by = curves.get_by_label("x-axis")
    for way, key in (("time", "batch loss"), ("key:epoch", "batch loss"), ("runs", "loss"), ("step", "batch loss")):
        by.select_option(way)
        expect(curves).to_have_attribute("data-x", way)
        expect(curves).to_have_attribute("data-key", key)
        expect(curves).to_have_attribute("data-series", str(RUNS - 1))
    curves.get_by_label("Metric to draw").select_option("accuracy")
    expect(curves).to_have_attribute("data-key", "accuracy")
    expect(curves).to_have_attribute("data-series", str(RUNS - 1))
    curves.get_by_label("Metric to draw").select_option("batch loss")
    curves.get_by_role("button", name="log y").click()
    curves.get_by_label("Smoothing").fill("0.5")

    over = curves.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    page = notebook.page
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 62)
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 64)
    page.mouse.up()
    expect(curves).to_have_attribute("data-zoomed", re.compile(r"^1\d(\.\d+)? (2|3)\d"))
    over.dblclick()
    expect(curves).to_have_attribute("data-zoomed", "")
    assert notebook.page_errors == []


def test_what_matters_is_told_sorted_opened_and_of_any_metric(notebook: Notebook) -> None:
    matters = part(notebook, "importance")
    expect(matters).to_have_attribute("data-runs-used", str(RUNS - 1), timeout=15_000)
    names = matters.locator("[data-parameter]")
    expect(names).to_have_count(3)
    expect(matters.locator("[data-parameter=lr]")).to_have_attribute("data-important", "true")
    expect(matters.locator("[data-parameter=layers]")).to_have_attribute("data-important", "false")
    expect(matters).to_contain_text("left out: 1 failed")
    matters.get_by_role("button", name="optimizer").click()
    expect(matters.locator("[data-level]")).to_have_count(2)
    matters.get_by_role("button", name="parameter").click()
    for place, name in enumerate(("layers", "lr", "optimizer")):
        expect(names.nth(place)).to_have_attribute("data-parameter", name)
    matters.get_by_label("Metric whose importance is shown").select_option("accuracy")
    expect(matters).to_have_attribute("data-runs-used", str(RUNS - 1), timeout=15_000)
    expect(part(notebook, "slices")).to_contain_text("accuracy against each parameter")
    assert notebook.page_errors == []


def test_the_table_is_filtered_has_the_columns_that_are_wanted_and_a_menu_for_each_run(notebook: Notebook) -> None:
    dashboard, page = notebook.dashboard(), notebook.page
    table = part(notebook, "table")
    table.scroll_into_view_if_needed()
    words = dashboard.get_by_label("Filter runs by words")
    words.fill("failed memory")
    expect(dashboard.locator("tr.nbs-row")).to_have_count(1)
    expect(dashboard).to_have_attribute("data-selected", "1")
    words.fill("")
    expect(dashboard.locator("tr.nbs-row")).to_have_count(RUNS)
    dashboard.get_by_role("button", name="columns").click()
    menu = dashboard.locator("[aria-label=Columns]")
    menu.get_by_text("accuracy", exact=True).click()
    menu.get_by_text("layers", exact=True).click()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    heads = ["run", "state", "loss", "lr", "optimizer", "time", "accuracy"]
    expect(table.locator("th button")).to_have_text(heads)
    table.get_by_role("button", name="accuracy").click()
    expect(table.locator("th", has_text="accuracy")).to_have_attribute("aria-sort", "ascending")

    row = dashboard.locator("tr.nbs-row").first
    name = row.locator(".nbs-run-name").inner_text()
    row.get_by_label(f"More about {name}").click()
    actions = dashboard.get_by_test_id("nbs-row-menu")
    actions.get_by_role("menuitem", name="Show output and config").click()
    expect(dashboard.locator(".nbs-detail-row:visible")).to_contain_text("training with")
    row.get_by_label(f"More about {name}").click()
    actions.get_by_role("menuitem", name="Insert config as a cell").click()
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source.includes('config = {')"
    )
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    notebook.wait_idle()
    assert python(notebook, "sorted(config)") == "['epochs', 'layers', 'lr', 'optimizer']"

    row.scroll_into_view_if_needed()
    row.get_by_label(f"Run the config of {name} again").click()
    expect(dashboard.locator("tr.nbs-row")).to_have_count(RUNS + 1, timeout=15_000)
    expect(dashboard.locator("[data-run-state=finished]")).to_have_count(RUNS, timeout=15_000)
    dashboard.get_by_test_id("nbs-add-runs").click()
    expect(dashboard.locator("[data-run-state=finished]")).to_have_count(RUNS + 5, timeout=20_000)
    assert notebook.errors == [] and notebook.page_errors == []


def test_two_dashboards_of_one_sweep_and_both_after_reload_and_restart(notebook: Notebook) -> None:
    notebook.run("%sweep dashboard panels")
    notebook.wait_idle()
    expect(notebook.page.get_by_test_id("nbs-dashboard")).to_have_count(2)
    first, second = notebook.dashboard(0), notebook.dashboard(1)
    expect(second.locator("[data-run-state=finished]")).to_have_count(RUNS - 1)
    points = first.get_by_test_id("nbs-curves").get_attribute("data-points")
    expect(second.get_by_test_id("nbs-curves")).to_have_attribute("data-points", points or "")
    drag_along(notebook, "lr", 0.3, 0.8)
    expect(first).not_to_have_attribute("data-selected", "")
    expect(second).to_have_attribute("data-selected", "")
    second.get_by_test_id("nbs-add-runs").click()
    for dashboard in (first, second):
        expect(dashboard.locator("[data-run-state=finished]")).to_have_count(RUNS + 4, timeout=20_000)

    notebook.save()
    notebook.reload()
    for position in (0, 1):
        dashboard = notebook.dashboard(position)
        dashboard.scroll_into_view_if_needed()
        expect(dashboard.locator("[data-run-state=finished]")).to_have_count(RUNS + 4, timeout=20_000)

    notebook.restart()
    notebook.run("%load_ext nbsweep\n%sweep dashboard panels")
    notebook.wait_idle()
    reopened = notebook.dashboard(-1)
    reopened.scroll_into_view_if_needed()
    expect(reopened.locator("[data-run-state=finished]")).to_have_count(RUNS + 4, timeout=20_000)
    expect(reopened.get_by_test_id("nbs-importance")).to_have_attribute("data-runs-used", str(RUNS + 4), timeout=15_000)
    assert notebook.errors == [] and notebook.page_errors == []


HOSTILE = (
    "<img src=x onerror=\\\"document.title='owned'\\\"><script>document.title='owned'</script>'\\\"`${1}/.. \U0001f389 "
)
HOSTILE_SWEEP = f"""%load_ext nbsweep
import nbsweep
name = "{HOSTILE}" + "long " * 50
config = {{'method': 'random', 'metric': {{'name': name}}, 'parameters': {{
    name + 'p': {{'values': [name, name + 'b', 3, None]}}, 'a.b/c': {{'min': 0.0, 'max': 1.0}}}}}}
sweep_id = nbsweep.sweep(config, name=name, seed=1)
def train(config, run):
    print(name)
    nbsweep.log({{name: config['a.b/c'], name + '2': 1.0}})
    if run.number == 4:
        raise RuntimeError(name)
nbsweep.agent(sweep_id, train, count=12)"""


def test_names_and_values_are_text_wherever_they_come_from(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([HOSTILE_SWEEP])
    title = notebook.page.title()
    notebook.page.on("dialog", lambda dialog: notebook.page_errors.append(f"a dialog: {dialog.message}"))
    notebook.run_all()
    notebook.wait_idle()
    dashboard = notebook.dashboard()
    expect(dashboard.locator("tr.nbs-row")).to_have_count(12)
    dashboard.locator("tr[data-run-state=failed]").click()
    expect(dashboard.locator(".nbs-detail-row:visible")).to_contain_text("document.title='owned'")
    parallel = part(notebook, "parallel")
    parallel.locator(".nbs-tick[data-level]").first.click()
    expect(parallel.locator("[data-chip]")).to_have_count(1)
    part(notebook, "narrow").click()
    dashboard.get_by_role("button", name="columns").click()
    expect(part(notebook, "importance")).to_have_attribute("data-runs-used", "11", timeout=15_000)
    notebook.page.wait_for_timeout(500)
    assert dashboard.locator("img, script, iframe").count() == 0
    assert "owned" not in notebook.page.title() and notebook.page.title().split(" ")[0] == title.split(" ")[0]
    assert dashboard.evaluate("(node) => node.scrollWidth <= node.clientWidth"), "nothing may stick out sideways"
    assert [error for error in notebook.errors if "RuntimeError" not in error] == []
    assert notebook.page_errors == []
