"""Shapes that are zero, or constant, beyond a finite distance from the threshold."""

import math

import jax.numpy as jnp

from ..core.dtype import Real
from ..core.expect import as_whole
from ..core.shape import shape
from ..core.stretch import times
from .digits import distance, inside, positive, rising, room


def _flat_soft(x: Real, width: Real) -> Real:
    return rising(x, inside(x, width / 2) / 2, 1.0)


@shape(soft=_flat_soft, bounds=lambda width: (0.0, 1 / width), around=lambda width: [(0.0, positive(width) / 2)])
def rectangle(x: Real, width: Real = 1.0, closed: bool = False) -> Real:
    """Rectangle: 1 / width where |x| < width / 2, else 0.

    Area 1. Peak 1 / width on the whole support. Support: |x| < width / 2,
    open at both ends, or with `closed=True` closed, as in binary networks.
    Default: spikingjelly.
    Elsewhere: spikingjelly `Rect(alpha=1 / width)`, sparx
    `Rectangle(width)`, jaxpike `Boxcar(width)`; at width 1 DECOLLE
    `SmoothStep` and sparch `SpikeFunctionBoxcar`, both closed at the upper
    edge, and BrainCog `EIGrad`. With height width, that is unit peak, snnax
    `piecewise_surrogate(beta=width / 2)` and BrainCog
    `GateGrad(alpha=2 / width)`; with height width * height spyx
    `boxcar(width, height)`, open in its code, closed in its documentation.
    Source: Wu et al. 2018 (STBP), Frontiers in Neuroscience 12:331.

    >>> rectangle(jnp.array([0.0, 0.25, 0.5]))
    Array([1., 1., 0.], dtype=float32)
    """
    return jnp.where(jnp.abs(x) <= width / 2 if closed else jnp.abs(x) < width / 2, 1 / width, 0.0)


@shape(
    soft=lambda x, alpha: rising(x, jnp.square(room(distance(x, jnp.inf), alpha)) / 2, 1.0),
    bounds=lambda alpha: (0.0, alpha),
    around=lambda alpha: [(0.0, 1 / positive(alpha))],
)
def triangle(x: Real, alpha: Real = 1.0) -> Real:
    """Triangle: alpha max(0, 1 - alpha |x|).

    Area 1. Peak alpha at 0. Support: |x| < 1 / alpha. Default: braintools
    and spikingjelly.
    Elsewhere: braintools and spikingjelly `PiecewiseQuadratic(alpha)`,
    BrainCog `QGateGrad(alpha)`, jaxpike `Triangular(width=1 / alpha)`; with
    height 1 / alpha, that is unit peak, spyx `triangular(k=alpha)`, sparx
    `Triangle(width=1 / alpha)`, stork `EsserSpike` and ngc-learn
    `triangular_estimator()`; norse `triangle_fn(x, a)` is
    `scale(triangle, height=a)`, braintools `ReluGrad(a, w)` is
    `scale(triangle, 1 / w, height=a * w**2)`.
    Source: Esser et al. 2016, PNAS 113(41), doi:10.1073/pnas.1604850113.

    >>> triangle(jnp.array([-0.5, 0.0, 0.25]), 2.0)
    Array([0., 2., 1.], dtype=float32)
    """
    return alpha * room(jnp.abs(x), alpha)


def _cosine_soft(x: Real, width: Real) -> Real:
    t = inside(x, width)  # from 0 at the edge to 1 at the peak
    y = jnp.pi * t
    near, series = y < 1, jnp.ones_like(y)
    for k in range(18, 3, -2):  # y - sin(y) = y^3 / 6 (1 - y^2 / (4 * 5) (1 - y^2 / (6 * 7) (...)))
        series = 1 - jnp.square(jnp.where(near, y, 0.0)) / (k * (k + 1)) * series
    return rising(x, width / (2 * jnp.pi) * jnp.where(near, y * y * y / 6 * series, y - jnp.sin(y)), width)


@shape(soft=_cosine_soft, bounds=lambda: (0.0, 1.0), around=lambda width: [(0.0, positive(width))])
def cosine(x: Real, width: Real = 1.0) -> Real:
    """Raised cosine: (1 + cos(pi x / width)) / 2 where |x| < width, else 0.

    Area width. Peak 1 at 0. Support: |x| < width. Default: the braintools
    tutorial.
    Elsewhere: `cosine_grad(x, width)` in the tutorial of braintools.
    Source: the braintools documentation, on custom surrogates.

    >>> cosine(jnp.array([0.0, 0.5, 1.0]))
    Array([1. , 0.5, 0. ], dtype=float32)
    """
    # sin of the distance to the edge, squared: 1 + cos would cancel there.
    return jnp.square(jnp.sin(jnp.pi / 2 * inside(x, width)))


def _epanechnikov_soft(x: Real, width: Real, n: int) -> Real:
    n = as_whole(n, 1, "epanechnikov")
    t, series = inside(x, width), jnp.zeros_like(x)
    for k in reversed(range(n + 1)):  # the chance of more than n heads in 2 n + 1 throws, t / 2 each: no term is < 0
        series = math.comb(2 * n + 1, n + 1 + k) / 4**n + t / (2 - t) * series
    return rising(x, t / 2 * (t * (2 - t)) ** n * series, 1.0)


def _density(n: int) -> float:
    """Return 1 / (the integral of (1 - u^2)^n from -1 to 1)."""
    n = as_whole(n, 1, "epanechnikov")
    return float(math.factorial(2 * n + 1) / (2 ** (2 * n + 1) * math.factorial(n) ** 2))


