"""Commands that change something: ``sweep``, ``pause``, ``resume``, ``stop``, ``cancel``, ``kill``, ``rerun``."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from nbsweep.cli.opening import find_run, open_sweep
from nbsweep.cli.output import print_json, safe
from nbsweep.errors import UsageError
from nbsweep.rounding import plural
from nbsweep.store import RunRecord
from nbsweep.sweeps import Sweep

__all__ = ["kill", "rerun", "steer", "sweep"]

_OF_RUN = ("count", "workers", "gpus", "run_timeout", "program", "forward_signals")
_OF_DEFINING = ("config", "run", *_OF_RUN, "name", "seed", "prior_sweep", "prior", "json")
_STEERING = ("pause", "resume", "stop", "cancel")


def sweep(options: argparse.Namespace) -> int:
    """``nbsweep sweep CONFIG.yaml``, or ``nbsweep sweep --pause ID``."""
    for command in _STEERING:
        if getattr(options, command) is not None:
            for name in _OF_DEFINING:
                given = getattr(options, name)
                if given is not None and given is not False:  # a seed of 0 is given
                    word = "CONFIG.yaml" if name == "config" else f"--{name.replace('_', '-')}"
                    raise UsageError(f"{word} and --{command} exclude each other: one defines a sweep, one steers it")
            _steer(command, getattr(options, command), options.project, after_current=False)
            return 0
    if options.config is None:
        raise UsageError("which config? nbsweep sweep CONFIG.yaml, or nbsweep sweep --pause | --resume | … ID")
    for name in _OF_RUN:
        if getattr(options, name) and not options.run:
            raise UsageError(f"--{name.replace('_', '-')} is for training: add --run, or give it to `nbsweep agent`")
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

    return train(sweep_id, options)


def steer(options: argparse.Namespace) -> int:
    """``nbsweep pause | resume | stop | cancel [SWEEP]``."""
    _steer(options.command, options.sweep, None, after_current=getattr(options, "after_current", False))
    return 0


def kill(options: argparse.Namespace) -> int:
    """``nbsweep kill RUN``."""
    run, sweep = _run_of_a_sweep(options)
    if not run.live:
        sys.stderr.write(f"note: run {safe(run.name)} has ended already: {run.state}\n")
        return 0
    sweep.kill_run(run.id)
    print(f"Run {safe(run.name)} is asked to end.")
    return 0


def rerun(options: argparse.Namespace) -> int:
    """``nbsweep rerun RUN``."""
    from nbsweep.control import SweepControl

    run, sweep = _run_of_a_sweep(options)
    record, taken = SweepControl(sweep.store, sweep.id).rerun(run.id)
    with sweep.store.read() as db:
        now = db.sweep(sweep.id)
    waits = now is not None and (now.waits_for_resume or (taken and now.state == "paused"))
    who = "the agent at work" if taken else f"the next agent (`nbsweep agent {sweep.id}`)"
    when = f" once the sweep goes on: `nbsweep resume {sweep.id}`" if waits else ""
    print(f"Run {record.name} has the config of {safe(run.name)}; {who} trains it{when}.")
    return 0


def _run_of_a_sweep(options: argparse.Namespace) -> tuple[RunRecord, Sweep]:
    run, sweep = find_run(options.run, options.sweep)
    if sweep is None:
        raise UsageError(f"run {run.name} is of no sweep; end its program to end it")
    return run, sweep


def _define(options: argparse.Namespace) -> str:
    from nbsweep import process, sweep_config
    from nbsweep.definitions import define_sweep

    checked = sweep_config.load(options.config)
    if options.prior_sweep is not None:
        checked = dataclasses.replace(checked, prior_sweep=options.prior_sweep)
    if options.run:  # what training lacks is said before anything is defined
        from nbsweep.programs import check_program, gpu_environments

        gpu_environments(options.gpus)
        check_program(options.program or checked.program, checked.command, str(options.config))
    for note in checked.notes:
        sys.stderr.write(f"note: {note}\n")
    store = process.recorder().store
    defined = define_sweep(
        store, checked, project=options.project, name=options.name, seed=options.seed, prior_runs=options.prior
    )
    if defined.said is not None:
        sys.stderr.write(f"{safe(defined.said)}\n")
    return defined.sweep.id


def _steer(command: str, reference: str | None, project: str | None, *, after_current: bool) -> None:
    sweep = open_sweep(reference, project)
    before, name = sweep.state, safe(sweep.name)
    if command == "pause":
        sweep.pause()
        if before == "running":
            print(f"Sweep {name} is paused: running runs go on, new ones wait.")
        else:
            print(f"Sweep {name} was {before}; there was nothing to pause.")
        return
    if command == "resume":
        from nbsweep.control import SweepControl

        working = SweepControl(sweep.store, sweep.id).resume()
        waits = "" if working else f"; no agent is at work, start one: nbsweep agent {sweep.id}"
        print(f"Sweep {name} is {sweep.state}{waits}.")
        return
    running = sweep.cancel() if command == "cancel" else sweep.stop(after_current=after_current)
    runs = plural(running, "running run")
    how = f"{runs} will finish" if after_current else f"{runs} asked to end"
    if before == "cancelled":
        print(f"Sweep {name} is cancelled already" + (f"; {how}." if running else "."))
    else:
        print(f"Sweep {name} is cancelled for good; {how}." if command == "cancel" else f"Sweep {name} stops: {how}.")
