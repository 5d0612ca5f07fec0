"""The hash of training code: it changes with what runs, and with nothing else."""

from __future__ import annotations

import functools
import importlib
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nbsweep
from nbsweep.training_code import training_code


def hash_of(source: str, name: str = "train", **names: Any) -> str:
    """The hash of a function that a notebook's cell defines."""
    space: dict[str, Any] = {"__name__": "__main__", **names}
    exec(textwrap.dedent(source), space)
    code = training_code(space[name])
    assert code is not None
    return code.hash


LOOP = """
def step(x):
    return x + 1
def train(config):
    for epoch in range(3):
        step(epoch)
"""


def test_comments_blank_lines_and_places_do_not_count() -> None:
    commented = "\n\n# a comment\n" + LOOP.replace("return x + 1", "return x + 1  # one more")
    assert hash_of(commented) == hash_of(LOOP)


@pytest.mark.parametrize(
    ("before", "after"),
    [("range(3)", "range(4)"), ("return x + 1", "return x + 2"), ("step(epoch)", "step(epoch); step(epoch)")],
)
def test_what_the_function_and_its_helpers_do_counts(before: str, after: str) -> None:
    assert hash_of(LOOP.replace(before, after)) != hash_of(LOOP)


def test_classes_that_it_reaches_count_method_by_method() -> None:
    model = """
    class Model:
        def forward(self, x):
            return x * 2
    def train():
        Model().forward(1)
    """
    assert hash_of(model) != hash_of(model.replace("x * 2", "x * 3"))
    assert hash_of(model) == hash_of(model)


def test_values_of_variables_and_installed_packages_do_not_count() -> None:
    source = """
    def train(config):
        return json.dumps(rate)
    """
    import json

    assert hash_of(source, json=json, rate=1) == hash_of(source, json=json, rate=2)


def test_sets_of_strings_have_one_hash_in_every_process() -> None:
    source = "def train(x):\n    return x in {'adam', 'sgd', 'rmsprop', 'lion'}"
    code = f"from tests.test_training_code import hash_of; print(hash_of({source!r}))"
    import subprocess

    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


def test_partials_methods_and_callables_have_the_code_of_what_they_call() -> None:
    def train(config: Any, depth: int) -> int:
        return depth

    class Trainer:
        def __call__(self, config: Any) -> int:
            return 1

        def fit(self, config: Any) -> int:
            return 2

    plain, partial = training_code(train), training_code(functools.partial(train, depth=3))
    assert plain is not None and partial is not None and plain.hash == partial.hash
    assert training_code(Trainer()) is not None and training_code(Trainer().fit) is not None
    assert training_code(len) is None


def test_a_module_edited_on_disk_counts_when_it_is_loaded_again_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "helpers_of_this_test.py"
    file.write_text("def step(x):\n    return x + 1\n")
    helpers: ModuleType = importlib.import_module("helpers_of_this_test")
    source = """
    def train(config):
        return helpers.step(1)
    """
    first = hash_of(source, helpers=helpers)
    file.write_text("def step(x):\n    return x + 20\n")
    assert hash_of(source, helpers=helpers) == first, "the old code is what runs"
    importlib.reload(helpers)
    assert hash_of(source, helpers=helpers) != first
    del sys.modules["helpers_of_this_test"]


@pytest.mark.usefixtures("tmp_store")
def test_each_run_keeps_the_code_that_it_was_trained_with() -> None:
    from nbsweep.notebook.dashboard import Dashboard

    sweep_id = nbsweep.sweep({"method": "random", "metric": {"name": "a"}, "parameters": {"x": {"min": 0, "max": 1.0}}})

    def first(run: Any) -> None:
        run.log({"a": 1.0})

    def second(run: Any) -> None:
        run.log({"a": 2.0})

    for function, count in ((first, 2), (second, 1)):
        nbsweep.agent(sweep_id, function, count=count)
    sweep = nbsweep.Sweep(sweep_id)
    hashes = [run.code_hash for run in sweep.runs]
    assert hashes[0] == hashes[1] != hashes[2] and None not in hashes
    assert 'run.log({"a": 2.0})' in (sweep.code(sweep.runs[2].name) or "")
    dashboard = Dashboard(sweep_id)
    with dashboard.sweep.store.read() as db:
        dashboard._read(db, dashboard._sweep_in(db))
    assert [view["code_changed"] for view in dashboard._views(list(dashboard._records.values()), None)] == [
        False,
        False,
        True,
    ]
