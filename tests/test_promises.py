"""``docs/promises.md`` names the tests that hold each promise: they must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_promise_names_a_test_that_is_there(file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{test}"


def test_every_promise_names_its_tests() -> None:
    tables = [block for block in PAGE.split("\n\n") if block.startswith("| What happens")]
    promises = [line for block in tables for line in block.splitlines()[2:]]
    assert len(promises) > 20
    assert [line for line in promises if "::test_" not in line] == []
