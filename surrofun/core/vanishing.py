"""What has vanished at some places, where its derivatives are 0 too, though JAX has 0 * inf for them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.tree_util import Partial

from .concrete import broadcasting_leaves, explicit
from .cotangents import moved_by
from .dtype import broadcasts
from .tree import ARRAYS, Structure, join

_NOTHING = {"float32": 1e-31, "float64": 1e-292}  # what has vanished: a float's least over its precision


def vanishing(f: Callable[[jax.Array], jax.Array], x: jax.Array, elsewhere: Any) -> jax.Array:
    """Return f(x), differentiable by what f closes over; where f has vanished, a derivative that is NaN counts as 0.

    Args:
        f: an elementwise function.
        x: the places, whose own derivative is 0.
        elsewhere: a place where f is smooth, which broadcasts with x.

    >>> def slope(a):  # 1 / inf, whose derivative JAX computes as 0 * inf
    ...     return vanishing(lambda x: 1 / jnp.cosh(a * x), jnp.float32(1e3), 0.0)
    >>> bool(jax.grad(slope)(2.0) == 0)
    True
    """
    structure, arrays = explicit(Partial(f), x)
    return _values(structure, x, elsewhere, arrays)


def _at(x: jax.Array, f: Structure) -> Callable[[list[Any]], Any]:
    return lambda arrays: join(f, arrays)(x)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _values(f: Structure, x: jax.Array, elsewhere: Any, arrays: Any) -> jax.Array:
    return _at(x, f)(arrays)  # type: ignore[no-any-return]


def _values_jvp(f: Structure, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (x, elsewhere, arrays), (*_, by_arrays) = primals, tangents
    values = _values(f, x, elsewhere, arrays)
    call = join(f, arrays)
    flags = zip(jax.tree.leaves(call), broadcasting_leaves(call), strict=True)
    is_broadcast = [flag for leaf, flag in flags if isinstance(leaf, ARRAYS)]
    total = jnp.zeros_like(values)
    for k, by in enumerate(by_arrays):
        if isinstance(by, SymbolicZero):
            continue
        by_one = moved_by(_at(x, f), arrays, k, jnp.ones_like(by))
        gone = (abs(values) < _NOTHING[values.dtype.name]) & jnp.isnan(by_one)
        if jnp.size(by) == 1 or (is_broadcast[k] and broadcasts(jnp.shape(by), values.shape)):
            total += jnp.where(gone, 0.0, by_one) * by
        else:  # in reverse mode a choice between derivatives does not do, since 0 * NaN is NaN
            total += jnp.where(gone, 0.0, moved_by(_at(jnp.where(gone, elsewhere, x), f), arrays, k, by))
    return values, total


_values.defjvp(_values_jvp, symbolic_zeros=True)
