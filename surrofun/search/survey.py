"""What a function of the membrane potential looks like, where nothing is declared: its extremes and its integral.

The line is cut into panels that grow with the distance from the places a shape names, and all are looked at; then,
round after round, the panels that are known least are divided. The code is written once, for two kinds of arrays: of
NumPy for a function that gives numbers, of JAX (in a loop) for one that gives tracers.
"""

import functools
from collections.abc import Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..core.concrete import at_compile_time, is_traced, try_concrete, unchecked, without_gradient
from ..core.dtype import Real
from ..core.text import show
from ..core.varying import vary_as
from .arrays import Arithmetic, Array, column, everywhere, highest, put, repeated, representable, shaped
from .panels import BLOCK, OUTER, Function, is_near, measured, nodes, numbers_at, slopes_at, sums

Places: TypeAlias = Sequence[tuple[Real, Real]]
Survey: TypeAlias = dict[str, Any]
EXTREMES = "lowest", "highest", "lowest_at", "highest_at"
INTEGRAL = "edges", "errors"
NAMES = *EXTREMES, *INTEGRAL, "places", "slopes"

# A round divides the worst panel of each pile. A call costs more than what is in it where f gives numbers, so that few
# large rounds are best; in a compiled loop it is the other way round.
_PILES, _ROUNDS = {np: 128, jnp: 16}, {np: 24, jnp: 32}
_PARTS = 4  # that a panel is divided into
_GOAL = {"float32": 1e-8, "float64": 1e-9}  # relative error at which the rounds end
_FINEST, _COARSEST = -16, 36  # octaves, in widths of a place; OUTER follow
_THINNEST = 1e-24  # width of a place; by its inverse, the largest, the grid still ends within float32
# Panels in an octave: 1 / _CLOSE of an octave leaves no gap of 0.1 within 10 of the threshold.
_COARSE, _FINE, _CLOSE = 2, 8, 16
_NEAR = 4  # octaves around the threshold that are looked at closely
_PEAKS = 4  # the highest that are searched for the highest slope, and the nearest; and as many for the lowest
_ALMOST = 0.1  # of the highest, below it: no lower than this are the nearest peaks of a periodic slope seen
_STEPS = 71  # to either side of a peak, in each round of that search: the next round takes one such step for its range
_ZOOMS = 4  # rounds: _STEPS ** -_ZOOMS of a panel is a digit of float32, and, squared, as a slope falls, of float64
_GROWTH = 3e-4  # of the span, from the last octave but one to the last: more has no bound
_GAP = 0.2  # between neighbouring nodes of a panel, at most


