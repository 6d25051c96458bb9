"""Which shape of the catalogue a measured slope is: every one is fitted to it, and the closest is named."""

from __future__ import annotations

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import shapes
from ..combinators import scale, shift
from ..core.shape import Shape
from ..core.text import show
from .probes import Array, Function, bisect, values_of

_DISTANCES = 30 * np.geomspace(3e-6, 1, 40)  # from the middle and from both edges of the slope, in half widths of it
_JUMP = 1e-4  # half widths on both sides of a jump, where the error is not counted
_FAR = 1e3  # times the distance of the slope from the threshold, or 1 if that is more: what is beyond never falls
_TRIED = 49  # values at a time of what is fitted
_WIDEST = 1e4  # factor on the default of it
_ZOOMS = 5  # rounds; each looks between the neighbours of the best value
_DIGITS = 6  # of a parameter or a height, at most
_EQUAL = 1e-6  # errors that differ by less are equal
_ROUNDING = 3e-7  # of the peak, of slopes in float32
_UNLIKE = 0.4  # of the peak: a shape that is off by more is not named

_FLOATS = {  # of every shape: its parameters that are floats, with their defaults
    g: {p.name: p.default for p in inspect.signature(g).parameters.values() if isinstance(p.default, float)}
    for g in (getattr(shapes, name) for name in shapes.__all__)
}
_FITTED = [  # what is fitted of it: each of them that is positive; of one that has none, which is constant, the height
    (g, name, default)
    for g, floats in _FLOATS.items()
    for name, default in ({name: v for name, v in floats.items() if v > 0} or {"": 1.0}).items()
]


@np.errstate(all="ignore")  # shapes may overflow, or be 0 wherever they are compared
def closest(slope: Function, places: Array, slopes: Array) -> str:
    """Return the shape of the catalogue closest to a slope, and by how much of the peak it is off at most.

    Each shape is fitted in its height and in one parameter; the rest is at its default. Right at a jump the error is
    not counted. Of several that are as close, the one with the fewest parameters and the shortest text is named.

    Args:
        slope: an elementwise function.
        places, slopes: where it was looked at, in order, and its values there, all finite.

    >>> x = np.linspace(-1, 1, 201)
    >>> closest(lambda x: 3 * jnp.exp(-2 * jnp.abs(x)), x, 3 * np.exp(-2 * abs(x)))
    'scale(laplace(alpha=2.0), height=3.0) to 3e-07'
    """
    peak = slopes[abs(slopes).argmax()]
    if not peak:
        return "none"
    low, high = _edges(slope, places, slopes, abs(peak) / 2)
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-6)
    x = np.concatenate([at + side * half * _DISTANCES for at in (low, middle, high) for side in (-1, 1)])
    before, target, after = (values_of(slope, x + by) / peak for by in (-_JUMP * half, 0.0, _JUMP * half))
    counted = np.isfinite(target) & (abs(after - before) < 0.2)
    x, target = (np.where(counted, v, v[counted.argmax()]) for v in (x, target))
    shifts = [0.0] if abs(middle) < 1e-3 * half else [0.0, float(f"{middle:.3g}")]
    fits: list[tuple[Any, ...]] = [(error, by, *fit) for by in shifts for *fit, error in _fits(x - by, target)]
    best = min(error for error, *_ in fits)
    if best > _UNLIKE:
        return "none"
    close = [
        (len(_FLOATS[g]), _text(error, by, g, name, value, height * peak))
        for error, by, g, name, value, height in fits
        if error <= 1.5 * best + _EQUAL
    ]
    return min(close, key=lambda pair: (pair[0], len(pair[1])))[1]


def _text(error: float, by: float, g: Shape, name: str, value: float, height: float) -> str:
    """Return a fit as an expression, with no more digits of the height than make a difference, and the error."""
    height = next(h for h in [*_rounded(height), height] if abs(h / height - 1) <= error / 2 + _EQUAL)
    if name and value != _FLOATS[g][name]:
        g = g(**{name: value})
    if height != 1:
        g = scale(g, height=height)
    return f"{show(shift(g, by) if by else g)} to {max(error, _ROUNDING):.0e}"


def _edges(slope: Function, places: Array, slopes: Array, height: float) -> Array:
    """Return the first and the last place where the slope has a height, of those around the threshold."""
    high = abs(slopes) >= height
    near = np.flatnonzero(high & (abs(places) <= _FAR * max(abs(places[high]).min(), 1.0)))[[0, -1]]
    outside = places[np.clip(near + np.array([-1, 1]), 0, len(places) - 1)]
    return bisect(lambda x: abs(values_of(slope, x)) >= height, places[near], outside)[0]


def _fits(x: Array, target: Array) -> list[tuple[Any, ...]]:
    """Return of whatever is fitted the shape, the name of its parameter, its value, the height and the error.

    The value is the default, or the best with as few digits as make no difference.
    """
    rows, defaults = np.arange(len(_FITTED)), [default for *_, default in _FITTED]
    tried = np.outer(defaults, np.geomspace(1 / _WIDEST, _WIDEST, _TRIED))
    for _ in range(_ZOOMS):
        _, misses = _compared(x, target, tried)
        best = (misses**2).sum(1).argmin(1)
        low, high = (tried[rows, np.clip(best + side, 0, _TRIED - 1)] for side in (-1, 1))
        tried = np.geomspace(low, high, _TRIED, axis=1)
    options = [[default, *_rounded(value)] for default, value in zip(defaults, tried[:, _TRIED // 2], strict=True)]
    tried[:, : _DIGITS + 1] = options
    heights, misses = _compared(x, target, tried)
    errors = misses.max(1)
    good = (errors <= 1.5 * errors.min(1, keepdims=True) + _EQUAL).argmax(1)
    found = (v[rows, good].tolist() for v in (tried, heights, errors))
    return [(g, name, *fit) for (g, name, _), *fit in zip(_FITTED, *found, strict=True)]


def _compared(x: Array, target: Array, tried: Array) -> tuple[Array, Array]:
    """Return of whatever is fitted, with each number that is tried, the best height and how far off it is at each x."""
    profiles = np.asarray(_profiles(jnp.float32(x)[:, None], jnp.float32(tried)), float)
    heights = (profiles * target[:, None]).sum(1) / (profiles**2).sum(1)
    return heights, np.nan_to_num(abs(heights[:, None] * profiles - target[:, None]), nan=np.inf)


@jax.jit
def _profiles(x: jax.Array, tried: jax.Array) -> jax.Array:
    """Return whatever is fitted at each place (rows), with each number that is tried (columns)."""
    fitted = zip(_FITTED, tried, strict=True)
    return jnp.stack([g(x, **({name: v} if name else {})) + jnp.zeros_like(v) for (g, name, _), v in fitted])


def _rounded(value: float) -> list[float]:
    """Return a number to one digit, to two and so on."""
    return [float(f"{value:.{digits}g}") for digits in range(1, _DIGITS + 1)]
