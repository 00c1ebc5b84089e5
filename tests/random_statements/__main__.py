"""Random statements put to `check`: ``python -m tests.random_statements [--count 5000]``.

It ends with status 1 where a verdict is false, and reports the share of undecided ones.
"""

import argparse
import json
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

from tests.random_statements.judging import judged, summary


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.random_statements")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="number of the first statement")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="one JSON object a line, for each statement")
    arguments = parser.parse_args()
    results = []
    with (
        multiprocessing.Pool(arguments.workers, maxtasksperchild=50) as pool,
        (arguments.out or Path(os.devnull)).open("w", encoding="utf-8") as lines,
    ):
        for result in pool.imap_unordered(
            partial(judged, arguments.seed),
            range(arguments.first, arguments.first + arguments.count),
        ):
            results.append(result)
            print(json.dumps(result), file=lines, flush=True)
            if result["false"]:
                print(f"FALSE: {json.dumps(result)}", file=sys.stderr, flush=True)
            if len(results) % 50 == 0:
                print(f"{len(results)} of {arguments.count}", file=sys.stderr, flush=True)
    found = summary(results)
    print(json.dumps(found, indent=2))
    sys.exit(1 if found["false"] or found["crashed"] else 0)


if __name__ == "__main__":
    main()
