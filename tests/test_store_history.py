"""How history becomes bytes and comes back: nothing is rounded, lost or in the way of what can be read."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nbsweep.store import RunTail, read_history
from nbsweep.store.columns import decode, encode, kind_of


def test_a_float32_loss_takes_four_bytes_and_nothing_is_rounded() -> None:
    values = np.random.default_rng(0).random(1000, dtype="f4").astype("f8")
    assert len(encode(values, "float")) <= 4 * 1000 + 8
    assert decode(encode(values, "float")).tolist() == values.tolist()


@given(st.lists(st.floats(width=64), max_size=50))
def test_floats_come_back_bit_for_bit(values: list[float]) -> None:
    back = decode(encode(values, "float"))
    assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(values, back, strict=True))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_ints_come_back_exactly(values: list[int]) -> None:
    assert decode(encode(values, "int")).tolist() == values


@given(st.lists(st.one_of(st.floats(), st.integers(), st.booleans(), st.text()), min_size=1, max_size=30))
def test_a_column_of_mixed_values_is_readable(values: list[object]) -> None:
    tail = RunTail("r")
    for row, value in enumerate(values):
        tail.append(row, float(row), {"k": value})
    column = read_history(tail.take_chunks())["r"].columns["k"]
    got = list(column.values)
    assert len(got) == len(values)
    for a, b in zip(got, values, strict=True):
        assert a == b or (a != a and b != b) or (kind_of(b) == "int" and float(a) == float(b))  # type: ignore[arg-type]
