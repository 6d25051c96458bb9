"""A user's module whose shapes are checked at run time, by jaxtyping and beartype."""
# ruff: noqa: F722, sizes are no expressions

import jax
import jax.numpy as jnp
from beartype import beartype
from jaxtyping import Array, Float, jaxtyped


@jaxtyped(typechecker=beartype)
def bell(x: Float[Array, "*size"], sigma: float | Float[Array, ""] = 0.5) -> Float[Array, "*size"]:
    return jnp.exp(-jnp.square(x / sigma))


@beartype
def bump(x: jax.Array, alpha: float = 1.0) -> jax.Array:
    return alpha * jnp.maximum(0.0, 1.0 - alpha * jnp.abs(x))


@jaxtyped(typechecker=beartype)
def forgetful(x: Float[Array, "*size"]) -> Float[Array, "*size 1"]:
    return x
