"""What all figures share: axes to draw on, colours by metric, names that can be printed, scales of parameters."""

from __future__ import annotations

import functools
import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps, font_manager, ft2font, ticker
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nbsweep import analysis
from nbsweep.errors import UsageError
from nbsweep.goals import Goal, goal_of
from nbsweep.plan import Plan
from nbsweep.store import RunRecord
from nbsweep.support import identity

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = [
    "Scale",
    "SweepFigure",
    "axes_or_new",
    "clean",
    "colours",
    "drawable",
    "figure_of",
    "grey",
    "leading",
    "metric_of",
    "parameter_scales",
    "printable",
    "say_nothing_to_draw",
    "summary_value",
    "told_apart",
    "value_scale",
]

Values = NDArray[np.float64]

MOST_PARAMETERS = 24  # of a figure, unless more are asked for
_FARTHEST = 1e300
UNKNOWN = "0.6"
# Tukey's outer fence, in interquartile ranges beyond the quartiles: what lies farther is at a scale's edge or off it.
FENCE = 3.0
NEAR_AN_END = 0.06  # of an axis: too near for two labels
FEWEST_TO_FENCE = 5  # values of which some may be said to lie far from the others


def axes_or_new(ax: Axes | None, width: float = 7.0, height: float = 3.2) -> Axes:
    """`ax`, or the axes of a new figure of this size in inches."""
    return ax if ax is not None else SweepFigure(figsize=(width, height), layout="constrained").add_subplot()


class SweepFigure(Figure):
    """A figure that shows itself in a notebook.

    IPython shows matplotlib's figures only where pyplot has set that up, and these are made without pyplot: its
    figures live until somebody closes them, and a thread may not make them.
    """

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.savefig(out, format="png", dpi=110)
        return out.getvalue()


def figure_of(ax: Axes) -> Figure:
    """The figure an axes belongs to, whatever subfigures lie between."""
    found: Any = ax.get_figure()
    while not isinstance(found, Figure):
        found = found.figure
    return found


