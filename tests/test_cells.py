"""Cells that make a config again: what they make is what the run had."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbsweep
from nbsweep.cells import config_cell
from nbsweep.notebook import lab_requests
from nbsweep.plan import displayed, sendable
from nbsweep.store import RunRecord
from nbsweep.support import identity
from nbsweep.sweep_config import Metric

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
CONFIGS = st.dictionaries(
    st.text(), st.recursive(SCALARS, lambda each: st.lists(each) | st.dictionaries(st.text(), each))
)


def made(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(source, names)
    return names["config"]


@settings(max_examples=60, deadline=None)
@given(CONFIGS, st.text(), st.floats() | st.none())
def test_a_config_comes_back_whole_whatever_it_and_its_run_are_called(
    config: dict[str, Any], name: str, value: float | None
) -> None:
    run = RunRecord("id", "sweep", 0, name, "p", config, state="finished", summary={"loss": value})
    again = made(config_cell(run, Metric("loss")))
    assert repr(again) == repr(config), "types too: 0.0 is not 0"


@pytest.mark.usefixtures("tmp_store")
def test_a_page_shows_whole_numbers_that_a_float_cannot_hold_and_its_cell_has_them() -> None:
    large = 1234567890123456789
    parameters = {"seed": {"values": [large, large + 1, 3]}, "rate": {"value": 0.0}}
    sweep_id = nbsweep.sweep({"method": "grid", "metric": {"name": "loss"}, "parameters": parameters})
    nbsweep.agent(sweep_id, lambda config: nbsweep.log({"loss": -(config.seed % 10)}), count=1)
    told = lab_requests.best({"sweep": sweep_id})
    assert sendable({"seed": large, "rate": 0.0}, to_page=True) == {"seed": str(large), "rate": 0.0}
    assert told["source"].endswith("config = {\n    'rate': 0.0,\n    'seed': 1234567890123456789,\n}")
    assert displayed([2**53 - 1, 2**53, -(2**53), math.inf]) == [2**53 - 1, str(2**53), str(-(2**53)), "Infinity"]
    assert identity(displayed(large)) != identity(displayed(large + 1))
