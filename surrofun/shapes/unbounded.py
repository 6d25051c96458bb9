"""Shapes of infinite area whose sides differ, or do not fall."""

import jax
import jax.numpy as jnp

from ..core.dtype import Real
from ..core.shape import shape
from ..core.stretch import times
from .digits import FAR, positive


@shape(soft=lambda x: x, bounds=lambda: (1.0, 1.0), around=lambda: [(0.0, 1.0)])
def straight_through(x: Real) -> Real:
    """Straight-through estimator: 1 everywhere.

    Area infinite. Peak 1 everywhere. Support: all x; nothing decays,
    gradients explode over many time steps. Default: none, there is no
    parameter.
    Elsewhere: snnTorch `straight_through_estimator()`, spikingjelly
    `DeterministicPass()`, sinabs `Quantize`, lava-dl `quantize`, Rockpool
    `make_backward_passthrough`, sparx `StraightThrough()`, ngc-learn
    `straight_through_estimator()`.
    Source: Bengio, Leonard & Courville 2013, arXiv:1308.3432.

    >>> straight_through(jnp.array([-7.0, 7.0]))
    Array([1., 1.], dtype=float32)
    """
    return jnp.ones_like(x)


@shape(
    soft=lambda x, leak, slope: times(leak, jnp.minimum(x, 0.0)) + times(slope, jnp.maximum(x, 0.0)),
    bounds=lambda leak, slope: (jnp.minimum(leak, slope), jnp.maximum(leak, slope)),
    around=lambda: [(0.0, 1.0)],
)
def leaky_step(x: Real, leak: Real = 0.1, slope: Real = 1.0) -> Real:
    """Two constants: leak where x < 0, slope where x >= 0.

    Area infinite. Peak max(leak, slope) on one half line. Support: all x
    (x >= 0 for leak = 0). The derivative of a leaky rectifier. Default:
    braintools.
    Elsewhere: braintools `LeakyRelu(alpha=leak, beta=slope)`, spikingjelly
    `LeakyKReLU(leak=leak, k=slope)`. At leak 0 snnTorch `heaviside()` and
    BrainCog `STDPGrad`, `ReLUGrad(alpha=slope)`, which are 0 at 0 itself.
    At leak 0 and shifted by -window sinabs `Heaviside(window)` and Rockpool
    `StepPWL`, which are closed at -window as this is at 0.
    Source: Yin et al. 2017, IEEE BioCAS:1-5.

    >>> leaky_step(jnp.array([-1.0, 1.0]))
    Array([0.1, 1. ], dtype=float32)
    """
    return jnp.where(x < 0, leak, slope)


def _log_tailed_soft(x: Real, leak: Real) -> Real:
    above = jnp.minimum(x, 1.0) + jnp.log(jnp.maximum(x, 1.0))
    return jnp.where(x > 0, above, times(leak, jnp.where(x > 0, 0.0, x)))


@shape(
    soft=_log_tailed_soft,
    bounds=lambda leak: (jnp.minimum(leak, 0.0), jnp.maximum(leak, 1.0)),
    around=lambda: [(0.0, 1.0)],
)
def log_tailed_step(x: Real, leak: Real = 0.0) -> Real:
    """Log-tailed rectifier: leak where x <= 0, 1 where 0 < x <= 1, then 1 / x.

    Area infinite. Peak max(1, leak) on the plateau 0 < x <= 1, for leak > 1
    on x <= 0. Support: x > 0 (all x for leak > 0). Default: braintools and
    spikingjelly.
    Elsewhere: braintools `LogTailedRelu(alpha=leak)`, spikingjelly
    `LogTailedReLU(alpha=leak)`.
    Source: Cai et al. 2017, CVPR:5406-5414, arXiv:1702.00953.

    >>> log_tailed_step(jnp.array([-1.0, 0.5, 2.0]))
    Array([0. , 1. , 0.5], dtype=float32)
    """
    return jnp.where(x > 0, 1 / jnp.maximum(x, 1.0), leak)


def _s2nn_soft(x: Real, alpha: Real, beta: Real) -> Real:
    u = alpha * jnp.clip(x, -FAR, 0.0)
    # tanh keeps the digits near 0, the logistic function those of the derivatives far out.
    below = jnp.where(u < -1, jax.nn.sigmoid(u) - 0.5, jnp.tanh(jnp.where(u < -1, -1.0, u) / 2) / 2)
    return jnp.where(x < 0, below, beta * jnp.log1p(jnp.where(x < 0, 0.0, x)))


@shape(
    soft=_s2nn_soft,
    bounds=lambda alpha, beta: (0.0, jnp.maximum(alpha / 4, beta)),
    around=lambda alpha: [(0.0, 4 / positive(alpha)), (0.0, 1.0)],
)
def s2nn(x: Real, alpha: Real = 4.0, beta: Real = 1.0) -> Real:
    """Logistic, then reciprocal: alpha s(alpha x) s(-alpha x) where x < 0,
    else beta / (1 + x).

    Area infinite. Peak max(alpha / 4, beta) at 0. Support: all x. At 0 it
    jumps from alpha / 4 to beta. Default: braintools and spikingjelly.
    Elsewhere: braintools and spikingjelly `S2NN(alpha, beta)`.
    Source: Suetake et al. 2022, arXiv:2201.10879.

    >>> s2nn(jnp.array([0.0, 1.0]))
    Array([1. , 0.5], dtype=float32)
    """
    u = alpha * jnp.clip(x, -FAR, 0.0)
    below = alpha * jax.nn.sigmoid(u) * jax.nn.sigmoid(-u)
    return jnp.where(x < 0, below, beta / (1 + jnp.where(x < 0, 0.0, x)))
