"""What a function, a parameter or a composition is called in names and in error messages."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np


def show(part: Any) -> str:
    """Return the short name of a shape or the text of one of its parameters.

    >>> show(functools.partial(show, part=2.0)), show(np.float32(0.5)), show(np.zeros((2, 3)))
    ('show(part=2.0)', '0.5', '<float64[2, 3]>')
    """
    if callable(part):
        if isinstance(part, functools.partial) and "__name__" not in vars(part):
            shown = [*map(show, part.args), *(f"{key}={show(value)}" for key, value in part.keywords.items())]
            return f"{show(part.func)}({', '.join(shown)})"
        return str(getattr(part, "__name__", None) or repr(part))
    if type(part) is tuple:
        return f"({', '.join(map(show, part))}{',' * (len(part) == 1)})"
    if isinstance(part, jax.core.Tracer) or (isinstance(part, jax.Array | np.ndarray) and part.ndim):
        return f"<{part.dtype}{list(part.shape)}>"
    return repr(part.item() if isinstance(part, jax.Array | np.ndarray | np.generic) else part)


def describe_value(value: Any) -> str:
    """Return type and value of an argument that was not what was expected, for an error message.

    >>> describe_value("sigmoid")
    "str 'sigmoid'"
    """
    if isinstance(value, jax.Array | np.ndarray) and np.ndim(value):
        return f"an array of shape {np.shape(value)}"
    return f"{type(value).__name__} {value!r}"
