"""Which shape of the catalogue a measured slope is: every one is fitted to it, and the closest is told."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import shapes
from ..combinators import scale, shift
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
_UNLIKE = 0.5  # of the peak: a shape that is off by more is not told
_ONE = 1e-4  # a factor that is as close as this to 1 is likely to be 1


def _fitted_numbers(g: Callable[..., Any]) -> list[tuple[Any, int, str, float]]:
    """Return what can be fitted of a shape: (shape, how many parameters it has, name of the number, its default).

    The number is a positive parameter or, with an empty name, the factor by which the shape is stretched.
    """
    defaults = [(p.name, p.default) for p in inspect.signature(g).parameters.values() if isinstance(p.default, float)]
    return [(g, len(defaults), name, default) for name, default in [*defaults, ("", 1.0)] if default > 0]


_CANDIDATES = [candidate for name in shapes.__all__ for candidate in _fitted_numbers(getattr(shapes, name))]
_DEFAULTS = np.array([default for _, _, _, default in _CANDIDATES])


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
    fits = [(by, *fit) for by in shifts for fit in _fits(x - by, target, weights, peak)]
    best = min(least for _, _, least, *_ in fits)
    if best > _UNLIKE:
        return "none"
    close = (fit for fit in fits if fit[2] <= 1.5 * best + _EQUAL)
    by, _, _, (g, _, name, default), value, height, error = min(close, key=lambda fit: fit[1])
    heights = _rounded(height)
    height = heights[_first(abs(heights / height - 1) <= error / 2 + _EQUAL)]
    factors = {} if height == 1 else {"height": height}
    if value != default:
        g = g(**{name: value}) if name else scale(g, value, **factors)
    if factors and (name or value == default):
        g = scale(g, **factors)
    return f"{show(shift(g, by) if by else g)} to {max(error, _ROUNDING):.0e}"


def _edges(slope: Function, places: Array, slopes: Array, peak: float) -> Array:
    """Return the first and the last place where the slope is half its peak, of those around the threshold."""
    high = abs(slopes) >= abs(peak) / 2
    near = np.flatnonzero(high & (abs(places) <= _FAR * max(abs(places[high]).min(), 1.0)))[[0, -1]]
    outside = places[np.clip(near + np.array([-1, 1]), 0, len(places) - 1)]
    return bisect(lambda x: abs(values_of(slope, x)) >= abs(peak) / 2, places[near], outside)[0]


def _fits(x: Array, target: Array, weights: Array, peak: float) -> list[tuple[Any, ...]]:
    """Return of every candidate how complex its text is, its least error, itself, and number, height and error of it.

    The number is the default, or else the one with the fewest digits, that is as good as the best.
    """
    rows = np.arange(len(_CANDIDATES))
    tried = _DEFAULTS[:, None] * np.geomspace(1 / _WIDEST, _WIDEST, _TRIED)
    for _ in range(_ZOOMS):
        best = _errors(x, target, weights, tried)[2].argmin(1)
        low, high = (tried[rows, np.clip(best + side, 0, _TRIED - 1)] for side in (-1, 1))
        tried = np.geomspace(low, high, _TRIED, axis=1)
    best = tried[rows, _errors(x, target, weights, tried)[1].argmin(1)]
    shorter = np.stack([_DEFAULTS, *np.transpose([_rounded(value) for value in best])], axis=1)
    tried = np.pad(shorter, ((0, 0), (0, _TRIED - shorter.shape[1])), "edge")
    heights, errors, _ = _errors(x, target, weights, tried)
    fits = []
    for i, (_, parameters, name, default) in enumerate(_CANDIDATES):
        good = errors[i] <= 1.5 * errors[i].min() + _EQUAL
        exact, short = 0 if good[0] else -1, _first(good)
        heights[i] *= peak if name else peak / tried[i]  # stretched by alpha, a shape is alpha times as high
        differ = abs(np.array([tried[i, exact] / default, heights[i, exact]]) - 1) > _ONE
        complexity = parameters, differ @ (1 if name else 2, 1), not name
        fit = tried[i, short], heights[i, short], errors[i, short]
        fits.append((complexity, errors[i, exact], _CANDIDATES[i], *fit))
    return fits


def _errors(x: Array, target: Array, weights: Array, tried: Array) -> tuple[Array, Array, Array]:
    """Return the best height, the largest error and the sum of squares of every candidate with each tried number."""
    profiles = np.asarray(_profiles(jnp.float32(x)[:, None], jnp.float32(tried)[:, None]), float)
    profiles = np.where(weights[:, None], profiles, 0.0)
    heights = (profiles * target[:, None]).sum(1) / (profiles**2).sum(1)
    misses = np.nan_to_num(abs(heights[:, None] * profiles - target[:, None]), nan=np.inf)
    return heights, misses.max(1), (misses**2).sum(1)


@jax.jit
def _profiles(x: jax.Array, tried: jax.Array) -> jax.Array:
    """Return every candidate at each place (rows), with each number that is tried (columns)."""
    found = [
        g(x, **{name: numbers}) if name else g(x * numbers)
        for (g, _, name, _), numbers in zip(_CANDIDATES, tried, strict=True)
    ]
    return jnp.stack([jnp.broadcast_to(slopes, (len(x), _TRIED)) for slopes in found])


def _rounded(value: float) -> Array:
    """Return a number to one digit, to two and so on, and as it is."""
    return np.array([*(float(f"{value:.{digits}g}") for digits in range(1, _DIGITS)), value])


def _first(good: Array) -> int:
    """Return the index of the first that is good, or of the last."""
    return int(np.append(good[:-1], True).argmax())
