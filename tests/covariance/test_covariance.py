"""The covariances: definitions entry by entry, the law of their samples, and what they reject."""

import copy
import dataclasses
import math
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.sparse import dia_array

from tests.reference import entry
from ttt_theory.covariance import (
    AR1,
    LARGEST_DIM,
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
    covariance_kinds,
    register_covariance,
)
from ttt_theory.errors import MISSING, InvalidSettingError, SettingFileError, describe
from ttt_theory.structured import StructuredMatrix
from ttt_theory.testing import check_covariance, covariances

BUILT_IN = {
    "isotropic": Isotropic,
    "diagonal": Diagonal,
    "power_law": PowerLaw,
    "spiked": Spiked,
    "ar1": AR1,
    "equicorrelated": Equicorrelated,
    "dense": Dense,
    "empirical": Empirical,
    "factor_model": FactorModel,
    "kronecker": Kronecker,
    "block_diagonal": BlockDiagonal,
}


def array_of(covariance):
    matrix = covariance.matrix()
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


any_covariance = st.integers(1, 6).flatmap(covariances)


@example(Kronecker([Diagonal([1.0, 2.0]), Diagonal([3.0, 5.0, 7.0])]))
@example(Kronecker([Diagonal([1.0, 2.0]), AR1(3, 0.5)]))
@example(BlockDiagonal([AR1(2, 0.5), Diagonal([3.0])]))
@example(BlockDiagonal([Diagonal([1.0, 2.0]), Diagonal([3.0])]))
@given(any_covariance)
def test_each_entry_is_the_definition_times_the_scale(covariance):
    d = covariance.dim
    expected = covariance.scale * np.array(
        [[entry(covariance, i, j, float) for j in range(d)] for i in range(d)]
    )
    # Data are at most 2 in size, so round-off of the empirical means is below 1e-14.
    largest = max(np.abs(expected).max(), covariance.scale)
    np.testing.assert_allclose(array_of(covariance), expected, rtol=1e-13, atol=3e-14 * largest)


@given(any_covariance)
def test_every_drawn_covariance_conforms(covariance):
    check_covariance(covariance)
    assert isinstance(covariance.matrix(), storage(covariance))


def storage(covariance):
    match covariance:
        case Isotropic() | Diagonal() | PowerLaw() | Spiked(directions=None):
            return dia_array
        case Dense():
            return np.ndarray
        case Empirical(samples=samples) if len(samples) > covariance.dim:
            return np.ndarray
        case Kronecker(factors=parts) | BlockDiagonal(blocks=parts) if all(
            storage(part) is dia_array for part in parts
        ):
            return dia_array
    return StructuredMatrix


