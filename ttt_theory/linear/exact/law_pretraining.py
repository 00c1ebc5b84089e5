"""The weights that pretraining finds where its features have the law of those at test time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import elliptical
from ttt_theory.linear.exact.entry_moments import EntryMoments, cumulants
from ttt_theory.linear.exact.independent_entries import check_moment, symmetric_root
from ttt_theory.linear.setting.feature_laws import EllipticalFeatures, IndependentEntries
from ttt_theory.linear.setting.setting import checked_setting
from ttt_theory.structured.base import dense
from ttt_theory.structured.memory import check_dense_memory

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["matched_weights"]

_DENSE_ARRAYS = 10


def matched_weights(setting: Setting) -> FloatArray:
    """Return the minimiser of the pretraining loss over features of the setting's own law.

    `Setting` takes the feature law for the test alone, and pretrains on Gaussian features: its W*
    is transferred.  These weights are matched; give them to it as `DenseWeights`.

    Parameters
    ----------
    setting : Setting
        Its pretraining gives n, Σ_x and σ², its task covariance the prior Σ_β.

    Returns
    -------
    ndarray, shape (d, d)
        W with W E[uuᵀ] = E[βuᵀ] = nΣ_βΣ_x.  For Σ_x = Σ_β = I it is I/(n + 1 + d + κ_4 + σ²) where
        the entries are independent, of excess kurtosis κ_4, and I/(n − 1 + (d + 2)E[ρ²] + σ²) where
        the features are elliptical.

    Raises
    ------
    InvalidSettingError
        If it is no setting, the features have no fourth moment, or d × d arrays are too large.

    Notes
    -----
    Source: ours (theory.md, section 2).

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=4,
    ...     test_samples=1,
    ...     feature_covariance=ttt.Isotropic(2),
    ...     task_covariance=ttt.Isotropic(2),
    ...     task=[1, 1],
    ...     feature_law=ttt.RademacherFeatures(),
    ... )
    >>> ttt.matched_weights(setting) * (4 + 1 + 2 - 2)
    array([[1., 0.],
           [0., 1.]])
    """
    source, law = checked_setting(setting).pretraining, setting.feature_law
    check_dense_memory(setting.dim, _DENSE_ARRAYS)
    prior = dense(setting.task_covariance.matrix())
    features = dense(source.feature_covariance.matrix())
    n, noise = source.context_length, source.noise_variance
    if isinstance(law, IndependentEntries):
        check_moment(law, 4, "the pretraining loss is infinite")
        root = symmetric_root(features)
        tasks = root @ prior @ root
        entries = EntryMoments(cumulants(law.moment, 4), np.zeros(setting.dim), 0.0)
        # Averaged over the prior, E[ttᵀ] of a sample t = z(zᵀb + ξ) is E[zzᵀ zᵀGz] + σ²I.
        sample = entries.matrix(tasks) + noise * np.eye(setting.dim)
        moment = root @ (sample + (n - 1) * tasks) @ root
    else:
        radius_2 = law.radius_moment(2) if isinstance(law, EllipticalFeatures) else 1.0
        gram_factor = elliptical.gram_factor(n, radius_2)
        level = elliptical.second_0_factor(np.sum(features * prior), noise, radius_2)
        moment = gram_factor * (features @ prior @ features) + level * features
    if not np.all(np.isfinite(moment)):
        remedy = "its products with the task covariance are too large for float64: rescale them"
        raise InvalidSettingError("pretraining.feature_covariance", features.max(), remedy)
    # In the directions that no context has any weight will do; zero is taken.
    return np.asarray(prior @ features @ np.linalg.pinv(moment, hermitian=True))
