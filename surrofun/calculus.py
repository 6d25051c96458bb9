"""The soft step of a shape and the shape of a soft step.

A shape declares its closed form in one line above it, `@integrates_to(S)`; a combinator declares how the closed forms
of its parts combine in the same way. What declares nothing is integrated numerically.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .elementwise import apply, widened
from .evaluation import as_shape
from .naming import show
from .quadrature import integral

F = TypeVar("F", bound=Callable[..., Any])
Shape = Callable[..., Any]

_DISTANCES = np.geomspace(1e-5, 1e3, 129)
_PLACES = np.concatenate([-_DISTANCES[::-1], [0.0], _DISTANCES])  # around a centre


def integrates_to(soft: Callable[..., Any], *, centers: Callable[..., Any] | None = None) -> Callable[[F], F]:
    """Declare `soft(x, *params)` as an antiderivative of the shape below, with the same parameters.

    It must vanish at minus infinity where the area is finite and at 0 where it is not, and it must not be NaN at
    either infinity.

    >>> @integrates_to(lambda x, alpha=1.0: jnp.tanh(alpha * x) + 1)
    ... def bump(x, alpha=1.0):
    ...     return alpha / jnp.cosh(alpha * x) ** 2
    >>> antiderivative(bump)(0.0)
    Array(1., dtype=float32)
    """

    def declare(g: F) -> F:
        g.antiderivative = soft  # type: ignore[attr-defined]
        g.centers = centers  # type: ignore[attr-defined]
        return g

    return declare


def antiderivative(g: Shape) -> Shape:
    """Return the soft step S of a shape: dS/dx = g, and the parameters of `g` are those of S.

    S(-inf) = 0 where the area of `g` is finite, else S(0) = 0. In closed form for the catalogue and whatever the
    combinators make of it; by quadrature for a function that declares nothing (`integrates_to`). Quadrature takes
    derivatives by parameters under the integral, which misses a jump that a parameter moves: declare that shape.

    Args:
        g: a shape, `g(x, *params)`.

    Returns:
        S(x, *params), in the dtype of x.

    >>> from surrofun import shapes
    >>> antiderivative(shapes.sigmoid)(jnp.array([-1e9, 0.0, 1e9]))
    Array([0. , 0.5, 1. ], dtype=float32)
    """
    soft = functools.partial(_anchored, as_shape(g, "antiderivative"))
    soft.__name__ = f"antiderivative({show(g)})"  # type: ignore[attr-defined]
    soft.__doc__ = f"The soft step of {show(g)}."
    soft.__wrapped__ = g  # type: ignore[attr-defined]  # so that help and editors show the parameters of the shape
    return soft


def derivative(soft: Shape) -> Shape:
    """Return the shape of a soft step: g with g = dS/dx, and the parameters of S are those of g.

    The derivative of `antiderivative(g)` is `g` itself; of any other function it is taken by automatic
    differentiation, elementwise.

    >>> derivative(jnp.tanh)(jnp.zeros(2))
    Array([1., 1.], dtype=float32)
    """
    if isinstance(soft, functools.partial) and soft.func is _anchored and len(soft.args) == 1:
        return soft.args[0]  # type: ignore[no-any-return]
    return functools.partial(_slope, soft)


def area_of(g: Shape, x: jax.Array, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Return the area of `g` in a shape that broadcasts against `x`, one for each setting of its parameters.

    >>> area_of(jnp.zeros_like, jnp.zeros((4, 3))).shape
    (1, 1)
    """

    def soft(x: jax.Array) -> Any:
        return primitive(g)(x, *args, **kwargs)

    return jnp.asarray(_limit(soft, _full(x, jnp.inf)) - _limit(soft, _full(x, -jnp.inf)))


