"""PyTorch's threads are divided among runs that train at once, and come back as they were."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import nbsweep
from nbsweep import torch_threads

torch = pytest.importorskip("torch")
GRID = {"method": "grid", "parameters": {"a": {"values": [1, 2, 3, 4]}}}


def threads_now() -> int:
    """What a thread that has not computed before gets."""
    return torch_threads._in_a_fresh_thread(torch)


@pytest.fixture(autouse=True)
def four(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = threads_now()
    monkeypatch.setattr(torch_threads, "cores", lambda: 4)
    torch_threads._in_a_fresh_thread(torch, 4)
    yield
    torch_threads._in_a_fresh_thread(torch, before)


def seen_by_runs(workers: int) -> set[int]:
    seen: set[int] = set()
    nbsweep.agent(nbsweep.sweep(GRID), lambda: seen.add(torch.get_num_threads()), workers=workers)
    return seen


@pytest.mark.parametrize(("workers", "share"), [(1, 4), (2, 2), (4, 1)])
def test_each_run_gets_its_share_and_the_number_comes_back(tmp_store: str, workers: int, share: int) -> None:
    assert seen_by_runs(workers) == {share}
    assert threads_now() == 4


def test_two_agents_at_once_share_too(tmp_store: str) -> None:
    both, seen = threading.Barrier(2), []

    def train() -> None:
        both.wait(60)
        seen.append(torch.get_num_threads())
        both.wait(60)

    agents = [nbsweep.agent(nbsweep.sweep(GRID), train, count=1, block=False) for _ in range(2)]
    assert all(agent.wait(60) for agent in agents)
    # The first to begin was alone; the second found the first.
    assert min(seen) == 2 and threads_now() == 4


def test_fewer_threads_than_the_share_stay_as_they_are(tmp_store: str) -> None:
    torch_threads._in_a_fresh_thread(torch, 1)
    assert seen_by_runs(2) == {1}
    assert threads_now() == 1


def test_a_number_that_somebody_sets_meanwhile_is_theirs(tmp_store: str) -> None:
    nbsweep.agent(nbsweep.sweep(GRID), lambda: torch.set_num_threads(3), workers=2)
    assert threads_now() == 3
