"""The risks of arrays of isotropic settings: exactness, broadcasting, ranges and errors."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests import reference
from ttt_theory import (
    InvalidSettingError,
    Isotropic,
    OutOfRangeError,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
    isotropic_risk,
    one_step_risk,
)
from ttt_theory.linear.closed_form import isotropic
from ttt_theory.linear.exact import isotropic as arrays
from ttt_theory.linear.exact.isotropic_numbers import IsotropicNumbers

QUANTITIES = reference.QUANTITIES
MODERATE_SIZES = st.one_of(st.integers(1, 4), st.integers(1, 10**4))
SIZES = st.one_of(st.integers(1, 4), st.integers(1, 10**15), st.just(10**15))
MODERATE = st.one_of(st.just(1.0), st.floats(1e-3, 1e3))
POSITIVE = st.one_of(MODERATE, st.floats(-30.0, 30.0).map(lambda exponent: 10.0**exponent))
NON_NEGATIVE = st.one_of(st.just(0.0), POSITIVE)
FACTORS = st.one_of(
    st.sampled_from([0.0, 0.5, 0.999, 1.0, 1.0001]), st.floats(-3.0, 3.0), POSITIVE
).filter(lambda factor: factor == 0.0 or abs(factor) > 1e-30)


def arguments(sizes, non_negative, positive, factors):
    """Draw the arguments of one setting; pretraining is often as at test time."""
    own = {
        "context_length": sizes,
        "test_samples": sizes,
        "dim": sizes,
        "task_square": non_negative,
        "noise_variance": non_negative,
        "feature_variance": positive,
        "task_variance": non_negative,
        "factor": factors,
    }
    shifted = {
        "pretraining_context_length": sizes,
        "pretraining_noise_variance": non_negative,
    }
    return st.fixed_dictionaries(own, optional=shifted)


SMALLEST, LARGEST = (
    Fraction(float(each)) for each in (np.finfo(np.float64).tiny, np.finfo(np.float64).max)
)
WIDEST = st.one_of(
    st.floats(-323.0, 308.0).map(lambda exponent: 10.0**exponent),
    st.sampled_from([5e-324, 2.2e-308, 2.3e-308, 1.7e308]),
    MODERATE,
)
ANY = arguments(SIZES, NON_NEGATIVE, POSITIVE, FACTORS)
SMALL_SCALES = arguments(
    MODERATE_SIZES,
    st.one_of(st.just(0.0), MODERATE),
    MODERATE,
    st.one_of(st.sampled_from([0.0, 0.5, 0.999, 1.0, 1.0001]), st.floats(-2.0, -1e-3)),
)


def exact_risk(given_arguments):
    """Return the fields as fractions, by the explicit polynomials, and how well-determined g is.

    The last is ‖β‖²(1 − (n+2)w) − σ²w over the sum of its parts at pretraining: where inputs make
    it a small difference, round-off in them shows in what it is a factor of.
    """
    a = {name: Fraction(value) for name, value in given_arguments.items()}
    n, k, d = (a[name] for name in ("context_length", "test_samples", "dim"))
    noise, features, factor = (a[name] for name in ("noise_variance", "feature_variance", "factor"))
    source_n = a.get("pretraining_context_length", n)
    source_noise = a.get("pretraining_noise_variance", noise)
    signal, prior = features * a["task_square"], features * a["task_variance"]
    denominator = (source_n + 1 + d) * prior + source_noise
    weight = factor * prior / denominator if denominator else Fraction(0)
    sizes, rest = (n, k, d), (signal, noise, weight)
    constant = isotropic.constant(n, d, *rest)
    linear = features**2 * isotropic.linear(*sizes, *rest)
    quadratic = features**4 * isotropic.quadratic(*sizes, *rest)
    improvement = linear**2 / (4 * quadratic) if linear else Fraction(0)
    fields = {
        "constant": constant,
        "linear": linear,
        "quadratic": quadratic,
        "step_size": linear / (2 * quadratic) if linear else Fraction(0),
        "risk_before": constant,
        "risk_after": constant - improvement,
        "improvement": improvement,
    }
    gradient = signal * (1 - (n + 2) * weight) - noise * weight
    share = min(max(factor, Fraction(0)), Fraction(1))
    parts = signal * (1 - share) + abs(weight) * noise
    if weight:
        mismatch = prior * (abs(d - 1) + abs(source_n - n)) + source_noise
        parts += signal * (share * mismatch + abs(factor - share) * (n + 2) * prior) / denominator
    return fields, abs(gradient) / parts if parts else Fraction(1)


def held(exact):
    """Whether float64 holds a number to full precision, with room for the last digit."""
    room = 1 + Fraction(1, 10**14)
    return exact == 0 or SMALLEST * room <= exact <= LARGEST / room


def special(size, **changes):
    sizes = dict.fromkeys(("context_length", "test_samples", "dim"), size)
    scales = {"task_square": 1.0, "noise_variance": 0.0, "feature_variance": 1.0}
    scales |= {"task_variance": 1.0, "factor": 1.0}
    return sizes | scales | changes


def as_arguments(values):
    return tuple(values[name] for name in ("context_length", "test_samples", "dim")), {
        name: value
        for name, value in values.items()
        if name not in ("context_length", "test_samples", "dim")
    }


def risk_of(values):
    positional, keywords = as_arguments(values)
    return isotropic_risk(*positional, **keywords)


@hypothesis_settings(max_examples=400)
@given(ANY)
@example(special(1, task_variance=1.0, factor=1.0))  # No step helps.
@example(special(7, task_variance=0.0, factor=1e20))  # Every weight is optimal in pretraining.
@example(special(3, task_variance=1.0, factor=1.0 - 2.0**-25) | {"context_length": 10**15})
def test_every_field_is_exact_to_round_off(values):
    risk = risk_of(values)
    expected, determined = exact_risk(values)
    for quantity in QUANTITIES:
        value, exact = getattr(risk, quantity), expected[quantity]
        if math.isnan(value):
            assert not held(exact), (quantity, float(exact))
            continue
        gains = quantity in ("linear", "step_size", "improvement")
        tolerance = Fraction(1e-14) / (min(determined, 1) if gains and determined else 1)
        if exact == 0 or (gains and determined == 0):
            assert value <= 1e-28 * float(expected["constant"]) or quantity in (
                "linear",
                "step_size",
            )
            continue
        assert abs(Fraction(float(value)) / exact - 1) <= tolerance, (quantity, value, float(exact))


EXTREME = arguments(
    SIZES,
    st.one_of(st.just(0.0), WIDEST),
    WIDEST,
    st.one_of(FACTORS, WIDEST, WIDEST.map(lambda factor: -factor)),
)


@hypothesis_settings(max_examples=600)
@given(EXTREME)
# The start's square overflows, and with it c2: the step was 0.
@example(special(3, task_variance=1.0, factor=2e165, task_square=4e-244))
@example(special(83, task_variance=6e4, factor=1.7e308, noise_variance=1e251, task_square=7e147))
# The gradient's square underflows, or that of the improvement does.
@example(special(5, task_variance=1.0, factor=0.0, noise_variance=1.0, task_square=1e-120))
@example(special(5, task_variance=1.0, factor=1e-100, noise_variance=1.0, task_square=0.0))
# Starts that are large and small, as products of what is not extreme on its own.
@example(special(10**15, factor=1e59))
@example(special(1, factor=1e-59, task_variance=1e-59, noise_variance=1.0, task_square=0.0))
# a‖β‖² and ab in few digits, beside nothing and beside a noise as small.
@example(special(10**15, task_square=1e-315, feature_variance=0.3, factor=0.0))
@example(special(3, task_variance=1e-315, feature_variance=0.3, pretraining_noise_variance=1e-315))
# The labels' variance leaves the range on either side before the other factor brings it back.
@example(special(2, task_variance=0.0, feature_variance=1e-310, noise_variance=4e103))
@example(special(4, task_variance=1.0, task_square=1e-310, factor=3e102, feature_variance=2e-3))
def test_extreme_scales_cost_no_digits(values):
    risk = risk_of(values)
    expected, determined = exact_risk(values)
    constant, quadratic = expected["constant"], expected["quadratic"]
    # The bounds that R ≥ 0 gives, for what nothing but round-off in the parts of g is left of.
    squares = {"linear": 4 * constant * quadratic, "improvement": constant**2}
    squares["step_size"] = constant / quadratic if quadratic else Fraction(0)
    for quantity, exact in expected.items():
        value = float(getattr(risk, quantity))
        if math.isnan(value):
            assert not held(exact), (quantity, exact)
            continue
        error = abs(Fraction(value) - exact)
        if error > Fraction(1, 10**12) * exact:
            assert determined < Fraction(1, 1000), (quantity, value, exact)
            assert error**2 <= Fraction(1, 10**24) * squares[quantity], (quantity, value, exact)


def test_a_step_of_any_size():
    """A step of 7.8e-184 and of as much as float64 holds, to the last digits."""
    for exponent in (-300, -184, -92, 92, 184, 300):
        # Cold, without noise and at n = k = d = 1: η* = 1/(2·3·9·‖β‖²), exactly.
        risk = isotropic_risk(1, 1, 1, task_square=10.0**exponent, factor=0.0)
        assert risk.step_size == pytest.approx(1 / (54 * 10.0**exponent), rel=1e-14)
        # A noise far below the signal changes the warm step by no more than its share.
        noisy = isotropic_risk(2, 3, 4, task_square=1.0, noise_variance=10.0 ** -abs(exponent))
        silent = isotropic_risk(2, 3, 4, task_square=1.0)
        assert noisy.step_size == pytest.approx(
            silent.step_size, rel=1e-14 + 10.0 ** -abs(exponent) * 50
        )


@hypothesis_settings(max_examples=150)
@given(SMALL_SCALES.filter(lambda values: values["dim"] <= 2000))
def test_agrees_with_the_risk_of_a_setting(values):
    n, k, d = (values[name] for name in ("context_length", "test_samples", "dim"))
    source = Pretraining(
        values.get("pretraining_context_length"), values.get("pretraining_noise_variance")
    )
    task = np.zeros(d)
    task[-1] = math.sqrt(values["task_square"])
    setting = Setting(
        n,
        k,
        Isotropic(d, scale=values["feature_variance"]),
        Isotropic(d, scale=values["task_variance"] or 1.0),
        task,
        values["noise_variance"],
        PretrainedWeights(values["factor"]) if values["task_variance"] else ZeroWeights(),
        source,
    )
    try:
        general = one_step_risk(setting)
    except OutOfRangeError:
        assume(False)
    _, determined = exact_risk(values | {"task_square": float(task[-1] ** 2)})
    assume(determined > 1e-6)
    risk = risk_of(values)
    for quantity in QUANTITIES:
        expected = getattr(general, quantity)
        assert getattr(risk, quantity) == pytest.approx(expected, rel=1e-9, abs=1e-300), quantity


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_agrees_with_the_functions_of_a_start(start):
    factor = {"warm": 1, "cold": 0}[start]
    for n, k, d, noise in itertools.product((1, 3, 20), (1, 7), (2, 30), (0, Fraction(1, 4))):
        risk = isotropic_risk(n, k, d, task_square=3, noise_variance=float(noise), factor=factor)
        for quantity in ("risk_before", "step_size", "improvement", "risk_after"):
            expected = getattr(isotropic, f"{start}_{quantity}")(n, k, d, Fraction(3), noise)
            assert getattr(risk, quantity) == pytest.approx(float(expected), rel=1e-14)


SHAPES = st.sampled_from([(), (1,), (3,), (2, 1), (2, 3), (1, 3), (4, 1, 1)])


@given(st.data())
def test_arguments_broadcast(data):
    sizes, floats = [1, 2, 17, 1000], [0.25, 1.0, 3.0]

    def array(choices):
        shape = data.draw(SHAPES)
        count = math.prod(shape)
        entries = data.draw(st.lists(st.sampled_from(choices), min_size=count, max_size=count))
        return np.array(entries).reshape(shape)

    counts = [array(sizes) for _ in range(3)]
    keywords = {
        "task_square": array(floats),
        "noise_variance": array([0.0, *floats]),
        "feature_variance": array(floats),
        "task_variance": array([0.0, *floats]),
        "factor": array([0.0, 1.0, -0.5]),
        "pretraining_context_length": array(sizes),
        "pretraining_noise_variance": array([0.0, *floats]),
    }
    together = isotropic_risk(*counts, **keywords)
    shape = np.broadcast_shapes(*(each.shape for each in (*counts, *keywords.values())))
    flat = [np.broadcast_to(each, shape).ravel() for each in (*counts, *keywords.values())]
    for index in range(math.prod(shape)):
        n, k, d, *rest = (each[index] for each in flat)
        one = isotropic_risk(n, k, d, **dict(zip(keywords, rest, strict=True)))
        for quantity in QUANTITIES:
            values = getattr(together, quantity)
            assert np.shape(values) == shape
            assert values.flat[index] == getattr(one, quantity), quantity


def test_no_setting_depends_on_those_computed_with_it():
    # More than one chunk; vector instructions of any width must round alike.
    count = 50_001
    n = np.random.default_rng(0).integers(1, 10**6, count)
    noise = np.random.default_rng(1).random(count)
    risk = isotropic_risk(n, 40, 30, task_square=2.0, noise_variance=noise)
    for index in (0, 1, 16_383, 16_384, 32_768, 50_000):
        one = isotropic_risk(n[index], 40, 30, task_square=2.0, noise_variance=noise[index])
        for quantity in QUANTITIES:
            assert getattr(risk, quantity)[index] == getattr(one, quantity)


def test_extreme_settings_among_others_are_as_accurate_as_alone():
    squares = [2.0, 1e-200, 3.0, 1e-250]
    risk = isotropic_risk(20, 40, 30, task_square=squares, noise_variance=1.0)
    for index, square in enumerate(squares):
        one = isotropic_risk(20, 40, 30, task_square=square, noise_variance=1.0)
        for quantity in QUANTITIES:
            assert getattr(risk, quantity)[index] == getattr(one, quantity)
    # A cold start's improvement is k n²‖β‖⁴/[…], here 1e-400: out of range, and not zero.
    cold = isotropic_risk(20, 40, 30, task_square=squares, noise_variance=1.0, factor=0.0)
    assert list(np.isnan(cold.improvement)) == [False, True, False, True]


def test_scalars_give_scalars_and_no_settings_none():
    risk = isotropic_risk(
        np.int32(3), 2.0, np.uint8(4), task_square=1, noise_variance=np.float32(1)
    )
    assert all(isinstance(getattr(risk, quantity), np.float64) for quantity in QUANTITIES)
    assert isinstance(risk.at(0.1), np.float64)
    none = isotropic_risk(np.empty((0, 3)), 2, 4, task_square=1.0)
    assert none.risk_after.shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_floats_of_any_length_are_taken(dtype):
    for name in ("context_length", "task_square", "factor"):
        values = VALID | {name: np.array([1.0, 2.0], dtype=dtype)}
        expected = risk_of(VALID | {name: [1.0, 2.0]}).risk_after
        assert np.array_equal(risk_of(values).risk_after, expected)


def test_what_float64_cannot_hold_is_refused():
    with pytest.raises(InvalidSettingError, match=r"^noise_variance: inf is not valid"):
        isotropic_risk(3, 2, 4, task_square=1.0, noise_variance=np.longdouble("1e400"))


def test_the_arguments_are_left_alone():
    given_arrays = [np.array([3, 5]), np.array([2.0, 4.0])]
    before = [each.copy() for each in given_arrays]
    isotropic_risk(given_arrays[0], 4, given_arrays[0], task_square=given_arrays[1])
    assert all(map(np.array_equal, given_arrays, before))


@given(SMALL_SCALES, st.floats(0.0, 3.0))
def test_the_curve_at_any_step(values, multiple):
    risk = risk_of(values)
    step_size = multiple * risk.step_size
    expected = risk.constant - risk.linear * step_size + risk.quadratic * step_size**2
    assert risk.at(step_size) == pytest.approx(expected, rel=1e-9, abs=1e-12 * risk.constant)
    assert risk.at(0.0) == risk.risk_before
    assert risk.at(risk.step_size) == pytest.approx(risk.risk_after, rel=1e-15)


def test_what_floats_cannot_hold_is_nan_and_spoils_nothing_else():
    scales = np.array([1e-200, 1.0, 1e200])
    risk = isotropic_risk(5, 4, 3, task_square=1 / scales, feature_variance=scales)
    np.testing.assert_allclose(risk.risk_after, risk.risk_after[1], rtol=1e-14)
    # η is 1/scale² times what it is at 1.
    assert np.isnan(risk.step_size).tolist() == [True, False, True]
    assert np.isnan(risk.quadratic).tolist() == [True, False, True]
    alone = isotropic_risk(5, 4, 3, task_square=1.0)
    for quantity in QUANTITIES:
        assert getattr(risk, quantity)[1] == getattr(alone, quantity)


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"task_square": 1e-300, "noise_variance": 1e200, "factor": 0.0}, {"linear", "step_size"}),
        ({"task_square": 1e200, "feature_variance": 1e200}, {"constant", "risk_after"}),
        ({"task_square": 1e-200, "feature_variance": 1e-200}, {"constant", "risk_after"}),
        ({"factor": 1e300}, {"constant", "quadratic"}),
        ({"task_square": 0.0, "noise_variance": 1.0, "factor": 1e-200}, {"linear", "improvement"}),
        ({"task_square": 0.0, "noise_variance": 1.0, "factor": 1e-100}, {"improvement"}),
        ({"task_square": 1e-200, "noise_variance": 1.0, "factor": 0.0}, {"linear", "improvement"}),
    ],
)
def test_what_leaves_the_range_is_nan_and_nothing_beside_it(changes, lost):
    values = special(4, **changes)
    expected, _ = exact_risk(values)
    risk = risk_of(values)
    for quantity in QUANTITIES:
        assert math.isnan(getattr(risk, quantity)) == (not held(expected[quantity])), quantity
    assert all(math.isnan(getattr(risk, quantity)) for quantity in lost)


def test_the_curve_reaches_steps_whose_squares_underflow():
    risk = isotropic_risk(3, 4, 5, task_square=1e190)
    assert 0.0 < risk.step_size < 1e-170
    assert risk.at(3 * risk.step_size) == pytest.approx(
        risk.risk_after + 4 * risk.improvement, rel=1e-12
    )


def test_nothing_to_learn_is_zero_and_not_nan():
    nothing = isotropic_risk(5, 4, 3, task_square=0.0)
    assert all(getattr(nothing, quantity) == 0.0 for quantity in QUANTITIES)
    only_noise = isotropic_risk(5, 4, 3, task_square=0.0, noise_variance=2.0, factor=0.0)
    assert only_noise.risk_after == only_noise.constant == 2.0
    assert only_noise.linear == only_noise.step_size == only_noise.improvement == 0.0
    # In one dimension and without noise the warm start is at the optimum of every step.
    at_optimum = isotropic_risk(5, 4, 1, task_square=3.0)
    assert at_optimum.linear == at_optimum.step_size == at_optimum.improvement == 0.0


VALID = {"context_length": 3, "test_samples": 2, "dim": 4, "task_square": 1.0}
NAMES = [
    *VALID,
    "noise_variance",
    "feature_variance",
    "task_variance",
    "factor",
    "pretraining_context_length",
    "pretraining_noise_variance",
]
COUNTS = {"context_length", "test_samples", "dim", "pretraining_context_length"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (2, 2)], ids=str)
def test_invalid_entries_are_named(name, shape):
    bad = [math.nan, math.inf, -math.inf, True, "3", None, 1j, object(), 10**400]
    bad += [[1, True], (2.0, "3")]
    if name.startswith("pretraining"):
        bad = [value for value in bad if shape or value is not None]  # None alone is the default.
    bad += [0, 2.5, -1, 10**15 + 1] if name in COUNTS else []
    bad += [-1e-300] if name not in COUNTS | {"factor"} else []
    bad += [0.0] if name == "feature_variance" else []
    for value in bad:
        given_value = [[2.0, 2.0], [2.0, value]] if shape else value
        with pytest.raises(InvalidSettingError) as caught:
            risk_of(VALID | {name: given_value})
        assert caught.value.field == name
        assert "\n" not in str(caught.value)
        if isinstance(value, float):
            assert f"{value!r} is not valid" in str(caught.value)


def test_pretraining_arguments_that_default_are_not_blamed():
    with pytest.raises(InvalidSettingError, match=r"^context_length: 0 is not valid"):
        isotropic_risk([3, 0], 2, 4, task_square=1.0)
    with pytest.raises(InvalidSettingError, match=r"^noise_variance: -1\.0 is not valid"):
        isotropic_risk(3, 2, 4, task_square=1.0, noise_variance=[1.0, -1.0])


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(InvalidSettingError, match=r"^dim: an array of shape \(3,\).*\(2,\)"):
        isotropic_risk([1, 2], 2, [1, 2, 3], task_square=1.0)
    with pytest.raises(InvalidSettingError, match=r"^task_square: .*one length"):
        isotropic_risk(1, 2, 3, task_square=[[1.0], [1.0, 2.0]])


def exact_risks(values, steps):
    """The risks after 0, 1, … of the steps, in fractions."""
    a = {name: Fraction(value) for name, value in values.items()}
    n, k, d = (int(a[name]) for name in ("context_length", "test_samples", "dim"))
    source_n = a.get("pretraining_context_length", n)
    source_noise = a.get("pretraining_noise_variance", a["noise_variance"])
    features, prior = a["feature_variance"], a["task_variance"]
    denominator = (source_n + 1 + d) * features * prior + source_noise
    weight = a["factor"] * prior / denominator if denominator else Fraction(0)
    numbers = IsotropicNumbers(
        n, k, d, a["task_square"], a["noise_variance"], features, weight, "fresh"
    )
    descent, steps = numbers.descent(len(steps)), [Fraction(each) for each in steps]
    return [descent.risk(steps[:count]) for count in range(len(steps) + 1)]


MULTIPLES = st.lists(st.floats(-0.5, 2.0), min_size=1, max_size=4)


@hypothesis_settings(max_examples=250, deadline=None)
@given(st.one_of(SMALL_SCALES, ANY, EXTREME), MULTIPLES)
# Warm starts at n far above d, where the error is a small difference.
@example(special(10**9, task_variance=1.0) | {"dim": 1}, [1.0, 0.5])
@example(special(10**4, noise_variance=1e-9) | {"dim": 3}, [1.0, 1.0, 0.5, 0.25])
# The start is a small difference of its own: the weight of another noise and length.
@example(special(100, factor=1.02) | {"dim": 1}, [0.5, 0.5])
@example(
    special(100) | {"dim": 4, "pretraining_context_length": 90, "pretraining_noise_variance": 5.0},
    [0.5, 0.5, 0.5],
)
def test_risks_after_several_steps_are_exact_or_nan(values, multiples):
    size = float(risk_of(values).step_size)
    assume(math.isfinite(size))
    steps = [each * (size or 1e-3) for each in multiples]
    positional, keywords = as_arguments(values)
    risks = isotropic_risk(*positional, **keywords, step_sizes=steps).risks
    for risk, exact in zip(risks.tolist(), exact_risks(values, steps), strict=True):
        if math.isnan(risk):
            assert not held(exact)
        else:
            assert abs(Fraction(risk) - exact) <= Fraction(1, 10**9) * exact


def test_a_good_start_needs_no_longer_numbers(monkeypatch):
    monkeypatch.setattr(arrays, "_exact_risks", None)  # What would be called where digits are lost.
    n, k, d = 10 ** np.arange(1, 5)[:, None, None], 10 ** np.arange(4)[:, None], 10 ** np.arange(5)
    one = isotropic_risk(n, k, d + 1, task_square=1.0, noise_variance=0.25)
    steps = one.step_size[..., None] * np.array([0.5, 0.25, 0.125, 1.0])
    risk = isotropic_risk(n, k, d + 1, task_square=1.0, noise_variance=0.25, step_sizes=steps)
    assert risk.risks.shape == (4, 4, 5, 5)
    np.testing.assert_allclose(risk.risks[..., 0], one.risk_before, rtol=1e-14)
    np.testing.assert_allclose(risk.risks[..., 1], one.at(0.5 * one.step_size), rtol=1e-13)


def test_lost_digits_are_done_again(monkeypatch):
    calls = []

    def counted(arguments, steps, exact=arrays._exact_risks):
        calls.append(arguments)
        return exact(arguments, steps)

    monkeypatch.setattr(arrays, "_exact_risks", counted)
    # A step so chosen that hardly any risk is left after it: the digits cancel.
    values = special(1, factor=0.0) | {"test_samples": 10**15, "context_length": 10**15}
    size = float(risk_of(values).step_size)
    positional, keywords = as_arguments(values)
    risks = isotropic_risk(*positional, **keywords, step_sizes=[size]).risks
    assert len(calls) == 1
    exact = exact_risks(values, [size])
    assert [float(each) for each in exact] == risks.tolist()
    assert risks[1] < 1e-13


def test_steps_broadcast_with_the_settings():
    n, steps = np.array([5, 50, 500]), np.full((2, 1, 3), [1e-5, 2e-5, 3e-6])
    risk = isotropic_risk(n, 4, 30, task_square=2.0, step_sizes=steps)
    assert risk.risks.shape == (2, 3, 4)
    assert risk.risk_after.shape == (3,)
    one = isotropic_risk(50, 4, 30, task_square=2.0, step_sizes=[1e-5, 2e-5, 3e-6])
    assert risk.risks[1, 1].tolist() == one.risks.tolist()
    assert isotropic_risk(n, 4, 30, task_square=2.0).risks is None
    # More than one chunk.
    many = isotropic_risk(np.full(5000, 50), 4, 30, task_square=2.0, step_sizes=steps[0, 0])
    assert np.all(many.risks == one.risks)


@pytest.mark.parametrize(
    "steps", [1e-5, [], [[]], [math.nan], ["a"], [True], np.ones(17), np.ones((3, 2)), [1j]]
)
def test_step_sizes_that_are_none(steps):
    with pytest.raises(InvalidSettingError, match=r"^step_sizes: "):
        isotropic_risk([3, 5], 2, 4, task_square=1.0, step_sizes=steps)
