"""What there is to see of a shape: from where to where, its values there, its area and peak. For `plot` and `show`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from .calculus import area_of, centers, peak_of
from .naming import show

Shape: TypeAlias = Callable[..., Any]
Array: TypeAlias = np.ndarray[Any, Any]

_DISTANCES = np.geomspace(1e-5, 1e6, 441)


def window(g: Shape) -> tuple[float, float]:
    """Return from where to where to look at a shape: where its slope, in size, is above 1 % of the peak.

    A long tail is cut at 3 times the distance at which it is at 25 %. A side that never falls gets one unit of x, a
    periodic one a few periods, and no side gets less than a quarter of the other.

    >>> from surrofun import scale, shapes
    >>> low, high = window(scale(shapes.triangle, 10.0))
    >>> round(low, 2), round(high, 2)
    (-0.11, 0.11)
    """
    centered = middles(g)
    first, last = centered[0], centered[-1]
    parts = first - _DISTANCES, np.concatenate([centered, np.linspace(first, last, 99)]), last + _DISTANCES
    left, inner, right = (np.nan_to_num(np.abs(values(g, x)).max(axis=1), nan=np.inf, posinf=np.inf) for x in parts)
    if not np.isfinite(inner).any():
        raise ValueError(f"{show(g)}: the slope is not finite around the threshold")
    peak = max(left.max(), inner.max(), right.max())
    if _endless(left, peak) or _endless(right, peak):
        near = _DISTANCES <= 1
        peak = max(left[near].max(), inner.max(), right[near].max())
    below, above = _reach(left, peak), _reach(right, peak)
    low, high = float(first - 1.2 * max(below, above / 4)), float(last + 1.2 * max(above, below / 4))
    if not low < high:
        raise ValueError(f"{show(g)}: the slope is 0 everywhere but at one place")
    return low, high


def places(g: Shape, low: float, high: float) -> Array:
    """Return where to sample a shape from `low` to `high`: evenly, and densely around where its parts are centred.

    >>> from surrofun import shapes
    >>> x = places(shapes.sigmoid, -1.0, 1.0)
    >>> float(x[0]), 0.0 in x, float(x[-1])
    (-1.0, True, 1.0)
    """
    fine = (high - low) * np.geomspace(1e-6, 0.1, 50)
    dense = [center + np.concatenate([-fine, [0.0], fine]) for center in middles(g)]
    return np.unique(np.concatenate([np.linspace(low, high, 801), *dense]).clip(low, high))


def summary(g: Shape) -> str:
    """Return area and peak of a shape in words.

    >>> from surrofun import shapes, shift
    >>> summary(shift(shapes.triangle, 0.3))
    'area 1, peak 1 at 0.3'
    """
    low, high = window(g)
    x = places(g, low, high)
    where, highest = top(x, values(g, x))
    area, peak = (np.ravel(values(functools.partial(f, g), np.zeros(1))) for f in (area_of, peak_of))
    if not peak.max() <= 1.01 * highest:
        return f"area {_number(area)}, no peak near 0"
    place = round(where, 3 - math.floor(math.log10(high - low))) + 0.0
    return f"area {_number(area)}, peak {_number(peak)} at {place:.3g}"


def top(x: Array, slope: Array) -> tuple[float, float]:
    """Return where the slope is largest, next to the threshold if in several places, and how large it is there.

    >>> top(np.array([-2.0, -1.0, 0.0, 1.0]), np.array([[0.0], [1.0], [1.0], [1.0]]))
    (0.0, 1.0)
    """
    highest = np.nanmax(slope)
    where = x[np.nanmax(slope, axis=1) == highest]
    return float(where[np.argmin(np.abs(where))]), float(highest)


def values(f: Shape, x: Array) -> Array:
    """Return f at each x, one row a place, one column a neuron.

    >>> values(jnp.tanh, np.zeros(3)).shape
    (3, 1)
    """
    column = jnp.asarray(x)[:, None]
    found = np.asarray(jax.jit(f)(column))
    return np.broadcast_to(found, np.broadcast_shapes(found.shape, column.shape))


def middles(g: Shape) -> Array:
    """Return where parts of the shape are centred, and the threshold, from left to right.

    >>> from surrofun import shapes, shift
    >>> middles(shift(shapes.sigmoid, 0.5))
    array([0. , 0.5])
    """
    return np.unique(np.concatenate([np.zeros(1), *(np.ravel(c) for c in centers(g, jnp.zeros(1)))]))


def _reach(slopes: Array, peak: float) -> float:
    """Return how far one side is to be seen; it may have a smaller peak of its own."""
    own = min(slopes.max(), peak)
    if own < peak / 100:
        return 0.0
    if not _endless(slopes, own):
        return min(_last(slopes, peak / 100), 3 * _last(slopes, own / 4))
    below = np.flatnonzero(slopes < own / 2)
    return float(8 * _DISTANCES[below[0]]) if len(below) and below[0] else 1.0


def _endless(slopes: Array, peak: float) -> bool:
    return _last(slopes, peak / 4) > 1e5


def _last(slopes: Array, level: float) -> float:
    return float(np.max(_DISTANCES[slopes >= level], initial=_DISTANCES[0]))


def _number(numbers: Array) -> str:
    if not np.isfinite(numbers).all():
        return "not finite"
    low, high = f"{numbers.min():.4g}", f"{numbers.max():.4g}"
    return low if low == high else f"{low} to {high}"
