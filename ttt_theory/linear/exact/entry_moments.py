"""Moments of a vector with independent entries, all of one symmetric law, to any order.

The mean of a product of entries is the sum over all partitions of its factors into groups of even
size, each group at one entry, of the product of the groups' cumulants κ_2, κ_4, …  (For Gaussian
entries κ_2 = 1 alone is not zero, and the partitions are the pairings.)  So the mean of a product
of forms and of powers of a linear form is a sum over partitions of a contraction: every group is an
index, and every form an arrow between two of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = ["EntryMoments", "cumulants"]

_Group = tuple[int, ...]
_LINE, _TASK = -1, -2
"""Labels of the factors of the line and of the task; a form's two factors have its number."""


def cumulants(moment: Callable[[int], Any], highest: int) -> dict[int, Any]:
    """Return the cumulants of the orders 2, 4, …, of a symmetric law.

    Parameters
    ----------
    moment : callable
        Returns the moment of an even order.
    highest : int
        The highest order, even.

    Examples
    --------
    >>> cumulants({2: 1, 4: 3, 6: 15, 8: 105}.get, 8)
    {2: 1, 4: 0, 6: 0, 8: 0}
    """
    found: dict[int, Any] = {}
    for order in range(2, highest + 1, 2):
        rest = sum(
            math.comb(order - 1, lower - 1) * found[lower] * moment(order - lower)
            for lower in range(2, order, 2)
        )
        found[order] = moment(order) - rest
    return found


@dataclass(frozen=True, eq=False)
class EntryMoments:
    """Moments of a sample z of independent entries and of its label zᵀb + ξ.

    Parameters
    ----------
    cumulants : mapping of int to number
        Those of an entry by their even orders, as far as they are needed.
    task : ndarray, shape (d,)
        b, of floats or of exact numbers, as all arrays here.
    noise_variance : number
        The variance of ξ ~ N(0, σ²).

    Examples
    --------
    >>> signs = EntryMoments({2: 1, 4: -2}, np.array([1, 2]), 3)
    >>> signs.matrix(labels=2)
    array([[8, 4],
           [4, 8]])
    >>> int(signs.mean([np.eye(2, dtype=int)], labels=2))
    16
    """

    cumulants: Mapping[int, Any]
    task: Any
    noise_variance: Any

    def mean(self, forms: Sequence[Any], line: Any = None, labels: int = 0) -> Any:
        """Return E[Π zᵀFz · gᵀz · (zᵀb + ξ)^labels].

        Parameters
        ----------
        forms : sequence of ndarray, shape (d, d)
            The F, symmetric, two at most.
        line : ndarray, shape (d,), optional
            g; without it there is no such factor.
        labels : int
            The power of the label, so that the degree in z and ξ is even.
        """
        return sum(
            weight * self._contracted(groups, forms, line)
            for weight, groups in self._terms(len(forms), line is not None, labels)
        )

    def matrix(self, form: Any = None, labels: int = 0) -> Any:
        """Return E[zzᵀ · zᵀFz · (zᵀb + ξ)^labels], a matrix of shape (d, d).

        Parameters
        ----------
        form : ndarray, shape (d, d), optional
            F, symmetric; without it there is no such factor, and with it no label.
        labels : int
            Even.
        """
        forms = [] if form is None else [form]
        total = np.zeros((len(self.task),) * 2, dtype=self.task.dtype)
        for weight, groups in self._terms(len(forms) + 1, False, labels):
            # The last form is the open one: what is left is the matrix that it is traced with.
            ends = [group for group in groups if len(forms) in group]
            others = tuple(group for group in groups if len(forms) not in group)
            nodes = [self._node(group, forms, None) for group in ends]
            if len(ends) == 1:
                part = np.diag(nodes[0])
            else:
                part = np.multiply.outer(*nodes)
                if forms and all(group.count(0) == 1 for group in ends):
                    part = part * forms[0]
            total = total + weight * self._contracted(others, forms, None) * part
        return total

    def _terms(
        self, forms: int, has_line: bool, labels: int
    ) -> Iterator[tuple[Any, tuple[_Group, ...]]]:
        """Yield the partitions with their weights, the mean over the noise included."""
        for noisy in range(0, labels + 1, 2):
            power = labels - noisy
            if power and not np.any(self.task):
                continue
            choices = math.comb(labels, noisy) * math.prod(range(1, noisy, 2))
            noise = choices * self.noise_variance ** (noisy // 2)
            for groups, count in _partitions(forms, has_line, power).items():
                yield noise * count * math.prod(self.cumulants[len(g)] for g in groups), groups

    def _node(self, group: _Group, forms: Sequence[Any], line: Any) -> Any:
        """Return what of a group's factors depends on its index alone, shape (d,)."""
        node = self.task ** group.count(_TASK)
        if _LINE in group:
            node = node * line
        for index, form in enumerate(forms):
            if group.count(index) == 2:
                node = node * form.diagonal()
        return node

    def _contracted(self, groups: tuple[_Group, ...], forms: Sequence[Any], line: Any) -> Any:
        """Sum a product over one index for each group."""
        nodes = [self._node(group, forms, line) for group in groups]
        arrows = []
        for index, form in enumerate(forms):
            ends = [place for place, group in enumerate(groups) if group.count(index) == 1]
            if ends:
                arrows.append((ends, form))
        tied = {place for ends, _ in arrows for place in ends}
        total: Any = math.prod(node.sum() for i, node in enumerate(nodes) if i not in tied)
        if not arrows:
            return total
        [(start, end), form] = arrows[0]
        if len(arrows) == 1:
            return total * (nodes[start] @ form @ nodes[end])
        other_ends, other = arrows[1]
        shared = {start, end} & set(other_ends)
        if len(shared) == 2:
            return total * (nodes[start] @ (form * other) @ nodes[end])
        if len(shared) == 1:
            [middle] = shared
            one, two = ({*ends} - shared for ends, _ in arrows)
            paths = (form @ nodes[one.pop()], other @ nodes[two.pop()])
            return total * (nodes[middle] @ (paths[0] * paths[1]))
        first, last = other_ends
        return total * (nodes[start] @ form @ nodes[end]) * (nodes[first] @ other @ nodes[last])


@cache
def _partitions(forms: int, has_line: bool, power: int) -> Counter[tuple[_Group, ...]]:
    """Count the partitions of the factors into even groups, by what the groups hold."""
    factors = [index for index in range(forms) for _ in range(2)]
    factors += [_LINE] * has_line + [_TASK] * power
    return Counter(tuple(sorted(groups)) for groups in _even_groups(tuple(factors)))


def _even_groups(factors: tuple[int, ...]) -> Iterator[list[_Group]]:
    """Yield the partitions of factors into groups of even size; equal factors are told apart."""
    if not factors:
        yield []
        return
    first, rest = factors[0], factors[1:]
    for chosen in range(1 << len(rest)):
        if chosen.bit_count() % 2:
            picked = tuple(f for place, f in enumerate(rest) if chosen >> place & 1)
            left = tuple(f for place, f in enumerate(rest) if not chosen >> place & 1)
            for groups in _even_groups(left):
                yield [tuple(sorted((first, *picked))), *groups]
