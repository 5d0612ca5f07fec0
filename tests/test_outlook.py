"""The hint when to stop: said where a search has come to rest, and not where nothing is known."""

from __future__ import annotations

import pytest

from nbsweep.outlook import outlook
from nbsweep.store import RunRecord
from nbsweep.sweep_config import load

HINT = "more runs are unlikely to help much"


def said(values: list[float], promised: float = 0.0, goal: str = "minimize") -> str:
    """Of a sweep with these results, the newest last, whose last three suggestions promise so much."""
    metric = {"name": "loss", "goal": goal}
    config = load({"method": "bayes", "metric": metric, "parameters": {"x": {"min": 0.0, "max": 1.0}}})
    runs = [
        RunRecord(
            str(number),
            "s",
            number,
            "a",
            "p",
            {},
            "finished",
            summary={"loss": value},
            suggestion={"kind": "model", "improvement": promised if number >= len(values) - 3 else 0.5},
        )
        for number, value in enumerate(values)
    ]
    return outlook(runs[::-1], config) or ""


@pytest.mark.parametrize(("goal", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_a_search_that_has_come_to_rest_is_told_of(goal: str, sign: float) -> None:
    assert HINT in said([sign * value for value in (3.0, 2.0, 1.0, *[1.5] * 8)], 1e-4, goal)


@pytest.mark.parametrize("promised", [0.0, 1e-6])
def test_where_all_are_equal_nothing_is_known(promised: float) -> None:
    assert HINT not in said([0.5] * 20, promised)
    assert HINT not in said([0.5, 0.7] * 10, promised), "nor by two levels of a plateau"


@pytest.mark.parametrize(("goal", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_where_the_last_eight_gained_a_promise_of_nothing_is_not_believed(goal: str, sign: float) -> None:
    gaining = [3.0, 2.0, 1.0, *[1.5] * 5, 0.9, 1.5, 1.5]
    assert HINT not in said([sign * value for value in gaining], 0.0, goal)
    assert HINT in said([sign * value for value in [*gaining, *[1.5] * 6]], 0.0, goal)


def test_a_long_search_has_come_to_rest_when_its_later_half_gained_nothing() -> None:
    gaining = [3.0, 2.0, 1.0, *[1.5] * 21, 0.9, *[1.5] * 15]
    assert HINT not in said(gaining, 0.0), "sixteen of forty were in vain"
    assert HINT in said([*gaining, *[1.5] * 10], 0.0)


def test_a_promise_that_is_worth_a_run_is_no_hint_to_stop() -> None:
    assert HINT not in said([3.0, 2.0, 1.0, *[1.5] * 20], 0.1)
