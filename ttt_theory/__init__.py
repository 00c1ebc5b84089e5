"""Exact theory of test-time training in linear transformers, verified."""

from __future__ import annotations

import importlib
from typing import Any

_EXPORTS = {
    "claims.registration": ("register_claim",),
    "claims.verification": ("Report", "verify"),
    "covariance": (
        "AR1",
        "BlockDiagonal",
        "Covariance",
        "Dense",
        "Diagonal",
        "Empirical",
        "Equicorrelated",
        "FactorModel",
        "Isotropic",
        "Kronecker",
        "PowerLaw",
        "Spiked",
        "register_covariance",
    ),
    "errors": (
        "BrokenPackageError",
        "ExtensionError",
        "InvalidClaimError",
        "InvalidSettingError",
        "LostPrecisionError",
        "MissingPackageError",
        "MixedVersionsError",
        "OutOfRangeError",
        "SettingFileError",
        "StatementError",
        "TTTTheoryError",
        "UnknownClaimError",
        "WorkerImportError",
    ),
    "linear.exact.best_steps": ("BestSteps", "best_steps"),
    "linear.exact.best_start": ("BestStart", "best_start"),
    "linear.exact.isotropic": ("IsotropicRisk", "isotropic_risk"),
    "linear.exact.law_pretraining": ("matched_weights",),
    "linear.exact.proportional": ("ProportionalLimit", "proportional_limit"),
    "linear.exact.results": ("OneStepRisk", "SeveralStepsRisk"),
    "linear.exact.risk": ("one_step_risk",),
    "linear.exact.several_steps": ("several_steps_risk",),
    "linear.exact.step_rules": ("StepRules", "step_rules"),
    "linear.exact.weights": ("pretrained_weights",),
    "linear.monte_carlo": ("SimulatedRisk", "simulate"),
    "linear.setting.feature_laws": (
        "EllipticalFeatures",
        "FeatureLaw",
        "GaussianFeatures",
        "RademacherFeatures",
        "StudentTFeatures",
        "UniformFeatures",
    ),
    "linear.setting.random_task": ("RandomTask",),
    "linear.setting.setting": ("Setting",),
    "linear.setting.starts": ("DenseWeights", "PretrainedWeights", "Pretraining", "ZeroWeights"),
    "mutation.judging": ("MutantReport", "mutants"),
    "statements.checking": ("StatementVerdict", "check"),
    "sweeps.sweep": ("sweep",),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
