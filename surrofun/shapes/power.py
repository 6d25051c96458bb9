"""Shapes whose tails fall like a power of the distance from the threshold."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from ..calculus import integrates_to
from ..elementwise import Real, elementwise
from . import pairs


def _superspike_soft(x: Real, beta: Real = 10.0) -> Real:
    tail = 1 / (1 + beta * jnp.where(x < 0, -x, x)) / beta
    return jnp.where(x < 0, tail, 2 / beta - tail)


@elementwise
@integrates_to(_superspike_soft)
def superspike(x: Real, beta: Real = 10.0) -> Real:
    """Derivative of the fast sigmoid: 1 / (1 + beta |x|)^2.

    Area 2 / beta. Peak 1 at 0. Support: all x, 1 / x^2 tails.
    Default: Zenke & Vogels 2021.

    Elsewhere: snnTorch and slax `fast_sigmoid(slope=beta)`, spyx `superspike(k=beta)`, braintools
    `InvSquareGrad(alpha=beta)`, jaxsnn `superspike(x, beta)`, norse `super_fn(x, beta)` (1.1.0 ignores it), hxtorch,
    stork, DECOLLE `FastSigmoid`. With height beta / 2, that is area 1, braintools and spikingjelly
    `SoftSign(alpha=beta)`; with height beta stork `SuperSpike_asymptote`; at beta 1 spikingjelly `SuperSpike`.
    Source: Zenke & Ganguli 2018, Neural Computation 30(6):1514-1541, doi:10.1162/neco_a_01086.

    >>> superspike(jnp.array([0.0, 0.1]))
    Array([1.  , 0.25], dtype=float32)
    """
    return jnp.square(1 / (1 + beta * jnp.abs(x)))


def _power_law_soft(x: Real, alpha: Real = 1.0, q: Real = 2.0) -> Real:
    q = jnp.asarray(q, x.dtype)
    u, over = _stretched(x, alpha)
    log = jnp.log1p(u) + jnp.where(over, jnp.log(jnp.maximum(alpha, 1.0)), 0.0)
    # (1 - (1 + alpha |x|)^(1 - q)) / (q - 1) from 0 to |x|, which is the logarithm at q = 1 and next to it a series.
    z = (1 - q) * jnp.minimum(log, 1e30)
    near = jnp.abs(z) < 1e-3
    series = 1 + z / 2 * (1 + z / 3 * (1 + z / 4 * (1 + z / 5)))
    part = jnp.where(near, log * series, jnp.expm1(jnp.where(near, 1.0, z)) / jnp.where(near, 1.0, 1 - q)) / alpha
    finite = q > 1
    tail = jnp.exp(jnp.where(finite, z, 0.0)) / (alpha * jnp.where(finite, q - 1, 1.0))
    area = 2 / (alpha * jnp.where(finite, q - 1, 1.0))
    return jnp.where(x < 0, jnp.where(finite, tail, -part), jnp.where(finite, area - tail, part))


@elementwise
@integrates_to(_power_law_soft)
def power_law(x: Real, alpha: Real = 1.0, q: Real = 2.0) -> Real:
    """Power law: (1 + alpha |x|)^-q, for any q > 0.

    Area 2 / (alpha * (q - 1)), infinite for q <= 1. Peak 1 at 0. Support: all x, |x|^-q tails.
    Default: the exponent of `superspike`, which is q = 2; `reciprocal` is q = 1.

    Elsewhere: braintools `QPseudoSpike(alpha=q)` is `power_law(alpha=2 / (q + 1), q=q)`, of area (q + 1) / (q - 1);
    spikingjelly's is `q_pseudo_spike(q)`.
    Source: Herranz-Celotti & Rouat 2022, arXiv:2202.00282.

    >>> power_law(jnp.array([0.0, 1.0]), q=3.0)
    Array([1.   , 0.125], dtype=float32)
    """
    u, over = _stretched(x, alpha)
    return _falling(u, q) * jnp.where(over, jnp.power(jnp.maximum(alpha, 1.0), -q), 1.0)


def _stretched(x: Real, alpha: Real) -> tuple[Real, Real]:
    """Return alpha |x|, or |x| itself where that is too large a number, and where so."""
    distance = jnp.where(x < 0, -x, x)
    u = alpha * distance
    return jnp.where(jnp.isinf(u), distance, u), jnp.isinf(u)


def _falling(u: Real, q: Real) -> Real:
    """Return (1 + u)^-q; the logarithm of 1 + u alone has too few digits for q much larger than 1."""
    largest = jnp.finfo(u.dtype).max  # type: ignore[no-untyped-call]
    y = pairs.leading_digits(jnp.minimum(1 + u, largest / 2))
    high, low = pairs.product(jnp.asarray(q, u.dtype), jnp.log(y))
    return pairs.exp(-high, -low - q * jnp.log1p((u - (y - 1)) / y))


def _q_pseudo_spike_soft(x: Real, q: Real = 2.0) -> Real:
    return _power_law_soft(x, 2 / (q - 1), q)


@elementwise
@integrates_to(_q_pseudo_spike_soft)
def q_pseudo_spike(x: Real, q: Real = 2.0) -> Real:
    """Power law of unit area and unit peak: (1 + 2 |x| / (q - 1))^-q, q > 1.

    Area 1. Peak 1 at 0. Support: all x, |x|^-q tails; exp(-2 |x|) in the limit of large q.
    Default: spikingjelly.

    Elsewhere: spikingjelly `QPseudoSpike(alpha=q)`; braintools' has another normalisation, see `power_law`.
    Source: Herranz-Celotti & Rouat 2022, arXiv:2202.00282.

    >>> q_pseudo_spike(jnp.array([0.0, 0.5]))
    Array([1.  , 0.25], dtype=float32)
    """
    return _falling(2 * jnp.abs(x) / (q - 1), q)


def _reciprocal_soft(x: Real, alpha: Real = 1.0) -> Real:
    log = jnp.log1p(alpha * jnp.where(x < 0, -x, x))
    return jnp.where(x < 0, -log, log)


@elementwise
@integrates_to(_reciprocal_soft)
def reciprocal(x: Real, alpha: Real = 1.0) -> Real:
    """Reciprocal: alpha / (1 + alpha |x|).

    Area infinite. Peak alpha at 0. Support: all x, 1 / |x| tails.
    Default: braintools and spikingjelly.

    Elsewhere: braintools `NonzeroSignLog(alpha)`, spikingjelly `NonzeroSignLogAbs(alpha)`; with height 1 / alpha snnax
    `superspike_surrogate(beta=alpha)`, which is called superspike but not squared.
    Source: Yin et al. 2017, IEEE BioCAS:1-5.

    >>> reciprocal(jnp.array([0.0, 1.0]))
    Array([1. , 0.5], dtype=float32)
    """
    return alpha / (1 + alpha * jnp.abs(x))


def _clipped_reciprocal_soft(x: Real, alpha: Real = 0.3) -> Real:
    u = alpha * jnp.where(x < 0, -x, x)
    part = jnp.where(u < 1, u, 1 + jnp.log(jnp.where(u < 1, 1.0, u)))
    return jnp.where(x < 0, -part, part)


@elementwise
@integrates_to(_clipped_reciprocal_soft)
def clipped_reciprocal(x: Real, alpha: Real = 0.3) -> Real:
    """Clipped reciprocal: min(alpha, 1 / |x|).

    Area infinite. Peak alpha on the plateau |x| < 1 / alpha. Support: all x, 1 / |x| tails.
    Default: spikingjelly.

    Elsewhere: spikingjelly `FakeNumericalGradient(alpha)`, the slope 1 / x of the step itself (-inf at x = -0.0).
    Source: the spikingjelly code base.

    >>> clipped_reciprocal(jnp.array([0.0, 5.0]))
    Array([0.3, 0.2], dtype=float32)
    """
    inside = alpha * jnp.abs(x) < 1
    return jnp.where(inside, alpha, 1 / jnp.where(inside, 1.0, jnp.abs(x)))


def _atan_soft(x: Real, alpha: Real = 2.0) -> Real:
    return jnp.arctan2(jnp.ones_like(x), -jnp.pi / 2 * alpha * x) / jnp.pi


@elementwise
@integrates_to(_atan_soft)
def atan(x: Real, alpha: Real = 2.0) -> Real:
    """Cauchy density, derivative of the arctangent: (alpha / 2) / (1 + (pi alpha x / 2)^2).

    Area 1. Peak alpha / 2 at 0. Support: all x, 1 / x^2 tails.
    Default: snnTorch, spikingjelly and slax.

    Elsewhere: snnTorch and slax `atan(alpha)`, spikingjelly `ATan(alpha)`, braintools `Arctan(alpha)`, BrainCog
    `AtanGrad(alpha)`; spyx `arctan(k)` is `scale(atan, k, height=1 / (pi * k))`, of peak 1 / pi for every k.
    Source: Fang et al. 2021, ICCV:2661-2671, arXiv:2007.05785.

    >>> atan(jnp.array([0.0, 1 / jnp.pi]))
    Array([1. , 0.5], dtype=float32)
    """
    return alpha / 2 / (1 + jnp.square(jnp.pi / 2 * alpha * x))


def _circ_soft(x: Real, alpha: Real = 1.0) -> Real:
    r = jnp.minimum(jnp.where(x < 0, -x, x), 1e18 * alpha) / alpha  # its square is finite
    w = jnp.sqrt(1 + jnp.square(r))
    tail = alpha / w / (w + r)
    return jnp.where(x < 0, tail, 2 * alpha - tail)


@elementwise
@integrates_to(_circ_soft)
def circ(x: Real, alpha: Real = 1.0) -> Real:
    """Derivative of a circular sigmoid: (alpha / hypot(alpha, x))^3.

    Area 2 * alpha. Peak 1 at 0. Support: all x, |x|^-3 tails. A larger alpha is wider here.
    Default: one unit of the potential.

    Elsewhere: norse `heavi_circ_fn(x, alpha)`, which cancels for large |x| and is NaN from 1e20.
    Source: the norse code base.

    >>> circ(jnp.array([0.0, 1.0]))
    Array([1.    , 0.3536], dtype=float32)
    """
    return lax.rsqrt(1 + jnp.square(jnp.minimum(jnp.abs(x), 1e18 * alpha) / alpha)) ** 3
