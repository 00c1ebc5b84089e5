"""Tools for tests: Hypothesis strategies, and proofs that covariances and claims conform."""

from __future__ import annotations

import dataclasses
import functools
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from ttt_theory.checks import FloatArray, checked_integer
from ttt_theory.claims.verification import jobs_of, verify
from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Covariance,
    Dense,
    Diagonal,
    Empirical,
    Equicorrelated,
    FactorModel,
    Isotropic,
    Kronecker,
    PowerLaw,
    Spiked,
    check_covariance_matrix,
)
from ttt_theory.covariance.base import LARGEST_DIM
from ttt_theory.errors import MISSING
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import (
    DenseWeights,
    Initialization,
    PretrainedWeights,
    Pretraining,
    ZeroWeights,
    check_type,
)
from ttt_theory.mutation.judging import Fate, mutants
from ttt_theory.structured import StructuredMatrix

if TYPE_CHECKING:
    from ttt_theory.claims.claim import Claim

__all__ = [
    "check_claim",
    "check_covariance",
    "covariances",
    "initializations",
    "settings",
    "tasks",
]

# Strategies are cached, since to make one takes longer than to draw from it.

# Sixteenths are exact, so that products of them show singularity without round-off.
_ENTRIES = st.integers(-32, 32).map(lambda sixteenths: sixteenths / 16)
_VARIANCES = st.one_of(st.just(0.0), st.floats(0.0625, 4.0))
_MODERATE_SCALES = st.one_of(st.just(1.0), st.floats(0.25, 4.0))


@functools.cache
def covariances(dim: int, *, extreme_scales: bool = True) -> st.SearchStrategy[Covariance]:
    """Draw a built-in covariance of any kind, corners included.

    Corners are singular matrices, zero variances, correlations of -1 and 1, repeated directions,
    fewer samples than dimensions, a single block or factor, and scales from 1e-30 to 1e30.

    Parameters
    ----------
    dim : int
        Dimension, at least 1.
    extreme_scales : bool
        Whether `scale` may leave the range from 0.25 to 4.

    Returns
    -------
    SearchStrategy of Covariance

    Examples
    --------
    >>> from hypothesis import find
    >>> find(covariances(2), lambda covariance: True)
    Isotropic(scale=1.0, dim=2)
    """
    numbers = _MODERATE_SCALES
    if extreme_scales:
        numbers = st.one_of(numbers, st.sampled_from([1e-30, 1e-8, 1e8, 1e30]))
    return st.one_of(
        *_elementary_covariances(dim, numbers),
        st.builds(Kronecker, _factors(dim), scale=numbers),
        st.builds(BlockDiagonal, _blocks(dim), scale=numbers),
    )


def _elementary_covariances(
    dim: int, numbers: st.SearchStrategy[float]
) -> list[st.SearchStrategy[Covariance]]:
    """Return a strategy for each kind that is not made of other covariances."""
    correlations = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-1.0, 1.0), st.just(-1.0))
    lowest = -1.0 / max(dim - 1, 1)
    common_correlations = st.one_of(st.sampled_from([0.0, 1.0, lowest]), st.floats(lowest, 1.0))
    size = st.just(dim)
    spikes = st.lists(st.one_of(st.just(-1.0), st.floats(-1.0, 9.0)), min_size=1, max_size=dim)
    loadings = st.integers(1, 3).flatmap(lambda factors: _arrays(_ENTRIES, dim, factors))
    return [
        st.builds(Isotropic, size, scale=numbers),
        st.builds(Diagonal, _arrays(_VARIANCES, dim), scale=numbers),
        st.builds(PowerLaw, size, st.floats(-3.0, 3.0), scale=numbers),
        st.builds(Spiked, size, spikes, scale=numbers),
        _spiked_along_directions(dim, numbers),
        st.builds(FactorModel, _arrays(_VARIANCES, dim), loadings, scale=numbers),
        st.builds(AR1, size, correlations, scale=numbers),
        st.builds(Equicorrelated, size, common_correlations, scale=numbers),
        st.builds(Dense, _gram_matrices(dim), scale=numbers),
        st.builds(Empirical, _tables(dim), scale=numbers),
    ]


