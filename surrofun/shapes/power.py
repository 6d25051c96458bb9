"""Shapes whose tails fall like a power of the distance from the threshold."""

import jax.numpy as jnp
from jax import lax

from ..core.dtype import Real
from ..core.shape import shape
from ..core.stretch import stretched
from .digits import distance, expm1_over, limited, log1p_of, log1p_over, positive, rising


def _superspike_soft(x: Real, beta: Real) -> Real:
    beta = jnp.asarray(beta, x.dtype)  # 2 / 0 is an error of Python
    return rising(x, 1 / (beta + beta * beta * distance(x)), 2 / beta)


@shape(
    soft=_superspike_soft,
    bounds=lambda beta: (jnp.where(jnp.asarray(beta) == 0, 1.0, 0.0), 1.0),  # annealed from 0, it is flat there
    around=lambda beta: [(0.0, 1 / positive(beta))],
)
def superspike(x: Real, beta: Real = 10.0) -> Real:
    """Derivative of the fast sigmoid: 1 / (1 + beta |x|)^2.

    Mind that beta leaves the height at 1. So the area moves with it, and so
    does the soft step, S(0) = 1 / beta: dS/dbeta is negative at every
    potential. In `normalize(superspike, area=1.0)` beta learns the
    steepness alone.

    Area 2 / beta. Peak 1 at 0. Support: all x, 1 / x^2 tails. Default:
    Zenke & Vogels 2021.
    Elsewhere: snnTorch and slax `fast_sigmoid(slope=beta)`, spyx
    `superspike(k=beta)`, braintools `InvSquareGrad(alpha=beta)`, jaxsnn
    `superspike(x, beta)`, norse `super_fn(x, beta)` (1.1.0 ignores it),
    hxtorch, stork, DECOLLE `FastSigmoid`, sparx and jaxpike
    `FastSigmoid(slope=beta)`. With height beta / 2, that is area 1,
    braintools and spikingjelly `SoftSign(alpha=beta)`; with height beta
    stork `SuperSpike_asymptote`; at beta 1 spikingjelly `SuperSpike`.
    Source: Zenke & Ganguli 2018, Neural Computation 30(6):1514-1541,
    doi:10.1162/neco_a_01086.

    >>> superspike(jnp.array([0.0, 0.1]))
    Array([1.  , 0.25], dtype=float32)
    """
    return jnp.square(1 / (1 + stretched(jnp.abs(x), beta)))


def _power_law_soft(x: Real, alpha: Real, q: Real) -> Real:
    q = jnp.asarray(q, x.dtype)
    if q.ndim:
        return jnp.where(q > 1, _power_law_from_end(x, alpha, q), _power_law_from_threshold(x, alpha, q))
    # One number: only one of the two is computed, and with it its derivatives.
    return lax.cond(q > 1, _power_law_from_end, _power_law_from_threshold, x, alpha, q)


def _power_law_from_end(x: Real, alpha: Real, q: Real) -> Real:
    rest = jnp.where(q > 1, q - 1, 1.0)
    tail = jnp.exp(-rest * log1p_of(distance(x, jnp.inf), alpha)) / (alpha * rest)
    return rising(x, tail, 2 / (alpha * rest))


def _power_law_from_threshold(x: Real, alpha: Real, q: Real) -> Real:
    """Return, of an infinite area, the integral from 0 to |x| of (1 + alpha |x|)^-q, which is a logarithm at q = 1."""
    part = expm1_over(log1p_over(distance(x, jnp.inf), alpha), alpha * jnp.where(q > 1, 0.0, 1 - q))
    part = jnp.where(jnp.isinf(x), jnp.inf, part)
    return jnp.where(x < 0, -part, part)


@shape(
    soft=_power_law_soft,
    bounds=lambda alpha, q: (jnp.where(jnp.asarray(alpha * q) == 0, 1.0, 0.0), 1.0),
    around=lambda alpha, q: [(0.0, 1 / positive(alpha * jnp.maximum(q, 1.0)))],
)
def power_law(x: Real, alpha: Real = 1.0, q: Real = 2.0) -> Real:
    """Power law: (1 + alpha |x|)^-q, for any q > 0.

    Mind that alpha leaves the height at 1, where `scale` would multiply it.

    Area 2 / (alpha * (q - 1)), infinite for q <= 1. Peak 1 at 0. Support:
    all x, |x|^-q tails. Default: that of `superspike`, q = 2; `reciprocal`
    is q = 1.
    Elsewhere: braintools `QPseudoSpike(alpha=q)` is
    `power_law(alpha=2 / (q + 1), q=q)`, of area (q + 1) / (q - 1);
    spikingjelly's is `q_pseudo_spike(q)`.
    Source: Herranz-Celotti & Rouat 2022, arXiv:2202.00282.

    >>> power_law(jnp.array([0.0, 1.0]), q=3.0)
    Array([1.   , 0.125], dtype=float32)
    """
    return jnp.exp(-q * log1p_of(jnp.abs(x), alpha))


@shape(
    # (q - 1) log(1 + 2 |x| / (q - 1)); as a product it would lose the digits of its derivative by q.
    soft=lambda x, q: rising(x, jnp.exp(-2 * log1p_over(distance(x, jnp.inf), 2 / (q - 1))) / 2, 1.0),
    bounds=lambda: (0.0, 1.0),
    around=lambda q: [(0.0, positive((q - 1) / (2 * q)))],
)
def q_pseudo_spike(x: Real, q: Real = 2.0) -> Real:
    """Power law of unit area and peak: (1 + 2 |x| / (q - 1))^-q, q > 1.

    Area 1. Peak 1 at 0. Support: all x, |x|^-q tails; exp(-2 |x|) in the
    limit of large q. Default: spikingjelly.
    Elsewhere: spikingjelly `QPseudoSpike(alpha=q)`; braintools' has another
    normalisation, see `power_law`.
    Source: Herranz-Celotti & Rouat 2022, arXiv:2202.00282.

    >>> q_pseudo_spike(jnp.array([0.0, 0.5]))
    Array([1.  , 0.25], dtype=float32)
    """
    return jnp.exp(-q * log1p_of(jnp.abs(x), 2 / (q - 1)))


