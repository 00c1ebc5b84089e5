"""The starting weights, and the forms and traces of a problem, against those of dense matrices."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.structures import DIMS, FAMILIES, SEEDS, Given
from ttt_theory import (
    Dense,
    DenseWeights,
    Isotropic,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
)
from ttt_theory.coordinates import reduction
from ttt_theory.coordinates.blocks import IsotropicBlock
from ttt_theory.linear.exact.forms import ProblemForms
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import original_weights, starting_weights
from ttt_theory.structured.base import dense


@st.composite
def problems(draw):
    """Draw a problem of any structure and start, with the entries that it was made of."""
    rng = np.random.default_rng(draw(SEEDS))
    dim = draw(DIMS)
    pairs = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))](rng, dim)
    if rng.random() < 0.5:
        pairs[2] = pairs[0]
    given_matrices = {id(pair): Given(pair[0]) for pair in pairs}
    features, prior, source = (given_matrices[id(pair)] for pair in pairs)
    matrix = rng.standard_normal((dim, dim))
    start = [ZeroWeights(), PretrainedWeights(), PretrainedWeights(0.7), DenseWeights(matrix)][
        draw(st.integers(0, 3))
    ]
    n = int(rng.integers(1, 6))
    setting = Setting(
        n,
        3,
        features,
        prior,
        rng.standard_normal(dim) * (rng.random(dim) < 0.8),
        float(rng.choice([0.0, 0.3])),
        start,
        Pretraining(int(rng.choice([n, 4])), 0.2, source),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "LARGEST_SPAN", rng.choice([0, 1000]))
        problem = Problem.of(setting)
    return problem, [entries for _, entries in pairs]


def in_all_coordinates(problem, vector):
    """Return a vector with zeros for the coordinates of isotropic blocks."""
    parts = zip(problem.features.blocks, problem.features.split(vector), strict=True)
    return np.concatenate(
        [
            np.zeros(block.dim) if isinstance(block, IsotropicBlock) else part
            for block, part in parts
        ]
    )


def close(size):
    return {"rtol": 1e-10, "atol": 1e-11 * max(size, 1e-300)}


@hypothesis_settings(max_examples=100)
@given(problems())
def test_the_weights_and_their_errors(drawn):
    problem, (features, prior, source) = drawn
    setting, start = problem.setting, starting_weights(problem)
    expected = 0.0 * features
    if setting.initialization.matrix is not None:
        expected = setting.initialization.matrix
    elif setting.initialization.factor:
        pretraining = setting.pretraining
        ridge = np.trace(source @ prior) + pretraining.noise_variance
        gram = (pretraining.context_length + 1) * source @ prior + ridge * np.eye(len(prior))
        expected = setting.initialization.factor * prior @ np.linalg.inv(gram)
    found = original_weights(problem, start)
    np.testing.assert_allclose(dense(found), expected, **close(np.abs(expected).max()))

    features, weights = problem.features.toarray(), start.matrix.toarray()
    task, n = in_all_coordinates(problem, problem.task), setting.context_length
    q = features @ task
    s, shift = task @ q + problem.noise_variance, weights @ q
    size = np.linalg.norm(task) + n * np.linalg.norm(shift)
    found = in_all_coordinates(problem, start.mean_error)
    np.testing.assert_allclose(found, task - n * shift, **close(size))
    found = in_all_coordinates(problem, start.mean_overlap)
    last = s * weights @ features @ q
    overlap = (q @ q) * (task - (n + 1) * shift) - last
    size = (q @ q) * (size + np.linalg.norm(shift)) + np.linalg.norm(last)
    np.testing.assert_allclose(found, overlap, **close(size))


@hypothesis_settings(max_examples=100)
@given(problems())
def test_the_forms_and_traces(drawn):
    problem, _ = drawn
    start = starting_weights(problem)
    forms = ProblemForms(problem, start)
    features, weights = problem.features.toarray(), start.matrix.toarray()
    task, n = in_all_coordinates(problem, problem.task), problem.context_length
    q = features @ task
    powers = [np.linalg.matrix_power(features, power) for power in range(4)]
    assert forms.label_variance == pytest.approx(task @ q + problem.noise_variance, rel=1e-11)
    assert forms.mean_square == pytest.approx(q @ q, rel=1e-11)
    assert forms.mean_energy == pytest.approx(q @ features @ q, rel=1e-11)
    assert forms.feature_square_trace == pytest.approx(np.trace(powers[2]), rel=1e-11)

    vectors = {"bias": in_all_coordinates(problem, start.mean_error)}
    vectors |= {f"shift_{power}": weights @ powers[power] @ q for power in range(3)}
    for left, right in itertools.product(vectors, vectors):
        if left == "shift_2":
            continue
        for power in (1, 2, 3):
            expected = vectors[left] @ powers[power] @ vectors[right]
            size = np.linalg.norm(vectors[left]) * np.linalg.norm(powers[power] @ vectors[right])
            assert forms.form(left, power, right) == pytest.approx(
                expected, rel=1e-10, abs=1e-12 * size + 1e-300
            )
    for power, inner in ((1, 1), (1, 3), (2, 2), (3, 1), (3, 3)):
        expected = np.trace(powers[power] @ weights @ powers[inner] @ weights.T)
        size = np.linalg.norm(powers[power] @ weights) * np.linalg.norm(powers[inner] @ weights.T)
        assert forms.spread(power, inner) == pytest.approx(
            expected, rel=1e-10, abs=1e-12 * size + 1e-300
        )

    # ‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², the gradient's mean but for its factors.
    s = forms.label_variance
    outer = np.outer(q, (vectors["bias"] - vectors["shift_0"]) @ features)
    inner = s * features @ weights.T @ features
    size = np.linalg.norm(outer) + np.linalg.norm(inner)
    found = forms.mean_gradient_square
    assert found == pytest.approx(np.sum((outer - inner) ** 2), rel=1e-9, abs=1e-11 * size**2)
    for step in (0.0, 0.01, 0.5):
        overlap = in_all_coordinates(problem, start.mean_overlap)
        error = vectors["bias"] - step * n**2 * features @ overlap
        size = np.linalg.norm(vectors["bias"]) + step * n**2 * np.linalg.norm(features @ overlap)
        expected = error @ features @ error
        assert forms.misfit(step) == pytest.approx(
            expected, rel=1e-10, abs=1e-12 * size**2 * np.linalg.norm(features) + 1e-300
        )


def test_the_mean_gradient_of_weights_that_are_not_symmetric():
    features = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 3.0]])
    weights = np.array([[0.5, 2.0, -1.0], [0.25, 0.0, 1.5], [3.0, -0.5, 1.0]])
    task = np.array([1.0, -2.0, 0.5])
    setting = Setting(
        4, 3, Dense(features), Isotropic(3), task, 0.3, initialization=DenseWeights(weights)
    )
    problem = Problem.of(setting)
    forms = ProblemForms(problem, starting_weights(problem))
    q = features @ task
    s = task @ q + 0.3
    gradient = (
        np.outer(q, (task - 5 * weights @ q) @ features) - s * features @ weights.T @ features
    )
    found = forms.mean_gradient_square * 2.0 ** (2 * problem.label_exponent)
    found *= 2.0 ** (2 * problem.feature_exponent)
    assert found == pytest.approx(np.sum(gradient**2), rel=1e-12)
