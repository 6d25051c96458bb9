"""A user's module, for mypy --strict and pyright to read: test_typing.py says what they have to find."""

from collections.abc import Callable
from typing import Any, assert_type, reveal_type

import jax
import jax.numpy as jnp
from jax import Array

import surrofun as sf
from surrofun import make_spike, scale, shape, shapes, sign


@make_spike
def bump(x: Array, alpha: float = 1.0) -> Array:
    return alpha * jnp.maximum(0.0, 1.0 - alpha * jnp.abs(x))


@make_spike(step=sign, residual=jnp.uint8)
def two_sided(x: Array, width: float, *, floor: float = 0.0) -> Array:
    return jnp.where(jnp.abs(x) < width, 1.0, floor)


def bell(x: Array, sigma: float | Array = 0.5) -> Array:
    return jnp.exp(-jnp.square(x / sigma))


def hill_soft(x: Array, alpha: float = 1.0) -> Array:
    return jnp.arctan(alpha * x)


def hill_bounds(alpha: float = 1.0) -> tuple[float, float]:
    return 0.0, alpha


@shape(soft=hill_soft, bounds=hill_bounds)
def hill(x: Array, alpha: float = 1.0) -> Array:
    return alpha / (1.0 + jnp.square(alpha * x))


@shape
def wave(x: Array, period: float) -> Array:
    return jnp.cos(x / period)


@sf.combinator
def mirror(x: Array, g: Callable[..., Array]) -> Array:
    return g(-x)


def power_bounds(g: Callable[..., Array], p: float = 2.0) -> list[Array]:
    return [end**p for end in sf.bounds(g)]


@sf.combinator(bounds=power_bounds)
def power(x: Array, g: Callable[..., Array], p: float = 2.0) -> Array:
    return g(x) ** p


learned = make_spike(bell, learnable=True)
catalogued = make_spike(shapes.superspike, step=sf.heaviside(at_zero=0.0), forward_mode=True)
steep = make_spike(shapes.superspike(beta=25.0))
composed = make_spike(sf.mix(scale(bell, 2.0), sf.parse("atan"), weights=(0.7, 0.3)), step=sf.staircase(3))


def loss(weights: Array, sigma: Array, inputs: Array) -> Array:
    def step(v: Array, x: Array) -> tuple[Array, Array]:
        v = 0.9 * v + x @ weights
        z = learned(v - 1.0, sigma)
        return v - z, z

    spikes = jax.lax.scan(step, jnp.zeros(weights.shape[1]), inputs)[1]
    return jnp.mean(spikes)


def used(x: Array) -> None:
    assert_type(sf.register("users_bell", bell)(x, sigma=1.0), Array)
    assert_type(bump(x), Array)
    assert_type(bump(x, alpha=2.0), Array)
    assert_type(two_sided(0.5, 1.0, floor=0.1), Array)
    assert_type(learned(x, x), Array)
    assert_type(catalogued(x, 25.0), Array)
    assert_type(composed(x), Array)
    assert_type(steep(x), Array)
    assert_type(sign(x), Array)
    assert_type(sf.heaviside(at_zero=0.5)(x), Array)
    assert_type(shapes.sigmoid(x, alpha=2.0), Array)
    assert_type(shapes.sigmoid(alpha=2.0)(x), Array)
    assert_type(hill(x), Array)
    assert_type(hill(x, 2.0), Array)
    assert_type(hill(alpha=2.0)(x), Array)
    assert_type(wave(x, period=2.0), Array)
    assert_type(make_spike(hill)(x, alpha=2.0), Array)
    assert_type(make_spike(power(mirror(hill(alpha=2.0)), 3.0))(x), Array)
    assert_type(sf.bounds(hill, alpha=2.0), tuple[Array, Array])
    assert_type(sf.around(mirror(hill)), list[tuple[Array, Array]])
    assert_type(sf.area(hill), Array)
    assert_type(sf.antiderivative(shapes.atan)(x), Any)
    reveal_type(bump)
    reveal_type(two_sided)
    reveal_type(catalogued)


def misused(x: Array) -> None:
    bump(x, beta=2.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    bump(x, alpha="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    two_sided(x)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    hill(beta=2.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    hill(x, alpha="2")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    shapes.sigmoid(beta=2.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    mirror(hill, 2.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    power(2.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    power(hill, p="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    shape(hill, soft=2.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    bump("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    make_spike(2.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    make_spike(bell, stop=sign)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
