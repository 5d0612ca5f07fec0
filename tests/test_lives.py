"""The ladder that a stop climbs: who is interrupted, who is given up, and who is left alone."""

from __future__ import annotations

import pytest

from nbsweep.engines import Work
from nbsweep.lives import Lives
from nbsweep.runs import Run
from nbsweep.store import RunRecord


class Patient:
    """An engine that notes what it is asked, and waits for nothing."""

    slots = 1
    interrupt_after_s = -1.0
    give_up_after_s = 1000.0

    def __init__(self) -> None:
        self.interrupted: list[str] = []

    def submit(self, work: Work) -> None: ...

    def interrupt(self, work_id: str) -> None:
        self.interrupted.append(work_id)

    def kill(self, work_id: str) -> None: ...

    def close(self) -> None: ...

    def another(self) -> Patient:
        return Patient()


def begin() -> tuple[Patient, Lives, Run]:
    engine = Patient()
    lives = Lives(engine, None, lambda run: run.state == "running")
    run = Run(RunRecord("r1", "s1", 0, "run-1", "p", {}))
    lives.begin(run)
    return engine, lives, run


@pytest.mark.parametrize("judged", [False, True])
def test_a_run_that_is_asked_to_stop_is_interrupted_once(judged: bool) -> None:
    engine, lives, _run = begin()
    lives.climb()
    assert engine.interrupted == [] and lives.next_look_s is None
    lives.stop("r1", "band 3", judged=judged)
    lives.climb()
    lives.climb()
    assert engine.interrupted == ["r1"] and lives.next_look_s is not None


def test_a_judged_run_that_has_ended_itself_is_left_alone_until_a_person_stops_it() -> None:
    engine, lives, run = begin()
    lives.stop("r1", "band 3", judged=True)
    run.finish()
    lives.climb()
    assert engine.interrupted == [] and run.stop_state is None
    run.request_stop("killed")
    lives.climb()
    assert engine.interrupted == ["r1"]


def test_code_that_a_stop_has_ended_is_interrupted_where_it_does_not_return() -> None:
    engine, lives, run = begin()
    lives.stop("r1", "band 3", judged=True)
    run._end("stopped", None)  # as `with init()` does, of what `log` raised
    lives.climb()
    assert engine.interrupted == ["r1"] and run.stop_state == "stopped"


def test_a_run_whose_time_is_up_is_interrupted_although_it_has_ended_itself() -> None:
    engine, lives, run = begin()
    run.finish()
    lives.stop("r1", "time limit of 1 s")
    lives.climb()
    assert engine.interrupted == ["r1"]
