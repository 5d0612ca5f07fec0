"""Commands that change something: ``sweep``, ``pause``, ``resume``, ``stop``, ``cancel``."""

from __future__ import annotations

import argparse
import sys

from nbsweep.cli.opening import open_sweep
from nbsweep.cli.output import print_json, safe
from nbsweep.errors import UsageError

__all__ = ["steer", "sweep"]

_STEERING = ("pause", "resume", "stop", "cancel")


def sweep(options: argparse.Namespace) -> int:
    """``nbsweep sweep CONFIG.yaml``, or ``nbsweep sweep --pause ID``."""
    for command in _STEERING:
        if getattr(options, command) is not None:
            if options.config is not None:
                raise UsageError(f"CONFIG.yaml and --{command} exclude each other: one defines a sweep, one steers it")
            _steer(command, getattr(options, command), after_current=False)
            return 0
    if options.config is None:
        raise UsageError("which config? nbsweep sweep CONFIG.yaml, or nbsweep sweep --pause | --resume | … ID")
    sweep_id = _define(options)
    agent_line = f"nbsweep agent {sweep_id}"
    if options.json:
        print_json({"id": sweep_id, "agent": agent_line})
    elif options.run:
        print(f"Sweep {sweep_id} is defined; to help with it: {agent_line}", flush=True)
    else:
        print(f"Sweep {sweep_id} is defined. Train it with:\n    {agent_line}")
    if not options.run:
        return 0
    from nbsweep.cli.agent import train

    return train(
        sweep_id,
        count=options.count,
        workers=options.workers,
        gpus=options.gpus,
        program=options.program,
        forward_signals=options.forward_signals,
    )


def steer(options: argparse.Namespace) -> int:
    """``nbsweep pause | resume | stop | cancel [SWEEP]``."""
    _steer(options.command, options.sweep, after_current=getattr(options, "after_current", False))
    return 0


def _define(options: argparse.Namespace) -> str:
    from nbsweep import process, sweep_config
    from nbsweep.definitions import define_sweep

    checked = sweep_config.load(options.config)
    for note in checked.notes:
        sys.stderr.write(f"note: {note}\n")
    store = process.recorder().store
    defined = define_sweep(store, checked, project=options.project, name=options.name, seed=options.seed)
    if defined.said is not None:
        sys.stderr.write(f"{safe(defined.said)}\n")
    return defined.sweep.id


def _steer(command: str, reference: str | None, *, after_current: bool) -> None:
    sweep = open_sweep(reference)
    before, name = sweep.state, safe(sweep.name)
    if command in ("pause", "resume"):
        answer = getattr(sweep, command)()
        said = {"paused": "is paused: running runs go on, new ones wait", "running": "is running"}
        print(f"Sweep {name} {said.get(sweep.state, f'was and is {sweep.state}')}.")
        expected = "running" if command == "pause" else "paused"
        if before != expected and sweep.state == before:
            sys.stderr.write(f"note: it was {before}, so there was nothing to {command}\n")
        if answer is not None:
            print(safe(answer))
        return
    running = sweep.cancel() if command == "cancel" else sweep.stop(after_current=after_current)
    runs = f"{running} running run{'' if running == 1 else 's'}"
    how = f"{runs} will finish" if after_current else f"{runs} asked to end"
    print(f"Sweep {name} is cancelled for good; {how}." if command == "cancel" else f"Sweep {name} stops: {how}.")
