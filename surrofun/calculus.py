"""The facts of a shape, declared or found: soft step, bounds, places, area. And the way back, `derivative`."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .core.combinator import is_free, is_part, like_of, resolved, unbound
from .core.dtype import Real, fit, rounded
from .core.hoist import numpy_of
from .core.integral import integral, moved_area
from .core.memo import arrays_of, interned, once
from .core.panels import slopes_at
from .core.program import need_values
from .core.shape import Shape, as_shape, facts_of, holds, named
from .core.survey import Survey, extremes, survey
from .core.text import describe_value, show

_FAR = 1e30  # where the derivative of a soft step by a parameter is taken for that at infinity: there it is 0 * inf
_TOLERANCE = {"float32": 1e-5, "float64": 1e-6}  # of what is found, relative to the area


def antiderivative(g: Shape) -> Shape:
    """Return the soft step S of a shape: dS/dx = g, and the parameters of `g` are those of S.

    S(-inf) = 0 where the area of `g` is finite, else S(0) = 0. Where `shape` or `combinator` declares a closed
    form, it is that. Else `g` is integrated numerically around its places. The derivative of S by a parameter is then
    the integral of the derivative of `g`, which misses a jump that the parameter moves. `check(g, alpha=2.0)` names
    such a jump; declare `soft` for it.

    Args:
        g: a shape, `g(x, *params)`.

    Returns:
        S(x, *params), in the dtype of x. Where the numerical integral is not known to 1e-6 of the area (1e-5 in
        float32), it raises ValueError, or is NaN if something is traced.

    >>> from surrofun import shapes
    >>> antiderivative(shapes.sigmoid)(jnp.array([-1e9, 0.0, 1e9]))
    Array([0. , 0.5, 1. ], dtype=float32)
    """
    return interned(_soft_step_of, as_shape(g, "antiderivative"))  # type: ignore[no-any-return]


def _soft_step_of(g: Shape) -> Shape:
    soft = functools.partial(_soft_step, g)
    soft.__wrapped__ = g  # type: ignore[attr-defined]  # so that help and editors show the parameters of the shape
    return named(soft, f"antiderivative({show(g)})", f"The soft step of {show(g)}.")  # type: ignore[no-any-return]


@holds
def _soft_step(g: Shape, /, x: Real, *args: Any, **kwargs: Any) -> jax.Array:
    def soft(x: jax.Array) -> Any:
        f, parts, numbers = resolved(g, x, args, kwargs, free=True)
        declared = facts_of(f).get("soft")
        if declared is None:
            found = _integrated(g, x, args, kwargs)
            # A factor makes the derivatives NaN, too, which are all that is used of a soft step that is learned.
            return integral(_bound(g, args, kwargs), found, x) * jnp.where(found["known"], 1.0, jnp.nan)
        if is_free(g) or _is_settled(f, parts, x):
            return declared(x, *parts, **numbers)
        return _anchored(lambda x: declared(x, *parts, **numbers), x)

    return rounded(soft, x)


def _is_settled(f: Any, parts: tuple[Any, ...], like: jax.Array) -> bool:
    """Say whether the constant of the soft step is right already, that of `f` and those of the parts."""
    return any(_declared(fact, f, parts, like) for fact in ("falling", "settled"))


def _declared(fact: str, f: Any, parts: tuple[Any, ...], like: jax.Array) -> bool:
    """Say whether `f` declares a fact, and all of its parts do."""
    return facts_of(f).get(fact, False) and all(
        _declared(fact, *resolved(p, like)[:2], like) for p in parts if is_part(p)
    )


def _anchored(soft: Shape, x: jax.Array) -> jax.Array:
    """Return `soft` with S(-inf) = 0 where both of its limits are finite, else with S(0) = 0."""
    left, right = _limit(soft, -jnp.inf, x), lax.stop_gradient(soft(_full(x, jnp.inf)))
    constant = jnp.where(jnp.isfinite(left) & jnp.isfinite(right), left, soft(_full(x, 0.0)))
    return jnp.asarray(soft(x)) - constant


def _limit(soft: Shape, end: float, x: jax.Array) -> jax.Array:
    """Return `soft` at infinity, with its derivatives by parameters far out."""
    limit = jnp.asarray(lax.stop_gradient(soft(_full(x, end))))
    moves = jnp.isfinite(limit) & (limit != 0)
    far = soft(jnp.where(moves, math.copysign(_FAR, end), jnp.zeros_like(limit)))
    return limit + jnp.where(moves, far - lax.stop_gradient(far), 0.0)


def _full(x: jax.Array, value: float) -> jax.Array:
    return jnp.full((1,) * x.ndim, value, x.dtype)


def derivative(soft: Shape) -> Shape:
    """Return the shape of a soft step: g with g = dS/dx, and the parameters of S are those of g.

    The derivative of `antiderivative(g)` is `g` itself; of any other function it is taken by automatic
    differentiation, elementwise.

    >>> derivative(jnp.tanh)(jnp.zeros(2))
    Array([1., 1.], dtype=float32)
    """
    if isinstance(soft, functools.partial) and soft.func is _soft_step:
        return soft.args[0]  # type: ignore[no-any-return]
    return interned(_derivative_of, as_shape(soft, "derivative"))  # type: ignore[no-any-return]


def _derivative_of(soft: Shape) -> Shape:
    return named(functools.partial(_slope, soft), f"derivative({show(soft)})")  # type: ignore[no-any-return]


@holds
def _slope(soft: Shape, /, x: Real, *args: Any, **kwargs: Any) -> jax.Array:
    def slope(x: jax.Array) -> Any:
        return jax.jvp(lambda x: soft(x, *args, **kwargs), (x,), (jnp.ones_like(x),))[1]

    return rounded(slope, x)


def bounds(g: Shape, /, *args: Any, **kwargs: Any) -> tuple[jax.Array, jax.Array]:
    """Return `(lowest, highest)`, the least and the largest slope of `g` over all x, one for each neuron.

    They are what `shape` or `combinator` declares; what is not declared is searched for around the places of `g`.
    Where a parameter is traced, the bounds of the parts of a `mix` are added up, which is wider than need be if they
    are at different places, and those of an `asym` are united, though either part is only seen on one side.

    Args:
        g: a shape.
        args, kwargs: its parameters.

    >>> from surrofun import scale, shapes
    >>> bounds(scale(shapes.multi_gaussian, 2.0), h=0.0)
    (Array(0., dtype=float32), Array(1.5958, dtype=float32))
    """
    return bounds_like(_like(g, args, kwargs), g, *args, **kwargs)


def bounds_like(like: jax.Array, g: Shape, /, *args: Any, **kwargs: Any) -> tuple[jax.Array, jax.Array]:
    """Return the bounds of `g` for potentials of the dtype and rank of `like`.

    >>> from surrofun import shapes
    >>> bounds_like(jnp.zeros((1, 1)), shapes.triangle, alpha=jnp.array([1.0, 2.0]))[1]
    Array([[1., 2.]], dtype=float32)
    """
    with jax.ensure_compile_time_eval():
        f, parts, numbers = resolved(as_shape(g, "bounds"), like, args, kwargs)
        declared = facts_of(f).get("bounds")
        ends = declared(*parts, **numbers) if declared else None
        if ends is None:
            ends = _looked_at(extremes, g, like, args, kwargs)
        elif not _is_pair(ends):
            raise TypeError(f"{show(f)}: expected of bounds= a pair (lowest, highest), got {describe_value(ends)}")
        one, other = (jnp.asarray(fit(jnp.asarray(end, like.dtype), like)) for end in ends)
        xp = numpy_of(one, other)
        return jnp.asarray(xp.minimum(one, other) + 0.0), jnp.asarray(xp.maximum(one, other) + 0.0)  # never -0.0


def searched(g: Shape) -> tuple[jax.Array, jax.Array]:
    """Return the bounds of a part as a search finds them, whatever is declared.

    >>> from surrofun import shapes
    >>> searched(shapes.triangle)
    (Array(0., dtype=float32), Array(1., dtype=float32))
    """
    lowest, highest = _looked_at(extremes, g, _like(g), (), {})
    return jnp.asarray(lowest), jnp.asarray(highest)


def around(g: Shape, /, *args: Any, **kwargs: Any) -> list[tuple[jax.Array, jax.Array]]:
    """Return the places where something happens in `g`, as (centre, width), one for each neuron, in units of x.

    A function that declares none is taken to be at the threshold and one unit of x wide.

    >>> from surrofun import scale, shapes, shift
    >>> around(shift(scale(shapes.triangle, 4.0), 0.5))
    [(Array(0.5, dtype=float32), Array(0.25, dtype=float32))]
    """
    return around_like(_like(g, args, kwargs), g, *args, **kwargs)


def around_like(like: jax.Array, g: Shape, /, *args: Any, **kwargs: Any) -> list[tuple[jax.Array, jax.Array]]:
    """Return the places of `g` for potentials of the dtype and rank of `like`.

    >>> from surrofun import shapes
    >>> around_like(jnp.zeros(1), shapes.triangle, 4.0)
    [(Array(0., dtype=float32), Array(0.25, dtype=float32))]
    """
    with jax.ensure_compile_time_eval():
        f, parts, numbers = resolved(as_shape(g, "around"), like, args, kwargs)
        declared = facts_of(f).get("around")
        if declared:
            places = declared(*parts, **numbers)
            if not isinstance(places, list | tuple) or not all(map(_is_pair, places)):
                raise TypeError(f"{show(f)}: expected of around= a list of pairs (centre, width), got {places}")
        else:  # those of the parts of a composition, or the threshold
            shapes = [p for p in (*parts, *numbers.values()) if is_part(p)]
            places = [place for p in shapes for place in around(p)] or [(0.0, 1.0)]
        return [tuple(jnp.asarray(fit(jnp.asarray(v, like.dtype), like)) for v in place) for place in places]  # type: ignore[misc]


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2


def area(g: Shape, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Return the integral of `g` over all x, infinite where it diverges, one for each neuron.

    It is NaN where the two sides diverge to infinities of opposite signs, as those of an odd function do.

    Raises:
        ValueError: no soft step is declared, and the area is not found to 1e-6 of it, 1e-5 in float32; NaN if something
            is traced.

    >>> from surrofun import shapes
    >>> area(shapes.superspike, beta=4.0), area(shapes.reciprocal)
    (Array(0.5, dtype=float32), Array(inf, dtype=float32))
    """
    return area_like(_like(g, args, kwargs), g, *args, **kwargs)