@st.composite
def _spiked_along_directions(
    draw: st.DrawFn, dim: int, numbers: st.SearchStrategy[float]
) -> Covariance:
    # One spike at most is negative, so that their sum stays above -1.
    spikes = [draw(st.floats(-1.0, 9.0)), *draw(st.lists(st.floats(0.0, 9.0), max_size=dim - 1))]
    rows = draw(st.lists(_arrays(_ENTRIES, dim).filter(np.any), min_size=1, max_size=len(spikes)))
    directions = [rows[index % len(rows)] for index in range(len(spikes))]
    return Spiked(dim, np.array(spikes), np.array(directions), scale=draw(numbers))


@functools.cache
def _parts(dim: int) -> st.SearchStrategy[Covariance]:
    return st.one_of(*_elementary_covariances(dim, _MODERATE_SCALES))


@functools.cache
def _factors(dim: int) -> st.SearchStrategy[tuple[Covariance, ...]]:
    pairs = [(first, dim // first) for first in range(1, dim + 1) if dim % first == 0]
    sizes = [(dim,), *pairs, *((*pair, 1) for pair in pairs)]
    return st.sampled_from(sizes).flatmap(lambda sizes: st.tuples(*map(_parts, sizes)))


@functools.cache
def _blocks(dim: int) -> st.SearchStrategy[tuple[Covariance, ...]]:
    cuts = st.sets(st.integers(1, dim - 1), max_size=3) if dim > 1 else st.just(set[int]())
    ends = cuts.map(lambda cuts: [0, *sorted(cuts), dim])
    return ends.flatmap(lambda ends: st.tuples(*map(_parts, map(int, np.diff(ends)))))


@functools.cache
def tasks(dim: int) -> st.SearchStrategy[FloatArray]:
    """Draw a task β, the zero task and coordinate axes included.

    Parameters
    ----------
    dim : int
        Dimension, at least 1.

    Returns
    -------
    SearchStrategy of ndarray, shape (dim,)

    Examples
    --------
    >>> from hypothesis import find
    >>> find(tasks(3), lambda task: task[1] > 0.0)
    array([0.    , 0.0625, 0.    ])
    """
    return _arrays(_ENTRIES, dim)


@functools.cache
def initializations(dim: int) -> st.SearchStrategy[Initialization]:
    """Draw the weights before the step: pretrained, scaled, zero or dense.

    Dense ones are neither symmetric nor commute with anything.

    Parameters
    ----------
    dim : int
        Dimension, at least 1.

    Returns
    -------
    SearchStrategy of Initialization

    Examples
    --------
    >>> from hypothesis import find
    >>> find(initializations(2), lambda initialization: True)
    PretrainedWeights(factor=1.0)
    """
    return st.one_of(
        st.just(PretrainedWeights()),
        st.just(ZeroWeights()),
        st.builds(PretrainedWeights, _ENTRIES),
        st.builds(DenseWeights, _arrays(_ENTRIES, dim, dim)),
    )


def settings(
    max_dim: int = 4, *, max_count: int = 6, extreme_scales: bool = True
) -> st.SearchStrategy[Setting]:
    """Draw a setting: any covariances, task, noise, initialization and pretraining.

    Corners are n = k = d = 1, the zero task, no noise, and those of `covariances`.

    Parameters
    ----------
    max_dim : int
        Largest dimension.
    max_count : int
        Largest context length and number of test samples.
    extreme_scales : bool
        Passed on to `covariances`.

    Returns
    -------
    SearchStrategy of Setting

    Examples
    --------
    >>> from hypothesis import find
    >>> find(settings(), lambda setting: True).task
    array([0.])
    """
    dims = st.integers(1, max_dim)
    return dims.flatmap(lambda dim: _settings_of(dim, max_count, extreme_scales))


@functools.cache
def _settings_of(dim: int, max_count: int, extreme_scales: bool) -> st.SearchStrategy[Setting]:
    counts = st.integers(1, max_count)
    noise_variances = st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0625, 4.0))
    matrices = covariances(dim, extreme_scales=extreme_scales)
    return st.builds(
        Setting,
        context_length=counts,
        test_samples=counts,
        feature_covariance=matrices,
        task_covariance=matrices,
        task=tasks(dim),
        noise_variance=noise_variances,
        initialization=initializations(dim),
        pretraining=st.builds(
            Pretraining,
            context_length=st.none() | counts,
            noise_variance=st.none() | noise_variances,
            feature_covariance=st.none() | matrices,
        ),
    )


