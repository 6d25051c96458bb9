"""Panels of the line: nine nodes each, their integral with its error, and the table of all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from .arrays import Arithmetic, Array, column, dot, representable

Function: TypeAlias = Callable[[jax.Array], Any]

OUTER = 7  # octaves at either end, of which it is told what is beyond them

# Nine nodes of Clenshaw and Curtis on [0, 1]: they hold the ends of a panel, where a jump may hide.
NODES = (1 - np.cos(np.pi * np.arange(9) / 8)) / 2
_POWERS = np.polynomial.chebyshev.chebvander(2 * NODES - 1, 8)
WEIGHTS = np.linalg.solve(_POWERS.T, [0.0 if k % 2 else 1 / (1 - k * k) for k in range(9)])
# By how much the odd nodes miss the polynomial through the even ones. (Two rules for an integral may agree by chance.)
_MISSES = np.zeros((4, 9))
_MISSES[:, 1::2] = np.eye(4)
_MISSES[:, ::2] = -_POWERS[1::2, :5] @ np.linalg.inv(_POWERS[::2, :5])


def slopes_at(f: Function, x: jax.Array) -> jax.Array:
    """Return f(x) in the dtype of x, of a shape that x broadcasts to.

    >>> slopes_at(lambda x: 1, jnp.zeros(2))
    Array([1., 1.], dtype=float32)
    """
    slopes = jnp.asarray(f(x)).astype(x.dtype)
    return jnp.broadcast_to(slopes, jnp.broadcast_shapes(slopes.shape, x.shape))


def nodes(xp: Arithmetic, starts: Array, ends: Array, dtype: Any) -> Array:
    """Return the nodes of panels, nine in front of their axes; the first and the last are the ends themselves.

    >>> nodes(np, np.array([0.0]), np.array([2.0]), np.float32)[[0, 4, 8], 0]
    array([0., 1., 2.])
    """
    shares, widths = column(NODES, starts), ends - starts
    places = xp.where(shares < 0.5, starts + widths * shares, ends - widths * (1 - shares))
    return representable(places, dtype)


def measured(xp: Arithmetic, samples: Array, dtype: Any) -> Array:
    """Return starts, ends, areas and errors of panels, and the ranks by which they are divided.

    Args:
        samples: places and slopes of the nodes, (2, 9, ...).

    >>> at = nodes(np, np.array([0.0]), np.array([1.0]), np.float64)
    >>> measured(np, np.stack([at, at**3]), np.float64)[2]
    array([0.25])
    """
    at, seen = samples
    starts, ends, widths = at[0], at[-1], at[-1] - at[0]
    miss = functools.reduce(xp.maximum, [xp.abs(dot(weights, seen)) for weights in _MISSES])
    # Places are rounded, so that a slope is off by its rise over one digit. Such errors cancel, though not all. Where a
    # panel is a few digits wide, it is there for a jump. The slopes are rounded, too, and have no more digits to find.
    eps = float(np.finfo(dtype).eps)
    digit = eps * xp.maximum(xp.abs(starts), xp.abs(ends))
    last = widths <= digit
    rounding = xp.where(widths > 32 * digit, 2 * digit * (seen.max(0) - seen.min(0)), 0.0)
    rounding = rounding + 4 * eps * widths * xp.abs(seen).max(0)
    ranks = xp.where(last, -1.0, widths * miss - rounding)
    errors = xp.maximum(widths * miss - rounding, widths * miss / 32)
    errors = xp.where(last, widths * xp.abs(seen[-1] - seen[0]), errors)  # a jump between neighbouring numbers
    return xp.stack([starts, ends, widths * dot(WEIGHTS, seen), errors, ranks])


def table(xp: Arithmetic, edges: Array, areas: Array, dtype: Any) -> tuple[Array, ...]:
    """Return the integral up to each edge, the areas beyond the first and the last, the area, and the tails' error.

    >>> edges = np.array([-8.0, -4, -2, -1, 0, 1, 2, 4, 8])
    >>> table(np, edges, np.diff(edges) * [0, 0, 0, 1, 1, 0, 0, 0], np.float64)[0]
    array([0., 0., 0., 0., 1., 2., 2., 2., 2.])
    """
    middle, outer = edges[1:] / 2 + edges[:-1] / 2, edges[-1] / 2**OUTER
    tails, doubt = [], 0.0
    for side in (-1, 1):
        octaves = [(side * middle > outer * 2**k) & (side * middle < outer * 2 ** (k + 1)) for k in range(OUTER)]
        tail, error = _beyond(xp, xp.stack([xp.where(octave, areas, 0.0).sum(0) for octave in octaves]), dtype)
        tails.append(tail)
        doubt = doubt + error
    tail = xp.stack(tails)
    nothing = xp.zeros_like(areas[:1])
    left = xp.concatenate([nothing, xp.cumsum(areas, 0)])
    up = xp.concatenate([nothing, xp.cumsum(xp.where(middle > 0, areas, 0.0), 0)])
    down = xp.concatenate([xp.cumsum(xp.where(middle > 0, 0.0, areas)[::-1], 0)[::-1], nothing])
    soft = xp.where(xp.isfinite(tail).all(0), left + xp.where(xp.isfinite(tail), tail, 0.0)[0], up - down)
    area = left[-1] + tail[0] + tail[1]
    return soft + xp.where(xp.isnan(left[-1]), np.nan, 0.0), tail, area, doubt


def _beyond(xp: Arithmetic, octaves: Array, dtype: Any) -> tuple[Array, Array]:
    """Return the area beyond the last of these octaves, and its error: infinite where they do not tell.

    That of a power of x is a geometric series. It is infinite only where no octave is less than the one before, and
    their ratio hardly changes.
    """
    before, ratio_error = octaves[:-1], float(np.finfo(dtype).eps) ** 0.5
    ratios = xp.where(before == 0, 0.0, octaves[1:] / xp.where(before == 0, 1.0, before))
    least = ratios.min(0)
    change = ratios.max(0) - least
    endless = (least > 1 - ratio_error / 10) & (change < xp.maximum((least - 1) / 100, ratio_error / 10))
    falls = xp.abs(ratios[-2:]) < 1 - ratio_error
    ratios = xp.where(falls, ratios[-2:], 0.0)
    earlier, rest = octaves[-2:] * ratios / (1 - ratios)
    error = xp.where(falls.all(0), 8 * xp.abs(octaves[-1] + rest - earlier), np.inf)
    infinite = xp.where(octaves[-1] > 0, np.inf, -np.inf)
    return xp.where(endless, infinite, rest), xp.where(endless, 0.0, error)
