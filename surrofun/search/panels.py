"""Panels of the line: where a function is looked at in each, its integral with the error, and the table of all."""

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..core.concrete import numpy_of, without_gradient
from ..core.dtype import as_real
from ..core.program import call_cached
from .arrays import Arithmetic, Array, column, dot, materialized, representable

Function: TypeAlias = Callable[[jax.Array], Any]

BLOCK = 9 * 4 * 128  # places in a call of f that gives numbers: always as many, to compile f once
_FEW = 4  # blocks; for more of them a program is made
OUTER = 7  # octaves at either end, of which it is told what is beyond them
_NEAR = 2.0**-37  # of the largest distance: 64 widths of the widest place, see `survey`

# Nine nodes of Clenshaw and Curtis on [0, 1]: they hold the ends of a panel, where a jump may hide.
NODES = (1 - np.cos(np.pi * np.arange(9) / 8)) / 2

# Nodes of Gauss in [-1, 1]. They leave out the ends: where a panel ends at a kink that a parameter moves, the
# derivative there is of neither side. By slopes there, the powers of u of their integral from -1 to u.
_INSIDE, _ = np.polynomial.legendre.leggauss(5)
_RISES = np.polynomial.polynomial.polyint(np.linalg.inv(np.vander(_INSIDE, increasing=True)), lbnd=-1)
_UNKNOWN = 1e-2  # of the derivative of an area, by which it may be off


