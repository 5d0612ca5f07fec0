"""The magics in a real kernel (jupyter_client): what a person at a notebook sees."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from nbsweep.errors import UsageError
from nbsweep.notebook.magics import _split

DEFINE = """%%sweep define digits --seed 1
{
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "optimizer": {"values": ["adam", "sgd"]},
        "fc_layer_size": {"values": [128, 256, 512]},
        "dropout": {"values": [0.3, 0.4, 0.5]},
        "epochs": {"value": 1},
        "learning_rate": {"distribution": "uniform", "min": 0, "max": 0.1},
        "batch_size": {"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256},
    },
}
"""


class Notebook:
    """Runs cells in a kernel and collects what they put out."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str, timeout_s: float = 60) -> Cell:
        """Run a cell, whatever comes of it."""
        messages: list[dict[str, Any]] = []
        reply = self.client.execute_interactive(
            code, timeout=timeout_s, output_hook=messages.append, allow_stdin=False, store_history=True
        )
        return Cell(reply["content"], messages)

    def result(self, code: str) -> dict[str, str]:
        """Run a cell that shows its last expression."""
        cell = self.run(code)
        assert cell.results, cell.error
        bundle: dict[str, str] = cell.results[0]
        return bundle

    def text(self, code: str, timeout_s: float = 60) -> str:
        """Run a cell that prints."""
        cell = self.run(code, timeout_s)
        assert cell.ok, cell.error
        return cell.text


