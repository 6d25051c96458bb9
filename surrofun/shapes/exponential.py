"""Shapes whose tails fall exponentially, or faster."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from ..core.dtype import Real
from ..core.shape import shape
from ..core.stretch import stretched
from .digits import FAR, distance, expm1_over, limited, positive, rising

_SQRT2, _SQRT2PI = math.sqrt(2), math.sqrt(2 * math.pi)
_SECH = [1.0]  # the Taylor series of 1 / cosh(y) in y^2, from that of cosh
for _k in range(1, 16):
    _SECH.append(-sum(c / math.factorial(2 * (_k - j)) for j, c in enumerate(_SECH)))
_ENDS = 64.0  # widths from the middle: exp(-64^2 / 2) is 0 also in float64


@shape(
    soft=lambda x, alpha: rising(x, jnp.exp(-alpha * distance(x)) / 2, 1.0),
    bounds=lambda alpha: (0.0, alpha / 2),
    around=lambda alpha: [(0.0, 1 / positive(alpha))],
)
def laplace(x: Real, alpha: Real = 1.0) -> Real:
    """Laplace density: alpha / 2 exp(-alpha |x|).

    Area 1. Peak alpha / 2 at 0. Support: all x, exponential tails. Default:
    braintools and spikingjelly.
    Elsewhere: braintools and spikingjelly `PiecewiseExp(alpha)`, lava-dl
    `Spike(tau_rho=1 / alpha)`; with height 2 / alpha, that is unit peak,
    braintools `SlayerGrad(alpha)`; with height 2 sinabs
    `SingleExponential(grad_width=1 / alpha)`; snnTorch
    `spike_rate_escape(b, k)` is
    `shift(scale(laplace, b, height=2 * k / b), 1.0)`, centred above the
    threshold.
    Source: Shrestha & Orchard 2018 (SLAYER), NeurIPS 31.

    >>> laplace(jnp.array([0.0, 1.0]), 2.0)
    Array([1.    , 0.1353], dtype=float32)
    """
    return alpha / 2 * jnp.exp(-stretched(jnp.abs(x), alpha))


@shape(
    soft=lambda x, alpha: rising(x, jax.nn.sigmoid(-alpha * distance(x)), 1.0),
    bounds=lambda alpha: (0.0, alpha / 4),
    around=lambda alpha: [(0.0, 4 / positive(alpha))],
)
def sigmoid(x: Real, alpha: Real = 4.0) -> Real:
    """Derivative of the logistic function: alpha s(alpha x) s(-alpha x).

    s(u) = 1 / (1 + exp(-u)). Area 1. Peak alpha / 4 at 0. Support: all x,
    exponential tails, whose digits the product keeps. Default: braintools
    and spikingjelly.
    Elsewhere: braintools and spikingjelly `Sigmoid(alpha)`, BrainCog
    `SigmoidGrad(alpha)`, sparx `Sigmoid(alpha)`, softjax
    `heaviside_st(x, softness=1 / alpha)`, snnTorch `sigmoid(slope=alpha)`
    (NaN for x < -88 / slope), DECOLLE `SigmoidStep` at alpha 1; spyx
    `tanh(k)` and norse `heavi_tanh_fn(x, k)`, of unit peak, are
    `scale(sigmoid, k / 2, height=2 / k)` at alpha 4.
    Source: Wu et al. 2018 (STBP), Frontiers in Neuroscience 12:331.

    >>> sigmoid(jnp.array([0.0, 0.3]))
    Array([1.    , 0.7116], dtype=float32)
    """
    u = stretched(x, alpha)
    return alpha * jax.nn.sigmoid(u) * jax.nn.sigmoid(-u)


def _gaussian_soft(x: Real, sigma: Real, s: Real = 1.0, side: int = 0) -> Real:
    """Return the part of N(x; side * sigma, s * sigma) below x, for side -1, 0 or 1."""
    ends = _ENDS * (1 + s) * sigma
    x = jnp.clip(x, -ends, ends)
    away = distance(x / sigma - side) / (_SQRT2 * s)
    # erfc magnifies a rounding error of `away` by its square: exp of what is missing in the square makes up for it.
    missing = away * away - _square(x, side * sigma) / (2 * (s * s) * (sigma * sigma))
    tail = lax.erfc(away) / 2 * lax.stop_gradient(jnp.exp(jnp.clip(missing, -1.0, 1.0)))
    return jnp.where(x < side * sigma, tail, 1 - tail)


def _square(x: Real, centre: Real) -> Real:
    """Return (x - centre)^2, for |x| > |centre| also with what the difference lost when it was rounded."""
    y = x - centre
    return y * y + 2 * y * lax.stop_gradient((x - y) - centre)


@shape(
    soft=_gaussian_soft,
    bounds=lambda sigma: (0.0, 1 / (sigma * _SQRT2PI)),
    around=lambda sigma: [(0.0, positive(sigma))],
)
def gaussian(x: Real, sigma: Real = 0.5) -> Real:
    """Normal density: exp(-(x / sigma)^2 / 2) / (sigma sqrt(2 pi)).

    Area 1. Peak 1 / (sigma * sqrt(2 * pi)) at 0. Support: all x, Gaussian
    tails. Default: Yin, Corradi & Bohte 2021.
    Elsewhere: sinabs and sparx `Gaussian(sigma=sigma)`; braintools
    `GaussianGrad(sigma, a)` is `scale(gaussian, height=a)`; braintools and
    spikingjelly `Erf(alpha)` have sigma = 1 / (alpha sqrt(2)); norse
    `heavi_erfc_fn(x, k)` is 2 / k times that.
    Source: Yin, Corradi & Bohte 2021, Nature Machine Intelligence
    3:905-913, doi:10.1038/s42256-021-00397-w.

    >>> gaussian(jnp.array([0.0, 0.5]))
    Array([0.7979, 0.4839], dtype=float32)
    """
    x = limited(x, _ENDS * sigma)
    return jnp.exp(-(x * x) / (2 * sigma * sigma)) / (sigma * _SQRT2PI)  # an error of x / sigma would double


def _multi_gaussian_soft(x: Real, h: Real, s: Real, sigma: Real) -> Real:
    sides = _gaussian_soft(x, sigma, s, 1) + _gaussian_soft(x, sigma, s, -1)
    return (1 + h) * _gaussian_soft(x, sigma) - h * sides


@shape(
    soft=_multi_gaussian_soft,
    around=lambda s, sigma: [(0.0, positive(sigma)), *((at, positive(s * sigma)) for at in (sigma, -sigma))],
)
def multi_gaussian(x: Real, h: Real = 0.15, s: Real = 6.0, sigma: Real = 0.5) -> Real:
    """Gaussian with negative side lobes: (1 + h) N(x; 0, sigma)
    - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma).

    Area 1 - h. Peak (1 + h - 2 * h / s * exp(-1 / (2 * s**2))) /
    (sigma * sqrt(2 * pi)) at 0. Support: all x, negative far out, so that
    its soft step is not monotone. The bounds are searched for. Default:
    Yin, Corradi & Bohte 2021.
    Elsewhere: sinabs `MultiGaussian(sigma=sigma, h=h, s=s)`; with height
    0.5 braintools `MultiGaussianGrad(h, s, sigma)` and slax
    `multi_gauss(lens=sigma, scale=s, height=h)`, whose lens is 0.3.
    Source: Yin, Corradi & Bohte 2021, Nature Machine Intelligence
    3:905-913, doi:10.1038/s42256-021-00397-w.

    >>> multi_gaussian(jnp.array([0.0, 2.0]))
    Array([ 0.8782, -0.0314], dtype=float32)
    """
    r = distance(x, _ENDS * (1 + s) * sigma)
    rate = 1 / (2 * (s * s) * (sigma * sigma))
    near = jnp.exp(-rate * _square(r, sigma))  # the side lobe on the side of x
    far = near * jnp.exp(-4 * sigma * rate * r)
    middle = jnp.exp(-(r * r) / (2 * sigma * sigma))
    return ((1 + h) * middle - h / s * (near + far)) / (sigma * _SQRT2PI)


@shape(
    soft=lambda x, tau: jnp.where(x < 0, expm1_over(jnp.clip(x, -FAR, 0.0), 1 / jnp.asarray(tau, x.dtype)), x),
    bounds=lambda: (0.0, 1.0),
    around=lambda tau: [(0.0, positive(tau))],
)
def exp_saturating(x: Real, tau: Real = 1.0) -> Real:
    """Exponential below the threshold, constant above: exp(min(x, 0) / tau).

    Area infinite. Peak 1 on the half line x >= 0. Support: all x,
    exponential tail below. For graded spikes. Default: one unit of the
    potential.
    Elsewhere: lava-dl `Spike(tau_rho=tau, graded_spike=True)`.
    Source: the SLAYER code of lava-dl; Shrestha & Orchard 2018, NeurIPS 31.

    >>> exp_saturating(jnp.array([-1.0, 3.0]))
    Array([0.3679, 1.    ], dtype=float32)
    """
    return jnp.exp(jnp.clip(x, -FAR, 0.0) / tau)


def _escape_soft(x: Real, p0: Real, delta: Real) -> Real:
    u = jnp.maximum(x, -FAR) / delta
    # Near 0 expm1 has more digits, far below the derivative of exp.
    far = u < -1
    return p0 * jnp.where(far, jnp.exp(jnp.where(far, u, -1.0)) - 1, jnp.expm1(jnp.where(far, -1.0, u)))


@shape(
    soft=_escape_soft,
    bounds=lambda p0: (0.0, jnp.where(jnp.asarray(p0) == 0, 0.0, jnp.inf)),
    around=lambda delta: [(0.0, positive(delta))],
)
def escape_exponential(x: Real, p0: Real = 0.01, delta: Real = 0.133) -> Real:
    """Slope of an exponential escape rate: p0 / delta exp(x / delta).

    Area infinite. Peak infinite: it grows without bound above the
    threshold. Support: all x. At 0 it is p0 / delta. Default: stork.
    Elsewhere: stork `CustomSpike` with `surrogate_type="exponential"` and
    the same parameters.
    Source: Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3.

    >>> escape_exponential(jnp.array([-1.0, 0.0]))
    Array([0.    , 0.0752], dtype=float32)
    """
    half = jnp.exp(jnp.maximum(x, -FAR) / (2 * delta))
    return half * (p0 / delta * half)  # the whole exponential overflows earlier than the slope


def _half_sech_soft(x: Real, alpha: Real) -> Real:
    x = jnp.clip(x, 0.0, FAR)
    near = alpha * x < 0.5
    y, series = jnp.where(near, alpha * x, 0.0), jnp.zeros_like(x)
    for k in reversed(range(16 if x.dtype == jnp.float64 else 8)):  # for the digits of its derivative by alpha
        series = _SECH[k] / (2 * k + 1) + y * y * series
    angle = 2 * jnp.arctan(jnp.tanh(jnp.where(near, 1.0, alpha * x) / 2))
    return jnp.where(near, x * series, angle / jnp.where(near, 1.0, alpha))


@shape(soft=_half_sech_soft, bounds=lambda: (0.0, 1.0), around=lambda alpha: [(0.0, 1 / positive(alpha))])
def half_sech(x: Real, alpha: Real = 0.08) -> Real:
    """Hyperbolic secant: 1 / cosh(alpha x) where x > 0, else 0.

    Mind that alpha leaves the height at 1, where `scale` would multiply it.

    Area pi / (2 * alpha). Peak 1 at 0, coming from above; at 0 itself it is
    0. Support: x > 0, exponential tail. Default: ngc-learn, whose
    potentials are currents of tens of units.
    Elsewhere: ngc-learn `secant_lif_estimator()`,
    d_spike_fx(x, thr, c1, c2) with c2 = alpha, which ignores thr, and whose
    documentation squares it; with `omit_scale=False` of height c1 * c2.
    Source: Samadi, Lillicrap & Tweed 2017, Neural Computation
    29(3):578-602, doi:10.1162/NECO_a_00929.

    >>> half_sech(jnp.array([-1.0, 0.0, 1.0]), 2.0)
    Array([0.    , 0.    , 0.2658], dtype=float32)
    """
    above = x > 0
    e = jnp.exp(-stretched(jnp.where(above, x, 0.0), alpha))
    return jnp.where(above, 2 * e / (1 + e * e), 0.0)
