"""Figures and pages agree on which way a metric is better, where its name is all there is to go by."""

from __future__ import annotations

import json
import re
from pathlib import Path

from nbsweep.goals import LESS_IS_BETTER, MORE_IS_BETTER, likely_goal

LABEXTENSION = Path(__file__).parents[1] / "labextension"


def test_the_words_are_those_of_the_pages() -> None:
    source = (LABEXTENSION / "src" / "goals.ts").read_text()
    more, less = source.split("LESS_IS_BETTER", 1)
    assert set(" ".join(re.findall(r'"([a-z0-9 ]+)"', more)).split()) == MORE_IS_BETTER
    assert set(re.findall(r'new Set\("([a-z ]+)"', less)[0].split()) == LESS_IS_BETTER


def test_the_names_of_the_pages_tests_go_the_same_way() -> None:
    source = (LABEXTENSION / "test" / "goals.test.ts").read_text()
    cases = re.findall(r'test\.each\((\[.*?\])\)\("of %s (more|less) is better"', source, re.DOTALL)
    told = {name: way for names, way in cases for name in json.loads(re.sub(r",\s*\]", "]", names))}
    assert len(told) > 10
    assert {name: "more" if likely_goal(name) == "maximize" else "less" for name in told} == told
