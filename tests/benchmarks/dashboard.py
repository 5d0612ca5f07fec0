"""How fast the dashboard is, in headless Chromium on this machine: ``python -m tests.benchmarks.dashboard``.

    python -m tests.benchmarks.dashboard              # about four minutes
    python -m tests.benchmarks.dashboard --only page

The page alone (``labextension/dev/bench.ts``, prepared messages): the time from a message to the frame that shows it,
and the frames while a hand hovers, smooths and brushes. With a kernel in JupyterLab: eight runs that log 1,000 points
a second each, for a minute. Medians of `REPEATS`; a frame is counted from one animation frame to the next.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.ui.conftest import CHROMIUM_OPTIONS, write_notebook
from tests.ui.lab import serve
from tests.ui.notebook import Notebook

FRONT_END = Path(__file__).parents[2] / "labextension"
OUT = FRONT_END / "dev" / "out"
REPEATS = 5
STREAM_S = 60

FRAMES = """() => {
    window.frames_ms = []; window.tasks_ms = []; window.last_ms = null;
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.tasks_ms.push(task.duration);
    }).observe({type: 'longtask'});
    const tick = (now) => {
        if (window.last_ms !== null) window.frames_ms.push(now - window.last_ms);
        window.last_ms = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""
STREAM = f"""import time
import nbsweep
space = {{"lr": {{"min": 0.0, "max": 1.0}}}}
sweep_id = nbsweep.sweep({{"method": "random", "metric": {{"name": "loss"}}, "parameters": space}})
def train():
    began, step = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < {STREAM_S}:
        while step < now * 1000:
            nbsweep.log({{"loss": nbsweep.config.lr + 1 / (step + 1)}})
            step += 1
        time.sleep(0.005)
nbsweep.agent(sweep_id, train, count=8, workers=8, block=False)"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["page", "ways", "stream"])
    only = parser.parse_args().only
    subprocess.run(["npm", "run", "--silent", "dev:build"], cwd=FRONT_END, check=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        if only in (None, "page"):
            with served() as address:
                first_paints(browser, address)
                hands(browser, address)
        if only in (None, "ways"):
            with served() as address:
                ways(browser, address)
        if only in (None, "stream"):
            stream(browser)
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """The dev page over HTTP on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(OUT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/bench.html"
    server.shutdown()


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(address)
    page.wait_for_function("window.bench !== undefined")
    page.evaluate("bench.mount()")
    return page


def first_paints(browser: Browser, address: str) -> None:
    print("from the message to the frame that shows it, ms (median of 5)")
    for what, runs, points, parameters in (
        ("curves, 200 runs of 10,000 points (1,000 sent)", 200, 1000, 4),
        ("parallel coordinates, 1,000 runs, 10 axes", 1000, 0, 9),
        ("parallel coordinates, 10,000 runs, 10 axes", 10_000, 0, 9),
    ):
        times = []
        for _ in range(REPEATS):
            page = opened(browser, address)
            page.evaluate("bench.deliver(3, 10, 2)")  # the code is warm, as in a dashboard that is open
            times.append(page.evaluate(f"bench.deliver({runs}, {points}, {parameters})"))
            page.close()
        print(f"| {what} | {statistics.median(times):.0f} |", flush=True)


def hands(browser: Browser, address: str) -> None:
    print("frames while a hand moves, ms: median, 95 %, longest; the longest task, and what the processor worked on it")
    for what, runs, points, parameters, act in (
        ("hover over 200 curves", 200, 1000, 4, hover),
        ("smooth 200 curves", 200, 1000, 4, smooth),
        ("brush 1,000 runs", 1000, 0, 9, brush),
        ("brush 10,000 runs", 10_000, 0, 9, brush),
    ):
        page = opened(browser, address)
        page.evaluate(f"bench.deliver({runs}, {points}, {parameters})")
        page.wait_for_timeout(2500)
        page.evaluate(FRAMES)
        report(what, page, act)
        page.close()


def hover(page: Page) -> None:
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    for share in range(100):
        page.mouse.move(box["x"] + box["width"] * share / 100, box["y"] + box["height"] * 0.7)


def smooth(page: Page) -> None:
    for value in range(0, 98, 4):
        page.get_by_label("Smoothing").fill(str(value / 100))


def brush(page: Page) -> None:
    track = page.locator("[data-axis=p1] .nbs-track")
    box = track.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 20)
    page.mouse.down()
    for step in range(80):
        page.mouse.move(x, box["y"] + 20 + 2 * step)
    page.mouse.up()


def report(what: str, page: Page, act: Callable[[Page], None]) -> None:
    browser = page.context.browser
    assert browser is not None
    page.wait_for_timeout(300)
    page.evaluate("frames_ms.length = tasks_ms.length = 0")
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    act(page)
    frames = sorted(page.evaluate("frames_ms.slice()"))
    page.wait_for_timeout(1000)
    tasks = page.evaluate("tasks_ms.slice()")
    worked = max(main_thread_ms(json.loads(browser.stop_tracing())), default=0)
    late = frames[int(0.95 * len(frames))]
    longest = max(tasks, default=0)
    print(f"| {what} | {statistics.median(frames):.0f} | {late:.0f} | {frames[-1]:.0f}", end=" | ")
    print(f"{longest:.0f} | {worked:.0f} |", flush=True)


def main_thread_ms(trace: dict[str, Any]) -> list[float]:
    """How long the processor worked on each task of a page's main thread, whoever else wanted it meanwhile."""
    events = trace["traceEvents"]
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"] / 1000
        for event in events
        if event["name"].endswith("RunTask") and "tdur" in event and (event["pid"], event["tid"]) in pages
    ]