def _reciprocal_soft(x: Real, alpha: Real) -> Real:
    log = log1p_of(distance(x, jnp.inf), alpha) + jnp.where(jnp.isinf(x), jnp.inf, 0.0)
    return jnp.where(x < 0, -log, log)


@shape(soft=_reciprocal_soft, bounds=lambda alpha: (0.0, alpha), around=lambda alpha: [(0.0, 1 / positive(alpha))])
def reciprocal(x: Real, alpha: Real = 1.0) -> Real:
    """Reciprocal: alpha / (1 + alpha |x|).

    Area infinite. Peak alpha at 0. Support: all x, 1 / |x| tails. Default:
    braintools and spikingjelly.
    Elsewhere: braintools `NonzeroSignLog(alpha)`, spikingjelly
    `NonzeroSignLogAbs(alpha)`; with height 1 / alpha snnax
    `superspike_surrogate(beta=alpha)`, called superspike but not squared.
    Source: the spikingjelly code base, which Yin et al. 2017 use.

    >>> reciprocal(jnp.array([0.0, 1.0]))
    Array([1. , 0.5], dtype=float32)
    """
    return alpha / (1 + stretched(jnp.abs(x), alpha))


def _clipped_reciprocal_soft(x: Real, alpha: Real) -> Real:
    r = distance(x, jnp.inf)
    inside = alpha * r < 1
    log = jnp.log(jnp.where(inside, 1.0, alpha)) + jnp.log(jnp.where(inside, 1.0, r))
    part = jnp.where(inside, alpha * jnp.where(inside, r, 0.0), 1 + log)
    return jnp.where(x < 0, -part, part)


@shape(
    soft=_clipped_reciprocal_soft, bounds=lambda alpha: (0.0, alpha), around=lambda alpha: [(0.0, 1 / positive(alpha))]
)
def clipped_reciprocal(x: Real, alpha: Real = 0.3) -> Real:
    """Clipped reciprocal: min(alpha, 1 / |x|).

    Area infinite. Peak alpha on the plateau |x| < 1 / alpha. Support:
    all x, 1 / |x| tails. Default: spikingjelly.
    Elsewhere: spikingjelly `FakeNumericalGradient(alpha)`, the slope 1 / x
    of the step itself (-inf at x = -0.0).
    Source: the spikingjelly code base.

    >>> clipped_reciprocal(jnp.array([0.0, 5.0]))
    Array([0.3, 0.2], dtype=float32)
    """
    inside = alpha * jnp.abs(x) < 1
    return jnp.where(inside, alpha, 1 / jnp.where(inside, 1.0, jnp.abs(x)))


def _atan_soft(x: Real, alpha: Real) -> Real:
    u = jnp.pi / 2 * alpha * distance(x)
    return rising(x, jnp.arctan2(jnp.ones_like(u), u) / jnp.pi, 1.0)


@shape(
    soft=_atan_soft, bounds=lambda alpha: (0.0, alpha / 2), around=lambda alpha: [(0.0, 2 / (jnp.pi * positive(alpha)))]
)
def atan(x: Real, alpha: Real = 2.0) -> Real:
    """Cauchy density: (alpha / 2) / (1 + (pi alpha x / 2)^2).

    Area 1. Peak alpha / 2 at 0. Support: all x, 1 / x^2 tails. Default:
    snnTorch, spikingjelly and slax.
    Elsewhere: snnTorch and slax `atan(alpha)`, spikingjelly, sparx and
    jaxpike `ATan(alpha)`, braintools `Arctan(alpha)`, BrainCog
    `AtanGrad(alpha)`; spyx `arctan(k)` is
    `scale(atan, k, height=1 / (pi * k))`, of peak 1 / pi for every k, and
    ngc-learn `arctan_estimator()` is `scale(atan, height=1 / pi)`.
    Source: Fang et al. 2021, ICCV:2661-2671, arXiv:2007.05785.

    >>> atan(jnp.array([0.0, 1 / jnp.pi]))
    Array([1. , 0.5], dtype=float32)
    """
    return alpha / 2 / (1 + jnp.square(jnp.pi / 2 * alpha * limited(x)))


def _circ_soft(x: Real, alpha: Real) -> Real:
    r = limited(distance(x) / alpha, 1e12)  # beyond, the derivative of its square by a small alpha is infinite
    w = jnp.sqrt(1 + jnp.square(r))
    return rising(x, alpha / w / (w + r), 2 * alpha)


@shape(soft=_circ_soft, bounds=lambda: (0.0, 1.0), around=lambda alpha: [(0.0, positive(alpha))])
def circ(x: Real, alpha: Real = 1.0) -> Real:
    """Derivative of a circular sigmoid: (alpha / hypot(alpha, x))^3.

    Mind that alpha is a width: a larger one is wider, and of height 1.

    Area 2 * alpha. Peak 1 at 0. Support: all x, |x|^-3 tails. Default: one
    unit of the potential.
    Elsewhere: norse `heavi_circ_fn(x, alpha)`, which is NaN from 1e20.
    Source: the norse code base.

    >>> circ(jnp.array([0.0, 1.0]))
    Array([1.    , 0.3536], dtype=float32)
    """
    return lax.rsqrt(1 + jnp.square(limited(limited(x) / alpha))) ** 3
