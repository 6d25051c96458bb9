"""What has vanished, or reached its limit, does not move there, though JAX has 0 * inf for its derivatives."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from ..core.concrete import aligned_arrays, closure_converted, unchecked
from ..core.cotangents import moved_by
from ..core.tree import Structure, join, node

_NOTHING = {"float32": 1e-31, "float64": 1e-292}  # what has vanished: a float's least over its precision


def vanishing(f: Callable[[jax.Array], jax.Array], x: jax.Array, elsewhere: Any, limit_at: Any = None) -> jax.Array:
    """Return f(x), differentiable by what f closes over; where f has vanished, a derivative that is NaN counts as 0.

    Args:
        f: an elementwise function.
        x: the places, whose own derivative is 0.
        elsewhere: a place where f is smooth, which broadcasts with x.
        limit_at: the infinity that x stands for. A derivative is taken there; at x if it is NaN there; at `elsewhere`
            if it is infinite there or at the other infinity.

    >>> def slope(a):  # 1 / inf, whose derivative JAX computes as 0 * inf
    ...     return vanishing(lambda x: 1 / jnp.cosh(a * x), jnp.float32(1e3), 0.0)
    >>> bool(jax.grad(slope)(2.0) == 0)
    True
    """
    structure, arrays = closure_converted(node(f), x)
    return _values(structure, (), (x, elsewhere, limit_at), None, arrays)


def by_ones(f: Structure, ks: tuple[int, ...], x: jax.Array) -> Callable[[list[Any]], Any]:
    """Return f(x) as a function of its arrays, or its derivative as each number of these of them moves by one.

    >>> @jax.jit
    ... def moves(p):
    ...     f, arrays = closure_converted(lambda x: p * p * x, jnp.ones(2))
    ...     return by_ones(f, (0,), jnp.ones(2))(arrays)
    >>> moves(3.0)
    Array([6., 6.], dtype=float32)
    """
    if not ks:
        return lambda arrays: join(f, arrays)(x)
    before, k = ks[:-1], ks[-1]
    return lambda arrays: moved_by(by_ones(f, before, x), arrays, k, jnp.ones_like(arrays[k]))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _values(f: Structure, ks: tuple[int, ...], places: Any, before: Any, arrays: Any) -> jax.Array:
    """Return f(x), or a derivative by the numbers of ks; `before` is that by all but the last of them.

    Each has a place of its own: at infinity a second one may be NaN where the first is not.
    """
    if not ks:
        return by_ones(f, ks, places[0])(arrays)  # type: ignore[no-any-return]
    _, moves, _ = _derivative(f, ks, places, before, arrays)
    return moves  # type: ignore[no-any-return]


@unchecked()
def _values_jvp(f: Structure, ks: tuple[int, ...], primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (places, _, arrays), (*_, by_arrays) = primals, tangents
    values = _values(f, ks, *primals)
    total = jnp.zeros_like(values)
    for k, (by, is_aligned) in enumerate(zip(by_arrays, aligned_arrays(f, arrays, values.shape), strict=True)):
        if isinstance(by, SymbolicZero):
            continue
        if is_aligned:
            total += _values(f, (*ks, k), places, values, arrays) * jnp.asarray(by, values.dtype)
        else:  # in reverse mode a choice of derivatives does not do, since 0 * NaN is NaN, as it may be at infinity
            place, _, gone = _derivative(f, (*ks, k), places, values, arrays)
            x, elsewhere, _ = places
            place = jnp.where(gone, elsewhere, jnp.where(jnp.isinf(place), x, place))
            total += jnp.where(gone, 0.0, moved_by(by_ones(f, ks, place), arrays, k, by))
    return values, total


def _derivative(f: Structure, ks: tuple[int, ...], places: Any, before: jax.Array, arrays: Any) -> Any:
    """Return where a derivative is taken, what it is, and where it counts as 0."""
    x, elsewhere, limit_at = places

    def by_one_at(x: jax.Array) -> Any:
        return by_ones(f, ks, x)(arrays)

    place = x if limit_at is None else _where_it_has_a_limit(by_one_at, x, elsewhere, limit_at)
    moves = by_one_at(place)
    gone = (abs(before) < _NOTHING[before.dtype.name]) & jnp.isnan(moves)
    return place, jnp.where(gone, 0.0, moves), gone


def _where_it_has_a_limit(by_one_at: Any, x: jax.Array, elsewhere: Any, limit_at: jax.Array) -> jax.Array:
    at_end, at_other = by_one_at(limit_at), by_one_at(-limit_at)
    most = float(np.finfo(x.dtype).max) ** 0.9  # of 0 times infinity, a derivative by the 0 is the largest number
    endless = (abs(at_end) > most) | (abs(at_other) > most)
    return jnp.where(endless, elsewhere, jnp.where(jnp.isnan(at_end), x, limit_at))


_values.defjvp(_values_jvp, symbolic_zeros=True)
