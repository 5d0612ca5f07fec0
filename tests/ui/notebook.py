"""A notebook that is open in a page of JupyterLab, and what a person does with it.

JupyterLab's own commands (``window.jupyterapp``) do the work. They are not awaited inside the page where they last as
long as a cell runs. What a person would look at is read from the page, by the dashboard's test ids.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Locator, Page, expect

from tests.ui.lab import Lab

CELL_TIMEOUT_S = 200
# JupyterLab asks for a subshell for each widget's comm; a restart that comes before the answer is an error that nobody
# there handles. (What this project asks for itself is handled in labextension/src/lab/wire.ts.)
_JUPYTERLABS_OWN = "Canceled future for create_subshell_request"
OPEN_TIMEOUT_S = 60

# The notebook that is worked in; where a dashboard's tab is in front, the first that is open.
_PANEL = (
    "[window.jupyterapp.shell.currentWidget, ...window.jupyterapp.shell.widgets('main')]"
    ".find((widget) => widget?.sessionContext && widget.content?.widgets)"
)
_CODE_CELLS = f"{_PANEL}.content.widgets.filter((cell) => cell.model.type === 'code')"
_BUSY_CELLS = f"{_CODE_CELLS}.filter((cell) => cell.model.executionState === 'running')"


class Notebook:
    """One open notebook.

    Parameters
    ----------
    page : playwright Page
    lab : Lab
    path : Path
        The file, below the folder that the server serves.
    """

    def __init__(self, page: Page, lab: Lab, path: Path) -> None:
        self.page = page
        self.lab = lab
        self.path = path
        self.page_errors: list[str] = []
        page.on("pageerror", lambda error: self._note(str(error)))

    def open(self) -> None:
        """Load the page and wait until the notebook has a kernel."""
        self.page.goto(self.lab.address(self.path))
        self._wait_until_ready()

    def reload(self) -> None:
        """The browser's reload; the kernel goes on."""
        self.page.reload()
        self._wait_until_ready()

    def save(self) -> None:
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")

    def close(self) -> None:
        """End the kernel and close the page."""
        self.page.evaluate(f"{_PANEL}.sessionContext.shutdown()")
        self.page.close()

    def _note(self, error: str) -> None:
        if _JUPYTERLABS_OWN not in error:
            self.page_errors.append(error)

    # -- cells and kernel ----------------------------------------------------------------------------------------

    def run_all(self) -> None:
        """Start all cells; returns at once."""
        self.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def run(self, source: str) -> int:
        """Append a code cell and start it; returns at once, with the number of the cell."""
        return int(
            self.page.evaluate(
                """async (source) => {
                    const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
                    notebook.activeCellIndex = notebook.widgets.length - 1;
                    await app.commands.execute('notebook:insert-cell-below');
                    notebook.activeCell.model.sharedModel.setSource(source);
                    void app.commands.execute('notebook:run-cell');
                    return notebook.activeCellIndex;
                }""",
                source,
            )
        )

    def wait_idle(self, timeout_s: float = CELL_TIMEOUT_S) -> None:
        """Wait until no cell runs or waits to be run."""
        idle = f"{_BUSY_CELLS}.length === 0 && {_PANEL}.sessionContext.session?.kernel?.status === 'idle'"
        self.page.wait_for_function(idle, timeout=timeout_s * 1000, polling=50)

    @property
    def busy(self) -> bool:
        """Whether a cell is running or waits to be run."""
        return bool(self.page.evaluate(f"{_BUSY_CELLS}.length > 0"))

    @property
    def kernel_status(self) -> str:
        """JupyterLab's word for it: idle, busy, restarting, …"""
        return str(self.page.evaluate(f"{_PANEL}.sessionContext.session?.kernel?.status ?? 'none'"))

    def interrupt(self) -> None:
        self.page.evaluate(f"{_PANEL}.sessionContext.session.kernel.interrupt()")

    def restart(self) -> None:
        """Restart the kernel, without the dialog that asks whether to."""
        self.page.evaluate(f"{_PANEL}.sessionContext.restartKernel()")
        self.wait_idle()

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """The outputs of the cell of that number, as the file format has them."""
        found = self.page.evaluate(f"(cell) => {_PANEL}.content.model.cells.get(cell).outputs.toJSON()", cell)
        return list(found)

    @property
    def errors(self) -> list[str]:
        """Name and message of every error that a cell shows."""
        found = self.page.evaluate(
            f"""{_CODE_CELLS}.flatMap((cell) => cell.model.outputs.toJSON())
                .filter((output) => output.output_type === 'error')
                .map((output) => output.ename + ': ' + output.evalue)"""
        )
        return [str(error) for error in found]

    # -- what is seen --------------------------------------------------------------------------------------------

    def dashboard(self, position: int = 0) -> Locator:
        """The dashboard shown first (or second, …) from the top; -1 is the last."""
        return self.page.get_by_test_id("nbs-dashboard").nth(position)

    def theme(self, theme: Literal["light", "dark"]) -> None:
        self.page.evaluate(
            "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {theme.capitalize()}",
        )
        self.page.wait_for_function(
            f"document.body.dataset.jpThemeLight === '{'true' if theme == 'light' else 'false'}'"
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")  # it fades while the theme comes

    def width(self, pixels: int) -> None:
        """Make the window so wide."""
        self.page.set_viewport_size({"width": pixels, "height": 1000})

    def screenshot(self, file: Path, of: Locator | None = None) -> None:
        """A picture of the page, or of one part of it, once two frames have been drawn."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        (of or self.page).screenshot(path=file)

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + OPEN_TIMEOUT_S
        self.page.wait_for_function("window.jupyterapp !== undefined", timeout=OPEN_TIMEOUT_S * 1000)
        self.page.evaluate("window.jupyterapp.restored")
        expect(self.page.locator(".jp-Notebook").first).to_be_visible(timeout=OPEN_TIMEOUT_S * 1000)
        self.page.wait_for_function(
            f"{_PANEL}?.sessionContext?.isReady && {_PANEL}.sessionContext.session?.kernel?.status === 'idle'",
            timeout=max(1.0, give_up - time.monotonic()) * 1000,
        )
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")