class Cell:
    """One executed cell."""

    def __init__(self, reply: dict[str, Any], messages: list[dict[str, Any]]) -> None:
        self.ok = reply["status"] == "ok"
        self.messages = messages
        self.text = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
        self.bundles = [m["content"]["data"] for m in messages if "data" in m["content"] and "display" in m["msg_type"]]
        self.results = [m["content"]["data"] for m in messages if m["msg_type"] == "execute_result"]
        self.error = "".join("\n".join(m["content"]["traceback"]) for m in messages if m["msg_type"] == "error")


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBSWEEP_STORAGE", raising=False)
    manager, client = start_kernel()
    try:
        yield Notebook(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def start_kernel() -> tuple[KernelManager, BlockingKernelClient]:
    manager, client = start_new_kernel(kernel_name="python3")
    Notebook(client).run("%load_ext nbsweep")
    return manager, client


def test_paths_keep_their_backslashes_where_a_backslash_escapes_nothing() -> None:
    line = r"""export C:\Users\me\runs.csv "C:\my runs\new.csv" --sweep it#1"""
    paths = [r"C:\Users\me\runs.csv", r"C:\my runs\new.csv"]
    assert _split(line, escapes=False) == ["export", *paths, "--sweep", "it#1"]
    for line in (r"export my\ runs.csv 'a b'", "", 'say "a \\" b" c#d # e', r"'a\b' \\"):
        assert _split(line, escapes=True) == shlex.split(line)
    with pytest.raises(UsageError, match="No closing quotation"):
        _split("use it's", escapes=False)


def test_define_shows_the_space_from_a_dict_a_variable_yaml_and_a_file(notebook: Notebook, tmp_path: Path) -> None:
    card = notebook.result(DEFINE)
    for part in (
        "learning_rate",
        "uniform",
        "0 … 0.1",
        "q_log_uniform_values",
        "32 … 256, step 8",
        "29",
        "'adam', 'sgd'",
    ):
        assert part in card["text/plain"] and ("'" in part or part in card["text/html"]), part
    notebook.run(
        'sweep_config = {"method": "grid", "parameters": {"a": {"values": [1, 2]}, "b": {"values": [1, 2, 3]}}}'
    )
    assert "6 grid points" in notebook.result("%sweep define sweep_config")["text/plain"]
    yaml = "method: grid\nparameters:\n  a:\n    values: [1, 2, 3]\n"
    assert "3 grid points" in notebook.result("%%sweep define\n" + yaml)["text/plain"]
    (tmp_path / "config.yaml").write_text(yaml)
    assert "3 grid points" in notebook.result("%sweep define config.yaml")["text/plain"]
    notebook.run("choices = [3, 4]")
    card = notebook.result('%%sweep define\n{"method": "grid", "parameters": {"a": {"values": choices}}}')
    assert "3, 4" in card["text/plain"]


def test_what_the_author_should_know_stands_on_the_card(notebook: Notebook) -> None:
    config = '{"method": "grid", "entity": "me", "parameters": {"a": {"values": [(1, 2), "1e-5"]}}}'
    card = notebook.result("%%sweep define\n" + config)
    assert "Note: entity" in card["text/plain"]
    assert card["text/html"].count("Note: ") == card["text/plain"].count("Note: ") >= 2


def test_train_returns_at_once_and_the_sweep_is_watched_waited_for_and_read(notebook: Notebook, tmp_path: Path) -> None:
    notebook.text(DEFINE)
    notebook.run(
        "import time, nbsweep\n"
        "def step(lr):\n    nbsweep.log({'batch loss': lr})\n"
        "    print('step of', nbsweep.run.name)\n    time.sleep(0.01)"
    )
    body = "for i in range(30):\n    step(config.learning_rate)\nlog({'loss': config.learning_rate})\n"
    notebook.run("import anywidget, matplotlib.figure")  # a first import is not what is timed here
    begun = time.monotonic()
    cell = notebook.run("%%sweep_train --count 5 --workers 2\n" + body)
    took = time.monotonic() - begun
    assert cell.ok, cell.error
    assert took < 1.0, "the kernel must be free again at once"
    assert "application/vnd.jupyter.widget-view+json" in cell.bundles[0] and "text/plain" in cell.bundles[0]
    assert "running" in notebook.text("%sweep status")
    waited = notebook.run("%sweep wait")
    assert waited.ok, waited.error
    assert "5 of 5 runs" in waited.bundles[-2]["text/plain"]
    final = waited.bundles[-1]
    assert "image/png" in final and "5 finished" in final["text/plain"]
    assert "loss = " in notebook.text("%sweep best") and "learning_rate" in notebook.text("%sweep best")
    check = (
        "s = nbsweep.Sweep(); h = s.history(); t = s.to_pandas().set_index('run')\n"
        "print(len(h), all(set(g['batch loss'].dropna()) == {t.loc[n, 'learning_rate']} for n, g in h.groupby('run')),"
        " all(set(s.console(n).splitlines()) == {'step of ' + n} for n in t.index))"
    )
    assert notebook.text(check) == "155 True True\n"
    assert "step of" not in waited.text, "what runs print stays with the run"
    assert (tmp_path / ".nbsweep" / "nbsweep.db").exists()


@pytest.mark.parametrize(
    "body", ["assert nbsweep.run is run\nhelper()", "def train():\n    assert nbsweep.run is not None\n    helper()"]
)
def test_a_body_has_its_run_from_the_start_and_so_have_functions_of_other_cells(notebook: Notebook, body: str) -> None:
    notebook.text(DEFINE)
    notebook.run("import nbsweep\ndef helper():\n    nbsweep.run.log({'loss': nbsweep.run.number})")
    notebook.text("%%sweep_train --count 2 --wait\n" + body)
    assert "loss = 1" in notebook.text("%sweep best")


def test_names_of_the_body_stay_in_the_run_and_the_notebooks_are_read(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.run("offset = 10\nmodel = 'mine'")
    body = "import math\nmodel = offset + 1\ndef f():\n    return model\nlog({'loss': f() + math.floor(0.5)})\n"
    notebook.text("%%sweep_train --count 2 --wait\n" + body)
    assert notebook.text("print(model, 'f' in globals(), 'config' in globals())") == "mine False False\n"
    assert "loss = 11" in notebook.text("%sweep best")


@pytest.mark.parametrize(
    "definition", ["def train()", "def train(config)", "def train(config, run)", "async def train()"]
)
def test_a_body_that_defines_train_is_called(notebook: Notebook, definition: str) -> None:
    notebook.text(DEFINE)
    body = f"import nbsweep\n{definition}:\n    nbsweep.log({{'loss': nbsweep.config.learning_rate}})\n"
    notebook.text("%%sweep_train --count 1 --wait\n" + body)
    assert "loss = " in notebook.text("%sweep best")


def test_a_body_that_only_defines_other_functions_is_refused(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    cell = notebook.run("%%sweep_train --count 1 --wait\nimport math\ndef objective(config):\n    log({'loss': 1})\n")
    assert "only defines objective, and would train nothing: name the function train, or call it" in (cell.error or "")
    assert "0" in notebook.text("import nbsweep\nprint(len(nbsweep.Sweep(None).runs))")


@pytest.mark.parametrize("leaving", ["exit()", "quit()"])
def test_exit_in_training_code_ends_its_run_not_the_kernel(notebook: Notebook, leaving: str) -> None:
    notebook.text(DEFINE)
    code = f"log({{'loss': 1}})\n    {leaving}\n    log({{'loss': 2}})\n"
    notebook.text(f"%%sweep_train --count 1 --wait\nif True:\n    {code}")
    notebook.text(f"from nbsweep import log\ndef train():\n    {code}")
    notebook.text("%sweep train train --count 1 --wait")
    assert "2 failed" in notebook.text("%sweep status")
    assert (
        notebook.text("import nbsweep\nprint([run.summary for run in nbsweep.Sweep(None).runs])")
        == "[{'loss': 1}, {'loss': 1}]\n"
    )
    assert notebook.text("print('alive')") == "alive\n"


def test_what_train_of_a_body_returns_in_the_place_of_logging_is_said(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.text("%%sweep_train --count 1 --wait\ndef train(config):\n    return 0.5\n")
    assert "log({'loss': 0.5})" in notebook.text("import nbsweep\nprint(nbsweep.Sweep(None).runs[0].stopped_because)")


def test_a_body_may_await_as_any_cell(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    body = (
        "import asyncio\nasync def step():\n    await asyncio.sleep(0)\n    return 0.25\nlog({'loss': await step()})\n"
    )
    notebook.text("%%sweep_train --count 2 --workers 2 --wait\n" + body)
    assert "2 finished" in notebook.text("%sweep status")
    assert "loss = 0.25" in notebook.text("%sweep best")


def test_sweep_train_takes_a_function_by_name(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.run("import nbsweep\ndef fit(config):\n    nbsweep.log({'loss': config.dropout})")
    notebook.text("%sweep train fit --count 2 --wait")
    assert "2 finished" in notebook.text("%sweep status")


def test_stop_pause_and_resume_from_magics(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.run("import time")
    notebook.text("%%sweep_train --count 3\nwhile True:\n    log({'loss': 1.0}); time.sleep(0.01)")
    assert "is paused" in notebook.text("%sweep pause")
    assert "is running" in notebook.text("%sweep resume")
    assert "1 running run asked to end" in notebook.text("%sweep stop")
    notebook.run("%sweep wait")
    assert "1 killed" in notebook.text("%sweep status")


def test_a_failing_body_shows_its_traceback_and_the_kernel_lives(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    cell = notebook.run("%%sweep_train --count 9 --wait\nraise ValueError('no such luck')\n")
    status = notebook.text("%sweep status")
    assert status.count("failed: ValueError: no such luck") == 3
    assert "The first 3 runs failed" in status and "line 1" in status
    assert "no such luck" in cell.text
    assert notebook.text("print(1 + 1)") == "2\n"


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("%%sweep_train\n%%time\nlog({})", ["%%time", "outside of the run", "leave it out"]),
        ('%%sweep define\n{"method": "randon", "parameters": {"a": {"value": 1}}}', ["method", "randon", "random"]),
        (
            '%%sweep define\n{"method": "random", "parameters": {"lr": {"min": 0.1, "max": 0.01}}}',
            ["parameters.lr", "0.1", "0.01"],
        ),
        (
            '%%sweep define\n{"method": "random", "parameters": {"lr": {"distribution": "unifrom", "min": 0}}}',
            ["parameters.lr.distribution", "unifrom", "uniform"],
        ),
        ('%%sweep define\n{"method": "random", "paramters": {"a": {"value": 1}}}', ["paramters", "parameters"]),
        ('%%sweep define\n{"method": "bayes", "parameters": {"a": {"min": 0, "max": 1}}}', ["metric"]),
        ("%%sweep define\n[1, 2, 3]", ["list", "dict or YAML"]),
        ("%%sweep define\n{'a': nowhere}", ["nowhere"]),
        ("%%sweep define\n{'a': 1", ["not Python", "line 1"]),
        ("%%sweep define\njust words", ["dict", "YAML"]),
        ("%sweep define nowhere", ["nowhere"]),
        ("%sweep defin x", ["did you mean `%sweep define`"]),
        ("%sweep use abc", ["no sweep yet, nor the store", "nbsweep.db"]),
        ("%%sweep_train --count 1\npass", ["no sweep yet"]),
        ("%%sweep_train --cuont 1\npass", ["--cuont", "usage: %%sweep_train"]),
        ("%%sweep_train --count 1\ndef f(:", ["not Python"]),
        ("%%sweep_train --count 1\nx = 1\nreturn x", ["line 2: return x", "it needs no return"]),
        ("%%sweep_train --count 1\nnonlocal x", ["line 1: nonlocal x"]),
    ],
)
def test_a_typo_gets_a_message_that_names_it_and_no_traceback(notebook: Notebook, code: str, parts: list[str]) -> None:
    cell = notebook.run(code)
    assert not cell.ok
    for part in parts:
        assert part in cell.error, cell.error
    assert "Traceback" not in cell.error and len(cell.error.splitlines()) < 8


def test_a_cell_is_trained_in_threads_and_an_engine_that_there_is_not_is_named(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    said = notebook.run("%%sweep_train --count 1 --engine ray\npass").error
    assert "engine='ray'" in said and "threads" in said
    assert notebook.run("%%sweep_train --count 1 --engine threads --wait\nlog({'loss': 1.0})").ok
    assert "finished" in notebook.text("import nbsweep; print([run.state for run in nbsweep.Sweep().runs])")


def test_the_same_define_cell_run_again_goes_on_with_its_sweep(notebook: Notebook) -> None:
    first = notebook.result(DEFINE)["text/plain"]
    again = notebook.result(DEFINE)["text/plain"]
    assert " goes on (id " in again and first.split("(id ")[1][:8] == again.split("(id ")[1][:8]


def test_after_a_kernel_restart_all_of_it_is_there_and_training_goes_on(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    train = "%%sweep_train --count 2 --wait\nlog({'loss': config.learning_rate})"
    notebook.text(train)
    manager, client = start_kernel()
    try:
        again = Notebook(client)
        assert "2 finished" in again.text("%sweep status")
        assert again.run(DEFINE).ok and again.run(train).ok
        assert again.text("import nbsweep; print(len(nbsweep.Sweep('digits').history()))") == "4\n"
        bundle = again.run("nbsweep.Sweep('digits').dashboard()").bundles[-1]
        assert "image/png" in bundle and "4 finished" in bundle["text/plain"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_kernel_shut_down_while_training_leaves_a_crashed_run_and_all_it_logged(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    manager, client = start_kernel()
    other = Notebook(client)
    other.run("import time")
    other.run("%%sweep_train --count 1\nlog({'loss': 0.5}); time.sleep(60)")
    time.sleep(0.5)
    client.stop_channels()
    manager.shutdown_kernel()
    assert "1 crashed" in notebook.text("%sweep status")
    assert notebook.text("import nbsweep; print(nbsweep.Sweep().history()['loss'].tolist())") == "[0.5]\n"


def test_a_failure_in_the_background_is_shown_on_stderr_of_its_training_cell(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    training = notebook.client.execute(
        "%%sweep_train --count 1\nimport time\ntime.sleep(0.5)\nraise ValueError('late')"
    )
    while True:
        message = notebook.client.get_iopub_msg(timeout=30)
        if message["msg_type"] == "stream" and "late" in message["content"]["text"]:
            break
    assert message["content"]["name"] == "stderr"
    assert message["parent_header"]["msg_id"] == training


def test_the_users_own_prints_stay_in_their_cell_while_runs_print(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.text("import time, nbsweep")
    notebook.text(
        "%%sweep_train --count 1\nwhile True:\n    print('from the run'); log({'loss': 1.0}); time.sleep(0.002)"
    )
    assert notebook.text("for i in range(5):\n    print(i); time.sleep(0.05)") == "0\n1\n2\n3\n4\n"
    notebook.text("%sweep stop")
    notebook.text("%sweep wait")
    console = notebook.text("s = nbsweep.Sweep(); print(s.console('1'))")
    assert set(console.split("\n")) == {"from the run", ""}
    assert notebook.text("import sys; print(type(sys.stdout).__name__)") == "OutStream\n"


def test_interrupting_a_wait_once_lets_the_run_finish_and_twice_ends_it(tmp_path: Path, notebook: Notebook) -> None:
    manager, client = start_kernel()
    other = Notebook(client)
    try:
        other.text(DEFINE)
        other.text("%%sweep_train --count 3\nimport time\nwhile True:\n    log({'loss': 1.0}); time.sleep(0.01)")
        waiting = client.execute("%sweep wait")
        interrupts, said = 0, ""
        while True:
            message = client.get_iopub_msg(timeout=30)
            if message["parent_header"].get("msg_id") != waiting:
                continue
            if message["msg_type"] == "stream":
                said += message["content"]["text"]
            if message["msg_type"] in ("display_data", "stream") and interrupts < 2:
                interrupts += 1
                manager.interrupt_kernel()
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        assert "interrupt again to end them now" in said
        assert "1 killed" in other.text("%sweep status")
        assert other.text("print('alive')") == "alive\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_training_cell_run_twice_by_accident_trains_once(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    train = "%%sweep_train --count 1\nimport time\ntime.sleep(1)\nlog({'loss': 1.0})"
    assert notebook.run(train).ok
    again = notebook.run(train)
    assert not again.ok and "is being trained in this kernel already" in again.error and "%sweep wait" in again.error
    notebook.text("%sweep wait")
    assert notebook.text("import nbsweep; print(len(nbsweep.Sweep('digits').runs))") == "1\n"


def test_a_training_cell_with_mended_code_takes_over_after_failures_paused_its_sweep(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    broken = notebook.run("%%sweep_train --count 5 --wait\nlog({'loss': undefined})")
    assert "The first 3 runs failed" in notebook.text("import nbsweep; print(nbsweep.Sweep('digits').note)")
    assert "NameError" in broken.text
    assert notebook.run("%%sweep_train --count 2 --wait\nlog({'loss': 1.0})").ok
    assert "3 failed" in notebook.text("%sweep status") and "2 finished" in notebook.text("%sweep status")


def test_a_stopped_sweep_is_resumed_for_the_runs_that_are_left(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.run("%%sweep_train --count 3\nimport time\nfor i in range(50):\n    log({'loss': 1.0}); time.sleep(0.02)")
    notebook.text("%sweep stop --after-current\n%sweep wait")
    assert "A new agent trains 2 more runs." in notebook.text("%sweep resume")
    notebook.text("%sweep wait")
    assert "3 finished" in notebook.text("%sweep status")
    assert "All runs that were asked for have been trained" in notebook.text("%sweep resume")


def test_figures_show_themselves_in_a_notebook_that_never_set_pyplot_up(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    notebook.text("%%sweep_train --count 4 --wait\nlog({'loss': config.learning_rate})")
    for code in ("__import__('nbsweep').Sweep().plot_slices()", "%sweep parallel", "%sweep importance"):
        assert notebook.result(code)["image/png"].startswith("iVBORw0KGgo"), code


def test_a_variable_of_the_notebook_or_a_sweeps_name_gives_prior_runs(notebook: Notebook) -> None:
    body = '{"method": "bayes", "metric": {"name": "loss"}, "parameters": {"x": {"min": 0, "max": 1.0}}}'
    notebook.run("earlier = [({'x': 0.5}, 0.2), ({'x': 7}, 1.0)]")
    card = notebook.result(f"%%sweep define first --prior earlier\n{body}")
    said = (
        "1 of 2 prior runs fits the search space and counts as an observation; 1 does not: parameters.x: 7 is above max"
    )
    assert said in card["text/plain"] and said in card["text/html"]
    notebook.run("import nbsweep, pandas; table = pandas.DataFrame({'x': [0.1, 0.2], 'loss': [1, None]})")
    card = notebook.result(f"%%sweep define second --prior table\n{body}")
    assert "2 of 2 prior runs fit the search space and count as observations (1 of them failed)" in card["text/plain"]
    notebook.text("nbsweep.agent('second', lambda config: nbsweep.log({'loss': config.x}), count=2); print('done')")
    card = notebook.result(f"%%sweep define third --prior second\n{body}")
    assert "2 of 2 prior runs fit" in card["text/plain"]
    assert "no sweep and no run 'nosuch'" in notebook.run(f"%%sweep define --prior nosuch\n{body}").error


def test_looking_for_sweeps_where_there_is_no_store_makes_none_and_says_where_it_would_be(
    notebook: Notebook, tmp_path: Path
) -> None:
    store = str(tmp_path / ".nbsweep" / "nbsweep.db")
    assert notebook.text("%sweep list") == f"No sweeps yet, nor the store {store}: define one with %%sweep define.\n"
    for code in ("%sweep", "%sweep best", "%sweep use digits", "__import__('nbsweep').Sweep()", "%sweep stop",
                 "%sweep agent", "__import__('nbsweep').agent('digits', print)"):  # fmt: skip
        cell = notebook.run(code)
        assert not cell.ok and f"there is no sweep yet, nor the store {store}" in cell.error, cell.error
    for line in ("%sweep use ", "%sweep kill ", "%sweep importance "):
        notebook.client.complete(line, reply=True, timeout=30)
    assert list(tmp_path.iterdir()) == []
    notebook.text(DEFINE)
    listed = notebook.text("%sweep list")
    assert "digits" in listed and "not begun" in listed and Path(store).exists()


def test_stop_and_cancel_of_a_cancelled_sweep_say_that_it_is(notebook: Notebook) -> None:
    notebook.text(DEFINE)
    assert "Sweep digits stops: 0 running runs asked to end. %%sweep_train goes on" in notebook.text("%sweep stop")
    assert "is cancelled for good; 0 running runs asked to end" in notebook.text("%sweep cancel")
    for code in ("%sweep stop", "%sweep stop --after-current", "%sweep cancel"):
        assert notebook.text(code) == "Sweep digits is cancelled already.\n"


def test_the_best_run_of_a_sweep_without_a_metric_is_not_waited_for(notebook: Notebook) -> None:
    notebook.text("%%sweep define plain\n{'method': 'grid', 'parameters': {'a': {'values': [1]}}}")
    assert notebook.text("%sweep best") == "Sweep plain has no metric to be best by.\n"


def test_help_of_a_command_is_how_it_is_written_and_does_nothing(notebook: Notebook, tmp_path: Path) -> None:
    assert notebook.text("%sweep more --help") == "%sweep more [N] [--sweep NAME]\n" + (
        "one more run of the same search, or N\n"
    )
    assert notebook.text("%sweep best -h").startswith("%sweep best [NAME]\n")
    assert "\n%%sweep_train [--count N]" in notebook.text("%sweep train --help"), "IPython wants a body of cell magics"
    assert notebook.text("%%sweep_train --help\n1 / 0").startswith("%%sweep_train [--count N] [--workers N]")
    assert notebook.text("%%sweep define --help\nnothing").startswith("%%sweep define [NAME] [--project P]")
    for line in ("%sweep --help", "%sweep help", "%%sweep --help\nnothing"):
        assert notebook.text(line).startswith("%sweep define | train |"), line
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_written_over_no_file_but_one_of_html(notebook: Notebook, tmp_path: Path) -> None:
    notebook.text(DEFINE)
    (tmp_path / "keep.ipynb").write_text("mine")
    cell = notebook.run("%sweep report keep.ipynb")
    assert not cell.ok and "keep.ipynb: use a name that ends in .html" in cell.error
    assert (tmp_path / "keep.ipynb").read_text() == "mine"


def test_a_variable_that_gives_no_prior_runs_is_named_unless_a_sweep_is_called_so(notebook: Notebook) -> None:
    body = '{"method": "bayes", "metric": {"name": "loss"}, "parameters": {"x": {"min": 0, "max": 1.0}}}'
    notebook.run("pri = 5")
    cell = notebook.run(f"%%sweep define first --prior pri\n{body}")
    assert not cell.ok and "--prior pri: the variable pri is 5; it can be a list of (config, value) pairs" in cell.error
    notebook.text(f"%%sweep define pri\n{body}")
    assert notebook.run(f"%%sweep define first --prior pri\n{body}").ok
