"""Exact theory of test-time training in linear transformers, verified."""

from __future__ import annotations

import importlib
from typing import Any

_EXPORTS = {
    "array_risk": ("IsotropicRisk", "isotropic_risk"),
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
        "InvalidSettingError",
        "OutOfRangeError",
        "SettingFileError",
        "StatementError",
        "TTTTheoryError",
        "UnknownClaimError",
    ),
    "risk": ("OneStepRisk", "one_step_risk"),
    "setting": (
        "DenseWeights",
        "PretrainedWeights",
        "Pretraining",
        "Setting",
        "ZeroWeights",
    ),
    "monte_carlo": ("SimulatedRisk", "simulate"),
    "statements.checking": ("StatementVerdict", "check"),
    "sweeps.running": ("sweep",),
    "mutation.running": ("MutantReport", "mutants"),
    "verification": ("Report", "verify"),
    "weights": ("pretrained_weights",),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
