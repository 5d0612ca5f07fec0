"""What loggers lose by `kill -9` at one point a millisecond: run by `parts.kills`, in the environment that has them.

    python killed.py log NAME FOLDER       logs until it is killed; each point that `log` took also goes to FOLDER/taken
    python killed.py read NAME FOLDER      prints the numbers of the points that can be read now

`taken` is a file of the operating system's, eight bytes a point, which a killed process does not lose: number and time
of what was accepted are known exactly. MLflow is asked for its asynchronous mode, W&B for its offline mode.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

KEY = "batch loss"


def log(name: str, folder: str) -> None:
    put = _logger(name, folder)
    put(0)
    time.sleep(1)  # whatever is slow the first time
    taken = os.open(Path(folder, "taken"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    print("begun", flush=True)
    at = time.perf_counter()
    for number in range(1, 100_000):
        at = max(at + 0.001, time.perf_counter() - 0.01)
        while time.perf_counter() < at:
            time.sleep(0.0002)
        put(number)
        os.write(taken, struct.pack("<d", time.time()))


def _logger(name: str, folder: str) -> Callable[[int], object]:
    if name == "MLflow, asynchronous":
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        import mlflow  # type: ignore[import-not-found,unused-ignore]

        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment("p")
        mlflow.start_run()
        return lambda number: mlflow.log_metric(KEY, float(number), step=number, synchronous=False)
    from contenders import CONTENDERS  # type: ignore[import-not-found,unused-ignore]

    put, _finish = CONTENDERS[name](folder)
    return lambda number: put({KEY: float(number)}, number)


def read(name: str, folder: str) -> list[int]:
    return sorted({round(value) for value in READERS[name](folder)})


def _nbsweep(folder: str) -> Iterator[float]:
    from nbsweep.store import Store, read_history

    store = Store(f"sqlite:///{folder}/nbsweep.db")
    with store.read() as db:
        (run,) = db.runs_alone()
        yield from read_history(db.chunks([run.id]))[run.id].columns[KEY].values.tolist()
    store.close()


def _sqlite(query: str, pattern: str) -> Callable[[str], Iterator[float]]:
    def rows(folder: str) -> Iterator[float]:
        for path in Path(folder).rglob(pattern):
            with contextlib.closing(sqlite3.connect(path)) as db:
                if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'metrics'").fetchone():
                    continue
                for (value,) in db.execute(query):
                    found = json.loads(value)[KEY] if isinstance(value, str) else value
                    yield float(found)

    return rows


def _tensorboard(folder: str) -> Iterator[float]:
    from tensorboard.backend.event_processing.event_file_loader import (  # type: ignore[import-not-found,unused-ignore]
        EventFileLoader,
    )

    for path in Path(folder).rglob("*tfevents*"):
        for event in EventFileLoader(str(path)).Load():
            yield from (event.step for value in event.summary.value if value.tag.startswith("batch"))


def _wandb(folder: str) -> Iterator[float]:
    """LevelDB's log format: blocks of 32 KiB; in them crc, length, kind (1 whole, 2 first, 3 middle, 4 last), data."""
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[import-not-found,unused-ignore]

    for path in Path(folder).rglob("*.wandb"):
        data, at, parts = path.read_bytes(), 7, b""
        while at + 7 <= len(data):
            if at % 32768 > 32768 - 7:
                at += 32768 - at % 32768
                continue
            _crc, length, kind = struct.unpack_from("<IHB", data, at)
            if kind == 0 or at + 7 + length > len(data):
                break
            parts = (b"" if kind in (1, 2) else parts) + data[at + 7 : at + 7 + length]
            at += 7 + length
            if kind in (1, 4):
                record = Record.FromString(parts)
                for item in record.history.item:
                    if item.key == KEY or list(item.nested_key) == [KEY]:
                        yield float(json.loads(item.value_json))


READERS: dict[str, Callable[[str], Iterator[float]]] = {
    "run.log": _nbsweep,
    "TensorBoard (torch)": _tensorboard,
    "tensorboardX": _tensorboard,
    "W&B offline": _wandb,
    "trackio": _sqlite("SELECT metrics FROM metrics", "*.db"),
    "MLflow, asynchronous": _sqlite("SELECT value FROM metrics", "mlflow.db"),
}


def main() -> Any:
    what, name, folder = sys.argv[1:]
    return log(name, folder) if what == "log" else print(json.dumps(read(name, folder)))


if __name__ == "__main__":
    main()
