"""How history becomes bytes and comes back: nothing is rounded, lost or in the way of what can be read."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
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


RNG = np.random.default_rng(0)
NUMBERS = {
    "noise": RNG.random(1024),
    "a loss": np.exp(-np.arange(1024) / 300) + 0.1 * RNG.random(1024),
    "float32": RNG.random(1024, dtype="f4").astype("f8"),
    "regular floats": 5000 + 0.1 * np.arange(1024),
    "an accuracy": RNG.integers(30, 64, 1024) / 64,
    "not finite": np.resize([0.1, math.nan, math.inf, -math.inf, -0.0], 1024),
    "steps of a byte": np.cumsum(RNG.integers(0, 100, 1024)),
    "times": 1_700_000_000_000_000 + np.cumsum(RNG.integers(900, 1200, 1024)),
    "far steps": np.cumsum(RNG.integers(-(2**19), 2**19, 1024)),
    "any ints": RNG.integers(-(2**63), 2**63 - 1, 1024),
}


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_full_chunk_comes_back_as_it_was(name: str, final: bool) -> None:
    values = NUMBERS[name]
    encoded = encode(values, "float" if values.dtype.kind == "f" else "int", final=final)
    assert decode(encoded).tobytes() == values.tobytes()
    assert len(encoded) <= values.nbytes + 16


@pytest.mark.parametrize(
    ("name", "bytes_each"),
    [("a loss", 7.0), ("float32", 3.7), ("regular floats", 0.5), ("an accuracy", 1.2), ("times", 1.6)],
)
def test_what_training_logs_takes_few_bytes(name: str, bytes_each: float) -> None:
    values = NUMBERS[name]
    assert len(encode(values, "float" if values.dtype.kind == "f" else "int")) / len(values) <= bytes_each


def test_differences_as_older_stores_have_them_are_read() -> None:
    values = np.cumsum(RNG.integers(-50, 50, 300))
    raw = values[:1].astype("<i8").tobytes() + np.diff(values).astype("<i4").tobytes()
    assert decode(b"d-" + raw).tolist() == decode(b"dz" + zlib.compress(raw)).tolist() == values.tolist()
