"""Exact moments of Gaussian data matrices, with a symbolic number of samples.

X is an n × d matrix whose rows are independent N(0, Σ), and S = XᵀX.  `expectation` gives the mean
of any polynomial in traces tr(S A S B …) and bilinear forms aᵀ S A S … b, of degree up to 6 in S
unless a higher one is asked for, as an exact polynomial in n whose coefficients are polynomials in
the same invariants of Σ and of the fixed matrices and vectors.  Those need not be symmetric,
commute, or have known sizes; Σ may be singular.

Write a matrix as `Matrix`, with ``symmetric=True`` where it is; a column as `Vector`, a number as
`Scalar`, and S as `ScatterMatrix`.  Multiply with ``@``, transpose with ``.T``, close with `trace`
or between vectors.  `substitute` puts expressions for letters, `evaluate` arrays and numbers.
They and `expectation` refuse an expression in which one name stands for two letters.

Examples
--------
The second moment of a Wishart matrix (theory.md, section 2, fact 5, says what it is used for):

>>> Sigma = Matrix("Sigma", symmetric=True)
>>> n, A, B = Scalar("n"), Matrix("A"), Matrix("B")
>>> S = ScatterMatrix("S", Sigma, n)
>>> moment = expectation(trace(S @ A) * trace(S @ B), S)
>>> for power, coefficient in moment.coefficients(n).items():
...     print(power, coefficient)
2 trace(A @ Sigma)*trace(B @ Sigma)
1 trace(A @ Sigma @ B @ Sigma) + trace(A @ Sigma @ B.T @ Sigma)
>>> import numpy as np
>>> float(evaluate(moment, {n: 5, Sigma: np.eye(2), A: np.diag([1.0, 2.0]), B: np.eye(2)}))
180.0
"""

from ttt_theory.wick.expectation import MAXIMAL_DEGREE, ScatterMatrix, expectation
from ttt_theory.wick.matrices import Expression, Matrix, Vector, trace
from ttt_theory.wick.scalars import Scalar
from ttt_theory.wick.substitution import evaluate, substitute

__all__ = [
    "MAXIMAL_DEGREE",
    "Expression",
    "Matrix",
    "Scalar",
    "ScatterMatrix",
    "Vector",
    "evaluate",
    "expectation",
    "substitute",
    "trace",
]
