"""Shapes whose tails fall exponentially, or faster."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from ..calculus import integrates_to
from ..elementwise import Real, elementwise, leading_digits


def _laplace_soft(x: Real, alpha: Real = 1.0) -> Real:
    tail = jnp.exp(-alpha * jnp.where(x < 0, -x, x)) / 2
    return jnp.where(x < 0, tail, 1 - tail)


@elementwise
@integrates_to(_laplace_soft)
def laplace(x: Real, alpha: Real = 1.0) -> Real:
    """Laplace density: alpha / 2 exp(-alpha |x|).

    Area 1. Peak alpha / 2 at 0. Support: all x, exponential tails.
    Default: braintools and spikingjelly.

    Elsewhere: braintools and spikingjelly `PiecewiseExp(alpha)`; lava-dl `Spike(tau_rho=1 / alpha)`; with unit peak,
    that is height 2 / alpha, braintools `SlayerGrad(alpha)`; sinabs `SingleExponential(w, s)` is
    `scale(laplace, 1 / w, height=2 * s)`, of area 2.
    Source: Shrestha & Orchard 2018 (SLAYER), NeurIPS 31:1412-1421.

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

    Area 1. Peak alpha / 4 at 0. Support: all x, exponential tails; written as a product, it keeps both.
    Default: braintools and spikingjelly.

    Elsewhere: braintools and spikingjelly `Sigmoid(alpha)`, snnTorch `sigmoid(slope=alpha)` (NaN for x < -88 / slope);
    spyx `tanh(k)` and norse `heavi_tanh_fn(x, k)` are `scale(sigmoid, k / 2, height=2 / k)` at alpha 4.
    Source: Zenke & Ganguli 2018, Neural Computation 30(6):1514-1541, doi:10.1162/neco_a_01086.

    >>> sigmoid(jnp.array([0.0, 0.3]))
    Array([1.    , 0.7116], dtype=float32)
    """
    return alpha * jax.nn.sigmoid(alpha * x) * jax.nn.sigmoid(-alpha * x)


def _gaussian_soft(x: Real, sigma: Real = 0.5) -> Real:
    return lax.erfc(-x / (sigma * jnp.sqrt(jnp.asarray(2.0, x.dtype)))) / 2


@elementwise
@integrates_to(_gaussian_soft)
def gaussian(x: Real, sigma: Real = 0.5) -> Real:
    """Normal density: exp(-(x / sigma)^2 / 2) / (sigma sqrt(2 pi)).

    Area 1. Peak 1 / (sigma sqrt(2 pi)) at 0. Support: all x, Gaussian tails.
    Default: Yin, Corradi & Bohte 2021.

    Elsewhere: sinabs `Gaussian(sigma=sigma)`; braintools `GaussianGrad(sigma, a)` is `scale(gaussian, height=a)`;
    braintools and spikingjelly `Erf(alpha)` have sigma = 1 / (alpha sqrt(2)); norse `heavi_erfc_fn(x, k)` is 2 / k
    times that.
    Source: Yin, Corradi & Bohte 2021, Nature Machine Intelligence 3:905-913, doi:10.1038/s42256-021-00397-w.

    >>> gaussian(jnp.array([0.0, 0.5]))
    Array([0.7979, 0.4839], dtype=float32)
    """
    # exp(-u^2 / 2) in two factors, of which the first has an exact square: u^2 would lose digits that exp magnifies.
    u = jnp.clip(x / sigma, -64.0, 64.0)
    high = leading_digits(u)
    bell = jnp.exp(-high * high / 2) * jnp.exp(-(u - high) * (u + high) / 2)
    return bell / (sigma * jnp.sqrt(jnp.asarray(2 * jnp.pi, x.dtype)))


def _multi_gaussian_soft(x: Real, h: Real = 0.15, s: Real = 6.0, sigma: Real = 0.5) -> Real:
    side = _gaussian_soft(x - sigma, s * sigma) + _gaussian_soft(x + sigma, s * sigma)
    return (1 + h) * _gaussian_soft(x, sigma) - h * side


@elementwise
@integrates_to(_multi_gaussian_soft)
def multi_gaussian(x: Real, h: Real = 0.15, s: Real = 6.0, sigma: Real = 0.5) -> Real:
    """Gaussian with negative side lobes: (1 + h) N(x; 0, sigma) - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma).

    Area 1 - h. Peak ((1 + h) - 2 h / s exp(-1 / (2 s^2))) / (sigma sqrt(2 pi)) at 0. Support: all x, negative far out,
    so that its soft step is not monotone.
    Default: Yin, Corradi & Bohte 2021.

    Elsewhere: sinabs `MultiGaussian(sigma=sigma, h=h, s=s)`; with height 0.5 braintools
    `MultiGaussianGrad(h, s, sigma)` and slax `multi_gauss(lens=sigma, scale=s, height=h)`.
    Source: Yin, Corradi & Bohte 2021, Nature Machine Intelligence 3:905-913, doi:10.1038/s42256-021-00397-w.

    >>> multi_gaussian(jnp.array([0.0, 2.0]))
    Array([ 0.8782, -0.0314], dtype=float32)
    """
    side = gaussian(x - sigma, s * sigma) + gaussian(x + sigma, s * sigma)
    return (1 + h) * gaussian(x, sigma) - h * side


def _saturating_soft(x: Real, tau: Real = 1.0) -> Real:
    return jnp.where(x < 0, tau * jnp.expm1(jnp.where(x < 0, x, 0.0) / tau), x)


@elementwise
@integrates_to(_saturating_soft)
def exp_saturating(x: Real, tau: Real = 1.0) -> Real:
    """Exponential below the threshold, constant above: exp(min(x, 0) / tau).

    Area infinite. Peak 1 for all x >= 0. Support: all x, exponential tail below. For graded, value-carrying spikes.
    Default: one unit of the potential.

    Elsewhere: lava-dl `Spike(tau_rho=tau, graded_spike=True)`.
    Source: the SLAYER code base of lava-dl; Shrestha & Orchard 2018, NeurIPS 31:1412-1421.

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

    Area infinite. No peak: it grows without bound above the threshold, p0 / delta at 0. Support: all x.
    Default: stork.

    Elsewhere: stork `CustomSpike` with `surrogate_type="exponential"` and the same parameters.
    Source: Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3, Cambridge University Press.

    >>> escape_exponential(jnp.array([-1.0, 0.0]))
    Array([0.    , 0.0752], dtype=float32)
    """
    return p0 / delta * jnp.exp(x / delta)


def _periodic_soft(x: Real, alpha: Real = 2.0, period: Real = 1.0) -> Real:
    n, r = _nearest(x, period)
    whole = -2 * jnp.expm1(-alpha * period / 2) / alpha
    part = -jnp.expm1(-alpha * jnp.where(r < 0, -r, r)) / alpha
    return n * whole + jnp.where(r < 0, -part, part)


@elementwise
@integrates_to(_periodic_soft)
def periodic_laplace(x: Real, alpha: Real = 2.0, period: Real = 1.0) -> Real:
    """Laplace bump at every threshold of a graded neuron: exp(-alpha |x - n period|), n = 0, 1, 2, ... the nearest.

    Area infinite. Peak 1 at 0, period, 2 period, ... Support: all x, exponential tail below. For `staircase`.
    NaN at infinity, where no bump is the nearest.
    Default: sinabs and Rockpool, alpha = 1 / width.

    Elsewhere: Rockpool `PeriodicExponential(threshold=period, window=1 / alpha)` is this with height 1 / period; sinabs
    `PeriodicExponential(grad_width=w)` is `asym(laplace-like, periodic_laplace(alpha=2 / w))` with unit peaks.
    Source: Weidel & Sheik 2021 (WaveSense), arXiv:2111.01456.

    >>> periodic_laplace(jnp.array([-1.0, 0.5, 1.0, 2.0]))
    Array([0.1353, 0.3679, 1.    , 1.    ], dtype=float32)
    """
    _, r = _nearest(x, period)
    return jnp.exp(-alpha * jnp.abs(r))


def _nearest(x: Real, period: Real) -> tuple[Real, Real]:
    """Return the number of the nearest bump and the signed distance to it."""
    n = jnp.maximum(0, jnp.floor(lax.stop_gradient(x) / period + 0.5))
    return n, x - n * period
