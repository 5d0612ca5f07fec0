"""What all tests may ask for: a store of their own, MNIST's digits as files, a torchvision that imports."""

from __future__ import annotations

import gzip
import importlib.util
import os
import shutil
import signal
import struct
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings

from nbsweep import process
from nbsweep.store import Store, sqlite
from nbsweep.store.session import Session
from tests.store_backends import BACKENDS, postgresql_database, postgresql_server

TORCHVISION_SHIM = Path(__file__).parent / "torchvision_shim"

_shim = importlib.util.spec_from_file_location("torchvision_shim", TORCHVISION_SHIM / "sitecustomize.py")
assert _shim is not None and _shim.loader is not None
_shim.loader.exec_module(importlib.util.module_from_spec(_shim))

# Without explaining which lines a failure runs through: a failing search would be traced, line by line, for an hour.
settings.register_profile("nbsweep", phases=[phase for phase in Phase if phase is not Phase.explain])
settings.load_profile("nbsweep")


@pytest.fixture(autouse=True)
def nothing_begun_while_reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A writer waits until all readers are done: begun inside a reading of its own thread, it would wait for itself."""
    inside: list[str] = []
    here = threading.local()
    transaction = Store._transaction

    @contextmanager
    def noted(store: Store, *, write: bool) -> Iterator[Session]:
        if getattr(here, "reads", False):
            inside.append("".join(traceback.format_stack(limit=20)))
        with transaction(store, write=write) as db:
            here.reads = not write
            try:
                yield db
            finally:
                here.reads = False

    monkeypatch.setattr(Store, "_transaction", noted)
    yield
    assert not inside, f"a transaction was begun inside a reading of its thread:\n{inside[0]}"


@pytest.fixture
def tmp_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty store that this test's process, and what it starts, uses; closed after the test."""
    url = f"sqlite:///{tmp_path / 'nbsweep.db'}"
    monkeypatch.setenv("NBSWEEP_STORAGE", url)
    yield url
    process.shut_down()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A real PostgreSQL server, started for the tests."""
    with postgresql_server() as url:
        yield url


@pytest.fixture
def postgresql_url(server: str) -> Iterator[str]:
    """An empty database of that server."""
    with postgresql_database(server) as url:
        yield url


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty store, for each backend in turn; this process and what it starts use it."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
    else:
        url = f"sqlite:///{tmp_path / 'nbsweep.db'}"
        # With one process at a time the log is safe on every version; tests of several processes leave it out.
        monkeypatch.setattr(sqlite, "wal_is_safe", lambda: request.param == "sqlite-wal")
    monkeypatch.setenv("NBSWEEP_STORAGE", url)
    return url


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT is heard, which a shell has ignored by what it runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def torchvision_env() -> dict[str, str]:
    """Environment variables for processes that import torchvision."""
    paths = [str(TORCHVISION_SHIM), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.fixture(scope="session")
def mnist_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root for ``torchvision.datasets.MNIST(root, download=True)`` that needs no network.

    The real digits where ``NBSWEEP_TEST_DATA`` has them (MNIST/raw/*.gz); else scikit-learn's, enlarged to 28 × 28.
    """
    root = tmp_path_factory.mktemp("mnist")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    data = os.environ.get("NBSWEEP_TEST_DATA")
    if data:
        packed = sorted((Path(data) / "MNIST" / "raw").glob("*.gz"))
        assert len(packed) == 4, f"NBSWEEP_TEST_DATA={data} is set, but MNIST/raw/ there has {len(packed)} of 4 files"
        for file in packed:
            with gzip.open(file) as source, (raw / file.stem).open("wb") as target:
                shutil.copyfileobj(source, target)
    else:
        _write_small_digits(raw)
    return root


def _write_small_digits(raw: Path) -> None:
    """1,500 training and 297 test images of scikit-learn's digits, as MNIST's four IDX files."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    large = np.kron(digits.images / 16 * 255, np.ones((3, 3))).astype(np.uint8)  # 8 × 8 to 24 × 24
    images = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    labels = digits.target.astype(np.uint8)
    for part, chosen in (("train", slice(0, 1500)), ("t10k", slice(1500, None))):
        _write_idx(raw / f"{part}-images-idx3-ubyte", images[chosen])
        _write_idx(raw / f"{part}-labels-idx1-ubyte", labels[chosen])


def _write_idx(path: Path, array: np.ndarray) -> None:
    """IDX: two zero bytes, 0x08 for unsigned bytes, the number of dimensions, each dimension, the data; big-endian."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())
