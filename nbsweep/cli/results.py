"""Commands that only read: ``ls``, ``show``, ``best``, ``export``, ``logs``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from nbsweep import analysis, process
from nbsweep.cli import FAILED
from nbsweep.cli.opening import existing_store, find_run, open_sweep, sweep_or_run
from nbsweep.cli.output import ago, duration, print_json, safe, short, table, values_in_words
from nbsweep.errors import UsageError
from nbsweep.progress import without_traceback
from nbsweep.recovery import recover
from nbsweep.rounding import plural, rounded
from nbsweep.store import RunRecord, SweepRecord
from nbsweep.sweep_config import Metric
from nbsweep.sweeps import Sweep

__all__ = ["best", "export", "logs", "ls", "run_facts", "show", "sweep_facts"]

FOLLOW_EVERY_S = 0.3
LAST_LINES = 10
MOST_RUNS = 10


def ls(options: argparse.Namespace) -> int:
    """``nbsweep ls [SWEEP]``."""
    if options.alone:
        if options.sweep is not None:
            raise UsageError("SWEEP and --alone exclude each other: one lists a sweep's runs, one those of no sweep")
        _ls_runs_alone(options.project, as_json=options.json)
        return 0
    if options.sweep is not None:
        _ls_runs(open_sweep(options.sweep, options.project), as_json=options.json)
        return 0
    missing = process.missing_store()
    if missing is not None:
        sys.stderr.write(f"There is no store {safe(missing)} yet.\n")
        sweeps = []
    else:
        sweeps = _sweeps(options.project)
    if options.json:
        print_json([sweep_facts(*each) for each in sweeps])
        return 0
    if not sweeps:
        others: set[str] = set()
        if options.project and missing is None:
            with existing_store().read() as db:
                others = {repr(sweep.project) for sweep in db.sweeps()}
        if others:
            sys.stderr.write(
                f"Project {options.project!r} has no sweep; there are some in {', '.join(sorted(others))}.\n"
            )
        else:
            sys.stderr.write("No sweeps: define one with `nbsweep sweep CONFIG.yaml` or in a notebook.\n")
        return 0
    now = time.time()
    columns = ("id", "name", "project", "method", "state", "runs", "best", "defined")
    rows = []
    for record, runs in sweeps:
        facts = sweep_facts(record, runs)
        best = f"{facts['metric']} {rounded(facts['best'])}" if facts["best"] is not None else "–"
        rows.append(
            (record.id, record.name, record.project, facts["method"], record.standing_with(len(runs)),
             str(facts["runs"]), best, ago(now - record.created_at))
        )  # fmt: skip
    table(columns, rows, right=("runs",), first_to_go=("project", "method", "defined"))
    return 0


def sweep_facts(record: SweepRecord, runs: Sequence[RunRecord]) -> dict[str, Any]:
    """A sweep in a few facts, as ``ls --json`` gives it."""
    written = record.config.get("metric")
    metric = Metric(**written) if written else None
    best = analysis.best_run(runs, metric)
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.state] = counts.get(run.state, 0) + 1
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "method": record.config["method"],
        "state": record.state,
        "runs": len(runs),
        "states": counts,
        "metric": metric.name if metric else None,
        "goal": metric.goal if metric else None,
        "best": analysis.metric_value(best, metric) if best else None,
        "best_run": best.name if best else None,
        "note": record.note,
        "created_at": record.created_at,
    }


def run_facts(run: RunRecord, metric: Metric | None) -> dict[str, Any]:
    """A run in a few facts, as ``ls SWEEP --json`` gives it; its number is the one that commands take."""
    return {
        "id": run.id,
        "name": run.name,
        "number": run.number,
        "state": run.state,
        "value": analysis.metric_value(run, metric),
        "config": run.config,
        "summary": run.summary,
        "duration_s": run.duration_s(time.time()),
        "why": run.why,
        "sweep": run.sweep_id,
    }


def show(options: argparse.Namespace) -> int:
    """``nbsweep show SWEEP|RUN``."""
    found = sweep_or_run(options.reference)
    if isinstance(found, Sweep):
        _show_sweep(found, as_json=options.json)
    else:
        _show_run(*found, as_json=options.json)
    return 0


def best(options: argparse.Namespace) -> int:
    """``nbsweep best SWEEP``."""
    sweep = open_sweep(options.sweep)
    config, found = sweep.checked_config, sweep.best_run
    metric = config.metric
    if found is None or metric is None:
        sys.stderr.write(f"nbsweep best: sweep {safe(sweep.name)} {analysis.why_no_best(metric)}\n")
        return FAILED
    value = analysis.metric_value(found, metric)
    facts = {"run": found.name, "value": value, "config": found.config}
    if options.json:
        print_json(facts)
    elif options.yaml:
        import yaml

        sys.stdout.write(yaml.safe_dump(facts, sort_keys=False, allow_unicode=True))
    else:
        print(f"{safe(found.name)}: {safe(metric.name)} = {rounded(value)}")
        for name, each in analysis.flat(found.config, config.parameter_names).items():
            print(f"  {safe(name)}: {safe(repr(each))}")
    return 0


def export(options: argparse.Namespace) -> int:
    """``nbsweep export [SWEEP] FILE``."""
    from nbsweep.exporting import write_table

    frame = open_sweep(options.sweep).to_pandas()
    write_table(frame, options.file)
    sys.stderr.write(f"{plural(len(frame), 'run')} written to {options.file}\n")
    return 0


def logs(options: argparse.Namespace) -> int:
    """``nbsweep logs RUN``: what it printed goes to where it was printed to, stdout or stderr."""
    run, _sweep = find_run(options.run, options.sweep)
    store = existing_store()
    shown = 0
    while True:
        with store.read() as db:
            now = db.run(run.id)
            pieces = db.console(run.id)
        for stream, text in pieces[shown:]:
            out = sys.stderr if stream == "stderr" else sys.stdout
            out.write(text)
            out.flush()
        shown = len(pieces)
        if not options.follow or now is None or not now.live:
            return 0
        recover(store, now.sweep_id)
        time.sleep(FOLLOW_EVERY_S)


def _sweeps(project: str | None) -> list[tuple[SweepRecord, list[RunRecord]]]:
    """All sweeps, newest first, with their runs; those whose process has gone are found out first."""
    store = existing_store()
    with store.read() as db:
        known = db.sweeps(project=project)
    for sweep in known:
        recover(store, sweep.id)
    with store.read() as db:
        return [(sweep, db.runs(sweep.id)) for sweep in db.sweeps(project=project)]


def _ls_runs(sweep: Sweep, *, as_json: bool, most: int | None = None) -> None:
    """The runs of a sweep; of more than `most` the last ones."""
    metric, declared, runs = sweep.checked_config.metric, sweep.checked_config.parameter_names, sweep.runs
    if most is not None and len(runs) > most:
        print(f"the last {most} of {len(runs)} runs; all of them: nbsweep ls {safe(sweep.name)}")
        runs = runs[-most:]
    if as_json:
        print_json([run_facts(run, metric) for run in runs])
        return
    names: list[str] = []
    for run in runs:
        names += [name for name in analysis.flat(run.config, declared) if name not in names]
    now = time.time()
    rows = []
    for run in runs:
        values = analysis.flat(run.config, declared)
        rows.append(
            (
                run.name,
                run.state,
                rounded(analysis.metric_value(run, metric)),
                duration(run.duration_s(now)),
                *(short(values[name]) if name in values else "" for name in names),
                run.why or "",
            )
        )
    columns = ("run", "state", metric.name if metric else "metric", "took", *names, "why")
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    table(columns, rows, right=(columns[2], "took"), first_to_go=names)


def _ls_runs_alone(project: str | None, *, as_json: bool) -> None:
    store = existing_store()
    recover(store, None)
    with store.read() as db:
        runs = [run for run in db.runs_alone() if project in (None, run.project)]
    if as_json:
        print_json([run_facts(run, None) for run in runs])
        return
    now = time.time()
    rows = [
        (run.name, run.project, run.state, duration(run.duration_s(now)), values_in_words(analysis.flat(run.config)),
         values_in_words(run.summary))
        for run in runs
    ]  # fmt: skip
    table(("run", "project", "state", "took", "config", "summary"), rows, right=("took",))


def _show_sweep(sweep: Sweep, *, as_json: bool) -> None:
    with sweep.store.read() as db:
        record, runs, agents = db.sweep(sweep.id), db.runs(sweep.id), db.agents(sweep.id)
    assert record is not None
    facts = sweep_facts(record, runs)
    working = [agent for agent in agents if agent.left_at is None]
    if as_json:
        at_work = [{"id": a.id, "host": a.host, "pid": a.pid, "count": a.count, "started": a.started} for a in working]
        print_json({**facts, "config": record.config, "seed": record.seed, "agents": at_work})
        return
    config = sweep.checked_config
    metric = config.metric
    found = analysis.best_run(runs, metric)
    words = values_in_words(analysis.flat(found.config, config.parameter_names)) if found else ""
    states = ", ".join(f"{count} {state}" for state, count in facts["states"].items())
    lines = {
        "sweep": f"{record.name} ({record.id})" if record.name != record.id else record.id,
        "project": record.project,
        "state": record.standing + (f": {without_traceback(record.note)}" if record.note else ""),
        "method": facts["method"] + (f", {metric.goal} {metric.name}" if metric else ""),
        "runs": f"{len(runs)}" + (f": {states}" if states else ""),
        "best": f"{rounded(facts['best'])} ({found.name})  {words}" if found else "–",
        "agents": ", ".join(f"{a.host}:{a.pid}" for a in working) or "none at work",
        "defined": ago(time.time() - record.created_at),
    }
    _print_facts(lines)
    if runs:
        print()
        _ls_runs(sweep, as_json=False, most=MOST_RUNS)


def _show_run(run: RunRecord, sweep: Sweep | None, *, as_json: bool) -> None:
    config = sweep.checked_config if sweep is not None else None
    metric = config.metric if config is not None else None
    flat = analysis.flat(run.config, config.parameter_names if config is not None else ())
    if as_json:
        print_json({**run_facts(run, metric), "error": run.error})
        return
    _print_facts(
        {
            "run": f"{run.name} ({run.id})",
            "sweep": f"{sweep.name} ({sweep.id})" if sweep is not None else "none: a run of its own",
            "state": run.state + (f": {run.why}" if run.why else ""),
            "took": duration(run.duration_s(time.time())),
        }
    )
    for title, values in (("config", flat), ("summary", run.summary)):
        if values:
            print(f"\n{title}")
            _print_facts({name: short(value) for name, value in values.items()}, indent="  ")
    if run.error:
        print("\nerror")
        print("\n".join(f"  {safe(line)}" for line in run.error.splitlines()))
    with existing_store().read() as db:
        printed = "".join(text for _stream, text in db.console(run.id)).splitlines()
    if printed:
        print(f"\nconsole, the last lines (all of it: nbsweep logs {safe(run.name)})")
        print("\n".join(f"  {safe(line)}" for line in printed[-LAST_LINES:]))


def _print_facts(facts: dict[str, str], indent: str = "") -> None:
    width = max(len(safe(name)) for name in facts)
    for name, value in facts.items():
        print(f"{indent}{safe(name):<{width}}  {safe(value)}")
