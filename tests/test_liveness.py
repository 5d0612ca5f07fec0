"""Who is alive: decided by processes on this machine and by heartbeats elsewhere, and never by a wall clock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psutil
import pytest

import nbsweep
from nbsweep import cli, process, recovery, sweep_config
from nbsweep.controller import Controller
from nbsweep.definitions import create_run, create_sweep
from nbsweep.errors import StoreError
from nbsweep.liveness import LEASE_S, Observer, machine_token, process_token
from nbsweep.recovery import recover
from nbsweep.store import AgentRecord, RunRecord, RunTail, Store
from nbsweep.store.reach import Reach

GRID: dict[str, Any] = {"method": "grid", "parameters": {"a": {"values": [1, 2, 3]}}}
ELSEWHERE = "another-boot/1/17/2000"


class Clock:
    """Monotonic seconds that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which this process watches agents of other machines."""
    clock = Clock()
    monkeypatch.setattr(recovery, "_observer", Observer(clock))
    return clock


@pytest.fixture
def controller(tmp_store: str) -> Controller:
    store = process.recorder().store
    return Controller(store, create_sweep(store, sweep_config.load(GRID), seed=1).id)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield child
    child.kill()
    child.wait()


def agent_of(process: str | None, pid: int = 17, **values: Any) -> AgentRecord:
    return AgentRecord("a", "s", "host", pid, 0.0, None, 0, 0.0, 0.0, None, process=process, **values)


def remote_run(controller: Controller) -> tuple[str, str]:
    """A run that trains on another machine: ids of its agent and of the run."""
    agent = controller.join(None)
    run = controller.next_run(agent)
    assert isinstance(run, RunRecord)
    with controller.store.write() as db:
        db.update_agents([agent], process=ELSEWHERE, host="elsewhere")
    return agent, run.id


def state_of(store: Store, run_id: str) -> str:
    with store.read() as db:
        run = db.run(run_id)
    assert run is not None
    return run.state


def test_a_process_is_told_from_a_later_one_with_its_pid(sleeper: subprocess.Popen[bytes]) -> None:
    token = process_token(sleeper.pid)
    assert token is not None and token.startswith(machine_token())
    assert Observer().alive(agent_of(token, sleeper.pid))
    earlier = token.rpartition("/")[0] + "/1"
    assert not Observer().alive(agent_of(earlier, sleeper.pid))


def test_a_killed_process_is_dead_although_its_parent_has_not_asked_how_it_ended(
    sleeper: subprocess.Popen[bytes],
) -> None:
    token = process_token(sleeper.pid)
    sleeper.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    assert not Observer().alive(agent_of(token, sleeper.pid))


@pytest.mark.parametrize("jump_s", [-8 * 3600.0, 8 * 3600.0])
def test_a_wall_clock_that_jumps_kills_no_run_of_this_machine(
    controller: Controller, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    run = controller.next_run(controller.join(None))
    assert isinstance(run, RunRecord)
    system: Any = psutil._psplatform  # type: ignore[attr-defined]
    real_time, real_boot = time.time, system.boot_time
    monkeypatch.setattr(time, "time", lambda: real_time() + jump_s)
    # The kernel reports the boot time as now minus the time since: it jumps too, and psutil's start times with it.
    monkeypatch.setattr(system, "boot_time", lambda: real_boot() + jump_s)
    recover(controller.store, controller.sweep_id)
    assert state_of(controller.store, run.id) == "running"


@pytest.mark.parametrize("skew_s", [-8 * 3600.0, 3600.0, -3600.0])
def test_an_agent_elsewhere_lives_while_its_heartbeats_count_whatever_its_clock_says(
    controller: Controller, clock: Clock, skew_s: float
) -> None:
    agent, run = remote_run(controller)
    for _ in range(10):
        clock.now += LEASE_S / 2
        with controller.store.write() as db:
            db.beat_agents([agent])
            db.update_agents([agent], heartbeat_at=time.time() + skew_s)
        recover(controller.store, controller.sweep_id)
    assert state_of(controller.store, run) == "running"


def crashes_after_a_lease(controller: Controller, clock: Clock, run: str) -> None:
    """From a look now on a run lives for a lease, and no longer."""
    recover(controller.store, controller.sweep_id)
    clock.now += LEASE_S - 0.1
    recover(controller.store, controller.sweep_id)
    assert state_of(controller.store, run) == "running"
    clock.now += 0.2
    recover(controller.store, controller.sweep_id)
    assert state_of(controller.store, run) == "crashed"


def test_a_run_elsewhere_is_crashed_when_its_heartbeats_have_stood_still_for_a_lease(
    controller: Controller, clock: Clock
) -> None:
    _agent, run = remote_run(controller)
    crashes_after_a_lease(controller, clock, run)
    assert LEASE_S < 30


def test_after_the_store_was_away_for_this_process_too_all_leases_begin_anew(
    controller: Controller, clock: Clock
) -> None:
    """The server was away for longer than a lease: whoever is back first must not take the others for dead."""
    _agent, run = remote_run(controller)
    recover(controller.store, controller.sweep_id)
    clock.now += LEASE_S + 6
    with pytest.raises(StoreError), controller.store.write():
        raise ConnectionError("the server is away")
    crashes_after_a_lease(controller, clock, run)  # an outage spares nobody for ever


def test_whoever_waited_long_for_the_lock_knows_that_others_could_not_beat_either(
    controller: Controller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = controller.store
    _agent, run = remote_run(controller)
    monkeypatch.setattr(store, "_reach", Reach(clock))
    recover(store, controller.sweep_id)
    with Store(store.url).write():  # somebody holds the lock
        waiting = threading.Thread(target=controller.pause)
        waiting.start()
        until(lambda: bool(store._reach._under_way))
        clock.now += LEASE_S + 3
        with store.read() as db:
            assert not recovery._lost(db, controller.sweep_id), "a look while another thread waits"
    waiting.join()
    recover(store, controller.sweep_id)
    assert state_of(store, run) == "running"


@pytest.mark.parametrize(
    ("beat_s", "logged_s", "took_s"), [(60, 58, 60), (60, 61.5, 61.5), (60, None, 60), (-9, None, 0)]
)
def test_a_run_that_vanished_took_as_long_as_it_gave_signs_of_life(
    controller: Controller, clock: Clock, beat_s: float, logged_s: float | None, took_s: float
) -> None:
    agent, run = remote_run(controller)
    began = 1_700_000_000.0
    with controller.store.write() as db:
        db.update_agents([agent], heartbeat_at=began + beat_s)
        db.update_run(run, started_at=began)
        if logged_s is not None:
            tail = RunTail(run)
            tail.append(0, began + 1, {"loss": 1.0})
            tail.append(1, began + logged_s, {"loss": 0.5})
            db.put_chunks(tail.take_chunks())
    recover(controller.store, controller.sweep_id)
    clock.now += LEASE_S + 1
    recover(controller.store, controller.sweep_id)
    with controller.store.read() as db:
        record = db.run(run)
    assert record is not None and record.state == "crashed" and record.duration_s(0.0) == took_s


def test_an_observer_that_slept_looks_once_more_before_it_declares_anybody_dead(
    controller: Controller, clock: Clock
) -> None:
    agent, run = remote_run(controller)
    recover(controller.store, controller.sweep_id)
    clock.now += 8 * 3600  # a laptop was closed; the other machine went on all the while
    with controller.store.write() as db:
        db.beat_agents([agent])
    recover(controller.store, controller.sweep_id)
    assert state_of(controller.store, run) == "running"


def test_a_sweep_whose_agents_died_between_runs_is_finished(controller: Controller, clock: Clock) -> None:
    agent, run = remote_run(controller)
    controller.report(run, "finished")
    recover(controller.store, controller.sweep_id)
    clock.now += LEASE_S + 1
    recover(controller.store, controller.sweep_id)
    with controller.store.read() as db:
        sweep, (left,) = db.sweep(controller.sweep_id), db.agents(controller.sweep_id)
    assert sweep is not None and sweep.state == "finished" and left.id == agent and left.left_at is not None


def test_a_sweep_that_nobody_has_trained_yet_is_not_finished_by_looking(controller: Controller) -> None:
    recover(controller.store, controller.sweep_id)
    with controller.store.read() as db:
        sweep = db.sweep(controller.sweep_id)
    assert sweep is not None and sweep.state == "running"


def test_an_agent_of_schema_version_1_is_judged_as_that_version_did(sleeper: subprocess.Popen[bytes]) -> None:
    import socket

    started = psutil.Process(sleeper.pid).create_time()
    mine = replace(agent_of(None, sleeper.pid), host=socket.gethostname(), process_started_at=started)
    assert Observer().alive(mine)
    assert not Observer().alive(replace(mine, process_started_at=started - 60))
    assert not Observer().alive(replace(mine, host="elsewhere", heartbeat_at=time.time() - 60))


def test_after_a_kill_whoever_looks_next_sees_the_truth_at_once(tmp_store: str) -> None:
    sweep_id = nbsweep.sweep(GRID)
    script = textwrap.dedent(
        f"""
        import os, signal, nbsweep
        def train(run):
            run.log({{"loss": 1.0}})
            os.kill(os.getpid(), signal.SIGKILL)
        nbsweep.agent({sweep_id!r}, train)
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == -9
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["crashed"] and sweep.state == "finished"