def check_claim(claim: Claim) -> None:
    """Prove that a claim conforms to what verdicts are worth.

    Parameters
    ----------
    claim : Claim
        It need not be registered.

    Raises
    ------
    AssertionError
        If it is not confirmed, rests on neither a proof nor evidence of two kinds, states no
        formula, is confirmed with a wrong version of one planted, has statistical evidence that is
        confirmed on next to no draws, or gives other evidence on two processes than on one.
    InvalidClaimError
        If one of its formulas is no function that mistakes can be planted in.

    Examples
    --------
    >>> from ttt_theory.claims.registration import find
    >>> check_claim(find("cor-5.4"))
    """
    [report] = verify([claim], quick=True, workers=1).claims
    failed = [each for each in report.evidence if each.verdict is not Verdict.CONFIRMED]
    if failed:
        raise AssertionError(f"{claim.id} is {report.verdict}: {failed[0].statement}")
    kinds = {each.kind for each in report.evidence}
    if len(kinds) < 2 and not any(kind.is_proof for kind in kinds):
        raise AssertionError(f"{claim.id} rests on {', '.join(kinds)} alone; give a proof, too")
    _check_starved(claim)
    [other] = verify([claim], quick=True, workers=2).claims
    if [each.as_dict() for each in report.evidence] != [each.as_dict() for each in other.evidence]:
        raise AssertionError(f"{claim.id} gives other evidence on two processes than on one")
    outcome = mutants([claim])
    if not outcome.all_killed:
        left = [*outcome.of(Fate.CONTROL_FAILED), *outcome.of(Fate.SURVIVED)]
        reason = str(left[0]) if left else "it states no formula to plant mistakes in"
        raise AssertionError(f"{claim.id} is confirmed with wrong formulas, too: {reason}")


def _check_starved(claim: Claim) -> None:
    """Check that nothing is taken for confirmed by a simulation that hardly runs."""
    effort = Effort(quick=True, seed=0, numbers=1)
    for job in jobs_of([claim]):
        evidence, _ = job.gather(effort) if job.tests else ([], 0.0)
        for each in evidence:
            # What has no variance needs no draws.
            if each.verdict is Verdict.CONFIRMED and each.measured.get("margin") != 0.0:
                raise AssertionError(f"{claim.id} is confirmed on no draws: {each.statement}")


def check_covariance(covariance: Covariance) -> None:
    """Prove that a covariance conforms to what formulas and samplers rely on.

    A sampler is linear in the normal numbers that it draws, so that its answers to unit vectors
    in place of those are all of its law: no statistics are needed.

    Parameters
    ----------
    covariance : Covariance
        An instance; call this on several, corners included.

    Raises
    ------
    InvalidSettingError
        If it is no `Covariance`, has no `dim`, or `matrix` is not finite, symmetric, positive
        semi-definite and of shape (dim, dim).
    AssertionError
        If its class is no frozen dataclass, so that a setting that was checked may change;
        `matrix` gives another result when called again, the operations of a structured one
        or `exact_matrix` disagree with it, or `sample` draws from another law, with other shapes,
        dependent vectors, or anything but ``rng.standard_normal`` and ``rng.normal``.

    Examples
    --------
    >>> check_covariance(AR1(5, -1.0))
    """
    check_type("covariance", covariance, Covariance)
    checked_integer("dim", getattr(covariance, "dim", MISSING), 1, LARGEST_DIM)
    kind = type(covariance)
    if not (dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen):
        raise AssertionError(f"{kind.__name__} is no frozen dataclass: use @dataclass(frozen=True)")
    matrix, again = covariance.matrix(), covariance.matrix()
    check_covariance_matrix("matrix", matrix, covariance.dim)
    entries = _dense(matrix)
    check_covariance_matrix("matrix", entries, covariance.dim)
    if not np.array_equal(entries, _dense(again)):
        raise AssertionError("matrix() gives another result when called again")
    if isinstance(matrix, StructuredMatrix):
        _check_operations(matrix, entries)
    exact = covariance.exact_matrix(Fraction)
    if exact is not None and not _agree(exact.astype(np.float64), entries, entries):
        raise AssertionError("exact_matrix() gives other entries than matrix()")
    shape = covariance.sample(np.random.default_rng(0), (2, 3)).shape
    if shape != (2, 3, covariance.dim):
        raise AssertionError(f"sample(rng, (2, 3)) has the shape {shape}")
    # Two vectors at once, so that their independence shows.
    response = _response(covariance, 2)
    if not _agree(response.T @ response, np.kron(np.eye(2), entries), entries):
        raise AssertionError("sample() does not draw independent vectors from N(0, matrix())")


