"""The editor of JupyterLab in sweep cells: completion, underlines, hover, highlighting, by hand at a real keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from nbsweep import sweep_config
from nbsweep.errors import ConfigError
from tests.ui.conftest import ARTIFACTS, OpenNotebook
from tests.ui.notebook import Notebook

BUSY = """import threading, nbsweep
digits = nbsweep.sweep({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}, name="digits")
nbsweep.agent(digits, lambda: nbsweep.log({"loss": 1.0}), count=1)
threading.Event().wait()"""
YAML = """%%sweep define
method: random
metric: {name: loss, goal: minimize}
parameters:
  learning_rate:
    distribution: log_uniform_values
    min: 5.0
    max: 0.1
"""
TRAIN = """%%sweep_train --count 3
for step in range(10):
    log({"loss": 1 / (step + 1)})"""


def test_define_cells_are_completed_checked_and_explained_while_a_cell_runs(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["%load_ext nbsweep", BUSY])
    page = notebook.page
    notebook.run_all()
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'busy'", timeout=60_000
    )

    # A dict: keys by Tab, inside quotes, then the distribution's value and the keys that it needs.
    cell = _type_into_new_cell(notebook, '%%sweep define\n{"parameters": {"lr": {"distr')
    _choose(notebook, "distribution")
    assert _source(notebook).endswith('{"distribution": '), _source(notebook)
    page.keyboard.type('"log_uniform_v')
    _choose(notebook, "log_uniform_values")
    assert _source(notebook).endswith('"distribution": "log_uniform_values"'), _source(notebook)
    page.keyboard.type(', "')
    assert {"min", "max"} <= set(_offers(notebook)[:2])
    page.keyboard.press("Escape")

    # The kernel's words under what is wrong, though it is busy.
    page.keyboard.type('min": 5, "max": 0.1}}, "methd": "random"}')
    with pytest.raises(ConfigError) as said:
        sweep_config.load(
            {
                "parameters": {"lr": {"distribution": "log_uniform_values", "min": 5, "max": 0.1}},
                "methd": "random",
            }
        )
    underlined = cell.locator(".cm-lintRange-error")
    expect(underlined.filter(has_text=re.compile(r"^5$"))).to_be_visible(timeout=30_000)
    expect(underlined.filter(has_text="methd").first).to_be_visible()
    assert notebook.busy
    told = _hover(notebook, underlined.filter(has_text=re.compile(r"^5$")), ".cm-tooltip-lint, .cm-diagnosticText")
    assert "parameters.lr.min: 5 is not below max 0.1; swap them" in told
    assert "parameters.lr.min: 5 is not below max 0.1; swap them" in str(said.value)
    notebook.screenshot(ARTIFACTS / "editor-underlined.png")
    told = _hover(notebook, underlined.filter(has_text="methd").first, ".cm-tooltip-lint, .cm-diagnosticText")
    assert "methd is not a key of a sweep config; did you mean method?" in told

    # A distribution is explained where the pointer rests on it.
    told = _hover(notebook, cell.locator(".cm-line span", has_text="log_uniform_values").first, ".nbs-hover")
    assert "min · (max / min)^u" in told and "uniform in the logarithm" in told
    notebook.screenshot(ARTIFACTS / "editor-hover.png")
    page.mouse.move(0, 0)

    # Commands, sweeps and runs, beside the running cell.
    _type_into_new_cell(notebook, "%sweep ren")
    page.keyboard.press("Backspace")
    assert "rerun" in _offers(notebook)
    _choose(notebook, "rerun", invoke=False)
    page.keyboard.type(" ")
    _wait_for_completion(notebook, re.compile(r"^%sweep rerun \w+-\w+-1$"))
    _type_into_new_cell(notebook, "%sweep use di")
    _wait_for_completion(notebook, re.compile(r"^%sweep use digits$"))
    assert notebook.busy and notebook.page_errors == []
    notebook.interrupt()
    notebook.wait_idle()


def test_bodies_are_highlighted_as_what_they_are(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["%load_ext nbsweep", YAML, TRAIN])
    notebook.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    cells = notebook.page.locator(".jp-Notebook .jp-CodeCell")
    yaml, train = cells.nth(1), cells.nth(2)
    kinds = notebook.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets.slice(1).map((cell) => {
            const words = {};
            for (const span of cell.node.querySelectorAll('.cm-line span'))
                words[span.textContent] = getComputedStyle(span).color;
            return words;
        })"""
    )
    assert kinds[0].get("method") is not None and kinds[0]["method"] == kinds[0]["distribution"], kinds[0]
    assert "%%sweep define" in kinds[0], kinds[0]
    assert {"for", "in"} <= kinds[1].keys() and "%%sweep_train" in kinds[1] and "--count" in kinds[1], kinds[1]
    expect(yaml.locator(".cm-lintRange-error")).to_have_text("5.0", timeout=30_000)
    expect(train.locator(".cm-lintRange-error")).to_have_count(0)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.screenshot(ARTIFACTS / f"editor-highlighted-{theme}.png")

    # Without the magic it is a cell like all others again.
    notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource('method = 1')"
    )
    expect(yaml.locator(".cm-lintRange-error")).to_have_count(0)
    assert notebook.page_errors == []


