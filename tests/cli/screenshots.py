"""``python -m tests.cli.screenshots``: makes docs/watch.png anew, of a sweep that trains while it is taken."""

from __future__ import annotations

import math
import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from rich.console import Console

import nbsweep
from nbsweep import process
from nbsweep.cli.watch import Watcher, draw
from tests.ui.conftest import CHROMIUM_OPTIONS

PICTURE = Path(__file__).parents[2] / "docs" / "watch.png"
COLUMNS = 112


def train(config: Any) -> None:
    chance = random.Random(config.learning_rate)
    floor = 0.08 + 0.12 * abs(math.log10(config.learning_rate) + 2.3) + 4 / config.units
    for epoch in range(60):
        nbsweep.log({"loss": floor + 2.0 * math.exp(-epoch / 9) + 0.02 * chance.random()})
        time.sleep(0.03)
    if config.learning_rate > 0.06:
        raise FloatingPointError("the loss is not finite")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NBSWEEP_STORAGE"] = f"sqlite:///{folder}/nbsweep.db"
        sweep_id = nbsweep.sweep(
            {
                "name": "digits",
                "method": "random",
                "metric": {"name": "loss"},
                "early_terminate": {"type": "hyperband", "min_iter": 10},
                "parameters": {
                    "learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
                    "units": {"values": [32, 64, 128, 256]},
                    "optimizer": {"values": ["adam", "sgd"]},
                },
            },
            seed=4,
        )
        agent = nbsweep.agent(sweep_id, train, count=40, workers=4, block=False)
        watcher = Watcher(nbsweep.Sweep(sweep_id))
        while len((moment := watcher.look()).runs) < 24 or min(len(c) for c in moment.curves.values()) < 12:
            time.sleep(0.05)
        console = Console(record=True, width=COLUMNS, force_terminal=True, color_system="truecolor", highlight=False)
        console.print(draw(moment))
        svg = console.export_svg(title="nbsweep watch digits")
        agent.stop()
        agent.wait(10)
        process.shut_down()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 800}, device_scale_factor=1.5)
        page.set_content(f"<body style='margin:0'><div style='width:1150px'>{svg}</div></body>")
        page.locator("svg").screenshot(path=PICTURE, omit_background=True)
        browser.close()
    print(PICTURE)


if __name__ == "__main__":
    main()
