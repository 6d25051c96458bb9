"""What nobody notices: the code is changed in one place, and the tests that run this place are run.

    python -m tests.mutants [--count 200] [--seed 0] [--only surrofun/spike.py ...] [--again 3f2a ...] [--budget 30]

All of it happens in a copy of the tree. First the tests are run once, and `sys.monitoring` (Python 3.12 or newer) notes
which of them run which lines, and how long they take. Then each change gets those that run its line, quick ones of many
files first, as many as half a minute allows. What survived may need more: `--again` with a larger budget. What survives
that, too: write a test, or simplify the code.
"""

import argparse
import ast
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # as in conftest.py, before jax is imported
os.environ["EXHAUSTIVE"] = "1"  # not the sample

import jax  # noqa: F401
import mpmath  # noqa: F401
import pytest
import scipy.integrate
import scipy.special  # noqa: F401

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).parent.parent
CHANGED = ("spike", "calculus", "combinators", "steps", "core/*", "residuals/*", "search/*", "shapes/*")
NOT_CHANGED = {"__init__.py", "elsewhere.py"}
NOT_RUN = ("demo", "devices", "dropins", "evidence", "notebooks", "plot", "shipping", "typing")
LIMIT = 4  # budgets until a change counts as noticed, since its tests do not end
SWAPPED = [
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
    *((ast.Pow, ast.Mult), (ast.FloorDiv, ast.Mult), (ast.Mult, ast.Div), (ast.Add, ast.Sub)),
    *((ast.And, ast.Or), (ast.BitAnd, ast.BitOr)),
]
OTHER = {kind: other for pair in SWAPPED for kind, other in (pair[::-1], pair)}
NAMES = {"maximum": "minimum", "any": "all", "max": "min", "isnan": "isinf", "argmax": "argmin", "floor": "ceil"}
NAMES |= {other: name for name, other in NAMES.items()}


def changes(tree):
    """Yield (node, what stands in its place) for each change of one place; messages and types are left alone."""
    skipped = {id(child) for node in ast.walk(tree) for part in not_computed(node) for child in ast.walk(part)}
    for node in (node for node in ast.walk(tree) if id(node) not in skipped):
        match node:
            case ast.Compare(left, [op], [right]) if type(op) in OTHER:
                yield node, ast.Compare(left, [OTHER[type(op)]()], [right])
            case ast.BinOp(left, op, right) if type(op) in OTHER:
                yield node, ast.BinOp(left, OTHER[type(op)](), right)
            case ast.BoolOp(op, values):
                yield node, ast.BoolOp(OTHER[type(op)](), values)
            case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
                yield node, operand
            case ast.If(test) | ast.IfExp(test) | ast.comprehension(ifs=[test]):
                yield test, ast.UnaryOp(ast.Not(), test)
            case ast.Constant(bool(value)):
                yield node, ast.Constant(not value)
            case ast.Constant(int(value) | float(value)) if value + 1 != value:
                yield node, ast.Constant(value + 1)
            case ast.Call(ast.Attribute(attr="stop_gradient"), [operand]):
                yield node, operand
            case ast.Attribute(value, name) if name in NAMES:
                yield node, ast.Attribute(value, NAMES[name], ast.Load())


def not_computed(node):
    """The parts of a node that say something to a reader or to a type checker."""
    parts = [getattr(node, name, None) for name in ("annotation", "returns")]
    of_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    if of_types or isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert):
        parts.append(node)
    return filter(None, parts)


def all_changes(tree):
    """Every change there is, as (file, line, before, after, text of the changed file), with a name that it keeps."""
    found = {}
    paths = [path for pattern in CHANGED for path in tree.glob(f"surrofun/{pattern}.py")]
    for path in sorted(path for path in paths if path.name not in NOT_CHANGED):
        text, file = path.read_bytes(), str(path.relative_to(tree))
        starts = [0, *(m.end() for m in re.finditer(b"\n", text))]
        for node, other in changes(ast.parse(text)):
            begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            before, after = text[begin:end].decode(), f"({ast.unparse(ast.fix_missing_locations(other))})"
            context = f"{file}:{before}:{after}:{text[max(0, begin - 60) : end + 60]}"
            changed = text[:begin] + after.encode() + text[end:]
            found[hashlib.sha1(context.encode()).hexdigest()[:6]] = file, node.lineno, before, after, changed
    return found


class Lines:
    """A plugin of pytest that notes for each test which lines of the package it runs, and how long it takes."""

    def __init__(self, tree):
        self.tree, self.seen, self.found = f"{tree}/", set(), {}
        tool, events = sys.monitoring.PROFILER_ID, sys.monitoring.events
        sys.monitoring.use_tool_id(tool, "lines")
        sys.monitoring.register_callback(tool, events.LINE, self.note)
        # The first line of a lambda is none of the LINE events.
        sys.monitoring.register_callback(tool, events.PY_START, lambda code, _: self.note(code, code.co_firstlineno))
        sys.monitoring.set_events(tool, events.LINE | events.PY_START)

    def note(self, code, line):
        if code.co_filename.startswith(self.tree + "surrofun"):
            self.seen.add((code.co_filename.removeprefix(self.tree), line))
        return sys.monitoring.DISABLE

    def pytest_sessionfinish(self):
        sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.NO_EVENTS)

    def pytest_runtest_setup(self, item):
        self.seen.clear()
        self.start = time.perf_counter()
        sys.monitoring.restart_events()

    def pytest_runtest_teardown(self, item):
        self.found[item.nodeid] = [time.perf_counter() - self.start, sorted(self.seen)]


