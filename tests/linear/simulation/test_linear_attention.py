"""Linear attention and its training loss, exactly: every number here is a fraction."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory.linear.simulation.linear_attention import (
    Prompt,
    gradient,
    linear_attention,
    loss,
    predict,
)

some = hypothesis_settings(max_examples=40)
NUMBERS = st.fractions(-3, 3, max_denominator=4)


def arrays(*shape):
    size = int(np.prod(shape))
    flat = st.lists(NUMBERS, min_size=size, max_size=size)
    return flat.map(lambda numbers: np.array(numbers, dtype=object).reshape(shape))


@st.composite
def prompts(draw):
    """Draw W, X, y, and m queries with their targets; d = n = m = 1 is a corner."""
    dim, length, queries = (draw(st.integers(1, 3)) for _ in range(3))
    shapes = [(dim, dim), (length, dim), (length,), (queries, dim), (queries,)]
    return tuple(draw(arrays(*shape)) for shape in shapes)


@some
@given(prompts())
def test_the_prediction_is_the_bilinear_form(prompt):
    weights, features, labels, queries, _ = prompt
    prediction = predict(weights, features, labels, queries)
    assert prediction.tolist() == [x @ weights @ features.T @ labels for x in queries]


@some
@given(prompts(), st.data())
def test_the_simulators_prompt_predicts_as_its_tokens_do(prompt, data):
    weights, features, labels, queries, _ = prompt
    subject = Prompt(features, labels)
    # The context is summed up once, for whatever weights there will be.
    for each in (weights, data.draw(arrays(*weights.shape))):
        expected = predict(each, features, labels, queries)
        assert subject.predict(each, queries).tolist() == expected.tolist()


def attention_by_loops(token, tokens, query, key, value):
    """Sum (zᵀ Q Kᵀ z_i) Vᵀ z_i over all tokens, entry by entry."""
    size = range(len(token))
    output = [Fraction(0)] * len(token)
    for other in tokens:
        score = sum(
            token[a] * query[a, b] * key[c, b] * other[c] for a in size for b in size for c in size
        )
        for column in size:
            output[column] += score * sum(value[row, column] * other[row] for row in size)
    return output


@some
@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2))
def test_attention_sums_over_the_context_and_the_token_itself(data, size, length, count):
    # Unrestricted Q, K and V: with the restricted ones a transposed K or V would not show.
    query, key, value = (data.draw(arrays(size, size)) for _ in range(3))
    context, tokens = data.draw(arrays(length, size)), data.draw(arrays(count, size))
    output = linear_attention(tokens, context, query, key, value)
    for token, row in zip(tokens, output, strict=True):
        assert row.tolist() == attention_by_loops(token, [*context, token], query, key, value)


@some
@given(prompts())
def test_the_query_token_contributes_nothing(prompt):
    weights, features, labels, queries, _ = prompt
    dim = len(weights)
    query, value = np.zeros((2, dim + 1, dim + 1), dtype=object)
    query[:dim, :dim], value[dim, dim] = weights, 1
    context = np.column_stack([features, labels])
    for x, prediction in zip(queries, predict(weights, features, labels, queries), strict=True):
        token = [*x, Fraction(0)]
        key = np.eye(dim + 1, dtype=object)
        without_itself = attention_by_loops(token, context, query, key, value)
        assert without_itself[dim] == prediction


@some
@given(prompts(), st.randoms(use_true_random=False))
def test_the_order_of_the_context_does_not_matter(prompt, random):
    weights, features, labels, queries, targets = prompt
    order = list(range(len(labels)))
    random.shuffle(order)
    for function, arguments in [(predict, [queries]), (gradient, [queries, targets])]:
        expected = function(weights, features, labels, *arguments)
        shuffled = function(weights, features[order], labels[order], *arguments)
        assert np.array_equal(shuffled, expected)


@some
@given(prompts())
def test_the_loss_is_a_sum_of_squares(prompt):
    weights, features, labels, queries, targets = prompt
    u = features.T @ labels
    expected = sum((y - x @ weights @ u) ** 2 for x, y in zip(queries, targets, strict=True))
    assert loss(weights, features, labels, queries, targets) == expected


@some
@given(prompts())
def test_the_gradient_is_that_of_the_loss(prompt):
    # The loss is quadratic in W, so central differences of any width are exact.
    weights, *data = prompt
    slopes = gradient(weights, *data)
    for row, column in np.ndindex(*weights.shape):
        direction = np.zeros_like(weights)
        direction[row, column] = Fraction(1)
        rise = loss(weights + direction, *data) - loss(weights - direction, *data)
        assert slopes[row, column] == rise / 2


@some
@given(prompts())
def test_the_step_is_of_rank_one(prompt):
    weights, features, labels, queries, targets = prompt
    u = features.T @ labels
    step = queries.T @ (targets - queries @ weights @ u)
    assert np.array_equal(gradient(*prompt), -2 * np.outer(step, u))


@pytest.mark.parametrize("batch", [(2,), (2, 3)])
def test_batches_are_their_members(batch):
    rng = np.random.default_rng(0)
    dim, length, queries = 3, 4, 2
    shapes = [(dim, dim), (length, dim), (length,), (queries, dim), (queries,)]
    arguments = [rng.integers(-4, 5, (*batch, *shape)).astype(float) for shape in shapes]

    def predict_by_prompt(weights, features, labels, queries):
        return Prompt(features, labels).predict(weights, queries)

    for function, count in [(predict, 4), (predict_by_prompt, 4), (loss, 5), (gradient, 5)]:
        together = function(*arguments[:count])
        shared_weights = function(arguments[0][(0,) * len(batch)], *arguments[1:count])
        for index in np.ndindex(*batch):
            members = [argument[index] for argument in arguments]
            assert np.array_equal(together[index], function(*members[:count]))
            members[0] = arguments[0][(0,) * len(batch)]
            assert np.array_equal(shared_weights[index], function(*members[:count]))
