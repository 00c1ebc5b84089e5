"""Every structured matrix against its entries, and every frame against an orthogonal matrix."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.structures import DIMS, KINDS, SEEDS, HartleyFrame
from ttt_theory import InvalidSettingError
from ttt_theory.structured import (
    Autoregressive,
    AutoregressiveFrame,
    BlockDiagonal,
    BlockFrame,
    DenseMatrix,
    HouseholderFrame,
    IdentityFrame,
    Kronecker,
    KroneckerFrame,
    LowRankUpdate,
    RotatedMatrix,
    Spectral,
    as_structured,
)
from ttt_theory.structured.frames import ChainedFrame, DenseFrame, PermutedFrame

some = hypothesis_settings(max_examples=40)


class OneWayFrame(HartleyFrame):
    """Its second transform does not undo the first."""

    def backward(self, x):
        return x


@pytest.mark.parametrize("kind", KINDS)
@hypothesis_settings(max_examples=15)
@given(dim=DIMS, seed=SEEDS)
def test_all_operations_agree_with_the_entries(kind, dim, seed):
    rng = np.random.default_rng(seed)
    matrix, entries = KINDS[kind](rng, dim)
    close = {"rtol": 1e-12, "atol": 1e-12 * max(np.abs(entries).max(), 1e-300)}
    vector, columns = rng.standard_normal(dim), rng.standard_normal((dim, 3))
    assert matrix.shape == (dim, dim) == (matrix.dim, matrix.dim)
    np.testing.assert_allclose(matrix.toarray(), entries, **close)
    np.testing.assert_allclose(matrix.diagonal(), np.diag(entries), **close)
    np.testing.assert_allclose(matrix @ vector, entries @ vector, rtol=1e-11, atol=close["atol"])
    np.testing.assert_allclose(matrix @ columns, entries @ columns, rtol=1e-11, atol=close["atol"])
    assert (matrix @ columns[:, :0]).shape == (dim, 0)
    scaled = {4.0: matrix * 4.0, 0.25: matrix / 4.0, 1e-300: np.float64(1e-300) * matrix}
    for factor, each in scaled.items():
        assert type(each) is type(matrix)
        np.testing.assert_allclose(each.toarray() / factor, entries, **close)
    assert matrix.magnitude() >= 0.999 * entries.diagonal().max() / dim
    assert matrix.magnitude() <= 1.001 * max(np.linalg.eigvalsh(entries)[-1], 0.0) + 1e-300


@pytest.mark.parametrize("kind", KINDS)
@hypothesis_settings(max_examples=15)
@given(dim=DIMS, seed=SEEDS)
def test_colouring_gives_the_covariance(kind, dim, seed):
    rng = np.random.default_rng(seed)
    matrix, entries = KINDS[kind](rng, dim)
    # Linear in the standard normal numbers, so that the unit vectors' images tell the law.
    images = matrix.colour(np.eye(matrix.colour_dim))
    np.testing.assert_allclose(
        images.T @ images, entries, rtol=1e-10, atol=1e-12 * np.abs(entries).max()
    )
    standard = rng.standard_normal((2, 3, matrix.colour_dim))
    before = standard.copy()
    np.testing.assert_allclose(
        matrix.colour(standard), standard @ images, rtol=1e-10, atol=1e-10 * np.abs(images).max()
    )
    assert np.array_equal(standard, before)


def test_numbers_for_a_draw():
    directions = np.ones((5, 2))
    assert LowRankUpdate(np.ones(5), directions, [1.0, 2.0]).colour_dim == 7
    assert LowRankUpdate(np.zeros(5), directions, [1.0, 2.0]).colour_dim == 2
    assert LowRankUpdate(np.ones(5), directions[:, :1], [-0.1]).colour_dim == 5
    low = LowRankUpdate(np.zeros(5), directions, [1.0, 2.0])
    assert Kronecker([np.eye(3), low]).colour_dim == 6
    assert BlockDiagonal([np.eye(3), low]).colour_dim == 5


def frames(dim, rng):
    vectors = rng.standard_normal((dim, 3))
    vectors[:, 1] = rng.choice([0.0, 2.0]) * vectors[:, 0]
    householder = HouseholderFrame(vectors)
    yield from (
        IdentityFrame(dim),
        HartleyFrame(dim),
        householder,
        HouseholderFrame(np.zeros(dim)),
        PermutedFrame(rng.permutation(dim)),
        DenseFrame(np.linalg.qr(rng.standard_normal((dim, dim)))[0]),
        ChainedFrame(PermutedFrame(rng.permutation(dim)), householder),
        BlockFrame([householder, IdentityFrame(1), householder]),
        KroneckerFrame([HartleyFrame(2), householder, IdentityFrame(2)]),
    )
    for rho in (-1.0, -0.7, 0.0, 1e-9, 0.5, 1.0 - 1e-12, 1.0):
        yield AutoregressiveFrame(dim, rho)


@hypothesis_settings(max_examples=20)
@given(st.integers(1, 9), SEEDS)
def test_frames_are_orthogonal(dim, seed):
    rng = np.random.default_rng(seed)
    for frame in frames(dim, rng):
        unit = np.eye(frame.dim)
        axes = frame.backward(unit)
        np.testing.assert_allclose(axes @ axes.T, unit, atol=1e-13)
        # forward is the transposed of backward: Qᵀe_i is the i-th row of Q.
        np.testing.assert_allclose(frame.forward(unit), axes.T, atol=1e-13)
        rows = rng.standard_normal((2, 4, frame.dim))
        np.testing.assert_allclose(frame.forward(rows), rows @ axes.T, atol=1e-12)
        np.testing.assert_allclose(frame.backward(rows), rows @ axes, atol=1e-12)
        vector = rows[0, 0]
        np.testing.assert_allclose(frame.forward(vector), axes @ vector, atol=1e-12)


@given(st.integers(1, 12), st.integers(1, 4), SEEDS)
def test_the_first_axes_span_the_vectors(dim, rank, seed):
    vectors = np.random.default_rng(seed).standard_normal((dim, rank))
    frame = HouseholderFrame(vectors)
    images = frame.forward(vectors.T).T
    span = min(dim, rank)
    np.testing.assert_allclose(images[:span], frame.triangle, atol=1e-13)
    np.testing.assert_allclose(images[span:], 0.0, atol=1e-13)
    assert not np.tril(frame.triangle, -1).any()


@pytest.mark.parametrize("rho", [-1.0, -0.9, -1e-3, 1e-9, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("dim", [1, 2, 3, 10, 61])
def test_the_spectrum_of_an_autoregression(dim, rho):
    entries = rho ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim))).astype(float)
    frame = AutoregressiveFrame(dim, rho)
    np.testing.assert_allclose(
        frame.eigenvalues, np.linalg.eigvalsh(entries)[::-1], rtol=1e-9, atol=1e-13 * dim
    )
    axes = frame.backward(np.eye(dim))
    np.testing.assert_allclose(axes @ entries @ axes.T, np.diag(frame.eigenvalues), atol=1e-12)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-10, 1e-15])
def test_the_spectrum_of_nearly_perfect_correlation(gap):
    # The trace is d and the determinant (1 − ρ²)^(d−1): the small eigenvalues are exact, too.
    dim, rho = 8, 1.0 - gap
    eigenvalues = AutoregressiveFrame(dim, rho).eigenvalues
    assert eigenvalues.sum() == pytest.approx(dim, rel=1e-14)
    log_determinant = (dim - 1) * np.log((1.0 - rho) * (1.0 + rho))
    assert np.log(eigenvalues).sum() == pytest.approx(log_determinant, rel=1e-13)


def test_a_long_autoregression_stays_orthogonal():
    dim = 20_011
    frame = AutoregressiveFrame(dim, 0.9)
    vector = np.random.default_rng(0).standard_normal(dim)
    image = frame.forward(vector)
    assert image @ image == pytest.approx(vector @ vector, rel=1e-13)
    np.testing.assert_allclose(frame.backward(image), vector, atol=1e-12)
    product = Autoregressive(dim, 0.9) @ vector
    np.testing.assert_allclose(frame.backward(frame.eigenvalues * image), product, atol=1e-11)


ONE = np.ones((3, 1))


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: LowRankUpdate([1.0, -1.0, 1.0], ONE, [1.0]), "diagonal_part"),
        (lambda: LowRankUpdate([1.0, np.nan, 1.0], ONE, [1.0]), "diagonal_part"),
        (lambda: LowRankUpdate(np.ones(3), ONE, [1.0, 2.0]), "directions"),
        (lambda: LowRankUpdate(np.ones(3), ONE * np.inf, [1.0]), "directions"),
        (lambda: LowRankUpdate(np.ones(3), ONE, [-0.34]), "strengths"),
        (lambda: LowRankUpdate([1.0, 2.0, 1.0], ONE, [-0.1]), "strengths"),
        (lambda: LowRankUpdate(np.ones(3), ONE * 1e200, [1.0]), "strengths"),
        (lambda: LowRankUpdate(np.ones(3), ONE, [np.nan]), "strengths"),
        (lambda: Spectral(IdentityFrame(2), [1.0, -1.0]), "eigenvalues"),
        (lambda: Spectral(IdentityFrame(2), [1.0, np.inf]), "eigenvalues"),
        (lambda: Spectral(IdentityFrame(2), np.ones(3)), "eigenvalues"),
        (lambda: Spectral(np.eye(2), np.ones(2)), "frame"),
        (lambda: Spectral(DenseFrame(np.array([[2.0, 0.0], [0.0, 0.5]])), np.ones(2)), "frame"),
        (lambda: Spectral(DenseFrame(1j * np.eye(2)), np.ones(2)), "frame"),
        (lambda: Spectral(OneWayFrame(3), np.ones(3)), "frame"),
        (lambda: HouseholderFrame([np.nan]), "vectors"),
        (lambda: HouseholderFrame(np.zeros((0, 2))), "vectors"),
        (lambda: IdentityFrame(0), "dim"),
        (lambda: KroneckerFrame([]), "frames"),
        (lambda: BlockFrame([3]), "frames"),
        (lambda: BlockFrame([IdentityFrame(2), 3]), "frames"),
        (lambda: Kronecker([]), "factors"),
        (lambda: Kronecker([np.eye(2), -np.eye(2)]), r"factors\[1\].entries"),
        (lambda: Kronecker([1e200 * np.eye(2), 1e200 * np.eye(2)]), "factors"),
        (lambda: BlockDiagonal(3), "blocks"),
        (lambda: BlockDiagonal([[[1.0, 2.0], [0.0, 1.0]]]), r"blocks\[0\].entries"),
        (lambda: BlockDiagonal([np.ones((2, 3))]), r"blocks\[0\].entries"),
        (lambda: BlockDiagonal(["no"]), r"blocks\[0\].matrix"),
        (lambda: Autoregressive(0, 0.5), "dim"),
        (lambda: Autoregressive(3, 1.5), "rho"),
        (lambda: Autoregressive(3, 0.5, -1.0), "scale"),
        (lambda: DenseMatrix([[1.0, 0.0], [0.0, -1.0]]), "entries"),
        (lambda: as_structured(3), "matrix"),
        (lambda: Autoregressive(10_001, 0.5).toarray(), "dim"),
        (lambda: Spectral(IdentityFrame(10_001), np.ones(10_001)).toarray(), "dim"),
    ],
)
def test_what_is_not_a_covariance_is_refused(build, field):
    with pytest.raises(InvalidSettingError, match=rf"^{field}: ") as error:
        build()
    assert "\n" not in str(error.value)


def test_threads_may_share_a_frame():
    # LAPACK writes into the reflections while it applies them.
    frame = HouseholderFrame(np.random.default_rng(0).standard_normal((20_000, 3)))
    vector = np.ones(20_000)
    expected = frame.forward(vector)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(frame.forward, [vector] * 1000))
    assert all(np.array_equal(image, expected) for image in images)


def test_round_off_is_forgiven():
    # Equicorrelated at the edge: the smallest eigenvalue is zero but for the last bit.
    edge = LowRankUpdate(np.full(3, 1.0 + 1.0 / 2.0), np.full((3, 1), 3**-0.5), [-1.5])
    assert np.abs(edge @ np.ones(3)).max() < 1e-15
    assert Spectral(IdentityFrame(2), [1.0, -1e-15]).eigenvalues.min() == 0.0


@dataclass(frozen=True)
class StretchingFrame(HartleyFrame):
    """It stretches lengths, or does not quite lead back."""

    stretch: float = 1.0
    back: float = 1.0

    def forward(self, x):
        return self.stretch * super().forward(x)

    def backward(self, x):
        return self.back * super().forward(x)


NEARLY_SINGULAR = {
    "dense": lambda gap: DenseMatrix([[1.0, 1.0 + gap], [1.0 + gap, 1.0]]),
    "not symmetric": lambda gap: DenseMatrix([[1.0, 0.5 + gap], [0.5, 1.0]]),
    "spectral": lambda gap: Spectral(IdentityFrame(2), [1.0, -gap]),
    "low rank": lambda gap: LowRankUpdate(np.ones(2), [[0.6], [0.8]], [-1.0 - gap]),
    "a frame that stretches": lambda gap: Spectral(
        StretchingFrame(4096, 1.0 + 1e6 * gap, 1.0 - 1e6 * gap), np.ones(4096)
    ),
    "a frame that does not lead back": lambda gap: Spectral(
        StretchingFrame(4096, 1.0, 1.0 + 1e6 * gap), np.ones(4096)
    ),
}


@pytest.mark.parametrize("name", NEARLY_SINGULAR)
def test_round_off_is_told_from_what_is_wrong(name):
    build = NEARLY_SINGULAR[name]
    assert build(1e-15).dim in (2, 4096)
    for gap in (1e-12, 1e-9, 1e-3):
        with pytest.raises(InvalidSettingError):
            build(gap)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_what_is_round_off_depends_on_the_largest(scale):
    entries = scale * np.array([[1.0, 1.0], [1.0, 1.0]])
    wrong = scale * np.array([[0.0, 1e-10], [1e-10, 0.0]])
    for off, refused in ((1e-5 * wrong, False), (wrong, True)):
        for build in (
            lambda off=off: DenseMatrix(entries + off),
            lambda off=off: DenseMatrix(entries - np.triu(off)),
            lambda off=off: Spectral(IdentityFrame(2), [2.0 * scale, -off[0, 1]]),
            lambda off=off: LowRankUpdate(scale * np.ones(2), [[0.6], [0.8]], [-scale - off[0, 1]]),
        ):
            if refused:
                with pytest.raises(InvalidSettingError):
                    build()
            else:
                assert build().dim == 2


def test_read_only_directions_are_not_copied():
    directions = np.ones((3, 1))
    assert LowRankUpdate(np.ones(3), directions, [1.0]).directions is not directions
    directions.flags.writeable = False
    assert LowRankUpdate(np.ones(3), directions, [1.0]).directions is directions


def test_products_that_make_no_sense_are_refused():
    matrix = Autoregressive(3, 0.5)
    for other in (np.ones(2), np.ones((2, 3)), np.ones((3, 1, 1))):
        with pytest.raises(ValueError, match="cannot multiply"):
            matrix @ other
    with pytest.raises(TypeError):
        matrix * np.ones(3)
    with pytest.raises(TypeError):
        np.ones(3) @ matrix
    for factor in (-1.0, np.float64(-1e-300), np.nan):
        for product in (lambda f: matrix * f, lambda f: f * matrix, lambda f: matrix / (1.0 / f)):
            with pytest.raises(InvalidSettingError, match=r"^factor: "):
                product(factor)


@some
@given(DIMS, SEEDS)
def test_a_rotated_matrix(dim, seed):
    rng = np.random.default_rng(seed)
    frame, entries = HouseholderFrame(rng.standard_normal((dim, 2))), rng.normal(size=(dim, dim))
    axes = frame.backward(np.eye(dim)).T
    expected = axes @ entries @ axes.T
    rotated = RotatedMatrix(frame, entries)
    columns = rng.standard_normal((dim, 2))
    np.testing.assert_allclose(rotated @ columns, expected @ columns, atol=1e-12)
    np.testing.assert_allclose((rotated * 2.0).toarray(), 2.0 * expected, atol=1e-12)
    np.testing.assert_allclose(rotated.diagonal(), expected.diagonal(), atol=1e-12)
