"""What the claims about isotropic features and priors have in common."""

from __future__ import annotations

import math

import numpy as np

from ttt_theory.covariance import Isotropic
from ttt_theory.evidence.record import Evidence, EvidenceKind, agreement
from ttt_theory.linear.closed_form import isotropic
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import Initialization, PretrainedWeights, ZeroWeights
from ttt_theory.linear.witnesses.comparison import fields_of
from ttt_theory.linear.witnesses.exact_average import exact_coefficients

__all__ = ["STARTS", "isotropic_setting", "literal_average"]

STARTS: dict[str, Initialization] = {"warm": PretrainedWeights(), "cold": ZeroWeights()}
"""The warm start and the cold one."""

_TINY_SIZES = ((1, 1, 1), (3, 1, 1), (1, 2, 2), (2, 1, 2))


def literal_average(quantity: str) -> list[Evidence]:
    """Compare an isotropic formula with the literal simulator, averaged exactly."""
    evidence = []
    for start, initialization in STARTS.items():
        errors = []
        for n, k, d in _TINY_SIZES:
            setting = isotropic_setting(n, k, d, initialization)
            literal = fields_of(exact_coefficients(literal_simulator(setting)))
            size = literal["constant"]
            scale = math.sqrt(size / literal["quadratic"]) if quantity == "step_size" else size
            compiled = getattr(isotropic, f"{start}_{quantity}")(n, k, d, 0.64 * d, 0.0)
            # Relative to the bound from R ≥ 0: in one dimension the warm start gains nothing.
            errors.append((compiled - literal[quantity]) / scale)
        evidence.append(
            agreement(
                EvidenceKind.EXACT_AVERAGE,
                f"{start} start: the exact {quantity} is the literal simulator's at small sizes",
                errors,
                sizes=[list(sizes) for sizes in _TINY_SIZES],
            )
        )
    return evidence


def isotropic_setting(n: int, k: int, d: int, start: Initialization) -> Setting:
    """Return a noise-free setting with Σ_x = Σ_β = I and ‖β‖² = 0.64 d."""
    return Setting(
        context_length=n,
        test_samples=k,
        feature_covariance=Isotropic(d),
        task_covariance=Isotropic(d),
        task=np.full(d, 0.8),
        initialization=start,
    )
