"""The command line, `python -m surrofun`: one function adds each command, one runs it."""

from __future__ import annotations

import argparse
import functools
import os
import pathlib
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from .expressions import parse

Shape = Callable[..., Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 2 after a mistake of the user's, 141 after a closed pipe."""
    parser = argparse.ArgumentParser(prog="python -m surrofun", description="Surrogate gradients in JAX.")
    commands = parser.add_subparsers(required=True, metavar="command", title="commands")
    for add in (_add_demo,):
        add(commands)
    options = parser.parse_args(argv)
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (argparse.ArgumentError, OSError) as error:
        print(f"surrofun: {error}", file=sys.stderr)
        return 2
    return 0


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser(
        "demo",
        help="train a spiking network and print its test accuracy",
        description="Train the spiking network of Zenke & Vogels 2021 on their Randman task, about 20 s on two cores.",
        epilog="""examples:
  python -m surrofun demo
  python -m surrofun demo --surrogate "mix(triangle(2), shift(atan, 0.1))" --epochs 20
  python -m surrofun demo --surrogate superspike --seed 1 --out curve.pdf""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--surrogate", default="superspike(10)", help="an expression of shapes (%(default)s)")
    parser.add_argument(
        "--epochs",
        type=functools.partial(_whole, least=1),
        default=10,
        help="passes over the training set (%(default)s)",
    )
    parser.add_argument("--seed", type=_whole, default=0, help="of data, weights and order (%(default)s)")
    parser.add_argument("--out", default="surrofun-demo.png", help="the figure, drawn with matplotlib (%(default)s)")
    parser.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> None:
    from . import demo

    grad_fn = _valid("--surrogate", find_shape, options.surrogate)
    out = _valid("--out", _writable, options.out)
    demo.run(grad_fn, epochs=options.epochs, seed=options.seed, out=out)


def _valid(option: str, read: Callable[[str], Any], text: str) -> Any:
    """Return `read(text)`; what it objects to is the user's mistake, told in one line."""
    try:
        return read(text)
    except (ValueError, TypeError, SyntaxError, ArithmeticError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise argparse.ArgumentError(None, f"{option} {text!r}: {reason.splitlines()[0]}") from None


def find_shape(text: str) -> Shape:
    """Return the shape that an expression describes, if its slope is finite around the threshold.

    Raises:
        ValueError: it is no expression of registered shapes, or not finite.
    """
    shape = parse(text)
    if not jnp.isfinite(shape(jnp.array([-1.0, 0.0, 1.0]))).all():
        raise ValueError("the slope is not finite")
    return shape


def _whole(text: str, least: int = 0) -> int:
    if not text.isdecimal() or not least <= int(text) < 2**32:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} to 2**32 - 1, got {text!r}")
    return int(text)


def _writable(text: str) -> str:
    """Return the path of a figure, with a suffix; see that it can be saved before any work is done for it."""
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError:
        return text
    path = pathlib.Path(text)
    if path.is_dir():
        raise ValueError("is a directory")
    path = path if path.suffix else path.with_suffix(".png")
    if path.suffix[1:].lower() not in FigureCanvasBase.get_supported_filetypes():
        raise ValueError(f"matplotlib does not write {path.suffix} files")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError("cannot be written to")
    return str(path)


def _interrupted(*_: Any) -> None:
    """End at once. A KeyboardInterrupt may get lost in a callback of JAX, or take Python down under XLA's threads."""
    os.write(2, b"\ninterrupted\n" if sys.stdout.isatty() else b"interrupted\n")  # not behind a progress bar
    os._exit(130)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    sys.exit(main())
