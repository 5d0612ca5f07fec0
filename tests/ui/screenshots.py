"""Makes the pictures in README: ``python -m tests.ui.screenshots`` writes docs/dashboard.png and its dark twin.

The quickstart's sweep with sixteen runs, two at a time, in a real JupyterLab, while the thirteenth trains.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.ui.conftest import CHROMIUM_OPTIONS
from tests.ui.lab import serve
from tests.ui.notebook import Notebook

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples" / "quickstart.ipynb"
CHANGES = (("%%sweep define digits", "%%sweep define digits --seed 4"), ("--count 5", "--count 16 --workers 2"))
WIDTH = 1180
FINISHED = 12


def main() -> None:
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        path = lab.root / QUICKSTART.name
        content = QUICKSTART.read_text(encoding="utf-8")
        for old, new in CHANGES:
            assert old in content, f"{QUICKSTART.name} has no {old!r} to change"
            content = content.replace(old, new)
        path.write_text(content, encoding="utf-8")
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1200}, device_scale_factor=2)
        notebook = Notebook(page, lab, path)
        notebook.open()
        notebook.run_all()
        dashboard = notebook.dashboard()
        finished = dashboard.locator("[data-run-state=finished]")
        expect(finished.nth(FINISHED - 1)).to_be_attached(timeout=240_000)
        dashboard.get_by_role("button", name="log y").click()
        dashboard.locator("input[type=range]").fill("0.6")
        notebook.page.mouse.move(0, 0)
        notebook.screenshot(ROOT / "docs" / "dashboard.png", dashboard)
        notebook.theme("dark")
        notebook.screenshot(ROOT / "docs" / "dashboard-dark.png", dashboard)
        notebook.close()
        browser.close()


if __name__ == "__main__":
    main()
