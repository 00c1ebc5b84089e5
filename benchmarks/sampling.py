"""The samplers against what a user would write instead, and against the random numbers alone."""

import math
from collections.abc import Callable

import numpy as np

import ttt_theory as ttt
from benchmarks.baselines import Arrays, Estimate, numpy_loop, torch_batches
from benchmarks.measuring import Cost, Repeated, calibrated, interleaved
from benchmarks.report import Section, Target
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.sampling.moments import generator

DIM, LENGTH, SAMPLES = 60, 120, 60
THREADS = (1, 2)
BATCHES = (4, 16, 64, 256)
METHODS = ("literal", "sufficient", "conditional")
PROMISED_GAIN = {"isotropic": 10_000, "dense": 2_000}
PROMISED_THROUGHPUT = {"literal": 3, "sufficient": 60}


def settings() -> dict[str, ttt.Setting]:
    """Return the same sizes with Σ_x = I and with a dense Σ_x, its spectrum rotated at random."""
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, DIM)))
    spectrum = np.arange(1.0, DIM + 1.0) ** -0.5
    dense = (rotation * (spectrum / spectrum.mean())) @ rotation.T
    covariances = {"isotropic": ttt.Isotropic(DIM), "dense": ttt.Dense((dense + dense.T) / 2.0)}
    return {
        name: ttt.Setting(
            context_length=LENGTH,
            test_samples=SAMPLES,
            feature_covariance=covariance,
            task_covariance=ttt.Isotropic(DIM),
            task=np.full(DIM, DIM**-0.5),
            noise_variance=0.25,
        )
        for name, covariance in covariances.items()
    }


def sampler(setting: ttt.Setting, method: str, workers: int = 1) -> Callable[[int, int], Estimate]:
    """Return `simulate` at the optimal step, as a function of prompts and seed."""
    step_size = ttt.one_step_risk(setting).step_size

    def run(prompts: int, seed: int) -> Estimate:
        result = ttt.simulate(
            setting, prompts, step_size=step_size, seed=seed, workers=workers, method=method
        )
        return Estimate(result.mean, result.standard_error**2 * prompts, prompts)

    return run


def best_batch(arrays: Arrays, threads: int) -> int:
    """Return the batch size at which PyTorch has the highest throughput."""
    prompts = max(BATCHES)
    functions = {
        str(batch): lambda batch=batch: torch_batches(arrays, prompts, 0, batch, threads)
        for batch in BATCHES
    }
    interleaved(functions, 1)  # Warms up.
    _, costs = interleaved(functions, 5)
    return min(BATCHES, key=lambda batch: min(each.wall for each in costs[str(batch)]))


def precision(seconds: float, rounds: int) -> Section:
    """Measure squared standard error × CPU seconds, and prompts per second of wall time."""
    section = Section(
        "Precision per CPU-second",
        f"(d, n, k) = ({DIM}, {LENGTH}, {SAMPLES}), σ² = 0.25, warm start, at the optimal step. "
        "Cost is squared standard error × CPU seconds of all threads and processes; per setting, "
        f"the methods take turns for {rounds} rounds of about {seconds:g} s of CPU each, "
        f"{3 * seconds:g} s where 2 processes share them; medians, ± half the range. "
        "PyTorch and NumPy simulate the same prompts, 8 fresh queries each. "
        "PyTorch in float64 at the best of the batch sizes "
        f"{', '.join(map(str, BATCHES))}; its CPU time is that of the thread count that needs "
        "least, its throughput that of the fastest. Rows with 2 processes are there for theirs. "
        "z is the deviation from the exact risk in standard errors.",
        [
            "Σ_x",
            "method",
            "µs CPU per prompt",
            "prompts/s",
            "variance of a prompt",
            "z",
            "cost",
            "cost of PyTorch / cost",
            "throughput / PyTorch's",
        ],
    )
    for name, setting in settings().items():
        _precision_of(section, name, setting, seconds, rounds)
    return section


