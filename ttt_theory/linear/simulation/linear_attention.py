"""One layer of linear attention, token by token, and its test-time training.

Written to be read beside the definitions of [G25], Section 3.  The functions use array arithmetic
alone, so that they run on exact fractions (arrays of dtype object) as well as on floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Prompt", "gradient", "linear_attention", "loss", "predict"]

Array = npt.NDArray[Any]


def linear_attention(
    tokens: Array, context: Array, query: Array, key: Array, value: Array
) -> Array:
    """Return what linear attention writes at each of some tokens.

    A token z attends to the context tokens z_i and to itself, without a softmax:
    Σ_i (zᵀ Q Kᵀ z_i) Vᵀz_i + (zᵀ Q Kᵀ z) Vᵀz.  The sum over the context, Σ_i z_i (Vᵀz_i)ᵀ, is the
    same for every token that attends, and so it is taken first.

    Parameters
    ----------
    tokens : ndarray, shape (..., m, D)
        The tokens that attend.
    context : ndarray, shape (..., n, D)
        The tokens that every one of them attends to besides itself.
    query, key : ndarray, shape (..., D, E)
        Q and K.
    value : ndarray, shape (..., D, F)
        V.

    Returns
    -------
    ndarray, shape (..., m, F)
    """
    summed = _transposed(context) @ (context @ value)
    own_scores = ((tokens @ query) * (tokens @ key)).sum(axis=-1, keepdims=True)
    output: Array = tokens @ (query @ (_transposed(key) @ summed)) + own_scores * (tokens @ value)
    return output


def predict(weights: Array, features: Array, labels: Array, queries: Array) -> Array:
    """Predict the labels of queries from a prompt: SM(Z, W).

    The prompt's tokens are (x_i, y_i), a query's token is (x, 0).  The key, query and value
    matrices are restricted to Q = diag(W, 0), K = I, V = diag(0, 1); the prediction is the label
    coordinate of the query token's output ([G25], Section 3).  Left out are the last column of Q,
    which is zero, that of K, which meets it, and the columns of V for the other coordinates.

    Parameters
    ----------
    weights : ndarray, shape (..., d, d)
        W.
    features : ndarray, shape (..., n, d)
        X, the features in the context.
    labels : ndarray, shape (..., n)
        y, their labels.
    queries : ndarray, shape (..., m, d)
        Features whose labels are asked for.

    Returns
    -------
    ndarray, shape (..., m)

    Examples
    --------
    >>> features, labels = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([3.0, 1.0])
    >>> predict(np.eye(2), features, labels, np.array([[1.0, 1.0]]))
    array([5.])
    """
    dim = features.shape[-1]
    key = np.eye(dim + 1, dim, dtype=features.dtype)
    value = np.zeros((dim + 1, 1), dtype=features.dtype)
    value[dim] = 1
    context = np.concatenate([features, labels[..., None]], axis=-1)
    tokens = np.concatenate([queries, np.zeros_like(queries[..., :1])], axis=-1)
    query = np.concatenate([weights, np.zeros_like(weights[..., :1, :])], axis=-2)
    return linear_attention(tokens, context, query, key, value)[..., 0]


class Prompt:
    """A prompt's context, summed up once for all queries and all weights.

    It does what `predict` does token by token, block by block: Vᵀz_i = y_i weights the block x_i of
    a token in the sum over the context, and of a query's token (x, 0), whose own value is zero, xᵀW
    meets it.  So no token is stored, and a prompt takes a third of the time.

    Parameters
    ----------
    features : ndarray, shape (..., n, d)
    labels : ndarray, shape (..., n)

    Attributes
    ----------
    vector : ndarray, shape (..., d)
        u = Σ_i y_i x_i.
    """

    def __init__(self, features: Array, labels: Array) -> None:
        self.vector: Array = (labels[..., None, :] @ features)[..., 0, :]

    def predict(self, weights: Array, queries: Array) -> Array:
        """Return `predict` from this prompt."""
        predictions: Array = queries @ (weights @ self.vector[..., None])
        return predictions[..., 0]

    def gradient(self, weights: Array, queries: Array, targets: Array) -> Array:
        """Return `gradient` on this prompt."""
        errors = targets - self.predict(weights, queries)
        over_queries = (errors[..., None, :] @ queries)[..., 0, :]
        result: Array = np.einsum("...a,...b->...ab", -2 * over_queries, self.vector)
        return result


def loss(weights: Array, features: Array, labels: Array, queries: Array, targets: Array) -> Array:
    """Return the test-time training loss L̂(W) = Σ_j (y_j − SM(Z_j, W))², a sum.

    Parameters
    ----------
    weights, features, labels, queries : ndarray
        As for `predict`.
    targets : ndarray, shape (..., m)
        The labels of the queries.

    Returns
    -------
    ndarray, shape (...)
    """
    errors = targets - predict(weights, features, labels, queries)
    total: Array = (errors * errors).sum(axis=-1)
    return total


def gradient(
    weights: Array, features: Array, labels: Array, queries: Array, targets: Array
) -> Array:
    """Return the gradient ∇L̂(W) of the test-time training loss, by the chain rule.

    ∇L̂ = −2 Σ_j (y_j − SM(Z_j, W)) ∂SM(Z_j, W)/∂W, and the prediction being
    Σ_i (x_jᵀ W x_i) y_i, its derivative by W_ab is x_ja Σ_i y_i x_ib.

    Parameters
    ----------
    weights, features, labels, queries, targets : ndarray
        As for `loss`.

    Returns
    -------
    ndarray, shape (..., d, d)
    """
    return Prompt(features, labels).gradient(weights, queries, targets)


def _transposed(matrices: Array) -> Array:
    return np.swapaxes(matrices, -1, -2)
