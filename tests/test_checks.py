"""Arrays and numbers of any origin: one plain array comes out, or one line."""

import time
from fractions import Fraction

import dask.array
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory.checks import (
    LARGEST_SIZE,
    ROUND_OFF_PER_DIM,
    as_array,
    check_symmetric,
    checked_array,
    checked_integer,
    checked_number,
)
from ttt_theory.covariance import Diagonal, Empirical, FactorModel, Spiked
from ttt_theory.errors import InvalidSettingError, told_apart
from ttt_theory.structured import DenseMatrix, HouseholderFrame, LowRankUpdate, Spectral
from ttt_theory.sweeps.grid import read_axes
from ttt_theory.wick import Matrix, Vector, evaluate, trace

ROW, SQUARE = np.array([1.0, 2.0]), np.array([[2.0, 1.0], [1.0, 3.0]])


def setting(**changes):
    parts = {"feature_covariance": ttt.Isotropic(2), "task_covariance": ttt.Isotropic(2)}
    return ttt.Setting(4, 3, **parts, **({"task": ROW} | changes))


def isotropic_argument(name):
    def take(value):
        counts = {"context_length": 4, "test_samples": 3, "dim": 2, "task_square": 1.0}
        return ttt.isotropic_risk(**(counts | {name: value}))

    return take


# Everything public that takes an array, with a valid one.
PARAMETERS = {
    "Dense": (ttt.Dense, SQUARE),
    "DenseMatrix": (DenseMatrix, SQUARE),
    "Diagonal": (Diagonal, ROW),
    "Empirical": (Empirical, np.array([[1.0, 2.0], [3.0, 1.0], [0.0, 5.0]])),
    "Spiked spikes": (lambda value: Spiked(3, value), ROW),
    "Spiked directions": (lambda value: Spiked(2, ROW, value), np.eye(2)),
    "FactorModel values": (lambda value: FactorModel(value, SQUARE), ROW),
    "FactorModel loadings": (lambda value: FactorModel(ROW, value), SQUARE),
    "LowRankUpdate": (lambda value: LowRankUpdate(ROW, value, ROW), SQUARE),
    "Spectral": (lambda value: Spectral(HouseholderFrame(ROW), value), ROW),
    "HouseholderFrame": (HouseholderFrame, ROW),
    "task": (lambda value: setting(task=value), ROW),
    "DenseWeights": (ttt.DenseWeights, SQUARE),
    "wick matrix": (lambda value: evaluate(trace(Matrix("A")), {Matrix("A"): value}), SQUARE),
    "wick vector": (lambda value: evaluate(Vector("a"), {Vector("a"): value}), ROW),
} | {
    f"isotropic_risk {name}": (isotropic_argument(name), ROW)
    for name in (
        *("context_length", "test_samples", "dim", "task_square", "noise_variance", "factor"),
        *("feature_variance", "task_variance"),
        *("pretraining_context_length", "pretraining_noise_variance"),
    )
}
PARAMETERS["step of a curve"] = (isotropic_argument("dim")(3).at, ROW)


class Unreadable:
    """An array of another library that does not let itself be read, as a tensor with gradients."""

    shape = (2,)

    def __array__(self, *arguments, **options):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse detach().")


class Hidden:
    @property
    def __array__(self):
        raise LookupError("not even the method")


@pytest.mark.parametrize("name", PARAMETERS)
def test_masked_values_are_refused_and_a_mask_of_nothing_is_not(name):
    take, valid = PARAMETERS[name]
    take(np.ma.array(valid, mask=False))
    take(np.ma.array(valid))
    mask = np.zeros(valid.shape, dtype=bool)
    mask.flat[-1] = True
    place = ", ".join(str(length - 1) for length in valid.shape)
    masked = np.ma.array(valid, mask=mask)
    with pytest.raises(InvalidSettingError, match=rf"none of them masked \(see entry {place}\)$"):
        take(masked)
    # What nobody can write to may be kept without a copy.
    masked.flags.writeable = False
    with pytest.raises(InvalidSettingError, match=r"none of them masked"):
        take(masked)
    # A list of rows, the last of which is an array with a mask, or the constant `masked`.
    with pytest.raises(InvalidSettingError, match=r"none of them masked"):
        take(list(masked))


class Masked:
    """Makes an array of itself that is masked."""

    def __init__(self, array):
        self.array = array

    def __array__(self, *arguments, **options):
        return self.array


@pytest.mark.parametrize("name", PARAMETERS)
def test_masks_are_seen_in_what_other_libraries_make_arrays_of(name):
    take, valid = PARAMETERS[name]
    none, some = np.zeros(valid.shape, dtype=bool), np.zeros(valid.shape, dtype=bool)
    some.flat[-1] = True
    take(dask.array.from_array(valid))
    take(Masked(np.ma.array(valid, mask=none)))
    with pytest.raises(InvalidSettingError, match=r"none of them masked"):
        take(Masked(np.ma.array(valid, mask=some)))
    with pytest.raises(InvalidSettingError, match=r"computed and without masks$"):
        take(dask.array.ma.masked_array(valid, mask=some))


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_no_array_is_one_line_at_once(name):
    take, _ = PARAMETERS[name]
    row = [0.5] * 10**6
    doubled = [1.0]
    for _ in range(60):
        doubled = [doubled, doubled]
    endless: list = []
    endless.append(endless)
    huge = [
        np.broadcast_to(1.0, (10**6, 10**6)),
        np.broadcast_to(np.int8(1), (LARGEST_SIZE + 1,)),
        [row] * 10**6,
        doubled,
    ]
    for value in (*huge, Unreadable(), [Unreadable()], Hidden(), endless):
        started = time.perf_counter()
        with pytest.raises(InvalidSettingError) as caught:
            take(value)
        assert time.perf_counter() - started < 2.0
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500


