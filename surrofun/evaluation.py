"""What is asked of a shape, of a potential, and of what comes out; each complaint says what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .elementwise import apply, widened
from .naming import describe_value, show


def as_shape(g: Any, who: str) -> Any:
    """Return `g`, if it may be a shape: a function, and not a spike function.

    Raises:
        TypeError: in the name of the function `who`, it is not.

    >>> as_shape(abs, "scale") is abs
    True
    """
    came = f"the spike function of {show(g)}; give the shape itself" if hasattr(g, "is_spike") else describe_value(g)
    if not callable(g) or hasattr(g, "is_spike"):
        raise TypeError(f"{who}: expected a shape, that is a function g(x, *params), got {came}")
    return g


def as_potential(x: Any, grad_fn: Any) -> jax.Array:
    """Return `x` as an array, if it is real floating point.

    Raises:
        TypeError: in the name of the shape `grad_fn`, it is not.

    >>> as_potential(0.5, abs)
    Array(0.5, dtype=float32, weak_type=True)
    """
    try:
        potential = jnp.asarray(x)
    except (TypeError, ValueError):
        raise TypeError(f"{show(grad_fn)}: expected a real floating point potential, got {describe_value(x)}") from None
    if not jnp.issubdtype(potential.dtype, jnp.floating):
        raise TypeError(
            f"{show(grad_fn)}: expected a real floating point potential, got dtype {potential.dtype}; "
            "subtract the threshold first, or cast with x.astype(jnp.float32)"
        )
    return potential


def evaluated(f: Callable[..., Any], named: Any, what: str, x: jax.Array, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Return `f(x, *args, **kwargs)` in the shape and dtype of `x`, computed in at least float32.

    Args:
        f: a function of the potential and of parameters.
        named: the function that the user knows, which is the one that complains.
        what: what it was to return, for the complaint.
        x: potential minus threshold, any shape.
        args, kwargs: the parameters, also in half precision.

    Raises:
        TypeError: `f` returns no array of real numbers, or one that does not broadcast to the shape of `x`.

    >>> evaluated(lambda x, alpha: alpha, abs, "slope", jnp.zeros(2, jnp.bfloat16), 1.0)
    Array([1, 1], dtype=bfloat16)
    """
    args, kwargs = widened((args, kwargs))

    def checked(x: jax.Array) -> Any:
        value = f(x, *args, **kwargs)
        if not isinstance(value, jax.Array | np.ndarray | np.generic | int | float):
            came = describe_value(value)
        elif jnp.iscomplexobj(value):
            came = f"dtype {jnp.result_type(value)}"
        else:
            return value
        raise TypeError(f"{show(named)}: expected a {what} that is one real array, got {came}")

    x = jnp.asarray(x)
    try:
        value = apply(checked, x)
    except Exception as error:
        error.add_note(f"in the {what} of {show(named)}, at potentials of shape {x.shape}")
        raise
    try:
        return jnp.broadcast_to(value, x.shape)
    except ValueError:
        raise TypeError(
            f"{show(named)}: expected a {what} that broadcasts to the shape of x, {x.shape}, got shape {value.shape}"
        ) from None
