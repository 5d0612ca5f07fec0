"""The quickstart in JupyterLab, as a person lives through it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

import nbsweep
from nbsweep import process
from tests.ui.conftest import ARTIFACTS, OpenNotebook
from tests.ui.notebook import Notebook

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"

DEFINE = """%load_ext nbsweep
%sweep define config --name slow"""
CONFIG = "config = {'method': 'random', 'metric': {'name': 'loss'}, 'parameters': {'lr': {'min': 0.0, 'max': 1.0}}}"
SLOW_RUNS = """%%sweep_train --count 5 --workers 2
import time
for step in range(3000):
    log({"loss": config.lr + 1 / (step + 1)})
    time.sleep(0.02)"""


def runs(dashboard: Locator, state: str) -> Locator:
    return dashboard.locator(f"[data-run-state={state}]")


def test_the_quickstart_runs_is_reloaded_and_reopened_after_a_restart(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(QUICKSTART)
    notebook.run_all()
    dashboard = notebook.dashboard()
    curves = dashboard.get_by_test_id("nbs-curves")

    notebook.wait_idle()
    assert notebook.errors == []
    expect_five_finished(dashboard)
    total = points(curves)
    assert total >= 5 * 20 * 8, "five runs of twenty epochs of eight batches or more"
    expect(dashboard.get_by_test_id("nbs-best")).to_contain_text(re.compile(r"best\s*[\d.]+"))
    expect(dashboard.get_by_test_id("nbs-stop")).to_be_hidden()
    take_pictures(notebook, dashboard)

    notebook.save()
    notebook.reload()
    expect_five_finished(notebook.dashboard())
    assert points(notebook.dashboard().get_by_test_id("nbs-curves")) == total

    notebook.restart()
    notebook.run("import nbsweep\nnbsweep.Sweep('digits').dashboard()")
    notebook.wait_idle()
    reopened = notebook.dashboard(-1)
    reopened.scroll_into_view_if_needed()
    expect_five_finished(reopened)
    assert points(reopened.get_by_test_id("nbs-curves")) == total
    assert notebook.errors == []
    assert notebook.page_errors == []


def test_curves_grow_and_stop_acts_within_a_second_while_another_cell_is_busy(
    open_notebook: OpenNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = open_notebook([CONFIG, DEFINE, SLOW_RUNS])
    notebook.run_all()
    dashboard = notebook.dashboard()
    expect(runs(dashboard, "running")).to_have_count(2, timeout=30_000)
    notebook.wait_idle()  # %%sweep_train has returned; the runs train on
    notebook.run("import time\ntime.sleep(30)")
    notebook.page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    # Live: on runs that last, for the quickstart's five may have ended before the page has drawn its first curve.
    curves = dashboard.get_by_test_id("nbs-curves")
    expect(curves).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    for _ in range(3):
        drawn = points(curves)
        notebook.page.wait_for_function(
            "(drawn) => +document.querySelector('[data-testid=nbs-curves]').dataset.points > drawn", arg=drawn
        )
    stop = dashboard.get_by_test_id("nbs-stop")
    stop.scroll_into_view_if_needed()

    clicked, clicked_at = time.monotonic(), time.time()
    stop.click()
    expect(runs(dashboard, "killed")).to_have_count(2, timeout=5_000)
    took_s = time.monotonic() - clicked

    assert took_s < 1.5, f"Stop took {took_s:.2f} s on the page"
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{notebook.path.parent / '.nbsweep' / 'nbsweep.db'}")
    kept = nbsweep.Sweep("slow").runs
    process.shut_down()
    assert [run.state for run in kept] == ["killed", "killed"]
    ended_s = max((run.finished_at or float("inf")) - clicked_at for run in kept)
    assert ended_s < 1.5, f"Stop took {ended_s:.2f} s in the store"
    assert notebook.busy, "the other cell was still running"
    expect(stop).to_be_hidden()
    notebook.interrupt()
    notebook.wait_idle()
    cell = notebook.run("[run.state for run in __import__('nbsweep').Sweep('slow').runs]")
    notebook.wait_idle()
    assert notebook.outputs(cell)[0]["data"]["text/plain"] == "['killed', 'killed']"


def test_one_star_marks_the_best_run_though_each_run_beats_the_one_before(open_notebook: OpenNotebook) -> None:
    better_and_better = CONFIG.replace("'random'", "'grid'").replace(
        "{'min': 0.0, 'max': 1.0}", "{'values': [3, 2, 1]}"
    )
    train = "%%sweep_train\nimport time\nlog({'loss': config.lr})\ntime.sleep(0.5)"
    notebook = open_notebook([better_and_better, DEFINE, train, "%sweep wait"])
    notebook.run_all()
    notebook.wait_idle()
    dashboard = notebook.dashboard()
    expect(runs(dashboard, "finished")).to_have_count(3)
    expect(dashboard.get_by_label("the best so far").filter(visible=True)).to_have_count(1)
    assert notebook.errors == []


def expect_five_finished(dashboard: Locator) -> None:
    expect(runs(dashboard, "finished")).to_have_count(5, timeout=15_000)
    expect(dashboard.get_by_test_id("nbs-curves")).to_have_attribute("data-series", "5")


def points(curves: Locator) -> int:
    return int(curves.get_attribute("data-points") or 0)


def take_pictures(notebook: Notebook, dashboard: Locator) -> None:
    """Light and dark, wide and narrow, for people to look at; nothing may stick out sideways."""
    for theme in ("light", "dark"):
        notebook.theme(theme)
        for name, width in (("wide", 1280), ("narrow", 560)):
            notebook.width(width)
            dashboard.scroll_into_view_if_needed()
            assert dashboard.evaluate("(node) => node.scrollWidth <= node.clientWidth"), f"{theme}, {name}"
            notebook.screenshot(ARTIFACTS / f"quickstart-{theme}-{name}.png", dashboard)
    notebook.theme("light")
    notebook.width(1280)
