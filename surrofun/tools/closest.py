"""Which shape of the catalogue a measured slope is: every one is fitted to it, and the closest is named."""

import inspect
from collections.abc import Iterator

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
_WIDEST = 1e4  # factor on the default of it, in the first round
_ZOOMS = 5  # rounds; each looks between the neighbours of the best value
_DIGITS = 6  # of a parameter or a height, at most
_EQUAL = 1e-6  # errors that differ by less are equal
_ROUNDING = 3e-7  # of the peak, of slopes in float32
_UNLIKE = 0.4  # of the peak: a shape that is off by more is not named

_OF_WHOLE_NUMBERS = shapes.epanechnikov(n=2), shapes.epanechnikov(n=3), shapes.p_norm(n=3)  # beside the defaults
_FITTED = [  # beside the height, every parameter that is a float; `straight_through` has none
    (g, p.name, p.default)
    for g in (*(getattr(shapes, name) for name in shapes.__all__), *_OF_WHOLE_NUMBERS)
    for p in inspect.signature(g).parameters.values()
    if isinstance(p.default, float)
] + [(shapes.straight_through, "", 1.0)]


@np.errstate(all="ignore")  # shapes may overflow, or be 0 wherever they are compared
def closest(slope: Function, places: Array, slopes: Array) -> str:
    """Return the shape of the catalogue closest to a slope, and by how much of the peak it is off at most.

    Each shape is fitted by least squares in its height and in one parameter; the rest is at its default. It may be
    shifted to the middle of the slope. The error is the largest; right at a jump it is not counted. Of several whose
    error is at most half as much again as the least, the one with the fewest parameters and the shortest text is named.
    A period may be missed: many fit a little. The places where it was looked at are in order, and the slopes there are
    finite.

    >>> x = np.linspace(-1, 1, 201)
    >>> closest(lambda x: 3 * jnp.exp(-2 * jnp.abs(x)), x, 3 * np.exp(-2 * abs(x)))
    'scale(laplace(alpha=2.0), height=3.0) to 3e-07'
    """
    peak = slopes[abs(slopes).argmax()]
    if not peak:
        return "none"
    # The first and the last place where the slope is at half its peak, of those around the threshold.
    high = abs(slopes) >= abs(peak) / 2
    ends = np.flatnonzero(high & (abs(places) <= _FAR * max(abs(places[high]).min(), 1.0)))[[0, -1]]
    outside = places[np.clip(ends + np.array([-1, 1]), 0, len(places) - 1)]
    (left, right), _ = bisect(lambda x: abs(values_of(slope, x)) >= abs(peak) / 2, places[ends], outside)
    middle, half = (left + right) / 2, max((right - left) / 2, 1e-6)

    x = np.concatenate([at + side * half * _DISTANCES for at in (left, middle, right) for side in (-1, 1)])
    before, target, after = (values_of(slope, x + by) / peak for by in (-_JUMP * half, 0.0, _JUMP * half))
    counted = np.isfinite(target) & (abs(after - before) < 0.2)
    x, target = (np.where(counted, v, v[counted.argmax()]) for v in (x, target))
    shifts = [0.0] if abs(middle) < 1e-3 * half else [0.0, float(f"{middle:.3g}")]
    fits = [fit for by in shifts for fit in _fits(x, target, peak, by)]
    best = min(error for error, *_ in fits)
    *_, text = min((count, len(text), text) for error, count, text in fits if error <= 1.5 * best + _EQUAL)
    return text if best <= _UNLIKE else "none"


def _fits(x: Array, target: Array, peak: float, by: float) -> Iterator[tuple[float, int, str]]:
    """Yield the error of whatever is fitted, how many parameters it has, and its text.

    A parameter is at its default, or has as few digits as make no difference, and so has the height.
    """
    defaults = np.array([[default] for *_, default in _FITTED])
    best, factor = defaults, _WIDEST
    for _ in range(_ZOOMS):
        tried = best * np.geomspace(1 / factor, factor, _TRIED)
        _, misses = _compared(x - by, target, tried)
        best = np.take_along_axis(tried, (misses**2).sum(1).argmin(1)[:, None], 1)
        factor **= 2 / (_TRIED - 1)  # as far as the neighbours
    tried[:, : _DIGITS + 1] = np.hstack([defaults, [_rounded(value) for value in best[:, 0]]])
    heights, misses = _compared(x - by, target, tried)
    errors = misses.max(1)
    good = (errors <= 1.5 * errors.min(1, keepdims=True) + _EQUAL).argmax(1)
    for (g, name, default), i, *fit in zip(_FITTED, good, tried, peak * heights, errors, strict=True):
        value, height, error = (float(v[i]) for v in fit)
        shorter = (h for h in _rounded(height) if abs(h - height) <= (error / 2 + _EQUAL) * abs(height))
        height = next(shorter, float(f"{height:.8g}"))
        fitted = g(**{name: value}) if name and value != default else g
        fitted = scale(fitted, height=height) if height != 1 else fitted
        text = f"{show(shift(fitted, by) if by else fitted)} to {max(error, _ROUNDING):.0e}"
        yield error, len(inspect.signature(g).parameters), text


def _compared(x: Array, target: Array, tried: Array) -> tuple[Array, Array]:
    """Return of whatever is fitted, with each number that is tried, the best height and how far off it is at each x."""
    profiles = np.asarray(_profiles(jnp.float32(x)[:, None], jnp.float32(tried)), float)
    heights = (profiles * target[:, None]).sum(1) / (profiles**2).sum(1)
    return heights, np.nan_to_num(abs(heights[:, None] * profiles - target[:, None]), nan=np.inf)


@jax.jit
def _profiles(x: jax.Array, tried: jax.Array) -> jax.Array:
    """Return whatever is fitted at each place (rows), with each number that is tried (columns)."""
    fitted = zip(_FITTED, tried, strict=True)
    slopes = [g(x, **({name: v} if name else {})) for (g, name, _), v in fitted]
    return jnp.stack([jnp.broadcast_to(v, (len(x), tried.shape[1])) for v in slopes])


def _rounded(value: float) -> list[float]:
    """Return a number to one digit, to two and so on."""
    return [float(f"{value:.{digits}g}") for digits in range(1, _DIGITS + 1)]
