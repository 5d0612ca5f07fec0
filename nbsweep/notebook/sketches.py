"""Small pictures of distributions: a parameter in, an inline SVG out.

A `Curve` for what is continuous or has many values (x on the natural scale, logarithmic where the distribution is;
area is probability), `Bars` for a few values (height is probability), a `Dot` for a constant. Nothing the user wrote
gets into a picture, only numbers computed from it. Colours are the text's and one accent, so any theme will do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from nbsweep.distributions import law
from nbsweep.space import Parameter
from nbsweep.support import Axis, Stepped

__all__ = ["ACCENT", "Bars", "Curve", "Dot", "Shape", "outline", "picture"]

ACCENT = "#3b82f6"  # reads on white and on black
WIDTH, HEIGHT = 96, 24
MOST_BARS = 32
PIECES = 48  # of a curve
TAIL = 0.002  # what an unbounded distribution hides on each side
FLAT = 0.6  # the height of a uniform distribution, so that it looks unlike a peak

_LOG = f'<text x="{WIDTH - 2}" y="6" text-anchor="end" font-size="8" fill="currentColor" fill-opacity=".6">log</text>'

_SIDE, _TOP, _BASE = 3.0, 1.5, HEIGHT - 1.5


@dataclass(frozen=True)
class Curve:
    """Densities between edges; edges from 0 to 1 across the picture, heights from 0 to 1."""

    edges: tuple[float, ...]
    heights: tuple[float, ...]
    logarithmic: bool = False
    stepped: bool = False


@dataclass(frozen=True)
class Bars:
    """Probabilities at places from 0 to 1 across the picture; heights from 0 to 1."""

    places: tuple[float, ...]
    heights: tuple[float, ...]
    logarithmic: bool = False


@dataclass(frozen=True)
class Dot:
    """One value."""


Shape = Curve | Bars | Dot


def picture(parameter: Parameter) -> str:
    """The distribution of a parameter as an SVG element.

    Examples
    --------
    >>> from nbsweep.space import SearchSpace
    >>> svg = picture(SearchSpace.from_config({"lr": {"min": 0.0, "max": 0.1}})["lr"])
    >>> svg.startswith("<svg") and svg.endswith("</svg>")
    True
    """
    shape = outline(parameter)
    if isinstance(shape, Dot):
        label, body = "one value", _dot()
    elif isinstance(shape, Bars):
        label, body = f"probabilities of {len(shape.places)} values", _bars(shape)
    else:
        label, body = "density", _curve(shape)
    if not isinstance(shape, Dot) and shape.logarithmic:
        label, body = f"{label}, on a logarithmic scale", body + _LOG
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{label}"><path d="M1 {_BASE + 0.5}H{WIDTH - 1}" stroke="currentColor" '
        f'stroke-opacity=".3" fill="none"/>{body}</svg>'
    )


def outline(parameter: Parameter) -> Shape:
    """What there is to draw of a parameter.

    Examples
    --------
    >>> from nbsweep.space import SearchSpace
    >>> outline(SearchSpace.from_config({"x": {"values": [1, 2], "probabilities": [0.1, 0.9]}})["x"])
    Bars(places=(0.25, 0.75), heights=(0.111..., 1.0), logarithmic=False)
    """
    axis = parameter.law.support or _shown_multiples(parameter)
    if axis is None:
        return _density(parameter)
    if axis.size == 1:
        return Dot()
    logarithmic = _is_logarithmic(parameter) and axis.value(0) > 0
    return _comb(axis, logarithmic) if axis.size <= MOST_BARS else _histogram(axis, logarithmic)


# -- from a law to a shape -------------------------------------------------------------------------------------------


def _is_logarithmic(parameter: Parameter) -> bool:
    return "log" in parameter.distribution


def _shown_multiples(parameter: Parameter) -> Stepped | None:
    """The multiples of q that an unbounded quantised distribution shows, its tails piled on the ends."""
    if not parameter.distribution.startswith("q_"):
        return None
    q = parameter.definition["q"]
    unrounded = law({**parameter.definition, "distribution": parameter.distribution.removeprefix("q_")})
    first, last = (round(parameter.ppf(u) / q) for u in (TAIL, 1 - TAIL))
    return Stepped(first, last - first + 1, q, cumulative=unrounded.encode)


def _density(parameter: Parameter) -> Shape:
    """A curve through a continuous law, from differences of its CDF (`encode` of a continuous law)."""
    low = parameter.min if parameter.min is not None and math.isfinite(parameter.min) else None
    high = parameter.max if parameter.max is not None and math.isfinite(parameter.max) else None
    logarithmic = _is_logarithmic(parameter)
    if low is None or (logarithmic and low <= 0):
        low = parameter.ppf(TAIL)
    if high is None:
        high = parameter.ppf(1 - TAIL)
    if not low < high:  # so narrow that floats cannot tell the values apart
        return Dot()
    logarithmic = logarithmic and low > 0
    shares = [i / PIECES for i in range(PIECES + 1)]
    below = [parameter.law.encode(_between(low, high, share, logarithmic)) for share in shares]
    return Curve(tuple(shares), _scaled([b - a for a, b in pairwise(below)]), logarithmic)


def _comb(axis: Axis, logarithmic: bool) -> Bars:
    n = axis.size
    weights = [float(axis.weight_below(i + 1) - axis.weight_below(i)) for i in range(n)]
    if logarithmic:
        places = [_share(axis.value(0), axis.value(n - 1), axis.value(i), True) for i in range(n)]
    else:
        places = [(i + 0.5) / n for i in range(n)]
    return Bars(tuple(places), _scaled(weights), logarithmic)


def _histogram(axis: Axis, logarithmic: bool) -> Curve:
    """Many values in pieces of whole values, so that no piece is higher for holding one more of them."""
    n = axis.size
    if isinstance(axis, Stepped) and axis.cumulative is not None:  # rounded: a value stands for half a step each way
        low, high, step = float(axis.value(0)), float(axis.value(n - 1)), float(axis.step)
        wanted = (_between(low, high, i / PIECES, logarithmic) for i in range(1, PIECES))
        cuts = sorted({min(max(round(x / step - low / step + 0.5), 1), n - 1) for x in wanted})
        between = [low + (cut - 0.5) * step for cut in cuts]
        edges = [0.0, *(_share(low, high, x, logarithmic) for x in between), 1.0]
        below = [0.0, *map(axis.cumulative, between), 1.0]
    else:
        cuts = sorted({n * i // PIECES for i in range(PIECES + 1)})
        edges = [cut / n for cut in cuts]
        below = [axis.weight_below(cut) / axis.weight_below(n) for cut in cuts]
    widths = [b - a for a, b in pairwise(edges)]
    masses = (b - a for a, b in pairwise(below))
    densities = [mass / width if width > 0 else 0.0 for mass, width in zip(masses, widths, strict=True)]
    return Curve(tuple(edges), _scaled(densities, widths), logarithmic, stepped=True)


def _share(low: float, high: float, x: float, logarithmic: bool) -> float:
    """How far `x` is on the way from `low` to `high`: undoes `_between`."""
    if logarithmic:
        low, high, x = math.log(low), math.log(high), math.log(x)
    return min(max((x / 2 - low / 2) / (high / 2 - low / 2), 0.0), 1.0)


def _between(low: float, high: float, share: float, logarithmic: bool) -> float:
    """The number at `share` of the way; it neither overflows nor leaves the bounds."""
    if logarithmic:
        at = math.log(low) * (1 - share) + math.log(high) * share
        return min(max(math.exp(min(at, math.log(high))), low), high)
    return min(max(low * (1 - share) + high * share, low), high)


def _scaled(heights: list[float], widths: list[float] | None = None) -> tuple[float, ...]:
    """Heights from 0 to 1: the highest is 1, but what is flat stays at FLAT."""
    widths = widths or [1.0] * len(heights)
    mean = sum(height * width for height, width in zip(heights, widths, strict=True)) / sum(widths)
    top = max(max(heights), mean / FLAT)
    return tuple(height / top if top > 0 else 0.0 for height in heights)


# -- from a shape to SVG ---------------------------------------------------------------------------------------------


def _x(share: float) -> float:
    return _SIDE + share * (WIDTH - 2 * _SIDE)


def _y(height: float) -> float:
    return _BASE - height * (_BASE - _TOP)


def _dot() -> str:
    return f'<circle cx="{WIDTH / 2:g}" cy="{HEIGHT / 2:g}" r="3" fill="{ACCENT}"/>'


def _bars(bars: Bars) -> str:
    nearest = min((b - a for a, b in pairwise(bars.places)), default=1.0) * (WIDTH - 2 * _SIDE)
    width = min(max(nearest * 0.72, 1.1), 14.0)
    edge = width / 2 - _SIDE  # the first and the last bar stay inside
    inset = max(0.0, edge) if bars.places[0] < 0.01 else 0.0
    steps = []
    for place, height in zip(bars.places, bars.heights, strict=True):
        x = _x(place) if not inset else _SIDE + inset + place * (WIDTH - 2 * (_SIDE + inset))
        y = min(_y(height), _BASE - 1)  # a rare value is seen, too
        steps.append(f"M{x - width / 2:.4g} {_BASE}V{y:.4g}h{width:.3g}V{_BASE}z")
    return f'<path d="{"".join(steps)}" fill="{ACCENT}" fill-opacity=".8"/>'


def _curve(curve: Curve) -> str:
    if curve.stepped:
        line = "".join(
            f"L{_x(a):.4g} {_y(height):.4g}H{_x(b):.4g}"
            for (a, b), height in zip(pairwise(curve.edges), curve.heights, strict=True)
        )
    else:
        h = curve.heights
        ys = [_beyond(h[0], h[1]), *((a + b) / 2 for a, b in pairwise(h)), _beyond(h[-1], h[-2])]
        line = "".join(f"L{_x(edge):.4g} {_y(y):.4g}" for edge, y in zip(curve.edges, ys, strict=True))
    start, end = _x(curve.edges[0]), _x(curve.edges[-1])
    return (
        f'<path d="M{start:.4g} {_BASE}{line}L{end:.4g} {_BASE}z" fill="{ACCENT}" fill-opacity=".22"/>'
        f'<path d="M{line[1:]}" fill="none" stroke="{ACCENT}" stroke-width="1.4" stroke-linejoin="round"/>'
    )


def _beyond(last: float, before: float) -> float:
    """The height half a piece further."""
    return min(max(last + (last - before) / 2, 0.0), 1.0)
