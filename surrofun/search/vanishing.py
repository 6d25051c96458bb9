"""Derivatives where a function has vanished, or reached its limit, and JAX may compute 0 * inf, or inf."""

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
from .arrays import column

NOTHING = {"float32": 1e-31, "float64": 1e-292}  # what has vanished: a float's least over its precision
_SETTLED = {"float32": 1e-4, "float64": 1e-6}  # of the largest derivative on the way: how near to its limit is near
LEAST = 1e-2  # of a parameter, for the size of a step, or of its rounding: those nearer to 0, as a shift, take the same
_DIGITS = 64.0  # the last ones of a slope, which may be off
_OCTAVES = range(108)  # from far out back to the threshold


def vanishing(
    f: Callable[[jax.Array], jax.Array], x: jax.Array, elsewhere: Any, limit_at: Any = None, is_known: Any = None
) -> jax.Array:
    """Return f(x), differentiable by what f closes over; where f has vanished, only a finite derivative counts.

    Args:
        f: an elementwise function.
        x: the places, whose own derivative is 0.
        elsewhere: a place where f is smooth, which broadcasts with x.
        limit_at: the infinity that x stands for; a derivative is taken there. If it is NaN there, it is taken at x,
            or else at the farthest place where it is a number; it is NaN if it has not settled there. If it is
            infinite at either infinity, it is taken at `elsewhere`. Where `limit_at` is finite, it counts as 0.
        is_known: a function of x, the derivative and its possible rounding error; the derivative is NaN where the
            result is False.

    >>> def slope(a):  # 1 / inf, whose derivative JAX computes as 0 * inf
    ...     return vanishing(lambda x: 1 / jnp.cosh(a * x), jnp.float32(1e3), 0.0)
    >>> bool(jax.grad(slope)(2.0) == 0)
    True
    """
    structure, arrays = closure_converted(node(f), x)
    return _values(structure, (), is_known, (x, elsewhere, limit_at), None, arrays)


def derivative_wrt(f: Structure, wrt: tuple[int, ...], x: jax.Array) -> Callable[[list[Any]], Any]:
    """Return f(x) as a function of its arrays, or its derivative, as each number of the arrays `wrt` moves by one.

    `wrt` has their indices; two of them give a second derivative.

    >>> @jax.jit
    ... def moves(p):
    ...     f, arrays = closure_converted(lambda x: p * p * x, jnp.ones(2))
    ...     return derivative_wrt(f, (0,), jnp.ones(2))(arrays)
    >>> moves(3.0)
    Array([6., 6.], dtype=float32)
    """
    if not wrt:
        return lambda arrays: join(f, arrays)(x)
    before, k = wrt[:-1], wrt[-1]
    return lambda arrays: moved_by(derivative_wrt(f, before, x), arrays, k, jnp.ones_like(arrays[k]))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _values(f: Structure, wrt: tuple[int, ...], is_known: Any, places: Any, before: Any, arrays: Any) -> jax.Array:
    """Return f(x), or the derivative by the arrays `wrt`; `before` is that by all but the last of them.

    Each has a place of its own: at infinity a second one may be NaN where the first is not.
    """
    if not wrt:
        return derivative_wrt(f, wrt, places[0])(arrays)  # type: ignore[no-any-return]
    return _derivative(f, wrt, is_known, places, before, arrays)[1]  # type: ignore[no-any-return]


@unchecked()
def _values_jvp(f: Structure, wrt: Any, is_known: Any, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (places, _, arrays), (*_, by_arrays) = primals, tangents
    values = _values(f, wrt, is_known, *primals)
    total = jnp.zeros_like(values)
    for k, (by, is_aligned) in enumerate(zip(by_arrays, aligned_arrays(f, arrays, values.shape), strict=True)):
        if isinstance(by, SymbolicZero):
            continue
        if is_aligned:
            total += _values(f, (*wrt, k), is_known, places, values, arrays) * jnp.asarray(by, values.dtype)
        else:  # in reverse mode a choice of derivatives does not do, since 0 * NaN is NaN, as it may be at infinity
            place, moves, gone = _derivative(f, (*wrt, k), is_known, places, values, arrays)
            _, elsewhere, _ = places
            place = jnp.where(gone, elsewhere, place)
            factor = jnp.where(gone, 0.0, jnp.where(jnp.isnan(moves), jnp.nan, 1.0))
            total += factor * moved_by(derivative_wrt(f, wrt, place), arrays, k, by)
    return values, total


def _derivative(f: Structure, wrt: Any, is_known: Any, places: Any, before: jax.Array, arrays: Any) -> Any:
    """Return where a derivative is taken, what it is, and where it counts as 0."""
    x, elsewhere, limit_at = places

    def by_one_at(x: jax.Array) -> Any:
        return derivative_wrt(f, wrt, x)(arrays)

    if limit_at is None:
        moves = by_one_at(x)
        gone = (abs(before) < NOTHING[before.dtype.name]) & ~jnp.isfinite(moves)
        moves = jnp.where(gone, 0.0, moves)
        if is_known is not None:
            size = jnp.maximum(jnp.abs(arrays[wrt[-1]]).max(), LEAST).astype(before.dtype)
            rounding = _DIGITS * float(np.finfo(before.dtype).eps) * abs(before) / size
            moves = jnp.where(is_known(x, moves, rounding), moves, jnp.nan)
        return x, moves, gone
    place, moves, known = _at_limit(by_one_at, x, elsewhere, limit_at)
    gone = ~jnp.isinf(limit_at)
    return place, jnp.where(gone, 0.0, jnp.where(known, moves, jnp.nan)), gone


def _at_limit(by_one_at: Any, x: jax.Array, elsewhere: Any, limit_at: jax.Array) -> Any:
    """Return the place of a derivative at infinity, what it is, and whether it is known."""
    way = x * column(2.0 ** -np.array(_OCTAVES), x)
    ends = jnp.stack([limit_at, -limit_at, 0 * x + elsewhere])  # divided on a mesh as x is
    found = jax.vmap(by_one_at)(jnp.concatenate([ends, way]))
    (at_end, at_other, at_elsewhere), on_way = found[:3], found[3:]
    most = float(np.finfo(x.dtype).max) ** 0.9  # of 0 times infinity, a derivative by the 0 is the largest number
    endless, nowhere = (abs(at_end) > most) | (abs(at_other) > most), jnp.isnan(at_end)
    seen = ~jnp.isnan(on_way)
    is_first = seen & (jnp.cumsum(seen, 0) == 1)
    there, nearer, nearest = (jnp.where(is_first[: len(way) - k], on_way[k:], 0.0).sum(0) for k in range(3))
    # What falls like a power of x changes by a factor each time: what is left is that of a geometric series, the square
    # of the last change over the difference of the last two.
    near = _SETTLED[x.dtype.name] * jnp.where(jnp.isfinite(on_way), abs(on_way), 0.0).max(0)
    change, before = abs(there - nearer), abs(nearer - nearest)
    settled = seen.any(0) & ((change <= near / 10) | (change * change <= near * (before - change)))
    # In reverse mode that at infinity may be 0 * NaN. So it is taken far out, where it is the same there.
    nearby = jnp.where(abs(at_end - on_way[0]) <= near, x, limit_at)
    place = jnp.where(endless, elsewhere, jnp.where(nowhere, jnp.where(is_first, way, 0.0).sum(0), nearby))
    moves = jnp.where(endless, at_elsewhere, jnp.where(nowhere, there, at_end))
    return place, moves, endless | ~nowhere | settled


_values.defjvp(_values_jvp, symbolic_zeros=True)
