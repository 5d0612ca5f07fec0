"""A report is opened by a browser that has neither a kernel nor a network."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import nbsweep
from nbsweep.errors import UsageError
from nbsweep.notebook.report import write_report
from tests.cli.terminal import Terminal
from tests.ui.conftest import ARTIFACTS

HOSTILE = "</script><img src=x onerror=alert(1)>{title}"


def train(config: Any) -> None:
    chance = random.Random(config.lr)
    for epoch in range(30):
        nbsweep.log({"loss": config.lr + 1 / (epoch + 1) + 0.05 * chance.random(), "epoch": epoch})
    print(f"the rate was {config.lr}")


@pytest.fixture
def sweep(tmp_store: str) -> nbsweep.Sweep:
    sweep_id = nbsweep.sweep(
        {
            "name": HOSTILE,
            "method": "random",
            "seed": 1,
            "metric": {"name": "loss"},
            "parameters": {"lr": {"min": 0.0, "max": 1.0}, "words": {"values": [HOSTILE, "plain"]}},
        }
    )
    nbsweep.agent(sweep_id, train, count=12)
    return nbsweep.Sweep(sweep_id)


def test_a_report_shows_the_sweep_without_a_kernel_or_a_network(
    browser: Browser, sweep: nbsweep.Sweep, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    Terminal(tmp_path).run("report", sweep.id, "report.html")
    assert path.stat().st_size < 1_000_000
    page = browser.new_page(viewport={"width": 1100, "height": 900}, offline=True)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    try:
        page.goto(path.as_uri())
        expect(page.get_by_test_id("nbs-name")).to_have_text(HOSTILE)
        best = sweep.best_run
        assert best is not None
        expect(page.get_by_test_id("nbs-best")).to_contain_text(best.name)
        expect(page.get_by_text("random forest on 12 runs")).to_be_visible()
        page.get_by_text(best.name).last.click()
        expect(page.get_by_text(f"the rate was {best.config['lr']}")).to_be_visible()
        expect(page.get_by_test_id("nbs-add-runs")).to_be_hidden()  # nobody is there to train more
        expect(page.get_by_test_id("nbs-rerun").first).to_be_hidden()
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "report.png", full_page=True)
    finally:
        page.close()
    assert wrong == [] and asked == [path.as_uri()]


def test_a_rows_details_show_the_last_picture_and_histogram_and_nothing_runs(
    browser: Browser, tmp_store: str, tmp_path: Path
) -> None:
    def draw(run: Any) -> None:
        for step in (0, 1):
            picture = np.full((4, 8, 3), (step * 200, 0, 0), "u1")
            run.log({"loss": 1.0, HOSTILE: nbsweep.Image(picture, caption=HOSTILE)})
            run.log({"weights": nbsweep.Histogram(np_histogram=([1, 2], [0, 1, 2]))})

    config = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"lr": {"values": [1]}}}
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, draw)
    sweep = nbsweep.Sweep(sweep_id)
    write_report(sweep, tmp_path / "report.html")
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": 1100, "height": 900}, offline=True)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    try:
        page.goto((tmp_path / "report.html").as_uri())
        page.locator("tr.nbs-row").get_by_text(sweep.runs[0].name).click()
        images = page.locator(".nbs-media img")
        expect(images).to_have_count(1)
        size, red = images.evaluate(
            """async (image) => {
                await image.decode();
                const canvas = new OffscreenCanvas(8, 4).getContext("2d");
                canvas.drawImage(image, 0, 0);
                return [[image.naturalWidth, image.naturalHeight], canvas.getImageData(3, 3, 1, 1).data[0]];
            }"""
        )
        assert size == [8, 4] and red == 200
        expect(page.locator(".nbs-media")).to_contain_text(f"{HOSTILE}: image 8×4: {HOSTILE}")
        expect(page.locator(".nbs-media")).to_contain_text("▄█")
        page.screenshot(path=ARTIFACTS / "media.png", full_page=True)
    finally:
        page.close()
    assert wrong == []


def test_a_report_that_cannot_be_written_is_said(sweep: nbsweep.Sweep, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(sweep, tmp_path / "no" / "such" / "folder.html")
