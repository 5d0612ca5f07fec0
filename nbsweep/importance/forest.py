"""A small random forest that is grown for many targets at once, and how much each column helps it.

In come columns as whole-number codes and targets, out comes the out-of-bag share of each target's variance that the
splits on each column explain. Pure NumPy: all targets (the metric and its permutations) pass through the same bags
and the same candidate splits, so that the permuted ones are the exact null distribution of the true one.
"""

from __future__ import annotations

import math
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
Bools = NDArray[np.bool_]


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
    memory = _Memory()
    for first in range(0, trees, most):
        if stop():
            return None
        order = rng.permuted(np.tile(np.arange(n), (min(most, trees - first), 1)), axis=1)
        inside, outside = order[:, :bag], order[:, bag : bag + test]
        part = _Chunk(wide, flat, inside, outside, picked, rng)
        part.grow(depth, memory)
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


class _Memory:
    """Large arrays that are written over and over: fresh ones would cost more in page faults than what is computed."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def floats(self, name: str, *shape: int) -> Floats:
        """An array of that shape, holding anything; it is the caller's until the name is asked for again."""
        return self._array(name, shape, np.float32)

    def bools(self, name: str, *shape: int) -> Bools:
        return self._array(name, shape, np.bool_)

    def _array(self, name: str, shape: tuple[int, ...], kind: type) -> NDArray[Any]:
        size = math.prod(shape)
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size, dtype=kind)
        return self._arrays[name][:size].reshape(shape)


class _Chunk:
    """Some trees, each grown for every target at once, level by level.

    Which runs a node has is kept as one byte a run and node rather than as the node of each run: the next level then
    is `and`, products of matrices and sums over long rows, which NumPy does at the speed of the memory, where an index
    a run costs a jump a run. The children of node i of a level of q are i (left) and q + i (right).

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
        self.z_in = goes_right(inside)  # (c, s, a)
        self.z_out = goes_right(outside)  # (c, s, b)
        self.y_in = np.ascontiguousarray(targets[inside].transpose(0, 2, 1))  # (c, p, a)
        self.y_out = np.ascontiguousarray(targets[outside].transpose(0, 2, 1))  # (c, p, b)
        self.shares = np.zeros((targets.shape[1], d))
        self.by_run = np.zeros((*outside.shape, d))
        self.predicted = np.zeros(outside.shape)

    def _candidates(self, wide: _Wide, inside: Ints, rng: np.random.Generator) -> Callable[[Ints], Bools]:
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

        def goes_right(rows: Ints) -> Bools:
            codes = wide.codes[rows[:, None, :], feature[:, :, None]]
            right: Bools = codes > threshold[:, :, None]
            if halves is not None:
                c, s = np.ogrid[:trees, :splits]
                level = np.where(wide.ordered[feature][:, :, None], 0, codes + 1)
                right = np.where(wide.ordered[feature][:, :, None], right, halves[c[:, :, None], s[:, :, None], level])
            return right

        return goes_right

    def grow(self, depth: int, memory: _Memory) -> None:
        c, p, a = self.y_in.shape
        s, b = self.z_out.shape[1:]
        nodes = 2 ** (depth - 1)  # of the last level that is divided
        leaf = 2 if a < 40 else 3
        z = self.z_in.astype(np.float32)
        in_node, out_node = memory.bools("in", c, nodes, p, a), memory.bools("out", c, 2 * nodes, p, b)
        in_node[:, 0], out_node[:, 0] = True, True
        rows_in, rows_out = _rows(self.z_in), _rows(self.z_out)
        right_sum, right_size = memory.floats("sum", c, s, nodes, p), memory.floats("size", c, s, nodes, p)
        np.matmul(z, self.y_in.transpose(0, 2, 1), out=right_sum[:, :, 0])
        right_size[:, :, 0] = z.sum(axis=2)[:, :, None]
        total, size = self.y_in.sum(axis=2)[:, None], np.full((c, 1, p), float(a), dtype=np.float32)  # (c, q, p)
        tested = self.y_out.sum(axis=2)[:, None]  # (c, q, p)
        tree = np.arange(c)[:, None, None]
        for level in range(depth):
            q = 2**level
            mean = total / np.maximum(size, 1)
            best, splits = _best(right_sum[:, :, :q], right_size[:, :, :q], mean, size, leaf, memory)  # (c, q, p)
            at = ((tree * s + best) * nodes + np.arange(q)[:, None]) * p + np.arange(p)
            r_sum = np.where(splits, right_sum.ravel().take(at), 0)
            r_size = np.where(splits, right_size.ravel().take(at), 0)
            left = np.where(splits, (total - r_sum) / np.maximum(size - r_size, 1) - mean, 0)
            right = np.where(splits, r_sum / np.maximum(r_size, 1) - mean, 0)
            moves = np.concatenate([left, right], axis=1)  # (c, 2q, p)
            feature = self.feature.ravel().take(tree * s + best)

            row = np.where(splits, tree * s + best, c * s)
            ones = _divide(out_node, q, rows_out, row, memory)
            r_tested = np.einsum("cqpb,cpb->cqp", ones, self.y_out)
            tested = np.concatenate([tested - r_tested, r_tested], axis=1)
            self._share(moves, tested, feature)
            self._first(moves[:, :, 0], out_node[:, : 2 * q, 0], feature[:, :, 0])
            if level + 1 == depth:
                break
            ones = _divide(in_node, q, rows_in, row, memory)
            _to_children(right_size, q, z, ones)
            ones *= self.y_in[:, None]
            _to_children(right_sum, q, z, ones)
            total = np.concatenate([total - r_sum, r_sum], axis=1)
            size = np.concatenate([size - r_size, r_size], axis=1)

    def _share(self, moves: Floats, tested: Floats, feature: Ints) -> None:
        """Add what a level's splits explain, of every target, to the columns that they are on."""
        q, p = feature.shape[1:]
        gain = moves * tested
        place = feature + np.arange(p) * self.d
        self.shares += np.bincount(place.ravel(), (gain[:, :q] + gain[:, q:]).ravel(), p * self.d).reshape(p, self.d)

    def _first(self, moves: Floats, out_node: Bools, feature: Ints) -> None:
        """The first target's, run by run."""
        c, q = feature.shape
        by_column = np.zeros((c, 2 * q, self.d), dtype=np.float32)
        np.put_along_axis(by_column, np.concatenate([feature, feature], axis=1)[:, :, None], moves[:, :, None], axis=2)
        moved = out_node.astype(np.float32).transpose(0, 2, 1) @ by_column  # (c, b, d)
        self.predicted += moved.sum(axis=2)
        moved *= self.y_out[:, 0, :, None]
        self.by_run += moved


