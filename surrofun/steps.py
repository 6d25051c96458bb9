"""Forward steps: what a spike function returns, given the potential minus the threshold."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .calculus import antiderivative
from .elementwise import Real, elementwise
from .evaluation import as_shape


@elementwise
def heaviside(x: Real, at_zero: Real = 1.0) -> Real:
    """Return 1 where x > 0, `at_zero` where x = 0 and 0 elsewhere; a NaN potential does not fire.

    Args:
        x: potential minus threshold, any shape.
        at_zero: the value at the threshold itself. 1 as in Bellec et al. 2018 and most JAX libraries;
            0 for the convention of snnTorch, norse and spyx (`step=functools.partial(heaviside, at_zero=0.0)`).

    >>> heaviside(jnp.array([-1.0, 0.0, 1.0]))
    Array([0., 1., 1.], dtype=float32)
    """
    return jnp.where(x > 0, 1.0, jnp.where(x == 0, at_zero, 0.0))


@elementwise
def sign(x: Real) -> Real:
    """Return +1 where x >= 0 and -1 elsewhere, the activation of a binary network; NaN gives -1.

    >>> sign(jnp.array([-2.0, 0.0, 3.0]))
    Array([-1.,  1.,  1.], dtype=float32)
    """
    return jnp.where(x >= 0, 1.0, -1.0)


@elementwise
def ternary(x: Real, threshold: Real = 1.0) -> Real:
    """Return +1 where x >= threshold, -1 where x <= -threshold and 0 between: ON and OFF events.

    Here `x` is the signed signal itself, for instance a change of brightness, not a potential minus a threshold.
    A surrogate for it has a bump at each edge: `mix(shift(g, t), shift(g, -t), weights=(1, 1))`.

    Args:
        x: signed signal, any shape.
        threshold: size of the change that makes an event, in the units of `x`, positive.

    >>> ternary(jnp.array([-2.0, 0.5, 1.0]))
    Array([-1.,  0.,  1.], dtype=float32)
    """
    return jnp.where(x >= threshold, 1.0, jnp.where(x <= -threshold, -1.0, 0.0))


def staircase(n: int) -> Callable[[Real], jax.Array]:
    """Return the graded step that counts thresholds: 0 below 0, then 1 from x = 0, 2 from x = 1, up to `n`.

    Args:
        n: the largest number of spikes in one time step, at least 1.

    Raises:
        ValueError: `n` is not a positive integer.

    >>> staircase(3)(jnp.array([-0.5, 0.0, 1.5, 9.0]))
    Array([0., 1., 2., 3.], dtype=float32)
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"staircase: expected a positive whole number of levels, got {n!r}")
    return functools.partial(_count, n=n)


@elementwise
def _count(x: Real, n: int) -> Real:
    return jnp.where(x >= 0, jnp.clip(jnp.floor(x) + 1, 0, n), 0.0)


def escape(g: Callable[..., Any], key: jax.Array) -> Callable[[Real], jax.Array]:
    """Return the step of escape noise: it fires with probability S(x), where S = antiderivative(g).

    With the same `g` as its surrogate, the gradient backward is the derivative of the expected spike:
    `make_spike(g, step=escape(g, key))`. Every step in time needs a key of its own, or the noise repeats.

    A probability ends at 1: a shape of larger area fires surely before its slope ends, which breaks that identity; one
    of area 0.2 fires with probability 0.2 at most. `normalize(g, area=1.0)` mends both.

    Args:
        g: a shape g(x) of area 1, the density of the noise; its parameters inside it (`functools.partial`, `scale`).
        key: random key, may be traced; each element of x draws a number of its own from it.

    Raises:
        TypeError: `g` is no function.

    >>> from surrofun import shapes
    >>> fires = escape(shapes.sigmoid, jax.random.key(0))
    >>> rate = fires(jnp.full(10_000, 0.25)).mean()
    >>> jnp.round(rate, 1), jnp.round(antiderivative(shapes.sigmoid)(0.25), 1)
    (Array(0.7, dtype=float32), Array(0.7, dtype=float32))

    Reference: Gerstner, Kistler, Naud & Paninski 2014, Neuronal Dynamics, chapter 9, Cambridge University Press; as a
    surrogate Gygax & Zenke 2025, Neural Computation 37(5):886-925, arXiv:2404.14964.
    """
    soft = antiderivative(as_shape(g, "escape"))

    @elementwise
    def fires(x: Real) -> Real:
        return jax.random.uniform(key, x.shape, x.dtype) < soft(x)

    return fires