def clean(ax: Axes, sweep: Sweep) -> None:
    """The looks of all figures: a title on the left, no frame, a quiet grid."""
    ax.set_title(printable(sweep.name, 60), loc="left", fontsize="medium", fontweight="bold", wrap=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", linewidth=0.4, alpha=0.5)


def grey(ax: Axes, level: float) -> tuple[float, float, float]:
    """A grey that is as far from the axes' ground as `level` (0 black, 1 white) is from white: also in a dark style."""
    level = 0.15 + 0.85 * (1 - level) if _is_dark(ax) else level
    return level, level, level


def _is_dark(ax: Axes) -> bool:
    """Whether the axes, or what is seen through them, are dark."""
    red, green, blue, alpha = to_rgba(ax.get_facecolor())
    if alpha < 0.5:
        red, green, blue, _ = to_rgba(figure_of(ax).get_facecolor())
    return bool(0.3 * red + 0.59 * green + 0.11 * blue < 0.5)


def say_nothing_to_draw(ax: Axes, words: str) -> None:
    """Words in the middle of empty axes, as many to a line as it has room for."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["top", "right"]].set_visible(False)
    lines = textwrap.fill(printable(words, 160), max(16, round(9 * ax.get_window_extent().width / figure_of(ax).dpi)))
    ax.text(0.5, 0.5, lines, ha="center", va="center", color=grey(ax, 0.45), transform=ax.transAxes)


def printable(text: object, most: int = 28) -> str:
    """Text as a figure can show it: one line, cut in the middle, without mathtext, every character in the font."""
    return _in_font(_cut(_one_line(text), most, 4))


def told_apart(texts: Sequence[object], most: int) -> list[str]:
    """Texts as `printable`, cut so that what differs between them stays where it can.

    >>> told_apart([f"network.block_{number}.width" for number in (1, 12)], 18)
    ['network.…k_1.width', 'network.…_12.width']
    """
    lines = [_one_line(text) for text in texts]
    long = [line for line in lines if len(line) > most]
    common = next((place for place, at in enumerate(zip(*long, strict=False)) if len(set(at)) > 1), 0)
    ways = [(start, sixths) for start in (0, common) for sixths in (4, 3, 2, 0, 6)]
    cuts = [[_cut(line, most, sixths, start) for line in lines] for start, sixths in ways]
    return [_in_font(line) for line in max(cuts, key=lambda cut: len(set(cut)))]  # the first of the best


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _cut(line: str, most: int, sixths: int, start: int = 0) -> str:
    """A line in `most` characters: from `start` on, and of what is too long a head of so many sixths, and a tail."""
    if len(line) <= most:
        return line
    line = f"…{line[start:]}" if start else line
    if len(line) <= most:
        return line
    head = (most - 1) * sixths // 6
    return f"{line[:head]}…{line[len(line) - (most - 1 - head) :]}"


def _in_font(line: str) -> str:
    known = _font()
    shown = "".join(character if known.get_char_index(ord(character)) else "□" for character in line)
    return shown.replace("$", r"\$")


@functools.cache
def _font() -> ft2font.FT2Font:
    return font_manager.get_font(font_manager.findfont("DejaVu Sans"))


def metric_of(sweep: Sweep, metric: str | None) -> str:
    """The metric's name: the one named, else the sweep's own.

    Raises
    ------
    UsageError
        When none was named and the sweep has none, or no run has a summary value of that name.
    """
    own = sweep.checked_config.metric
    keys = sorted({key for run in sweep.runs for key in run.summary})
    if metric is None:
        if own is None:
            raise UsageError(f"sweep {sweep.name} has no metric; name one of {', '.join(keys) or 'the logged keys'}")
        return own.name
    if metric not in keys and (own is None or metric != own.name):
        raise UsageError(
            f"no run of sweep {sweep.name} has a value of {metric!r}; there is {', '.join(keys) or 'none'}"
        )
    return metric


def summary_value(run: RunRecord, metric: str) -> float:
    """A run's summary value, as `drawable`; NaN where it has none that is a number."""
    return _number(run.summary.get(metric))


def colours(sweep: Sweep, runs: Sequence[RunRecord], ax: Axes, metric: str | None = None) -> dict[str, Any]:
    """{run id: colour}: viridis over the values of the metric, the best brightest, outliers as one.

    Without its palest on white axes, without its darkest on dark ones.

    Of a metric that is not the sweep's, its name says which is best (`nbsweep.goals`).

    A run without a value, or one that failed, is missing.
    """
    own = sweep.checked_config.metric
    name = metric or (own.name if own else None)
    if name is None:
        return {}
    sign = -1.0 if goal_of(name, own) == "maximize" else 1.0
    ended = [run for run in runs if run.state not in ("failed", "crashed")]
    costs = {run.id: sign * value for run in ended if math.isfinite(value := summary_value(run, name))}
    if not costs:
        return {}
    known = np.array(list(costs.values()))
    lower, upper = np.quantile(known, [0.25, 0.75])
    best = known.min()
    worst = min(known.max(), upper + 1.5 * (upper - lower)) if upper > lower else known.max()
    scale = colormaps["viridis"]
    span = worst - best
    shade = {run: 1.0 if span <= 0 else float(np.clip(1 - (cost - best) / span, 0, 1)) for run, cost in costs.items()}
    foot, span = (0.25, 0.75) if _is_dark(ax) else (0.05, 0.8)
    return {run: scale(foot + span * each) for run, each in shade.items()}


@dataclass(frozen=True)
class Scale:
    """A parameter's or a metric's axis: values to places in 0..1, and ticks.

    Attributes
    ----------
    name : str
    log : bool
    levels : tuple or None
        Values of a category, from the foot of the axis.
    low, high : float
        Ends of a number's axis, low < high.
    lowest, highest : float
        The least and the greatest value, which may lie beyond.
    """

    name: str
    log: bool
    levels: tuple[Any, ...] | None
    low: float = 0.0
    high: float = 1.0
    lowest: float = math.inf
    highest: float = -math.inf

    def places(self, values: Sequence[Any]) -> Values:
        """Places of values, NaN for what has none (missing, NaN); beyond the ends is at the ends."""
        if self.levels is not None:
            at = {identity(level): (place + 0.5) / len(self.levels) for place, level in enumerate(self.levels)}
            return np.array([at.get(identity(value), math.nan) for value in values], dtype=float)
        numbers = np.array([_number(value) for value in values], dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.log:
                share = np.log(numbers / self.low) / math.log(self.high / self.low)
            else:
                share = (numbers - self.low) / (self.high - self.low)
        return np.where(np.isfinite(numbers), np.clip(share, 0.0, 1.0), math.nan)

    def ticks(self, levels: int = 16, characters: int = 16) -> list[tuple[float, str]]:
        """(place, label) pairs; of a category at most so many levels, in so many characters each."""
        if self.levels is not None:
            every = max(1, math.ceil(len(self.levels) / levels))
            labels = told_apart(self.levels, characters)
            return [((k + 0.5) / len(labels), label) for k, label in enumerate(labels) if k % every == 0]
        found: Any = (
            ticker.LogLocator(numticks=6).tick_values(self.low, self.high)
            if self.log
            else ticker.MaxNLocator(5).tick_values(self.low, self.high)
        )
        slack = 1e-9 * (self.high - self.low)  # ticks are rounded
        low, high = (
            (self.low * (1 - 1e-9), self.high * (1 + 1e-9)) if self.log else (self.low - slack, self.high + slack)
        )
        inside = [value for value in found if low <= value <= high]
        if len(inside) < 2:
            inside = [self.low, self.high]
        marks = [(float(self.places([value])[0]), label) for value, label in zip(inside, _labels(inside), strict=True)]
        foot, top = f"≤ {_label(self.low, 3)}", f"≥ {_label(self.high, 3)}"
        if self.lowest < self.low:
            marks = [(0.0, foot), *(mark for mark in marks if mark[0] > NEAR_AN_END)]
        if self.highest > self.high:
            marks = [*(mark for mark in marks if mark[0] < 1 - NEAR_AN_END), (1.0, top)]
        return marks


def _labels(values: Sequence[float]) -> list[str]:
    """Numbers beside an axis: whole ones as they are up to seven digits, others with what tells them apart."""
    for digits in range(3, 18):
        labels = [_label(float(value), digits) for value in values]
        if len(set(labels)) == len(set(values)):
            break
    return labels


def _label(value: float, digits: int) -> str:
    if abs(value) >= 1e7:
        return f"{value:.{digits}g}"
    before_the_point = len(f"{abs(value):.0f}")  # fewer digits would be 1.02e+03
    return f"{value + 0.0:.{max(digits, before_the_point)}g}"  # + 0.0: no tick is -0


def parameter_scales(sweep: Sweep, runs: Sequence[RunRecord]) -> list[Scale]:
    """A scale for each parameter that varies, in the config's order."""
    config = sweep.checked_config
    configs = [analysis.flat(run.config, config.parameter_names) for run in runs]
    return [_parameter_scale(axis, [each.get(axis["name"]) for each in configs]) for axis in Plan.of(config).axes]


def leading(sweep: Sweep, scales: list[Scale], metric: str | None) -> tuple[list[Scale], str]:
    """At most 24 scales, of the parameters that matter most to the metric, in their order; and what to say of it.

    As long as importance cannot be told, the first are taken. Nothing is to be said where none is left out.
    """
    if len(scales) <= MOST_PARAMETERS:
        return scales, ""
    found = sweep.compute_importance(metric) if metric is not None else None
    told = found is not None and found.note is None
    rank = {row.name: place for place, row in enumerate(found.rows)} if found is not None and told else {}
    first = sorted(scales, key=lambda scale: rank.get(scale.name, len(rank)))[:MOST_PARAMETERS]
    words = f"the {MOST_PARAMETERS} {'most important' if told else 'first'} of {len(scales)} parameters"
    return [scale for scale in scales if scale in first], words


def _parameter_scale(axis: Mapping[str, Any], values: Sequence[Any]) -> Scale:
    if axis["kind"] == "category":
        levels = {identity(level): level for level in [*axis["levels"], *(v for v in values if v is not None)]}
        found = tuple(levels.values())
        if all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in found):
            found = tuple(sorted(found))
        return Scale(axis["name"], False, found or (None,))
    numbers = [number for value in values if math.isfinite(number := _number(value))]
    ends = [*numbers, *(_number(end) for end in (axis["low"], axis["high"]) if end is not None)]
    if axis["log"] and any(end > 0 for end in ends):
        ends = [end for end in ends if end > 0]  # the 0 of a run is drawn at the foot of the others' log axis
    return _number_scale(axis["name"], axis["log"], ends)


def value_scale(name: str, values: Sequence[float], goal: Goal) -> Scale:
    """The scale of a metric's values; a few that are far worse than all others are left to its edge."""
    finite = np.array([value for value in values if math.isfinite(value)], dtype=float)
    inside = finite
    if len(finite) >= FEWEST_TO_FENCE:
        lower, upper = np.quantile(finite, [0.25, 0.75])
        reach = FENCE * (upper - lower)
        if reach > 0:
            inside = finite[finite >= lower - reach] if goal == "maximize" else finite[finite <= upper + reach]
    scale = _number_scale(name, False, inside.tolist())
    return replace(scale, lowest=finite.min(initial=math.inf), highest=finite.max(initial=-math.inf))


def _number_scale(name: str, log: bool, ends: Sequence[float]) -> Scale:
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    log = log and low > 0
    if not low < high:
        low, high = (low / 2, low * 2) if log else (low - (abs(low) / 2 or 1.0), low + (abs(low) / 2 or 1.0))
    return Scale(name, log, None, float(low), float(high))


def drawable(values: Values) -> Values:
    """Numbers whose differences are numbers too, on which every axis rests: finite ones beyond ±1e300 are there."""
    return np.where(np.isfinite(values), np.clip(values, -_FARTHEST, _FARTHEST), values)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    # As `drawable`, which costs more than all else here for one number: each run has one for each parameter.
    return max(-_FARTHEST, min(number, _FARTHEST)) if math.isfinite(number) else number