@given(any_covariance, st.integers(0, 2**32))
def test_equal_seeds_give_equal_samples(covariance, seed):
    first, second = (
        copy.deepcopy(covariance).sample(np.random.default_rng(seed), (2, 3)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@given(any_covariance)
def test_pickling_keeps_the_matrix(covariance):
    np.testing.assert_array_equal(
        array_of(pickle.loads(pickle.dumps(covariance))), array_of(covariance)
    )


@given(any_covariance)
def test_arrays_are_read_only_and_fields_frozen(covariance):
    for field in dataclasses.fields(covariance):
        value = getattr(covariance, field.name)
        if isinstance(value, np.ndarray):
            assert not value.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        covariance.scale = 2.0


def test_a_covariance_does_not_see_later_changes_of_its_input():
    values = np.array([1.0, 2.0])
    covariance = Diagonal(values)
    values[0] = -5.0
    np.testing.assert_array_equal(covariance.values, [1.0, 2.0])


def test_the_returned_matrix_may_be_changed_without_harm():
    for covariance in [
        Dense(np.eye(2)),
        Empirical([[1.0, 2.0], [3.0, 5.0], [4.0, 0.5]]),
        Diagonal([1.0, 2.0]),
        BlockDiagonal([Dense(np.eye(2)), Diagonal([1.0])]),
    ]:
        before = array_of(covariance).copy()
        matrix = covariance.matrix()
        data = matrix.data if isinstance(matrix, dia_array) else array_of(covariance)
        data += 1.0
        np.testing.assert_array_equal(array_of(covariance), before)


def test_equality_compares_more_than_the_scale():
    assert Isotropic(3) == Isotropic(3) != Isotropic(4)
    assert AR1(3, 0.5) != AR1(3, 0.25)
    assert Diagonal([1.0]) != Diagonal([2.0])


MILLION = 1_000_000
LARGE = [
    PowerLaw(MILLION, 0.5),
    Spiked(MILLION, [4.0, -0.5], directions=np.arange(1.0, 2 * MILLION + 1.0).reshape(2, -1)),
    FactorModel(np.ones(MILLION), np.ones((MILLION, 2))),
    AR1(MILLION, -0.9),
    Equicorrelated(MILLION, 0.5),
    Empirical(np.arange(3.0 * MILLION).reshape(3, -1) % 7.0),
    Kronecker([AR1(1000, 0.5), Equicorrelated(1000, 0.5)]),
    BlockDiagonal([AR1(1000, 0.5)] * 999 + [Dense(np.eye(10)), Isotropic(990)]),
]


@pytest.mark.parametrize("covariance", LARGE, ids=lambda covariance: type(covariance).__name__)
def test_a_large_structured_covariance_needs_no_dense_matrix(covariance):
    matrix = covariance.matrix()
    check_covariance_matrix("matrix", matrix, MILLION)
    vector = np.zeros(MILLION)
    vector[7] = 1.0
    # A column's entry on the diagonal is the variance.
    assert (matrix @ vector)[7] == pytest.approx(matrix.diagonal()[7], rel=1e-12)
    draws = covariance.sample(np.random.default_rng(0), 2)
    assert draws.shape == (2, MILLION)
    assert np.isfinite(draws).all()


def test_directions_are_normalised_row_by_row():
    covariance = Spiked(2, [25.0, -1.0], directions=[[3e300, 4e300], [1e-300, 0.0]])
    np.testing.assert_allclose(array_of(covariance), [[9.0, 12.0], [12.0, 17.0]], rtol=1e-14)


def test_the_most_factors_can_be_used():
    check_covariance(Kronecker([AR1(1, 0.5)] * 31 + [AR1(2, 0.5)]))


def test_nesting_is_bounded():
    covariance = Isotropic(1)
    for _ in range(4):
        covariance = BlockDiagonal([Isotropic(1), Kronecker([covariance])])
    with pytest.raises(InvalidSettingError, match="at most 8 deep") as caught:
        Kronecker([Isotropic(1), covariance])
    assert caught.value.field == "factors"


def test_numpy_scalars_and_integers_are_numbers():
    covariance = AR1(np.int8(3), np.float32(0.5), scale=np.int64(2))
    assert covariance == AR1(3, 0.5, scale=2.0)
    assert [type(value) for value in dataclasses.astuple(covariance)] == [float, int, float]


def test_round_off_is_forgiven_and_symmetrized():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((40, 3))
    singular = root @ root.T
    skewed = singular + 1e-15 * rng.standard_normal((40, 40))
    assert (Dense(skewed).matrix() == Dense(skewed).matrix().T).all()


NOT_A_NUMBER = [math.nan, math.inf, -math.inf, True, "1", None, 1j, [1.0], np.array(1.0), 10**400]
NOT_A_DIM = [0, -1, 2.0, True, np.True_, "3", None, 10**400, LARGEST_DIM + 1, math.nan]
NOT_A_VECTOR = [
    [],
    [[1.0]],
    [1.0, math.nan],
    [1.0, math.inf],
    [True],
    np.array([True]),
    ["1"],
    np.array(["1"]),
    [1j],
    [None],
    [10**400],
    [1.0, [2.0]],
    "12",
    None,
    3.0,
    {1.0},
    np.array([object()]),
]
NOT_A_MATRIX = [
    [],
    [[]],
    [1.0],
    [[1.0, 0.0], [0.0]],
    [[math.nan]],
    [[math.inf]],
    [[True]],
    [["1"]],
    [[[1.0]]],
    np.zeros((0, 2)),
    np.eye(2, dtype=complex),
    None,
]

INVALID = [
    *[("dim", lambda v=v: Isotropic(v)) for v in NOT_A_DIM],
    *[("dim", lambda v=v: PowerLaw(v, 1.0)) for v in NOT_A_DIM],
    *[("dim", lambda v=v: Spiked(v, [1.0])) for v in NOT_A_DIM],
    *[("dim", lambda v=v: AR1(v, 0.5)) for v in NOT_A_DIM],
    *[("dim", lambda v=v: Equicorrelated(v, 0.5)) for v in NOT_A_DIM],
    *[("scale", lambda v=v: Isotropic(2, scale=v)) for v in [*NOT_A_NUMBER, 0.0, -1.0]],
    *[("scale", lambda v=v: Dense(np.eye(2), scale=v)) for v in [*NOT_A_NUMBER, 0.0, -1.0]],
    *[("exponent", lambda v=v: PowerLaw(2, v)) for v in [*NOT_A_NUMBER, -1e6, -1e308]],
    *[("rho", lambda v=v: AR1(2, v)) for v in [*NOT_A_NUMBER, 1.5, -1.0000001]],
    *[("rho", lambda v=v: Equicorrelated(3, v)) for v in [*NOT_A_NUMBER, 1.5, -0.50001]],
    *[("values", lambda v=v: Diagonal(v)) for v in [*NOT_A_VECTOR, [1.0, -1e-300]]],
    *[("spikes", lambda v=v: Spiked(2, v)) for v in [*NOT_A_VECTOR, [-1.1], [1.0, 1.0, 1.0]]],
    *[("directions", lambda v=v: Spiked(2, [1.0], v)) for v in NOT_A_MATRIX if v is not None],
    ("directions", lambda: Spiked(2, [1.0], [[1.0, 0.0, 0.0]])),
    ("directions", lambda: Spiked(2, [1.0], [[1.0, 0.0], [0.0, 1.0]])),
    ("directions", lambda: Spiked(2, [1.0, 1.0], [[1.0, 0.0], [0.0, 0.0]])),
    ("spikes", lambda: Spiked(2, [-1.0, -0.5], [[1.0, 1.0], [1.0, 1.0]])),
    ("spikes", lambda: Spiked(2, [1e308, 1e308], [[1.0, 0.0], [1.0, 1.0]])),
    *[("values", lambda v=v: FactorModel(v, [[1.0]])) for v in [*NOT_A_VECTOR, [-1.0]]],
    *[("loadings", lambda v=v: FactorModel([1.0, 1.0], v)) for v in NOT_A_MATRIX],
    ("loadings", lambda: FactorModel([1.0, 1.0], [[1.0, 1.0]])),
    ("loadings", lambda: FactorModel([1.0], [[1e200]])),
    *[
        (field, lambda make=make, v=v: make(v))
        for field, make in [("factors", Kronecker), ("blocks", BlockDiagonal)]
        for v in [[], (), None, 3, "ab", Isotropic(2), {}, np.eye(2)]
    ],
    ("factors[1]", lambda: Kronecker([Isotropic(2), np.eye(2)])),
    ("blocks[0]", lambda: BlockDiagonal([AR1])),
    ("factors", lambda: Kronecker([Isotropic(10_000), AR1(1001, 0.5)])),
    ("factors", lambda: Kronecker([Isotropic(LARGEST_DIM)] * 20)),
    ("factors", lambda: Kronecker([AR1(1, 0.5)] * 33)),
    ("blocks", lambda: BlockDiagonal([Isotropic(LARGEST_DIM), Isotropic(1)])),
    ("factors", lambda: Kronecker([Isotropic(2, scale=1e200)] * 2)),
    ("scale", lambda: Kronecker([AR1(2, 0.5, scale=1e200)], scale=1e200)),
    ("scale", lambda: BlockDiagonal([Isotropic(2), Isotropic(2, scale=1e200)], scale=1e200)),
    ("scale", lambda: FactorModel([1.0], [[1e100]], scale=1e200)),
    ("scale", lambda: Spiked(2, [1e200], [[1.0, 1.0]], scale=1e200)),
    ("scale", lambda: Kronecker([Isotropic(2)], scale=0.0)),
    ("scale", lambda: BlockDiagonal([Isotropic(2)], scale=-1.0)),
    *[("entries", lambda v=v: Dense(v)) for v in NOT_A_MATRIX],
    ("entries", lambda: Dense([[1.0, 2.0]])),
    ("entries", lambda: Dense([[1.0, 0.5], [0.25, 1.0]])),
    ("entries", lambda: Dense([[1.0, 2.0], [2.0, 1.0]])),
    ("entries", lambda: Dense([[-1e-300]])),
    ("entries", lambda: Dense([[1e308, 1.5e308], [1.5e308, 1e308]])),
    *[("samples", lambda v=v: Empirical(v)) for v in [*NOT_A_MATRIX, [[1.0, 2.0]]]],
    ("samples", lambda: Empirical([[1e200], [-1e200]])),
    ("samples", lambda: Empirical([[1e200, 0.0, 0.0], [-1e200, 0.0, 0.0]])),
    ("scale", lambda: Diagonal([1e200], scale=1e200)),
    ("scale", lambda: Spiked(2, [1e200], scale=1e200)),
    ("scale", lambda: PowerLaw(10, -200.0, scale=1e200)),
    ("scale", lambda: Dense([[1e200]], scale=1e200)),
    ("scale", lambda: Empirical([[1e100], [-1e100]], scale=1e200)),
]


@pytest.mark.parametrize(("field", "make"), INVALID)
def test_invalid_parameters_are_named(field, make):
    with pytest.raises(InvalidSettingError) as caught:
        make()
    error = caught.value
    assert error.field == field
    assert str(error).startswith(f"{field}: ")
    assert len(str(error).splitlines()) == 1
    assert len(str(error)) < 400
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([[1.0, 0.5], [0.25, 1.0]], "symmetric"),
        ([[1.0, 2.0], [2.0, 1.0]], "eigenvalues from -1 to 3"),
        ([[1.0, 2.0]], "1 x 1 matrix, not 1 x 2"),
    ],
)
def test_a_bad_matrix_says_what_is_wrong(entries, complaint):
    with pytest.raises(InvalidSettingError, match=complaint):
        Dense(entries)


