"""Write the certificate anew: `python -m ttt_theory.linear.witnesses.certificates.generate`.

Points are drawn from a seed until the monomials that c2 can consist of are independent at them, and
a few more to test that there are no others; the values come from the brute force of
`check_certificate`.  The same seed gives the same file.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from ttt_theory.linear.witnesses.certificates import ONE_STEP
from ttt_theory.linear.witnesses.certificates.check_certificate import (
    FORMAT,
    Point,
    brute_force,
    independent,
)
from ttt_theory.linear.witnesses.certificates.pairings import spans

__all__ = ["certificate", "remarks"]

_SEED = 20251122

# How many points there are beyond those that it takes; of n and of k there is one.
_SURPLUS = 4

# Shapes of F, so that Σ_x is singular at some points; the rows are d.
_SHAPES = ((1, 1), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3))

_CERTIFIES = """
For every n, k, d ≥ 1, every positive semidefinite d × d matrix S, every d × d matrix W, every β and
every σ² ≥ 0, R(η) = c0 − c1 η + c2 η², where c0, c1 and c2 take the values below at the points
below.  They are the only functions in the spans below that do.
"""

_DEFINITIONS = """
Samples: x ~ N(0, S) with S = FFᵀ, and y = xᵀβ + ξ with ξ ~ N(0, σ²), all independent.

Context: u = Σ_i x_i y_i over n samples; u' is the same over n fresh ones.

Step: k further samples have the loss Σ_j (y_j − x_jᵀWu)², a function of W.  W_TT = W − ηG with its
gradient G = −2 Σ_j x_j (y_j − x_jᵀWu) uᵀ.

Risk: R(η) = E[(y' − x'ᵀ W_TT u')²] over everything, for one more sample (x', y').

Points: F is "factor", β "task", W "weights" and σ² "noise_variance".  The rows of "values" are
(c0, c1, c2) for each n of "context_lengths" and, within, each k of "test_samples".

Monomials: s = βᵀSβ + σ²; q = Sβ; q' A q is a quadratic form, tr A a trace, W' the transpose of W.
"""

_ARGUMENT = """
1. Expansion.  Write r_j = y_j − x_jᵀWu for a test sample, r' = y' − x'ᵀWu', and v = Σ_j r_j x_j.
Then G = −2 v uᵀ and y' − x'ᵀ W_TT u' = r' − 2η x'ᵀv uᵀu', so that c0 = E[r'²],
c1 = 4 E[r' x'ᵀv uᵀu'] and c2 = 4 E[(x'ᵀv uᵀu')²].

2. Terms.  Multiplied out, each is a sum of terms, and each term a sum over assignments of samples
to the indices in it: of test samples to the indices of v, of context samples to the index of each
u, of fresh ones to that of each u'. What is summed is the expectation of a product of labels y
and of forms x_aᵀx_b and x_aᵀWx_b.

3. Monomials.  (x, y) is Gaussian with mean zero and Cov(x, x) = S, Cov(x, y) = q, Cov(y, y) = s.
By Isserlis' theorem the expectation of a product is a sum over the ways to pair its factors x and
y, of the products of their covariances; those of different samples are zero.  Following the forms
from covariance to covariance, a pairing's product consists of an s for each pair of two labels, a
form q' A q for each chain between two labels, and a trace for each closed chain.  Pairs stay
within the query, the test samples, the context or the fresh context, as these are independent.
There are finitely many such pairings; pairings.py enumerates them all and finds the
monomials below.  Neither these nor how often each occurs depends on d.

4. Powers.  Which pairings an assignment allows depends on which of its indices agree.  The
assignments for which the c indices of a context agree exactly within j given classes number
n(n − 1)⋯(n − j + 1) with 1 ≤ j ≤ c: a polynomial in n with powers from 1 to c.  Those of the
context and of the fresh context multiply.  The same holds for k and the indices of test samples.
Hence each of c0, c1 and c2 is a combination of the n^i k^j m, with i in "powers_of_n", j in
"powers_of_k" and m in "monomials", whose coefficients are numbers.

5. Rank.  Let f be such a combination that vanishes at every n, k and point of this certificate.
At a point and a k, f is the least power of n times a polynomial of lower degree than there are n,
all of which are its roots: so every power of n has coefficient zero.  For the same reason every
power of k has, too.  What remains for each n^i k^j is a combination of monomials that vanishes at
all points.  The matrix of the monomials' values at the points has as many independent rows as
there are monomials (it has modulo a prime, hence over the rationals), so every coefficient is
zero, and f is zero everywhere.

6. Surplus.  There are more points, n and k than 5 takes.  By 4 the values there are determined by
the others, and they are what these say: a monomial or a power overlooked in 3 or 4 would have to
vanish at all of them.

7. Conclusion. c0, c1 and c2 take the values below, which anyone can recompute from the
definition.  By 4 they are such combinations, and by 5 the only ones: a formula that is such a
combination, too, and takes these values is right for every n, k, d, S, W, β and σ².
"""


def certificate() -> str:
    """Return the text of the certificate.

    Returns
    -------
    str
        JSON; every number is an exact fraction.
    """
    listed = spans()
    monomials = listed["c2"]["monomials"]
    # The one generator whose sequence is promised to stay the same.
    generator = random.Random(_SEED)
    drawn = (_draw(generator, *shape) for shape in itertools.cycle(_SHAPES))
    points = [*independent(drawn, monomials), *itertools.islice(drawn, _SURPLUS)]
    lengths = range(1, max(len(span["powers_of_n"]) for span in listed.values()) + 2)
    samples = range(1, max(len(span["powers_of_k"]) for span in listed.values()) + 2)
    document = {
        "format": FORMAT,
        **remarks(),
        "context_lengths": list(lengths),
        "test_samples": list(samples),
        "spans": listed,
        "points": [
            {
                "factor": _texts(point.factor),
                "task": _texts([point.task])[0],
                "weights": _texts(point.weights),
                "noise_variance": str(point.noise_variance),
                "values": _texts(brute_force(point, lengths[-1], samples[-1]).values()),
            }
            for point in points
        ],
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    # A vector takes a line, not one for each entry.
    return re.sub(r"\[\s+(?:[-\d/\"]+,?\s+)+\]", lambda row: " ".join(row[0].split()), text) + "\n"


def remarks() -> dict[str, Any]:
    """Return the part of the certificate that is for readers: its texts and the seed."""
    return {
        "certifies": _paragraphs(_CERTIFIES)[0],
        "definitions": _paragraphs(_DEFINITIONS),
        "argument": _paragraphs(_ARGUMENT),
        "seed": _SEED,
    }


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _draw(generator: random.Random, dim: int, columns: int) -> Point:
    def number() -> Fraction:
        return Fraction(int(7 * generator.random()) - 3, int(3 * generator.random()) + 1)

    return Point(
        factor=tuple(tuple(number() for _ in range(columns)) for _ in range(dim)),
        task=tuple(number() for _ in range(dim)),
        weights=tuple(tuple(number() for _ in range(dim)) for _ in range(dim)),
        noise_variance=abs(number()),
    )


def _texts(rows: Iterable[Sequence[Fraction]]) -> list[list[str]]:
    return [[str(entry) for entry in row] for row in rows]


if __name__ == "__main__":
    ONE_STEP.write_text(certificate(), encoding="utf-8")
