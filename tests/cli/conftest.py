from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, tmp_store: str) -> Terminal:
    """A terminal in an empty directory, with a store that the test's own process uses too."""
    return Terminal(tmp_path)