def area_like(like: jax.Array, g: Shape, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Return the area of `g` for potentials of the dtype and rank of `like`.

    >>> from surrofun import shapes
    >>> area_like(jnp.zeros(1), shapes.triangle, alpha=4.0)
    Array([1.], dtype=float32)
    """
    with jax.ensure_compile_time_eval():
        f, parts, numbers = resolved(as_shape(g, "area"), like, args, kwargs, free=True)
        soft = facts_of(f).get("soft")
        if soft is None:
            found = _integrated(g, like, args, kwargs)
            f = _bound(g, args, kwargs)
            whole = jnp.where(found["known"], found["area"], jnp.nan)
            if not isinstance(slopes_at(f, like), jax.core.Tracer):
                return whole
            moved = moved_area(f, found)
            return whole + jnp.where(jnp.isfinite(moved), moved - lax.stop_gradient(moved), 0.0)

        def declared(x: jax.Array) -> Any:
            return soft(x, *parts, **numbers)

        if _is_settled(f, parts, like):
            return jnp.asarray(declared(_full(like, jnp.inf)) - declared(_full(like, -jnp.inf)))
        return _limit(declared, jnp.inf, like) - _limit(declared, -jnp.inf, like)


def _like(g: Shape, *parameters: Any) -> jax.Array:
    """Return an array of the rank of the potentials: at least that of the parameters, one for each neuron."""
    like = like_of(g)
    ranks = [0, *(np.ndim(array) for array in arrays_of(g, parameters))]
    return jnp.zeros((1,) * max(ranks)) if like is None else like


def _bound(g: Shape, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Shape:
    """Return `g` with parameters of a call, as a function of x alone."""
    return lambda x: g(x, *args, **kwargs)


def surveyed(g: Shape, like: jax.Array, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Survey:
    """Return the survey of `g` with these parameters, for potentials of the dtype and rank of `like`.

    To what `survey` found is added "known": whether the integral is found to the tolerance.

    >>> found = surveyed(lambda x: jnp.exp(-jnp.abs(x)), jnp.zeros(()))
    >>> round(float(found["area"]), 4), bool(found["known"])
    (2.0, True)
    """
    return _looked_at(_surveyed, g, like, args, kwargs or {})  # type: ignore[no-any-return]


def _looked_at(look: Any, g: Shape, like: jax.Array, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return `look(f, places, like)` of a shape with its parameters, once where it cannot change."""
    g, args, kwargs = unbound(g, args, kwargs)
    need_values(g, args, kwargs)
    return once(_look, look, g, like.dtype.name, like.ndim, args, tuple(kwargs.items()))


def _look(look: Any, g: Shape, dtype: str, ndim: int, args: tuple[Any, ...], items: tuple[Any, ...]) -> Any:
    with jax.ensure_compile_time_eval():
        like, kwargs = jnp.zeros((1,) * ndim, dtype), dict(items)
        return look(_bound(g, args, kwargs), around_like(like, g, *args, **kwargs), like)


def _surveyed(f: Shape, places: Any, like: jax.Array) -> Survey:
    found = survey(f, places, like)
    return {**found, "known": found["error"] <= _TOLERANCE[like.dtype.name]}


def _integrated(g: Shape, like: jax.Array, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Survey:
    """Return the survey of `g`, if its integral is known.

    Raises:
        ValueError: it is not; where something is traced, "known" is false instead.
    """
    g, args, kwargs = unbound(g, args, kwargs)
    found = surveyed(g, like, args, kwargs)
    if not isinstance(found["known"], jax.core.Tracer) and not np.all(found["known"]):
        raise ValueError(
            f"{show(g)}: expected a slope whose integral is found to {_TOLERANCE[like.dtype.name]:g} of it, got an "
            f"error of {np.max(found['error']):.1g}; declare its soft step, shape(g, soft=...), or its places, around="
        )
    return found
