"""Soft step, bounds and area where they are not declared, by numerical search; the latest few surveys are kept."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.tree_util import Partial

from ..core.concrete import at_compile_time, closure_converted, is_traced, numpy_of, unchecked, without_gradient
from ..core.places import around
from ..core.program import abort_if_traced, call_cached, call_memoized
from ..core.shape import Shape
from ..core.text import show
from ..core.tree import Structure, Tree, from_tree, join, static, unbound
from .arrays import column
from .integral import integral, with_integral
from .jumps import areas_of_jumps
from .panels import Function, slopes_at
from .survey import EXTREMES, INTEGRAL, Survey, survey
from .vanishing import vanishing

_NEAREST = {"float32": 5e-7, "float64": 3e-9}  # as well as the place of an extreme is known, relative to it
_LEAST = 1e-12  # the same near the threshold, absolute
_OCTAVES = -84, 48  # of the distance at which a kink is looked for
_FALL = 1e-2  # of an extreme, to the farthest places beside it
_TOLERANCE = {"float32": 1e-5, "float64": 1e-6}  # of what is found, relative to the area


def _found(g: Shape, names: tuple[str, ...]) -> Survey:
    """Return the survey of a function of x, with what is asked for by name; made once where it cannot change.

    What `function_of_x` makes knows its parameters, and dtype and rank of the potentials.
    """
    abort_if_traced(g)
    return call_memoized(_look, static(names), g)  # type: ignore[no-any-return]


def _look(names: Tree, g: Shape) -> Survey:
    return survey(g, around(g), unbound(g).like, from_tree(names))


def surveyed(g: Shape) -> Survey:
    """Return what a look at the whole line tells of a function of x, with every place and the slope there.

    It is not kept: that may be a megabyte.

    >>> from ..core.tree import function_of_x
    >>> float(surveyed(function_of_x(jnp.exp, jnp.zeros(())))["highest"])
    inf
    """
    abort_if_traced(g)
    return survey(g, around(g), unbound(g).like)


def bounds(g: Shape) -> tuple[jax.Array, jax.Array]:
    """Return the least and the largest slope of a function of x, infinite where it grows without bound.

    They are differentiable by what it closes over, its leaves included. A slope that is NaN is refused,
    where it is concrete.

    >>> from ..core.tree import function_of_x
    >>> bump = function_of_x(lambda x: 1 / (1 + (x - 0.3) ** 2), jnp.zeros(()))
    >>> lowest, highest = bounds(bump)
    >>> float(lowest) < 1e-12, float(highest)
    (True, 1.0)
    """
    found = _found(g, EXTREMES)
    lowest, highest = found["lowest"], found["highest"]
    if not is_traced(highest) and np.isnan(highest).any():
        raise _no_number(g)
    if isinstance(lowest, jax.Array):
        with at_compile_time(g, unbound(g).like, found):
            at = jnp.stack([found["lowest_at"], found["highest_at"]])
            lowest, highest = call_cached(_moved, g, jnp.stack([lowest, highest]), at, search=True)
    return lowest, highest


def _moved(g: Shape, end: jax.Array, at: jax.Array) -> jax.Array:
    """Return both extremes with the derivatives of g at their places, and with what is added as a place itself moves:
    at a kink, with a jump, and in the second derivative at a smooth extreme. An extreme where g has vanished is far
    out and does not move.
    """
    slopes = Partial(slopes_at, g)
    nearest = abs(at) * _NEAREST[at.dtype.name]
    is_kink, beside, shares = _kink(slopes, end, at, nearest)
    slope = (shares * vanishing(slopes, jnp.where(is_kink, beside, at), at[::-1])).sum(0)
    rise = _rises(slopes, at)
    rise = jnp.where(is_kink | ~jnp.isfinite(rise), 0.0, rise)
    moves = rise * _place_of_jump(g, end, at, nearest, rise) + _bends(*closure_converted(slopes, at), end, at, nearest)
    return end + jnp.where(jnp.isfinite(end), slope - lax.stop_gradient(slope) + moves, 0.0)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _bends(f: Structure, arrays: Any, end: jax.Array, at: jax.Array, nearest: jax.Array) -> jax.Array:
    """Return zeros whose first derivative is 0, and the second what a smooth extreme gains since its place moves.

    The first is NaN where the slope falls on both sides within the error of the place, as a periodic one does far out.
    """
    return jnp.zeros_like(end)


@_bends.defjvp
@unchecked()
def _bends_jvp(f: Structure, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (arrays, end, at, nearest), (by_arrays, *_) = primals, tangents

    def rises(arrays: Any, x: jax.Array) -> Any:
        return jax.jvp(join(f, arrays), (x,), (jnp.ones_like(x),))[1]

    rise, bend = lax.stop_gradient(jax.jvp(functools.partial(rises, arrays), (at,), (jnp.ones_like(at),)))
    digits = 64 * float(np.finfo(at.dtype).eps)
    is_smooth = (bend != 0) & (rise * rise <= digits * abs(end * bend))
    falls = [abs(end - lax.stop_gradient(join(f, arrays)(at + off))) for off in (-nearest, nearest)]
    is_lost = jnp.minimum(*falls) > _FALL * _largest(end)
    place = jnp.where(jnp.isfinite(bend), at, at[::-1])  # in reverse mode a choice does not do: 0 * NaN is NaN
    risen, moves = jax.jvp(lambda arrays: rises(arrays, place), (arrays,), (by_arrays,))
    nothing = (risen - lax.stop_gradient(risen)) / jnp.where(is_smooth, bend, 1.0)
    return _bends(f, *primals), jnp.where(is_lost, jnp.nan, jnp.where(is_smooth, -nothing, 0.0)) * moves


def _kink(slopes: Function, end: jax.Array, at: jax.Array, nearest: jax.Array) -> tuple[jax.Array, ...]:
    """Say whether an extreme is at a kink, and return the places beside it, with shares by which the derivatives there
    count: the slopes along x cancel then. Elsewhere the shares are one half each.
    """
    sides = column([-1.0, 1.0], at)
    # It is between the nearest places from which g falls, or is flat; how near they are, rounding hides.
    steps = nearest + column([0.0, *2.0 ** np.arange(*_OCTAVES)], at)
    off = jnp.where(_has_turned(*_rises(slopes, at + steps * sides[:, None])), steps, jnp.inf).min(0)
    off = jnp.where(jnp.isfinite(off), off, nearest)
    beside = at + off * sides
    before, after = _rises(slopes, beside)
    fall = 4 * off * jnp.maximum(abs(before), abs(after))  # more is a jump
    is_near = (off <= jnp.maximum(nearest, _LEAST)) | (fall < _FALL * abs(end))
    digits = 16 * float(np.finfo(at.dtype).eps) * abs(end)
    falls_so = (abs(lax.stop_gradient(slopes(beside)) - end) < fall + digits).all(0)
    is_kink = _has_turned(before, after) & is_near & falls_so
    shares = jnp.stack([after, -before]) / jnp.where(is_kink, after - before, 1.0)
    return is_kink, beside, jnp.where(is_kink, shares, 0.5)


def _rises(slopes: Function, x: jax.Array) -> jax.Array:
    return lax.stop_gradient(jax.jvp(slopes, (x,), (jnp.ones_like(x),))[1])  # type: ignore[no-any-return]


def _has_turned(before: jax.Array, after: jax.Array) -> jax.Array:
    return (before * after <= 0) & (before != after)  # also at the end of what is flat, which does not move


def _place_of_jump(g: Shape, end: jax.Array, at: jax.Array, nearest: jax.Array, rise: jax.Array) -> jax.Array:
    """Return zeros that move with the jump at an extreme where the slope along x is not 0.

    The jump is within the error of the place, or within the distance over which g changes by a few last digits.
    """
    digits = 4 * float(np.finfo(at.dtype).eps)
    reach = jnp.where(rise == 0, 0.0, jnp.maximum(jnp.maximum(nearest, _LEAST), digits * abs(end) / abs(rise)))
    sides = column([-1.0, 1.0, 1.0], at)  # the last panel is empty, which says that no jump is left
    left, right, _ = lax.stop_gradient(slopes_at(g, at + reach * sides))
    # A step of a few last digits of the larger extreme is what is left of 1 - u / sqrt(1 + u^2) far out.
    is_jump = abs(left - right) > digits * _largest(end)
    edges = at + jnp.where(is_jump, reach, 0.0) * sides
    return areas_of_jumps(g, edges)[0] / jnp.where(is_jump, left - right, 1.0)


def _largest(end: jax.Array) -> jax.Array:
    return jnp.where(jnp.isfinite(end), abs(end), 0.0).max(0)  # of both extremes


def soft_step(g: Shape) -> Shape:
    """Return the integral of a function of x up to x, from -inf where the area is finite, else from 0.

    >>> from ..core.tree import function_of_x
    >>> bump = function_of_x(lambda x: jnp.exp(-x * x), jnp.zeros(()))
    >>> round(float(soft_step(bump)(jnp.inf)), 4)
    1.7725
    """
    with unchecked():
        found, factor = _known_integral(g)
    return unchecked()(lambda x: integral(found, x) * factor)


@unchecked()
def area(g: Shape) -> jax.Array:
    """Return the area of a function of x, by what it closes over differentiable where it is finite.

    >>> from ..core.tree import function_of_x
    >>> bump = function_of_x(lambda x: jnp.exp(-x * x), jnp.zeros(()))
    >>> round(float(area(bump)), 4)
    1.7725
    """
    found, factor = _known_integral(g)
    with at_compile_time(g, unbound(g).like, found):
        whole = jnp.asarray(found["area"])
        value = lax.stop_gradient(whole)
        is_nothing = abs(value) <= _TOLERANCE[value.dtype.name] * lax.stop_gradient(jnp.asarray(found["range"]))
        whole -= jnp.where(is_nothing, value, 0.0)  # of a slope that cancels
        return jnp.where(jnp.isfinite(value), whole, value) * factor


def _known_integral(g: Shape) -> tuple[Survey, jax.Array]:
    """Return the survey of a function of x with its integral, and a factor for what is read off: 1 if that is known.

    An unknown integral is refused; if something is traced, the factor is NaN instead, and so are derivatives.
    """
    result = with_integral(g, _found(g, INTEGRAL), unbound(g).like)  # not kept: it is larger than the edges
    error = result["error"]
    tolerance = _TOLERANCE[error.dtype.name]
    known = error <= tolerance
    if not is_traced(known) and not np.all(known):
        with at_compile_time(g, unbound(g).like):
            slopes = without_gradient(slopes_at(g, jnp.asarray(result["edges"])))
        if np.isnan(slopes).any():
            raise _no_number(g)
        raise ValueError(
            f"{show(g)}: expected a slope whose integral is found to {tolerance:g} of it, got an error of "
            f"{np.max(error):.1g}; declare its soft step, shape(g, soft=...), or its places, around=; where rounding "
            "is all that is left of it, far out, make it 0"
        )
    return result, numpy_of(known).where(known, 1.0, np.nan).astype(error.dtype)


def _no_number(g: Shape) -> ValueError:
    return ValueError(
        f"{show(g)}: expected slopes that are numbers, got NaN at some potential, which may be far out; write it "
        "without a product, a quotient or a difference of infinities, as exp(-abs(x)) for exp(x) * exp(-2 * x)"
    )
