"""Shapes from shapes: `scale`, `shift`, `mix`, `asym`, `normalize`.

Every one returns a `functools.partial` of a module-level function, which can be walked, compared, printed and pickled,
and whose `__name__` is the expression that made it. Parameters given at call time go to every shape inside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from .calculus import area_of, centers, integrates_to, peak_of, primitive
from .closures import holds_no_data
from .elementwise import apply, fit
from .evaluation import as_shape
from .naming import describe_value, show

Shape = Callable[..., Any]


def scale(g: Shape, alpha: ArrayLike = 1.0, *, height: ArrayLike = 1.0) -> Shape:
    """Return `height * alpha * g(alpha * x)`: `alpha` sharpens at constant area, `height` multiplies.

    Args:
        g: a shape.
        alpha: steepness, in 1/units of x, positive; a number, a tracer or an array that broadcasts against x.
        height: factor on the slope, likewise.

    >>> from surrofun import shapes
    >>> scale(shapes.triangle, 2.0)(jnp.array([0.0, 0.25, 0.5]))
    Array([2., 1., 0.], dtype=float32)
    """
    return _combined(_scaled, as_shape(g, "scale"), _number(alpha, "scale"), _number(height, "scale"))


def shift(g: Shape, by: ArrayLike) -> Shape:
    """Return `g(x - by)`: a shape centred at the threshold is centred at `by`, above it where `by` > 0.

    >>> from surrofun import shapes
    >>> shift(shapes.triangle, 0.5)(jnp.array([0.0, 0.5, 1.0]))
    Array([0.5, 1. , 0.5], dtype=float32)
    """
    return _combined(_shifted, as_shape(g, "shift"), _number(by, "shift"))


def mix(*gs: Shape, weights: Sequence[ArrayLike] | ArrayLike | None = None) -> Shape:
    """Return the weighted sum of shapes; without weights, their plain average.

    Args:
        gs: any number of shapes, at least one.
        weights: one weight a shape (a number, a tracer, or an array that broadcasts against x), in a sequence or
            along the first axis of an array. They need not sum to one.

    Raises:
        ValueError: there is no shape, or the number of weights is another.

    >>> from surrofun import shapes
    >>> mix(shapes.triangle, shapes.rectangle, weights=(0.75, 0.25))(jnp.array([0.0, 0.75]))
    Array([1.    , 0.1875], dtype=float32)
    """
    if not gs:
        raise ValueError("mix: expected at least one shape, got none")
    each: Any = (1.0 / len(gs),) * len(gs)
    if weights is not None:
        each = tuple(weights) if isinstance(weights, Sequence) or getattr(weights, "ndim", 0) else (weights,)  # type: ignore[arg-type]
    if len(each) != len(gs):
        raise ValueError(f"mix: expected one weight for each of {len(gs)} shapes, got {len(each)} weights")
    return _combined(_mixed, tuple(as_shape(g, "mix") for g in gs), tuple(_number(w, "mix") for w in each))


def asym(below: Shape, above: Shape) -> Shape:
    """Return `below` where x < 0 and `above` where x >= 0.

    Neither shape ever sees an input of the other side, so that a singularity there does no harm to any derivative.

    >>> from surrofun import shapes
    >>> asym(shapes.straight_through, shapes.triangle)(jnp.array([-9.0, 0.5]))
    Array([1. , 0.5], dtype=float32)
    """
    return _combined(_sided, as_shape(below, "asym"), as_shape(above, "asym"))


def normalize(g: Shape, *, area: ArrayLike | None = None, peak: ArrayLike | None = None) -> Shape:
    """Return `g` rescaled in height, so that its area or its peak is the given one.

    Args:
        g: a shape of finite area, respectively with a peak; the slope is NaN where there is none.
        area: the wanted integral over all x, or
        peak: the wanted largest slope; exactly one of the two.

    Raises:
        TypeError: both or none of `area` and `peak` are given.

    >>> from surrofun import shapes
    >>> normalize(shapes.superspike, peak=0.5)(0.0)
    Array(0.5, dtype=float32)
    """
    if (area is None) == (peak is None):
        raise TypeError(
            "normalize: expected exactly one of area= and peak=, got " + ("none" if area is None else "both")
        )
    measure, wanted = (area_of, area) if peak is None else (peak_of, peak)
    return _combined(_normalized, as_shape(g, "normalize"), measure, _number(wanted, "normalize"))


def expression(shape: Any, write_shape: Callable[[Any], str] = show, write_number: Callable[[Any], str] = show) -> str:
    """Return the call that makes a combined shape; nothing for any other function.

    >>> expression(shift(jnp.tanh, 0.5))
    'shift(tanh, 0.5)'
    """
    f: Any = getattr(shape, "func", None)
    parts: Any = (*getattr(shape, "args", ()), ())[0]
    if f is _scaled:
        alpha, height = map(write_number, parts[1:])
        return f"scale({write_shape(parts[0])}, {alpha}{'' if height == '1.0' else f', height={height}'})"
    if f is _shifted:
        return f"shift({write_shape(parts[0])}, {write_number(parts[1])})"
    if f is _mixed:
        gs, weights = ", ".join(map(write_shape, parts[0])), [*map(write_number, parts[1])]
        average = all(weight == repr(1.0 / len(weights)) for weight in weights)
        return f"mix({gs})" if average else f"mix({gs}, weights=({', '.join(weights)}{',' * (len(weights) == 1)}))"
    if f is _sided:
        return f"asym({', '.join(map(write_shape, parts))})"
    if f is _normalized:
        what = "area" if parts[1] is area_of else "peak"
        return f"normalize({write_shape(parts[0])}, {what}={write_number(parts[2])})"
    return ""


def _combined(function: Callable[..., Any], *parts: Any) -> Shape:
    name = expression(functools.partial(function, parts))
    return (_once if holds_no_data(parts) else _composed)(name, function, *parts)


_CALL = inspect.signature(lambda x, *args, **kwargs: None)  # what help and editors show of a composed shape


def _composed(name: str, function: Callable[..., Any], *parts: Any) -> Shape:
    shape = functools.partial(function, parts)
    shape.__name__ = shape.__qualname__ = name  # type: ignore[attr-defined]
    shape.__doc__ = f"{name}\n\nA surrogate gradient shape, composed."
    shape.__signature__ = _CALL  # type: ignore[attr-defined]
    return shape


_once = functools.lru_cache(maxsize=1024)(_composed)  # the same object each time; the name tells 2 from 2.0


def _number(value: Any, who: str) -> Any:
    if value is None or isinstance(value, Sequence | Mapping):
        raise TypeError(f"{who}: expected a number or an array that broadcasts against x, got {describe_value(value)}")
    return value


# What each combinator computes, between its soft step and the places where its parts are centred. `parts` is what the
# combinator was given; parameters of the call are handed on as they came.


def _scaled_soft(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return apply(lambda x, g, alpha, height: height * primitive(g)(alpha * x, *args, **kwargs), x, *parts)


def _scaled_centers(x: Any, parts: Any) -> list[jax.Array]:
    return [apply(lambda c, alpha: c / alpha, c, parts[1]) for c in centers(parts[0], x)]


@integrates_to(_scaled_soft, centers=_scaled_centers)
def _scaled(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return apply(lambda x, g, alpha, height: height * alpha * g(alpha * x, *args, **kwargs), x, *parts)


def _shifted_soft(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return _shifted((primitive(parts[0]), parts[1]), x, *args, **kwargs)


def _shifted_centers(x: Any, parts: Any) -> list[jax.Array]:
    return [apply(lambda c, by: c + by, c, parts[1]) for c in centers(parts[0], x)]


@integrates_to(_shifted_soft, centers=_shifted_centers)
def _shifted(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return apply(lambda x, g, by: g(x - by, *args, **kwargs), x, *parts)


def _mixed_soft(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return _mixed((tuple(map(primitive, parts[0])), parts[1]), x, *args, **kwargs)


def _mixed_centers(x: Any, parts: Any) -> list[jax.Array]:
    return [c for g in parts[0] for c in centers(g, x)]


@integrates_to(_mixed_soft, centers=_mixed_centers)
def _mixed(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    def mixed(x: Any, gs: Any, weights: Any) -> Any:
        return sum(w * g(x, *args, **kwargs) for g, w in zip(gs, weights, strict=True))

    return apply(mixed, x, *parts)


def _sided_soft(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    def soft(x: Any, below: Shape, above: Shape) -> Any:
        def value(g: Shape, x: Any) -> Any:
            return primitive(g)(x, *args, **kwargs)

        zero, right = jnp.zeros((1,) * x.ndim, x.dtype), jnp.where(x < 0, 0.0, x)
        upper = value(below, zero) + value(above, right) - value(above, zero)
        return jnp.where(x < 0, value(below, jnp.where(x < 0, x, 0.0)), upper)

    return apply(soft, x, *parts)


def _sided_centers(x: Any, parts: Any) -> list[jax.Array]:
    return [jnp.zeros((1,) * x.ndim, x.dtype), *_mixed_centers(x, (parts,))]


@integrates_to(_sided_soft, centers=_sided_centers)
def _sided(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    def sided(x: Any, below: Shape, above: Shape) -> Any:
        # Neither sees the other side, not even zero, but a place of its own where hardly any shape has an edge.
        left, right = jnp.where(x < 0, x, -0.6180339), jnp.where(x < 0, 0.6180339, x)
        return jnp.where(x < 0, below(left, *args, **kwargs), above(right, *args, **kwargs))

    return apply(sided, x, *parts)


def _normalized_soft(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return apply(lambda x: _factor(parts, x, *args, **kwargs) * primitive(parts[0])(x, *args, **kwargs), x)


def _normalized_centers(x: Any, parts: Any) -> list[jax.Array]:
    return centers(parts[0], x)


@integrates_to(_normalized_soft, centers=_normalized_centers)
def _normalized(parts: Any, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return apply(lambda x: _factor(parts, x, *args, **kwargs) * parts[0](x, *args, **kwargs), x)


def _factor(parts: Any, x: Any, /, *args: Any, **kwargs: Any) -> Any:
    g, measure, wanted = parts
    measured = measure(g, x, *args, **kwargs)
    return jnp.where(jnp.isinf(measured), jnp.nan, fit(wanted, x) / measured)
