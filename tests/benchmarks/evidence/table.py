"""The numbers of the experiments: a table that is printed, kept as CSV and compared."""

import csv
import importlib.metadata
import os
import pathlib
import platform
import time

COLUMNS = ("of", "experiment", "setting", "measure", "mean", "sd", "n", "run")
COST = "CPU seconds in all"  # the measure of the last row of an experiment: where it is, the experiment is done


def origin(quick=False):
    """Return when and with what a row was made."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    made = f"{time.strftime('%Y-%m-%d')}, jax {importlib.metadata.version('jax')}, {name}, {os.cpu_count()} cores"
    return made + (", quick" if quick else "")


def line(r):
    """Return a row as text: experiment | setting | measure | mean | standard deviation | number of seeds."""
    spread = "-" if r["sd"] is None else f"{r['sd']:.3g}"
    return f"{r['experiment']} | {r['setting']} | {r['measure']} | {r['mean']:.4g} | {spread} | {r['n']}"


def read(path):
    """Return the rows of a file, none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as lines:
        rows = [*csv.DictReader(lines)]
    return [r | {"mean": float(r["mean"]), "sd": float(r["sd"]) if r["sd"] else None, "n": int(r["n"])} for r in rows]


def write(path, rows):
    """Keep the rows; a run that is cut off while it writes leaves the file of before."""
    beside = path.with_suffix(".part")
    with beside.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        for r in rows:
            spread = "" if r["sd"] is None else f"{r['sd']:.3g}"
            writer.writerow([f"{r['mean']:.4g}" if c == "mean" else spread if c == "sd" else r[c] for c in COLUMNS])
    beside.replace(path)


def seconds(rows):
    """Return the CPU seconds of each experiment that is done."""
    return {r["of"]: r["mean"] for r in rows if r["measure"] == COST}


def standard_error(r):
    return 0.0 if r["sd"] is None else r["sd"] / r["n"] ** 0.5


def compared(kept, new):
    """Return as text which means moved by more than two standard errors, of both runs together.

    The kept numbers are rounded, so half a percent of them is let pass. Seconds are not compared.
    """
    known = {(r["experiment"], r["setting"], r["measure"]): r for r in kept}
    pairs = [
        (known.get((r["experiment"], r["setting"], r["measure"])), r) for r in new if "seconds" not in r["measure"]
    ]
    held = [(old, r) for old, r in pairs if old]

    def allowed(old, r):
        return 2 * (standard_error(old) ** 2 + standard_error(r) ** 2) ** 0.5 + 0.005 * abs(old["mean"])

    moved = [(old, r) for old, r in held if not abs(r["mean"] - old["mean"]) <= allowed(old, r)]
    lines = [f"{line(r)}, was {old['mean']:.4g} ({old['run']})" for old, r in moved]
    more = f"; {len(pairs) - len(held)} rows are new" if len(pairs) > len(held) else ""
    return "\n".join([*lines, f"{len(moved)} of {len(held)} means moved by more than two standard errors{more}"])