def test_the_message_reads_as_documented():
    with pytest.raises(InvalidSettingError) as caught:
        AR1(3, 1.5)
    expected = "feature_covariance.rho: 1.5 is not valid; give a number between -1 and 1"
    assert str(caught.value.within("feature_covariance")) == expected


@given(st.text(), st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists))
def test_messages_have_one_line_whatever_they_quote(field, text, value):
    for error in [
        InvalidSettingError(field, value, text),
        SettingFileError(text, text, field).within(field),
    ]:
        assert len(str(error).splitlines()) <= 1
        assert str(error).isprintable()
        copied = pickle.loads(pickle.dumps(error))
        assert (type(copied), str(copied)) == (type(error), str(error))


class Unprintable:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "value",
    [10**100_000, [10**100_000], Unprintable(), "x" * 10**6, {}],
    ids=["digits", "digits in a list", "no repr", "long", "empty"],
)
def test_any_value_can_be_described_briefly(value):
    assert 0 < len(describe(value)) <= 80


def test_a_missing_value_survives_pickling():
    assert pickle.loads(pickle.dumps(InvalidSettingError("dim", MISSING, ""))).value is MISSING


def test_every_built_in_kind_is_registered():
    assert covariance_kinds().items() >= BUILT_IN.items()


def test_a_kind_is_registered_once_and_only_for_a_covariance():
    with pytest.raises(ValueError, match="'dense' is taken by Dense"):
        register_covariance("dense")(Isotropic)
    with pytest.raises(TypeError, match="not a subclass of Covariance"):
        register_covariance("number")(int)
    assert "number" not in covariance_kinds()


@pytest.mark.parametrize(
    "matrix",
    [
        np.matrix(np.eye(2)),
        np.ma.masked_equal(np.eye(2), 0.0),
        np.eye(2, dtype=np.longdouble),
        np.eye(2, dtype=np.float16),
        np.eye(2, dtype=np.complex128),
        np.eye(2, dtype=bool),
    ],
)
def test_arrays_of_other_kinds_are_refused(matrix):
    with pytest.raises(InvalidSettingError, match=r"^matrix: .* not valid; give "):
        check_covariance_matrix("matrix", matrix, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
def test_samples_of_shorter_numbers_are_as_precise(dtype):
    class Short(Covariance):
        dim = 3

        def __init__(self, dtype):
            self.dtype = dtype

        def matrix(self):
            return np.array([[3, 1, 1], [1, 2, 0], [1, 0, 5]], dtype=self.dtype)

    samples = [Short(each).sample(np.random.default_rng(0), 10) for each in (dtype, np.float64)]
    np.testing.assert_array_equal(*samples)
