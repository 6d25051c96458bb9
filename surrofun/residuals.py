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

from .calculus import bounds_beside
from .closures import holds_no_data, unique_partial
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
    if jnp.issubdtype(dtype, jnp.floating):
        return unique_partial(_to_float, dtype.name), unique_partial(_from_float, dtype.name)
    raise TypeError(
        "make_spike: expected as residual None, a float dtype, uint8, 'bit' or a pair of functions (encode, decode), "
        f"got {residual!r}"
    )


def bounds(
    code: Code | None, g: Any, x: jax.Array, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[float, ...], tuple[jax.Array, ...]]:
    """Return `(fixed, moving)` bounds of the slope: numbers where the shape holds nothing else, or else arrays.

    >>> bounds(code_of(jnp.uint8), jnp.tanh, jnp.zeros(3), (), {})
    ((-1.0, 1.0), ())
    """
    if code is None or code[0] not in (to_bytes, to_bits):
        return (), ()
    if holds_no_data(g) and not args and not kwargs:
        return _fixed_bounds(g, code[0] is to_bits), ()
    wide = x.astype(jnp.float64 if x.dtype == jnp.float64 else jnp.float32)
    return (), jax.lax.stop_gradient(bounds_beside(g, wide, *args, **kwargs))


@functools.lru_cache(maxsize=1024)
def _fixed_bounds(g: Any, two_valued: bool) -> tuple[float, float]:
    with jax.ensure_compile_time_eval():
        lowest, highest = map(float, jax.jit(functools.partial(bounds_beside, g))(jnp.zeros(())))
        offsets = np.geomspace(1e-5, 1e3, 129)
        slopes = np.asarray(g(jnp.asarray(np.concatenate([-offsets, [0.0], offsets]), jnp.float32)))
    if two_valued and not np.isin(slopes, [np.float32(lowest), np.float32(highest)]).all():
        raise ValueError(
            f"{show(g)}: expected a shape of two values for residual='bit', got slopes between {lowest:g} and "
            f"{highest:g}; use residual=jax.numpy.uint8"
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
    return jnp.packbits(high if slope.ndim and slope.shape[-1] >= 8 else high.ravel(), axis=-1)


def _from_bits(code: jax.Array, like: jax.Array, lowest: Any, highest: Any) -> Any:
    long = like.ndim and like.shape[-1] >= 8
    high = jnp.unpackbits(code, axis=-1, count=like.shape[-1] if long else like.size).reshape(like.shape)
    return jnp.where(high == 1, jnp.asarray(highest, like.dtype), jnp.asarray(lowest, like.dtype))