@unchecked()
def survey(f: Function, places: Places, like: jax.Array, names: Sequence[str] = NAMES) -> Survey:
    """Look at an elementwise function once, over the whole line, closely where it is not smooth.

    A feature narrower than a tenth of its distance from every place and from the threshold may be missed. One beside a
    place, nearer to it than 1e-4 of the width of the place, may be wrong.

    Args:
        f: a function of x alone; it is called with further axes in front of those of the neurons.
        places: (centre, width) of each bump or edge, of the rank of `like`.
        like: an array with the dtype, float32 or float64, and the rank of the potentials.
        names: the results that are wanted; only these are computed, all from the same samples.

    Returns:
        A dictionary of the wanted arrays. They are constants, without a derivative: of NumPy where f gives numbers, of
        JAX where its values are differentiated or traced. `n` is the shape of the neurons.

        * "edges", (panels + 1, *n): the ends of the panels, in order, padded with the last one so that few sizes occur.
        * "errors", (2, *n): the sum of the estimated errors of the areas of all panels, and of those near the
          threshold: no farther than 64 widths of the widest place.
        * "lowest", "highest", "lowest_at", "highest_at", (*n): the extremes of the slope, and where they are.
        * "places", "slopes", (samples, *n): every place that was looked at, in no order, and the slope there; both or
          none are asked for.

    Raises:
        TypeError: f returns more axes than the potentials have.

    >>> found = survey(lambda x: jnp.exp(-abs(x)), [(0.0, 1.0)], jnp.zeros(()))
    >>> float(found["highest"]), bool(found["errors"].max() < 1e-6)
    (1.0, True)
    """
    one = jax.ShapeDtypeStruct((1,) * like.ndim, like.dtype)
    slope = jax.eval_shape(functools.partial(slopes_at, f), one)  # here: at compile time no mapped axis has a name
    if slope.ndim > like.ndim:  # its axis would meet that of the places
        raise TypeError(
            f"{show(f)}: expected a slope of at most {like.ndim} axes, got shape {slope.shape}; if it closes over an "
            "array, make that a parameter, one number a neuron"
        )
    with at_compile_time(f, like), np.errstate(all="ignore"):
        pairs = [[_value(v, like) for v in place] for place in places]
        known = not is_traced(pairs)
        if known:
            pairs = [pair for pair in pairs if (pair[0] != 0).any() or (pair[1] != 1).any()]  # the threshold is there
            at, slopes = _grid(np, pairs, like), functools.partial(numbers_at, f, like)
            threshold = jnp.asarray(np.zeros((BLOCK, *(1,) * like.ndim), like.dtype))
            holds_tracer = try_concrete(slopes_at, f, threshold) is None  # also in a comparison, which returns none
            if not (holds_tracer and is_traced(lax.stop_gradient(slopes_at(f, threshold)))):
                seen = slopes(at)
                found = _survey(np, names, slopes, np.broadcast_to(at, seen.shape), seen, like.dtype)
                return jax.tree.map(jnp.asarray, found) if holds_tracer else found

    neurons = jnp.broadcast_shapes(slope.shape, *(v.shape for pair in pairs for v in pair))

    def in_jax() -> Survey:
        # What f holds is made constant, not what it returns, so that no derivative goes through the loops.
        x = vary_as(jnp.zeros(neurons, like.dtype), slope)
        pure, held = jax.closure_convert(functools.partial(slopes_at, f), x)
        constants = [lax.stop_gradient(v) for v in held]

        def slopes(x: jax.Array) -> jax.Array:
            x = jnp.broadcast_to(x, (*x.shape[: x.ndim - like.ndim], *neurons))
            return everywhere(lambda x: pure(x, *constants), like.ndim)(x)  # type: ignore[no-any-return]

        places = vary_as(jnp.asarray(at, like.dtype) if known else _grid(jnp, pairs, like), slope)
        seen = slopes(places)
        return _survey(jnp, names, slopes, places + jnp.zeros_like(seen), seen, like.dtype)

    return jax.jit(in_jax)()  # type: ignore[no-any-return]


def _value(v: Real, like: jax.Array) -> Array:
    """Return a constant of the rank and the precision of `like`."""
    v = without_gradient(v)  # outside of a program, it is a number then
    v = v.astype(like.dtype) if isinstance(v, jax.core.Tracer) else representable(np.asarray(v, np.float64), like.dtype)
    return v if v.ndim else v.reshape((1,) * like.ndim)


def _grid(xp: Arithmetic, pairs: Any, like: jax.Array) -> Array:
    """Return the nodes of panels from octave to octave, on both sides of the threshold and of each place elsewhere."""
    every, fewer = (np.arange(_FINEST, _COARSEST + 1 / k, 1 / k) for k in (_FINE, _FINE if len(pairs) < 2 else _COARSE))
    ends = [_sides(np.union1d(every, np.arange(0, _NEAR, 1 / _CLOSE)), like)]
    for centre, width in pairs:
        centre, width = centre.astype(like.dtype), xp.abs(width.astype(like.dtype))
        width = xp.where(xp.isfinite(width) & (width > 0), xp.clip(width, _THINNEST, 1 / _THINNEST), 1.0)
        ends.append(xp.where(xp.isfinite(centre), centre, 0.0) + width * _sides(fewer, like))
    ends = [v + sum(xp.zeros_like(u[0]) for u in ends) for v in ends]
    reach = functools.reduce(xp.maximum, [xp.abs(v).max(0) for v in ends])
    outer = reach * _sides(np.arange(1, OUTER * _FINE + 1) / _FINE, like)
    edges = xp.sort(representable(xp.concatenate([*ends, outer]), like.dtype), 0)
    edges = xp.concatenate([edges] + [edges[-1:]] * (1 + -len(edges) % _PILES[np]))  # whole rows of piles
    return nodes(xp, edges[:-1], edges[1:], like.dtype)


