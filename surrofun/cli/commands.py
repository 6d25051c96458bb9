"""The command line, `python -m surrofun`: its words, and a function for each command."""

import argparse
import functools
import inspect
import itertools
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..core.shape import is_spike
from ..core.text import show
from ..registry import lookup, names
from ..spike import make_spike
from ..tools.check import check, report
from ..tools.curves import curves_of, summary
from . import terminal
from .arguments import find, finite_shape, valid, whole, writable

_COLORS = {"ok": 32, "limit": 33, "FAULT": 31}  # green, yellow, red
_DROPPED = "Not described, since python -OO drops docstrings"
_SHAPE = "an expression, or package.module:function, or what that returns for numbers"
_TITLES = "name", "parameters", "formula", "area", "peak", "source"
# In every docstring of the catalogue: the formula, and so on.
_FACTS = re.compile(r": (.+?)\. (?=[A-Z]).*?Area (.+?)\. Peak (.+?)\. Support.*Source: (.+?)\. >>>")
_REMARK = r"(?:[:;] |, (?=for |which ))(?![^()]*\))"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; without `argv`, as the program, with the words of its command line.

    Returns:
        0, or 1 if a checked shape or spike has a fault, 2 after a mistake of the user's, 141 after a closed pipe.
    """
    if argv is None:
        _become_a_program()
    try:
        try:
            options = _parser().parse_args(argv)
            return options.run(options) or 0
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (argparse.ArgumentError, OSError) as error:
        print(terminal.wrapped(f"surrofun: {error}", 2), file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m surrofun",
        description="Surrogate gradients for spiking neural networks in JAX.",
        exit_on_error=False,  # `main` tells them alike; on Python 3.11 argparse tells of one that is missing or unknown
        epilog="A shape is an expression, such as 'mix(triangle, shift(atan, 0.1))', or a function of "
        "yours, package.module:function, or what that returns for numbers, package.module:function(25).",
    )
    commands = parser.add_subparsers(required=True, metavar="command", title="commands")
    positive = functools.partial(whole, least=1)
    _add(commands, _list)
    command = _add(commands, _show)
    command.add_argument("shape", metavar="EXPR", help=_SHAPE)
    command.add_argument("--out", help="save a figure too, drawn with matplotlib")
    _add(commands, _check).add_argument("shape", metavar="EXPR", help=_SHAPE)
    command = _add(commands, _demo)
    command.add_argument("--surrogate", metavar="EXPR", default="superspike(beta=10.0)", help=f"{_SHAPE} (%(default)s)")
    command.add_argument("--epochs", type=positive, default=10, help="passes over the training set (%(default)s)")
    command.add_argument("--seed", type=whole, default=0, help="for data, weights and order (%(default)s)")
    command.add_argument("--out", default="surrofun-demo.png", help="its figure, drawn with matplotlib (%(default)s)")
    return parser


def _add(commands: Any, run: Callable[[argparse.Namespace], Any]) -> argparse.ArgumentParser:
    """Add the command of a function, with its name, and its docstring as help; return the parser of its arguments."""
    description, _, examples = (inspect.getdoc(run) or f"{_DROPPED}.").partition("\n\n")
    parser: argparse.ArgumentParser = commands.add_parser(
        run.__name__.removeprefix("_"),
        help=description[:1].lower() + description[1:-1],
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        exit_on_error=False,
    )
    parser.set_defaults(run=run)
    return parser


def _list(_: argparse.Namespace) -> None:
    """List the shapes, as entries in a terminal, as columns in a pipe.

    Tabs separate the columns: name, parameters, formula, area, peak, source.

    examples:
      python -m surrofun list
      python -m surrofun list | cut -f 1,6
    """
    rows = list(map(_row, names()))
    if sys.flags.optimize > 1:
        print(f"surrofun: {_DROPPED}: {', '.join(_TITLES[2:])}", file=sys.stderr)
    if sys.stdout.isatty():
        print(*terminal.entries(list(map(_entry, rows)), shutil.get_terminal_size().columns), sep="\n")
    else:
        print(*map("\t".join, [_TITLES[: max(map(len, rows))], *rows]), sep="\n")


def _row(name: str) -> tuple[str, ...]:
    """Return name and parameters of a shape and, if its docstring has them, the facts."""
    shape = lookup(name)
    takes = inspect.signature(shape).parameters.values()
    parameters = [f"{p.name}={p.default}" for p in takes if p.default is not p.empty]
    facts = _FACTS.search(" ".join((shape.__doc__ or "").split()))
    return name, ", ".join(parameters), *(facts.groups() if facts else ())


def _entry(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return name, formula and the rest of a row, without remarks, and of the source its authors and the year."""
    name, parameters, formula, area, peak, source = (re.split(_REMARK, cell)[0] for cell in (*row, *[""] * 4)[:6])
    facts = parameters, area and f"area {area}", peak and f"peak {peak}", re.sub(r"(?<=\d{4}).*", "", source)
    return tuple(filter(None, (name, formula, "; ".join(filter(None, facts)))))


