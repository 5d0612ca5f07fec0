"""The card of a sweep's space that ``%%sweep define`` shows: each parameter, its distribution and range."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from nbsweep.space import SearchSpace
from nbsweep.store import SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["SpaceCard"]

WIDEST_RANGE = 60


@dataclass(frozen=True)
class SpaceCard:
    """What was defined. Shows as a small table in a notebook and as text elsewhere."""

    sweep: SweepRecord
    config: SweepConfig
    attached: bool = False

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(parameter, distribution, range, number of values) of each parameter."""
        space = SearchSpace.from_config(self.config.parameters)
        rows = []
        for name in space:
            parameter = space[name]
            size = parameter.size
            rows.append((name, parameter.distribution, _range(parameter), "∞" if size is None else f"{size:,}"))
        return rows

    @property
    def grid_size(self) -> int | None:
        """How many different configs the space has; None when infinitely many."""
        return SearchSpace.from_config(self.config.parameters).grid_size

    def headline(self) -> str:
        metric = self.config.metric
        goal = f" · {metric.goal} {metric.name}" if metric else ""
        size = self.grid_size
        points = f" · {size:,} grid points" if size is not None else ""
        return f"{self.config.method}{goal}{points} · seed {self.sweep.seed}"

    def __repr__(self) -> str:
        verb = "attached to" if self.attached else "defined"
        rows = [("parameter", "distribution", "range", "values"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        table = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"Sweep {self.sweep.name} {verb} (id {self.sweep.id}) · {self.headline()}", *table])

    def _repr_html_(self) -> str:
        e = html.escape
        verb = "attached" if self.attached else "defined"
        body = "".join(
            f'<tr><td style="text-align:left"><b>{e(name)}</b></td><td style="text-align:left">{e(distribution)}</td>'
            f'<td style="text-align:left">{e(extent)}</td><td style="text-align:right">{e(size)}</td></tr>'
            for name, distribution, extent, size in self.rows()
        )
        return (
            f'<div><b>{e(self.sweep.name)}</b> <span style="opacity:.65">{verb} · id {e(self.sweep.id)} · '
            f"{e(self.headline())}</span><table><thead><tr>"
            '<th style="text-align:left">parameter</th><th style="text-align:left">distribution</th>'
            '<th style="text-align:left">range</th><th style="text-align:right">values</th>'
            f"</tr></thead><tbody>{body}</tbody></table></div>"
        )


def _range(parameter: Any) -> str:
    """The values, the bounds or the moments of a parameter, in a few words."""
    spec = parameter.definition
    if "value" in spec:
        text = repr(spec["value"])
    elif "values" in spec:
        text = ", ".join(map(repr, spec["values"]))
        if "probabilities" in spec:
            text += "  (" + ", ".join(f"{p:.3g}" for p in spec["probabilities"]) + ")"
    elif "min" in spec and "max" in spec:
        text = f"{spec['min']:g} … {spec['max']:g}"
    else:
        text = ", ".join(f"{name} {value:g}" for name, value in spec.items() if name not in ("distribution", "q"))
    if "q" in spec:
        text += f", step {spec['q']:g}"
    return text if len(text) <= WIDEST_RANGE else text[: WIDEST_RANGE - 1] + "…"
