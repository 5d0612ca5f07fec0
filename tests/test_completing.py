"""Tab on the lines of ``%sweep``: in a real kernel, as any notebook asks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from nbsweep.errors import UsageError
from nbsweep.notebook import magics
from nbsweep.notebook.usage import USAGE, subcommands

SCENE = """%load_ext nbsweep
import nbsweep
space = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
for name in ("digits", "faces of people"):
    nbsweep.agent(nbsweep.sweep(space, name=name), lambda: nbsweep.log({"loss": 1.0}), count=1)
ids = {sweep.name: sweep.id for sweep in map(nbsweep.Sweep, ("digits", "faces of people"))}
def train_it(): pass
print(ids["faces of people"], nbsweep.Sweep("digits").runs[0].name)"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BlockingKernelClient, str, str]]:
    """A kernel with two sweeps, the id of the one whose name has spaces, and the name of the other's run."""
    manager, client = start_new_kernel(cwd=str(tmp_path_factory.mktemp("kernel")))
    printed: list[str] = []
    client.execute_interactive(
        SCENE, timeout=60, output_hook=lambda message: printed.append(message["content"].get("text", ""))
    )
    found = re.search(r"^(\w{8}) (\S+)$", "".join(printed), re.MULTILINE)
    assert found is not None, printed
    yield client, found[1], found[2]
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def tab(client: BlockingKernelClient, code: str) -> list[str]:
    """The line after each completion that Tab offers at the end of it."""
    reply = client.complete(code, reply=True, timeout=30)["content"]
    before, after = code[: reply["cursor_start"]], code[reply["cursor_end"] :]
    return [before + match + after for match in reply["matches"]]


def test_tab_knows_commands_options_sweeps_runs_and_functions(
    kernel: tuple[BlockingKernelClient, str, str],
) -> None:
    client, faces, run = kernel
    assert tab(client, "%sweep dash") == ["%sweep dashboard"]
    assert set(tab(client, "%sweep re")) >= {"%sweep resume", "%sweep rerun", "%sweep report"}
    assert tab(client, "%%sweep def") == ["%%sweep define"]
    assert tab(client, "%%sweep_train --cou") == ["%%sweep_train --count"]
    assert "%%sweep define x --seed" in tab(client, "%%sweep define x --se")
    assert tab(client, "%sweep use dig") == ["%sweep use digits"]
    assert f"%sweep use {faces}" in tab(client, "%sweep use ")  # its name would have to be quoted
    assert tab(client, "%%sweep_train --sweep di") == ["%%sweep_train --sweep digits"]
    assert tab(client, f"%sweep rerun --sweep digits {run[:4]}") == [f"%sweep rerun --sweep digits {run}"]
    assert "%sweep train train_it" in tab(client, "%sweep train tr")
    assert tab(client, "x = 1\n%sweep dash") == ["x = 1\n%sweep dashboard"]


def test_other_lines_complete_as_ever_and_after_unloading_these_do_too(
    kernel: tuple[BlockingKernelClient, str, str],
) -> None:
    client, _, _ = kernel
    assert "train_it" in tab(client, "train_i")
    client.execute_interactive("%unload_ext nbsweep", timeout=30)
    assert "%sweep dashboard" not in tab(client, "%sweep dash")
    client.execute_interactive("%load_ext nbsweep", timeout=30)
    assert tab(client, "%sweep dash") == ["%sweep dashboard"]


@pytest.mark.parametrize("command", [name for name in USAGE if name.startswith("%sweep ")])
def test_a_command_takes_the_options_that_its_usage_names_and_no_others(command: str, tmp_path: Path) -> None:
    shell = type("Shell", (), {"user_ns": {}, "configurables": []})()
    sweep = magics.SweepMagics.__new__(magics.SweepMagics)
    sweep.shell = shell
    line = command.removeprefix("%sweep ")
    with pytest.raises(UsageError, match=r"unrecognized arguments: .*--bogus|the following arguments are required"):
        sweep.sweep(f"{line} --bogus")
    for option in USAGE[command].options:
        # An option without its value is an error that names it; a switch leaves --bogus as the only error.
        expected = rf"argument {option.name}: expected one argument" if option.value else r"--bogus"
        first = "word 1" if USAGE[command].first == "N" else "word"
        words = f"{line} {first.split()[-1] if USAGE[command].first else ''} --bogus {option.name}"
        with pytest.raises(UsageError, match=expected):
            sweep.sweep(words)


def test_every_command_has_its_usage() -> None:
    shell = type("Shell", (), {"user_ns": {}})()
    sweep = magics.SweepMagics.__new__(magics.SweepMagics)
    sweep.shell = shell
    with pytest.raises(UsageError) as raised:
        sweep.sweep("nonsense-that-is-near-nothing")
    listed = set(str(raised.value).partition("use one of ")[2].split(", "))
    assert listed == set(subcommands("%sweep"))
