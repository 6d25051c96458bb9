"""What a person types at the command line, read, or turned down in one line."""

import argparse
import difflib
import importlib
import inspect
import io
import os
import pathlib
import re
import sys
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..core.dtype import as_real
from ..core.facts import signature_of
from ..core.shape import Shape, as_shape, given, shape_behind
from ..core.text import describe_value
from ..expressions import parse, parse_arguments


def valid(what: str, read: Callable[[str], Any], text: str) -> Any:
    """Return `read(text)`; what it objects to is the user's mistake, told in one line."""
    try:
        return read(text)
    except (Exception, SystemExit) as error:  # of the user's function, it may be any
        says_why = isinstance(error, ValueError | TypeError) and str(error).strip()
        reason = str(error).strip() if says_why else f"{type(error).__name__}: {error}"
        reason = reason.removeprefix(f"parse: line 1, column 1, at {text!r}: ").removeprefix("parse: ")
        raise argparse.ArgumentError(None, f"{what} {text!r}: {reason.splitlines()[0]}") from None


def find(text: str) -> Shape:
    """Return the shape of an expression, the function of `package.module:function`, or what it returns for numbers.

    Nothing in the text is evaluated: the numbers of `package.module:function(25, height=0.5)` are read as in `parse`.
    """
    if ":" not in text:
        return parse(text)
    called = re.fullmatch(r"\s*([\w.]+):([\w.]+)(?:\((.*)\))?\s*", text, re.DOTALL)
    if not called:
        raise ValueError("expected package.module:function, or that called with numbers, package.module:function(25)")
    module, path, numbers = called.groups()
    if os.getcwd() not in sys.path:  # it is there under `python -m`, and is not under a script
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{module!r} cannot be imported, {type(error).__name__}: {error}") from None
    for name in path.split("."):
        if not hasattr(found, name):
            near = difflib.get_close_matches(name, dir(found))
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(f"there is no {name!r} in {getattr(found, '__name__', module)}{hint}")
        found = getattr(found, name)
    hint = ""
    if numbers is not None and callable(found):
        args, kwargs = parse_arguments(" " * called.start(3) + numbers)  # a fault is told by its column in the whole
        found = _called(found, args, kwargs)
        hint = "; a shape takes its parameters by keyword" if args else ""
    if not callable(found):
        raise ValueError(f"expected a function g(x, *params), got {describe_value(found)}{hint}")
    return found  # type: ignore[no-any-return]


def _called(f: Any, args: Any, kwargs: Any) -> Any:
    """Return what a function returns for numbers; or itself with them, where all that is missing is the potential."""
    first, takes = signature_of(f)
    is_given = not first or args or first in kwargs or takes is None
    if is_given or inspect.signature(f).parameters[first].default is not inspect.Parameter.empty:
        return f(*args, **kwargs)
    return given(as_shape(f, "check"), **kwargs)


def finite_shape(found: Any) -> Shape:
    """Return what `find` found, or of a spike function its shape; its slope has to be finite around the threshold."""
    shape: Shape = shape_behind(found)
    x = jnp.array([[-1.0], [0.0], [1.0]])  # a column: one neuron, or as many as it has
    slopes = shape(x)
    if callable(slopes):
        raise ValueError("returns a function; call it with numbers, as in package.module:function(25)")
    if not np.isfinite(as_real(slopes, "slope", shape)).all():
        raise ValueError("the slope is not finite")
    return shape


def whole(text: str, least: int = 0) -> int:
    """Return a whole number from `least` to 2**32 - 1."""
    if not text.isdecimal() or not least <= int(text) < 2**32:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} to 2**32 - 1, got {text!r}")
    return int(text)


def writable(text: str) -> str:
    """Return the path of a figure, with a suffix; see that it can be saved before any work is done for it."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return text
    path = pathlib.Path(text)
    path = path if path.suffix or path.is_dir() else path.with_suffix(".png")
    if path.is_dir():
        raise ValueError("is a directory")
    figure = Figure()
    figure.text(0, 0, "of which the size is measured")
    try:
        figure.savefig(io.BytesIO(), format=path.suffix[1:].lower(), bbox_inches="tight")
    except (ValueError, RuntimeError):  # a format that it does not know, or one that needs TeX
        raise ValueError(f"matplotlib does not write {path.suffix} files here") from None
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError("cannot be written to")
    return str(path)
