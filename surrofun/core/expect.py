"""What is asked of a potential, and of what a function of it returns; each complaint says what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .dtype import as_array, broadcasts
from .text import describe_value, show


def as_potential(x: Any, g: Any) -> jax.Array:
    """Return `x` as an array, if it is real floating point.

    Raises:
        TypeError: in the name of the shape `g`, it is not.

    >>> as_potential(0.5, abs)
    Array(0.5, dtype=float32, weak_type=True)
    """
    try:
        potential = as_array(x)
    except (TypeError, ValueError):
        raise TypeError(f"{show(g)}: expected a real floating point potential, got {describe_value(x)}") from None
    if not jnp.issubdtype(potential.dtype, jnp.floating):
        raise TypeError(
            f"{show(g)}: expected a real floating point potential, got dtype {potential.dtype}; "
            "subtract the threshold first, or cast with x.astype(jnp.float32)"
        )
    return potential


def evaluated(how: Callable[..., Any], f: Callable[..., Any], x: jax.Array, *, what: str, blame: Any) -> jax.Array:
    """Return `f(x)` in the shape and dtype of `x`, computed by the rules of `how`.

    Args:
        how: `rounded` or `compared`, the rules of dtype.
        f: a function of the potential.
        x: potential minus threshold, any shape.
        what: what it was to return, for the complaint.
        blame: the function that the user knows, which is the one that complains.

    Raises:
        TypeError: `f` returns no array of real numbers, or one that does not broadcast to the shape of `x`.

    >>> from surrofun.core.dtype import rounded
    >>> evaluated(rounded, lambda x: 1.0, jnp.zeros(2, jnp.bfloat16), what="slope", blame=abs)
    Array([1, 1], dtype=bfloat16)
    """
    value: jax.Array = how(lambda x: as_real(f(x), what, blame), x)
    if np.shape(value) == np.shape(x):
        return value
    if not broadcasts(value.shape, x.shape):
        raise TypeError(
            f"{show(blame)}: expected a {what} that broadcasts to the shape of x, {x.shape}, got shape {value.shape}"
        )
    return jnp.broadcast_to(value, x.shape)


def as_real(value: Any, what: str, blame: Any) -> Any:
    """Return what a function of the potential returned, if it is one real number or array.

    Args:
        value: what it returned.
        what: what that was to be.
        blame: the function that the user knows.

    Raises:
        TypeError: it is not.

    >>> as_real(0.5, "slope", abs)
    0.5
    """
    if isinstance(value, jax.Array | np.ndarray | np.generic | int | float) and not jnp.iscomplexobj(value):
        return value
    came = f"dtype {jnp.result_type(value)}" if hasattr(value, "dtype") else describe_value(value)
    raise TypeError(f"{show(blame)}: expected a {what} that is one real array, got {came}")


def as_key(key: Any, who: str) -> jax.Array:
    """Return `key`, if it is one random key, also of the older kind or traced.

    Raises:
        TypeError: in the name of the function `who`, it is none.

    >>> as_key(jax.random.key(0), "sampled") == jax.random.key(0)
    Array(True, dtype=bool)
    """
    dtype = getattr(key, "dtype", None)
    if dtype is None or not (jnp.issubdtype(dtype, jax.dtypes.prng_key) or dtype == jnp.uint32):
        raise TypeError(f"{who}: expected a random key, as jax.random.key(0) makes one, got {describe_value(key)}")
    if key.ndim != (dtype == jnp.uint32):
        raise TypeError(f"{who}: expected one random key, got an array of keys of shape {key.shape}")
    return key  # type: ignore[no-any-return]
