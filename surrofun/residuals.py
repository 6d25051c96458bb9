"""What is kept of the slope for the backward pass: codes that are smaller than the slope.

A code is a pair of plain functions, `encode(slope, *bounds)` and `decode(code, like, *bounds)`, where `like` is an
array of the wanted shape and dtype; `bounds` are the smallest and the largest slope of the shape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .calculus import bounds_of, places_beside
from .closures import holds_no_data, unique_partial
from .elementwise import widened
from .naming import show

Code = tuple[Callable[..., Any], Callable[..., Any]]


def code_of(residual: Any) -> Code:
    """Return `(encode, decode)` for the option `residual=` of `make_spike`.

    Args:
        residual: a float dtype, `uint8`, `"bit"`, or a pair of plain functions (encode, decode).

    Raises:
        TypeError: it is none of these.

    >>> encode, decode = code_of(jnp.uint8)
    >>> encode(jnp.array([0.0, 0.2, 1.0]), 0.0, 1.0)
    Array([  0,  51, 255], dtype=uint8)
    """
    if isinstance(residual, tuple) and len(residual) == 2 and all(map(callable, residual)):
        return functools.partial(_to_users, residual[0]), functools.partial(_from_users, residual[1])
    if isinstance(residual, str) and residual == "bit":
        return to_bits, _from_bits
    try:
        dtype = np.dtype(residual)
    except TypeError:
        dtype = np.dtype(object)
    if dtype == np.uint8:
        return to_bytes, _from_bytes
    bytewise = jnp.issubdtype(dtype, jnp.floating) and jnp.finfo(dtype).bits >= 8  # type: ignore[no-untyped-call]
    if bytewise and not np.zeros((), dtype):  # float8_e8m0fnu has no zero
        return unique_partial(_to_float, dtype.name), unique_partial(_from_float, dtype.name)
    raise TypeError(
        "make_spike: expected as residual None, a float dtype, uint8, 'bit' or a pair of functions (encode, decode), "
        f"got {residual!r}"
    )


def bounds(
    code: Code | None, known: bool, g: Any, x: jax.Array, /, *args: Any, **kwargs: Any
) -> tuple[tuple[float, ...], tuple[jax.Array, ...]]:
    """Return `(fixed, moving)` bounds of the slope: numbers where the shape holds nothing else, or else arrays.

    Raises:
        ValueError: they do not suit the code. Where they are not `known` yet, they are NaN then.

    >>> bounds(code_of(jnp.uint8), True, jnp.tanh, jnp.zeros(3))
    ((-1.0, 1.0), ())
    """
    if code is None or code[0] not in (to_bytes, to_bits):
        return (), ()
    two_valued = code[0] is to_bits
    if holds_no_data(g) and not args and not kwargs:
        return _fixed_bounds(g, two_valued), ()
    at_zero = np.zeros((1,) * x.ndim, np.float64 if x.dtype == jnp.float64 else np.float32)
    if known:
        with jax.ensure_compile_time_eval():
            return (), _suiting(g, two_valued, *_measured(g, two_valued, jnp.asarray(at_zero), *args, **kwargs))
    *ends, suit = _measured(g, two_valued, jnp.asarray(at_zero), *args, **kwargs)
    return (), tuple(jnp.where(suit, end, jnp.nan) for end in ends)


@functools.lru_cache(maxsize=1024)
def _fixed_bounds(g: Any, two_valued: bool) -> tuple[float, float]:
    with jax.ensure_compile_time_eval():
        measured = jax.jit(functools.partial(_measured, g, two_valued))(jnp.zeros(()))
        lowest, highest = map(float, _suiting(g, two_valued, *measured))
    return lowest, highest


def _measured(g: Any, two_valued: bool, x: jax.Array, /, *args: Any, **kwargs: Any) -> tuple[jax.Array, ...]:
    """Return the bounds of the slope, and whether they are finite and, if wanted, all the values that it has."""
    lowest, highest = bounds_of(g, x, *args, **kwargs)
    suit = jnp.isfinite(highest - lowest)
    if two_valued:
        args, kwargs = widened((args, kwargs))
        places = places_beside(x)
        slopes = g(places, *args, **kwargs) + jnp.zeros_like(places)
        suit &= ((slopes == lowest) | (slopes == highest)).all(axis=0)
    return jax.lax.stop_gradient((lowest, highest, suit))


def _suiting(g: Any, two_valued: bool, lowest: Any, highest: Any, suit: Any) -> tuple[jax.Array, jax.Array]:
    if not suit.all():
        wanted = "two values for residual='bit'" if two_valued else "bounded slope for residual=uint8"
        instead = "residual=jax.numpy.uint8" if np.isfinite(highest - lowest).all() else "a float dtype"
        raise ValueError(
            f"{show(g)}: expected a shape of {wanted}, got slopes between {lowest.min():g} and {highest.max():g}; "
            f"use {instead}"
        )
    return lowest, highest


def _to_users(encode: Callable[..., Any], slope: jax.Array, *bounds: Any) -> Any:
    return encode(slope)


def _from_users(decode: Callable[..., Any], code: Any, like: jax.Array, *bounds: Any) -> Any:
    return jnp.asarray(decode(code)).astype(like.dtype)


def _to_float(dtype: str, slope: jax.Array, *bounds: Any) -> Any:
    largest = float(jnp.finfo(dtype).max)  # type: ignore[no-untyped-call]
    # As integers: the compiler for the CPU widens an array of half precision, so that nothing would be saved.
    bits = f"uint{8 * jnp.dtype(dtype).itemsize}"
    return jax.lax.bitcast_convert_type(jnp.clip(slope, -largest, largest).astype(dtype), bits)


def _from_float(dtype: str, code: jax.Array, like: jax.Array, *bounds: Any) -> Any:
    return jax.lax.bitcast_convert_type(code, dtype).astype(like.dtype)


def to_bytes(slope: jax.Array, lowest: Any, highest: Any) -> Any:
    """Return the slope in 256 even steps from the smallest to the largest, the error at most 1/510 of that range.

    >>> to_bytes(jnp.array([0.0, 1.0]), 0.0, 2.0)
    Array([  0, 128], dtype=uint8)
    """
    lowest, highest = jnp.asarray(lowest, slope.dtype), jnp.asarray(highest, slope.dtype)
    span = jnp.where(highest > lowest, highest - lowest, 1.0)
    return jnp.rint(255 * jnp.clip((slope - lowest) / span, 0.0, 1.0)).astype(jnp.uint8)


def _from_bytes(code: jax.Array, like: jax.Array, lowest: Any, highest: Any) -> Any:
    lowest, highest = jnp.asarray(lowest, like.dtype), jnp.asarray(highest, like.dtype)
    return lowest + (highest - lowest) * (code.astype(like.dtype) / 255)


def to_bits(slope: jax.Array, lowest: Any, highest: Any) -> Any:
    """Return one bit a slope, packed along the last axis, or all together where that is shorter than a byte.

    >>> to_bits(jnp.array([0.0, 1.0, 1.0]), 0.0, 1.0)
    Array([96], dtype=uint8)
    """
    middle = jnp.asarray((lowest + highest) / 2, slope.dtype)
    high = slope >= middle
    return jnp.packbits(high if _packed_by_rows(slope) else high.ravel(), axis=-1)


def _packed_by_rows(x: jax.Array) -> bool:
    return x.size > 0 and x.ndim > 0 and x.shape[-1] >= 8


def _from_bits(code: jax.Array, like: jax.Array, lowest: Any, highest: Any) -> Any:
    count = like.shape[-1] if _packed_by_rows(like) else like.size
    high = jnp.unpackbits(code, axis=-1, count=count).reshape(like.shape)
    return jnp.where(high == 1, jnp.asarray(highest, like.dtype), jnp.asarray(lowest, like.dtype))
