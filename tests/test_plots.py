"""Figures and static twins: they say what the store says, of any sweep, and nothing in them is a user's code."""

from __future__ import annotations

import math
import re
import warnings
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import nbsweep
from nbsweep.errors import UsageError
from nbsweep.goals import Goal
from nbsweep.notebook import twins
from nbsweep.notebook.tables import table_of
from nbsweep.notebook.views import run_view
from nbsweep.plan import Plan
from nbsweep.plots.common import Scale, _parameter_scale, colours, printable, told_apart, value_scale

pytestmark = pytest.mark.usefixtures("tmp_store")

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1},
        "optimizer": {"values": ["adam", "sgd"]},
        "net": {"parameters": {"depth": {"values": [1, 2, 3]}}},
        "epochs": {"value": 3},
    },
}
HOSTILE = '<script>alert(1)</script> $x_1^2 $ & "quotes" \U0001f389 / é 漢字 ' + "long " * 60


def trained(config: dict[str, Any], count: int, train: Any, name: str | None = None) -> nbsweep.Sweep:
    sweep_id = nbsweep.sweep(config, name=name, seed=1)
    nbsweep.agent(sweep_id, train, count=count)
    return nbsweep.Sweep(sweep_id)


def usual() -> None:
    config = nbsweep.config
    for step in range(5):
        nbsweep.log({"loss": abs(math.log10(config.lr) + 2) + 1 / (step + 1), "accuracy": 0.5})


def figures(sweep: nbsweep.Sweep) -> list[Figure]:
    return [
        sweep.plot_history(),
        sweep.plot_history(by="run"),
        sweep.plot_parallel_coordinates(),
        sweep.plot_importance(),
        sweep.plot_slices(),
    ]