def _show(options: argparse.Namespace) -> None:
    """Draw step, soft step and surrogate gradient of a shape.

    examples:
      python -m surrofun show sigmoid
      python -m surrofun show "mix(triangle, shift(atan, 0.1))" --out a.png
      python -m surrofun show my_package.my_module:my_shape
    """
    if options.out is not None:
        try:
            from .. import plot
        except ImportError:
            raise argparse.ArgumentError(None, "--out needs matplotlib, pip install matplotlib") from None
        out = valid("--out", writable, options.out)
    found, drawing = valid("shape", _drawn, options.shape)
    print(drawing)
    if options.out is not None:
        plot.shape(found).savefig(out, dpi=150)
        print(f"figure: {out}")


def _drawn(text: str) -> tuple[Any, str]:
    found = find(text)
    g = finite_shape(found)
    x, drawn = curves_of(g, found if is_spike(found) else None)
    if not np.isfinite(drawn["surrogate gradient"]).all():
        raise ValueError("the slope is not finite")
    columns, unicode = shutil.get_terminal_size().columns, terminal.writes_unicode(sys.stdout)
    wide = columns >= 72
    width, height = max(12, min((columns - 6) // 3 if wide else columns, 40)), 11 if wide else 8
    charts = [terminal.chart(title, x, y, width, height, unicode=unicode) for title, y in drawn.items()]
    lines = map("   ".join, zip(*charts, strict=True)) if wide else itertools.chain(*charts)
    return found, "\n".join([show(g), summary(g), *lines])


def _check(options: argparse.Namespace) -> int:
    """Check a shape or a finished spike function; status 1 is a fault.

    examples:
      python -m surrofun check "mix(triangle, shift(atan, 0.1))"
      python -m surrofun check my_package.my_module:my_shape
      python -m surrofun check "spyx.axn:superspike(25)"
    """
    found = valid("shape", find, options.shape)
    is_called = ":" in options.shape and "(" in options.shape
    results = check(functools.partial(find, options.shape)) if is_called else check(found)  # or it cannot be rebuilt
    print(options.shape if is_called else show(found))
    for line in report(results).splitlines():
        word, _, rest = terminal.wrapped(line, 9).partition(" ")
        print(terminal.paint(word, _COLORS[word], sys.stdout) if word in _COLORS else word, rest)
    return int(not all(result["ok"] for result in results.values()))


def _demo(options: argparse.Namespace) -> None:
    """Train a small spiking network on spike times, in about 20 s.

    Randman, the task of Zenke & Vogels 2021: ten classes, each of them a random
    curve in a space of 20 spike times. 10 % of the answers are right by chance.

    examples:
      python -m surrofun demo
      python -m surrofun demo --surrogate "mix(triangle, atan)" --epochs 20
      python -m surrofun demo --surrogate superspike --seed 1 --out curve.pdf
    """
    from . import demo

    def trainable(text: str) -> Any:
        g = finite_shape(find(text))
        jax.eval_shape(make_spike(g), jax.ShapeDtypeStruct((250, 100), jnp.float32))  # batch and hidden units
        return g

    grad_fn = valid("--surrogate", trainable, options.surrogate)
    out = valid("--out", writable, options.out)
    demo.run(grad_fn, epochs=options.epochs, seed=options.seed, out=out)


def _become_a_program() -> None:
    """End at Ctrl-C with one line, unless it is ignored, and escape what the encoding of a stream cannot write."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w")  # noqa: SIM115, one that is closed is None
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)


def _interrupted(*_: Any) -> None:
    """End at once. A KeyboardInterrupt may get lost in a callback of JAX, or take Python down under XLA's threads."""
    os.write(2, b"\ninterrupted\n" if sys.stdout.isatty() else b"interrupted\n")  # not behind a progress bar
    os._exit(130)
