"""The exact one-step risk against an independent evaluation, and against itself."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from tests import reference
from ttt_theory import (
    DenseWeights,
    Diagonal,
    Isotropic,
    OutOfRangeError,
    PowerLaw,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
    one_step_risk,
    pretrained_weights,
)
from ttt_theory.covariance import Dense
from ttt_theory.testing import covariances, settings


def well_conditioned(setting):
    """Whether it is more than round-off that decides if there is any signal in the labels."""
    source = setting.pretraining
    features, source_features, prior = (
        reference.rational(_dense(covariance))
        for covariance in (
            setting.feature_covariance,
            source.feature_covariance,
            setting.task_covariance,
        )
    )
    task = reference.rational(setting.task)
    return all(
        signal == 0 or noise_variance > 0 or signal > bound * Fraction(1, 10**6)
        for signal, bound, noise_variance in [
            (task @ features @ task, task @ task * features.max(), setting.noise_variance),
            (
                np.sum(source_features * prior),
                source_features.max() * prior.max(),
                source.noise_variance,
            ),
        ]
    )


def _dense(covariance):
    matrix = covariance.matrix()
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


MODERATE = settings(extreme_scales=False).filter(well_conditioned)
QUANTITIES = reference.QUANTITIES
some = hypothesis_settings(max_examples=50)


def natural_scales(values):
    """Bound every quantity: R(η) ≥ 0 makes c1 ≤ 2√(c0c2), and so on.

    Where a quantity is far below its bound it is a small difference of large numbers, whatever the
    formula; in one dimension without noise, for one, the improvement is zero.
    """
    constant, quadratic = mpf(values["constant"]), mpf(values["quadratic"])
    return {
        "constant": constant,
        "linear": mp.sqrt(constant * quadratic),
        "quadratic": quadratic,
        "step_size": mp.sqrt(constant / quadratic) if quadratic else mpf(0),
        "risk_before": constant,
        "risk_after": constant,
        "improvement": constant,
    }


def assert_agrees(risk, expected, *, relative, floor):
    """Compare to a relative error, or an absolute one of `floor` times the natural scale."""
    scales = natural_scales(expected)
    for quantity in QUANTITIES:
        value, true = mpf(getattr(risk, quantity)), mpf(expected[quantity])
        error = abs(value - true)
        assert error <= relative * abs(true) + floor * scales[quantity], (quantity, value, true)


def as_dict(risk):
    return {quantity: getattr(risk, quantity) for quantity in QUANTITIES}


@hypothesis_settings(max_examples=200)
@given(MODERATE)
def test_agrees_with_the_reference(setting):
    risk = one_step_risk(setting)
    assert_agrees(risk, reference.one_step_risk(setting), relative=1e-10, floor=1e-24)


@hypothesis_settings(max_examples=100)
@given(st.data(), st.integers(1, 4))
def test_agrees_with_the_reference_at_large_sizes_of_dense_settings(data, dim):
    seed = data.draw(st.integers(0, 2**32 - 1))
    counts = st.floats(0.0, 9.0).map(lambda exponent: int(10**exponent))
    length, samples = data.draw(counts), data.draw(counts)
    rng = np.random.default_rng(seed)

    def gram_matrix():
        root = rng.standard_normal((dim, dim + 2))
        return Dense(root @ root.T)

    start, pretraining = data.draw(
        st.sampled_from(
            [
                (PretrainedWeights(), None),
                (PretrainedWeights(0.75), None),
                (DenseWeights(rng.standard_normal((dim, dim)) / length), None),
                (PretrainedWeights(), Pretraining(1 + length // 3, 0.25, gram_matrix())),
            ]
        )
    )
    setting = Setting(
        context_length=length,
        test_samples=samples,
        feature_covariance=gram_matrix(),
        task_covariance=gram_matrix(),
        task=rng.standard_normal(dim),
        noise_variance=data.draw(st.sampled_from([0.0, 1e-3, 10.0])),
        initialization=start,
        pretraining=pretraining,
    )
    # In one dimension the improvement is a difference of numbers n² times as large.
    floor = 1e-24 if dim > 1 else 1e-18
    expected = reference.one_step_risk(setting)
    assert_agrees(one_step_risk(setting), expected, relative=1e-10, floor=floor)


@hypothesis_settings(max_examples=50)
@given(MODERATE)
def test_pretrained_weights_agree_with_the_reference(setting):
    weights = pretrained_weights(dataclasses.replace(setting, initialization=ZeroWeights()))
    weights = weights if isinstance(weights, np.ndarray) else weights.toarray()
    with mp.workdps(reference.DIGITS):
        expected = reference.law_of(
            dataclasses.replace(setting, initialization=PretrainedWeights())
        ).weights
    np.testing.assert_allclose(
        weights, expected.astype(float), rtol=1e-10, atol=1e-13 * float(np.abs(expected).max())
    )


@given(st.fractions(-2, 2, max_denominator=8))
def test_the_reference_in_one_dimension_by_hand(weight):
    # d = n = k = 1, β = σ_x = 1, σ = 0: u = a², u' = b² and the test feature t are squares of three
    # standard normal variables, R = E[(1 − w b² − 2η t²(1 − w a²)a²b²)²], and E[a^2j] = (2j−1)!!.
    law = reference.Law(1, 1, *(reference.rational(each) for each in ([[1]], [[0]], [1])), 0)
    law = dataclasses.replace(law, weights=np.array([[weight]], dtype=object))
    assert reference.coefficients(law) == (
        1 - 2 * weight + 3 * weight**2,
        4 * (1 - 3 * weight) ** 2,
        4 * 3 * (3 - 30 * weight + 105 * weight**2) * 3,
    )


@hypothesis_settings(max_examples=30)
@given(settings(max_dim=3, extreme_scales=False))
def test_the_reference_agrees_with_itself_on_diagonals(setting):
    def diagonal(covariance):
        return Diagonal(covariance.matrix().diagonal())

    diagonal_setting = dataclasses.replace(
        setting,
        feature_covariance=diagonal(setting.feature_covariance),
        task_covariance=diagonal(setting.task_covariance),
        pretraining=dataclasses.replace(
            setting.pretraining,
            feature_covariance=diagonal(setting.pretraining.feature_covariance),
        ),
        initialization=PretrainedWeights(),
    )
    dense = reference.one_step_risk(diagonal_setting)
    for quantity, value in reference.one_step_risk(diagonal_setting, diagonal=True).items():
        assert mp.almosteq(value, dense[quantity], rel_eps=1e-14, abs_eps=1e-100)


def assert_accurate(setting):
    """Within 1e-9 of the reference; an improvement of exactly zero must be one of next to none."""
    risk, expected = one_step_risk(setting), reference.one_step_risk(setting, diagonal=True)
    if expected["improvement"] <= mpf(10) ** -60 * expected["risk_before"]:
        assert risk.improvement <= 1e-25 * risk.risk_before
        assert risk.risk_before - risk.risk_after <= 1e-15 * risk.risk_before
        return
    assert_agrees(risk, expected, relative=1e-9, floor=0)


STARTS = {
    "warm": {},
    "cold": {"initialization": ZeroWeights()},
    "half": {"initialization": PretrainedWeights(0.5)},
    "almost warm": {"initialization": PretrainedWeights(0.999)},
    "overshooting": {"initialization": PretrainedWeights(1.0001)},
}


def shifts(length, noise_variance, features):
    """Return pretrainings from close to the test-time distribution to far off."""
    scaled = dataclasses.replace
    return {
        "one example more": Pretraining(context_length=length + 1),
        "other noise": Pretraining(noise_variance=noise_variance + 0.1),
        "nearly its features": Pretraining(feature_covariance=scaled(features, scale=1 + 1e-6)),
        "far off": Pretraining(2 * length + 5, noise_variance + 0.5, scaled(features, scale=1.25)),
    }


@pytest.mark.parametrize("dim", [1, 2, 3, 10, 1000, 100_000])
@pytest.mark.parametrize("noise_variance", [0.0, 1e-6, 0.1, 10.0])
def test_isotropic_accuracy(dim, noise_variance):
    lengths, samples = [1, 2, 10, 1000, 10**6, 10**9], [1, 1000, 10**9]
    grid = list(itertools.product(lengths, samples))
    if dim == 100_000:
        grid = grid[::9]
    features = Isotropic(dim)
    for length, count in grid:
        moved = shifts(length, noise_variance, features)
        cases = [*STARTS.values(), *({"pretraining": each} for each in moved.values())]
        for changes in cases:
            # Powers of two, so that equal coordinates are not spoilt by round-off.
            task = np.full(dim, 2.0 ** -math.ceil(math.log2(dim) / 2))
            assert_accurate(
                Setting(length, count, features, features, task, noise_variance, **changes)
            )


@st.composite
def large_diagonal_settings(draw, dims):
    """Draw diagonal settings of any size whose coordinates are of at most five kinds."""
    dim = draw(dims)
    kinds = min(dim, 5)
    counts = st.floats(0.0, 9.0).map(lambda exponent: int(10**exponent))
    variances = st.one_of(
        st.just(1.0), st.floats(-3.0, 3.0).map(lambda exponent: 10**exponent), st.just(0.0)
    )
    amplitudes = st.one_of(st.just(1.0), st.floats(0.01, 2.0), st.floats(-2.0, -0.01), st.just(0.0))
    repeats = -(-dim // kinds)

    def coordinates(entries):
        return np.tile(draw(st.lists(entries, min_size=kinds, max_size=kinds)), repeats)[:dim]

    length, noise_variance = draw(counts), draw(st.sampled_from([0.0, 1e-6, 0.1, 10.0]))
    features = Diagonal(coordinates(variances))
    changes = draw(
        st.one_of(
            st.sampled_from(list(STARTS.values())),
            st.sampled_from(list(shifts(length, noise_variance, features).values())).map(
                lambda pretraining: {"pretraining": pretraining}
            ),
            st.builds(
                lambda values: {"pretraining": Pretraining(length, 0.1, Diagonal(values))},
                st.just(coordinates(variances)),
            ),
        )
    )
    return Setting(
        length,
        draw(counts),
        features,
        Diagonal(coordinates(variances)),
        coordinates(amplitudes),
        noise_variance,
        **changes,
    )


@hypothesis_settings(max_examples=400)
@given(large_diagonal_settings(st.integers(1, 50)))
def test_diagonal_accuracy(setting):
    assert_accurate(setting)


@hypothesis_settings(max_examples=30)
@given(large_diagonal_settings(st.integers(1000, 100_000)))
def test_diagonal_accuracy_in_high_dimension(setting):
    assert_accurate(setting)


@pytest.mark.parametrize("length", [1000, 10**9])
def test_diagonal_accuracy_with_distinct_eigenvalues(length):
    # A few coordinates only: here the reference takes a second.
    dim = 2000
    features, prior = PowerLaw(dim, 0.75), PowerLaw(dim, 0.5)
    task = np.random.default_rng(0).standard_normal(dim)
    assert_accurate(Setting(length, dim, features, prior, task, 0.1))


@pytest.mark.parametrize("ratio", [1e6, 1e12])
@pytest.mark.parametrize(
    "pretraining",
    [
        Pretraining(),
        Pretraining(2, 0.5, Diagonal([math.pi * 1e18, 1.0, 3.0])),
        Pretraining(10**9, 0.5, Diagonal([math.pi * 1e-6, 1.0, 3.0])),
    ],
)
def test_diagonal_accuracy_where_one_eigenvalue_dominates(ratio, pretraining):
    features, prior, task = Diagonal([ratio, 1.0, 0.0]), Diagonal([1.0, 1.7, 0.3]), [-0.4, 0.2, 1.0]
    for length in (5, 10**9):
        assert_accurate(Setting(length, 2, features, prior, task, pretraining=pretraining))


def mapped(setting, *, feature_factor=1.0, label_factor=1.0):
    """Return the same experiment with features times √feature_factor and so on."""

    def scaled(covariance, factor):
        return dataclasses.replace(covariance, scale=covariance.scale * factor)

    features = scaled(setting.feature_covariance, feature_factor)
    start, source = setting.initialization, setting.pretraining
    if isinstance(start, DenseWeights):
        start = DenseWeights(start.matrix / feature_factor)
    return dataclasses.replace(
        setting,
        feature_covariance=features,
        task_covariance=scaled(setting.task_covariance, label_factor / feature_factor),
        task=setting.task * math.sqrt(label_factor / feature_factor),
        noise_variance=setting.noise_variance * label_factor,
        initialization=start,
        pretraining=Pretraining(
            source.context_length,
            source.noise_variance * label_factor,
            # Where it is the same object there is one set of directions, not two.
            features
            if source.feature_covariance is setting.feature_covariance
            else scaled(source.feature_covariance, feature_factor),
        ),
    )


def mapped_risk(risk, *, feature_factor=1.0, label_factor=1.0):
    """Return what `mapped` does to the risk: R(η)/c is the same function of a²cη."""
    unit = 1 / (feature_factor**2 * label_factor)
    powers = {"linear": -1, "quadratic": -2}
    return {
        quantity: unit * value
        if quantity == "step_size"
        else label_factor * value * unit ** powers.get(quantity, 0)
        for quantity, value in as_dict(risk).items()
    }


@some
@given(MODERATE, st.floats(0.01, 100.0), st.floats(0.01, 100.0))
def test_units_do_not_matter(setting, feature_factor, label_factor):
    factors = {"feature_factor": feature_factor, "label_factor": label_factor}
    expected = mapped_risk(one_step_risk(setting), **factors)
    risk = one_step_risk(mapped(setting, **factors))
    assert_agrees(risk, expected, relative=1e-10, floor=1e-12)


@some
@given(MODERATE, st.integers(-40, 40), st.integers(-40, 40))
def test_units_that_are_powers_of_four_do_not_change_a_bit(setting, feature_power, label_power):
    factors = {"feature_factor": 4.0**feature_power, "label_factor": 4.0**label_power}
    risk = one_step_risk(setting)
    # A subnormal number has fewer bits.
    assume(all(value == 0.0 or value > 1e-100 for value in as_dict(risk).values()))
    assert as_dict(one_step_risk(mapped(setting, **factors))) == mapped_risk(risk, **factors)


@some
@given(MODERATE, st.integers(0, 2**32 - 1))
def test_rotations_do_not_matter(setting, seed):
    normal = np.random.default_rng(seed).standard_normal((setting.dim, setting.dim))
    rotation, _ = np.linalg.qr(normal)

    def rotated(covariance):
        matrix = covariance.matrix()
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        return Dense(rotation @ dense @ rotation.T)

    start, source = setting.initialization, setting.pretraining
    if isinstance(start, DenseWeights):
        start = DenseWeights(rotation @ start.matrix @ rotation.T)
    other = dataclasses.replace(
        setting,
        feature_covariance=rotated(setting.feature_covariance),
        task_covariance=rotated(setting.task_covariance),
        task=rotation @ setting.task,
        initialization=start,
        pretraining=dataclasses.replace(
            source, feature_covariance=rotated(source.feature_covariance)
        ),
    )
    # Singular covariances do not stay so to the last bit: W* may then change in directions where
    # no feature lies, and whether ridge or labels are zero is not decided by round-off.
    trace = np.sum(_dense(source.feature_covariance) * _dense(setting.task_covariance))
    labels = setting.task @ _dense(setting.feature_covariance) @ setting.task
    assume(trace + source.noise_variance > 1e-3 and labels + setting.noise_variance > 1e-3)
    expected = as_dict(one_step_risk(setting))
    assert_agrees(one_step_risk(other), expected, relative=1e-9, floor=1e-9)


@some
@given(MODERATE)
def test_dense_and_sparse_diagonals_give_the_same(setting):
    def diagonals(kind):
        def of(covariance):
            values = covariance.matrix().diagonal()
            return Diagonal(values) if kind == "sparse" else Dense(np.diag(values))

        start = setting.initialization
        return dataclasses.replace(
            setting,
            feature_covariance=of(setting.feature_covariance),
            task_covariance=of(setting.task_covariance),
            initialization=start,
            pretraining=dataclasses.replace(
                setting.pretraining, feature_covariance=of(setting.pretraining.feature_covariance)
            ),
        )

    sparse, dense = (one_step_risk(diagonals(kind)) for kind in ("sparse", "dense"))
    assert_agrees(dense, as_dict(sparse), relative=1e-11, floor=1e-24)


@some
@given(MODERATE, st.integers(1, 3), st.data())
def test_coordinates_without_features_change_nothing(setting, extra, data):
    def padded(covariance, block):
        return Dense(_block_diagonal(_dense(covariance), block))

    nothing = np.zeros((extra, extra))
    start, source = setting.initialization, setting.pretraining
    if isinstance(start, DenseWeights):
        start = DenseWeights(_block_diagonal(start.matrix, np.ones((extra, extra))))
    larger = dataclasses.replace(
        setting,
        feature_covariance=padded(setting.feature_covariance, nothing),
        task_covariance=padded(
            setting.task_covariance,
            _dense(data.draw(covariances(extra, extreme_scales=False))),
        ),
        task=np.concatenate([setting.task, np.ones(extra)]),
        initialization=start,
        pretraining=dataclasses.replace(
            source, feature_covariance=padded(source.feature_covariance, nothing)
        ),
    )
    expected = as_dict(one_step_risk(setting))
    assert_agrees(one_step_risk(larger), expected, relative=1e-10, floor=1e-24)


def _block_diagonal(first, second):
    size = len(first)
    matrix = np.zeros((size + len(second),) * 2)
    matrix[:size, :size], matrix[size:, size:] = first, second
    return matrix


@some
@given(MODERATE)
def test_more_test_samples_never_hurt(setting):
    risks = [
        one_step_risk(dataclasses.replace(setting, test_samples=samples))
        for samples in (1, 2, 3, 10, 1000)
    ]
    for fewer, more in itertools.pairwise(risks):
        assert more.risk_before == fewer.risk_before
        assert more.improvement >= fewer.improvement * (1 - 1e-12)
        assert more.risk_after <= fewer.risk_after * (1 + 1e-12)
    # c1 = k g and c2 = k(k+1) a + k b: the inverse of the improvement is affine in 1/k.
    if risks[0].improvement > 1e-12 * risks[0].risk_before:
        one, two, three = (1 / risk.improvement for risk in risks[:3])
        assert (one - two) / (1 - 1 / 2) == pytest.approx(
            (two - three) / (1 / 2 - 1 / 3), rel=1e-6, abs=1e-9 * one
        )


@some
@given(MODERATE, st.floats(0.0, 3.0))
def test_the_curve(setting, fraction):
    risk = one_step_risk(setting)
    assert risk.at(0.0) == risk.risk_before == risk.constant
    assert risk.at(risk.step_size) == risk.risk_after
    assert risk.risk_after >= setting.noise_variance * (1 - 1e-14)
    assert risk.risk_before - risk.risk_after == pytest.approx(
        risk.improvement, rel=1e-9, abs=1e-13 * risk.risk_before
    )
    step_size = fraction * risk.step_size
    polynomial = risk.constant - risk.linear * step_size + risk.quadratic * step_size**2
    assert risk.at(step_size) == pytest.approx(polynomial, rel=1e-9, abs=1e-12 * risk.constant)
    assert risk.at(step_size) >= risk.risk_after
    assert (risk.dim, risk.context_length, risk.test_samples) == (
        setting.dim,
        setting.context_length,
        setting.test_samples,
    )


@some
@given(MODERATE)
def test_the_step_size_minimises(setting):
    risk = one_step_risk(setting)
    for factor in (0.5, 0.999, 1.001, 2.0):
        step_size = factor * risk.step_size
        polynomial = risk.constant - risk.linear * step_size + risk.quadratic * step_size**2
        assert polynomial >= risk.risk_after * (1 - 1e-12)


@some
@given(MODERATE)
def test_the_cold_start_in_print(setting):
    # W = 0 leaves e = β: few enough terms to write down.  tr Σ_x² is the only place where a
    # direction without task enters.
    cold = dataclasses.replace(setting, initialization=ZeroWeights())
    features = reference.rational(_dense(setting.feature_covariance))
    task = reference.rational(setting.task)
    n, k, noise = setting.context_length, setting.test_samples, Fraction(setting.noise_variance)
    mean = features @ task
    s, square, energy = task @ mean + noise, mean @ mean, mean @ features @ mean
    trace = np.sum(features * features)
    overlap = (n + 1) ** 2 * square**2 + 2 * (n + 1) * s * energy + s**2 * trace
    curvature = overlap * ((k + 1) * energy + trace * s)
    expected = {
        "constant": s,
        "linear": 4 * k * n**2 * square**2,
        "quadratic": 4 * k * n**2 * curvature,
        "step_size": square**2 / (2 * curvature) if curvature else 0,
        "risk_before": s,
        "improvement": k * n**2 * square**4 / curvature if curvature else 0,
    }
    expected["risk_after"] = s - expected["improvement"]
    exact = {name: mpf(float(value)) for name, value in expected.items()}
    assert_agrees(one_step_risk(cold), exact, relative=1e-12, floor=1e-30)


@some
@given(MODERATE)
def test_a_zero_multiple_of_the_pretrained_weights_is_the_cold_start(setting):
    zero = np.zeros((setting.dim, setting.dim))
    cold, scaled, given_zero = (
        as_dict(one_step_risk(dataclasses.replace(setting, initialization=start)))
        for start in (ZeroWeights(), PretrainedWeights(0.0), DenseWeights(zero))
    )
    assert cold == pytest.approx(scaled, rel=1e-13)
    assert cold == pytest.approx(given_zero, rel=1e-13)


@some
@given(MODERATE)
def test_given_weights_equal_to_the_pretrained_ones(setting):
    # A task that no feature shows leaves nothing but the round-off of W.
    assume(setting.task @ _dense(setting.feature_covariance) @ setting.task > 1e-3)
    optimum = pretrained_weights(setting)
    dense = optimum if isinstance(optimum, np.ndarray) else optimum.toarray()
    warm, given_start = (
        one_step_risk(dataclasses.replace(setting, initialization=start))
        for start in (PretrainedWeights(), DenseWeights(dense))
    )
    assert_agrees(given_start, as_dict(warm), relative=1e-10, floor=1e-12)


@some
@given(MODERATE)
def test_no_prior_and_no_noise_leave_the_cold_start(setting):
    changed = dataclasses.replace(
        setting,
        task_covariance=Diagonal(np.zeros(setting.dim)),
        initialization=PretrainedWeights(),
        pretraining=Pretraining(noise_variance=0.0),
    )
    cold = dataclasses.replace(changed, initialization=ZeroWeights())
    assert one_step_risk(changed) == one_step_risk(cold)
    weights = pretrained_weights(changed)
    assert not np.any(weights if isinstance(weights, np.ndarray) else weights.toarray())


@some
@given(MODERATE)
def test_without_a_task_and_noise_there_is_no_risk(setting):
    nothing = one_step_risk(
        dataclasses.replace(setting, task=np.zeros(setting.dim), noise_variance=0.0)
    )
    assert set(as_dict(nothing).values()) == {0.0}


@pytest.mark.parametrize("start", [ZeroWeights(), PretrainedWeights()], ids=["cold", "warm"])
def test_a_task_that_only_round_off_shows(start):
    # Σ_x = aaᵀ and β ⟂ a, both up to the last bit, without noise: no label says anything.
    rng = np.random.default_rng(0)
    for _ in range(200):
        root = rng.integers(-32, 33, 3) / 16 + [1 / 64, 0, 0]
        task = np.cross(root, rng.integers(-5, 6, 3) / 7)
        features = Dense(np.outer(root, root), scale=0.7)
        setting = Setting(2, 2, features, Isotropic(3), task, initialization=start)
        risk = one_step_risk(setting)
        assert min(as_dict(risk).values()) >= 0.0
        assert (
            risk.risk_after
            <= risk.risk_before
            <= 1e-12 * np.trace(features.matrix()) * (task @ task)
        )


@some
@given(MODERATE)
def test_without_a_task_only_the_weights_harm(setting):
    # No label tells of anything; the start's W fits noise, and the step can only shrink it.
    noise_variance = setting.noise_variance + 0.5
    noisy = dataclasses.replace(setting, task=np.zeros(setting.dim), noise_variance=noise_variance)
    assert one_step_risk(noisy).risk_after >= noise_variance * (1 - 1e-14)
    cold = one_step_risk(dataclasses.replace(noisy, initialization=ZeroWeights()))
    assert cold.risk_before == noise_variance
    # It is a sum divided by k, which rounds.
    assert cold.risk_after == pytest.approx(noise_variance, rel=1e-15)
    assert cold.improvement == cold.step_size == 0.0


@pytest.mark.parametrize("power", [-100, -50, 50, 100])
def test_extreme_scales_that_are_exact(power):
    setting = Setting(3, 2, Diagonal([1.0, 0.5]), Isotropic(2), [1.0, -2.0], 0.5)
    for factors in ({"feature_factor": 4.0**power}, {"label_factor": 4.0**power}):
        expected = mapped_risk(one_step_risk(setting), **factors)
        assert as_dict(one_step_risk(mapped(setting, **factors))) == expected


@pytest.mark.parametrize("power", [-500, -300, -250, 250, 300, 500])
def test_extreme_scales_that_are_refused(power):
    # W* and R are in range there, but η is not, or c2: too large, or lost to underflow.
    setting = Setting(3, 2, Diagonal([1.0, 0.5]), Isotropic(2), [1.0, -2.0], 0.5)
    with pytest.raises(OutOfRangeError, match=r"linear|quadratic|step_size"):
        one_step_risk(mapped(setting, feature_factor=4.0**power))


@some
@given(settings())
def test_extreme_settings_give_finite_numbers_or_an_error(setting):
    try:
        risk = one_step_risk(setting)
    except OutOfRangeError:
        return
    assert all(math.isfinite(value) and value >= 0.0 for value in as_dict(risk).values())
    # None of the three has been lost to underflow.
    assert (risk.linear > 0.0) == (risk.step_size > 0.0)
    assert risk.quadratic > 0.0 or risk.step_size == 0.0


def test_a_label_variance_beyond_floats_is_refused():
    setting = Setting(2, 2, Isotropic(1, scale=1e300), Isotropic(1), [1e10])
    with pytest.raises(OutOfRangeError, match="the variance of a label"):
        one_step_risk(setting)
