"""The card of a sweep's space that ``%%sweep define`` shows: each parameter with a picture of its distribution.

One table that fits 600 px; what is longer is cut and whole in its tooltip. Text elsewhere. All that the user wrote is
escaped; there are no scripts, and where a viewer strips styles and SVG (GitHub), a plain table of text is left.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from nbsweep.config_problems import show
from nbsweep.notebook.sketches import picture
from nbsweep.space import Parameter, SearchSpace
from nbsweep.store import SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["Row", "SpaceCard", "row_of"]

WIDEST_RANGE = 60  # in text, where nothing is cut to fit
WIDEST_NAME = 40
LONGEST_TOOLTIP = 1000
WRITTEN_OUT = 10**9  # counts from here on are rounded: 1.0e12
QUANTILES = (0.1, 0.5, 0.9)

STYLE = """<style>
.nbsweep-card{max-width:880px;line-height:1.35}
.nbsweep-card .nbs-head{margin:2px 0 4px;overflow-wrap:anywhere}
.nbsweep-card .nbs-dim{opacity:.65}
.nbsweep-card table.nbs-space{table-layout:fixed;width:100%;margin:0;border-collapse:collapse;font-size:12px}
.nbsweep-card table.nbs-space th,.nbsweep-card table.nbs-space td{padding:2px 8px 2px 0;text-align:left;
vertical-align:middle;line-height:20px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;
unicode-bidi:isolate;max-width:none;border:0}
.nbsweep-card table.nbs-space th{font-weight:normal;opacity:.65}
.nbsweep-card table.nbs-space th:first-child,.nbsweep-card table.nbs-space td:first-child{padding-left:6px}
.nbsweep-card table.nbs-space tbody tr{border-top:1px solid rgba(128,128,128,.22)}
.nbsweep-card table.nbs-space .nbs-count{text-align:right;padding-right:6px;font-variant-numeric:tabular-nums}
.nbsweep-card .nbs-name{display:flex;font-weight:600}
.nbsweep-card .nbs-name span{overflow:hidden;text-overflow:ellipsis;white-space:pre}
.nbsweep-card .nbs-nest{flex:0 100 auto;min-width:1.5em;font-weight:normal;opacity:.65}
.nbsweep-card .nbs-leaf{flex:0 1 auto}
.nbsweep-card svg{display:block;overflow:visible}
</style>"""

COLUMNS = (("parameter", "21%"), ("", "108px"), ("distribution", "22%"), ("range", "26%"), ("examples", ""))
COUNT_WIDTH = "60px"


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
    attached: bool = False

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

    def __repr__(self) -> str:
        verb = "attached to" if self.attached else "defined"
        rows = [("parameter", "distribution", "range", "examples", "values")]
        for row in self.rows():
            name = _cut(row.parameter.name, WIDEST_NAME)
            rows.append((name, row.parameter.distribution, _cut(row.extent, WIDEST_RANGE), row.examples, row.count))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        table = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"Sweep {self.sweep.name} {verb} (id {self.sweep.id}) · {self.headline()}", *table])

    def _repr_html_(self) -> str:
        verb = "attached to" if self.attached else "defined"
        columns = "".join(f'<col style="width:{width}">' if width else "<col>" for _, width in COLUMNS)
        heads = "".join(f"<th>{name}</th>" for name, _ in COLUMNS)
        return (
            f'{STYLE}<div class="nbsweep-card"><div class="nbs-head"><b>{_text(self.sweep.name, 200)}</b> '
            f'<span class="nbs-dim">{verb} · id {_text(self.sweep.id)} · {_text(self.headline())}</span></div>'
            f'<table class="nbs-space"><colgroup>{columns}<col style="width:{COUNT_WIDTH}"></colgroup>'
            f'<thead><tr>{heads}<th class="nbs-count">values</th></tr></thead>'
            f"<tbody>{''.join(map(_html_row, self.rows()))}</tbody></table></div>"
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
    >>> [_number(value) for value in (150_000, 0.1 + 0.2, 1e-5, 2.5e6, 40.0)]
    ['150000', '0.3', '1e-5', '2.5e6', '40']
    """
    if isinstance(value, int) and abs(value) < 10**7:
        return str(value)
    text = f"{value:.3g}" if not float(value).is_integer() or abs(value) >= 10**7 else f"{value:.0f}"
    digits, e, exponent = text.partition("e")
    return f"{digits}e{int(exponent)}" if e else digits


def _count(size: int) -> str:
    if size < WRITTEN_OUT:
        return f"{size:,}"
    return f"{Decimal(size):.1e}".replace("e+", "e")


def _cut(text: str, widest: int) -> str:
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _text(text: str, widest: int = LONGEST_TOOLTIP) -> str:
    return html.escape(_cut(text, widest))


def _html_row(row: Row) -> str:
    path = row.parameter.path
    nest = f'<span class="nbs-nest">{_text(".".join(path[:-1]))}.</span>' if len(path) > 1 else ""
    name = f'<span class="nbs-name">{nest}<span class="nbs-leaf">{_text(path[-1])}</span></span>'
    extent = f'<td title="{_text(row.extent)}"{"" if row.examples else " colspan=2"}>{_text(row.extent)}</td>'
    examples = f'<td class="nbs-dim" title="{_text(row.examples)}">{_text(row.examples)}</td>' if row.examples else ""
    full_count = "infinitely many" if row.size is None else _count(row.size)
    return (
        f'<tr><td title="{_text(row.parameter.name)}">{name}</td><td>{picture(row.parameter)}</td>'
        f'<td title="{_text(row.parameter.distribution)}">{_text(row.parameter.distribution)}</td>'
        f'{extent}{examples}<td class="nbs-count" title="{full_count}">{row.count}</td></tr>'
    )
