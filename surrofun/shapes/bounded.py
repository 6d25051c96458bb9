"""Shapes that are zero, or constant, beyond a finite distance from the threshold."""

from __future__ import annotations

import jax.numpy as jnp

from ..calculus import integrates_to
from ..elementwise import Real, elementwise
from .pairs import product


def _flat_soft(x: Real, width: Real = 1.0) -> Real:
    return jnp.clip(x / width + 0.5, 0.0, 1.0)


@elementwise
@integrates_to(_flat_soft)
def rectangle(x: Real, width: Real = 1.0) -> Real:
    """Rectangle: 1 / width where |x| < width / 2, else 0.

    Area 1. Peak 1 / width on the whole support. Support: |x| < width / 2, open at both ends.
    Default: spikingjelly.

    Elsewhere: spikingjelly `Rect(alpha=1 / width)`; at width 1 DECOLLE `SmoothStep`, sparch `SpikeFunctionBoxcar` and
    BrainCog `EIGrad`. With height width, that is unit peak, snnax `piecewise_surrogate(beta=width / 2)` and BrainCog
    `GateGrad(alpha=2 / width)`; with height width * height spyx `boxcar(width, height)`.
    Source: Wu et al. 2018 (STBP), Frontiers in Neuroscience 12:331.

    >>> rectangle(jnp.array([0.0, 0.25, 0.5]))
    Array([1., 1., 0.], dtype=float32)
    """
    return jnp.where(jnp.abs(x) < width / 2, 1 / width, 0.0)


def _triangle_soft(x: Real, alpha: Real = 1.0) -> Real:
    u = jnp.clip(alpha * x, -1.0, 1.0)
    return jnp.where(u < 0, jnp.square(1 + u) / 2, 1 - jnp.square(1 - u) / 2)


@elementwise
@integrates_to(_triangle_soft)
def triangle(x: Real, alpha: Real = 1.0) -> Real:
    """Triangle: alpha max(0, 1 - alpha |x|).

    Area 1. Peak alpha at 0. Support: |x| < 1 / alpha.
    Default: braintools and spikingjelly.

    Elsewhere: braintools and spikingjelly `PiecewiseQuadratic(alpha)`, BrainCog `QGateGrad(alpha)`; with height
    1 / alpha, that is unit peak, spyx `triangular(k=alpha)` and stork `EsserSpike`; norse `triangle_fn(x, a)` is
    `scale(triangle, height=a)`, braintools `ReluGrad(a, w)` is `scale(triangle, 1 / w, height=a * w**2)`.
    Source: Esser et al. 2016, PNAS 113(41):11441-11446, doi:10.1073/pnas.1604850113.

    >>> triangle(jnp.array([-0.5, 0.0, 0.25]), 2.0)
    Array([0., 2., 1.], dtype=float32)
    """
    # Near the edge 1 - alpha |x| keeps no more digits than the product has.
    high, low = product(jnp.asarray(alpha, x.dtype), jnp.minimum(jnp.abs(x), 2 / alpha))
    return alpha * jnp.maximum(0, 1 - high - low)


def _cosine_soft(x: Real, width: Real = 1.0) -> Real:
    v = jnp.clip(x, -jnp.asarray(width), width)
    return (v + width + width / jnp.pi * jnp.sin(jnp.pi * v / width)) / 2


@elementwise
@integrates_to(_cosine_soft)
def cosine(x: Real, width: Real = 1.0) -> Real:
    """Raised cosine: (1 + cos(pi x / width)) / 2 where |x| < width, else 0.

    Area width. Peak 1 at 0. Support: |x| < width.
    Default: the braintools tutorial.

    Elsewhere: `cosine_grad(x, width)` in the braintools tutorial on custom surrogates.
    Source: the braintools documentation.

    >>> cosine(jnp.array([0.0, 0.5, 1.0]))
    Array([1. , 0.5, 0. ], dtype=float32)
    """
    # sin of the distance to the edge, squared: 1 + cos would cancel there.
    room = jnp.maximum(0, width - jnp.abs(x))
    return jnp.square(jnp.sin(jnp.pi / 2 * room / width))


def _leaky_flat_soft(x: Real, width: Real = 2.0, leak: Real = 0.01) -> Real:
    no_leak = jnp.asarray(leak) == 0
    floor = leak * jnp.where(no_leak & jnp.isinf(x), 0.0, x)
    return floor + (1 / width - leak) * jnp.clip(x, -jnp.asarray(width) / 2, width / 2) + jnp.where(no_leak, 0.5, 0.0)


@elementwise
@integrates_to(_leaky_flat_soft)
def leaky_rectangle(x: Real, width: Real = 2.0, leak: Real = 0.01) -> Real:
    """Rectangle on a constant floor: 1 / width where |x| < width / 2, else leak.

    Area infinite (1 for leak = 0). Peak max(1 / width, leak) at 0, for a leak below it. Support: all x.
    Default: braintools and spikingjelly.

    Elsewhere: braintools `PiecewiseLeakyRelu(c=leak, w=width / 2)`, spikingjelly
    `PiecewiseLeakyReLU(w=width / 2, c=leak)`, mind the order; braintools closes the edge.
    Source: Yin et al. 2017, IEEE BioCAS:1-5; Huh & Sejnowski 2018, NeurIPS 31:1440-1450.

    >>> leaky_rectangle(jnp.array([0.0, 2.0]))
    Array([0.5 , 0.01], dtype=float32)
    """
    return jnp.where(jnp.abs(x) < width / 2, 1 / width, leak)
