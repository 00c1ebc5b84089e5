"""`check_covariance` accepts what conforms, and finds each way in which a class may not."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import diags_array

from ttt_theory import Setting, structured
from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Covariance,
    Isotropic,
    Kronecker,
    check_covariance_matrix,
)
from ttt_theory.errors import InvalidSettingError
from ttt_theory.testing import check_covariance


@dataclass(frozen=True)
class Fixed(Covariance):
    """A covariance from elsewhere, right or wrong."""

    entries: object
    dim: int = 2

    def matrix(self):
        return self.entries


class Drifting(Fixed):
    def matrix(self):
        matrix = self.entries.copy()
        self.entries[0, 0] += 1.0
        return matrix


class WronglySampled(Fixed):
    def sample(self, rng, shape):
        return 2.0 * super().sample(rng, shape)


class WronglyShaped(Fixed):
    def sample(self, rng, shape):
        return super().sample(rng, shape).reshape(-1, self.dim)


class CommonFactor(Fixed):
    """One common factor: it draws more normal numbers than there are dimensions, in two calls."""

    def sample(self, rng, shape):
        leading = (shape,) if isinstance(shape, int) else shape
        common = rng.normal(0.0, np.sqrt(0.5), (*leading, 1))
        return common + np.sqrt(0.5) * rng.standard_normal((self.dim, *leading)).T.reshape(
            *leading, self.dim
        )


class Folded(Fixed):
    def sample(self, rng, shape):
        return np.abs(super().sample(rng, shape))


class Shifted(Fixed):
    def sample(self, rng, shape):
        return 1e-3 + super().sample(rng, shape)


class Repeated(Fixed):
    """Every vector has the right law, but all are the same."""

    def sample(self, rng, shape):
        leading = (shape,) if isinstance(shape, int) else shape
        return np.broadcast_to(super().sample(rng, 1), (*leading, self.dim))


class Uniform(Fixed):
    """The right mean and covariance, not normal."""

    def sample(self, rng, shape):
        leading = (shape,) if isinstance(shape, int) else shape
        return np.sqrt(12.0) * (rng.random((*leading, self.dim)) - 0.5)


@pytest.mark.parametrize(
    "covariance",
    [
        Fixed(np.array([[2.0, 1.0], [1.0, 2.0]])),
        Fixed(np.zeros((2, 2))),
        CommonFactor(np.array([[1.0, 0.5], [0.5, 1.0]])),
    ],
)
def test_a_sound_foreign_covariance_conforms(covariance):
    check_covariance(covariance)


@pytest.mark.parametrize(
    ("covariance", "error"),
    [
        (Fixed(np.eye(3)), InvalidSettingError),
        (Fixed(np.diag([1.0, -1.0])), InvalidSettingError),
        (Fixed(np.array([[1.0, 1.0], [0.0, 1.0]])), InvalidSettingError),
        (Fixed(np.full((2, 2), np.nan)), InvalidSettingError),
        (Fixed(np.eye(2) * 1j), InvalidSettingError),
        (Fixed([[1.0, 0.0], [0.0, 1.0]]), InvalidSettingError),
        (Drifting(np.eye(2)), AssertionError),
        (WronglySampled(np.eye(2)), AssertionError),
        (WronglyShaped(np.eye(2)), AssertionError),
        (CommonFactor(np.eye(2)), AssertionError),
        (Folded(np.eye(2)), AssertionError),
        (Shifted(np.eye(2)), AssertionError),
        (Repeated(np.eye(2)), AssertionError),
        (Uniform(np.eye(2)), AssertionError),
    ],
)
def test_a_faulty_foreign_covariance_does_not_conform(covariance, error):
    with pytest.raises(error):
        check_covariance(covariance)


@pytest.mark.parametrize(
    ("diagonal", "offset", "complaint"),
    [
        ([1.0, -1.0], 0, "positive semi-definite"),
        ([1.0, np.nan], 0, "finite"),
        ([1.0], 1, "only if it is diagonal"),
    ],
)
def test_a_faulty_sparse_matrix_is_rejected(diagonal, offset, complaint):
    matrix = diags_array(np.array(diagonal), offsets=offset)
    with pytest.raises(InvalidSettingError, match=complaint):
        check_covariance_matrix("matrix", matrix, 2)


class Faulty(structured.StructuredMatrix):
    """A structured matrix with one operation at fault."""

    dim = 3
    entries = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    factor = 1.0
    colour_dim = 3

    def _times(self, columns):
        return self.factor * (self.entries @ columns)

    def _scaled(self, factor):
        scaled = type(self)()
        scaled.factor = self.factor * factor
        return scaled

    def diagonal(self):
        return self.factor * self.entries.diagonal()

    def toarray(self):
        return self.factor * self.entries

    def colour(self, standard):
        return np.sqrt(self.factor) * standard @ np.linalg.cholesky(self.entries).T


class WrongProduct(Faulty):
    def _times(self, columns):
        return super()._times(columns[::-1])


class WrongBlock(Faulty):
    def _times(self, columns):
        return super()._times(columns[:, :1]) * np.ones(columns.shape[1])


class WrongDiagonal(Faulty):
    def diagonal(self):
        return np.ones(3)


class WrongMultiple(Faulty):
    def _scaled(self, factor):
        return super()._scaled(factor**2)


class WrongQuotient(Faulty):
    def __truediv__(self, divisor):
        return self


class WrongColour(Faulty):
    def colour(self, standard):
        return 1.01 * super().colour(standard)


class WrongColourDim(Faulty):
    colour_dim = 2

    def colour(self, standard):
        return super().colour(np.concatenate([standard, standard[..., :1]], axis=-1))


class ColourOfSomeOnly(Faulty):
    """Right for a table of vectors, wrong for more axes."""

    def colour(self, standard):
        coloured = super().colour(standard)
        return coloured if standard.ndim == 2 else coloured[..., ::-1]


class ColourNotLinear(Faulty):
    def colour(self, standard):
        return super().colour(np.abs(standard))


class Asymmetric(Faulty):
    entries = np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 0.5], [0.0, 0.5, 1.0]])


class Indefinite(Faulty):
    entries = np.diag([1.0, 1.0, -0.1])

    def colour(self, standard):
        return standard


def test_a_sound_structured_matrix_conforms():
    check_covariance(Fixed(Faulty(), dim=3))


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (WrongProduct, "A @ vector"),
        (WrongBlock, "A @ block"),
        (WrongDiagonal, "diagonal"),
        (WrongMultiple, "A \\* 3"),
        (WrongQuotient, "A / 4"),
        (WrongColour, "colour"),
        (WrongColourDim, "colour"),
        (ColourOfSomeOnly, "linear"),
        (ColourNotLinear, "linear"),
        (Asymmetric, "symmetric"),
        (Indefinite, "positive semi-definite"),
    ],
)
def test_a_faulty_structured_matrix_does_not_conform(fault, complaint):
    with pytest.raises((AssertionError, InvalidSettingError), match=complaint):
        check_covariance(Fixed(fault(), dim=3))


@pytest.mark.parametrize(
    ("matrix", "factor", "complaint"),
    [
        (structured.LowRankUpdate(np.ones(2), np.eye(2), np.ones(2)), math.inf, "finite numbers"),
        (
            structured.Spectral(structured.HouseholderFrame(np.ones(2)), [1.0, 0.0]),
            math.inf,
            "finite numbers",
        ),
        (structured.Kronecker([np.eye(2) * 1e200]), 1e200, "finite numbers"),
        (structured.BlockDiagonal([np.eye(1), np.eye(1)]), math.inf, "finite numbers"),
        (structured.Autoregressive(3, 0.5), 1.0, "give a 2 x 2 matrix, not 3 x 3"),
    ],
)
def test_a_bad_structured_matrix_says_what_is_wrong(matrix, factor, complaint):
    with np.errstate(all="ignore"):
        multiple = matrix * factor
    with pytest.raises(InvalidSettingError, match=complaint):
        check_covariance_matrix("matrix", multiple, 2)


def test_a_covariance_from_elsewhere_can_be_a_part():
    inner = Fixed(np.array([[2.0, 1.0], [1.0, 2.0]]))
    check_covariance(BlockDiagonal([inner, Isotropic(1)]))
    check_covariance(Kronecker([AR1(2, 0.5), inner]))
    with pytest.raises(InvalidSettingError) as caught:
        BlockDiagonal([Isotropic(1), Kronecker([Fixed(-np.eye(2))])])
    assert caught.value.field == "factors[0].matrix"


@dataclass
class Thawed(Covariance):
    dim: int

    def matrix(self):
        return np.eye(self.dim)


class NoDataclass(Covariance):
    dim = 2

    def matrix(self):
        return np.eye(2)


class WithoutDim(Covariance):
    def matrix(self):
        return np.eye(2)


@pytest.mark.parametrize("covariance", [Thawed(2), NoDataclass()])
def test_a_class_that_is_not_frozen_is_found(covariance):
    with pytest.raises(AssertionError, match=r"is no frozen dataclass: use @dataclass"):
        check_covariance(covariance)


@pytest.mark.parametrize("dim", [None, 2.5, "2", 0])
def test_a_dim_that_is_missing_or_none_is_refused(dim):
    covariance = WithoutDim()
    if dim is not None:
        covariance.dim = dim
    for call in (
        lambda: check_covariance(covariance),
        lambda: Setting(3, 2, covariance, Isotropic(2), [1.0, 2.0]),
    ):
        with pytest.raises(InvalidSettingError, match=r"dim: .* is not valid; give an integer"):
            call()


def test_what_is_no_covariance_is_refused():
    with pytest.raises(InvalidSettingError, match="covariance: 'ar1' is not valid"):
        check_covariance("ar1")
