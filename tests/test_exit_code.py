"""How a script ends is how the run ends that it began with `init` and left open."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import nbsweep
from nbsweep import process

BEGIN = "import nbsweep, sys\nrun = nbsweep.init(name=NAME)\nrun.log({'loss': 1.0})\n"
FINISHED, FAILED = ("finished", None), "failed"
ENDS: dict[str, tuple[str, tuple[str, str | None]]] = {
    "code 3": ("sys.exit(3)", (FAILED, "SystemExit: 3")),
    "a message": (
        "def main():\n    with open(sys.executable):\n        sys.exit('no data')\nmain()",
        (FAILED, "SystemExit: no data"),
    ),
    "code 0": ("sys.exit(0)", FINISHED),
    "caught": ("def main():\n    sys.exit(3)\ntry:\n    main()\nexcept SystemExit:\n    pass", FINISHED),
    "of a thread": (
        "import threading\nt = threading.Thread(target=sys.exit, args=(3,))\nt.start()\nt.join()",
        FINISHED,
    ),
}


def test_a_script_that_exits_with_a_failing_code_leaves_a_failed_run(tmp_store: str) -> None:
    process.recorder()
    scripts = {name: BEGIN.replace("NAME", repr(name)) + end for name, (end, _how) in ENDS.items()}
    running = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for script in scripts.values()]
    for each in running:
        each.communicate(timeout=120)
    with process.recorder().store.read() as db:
        ends = {run.name: (run.state, run.why) for run in db.runs_alone()}
    assert ends == {name: how for name, (_end, how) in ENDS.items()}


def test_sys_exit_is_what_it_was_once_the_run_has_ended(tmp_store: str) -> None:
    before = sys.exit
    with nbsweep.init():
        assert sys.exit is not before
    assert sys.exit is before


def test_who_wraps_sys_exit_meanwhile_keeps_it(tmp_store: str) -> None:
    script = """
        import nbsweep, sys
        run = nbsweep.init()
        ours = sys.exit
        sys.exit = theirs = lambda *status: ours(*status)
        run.finish()
        assert sys.exit is theirs
        nbsweep.init()
        sys.exit(4)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=120)
    assert done.returncode == 4
    with process.recorder().store.read() as db:
        assert [run.state for run in db.runs_alone()] == ["finished", "failed"]
