"""A kernel that lives long: a hundred sweeps, the extension unloaded, modules reloaded, two notebooks at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_agents import until
from tests.test_magics import Notebook, notebook, start_kernel

__all__ = ["notebook"]  # the fixture

COUNT = """
import gc, json, psutil, threading
gc.collect()
me = psutil.Process()
print(json.dumps({
    "threads": sorted(t.name for t in threading.enumerate() if t.name.startswith("nbsweep")),
    "all threads": threading.active_count(),
    "files": sorted(f.path for f in me.open_files() if "nbsweep" in f.path),
    "handles": me.num_fds(),
    "children": len(me.children()),
    "agents": len(__import__("nbsweep").process.agents()) if "nbsweep" in globals() else 0,
}))
"""

DEFINE = """%%sweep define s
{"method": "random", "metric": {"name": "l"}, "parameters": {"a": {"min": 0, "max": 1.0}}}"""

DEFINE_GRID = """%%sweep define {}
{{"method": "grid", "metric": {{"name": "l"}}, "parameters": {{"a": {{"values": list(range(40))}}}}}}"""

TRAIN_LONG = """%%sweep_train {}
import time
for i in range(100_000):
    log({{'l': 1.0}})
    time.sleep(0.01)"""

SEEN = """
import nbsweep
sweep = nbsweep.Sweep('one')
print(sorted(r.config['a'] for r in sweep.runs) == list(range(40)), len({r.agent_id for r in sweep.runs}))
"""

ONE_SWEEP = """
import nbsweep, nbsweep.process
def train(run):
    run.log({"loss": 1.0})
for number in range(%d):
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
    nbsweep.agent(nbsweep.sweep(config), train, count=1)
