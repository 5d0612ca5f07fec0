"""A sweep as a small table of text: what its cells say."""

from __future__ import annotations

import pytest

import nbsweep
from nbsweep.notebook.tables import table_of

pytestmark = pytest.mark.usefixtures("tmp_store")


def test_none_is_a_value_and_a_dash_stands_where_there_is_none() -> None:
    sweep_id = nbsweep.sweep(
        {
            "method": "grid",
            "metric": {"name": "loss"},
            "parameters": {"act": {"values": [None, "relu"]}, "depth": {"values": [1]}, "width": {"values": [None, 8]}},
        }
    )
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 1.0}) if run.config.act is None else None)
    table = table_of(nbsweep.Sweep(sweep_id))
    told = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    assert {row["act"] for row in told} == {"None", "relu"}
    assert {row["width"] for row in told} == {"None", "8"}
    assert {row["loss"] for row in told if row["act"] == "relu"} == {"–"}
