"""Shapes that repeat, for neurons that count spikes or live on a circle."""

import jax.numpy as jnp
from jax import lax

from ..core.dtype import Real
from ..core.expect import as_whole
from ..core.shape import shape
from .digits import distance, expm1_over, positive


def nearest(x: Real, period: Real) -> tuple[Real, Real]:
    """Return `(r, n)` with x = r + n * period: the signed distance of x to the nearest multiple is exact.

    >>> nearest(jnp.array([-0.75, 0.5, 7.25]), 1.0)
    (Array([0.25, 0.5 , 0.25], dtype=float32), Array([-1.,  0.,  7.], dtype=float32))
    """
    r = jnp.fmod(x, period)
    r = lax.stop_gradient(r - jnp.where(jnp.abs(r) > period / 2, jnp.where(r < 0, -period, period), 0.0))
    n = jnp.clip((x - r) / period, -1e30, 1e30)  # finite, so that n times 0 is 0
    below = jnp.floor(n)
    n = lax.stop_gradient(jnp.where(n - below > 0.5, below + 1, below))  # no kernel of Triton knows `round`
    return r + (x - lax.stop_gradient(x)) - n * (period - lax.stop_gradient(period)), n


def _periodic_soft(x: Real, alpha: Real, period: Real) -> Real:
    r, n = nearest(jnp.where(x < 0, 0.0, x), period)
    r = jnp.where(x < 0, x, r)
    part = -expm1_over(-distance(r), alpha)
    whole = -n * 2 * expm1_over(-period / 2 * jnp.ones_like(r), alpha)
    return jnp.where(x == jnp.inf, jnp.inf, whole + jnp.where(r < 0, -part, part))


@shape(
    soft=_periodic_soft,
    bounds=lambda alpha: (jnp.where(jnp.asarray(alpha) == 0, 1.0, 0.0), 1.0),
    around=lambda alpha, period: [(i * period, jnp.minimum(1 / positive(alpha), positive(period) / 2)) for i in (0, 1)],
)
def periodic_laplace(x: Real, alpha: Real = 2.0, period: Real = 1.0) -> Real:
    """Laplace bump at every threshold of a graded neuron: exp(-alpha
    |x - n period|), n = 0, 1, 2, ... the nearest.

    Area infinite. Peak 1 at 0 and every period above. Support: all x,
    exponential tail below; NaN at infinity. For the step `staircase`.
    Default: Rockpool, alpha = 1 / window.
    Elsewhere: with height 1 / period Rockpool
    `PeriodicExponential(threshold=period, window=1 / alpha)`; sinabs
    `PeriodicExponential(grad_width=w)`, twice as steep above, is
    `asym(scale(laplace, 1 / w, height=2 * w),
    periodic_laplace(alpha=2 / w))`.
    Source: Weidel & Sheik 2021 (WaveSense), arXiv:2111.01456.

    >>> periodic_laplace(jnp.array([-1.0, 0.5, 1.0, 2.0]))
    Array([0.1353, 0.3679, 1.    , 1.    ], dtype=float32)
    """
    return jnp.exp(-alpha * jnp.abs(jnp.where(x < 0, x, nearest(x, period)[0])))


def _fourier_soft(x: Real, n: int, period: Real) -> Real:
    n = as_whole(n, 1, "squarewave_fourier")
    r, half_periods = nearest(x, period / 2)  # where the soft step is 0
    sign = 1 - 2 * jnp.abs(jnp.fmod(half_periods, 2))
    phase = 2 * jnp.pi / period * r
    series = sign * 2 / jnp.pi * sum((jnp.sin(k * phase) / k for k in range(1, 2 * n, 2)), jnp.zeros_like(phase))
    return jnp.where(jnp.isinf(x), jnp.inf, series)  # which is no limit: it has none, and a NaN would be refused


def _odd_cosines(n: int, phase: Real) -> Real:
    """Return cos(phase) + cos(3 phase) + ... of n terms, by 2 cos(a) cos(b) = cos(a + b) + cos(a - b)."""
    if n <= 2:
        c = jnp.cos(phase)
        return c if n == 1 else c * (4 * c * c - 2)
    if n % 2:
        return _odd_cosines(n - 1, phase) + jnp.cos((2 * n - 1) * phase)
    return 2 * jnp.cos(n * phase) * _odd_cosines(n // 2, phase)


@shape(
    soft=_fourier_soft,
    bounds=lambda n, period: [sign * 4 * as_whole(n, 1, "squarewave_fourier") / period for sign in (-1, 1)],
    around=lambda n, period: [(i * period / 2, positive(period) / (4 * n)) for i in (-1, 0, 1)],
)
def squarewave_fourier(x: Real, n: int = 2, period: Real = 8.0) -> Real:
    """Square-wave series: 4 / T sum cos((2 i - 1) 2 pi x / T), i = 1..n.

    The derivative of `n` terms (a Python integer) of a square wave of
    period T. Area undefined, 0 over a period. Peak 4 * n / period at 0 and
    every period. Support: all x, negative on half of them; NaN at infinity.
    Default: braintools and spikingjelly.
    Elsewhere: braintools `SquarewaveFourierSeries(n, t_period=T)`;
    spikingjelly's of the same n has n - 1 terms.
    Source: the spikingjelly code base.

    >>> squarewave_fourier(jnp.array([0.0, 4.0]))
    Array([ 1., -1.], dtype=float32)
    """
    n = as_whole(n, 1, "squarewave_fourier")
    return 4 / period * _odd_cosines(n, 2 * jnp.pi / period * nearest(x, period)[0])