def _misses(nodes: Array) -> Array:
    """Return by how much the odd nodes miss the polynomial through the even ones."""
    powers = np.polynomial.chebyshev.chebvander(nodes, len(nodes) // 2)
    missed = np.eye(len(nodes))[1::2]
    missed[:, ::2] = -powers[1::2] @ np.linalg.inv(powers[::2])
    return missed


# Not the difference of two rules for an integral, which may agree by chance.
_MISSES, _MISSES_INSIDE = _misses(2 * NODES - 1), _misses(_INSIDE)


def slopes_at(f: Function, x: jax.Array) -> jax.Array:
    """Return f(x) in the dtype of x, of a shape that x broadcasts to.

    >>> slopes_at(lambda x: 1, jnp.zeros(2))
    Array([1., 1.], dtype=float32)
    """
    slopes = jnp.asarray(as_real(f(x), "slope", f)).astype(x.dtype)
    return jnp.broadcast_to(slopes, jnp.broadcast_shapes(slopes.shape, x.shape))


def numbers_at(f: Function, like: jax.Array, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return f(x) as numbers, in blocks of which the last is filled up with places again.

    >>> numbers_at(jnp.exp, jnp.zeros(()), np.zeros(2))
    array([1., 1.])
    """
    rank = x.ndim - like.ndim
    front, neurons = x.shape[:rank], x.shape[rank:]
    count = math.prod(front)
    blocks = np.resize(x.astype(like.dtype), (-(-count // BLOCK), BLOCK, *neurons))
    call = functools.partial(call_cached, slopes_at) if len(blocks) > _FEW else slopes_at
    found = [np.asarray(lax.stop_gradient(call(f, jnp.asarray(block))), np.float64) for block in blocks]
    numbers = np.concatenate(found)[:count]
    return numbers.reshape(*front, *numbers.shape[1:])


def nodes(xp: Arithmetic, starts: Array, ends: Array, dtype: Any) -> Array:
    """Return the nodes of panels, nine in front of their axes; the first and the last are the ends themselves.

    >>> nodes(np, np.array([0.0]), np.array([2.0]), np.float32)[[0, 4, 8], 0]
    array([0., 1., 2.])
    """
    shares, widths = column(NODES, starts), ends - starts
    places = xp.where(shares < 0.5, starts + widths * shares, ends - widths * (1 - shares))
    return representable(places, dtype)


def measured(xp: Arithmetic, samples: Array, dtype: Any) -> Array:
    """Return starts, ends, rough areas and errors of panels, and the ranks by which they are divided.

    Of places and slopes at their nodes, (2, 9, ...).

    >>> at = nodes(np, np.array([0.0]), np.array([1.0]), np.float64)
    >>> measured(np, np.stack([at, at**3]), np.float64)[3].round(12)
    array([0.])
    """
    at, seen = samples
    starts, ends, widths = at[0], at[-1], at[-1] - at[0]
    miss = xp.abs(dot(_MISSES, seen)).max(0)
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
    return xp.stack([starts, ends, widths * seen.mean(0), errors, ranks])


def inside(edges: Array) -> Array:
    """Return the places within panels where the slopes of `table_of_integral` are, five in front of the axes of panels.

    >>> inside(np.array([0.0, 2.0])).round(2)[:, 0]
    array([0.09, 0.46, 1.  , 1.54, 1.91])
    """
    return edges[:-1] + (edges[1:] - edges[:-1]) * ((1 + column(_INSIDE, edges[1:])) / 2)


def is_known(x: Array, moves: Array, rounding: Array) -> Array:
    """Say for which neurons the panels resolve a derivative of the slopes, (5, panels, *n) at the places inside them.

    The panels were made for the slopes: the derivative may be too steep for them, as where a logarithm moves. If it is
    no more than rounding, it counts as resolved, as is the derivative by a number that cancels.

    >>> x = inside(np.linspace(-1, 1, 13))
    >>> bool(is_known(x, np.sin(x), 0 * x)), bool(is_known(x, 1 / x, 0 * x)), bool(is_known(x, 1 / x, 99 / abs(x)))
    (True, False, True)
    """
    xp = numpy_of(x, moves, rounding)
    x, moves, rounding = xp.asarray(x), materialized(xp.asarray(moves)), xp.asarray(rounding)
    widths = x[-1] - x[0]
    parts = (widths * xp.abs(v).max(0) for v in (dot(_MISSES_INSIDE, moves), moves, rounding))
    missed, whole, off = (sums(xp, part, x[0], x.max((0, 1))) for part in parts)
    return (missed <= _UNKNOWN * whole + off).all(0)


def is_near(xp: Arithmetic, x: Array, last: Array) -> Array:
    """Say which places are near the threshold, by the distance of the last edge.

    >>> is_near(np, np.array([-1.0, 65.0]), 2.0**43)
    array([ True, False])
    """
    return xp.abs(x) <= _NEAR * last


def sums(xp: Arithmetic, values: Array, starts: Array, last: Array) -> Array:
    """Return the sum over all panels, and over those near the threshold: of an infinite area any error would do.

    >>> sums(np, np.ones(2), np.array([-1.0, 65.0]), 2.0**43)
    array([2., 1.])
    """
    return xp.stack([values, xp.where(is_near(xp, starts, last), values, 0.0)]).sum(1)


def table_of_integral(
    xp: Arithmetic, dtype: Any, edges: Array, errors: Array, slopes: Array, jumps: Array | float = 0.0
) -> dict[str, Array]:
    """Return the integral of a function, by its slopes inside the panels, of which `survey` found edges and errors.

    Args:
        errors: (2, *n), those of all panels, and of those near the threshold, by which an infinite area is judged.

    Returns:
        * "powers", (6, panels, *n): of u, which goes from -1 to 1 in a panel; the polynomial is the integral up to u,
          from -inf where the area is finite, else from 0.
        * "limits", (2, *n): the integral up to -inf and up to inf, infinite where it diverges.
        * "area", (*n): the area, infinite where it diverges, NaN where the slope is NaN or infinite somewhere.
        * "range", (*n): the largest integral minus the least.
        * "error", (*n): the estimated error of the integral, relative to its range, or where the area is infinite, to
          that near the threshold; NaN if it is not known.

    >>> edges = np.array([-8.0, -4, -2, -1, 0, 1, 2, 4, 8])
    >>> found = table_of_integral(np, np.float64, edges, np.zeros(2), np.where(abs(inside(edges)) < 1, 1.0, 0.0))
    >>> found["powers"][:2, 2:6].round(3), float(found["area"].round(3))
    (array([[0. , 0.5, 1.5, 2. ],
           [0. , 0.5, 0.5, 0. ]]), 2.0)
    """
    rises = (edges[1:] - edges[:-1]) / 2 * dot(_RISES, slopes)
    soft, tails, area, doubt = up_to_edges(xp, edges, rises.sum(0) + jumps, dtype)
    limits = xp.stack([soft[0] - tails[0], soft[-1] + tails[1]])
    finite = xp.isfinite(limits).all(0)
    counted = xp.where(finite | is_near(xp, edges, edges[-1]), soft, 0.0)
    values = xp.concatenate([counted, xp.where(finite, limits, 0.0)])
    reach = values.max(0) - values.min(0)
    missed = xp.where(finite, errors[0], errors[1]) + doubt
    error = without_gradient(xp.where(missed == 0, 0.0, missed / reach))
    powers = xp.concatenate([rises[:1] + soft[:-1], rises[1:]])
    return {"powers": powers, "limits": limits, "area": area, "range": reach, "error": error}


def up_to_edges(xp: Arithmetic, edges: Array, areas: Array, dtype: Any) -> tuple[Array, ...]:
    """Return the integral up to each edge, the areas beyond the first and the last, the area, and the tails' error.

    >>> edges = np.array([-8.0, -4, -2, -1, 0, 1, 2, 4, 8])
    >>> up_to_edges(np, edges, np.diff(edges) * [0, 0, 0, 1, 1, 0, 0, 0], np.float64)[0]
    array([0., 0., 0., 0., 1., 2., 2., 2., 2.])
    """
    middle = edges[1:] / 2 + edges[:-1] / 2
    octaves = edges[-1] * column(2.0 ** np.arange(-OUTER, 0), edges[-1])[:, None]  # (OUTER, 1, *n)
    side = xp.stack([-middle, middle])  # (2, panels, *n)
    in_octave = (side > octaves[:, :, None]) & (side < 2 * octaves[:, :, None])
    tails, doubt = _beyond(xp, xp.where(in_octave, areas, 0.0).sum(2), dtype)
    finite = xp.isfinite(tails).all(0)
    # Where the area is infinite, from the threshold to both sides, so that large areas far out cost no digits.
    is_up = finite | (middle > 0)
    parts = xp.stack([xp.where(is_up, areas, 0.0), xp.where(is_up, 0.0, areas)[::-1]])
    up, down = xp.cumsum(parts, 1)
    soft = xp.where(finite, tails[0], 0.0) + xp.concatenate([xp.zeros_like(up[:1]), up])
    soft = soft - xp.concatenate([down[::-1], xp.zeros_like(up[:1])])
    total = areas.sum(0)
    return soft + xp.where(xp.isnan(total), np.nan, 0.0), tails, total + tails[0] + tails[1], doubt.sum(0)


def _beyond(xp: Arithmetic, octaves: Array, dtype: Any) -> tuple[Array, Array]:
    """Return the area beyond the last of these octaves, and its error, which is infinite where they do not tell.

    For a power of x, the octaves form a geometric series. The area beyond is infinite only if no octave is less than
    the one before, and their ratio changes little, and less and less. For a bump that ends farther out, the ratio
    changes more and more.
    """
    before, ratio_error = octaves[:-1], float(np.finfo(dtype).eps) ** 0.5
    nothing = xp.abs(before) < 4 * float(np.finfo(dtype).tiny)
    # The derivative of a quotient divides by a square, which is 0 for a small octave: first, what divides is made 1.
    scale = without_gradient(xp.where(nothing, 1.0, before))
    ones = xp.where(nothing, 1.0, before / scale)  # a choice, since XLA multiplies out a quotient of quotients
    ratios = xp.where(nothing, 0.0, octaves[1:] / scale / ones)
    least = ratios.min(0)
    change, changes = ratios.max(0) - least, xp.abs(ratios[1:] - ratios[:-1])
    settles = changes[-1] <= changes[0] + ratio_error / 10
    endless = (least > 1 - ratio_error / 10) & (change < xp.maximum((least - 1) / 100, ratio_error / 10)) & settles
    falls = xp.abs(ratios[-2:]) < 1 - ratio_error
    ratios = xp.where(falls, ratios[-2:], 0.0)
    earlier, rest = octaves[-2:] * ratios / (1 - ratios)
    error = xp.where(falls.all(0), 8 * xp.abs(octaves[-1] + rest - earlier), np.inf)
    infinite = xp.where(octaves[-1] > 0, np.inf, -np.inf)
    return xp.where(endless, infinite, rest), xp.where(endless, 0.0, error)
