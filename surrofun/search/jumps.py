"""A jump that a parameter moves: it changes the integral, and the derivative of the slope does not tell by how much."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jax.tree_util import Partial

from ..core.concrete import aligned_arrays, closure_converted, concrete_if_possible, is_traced, numpy_of, unchecked
from ..core.tree import Structure
from .arrays import Arithmetic, Array, column, everywhere, highest, repeated, shaped
from .panels import Function, slopes_at
from .vanishing import LEAST, NOTHING, derivative_wrt

_MOST = 8  # steepest panels that are searched for a jump; if the jump in the last one moves, others may, too
_NARROW = 512.0  # digits of a potential: a panel of at most this width may hold a sure jump, one found without a search
_SURE = 0.9  # of the rise over a panel and both its neighbours: a sure jump makes more than this share in its panel
_DIGITS = 100.0  # last digits of a slope that may be off
_ROUNDED = 24.0  # last digits of the largest slope: a smaller step is rounding, as in s (1 - s) far out,
_SHARE = 1e-3  # unless, moved to twice its distance, it changes the area nearer to the peak by more than this share
_OTHER = 0.25  # share of a jump by which the slopes beside it may be off when it is found again
_INNER = 0.3, 0.7  # places in a panel, as shares of it, at which the slope is tested for being flat
_CLOSE = 16.0  # digits of a potential: at this distance from a jump the slope is that of one side
_WIDER = 256.0  # digits of a potential: at this distance a steep part that is no jump still goes on
_PERHAPS = 0.15  # share of the rise of a steep part: this much at once may be a jump, and a half is one
_STEADY = 1e-3  # relative difference allowed between the speeds of a step and of half a step
_NOISE = 0.35  # largest share of a speed that may be noise: eight digits of a place, divided by the step
_SAMPLES, _ROUNDS = 32, {"float32": 6, "float64": 11}  # of a search: a round is 31 times closer


def areas_of_jumps(f: Function, edges: jax.Array) -> jax.Array:
    """Return zeros, one for each panel, that move as its area does when a jump in it moves.

    A jump from l to r that moves by dx adds (l - r) dx. Its speed is measured: the jump is searched for again at a
    parameter that is a little larger, and a little smaller. The derivative is NaN if a jump moves beside seven steeper
    ones, if two meet, if half the step gives another speed, if the digits of a place hide the motion, if there are 136
    jumps or more, if the many small steps of a rounded slope move, or if it is not known which number of an array moves
    a jump. The second derivative is NaN where any jump moves. At a kink that moves, the derivative of f jumps instead.

    Args:
        f: an elementwise function, differentiated by what it closes over.
        edges: the ends of the panels, (panels + 1, *n); a jump is where one is narrow.

    >>> def areas(width):
    ...     return areas_of_jumps(lambda x: jnp.where(x < width, 3.0, 0.0), jnp.linspace(0, 1, 200))
    >>> jnp.round(jax.jacfwd(areas)(0.5)[98:101], 3)
    Array([0., 3., 0.], dtype=float32)
    """
    return _areas(*closure_converted(Partial(slopes_at, f), edges[0]), (), edges)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 2))
def _areas(f: Structure, arrays: Any, wrt: tuple[int, ...], edges: jax.Array) -> jax.Array:
    """Return the same for the derivative of f by the arrays `wrt`, see `derivative_wrt`."""
    return jnp.zeros_like(_slopes(f, arrays, wrt, edges.ndim - 1)(edges)[1:])  # which is divided over devices as it is


@unchecked()
@np.errstate(invalid="ignore")
def _areas_jvp(f: Structure, wrt: tuple[int, ...], primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (arrays, edges), (by_arrays, _) = primals, tangents
    areas = _areas(f, arrays, wrt, edges)
    total = jnp.zeros_like(areas)
    jumps = _located(f, lax.stop_gradient(arrays), wrt, edges)
    for k, (by, is_aligned) in enumerate(zip(by_arrays, aligned_arrays(f, arrays, edges.shape), strict=True)):
        if isinstance(by, SymbolicZero):
            continue
        by_k, by = _by_one(f, (*wrt, k), is_aligned, edges, jumps, arrays), jnp.asarray(by, total.dtype)
        if is_traced(arrays):  # else there is no second derivative; where a kink moves, the first jumps
            by_k += _areas(f, arrays, (*wrt, k), edges)
        if not is_aligned:  # it is not known which of its numbers moves which neuron
            by_k, by = jnp.where(by_k == 0, by_k, jnp.nan), by.sum()
        total += by_k * by
    return areas, total


_areas.defjvp(_areas_jvp, symbolic_zeros=True)


def _slopes(f: Structure, arrays: Any, wrt: tuple[int, ...], rank: int, along_x: bool = False) -> Any:
    """Return a derivative of f, or that of it by x, as a function of places with axes in front, and of the arrays."""

    def slopes(x: Array, arrays: Any) -> Any:
        at, x = everywhere(lambda x: derivative_wrt(f, wrt, x)(arrays), rank), jnp.asarray(x)
        return jax.jvp(at, (x,), (jnp.ones_like(x),))[1] if along_x else at(x)

    # Under `jit`, what is traced is traced once for all samples. With numbers in half precision, a program, such as the
    # survey, keeps digits that eager operations round off: an eager jump would not be where the survey saw it.
    in_program = is_traced(arrays) or any(jnp.result_type(v).itemsize < 4 for v in arrays)
    call = jax.jit(slopes) if in_program else slopes
    # Under `vmap` a `jax.custom_jvp` in f would give tracers for numbers.
    return lambda x, arrays=arrays: concrete_if_possible(call, x, arrays)


def _located(f: Structure, arrays: Any, wrt: tuple[int, ...], edges: Array) -> dict[str, Array]:
    """Return what is known of the steepest panels: "starts" and "ends"; "low" and "high", the two neighbouring numbers
    between which the slope jumps; "along", how steep it is beside them, on either side; "is_jump" and "may_jump".

    And of the next panels: "others", their starts and ends; "others_jump"; and "others_step", where the slope rises in
    steps alone, for which JAX has the derivative 0.
    """
    xp, at = numpy_of(edges, arrays), _slopes(f, arrays, wrt, edges.ndim - 1)
    slopes, seen, edges = _sampled(xp, at), xp.asarray(at(edges)), xp.asarray(edges)
    rank, starts, ends, least = _steepest(xp, edges, seen)
    from_, to, rank = (shaped(v[_MOST:], 0, 1, _MOST) for v in (starts, ends, rank))
    others, others_jump = xp.concatenate([from_, to]), rank >= 1
    starts, ends = starts[:_MOST], ends[:_MOST]
    sides = slopes(xp.stack([starts, ends]))
    low, high = _narrowed(xp, lambda x: _is_left(slopes(x), sides), starts, ends, True)
    first, last = beside = _beside(xp, low, high, _CLOSE)
    inner = [from_ + share * (to - from_) for share in _INNER]
    along = _sampled(xp, _slopes(f, arrays, wrt, edges.ndim - 1, along_x=True))
    *flat, along = xp.split(along(xp.concatenate([*inner, beside])), [len(rank), 2 * len(rank)])
    others_step = (rank > 0) & (flat[0] == 0) & (flat[1] == 0)
    along = xp.where(xp.isfinite(along), along, 0.0)
    left, right = _beside(xp, low, high, _WIDER)  # a panel may be as narrow
    across = slopes(xp.stack([xp.minimum(starts, left), first, last, xp.maximum(ends, right)]))
    at_once, range_across = _rises(xp, across[1:3], least[:_MOST])[0], across.max(0) - across.min(0)
    is_jump, may_jump = ((at_once > share * range_across) & (starts < ends) for share in (0.5, _PERHAPS))
    # A jump at the edge of two panels counts for the first.
    meets = (first[:, None] <= last) & (last[:, None] >= first) & is_jump
    is_earlier = np.tri(len(low), k=-1, dtype=bool).reshape(len(low), len(low), *(1,) * (low.ndim - 1))
    first_jumps = is_jump & ~(meets & is_earlier).any(1)
    jumps = {"starts": starts, "ends": ends, "low": low, "high": high, "along": along}
    jumps |= {"is_jump": first_jumps, "may_jump": may_jump & ~is_jump}
    return {**jumps, "others": others, "others_jump": others_jump, "others_step": others_step}


def _steepest(xp: Arithmetic, edges: Array, seen: Array) -> list[Array]:
    """Return the ranks, starts and ends of the steepest panels, and how large a step in each may be that rounding made.

    The first are those that hold a sure jump, of rank 1 and more: beside them the slope hardly goes on to rise.
    """
    widths, least = edges[1:] - edges[:-1], _rounding(xp, edges, seen)
    rises = _rises(xp, seen, least)
    steepness = rises / xp.where(widths > 0, widths, np.inf)
    steepness = xp.where(steepness > 0, steepness, 0.0)  # of NaN, too
    further = xp.concatenate([seen[:1], seen, seen[-1:]])
    four = xp.stack([further[k : len(further) - 3 + k] for k in range(4)])  # a panel's ends, and those beside them
    is_sure = rises > _SURE * (four.max(0) - four.min(0))
    is_sure &= widths <= _NARROW * _digit(xp, edges[:-1], edges[1:])
    # A root has half the exponents of a float, so that one number ranks sureness and steepness.
    most = 2.0 ** (np.finfo(edges.dtype).maxexp // 2 - 1)
    rank, count = xp.sqrt(steepness) * xp.where(is_sure, most, 1 / most), _MOST * (1 + _SAMPLES // 2)
    found = highest(xp, min(count, len(rank)), 0, rank, edges[:-1], edges[1:], least)
    return [xp.concatenate([v] + [v[-1:]] * (count - len(v))) for v in found]


def _rises(xp: Arithmetic, slopes: Array, least: Array) -> Array:
    """Return how much the slope rises in each panel, less what rounding or underflow may make."""
    digits, nothing = _DIGITS * float(np.finfo(slopes.dtype).eps), NOTHING[slopes.dtype.name]
    rises = xp.maximum(abs(slopes[1:] - slopes[:-1]) - digits * abs(slopes[1:]) - nothing, 0.0)
    return xp.where(rises <= least, 0.0, rises)


def _rounding(xp: Arithmetic, edges: Array, seen: Array) -> Array:
    """Return for each panel, by the slopes seen at its ends, how large a step in it may be that rounding made."""
    sizes = xp.where(xp.isfinite(seen), abs(seen), 0.0)
    edges = edges - xp.where(sizes == sizes.max(0), edges, -np.inf).max(0)  # from the peak, which may be anywhere
    areas, is_above = (edges[1:] - edges[:-1]) * xp.maximum(sizes[1:], sizes[:-1]), edges[:-1] >= 0
    up, down = xp.cumsum(xp.stack([xp.where(is_above, areas, 0.0), xp.where(is_above, 0.0, areas)[::-1]]), 1)
    distances = xp.maximum(abs(edges[1:]), abs(edges[:-1]))
    nearer = xp.where(is_above, up, down[::-1]) / xp.where(distances > 0, distances, 1.0)
    return xp.minimum(_ROUNDED * float(np.finfo(edges.dtype).eps) * sizes.max(0), _SHARE * nearer)


def _beside(xp: Arithmetic, low: Array, high: Array, digits: float) -> Array:
    """Return the places beside a jump between two numbers, at one of which a third value may be, as sign(0) is."""
    off = digits * _digit(xp, low, high)
    return xp.stack([low - off, high + off])


def _digit(xp: Arithmetic, low: Array, high: Array) -> Array:
    info = np.finfo(low.dtype)
    return float(info.eps) * xp.maximum(abs(low), abs(high)) + float(info.tiny)


def _sampled(xp: Arithmetic, slopes: Function) -> Function:
    """Return slopes at places (samples, ...), of which as many are given always, to compile the function once."""

    def sampled(x: Array) -> Array:
        count = len(x)
        if count < _SAMPLES:  # jax 0.8 compiles no array without elements that is divided on a mesh
            x = xp.concatenate([x, xp.broadcast_to(x[:1], (_SAMPLES - count, *x.shape[1:]))])
        return xp.asarray(slopes(x))[:count]

    return sampled


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _by_one(f: Structure, wrt: tuple[int, ...], is_aligned: bool, edges: Array, jumps: Any, arrays: Any) -> jax.Array:
    """Return the derivatives of the areas, as each number of the last array of `wrt` moves by one."""
    xp, k, rank = numpy_of(edges, jumps, arrays), wrt[-1], edges.ndim - 1
    edges, jumps = jax.tree.map(xp.asarray, (edges, jumps))
    at = _slopes(f, arrays, wrt[:-1], rank)

    def slopes_by(number: Array) -> Function:
        return _sampled(xp, lambda x: at(x, [*arrays[:k], number, *arrays[k + 1 :]]))

    by_number = _sampled(xp, _slopes(f, arrays, wrt, rank))
    speed, (left, right), others_move = _speeds(xp, jumps, slopes_by, by_number, arrays[k], is_aligned)
    area = (left - right) * xp.where(speed[-1] == 0, speed, np.nan)
    there = (edges[:-1] == jumps["starts"][:, None]) & (edges[1:] == jumps["ends"][:, None]) & (speed != 0)[:, None]
    return jnp.asarray(xp.where(there, area[:, None], 0.0).sum(0) + xp.where(others_move, np.nan, 0.0), edges.dtype)


def _speeds(
    xp: Arithmetic, jumps: Any, slopes_by: Any, by_number: Function, number: Array, is_aligned: bool
) -> tuple[Array, Any, Array]:
    """Return how fast each jump moves with a number, NaN if that is not known, the slopes on both sides of it, and
    whether a jump moves in another panel.

    `slopes_by` returns the slopes at a value of the number; `by_number` is their derivative. Both numbers beside a jump
    are looked for again at a step to either side, and at half a step. A speed is known if both steps give the same; one
    of 0, if the jump is still there at one half more or less of the number. A jump in another panel moves if the slopes
    at its ends change by more than the derivative says, or if it is gone at one half more or less; many small steps
    move if the slopes change so on average.
    """
    now, number = slopes_by(number), xp.asarray(number)
    low, high, along, is_jump, may_jump = (jumps[name] for name in ("low", "high", "along", "is_jump", "may_jump"))
    others, others_jump = jumps["others"], jumps["others_jump"]
    dtype = low.dtype
    size = abs(number) if is_aligned else abs(number).max()
    place = xp.where(is_jump, abs(low), 0.0).max().astype(number.dtype)
    size = xp.where(size == 0, place, size)  # one that begins at 0 may be a shift
    eps, of_number = (float(jnp.finfo(v.dtype).eps) for v in (low, number))  # type: ignore[no-untyped-call]
    digit = max(eps, of_number)
    step = digit ** (1 / 3) * xp.maximum(size, LEAST)  # as for any difference of both sides

    digits = max(_CLOSE, 2 * digit / eps)
    before, after = beside = _beside(xp, low, high, digits)
    jump = now(beside)
    changes = xp.nan_to_num(by_number(beside))  # of the slopes beside the jump, with the number, too
    # The ends of another panel see when the jump in it passes by.
    seen, foreseen = now(others), xp.nan_to_num(by_number(others))
    at_first, at_last = xp.split(seen, 2)
    passing = xp.where(others_jump, _OTHER * abs(at_last - at_first), np.inf)

    def moved(state: tuple[Any, ...]) -> tuple[Any, ...]:
        i, speed, by_half, others_move, risen = state
        part = (1.0 - 2 * (i % 2)) / (1 + i // 2)  # of a step: 1 and -1, there and back, then 1/2 and -1/2
        there = (number + part * step).astype(number.dtype)
        by = xp.asarray(there - number if is_aligned else part * step, dtype)  # as it is rounded
        slopes = slopes_by(there)
        sides = [*zip(jump + by * changes, along, strict=True)]
        distance = _move(xp, slopes, low, high, digits, sides, (is_jump | may_jump).any()) / (2 * by)
        change = slopes(others) - seen
        off = xp.maximum(*xp.split(abs(change - by * foreseen), 2))
        others_move = others_move | (off > passing).any((0, 1))
        speed, by_half = xp.where(i < 2, speed + distance, speed), xp.where(i < 2, by_half, by_half + distance)
        return i + 1, speed, by_half, others_move, xp.where(i < 2, risen + change / (2 * by), risen)

    nothing, many = xp.zeros_like(low), others_jump[-1, -1]  # so that some are not seen
    state = (0, nothing, nothing, many, xp.zeros_like(seen))
    _, speed, by_half, others_move, risen = repeated(xp, lambda state: state[0] < 4, moved, state)

    def share(slopes: Function) -> Array:
        """Return how much of the rise beside a jump is between its two numbers: nothing, where it has moved away."""
        first, at_low, at_high, last = slopes(xp.stack([before, low, high, after]))
        rise = abs(last - first)
        return abs(at_high - at_low) / xp.where(rise > 0, rise, np.inf)

    noise = 8 * digit * xp.maximum(abs(low), LEAST) / xp.asarray(step, dtype)
    is_known = abs(speed - by_half) <= _STEADY * abs(speed) + noise
    # A jump that stays may have moved by less than a digit: half of the number, up or down, must leave it there, too.
    far = [slopes_by((number + part * xp.maximum(size, LEAST)).astype(number.dtype)) for part in (0.5, -0.5)]
    here = share(now)
    stays = xp.logical_or(*(share(slopes) > _OTHER * here for slopes in far))
    is_known &= xp.where(speed == 0, stays, noise <= _NOISE * abs(speed))
    speed = xp.where(is_known & (is_jump | (speed == 0)), speed, np.nan)
    speed = xp.where(is_jump | may_jump, speed, 0.0)

    rises = abs(at_last - at_first)
    others_stay = xp.logical_or(*(abs(xp.subtract(*xp.split(slopes(others), 2))) > _OTHER * rises for slopes in far))
    others_move |= (others_jump & ~others_stay).any((0, 1))
    # Steps too small to be told apart move, if the slopes there change with the number by more than JAX's derivative.
    off = xp.maximum(*xp.split(abs(risen - foreseen), 2))
    in_steps = xp.where(jumps["others_step"], off, 0.0).sum((0, 1))
    rounding = _DIGITS * float(np.finfo(dtype).eps) * abs(seen).max((0, 1)) / xp.asarray(step, dtype)
    others_move |= in_steps > _OTHER * abs(risen).sum((0, 1)) + rounding
    return speed, jump + along * xp.stack([low - before, high - after]), others_move  # at the jump itself


@_by_one.defjvp
def _by_one_jvp(f: Structure, wrt: Any, is_aligned: bool, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    areas = _by_one(f, wrt, is_aligned, *primals)
    moving = [by for by in tangents[2] if jnp.issubdtype(jnp.result_type(by), jnp.floating)]  # some are numbers
    moves = sum(jnp.sum(by).astype(areas.dtype) for by in moving)
    return areas, jnp.where(areas == 0, 0.0, jnp.nan) * moves


def _move(xp: Arithmetic, slopes: Function, low: Array, high: Array, digits: float, sides: Any, needed: Any) -> Array:
    """Return how far the jump between `low` and `high` has moved; NaN where it is not found again, or another is found.

    `sides`: for the left and the right, the slope expected beside the jump if it stays, and how steep the slope is.
    """

    def expected(distance: Array) -> list[Array]:
        return [side + distance * along for side, along in sides]

    low_is_left, goes_up = _is_left(slopes(xp.stack([low, high])), [side for side, _ in sides])
    stays = low_is_left & ~goes_up
    start, sign = xp.where(goes_up, high, low), xp.where(goes_up, 1.0, -1.0).astype(low.dtype)

    def has_passed(distance: Array) -> Array:
        return _is_left(slopes(start + sign * distance), expected(sign * distance)) == goes_up

    least = float(np.finfo(low.dtype).eps) * xp.maximum(abs(start), LEAST)
    distances = least * column(4.0 ** np.arange(_SAMPLES), least)
    passed = has_passed(distances)
    far = xp.where(passed, np.inf, distances).min(0)
    far = xp.where(xp.isinf(far), 0.0, far)
    distances = xp.stack(_narrowed(xp, has_passed, xp.zeros_like(far), far, needed))
    left, right = xp.sort(start + sign * distances, 0)
    seen = slopes(_beside(xp, xp.where(stays, low, left), xp.where(stays, high, right), digits))
    distance = xp.where(stays, 0.0, xp.where(passed.all(0), np.nan, sign * distances[0]))
    first, last = expected(distance)
    off = abs(seen - xp.stack([first, last])).max(0)
    is_same = off < _OTHER * abs(first - last)  # else there were two in one place
    return xp.where(is_same, distance, np.nan)


def _is_left(slopes: Array, sides: Array) -> Array:
    left, right = sides
    return abs(slopes - left) < abs(slopes - right)


def _narrowed(xp: Arithmetic, holds: Function, low: Array, high: Array, needed: Any) -> tuple[Array, Array]:
    """Return the neighbouring numbers between which a condition changes that holds at `low`, and not at `high`."""
    shares = column(np.linspace(0, 1, _SAMPLES), low)

    def closer(state: tuple[Any, ...]) -> tuple[Any, ...]:
        k, low, high = state
        points = low + (high - low) * shares
        still = xp.cumsum(~holds(points), 0) == 0  # no place is compared, since a compiler may round it twice
        return k + 1, xp.where(still, points, low).max(0), xp.where(still, high, points).min(0)

    rounds = _ROUNDS[low.dtype.name]
    return repeated(xp, lambda state: (state[0] < rounds) & needed, closer, (0, low, high))[1:]  # type: ignore[no-any-return]