"""


@pytest.fixture
def second(notebook: Notebook) -> Iterator[Notebook]:
    """Another kernel in the same folder."""
    manager, client = start_kernel()
    try:
        yield Notebook(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def counted(notebook: Notebook) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(notebook.text(COUNT))
    return counts


@pytest.mark.slow
def test_a_hundred_sweeps_leave_no_thread_no_file_no_process_and_no_connection(notebook: Notebook) -> None:
    notebook.text(ONE_SWEEP % 3)
    before = counted(notebook)
    notebook.text(ONE_SWEEP % 100, timeout_s=250)
    after = counted(notebook)
    agents = [name for name in after["threads"] if name.startswith(("nbsweep-agent", "nbsweep-run"))]
    assert agents == [] and after["agents"] == 0
    assert after["all threads"] <= before["all threads"]
    # A transaction of the moment has the store's file, its journal and their folder open.
    assert after["handles"] <= before["handles"] + 6, "a hundred sweeps that left one each would be a hundred more"
    assert after["children"] == before["children"]


def test_the_extension_can_be_unloaded_and_loaded_while_runs_train(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.text(TRAIN_LONG.format("--count 1"))
    assert notebook.text("%unload_ext nbsweep\nimport nbsweep; print(nbsweep.Sweep('s').runs[0].state)") == "running\n"
    assert not notebook.run("%sweep status").ok
    assert "running" in notebook.text("%load_ext nbsweep\n%sweep status")
    assert notebook.run("%reload_ext nbsweep").ok
    notebook.text("%sweep stop\n%sweep wait")
    assert notebook.text("print(nbsweep.Sweep('s').runs[0].state)") == "killed\n"


def test_under_autoreload_an_edited_module_trains_the_next_run_and_the_change_is_seen(
    notebook: Notebook, tmp_path: Path
) -> None:
    module = tmp_path / "mylib.py"
    module.write_text("def loss():\n    return 1.0\n")
    notebook.text("%load_ext autoreload\n%autoreload 2\nimport mylib")
    notebook.text(DEFINE)
    train = "%%sweep_train --count 1 --wait\nlog({'l': mylib.loss()})"
    notebook.text(train)
    module.write_text("def loss():\n    return 2.0 + 0.0\n\n\nMORE = 1\n")
    notebook.text(train)
    notebook.text("import nbsweep; sweep = nbsweep.Sweep('s')")
    assert notebook.text("print(sweep.to_pandas()['l'].tolist())") == "[1.0, 2.0]\n"
    assert notebook.text("print(len({run.code_hash for run in sweep.runs}))") == "2\n"


def test_a_cell_and_the_helpers_it_names_are_kept_with_the_run(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.text("def step(x):\n    return x")
    train = "%%sweep_train --count 1 --wait\nlog({'l': step(1.0)})"
    notebook.text(train)
    notebook.text(train + "  # only a comment")
    notebook.text("def step(x):\n    return x + 1")
    notebook.text(train)
    notebook.text("import nbsweep; sweep = nbsweep.Sweep('s'); hashes = [run.code_hash for run in sweep.runs]")
    assert notebook.text("print(hashes[0] == hashes[1], hashes[1] == hashes[2])") == "True False\n"
    code = notebook.text("print(sweep.code(sweep.runs[2].name))")
    assert "log({'l': step(1.0)})" in code and "return x + 1" in code


def test_what_a_run_displays_goes_to_its_console_not_to_a_cell(notebook: Notebook) -> None:
    notebook.text("%matplotlib inline\nimport matplotlib.pyplot as plt\nfrom IPython.display import display, HTML")
    notebook.text(DEFINE)
    cell = notebook.run("%%sweep_train --count 1\nplt.plot([1]); plt.show(); display(HTML('<b>x</b>'))\nlog({'l': 1})")
    waited = notebook.run("%sweep wait")
    pictures = [b for b in (*cell.bundles, *waited.bundles) if "text/html" in b and b["text/html"] == "<b>x</b>"]
    assert pictures == []
    console = notebook.text("import nbsweep; s = nbsweep.Sweep('s'); print(s.console(s.runs[0].name))")
    assert "Figure size" in console and "HTML object" in console
    assert notebook.run("plt.figure(); plt.show()").bundles != [], "the user's own are shown"


def test_two_notebooks_share_a_database_and_each_sees_the_others_sweep_and_runs(
    notebook: Notebook, second: Notebook
) -> None:
    notebook.text(DEFINE_GRID.format("one"))
    second.text(DEFINE_GRID.format("two"))
    for each in (notebook, second):
        listed = each.text("%sweep list")
        assert "one" in listed and "two" in listed
    train = "%%sweep_train --sweep one\nimport time\nlog({'l': config.a}); time.sleep(0.3)"
    assert notebook.run(train).ok and second.run(train).ok
    for each in (notebook, second):
        each.text("%sweep wait one")
    until(lambda: notebook.text(SEEN) == second.text(SEEN) == "True 2\n")


def test_a_sweep_is_steered_from_another_notebook_within_a_second(notebook: Notebook, second: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.text(TRAIN_LONG.format(""))
    second.text("import nbsweep, time; sweep = nbsweep.Sweep('s')")
    took = """
began = time.monotonic()
{act}
while not ({true}):
    assert time.monotonic() - began < 20
    time.sleep(0.01)
print(time.monotonic() - began)
"""
    until(lambda: second.text("print(len(sweep.runs))") == "1\n")
    killed = second.text(took.format(act="%sweep kill 1 --sweep s", true="sweep.runs[0].state == 'killed'"))
    until(lambda: second.text("print(len(sweep.runs))") == "2\n")
    second.text("%sweep pause s")
    second.text("sweep.kill_run('2')")
    until(lambda: second.text("print(sweep.runs[1].state)") == "killed\n")
    assert second.text("time.sleep(0.5); print(len(sweep.runs))") == "2\n", "paused: no new run"
    resumed = second.text(took.format(act="%sweep resume s", true="len(sweep.runs) == 3"))
    stopped = second.text(took.format(act="%sweep stop s", true="sweep.runs[2].state == 'killed'"))
    for seconds in (killed, resumed, stopped):
        assert float(seconds.splitlines()[-1]) < 2, "about half a second here; other work may slow it"
    assert "finished" in notebook.text("%sweep wait\nprint(__import__('nbsweep').Sweep('s').state)")