def run_tests(tree, tests, out, limit):
    """Run tests in a fork of this process, which has imported what is slow to import; return its status."""
    child = os.fork()
    if not child:
        status = 3
        try:
            os.chdir(tree)
            sys.path[:0] = [str(tree), str(tree / "tests")]
            sys.argv[0] = "pytest"
            with open(out, "w") as stream:
                os.dup2(stream.fileno(), 1), os.dup2(stream.fileno(), 2)
            status = int(pytest.main(["-x", "-rfE", "-p", "no:cacheprovider", *tests]))
        finally:
            os._exit(status)
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "no end"


def record(tree, out):
    """Run the tests in this process, and write down which lines each of them runs."""
    lines, left_out = Lines(tree), [f"--ignore=tests/test_{name}.py" for name in NOT_RUN]
    if pytest.main(["-q", "-p", "no:cacheprovider", *left_out, "tests"], plugins=[lines]):
        sys.exit("a test fails though nothing is changed: it would notice every change")
    out.write_text(json.dumps(lines.found))


def concerned(found, file, line, text, budget):
    """The tests that run a line, as many as the budget in seconds allows: the quickest of each file, then the next.

    Of a line that is run when it is imported, they are those that run a line with a constant of it, or else the next
    line, and those that look at signatures alone.
    """
    every, looking = {run for _, lines in found.values() for f, run in lines if f == file}, []
    chosen_lines = {line}
    if line not in every:
        constants = [set(re.findall(r"\b_?[A-Z][A-Z_\d]+\b", row)) for row in text.splitlines()]
        chosen_lines = {run for run in every if constants[run - 1] & constants[line - 1]}
        chosen_lines = chosen_lines or {min((run for run in every if run > line), default=max(every))}
        looking = [test for test, (_, lines) in found.items() if not lines]
    turns, ranked, chosen, total = collections.Counter(), [], [], 0.0
    for test, (seconds, lines) in sorted(found.items(), key=lambda item: item[1][0]):
        if any([file, run] in lines for run in chosen_lines):
            turns[tests := test.partition("::")[0]] += 1
            ranked.append((seconds * turns[tests], seconds, test))  # a slow one waits for those of other files
    for _, seconds, test in sorted(ranked):
        total += seconds
        if not chosen or total <= budget:
            chosen.append(test)
    return looking + chosen


def outcome(tree, change, found, budget):
    """The test that notices a change, or None; one that never ends is noticed."""
    file, line, _, _, text = change
    original, out = (tree / file).read_bytes(), tree / "out"
    if not (tests := concerned(found, file, line, original.decode(), budget)):
        return None
    (tree / file).write_bytes(text)
    status = run_tests(tree, tests, out, LIMIT * budget)
    (tree / file).write_bytes(original)
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", out.read_text(), re.MULTILINE)
    return failed[1] if failed else f"status {status}" if status else None


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="how many changes, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[""], help="files to change, by the beginning of their paths")
    parser.add_argument("--again", nargs="+", help="names of changes, as they were printed")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds of tests for a change")
    parser.add_argument("--lines", type=pathlib.Path, help="where the lines that tests run are kept between two runs")
    parser.add_argument("--record", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.record:
        return record(options.record, options.lines)

    with tempfile.TemporaryDirectory() as folder:
        tree, lines = pathlib.Path(folder, "tree"), options.lines or pathlib.Path(folder, "lines.json")
        tree.mkdir()
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, tree)
        for name in ("surrofun", "tests", "notebooks"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        if not lines.exists():
            environment = {**os.environ, "PYTHONPATH": f"{tree}:{tree}/tests"}
            command = [sys.executable, "-m", "tests.mutants", "--record", tree, "--lines", lines]
            subprocess.run(command, cwd=tree, env=environment, check=True)
        found = json.loads(lines.read_text())
        every = all_changes(tree)
        names = [name for name, change in every.items() if change[0].startswith(tuple(options.only))]
        names = options.again or random.Random(options.seed).sample(names, min(options.count, len(names)))
        table = collections.Counter()
        for n, name in enumerate(names, 1):
            file, line, before, after, _ = change = every[name]
            noticed = outcome(tree, change, found, options.budget)
            table[file, "noticed" if noticed else "survived"] += 1
            print(f"{n}/{len(names)} {name} {noticed or 'SURVIVED'}: {file}:{line}: {before} -> {after}", flush=True)
    for file in sorted({file for file, _ in table}):
        print(f"{file:32} {table[file, 'noticed']:4} noticed {table[file, 'survived']:4} survived")
    return None


if __name__ == "__main__":
    main()
