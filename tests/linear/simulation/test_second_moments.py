"""The exact second moments of a prompt against direct averages."""

import itertools

import numpy as np
import pytest

from tests.nodes import in_law, nodes_of_vectors
from ttt_theory import (
    AR1,
    Dense,
    DenseWeights,
    Diagonal,
    Isotropic,
    PowerLaw,
    Setting,
    ZeroWeights,
    one_step_risk,
)
from ttt_theory.evidence.quadrature import NodeGenerator, gaussian_rule
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.literal import QUERIES, LiteralSimulator, risk_coefficients
from ttt_theory.linear.simulation.second_moments import (
    block_variances,
    conditional_risk_variance,
    conditional_variances,
    risk_variance,
    same_context_second_moments,
    second_moments,
)
from ttt_theory.linear.simulation.sufficient import SufficientSimulator

# c2² is of degree 16 in the context's feature and 8 in its noise, 8 and 4 in the test sample's and
# the fresh context's, 4 in the query's.
TRAINED_NODES, TESTED_NODES = [9, 5, 5, 3], [5, 3, 3, 3]


def at_nodes(weight, task, noise):
    """c0, c1, c2 at n = k = d = Q = 1 for every training and every test, and their weights."""

    def samples(points):
        for feature, label_noise in points.reshape(-1, 2, 2).transpose(1, 2, 0):
            labels = task * feature + np.sqrt(noise) * label_noise
            yield feature[:, None, None], labels[:, None]

    trained, trained_weights = gaussian_rule(TRAINED_NODES)
    tested, tested_weights = gaussian_rule(TESTED_NODES)
    coefficients = risk_coefficients(
        np.array([[weight]]),
        *((x[:, None], y[:, None]) for x, y in samples(trained)),
        *((x[None], y[None]) for x, y in samples(tested)),
    )
    return coefficients, trained_weights, tested_weights


@pytest.mark.parametrize(
    ("weight", "task", "noise"), [(0.0, 1.0, 0.5), (0.2, 0.8, 0.3), (-0.1, 1.0, 2.0)]
)
def test_one_sample_in_one_dimension_exactly(weight, task, noise):
    setting = Setting(
        context_length=1,
        test_samples=1,
        feature_covariance=Isotropic(1),
        task_covariance=Isotropic(1),
        task=[task],
        noise_variance=noise,
        initialization=DenseWeights([[weight]]),
    )
    simulator = literal_simulator(setting)
    step = 0.7 * one_step_risk(setting).step_size + 0.01
    values, trained, tested = at_nodes(weight, task, noise)
    squares = np.einsum("p,q,pqc->c", trained, tested, values**2)
    assert second_moments(simulator, 1) == pytest.approx(squares, rel=1e-10)
    # The mean of B prompts, of which c1 is that of B² pairs: B² of them share both sides, B²(B − 1)
    # the training and as many the test.
    means = np.einsum("p,q,pqc->c", trained, tested, values)
    risks = values @ [1.0, -step, step**2]
    mean = trained @ risks @ tested
    assert risk_variance(simulator, 1, step) == pytest.approx(
        trained @ risks**2 @ tested - mean**2, rel=1e-9
    )
    pairs = values[..., 1]
    shared = trained @ (pairs @ tested) ** 2 + tested @ (trained @ pairs) ** 2
    for prompts in (1, 2, 7):
        square = (
            squares[1] + (prompts - 1) * shared + (prompts - 1) ** 2 * means[1] ** 2
        ) / prompts**2
        expected = squares - means**2
        expected[1] = prompts * (square - means[1] ** 2)
        assert block_variances(simulator, 1, prompts) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("weight", "task", "noise"), [(0.0, 1.0, 0.5), (0.2, 0.8, 0.3), (-0.1, 1.0, 2.0)]
)
def test_one_sample_on_its_own_context_exactly(weight, task, noise):
    # c2² is of degree 24 in the context's feature and 12 in its noise, 8 and 4 in the test
    # sample's, 4 in the query's.
    points, weights = gaussian_rule([13, 7, 5, 3, 3, 3])
    (context, test, query) = (
        (feature[:, None, None], (task * feature + np.sqrt(noise) * label_noise)[:, None])
        for feature, label_noise in points.reshape(-1, 3, 2).transpose(1, 2, 0)
    )
    values = risk_coefficients(np.array([[weight]]), context, test, context, query)
    simulator = LiteralSimulator(
        1, 1, Isotropic(1), np.array([task]), noise, np.array([[weight]]), evaluation="same"
    )
    assert same_context_second_moments(simulator, 1) == pytest.approx(weights @ values**2, rel=1e-9)


