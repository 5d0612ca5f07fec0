"""The card of a sweep's space: every distribution is drawn, nothing the user writes can break out of it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from nbsweep import sweep_config
from nbsweep.config_schema import DISTRIBUTIONS
from nbsweep.notebook.card import SpaceCard
from nbsweep.notebook.sketches import Bars, Curve, Dot, Shape, outline, picture
from nbsweep.space import SearchSpace
from nbsweep.store import SweepRecord
from tests import strategies

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(\"x\")</script>&amp;<img src=x onerror=alert(1)>' onmouseover='x"

ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "constant": {"value": 3},
    "categorical": {"values": ["adam", "sgd"]},
    "categorical_w_probabilities": {"values": ["relu", "gelu"], "probabilities": [0.9, 0.1]},
    "int_uniform": {"min": 1, "max": 6},
    "uniform": {"min": 0.0, "max": 0.1},
    "q_uniform": {"min": 0, "max": 1, "q": 0.25},
    "log_uniform": {"min": -9, "max": -2},
    "log_uniform_values": {"min": 1e-5, "max": 0.1},
    "q_log_uniform": {"min": 0, "max": 9, "q": 1},
    "q_log_uniform_values": {"min": 32, "max": 256, "q": 8},
    "inv_log_uniform": {"min": 2, "max": 9},
    "inv_log_uniform_values": {"min": 1e-3, "max": 1},
    "normal": {},
    "q_normal": {"sigma": 3},
    "log_normal": {},
    "q_log_normal": {"mu": 6},
    "beta": {"a": 2, "b": 5},
    "q_beta": {"a": 2, "b": 2, "q": 0.1},
}


class Elements(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.titles: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.titles += [value for name, value in attrs if name == "title"]


def card(parameters: dict[str, Any], method: str = "random", name: str = "digits", **keys: Any) -> SpaceCard:
    config = sweep_config.load({"method": method, "parameters": parameters, **keys})
    return SpaceCard(SweepRecord("a1b2c3d4", name, "project", {}, seed=1), config)


def shape(**definition: Any) -> Shape:
    return outline(SearchSpace.from_config({"x": definition})["x"])


def pictures(html: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", html, re.DOTALL)


def check_svg(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg" and root.get("aria-label")
    assert {element.tag for element in root.iter()} <= {f"{SVG}{tag}" for tag in ("svg", "path", "circle", "text")}
    for path in root.iter(f"{SVG}path"):
        assert re.fullmatch(r"[MLHVhz0-9 .e+-]*", path.get("d", "")), "numbers alone, neither nan nor inf"
    return root


# -- pictures --------------------------------------------------------------------------------------------------------


def test_there_is_an_example_of_every_distribution() -> None:
    assert ONE_OF_EACH.keys() == DISTRIBUTIONS.keys()


@pytest.mark.parametrize("distribution", ONE_OF_EACH)
def test_every_distribution_is_drawn(distribution: str) -> None:
    definition = {"distribution": distribution, **ONE_OF_EACH[distribution]}
    parameter = SearchSpace.from_config({"x": definition})["x"]
    drawn = outline(parameter)
    assert isinstance(drawn, Dot) == (distribution == "constant")
    if not isinstance(drawn, Dot):
        assert all(0 <= height <= 1 for height in drawn.heights) and max(drawn.heights) > 0.5
        assert drawn.logarithmic == ("log" in distribution)
    assert len(list(check_svg(picture(parameter)))) >= 2, "a baseline and what stands on it"


def test_bars_are_as_high_as_their_values_are_likely() -> None:
    drawn = shape(values=["a", "b", "c"], probabilities=[0.6, 0.3, 0.1])
    assert isinstance(drawn, Bars)
    assert drawn.heights == pytest.approx([1, 1 / 2, 1 / 6])
    rounded = shape(distribution="q_uniform", min=0, max=1, q=0.25)
    assert isinstance(rounded, Bars)
    assert rounded.heights[0] == pytest.approx(rounded.heights[1] / 2), "rounding gives the ends half as much"
    assert len(set(rounded.heights[1:-1])) == 1


@pytest.mark.parametrize(
    "definition",
    [
        {"min": 0.0, "max": 0.1},
        {"min": 1, "max": 50},
        {"min": 1, "max": 10**12},
        {"values": list(range(60))},
        {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        {"distribution": "q_uniform", "min": 0, "max": 100, "q": 0.5},
        {"distribution": "q_log_uniform_values", "min": 32, "max": 4096, "q": 32},
        {"distribution": "q_log_uniform_values", "min": 1, "max": 10**18, "q": 1},
    ],
)
def test_what_is_uniform_on_its_scale_is_drawn_flat(definition: dict[str, Any]) -> None:
    drawn = shape(**definition)
    assert isinstance(drawn, Curve)
    assert drawn.heights == pytest.approx([0.6] * len(drawn.heights), rel=0.02)


def test_a_normal_is_symmetric_and_a_beta_leans() -> None:
    normal = shape(distribution="normal", mu=5, sigma=2)
    assert isinstance(normal, Curve)
    assert normal.heights == pytest.approx(normal.heights[::-1], abs=1e-9) and max(normal.heights) == 1
    beta = shape(distribution="beta", a=2, b=8)
    assert isinstance(beta, Curve)
    assert beta.heights.index(1) < len(beta.heights) / 3


@pytest.mark.parametrize(
    "definition",
    [
        {"min": -1.7e308, "max": 1.7e308},
        {"min": 5e-324, "max": 1e-323},
        {"min": -(2**1022), "max": 2**1022},
        {"distribution": "q_uniform", "min": -1e300, "max": 1e300, "q": 1e290},
        {"distribution": "log_uniform", "min": -744, "max": 709},
        {"distribution": "log_uniform_values", "min": 5e-324, "max": 1.7e308},
        {"distribution": "log_normal", "mu": -700, "sigma": 300},
        {"distribution": "log_normal", "mu": 700, "sigma": 300},
        {"distribution": "q_log_normal", "mu": 700, "sigma": 300, "q": 8},
        {"distribution": "normal", "mu": 1e300, "sigma": 1e-300},
        {"distribution": "q_normal", "mu": 1e17, "sigma": 1},
        {"distribution": "q_normal", "sigma": 0},
        {"distribution": "q_normal", "sigma": 1e-9},
        {"distribution": "beta", "a": 1e-3, "b": 1e-3},
        {"distribution": "beta", "a": 1e6, "b": 1e6},
        {"distribution": "q_beta", "q": 1e-9},
        {"values": ["never", "always"], "probabilities": [0, 1]},
    ],
    ids=str,
)
def test_the_far_ends_of_numbers_are_drawn(definition: dict[str, Any]) -> None:
    check_svg(picture(SearchSpace.from_config({"x": definition})["x"]))


# -- the card --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [HOSTILE, "</td></tr></table>", "a\nb", "‮evil", "größe", "learning rate"])
def test_names_and_values_cannot_break_out(name: str) -> None:
    plain = card({"x": {"value": 1}, "y": {"parameters": {"z": {"values": ["a", "b"]}}}})
    config = {name: {"value": {name: name}}, f"{name}2": {"parameters": {name: {"values": [name, name + "b"]}}}}
    hostile = card(config, name=name, metric={"name": name})
    seen, expected = Elements(hostile._repr_html_()), Elements(plain._repr_html_())
    assert set(seen.tags) == set(expected.tags) and seen.attributes == expected.attributes
    assert "script" not in seen.tags and "img" not in seen.tags
    assert name in seen.titles and f"{name}2.{name}" in seen.titles, "whole, and as it was written"


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = card(ONE_OF_EACH | {n: {"distribution": n, **d} for n, d in ONE_OF_EACH.items()})._repr_html_()
    assert not re.search(r"url\(|@import|href|src=|<script|\bon\w+=", html)
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}, "a name, not an address"


def test_thirty_parameters_with_long_names_are_thirty_rows_that_are_cut_to_fit() -> None:
    parameters = {f"a_rather_long_name_of_a_hyperparameter_{i}_{'x' * 200}": {"min": 1, "max": 50} for i in range(30)}
    shown = card(parameters, method="grid")
    html = shown._repr_html_()
    assert Elements(html).tags.count("tr") == 31 and len(pictures(html)) == 30
    assert len(html) < 150_000
    assert set(parameters) <= set(Elements(html).titles)
    lines = repr(shown).splitlines()
    assert len(lines) == 32 and max(map(len, lines[1:])) < 120


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, {"b": None}]}, "{'a': [1, {'b': None}]}"),
        (None, "None"),
        ("", "''"),
        (False, "False"),
        (float("nan"), "nan"),
        ([], "[]"),
        ("long " * 1000, "'long long"),
        (10**300, "1000000"),
    ],
    ids=["dict", "None", "empty", "False", "nan", "list", "long", "large"],
)
def test_constants_of_any_type_are_a_dot_and_their_repr(value: Any, text: str) -> None:
    shown = card({"x": {"value": value}})
    html = shown._repr_html_()
    check_svg(pictures(html)[0])
    assert text in repr(shown) and any(title and text in title for title in Elements(html).titles)
    assert len(html) < 8_000 and max(map(len, repr(shown).splitlines())) < 120


def test_ranges_are_values_even_where_the_config_has_exponents() -> None:
    [row] = card({"lr": {"distribution": "log_uniform", "min": -9, "max": -2}}).rows()
    assert (row.extent, row.examples, row.count) == ("1.23e-4 … 0.135", "2.49e-4, 0.00409, 0.0672", "∞")
    [row] = card({"x": {"distribution": "q_normal", "mu": 3, "sigma": 2, "q": 1}}).rows()
    assert (row.extent, row.examples, row.count) == ("mu 3, sigma 2, step 1", "0, 3, 6", "∞")
    [row] = card({"n": {"min": 1, "max": 10**12}}).rows()
    assert (row.extent, row.count) == ("1 … 1e12", "1.0e12")


def test_nested_parameters_have_dotted_names() -> None:
    shown = card({"net": {"parameters": {"depth": {"min": 1, "max": 3}, "lr": {"value": 0.1}}}})
    assert "net.depth" in repr(shown) and {"net.depth", "net.lr"} <= set(Elements(shown._repr_html_()).titles)


def test_the_headline_counts_grid_points_where_they_are_finite() -> None:
    assert " · 6 grid points · " in card({"a": {"values": [1, 2]}, "b": {"min": 1, "max": 3}}, "grid").headline()
    assert " · 1 grid point · " in card({"a": {"value": 1}}, "grid").headline()
    assert " · 1.0e4000 grid points · " in card({f"x{i}": {"min": 1, "max": 10**200} for i in range(20)}).headline()
    assert "grid point" not in card({"a": {"values": [1, 2]}, "b": {"min": 0.0, "max": 3}}).headline()


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.spaces())
def test_any_space_has_a_card(parameters: dict[str, Any]) -> None:
    shown = card(parameters)
    html = shown._repr_html_()
    drawn = pictures(html)
    assert len(drawn) == len(shown.rows()) == len(shown.space)
    for svg in drawn:
        check_svg(svg)
    assert len(repr(shown).splitlines()) == len(drawn) + 2 + len(shown.notes())
