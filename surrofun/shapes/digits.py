"""Small functions that keep digits, in a value or in its derivatives, where the plain formula would lose them.

A shape is asked for its limits at infinity, too, and for their derivatives by its parameters. Hence:

    write               for              where the plain one fails
    distance(x)         |x|, if smooth   at 0, in a second derivative; its square far out
    limited(x)          x, if even       far out: its square is infinite
    stretched(x, a)     a x              at infinity, in the derivative by a: 0 times infinity (core.stretch)
    times(a, value)     a value          where a is 0 and the value infinite (core.stretch)
    room, inside        1 - a |x|        next to the edge, where the two cancel
"""

import jax
import jax.numpy as jnp

from ..core.dtype import Real

FAR = 1e18  # a potential beyond it counts as this far away: the square is finite, and what falls has fallen


def positive(scale: Real) -> Real:
    """Return the size of a scale, positive and finite also where it is 0 or infinite: a width needs both.

    >>> positive(-2.0), 1 / positive(0.0)
    (Array(2., dtype=float32, weak_type=True), Array(1.e+18, dtype=float32, weak_type=True))
    """
    return jnp.clip(jnp.abs(scale), 1 / FAR, FAR)


def distance(x: Real, far: Real = FAR) -> Real:
    """Return |x|, at most `far`; its derivative at 0 is 1: so second derivatives of smooth shapes are right there.

    >>> distance(jnp.array([-2.0, 0.0, jnp.inf]))
    Array([2.e+00, 0.e+00, 1.e+18], dtype=float32)
    """
    r = jnp.where(x < 0, -x, x)
    return jnp.where(r > far, far, r)


def limited(x: Real, far: Real = FAR) -> Real:
    """Return x, and `far` where |x| is larger: for functions with f(-x) = f(x). It costs less than clipping.

    >>> limited(jnp.array([-2.0, -jnp.inf]))
    Array([-2.e+00,  1.e+18], dtype=float32)
    """
    return jnp.where(jnp.abs(x) > far, far, x)


def rising(x: Real, tail: Real, area: Real) -> Real:
    """Return the soft step of a shape with two equal sides, of the area beyond |x|; it is exactly 0 at -inf.

    >>> rising(jnp.array([-jnp.inf, -1.0, 1.0]), jnp.array([1e-9, 0.25, 0.25]), 1.0)
    Array([0.  , 0.25, 0.75], dtype=float32)
    """
    tail = jnp.where(jnp.isinf(x), 0.0, tail)
    return jnp.where(x < 0, tail, area - tail)


def room(x: Real, alpha: Real) -> Real:
    """Return max(0, 1 - alpha x) of x >= 0, with all its digits also next to the edge, where 1 and alpha x cancel.

    Near the edge it is (1 - alpha c) + alpha (c - x) with c next to 1 / alpha. The first part is known exactly.

    >>> room(jnp.array([0.0, 0.25, 1.0]), 2.0)
    Array([1. , 0.5, 0. ], dtype=float32)
    """
    least: Real = 4 * jnp.finfo(x.dtype).tiny  # type: ignore[no-untyped-call]
    rate = jax.lax.stop_gradient(jnp.maximum(jnp.asarray(alpha, x.dtype), least))
    c, rest = _reciprocal(rate)
    x = jnp.where(x > 2 * c, 2 * c, x)
    plain = 1 - alpha * x  # it has the derivatives
    exact = plain + jax.lax.stop_gradient(rest + rate * (c - x) - plain)
    return jnp.where(exact < 0, 0.0, exact)


def inside(x: Real, width: Real) -> Real:
    """Return max(0, 1 - |x| / width), with all its digits next to the edge, as `room` does, and its derivatives.

    >>> inside(jnp.array([0.0, -0.5, 3.0]), 2.0)
    Array([1.  , 0.75, 0.  ], dtype=float32)
    """
    r = distance(x)
    plain = 1 - r / width  # it has the derivatives
    exact = plain + jax.lax.stop_gradient((width - r) / width - plain)  # next to the edge the difference is exact
    return jnp.where(exact < 0, 0.0, exact)


