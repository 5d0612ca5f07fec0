"""Random search: by the distributions, repeatable, and without repetition where the space is finite."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsweep import search
from nbsweep.errors import ConfigError, UsageError
from nbsweep.search import Observation, Optimizer, Searcher
from nbsweep.search.remaining import Remaining
from nbsweep.space import SearchSpace
from nbsweep.sweep_config import load
from tests import strategies


def random(seed: int = 0, **parameters: Any) -> Searcher:
    return search.make_searcher(load({"method": "random", "parameters": parameters}), seed)


def drawn(searcher: Searcher, count: int, start: int = 0) -> list[dict[str, Any]]:
    """Up to `count` configs, each told as finished."""
    configs: list[dict[str, Any]] = []
    for number in range(start, start + count):
        config = searcher.ask(number)
        if config is None:
            break
        searcher.tell(Observation(number, config, "finished", 0.0))
        configs.append(config)
    return configs


def test_the_seed_and_the_run_number_decide_a_draw() -> None:
    space = {"lr": {"min": 0.0, "max": 1.0}, "n": {"values": [1, 2, 3]}}
    assert random(1, **space).ask(7) == random(1, **space).ask(7)
    assert random(1, **space).ask(7) != random(2, **space).ask(7)
    assert random(1, **space).ask(7) != random(1, **space).ask(8)


def test_a_finite_space_is_exhausted_without_a_repetition() -> None:
    searcher = random(
        a={"values": ["x", "y", "z"]}, b={"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8}
    )
    configs = drawn(searcher, 1000)
    assert len(configs) == 3 * 29 == len({(c["a"], c["b"]) for c in configs})
    assert searcher.ask(1000) is None


def test_without_telling_no_point_comes_twice_either() -> None:
    searcher = random(a={"min": 1, "max": 30})
    configs = [searcher.ask(number) for number in range(30)]
    assert sorted(config["a"] for config in configs if config is not None) == list(range(1, 31))
    assert searcher.ask(30) is None


def test_asked_again_for_the_same_run_the_answer_is_the_same() -> None:
    searcher = random(a={"min": 1, "max": 3})
    assert searcher.ask(0) == searcher.ask(0)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many samples of the space were drawn, and how often what remains of it was put together."""
    counted: Counter[str] = Counter()

    def counting(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def counted_call(*args: Any) -> Any:
            counted[name] += 1
            return original(*args)

        monkeypatch.setattr(owner, name, counted_call)

    counting(SearchSpace, "sample")
    counting(Remaining, "__init__")
    return counted


def test_the_last_of_ten_thousand_points_is_found_at_once(work: Counter[str]) -> None:
    searcher = random(a={"min": 0, "max": 99}, b={"min": 0, "max": 99})
    for number in range(10_000):
        if number != 4321:
            searcher.tell(Observation(number, {"a": number // 100, "b": number % 100}, "finished"))
    assert searcher.ask(10_000) == {"a": 43, "b": 21}
    assert work["sample"] <= 20 and work["__init__"] == 1


def test_the_last_points_of_ten_thousand_are_not_drawn_for_again_and_again(work: Counter[str]) -> None:
    configs = drawn(random(a={"min": 0, "max": 99}, b={"min": 0, "max": 99}), 10_001)
    assert len({(c["a"], c["b"]) for c in configs}) == 10_000
    assert work["sample"] < 60_000, "by chance alone 10,000 · (ln 10,000 + 0.58), about 98,000"
    assert work["__init__"] == 1


def test_a_rare_value_is_reached_when_the_likely_ones_are_used_up() -> None:
    searcher = random(
        a={"values": list(range(20)), "probabilities": [1 - 19e-12] + [1e-12] * 19}, b={"min": 1, "max": 3}
    )
    configs = drawn(searcher, 61)
    assert len(configs) == 60
    assert [c["a"] for c in configs[:3]] == [0, 0, 0]


def test_a_value_of_probability_zero_is_never_drawn_and_does_not_keep_the_sweep_going() -> None:
    searcher = random(a={"values": [1, 2, 3], "probabilities": [0.5, 0.5, 0]})
    assert sorted(c["a"] for c in drawn(searcher, 10)) == [1, 2]


@pytest.mark.parametrize("taken", [[], ["a"]])
def test_draws_without_repetition_keep_the_weights_of_what_is_left(taken: list[str]) -> None:
    weights = {"a": 0.9, "b": 0.06, "c": 0.03, "d": 0.01}
    left = {value: weight for value, weight in weights.items() if value not in taken}
    counts: Counter[str] = Counter()
    for seed in range(3000):
        searcher = random(seed, x={"values": list(weights), "probabilities": list(weights.values())})
        for number, value in enumerate(taken):
            searcher.tell(Observation(number, {"x": value}, "finished"))
        config = searcher.ask(len(taken))
        assert config is not None
        counts[config["x"]] += 1
    for value, weight in left.items():
        assert abs(counts[value] / 3000 - weight / sum(left.values())) < 0.035
    assert not any(counts[value] for value in taken)


def test_a_suggestion_that_its_run_did_not_take_comes_back() -> None:
    searcher = random(a={"values": [1, 2, 3]})
    suggested = searcher.ask(0)
    assert suggested is not None
    other = next(a for a in (1, 2, 3) if a != suggested["a"])
    searcher.tell(Observation(0, {"a": other}, "running"))
    assert sorted(c["a"] for c in drawn(searcher, 5, start=1)) == sorted({1, 2, 3} - {other})


def test_runs_with_configs_from_elsewhere_do_no_harm() -> None:
    searcher = random(a={"values": [1, 2]})
    foreign: list[dict[str, Any]] = [{}, {"a": 7}, {"a": object()}]
    for number, config in enumerate(foreign):
        searcher.tell(Observation(number, config, "finished"))
    assert len(drawn(searcher, 5, start=3)) == 2


def test_an_infinite_space_goes_on_without_a_repetition() -> None:
    configs = drawn(random(lr={"min": 0.0, "max": 1.0}, n={"values": [1, 2]}), 2000)
    assert len({c["lr"] for c in configs}) == 2000


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.spaces(), st.integers(0, 2**40), st.data())
def test_a_searcher_rebuilt_from_its_history_goes_on_as_the_first_would(
    raw: dict[str, Any], seed: int, data: st.DataObject
) -> None:
    config = load({"method": "random", "parameters": raw})
    first, history = search.make_searcher(config, seed), []
    cut = data.draw(st.integers(0, 15))
    for number in range(cut):
        suggestion = first.ask(number)
        if suggestion is None:
            break
        history.append(Observation(number, suggestion, "finished", 0.0))
        first.tell(history[-1])
    second = search.make_searcher(config, seed)
    for observation in data.draw(st.permutations(history)):
        second.tell(observation)
    key = SearchSpace.from_config(raw).key
    for number in range(cut, cut + 15):
        ours, theirs = first.ask(number), second.ask(number)
        assert (ours is None) == (theirs is None)
        assert ours is None or theirs is None or key(ours) == key(theirs)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.spaces(strategies.finite_parameters, size=2), st.integers(0, 2**40))
def test_every_finite_space_is_drawn_from_without_a_repetition(raw: dict[str, Any], seed: int) -> None:
    space = SearchSpace.from_config(raw)
    assert space.support is not None
    searcher = search.make_searcher(load({"method": "random", "parameters": raw}), seed)
    configs = drawn(searcher, 100)
    assert len(configs) == min(100, space.support.size) == len({space.key(config) for config in configs})


# -- the optimizer ---------------------------------------------------------------------------------------------------


def test_an_optimizer_with_a_seed_repeats_itself() -> None:
    config = {"method": "random", "parameters": {"x": {"min": -1.0, "max": 1.0}}, "seed": 5}
    first, second, other = Optimizer(config), Optimizer(config, seed=5), Optimizer(config, seed=6)
    asked = [[optimizer.ask() for _ in range(5)] for optimizer in (first, second, other)]
    assert asked[0] == asked[1] != asked[2]


def test_an_optimizer_takes_results_out_of_order_and_of_configs_it_never_gave() -> None:
    optimizer = Optimizer({"method": "random", "parameters": {"x": {"values": [1, 2, 3, 4]}}}, seed=1)
    first, second = optimizer.ask(), optimizer.ask()
    optimizer.tell(second, 0.1)
    optimizer.tell(first, None)
    (third,) = {1, 2, 3} - {first["x"], second["x"]} or {4}
    optimizer.tell({"x": third}, 0.2)
    assert len({first["x"], second["x"], third, optimizer.ask()["x"]}) == 4
    with pytest.raises(UsageError, match="every point"):
        optimizer.ask()


@pytest.mark.parametrize("method", ["random", "grid", "bayes"])
def test_a_config_that_is_none_of_the_space_is_said_and_moves_nothing(method: str) -> None:
    parameters = {"x": {"values": [1, 2, 3]}, "net": {"parameters": {"k": {"min": 1, "max": 4}}}, "c": {"value": 7}}
    config = {"method": method, "metric": {"name": "loss"}, "parameters": parameters}
    optimizer, other = Optimizer(config, seed=1), Optimizer(config, seed=1)
    for told, said in (
        ({"X": 1, "net": {"k": 1}}, r"the space has no parameter 'X'; did you mean x\?"),
        ({"x": 1, "net": {"k": 1, "z": 2}}, r"the space has no parameter 'net\.z'"),
        ({"x": 1}, r"parameters\.net\.parameters\.k is missing"),
        ({}, r"is missing"),
        (5, r"the config is 5; give a dict"),
    ):
        with pytest.raises(UsageError, match=rf"tell\(config, value\): .*{said}"):
            optimizer.tell(told, 0.5)  # type: ignore[arg-type]
    with pytest.warns(UserWarning, match=r"parameters\.net\.parameters\.k: 9 is above max 4; .* left out"):
        optimizer.tell({"x": 1, "net": {"k": 9}}, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was said
        for outside in ({"x": 5, "net": {"k": 1}}, {"x": 1, "net.k": 1, "c": 8}):
            optimizer.tell(outside, 0.5)
    assert [optimizer.ask() for _ in range(4)] == [other.ask() for _ in range(4)]


def test_a_nested_parameter_may_be_told_under_its_dotted_name_and_a_constant_left_out() -> None:
    parameters = {"net": {"parameters": {"k": {"values": [1, 2]}}}, "c": {"value": 7}}
    optimizer = Optimizer({"method": "grid", "parameters": parameters})
    optimizer.tell({"net.k": 1}, 0.5)
    assert optimizer.ask() == {"net": {"k": 2}, "c": 7}


def test_bad_configs_and_seeds_are_refused() -> None:
    with pytest.raises(ConfigError):
        Optimizer({"method": "random"})
    for seed in (-1, 1.5, True):
        with pytest.raises(UsageError, match="seed"):
            random(seed, x={"value": 1})  # type: ignore[arg-type]