def _rows(goes_right: Bools) -> Bools:
    """The splits of all trees, (c s + 1, runs): at the end the row of a node that no split divides."""
    c, s, runs = goes_right.shape
    return np.concatenate([goes_right.reshape(c * s, runs), np.zeros((1, runs), dtype=bool)])


def _divide(node: Bools, q: int, rows: Bools, row: Ints, memory: _Memory) -> Floats:
    """Divide the runs of q nodes among their 2q children, in place; 1 for each run of a right one, (c, q, p, runs)."""
    c, _, p, runs = node.shape
    goes_right = memory.bools("goes right", c, q, p, runs)
    rows.take(row, axis=0, out=goes_right, mode="clip")  # the default mode takes into a copy first
    parent, right = node[:, :q], node[:, q : 2 * q]
    np.logical_and(parent, goes_right, out=right)
    np.not_equal(parent, right, out=parent)
    ones = memory.floats("ones", c, q, p, runs)
    np.copyto(ones, right)
    return ones


def _to_children(right: Floats, q: int, z: Floats, weights: Floats) -> None:
    """What q nodes have right of each split becomes what their 2q children have, in place.

    Multiplied a node at a time rather than a tree at a time: so small that BLAS starts no threads for it, which on a
    busy machine wait for each other longer than they work.
    """
    parent, child = right[:, :, :q], right[:, :, q : 2 * q]
    np.matmul(z[:, None], weights.transpose(0, 1, 3, 2), out=child.transpose(0, 2, 1, 3))
    np.subtract(parent, child, out=parent)


def _best(
    right_sum: Floats, right_size: Floats, mean: Floats, size: Floats, leaf: int, memory: _Memory
) -> tuple[Ints, Bools]:
    """The split of each node with the greatest gain, (c, q, p), and whether there is one that explains anything.

    With sums r and t, sizes m and n (right and whole), r²/m + (t - r)²/(n - m) - t²/n = (r - m t/n)² n / (m (n - m)).
    """
    splits, shape = right_sum.shape[1], right_sum.shape
    gain, left_size, enough = (memory.floats(name, *shape) for name in ("gain", "left", "enough"))
    np.multiply(right_size, mean[:, None], out=gain)
    np.subtract(right_sum, gain, out=gain)
    np.multiply(gain, gain, out=gain)
    np.subtract(size[:, None], right_size, out=left_size)
    np.minimum(left_size, right_size, out=enough)
    np.subtract(enough, leaf - 1, out=enough)
    np.clip(enough, 0, 1, out=enough)  # 1 or 0, as sizes are whole
    np.multiply(gain, enough, out=gain)
    np.multiply(left_size, right_size, out=left_size)
    np.maximum(left_size, 1, out=left_size)
    np.divide(gain, left_size, out=gain)
    # The greatest and where it is in one pass: bits of floats that are not negative are ordered as the floats are, and
    # the last of them can hold the place. Of gains that are alike to some 17 bits the first is taken.
    bits = (splits - 1).bit_length()
    key = gain.view(np.int32)
    np.bitwise_and(key, -1 << bits, out=key)
    np.bitwise_or(key, np.arange(splits - 1, -1, -1, dtype=np.int32)[:, None, None], out=key)
    greatest = key.max(axis=1)
    return splits - 1 - (greatest & ((1 << bits) - 1)).astype(np.intp), greatest >= 1 << bits
