"""How much gradient gets through: what to look at when a spiking network does not learn."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from ..calculus import bounds
from ..core.concrete import is_traced
from ..core.expect import as_potential, evaluated
from ..core.program import call_cached
from ..core.shape import Shape, as_shape
from ..core.text import OF_A_SOFT_STEP, describe_value, show
from ..core.tree import Tree, function_of_x, node, plain, widened
from ..core.varying import vary_as
from ..steps import heaviside

_WIDEST, _STEEPEST = 2.0**-30, 2.0**30  # alphas between which `fit_alpha` searches
_UNREACHED = {
    0.0: "too few potentials are inside at every alpha: the support does not reach the threshold, or it has no peak",
    math.inf: "as many potentials or more are inside at every alpha: the support has no end there, or they are 0; "
    + OF_A_SOFT_STEP,
}


def flow(g: Shape, x: ArrayLike, /, *args: Any, axis: int | tuple[int, ...] = 0, **kwargs: Any) -> dict[str, jax.Array]:
    """Measure how much gradient gets through a spike of shape `g`.

    A potential is inside the support where |g| is above 1 % of its peak.
    Nothing here has a gradient; it may run inside of a compiled step.

    Args:
        g: a shape, `g(x, *params)`.
        x: potentials minus threshold, as of shape (time, batch, neurons).
        args, kwargs: parameters of the shape.
        axis: of `x`, one or several, over which a neuron was watched:
            (0, 1) where these are time and batch.

    Returns:
        Five scalars, in at least float32:
        rate: firing rate, in spikes per potential, 0 to 1.
        inside: share of the potentials inside the support.
        mean, rms: mean and root mean square of the slope.
        dead: share of the neurons that were never inside, which learn next
            to nothing, unless the tails are long.
        `inside` and `dead` are NaN for a shape without a finite peak.

    Raises:
        TypeError: x is no real float, or the slope is not of its shape.
        ValueError: x is empty, or has no such axis.

    >>> from surrofun import shapes
    >>> x = jnp.array([[-0.5, 9.0], [0.25, 7.0]])  # two steps, two neurons
    >>> told = flow(shapes.triangle, x)
    >>> {name: float(told[name]) for name in ("rate", "inside", "dead")}
    {'rate': 0.75, 'inside': 0.5, 'dead': 0.5}
    """
    x = _potentials(g, x, "flow")
    axes = tuple(map(plain, axis if isinstance(axis, tuple) else (axis,)))
    if len({n % x.ndim for n in axes if isinstance(n, int) and -x.ndim <= n < x.ndim}) < len(axes):
        raise ValueError(f"flow: expected as axis one or several of an array of shape {x.shape}, got {axis!r}")
    g = function_of_x(g, x, args, kwargs)
    slope = evaluated(g, x, what="slope", blame=g)
    inside = _inside(slope, _peak(g))
    measured = {
        "rate": heaviside(x).mean(),
        "inside": inside.mean(),
        "mean": slope.mean(),
        "rms": jnp.sqrt(jnp.square(slope).mean()),
        "dead": (1 - inside.max(axes)).mean(),
    }
    return lax.stop_gradient(measured)


def fit_alpha(g: Shape, x: ArrayLike, coverage: float | jax.Array = 0.5) -> jax.Array:
    """Return the steepness at which a share of the potentials sees a slope.

    `flow(scale(g, alpha), x)["inside"]` is then `coverage` within
    1 / x.size, if no two potentials enter the support at the same alpha, as
    x and -x do where it is symmetric. Of several such alphas it is the
    largest, if the support is one interval.

    Args:
        g: a shape whose support contains the threshold or begins there.
        x: potentials minus threshold, any shape.
        coverage: share of them to be inside the support, where |g| is above
            1 % of its peak; in (0, 1].

    Returns:
        alpha, from 2^-30 to 2^30 in 1/units of x, a scalar without a
        gradient. Under a trace, where nothing can be raised, 0 if no alpha
        is small enough and infinity if none is large enough.

    Raises:
        TypeError: `coverage` is no number.
        ValueError: `coverage` is not in (0, 1]; x is empty; or at every
            alpha too few potentials are inside (a support that does not
            reach the threshold, or no finite peak) or too many (an
            unbounded one).

    >>> from surrofun import scale
    >>> from surrofun.shapes import rectangle, superspike
    >>> x = jnp.array([-4.0, -1.0, 0.5, 3.0])
    >>> scale(rectangle, fit_alpha(rectangle, x))(x) > 0
    Array([False,  True,  True, False], dtype=bool)

    A parameter that is the steepness, and was 1, may be alpha instead:

    >>> superspike(beta=fit_alpha(superspike(beta=1.0), x))(x) > 0.01
    Array([False,  True,  True, False], dtype=bool)
    """
    is_number = isinstance(coverage, int | float | np.number | np.ndarray | jax.Array) and not np.ndim(coverage)
    if not is_number or not (is_traced(coverage) or 0 < coverage <= 1):
        wrong = ValueError if is_number else TypeError
        raise wrong(f"fit_alpha: expected a coverage in (0, 1], got {describe_value(coverage)}")

    x = _potentials(g, x, "fit_alpha")
    wanted = jnp.asarray(coverage, x.dtype) * (1 - 1e-6)  # a mean is rounded: 5 of 25 may be less than 0.2
    alpha: jax.Array = call_cached(_steepest, node(g), _peak(function_of_x(g, x)), x, wanted)
    if not is_traced(alpha) and float(alpha) in _UNREACHED:
        expected = f"fit_alpha: expected a coverage that some alpha of {show(g)} gives, got {coverage}"
        raise ValueError(f"{expected}; {_UNREACHED[float(alpha)]}")
    return lax.stop_gradient(alpha)


def _steepest(g: Tree, peak: jax.Array, x: jax.Array, wanted: jax.Array) -> jax.Array:
    """Return by bisection the largest alpha at which enough are inside; 0 if too few ever are, infinity if always."""

    def covered(alpha: Any) -> jax.Array:
        return _inside(evaluated(lambda x: g(alpha * x), x, what="slope", blame=g), peak).mean() >= wanted

    def bisect(_: Any, alphas: Any) -> Any:
        low, high = alphas
        middle = jnp.sqrt(low * high)
        enough = covered(middle)
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    ends = tuple(vary_as(jnp.asarray(end, x.dtype), (g, peak, x)) for end in (_WIDEST, _STEEPEST))
    halvings = functools.partial(lax.fori_loop, 0, 60 if x.dtype == jnp.float64 else 32, bisect)
    alpha, _ = jax.jit(halvings)(ends)  # else JAX keeps what it compiles of a loop of a function that is not cached
    return jnp.where(covered(ends[0]), jnp.where(covered(ends[1]), jnp.inf, alpha), 0.0)


def _potentials(g: Shape, x: ArrayLike, who: str) -> jax.Array:
    potentials = lax.stop_gradient(jnp.atleast_1d(widened(as_potential(x, as_shape(g, who)))))
    if not potentials.size:
        raise ValueError(f"{who}: expected at least one potential, got an array of shape {potentials.shape}")
    return potentials


def _peak(g: Shape) -> jax.Array:
    lowest, highest = bounds(g)
    return jnp.maximum(-lowest, highest)


def _inside(slope: jax.Array, peak: jax.Array) -> jax.Array:
    """Return 1 where the slope is above 1 % of the peak, else 0; NaN without a finite peak."""
    inside = (jnp.abs(slope) > 0.01 * peak).astype(slope.dtype)
    return jnp.where(jnp.isfinite(peak), inside, jnp.nan)
