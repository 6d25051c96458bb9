"""What there is to see of a shape: from where to where, its values there, its area and peak. For `plot` and `show`."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..calculus import antiderivative, area, bounds
from ..core.places import around
from ..core.shape import Shape
from ..core.text import show
from ..core.tree import function_of_x
from ..search.numerical import surveyed
from ..search.panels import numbers_at
from ..steps import heaviside
from .probes import Array, nearest

_FAR = 1e5  # in widths of a shape: what is still high there never falls
_OFF = 20  # widths of a window: a threshold that is farther off is left out
_MOST = 3  # jumps of a step on either side of the threshold that are in the picture
_COLUMNS = 1000  # of a picture: more is not seen


def window(g: Shape) -> tuple[float, float]:
    """Return from where to where to look at a shape: where its slope, in size, is above 1 % of the peak.

    A long tail is cut at 3 times the distance at which it is at 25 %. A side that never falls gets one width, a
    periodic one a few periods, and no side gets less than a quarter of the other. The threshold is inside, unless the
    shape would not be seen any more. Where every neuron has a shape of its own, all are inside.

    >>> from surrofun import shapes
    >>> [round(end, 2) for end in window(shapes.triangle)]
    [-1.19, 1.19]
    """
    centers, widths = (np.concatenate([np.ravel(place[i]) for place in around(g)]) for i in (0, 1))
    if not (centers.size and widths.size):
        raise ValueError(f"{show(g)}: expected the numbers of at least one neuron, got none")
    first, last, unit, windows = centers.min(), centers.max(), float(widths.max()), []
    if not np.isfinite([first, last, unit]).all():
        raise ValueError(f"{show(g)}: expected places that are finite, got {first:g} to {last:g}, {unit:g} wide")
    for x, slopes in samples(g):
        sizes = np.nan_to_num(np.abs(slopes), nan=np.inf, posinf=np.inf)
        low, high = _ends(x, sizes, first, last, unit)
        if max(low, -high) <= _OFF * (high - low):
            low, high = _ends(x, sizes, min(first, 0.0), max(last, 0.0), unit)
        if not np.isfinite(sizes[(low <= x) & (x <= high)]).any():
            raise ValueError(f"{show(g)}: the slope is not finite around the threshold")
        if not low < high:
            raise ValueError(f"{show(g)}: the slope is 0 everywhere but at one place")
        windows.append((low, high))
    return min(low for low, _ in windows), max(high for _, high in windows)


def _ends(x: Array, sizes: Array, first: float, last: float, unit: float) -> tuple[float, float]:
    """Return the window of a curve in which all that is between two places is to be seen."""
    distances, peak = np.maximum(first - x, x - last), sizes.max()
    if sizes[distances > _FAR * unit].max(initial=0.0) >= peak / 4:
        peak = sizes[distances <= unit].max()
    sides = np.flatnonzero(x < first)[::-1], x > last
    below, above = (_reach(distances[side], sizes[side], peak, unit) for side in sides)
    return float(first - 1.2 * max(below, above / 4)), float(last + 1.2 * max(above, below / 4))


def _reach(distances: Array, sizes: Array, peak: float, unit: float) -> float:
    """Return how far one side is to be seen; its peak may be lower than that of the whole."""
    own = min(sizes.max(), peak)
    seen, quarter = (_last(distances, sizes, level) for level in (peak / 100, own / 4))
    if not seen or quarter <= _FAR * unit:
        return min(seen, 3 * quarter)
    first = (sizes < own / 2).argmax()  # a side that never falls, or a periodic one
    return 8 * _last(distances[: first + 1], sizes[: first + 1], own / 2) if first else unit


def _last(distances: Array, sizes: Array, level: float) -> float:
    """Return the distance from which on a side is below a level."""
    high = np.flatnonzero(sizes >= level)
    if not high.size:
        return 0.0
    falls = slice(high[-1], high[-1] + 2)
    return float(np.interp(level, sizes[falls][::-1], distances[falls][::-1]))


def samples(g: Shape) -> list[tuple[Array, Array]]:
    """Return of every neuron the places that a survey of its shape looked at, in order, and the slopes there.

    >>> from surrofun import shapes
    >>> ((x, slopes),) = samples(shapes.triangle)
    >>> bool((x[1:] >= x[:-1]).all()), float(slopes.max())
    (True, 1.0)
    """
    survey = surveyed(function_of_x(g, jnp.zeros((1,))))
    x = np.concatenate([survey["places"], [survey["lowest_at"], survey["highest_at"]]])
    slopes = np.concatenate([survey["slopes"], [survey["lowest"], survey["highest"]]])
    order = np.argsort(x, axis=0, kind="stable")
    return list(zip(*(np.take_along_axis(v, order, 0).T for v in (x, slopes)), strict=True))


def places(g: Shape, low: float, high: float) -> Array:
    """Return where to sample a shape from `low` to `high`: evenly, and wherever it turns.

    >>> from surrofun import shapes
    >>> len(places(shapes.straight_through, -1.0, 1.0))
    1001
    """
    chosen = [np.linspace(low, high, _COLUMNS + 1)]
    for x, slopes in samples(g):
        rises = np.sign(np.diff(np.nan_to_num(slopes.astype(float))))
        chosen.append(x[1:-1][rises[1:] != rises[:-1]])
    x = np.unique(np.concatenate(chosen))
    return x[(low <= x) & (x <= high)]


def curves_of(g: Shape, step: Any = None, xlim: tuple[float, float] | None = None) -> tuple[Array, dict[str, Array]]:
    """Return the places in the window of a shape, and what there is to draw of it: one row a place.

    Without `xlim`, the jumps of a given step next to the threshold are inside, too.

    >>> from surrofun import shapes
    >>> x, drawn = curves_of(shapes.triangle, xlim=(-2.0, 2.0))
    >>> {name: float(curve.max()) for name, curve in drawn.items()}
    {'step': 1.0, 'soft step': 1.0, 'surrogate gradient': 1.0}
    """
    neurons = values(g, np.zeros(1)).shape[1]

    def first(x: jax.Array) -> jax.Array:  # of the neurons, which all have the same step
        return step(x + jnp.zeros((1, neurons), x.dtype))[:, :1]  # type: ignore[no-any-return]

    low, high = xlim or window(g)
    if step and not xlim:
        below, above = _jumps(first, _OFF * (high - low))
        low, high = min(low, 1.2 * below), max(high, 1.2 * above)
    x = places(g, low, high)
    soft, slope = (values(f, x) for f in (antiderivative(g), g))
    return x, {"step": values(first if step else heaviside, x), "soft step": soft, "surrogate gradient": slope}


def _jumps(step: Any, reach: float) -> tuple[float, float]:
    """Return the ends of the few jumps of a step on either side of the threshold; 0 where there is none."""
    x = np.linspace(-reach, reach, _OFF * _COLUMNS)
    moved = (np.diff(values(step, x), axis=0) != 0).any(1)
    below, above = x[:-1][moved & (x[:-1] < 0)], x[1:][moved & (x[1:] > 0)]
    return min(below[-_MOST:], default=0.0), max(above[:_MOST], default=0.0)


def summary(g: Shape) -> str:
    """Return area and peak of a shape in words.

    >>> from surrofun import shapes
    >>> summary(shapes.triangle)
    'area 1, peak 1 at 0'
    """
    x = places(g, *window(g))
    where, highest = top(x, values(g, x))
    total, peak = np.ravel(area(g)), np.ravel(bounds(g)[1])
    if not peak.max() <= highest + 0.01 * abs(highest):
        return f"area {_number(total)}, no peak near 0"
    place = round(where, 3 - math.floor(math.log10(x[-1] - x[0]))) + 0.0
    return f"area {_number(total)}, peak {_number(peak)} at {place:.3g}"


def top(x: Array, slope: Array) -> tuple[float, float]:
    """Return where the slope is largest, of several places the nearest to the threshold, and how large it is there.

    >>> top(np.array([-1.0, 0.5]), np.array([[3.0], [3.0]]))
    (0.5, 3.0)
    """
    highest = np.nanmax(slope)
    return float(x[nearest(x, np.nanmax(slope, axis=1) == highest)]), float(highest)


def values(f: Shape, x: Array) -> Array:
    """Return f at each x, one row a place, one column a neuron.

    >>> values(jnp.abs, np.array([-1.0, 2.0]))
    array([[1.],
           [2.]], dtype=float32)
    """
    like = jnp.zeros(1)
    return numbers_at(f, like, x[:, None]).astype(like.dtype)


def _number(numbers: Array) -> str:
    if not np.isfinite(numbers).all():
        return "not finite"
    low, high = f"{numbers.min():.4g}", f"{numbers.max():.4g}"
    return low if low == high else f"{low} to {high}"
