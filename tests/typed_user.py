"""A user's module, for mypy --strict and pyright to read: test_typing.py says what they have to find."""

from functools import partial
from typing import Any, assert_type, reveal_type

import jax
import jax.numpy as jnp
from jax import Array

from surrofun import antiderivative, heaviside, make_spike, mix, parse, register, scale, shapes, sign, staircase


@make_spike
def bump(x: Array, alpha: float = 1.0) -> Array:
    return alpha * jnp.maximum(0.0, 1.0 - alpha * jnp.abs(x))


@make_spike(step=sign, residual=jnp.uint8)
def two_sided(x: Array, width: float, *, floor: float = 0.0) -> Array:
    return jnp.where(jnp.abs(x) < width, 1.0, floor)


def bell(x: Array, sigma: float | Array = 0.5) -> Array:
    return jnp.exp(-jnp.square(x / sigma))


learned = make_spike(bell, learnable=True)
catalogued = make_spike(shapes.superspike, step=partial(heaviside, at_zero=0.0), forward_mode=True)
composed = make_spike(mix(scale(bell, 2.0), parse("atan"), weights=(0.7, 0.3)), step=staircase(3))


def loss(weights: Array, sigma: Array, inputs: Array) -> Array:
    def step(v: Array, x: Array) -> tuple[Array, Array]:
        v = 0.9 * v + x @ weights
        z = learned(v - 1.0, sigma)
        return v - z, z

    spikes = jax.lax.scan(step, jnp.zeros(weights.shape[1]), inputs)[1]
    return jnp.mean(spikes)


def used(x: Array) -> None:
    assert_type(register("users_bell", bell)(x, sigma=1.0), Array)
    assert_type(bump(x), Array)
    assert_type(bump(x, alpha=2.0), Array)
    assert_type(two_sided(0.5, 1.0, floor=0.1), Array)
    assert_type(catalogued(x, 25.0), Array)
    assert_type(composed(x), Array)
    assert_type(sign(x), Array)
    assert_type(antiderivative(shapes.atan)(x), Any)
    reveal_type(bump)
    reveal_type(two_sided)
    reveal_type(catalogued)


def misused(x: Array) -> None:
    bump(x, beta=2.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    bump(x, alpha="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    two_sided(x)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    bump("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    make_spike(2.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    make_spike(bell, stop=sign)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