def _sides(octaves: Array, like: Array) -> Array:
    # An octave is divided into equal parts, so that panels do not straddle the cells of `integral`.
    sizes = np.ldexp(1 + octaves % 1, np.floor(octaves).astype(int))
    return column(np.concatenate([-sizes[::-1], [0.0], sizes]), like)


def _survey(xp: Arithmetic, names: Sequence[str], slopes: Function, at: Array, seen: Array, dtype: Any) -> Survey:
    found: Survey = {}
    if not {*names}.isdisjoint(EXTREMES):
        found.update(zip(EXTREMES, _searched(xp, slopes, at, seen, dtype), strict=True))
    if not {*names} <= {*EXTREMES}:
        panels, at, seen = _divided(xp, slopes, at, seen, dtype, "places" in names)
        starts, ends, _, errors, _ = panels
        spare = (1 << (len(ends) - 1).bit_length()) - len(ends) if xp is np else 0  # few sizes, for few programs
        edges = xp.concatenate([xp.sort(starts, 0), *[ends.max(0, keepdims=True)] * (1 + spare)])
        found.update(zip(INTEGRAL, (edges, sums(xp, errors, starts, edges[-1])), strict=True))
        found.update(places=shaped(at, 0, 2), slopes=shaped(seen, 0, 2))
    return {name: found[name].astype(dtype) for name in names}


