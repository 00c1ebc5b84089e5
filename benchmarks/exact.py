"""The exact risk: arrays of settings, large dimensions, and sweeps."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import ttt_theory as ttt
from benchmarks.measuring import Repeated, in_fresh_process, timed
from benchmarks.report import Section, Target

SETTINGS = 10**6
PROMISED_RATE = 5e6


def closed_form(rounds: int) -> Section:
    """Measure `isotropic_risk` on arrays, all seven fields."""
    rng = np.random.default_rng(0)
    n, k, d = (rng.integers(1, 1000, SETTINGS) for _ in range(3))
    first, second, third = (rng.random(SETTINGS) for _ in range(3))
    grid = np.arange(1, 1001)
    calls = {
        "n, k, d, ‖β‖², σ²": lambda: ttt.isotropic_risk(
            n, k, d, task_square=first, noise_variance=second
        ),
        "also the start, and pretraining's own n and σ²": lambda: ttt.isotropic_risk(
            n,
            k,
            d,
            task_square=first,
            noise_variance=second,
            factor=third,
            pretraining_context_length=k,
            pretraining_noise_variance=third,
        ),
        "a product of 1,000 n and 1,000 k": lambda: ttt.isotropic_risk(
            grid[:, None], grid, 40, task_square=1.0, noise_variance=0.1
        ),
    }
    section = Section(
        "Closed forms on arrays",
        f"`isotropic_risk` on {SETTINGS:,} settings, all seven fields; medians of {rounds} rounds.",
        ["arrays", "10⁶ settings per CPU-second"],
    )
    for label, call in calls.items():
        call()
        rate = Repeated([SETTINGS / timed(call)[1].cpu for _ in range(rounds)])
        section.rows.append([label, f"{rate.median / 1e6:.3g} ± {rate.spread:.0%}"])
        section.targets.append(
            Target(
                f"closed form, {label}: ≥ 5 million settings per second and core",
                f"{rate.median / 1e6:.3g} million",
                rate.median >= PROMISED_RATE,
            )
        )
    return section


STEP_SETTINGS = 10**5
PROMISED_STEP_RATE = 1e5


def several_steps(rounds: int) -> Section:
    """Measure `isotropic_risk` after several steps, and `several_steps_risk` of one setting."""
    rng = np.random.default_rng(0)
    n, k, d = (rng.integers(1, 1000, STEP_SETTINGS) for _ in range(3))
    task, noise = rng.random(STEP_SETTINGS), rng.random(STEP_SETTINGS)
    size = ttt.isotropic_risk(n, k, d, task_square=task, noise_variance=noise).step_size
    section = Section(
        "Several steps",
        f"`isotropic_risk(..., step_sizes=...)` on {STEP_SETTINGS:,} settings, warm starts with "
        f"noise, and the exact fractions of one setting; medians of {rounds} rounds.",
        ["steps", "10⁵ settings per CPU-second", "one setting in fractions, CPU ms"],
    )
    setting = ttt.Setting(
        20, 40, ttt.Isotropic(40), ttt.Isotropic(40), np.full(40, 0.15), noise_variance=0.1
    )
    step = ttt.one_step_risk(setting).step_size
    for count in (1, 2, 4, 8, 16):
        steps = np.array(size)[:, None] * rng.uniform(0.1, 1.0, count) / count

        def on_arrays(steps: np.ndarray = steps) -> object:
            return ttt.isotropic_risk(
                n, k, d, task_square=task, noise_variance=noise, step_sizes=steps
            )

        def in_fractions(count: int = count) -> object:
            return ttt.several_steps_risk(setting, [step / count] * count)

        in_fractions()
        fractions = Repeated([timed(in_fractions)[1].cpu * 1e3 for _ in range(rounds)])
        row = [str(count), "", f"{fractions.median:.3g}"]
        if count <= 4:
            on_arrays()
            rate = Repeated([STEP_SETTINGS / timed(on_arrays)[1].cpu for _ in range(rounds)])
            row[1] = f"{rate.median / 1e5:.3g} ± {rate.spread:.0%}"
            section.targets.append(
                Target(
                    f"isotropic risk after {count} steps: ≥ 100,000 settings a second",
                    f"{rate.median:.3g}",
                    rate.median >= PROMISED_STEP_RATE,
                )
            )
        section.rows.append(row)
    return section


_IMPORTS = "import numpy as np, ttt_theory as ttt\n"
_LARGE = (
    "d = 10**6\n"
    "ttt.one_step_risk(ttt.Setting(1000, 1000, {}, ttt.Isotropic(d), np.full(d, d**-0.5), 0.1))"
)
_DENSE = (
    "d = 2000\n"
    "a = np.random.default_rng(0).standard_normal((d, d + 10))\n"
    "start, cpu = time.perf_counter(), time.process_time()\n"
    "ttt.one_step_risk(ttt.Setting(1000, 1000, ttt.Dense(a @ a.T / d), ttt.{},"
    " np.full(d, d**-0.5), 0.1))"
)
_TWO_STEPS = (
    "d = 200\n"
    "a, b = np.random.default_rng(0).standard_normal((2, d, d + 10))\n"
    "start, cpu = time.perf_counter(), time.process_time()\n"
    "setting = ttt.Setting(d // 2, d, ttt.Dense(a @ a.T / d), ttt.Dense(b @ b.T / d),"
    " np.full(d, d**-0.5), 0.1, evaluation='{}')\n"
    "step = ttt.one_step_risk(setting).step_size\n"
    "ttt.several_steps_risk(setting, [0.6 * step, 0.4 * step])"
)
LARGE = {
    "d = 10⁶, power law": (_LARGE.format("ttt.PowerLaw(d, 0.75)"), 2.0, 500.0),
    "d = 10⁶, diagonal": (
        _LARGE.format("ttt.Diagonal(np.random.default_rng(0).random(d))"),
        2.0,
        500.0,
    ),
    "d = 10⁶, spiked": (_LARGE.format("ttt.Spiked(d, [9.0, 5.0, 2.0])"), 2.0, 500.0),
    "d = 2000, dense Σ_x": (_DENSE.format("Isotropic(d)"), 5.0, None),
    "d = 2000, dense Σ_x, diagonal Σ_β": (_DENSE.format("PowerLaw(d, 0.5)"), 5.0, None),
    "d = 200, dense Σ_x and Σ_β, two steps": (_TWO_STEPS.format("fresh"), 10.0, None),
    "d = 200, the same, on the same context": (_TWO_STEPS.format("same"), 10.0, None),
}


def large_dimensions(rounds: int) -> Section:
    """Measure `one_step_risk` and `several_steps_risk` in fresh processes."""
    section = Section(
        "Exact risk in high dimension",
        "Each in a fresh process: wall time of setting and risk after the import of the package, "
        f"and the process's peak memory, imports included; medians of {rounds}.",
        ["setting", "wall s", "CPU s", "peak MB"],
    )
    for label, (statements, most_seconds, most_megabytes) in LARGE.items():
        # What is imported lazily counts as time of the risk, as for a user.
        prepared = _IMPORTS + "start, cpu = time.perf_counter(), time.process_time()\n" + statements
        measured = [in_fresh_process(prepared) for _ in range(rounds)]
        wall = Repeated([cost.wall for cost, _ in measured])
        cpu = Repeated([cost.cpu for cost, _ in measured])
        peak = Repeated([size / 1e6 for _, size in measured])
        section.rows.append(
            [
                label,
                f"{wall.median:.2f} ± {wall.spread:.0%}",
                f"{cpu.median:.2f}",
                f"{peak.median:.0f}",
            ]
        )
        limit = f"≤ {most_seconds:g} s" + (
            f" and ≤ {most_megabytes:g} MB" if most_megabytes else ""
        )
        section.targets.append(
            Target(
                f"exact risk, {label}: {limit}",
                f"{wall.median:.2f} s, {peak.median:.0f} MB",
                wall.median <= most_seconds
                and (most_megabytes is None or peak.median <= most_megabytes),
            )
        )
    return section


_SWEEP = """
[setting]
context_length = 10
test_samples = 10
noise_variance = 0.1
[setting.feature_covariance]
kind = "power_law"
dim = 40
exponent = 0.5
[setting.task_covariance]
kind = "isotropic"
dim = 40
[setting.task]
kind = "ones"
[setting.initialization]
kind = "pretrained"
[[grid]]
context_length = { start = 10, stop = 505, num = 100 }
[[grid]]
test_samples = { start = 10, stop = 505, num = 100 }
[simulation]
prompts = 1000
method = "conditional"
seed = 0
"""


def sweeps() -> Section:
    """Run the command on 10,000 settings, with one process and with two."""
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sweep.toml")
        file.write_text(_SWEEP, encoding="utf-8")
        command = [sys.executable, "-c", "from ttt_theory.cli import main; main()", "sweep"]
        for workers in (1, 2):
            arguments = [str(file), "--out", f"{folder}/{workers}.nc", "--workers", str(workers)]
            _, cost = timed(
                lambda arguments=arguments: subprocess.run(
                    [*command, *arguments], check=True, stdout=subprocess.DEVNULL
                )
            )
            seconds[workers] = cost
    speedup = seconds[1].wall / seconds[2].wall
    return Section(
        "Sweep of 10,000 settings",
        "`ttt-theory sweep`: exact and asymptotic risk and 1,000 prompts of the conditional method "
        "for each of 100 × 100 sizes, d = 40, diagonal Σ_x; the whole command, files included.",
        ["processes", "wall s", "CPU s"],
        [[str(each), f"{cost.wall:.1f}", f"{cost.cpu:.1f}"] for each, cost in seconds.items()],
        [
            Target(
                "sweep of 10,000 settings, exact and simulated: ≤ 60 s",
                f"{seconds[2].wall:.1f} s on 2 processes, {seconds[1].wall:.1f} s on one",
                seconds[2].wall <= 60.0,
            ),
            Target("sweep: 1 → 2 processes, ≥ 1.8 times as fast", f"{speedup:.3g}", speedup >= 1.8),
        ],
    )