def _check_operations(matrix: StructuredMatrix, entries: FloatArray) -> None:
    """Check that whatever a structured matrix does is what its entries would do."""
    rng = np.random.default_rng(0)
    dim, colours = len(entries), matrix.colour_dim
    vector, block = rng.standard_normal(dim), rng.standard_normal((dim, 3))
    standard = rng.standard_normal((2, 3, colours))
    # Colouring is linear: its answers to unit vectors are all of it.
    root = matrix.colour(np.eye(colours))
    pairs = {
        "A @ vector": (matrix @ vector, entries @ vector),
        "A @ block": (matrix @ block, entries @ block),
        "A.diagonal()": (matrix.diagonal(), entries.diagonal()),
        "A.colour(unit vectors)": (root.T @ root, entries),
        **{
            name: (product.toarray(), factor * entries)
            for name, product, factor in (
                ("A * 3", matrix * 3.0, 3.0),
                ("3 * A", 3.0 * matrix, 3.0),
                ("A / 4", matrix / 4.0, 0.25),
            )
        },
    }
    for name, (given, expected) in pairs.items():
        if not _agree(given, expected, entries):
            raise AssertionError(f"{name} is not what the entries of toarray() give")
    size = np.sqrt(np.abs(entries).max()) * max(colours, dim)
    if not np.allclose(matrix.colour(standard), standard @ root, rtol=0.0, atol=1e-13 * size):
        raise AssertionError("A.colour() is not linear, or mixes the vectors it is given")


def _agree(given: Any, expected: Any, entries: FloatArray) -> bool:
    """Whether two arrays of one shape are equal up to round-off of a matrix of such entries."""
    round_off = 1e-13 * len(entries) * np.abs(entries).max()
    return given.shape == expected.shape and np.allclose(given, expected, rtol=0.0, atol=round_off)


def _response(covariance: Covariance, vectors: int) -> FloatArray:
    """Return what each normal number adds to a sample of vectors, a row for each number."""

    def sample(numbers: FloatArray) -> tuple[FloatArray, int]:
        source = _GivenNormals(numbers)
        return covariance.sample(source, vectors).ravel(), source.used

    at_zero, used = sample(np.zeros(0))
    rows = [sample(unit)[0] for unit in np.eye(used)]
    response = np.array(rows).reshape(used, len(at_zero))
    drawn = np.random.default_rng(0).standard_normal(used)
    expected = drawn @ response
    round_off = 1e-12 * max(used, 1) * np.abs(response).max(initial=0.0)
    if at_zero.any() or not np.allclose(sample(drawn)[0], expected, rtol=0.0, atol=round_off):
        raise AssertionError(
            "sample() is not linear in the numbers of rng.standard_normal and rng.normal alone"
        )
    return response


class _GivenNormals(np.random.Generator):
    """Answers with given numbers in place of standard normal ones, then with zeros."""

    def __init__(self, numbers: FloatArray) -> None:
        super().__init__(np.random.PCG64(0))
        self.numbers = numbers
        self.used = 0

    def standard_normal(self, size: Any = None, *_: Any, **__: Any) -> Any:
        count = 1 if size is None else int(np.prod(size))
        given = self.numbers[self.used : self.used + count]
        self.used += count
        padded = np.concatenate([given, np.zeros(count - len(given))])
        return padded[0] if size is None else padded.reshape(size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        if size is None:
            size = np.broadcast_shapes(np.shape(loc), np.shape(scale))
        return loc + scale * self.standard_normal(size)


def _dense(matrix: Any) -> FloatArray:
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())


def _arrays(entries: st.SearchStrategy[float], *shape: int) -> st.SearchStrategy[FloatArray]:
    size = int(np.prod(shape))
    flat = st.lists(entries, min_size=size, max_size=size)
    return flat.map(lambda numbers: np.array(numbers, dtype=np.float64).reshape(shape))


def _gram_matrices(dim: int) -> st.SearchStrategy[FloatArray]:
    """Draw B B^T; its rank is anything from 0 to `dim`."""
    roots = st.integers(1, dim).flatmap(lambda rank: _arrays(_ENTRIES, dim, rank))
    return roots.map(lambda root: root @ root.T)


def _tables(dim: int) -> st.SearchStrategy[FloatArray]:
    return st.integers(2, dim + 3).flatmap(lambda rows: _arrays(_ENTRIES, rows, dim))