def _reciprocal(a: Real) -> tuple[Real, Real]:
    """Return `(c, 1 - a c)` for c next to 1 / a; the products of half numbers are exact (Dekker 1971)."""
    info: Real = jnp.finfo(a.dtype)  # type: ignore[no-untyped-call]
    c = 1 / a
    a_high, c_high = (_without_low_bits(v, info) for v in (a, c))
    a_low, c_low = a - a_high, c - c_high
    rest = (1 - a_high * c_high) - a_high * c_low - a_low * c_high - a_low * c_low
    # A compiler may round `a` in two ways at two places. Then the halves do not fit, and the bound limits the damage.
    return c, jnp.clip(rest, -info.eps, info.eps)


def _without_low_bits(v: Real, info: Real) -> Real:
    """Return v with the lower half of its digits set to 0; no kernel knows `reduce_precision`, which would round."""
    bits = jax.lax.bitcast_convert_type(v, f"int{info.bits}")
    return jax.lax.bitcast_convert_type(bits & -(2 << info.nmant // 2), v.dtype)


def expm1_over(x: Real, rate: Real) -> Real:
    """Return (exp(rate x) - 1) / rate, which is x at rate 0; also its derivative by the rate has all digits.

    >>> expm1_over(jnp.array([-1.0, 3.0]), jnp.array([1.0, 0.0]))
    Array([-0.6321,  3.    ], dtype=float32)
    """
    u = rate * x
    near = jnp.abs(u) < 1
    v, series = jnp.where(near, u, 0.0), jnp.ones_like(u)
    for k in range(20 if u.dtype == jnp.float64 else 11, 1, -1):
        series = 1 + v / k * series
    return jnp.where(near, x * series, (jnp.exp(jnp.where(near, 0.0, u)) - 1) / jnp.where(near, 1.0, rate))


def log1p_over(x: Real, rate: Real) -> Real:
    """Return log(1 + rate x) / rate for x >= 0, x at rate 0; also its derivative by the rate has all digits.

    >>> log1p_over(jnp.array([1.0, 3.0]), jnp.array([1.0, 0.0]))
    Array([0.6931, 3.    ], dtype=float32)
    """
    near = rate * x < 1
    small = jnp.where(near, x, 0.0)
    v = rate * small
    log = log1p_of(jnp.where(near, 0.0, x), rate) / jnp.where(near, 1.0, rate)
    return jnp.where(near, 2 * small / (2 + v) * (1 + _artanh_rest(v / (2 + v))), log)


def log1p_of(x: Real, rate: Real) -> Real:
    """Return log(1 + rate x) for x >= 0, also where rate x is too large a number; at infinity that of the largest.

    >>> log1p_of(jnp.array([1.0, 1e38]), 100.0)
    Array([ 4.6151, 92.1034], dtype=float32)
    """
    x = jnp.minimum(x, jnp.finfo(x.dtype).max)  # type: ignore[no-untyped-call]
    u = rate * x
    near, far = u < 1, u > FAR  # whose square is finite: the second derivative has it
    v = jnp.where(near, u, 0.0)
    s = v / (2 + v)
    series = v - (v * s - 2 * s * _artanh_rest(s))  # closer than log1p, of which 1 / (1 + u)^q would magnify an error
    apart = jnp.log(jnp.where(far, rate, 1.0)) + jnp.log(jnp.where(far, x, 1.0))
    return jnp.where(near, series, jnp.where(far, apart, jnp.log1p(jnp.where(near | far, 0.0, u))))


def _artanh_rest(s: Real) -> Real:
    """Return artanh(s) / s - 1 for s <= 1 / 3, by its series; log(1 + u) is 2 artanh(u / (2 + u))."""
    square, rest = s * s, jnp.zeros_like(s)
    for k in range(33 if s.dtype == jnp.float64 else 15, 1, -2):
        rest = square * (1 / k + rest)
    return rest
