"""Grid search: in order, each point once, lazily, and the same after a restart."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsweep import search
from nbsweep.errors import UsageError
from nbsweep.search import Observation, Optimizer, Searcher
from nbsweep.search.grid import Shuffle
from nbsweep.space import SearchSpace
from nbsweep.sweep_config import load
from tests import strategies


def grid(seed: int = 0, order: str = "sorted", **parameters: Any) -> Searcher:
    return search.make_searcher(load({"method": "grid", "grid_order": order, "parameters": parameters}), seed)


def all_of(searcher: Searcher, start: int = 0, tell: bool = True) -> list[dict[str, Any]]:
    configs: list[dict[str, Any]] = []
    while (config := searcher.ask(start + len(configs))) is not None:
        if tell:
            searcher.tell(Observation(start + len(configs), config, "finished", 0.0))
        configs.append(config)
    return configs


def test_points_come_by_name_with_the_last_fastest_and_then_none() -> None:
    searcher = grid(b={"values": [1, 2]}, a={"values": ["y", "x"]})
    assert all_of(searcher) == [{"a": "y", "b": 1}, {"a": "y", "b": 2}, {"a": "x", "b": 1}, {"a": "x", "b": 2}]
    assert searcher.ask(99) is None


@pytest.mark.parametrize("tell", [True, False])
def test_without_telling_no_point_comes_twice_either(tell: bool) -> None:
    assert [c["a"] for c in all_of(grid(a={"min": 1, "max": 50}), tell=tell)] == list(range(1, 51))


def test_asked_again_for_the_same_run_the_answer_is_the_same() -> None:
    searcher = grid(a={"values": [1, 2]})
    assert searcher.ask(0) == searcher.ask(0) == {"a": 1}
    assert searcher.ask(1) == {"a": 2}


@pytest.mark.parametrize("state", ["pending", "running", "finished", "failed", "stopped", "killed", "crashed"])
def test_a_point_that_any_run_has_is_skipped(state: str) -> None:
    searcher = grid(a={"values": [1, 2, 3]})
    searcher.tell(Observation(0, {"a": 2}, state))
    assert [c["a"] for c in all_of(searcher, start=1)] == [1, 3]


def test_points_are_recognised_however_they_are_written() -> None:
    searcher = grid(a={"values": [3_000_000, True, 1, {"x": 1, "y": 2}, float("nan")]})
    for number, value in enumerate([3e6, 1.0, {"y": 2, "x": 1}, float("nan")]):
        searcher.tell(Observation(number, {"a": value, "added by the run": 1}, "finished"))
    (left,) = all_of(searcher, start=4)
    assert left["a"] is True


def test_numpys_numbers_are_recognised_too() -> None:
    searcher = grid(a={"min": 1, "max": 3}, b={"values": [1, 2.5]})
    searcher.tell(Observation(0, {"a": np.int64(1), "b": np.float32(2.5)}, "finished"))
    searcher.tell(Observation(1, {"a": np.int32(2), "b": np.int64(1)}, "finished"))
    assert len(all_of(searcher, start=2)) == 4


def test_runs_with_configs_from_elsewhere_do_no_harm() -> None:
    searcher = grid(a={"values": [1, 2]})
    foreign: list[dict[str, Any]] = [{}, {"a": 7}, {"a": object()}, {"b": 1}]
    for number, config in enumerate(foreign):
        searcher.tell(Observation(number, config, "finished"))
    assert len(all_of(searcher, start=4)) == 2


def test_a_suggestion_that_its_run_did_not_take_comes_back() -> None:
    searcher = grid(a={"values": [1, 2, 3]})
    assert searcher.ask(0) == {"a": 1}
    searcher.tell(Observation(0, {"a": 2}, "running"))
    assert [c["a"] for c in all_of(searcher, start=1)] == [1, 3]


def test_q_uniform_is_enumerated_from_min_to_max() -> None:
    searcher = grid(a={"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25})
    assert [c["a"] for c in all_of(searcher)] == [0.0, 0.25, 0.5, 0.75, 1.0]


LINES_OF_THOUSAND = """
import sys
from nbsweep.search import Observation
from tests.test_search_grid import grid

searcher = grid(0, sys.argv[1], **{name: {"min": 1, "max": 10**4} for name in ("p0", "p1", "p2")})
lines = 0

def count(frame, event, argument):
    global lines
    lines += event == "line"
    return count

sys.settrace(count)
for number in range(1000):
    lines = 0
    config = searcher.ask(number)
    searcher.tell(Observation(number, config, "finished"))
    print(lines)
"""


@pytest.mark.parametrize("order", ["sorted", "random"])
def test_of_a_trillion_points_the_thousandth_takes_no_longer_than_the_first(order: str) -> None:
    """In a process of its own: in one that drives browsers a traced call was seen never to end."""
    code = [sys.executable, "-c", LINES_OF_THOUSAND, order]
    done = subprocess.run(code, capture_output=True, text=True, check=True, timeout=120)
    taken = [int(lines) for lines in done.stdout.split()]
    assert len(taken) == 1000 and taken[0] > 0
    assert sum(taken[-100:]) <= 1.2 * sum(taken[100:200])


def test_random_order_is_a_permutation_that_the_seed_decides() -> None:
    orders = [[c["a"] for c in all_of(grid(seed, "random", a={"min": 0, "max": 999}))] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == list(range(1000)) != orders[0]


def test_a_random_order_does_not_favour_a_place() -> None:
    firsts = [Shuffle(4, seed).index(0) for seed in range(2000)]
    assert all(400 < firsts.count(index) < 600 for index in range(4))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3000), st.integers(0, 2**64))
def test_a_shuffle_undoes_itself(size: int, seed: int) -> None:
    shuffle = Shuffle(size, seed)
    order = [shuffle.index(place) for place in range(size)]
    assert sorted(order) == list(range(size))
    assert [shuffle.place(index) for index in order] == list(range(size))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    strategies.spaces(st.fixed_dictionaries({"values": st.lists(strategies.json_values, min_size=1, max_size=3)})),
    st.sampled_from(["sorted", "random"]),
    st.integers(0, 2**40),
    st.data(),
)
def test_a_searcher_rebuilt_from_its_history_goes_on_as_the_first_would(
    raw: dict[str, Any], order: str, seed: int, data: st.DataObject
) -> None:
    config = load({"method": "grid", "grid_order": order, "parameters": raw})
    first, history = search.make_searcher(config, seed), []
    size = SearchSpace.from_config(raw).grid_size
    assert size is not None
    cut = data.draw(st.integers(0, min(size, 20)))
    for number in range(cut):
        suggestion = first.ask(number)
        assert suggestion is not None
        history.append(Observation(number, suggestion, "finished", 0.0))
        first.tell(history[-1])
    second = search.make_searcher(config, seed)
    for observation in data.draw(st.permutations(history)):
        second.tell(observation)
    key = SearchSpace.from_config(raw).key
    for number in range(cut, min(size, cut + 20)):
        ours, theirs = first.ask(number), second.ask(number)
        assert ours is not None and theirs is not None and key(ours) == key(theirs)


def test_optimizer_says_when_the_grid_is_done() -> None:
    optimizer = Optimizer({"method": "grid", "parameters": {"a": {"values": [1, 2]}}})
    for _ in range(2):
        optimizer.tell(optimizer.ask(), 0.5)
    with pytest.raises(UsageError, match="every point of the space"):
        optimizer.ask()
