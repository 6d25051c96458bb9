"""What a function of the membrane potential looks like, where nothing is declared: its integral and its extremes.

The line is cut into panels that grow with the distance from the places a shape names, and all are looked at; then,
round after round, the panels that are known least are divided. The code is written once, for two kinds of arrays: of
NumPy for a function that gives numbers, of JAX (in a loop) for one that gives tracers.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .dtype import Real

Function: TypeAlias = Callable[[jax.Array], Any]
Places: TypeAlias = Sequence[tuple[Real, Real]]
Survey: TypeAlias = dict[str, Any]
Array: TypeAlias = Any  # of NumPy or of JAX
Arithmetic: TypeAlias = Any  # numpy or jax.numpy

# A round divides the worst panel of each pile. A call costs more than what is in it where f gives numbers, so that few
# large rounds are best (True); in a compiled loop it is the other way round (False).
_PILES, _ROUNDS = {True: 128, False: 32}, {True: 24, False: 32}
_PARTS = 4  # that a panel is divided into
_BLOCK = 9 * _PARTS * _PILES[True]  # places in a call of f that gives numbers: always as many, to compile f once
_GOAL = {"float32": 3e-7, "float64": 1e-9}  # relative error at which the rounds end
_FINEST, _COARSEST = -16, 40  # octaves, in widths of a place
_THINNEST = 1e-24  # width of a place; by its inverse, the largest, the grid still ends within float32
_OUTER = 3  # octaves beyond, of which the rest of the area is extrapolated
# Panels in an octave. In a survey 1 / _CLOSE of an octave leaves no gap of 0.1 within 10 of the threshold.
_COARSE, _FINE, _CLOSE = 2, 8, 16
_NEAR = 4  # octaves around the threshold that are looked at closely
_PEAKS = 8  # that are searched for the highest slope, and as many for the lowest
_STEPS = 71  # to either side, by which a round of that search is closer than the one before
_ZOOMS = 4  # rounds of it: _STEPS ** -_ZOOMS of a panel is a digit of float32, and its square one of float64

# Nine nodes of Clenshaw and Curtis on [0, 1]: they hold the ends of a panel, where a jump may hide.
_NODES = (1 - np.cos(np.pi * np.arange(9) / 8)) / 2
_GAP = 0.2  # between neighbouring nodes, at most
_POWERS = np.polynomial.chebyshev.chebvander(2 * _NODES - 1, 8)
_WEIGHTS = np.linalg.solve(_POWERS.T, [0.0 if k % 2 else 1 / (1 - k * k) for k in range(9)])
# By how much the odd nodes miss the polynomial through the even ones. (Two rules for an integral may agree by chance.)
_MISSES = np.zeros((4, 9))
_MISSES[:, 1::2] = np.eye(4)
_MISSES[:, ::2] = -_POWERS[1::2, :5] @ np.linalg.inv(_POWERS[::2, :5])
_INSIDE, _INSIDE_WEIGHTS = ((v + u) / 2 for v, u in zip(np.polynomial.legendre.leggauss(6), (1, 0), strict=True))


def survey(f: Function, places: Places, like: jax.Array) -> Survey:
    """Look at an elementwise function once, over the whole line, closely where it is not smooth.

    What is narrower than a tenth of its distance from every place, and from the threshold, may be missed.

    Args:
        f: a function of x alone; it is called with further axes in front of those of the neurons.
        places: where it does what it does, as (centre, width), of the rank of `like`.
        like: an array with the dtype, float32 or float64, and the rank of the potentials.

    Returns:
        A dictionary. All is constant: nothing in it is differentiated. `n` is the shape of the neurons.

        * "edges", (panels + 1, *n): the ends of the panels, in order.
        * "soft", (panels + 1, *n): the integral up to there; from -inf where the area is finite, else from 0.
        * "tails", (2, *n): the area before the first edge and after the last, infinite where it diverges.
        * "area", (*n): the area, infinite where it diverges, NaN where the slope is NaN or infinite somewhere.
        * "error", (*n): the estimated error of "soft", relative to the range of its values; NaN if it is not known.
        * "lowest", "highest", "lowest_at", "highest_at", (*n): the extremes of the slope, and where they are.
        * "places", "slopes", (samples, *n): every place that was looked at, in no order, and the slope there.

    >>> found = survey(lambda x: jnp.exp(-abs(x)), [(0.0, 1.0)], jnp.zeros(()))
    >>> round(float(found["area"]), 6), float(found["highest"]), bool(found["error"] < 1e-6)
    (2.0, 1.0, True)
    """
    return _looked(_survey, _FINE, f, places, like)  # type: ignore[no-any-return]


def integral(f: Function, found: Survey, x: Real) -> jax.Array:
    """Return S(x), the integral of `f` up to x, from -inf where the area is finite, else from 0.

    The derivative by x is `f(x)` itself, and what `f` closes over is differentiated under the integral.

    Args:
        f: the function that was surveyed.
        found: what `survey` found.
        x: of a shape that broadcasts with that of the neurons; it may be infinite.

    >>> f = lambda x: jnp.exp(-abs(x))
    >>> integral(f, survey(f, [(0.0, 1.0)], jnp.zeros(())), jnp.array([-jnp.inf, 0.0, jnp.inf]))
    Array([0., 1., 2.], dtype=float32)
    """
    concrete = isinstance(found["edges"], np.ndarray)
    integrated = functools.partial(_integral, f, found, concrete)
    return integrated(jnp.asarray(x)) if concrete else jax.jit(integrated)(jnp.asarray(x))


def _integral(f: Function, found: Survey, concrete: bool, x: jax.Array) -> jax.Array:
    x = lax.expand_dims(x, tuple(range(found["edges"].ndim - 1 - x.ndim)))
    edges, soft, tails = (lax.stop_gradient(jnp.asarray(found[name], x.dtype)) for name in ("edges", "soft", "tails"))
    if not concrete:
        soft, tails = _table(jnp, edges, _integrated(f, edges), x.dtype)[:2]
    finite = jnp.where(jnp.isinf(x), 0.0, x)
    start = lax.stop_gradient(finite)
    edges, soft, tails = (_aligned(v, start) for v in (edges, soft, tails))

    # From the last edge before x to x; then zero, but its derivatives by x are those of the integral.
    panel = _panel_of(edges, start)
    base = _taken(edges, panel)
    inside = (finite - start) * _column(_INSIDE, x)
    slopes = _slopes(f, jnp.concatenate([base + (start - base) * _column(_NODES, x), start + inside]))
    part = (start - base) * _dot(_WEIGHTS, slopes[:9])
    limit = jnp.abs(jnp.where(start < 0, tails[0], tails[1]))
    part = jnp.where(jnp.abs(start) > edges[-1], jnp.clip(part, -limit, limit), part)
    value = _taken(soft, panel) + part
    value = jnp.where(x == -jnp.inf, soft[0] - tails[0], jnp.where(x == jnp.inf, soft[-1] + tails[1], value))
    return jnp.asarray(value + (finite - start) * _dot(_INSIDE_WEIGHTS, slopes[9:]))


def extremes(f: Function, places: Places, like: jax.Array) -> tuple[Array, Array]:
    """Return `(lowest, highest)`, the least and the largest slope over all x; infinite where it grows without bound.

    The same extremes as those of `survey`, by a coarser look.

    >>> lowest, highest = extremes(lambda x: 1 / (1 + (x - 0.3) ** 2), [(0.0, 1.0)], jnp.zeros(()))
    >>> float(lowest) < 1e-12, float(highest)
    (True, 1.0)
    """
    lowest, highest, _, _ = _looked(_searched, _COARSE, f, places, like)
    return lowest, highest


def _looked(find: Callable[..., Any], fine: int, f: Function, places: Places, like: jax.Array) -> Any:
    """Look at the whole line, and return what `find` makes of it, with NumPy where `f` gives numbers, else with JAX."""
    with jax.ensure_compile_time_eval(), np.errstate(all="ignore"):
        pairs = [[_value(v, like) for v in place] for place in places]
        known = not any(isinstance(v, jax.core.Tracer) for pair in pairs for v in pair)
        if known:
            pairs = [pair for pair in pairs if (pair[0] != 0).any() or (pair[1] != 1).any()]  # the threshold is there
            at, numbers = _grid(np, pairs, fine, like), functools.partial(_numbers, f, like)
            seen = numbers(at)
            if seen is not None:
                return find(np, numbers, np.broadcast_to(at, seen.shape), seen, like.dtype)

    centre = sum((v for pair in pairs for v in pair), jnp.zeros((1,) * like.ndim, like.dtype))

    def in_jax() -> Any:
        # What f holds is made constant, not what it returns, so that no derivative goes through the loops.
        neurons = jax.eval_shape(functools.partial(_slopes, f), jnp.zeros(centre.shape, like.dtype)).shape
        pure, held = jax.closure_convert(functools.partial(_slopes, f), jnp.zeros(neurons, like.dtype))
        constants = [lax.stop_gradient(v) for v in held]

        def slopes(x: jax.Array) -> jax.Array:
            x = jnp.broadcast_to(x, (*x.shape[: x.ndim - like.ndim], *neurons))
            each = pure
            for _ in range(x.ndim - like.ndim):
                each = jax.vmap(each, (0, *(None for _ in constants)))
            return each(x, *constants)  # type: ignore[no-any-return]

        places = jnp.asarray(at, like.dtype) if known else _grid(jnp, pairs, fine, like)
        seen = slopes(places)
        return find(jnp, slopes, places + jnp.zeros_like(seen), seen, like.dtype)

    return jax.jit(in_jax)()


def _value(v: Real, like: jax.Array) -> Array:
    """Return a constant of the rank and the precision of `like`."""
    if isinstance(v, jax.core.Tracer):
        v = lax.stop_gradient(v).astype(like.dtype)
    else:
        v = _rounded(np.asarray(v, np.float64), like.dtype)
    return v if v.ndim else v.reshape((1,) * like.ndim)


def _slopes(f: Function, x: jax.Array) -> jax.Array:
    slopes = jnp.asarray(f(x)).astype(x.dtype)
    return jnp.broadcast_to(slopes, jnp.broadcast_shapes(slopes.shape, x.shape))


def _numbers(f: Function, like: jax.Array, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Return f(x) as numbers, in blocks of which the last is filled up with places again; None if it is traced."""
    front, neurons = x.shape[: -like.ndim or None], x.shape[x.ndim - like.ndim :]
    count, found = math.prod(front), []
    for block in np.resize(x.astype(like.dtype), (-(-count // _BLOCK), _BLOCK, *neurons)):
        slopes = _slopes(f, jnp.asarray(block))
        if isinstance(slopes, jax.core.Tracer):
            return None
        found.append(np.asarray(slopes, np.float64))
    numbers = np.concatenate(found)[:count]
    return numbers.reshape(*front, *numbers.shape[1:])


def _grid(xp: Arithmetic, pairs: Any, fine: int, like: jax.Array) -> Array:
    """Return the nodes of panels from octave to octave, on both sides of the threshold and of each place elsewhere."""
    kind = np.float64 if xp is np else like.dtype
    zero = np.zeros((1,) * like.ndim, kind)
    near = np.arange(0, _NEAR, 1 / _CLOSE) if fine == _FINE else ()
    every, fewer = (np.arange(_FINEST, _COARSEST + 1 / k, 1 / k) for k in (fine, fine if len(pairs) < 2 else _COARSE))
    ends = [_sides(np.union1d(every, near), zero)]
    for centre, width in pairs:
        centre, width = centre.astype(kind), xp.abs(width.astype(kind))
        width = xp.where(xp.isfinite(width) & (width > 0), xp.clip(width, _THINNEST, 1 / _THINNEST), 1.0)
        ends.append(xp.where(xp.isfinite(centre), centre, 0.0) + width * _sides(fewer, zero))
    ends = [v + sum(xp.zeros_like(u[0]) for u in ends) for v in ends]
    reach = functools.reduce(xp.maximum, [xp.abs(v).max(0) for v in ends])
    outer = reach * _sides(np.arange(1, _OUTER * fine + 1) / fine, zero)
    (edges,) = _sorted(xp, 0, 1, _rounded(xp.concatenate([*ends, outer]), like.dtype))
    edges = xp.concatenate([edges] + [edges[-1:]] * (1 + -len(edges) % _PILES[True]))  # whole rows of piles
    return _nodes(xp, edges[:-1], edges[1:], like.dtype)


def _sides(octaves: Array, zero: Array) -> Array:
    return _column(np.concatenate([-(2.0 ** octaves[::-1]), [0.0], 2.0**octaves]), zero)


def _nodes(xp: Arithmetic, starts: Array, ends: Array, dtype: Any) -> Array:
    nodes, widths = _column(_NODES, starts), ends - starts
    return _rounded(xp.where(nodes < 0.5, starts + widths * nodes, ends - widths * (1 - nodes)), dtype)  # exact ends


def _survey(xp: Arithmetic, slopes: Function, at: Array, seen: Array, dtype: Any) -> Survey:
    lowest, highest, lowest_at, highest_at = _searched(xp, slopes, at, seen, dtype)
    panels, at, seen = _divided(xp, slopes, at, seen, dtype)
    starts, ends, areas, errors = _sorted(xp, 0, 2, *panels[:4])
    edges = xp.concatenate([starts, ends[-1:]])
    soft, tails, area, doubt = _table(xp, edges, areas, dtype)
    limits = xp.where(xp.isfinite(tails), xp.stack([soft[0] - tails[0], soft[-1] + tails[1]]), soft[0])
    reach = xp.maximum(soft.max(0), limits.max(0)) - xp.minimum(soft.min(0), limits.min(0))
    error = errors.sum(0) + doubt
    found = {
        "edges": edges, "soft": soft, "tails": tails, "area": area,
        "error": xp.where(error == 0, 0.0, error / reach),
        "lowest": lowest, "highest": highest, "lowest_at": lowest_at, "highest_at": highest_at,
        "places": _shaped(at, 0, 2, -1), "slopes": _shaped(seen, 0, 2, -1),
    }  # fmt: skip
    return {name: v.astype(dtype) for name, v in found.items()}


def _divided(xp: Arithmetic, slopes: Function, at: Array, seen: Array, dtype: Any) -> tuple[Array, ...]:
    """Divide the worst panels until all are known; return (5, panels, *n) as `_measured` does, places and slopes."""
    piles, rounds = _PILES[xp is np], _ROUNDS[xp is np]
    samples = _shaped(xp.stack([at, seen]), 2, 3, -1, piles)  # (2, nodes, rows, piles, *n)
    panels = _measured(xp, samples, dtype)
    first, last, zero = panels.shape[1], panels[1, -1, -1], xp.zeros_like(panels[0, 0, 0])
    gone = xp.stack([last, last, zero, zero, zero - 1])[:, None, None]
    if xp is jnp:  # what is compiled has one size, that of all rounds
        new = jnp.zeros((rounds * _PARTS, piles, *zero.shape), dtype)
        panels = xp.concatenate([panels, gone + new], 1)
        samples = xp.concatenate([samples, samples[:, :, :1, :1] + new], 2)

    def unfinished(state: tuple[Array, ...]) -> Array:
        k, (starts, _, areas, _, ranks), _ = state
        sides = [xp.abs(xp.where(side, areas, 0.0).sum((0, 1))) for side in (starts < 0, starts >= 0)]
        error = xp.maximum(ranks, 0.0).sum((0, 1))
        known = (error <= _GOAL[str(dtype)] * xp.maximum(*sides)) | ~xp.isfinite(error)
        return (k < rounds) & ~known.all()

    def divide(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, panels, samples = state
        worst = _is_best(xp, panels[4])
        start, end = xp.where(worst, panels[:2], 0.0).sum(1)
        cuts = _rounded(xp.stack([start + (end - start) * (i / _PARTS) for i in range(_PARTS)] + [end]), dtype)
        # Parts go to piles apart, so that two bad panels of one pile do not meet again.
        starts, ends = (xp.stack([xp.roll(cuts[i + j], 9 * i, 0) for i in range(_PARTS)]) for j in (0, 1))
        at = _nodes(xp, starts, ends, dtype)
        new, row = xp.stack([at, slopes(at)]), first + k * _PARTS
        panels = _put(xp, xp.where(worst, gone, panels), _measured(xp, new, dtype), row, 1)
        return k + 1, panels, _put(xp, samples, new, row, 2)

    _, panels, samples = _repeated(xp, unfinished, divide, (0, panels, samples))
    return _shaped(panels, 1, 3, -1), *_shaped(samples, 2, 4, -1)


def _measured(xp: Arithmetic, samples: Array, dtype: Any) -> Array:
    """Return starts, ends, areas and errors of panels, and the ranks by which they are divided."""
    at, seen = samples
    starts, ends, widths = at[0], at[-1], at[-1] - at[0]
    miss = functools.reduce(xp.maximum, [xp.abs(_dot(weights, seen)) for weights in _MISSES])
    # Places are rounded, so that a slope is off by its rise over one digit. Such errors cancel, though not all. Where a
    # panel is a few digits wide, it is there for a jump.
    digit = float(np.finfo(dtype).eps) * xp.maximum(xp.abs(starts), xp.abs(ends))
    last = widths <= digit
    rounding = xp.where(widths > 32 * digit, 2 * digit * (seen.max(0) - seen.min(0)), 0.0)
    ranks = xp.where(last, -1.0, widths * miss - rounding)
    errors = xp.maximum(widths * miss - rounding, widths * miss / 32)
    errors = xp.where(last, widths * xp.abs(seen[-1] - seen[0]), errors)  # a jump between neighbouring numbers
    return xp.stack([starts, ends, widths * _dot(_WEIGHTS, seen), errors, ranks])


def _searched(xp: Arithmetic, slopes: Function, at: Array, seen: Array, dtype: Any) -> tuple[Array, ...]:
    """Return the lowest and the highest slope, and where: around the best peaks that were seen, closer and closer."""
    sign = np.array([-1.0, 1.0], seen.dtype).reshape(2, *(1,) * (seen.ndim - 1))  # the lowest is the highest of -f
    high, high_at = _best(xp, sign * seen[:, None], at[:, None])
    starts, ends = (v + xp.zeros_like(high) for v in (at[0], at[-1]))
    distance = xp.maximum(xp.abs(starts), xp.abs(ends))
    inner = distance < 0.51 * distance.max(1, keepdims=True)  # all but the last octave
    grown = high.max(1) - xp.where(inner, high, -np.inf).max(1)

    # A peak is in a panel that is not below its neighbours; of a plateau, at its ends.
    before, after = (xp.concatenate(v, 1) for v in ([high[:, :1], high[:, :-1]], [high[:, 1:], high[:, -1:]]))
    peak = (high >= before) & (high >= after) & ((high > before) | (high > after))
    _, *found = _sorted(xp, 1, 1, xp.where(peak, -high, np.inf), high, high_at, ends - starts)
    slope, place, width = (v[:, :_PEAKS] for v in found)
    shares = _column(np.linspace(-1, 1, 2 * _STEPS + 1), slope)

    def closer(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, _, earlier, slope, place, reach = state
        points = place + reach * shares
        earlier = xp.where(k > _ZOOMS // 2, earlier, slope)
        higher, place = _best(xp, sign * slopes(points), points)
        return k + 1, (higher > slope + least).any(), earlier, higher, place, reach / _STEPS

    least = float(np.finfo(dtype).eps) * xp.abs(slope).max((0, 1))  # difference that counts
    state = (0, xp.asarray(True), slope, slope, place, _GAP * width)
    # Once a closer look finds nothing higher, the peak was in place.
    k, _, earlier, slope, place, _ = _repeated(xp, lambda state: (state[0] < _ZOOMS) & state[1], closer, state)
    best, best_at = _best(xp, xp.swapaxes(slope, 0, 1), xp.swapaxes(place, 0, 1))
    span = xp.where(xp.isinf(best.sum(0)), xp.abs(best), best.sum(0))
    # Without bound is what still grows in the last rounds, or in the last octave.
    grows = (k > _ZOOMS // 2) & ((slope - earlier).max(1) > 0.01 * span)
    endless = grows | (grown > 1e-5 * span)
    bounds = sign[:, 0] * xp.where(endless, np.inf, best) + xp.where(xp.isnan(high).any(1), np.nan, 0.0)
    return tuple(v.astype(dtype) for v in (*bounds, *best_at))


def _best(xp: Arithmetic, slopes: Array, places: Array) -> tuple[Array, Array]:
    """Return the highest of the slopes along the first axis, and its place."""
    return slopes.max(0), xp.where(_is_best(xp, slopes), places, 0.0).sum(0)


def _is_best(xp: Arithmetic, values: Array) -> Array:  # arrays that are divided on a mesh permit no gather
    return xp.argmax(values, 0)[None] == np.arange(len(values)).reshape(-1, *(1,) * (values.ndim - 1))


def _table(xp: Arithmetic, edges: Array, areas: Array, dtype: Any) -> tuple[Array, ...]:
    """Return the integral up to each edge, the areas beyond the first and the last, the area, and the tails' error."""
    middle, outer = edges[1:] / 2 + edges[:-1] / 2, edges[-1] / 2**_OUTER
    tails, doubt = [], 0.0
    for side in (-1, 1):
        octaves = [(side * middle > outer * 2**k) & (side * middle < outer * 2 ** (k + 1)) for k in range(_OUTER)]
        first, second, third = (xp.where(octave, areas, 0.0).sum(0) for octave in octaves)
        tail, before = _rest(xp, second, third, dtype), _rest(xp, first, second, dtype)
        tails.append(tail)
        doubt = doubt + xp.where(xp.isfinite(tail), 8 * xp.abs(third + tail - before), 0.0)
    tail = xp.stack(tails)
    nothing = xp.zeros_like(areas[:1])
    left = xp.concatenate([nothing, xp.cumsum(areas, 0)])
    up = xp.concatenate([nothing, xp.cumsum(xp.where(middle > 0, areas, 0.0), 0)])
    down = xp.concatenate([xp.cumsum(xp.where(middle > 0, 0.0, areas)[::-1], 0)[::-1], nothing])
    soft = xp.where(xp.isfinite(tail).all(0), left + xp.where(xp.isfinite(tail), tail, 0.0)[0], up - down)
    area = left[-1] + tail[0] + tail[1]
    return soft + xp.where(xp.isnan(left[-1]), np.nan, 0.0), tail, area, doubt


def _rest(xp: Arithmetic, before: Array, last: Array, dtype: Any) -> Array:
    """Return what follows two octaves of a geometric series, infinite if it does not fall."""
    ratio = xp.where(before == 0, 0.0, last / xp.where(before == 0, 1.0, before))
    falls = xp.abs(ratio) < 1 - float(np.finfo(dtype).eps) ** 0.5
    ratio = xp.where(falls, ratio, 0.0)
    infinite = xp.where(last == 0, 0.0, xp.where(last > 0, np.inf, -np.inf))
    return xp.where(falls, last * ratio / (1 - ratio), infinite)


def _integrated(f: Function, edges: jax.Array) -> jax.Array:
    """Return the areas between `edges`, of a function that is traced; in blocks, of which little is kept."""
    size = _PARTS * _PILES[False]

    @jax.checkpoint
    def block(k: jax.Array) -> jax.Array:
        start, end = (lax.dynamic_slice_in_dim(edges, k * size + j, size) for j in (0, 1))
        at = start + (end - start) * _column(_NODES, start)
        area: jax.Array = (end - start) * _dot(_WEIGHTS, _slopes(f, at))
        return area

    areas: jax.Array = _shaped(lax.map(block, np.arange(len(edges) // size)), 0, 2, -1)
    return areas


def _aligned(table: jax.Array, x: jax.Array) -> jax.Array:
    """Return the table (rows, *n) with the rank of x and on the devices of x."""
    table = lax.expand_dims(table, tuple(range(1, 2 + x.ndim - table.ndim)))
    shared = tuple(axis for axis in range(x.ndim) if table.shape[axis + 1] == 1)
    return table + jnp.zeros_like(x + table[0]).sum(shared, keepdims=True)


@jax.jit
def _panel_of(edges: jax.Array, x: jax.Array) -> jax.Array:
    """Return the index of the last edge that is not above x, of the first if all are."""
    bits = len(edges).bit_length()

    def closer(k: jax.Array, index: jax.Array) -> jax.Array:
        further = index + (1 << (bits - 1 - k))
        return jnp.where((further < len(edges)) & (_taken(edges, further) <= x), further, index)

    return lax.fori_loop(0, bits, closer, jnp.zeros_like(x + edges[0], np.int32))  # type: ignore[no-any-return]


def _taken(table: jax.Array, index: jax.Array) -> jax.Array:
    """Return the rows of the table (rows, *n) at indices that broadcast with n; a gather that divided arrays permit."""

    def take(table: jax.Array, index: jax.Array) -> jax.Array:
        return table.at[index].get(mode="clip", out_sharding=jax.typeof(index).sharding)

    for axis in range(index.ndim):
        if table.shape[axis + 1] > 1:
            take = jax.vmap(take, (-1, axis), axis)
    return take(lax.squeeze(table, tuple(axis for axis in range(1, table.ndim) if table.shape[axis] == 1)), index)


# What NumPy and JAX spell differently.


def _repeated(xp: Arithmetic, goes_on: Callable[..., Any], step: Callable[..., Any], state: Any) -> Any:
    if xp is jnp:
        return lax.while_loop(goes_on, step, state)
    while goes_on(state):
        state = step(state)
    return state


def _put(xp: Arithmetic, array: Array, rows: Array, start: Any, axis: int) -> Array:
    """Put rows into an array of JAX, where there is room for them; append them to one of NumPy."""
    if xp is jnp:
        return lax.dynamic_update_slice_in_dim(array, rows, start, axis)
    return np.concatenate([array, rows], axis)


def _sorted(xp: Arithmetic, axis: int, keys: int, *arrays: Array) -> Sequence[Array]:
    """Sort arrays along an axis, by the first of them, or by the first and then by the second."""
    if xp is jnp:
        return lax.sort(arrays, dimension=axis, num_keys=keys)
    order = np.lexsort(arrays[keys - 1 :: -1], axis=axis)
    return [np.take_along_axis(v, order, axis) for v in arrays]


def _shaped(array: Array, start: int, stop: int, *sizes: int) -> Array:
    """Return the array with axes of these sizes, of which the first is -1, in the place of those from start to stop."""
    first = math.prod(array.shape[start:stop]) // math.prod(sizes[1:])
    shape = (*array.shape[:start], first, *sizes[1:], *array.shape[stop:])
    if isinstance(array, np.ndarray):
        return array.reshape(shape)
    rest = lax.expand_dims(array[(slice(None),) * start + (0,) * (stop - start)], range(start, start + len(sizes)))
    return lax.reshape(array, shape, out_sharding=jax.typeof(rest).sharding)


def _rounded(array: Array, dtype: Any) -> Array:
    return array.astype(dtype).astype(array.dtype)


def _column(values: Any, like: Array) -> Array:
    """Return values (k,) as (k, 1, ...), in the dtype of an array and to stand in front of its axes."""
    return np.asarray(values, like.dtype).reshape(-1, *(1,) * like.ndim)


def _dot(weights: Any, slopes: Array) -> Array:
    return (_column(weights, slopes[0]) * slopes).sum(0)