@shape(
    soft=_epanechnikov_soft,
    bounds=lambda width, n: (0.0, _density(n) / width),
    around=lambda width: [(0.0, positive(width))],
)
def epanechnikov(x: Real, width: Real = 1.0, n: int = 1) -> Real:
    """Epanechnikov kernel: 3 / (4 width) (1 - u^2) for |u| < 1, u = x / width.

    In general (1 - u^2)^n of unit area, with a Python integer n >= 1; n = 2
    is the biweight, n = 3 the triweight.

    Area 1. Peak factorial(2 * n + 1) / (2**(2 * n + 1) * factorial(n)**2) /
    width at 0. Support: |x| < width. Default: one unit of the potential.
    Elsewhere: softjax `sigmoidal(x, softness, mode)`, which its
    straight-through functions use: for "c1" the width is 5 * softness, for
    "c2" n is 2 as well.
    Source: Epanechnikov 1969, Theory of Probability and its Applications
    14(1):153-158, doi:10.1137/1114019.

    >>> epanechnikov(jnp.array([0.0, 0.5, 1.0]))
    Array([0.75  , 0.5625, 0.    ], dtype=float32)
    """
    t = inside(x, width)
    return _density(n) / width * (t * (2 - t)) ** n


def _p_norm_shares(x: Real, width: Real, n: int) -> tuple[Real, Real]:
    """Return a <= b with a^n + b^n = 1 and b - a = |x| / width, the roots of the two shares; from n = 3 by Newton's
    method.
    """
    n, t = as_whole(n, 2, "p_norm"), inside(x, width)
    if n == 2:
        a = t * (2 - t) / (1 - t + jnp.sqrt(1 + t * (2 - t)))
        return a, 1 + (a - t)
    a = t - (1 - 2 ** (-1 / n)) * t * t  # right at both ends
    for _ in range(5):
        b = 1 + (a - t)  # next to the edge b^n - 1 would cancel, and is written as (b - 1) (1 + b + ... + b^(n - 1))
        rest = a**n + (a - t) * sum(b**k for k in range(n))
        a = a - rest / (n * (a ** (n - 1) + b ** (n - 1)))
    return a, 1 + (a - t)


@shape(
    soft=lambda x, width, n: rising(x, _p_norm_shares(x, width, n)[0] ** n, 1.0),
    bounds=lambda width, n: (0.0, as_whole(n, 2, "p_norm") * 2 ** (1 / n - 2) / width),
    around=lambda width: [(0.0, positive(width))],
)
def p_norm(x: Real, width: Real = 1.0, n: int = 2) -> Real:
    """p-norm smoothing: (1 - u^2) / sqrt(2 - u^2) / width, u = x / width.

    The derivative of a smoothed step, for n = 2. For a Python integer
    n >= 2 the soft step S solves S^(1 / n) - (1 - S)^(1 / n) = u, and
    p = 1 + 1 / n is the norm that regularizes the choice between 0 and x.

    Area 1. Peak n * 2**(1 / n - 2) / width at 0. Support: |x| < width; at
    the edge it falls to 0 like the power n - 1. Default: one unit of the
    potential.
    Elsewhere: softjax `sigmoidal(x, softness, mode)` with "_c1_pnorm", and
    with "_c2_pnorm" for n = 3, of width 5 * softness.
    Source: Blondel, Martins & Niculae 2020, JMLR 21(35), arXiv:1901.02324.

    >>> p_norm(jnp.array([0.0, 0.5, 1.0]))
    Array([0.7071, 0.5669, 0.    ], dtype=float32)
    """
    a, b = (share ** (n - 1) for share in _p_norm_shares(x, width, n))
    return n / width * a * b / (a + b)


def _leaky_flat_soft(x: Real, width: Real, leak: Real) -> Real:
    beyond = jnp.abs(x) > width / 2  # where the width moves nothing of what is within
    from_threshold = jnp.where(beyond, jnp.sign(x) / 2, jnp.where(beyond, 0.0, x) / width)
    flat = jnp.where(jnp.asarray(leak) == 0, _flat_soft(x, width), from_threshold)
    return flat + times(leak, jnp.sign(x) * jnp.where(beyond, jnp.abs(x) - width / 2, 0.0))


@shape(
    soft=_leaky_flat_soft,
    bounds=lambda width, leak: (jnp.minimum(1 / width, leak), jnp.maximum(1 / width, leak)),
    around=lambda width: [(0.0, positive(width) / 2)],
)
def leaky_rectangle(x: Real, width: Real = 2.0, leak: Real = 0.01) -> Real:
    """Rectangle on a floor: 1 / width where |x| < width / 2, else leak.

    Area infinite (1 for leak = 0). Peak max(1 / width, leak) at 0, for a
    leak below it. Support: all x. Default: braintools and spikingjelly.
    Elsewhere: braintools `PiecewiseLeakyRelu(c=leak, w=width / 2)`, which
    closes the edge, and spikingjelly
    `PiecewiseLeakyReLU(w=width / 2, c=leak)`.
    Source: Yin et al. 2017, IEEE BioCAS; Huh & Sejnowski 2018, NeurIPS 31.

    >>> leaky_rectangle(jnp.array([0.0, 2.0]))
    Array([0.5 , 0.01], dtype=float32)
    """
    return jnp.where(jnp.abs(x) < width / 2, 1 / width, leak)
