"""Bits, eight rows of an axis in a byte, and random numbers for them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def uniform(key: jax.Array, like: jax.Array) -> jax.Array:
    """Return uniform numbers in [0, 1), four of each random word, which is turned by a byte for each: words cost time.

    The covariance of what is drawn by two of one word is 1 / 256 at most; no gradient multiplies slopes of one call.

    >>> drawn = uniform(jax.random.key(0), jnp.zeros((8, 256)))
    >>> drawn.shape, bool((drawn >= 0).all() & (drawn < 1).all()), float(drawn.mean().round(1))
    ((8, 256), True, 0.5)
    """
    axis = _axis_of_bytes(like)
    if axis is None:
        return jax.random.uniform(key, like.shape, like.dtype)
    shape, at = _in_bytes(like.shape, axis)
    words = jax.random.bits(key, (*shape[:at], 1, 2, *shape[at + 1 :]), np.uint32)
    turns = 8 * np.arange(4, dtype=np.uint32).reshape(*(1,) * at, 4, *(1,) * (len(shape) - at))
    turned = words << turns | words >> (32 - turns) % 32
    numbers = (turned >> np.uint32(8)).astype(like.dtype) * 2.0**-24
    return _joined(numbers, like, axis)


def pack(bits: jax.Array) -> jax.Array:
    """Return booleans as bits of bytes, eight rows of an axis in one: a CPU packs these faster than eight of a row.

    >>> pack(jnp.arange(8) < 3)
    Array([7], dtype=uint8)
    """
    axis = _axis_of_bytes(bits)
    if axis is None:
        return bits
    shape, at = _in_bytes(bits.shape, axis)
    n = bits.shape[axis]
    if n % 8:  # the last row again: a CPU takes longer where each element has to ask whether it is in the padding
        bits = jnp.take(bits, np.minimum(np.arange(_whole(n)), n - 1), axis=axis, mode="clip")
    packed: jax.Array = (bits.reshape(shape).astype(np.uint8) << _places(shape, at)).sum(at, dtype=np.uint8)
    return packed


def unpack(kept: jax.Array, like: jax.Array) -> jax.Array:
    """Return the booleans that were packed, in the shape of `like`.

    >>> bits = jnp.arange(10) % 3 == 0
    >>> pack(bits).nbytes, (unpack(pack(bits), bits) == bits).all()
    (2, Array(True, dtype=bool))
    """
    if kept.dtype == bool:
        return kept
    # The axis is read off what is kept, since `like` may be spread over other devices than the bits were.
    shorter = [i for i, n in enumerate(kept.shape) if n < like.shape[i]]
    axis = shorter[0] if shorter else kept.shape.index(1)  # any of one row, whose bit fills the byte
    shape, at = _in_bytes(like.shape, axis)
    return _joined(jnp.expand_dims(kept, at) >> _places(shape, at) & np.uint8(1), like, axis) == 1


def _axis_of_bytes(x: jax.Array) -> int | None:
    """Return the first axis whose bits fill 5 / 8 of the bytes, where a CPU is fast, or else the one that fills most.

    Its size is known, and it is not spread over devices.
    """
    if 0 in x.shape:
        return None
    spread = jax.typeof(x).sharding.spec
    axes = [i for i, n in enumerate(x.shape) if isinstance(n, int) and not spread[i]]
    return max(axes, key=lambda i: min(x.shape[i] / _whole(x.shape[i]), 5 / 8), default=None)


def _whole(n: int) -> int:
    """Return how many bits the bytes have that hold n."""
    return n + -n % 8


def _in_bytes(shape: tuple[int, ...], axis: int) -> tuple[tuple[int, ...], int]:
    """Return the shape in which an axis is cut into bytes, and the axis of the bits of one.

    Neighbouring rows are in one byte, so that an axis that the compiler divides among devices stays divided; of the
    last axis, what is in one byte is far apart, since a CPU works on neighbours at once.
    """
    count, last = _whole(shape[axis]) // 8, axis == len(shape) - 1
    return (*shape[:axis], *((8, count) if last else (count, 8)), *shape[axis + 1 :]), axis if last else axis + 1


def _joined(rows: jax.Array, like: jax.Array, axis: int) -> jax.Array:
    """Return what is cut into bytes as an array of the shape of `like`; what fills the last byte goes."""
    whole = rows.reshape((*like.shape[:axis], _whole(like.shape[axis]), *like.shape[axis + 1 :]))
    return lax.slice_in_dim(whole, 0, like.shape[axis], axis=axis)


def _places(shape: tuple[int, ...], at: int) -> Any:
    return np.arange(8, dtype=np.uint8).reshape(*(1,) * at, 8, *(1,) * (len(shape) - at - 1))
