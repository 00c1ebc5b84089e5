"""Structured matrices beside their entries, worked out one by one, and settings made of them."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from ttt_theory.covariance import Covariance
from ttt_theory.structured import (
    Autoregressive,
    BlockDiagonal,
    Frame,
    HouseholderFrame,
    Kronecker,
    LowRankUpdate,
    Spectral,
)


class Given(Covariance):
    """A covariance that is a matrix."""

    _valid_by_construction = True

    def __init__(self, matrix):
        self.given, self.dim = matrix, matrix.shape[0]

    def matrix(self):
        return self.given


@dataclass(frozen=True)
class HartleyFrame(Frame):
    """A frame as a user writes it: circulant matrices are diagonal in it."""

    dim: int

    def forward(self, x):
        transform = np.fft.fft(x)
        return (transform.real - transform.imag) / np.sqrt(self.dim)

    backward = forward


def gram(rng, dim):
    root = rng.standard_normal((dim, dim + 1))
    return root @ root.T


def diagonal(rng, dim):
    values = rng.choice([0.0, 0.5, 2.0], dim) if rng.random() < 0.5 else rng.uniform(0.0, 2.0, dim)
    return sparse.diags_array(values), np.diag(values)


def isotropic(rng, dim):
    value = rng.uniform(0.5, 2.0)
    return sparse.diags_array(np.full(dim, value)), value * np.eye(dim)


def dense(rng, dim):
    entries = gram(rng, dim)
    return entries, entries


def low_rank(rng, dim, values=None):
    rank = rng.integers(1, 4)
    if values is None:
        values = np.full(dim, rng.choice([0.0, 1.0]))
    directions = rng.standard_normal((dim, rank))
    if rng.random() < 0.3:
        directions[:, -1] = rng.choice([0.0, 2.0]) * directions[:, 0]
    strengths = rng.choice([0.0, 1.0, 5.0], rank)
    entries = np.diag(values)
    for strength, direction in zip(strengths, directions.T, strict=True):
        entries = entries + strength * np.outer(direction, direction)
    return LowRankUpdate(values, directions, strengths), entries


def factor_model(rng, dim):
    return low_rank(rng, dim, rng.choice([0.5, 1.0, 3.0], dim))


def equicorrelated(rng, dim):
    lowest = -1.0 / max(dim - 1, 1)
    rho = rng.choice([lowest, 0.5 * lowest, 0.0, 0.3])
    direction = np.full((dim, 1), dim**-0.5)
    matrix = LowRankUpdate(np.full(dim, 1.0 - rho), direction, [rho * dim])
    return matrix, np.where(np.eye(dim) > 0.0, 1.0, rho)


def autoregressive(rng, dim, rho=None):
    if rho is None:
        rho = rng.choice([-1.0, -0.5, 0.0, 0.3, 0.999, 1.0])
    scale = rng.uniform(0.5, 2.0)
    entries = [[scale * rho ** abs(i - j) for j in range(dim)] for i in range(dim)]
    return Autoregressive(dim, rho, scale), np.array(entries)


def spectral(rng, dim, frame=None):
    if frame is None:
        frame = HouseholderFrame(rng.standard_normal((dim, 2)))
    values = rng.choice([0.0, 1.0], dim) if rng.random() < 0.3 else rng.uniform(0.0, 2.0, dim)
    axes = frame.backward(np.eye(dim))
    return Spectral(frame, values), axes.T @ np.diag(values) @ axes


def product(rng, dim, parts=(diagonal, dense, autoregressive, low_rank)):
    first = rng.choice([size for size in range(1, dim + 1) if dim % size == 0])
    pairs = [rng.choice(parts)(rng, int(size)) for size in (first, dim // first)]
    factors, entries = zip(*pairs, strict=True)
    return Kronecker(factors), np.kron(*entries)


def diagonal_times_dense(rng, dim):
    first = rng.choice([size for size in range(1, dim + 1) if dim % size == 0])
    values, entries = rng.uniform(0.0, 2.0, first), gram(rng, dim // first)
    return Kronecker([np.diag(values), entries]), np.kron(np.diag(values), entries)


def blocks(rng, dim, parts=(diagonal, dense, autoregressive, low_rank)):
    sizes = np.diff([0, *np.flatnonzero(rng.random(dim - 1) < 0.4) + 1, dim])
    pairs = [rng.choice(parts)(rng, int(size)) for size in sizes]
    listed, entries = zip(*pairs, strict=True)
    return BlockDiagonal(listed), _block_diagonal(entries)


def _block_diagonal(blocks):
    size = sum(len(block) for block in blocks)
    entries, start = np.zeros((size, size)), 0
    for block in blocks:
        stop = start + len(block)
        entries[start:stop, start:stop] = block
        start = stop
    return entries


KINDS = {
    "low rank": low_rank,
    "factor model": factor_model,
    "equicorrelated": equicorrelated,
    "autoregressive": autoregressive,
    "spectral": spectral,
    "circulant": lambda rng, dim: spectral(rng, dim, HartleyFrame(dim)),
    "kronecker": product,
    "blocks": blocks,
    "blocks of blocks": lambda rng, dim: blocks(rng, dim, (blocks, product, dense)),
}
"""What draws a structured matrix of each kind, with its entries."""


def one_of(*kinds):
    """Return a function that draws three matrices, each of one of the kinds."""
    return lambda rng, dim: [rng.choice(kinds)(rng, dim) for _ in range(3)]


def share_a_frame(rng, dim):
    frame = HartleyFrame(dim) if rng.random() < 0.5 else HouseholderFrame(rng.standard_normal(dim))
    return [
        spectral(rng, dim, frame) if rng.random() < 0.7 else isotropic(rng, dim) for _ in range(3)
    ]


def share_a_correlation(rng, dim):
    rho = rng.choice([-1.0, -0.5, 0.0, 0.3, 0.999, 1.0])
    return [
        autoregressive(rng, dim, rho) if rng.random() < 0.7 else isotropic(rng, dim)
        for _ in range(3)
    ]


def share_factors(rng, dim):
    first = int(rng.choice([size for size in range(1, dim + 1) if dim % size == 0]))
    factors = gram(rng, first), gram(rng, dim // first)

    def multiple():
        scale = rng.uniform(0.5, 2.0)
        return Kronecker([scale * factors[0], factors[1]]), scale * np.kron(*factors)

    return [multiple() if rng.random() < 0.7 else isotropic(rng, dim) for _ in range(3)]


def share_blocks(rng, dim):
    sizes = np.diff([0, *np.flatnonzero(rng.random(dim - 1) < 0.4) + 1, dim])
    families = [
        rng.choice([share_a_correlation, share_factors, one_of(dense), one_of(low_rank, diagonal)])
        for _ in sizes
    ]
    stretches = [family(rng, int(size)) for family, size in zip(families, sizes, strict=True)]
    matrices = []
    for pairs in zip(*stretches, strict=True):
        listed, entries = zip(*pairs, strict=True)
        matrices.append((BlockDiagonal(listed), _block_diagonal(entries)))
    return [
        pair if rng.random() < 0.7 else rng.choice([diagonal, isotropic])(rng, dim)
        for pair in matrices
    ]


FAMILIES = {
    "one frame": share_a_frame,
    "one correlation": share_a_correlation,
    "same factors": share_factors,
    "same blocks": share_blocks,
    "a diagonal first factor": one_of(
        diagonal_times_dense,
        lambda rng, dim: product(rng, dim, (diagonal,)),
        lambda rng, dim: product(rng, dim, (isotropic, dense)),
        diagonal,
    ),
    "low rank": one_of(low_rank, equicorrelated, isotropic),
    "low rank and diagonals": one_of(low_rank, factor_model, diagonal, isotropic),
    "anything": one_of(*KINDS.values(), diagonal, dense),
}
"""What draws Σ_x, Σ_β and pretraining's Σ_x with something in common."""

DIMS = st.sampled_from([1, 2, 3, 4, 6, 8])
SEEDS = st.integers(0, 2**32 - 1)
