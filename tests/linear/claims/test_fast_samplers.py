"""A fault in either of the two fast samplers is refuted."""

import dataclasses

import numpy as np
import pytest

from ttt_theory import AR1, DenseWeights, Isotropic, Setting
from ttt_theory.claims.registration import find
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import EvidenceKind, Verdict, joint_verdict
from ttt_theory.linear.setting.examples import COLD, SHIFTED, TINY
from ttt_theory.linear.simulation import data_vector
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.data_vector import SimulatorInLaw
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.linear.witnesses.fast_samplers import (
    FAST_METHODS,
    sampler_is_averaged,
    sampler_is_simulated,
)

EFFORT = Effort(quick=True, seed=3, error_rate=1e-7)


def verdict_of(evidence):
    return joint_verdict([each.verdict for each in evidence])


@pytest.mark.parametrize("method", FAST_METHODS)
def test_the_samplers_as_they_stand_are_confirmed(method):
    assert verdict_of(sampler_is_averaged(method)) is Verdict.CONFIRMED
    for setting in (SHIFTED, COLD, Setting.from_toml("examples/wine.toml")):
        evidence = sampler_is_simulated(setting, method, EFFORT)
        assert verdict_of(evidence) is Verdict.CONFIRMED
        quantities = [each.measured["quantity"] for each in evidence]
        assert quantities == ["constant", "linear", "quadratic", "step_size", "improvement"]
        alarms = [each.measured.get("false_alarm_rate", 0.0) for each in evidence]
        [check] = [each for each in find("fast-samplers").checks if method in each.__name__]
        assert sum(alarms) == pytest.approx(check.statistical_tests * 1e-7)


@pytest.mark.parametrize("method", FAST_METHODS)
def test_what_is_tiny_is_averaged_on_a_setting_too(method):
    for setting in (TINY["n = k = d = 1, noise"], Setting(1, 2, AR1(2, 0.5), Isotropic(2), [1, 2])):
        evidence = sampler_is_simulated(setting, method, Effort(True, 0, numbers=1))
        assert [each.kind for each in evidence] == [EvidenceKind.EXACT_AVERAGE] * 3
        assert verdict_of(evidence) is Verdict.CONFIRMED


def wrong_contexts(self, tasks, count, rng):
    """One sample too many."""
    labels = tasks.coefficients, tasks.image, tasks.label_variance
    return self._data_vectors(count, self.context_length + 1, *labels, rng)


def with_noise_dropped(function):
    def wrong(self, tasks, context):
        error, image, variance = function(self, tasks, context)
        return error, image, variance - self.noise_variance

    return wrong


FAULTS = {
    "n + 1 samples of the context": (FAST_METHODS, SimulatorInLaw, "contexts", wrong_contexts),
    "the residual left in": (
        FAST_METHODS,
        data_vector,
        "mean_multiple",
        lambda square, length, residual: square,
    ),
    "no noise in the errors": (
        FAST_METHODS,
        SimulatorInLaw,
        "misfit",
        with_noise_dropped(SimulatorInLaw.misfit),
    ),
    "the test samples' gradient of the fresh context": (
        ("sufficient",),
        SufficientSimulator,
        "gradients",
        lambda self, tasks, context, rng: self.contexts(tasks, len(context), rng),
    ),
    "the traces of another covariance": (
        ("conditional",),
        ConditionalSimulator,
        "_traces",
        property(lambda self: (float(np.trace(self.features)), 1.0)),
    ),
    "n for n + 1 in the mean error": (
        ("conditional",),
        ConditionalSimulator,
        "_aligned_error",
        lambda self, tasks: (
            tasks.coefficients
            - self.context_length * data_vector.rows_times(self.start, tasks.image)
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_refuted(fault, monkeypatch):
    methods, owner, name, wrong = FAULTS[fault]
    monkeypatch.setattr(owner, name, wrong)
    for method in methods:
        assert verdict_of(sampler_is_averaged(method)) is Verdict.REFUTED, method


def test_draws_alone_refute_random_numbers_of_another_law(monkeypatch):
    # What an average over nodes cannot see: here features with 1.21 times their covariance.
    sample = Isotropic.sample
    monkeypatch.setattr(Isotropic, "sample", lambda *args: 1.1 * sample(*args))
    for method in FAST_METHODS:
        # The isotropic shortcut draws no features at all.
        general = np.diag([0.01, 0.02, 0.03])
        setting = dataclasses.replace(COLD, initialization=DenseWeights(general))
        evidence = sampler_is_simulated(setting, method, EFFORT)
        assert verdict_of(evidence) is Verdict.REFUTED