@pytest.mark.parametrize("features", [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.6], [0.6, 0.5]]])
def test_two_dimensions_on_their_own_context_by_simulation(features):
    simulator = LiteralSimulator(
        200,
        60,
        Dense(np.array(features)),
        np.array([1.0, -0.5]),
        0.2,
        np.array([[0.002, 0.001], [-0.001, 0.003]]),
        evaluation="same",
    )
    values = simulator.coefficients(60_000, np.random.default_rng(5)) ** 2
    errors = values.mean(axis=0) / same_context_second_moments(simulator, QUERIES) - 1.0
    # About five standard errors; a wrong term shows at more.
    assert np.all(np.abs(errors) < 5.0 * values.std(axis=0) / values.mean(axis=0) / 60_000**0.5)
    assert np.all(np.abs(errors) < 0.1)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(
            context_length=60,
            test_samples=40,
            feature_covariance=AR1(3, 0.5),
            task_covariance=PowerLaw(3, 1.0),
            task=[1.0, 0.5, -0.5],
            noise_variance=0.3,
            initialization=DenseWeights(
                [[0.004, 0.001, 0.0], [-0.002, 0.003, 0.001], [0.0, 0.002, 0.005]]
            ),
        ),
        Setting(
            context_length=50,
            test_samples=30,
            feature_covariance=Diagonal([2.0, 1.0, 0.0, 0.5]),
            task_covariance=Isotropic(4),
            task=[1.0, -1.0, 2.0, 0.5],
            initialization=ZeroWeights(),
        ),
    ],
)
def test_several_dimensions_by_simulation(setting):
    # With many samples the fourth powers have tame tails: the standard error of the mean square is
    # below 0.5 %, and the bound ten of them; a term left out shows at several per cent.
    simulated = literal_simulator(setting)
    queries = 8
    squares = [
        np.mean(simulated.coefficients(20_000, np.random.default_rng(seed)) ** 2, axis=0)
        for seed in range(12)
    ]
    assert np.mean(squares, axis=0) == pytest.approx(second_moments(simulated, queries), rel=0.05)
    # Blocks of prompts, in which every training meets every test.
    blocks = np.concatenate(
        [simulated.averages(16, np.random.default_rng(seed)) for seed in range(1500)]
    )
    assert 16 * np.var(blocks, axis=0) == pytest.approx(
        block_variances(simulated, queries, 16), rel=0.2
    )


@pytest.mark.parametrize(
    "setting",
    [
        Setting(1, 1, Isotropic(1), Isotropic(1), [0.8], 0.3),
        Setting(3, 2, AR1(2, 0.5), Isotropic(2), [1.0, -0.5], 0.2),
        Setting(
            2,
            4,
            Diagonal([2.0, 0.5]),
            PowerLaw(2, 1.0),
            [1.0, -0.5],
            initialization=DenseWeights([[0.2, -0.1], [0.05, 0.1]]),
        ),
    ],
)
def test_variances_given_the_context_exactly(setting):
    literal = literal_simulator(setting)
    # By its entries, so that the isotropic shortcut is not taken.
    sampler = in_law(ConditionalSimulator, literal, weights=np.array(literal.weights))
    nodes = nodes_of_vectors(sampler, 5, 5)
    rng = NodeGenerator(nodes)
    values = sampler.coefficients(rng.draws, rng)
    mean, square = rng.average(values), rng.average(values**2)
    literal = literal_simulator(setting)
    assert conditional_variances(literal) == pytest.approx((square - mean**2)[1:], rel=1e-8)
    step = 0.7 * one_step_risk(setting).step_size + 0.003
    risks = values @ [1.0, -step, step**2]
    expected = rng.average(risks**2) - rng.average(risks) ** 2
    assert conditional_risk_variance(literal, step) == pytest.approx(expected, rel=1e-8)


def test_the_variance_after_a_step_in_several_dimensions_by_nodes():
    setting = Setting(
        3,
        2,
        AR1(2, 0.5),
        Isotropic(2),
        [1.0, -0.5],
        initialization=DenseWeights([[0.2, -0.1], [0.05, 0.1]]),
    )
    literal = literal_simulator(setting)
    sampler = in_law(SufficientSimulator, literal)
    vectors = [nodes_of_vectors(sampler, count, count) for count in (5, 3, 3)]
    rng = NodeGenerator([*itertools.chain(*vectors), 2, 3, 2])
    values = sampler.coefficients(rng.draws, rng)
    for step in (0.5 * one_step_risk(setting).step_size, 0.002):
        risks = values @ [1.0, -step, step**2]
        expected = rng.average(risks**2) - rng.average(risks) ** 2
        assert risk_variance(literal, 8, step) == pytest.approx(expected, rel=1e-8)
