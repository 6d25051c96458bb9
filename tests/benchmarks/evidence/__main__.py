"""Run every experiment, print the table and keep it as JSON: `python -m tests.benchmarks.evidence [--quick]`.

The full run takes 100 minutes of CPU time; `--jobs 2` runs two experiments at a time, in processes of their own. What
is already in the file is not run again. Speech and watch need the files of other people's packages, see `recordings`.
"""

import argparse
import concurrent.futures
import contextlib
import functools
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import platform
import time

from .experiments import EXPERIMENTS, run
from .training import FULL, QUICK


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def circumstances(size):
    versions = {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy", "surrofun")}
    date = time.strftime("%Y-%m-%d")
    return {"date": date, "python": platform.python_version(), **versions, "processor": processor(), "size": size}


def table(rows):
    """Return the rows as text: experiment | setting | measure | mean | standard deviation | number of seeds."""

    def plain(value):
        return f"{value:g}" if isinstance(value, float) else value

    def line(r):
        setting = "; ".join(f"{name}={plain(value)}" for name, value in r["setting"].items())
        spread = "-" if r["sd"] is None else f"{r['sd']:.3f}"
        return f"{r['experiment']} | {setting} | {r['measure']} | {r['mean']:.3g} | {spread} | {r['n']}"

    return "\n".join(map(line, rows))


def write(path, result):
    """Keep the result as JSON, one row a line."""
    rows = ",\n".join(json.dumps(r) for r in result["rows"])
    rest = json.dumps({name: value for name, value in result.items() if name != "rows"}, indent=1)
    path.write_text(f'{rest[:-2]},\n "rows": [\n{rows}\n]}}\n')


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.evidence", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every experiment on a toy scale")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=[*EXPERIMENTS], metavar="EXPERIMENT")
    parser.add_argument("--jobs", type=int, default=1, help="how many experiments run at a time")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("evidence.json"))
    options = parser.parse_args(arguments)
    size = QUICK if options.quick else FULL
    result = json.loads(options.out.read_text()) if options.out.exists() else {"seconds": {}, "rows": []}
    if result["rows"] and result["size"] != size:
        parser.error(f"{options.out} holds a run of another size; remove it or choose another file with --out")
    result |= circumstances(size)
    todo = [name for name in options.only if name not in result["seconds"]]
    with contextlib.ExitStack() as stack:
        each = map
        if options.jobs > 1:
            context = multiprocessing.get_context("spawn")
            pool = concurrent.futures.ProcessPoolExecutor(options.jobs, context, max_tasks_per_child=1)
            each = stack.enter_context(pool).map
        results = each(functools.partial(run, size=size, quick=options.quick), todo)
        for name, (rows, seconds) in zip(todo, results, strict=True):
            result["seconds"][name] = seconds
            result["rows"] += rows
            write(options.out, result)
            if rows:
                print(table(rows), flush=True)
    return result


if __name__ == "__main__":
    main()
