"""Forward steps: spikes as functions of the potential.

Parameters of a step are given by keyword, as those of a shape:
`heaviside(at_zero=0.0)`, `ternary(threshold=0.5)`. `staircase(3)` and
`escape(g, key)` make steps.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from .calculus import antiderivative, area
from .core.concrete import is_traced, numpy_of, without_gradient
from .core.dtype import Real, rounded
from .core.expect import as_key, as_whole
from .core.facts import declares
from .core.shape import Shape, as_shape, by_keyword, potential_of
from .core.text import OF_A_SOFT_STEP, describe_value, show
from .core.tree import function_of_x, node

if TYPE_CHECKING:
    from .core.types import Declared

P = ParamSpec("P")


def _step(f: Callable[Concatenate[Any, P], Any]) -> Declared[P]:
    return declares(pure=True, step=True)(by_keyword(f))


@_step
def heaviside(x: Real, at_zero: Real = 1.0) -> Real:
    """Return 1 where x > 0, `at_zero` where x = 0, else 0; NaN gives 0.

    Args:
        x: potential minus threshold, any shape.
        at_zero: the value at the threshold: 1 as in most JAX libraries; 0
            as in snnTorch, norse and spyx, `step=heaviside(at_zero=0.0)`.

    >>> heaviside(jnp.array([-1.0, 0.0, 1.0]))
    Array([0., 1., 1.], dtype=float32)
    """
    if isinstance(at_zero, float | int) and at_zero in (0, 1):  # one comparison, as by hand
        return x >= 0 if at_zero else x > 0
    return jnp.where(x > 0, 1.0, jnp.where(x == 0, at_zero, 0.0))


@_step
def sign(x: Real) -> Real:
    """Return +1 where x >= 0, else -1, as binary networks do; NaN gives -1.

    >>> sign(jnp.array([-2.0, 0.0, 3.0]))
    Array([-1.,  1.,  1.], dtype=float32)
    """
    return jnp.where(x >= 0, 1.0, -1.0)


@_step
def ternary(x: Real, threshold: Real = 1.0) -> Real:
    """Return +1 where x >= threshold, -1 where x <= -threshold, else 0.

    These are ON and OFF events, where `x` is a signal itself, as a change
    of brightness. A surrogate of two bumps goes with them:
    `mix(shift(g, t), shift(g, -t), weights=(1.0, 1.0))`.

    Args:
        x: signed signal, any shape.
        threshold: size of the change that makes an event, in the units of
            `x`, positive: else a signal of 0 is an event.

    >>> ternary(jnp.array([-2.0, 0.5, 1.0]))
    Array([-1.,  0.,  1.], dtype=float32)
    """
    return jnp.where(x >= threshold, 1.0, jnp.where(x <= -threshold, -1.0, 0.0))


@declares(step=True)
def staircase(n: int) -> Callable[[Real], jax.Array]:
    """Return the step that counts thresholds: 1 from x = 0, 2 from x = 1, ...

    Args:
        n: the largest number of spikes in one time step, at least 1.

    Raises:
        ValueError: n is no whole number, or less than 1.

    >>> staircase(3)(jnp.array([-0.5, 0.0, 1.5, 9.0]))
    Array([0., 1., 2., 3.], dtype=float32)
    """
    return _count(n=as_whole(n, 1, "staircase"))  # type: ignore[return-value]


@_step
def _count(x: Real, n: int) -> Real:
    """Return how many of the thresholds 0, 1, ... n - 1 are not above x; NaN gives 0."""
    return jnp.where(x >= 0, jnp.minimum(jnp.floor(x) + 1, n), 0.0)


for _f in (_count, inspect.unwrap(_count)):
    _f.__name__ = "staircase"  # which help shows, and which complains; pickle goes by the qualified name


@declares(step=True)
def escape(g: Shape, key: jax.Array) -> Callable[..., jax.Array]:
    """Return the step of escape noise, which fires with probability S(x).

    S is `antiderivative(g)`. With the same `g` as its surrogate,
    `make_spike(g, step=escape(g, key))`, the gradient is the derivative of
    the expected spike. Each step in time, each layer and what is mapped by
    `vmap` or `shard_map` need keys of their own, or the noise repeats.

    Parameters at call time go to noise and surrogate; so does what `g`
    learns. If the surrogate is another shape, they are refused: they may
    belong to either.

    With an area above 1, the step fires for certain before the slope ends,
    and the gradient is no longer that derivative; with area 0.2 it fires
    with probability 0.2 at most. `normalize(g, area=1.0)` mends both.

    Args:
        g: a shape of area 1, the density of the noise.
        key: random key, may be traced; each element of x draws of its own.

    Raises:
        TypeError: `g` is no shape, or `key` no random key; on call, there
            are parameters, and the surrogate is another shape.
        ValueError: on call, the area is infinite; or NaN if it is traced.

    >>> from surrofun.shapes import sigmoid
    >>> fires = escape(sigmoid, jax.random.key(0))
    >>> rate = fires(jnp.full(10_000, 0.25)).mean()
    >>> jnp.round(rate, 1), jnp.round(antiderivative(sigmoid)(0.25), 1)
    (Array(0.7, dtype=float32), Array(0.7, dtype=float32))

    Reference: Gerstner, Kistler, Naud & Paninski 2014, Neuronal Dynamics,
    chapter 9; as a surrogate Gygax & Zenke 2025, arXiv:2404.14964.
    """
    return Partial(_escape, node(as_shape(g, "escape")), as_key(key, "escape"))


@declares(step=True, text=lambda g, key: f"escape({show(g)}, {show(key)})")
def _escape(g: Shape, key: jax.Array, /, *args: Any, **kwargs: Any) -> jax.Array:
    x, args = potential_of(g, args, kwargs)

    def fires(x: jax.Array) -> Any:
        bound = function_of_x(g, x, args, kwargs)
        whole = without_gradient(area(bound))
        finite = numpy_of(whole).isfinite(whole)
        if not is_traced(finite) and not finite.all():
            raise ValueError(f"escape: expected a shape of finite area, got {show(g)}; {OF_A_SOFT_STEP}")
        # A uniform number may be 0, but is never 1: S = 1 always fires, and S = 0, or less than the least digit, never.
        fired = 1 - jax.random.uniform(key, x.shape, x.dtype) <= antiderivative(bound)(x)
        return jnp.where(finite, fired.astype(x.dtype), jnp.nan)

    return rounded(fires, x, blame=escape)


def as_step(step: Any) -> Callable[..., Any]:
    """Return the option `step=` of `make_spike`, if it may be one: a function, and none that makes a step.

    >>> as_step(sign) is sign
    True
    """
    if not callable(step):
        hint = "; a parameter of a step is written by keyword, heaviside(at_zero=0.0)" if hasattr(step, "dtype") else ""
        raise TypeError(f"make_spike: expected a function as step, got {describe_value(step)}{hint}")
    if step is staircase or step is escape:
        example = "staircase(5)" if step is staircase else "escape(g, key)"
        raise TypeError(f"make_spike: expected a step, got {show(step)}, which makes one: step={example}")
    return step  # type: ignore[no-any-return]


def is_noise_of(step: Any, g: Shape) -> bool:
    """Say whether a step is escape noise of the shape `g` itself, whose parameters it follows.

    >>> noise = escape(abs, jax.random.key(0))
    >>> is_noise_of(noise, abs), is_noise_of(sign, abs)
    (True, False)
    """
    if not is_noise(step):
        return False
    (ours, structure), (others, other_structure) = map(jax.tree.flatten, (node(g), step.args[0]))
    if structure != other_structure:  # type: ignore[operator]
        return False
    # A number of NumPy has become a new float for each of the two.
    return all(a is b or (type(a) is type(b) is float and a == b) for a, b in zip(ours, others, strict=True))


def is_noise(step: Any) -> bool:
    """Say whether a step is one of `escape`.

    >>> is_noise(jnp.sign)
    False
    """
    return isinstance(step, Partial) and step.func is _escape


def step_of_call(step: Any, g: Shape, follows: bool, has_parameters: bool) -> Callable[..., Any]:
    """Return the step of a call of a spike; noise that follows `g` gets the parameters of the call with it.

    Noise of another shape refuses them: they may be of either.

    >>> step_of_call(sign, abs, False, True) is sign
    True
    """
    if follows:
        return Partial(_escape, node(g), step.args[1])
    if has_parameters and is_noise(step):
        raise TypeError(
            f"escape: the parameters of the call may belong to the surrogate {show(g)} or to the noise "
            f"{show(step.args[0])}; give each shape its own before, as in sigmoid(alpha=4.0)"
        )
    return step  # type: ignore[no-any-return]