def test_what_a_library_says_of_its_array_is_passed_on():
    with pytest.raises(InvalidSettingError, match=r"requires grad\. Use detach\(\)\."):
        checked_array("task", Unreadable(), 1)


def test_rows_are_counted_before_they_are_copied():
    for take in (ttt.Dense, DenseMatrix, ttt.DenseWeights):
        with pytest.raises(InvalidSettingError, match="at most 10000 rows"):
            take(np.broadcast_to(1.0, (30_000, 30_000)))


def test_settings_at_a_time():
    with pytest.raises(InvalidSettingError, match=r"1000000000 settings .* 1000000 x 1000000$"):
        ttt.isotropic_risk(np.ones((10**6, 1)), np.ones(10**6), 2, task_square=1.0)


def test_masked_and_odd_numbers_are_none():
    class Odd(Fraction):
        def __float__(self):
            raise RuntimeError("no")

    for value in (np.ma.masked, np.ma.array(1.0), Odd(1, 2), np.array([1.0])):
        with pytest.raises(InvalidSettingError, match=r"^noise: "):
            checked_number("noise", value)
        with pytest.raises(InvalidSettingError, match=r"^dim: "):
            checked_integer("dim", value, 1, 3)
    with pytest.raises(InvalidSettingError, match=r"masked is not valid"):
        checked_number("noise", np.ma.masked)


def test_no_array_is_copied_without_need():
    array = np.arange(6.0).reshape(2, 3)
    assert as_array("values", array, "give numbers") is array
    copied = checked_array("values", array, 2)
    assert not np.shares_memory(copied, array)
    assert not copied.flags.writeable


SYMMETRIC_TAKERS = {
    "Dense": ttt.Dense,
    "DenseMatrix": DenseMatrix,
    "wick": lambda value: evaluate(
        trace(Matrix("A", symmetric=True)), {Matrix("A", symmetric=True): value}
    ),
}


@pytest.mark.parametrize("take", SYMMETRIC_TAKERS.values(), ids=SYMMETRIC_TAKERS)
@given(st.integers(2, 5), st.floats(-290, 290), st.booleans())
@example(2, 0.0, True)
def test_one_tolerance_for_asymmetry(take, dim, exponent, beyond):
    scale = 10.0**exponent
    matrix = scale * (dim * np.eye(dim) + 0.25 * np.ones((dim, dim)))
    gap = ROUND_OFF_PER_DIM * dim * matrix.max()
    matrix[0, 1] += 2.0 * gap if beyond else 0.5 * gap
    if beyond:
        with pytest.raises(InvalidSettingError, match=r"entry \(0, 1\) is .* but \(1, 0\) is"):
            take(matrix)
    else:
        take(matrix)


def test_an_inverse_by_numpy_is_symmetric():
    rng = np.random.default_rng(3)
    found = 0.0
    for _ in range(20):
        factor = rng.standard_normal((4, 6))
        inverse = np.linalg.inv(factor @ factor.T)
        found = max(found, np.abs(inverse - inverse.T).max())
        for take in SYMMETRIC_TAKERS.values():
            take(inverse)
    assert found > 0.0


def test_exact_numbers_are_symmetric_exactly():
    third = Fraction(1, 3)
    near = third + Fraction(1, 10**30)
    check_symmetric("C", np.array([[1, third], [third, 1]], dtype=object))
    with pytest.raises(InvalidSettingError, match=rf"is {near} but \(1, 0\) is 1/3$"):
        check_symmetric("C", np.array([[1, near], [third, 1]], dtype=object))
    # One float among them has round-off of its own.
    check_symmetric("C", np.array([[1.0, near], [third, 1]], dtype=object))
    with pytest.raises(InvalidSettingError, match="square"):
        check_symmetric("C", np.ones((2, 3)))
    with pytest.raises(InvalidSettingError, match="symmetric"):
        check_symmetric("C", np.array([[1.0, np.nan], [0.0, 1.0]]))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
@example(0.0950353, 0.0950353 + 7e-18)
@example(0.0950353, np.nextafter(0.0950353, 1.0))
@example(1e300, np.nextafter(1e300, 0.0))
def test_numbers_that_differ_look_different(first, second):
    here, there = told_apart(first, second)
    assert (here == there) == (first == second)
    for text, value in ((here, first), (there, second)):
        assert float(text) == pytest.approx(value, rel=1e-5)


def test_messages_tell_numbers_apart():
    matrix = np.array([[1.0, 0.0950353], [0.0950353 + 4e-13, 1.0]])
    for take in SYMMETRIC_TAKERS.values():
        with pytest.raises(InvalidSettingError, match=r"0\.0950353 but .* 0\.0950353000004"):
            take(matrix)
    for leaf, said in (
        ({"start": 1e9, "stop": 1e9 + 1.0, "step": 3.0303e-4}, r"such as 1000000000\.9999\d*$"),
        ({"start": 10**7, "stop": 10**7 + 1, "num": 5}, r"gives 10000000\.2;"),
    ):
        with pytest.raises(InvalidSettingError, match=said):
            read_axes([{"noise_variance": leaf}])