def peak_of(g: Shape, x: jax.Array, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Return the largest slope of `g` in a shape that broadcasts against `x`, one for each setting of its parameters.

    >>> peak_of(jnp.cos, jnp.zeros((4, 3))).shape
    (1, 1)
    """
    return bounds_of(g, x, *args, **kwargs)[1]


def bounds_of(g: Shape, x: jax.Array, /, *args: Any, **kwargs: Any) -> tuple[jax.Array, jax.Array]:
    """Return the smallest and the largest slope of `g`, searched around the places where its parts are centred.

    >>> bounds_of(jnp.cos, jnp.zeros(()))
    (Array(-1., dtype=float32), Array(1., dtype=float32))
    """
    starts = [lax.stop_gradient(center[None] + places_beside(x)) for center in centers(g, x)]
    args, kwargs = widened((args, kwargs))

    def slope(t: jax.Array) -> Any:
        return g(t, *args, **kwargs)

    highest = functools.reduce(jnp.maximum, (slope(_climb(slope, start)) for start in starts))
    lowest = functools.reduce(jnp.minimum, (slope(_climb(lambda t: -slope(t), start)) for start in starts))
    return jnp.asarray(lowest), jnp.asarray(highest)


def places_beside(x: jax.Array) -> jax.Array:
    """Return where an extreme slope is searched around 0, along a new first axis, in the dtype and rank of `x`.

    >>> places_beside(jnp.zeros((4, 3))).shape
    (259, 1, 1)
    """
    return jnp.asarray(_PLACES, x.dtype).reshape(-1, *(1,) * x.ndim)


def centers(g: Shape, x: jax.Array) -> list[jax.Array]:
    """Return where the parts of a composed shape are centred, each in a shape that broadcasts against `x`.

    >>> from surrofun import shapes, shift
    >>> centers(shift(shapes.sigmoid, 0.5), jnp.zeros(()))
    [Array(0.5, dtype=float32)]
    """
    if isinstance(g, functools.partial):
        inner = getattr(g.func, "centers", None)
        return inner(x, *g.args) if inner else centers(g.func, x)
    return [_full(x, 0.0)]


def _climb(g: Shape, places: jax.Array) -> jax.Array:
    """Return where `g` is largest between `places` (increasing along the first axis)."""
    for _ in range(4):
        slopes = jnp.asarray(g(places))
        best = jnp.argmax(jnp.broadcast_to(slopes, jnp.broadcast_shapes(slopes.shape, places.shape)), 0)
        steps = [jnp.take_along_axis(places, jnp.clip(best + k, 0, len(places) - 1)[None], 0)[0] for k in (-1, 0, 1)]
        places = jnp.concatenate([jnp.linspace(steps[0], steps[1], 17), jnp.linspace(steps[1], steps[2], 17)])
    return lax.stop_gradient(steps[1])


def _full(x: jax.Array, value: float) -> jax.Array:
    return jnp.full((1,) * x.ndim, value, x.dtype)


def primitive(g: Shape) -> Shape:
    """Return an antiderivative of `g` with whatever constant its closed form has.

    >>> primitive(jnp.sign)(2.0)
    Array(2., dtype=float32)
    """
    if isinstance(g, functools.partial):
        return functools.partial(primitive(g.func), *g.args, **g.keywords)
    return getattr(g, "antiderivative", functools.partial(integral, g))


def _anchored(g: Shape, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    def raw(x: jax.Array) -> Any:
        return primitive(g)(x, *args, **kwargs)

    def soft(x: jax.Array) -> jax.Array:
        # At infinity the limit, since a derivative by a parameter would be inf * 0 there.
        value = jnp.where(jnp.isinf(x), lax.stop_gradient(raw(x)), raw(jnp.where(jnp.isinf(x), 0.0, x)))
        return value - _constant(raw, x) if _composed(g) else value

    return apply(soft, x)


def _constant(raw: Shape, x: jax.Array) -> Any:
    left, right = _limit(raw, _full(x, -jnp.inf)), lax.stop_gradient(raw(_full(x, jnp.inf)))
    return jnp.where(jnp.isfinite(left) & jnp.isfinite(right), left, raw(_full(x, 0.0)))


def _limit(soft: Shape, end: jax.Array) -> Any:
    """Return `soft` at infinity, with its derivatives by parameters far out: there they are 0 * inf."""
    limit = lax.stop_gradient(soft(end))
    moves = jnp.isfinite(limit) & (limit != 0)
    far = soft(jnp.where(moves, jnp.sign(end) * 1e30, 0.0))
    return limit + jnp.where(moves, far - lax.stop_gradient(far), 0.0)


def _composed(g: Shape) -> bool:
    return isinstance(g, functools.partial) and (getattr(g.func, "centers", None) is not None or _composed(g.func))


def _slope(soft: Shape, /, x: Any, *args: Any, **kwargs: Any) -> jax.Array:
    return apply(lambda x: jax.jvp(lambda x: soft(x, *args, **kwargs), (x,), (jnp.ones_like(x),))[1], x)
