"""Run every experiment and keep its numbers as CSV: `python -m tests.benchmarks.evidence [--quick] [--compare]`.

`--jobs 2` runs two experiments at a time, in processes of their own. What is already in the file is not run again, so
that a run that was cut off goes on where it was. `--compare` then holds the file against the numbers that the notebooks
show. Speech and watch need the files of other people's packages, see `recordings`.
"""

import argparse
import concurrent.futures
import contextlib
import functools
import multiprocessing
import pathlib
import time

from . import table
from .experiments import EXPERIMENTS, LONGER, run
from .training import FULL, QUICK

KEPT = pathlib.Path(__file__).parents[3] / "notebooks" / "evidence.csv"


def left(todo, spent, kept, jobs):
    """Return the seconds that the rest may take: by the kept run, as much slower or faster as this one was so far."""
    cost = table.seconds(kept)
    typical = sum(cost.values()) / len(cost) if cost else 1.0
    pace = sum(spent.values()) / sum(cost.get(name, typical) for name in spent) if spent else 1.0
    return pace * sum(cost.get(name, typical) for name in todo) / jobs


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.evidence", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every experiment on a toy scale")
    parser.add_argument(
        "--only", nargs="+", choices=EXPERIMENTS, metavar="EXPERIMENT", help=f"default: all but {LONGER}"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many experiments run at a time")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("evidence.csv"))
    parser.add_argument(
        "--compare", nargs="?", type=pathlib.Path, const=KEPT, help=f"with this file, or with {KEPT.name}"
    )
    options = parser.parse_args(arguments)
    options.only = options.only or [name for name in EXPERIMENTS if name not in LONGER]
    rows, origin = table.read(options.out), table.origin(options.quick)
    if any(r["run"].endswith("quick") != options.quick for r in rows):
        parser.error(f"{options.out} holds a run of another size; remove it or choose another file with --out")
    done, kept, spent = table.seconds(rows), table.read(KEPT), {}
    todo = [name for name in options.only if name not in done]
    size, started = QUICK if options.quick else FULL, time.perf_counter()
    with contextlib.ExitStack() as stack:
        one = functools.partial(run, size=size, quick=options.quick)
        results = map(one, todo)
        if options.jobs > 1:
            context = multiprocessing.get_context("spawn")
            pool = concurrent.futures.ProcessPoolExecutor(options.jobs, context, max_tasks_per_child=1)
            tasks = [stack.enter_context(pool).submit(one, name) for name in todo]
            results = (task.result() for task in concurrent.futures.as_completed(tasks))
        for name, new, wall in results:
            rows += [r | {"run": origin} for r in new]
            table.write(options.out, rows)
            spent[name] = wall
            rest = left([other for other in todo if other not in spent], spent, kept, options.jobs)
            so_far = f"{len(spent)} of {len(todo)} experiments in {(time.perf_counter() - started) / 60:.1f} minutes"
            print(f"{name} took {wall:.0f} s; {so_far}, about {rest / 60:.0f} minutes left", flush=True)
    if options.compare:
        print(table.compared(table.read(options.compare), [r for r in rows if r["of"] in options.only]))
    return rows


if __name__ == "__main__":
    main()