def test_after_a_kill_a_run_outside_any_sweep_is_crashed_for_whoever_looks_next(
    tmp_store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script = """
        import os, signal, nbsweep
        run = nbsweep.init(name=NAME)
        run.log({"loss": 1.0})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    for name, words in (("first", ["ls", "--alone", "--json"]), ("second", ["show", "second", "--json"])):
        code = textwrap.dedent(script).replace("NAME", repr(name))
        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == -9
        assert cli.main(words) == 0
        found = json.loads(capsys.readouterr().out)
        assert [each["state"] for each in (found if isinstance(found, list) else [found])] == ["crashed"]
        assert "Its process vanished" in str(found)


def test_a_run_outside_any_sweep_runs_while_its_process_does_and_leaves_with_it(tmp_store: str) -> None:
    run, store = nbsweep.init(), process.recorder().store
    recover(store, None)
    assert state_of(store, run.id) == "running"
    run.finish()
    recover(store, None)
    with store.read() as db:
        (agent,) = db.agents_by_ids([run.agent_id or ""])
    assert state_of(store, run.id) == "finished" and agent.sweep_id is None and agent.left_at is not None


def test_a_run_outside_any_sweep_elsewhere_lives_while_its_heartbeats_count(tmp_store: str, clock: Clock) -> None:
    store = process.recorder().store
    run = create_run(store)
    assert run.agent_id is not None
    with store.write() as db:
        db.update_agents([run.agent_id], process=ELSEWHERE, host="elsewhere")
    for _ in range(3):
        recover(store, None)
        clock.now += LEASE_S + 1
        with store.write() as db:
            db.beat_agents([run.agent_id])
    recover(store, None)
    assert state_of(store, run.id) == "running"
    clock.now += LEASE_S + 1
    recover(store, None)
    assert state_of(store, run.id) == "crashed"


def test_a_running_run_outside_any_sweep_that_nothing_is_known_of_is_crashed(tmp_store: str) -> None:
    """Older versions kept no process of such runs; what they left open would be running for ever."""
    store = process.recorder().store
    with store.write() as db:
        db.insert_run(RunRecord("r1", None, 0, "lost", "p", {}, started_at=1.0))
    recover(store, None)
    assert state_of(store, "r1") == "crashed"


def until(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def test_a_run_that_others_took_for_dead_while_its_machine_slept_comes_back(controller: Controller) -> None:
    store = controller.store

    def declared_dead_elsewhere(run_id: str, agent_id: str) -> None:
        with store.write() as db:
            db.update_run(run_id, state="crashed", error="Its process vanished while it trained.", finished_at=1.0)
            db.update_agents([agent_id], left_at=1.0)
            db.update_sweep(controller.sweep_id, state="finished")

    def train(run: Any) -> None:
        run.log({"loss": 1.0})
        declared_dead_elsewhere(run.id, run.agent_id)
        until(lambda: state_of(store, run.id) == "running")
        run.log({"loss": 2.0})

    nbsweep.agent(controller.sweep_id, train, count=1)
    sweep = nbsweep.Sweep(controller.sweep_id)
    (run,) = sweep.runs
    assert (run.state, run.error) == ("finished", None) and sweep.history()["loss"].tolist() == [1.0, 2.0]


def test_the_end_of_a_run_that_others_took_for_dead_is_its_agents_to_tell_and_the_sweep_goes_on(
    controller: Controller,
) -> None:
    agent = controller.join(None)
    run = controller.next_run(agent)
    assert isinstance(run, RunRecord)
    with controller.store.write() as db:  # while its process could not reach the store
        db.update_run(run.id, state="crashed", error="Its process vanished while it trained.", finished_at=1.0)
        db.update_agents([agent], left_at=1.0)
        db.update_sweep(controller.sweep_id, state="finished")
        controller.report_in(db, run.id, "finished", agent_id="another")
        assert db.runs_by_ids([run.id])[0].state == "crashed"
        controller.report_in(db, run.id, "finished", agent_id=agent)
    again = controller.next_run(agent)
    with controller.store.read() as db:
        found, sweep, (record,) = db.run(run.id), db.sweep(controller.sweep_id), db.agents(controller.sweep_id)
    assert found is not None and (found.state, found.error) == ("finished", None)
    assert isinstance(again, RunRecord) and again.config != run.config, "it is not tried again"
    assert sweep is not None and sweep.state == "running" and record.left_at is None


def test_a_run_outside_any_sweep_that_others_took_for_dead_comes_back_and_its_heart_beats(tmp_store: str) -> None:
    run, store = nbsweep.init(), process.recorder().store
    agent = run.agent_id or ""

    def agents() -> list[AgentRecord]:
        with store.read() as db:
            return db.agents_by_ids([agent])

    with store.write() as db:
        db.update_run(run.id, state="crashed", error="Its process vanished while it trained.", finished_at=1.0)
        db.update_agents([agent], left_at=1.0)
    until(lambda: state_of(store, run.id) == "running" and agents()[0].left_at is None)
    until(lambda: agents()[0].beat > 0)
    run.finish()
    assert state_of(store, run.id) == "finished"


def test_an_agent_at_work_sees_who_of_the_others_has_vanished(
    controller: Controller, sleeper: subprocess.Popen[bytes]
) -> None:
    """Nobody needs to open the sweep: whoever trains it looks every two seconds."""
    agent = controller.join(None)
    run = controller.next_run(agent)
    assert isinstance(run, RunRecord)
    with controller.store.write() as db:
        db.update_agents([agent], process=process_token(sleeper.pid), pid=sleeper.pid)

    def train() -> None:
        sleeper.send_signal(signal.SIGKILL)
        until(lambda: state_of(controller.store, run.id) == "crashed")

    nbsweep.agent(controller.sweep_id, train, count=1)
    assert state_of(controller.store, run.id) == "crashed"
