"""What NumPy and JAX spell differently, and axes in front of those of the neurons."""

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Array: TypeAlias = Any  # of NumPy or of JAX
Arithmetic: TypeAlias = Any  # numpy or jax.numpy


def repeated(xp: Arithmetic, goes_on: Callable[..., Any], step: Callable[..., Any], state: Any) -> Any:
    """Return the state after steps for as long as it goes on.

    >>> repeated(np, lambda n: n < 5, lambda n: 2 * n, 1)
    8
    """
    if xp is jnp:  # jitted, since of a loop outside of `jit` JAX keeps what it has compiled
        return jax.jit(functools.partial(lax.while_loop, goes_on, step))(state)
    while goes_on(state):
        state = step(state)
    return state


def put(xp: Arithmetic, array: Array, rows: Array, start: Any, axis: int) -> Array:
    """Put rows into an array of JAX, where there is room for them; append them to one of NumPy.

    >>> put(np, np.zeros(1), np.ones(1), 0, 0), put(jnp, jnp.zeros(2), jnp.ones(1), 1, 0)
    (array([0., 1.]), Array([0., 1.], dtype=float32))
    """
    if xp is jnp:
        return lax.dynamic_update_slice_in_dim(array, rows, start, axis)
    return np.concatenate([array, rows], axis)


def highest(xp: Arithmetic, count: int, axis: int, values: Array, *arrays: Array) -> list[Array]:
    """Return the highest values along an axis, the highest first, and what the arrays have there.

    >>> highest(np, 2, 0, np.array([1, 3, 2]), np.array([4, 5, 6]))
    [array([3, 2]), array([5, 6])]
    """
    if xp is np:
        first = np.take(np.argsort(-values, axis, kind="stable"), np.arange(count), axis)
        return [np.take_along_axis(v, first, axis) for v in (values, *arrays)]
    # On a CPU a sort of all takes twenty times as long.
    best, order = lax.top_k(jnp.moveaxis(values, axis, -1), count)
    rows = jnp.stack([jnp.moveaxis(v, axis, 0) for v in arrays], -1)
    found = jnp.moveaxis(taken(rows[:, None], jnp.moveaxis(order, -1, 0)), 0, axis)
    return [jnp.moveaxis(best, -1, axis), *(found[..., k] for k in range(len(arrays)))]


def taken(rows: jax.Array, index: jax.Array) -> jax.Array:
    """Return the rows of a table (k, *n, m) at indices that broadcast with n; a gather that divided arrays permit.

    >>> taken(jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array(1))
    Array([3., 4.], dtype=float32)
    """

    def take(rows: jax.Array, index: jax.Array) -> jax.Array:
        return rows.at[index].get(mode="clip", out_sharding=jax.typeof(index).sharding)

    for axis in range(index.ndim):
        if rows.shape[axis + 1] > 1:
            take = jax.vmap(take, (-2, axis), axis)
    return take(lax.squeeze(rows, tuple(axis for axis in range(1, rows.ndim - 1) if rows.shape[axis] == 1)), index)


def shaped(array: Array, start: int, stop: int, *last: int) -> Array:
    """Return the array with one axis, and others of the sizes `last`, in the place of the axes from start to stop.

    >>> shaped(np.zeros((2, 6, 5)), 1, 2, 3).shape
    (2, 2, 3, 5)
    """
    first = math.prod(array.shape[start:stop]) // math.prod(last)
    shape = (*array.shape[:start], first, *last, *array.shape[stop:])
    if isinstance(array, np.ndarray):
        return array.reshape(shape)
    rest = lax.expand_dims(array[(slice(None),) * start + (0,) * (stop - start)], range(start, start + 1 + len(last)))
    return lax.reshape(array, shape, out_sharding=jax.typeof(rest).sharding)


def representable(array: Array, dtype: Any) -> Array:
    """Return the array with the digits that a dtype has, in its own dtype.

    >>> representable(np.array([1.0, 1.0004, 1e-9]), np.float16)
    array([1., 1., 0.])
    """
    return array.astype(dtype).astype(array.dtype)


def column(values: Any, like: Array) -> Array:
    """Return values (k,) in the dtype of an array, and with an axis for each of its axes behind theirs.

    >>> column([1.0, 2.0], np.zeros((3, 4))).shape
    (2, 1, 1)
    """
    return np.asarray(values, like.dtype).reshape(-1, *(1,) * like.ndim)


def dot(weights: Any, slopes: Array) -> Array:
    """Return the sums along the first axis, weighted by each row of (k, m).

    >>> dot([[1.0, 2.0]], np.ones((2, 3)))
    array([[3., 3., 3.]])
    """
    weights = np.asarray(weights, slopes.dtype)
    if isinstance(slopes, np.ndarray):
        return np.tensordot(weights, slopes, 1)
    return jnp.tensordot(weights, materialized(slopes), 1, precision=lax.Precision.HIGHEST)


def materialized(slopes: Array) -> Array:
    """Return slopes as an array that XLA does not compute within what follows it.

    On a CPU, XLA of jax 0.10 to 0.12 reads beyond one number that is broadcast, as a constant slope is, where a sum or
    a maximum follows a product.

    >>> materialized(np.ones(2))
    array([1., 1.])
    """
    return slopes if isinstance(slopes, np.ndarray) else lax.optimization_barrier(slopes)


def everywhere(f: Callable[[Any], Any], rank: int) -> Callable[[Any], Any]:
    """Return a function of potentials of this rank as one of those with axes in front.

    >>> everywhere(jnp.sum, 1)(jnp.ones((2, 3)))
    Array([3., 3.], dtype=float32)
    """

    return lambda x: functools.reduce(lambda f, _: jax.vmap(f), range(x.ndim - rank), f)(x)
