"""When a step repairs what pretraining on something else has cost: two maps of exact risks.

In each cell: R, the step repairs it, leaving no more than the matched weights do without a step;
h, it helps only; C, a step from the cold start leaves less.
"""

import dataclasses

import numpy as np

import ttt_theory as ttt

N, K, D = 80, 40, 40
STRONG = np.arange(D) < D // 4
RATIOS = (0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0)
STRENGTHS = (1.0, 2.0, 4.0, 16.0, 64.0)
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

ONE = ttt.Isotropic(D)
TASK = np.ones(D)
MATCHED = ttt.one_step_risk(ttt.Setting(N, K, ONE, ONE, TASK))


def other_features(length, variance):
    """Pretrain at another context length, on features of another variance."""
    source = ttt.Pretraining(round(N * length), feature_covariance=ttt.Isotropic(D, scale=variance))
    return ttt.Setting(N, K, ONE, ONE, TASK, pretraining=source)


def other_tasks(strength, share):
    """Pretrain on tasks that are strong in some directions, and test with a share off them."""
    squares = np.where(STRONG, (1 - share) / STRONG.sum(), share / (~STRONG).sum())
    prior = ttt.Diagonal(np.where(STRONG, strength, 1.0))
    return ttt.Setting(N, K, ONE, prior, np.sqrt(D * squares))


def regime(shifted):
    after = ttt.one_step_risk(shifted).risk_after
    cold = dataclasses.replace(shifted, initialization=ttt.ZeroWeights())
    if ttt.one_step_risk(cold).risk_after < after:
        return "C"
    return "R" if after <= MATCHED.risk_before else "h"


if __name__ == "__main__":
    for title, shifted, rows, columns in (
        ("context length by variance of features, over the test's", other_features, RATIOS, RATIOS),
        ("strength by the task's share off those directions", other_tasks, STRENGTHS, SHARES),
    ):
        print(title)
        print("      " + "".join(f"{each:6g}" for each in columns))
        for row in rows:
            cells = "".join(f"{regime(shifted(row, each)):>6}" for each in columns)
            print(f"{row:6g}{cells}")
