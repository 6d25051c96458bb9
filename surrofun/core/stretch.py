"""Products whose values and derivatives are limits at infinity."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .concrete import is_traced
from .dtype import Real


def stretched(x: Real, alpha: Real) -> Real:
    """Return alpha x, whose derivative by alpha is 0 at x = -inf and inf: else that of g(alpha x) is 0 * inf, NaN.

    >>> jax.grad(lambda alpha: jnp.exp(-stretched(jnp.inf, alpha)))(2.0)
    Array(-0., dtype=float32, weak_type=True)
    """
    return _product(x, float(alpha) if isinstance(alpha, int) else alpha)  # an integer has no tangent


@jax.custom_jvp
def _product(x: Real, alpha: Real) -> Real:
    return alpha * x


@_product.defjvp
def _product_jvp(primals: Any, tangents: Any) -> Any:
    (x, alpha), (by_x, by_alpha) = primals, tangents
    return _product(x, alpha), alpha * by_x + by_alpha * jnp.where(jnp.isinf(x), 0.0, x)


def times(factor: Real, value: Real) -> Real:
    """Return the product, which is 0 where the factor is 0, even if the value is infinite.

    Its derivative by the factor is then the largest float, with the sign of the value.

    >>> times(2.0, 3.0), times(0.0, jnp.inf)
    (6.0, Array(0., dtype=float32, weak_type=True))
    """
    if not is_traced(factor) and np.all(np.asarray(factor) != 0):
        return factor * value
    most = float(np.finfo(jnp.result_type(value)).max)
    # A condition of the shape of the value: with one of `factor == 0` alone, some programs of jax 0.12 do not lower.
    return factor * jnp.where((factor == 0) & jnp.isinf(value), jnp.sign(value) * most, value)
