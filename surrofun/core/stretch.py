"""A product whose derivative is a limit at infinity."""

from typing import Any

import jax
import jax.numpy as jnp

from .dtype import Real


def stretched(x: Real, alpha: Real) -> Real:
    """Return alpha x, whose derivative by alpha is 0 at x = -inf and inf; that of a slope would be 0 * inf, NaN."""
    return _product(x, float(alpha) if isinstance(alpha, int) else alpha)  # an integer has no tangent


@jax.custom_jvp
def _product(x: Real, alpha: Real) -> Real:
    return alpha * x


@_product.defjvp
def _product_jvp(primals: Any, tangents: Any) -> Any:
    (x, alpha), (by_x, by_alpha) = primals, tangents
    return _product(x, alpha), alpha * by_x + by_alpha * jnp.where(jnp.isinf(x), 0.0, x)
