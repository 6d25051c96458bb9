"""Shapes that repeat, for neurons that count spikes or live on a circle."""

from __future__ import annotations

import jax.numpy as jnp

from ..calculus import integrates_to
from ..elementwise import Real, elementwise


def nearest(x: Real, period: Real) -> Real:
    """Return the signed distance of x to the nearest multiple of the period; it is exact.

    >>> nearest(jnp.array([-0.75, 0.5, 1e6 + 1.25]), 1.0)
    Array([0.25, 0.5 , 0.25], dtype=float32)
    """
    r = jnp.fmod(x, period)
    return r - jnp.where(jnp.abs(r) > period / 2, jnp.where(r < 0, -period, period), 0.0)


def _periodic_soft(x: Real, alpha: Real = 2.0, period: Real = 1.0) -> Real:
    r = jnp.where(x < 0, x, nearest(x, period))
    n = jnp.round((x - r) / period)
    whole = -2 * jnp.expm1(-alpha * period / 2) / alpha
    part = -jnp.expm1(-alpha * jnp.where(r < 0, -r, r)) / alpha
    return n * whole + jnp.where(r < 0, -part, part)


@elementwise
@integrates_to(_periodic_soft)
def periodic_laplace(x: Real, alpha: Real = 2.0, period: Real = 1.0) -> Real:
    """Laplace bump at every threshold of a graded neuron: exp(-alpha |x - n period|), n = 0, 1, 2, ... the nearest.

    Area infinite. Peak 1 at 0 and every period above. Support: all x, exponential tail below. For the step `staircase`.
    NaN at infinity, where no bump is the nearest.
    Default: Rockpool, alpha = 1 / window.

    Elsewhere: with height 1 / period Rockpool `PeriodicExponential(threshold=period, window=1 / alpha)`; sinabs
    `PeriodicExponential(grad_width=w)`, twice as steep above, is
    `asym(scale(laplace, 1 / w, height=2 * w), partial(periodic_laplace, alpha=2 / w))`.
    Source: Weidel & Sheik 2021 (WaveSense), arXiv:2111.01456.

    >>> periodic_laplace(jnp.array([-1.0, 0.5, 1.0, 2.0]))
    Array([0.1353, 0.3679, 1.    , 1.    ], dtype=float32)
    """
    return jnp.exp(-alpha * jnp.abs(jnp.where(x < 0, x, nearest(x, period))))


def _fourier_soft(x: Real, n: int = 2, period: Real = 8.0) -> Real:
    phase = 2 * jnp.pi / period * nearest(x, period)
    k = _odd(n, phase)
    return 2 / jnp.pi * (jnp.sin(k * phase) / k).sum(axis=0)


def _odd(n: int, x: Real) -> Real:
    """Return the first n odd numbers along a new first axis."""
    return jnp.arange(1, 2 * n, 2, x.dtype).reshape(-1, *(1,) * x.ndim)


@elementwise
@integrates_to(_fourier_soft)
def squarewave_fourier(x: Real, n: int = 2, period: Real = 8.0) -> Real:
    """Derivative of `n` terms of the Fourier series of a square wave: 4 / T sum cos((2 i - 1) 2 pi x / T), i = 1..n.

    T is the period and `n` a Python integer. Area undefined, 0 over a period. Peak 4 * n / period at 0 and every
    period. Support: all x, negative on half of them; NaN at infinity.
    Default: braintools and spikingjelly.

    Elsewhere: braintools `SquarewaveFourierSeries(n, t_period=T)`; spikingjelly's of the same n has n - 1 terms.
    Source: the spikingjelly code base.

    >>> squarewave_fourier(jnp.array([0.0, 4.0]))
    Array([ 1., -1.], dtype=float32)
    """
    phase = 2 * jnp.pi / period * nearest(x, period)
    return 4 / period * jnp.cos(_odd(n, phase) * phase).sum(axis=0)
