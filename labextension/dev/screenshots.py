"""Screenshots of the dev page in a real browser: python dev/screenshots.py [NAME ...].

Builds nothing: run `npm run dev:build` first. Writes dev/out/shots/NAME.png, and fails when a page
throws, opens a dialog (a user's name was run as code) or grows wider than its window.
"""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

OUT = Path(__file__).parent / "out"
SHOTS: dict[str, tuple[str, int]] = {
    "live-dark": ("runs=48&live&log&theme=dark", 1080),
    "live-light": ("runs=48&live&log&theme=light", 1080),
    "five-light": ("runs=5&theme=light", 1080),
    "five-live-dark": ("runs=5&live&theme=dark", 800),
    "one-light": ("runs=1&points=1&theme=light", 1080),
    "none-dark": ("runs=0&live&theme=dark", 1080),
    "many-dark": ("runs=200&points=1000&theme=dark&smooth=0.6", 1080),
    "many-light": ("runs=200&points=1000&theme=light&log", 1600),
    "sixty-parameters-light": ("runs=40&parameters=60&theme=light", 1080),
    "narrow-dark": ("runs=12&live&theme=dark", 400),
    "narrow-light": ("runs=12&live&theme=light", 400),
    "hostile-light": ("runs=8&hostile&theme=light", 1080),
    "hostile-narrow": ("runs=8&hostile&theme=dark", 400),
    "failing-dark": ("runs=3&failing&theme=dark&open=run-1", 1080),
    "open-light": ("runs=8&theme=light&open=run-6", 1080),
    "extras-light": ("runs=8&extras&theme=light", 1080),
    "silent-light": ("silent&theme=light", 1080),
}
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


def main(names: list[str]) -> int:
    (OUT / "shots").mkdir(parents=True, exist_ok=True)
    handler = functools.partial(_Quiet, directory=str(OUT))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        for name in names or SHOTS:
            query, width = SHOTS[name]
            page = browser.new_page(viewport={"width": width, "height": 700})
            page.on("pageerror", lambda error, name=name: problems.append(f"{name}: {error}"))
            page.on("dialog", lambda dialog, name=name: problems.append(f"{name}: {dialog.message}"))
            page.goto(f"http://127.0.0.1:{server.server_port}/?{query}")
            if "silent" in query:
                page.get_by_text("Kernel not connected").wait_for(timeout=10_000)
            else:
                page.get_by_test_id("nbs-name").wait_for()
                page.wait_for_timeout(900)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                problems.append(f"{name}: {wide} px wider than the window")
            page.screenshot(path=OUT / "shots" / f"{name}.png", full_page=True)
            page.close()
        browser.close()
    server.shutdown()
    print("\n".join(problems) or f"{len(names or SHOTS)} screenshots in {OUT / 'shots'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