def _type_into_new_cell(notebook: Notebook, text: str) -> Locator:
    page = notebook.page
    page.evaluate(
        """async () => {
            const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
            notebook.activeCellIndex = notebook.widgets.length - 1;
            await app.commands.execute('notebook:insert-cell-below');
            await app.commands.execute('notebook:enter-edit-mode');
        }"""
    )
    editor = page.locator(".jp-Notebook .jp-mod-active .cm-content")
    editor.click()
    page.keyboard.type(text)
    return page.locator(".jp-Notebook .jp-mod-active")


def _source(notebook: Notebook) -> str:
    return str(
        notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()")
    )


def _offers(notebook: Notebook) -> list[str]:
    """What Tab offers, from the top."""
    notebook.page.keyboard.press("Tab")
    items = notebook.page.locator(".jp-Completer-item .jp-Completer-match")
    expect(items.first).to_be_visible(timeout=20_000)
    return items.all_text_contents()


def _choose(notebook: Notebook, offer: str, *, invoke: bool = True) -> None:
    """Choose from what Tab offers; a single offer is put in by Tab itself."""
    before = _source(notebook)
    if invoke:
        notebook.page.keyboard.press("Tab")
    item = notebook.page.locator(".jp-Completer-item", has_text=re.compile(f"{offer}"))
    changed = f"window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource() !== {before!r}"
    notebook.page.wait_for_function(
        f"{changed} || document.querySelector('.jp-Completer-item')", timeout=20_000, polling=50
    )
    if _source(notebook) == before:
        item.first.click()
    notebook.page.wait_for_function(changed, timeout=10_000, polling=50)


def _wait_for_completion(notebook: Notebook, whole: re.Pattern[str]) -> None:
    """Tab puts in the only name that fits, or offers it first."""
    before = _source(notebook)
    notebook.page.keyboard.press("Tab")
    changed = f"window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource() !== {before!r}"
    offered = notebook.page.locator(".jp-Completer-item")
    notebook.page.wait_for_function(
        f"{changed} || document.querySelector('.jp-Completer-item')", timeout=20_000, polling=50
    )
    if _source(notebook) == before:
        offered.first.click()
    assert whole.search(_source(notebook)), _source(notebook)


def _hover(notebook: Notebook, target: Locator, tooltip: str) -> str:
    notebook.page.mouse.move(0, 0)
    target.hover()
    shown = notebook.page.locator(tooltip)
    expect(shown.first).to_be_visible(timeout=10_000)
    return "\n".join(shown.all_text_contents())
