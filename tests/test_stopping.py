"""Hyperband: bands, thresholds and who is stopped."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbsweep.errors import ConfigError
from nbsweep.stopping import Hyperband, Verdict
from nbsweep.sweep_config import EarlyTerminate


def rule(goal: str = "minimize", **keys: Any) -> Hyperband:
    return Hyperband({"type": "hyperband", **keys}, goal)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("max_iter", "s", "eta", "bands"),
    [
        (27, 2, 3, [3, 9]),
        (5, 2, 2, [1, 2]),
        (300, 2, 3, [33, 100]),
        (81, 3, 3, [3, 9, 27]),
        (18, 2, 3, [2, 6]),
        (9, 10, 3, [1, 3]),
    ],
)
def test_bands_divide_max_iter_by_eta(max_iter: int, s: int, eta: float, bands: list[int]) -> None:
    assert rule(max_iter=max_iter, s=s, eta=eta).bands == bands


def test_bands_multiply_min_iter_by_eta() -> None:
    assert rule(min_iter=3).bands[:4] == [3, 9, 27, 81]
    assert rule(min_iter=1, eta=1.5).bands[:6] == [1, 2, 3, 5, 7, 11]
    assert rule(min_iter=1, eta=1e30).bands == sorted(set(rule(min_iter=1, eta=1e30).bands))


def test_the_worse_of_five_is_stopped() -> None:
    histories = {"a": [10, 9], "b": [10, 10], "c": [10, 8, 8], "d": [10, 7, 7], "e": [10, 6, 6]}
    assert rule(max_iter=5, s=2, eta=2).to_stop(histories, {"b", "c", "d"}) == {"b"}


def test_the_threshold_is_the_value_at_place_n_over_eta() -> None:
    hyperband = rule(min_iter=1, eta=3)
    for n in range(1, 30):
        values = [[float(v)] for v in range(n)]
        assert hyperband.threshold(1, values) == int(n / 3)
    assert hyperband.threshold(3, [[1.0]]) is None


def test_ties_and_a_lone_run_go_on() -> None:
    hyperband = rule(min_iter=1)
    assert hyperband.to_stop({"a": [5.0]}, {"a"}) == set()
    assert hyperband.to_stop({"a": [5.0], "b": [5.0], "c": [5.0]}, {"a", "b", "c"}) == set()


def test_nothing_is_stopped_without_data_or_before_the_first_band() -> None:
    assert rule(min_iter=3).to_stop({}, set()) == set()
    assert rule(min_iter=3).to_stop({"a": [], "b": [9.0, 9.0], "c": [1.0, 1.0, 1.0]}, {"a", "b", "c"}) == set()


def test_only_running_runs_are_judged_and_all_runs_count() -> None:
    histories = {"done": [0.0], "killed": [0.1], "slow": [9.0], "worse": [10.0]}
    assert rule(min_iter=1).to_stop(histories, {"slow"}) == {"slow"}


def test_maximize_turns_everything_round() -> None:
    histories = {"a": [0.9], "b": [0.8], "c": [0.1]}
    hyperband = rule("maximize", min_iter=1)
    assert hyperband.to_stop(histories, {"a", "b", "c"}) == {"c"}
    assert hyperband.verdict("c", histories) == Verdict(True, 1, 1, 0.1, 0.8)


def test_strict_judges_the_value_at_the_band_and_otherwise_the_best_so_far() -> None:
    histories = {"good": [1.0, 1.0], "late": [9.0, 0.5]}
    assert rule(min_iter=1, eta=9, strict=True).to_stop(histories, {"late"}) == {"late"}
    assert rule(min_iter=1, eta=9, strict=False).to_stop(histories, {"late"}) == set()


def test_the_latest_band_counts() -> None:
    histories = {"x": [9.0, 9.0, 0.1], "y": [1.0, 1.0, 1.0], "z": [1.0, 1.0, 2.0]}
    assert rule(min_iter=1, eta=3).to_stop(histories, {"x"}) == set()


def test_what_is_not_a_finite_number_does_not_count() -> None:
    history = [math.nan, 5.0, math.inf, None, "7", True, np.float32(6.0), -math.inf]
    verdict = rule(min_iter=2, eta=3).verdict("a", {"a": history, "b": [1.0, 1.0], "c": [1.0, 2.0]})
    assert verdict == Verdict(stop=True, iterations=2, band=2, value=6.0, threshold=2.0)


def test_a_run_without_history_has_a_verdict() -> None:
    assert rule(min_iter=1).verdict("new", {"a": [1.0]}) == Verdict(stop=False, iterations=0)


def test_the_configs_own_class_is_taken_too() -> None:
    assert Hyperband(EarlyTerminate(max_iter=27, s=2), "minimize").bands == [3, 9]


def test_a_rule_that_cannot_be_is_refused() -> None:
    invalid: list[dict[str, Any]] = [{}, {"max_iter": 9}, {"min_iter": 0}, {"min_iter": 3, "eta": 1}, {"min_itr": 3}]
    for keys in invalid:
        with pytest.raises(ConfigError, match="early_terminate"):
            rule(**keys)
    with pytest.raises(ConfigError, match=r"metric\.goal"):
        rule("minimise", min_iter=3)
    others: list[Any] = ["hyperband", None, {}]
    for other in others:
        with pytest.raises(ConfigError):
            Hyperband(other)


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 20), st.lists(st.floats(-1e3, 1e3), max_size=12), max_size=12),
    st.booleans(),
    st.floats(1.5, 5),
)
def test_a_run_that_no_other_beats_is_never_stopped_and_goals_mirror(
    histories: dict[int, list[float]], strict: bool, eta: float
) -> None:
    stopped = rule(min_iter=1, eta=eta, strict=strict).to_stop(histories, set(histories))
    for run in stopped:
        better = [h for r, h in histories.items() if r != run and h]
        assert better
    mirrored = {run: [-value for value in history] for run, history in histories.items()}
    assert rule("maximize", min_iter=1, eta=eta, strict=strict).to_stop(mirrored, set(histories)) == stopped
    assert len(stopped) < max(1, len(histories))
