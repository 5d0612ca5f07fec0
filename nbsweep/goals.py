"""Which way a metric is better: the sweep says it of its own; of another its name is all there is.

The same words and the same rule as the pages': labextension/src/goals.ts. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from nbsweep.sweep_config import Metric

__all__ = ["Goal", "goal_of", "likely_goal"]

Goal = Literal["minimize", "maximize"]

MORE_IS_BETTER = frozenset({
    "acc", "accuracy", "auc", "auroc", "auprc", "ap", "f1", "fscore", "r2", "score", "reward", "return", "precision",
    "recall", "specificity", "sensitivity", "iou", "miou", "dice", "map", "ndcg", "mrr", "bleu", "rouge", "mcc",
    "kappa", "psnr", "ssim",
})  # fmt: skip
LESS_IS_BETTER = frozenset({"loss", "err", "error", "regret"})  # they have the last word: an accuracy's loss is a loss


def goal_of(name: str, own: Metric | None) -> Goal:
    """Which way `name` is better; `own` is the sweep's metric.

    >>> goal_of("score", Metric("score", "minimize")), goal_of("accuracy", Metric("score", "minimize"))
    ('minimize', 'maximize')
    """
    if own is not None and own.name == name:
        return own.goal
    return likely_goal(name)


def likely_goal(name: str) -> Goal:
    """What the words of a metric's name say; they count whole, however they are joined.

    >>> [likely_goal(name) for name in ("val_acc", "testF1", "mAP50-95", "val_mape", "acc_loss")]
    ['maximize', 'maximize', 'maximize', 'minimize', 'minimize']
    """
    words = set(_words_of(name))
    return "maximize" if words & MORE_IS_BETTER and not words & LESS_IS_BETTER else "minimize"


def _words_of(name: str) -> Iterator[str]:
    """The words of a name, and its parts in one (mAP50); each also without its number and its plural."""
    for part in re.split(r"[\W_]+", name):
        for word in (part, *_at_capitals(part)):
            plain = word.lower()
            yield from (plain, re.sub(r"\d+$", "", plain), plain.removesuffix("s"))


def _at_capitals(part: str) -> list[str]:
    pieces = ""
    for before, letter in zip(" " + part, part, strict=False):
        pieces += f" {letter}" if letter.isupper() and (before.islower() or before.isdigit()) else letter
    return pieces.split()
