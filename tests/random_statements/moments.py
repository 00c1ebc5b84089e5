"""The isotropic risk after at most two steps, by moments of the context given the features.

With the task along the first axis, p the first feature of all examples and ξ their noise, in units
in which the task has length 1:  b = pᵀ(p + ξ) and Y = |p + ξ|² are polynomials in the part z of p
along ξ, the rest B = |p|² − z² (chi-square, n − 1) and r = |ξ|: b = z² + B + rz, Y = b + rz + r².
Across the task u has the square Y·X, X chi-square with d − 1.  `check` conditions on the labels
instead, and has the moments of the samples from Jack polynomials, which for up to four factors are
written out here.
"""

from functools import cache

_B = {(2, 0, 0, 0): 1, (0, 0, 1, 0): 1, (1, 1, 0, 0): 1}
_Y = {**_B, (1, 1, 0, 0): 2, (0, 2, 0, 0): 1}
_SQUARE_ACROSS = {(z, r, b, x + 1): factor for (z, r, b, x), factor in _Y.items()}
"""Powers of z, r, B and X with their coefficients."""


def _product(left, right):
    found = {}
    for one, factor in left.items():
        for other, more in right.items():
            powers = tuple(map(sum, zip(one, other, strict=True)))
            found[powers] = found.get(powers, 0) + factor * more
    return found


def _sum(left, right):
    return {powers: left.get(powers, 0) + right.get(powers, 0) for powers in {**left, **right}}


_U = _sum(_product(_B, _B), _SQUARE_ACROSS)


@cache
def _monomials(squares, along):
    """U^squares b^along, without what an odd power of z makes vanish."""
    found = {(0, 0, 0, 0): 1}
    for factor in [_U] * squares + [_B] * along:
        found = _product(found, factor)
    return {powers: factor for powers, factor in found.items() if powers[0] % 2 == 0}


def _rising(degrees, count):
    total = 1
    for i in range(count):
        total *= degrees + 2 * i
    return total


class Context:
    """Moments of U and b for n, d and the noise σ²/‖β‖²."""

    def __init__(self, n, d, noise):
        self.n, self.d, self.noise = n, d, noise
        self.known = {}

    def mean(self, squares, along=0):
        """E[U^squares b^along]."""
        if (squares, along) not in self.known:
            self.known[squares, along] = sum(
                factor
                * _rising(1, z // 2)
                * self.noise ** (r // 2)
                * _rising(self.n, r // 2)
                * _rising(self.n - 1, b)
                * _rising(self.d - 1, x)
                for (z, r, b, x), factor in _monomials(squares, along).items()
            )
        return self.known[squares, along]


def _samples(power, k, d):
    """E[tr S^power]/d of S = GᵀG, G of shape (k, d)."""
    return (
        lambda: k,
        lambda: k * (k + d + 1),
        lambda: k * (k**2 + d**2 + 3 * k * d + 3 * k + 3 * d + 4),
        lambda: (
            k * (k**3 + d**3 + 6 * k * d * (k + d) + 6 * (k**2 + d**2) + 17 * k * d)
            + k * (21 * (k + d) + 20)
        ),
    )[power - 1]()


def after_steps(n, k, d, norm2, noise, weight, evaluation, steps=None):
    """Return the quantities of `check` after one or two steps, the best one without them."""
    moments, sigma2, w = Context(n, d, noise / norm2), noise / norm2, weight
    mean = moments.mean
    across = mean(0, 1) + n * sigma2  # E[Y] = E[b] + nσ², as E[rz] = 0

    def error(squares, along=0):
        """E[U^squares b^along |e|²], e = β − wu."""
        return (
            mean(squares, along)
            - 2 * w * mean(squares, along + 1)
            + w**2 * mean(squares + 1, along)
        )

    def linear(m):
        if evaluation == "same":
            return _samples(m, k, d) * error(m)
        # uᵀPe = b(1 − wb) E[b(1 − wb)] + w²(U − b²) E[Y]
        kept = mean(0, 1) - w * mean(0, 2)
        along = mean(m - 1, 1) - w * mean(m - 1, 2)
        rest = mean(m, 0) - mean(m - 1, 2)
        return _samples(m, k, d) * (along * kept + w**2 * rest * across)

    def quadratic(p):
        if evaluation == "same":
            signal, sampling = error(p), mean(p)
        else:
            # uᵀMu = b² E[b²] + (U − b²) E[Y]
            aligned, rest = mean(0, 2) - across, across
            signal = aligned * error(p - 2, 2) + rest * error(p - 1)
            sampling = aligned * mean(p - 2, 2) + rest * mean(p - 1)
        return _samples(p, k, d) * signal + d * sigma2 * _samples(p - 1, k, d) * sampling

    before = sigma2 + error(0)
    if steps is None:
        best = linear(1) / quadratic(2)
        return {
            "risk_before": norm2 * before,
            "risk_after": norm2 * (before - linear(1) * best),
            "improvement": norm2 * linear(1) * best,
            "step_size": best / (2 * norm2),
        }
    scaled = [step * norm2 for step in steps]
    method = [2 * sum(scaled), -4 * scaled[0] * scaled[1]] if len(steps) == 2 else [2 * scaled[0]]
    gain = sum(
        2 * c * linear(m)
        - sum(c * other * quadratic(m + j) for j, other in enumerate(method, start=1))
        for m, c in enumerate(method, start=1)
    )
    return {"risk_after": norm2 * (before - gain), "improvement": norm2 * gain}