def _precision_of(
    section: Section, name: str, setting: ttt.Setting, seconds: float, rounds: int
) -> None:
    arrays = Arrays.of(setting)
    torch = {}
    for threads in THREADS:
        batch = best_batch(arrays, threads)
        label = f"PyTorch, {threads} thread{'s' * (threads > 1)}, batches of {batch}"
        torch[label] = lambda prompts, seed, batch=batch, threads=threads: torch_batches(
            arrays, prompts, seed, batch, threads
        )
    runs: dict[str, Callable[[int, int], Estimate]] = {
        **torch,
        "NumPy loop": lambda prompts, seed: numpy_loop(arrays, prompts, seed),
        **{method: sampler(setting, method) for method in METHODS},
        **{f"{method}, 2 processes": sampler(setting, method, 2) for method in PROMISED_THROUGHPUT},
    }
    # Starting the processes is no part of a throughput.
    for method in PROMISED_THROUGHPUT:
        runs[f"{method}, 2 processes"](4096, 0)
    prompts, results, costs = _taken_in_turn(runs, seconds, rounds)
    exact = ttt.one_step_risk(setting).risk_after
    cpu = {label: Repeated([c.cpu / prompts[label] for c in costs[label]]) for label in runs}
    speed = {label: Repeated([prompts[label] / c.wall for c in costs[label]]) for label in runs}
    variance = {label: _mean([each.variance for each in results[label]]) for label in runs}
    cost = {label: variance[label] * cpu[label].median for label in runs}
    lowest_cost = min(cost[label] for label in torch)
    highest_speed = max(speed[label].median for label in torch)
    gain = {label: lowest_cost / cost[label] for label in runs}
    faster = {label: speed[label].median / highest_speed for label in runs}
    for label in runs:
        total = rounds * prompts[label]
        deviation = _mean([each.mean for each in results[label]]) - exact
        section.rows.append(
            [
                name,
                label,
                f"{cpu[label].median * 1e6:.4g} ± {cpu[label].spread:.0%}",
                f"{speed[label].median:.4g} ± {speed[label].spread:.0%}",
                f"{variance[label]:.3g}",
                f"{deviation / math.sqrt(variance[label] / total):+.1f}",
                f"{cost[label]:.3g}",
                f"{gain[label]:,.4g}",
                f"{faster[label]:,.4g}",
            ]
        )
    for method, least in PROMISED_THROUGHPUT.items():
        ratio = faster[f"{method}, 2 processes"]
        section.targets.append(
            Target(
                f"{name}: {method}, 2 processes, ≥ {least} times the throughput of PyTorch",
                f"{ratio:.3g}",
                ratio >= least,
            )
        )
    section.targets.append(
        Target(
            f"{name}: conditional needs ≥ {PROMISED_GAIN[name]:,} times less CPU than PyTorch",
            f"{gain['conditional']:,.4g}",
            gain["conditional"] >= PROMISED_GAIN[name],
        )
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _taken_in_turn(
    runs: dict[str, Callable[[int, int], Estimate]], seconds: float, rounds: int
) -> tuple[dict[str, int], dict[str, list[Estimate]], dict[str, list[Cost]]]:
    """Return how many prompts each run is given, and by round its estimate and what it took."""
    prompts = {
        # Longer where there are processes to be kept busy.
        label: calibrated(
            lambda n, run=run: run(n, 0), seconds * (3 if "processes" in label else 1), 64
        )
        for label, run in runs.items()
    }
    seeds = iter(range(10**9))
    results, costs = interleaved(
        {label: lambda label=label: runs[label](prompts[label], next(seeds)) for label in runs},
        rounds,
    )
    return prompts, results, costs


def simulated_steps(seconds: float, rounds: int) -> Section:
    """Compare 4 steps of the literal and the conditional simulator with PyTorch's."""
    dim, length, samples, count = 60, 90, 30, 4
    setting = ttt.Setting(
        context_length=length,
        test_samples=samples,
        feature_covariance=ttt.Isotropic(dim),
        task_covariance=ttt.Isotropic(dim),
        task=np.full(dim, dim**-0.5),
    )
    # Half of the limit's stability bound.
    largest = (math.sqrt(samples) + math.sqrt(dim)) ** 2
    steps = [0.5 / (length**2 * (1.0 + dim / length) * largest)] * count
    arrays = Arrays.of(setting, *steps)
    batch = best_batch(arrays, 1)

    def simulated(method: str, workers: int) -> Callable[[int, int], Estimate]:
        def run(prompts: int, seed: int) -> Estimate:
            result = ttt.simulate(
                setting, prompts, step_sizes=steps, seed=seed, method=method, workers=workers
            )
            return Estimate(result.mean, result.standard_error**2 * prompts, prompts)

        return run

    runs: dict[str, Callable[[int, int], Estimate]] = {
        **{
            f"PyTorch, {threads} thread{'s' * (threads > 1)}, {form}": (
                lambda prompts, seed, threads=threads, rank_one=rank_one: torch_batches(
                    arrays, prompts, seed, batch, threads, rank_one=rank_one
                )
            )
            for threads in THREADS
            for form, rank_one in {"rank-one change": True, "W per prompt": False}.items()
        },
        "literal": simulated("literal", 1),
        "literal, 2 processes": simulated("literal", 2),
        "conditional": simulated("conditional", 1),
    }
    torch = [label for label in runs if "W per prompt" in label]
    runs["literal, 2 processes"](4096, 0)
    prompts, results, costs = _taken_in_turn(runs, seconds, rounds)
    cpu = {label: Repeated([c.cpu / prompts[label] for c in costs[label]]) for label in runs}
    speed = {label: Repeated([prompts[label] / c.wall for c in costs[label]]) for label in runs}
    variance = {label: _mean([each.variance for each in results[label]]) for label in runs}
    cost = {label: variance[label] * cpu[label].median for label in runs}
    section = Section(
        "Several steps",
        f"{count} equal steps at half of the limit's stability bound, (d, n, k) = ({dim}, "
        f"{length}, {samples}), warm, no noise; as above. PyTorch, in batches of {batch}, "
        "keeps a W for each prompt, as the literal simulator does, or the change of W in the "
        "rank-one form that the theory gives.",
        ["method", "µs CPU per prompt", "prompts/s", "variance of a prompt", "mean", "cost"],
        [
            [
                label,
                f"{cpu[label].median * 1e6:.4g} ± {cpu[label].spread:.0%}",
                f"{speed[label].median:.4g} ± {speed[label].spread:.0%}",
                f"{variance[label]:.3g}",
                f"{_mean([each.mean for each in results[label]]):.5g}",
                f"{cost[label]:.3g}",
            ]
            for label in runs
        ],
    )
    faster = speed["literal, 2 processes"].median / max(speed[each].median for each in torch)
    gain = cost["literal"] / cost["conditional"]
    section.targets += [
        Target(
            f"literal, {count} steps, 2 processes, ≥ 3 times the throughput of PyTorch with W",
            f"{faster:.3g}",
            faster >= 3.0,
        ),
        Target(
            f"conditional, {count} steps, needs ≥ 1,000 times less CPU than literal",
            f"{gain:,.4g}",
            gain >= 1000.0,
        ),
    ]
    return section


def random_numbers(seconds: float, rounds: int) -> Section:
    """Compare the literal simulator with drawing its normal variables and doing nothing else."""
    setting = settings()["isotropic"]
    per_prompt = (2 * LENGTH + SAMPLES + QUERIES) * (DIM + 1)
    literal = sampler(setting, "literal")
    buffer = np.empty(2**15)
    generators = {
        "the simulators' own, SFC64": generator(0, 0),
        "NumPy's default, PCG64": np.random.default_rng(0),
    }

    def fill(rng: np.random.Generator, count: int) -> None:
        for _ in range(count // len(buffer)):
            rng.standard_normal(out=buffer)

    prompts = calibrated(lambda n: literal(n, 0), seconds, 64)
    count = prompts * per_prompt
    _, costs = interleaved(
        {
            "literal simulation": lambda: literal(prompts, 0),
            **{label: lambda rng=rng: fill(rng, count) for label, rng in generators.items()},
        },
        rounds,
    )
    section = Section(
        "Random numbers",
        f"Normal variables per CPU-second, {per_prompt:,} per prompt; the generators alone fill "
        "one array that stays in the cache.",
        ["", "10⁶ normals per CPU-second", "share of the simulation's time"],
    )
    total = Repeated([each.cpu for each in costs["literal simulation"]])
    for label, each in costs.items():
        time = Repeated([cost.cpu for cost in each])
        rate = f"{count / time.median / 1e6:.4g} ± {time.spread:.0%}"
        section.rows.append([label, rate, f"{time.median / total.median:.0%}"])
    return section


def scaling(seconds: float, rounds: int) -> Section:
    """Measure what a second process brings the literal simulator."""
    setting = settings()["isotropic"]
    one, two = sampler(setting, "literal", 1), sampler(setting, "literal", 2)
    prompts = calibrated(lambda n: one(n, 0), seconds, 1024)
    two(4096, 0)
    _, costs = interleaved({"1": lambda: one(prompts, 0), "2": lambda: two(prompts, 0)}, rounds)
    walls = {workers: Repeated([each.wall for each in costs[workers]]) for workers in costs}
    speedup = Repeated([a.wall / b.wall for a, b in zip(costs["1"], costs["2"], strict=True)])
    results = [one(2 * 4096, 7), two(2 * 4096, 7)]
    return Section(
        "From 1 to 2 processes",
        f"literal, {prompts:,} prompts, {rounds} rounds. Results of 1 and 2 processes "
        f"bit-identical: {'yes' if results[0] == results[1] else 'no'}.",
        ["processes", "wall s", "CPU s"],
        [
            [
                workers,
                f"{walls[workers].median:.2f} ± {walls[workers].spread:.0%}",
                f"{Repeated([each.cpu for each in costs[workers]]).median:.2f}",
            ]
            for workers in costs
        ],
        [
            Target(
                "literal: 1 → 2 processes, ≥ 1.8 times as fast",
                f"{speedup.median:.3g} ± {speedup.spread:.0%}",
                speedup.median >= 1.8,
            )
        ],
    )
