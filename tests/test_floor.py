"""The oldest notebook that is served (IPython 7.34, ipykernel 6.17, ipywidgets 7.7) and, with it, Colab.

The kernel runs in ``.venv-floor``, which ``make floor`` builds; it uses this checkout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FLOOR_PYTHON = ROOT / ".venv-floor" / "bin" / "python"
FAKE_COLAB = ROOT / "tests" / "floor" / "colab"

VERSIONS = """import IPython, ipykernel, ipywidgets
print(IPython.__version__, ipykernel.__version__, ipywidgets.__version__)"""
DEFINE = """%%sweep define
method: random
metric: {name: loss, goal: minimize}
parameters:
  lr: {min: 0.0, max: 1.0}"""
TRAIN = """%%sweep_train --count 2
import time
for step in range(20):
    log({"loss": config.lr / (step + 1)})
    time.sleep(0.01)"""
STATES = "import nbsweep\nprint([run.state for run in nbsweep.Sweep().runs])"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelManager:
    """A kernel of the floor's Python, not yet started; it works in `tmp_path`."""
    if not FLOOR_PYTHON.exists():
        pytest.fail("there is no .venv-floor: run `make floor`", pytrace=False)
    monkeypatch.delenv("NBSWEEP_STORAGE", raising=False)
    spec = tmp_path / "kernels" / "floor"
    spec.mkdir(parents=True)
    argv = [str(FLOOR_PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "floor", "language": "python"}))
    return KernelManager(
        kernel_name="floor", kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    )


class Recorder(NotebookClient):
    """Executes a notebook and keeps the custom messages of widgets, each with the number of the cell that ran."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.custom_messages: list[tuple[int, dict[str, Any]]] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        data = msg["content"].get("data")
        if msg["msg_type"] == "comm_msg" and isinstance(data, dict) and data.get("method") == "custom":
            self.custom_messages.append((cell_index, data["content"]))
        return super().process_message(msg, cell, cell_index)


def execute(kernel: KernelManager, folder: Path, *cells: str) -> tuple[list[Any], Recorder]:
    """Run the cells; their outputs, a list a cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = Recorder(notebook, km=kernel, timeout=60, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return [cell["outputs"] for cell in notebook.cells], client


def stdout(outputs: Any) -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


def test_the_oldest_notebook_defines_trains_waits_and_tells_the_best(kernel: KernelManager, tmp_path: Path) -> None:
    outputs, _ = execute(
        kernel, tmp_path, VERSIONS, "%load_ext nbsweep", DEFINE, TRAIN, "%sweep wait", "%sweep best", STATES
    )
    assert stdout(outputs[0]).split() == ["7.34.0", "6.17.1", "7.7.1"]
    assert "uniform" in outputs[2][0]["data"]["text/plain"]
    dashboard, twin = (output["data"] for output in outputs[3][:2])
    assert "application/vnd.jupyter.widget-view+json" in dashboard
    assert "2 finished" in twin["text/plain"] and "image/png" in twin
    assert "loss = " in stdout(outputs[5])
    assert stdout(outputs[6]).strip() == "['finished', 'finished']"


def test_the_oldest_notebook_shows_a_mistake_as_one_message(kernel: KernelManager, tmp_path: Path) -> None:
    define = DEFINE.replace("min: 0.0", "min: 2.0")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in ("%load_ext nbsweep", define)]
    )
    client = NotebookClient(
        notebook, km=kernel, timeout=60, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    [error] = notebook.cells[1]["outputs"]
    shown = "\n".join(error["traceback"])
    assert error["ename"] == "ConfigError" and "parameters.lr" in shown
    assert "Traceback" not in shown and "site-packages" not in shown and "nbsweep/" not in shown


def test_in_colab_training_waits_and_moves_the_dashboard_from_the_main_thread(
    kernel: KernelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAKE_COLAB), os.environ.get("PYTHONPATH", "")]))
    train = TRAIN.replace("range(20)", "range(100)")  # two runs of a second or more
    outputs, client = execute(
        kernel, tmp_path, "import google.colab.output", "%load_ext nbsweep", DEFINE, train, STATES, "%sweep best"
    )
    assert stdout(outputs[4]).strip() == "['finished', 'finished']", "the cell came back when its runs had ended"
    sent = [content for cell, content in client.custom_messages if cell == 3]
    assert len(sent) >= 3 and {content["type"] for content in sent} == {"snapshot"}, "no page was heard: each is whole"
    assert [run["state"] for run in sent[-1]["runs"]] == ["finished", "finished"], "the last one shows the end"
    assert "2 finished" in outputs[3][1]["data"]["text/plain"]
    assert "loss = " in stdout(outputs[5])
