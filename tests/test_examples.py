"""The example notebooks, executed for real; what they leave is what a reader on GitHub sees."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def execute(name: str, folder: Path) -> dict[str, Any]:
    """Run a copy of a notebook in `folder` without a front end; its cells by id, outputs and all."""
    return executed(nbformat.read(shutil.copy(EXAMPLES / name, folder), as_version=4), folder)


def executed(notebook: nbformat.NotebookNode, folder: Path) -> dict[str, Any]:
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    return {cell["id"]: cell for cell in notebook.cells}


def text(cell: Any) -> str:
    """All that a cell shows as plain text."""
    return "\n".join(
        output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]
        for output in cell["outputs"]
    )


def shown(cell: Any) -> Any:
    """The bundle of the dashboard's static twins, which stand beside it."""
    bundles = [output["data"] for output in cell["outputs"] if output["output_type"] == "display_data"]
    [place] = [n for n, bundle in enumerate(bundles) if "application/vnd.jupyter.widget-view+json" in bundle]
    assert "text/html" not in bundles[place], "exported pages take the widget, and without a kernel it is nothing"
    return bundles[place + 1]


@pytest.mark.slow
def test_the_quickstart_trains_five_runs_and_keeps_its_results_in_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBSWEEP_STORAGE", raising=False)
    cells = execute("quickstart.ipynb", tmp_path)

    assert "learning_rate" in text(cells["define"])
    dashboard = shown(cells["train"])
    assert "5 finished" in dashboard["text/plain"]
    assert dashboard["image/png"].startswith("iVBORw0KGgo"), "a PNG, in base64"
    assert "<svg" in dashboard["text/html"] and "5 finished" in dashboard["text/html"]
    assert re.search(r"loss = [\d.]+\n", text(cells["best"]))
    best = re.search(r"^(\S+): loss", text(cells["best"]), re.MULTILINE)
    assert best is not None and best[1] in dashboard["text/plain"] and best[1] in text(cells["table"])
    assert (tmp_path / ".nbsweep" / "nbsweep.db").exists()


@pytest.mark.slow
def test_wandbs_tutorial_trains_five_runs_on_mnist(
    tmp_path: Path, mnist_root: Path, torchvision_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBSWEEP_STORAGE", raising=False)
    monkeypatch.setenv("NBSWEEP_DATA", str(mnist_root))
    for name, value in torchvision_env.items():
        monkeypatch.setenv(name, value)
    cells = execute("mnist_torchvision.ipynb", tmp_path)

    dashboard = shown(cells["agent"])
    assert "5 finished" in dashboard["text/plain"] and "image/png" in dashboard
    name, loss = re.fullmatch(r"\('([\w-]+)', ([\d.]+)\)", text(cells["best"])).groups()  # type: ignore[union-attr]
    assert name in dashboard["text/plain"] and float(loss) < 2.3, "better than guessing"


@pytest.mark.slow
def test_readmes_first_example_trains_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBSWEEP_STORAGE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # its network is small, and the machine is shared
    readme = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    sources = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert "--count 20\n" in sources[-1] and "%sweep wait" in readme and "%sweep best" in readme
    sources[-1] = sources[-1].replace("--count 20\n", "--count 2\n")
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell{n}")
        for n, source in enumerate([*sources, "%sweep wait", "%sweep best"])
    ]
    told = executed(nbformat.v4.new_notebook(cells=cells), tmp_path)
    assert "2 finished" in shown(told["cell2"])["text/plain"] and re.search(r": accuracy = 0\.\d", text(told["cell4"]))


def test_a_notebook_run_without_a_page_shows_that_failures_paused_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBSWEEP_STORAGE", raising=False)
    define = (
        "%load_ext nbsweep\n"
        "config = {'method': 'random', 'metric': {'name': 'loss'}, 'parameters': {'rate': {'min': 0.0, 'max': 1.0}}}\n"
        "%sweep define config"
    )
    cells = [define, "%%sweep_train --count 4 --wait\nlog({'loss': 1.0})\nundefined"]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell{n}") for n, source in enumerate(cells)]
    )
    dashboard = shown(executed(notebook, tmp_path)["cell1"])
    assert "paused" in dashboard["text/plain"] and "3 failed" in dashboard["text/plain"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_stored_without_outputs_and_with_a_kernel(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "google.colab" in "".join(code[0]["source"]), "the first cell installs in Colab"
    assert "colab.research.google.com" in "".join(notebook["cells"][0]["source"])
