"""A real JupyterLab in a real browser, for the browser tests.

`lab` is one server a session, `browser` one Chromium a session; `open_notebook` gives a test a `Notebook` in a page of
its own. Without a browser these tests fail and say what to install; ``NBSWEEP_SKIP_UI=1`` leaves them out.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.ui.lab import Lab, serve
from tests.ui.notebook import Notebook

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)  # two processes share the tests, and the machine
OpenNotebook = Callable[[Path | Sequence[str]], Notebook]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ui)
            if os.environ.get("NBSWEEP_SKIP_UI") == "1":
                item.add_marker(pytest.mark.skip(reason="NBSWEEP_SKIP_UI=1"))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running JupyterLab server."""
    with serve(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        if not Path(chromium).exists():
            pytest.fail(
                "browser tests need Chromium: install it (Debian: apt-get install chromium; elsewhere: python -m "
                "playwright install chromium), or leave these tests out with NBSWEEP_SKIP_UI=1",
                pytrace=False,
            )
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield started
        started.close()


@pytest.fixture
def open_notebook(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """A function that opens a copy of a notebook file, or a new notebook of these cells, in a page of its own.

    Each has a folder of its own, and so a store of its own. A test that fails leaves a picture of each page.
    """
    opened: list[Notebook] = []

    def open_one(source: Path | Sequence[str]) -> Notebook:
        folder = lab.root / secrets.token_hex(4)
        folder.mkdir()
        path = folder / (source.name if isinstance(source, Path) else "notebook.ipynb")
        if isinstance(source, Path):
            shutil.copy(source, path)
        else:
            write_notebook(path, source)
        notebook = Notebook(browser.new_page(viewport={"width": 1280, "height": 1000}), lab, path)
        opened.append(notebook)
        notebook.open()
        return notebook

    failures = request.session.testsfailed
    yield open_one
    for number, notebook in enumerate(opened):
        if request.session.testsfailed > failures:
            notebook.screenshot(ARTIFACTS / f"failed-{request.node.name}-{number}.png")
        notebook.close()


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells. Without a kernelspec JupyterLab would ask for a kernel in a dialog that blocks all."""
    kernelspec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    content = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernelspec}
    )
    nbformat.write(content, path)