def _divided(xp: Arithmetic, slopes: Function, at: Array, seen: Array, dtype: Any, keep: bool) -> tuple[Array, ...]:
    """Divide the worst panels until all are known; return (5, panels, *n) as `measured` does, places and slopes.

    Places and slopes are all that were looked at, or where these are not to be kept, those of the panels at first.
    """
    piles, rounds = _PILES[xp], _ROUNDS[xp]
    samples = shaped(xp.stack([at, seen]), 2, 3, piles)  # (2, nodes, rows, piles, *n)
    panels = measured(xp, samples, dtype)
    first, last, zero = panels.shape[1], panels[1, -1, -1], xp.zeros_like(panels[0, 0, 0])
    gone = xp.stack([last, last, zero, zero, zero - 1])[:, None, None]
    if xp is jnp:  # what is compiled has one size, that of all rounds
        new = jnp.zeros((rounds * _PARTS, piles, *zero.shape), dtype)
        panels = xp.concatenate([panels, gone + new], 1)
        samples = xp.concatenate([samples, samples[:, :, :1, :1] + new], 2) if keep else samples

    def unfinished(state: tuple[Array, ...]) -> Array:
        k, (starts, _, areas, _, ranks), _ = state

        # Near the threshold, too: of an infinite area any error there would do.
        chosen = xp.stack([xp.ones_like(ranks, bool), is_near(xp, starts, last)])
        parts = xp.stack([xp.where(starts < 0, areas, 0.0), xp.where(starts < 0, 0.0, areas), xp.maximum(ranks, 0.0)])
        below, above, error = xp.where(chosen, parts[:, None], 0.0).sum((2, 3))
        known = error <= _GOAL[str(dtype)] * xp.maximum(xp.abs(below), xp.abs(above))
        return (k < rounds) & ~(known | ~xp.isfinite(error)).all()

    def divide(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, panels, samples = state
        worst = _is_best(xp, panels[4])
        start, end = xp.where(worst, panels[:2], 0.0).sum(1)
        cuts = representable(xp.stack([start + (end - start) * (i / _PARTS) for i in range(_PARTS)] + [end]), dtype)
        # Parts go to piles apart, nine for each, so that two bad panels of one pile do not meet again.
        starts, ends = (xp.stack([xp.roll(cuts[i + j], 9 * i, 0) for i in range(_PARTS)]) for j in (0, 1))
        at = nodes(xp, starts, ends, dtype)
        new, row = xp.stack([at, slopes(at)]), first + k * _PARTS
        panels = put(xp, xp.where(worst, gone, panels), measured(xp, new, dtype), row, 1)
        return k + 1, panels, put(xp, samples, new, row, 2) if keep else samples

    _, panels, samples = repeated(xp, unfinished, divide, (0, panels, samples))
    return shaped(panels, 1, 3), *shaped(samples, 2, 4)


def _searched(xp: Arithmetic, slopes: Function, at: Array, seen: Array, dtype: Any) -> tuple[Array, ...]:
    """Return the lowest and the highest slope, and where: around the best peaks that were seen, closer and closer."""
    sign = column([-1.0, 1.0], seen[0])  # the lowest is the highest of -f
    high, high_at = _best(xp, sign * seen[:, None], at[:, None])
    starts, ends = (v + xp.zeros_like(high) for v in (at[0], at[-1]))
    distance = xp.maximum(xp.abs(starts), xp.abs(ends))
    inner = distance < 0.51 * distance.max(1, keepdims=True)  # all but the last octave
    grown = high.max(1) - xp.where(inner, high, -np.inf).max(1)

    # A peak is in a panel that is not below its neighbours; of a plateau, at its ends. A smooth top falls in steps of
    # rounding, each of which has an end: of those that are no higher than this, the highest alone is one.
    before, after = (xp.concatenate(v, 1) for v in ([high[:, :1], high[:, :-1]], [high[:, 1:], high[:, -1:]]))
    digits = 4 * float(np.finfo(dtype).eps)
    less = high - digits * xp.abs(high)
    peak = (high >= before) & (high >= after) & ((less > before) | (less > after))
    peak = peak | xp.swapaxes(_is_best(xp, xp.swapaxes(high, 0, 1)), 0, 1)
    top = high.max(1, keepdims=True)
    nearness = xp.where(peak & (high >= top - _ALMOST * xp.abs(top)), -xp.abs(high_at), -np.inf)
    ranks = xp.where(peak, high, -np.inf), nearness
    found = [highest(xp, _PEAKS, 1, rank, high, high_at, ends - starts)[1:] for rank in ranks]
    slope, place, width = (xp.concatenate(v, 1) for v in zip(*found, strict=True))
    shares = column(np.linspace(-1, 1, 2 * _STEPS + 1), slope)

    def closer(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, earlier, slope, place, reach = state
        points = place + reach * shares
        earlier = xp.where(k > _ZOOMS // 2, earlier, slope)
        return k + 1, earlier, *_best(xp, sign * slopes(points), points), reach / _STEPS

    state = (0, slope, slope, place, _GAP * width)
    _, earlier, slope, place, _ = repeated(xp, lambda state: state[0] < _ZOOMS, closer, state)
    slopes_there, places = (xp.swapaxes(v, 0, 1) for v in (slope, place))
    best = slopes_there.max(0)
    is_as_high = slopes_there >= best - digits * xp.abs(best)  # the nearest of these, whose place has most digits
    _, best_at = _best(xp, xp.where(is_as_high, -xp.abs(places), -np.inf), places)
    span = xp.where(xp.isinf(best.sum(0)), xp.abs(best), best.sum(0))
    # An extreme is infinite if it still grows in the last rounds, or in the last octave; but if it stays below 0 and
    # the other one is infinite, it comes nearer to 0, as -1 / abs(x) does.
    grows = (slope - earlier).max(1) > 0.01 * span
    endless = (grows | (grown > _GROWTH * span)) & (xp.isfinite(best.sum(0)) | (best > 0))
    bounds = sign[:, 0] * xp.where(endless, np.inf, best) + xp.where(xp.isnan(high).any(1), np.nan, 0.0)
    return *bounds, *best_at


def _best(xp: Arithmetic, slopes: Array, places: Array) -> tuple[Array, Array]:
    """Return the highest of the slopes along the first axis, and its place."""
    return slopes.max(0), xp.where(_is_best(xp, slopes), places, 0.0).sum(0)


def _is_best(xp: Arithmetic, values: Array) -> Array:
    best = xp.argmax(values, 0)  # compared, since arrays that are divided on a mesh permit no gather
    return column(np.arange(len(values)), best) == best