def ways(browser: Browser, address: str) -> None:
    """Ways to draw parallel coordinates (``labextension/dev/ways.ts``), 10 axes."""
    page = opened(browser, address)
    table = [page.evaluate(f"bench.ways({runs})") for runs in (200, 1000, 10_000)]
    print("ways to draw lines over 10 axes, ms: 200, 1,000, 10,000 runs")
    for way in table[0]:
        print(f"| {way} | {' | '.join(f'{times[way]:.0f}' for times in table)} |")
    page.close()


def stream(browser: Browser) -> None:
    """Eight runs, 1,000 points a second each: frames, how far the page is behind the kernel, and memory."""
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab:
        path = lab.root / "stream.ipynb"
        write_notebook(path, [STREAM])
        notebook = Notebook(browser.new_page(viewport={"width": 1280, "height": 1000}), lab, path)
        notebook.open()
        notebook.run_all()
        page, dashboard = notebook.page, notebook.dashboard()
        expect(dashboard.locator("[data-run-state=running]")).to_have_count(8, timeout=30_000)
        page.evaluate(FRAMES)
        page.wait_for_timeout(3000)
        memory = [page.evaluate("performance.memory.usedJSHeapSize / 2**20")]
        page.evaluate("frames_ms.length = tasks_ms.length = 0")
        page.wait_for_timeout(1000 * (STREAM_S - 12))
        frames, tasks = sorted(page.evaluate("frames_ms.slice()")), page.evaluate("tasks_ms.slice()")
        memory.append(page.evaluate("performance.memory.usedJSHeapSize / 2**20"))
        expect(dashboard.locator("[data-run-state=finished]")).to_have_count(8, timeout=60_000)
        seen_at = time.time()
        with sqlite3.connect(path.parent / ".nbsweep" / "nbsweep.db") as db:
            ended_at, points = db.execute(
                "select max(finished_at), (select sum(count) from history where kind = 'row') from runs"
            ).fetchone()
        print(f"8 runs at 1,000 points a second each for {STREAM_S} s, in JupyterLab")
        print(f"| frames, ms: median, 99 %, longest | {statistics.median(frames):.0f}", end=" | ")
        print(f"{frames[int(0.99 * len(frames))]:.0f} | {frames[-1]:.0f} |")
        print(
            f"| frames over 100 ms, tasks over 50 ms | {sum(f > 100 for f in frames)} of {len(frames)} | {len(tasks)} |"
        )
        print(f"| page memory, MiB, after 3 s and at the end | {memory[0]:.0f} | {memory[1]:.0f} |")
        print(f"| points kept, and from the last run's end to its showing, s | {points} | {seen_at - ended_at:.2f} |")
        notebook.close()


if __name__ == "__main__":
    main()
