"""More of a sweep: a run's config once more, more runs, while an agent works and when none does."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import nbsweep
from nbsweep import analysis, process
from nbsweep.agents import Agent
from nbsweep.engines.threads import ThreadEngine
from nbsweep.errors import UsageError
from nbsweep.progress import progress_of
from nbsweep.store import RunRecord
from tests.test_agents import until

pytestmark = pytest.mark.usefixtures("tmp_store")

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 0.1}},
}


def train() -> None:
    nbsweep.log({"loss": nbsweep.config.lr})


def test_a_rerun_has_the_config_of_its_run_and_is_trained_by_the_function_that_this_process_knows() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=3)
    sweep = nbsweep.Sweep(sweep_id)
    first = sweep.runs[0]

    assert sweep.run(first) == sweep.run(1) == sweep.run(first.name)
    assert f" has the config of {first.name}. A new agent trains 1 more run" in sweep.rerun(first)

    until(lambda: not process.agents(sweep_id))
    again = sweep.runs[3]
    assert again.config == first.config and again.id != first.id
    assert again.state == "finished" and again.summary["loss"] == first.summary["loss"]
    assert sweep.state == "finished"


@pytest.mark.filterwarnings("error")
def test_a_rerun_has_what_the_sweep_chose_and_not_what_training_code_has_added() -> None:
    config = CONFIG | {"parameters": CONFIG["parameters"] | {"net": {"parameters": {"depth": {"values": [1, 2]}}}}}
    sweep_id = nbsweep.sweep(config)
    given: list[dict[str, Any]] = []

    def adding() -> None:
        run = nbsweep.init(config={"epochs": 3})
        given.append(copy.deepcopy(run.config.as_dict()))
        run.config.update({"began": len(given), "net": {"size": len(given)}})
        run.log({"loss": 1.0})

    nbsweep.agent(sweep_id, adding, count=1)
    sweep = nbsweep.Sweep(sweep_id)
    sweep.rerun(1)
    until(lambda: len(sweep.runs) == 2 and not process.agents(sweep_id))
    first, again = sweep.runs
    assert given[0] == given[1] and set(given[0]) == {"lr", "net", "epochs"}
    assert (first.config["began"], again.config["began"]) == (1, 2)
    assert (first.config["net"]["size"], again.config["net"]["size"]) == (1, 2)


def test_an_agent_at_work_goes_on_for_longer() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    go_on, reached = threading.Event(), threading.Event()

    def slow() -> None:
        reached.set()
        assert go_on.wait(20)
        train()

    agent = nbsweep.agent(sweep_id, slow, count=1, block=False)
    assert reached.wait(20)
    sweep = nbsweep.Sweep(sweep_id)
    assert sweep.add_runs(2) == "The agent at work trains 2 more runs."
    assert "The agent at work trains 1 more run." in sweep.rerun(sweep.runs[0].id)
    pending = sweep.runs[1]
    assert pending.state == "pending" and pending.started_at is None
    go_on.set()
    assert agent.wait(20)
    assert [run.state for run in sweep.runs] == ["finished"] * 4
    assert sweep.runs[1].config == sweep.runs[0].config, "what was asked for by name comes before new configs"


def test_more_runs_outlive_an_agent_that_is_still_ending() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    go_on = [threading.Event(), threading.Event()]
    reached = [threading.Event(), threading.Event()]

    def slow(run: Any) -> None:
        reached[run.number - 1].set()
        assert go_on[run.number - 1].wait(20)
        train()

    first = nbsweep.agent(sweep_id, slow, count=1, block=False)
    assert reached[0].wait(20)
    sweep = nbsweep.Sweep(sweep_id)
    sweep.stop(after_current=True)
    assert sweep.add_runs(1) == "A new agent trains 1 more run."
    assert reached[1].wait(20)
    go_on[0].set()
    assert first.wait(20)
    go_on[1].set()
    until(lambda: not process.agents(sweep_id))
    assert [run.state for run in sweep.runs] == ["finished", "finished"]


def test_what_trains_more_holds_no_agent_and_each_agent_has_an_engine_of_its_own() -> None:
    first = Agent(nbsweep.sweep(CONFIG), train, count=1, workers=2)
    again, gone = first.again, weakref.ref(first)
    one, other = again(3), again(None)
    assert one._engine is not other._engine and one._engine is not first._engine
    assert one._engine.slots == one.workers == 2 and (one.count, other.count) == (3, None)
    del first
    gc.collect()
    assert gone() is None


def test_what_waits_is_dropped_by_a_stop_and_by_its_own_kill() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    process._trainings.clear()
    sweep = nbsweep.Sweep(sweep_id)
    said = sweep.rerun(sweep.runs[0].name)
    assert "No agent is at work" in said and f"nbsweep.agent('{sweep_id}', train, count=1)" in said
    sweep.kill_run(sweep.runs[1].name)
    sweep.rerun(sweep.runs[0].name)
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["finished", "killed", "pending"]
    sweep.stop()
    assert sweep.runs[2].state == "killed"


def test_the_next_agent_of_any_process_takes_what_waits() -> None:
    sweep_id = nbsweep.sweep({**CONFIG, "method": "grid", "parameters": {"lr": {"values": [1, 2]}}})
    nbsweep.agent(sweep_id, train)
    process._trainings.clear()
    sweep = nbsweep.Sweep(sweep_id)
    sweep.rerun("1")
    nbsweep.agent(sweep_id, train)
    assert [run.config["lr"] for run in sweep.runs] == [1, 2, 1]
    assert sweep.runs[2].state == "finished"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"method": "grid"}, "every point of the space has a run"),
        ({"method": "bayes"}, "every point of the space has a run"),
        ({"run_cap": 1}, "the sweep has the 1 runs of its run_cap"),
    ],
)
def test_more_runs_of_what_has_none_left_say_so_and_start_no_agent(change: dict[str, Any], why: str) -> None:
    sweep_id = nbsweep.sweep({**CONFIG, "parameters": {"lr": {"values": [1, 2]}}, **change})
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    trained = len(sweep.runs)
    assert sweep.add_runs(3) == f"Nothing is left to train: {why}. `%sweep rerun RUN` trains a config once more."
    assert not process.agents(sweep_id) and len(sweep.runs) == trained
    assert "A new agent trains 1 more run" in sweep.rerun("1")


def test_a_sweep_that_was_widened_meanwhile_has_more_to_train() -> None:
    config = {**CONFIG, "method": "grid", "name": "widened", "parameters": {"lr": {"values": [1, 2]}}}
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    assert nbsweep.sweep({**config, "parameters": {"lr": {"values": [1, 2, 3]}}}) == sweep_id
    assert "A new agent trains 1 more run" in sweep.add_runs(1)
    until(lambda: not process.agents(sweep_id))
    assert [run.config["lr"] for run in sweep.runs] == [1, 2, 3]


@pytest.mark.parametrize("method", ["grid", "random"])
def test_runs_of_earlier_versions_take_their_points_of_a_space_that_was_changed(method: str) -> None:
    config = {**CONFIG, "method": method, "name": "narrowed"}
    sweep_id = nbsweep.sweep({**config, "parameters": {"lr": {"values": [1, 2, 3]}}})
    nbsweep.agent(sweep_id, train)
    nbsweep.sweep({**config, "parameters": {"lr": {"values": [1, 2]}}})
    sweep = nbsweep.Sweep(sweep_id)
    assert "Nothing is left to train: every point of the space has a run" in sweep.add_runs(2)
    nbsweep.sweep({**config, "parameters": {"lr": {"values": [3, 4]}}})
    assert "A new agent trains 1 more run" in nbsweep.Sweep(sweep_id).add_runs(1), "3 has a run, 4 has none"
    until(lambda: not process.agents(sweep_id))
    assert sweep.runs[3].config["lr"] == 4


def test_points_of_earlier_runs_are_taken_and_those_that_only_a_random_search_can_draw_count() -> None:
    sweep_id = nbsweep.sweep({**CONFIG, "method": "grid", "parameters": {"lr": {"values": [1, 2, 3]}}},
                             prior_runs=[({"lr": 1}, 0.1), ({"lr": 2}, None)])  # fmt: skip
    nbsweep.agent(sweep_id, train)
    assert [run.config["lr"] for run in nbsweep.Sweep(sweep_id).runs] == [2, 3]
    assert "Nothing is left to train" in nbsweep.Sweep(sweep_id).add_runs(1)
    few = {"distribution": "q_log_uniform_values", "min": 8, "max": 24, "q": 8}
    sweep_id = nbsweep.sweep({**CONFIG, "parameters": {"lr": few}})
    nbsweep.agent(sweep_id, train)
    assert len(nbsweep.Sweep(sweep_id).runs) == 3 and "Nothing is left" in nbsweep.Sweep(sweep_id).add_runs(1)


def test_a_crashed_run_leaves_something_to_train_until_it_was_tried_again() -> None:
    sweep_id = nbsweep.sweep({**CONFIG, "method": "grid", "parameters": {"lr": {"values": [1, 2]}}})
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    with sweep.store.write() as db:
        db.update_run(sweep.runs[0].id, state="crashed")
    assert "A new agent trains 1 more run" in sweep.add_runs(1)
    until(lambda: not process.agents(sweep_id))
    assert [run.config["lr"] for run in sweep.runs] == [1, 2, 1]
    assert "Nothing is left to train" in sweep.add_runs(1)


def test_of_a_paused_sweep_more_runs_are_said_to_come_once_it_goes_on() -> None:
    once = "once the sweep goes on: `%sweep resume`."
    sweep_id = nbsweep.sweep(CONFIG)
    sweep = nbsweep.Sweep(sweep_id)
    sweep.pause()
    assert sweep.add_runs(1).endswith(f"train, count=1). It trains {once}")
    agent = nbsweep.agent(sweep_id, train, count=1, block=False)
    assert sweep.add_runs(1) == f"The agent at work trains 1 more run {once}"
    sweep.resume()
    assert agent.wait(20) and len(sweep.runs) == 2
    agent = nbsweep.agent(sweep_id, train, block=False)
    sweep.pause()
    assert f"needs no more runs asked for: it trains runs until it is stopped {once}" in sweep.add_runs(1)
    sweep.stop()
    assert agent.wait(20)


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "3"])
def test_a_count_that_is_none_is_refused(count: Any) -> None:
    sweep = nbsweep.Sweep(nbsweep.sweep(CONFIG))
    with pytest.raises(UsageError, match=r"count=.*: use a whole number, 1 or more"):
        sweep.add_runs(count)


def test_a_cancelled_sweep_and_an_unknown_run_are_refused() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    sweep = nbsweep.Sweep(sweep_id)
    with pytest.raises(UsageError, match="no run 'none'"):
        sweep.rerun("none")
    sweep.cancel()
    for more in (lambda: sweep.rerun("1"), lambda: sweep.add_runs(1)):
        with pytest.raises(UsageError, match="was cancelled"):
            more()


def test_an_open_ended_agent_needs_no_more_asked_for() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    agent = Agent(sweep_id, lambda: threading.Event().wait(0.01))
    agent.start()
    sweep = nbsweep.Sweep(sweep_id)
    assert sweep.add_runs(5) == "The agent at work needs no more runs asked for: it trains runs until it is stopped."
    sweep.stop()
    assert agent.wait(20)


def test_time_saved_is_what_stopped_runs_fell_short_of_the_usual() -> None:
    def run(number: int, state: str, seconds: float, because: str | None = None) -> RunRecord:
        times = {"started_at": 100.0, "finished_at": 100.0 + seconds}
        return RunRecord(str(number), "s", number, "", "", {}, state, stopped_because=because, **times)  # type: ignore[arg-type]

    whole = [run(0, "finished", 60), run(1, "finished", 100), run(2, "finished", 80)]
    stopped = [run(3, "stopped", 20, "band 3"), run(4, "stopped", 90, "band 9")]
    assert analysis.time_saved([*whole, *stopped]) == 60
    assert analysis.time_saved([*whole, run(5, "killed", 1)]) is None
    assert analysis.time_saved(stopped) is None


def test_progress_counts_the_runs_that_were_added_since() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(30)
        train()

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, slow, count=1, block=False)
    assert begun.wait(30)
    for _ in range(2):
        nbsweep.Sweep(sweep_id).rerun("1")
    assert str(progress_of([agent])).startswith("0 of 3 runs")
    go_on.set()
    assert agent.wait(30) and str(progress_of([agent])).startswith("3 of 3 runs")


def test_whatever_is_asked_of_a_deleted_sweep_says_that_it_was_deleted() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    sweep = nbsweep.Sweep(sweep_id)
    assert sweep.runs == [] and sweep.to_pandas().empty and sweep.history().empty and sweep.best_run is None
    sweep.delete()
    asked: list[Callable[[], object]] = [
        lambda: sweep.state,
        lambda: sweep.runs,
        lambda: sweep.best_run,
        sweep.to_pandas,
        sweep.history,
        lambda: sweep.history("calm-hare-1"),
        lambda: sweep.versions,
    ]
    for ask in asked:
        with pytest.raises(UsageError, match=f"sweep '{sweep_id}' is no longer in the store: it was deleted"):
            ask()


@pytest.mark.parametrize("count", [1, None])
def test_more_that_is_asked_for_when_an_agent_has_just_ended_is_trained_by_a_new_one(
    monkeypatch: pytest.MonkeyPatch, count: int | None
) -> None:
    going, go_on = threading.Event(), threading.Event()
    close = ThreadEngine.close

    def slow(self: ThreadEngine) -> None:
        going.set()
        assert go_on.wait(20)
        close(self)

    monkeypatch.setattr(ThreadEngine, "close", slow)
    sweep_id = nbsweep.sweep({**CONFIG, "method": "grid", "parameters": {"lr": {"values": [0.1]}}})
    agent = nbsweep.agent(sweep_id, train, count=count, block=False)
    assert going.wait(20), "it was told that there is no more, and has not left yet"
    sweep = nbsweep.Sweep(sweep_id)
    said = sweep.rerun("1")
    go_on.set()
    assert "A new agent trains 1 more run" in said and agent.wait(20)
    until(lambda: not process.agents(sweep_id))
    assert [run.state for run in sweep.runs] == ["finished", "finished"] and sweep.state == "finished"
