"""The integral of a shape that declares no closed form, inside the caller's trace.

The half line is cut into panels whose width grows with the distance from the threshold. Where a panel holds a kink or
a jump, that is closed in on by bisection; then everything is integrated by one Gauss-Legendre rule.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .elementwise import fit

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2  # on [0, 1]
_HALVES, _QUARTERS = (np.add.outer(np.arange(n), _NODES).ravel() / n for n in (2, 4))
_EDGES = np.concatenate([[0.0], 2.0 ** np.arange(-16, 40.5, 0.5)])  # of the panels: half octaves
_BISECTIONS = 22


def integral(g: Callable[..., Any], /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    """Return the soft step of `g` at x, with the constant that `antiderivative` promises; x may be infinite.

    `g` and its derivatives by its parameters have to be finite for every finite input, however far out.

    About 1e-9 of the area for a smooth shape, 1e-7 for one with a few kinks or jumps, in float64. The derivative by x
    is `g(x)` itself and parameters are differentiated under the integral.

    >>> integral(lambda t: jnp.exp(-jnp.abs(t)), jnp.array([-jnp.inf, 0.0, jnp.inf]))
    Array([0., 1., 2.], dtype=float32)
    """

    def shape(t: jax.Array) -> jax.Array:
        slope = jnp.asarray(g(t, *args, **kwargs), t.dtype)
        return jnp.broadcast_to(slope, jnp.broadcast_shapes(slope.shape, t.shape))

    integrated: jax.Array = jax.jit(functools.partial(_integral, shape))(jnp.asarray(x))
    return integrated


def _integral(shape: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    sides = jnp.asarray([1.0, -1.0], x.dtype).reshape(2, 1, *(1,) * x.ndim)
    edges = jnp.asarray(_EDGES, x.dtype)
    column = edges.reshape(1, -1, *(1,) * x.ndim)
    panels = _bisected(lambda t: shape(fit(sides, t) * t), column[:, :-1], column[:, 1:])
    table = jnp.concatenate([jnp.zeros_like(panels[:, :1]), jnp.cumsum(panels, 1)], 1)
    above, below = table[:, -1] + _tail(panels)

    # From the nearest edge towards x, in a panel of its own.
    side = jnp.where(x < 0, -1.0, 1.0).astype(x.dtype)
    distance = lax.stop_gradient(jnp.abs(x))
    index = jnp.clip(jnp.searchsorted(edges, distance, side="right") - 1, 0, len(_EDGES) - 1)
    inside = jnp.minimum(distance, edges[-1])
    part = _bisected(lambda t: shape(fit(side, t) * t), jnp.minimum(edges[index], inside), inside)
    up, down = (jnp.take_along_axis(half, index[None], 0)[0] for half in table)
    value = jnp.where(
        x < 0, -jnp.where(inside < distance, below, down + part), jnp.where(inside < distance, above, up + part)
    )
    value = value + jnp.where(jnp.isfinite(above) & jnp.isfinite(below), below, 0.0)

    # Zero, but its derivatives by x are those of the integral.
    finite = jnp.where(jnp.isinf(x), 0.0, x)
    start = lax.stop_gradient(finite)
    return value + _gauss((finite - start)[None] * shape(_between(start, finite, _NODES)))


def _tail(panels: jax.Array) -> jax.Array:
    """Sum what is left beyond the last panel of a geometric series; infinite if it does not fall."""
    last, before = panels[:, -1], panels[:, -2]
    ratio = jnp.where(before == 0, 0.0, last / jnp.where(before == 0, 1.0, before))
    falls = jnp.abs(ratio) < 0.999
    safe = jnp.where(falls, ratio, 0.0)
    return jnp.where(falls, last * safe / (1 - safe), jnp.where(last < 0, -jnp.inf, jnp.inf))


def _bisected(g: Callable[[Any], Any], a: jax.Array, b: jax.Array) -> jax.Array:
    """Integrate each panel [a, b], cut by bisection towards the half on which two rules disagree more."""

    def bisect(panel: Any, _: Any) -> Any:
        a, b = panel
        slopes = g(_between(a, b, np.concatenate([_HALVES, _QUARTERS])))
        left, right, *quarters = map(_gauss, jnp.split(slopes, 6))
        worse = jnp.abs(2 * left - quarters[0] - quarters[1]) > jnp.abs(2 * right - quarters[2] - quarters[3])
        middle = (a + b) / 2
        rest = jnp.where(worse, a, middle), jnp.where(worse, middle, b)
        return rest, (jnp.where(worse, middle, a), jnp.where(worse, b, middle))

    shape = jnp.broadcast_shapes(jax.eval_shape(g, b).shape, b.shape)
    panel = jnp.broadcast_to(a, shape), jnp.broadcast_to(b, shape)
    last, cuts = lax.scan(bisect, panel, length=_BISECTIONS)
    start, end = (jnp.concatenate([cut, rest[None]]) for cut, rest in zip(cuts, last, strict=True))
    return _gauss((end - start)[None] * g(_between(start, end, _NODES))).sum(0)


def _between(a: jax.Array, b: jax.Array, points: Any) -> jax.Array:
    """Return the places between `a` and `b` at `points` of [0, 1], along a new first axis."""
    return a[None] + (b - a)[None] * jnp.asarray(points, a.dtype).reshape(-1, *(1,) * a.ndim)


def _gauss(slopes: jax.Array) -> jax.Array:
    """Average over the nodes of [0, 1] along the first axis."""
    return jnp.asarray(jnp.tensordot(jnp.asarray(_WEIGHTS, slopes.dtype), slopes, 1))
