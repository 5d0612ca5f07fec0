"""The card of a sweep's space that ``%%sweep define`` shows: each parameter with a picture of its distribution.

One table that fits 600 px; what is longer is cut and whole in its tooltip. Text elsewhere. All that the user wrote is
escaped; there are no scripts, and where a viewer strips styles and SVG (GitHub), a plain table of text is left.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from nbsweep.config_problems import show
from nbsweep.definitions import Definition
from nbsweep.notebook.sketches import picture
from nbsweep.space import Parameter, SearchSpace
from nbsweep.store import SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["Row", "SpaceCard", "row_of"]

WIDEST_RANGE = 60  # in text, where nothing is cut to fit
WIDEST_NAME = 40
WIDEST_LIST = 240
TAIL = 12  # of a long name, always seen
LONGEST_TOOLTIP = 1000
WRITTEN_OUT = 10**9  # counts from here on are rounded: 1.0e12
QUANTILES = (0.1, 0.5, 0.9)

STYLE = """<style>
.nbsweep-card{max-width:960px;line-height:1.35;container-type:inline-size}
.nbsweep-card .nbs-head{margin:2px 6px 4px;overflow-wrap:anywhere}
.nbsweep-card .nbs-dim{opacity:.65}
.nbsweep-card table.nbs-space{table-layout:fixed;width:100%;margin:0;border-collapse:collapse;font-size:12px}
.nbsweep-card table.nbs-space th,.nbsweep-card table.nbs-space td{padding:2px 6px;text-align:left;
vertical-align:middle;line-height:15px;overflow:hidden;max-width:none;border:0}
.nbsweep-card table.nbs-space th{font-weight:normal;opacity:.65}
.nbsweep-card table.nbs-space tbody tr{border-top:1px solid rgba(128,128,128,.22)}
.nbsweep-card table.nbs-space .nbs-count{text-align:right;font-variant-numeric:tabular-nums}
.nbsweep-card .nbs-pair{display:grid;grid-template-columns:minmax(0,1fr);column-gap:10px}
.nbsweep-card .nbs-pair>*{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}
.nbsweep-card .nbs-pair>.nbs-list{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;
white-space:normal;overflow-wrap:anywhere}
.nbsweep-card .nbs-name{display:flex;font-weight:600}
.nbsweep-card .nbs-name span{overflow:hidden;text-overflow:ellipsis;white-space:pre}
.nbsweep-card .nbs-nest{flex:0 100 auto;min-width:0;font-weight:normal;opacity:.65}
.nbsweep-card .nbs-tail{flex:0 0 auto}
.nbsweep-card svg{display:block}
@container (min-width:880px){
.nbsweep-card .nbs-pair{grid-template-columns:minmax(0,8fr) minmax(0,7fr)}
.nbsweep-card .nbs-pair>.nbs-list{grid-column:span 2;-webkit-line-clamp:1}}
</style>"""
"""Where the card is narrow a pair is two lines, name over distribution; where it is wide, two columns."""

COLUMNS = '<colgroup><col style="width:42%"><col style="width:108px"><col><col style="width:62px"></colgroup>'
HEADS = (
    '<th><div class="nbs-pair"><span>parameter</span><span>distribution</span></div></th><th></th>'
    '<th><div class="nbs-pair"><span>range</span><span>examples</span></div></th><th class="nbs-count">values</th>'
)


@dataclass(frozen=True)
class Row:
    """One parameter in words: the range is its values, its bounds or its moments."""

    parameter: Parameter
    extent: str
    examples: str
    size: int | None

    @property
    def count(self) -> str:
        """The number of distinct values, as short as it takes."""
        return "∞" if self.size is None else _count(self.size)


@dataclass(frozen=True)
class SpaceCard:
    """What was defined. Shows as a small table in a notebook and as text elsewhere."""

    sweep: SweepRecord
    config: SweepConfig
    defined: Definition | None = None  # what came of it, where the sweep may have been there before

    @cached_property
    def space(self) -> SearchSpace:
        """The space that is searched."""
        return SearchSpace.from_config(self.config.parameters)

    @property
    def grid_size(self) -> int | None:
        """How many points a grid over the space has; None when infinitely many."""
        return self.space.grid_size

    def rows(self) -> list[Row]:
        """One row a parameter, in the order of names."""
        return [row_of(parameter) for parameter in self.space.parameters]

    def headline(self) -> str:
        metric = self.config.metric
        goal = f" · {metric.goal} {metric.name}" if metric else ""
        size = self.grid_size
        points = "" if size is None else f" · {_count(size)} grid point{'' if size == 1 else 's'}"
        return f"{self.config.method}{goal}{points} · seed {self.sweep.seed}"

    def notes(self) -> list[str]:
        """What the config's author should know: what goes on, keys that make no difference, numbers that were text."""
        said = self.defined.said if self.defined is not None else None
        return (said.splitlines() if said else []) + [f"Note: {note}" for note in self.config.notes]

    @property
    def _verb(self) -> str:
        return "goes on" if self.defined is not None and self.defined.attached else "defined"

    def __repr__(self) -> str:
        rows = [("parameter", "distribution", "range", "examples", "values")]
        for row in self.rows():
            name = _cut_inside(row.parameter.name, WIDEST_NAME)
            rows.append((name, row.parameter.distribution, _cut(row.extent, WIDEST_RANGE), row.examples, row.count))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        table = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(
            [f"Sweep {self.sweep.name} {self._verb} (id {self.sweep.id}) · {self.headline()}", *table, *self.notes()]
        )

    def _repr_html_(self) -> str:
        return (
            f'{STYLE}<div class="nbsweep-card"><div class="nbs-head"><b>{_text(self.sweep.name)}</b> '
            f'<span class="nbs-dim">{self._verb} · id {_text(self.sweep.id)} · {_text(self.headline())}</span></div>'
            f'<table class="nbs-space">{COLUMNS}<thead><tr>{HEADS}</tr></thead>'
            f"<tbody>{''.join(map(_html_row, self.rows()))}</tbody></table>"
            + "".join(f'<div class="nbs-head">{_text(note)}</div>' for note in self.notes())
            + "</div>"
        )


