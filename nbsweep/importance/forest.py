"""A small random forest that is grown for many targets at once, and how much each column helps it.

In come columns as whole-number codes and targets, out comes the out-of-bag share of each target's variance that the
splits on each column explain. Pure NumPy: all targets (the metric and its permutations) pass through the same bags
and the same candidate splits, so that the permuted ones are the exact null distribution of the true one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbsweep.importance.columns import Column

__all__ = ["Shares", "grow"]

CANDIDATES = 6  # splits of a column that a tree may choose from
LARGEST_BAG = 256
LARGEST_TEST = 256
DEEPEST = 5
CHUNK_CELLS = 500_000  # numbers in the largest array of a chunk of trees

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Shares:
    """What the columns explain.

    Attributes
    ----------
    shares : array, shape (targets, columns)
        Out-of-bag covariance of the target with what the splits on a column add to the forest's prediction; the
        target has variance 1. About 0, and as often below as above, for a column that does not matter.
    by_run : array, shape (n, columns)
        The first target's, run by run; their mean is its share.
    predicted : array, shape (n, )
        The first target's out-of-bag prediction.
    """

    shares: NDArray[np.float64]
    by_run: NDArray[np.float64]
    predicted: NDArray[np.float64]


def grow(
    columns: Sequence[Column],
    targets: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    trees: int = 100,
    test_all: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Shares | None:
    """Grow a forest for each target and share out what it explains.

    The statistic is MDI-oob (Li, Wang, Basu, Kumbier, Yu: A debiased MDI feature importance measure for random
    forests, NeurIPS 2019): a split on column k moves a run's prediction from its node's mean to its child's; these
    moves, times the target, are averaged over runs that the tree was not grown on. It has no bias towards columns
    with many values, and its sum over columns is what the forest explains of the target.

    Parameters
    ----------
    columns : sequence of Column
    targets : array, shape (n, targets)
        Mean 0 and variance 1.
    rng : Generator
    trees : int
    stop : callable
        Asked between chunks of trees; when it says True the answer is None.
    """
    n, count = targets.shape
    wide = _Wide(columns, n)
    bag = min(max(round(0.632 * n), 2), LARGEST_BAG)  # as many as a bootstrap's bag has different ones
    test = n - bag if test_all else min(n - bag, LARGEST_TEST)
    depth = int(np.clip(np.round(np.log2(bag / 2.5)), 1, DEEPEST))
    picked = min(len(columns), max(4, -(-len(columns) // 3)))
    most = max(1, CHUNK_CELLS // (count * max(bag, test, 2 ** (depth - 1) * picked * CANDIDATES)))
    flat: Floats = targets.astype(np.float32)
    shares = np.zeros((count, len(columns)))
    by_run = np.zeros((n, len(columns)))
    tested = np.zeros(n)
    predicted = np.zeros(n)
    for first in range(0, trees, most):
        if stop():
            return None
        size = min(most, trees - first)
        order = rng.permuted(np.tile(np.arange(n), (size, 1)), axis=1)
        inside, outside = order[:, :bag], order[:, bag : bag + test]
        part = _Chunk(wide, flat, inside, outside, picked, rng)
        part.grow(depth)
        shares += part.shares
        np.add.at(by_run, outside, part.by_run)
        np.add.at(predicted, outside, part.predicted)
        np.add.at(tested, outside, 1.0)
    seen = np.maximum(tested, 1.0)
    return Shares(shares / (trees * test), by_run / seen[:, None], predicted / seen)


class _Wide:
    """The columns as one array."""

    def __init__(self, columns: Sequence[Column], n: int) -> None:
        self.codes = np.stack([column.codes for column in columns], axis=1) if columns else np.zeros((n, 0), int)
        self.ordered = np.array([column.ordered for column in columns], dtype=bool)
        self.levels = self.codes.max(axis=0, initial=0) + 2  # the first stands for missing


class _Chunk:
    """Some trees, each grown for every target at once, level by level.

    Shapes: c trees, p targets, a runs in the bag, b outside of it, s candidate splits, q nodes of a level, d columns.
    """

    def __init__(
        self, wide: _Wide, targets: Floats, inside: Ints, outside: Ints, picked: int, rng: np.random.Generator
    ) -> None:
        trees, d = len(inside), wide.codes.shape[1]
        self.d = d
        chosen = rng.permuted(np.tile(np.arange(d), (trees, 1)), axis=1)[:, :picked]
        self.feature = np.repeat(chosen, CANDIDATES, axis=1)  # (c, s)
        goes_right = self._candidates(wide, inside, rng)
        self.z_in: Floats = goes_right(inside).astype(np.float32)  # (c, a, s)
        self.z_out = goes_right(outside)  # (c, b, s)
        self.y_in = np.ascontiguousarray(targets[inside].transpose(0, 2, 1))  # (c, p, a)
        self.y_out = np.ascontiguousarray(targets[outside].transpose(0, 2, 1))  # (c, p, b)
        self.shares = np.zeros((targets.shape[1], d))
        self.by_run = np.zeros((*outside.shape, d))
        self.predicted = np.zeros(outside.shape)

    def _candidates(self, wide: _Wide, inside: Ints, rng: np.random.Generator) -> Callable[[Ints], NDArray[np.bool_]]:
        """Random splits: a number above that of a random run of the bag, a category in a random half of the levels."""
        trees, splits = self.feature.shape
        row = np.take_along_axis(inside, rng.integers(0, inside.shape[1], (trees, splits)), axis=1)
        other = np.take_along_axis(inside, rng.integers(0, inside.shape[1], (trees, splits)), axis=1)
        feature = self.feature
        low = np.minimum(wide.codes[row, feature], wide.codes[other, feature])
        high = np.maximum(wide.codes[row, feature], wide.codes[other, feature])
        threshold = low + (high - low) * rng.random((trees, splits))
        categories = not wide.ordered.all()
        halves = rng.random((trees, splits, int(wide.levels[~wide.ordered].max()))) < 0.5 if categories else None

        def goes_right(rows: Ints) -> NDArray[np.bool_]:
            codes = wide.codes[rows[:, :, None], feature[:, None, :]]
            right: NDArray[np.bool_] = codes > threshold[:, None, :]
            if halves is not None:
                c, s = np.ogrid[:trees, :splits]
                level = np.where(wide.ordered[feature][:, None, :], 0, codes + 1)
                right = np.where(wide.ordered[feature][:, None, :], right, halves[c[:, None, :], s[:, None, :], level])
            return right

        return goes_right

    def grow(self, depth: int) -> None:
        c, p, a = self.y_in.shape
        s = self.z_in.shape[2]
        leaf = 2 if a < 40 else 3
        node_in = np.zeros((c, p, a), dtype=np.int8)
        node_out = np.zeros((c, p, self.y_out.shape[2]), dtype=np.int8)
        total = self.y_in.sum(axis=2)[:, :, None]  # (c, p, q)
        size = np.full((c, p, 1), float(a), dtype=np.float32)
        right_sum = (self.y_in @ self.z_in)[:, :, None, :]  # (c, p, q, s)
        right_size = np.broadcast_to(self.z_in.sum(axis=1)[:, None, None, :], right_sum.shape)
        trees, rows_in, rows_out = np.arange(c)[:, None, None], np.arange(a), np.arange(self.y_out.shape[2])
        for level in range(depth):
            q = 2**level
            best, valid, r_sum, r_size = _best(right_sum, right_size, total, size, leaf)
            mean = total / np.maximum(size, 1)
            means = np.stack(
                [
                    np.where(valid, (total - r_sum) / np.maximum(size - r_size, 1), mean),
                    np.where(valid, r_sum / np.maximum(r_size, 1), mean),
                ],
                axis=-1,
            )  # (c, p, q, 2)
            moves = (means - mean[..., None]).reshape(c, p, 2 * q)
            split_out = np.take_along_axis(best, node_out, axis=2)
            side = self.z_out[trees, rows_out, split_out]
            node_out = 2 * node_out + side
            self._share(np.take_along_axis(moves, node_out, axis=2), np.take_along_axis(best, node_out >> 1, axis=2))
            if level + 1 == depth:
                break
            split_in = np.take_along_axis(best, node_in, axis=2)
            right = self.z_in[trees, rows_in, split_in] > 0
            one_hot = (node_in[:, :, None, :] == np.arange(q, dtype=np.int8)[:, None]) & right[:, :, None, :]
            node_in = 2 * node_in + right
            one_hot_f = one_hot.astype(np.float32).reshape(c, p * q, a)
            child_size = (one_hot_f @ self.z_in).reshape(c, p, q, s)
            one_hot_f = (one_hot * self.y_in[:, :, None, :]).reshape(c, p * q, a)
            child_sum = (one_hot_f @ self.z_in).reshape(c, p, q, s)
            right_sum = np.stack([right_sum - child_sum, child_sum], axis=3).reshape(c, p, 2 * q, s)
            right_size = np.stack([right_size - child_size, child_size], axis=3).reshape(c, p, 2 * q, s)
            # an invalid split: everything stays together on the side it fell to; what the other has is nothing
            total = np.stack([total - r_sum, r_sum], axis=3).reshape(c, p, 2 * q)
            size = np.stack([size - r_size, r_size], axis=3).reshape(c, p, 2 * q)

    def _share(self, move: Floats, split: Ints) -> None:
        c, p, _ = move.shape
        feature = self.feature[np.arange(c)[:, None, None], split]
        gain = move * self.y_out
        place = feature + (np.arange(p) * self.d)[None, :, None]
        self.shares += np.bincount(place.ravel(), gain.ravel(), p * self.d).reshape(p, self.d)
        first = np.take_along_axis(self.by_run, feature[:, 0, :, None], axis=2)[..., 0]
        np.put_along_axis(self.by_run, feature[:, 0, :, None], (first + gain[:, 0])[..., None], axis=2)
        self.predicted += move[:, 0]


def _best(right_sum: Any, right_size: Any, total: Any, size: Any, leaf: int) -> tuple[Any, Any, Any, Any]:
    """The split of each node with the greatest gain: its index, whether there is one, its right sum and size."""
    left_size = size[..., None] - right_size
    ok = (right_size >= leaf) & (left_size >= leaf)
    left_sum = total[..., None] - right_sum
    gain = right_sum**2 / np.maximum(right_size, 1) + left_sum**2 / np.maximum(left_size, 1)
    gain[~ok] = -1.0
    best = gain.argmax(axis=-1)
    at = best[..., None]
    valid = np.take_along_axis(gain, at, axis=-1)[..., 0] >= 0
    r_sum = np.take_along_axis(right_sum, at, axis=-1)[..., 0]
    r_size = np.take_along_axis(right_size, at, axis=-1)[..., 0]
    return best, valid, r_sum, r_size
