"""Products, quotients and exponentials of numbers in two parts, for where a rounding error would be magnified.

A pair (high, low) stands for the sum high + low. `high` has the leading half of the digits and is a constant to every
derivative, which `low` carries. Dekker 1971, Numerische Mathematik 18:224-242, doi:10.1007/BF01397083.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..elementwise import Real


def leading_digits(x: jax.Array) -> jax.Array:
    """Return `x` cut to the leading half of its digits, as a constant: its square is exact, and so is `x` minus it.

    >>> leading_digits(jnp.float32(1 + 2**-20))
    Array(1., dtype=float32)
    """
    info: Real = jnp.finfo(x.dtype)  # type: ignore[no-untyped-call]
    return jax.lax.stop_gradient(jax.lax.reduce_precision(x, info.nexp, info.nmant // 2))


def product(a: Real, b: Real) -> tuple[Real, Real]:
    """Return a b as a pair.

    >>> product(jnp.float32(33.03125), jnp.float32(33.03125))
    (Array(1091., dtype=float32), Array(0.0635, dtype=float32))
    """
    high, a_high, b_high = leading_digits(a * b), leading_digits(a), leading_digits(b)
    a_low, b_low = a - a_high, b - b_high
    return high, (a_high * b_high - high) + (a_high * b_low + a_low * b_high) + a_low * b_low


def quotient(a: Real, b: Real, a_low: Real = 0.0) -> tuple[Real, Real]:
    """Return (a + a_low) / b as a pair, limited to 1e9 in size, so that its square is finite.

    >>> quotient(jnp.float32(1e4), jnp.float32(3.0))
    (Array(3333., dtype=float32), Array(0.3333, dtype=float32))
    """
    b = jnp.asarray(b, a.dtype)
    a = jnp.clip(a, -1e9 * b, 1e9 * b)
    high, b_high = leading_digits(a / b), leading_digits(b)
    return high, ((a - high * b_high) - high * (b - b_high) + a_low) / b


def exp(high: Real, low: Real) -> Real:
    """Return e^(high + low); a product of two exponentials would be one of the rounded sum, to the compiler.

    >>> exp(jnp.float32(2.0), jnp.float32(0.001))
    Array(7.3964, dtype=float32)
    """
    large = jnp.exp(high)
    return large + large * jnp.expm1(jnp.minimum(low, 80.0))
