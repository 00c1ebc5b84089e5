"""The risk after several steps by the definition: polynomials in all Gaussian variables.

Contexts, samples and queries are polynomials in independent standard normal variables, the steps
are taken one by one on the weights, and the squared error is averaged monomial by monomial, all in
exact fractions.  Nothing here knows a law of u, a Wishart matrix or a polynomial in the steps.
"""

import itertools
import math
from fractions import Fraction

import flint


class LiteralSteps:
    """One prompt for Σ_x = root²·I with labels of noise deviation² σ², as polynomials."""

    def __init__(self, n, k, task, root, deviation):
        self.d, self.task = len(task), task
        self.names, self.root, self.deviation = [], root, deviation
        count = (2 * n + k + 1) * (self.d + 1)
        self.context = flint.fmpq_mpoly_ctx.get([f"z{i}" for i in range(count)], "lex")
        self.variables = iter(self.context.gens())
        self.prompt, self.samples, self.fresh = (self.draw(size) for size in (n, k, n))
        [self.query] = self.draw(1)

    def number(self, value):
        value = Fraction(value)
        return flint.fmpq(value.numerator, value.denominator)

    def draw(self, count):
        """Features and label of some samples."""
        samples = []
        for _ in range(count):
            features = [self.number(self.root) * next(self.variables) for _ in range(self.d)]
            noise = self.number(self.deviation) * next(self.variables)
            label = sum(self.number(b) * x for b, x in zip(self.task, features, strict=True))
            samples.append((features, label + noise))
        return samples

    def predict(self, weights, prompt, features):
        """xᵀWXᵀy."""
        vector = [sum(x[i] * y for x, y in prompt) for i in range(self.d)]
        pairs = itertools.product(range(self.d), repeat=2)
        return sum(features[i] * weights[i][j] * vector[j] for i, j in pairs)

    def step(self, weights, size):
        """W − η∇L̂(W), L̂ being the sum of squared errors on the samples."""
        vector = [sum(x[i] * y for x, y in self.prompt) for i in range(self.d)]
        moved = [list(row) for row in weights]
        for features, label in self.samples:
            error = label - self.predict(weights, self.prompt, features)
            for i, j in itertools.product(range(self.d), repeat=2):
                moved[i][j] = moved[i][j] + self.number(2 * size) * error * features[i] * vector[j]
        return moved

    def risks(self, weights, steps, evaluation):
        """The risks after 0, 1, … of the steps."""
        zero = self.context.from_dict({})
        current = [[zero + self.number(each) for each in row] for row in weights]
        tested = self.fresh if evaluation == "fresh" else self.prompt
        results = []
        for size in (None, *steps):
            if size is not None:
                current = self.step(current, size)
            features, label = self.query
            results.append(self.mean((label - self.predict(current, tested, features)) ** 2))
        return results

    def mean(self, polynomial):
        total = Fraction(0)
        for exponents, coefficient in polynomial.to_dict().items():
            if all(each % 2 == 0 for each in exponents):
                moment = math.prod(math.prod(range(1, int(each), 2)) for each in exponents)
                total += Fraction(int(coefficient.p), int(coefficient.q)) * moment
        return total
