"""Shapes from shapes, each a formula and its facts.

Parameters given at call time go to every shape inside. Write a combinator of
your own in the same way, without `declares`: the constant of its soft step is
then found from the limits of S. `stretched(x, alpha)` is `alpha * x`, and
`times(a, b)` is `a * b`; they differ only where an operand is infinite.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from . import calculus
from .calculus import UNUSED, antiderivative, bounds
from .core.combinator import combinator
from .core.concrete import at_compile_time, is_traced, without_gradient
from .core.dtype import Real
from .core.facts import declares
from .core.places import around
from .core.shape import Shape
from .core.stretch import stretched, times
from .core.text import OF_A_SOFT_STEP, show
from .core.tree import unbound


def _require_positive(who: str, name: str, value: Real, hint: str = "") -> None:
    if not is_traced(value) and not np.all(np.asarray(value) > 0):
        raise ValueError(f"{who}: expected a positive {name}, got {show(value)}{hint}")


@declares(zero_at_minus_inf=True, anchored=True)
@combinator(
    soft=lambda x, g, alpha, *, height: times(height, antiderivative(g)(stretched(x, alpha))),
    bounds=lambda g, alpha, *, height: [times(height * alpha, end) for end in bounds(g)],
    around=lambda g, alpha, *, height: [(c / alpha, w / alpha) for c, w in around(g)],
    check=lambda g, alpha, *, height: _require_positive("scale", "alpha", alpha, "; height= may be of either sign"),
)
def scale(x: Real, g: Shape, alpha: Real = 1.0, *, height: Real = 1.0) -> Real:
    """Return `height * alpha * g(alpha * x)`: alpha keeps the area.

    Here alpha multiplies the height, too; beta in `superspike` does not:
    `superspike(beta=100.0)` is `scale(superspike, 10.0, height=0.1)`.
    A parameter given in the call, as in `scale(g)(x, alpha=2.0)`, goes to
    `g`, not to `scale`; in `mix` and `asym` it goes to each part.

    Args:
        alpha: steepness, in 1/units of x, positive; a number, a tracer or
            an array that broadcasts against x.
        height: factor on the slope, likewise, of either sign.

    Raises:
        ValueError: alpha is not positive, where it is concrete.

    >>> from surrofun import shapes
    >>> scale(shapes.triangle, 2.0)(jnp.array([0.0, 0.25, 0.5]))
    Array([2., 1., 0.], dtype=float32)
    """
    return height * alpha * g(stretched(x, alpha))


# `shift`, `mix` and `asym` keep S(-inf) = 0 of their parts, so that they declare `zero_at_minus_inf`; they do not keep
# S(0) = 0, which holds where the area is infinite, so that they do not declare `anchored`.


@declares(zero_at_minus_inf=True)
@combinator(
    soft=lambda x, g, by: antiderivative(g)(x - by),
    bounds=lambda g, by: bounds(g),
    around=lambda g, by: [(c + by, w) for c, w in around(g)],
)
def shift(x: Real, g: Shape, by: Real = 0.0) -> Real:
    """Return `g(x - by)`: what was at the threshold is then at `by`.

    Args:
        by: in units of x, a number, a tracer or an array that broadcasts.

    >>> from surrofun import shapes
    >>> shift(shapes.triangle, 0.5)(jnp.array([0.0, 0.5, 1.0]))
    Array([0.5, 1. , 0.5], dtype=float32)
    """
    return g(x - by)


def _require_one_weight_a_shape(*gs: Shape, weights: Any) -> None:
    if not gs:
        raise ValueError("mix: expected at least one shape, got none")
    if weights and len(weights) != len(gs):
        raise ValueError(f"mix: expected one weight for each of {len(gs)} shapes, got {len(weights)} weights")


def _weighted(gs: Any, weights: Any) -> Any:
    """Return (shape, weight) for each shape, by default those of a plain average."""
    return zip(gs, weights or (1.0 / len(gs),) * len(gs), strict=True)


@declares(zero_at_minus_inf=True)
@combinator(
    soft=lambda x, *gs, weights: sum(times(w, antiderivative(g)(x)) for g, w in _weighted(gs, weights)),
    check=_require_one_weight_a_shape,
)
def mix(x: Real, *gs: Shape, weights: Any = ()) -> Real:
    """Return the weighted sum of shapes; without weights, their plain average.

    A surrogate for n thresholds is `mix(..., weights=(1.0, 1.0, ...))`.

    Args:
        gs: any number of shapes, at least one.
        weights: one weight a shape (a number, a tracer, or an array that
            broadcasts against x), in a sequence or along the first axis of
            an array. They need not sum to one.

    Raises:
        ValueError: there is no shape, or the number of weights differs.

    >>> from surrofun.shapes import rectangle, triangle
    >>> g = mix(triangle, rectangle, weights=(0.75, 0.25))
    >>> g(jnp.array([0.0, 0.75]))
    Array([1.    , 0.1875], dtype=float32)
    """
    return sum(w * g(x) for g, w in _weighted(gs, weights))


def _soft_halves(x: Real, below: Shape, above: Shape) -> Real:
    left, right = antiderivative(below), antiderivative(above)
    zero = jnp.zeros((1,) * x.ndim, x.dtype)
    upper = left(zero) + right(jnp.where(x < 0, 0.0, x)) - right(zero)
    return jnp.where(x < 0, left(jnp.where(x < 0, x, 0.0)), upper)


@declares(zero_at_minus_inf=True)
@combinator(
    soft=_soft_halves,
    around=lambda below, above: [(0.0, w) for _, w in around(below)[:1]] + around(below) + around(above),
)
def asym(x: Real, below: Shape, above: Shape) -> Real:
    """Return `below` where x < 0 and `above` where x >= 0.

    Neither shape ever sees an input of the other side, so that a
    singularity there does no harm to any derivative.

    >>> from surrofun.shapes import straight_through, triangle
    >>> asym(straight_through, triangle)(jnp.array([-9.0, 0.5]))
    Array([1. , 0.5], dtype=float32)
    """
    return jnp.where(x < 0, below(jnp.where(x < 0, x, -UNUSED)), above(jnp.where(x < 0, UNUSED, x)))


def _require_area_or_peak(g: Shape, *, area: Any, peak: Any) -> None:
    if (area is None) == (peak is None):
        came = "none" if area is None else "both"
        raise TypeError(f"normalize: expected exactly one of area= and peak=, got {came}")
    _require_positive("normalize", *_wanted(area, peak))


def _wanted(area: Any, peak: Any) -> tuple[str, Real]:
    return ("area", area) if peak is None else ("peak", peak)


def _factor(g: Shape, area: Any, peak: Any, ends: Any = None) -> Real:
    what, wanted = _wanted(area, peak)
    measured = calculus.area(g) if what == "area" else calculus.peak(g, ends)
    with at_compile_time(g, unbound(g).like, measured):
        usable = jnp.isfinite(measured) & (measured > 0)
        if not is_traced(usable):
            if not usable.all():
                measured = without_gradient(measured)
                hint = f"; {OF_A_SOFT_STEP}" if what == "area" and np.isinf(measured).any() else ""
                came = show(np.squeeze(measured))
                raise ValueError(f"normalize: expected a shape of finite, positive {what}, got {came}{hint}")
            if usable.size == 1 and not is_traced(measured):  # a number: a kernel may hold no array
                return wanted / float(measured.item())
    return jnp.where(usable, wanted / jnp.where(usable, measured, 1.0), jnp.nan)


def _bounds_of_normalized(g: Shape, *, area: Any, peak: Any) -> Any:
    ends = bounds(g)
    factor = _factor(g, area, peak, ends)
    return [times(factor, end) for end in ends]


@declares(zero_at_minus_inf=True, anchored=True)
@combinator(
    soft=lambda x, g, *, area, peak: _factor(g, area, peak) * antiderivative(g)(x),
    bounds=_bounds_of_normalized,
    check=_require_area_or_peak,
)
def normalize(x: Real, g: Shape, *, area: Real | None = None, peak: Real | None = None) -> Real:
    """Return `g` rescaled in height, to the given area or peak.

    Args:
        g: a shape of finite, positive area or peak.
        area: the wanted integral over all x, or
        peak: the wanted largest slope; exactly one of the two. Of second
            derivatives, see `bounds`.

    Raises:
        TypeError: both or none of the two are given.
        ValueError: a concrete `area` or `peak` is not positive; on
            evaluation, `g` has none that is finite and positive. If that
            is traced, as by a float in the shape of a spike, the slope is
            NaN instead.

    >>> from surrofun import shapes
    >>> normalize(shapes.superspike, peak=0.5)(0.0)
    Array(0.5, dtype=float32)
    """
    return _factor(g, area, peak) * g(x)
