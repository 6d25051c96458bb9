"""Which shape of the catalogue a measured slope is: every one is fitted to it, and the closest is told."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from .. import shapes
from ..combinators import scale, shift
from ..core.shape import Shape, given, signature_of
from ..core.text import show
from .probes import Array, Function, values_of

Fit: TypeAlias = dict[str, Any]

_DISTANCES = 30 * np.geomspace(3e-6, 1, 40)  # from the middle and from both edges of the slope, in half widths of it
_JUMP = 1e-4  # half widths on both sides of a jump, where the error is not counted
_FAR = 1e3  # times the distance of the slope from the threshold, or 1 if that is more: what is beyond never falls
_TRIED = 49  # values at a time of what is varied
_WIDEST = 1e4  # factor on the default of it
_ZOOMS = 5  # rounds; each looks between the neighbours of the best value
_DIGITS = 7  # of a parameter or a height, at most
_EQUAL = 1e-6  # errors that differ by less are equal
_ROUNDING = 3e-7  # of the peak, of slopes in float32
_UNLIKE = 0.5  # of the peak: a shape that is off by more is not told
_ONE = 1e-4  # a factor that is as close as this to 1 is likely to be 1

_CATALOGUE: tuple[Shape, ...] = tuple(getattr(shapes, name) for name in shapes.__all__)


def _floats(g: Shape) -> dict[str, float]:
    _, takes = signature_of(g)
    return {p.name: p.default for p in takes.parameters.values() if isinstance(p.default, float)} if takes else {}


_DEFAULTS = [_floats(g) for g in _CATALOGUE]
# What is varied of each: a parameter that is positive, or "", by how much the shape is stretched.
_VARIED = [[*(name for name, default in floats.items() if default > 0), ""] for floats in _DEFAULTS]


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
    with np.errstate(invalid="ignore"):
        weights = np.isfinite(measured) & (abs(after - before) < 0.2)
    shifts = [0.0] if abs(middle) < 1e-3 * half else [0.0, float(f"{middle:.3g}")]
    fits = [fit for by in shifts for k in range(max(map(len, _VARIED))) for fit in _fits(k, x, by, measured, weights)]
    best = min(fit["error"] for fit in fits)
    if best > _UNLIKE:
        return "none"
    chosen = min((f for f in fits if f["error"] <= 1.5 * best + _EQUAL), key=lambda f: _complexity(f, peak))
    return _text(chosen, x, measured, weights, peak)


def _edges(slope: Function, places: Array, slopes: Array, peak: float) -> tuple[float, float]:
    """Return the first and the last place where the slope is half its peak, of those around the threshold."""
    high = abs(slopes) >= abs(peak) / 2
    near = np.flatnonzero(high & (abs(places) <= _FAR * max(abs(places[high]).min(), 1.0)))[[0, -1]]
    inside, outside = places[near], places[np.clip(near + np.array([-1, 1]), 0, len(places) - 1)]
    for _ in range(30):
        middle = (inside + outside) / 2
        is_high = abs(values_of(slope, middle)) >= abs(peak) / 2
        inside, outside = np.where(is_high, middle, inside), np.where(is_high, outside, middle)
    return float(inside[0]), float(inside[1])


@jax.jit
def _profiles(x: Any, stretches: Any, parameters: Any) -> Any:
    """Return every shape of the catalogue at each place (rows), for each value of what is varied (columns)."""
    found = (g(x * by, **floats) for g, by, floats in zip(_CATALOGUE, stretches, parameters, strict=True))
    return jnp.stack([jnp.broadcast_to(slopes, (len(x), _TRIED)) for slopes in found])


def _fitted(names: list[str], tried: Array, x: Array, measured: Array, weights: Array) -> tuple[Array, Array]:
    """Return the best height for each tried value of each shape, and by how much it is off at each place."""
    rows = jnp.float32(tried)[:, None]
    ones = jnp.ones((1, _TRIED))
    stretches = [ones if name else row for name, row in zip(names, rows, strict=True)]
    parameters = [
        {key: row if key == name else value * ones for key, value in floats.items()}
        for floats, name, row in zip(_DEFAULTS, names, rows, strict=True)
    ]
    profiles = np.asarray(_profiles(jnp.float32(x)[:, None], stretches, parameters), float)
    profiles = np.where(weights[:, None], profiles, 0.0)
    target = np.where(weights, measured, 0.0)[:, None]
    with np.errstate(all="ignore"):
        heights = (profiles * target).sum(1) / (profiles**2).sum(1)
        return heights, np.nan_to_num(abs(heights[:, None] * profiles - target), nan=np.inf)


def _fits(k: int, x: Array, by: float, measured: Array, weights: Array) -> list[Fit]:
    """Return the best fit of every shape, moved by `by`, in the k-th that can be varied of it, or the last."""
    names = [varied[min(k, len(varied) - 1)] for varied in _VARIED]
    defaults = np.array([floats.get(name, 1.0) for floats, name in zip(_DEFAULTS, names, strict=True)])
    tried = defaults[:, None] * np.geomspace(1 / _WIDEST, _WIDEST, _TRIED)
    for _ in range(_ZOOMS):
        _, misses = _fitted(names, tried, x - by, measured, weights)
        best = (misses**2).sum(1).argmin(1)
        low, high = (tried[range(len(tried)), np.clip(best + side, 0, _TRIED - 1)] for side in (-1, 1))
        tried = np.geomspace(low, high, _TRIED, axis=1)
    tried[:, 0] = defaults
    heights, misses = _fitted(names, tried, x - by, measured, weights)
    errors = misses.max(1)
    best = np.where(errors[:, 0] <= 1.5 * errors.min(1) + _EQUAL, 0, errors.argmin(1))
    return [
        {
            **{"shape": i, "varied": names[i], "names": names, "by": by, "default": defaults[i]},
            **{"value": tried[i, j], "height": heights[i, j], "error": errors[i, j]},
        }
        for i, j in enumerate(best)
    ]


def _complexity(fit: Fit, peak: float) -> tuple[int, int, int]:
    """Return how many parameters the shape of a fit has, how many numbers its text; if it is stretched."""
    value, height = fit["value"] / fit["default"], fit["height"] * peak / (1.0 if fit["varied"] else fit["value"])
    stretched = 0 if fit["varied"] else 1
    numbers = (1 + stretched) * (abs(value - 1) > _ONE) + (abs(height - 1) > _ONE)
    return len(_DEFAULTS[fit["shape"]]), numbers, stretched


def _text(fit: Fit, x: Array, measured: Array, weights: Array, peak: float) -> str:
    """Return a fit as an expression, with no more digits than make a difference, and its error."""
    i, varied, by = fit["shape"], fit["varied"], fit["by"]
    values = _rounded(fit["value"])
    tried = np.tile(np.resize(values, _TRIED), (len(_CATALOGUE), 1))
    heights, misses = _fitted(fit["names"], tried, x - by, measured, weights)
    errors = misses[i, :, : len(values)].max(0)
    k = _first(errors <= 1.5 * fit["error"] + _EQUAL)
    value, error = float(values[k]), errors[k]
    height = heights[i, k] * peak / (1.0 if varied else value)
    options = _rounded(height)
    height = float(options[_first(abs(options / height - 1) <= error / 2 + _EQUAL)])
    g = _CATALOGUE[i]
    if varied and value != fit["default"]:
        g = given(g, **{varied: value})
    factors = {} if height == 1 else {"height": height}
    if not varied and value != 1:
        g = scale(g, value, **factors)
    elif factors:
        g = scale(g, **factors)
    return f"{show(shift(g, by) if by else g)} to {max(error, _ROUNDING):.0e}"


def _rounded(value: float) -> Array:
    """Return a number to one digit, to two and so on, and as it is."""
    return np.array([*(float(f"{value:.{digits}g}") for digits in range(1, _DIGITS)), value])


def _first(good: Array) -> int:
    """Return the index of the first that is good, or of the last."""
    return int(np.append(good[:-1], True).argmax())
