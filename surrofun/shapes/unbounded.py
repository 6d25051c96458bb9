"""Shapes of infinite area that do not fall on both sides of the threshold."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..calculus import integrates_to
from ..elementwise import Real, elementwise


@elementwise
@integrates_to(lambda x: x)
def straight_through(x: Real) -> Real:
    """Straight-through estimator: 1 everywhere.

    Area infinite. Peak 1 everywhere. Support: all x; nothing decays, gradients explode over many time steps.

    Elsewhere: snnTorch `straight_through_estimator()`, spikingjelly `DeterministicPass`, lava-dl and sinabs quantisers.
    Source: Bengio, Leonard & Courville 2013, arXiv:1308.3432.

    >>> straight_through(jnp.array([-7.0, 7.0]))
    Array([1., 1.], dtype=float32)
    """
    return jnp.ones_like(x)


def _leaky_step_soft(x: Real, leak: Real = 0.1, slope: Real = 1.0) -> Real:
    factor = jnp.where(x < 0, leak, slope)
    return factor * jnp.where(factor == 0, 0.0, x)


@elementwise
@integrates_to(_leaky_step_soft)
def leaky_step(x: Real, leak: Real = 0.1, slope: Real = 1.0) -> Real:
    """Two constants: leak where x < 0, slope where x >= 0; the derivative of a leaky rectifier.

    Area infinite. Peak max(leak, slope) on a half line. Support: all x (x >= 0 for leak = 0).
    Default: braintools.

    Elsewhere: braintools `LeakyRelu(alpha=leak, beta=slope)`, spikingjelly `LeakyKReLU(leak, k=slope)`; snnTorch
    `heaviside()` and BrainCog `STDPGrad` are leak = 0; sinabs `Heaviside(window)` is that, shifted by -window.
    Source: Yin et al. 2017, IEEE BioCAS:1-5.

    >>> leaky_step(jnp.array([-1.0, 1.0]))
    Array([0.1, 1. ], dtype=float32)
    """
    return jnp.where(x < 0, leak, slope)


def _log_tailed_soft(x: Real, leak: Real = 0.0) -> Real:
    above = jnp.where(x > 1, 1 + jnp.log(jnp.where(x > 1, x, 1.0)), x)
    return jnp.where(x > 0, above, leak * jnp.where((x > 0) | (jnp.asarray(leak) == 0), 0.0, x))


@elementwise
@integrates_to(_log_tailed_soft)
def log_tailed_step(x: Real, leak: Real = 0.0) -> Real:
    """Derivative of a rectifier with a logarithmic tail: leak where x <= 0, 1 where 0 < x <= 1, 1 / x beyond.

    Area infinite. Peak 1 on the plateau 0 < x <= 1. Support: x > 0 (all x for leak > 0).
    Default: braintools and spikingjelly.

    Elsewhere: braintools `LogTailedRelu(alpha=leak)`, spikingjelly `LogTailedReLU(alpha=leak)`.
    Source: Cai et al. 2017, CVPR:5406-5414, arXiv:1702.00953.

    >>> log_tailed_step(jnp.array([-1.0, 0.5, 2.0]))
    Array([0. , 1. , 0.5], dtype=float32)
    """
    return jnp.where(x > 0, 1 / jnp.maximum(x, 1.0), leak)


def _s2nn_soft(x: Real, alpha: Real = 4.0, beta: Real = 1.0) -> Real:
    below = jax.nn.sigmoid(alpha * jnp.where(x < 0, x, 0.0)) - 0.5
    return jnp.where(x < 0, below, beta * jnp.log1p(jnp.where(x < 0, 0.0, x)))


@elementwise
@integrates_to(_s2nn_soft)
def s2nn(x: Real, alpha: Real = 4.0, beta: Real = 1.0) -> Real:
    """Logistic below the threshold, reciprocal above: alpha s(alpha x) s(-alpha x) where x < 0, else beta / (1 + x).

    Area infinite. Peak max(alpha / 4, beta) at 0, continuous there for beta = alpha / 4. Support: all x.
    Default: braintools and spikingjelly.

    Elsewhere: braintools and spikingjelly `S2NN(alpha, beta)`.
    Source: Suetake et al. 2022, arXiv:2201.10879.

    >>> s2nn(jnp.array([0.0, 1.0]))
    Array([1. , 0.5], dtype=float32)
    """
    below = jnp.where(x < 0, x, 0.0)
    left = alpha * jax.nn.sigmoid(alpha * below) * jax.nn.sigmoid(-alpha * below)
    return jnp.where(x < 0, left, beta / (1 + jnp.where(x < 0, 0.0, x)))


def _fourier_soft(x: Real, n: int = 2, period: Real = 8.0) -> Real:
    phase = 2 * jnp.pi / period * jnp.remainder(x, period)
    return 2 / jnp.pi * sum((jnp.sin(k * phase) / k for k in range(1, 2 * n, 2)), jnp.zeros_like(x))


@elementwise
@integrates_to(_fourier_soft)
def squarewave_fourier(x: Real, n: int = 2, period: Real = 8.0) -> Real:
    """Derivative of `n` terms of the Fourier series of a square wave: 4 / T sum cos((2 i - 1) 2 pi x / T), i = 1..n.

    Area undefined, zero over a period. Peak 4 n / T at 0 and every period T. Support: all x, negative on half of them;
    NaN at infinity. `n` is a Python integer.
    Default: braintools and spikingjelly.

    Elsewhere: braintools `SquarewaveFourierSeries(n, t_period=T)`; spikingjelly's of the same n has n - 1 terms.
    Source: the spikingjelly code base.

    >>> squarewave_fourier(jnp.array([0.0, 4.0]))
    Array([ 1., -1.], dtype=float32)
    """
    phase = 2 * jnp.pi / period * jnp.remainder(x, period)
    return 4 / period * sum((jnp.cos(k * phase) for k in range(1, 2 * n, 2)), jnp.zeros_like(x))
