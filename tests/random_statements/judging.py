"""What `check` says of random statements, and whether it is false."""

import collections
import signal
import statistics
import time

import mpmath
import numpy as np

from tests.random_statements.evaluation import (
    DIGITS,
    LARGE_DIGITS,
    UndefinedError,
    UnknownError,
    false_finite,
    false_limit,
    false_of_setting,
    quantities_at,
    sides,
    split,
    stepped_at,
)
from tests.random_statements.generation import generated
from ttt_theory.errors import StatementError
from ttt_theory.statements import deciding

SECONDS = 15
CRASHED = "crashed: "


class _OutOfTimeError(BaseException):
    pass


def _stop(*_):
    raise _OutOfTimeError


def judged(seed, index, points=40):
    """Return what `check` says of a statement, and why that is false if it is."""
    statement, setting = generated(seed, index)
    start = time.monotonic()
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    try:
        answer = deciding.decided(statement, setting)
    except StatementError as error:
        answer = {"verdict": "refused", "tried": [str(error)]}
    except (_OutOfTimeError, MemoryError):
        answer = {"verdict": "undecided", "tried": ["stopped"]}
    except Exception as error:  # noqa: BLE001 - a crash is no verdict, and is reported
        answer = {"verdict": "undecided", "tried": [f"{CRASHED}{error!r}"]}
    finally:
        signal.alarm(0)
    seconds = time.monotonic() - start
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, 1)))
    in_limit = sides(split(statement)[0])[1] == "~"
    with mpmath.workdps(LARGE_DIGITS if in_limit else DIGITS):
        try:
            if setting is not None:
                why = false_of_setting(statement, answer, setting)
            elif in_limit:
                why = false_limit(statement, answer, rng, points)
            else:
                why = false_finite(statement, answer, rng, points)
        except UnknownError:
            why = None
        except UndefinedError:
            why = "undefined there" if answer["verdict"] == "refuted" else None
    quantities_at.cache_clear()
    stepped_at.cache_clear()
    return {
        "index": index,
        "statement": statement,
        "kind": "setting" if setting is not None else "limit" if in_limit else "finite",
        "verdict": answer["verdict"],
        "tried": list(answer["tried"]),
        "seconds": seconds,
        "false": why,
    }


def summary(results):
    """Return the counts and times of many results."""
    counts = {
        kind: dict(collections.Counter(r["verdict"] for r in results if r["kind"] == kind))
        for kind in ("finite", "limit", "setting")
    }
    said = [r for r in results if r["verdict"] != "refused"]
    proofs = [r["seconds"] for r in said if r["verdict"] in ("proved", "asymptotic")]
    return {
        "statements": len(results),
        "false": [r for r in results if r["false"]],
        "crashed": [r for r in results if r["tried"] and r["tried"][0].startswith(CRASHED)],
        "undecided": sum(r["verdict"] == "undecided" for r in said) / max(len(said), 1),
        "counts": counts,
        "median_seconds_of_a_proof": statistics.median(proofs) if proofs else None,
    }
