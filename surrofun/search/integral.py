"""The soft step of what was surveyed: from a table of panels, and a rule within the panel of x."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..core.dtype import Real
from .arrays import column, dot, shaped
from .panels import Function, slopes_at, table
from .survey import Survey

_BLOCK = 128  # panels that are integrated at once where f is traced; their number is a multiple of it
# Four nodes of Gauss and their weights on [0, 1]. They leave out the ends: where a panel ends at a kink that a
# parameter moves, the derivative there is of neither side. More than four cost time, and a panel has been divided until
# it is as good as a polynomial of the fourth degree, of which they know the integral.
_INSIDE, _INSIDE_WEIGHTS = ((v + u) / 2 for v, u in zip(np.polynomial.legendre.leggauss(4), (1, 0), strict=True))
# Three more where the derivatives by x are made.
_AT_X, _AT_X_WEIGHTS = ((v + u) / 2 for v, u in zip(np.polynomial.legendre.leggauss(3), (1, 0), strict=True))


def integral(f: Function, found: Survey, x: Real) -> jax.Array:
    """Return S(x), the integral of `f` up to x, from -inf where the area is finite, else from 0.

    The derivatives by x are those of `f`, up to the fifth, and what `f` closes over is differentiated under the
    integral.

    Args:
        f: the function that was surveyed.
        found: what `survey` found.
        x: of a shape that broadcasts with that of the neurons; it may be infinite.

    >>> from .survey import survey
    >>> f = lambda x: jnp.exp(-abs(x))
    >>> integral(f, survey(f, [(0.0, 1.0)], jnp.zeros(())), jnp.array([-jnp.inf, 0.0, jnp.inf]))
    Array([0., 1., 2.], dtype=float32)
    """
    concrete = isinstance(found["edges"], np.ndarray)
    integrated = functools.partial(_integral, f, found, concrete)
    return integrated(jnp.asarray(x)) if concrete else jax.jit(integrated)(jnp.asarray(x))


def moved_area(f: Function, found: Survey) -> jax.Array:
    """Return the area of a function that is traced, with the derivatives by what it closes over.

    >>> from .survey import survey
    >>> f = lambda x: jnp.exp(-abs(x))
    >>> round(float(moved_area(f, survey(f, [(0.0, 1.0)], jnp.zeros(())))), 5)
    2.0
    """
    edges = lax.stop_gradient(jnp.asarray(found["edges"]))
    return jax.jit(lambda edges: table(jnp, edges, _integrated(f, edges), edges.dtype)[2])(edges)  # type: ignore[no-any-return]


def _integral(f: Function, found: Survey, concrete: bool, x: jax.Array) -> jax.Array:
    x = lax.expand_dims(x, tuple(range(found["edges"].ndim - 1 - x.ndim)))
    edges, soft, tails = (lax.stop_gradient(jnp.asarray(found[name], x.dtype)) for name in ("edges", "soft", "tails"))
    if not concrete:
        soft, tails = table(jnp, edges, _integrated(f, edges), x.dtype)[:2]
    x = x + jnp.zeros_like(edges[0])  # one for each neuron
    finite = jnp.where(jnp.isinf(x), 0.0, x)
    start = lax.stop_gradient(finite)
    edges, soft, tails = (_aligned(v, start) for v in (edges, soft, tails))

    panel = _panel_of(edges, start)
    base = _taken(edges, panel)
    part = (start - base) * dot(_INSIDE_WEIGHTS, slopes_at(f, base + (start - base) * column(_INSIDE, x)))
    limit = jnp.abs(jnp.where(start < 0, tails[0], tails[1]))
    part = jnp.where(jnp.abs(start) > edges[-1], jnp.clip(part, -limit, limit), part)
    value = _taken(soft, panel) + part
    value = jnp.where(x == -jnp.inf, soft[0] - tails[0], jnp.where(x == jnp.inf, soft[-1] + tails[1], value))
    # An integral from x to x, which is zero, but whose derivatives by x, up to the sixth, are those of S.
    at_x = slopes_at(f, start + (finite - start) * column(_AT_X, x))
    return jnp.asarray(value + (finite - start) * dot(_AT_X_WEIGHTS, at_x))


def _integrated(f: Function, edges: jax.Array) -> jax.Array:
    """Return the areas between `edges`, of a function that is traced; in blocks, of which little is kept."""

    @jax.checkpoint
    def block(k: jax.Array) -> jax.Array:
        start, end = (lax.dynamic_slice_in_dim(edges, k * _BLOCK + j, _BLOCK) for j in (0, 1))
        at = start + (end - start) * column(_INSIDE, start)
        area: jax.Array = (end - start) * dot(_INSIDE_WEIGHTS, slopes_at(f, at))
        return area

    areas: jax.Array = shaped(lax.map(block, np.arange(len(edges) // _BLOCK)), 0, 2, -1)
    return areas


def _aligned(rows: jax.Array, x: jax.Array) -> jax.Array:
    """Return the rows (k, *n) of a table with the rank of x and on the devices of x."""
    rows = lax.expand_dims(rows, tuple(range(1, 2 + x.ndim - rows.ndim)))
    shared = tuple(axis for axis in range(x.ndim) if rows.shape[axis + 1] == 1)
    return rows + jnp.zeros_like(x + rows[0]).sum(shared, keepdims=True)


@jax.jit
def _panel_of(edges: jax.Array, x: jax.Array) -> jax.Array:
    """Return the index of the last edge that is not above x, of the first if all are."""
    bits = len(edges).bit_length()

    def closer(k: jax.Array, index: jax.Array) -> jax.Array:
        further = index + (1 << (bits - 1 - k))
        return jnp.where((further < len(edges)) & (_taken(edges, further) <= x), further, index)

    return lax.fori_loop(0, bits, closer, jnp.zeros_like(x + edges[0], np.int32))  # type: ignore[no-any-return]


def _taken(rows: jax.Array, index: jax.Array) -> jax.Array:
    """Return the rows of a table (k, *n) at indices that broadcast with n; a gather that divided arrays permit."""

    def take(rows: jax.Array, index: jax.Array) -> jax.Array:
        return rows.at[index].get(mode="clip", out_sharding=jax.typeof(index).sharding)

    for axis in range(index.ndim):
        if rows.shape[axis + 1] > 1:
            take = jax.vmap(take, (-1, axis), axis)
    return take(lax.squeeze(rows, tuple(axis for axis in range(1, rows.ndim) if rows.shape[axis] == 1)), index)