def drawn(figure: Figure) -> None:
    """Draw it, with every warning an error: a missing glyph, a layout that has no room."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FigureCanvasAgg(figure).draw()


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts] + [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]


def test_each_figure_shows_what_the_runs_had() -> None:
    sweep = trained(CONFIG, 12, usual, "named")
    history, search, parallel, importance, slices = figures(sweep)
    for figure in (history, search, parallel, importance, slices):
        drawn(figure)

    assert len(history.axes[0].lines) == 12
    best_so_far = np.asarray(search.axes[0].lines[0].get_ydata(), dtype=float).tolist()
    assert best_so_far[-1] == sweep.best_value and best_so_far == sorted(best_so_far, reverse=True)
    shown = words(parallel.axes[0])
    for name in ("lr log", "optimizer", "net.depth", "loss", "adam", "sgd", "0.01"):
        assert name in shown
    assert len(parallel.axes[0].collections[0].get_paths()) == 12
    assert {label.get_text() for label in importance.axes[0].get_yticklabels()} == {"lr", "optimizer", "net.depth"}
    assert [ax.get_xlabel() for ax in slices.axes if ax.get_visible()] == ["lr log", "optimizer", "net.depth"]
    assert all(len(ax.collections[0].get_offsets()) == 12 for ax in slices.axes if ax.get_visible())  # type: ignore[arg-type]


def test_each_figure_can_be_drawn_where_the_user_wants_it() -> None:
    sweep = trained(CONFIG, 9, usual)
    paper = Figure(figsize=(9, 6))
    axes = paper.subplots(2, 2).flat
    assert sweep.plot_history("accuracy", ax=axes[0]) is paper
    assert sweep.plot_parallel_coordinates(["net.depth", "lr"], ax=axes[1]) is paper
    assert sweep.plot_importance("accuracy", ax=axes[2]) is paper
    assert sweep.plot_slices(ax=axes[3], parameter="lr") is paper
    assert len(paper.axes) == 4
    with pytest.raises(UsageError, match=r"say parameter=, one of lr, optimizer, net\.depth"):
        sweep.plot_slices(ax=axes[3])


@pytest.mark.parametrize(("key", "highest"), [("val/acc", True), ("pace", False)])
def test_the_best_of_another_metric_than_the_sweeps_is_what_its_name_says(key: str, highest: bool) -> None:
    def train(run: nbsweep.Run) -> None:
        run.log({"loss": 0.5, key: (3 * run.number - 3) % 7})

    sweep = trained(CONFIG, 7, train)
    ax = sweep.plot_history(key, by="run").axes[0]
    so_far = np.asarray(ax.lines[0].get_ydata(), dtype=float).tolist()
    assert so_far[-1] == (6 if highest else 0) and so_far == sorted(so_far, reverse=not highest)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [  # type: ignore[union-attr]
        "highest so far" if highest else "lowest so far"
    ]
    greens = {run.summary[key]: colours(sweep, sweep.runs, ax, key)[run.id][1] for run in sweep.runs}
    assert max(greens, key=greens.__getitem__) == so_far[-1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda sweep: sweep.plot_history("los"), "logged 'los'; logged were accuracy, loss"),
        (lambda sweep: sweep.plot_history(by="time"), "by='time': use 'step'"),
        (lambda sweep: sweep.plot_parallel_coordinates(["epochs"]), "no parameter 'epochs' that varies; there is lr"),
        (lambda sweep: sweep.plot_slices("f1"), "no run of sweep .* has a value of 'f1'; there is accuracy, loss"),
        (lambda sweep: sweep.plot_slices(parameter="x"), "parameter='x': sweep .* has none of that name"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_those_that_are(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call(trained(CONFIG, 2, usual))


def nan_only() -> None:
    nbsweep.log({"loss": math.nan})


def all_equal() -> None:
    nbsweep.log({"loss": 2.0})


def failing() -> None:
    nbsweep.log({"loss": 1.0})
    raise RuntimeError("no memory")


def one_diverged(run: nbsweep.Run) -> None:
    run.log({"loss": 1e12 if run.number == 1 else run.config.lr})


def from_end_to_end(run: nbsweep.Run) -> None:
    run.log({"loss": -1.7e308})
    run.log({"loss": 1.7e308 if (run.number - 1) % 2 else -1.7e308})


@pytest.mark.parametrize("train", [nan_only, all_equal, failing, one_diverged, from_end_to_end, usual])
@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_odd_sweeps_are_drawn_without_a_warning(train: Any, count: int, goal: str) -> None:
    sweep = trained({**CONFIG, "metric": {"name": "loss", "goal": goal}}, count, train)
    for figure in figures(sweep):
        drawn(figure)
    assert "<svg" in twins.mimebundle(sweep)["text/html"]


def test_a_parameter_may_span_all_floats() -> None:
    wide = {"x": {"min": -1.7e308, "max": 1.7e308}, "n": {"min": -(10**300), "max": 10**307}}
    for figure in figures(trained({**CONFIG, "parameters": {**CONFIG["parameters"], **wide}}, 9, usual)):
        drawn(figure)


def test_a_dict_among_a_parameters_values_is_one_level_everywhere() -> None:
    parameters = {"lr": {"min": 0.0, "max": 1.0}, "net": {"parameters": {"head": {"values": [{"a": 1}, {"a": 2}]}}}}
    sweep = trained(
        {**CONFIG, "method": "random", "parameters": parameters}, 6, lambda: nbsweep.log({"loss": nbsweep.config.lr})
    )
    heads = [run.config["net"]["head"] for run in sweep.runs]
    assert {"a": 1} in heads and {"a": 2} in heads

    frame = sweep.to_pandas()
    assert list(frame["net.head"]) == heads and "net.head.a" not in frame
    parallel, slices = sweep.plot_parallel_coordinates(), sweep.plot_slices()
    assert "{'a': 1}" in words(parallel.axes[0]) and "none" not in words(parallel.axes[0])
    dots = np.asarray(slices.axes[1].collections[0].get_offsets())
    assert len(dots) == 6 and np.isfinite(dots).all()
    assert "{'a': 1}" in twins.text_table(sweep)
    plan = Plan.of(sweep.checked_config)
    assert [run_view(run, plan, None, 0.0)["config"]["net.head"] for run in sweep.runs] == heads


def test_a_number_of_a_category_is_not_rounded_to_another() -> None:
    betas = [0.9, 0.99, 0.99999, 0.1 + 0.2, 2.1544346900318845e-05, 2.1544346900318e-05, 1.0]
    grid = {**CONFIG, "method": "grid", "parameters": {"beta": {"values": betas}}}
    sweep = trained(grid, 7, lambda: nbsweep.log({"loss": nbsweep.config.beta}))
    shown = [row[3] for row in table_of(sweep).rows]
    assert len(set(shown)) == 7 and all(len(text) <= 24 for text in shown)
    assert {"0.9", "0.99", "0.99999", "0.3", "1.0"} <= set(shown)


def test_a_picture_that_matplotlib_cannot_draw_leaves_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = trained(CONFIG, 2, usual)
    monkeypatch.setenv("PATH", "")  # no LaTeX
    with rc_context({"text.usetex": True}):
        bundle = twins.mimebundle(sweep)
    assert "image/png" not in bundle
    assert "could not be drawn: RuntimeError" in bundle["text/plain"] and "could not be drawn" in bundle["text/html"]
    assert sweep.runs[0].name in bundle["text/plain"] and sweep.runs[0].name in bundle["text/html"]


def test_a_sweep_without_a_run_or_a_metric_is_drawn_too() -> None:
    for figure in figures(nbsweep.Sweep(nbsweep.sweep(CONFIG))):
        drawn(figure)
        assert len(figure.axes) == 1 and figure.axes[0].texts  # words, and no empty plots beside them
    bare = {key: value for key, value in CONFIG.items() if key != "metric"}
    sweep = trained(bare, 3, usual)
    drawn(sweep.plot_parallel_coordinates())
    drawn(sweep.plot_history())
    drawn(sweep.plot_slices("loss"))
    with pytest.raises(UsageError, match="has no metric; name one of accuracy, loss"):
        sweep.plot_slices()


def test_sixty_parameters_stay_readable() -> None:
    parameters = {f"a parameter with a long name {i}": {"min": 0.0, "max": 1.0} for i in range(60)}
    sweep = trained({**CONFIG, "parameters": parameters}, 9, lambda: nbsweep.log({"loss": 1.0}))
    for figure in figures(sweep):
        drawn(figure)
        assert figure.get_figwidth() < 40


@pytest.mark.parametrize(("sign", "goal"), [(1, "minimize"), (-1, "maximize")])
def test_a_run_that_diverged_goes_off_the_scale_of_the_curves_which_say_so(sign: int, goal: str) -> None:
    def train(run: nbsweep.Run) -> None:
        number = run.number - 1
        for step in range(5):
            nbsweep.log({"loss": sign * (1e12 if number == 3 and step > 2 else 10 / (step + 1) + number / 10)})

    sweep = trained({**CONFIG, "metric": {"name": "loss", "goal": goal}}, 12, train)
    for figure, worst in ((sweep.plot_history(), 11.1), (sweep.plot_history(by="run"), 3.1)):
        ends = sorted(sign * end for end in figure.axes[0].get_ylim())
        assert ends[0] < 2 and worst < ends[1] < 1.1 * worst
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert f"1 run goes off the scale, to {sign * 1e12:.3g}" in [text.get_text() for text in legend.get_texts()]
        drawn(figure)


def test_moments_of_many_runs_go_off_the_scale_that_is_little_of_what_they_logged() -> None:
    def train(run: nbsweep.Run) -> None:
        number = run.number - 1
        for step in range(20):
            nbsweep.log({"loss": 10.0 ** (number + 2) if number % 3 == 1 and step < 2 else 10 / (step + 1)})

    figure = trained(CONFIG, 12, train).plot_history()
    assert 10 < figure.axes[0].get_ylim()[1] < 11  # four runs of twelve, three points in a hundred
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert "4 runs go off the scale, to 1e+12" in [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize(
    ("far", "why"), [((3, 4, 5), "it is what the sweep is like"), ((), "none does"), ((-1,), "it is the best")]
)
def test_no_run_goes_off_the_scale_that_the_picture_needs(far: tuple[int, ...], why: str) -> None:
    def train(run: nbsweep.Run) -> None:
        number = run.number - 1
        nbsweep.log({"loss": 1e12 if number in far or (number == 0 and -1 in far) else 5.0 + number})
        nbsweep.log({"loss": 1.0 if number == 0 else 1e12 if number in far else 5.0})

    sweep = trained(CONFIG, 12, train)
    top = max(np.nanmax(np.asarray(line.get_ydata(), dtype=float)) for line in sweep.plot_history().axes[0].lines)
    assert sweep.plot_history().axes[0].get_ylim()[1] >= top, why


def test_long_names_are_cut_so_that_what_differs_stays() -> None:
    parameters = {
        "network": {
            "parameters": {f"block_{i:02}": {"parameters": {"width": {"min": 0.0, "max": 1.0}}} for i in range(12)}
        }
    }
    sweep = trained({**CONFIG, "parameters": parameters}, 2, lambda: nbsweep.log({"loss": 1.0}))
    shown = words(sweep.plot_parallel_coordinates().axes[0])
    assert all(sum(f"_{i:02}.width" in word for word in shown) == 1 for i in range(12))


def test_of_many_parameters_the_most_important_are_shown() -> None:
    parameters = {f"p{i:02}": {"min": 0.0, "max": 1.0} for i in range(30)}
    sweep = trained({**CONFIG, "parameters": parameters}, 24, lambda: nbsweep.log({"loss": nbsweep.config["p29"]}))
    axes = sweep.plot_parallel_coordinates().axes[0]
    assert "p29" in words(axes) and axes.get_title(loc="right") == "the 24 most important of 30 parameters"
    slices = [ax.get_xlabel() for ax in sweep.plot_slices().axes]
    assert len(slices) == 24 and slices[-1] == "p29" and slices == sorted(slices)


def test_the_names_of_levels_do_not_overlap_below_a_slice() -> None:
    levels = [f"a very long name of an optimizer, {way} restarts" for way in ("without", "with", "with warm", "no")]
    parameters = {"optimizer": {"values": levels}, "lr": {"min": 0.0, "max": 1.0}}
    sweep = trained({**CONFIG, "parameters": parameters}, 8, usual)
    figure = sweep.plot_slices()
    drawn(figure)
    long = figure.axes[0].get_xticklabels()
    assert len({label.get_text() for label in long}) == 4 and {label.get_rotation() for label in long} == {30.0}
    short = trained(CONFIG, 8, usual).plot_slices().axes[1].get_xticklabels()
    assert [label.get_text() for label in short] == ["adam", "sgd"] and {each.get_rotation() for each in short} == {0.0}


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["lr", "x" * 30], ["lr", "xxxxxxx…xxxx"]),
        (["a very long beginning one", "a very long beginning two"], ["a very … one", "a very … two"]),
        (["the same beginning 1 the same end", "the same beginning 2 the same end"], ["…1 the … end", "…2 the … end"]),
        ([], []),
    ],
)
def test_texts_are_told_apart(texts: list[str], shown: list[str]) -> None:
    assert told_apart(texts, 12) == shown


def test_nothing_covers_the_words_of_an_importance_figure() -> None:
    sweep = trained(CONFIG, 9, lambda run: run.log({"loss": (run.number * 5 - 5) % 9}))
    figure = sweep.plot_importance()
    drawn(figure)
    ax = figure.axes[0]
    others = [label.get_window_extent() for label in (ax.xaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels())]
    others += [legend.get_window_extent() for legend in [ax.get_legend()] if legend is not None]
    assert ax.texts and not any(text.get_window_extent().overlaps(box) for text in ax.texts for box in others)
    assert "what noise reaches" in ax.get_xlabel()


def test_long_names_of_a_sweep_and_its_metric_stay_within_the_importance_figure() -> None:
    metric = "validation/mean_average_precision_at_50_95"
    parameters = {"model.encoder.attention_dropout_probability": {"min": 0, "max": 1}, "lr": {"min": 0, "max": 1}}
    config = {**CONFIG, "metric": {"name": metric}, "parameters": parameters}
    sweep = trained(
        config, 9, lambda run: run.log({metric: (run.number * 5 - 5) % 9}), "a rather long name of a sweep " * 3
    )
    figure = sweep.plot_importance()
    drawn(figure)
    ax = figure.axes[0]
    for text in (ax.xaxis.label, ax._left_title):  # type: ignore[attr-defined]
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, text.get_text()


def test_numbers_in_the_static_table_stand_on_the_right_and_words_on_the_left() -> None:
    page = twins.mimebundle(trained(CONFIG, 3, usual))["text/html"]
    sides = {name: side for side, name in re.findall(r"<th style=\"[^\"]*text-align:(\w+)\">([^<]*)</th>", page)}
    numbers, words = ("loss", "lr", "net.depth", "duration"), ("run", "state", "optimizer")
    assert {sides[name] for name in numbers} == {"right"} and {sides[name] for name in words} == {"left"}


def test_in_a_dark_style_words_and_lines_are_light_and_what_lies_behind_them_dark() -> None:
    sweep = trained(CONFIG, 12, usual)
    with rc_context({"axes.facecolor": "black", "figure.facecolor": "black", "text.color": "white"}):
        parallel, importance = sweep.plot_parallel_coordinates().axes[0], sweep.plot_importance().axes[0]
        slices = sweep.plot_slices().axes[0]
    assert all(light(text.get_color()) > 0.5 for text in (*parallel.texts, *importance.texts))
    boxes = [box for text in parallel.texts if (box := text.get_bbox_patch()) is not None]
    assert boxes and all(light(box.get_facecolor()) < 0.3 for box in boxes)
    band = importance.containers[0].patches[0]  # type: ignore[attr-defined]
    assert light(band.get_facecolor()) < 0.3
    assert min(light(shade) for shade in slices.collections[0].get_facecolors()) > 0.25  # type: ignore[attr-defined]


def light(shade: Any) -> float:
    red, green, blue = to_rgb(shade)
    return 0.3 * red + 0.59 * green + 0.11 * blue


def test_numbers_below_a_slice_stand_at_even_distances() -> None:
    parameters = {"layers": {"min": 1, "max": 6}, "units": {"min": 100_000, "max": 900_000}}
    axes = trained({**CONFIG, "parameters": parameters}, 8, lambda: nbsweep.log({"loss": 1.0})).plot_slices().axes
    for ax in axes:
        assert len(set(np.diff(ax.get_xticks()).round(6))) == 1
    assert [label.get_text() for label in axes[0].get_xticklabels()] == list("123456")


def test_hostile_names_are_text_in_every_twin() -> None:
    parameters = {HOSTILE: {"values": [HOSTILE, "b"]}, "lr": {"min": 0.0, "max": 1.0}}

    def train() -> None:
        nbsweep.log({HOSTILE: nbsweep.config.lr})

    sweep = trained({"method": "random", "metric": {"name": HOSTILE}, "parameters": parameters}, 10, train, HOSTILE)
    for figure in figures(sweep):
        drawn(figure)
    page = Page(twins.mimebundle(sweep)["text/html"])
    assert not {"script", "style", "link", "img", "iframe", "foreignobject"} & page.tags
    assert not [name for name in page.attributes if name.startswith("on")]
    assert all(link.startswith(("#", "http://www.w3.org/")) for link in page.links)
    assert "alert(1)" in page.text


def test_the_static_page_is_bounded_however_many_runs_there_are() -> None:
    sweep = trained({**CONFIG, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}, 230, all_equal)
    html = twins.mimebundle(sweep)["text/html"]
    assert html.count("<tr>") == 21 and "and 210 more runs" in html
    assert len(html) < 300_000


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (1000.0, 1034.0, False, "1000 1008 1016 1024 1032"),
        (1.0, 1e6, True, "1 100 10000 1000000"),
        (-3.0, 3.0, False, "-3 -1.5 0 1.5 3"),
        (0.1234567, 0.1234568, False, "0.1234567 0.12345673 0.12345675 0.12345678 0.1234568"),
        (0.0, 3e12, False, "0 6e+11 1.2e+12 1.8e+12 2.4e+12 3e+12"),
    ],
)
def test_ticks_are_told_apart_and_whole_numbers_are_whole(low: float, high: float, log: bool, labels: str) -> None:
    assert [label for _, label in Scale("batch", log, None, low, high).ticks()] == labels.split()


@pytest.mark.parametrize("more", [{}, {"q": 1}])
def test_a_log_normal_parameter_stands_on_a_log_axis_and_a_zero_at_its_foot(more: dict[str, Any]) -> None:
    law = {"distribution": "q_log_normal" if more else "log_normal", "mu": 4, "sigma": 1, **more}
    config = nbsweep.sweep_config.load({"method": "random", "parameters": {"units": law}})
    axis = Plan.of(config).axes[0]
    assert axis["log"] and axis["low"] is None
    scale = _parameter_scale(axis, [1, 10, 100, 0])
    assert scale.log and scale.places([0, 1, 10, 100]).tolist() == pytest.approx([0.0, 0.0, 0.5, 1.0])
    assert not _parameter_scale(axis, [0]).log


def test_a_scale_puts_values_where_they_belong() -> None:
    log = Scale("lr", True, None, 1e-4, 1.0)
    assert log.places([1e-4, 1e-2, 1.0, 0.0, None, math.nan])[:3].tolist() == [0.0, 0.5, 1.0]
    assert all(math.isnan(place) for place in log.places([None, math.nan, "x", True]))
    category = Scale("opt", False, ("adam", "sgd"))
    assert category.places(["adam", "sgd", "x"])[:2].tolist() == [0.25, 0.75]
    assert value_scale("loss", [math.nan], "minimize").low < value_scale("loss", [], "minimize").high


@pytest.mark.parametrize(("goal", "far"), [("minimize", 1e12), ("maximize", -1e12)])
def test_what_is_far_worse_is_left_to_a_marked_edge_and_what_is_far_better_is_not(goal: Goal, far: float) -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    scale = value_scale("loss", [*values, far], goal)
    assert (scale.low, scale.high) == (1, 5) and far in (scale.lowest, scale.highest)
    marks = [label for _, label in scale.ticks() if label[0] in "≤≥"]
    assert marks == (["≥ 5"] if far > 0 else ["≤ 1"])
    scale = value_scale("loss", [*values, -far], goal)
    assert -far in (scale.low, scale.high) and not [label for _, label in scale.ticks() if label[0] in "≤≥"]


def test_the_best_run_has_its_place_and_a_diverged_one_is_an_arrow_that_says_how_far() -> None:
    values = [0.1 + number / 1000 for number in range(18)]
    sweep = trained(CONFIG, 20, lambda run: run.log({"loss": [*values, -9.0, 1000.0][run.number - 1]}))
    ax = sweep.plot_slices(parameter="lr").axes[0]
    (dots, arrow) = [np.asarray(each.get_offsets())[:, 1] for each in ax.collections]
    assert dots.min() == -9.0 and len(dots) == 19 and arrow.tolist() == [pytest.approx(0.117)]
    assert ax.get_title(loc="right") == "1 beyond, to 1e+03"
    texts = [text.get_text() for text in sweep.plot_parallel_coordinates().axes[0].texts]
    assert "≥ 0.117" in texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\t c", "a b c"),
        ("$x$", r"\$x\$"),
        ("\U0001f389!", "□!"),
        ("x" * 50, "x" * 18 + "…" + "x" * 9),
    ],
)
def test_names_are_made_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


class Page(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "xlink:href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data
