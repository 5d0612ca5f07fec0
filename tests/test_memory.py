"""Memory that runs out fails one run; what it held is freed before the next begins."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import memory
from tests.test_agents import CONFIG

pytestmark = pytest.mark.usefixtures("tmp_store")


class Model:
    """Holds itself, as modules with hooks do, so that only the collector frees it."""

    def __init__(self) -> None:
        self.me = self


def test_running_out_of_memory_fails_that_run_alone_and_frees_what_it_held() -> None:
    models: list[weakref.ref[Model]] = []
    freed: list[bool] = []

    def train(run: Any) -> None:
        freed.append(all(model() is None for model in models))
        model = Model()
        models.append(weakref.ref(model))
        if run.number == 2:
            np.zeros(2**55, dtype="u1")
        run.log({"loss": 1.0})

    sweep_id = nbsweep.sweep(CONFIG)
    gc.collect()
    gc.disable()  # what frees the model is ours, not a collection by chance
    try:
        nbsweep.agent(sweep_id, train, count=3)
    finally:
        gc.enable()
    runs = nbsweep.Sweep(sweep_id).runs
    assert [run.state for run in runs] == ["finished", "failed", "finished"]
    assert runs[1].why is not None and "Unable to allocate" in runs[1].why
    assert freed == [True, False, True], "a run's circles wait for the collector, but not after a shortage"


@pytest.mark.parametrize("words", ["CUDA out of memory. Tried to allocate 2.00 GiB", "CUDA error: out of memory"])
def test_a_devices_shortage_is_known_by_its_words(words: str) -> None:
    assert memory.is_shortage(RuntimeError(words)) and not memory.is_shortage(ValueError(words))


def test_on_a_gpu_blocks_are_given_back_between_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[int] = []
    cuda = types.SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, empty_cache=lambda: emptied.append(1)
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    nbsweep.agent(nbsweep.sweep(CONFIG), lambda run: run.log({"loss": 1.0}), count=2)
    assert len(emptied) == 2
