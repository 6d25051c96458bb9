"""Shapes whose tails fall exponentially, or faster."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from ..calculus import integrates_to
from ..elementwise import Real, elementwise
from . import pairs


def _laplace_soft(x: Real, alpha: Real = 1.0) -> Real:
    tail = jnp.exp(-alpha * jnp.where(x < 0, -x, x)) / 2
    return jnp.where(x < 0, tail, 1 - tail)


@elementwise
@integrates_to(_laplace_soft)
def laplace(x: Real, alpha: Real = 1.0) -> Real:
    """Laplace density: alpha / 2 exp(-alpha |x|).

    Area 1. Peak alpha / 2 at 0. Support: all x, exponential tails.
    Default: braintools and spikingjelly.

    Elsewhere: braintools and spikingjelly `PiecewiseExp(alpha)`, lava-dl `Spike(tau_rho=1 / alpha)`; with height
    2 / alpha, that is unit peak, braintools `SlayerGrad(alpha)`; with height 2 sinabs
    `SingleExponential(grad_width=1 / alpha)`; snnTorch `spike_rate_escape(b, k)` is
    `shift(scale(laplace, b, height=2 * k / b), 1.0)`, centred above the threshold.
    Source: Shrestha & Orchard 2018 (SLAYER), NeurIPS 31.

    >>> laplace(jnp.array([0.0, 1.0]), 2.0)
    Array([1.    , 0.1353], dtype=float32)
    """
    return alpha / 2 * jnp.exp(-alpha * jnp.abs(x))


def _sigmoid_soft(x: Real, alpha: Real = 4.0) -> Real:
    return jax.nn.sigmoid(alpha * x)


@elementwise
@integrates_to(_sigmoid_soft)
def sigmoid(x: Real, alpha: Real = 4.0) -> Real:
    """Derivative of the logistic function: alpha s(alpha x) s(-alpha x), s(u) = 1 / (1 + exp(-u)).

    Area 1. Peak alpha / 4 at 0. Support: all x, exponential tails, both kept by the product.
    Default: braintools and spikingjelly.

    Elsewhere: braintools and spikingjelly `Sigmoid(alpha)`, BrainCog `SigmoidGrad(alpha)`, snnTorch
    `sigmoid(slope=alpha)` (NaN for x < -88 / slope), DECOLLE `SigmoidStep` at alpha 1; spyx `tanh(k)` and norse
    `heavi_tanh_fn(x, k)`, of unit peak, are `scale(sigmoid, k / 2, height=2 / k)` at alpha 4.
    Source: Zenke & Ganguli 2018, Neural Computation 30(6):1514-1541, doi:10.1162/neco_a_01086.

    >>> sigmoid(jnp.array([0.0, 0.3]))
    Array([1.    , 0.7116], dtype=float32)
    """
    return alpha * jax.nn.sigmoid(alpha * x) * jax.nn.sigmoid(-alpha * x)


def _gaussian_soft(x: Real, sigma: Real = 0.5) -> Real:
    u = jnp.clip(x, -64.0 * sigma, 64.0 * sigma) / sigma
    return lax.erfc(-u / math.sqrt(2)) / 2


@elementwise
@integrates_to(_gaussian_soft)
def gaussian(x: Real, sigma: Real = 0.5) -> Real:
    """Normal density: exp(-(x / sigma)^2 / 2) / (sigma sqrt(2 pi)).

    Area 1. Peak 1 / (sigma * sqrt(2 * pi)) at 0. Support: all x, Gaussian tails.
    Default: Yin, Corradi & Bohte 2021.

    Elsewhere: sinabs `Gaussian(sigma=sigma)`; braintools `GaussianGrad(sigma, a)` is `scale(gaussian, height=a)`;
    braintools and spikingjelly `Erf(alpha)` have sigma = 1 / (alpha sqrt(2)); norse `heavi_erfc_fn(x, k)` is 2 / k
    times that.
    Source: Yin, Corradi & Bohte 2021, Nature Machine Intelligence 3:905-913, doi:10.1038/s42256-021-00397-w.

    >>> gaussian(jnp.array([0.0, 0.5]))
    Array([0.7979, 0.4839], dtype=float32)
    """
    return _bell(*pairs.quotient(x, sigma)) / (sigma * math.sqrt(2 * math.pi))


def _bell(high: Real, low: Real) -> Real:
    """Return exp(-u^2 / 2) of a pair u: a rounding error of u^2 would be magnified far out."""
    return pairs.exp(-high * high / 2, -low * (high + low / 2))


def _multi_gaussian_soft(x: Real, h: Real = 0.15, s: Real = 6.0, sigma: Real = 0.5) -> Real:
    side = _gaussian_soft(x - sigma, s * sigma) + _gaussian_soft(x + sigma, s * sigma)
    return (1 + h) * _gaussian_soft(x, sigma) - h * side


@elementwise
@integrates_to(_multi_gaussian_soft)
def multi_gaussian(x: Real, h: Real = 0.15, s: Real = 6.0, sigma: Real = 0.5) -> Real:
    """Gaussian with negative side lobes: (1 + h) N(x; 0, sigma) - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma).

    Area 1 - h. Peak (1 + h - 2 * h / s * exp(-1 / (2 * s**2))) / (sigma * sqrt(2 * pi)) at 0. Support: all x, negative
    far out, so that its soft step is not monotone.
    Default: Yin, Corradi & Bohte 2021.

    Elsewhere: sinabs `MultiGaussian(sigma=sigma, h=h, s=s)`; with height 0.5 braintools
    `MultiGaussianGrad(h, s, sigma)` and slax `multi_gauss(lens=sigma, scale=s, height=h)`, whose lens is 0.3.
    Source: Yin, Corradi & Bohte 2021, Nature Machine Intelligence 3:905-913, doi:10.1038/s42256-021-00397-w.

    >>> multi_gaussian(jnp.array([0.0, 2.0]))
    Array([ 0.8782, -0.0314], dtype=float32)
    """
    high, low = pairs.quotient(x, sigma)
    side = _bell(*pairs.quotient(high - 1, s, low)) + _bell(*pairs.quotient(high + 1, s, low))
    return ((1 + h) * _bell(high, low) - h / s * side) / (sigma * math.sqrt(2 * math.pi))


def _saturating_soft(x: Real, tau: Real = 1.0) -> Real:
    return jnp.where(x < 0, tau * jnp.expm1(jnp.where(x < 0, x, 0.0) / tau), x)


@elementwise
@integrates_to(_saturating_soft)
def exp_saturating(x: Real, tau: Real = 1.0) -> Real:
    """Exponential below the threshold, constant above: exp(min(x, 0) / tau).

    Area infinite. Peak 1 on the half line x >= 0. Support: all x, exponential tail below. For graded spikes.
    Default: one unit of the potential.

    Elsewhere: lava-dl `Spike(tau_rho=tau, graded_spike=True)`.
    Source: the SLAYER code of lava-dl; Shrestha & Orchard 2018, NeurIPS 31.

    >>> exp_saturating(jnp.array([-1.0, 3.0]))
    Array([0.3679, 1.    ], dtype=float32)
    """
    return jnp.exp(jnp.minimum(x, 0) / tau)


def _escape_soft(x: Real, p0: Real = 0.01, delta: Real = 0.133) -> Real:
    return p0 * jnp.expm1(x / delta)


@elementwise
@integrates_to(_escape_soft)
def escape_exponential(x: Real, p0: Real = 0.01, delta: Real = 0.133) -> Real:
    """Derivative of the exponential hazard of escape noise: p0 / delta exp(x / delta).

    Area infinite. Peak infinite: it grows without bound above the threshold and is p0 / delta at 0. Support: all x.
    Default: stork.

    Elsewhere: stork `CustomSpike` with `surrogate_type="exponential"` and the same parameters.
    Source: Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3, Cambridge University Press.

    >>> escape_exponential(jnp.array([-1.0, 0.0]))
    Array([0.    , 0.0752], dtype=float32)
    """
    half = jnp.exp(x / (2 * delta))
    return half * (p0 / delta * half)  # the whole exponential overflows earlier than the slope
