"""Which shape of the catalogue a measured slope is: every one is fitted to it, and the closest is named."""

from __future__ import annotations

import inspect

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
_DIGITS = 7  # of a parameter or a height, at most
_EQUAL = 1e-6  # errors that differ by less are equal
_ROUNDING = 3e-7  # of the peak, of slopes in float32
_UNLIKE = 0.5  # of the peak: a shape that is off by more is not named
_ONE = 1e-4  # a factor that is as close as this to 1 is likely to be 1


_FLOATS = {  # the parameters of every shape that are floats, with their defaults
    g: {p.name: p.default for p in inspect.signature(g).parameters.values() if isinstance(p.default, float)}
    for g in (getattr(shapes, name) for name in shapes.__all__)
}
# What is fitted of each: a positive parameter or, with an empty name, the factor by which it is stretched.
_FITTED = [(g, name) for g, floats in _FLOATS.items() for name, value in {**floats, "": 1.0}.items() if value > 0]
_DEFAULTS = np.array([_FLOATS[g].get(name, 1.0) for g, name in _FITTED])[:, None]


@np.errstate(all="ignore")  # shapes may overflow, or be 0 wherever they are compared
def closest(slope: Function, places: Array, slopes: Array) -> str:
    """Return the shape of the catalogue closest to a slope, and by how much of the peak it is off at most.

    Each shape is fitted in its height and in one parameter or, stretched, in its steepness; the rest is at its default.
    Right at a jump the error is not counted.

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
    low, high = _edges(slope, places, slopes, peak)
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-6)
    x = np.concatenate([at + side * half * _DISTANCES for at in (low, middle, high) for side in (-1, 1)])
    before, measured, after = (values_of(slope, x + by) / peak for by in (-_JUMP * half, 0.0, _JUMP * half))
    weights = np.isfinite(measured) & (abs(after - before) < 0.2)
    target = np.where(weights, measured, 0.0)
    shifts = [0.0] if abs(middle) < 1e-3 * half else [0.0, float(f"{middle:.3g}")]
    rows = [(by, g, name) for by in shifts for g, name in _FITTED]
    values, heights, errors = np.concatenate([_fits(x - by, target, weights) for by in shifts], axis=1)
    stretched = np.array([not name for _, _, name in rows])
    heights *= peak / np.where(stretched[:, None], values, 1.0)  # stretched by alpha, a shape is alpha times as high
    good = errors <= 1.5 * errors.min(1, keepdims=True) + _EQUAL
    exact = np.arange(len(rows)), np.where(good[:, 0], 0, -1)  # the default, or else the best
    error = errors[exact]
    if error.min() > _UNLIKE:
        return "none"
    numbers = (1 + stretched) * (abs(values[exact] / values[:, 0] - 1) > _ONE) + (abs(heights[exact] - 1) > _ONE)
    close = np.flatnonzero(error <= 1.5 * error.min() + _EQUAL)
    i = min(close, key=lambda i: (len(_FLOATS[rows[i][1]]), numbers[i], stretched[i]))  # the one with the shortest text
    j = _first(good[i])
    return _text(*rows[i], values[i, j], heights[i, j], errors[i, j])


def _text(by: float, g: Shape, name: str, value: float, height: float, error: float) -> str:
    """Return a fit as an expression, with no more digits of the height than make a difference, and its error."""
    options = _rounded(height)
    height = options[_first(abs(options / height - 1) <= error / 2 + _EQUAL)]
    factors = [value] if not name and value != 1 else []
    if name and value != _FLOATS[g][name]:
        g = g(**{name: value})
    if factors or height != 1:
        g = scale(g, *factors, **({} if height == 1 else {"height": height}))
    return f"{show(shift(g, by) if by else g)} to {max(error, _ROUNDING):.0e}"


def _edges(slope: Function, places: Array, slopes: Array, peak: float) -> Array:
    """Return the first and the last place where the slope is half its peak, of those around the threshold."""
    high = abs(slopes) >= abs(peak) / 2
    near = np.flatnonzero(high & (abs(places) <= _FAR * max(abs(places[high]).min(), 1.0)))[[0, -1]]
    outside = places[np.clip(near + np.array([-1, 1]), 0, len(places) - 1)]
    return bisect(lambda x: abs(values_of(slope, x)) >= abs(peak) / 2, places[near], outside)[0]


def _fits(x: Array, target: Array, weights: Array) -> Array:
    """Return numbers, heights and errors of whatever is fitted (rows).

    The numbers are the default, the best rounded to one digit, to two and so on, and the best.
    """
    rows = np.arange(len(_FITTED))
    tried = _DEFAULTS * np.geomspace(1 / _WIDEST, _WIDEST, _TRIED)
    for _ in range(_ZOOMS):
        best = _errors(x, target, weights, tried)[2].argmin(1)
        low, high = (tried[rows, np.clip(best + side, 0, _TRIED - 1)] for side in (-1, 1))
        tried = np.geomspace(low, high, _TRIED, axis=1)
    best = tried[rows, _errors(x, target, weights, tried)[1].argmin(1)]
    tried[:, : _DIGITS + 1] = np.hstack([_DEFAULTS, [_rounded(value) for value in best]])
    heights, errors, _ = _errors(x, target, weights, tried)
    return np.stack([tried, heights, errors])[..., : _DIGITS + 1]


def _errors(x: Array, target: Array, weights: Array, tried: Array) -> tuple[Array, Array, Array]:
    """Return the best height, the largest error and the sum of squares, of whatever is fitted with each number."""
    profiles = np.asarray(_profiles(jnp.float32(x)[:, None], jnp.float32(tried)[:, None]), float)
    profiles = np.where(weights[:, None], profiles, 0.0)
    heights = (profiles * target[:, None]).sum(1) / (profiles**2).sum(1)
    misses = np.nan_to_num(abs(heights[:, None] * profiles - target[:, None]), nan=np.inf)
    return heights, misses.max(1), (misses**2).sum(1)


@jax.jit
def _profiles(x: jax.Array, tried: jax.Array) -> jax.Array:
    """Return whatever is fitted at each place (rows), with each number that is tried (columns)."""
    found = []
    for g, floats in _FLOATS.items():  # once, whatever is fitted of it: every shape takes time to compile
        rows = {name: tried[i] for i, (h, name) in enumerate(_FITTED) if h is g}
        numbers = {
            name: jnp.stack([row if name == fitted else jnp.full_like(row, default) for fitted, row in rows.items()])
            for name, default in {**floats, "": 1.0}.items()
        }
        slopes = g(x * numbers.pop(""), **numbers)
        found.append(jnp.broadcast_to(slopes, (len(rows), len(x), _TRIED)))
    return jnp.concatenate(found)


def _rounded(value: float) -> Array:
    """Return a number to one digit, to two and so on, and as it is."""
    return np.array([*(float(f"{value:.{digits}g}") for digits in range(1, _DIGITS)), value])


def _first(good: Array) -> int:
    """Return the index of the first that is good, or of the last."""
    return int(np.append(good[:-1], True).argmax())
