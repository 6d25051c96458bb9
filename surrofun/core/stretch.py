"""A product whose derivative is a limit at infinity."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .dtype import Real

FAR = 1e18  # a potential beyond it counts as this far away: the square is finite, and what falls has fallen


@jax.custom_jvp
def stretched(x: Real, alpha: Real) -> Real:
    """Return alpha x. Its derivative by alpha is x, but at most `FAR`: times a slope of 0 that is 0, and not NaN.

    >>> jax.grad(lambda alpha: stretched(jnp.inf, alpha))(2.0)
    Array(1.e+18, dtype=float32, weak_type=True)
    """
    return alpha * x


@stretched.defjvp
def _moved(primals: Any, tangents: Any) -> Any:
    (x, alpha), (by_x, by_alpha) = primals, tangents
    return stretched(x, alpha), alpha * by_x + by_alpha * jnp.clip(x, -FAR, FAR)