def row_of(parameter: Parameter) -> Row:
    """A parameter in words.

    Examples
    --------
    >>> space = SearchSpace.from_config({"lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}})
    >>> row = row_of(space["lr"])
    >>> row.extent, row.examples, row.count
    ('1e-5 … 0.1', '2.51e-5, 0.001, 0.0398', '∞')
    """
    spec = parameter.definition
    if "value" in spec:
        return Row(parameter, show(spec["value"], LONGEST_TOOLTIP), "", parameter.size)
    if "values" in spec:
        return Row(parameter, _choices(spec["values"], spec.get("probabilities")), "", parameter.size)
    if "mu" in spec or "a" in spec:
        extent = ", ".join(f"{key} {_number(spec[key])}" for key in ("mu", "sigma", "a", "b") if key in spec)
    else:
        extent = f"{_number(parameter.min)} … {_number(parameter.max)}"
    if "q" in spec:
        extent += f", step {_number(spec['q'])}"
    examples = ", ".join(dict.fromkeys(_number(parameter.ppf(u)) for u in QUANTILES))
    return Row(parameter, extent, examples, parameter.size)


def _choices(values: Sequence[Any], probabilities: Sequence[float] | None) -> str:
    texts: list[str] = []
    for number, value in enumerate(values[:LONGEST_TOOLTIP]):
        chance = "" if probabilities is None else f" ({probabilities[number]:.3g})"
        texts.append(show(value, LONGEST_TOOLTIP) + chance)
    return ", ".join(texts)


def _number(value: Any) -> str:
    """A number in few characters: whole ones as they are, others to three digits.

    Examples
    --------
    >>> [_number(value) for value in (150_000, 0.1 + 0.2, 1e-5, 2.5e8, 40.0)]
    ['150000', '0.3', '1e-5', '2.5e8', '40']
    """
    if isinstance(value, int) and abs(value) < 10**7:
        return str(value)
    size = abs(float(value))
    if 0 < size < 1e-3 or size >= 1e7:
        digits, _, exponent = f"{value:.2e}".partition("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"


def _count(size: int) -> str:
    if size < WRITTEN_OUT:
        return f"{size:,}"
    return f"{Decimal(size):.1e}".replace("e+", "e")


def _cut(text: str, widest: int) -> str:
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _cut_inside(text: str, widest: int) -> str:
    """On one line, cut in the middle: names that differ often differ at their ends."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(text) <= widest:
        return text
    tail = widest // 2
    return f"{text[: widest - 1 - tail]}…{text[-tail:]}"


def _text(text: str) -> str:
    return html.escape(_cut(text, LONGEST_TOOLTIP))


def _html_row(row: Row) -> str:
    distribution = row.parameter.distribution
    if row.examples:
        extent = f'<span title="{_text(row.extent)}">{_text(row.extent)}</span>'
        extent += f'<span class="nbs-dim" title="{_text(row.examples)}">{_text(row.examples)}</span>'
    else:
        extent = f'<span class="nbs-list" title="{_text(row.extent)}">{_text(_cut(row.extent, WIDEST_LIST))}</span>'
    return (
        f'<tr><td><div class="nbs-pair">{_html_name(row.parameter)}'
        f'<span class="nbs-dim" title="{distribution}">{distribution}</span></div></td>'
        f'<td>{picture(row.parameter)}</td><td><div class="nbs-pair">{extent}</div></td>'
        f'<td class="nbs-count" title="{row.count} distinct values">{row.count}</td></tr>'
    )


def _html_name(parameter: Parameter) -> str:
    """The name in parts that give way to a narrow column in turn: first the nest, then the middle of the name."""
    *nest, leaf = parameter.path
    parts = [("nest", f"{'.'.join(nest)}.")] if nest else []
    parts += [("tail", leaf)] if len(leaf) <= 2 * TAIL else [("front", leaf[:-TAIL]), ("tail", leaf[-TAIL:])]
    spans = "".join(f'<span class="nbs-{kind}">{_text(part)}</span>' for kind, part in parts)
    return f'<span class="nbs-name" title="{_text(parameter.name)}">{spans}</span>'
