"""The checklist of a shape: sound as a function and, as a surrogate gradient should be, a bump at the threshold."""

import functools
import timeit
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..calculus import antiderivative, bounds, declares_soft_step, derivative
from ..core.facts import signature_of
from ..core.places import around
from ..core.shape import Shape, shape
from ..core.tree import unbound
from ..spike import make_spike
from . import probes
from .curves import samples
from .probes import LIMIT, SCATTERED, Array, Finding, Look, Row, is_elementwise, is_non_negative, numbers, values_of

_STEP = 3e-3  # of a parameter, for finite differences: more than 1e4 times the last digit of float32
_DIGITS = 2e-5  # of an integral, so that what its last ones do to a difference is less than what may be off


def look_at(made: Callable[[], Shape], usable: Callable[[Array], Array]) -> Look:
    """Return a function that surveys a shape when it is first called: places and slopes where usable, and the shape.

    >>> from surrofun import shapes
    >>> places, slopes, g = look_at(lambda: shapes.triangle, np.isfinite)()
    >>> float(slopes.max()), g is shapes.triangle
    (1.0, True)
    """

    @functools.cache
    def look() -> Any:
        g = made()
        places, slopes = (v.astype(float) for v in samples(g)[0])
        kept = usable(slopes)
        if not kept.any():
            raise ValueError("no slope is a finite number")
        return places[kept], slopes[kept], g

    return look


# A measure is given f(x) and, by keyword, the shape as a tree of its parameters and the look at it.


def _transforms(f: Shape, **_: Any) -> Finding:
    return probes.agree(f, {"grad": jax.grad(lambda x: make_spike(f)(x).sum())})


def _peaks_near(_: Shape, *, look: Look, **__: Any) -> Finding:
    places, slopes, _g = look()
    height, near = abs(slopes).max(), abs(slopes[abs(places) < 2e-5]).max(initial=0.0)
    return height > 0 and near >= height / 2, numbers(height=height, at=places[probes.tallest(places, slopes)])


def _is_unimodal(_: Shape, *, look: Look, **__: Any) -> Finding:
    places, slopes, _g = look()
    places, high = places[np.isfinite(slopes)], np.maximum(0, slopes[np.isfinite(slopes)])
    left, right = np.maximum.accumulate(high), np.maximum.accumulate(high[::-1])[::-1]
    valley = (np.minimum(left, right) - high) / max(high.max(), 1e-30)
    deepest = probes.nearest(places, valley == valley.max())
    return valley[deepest] < 1e-3, numbers(valley=valley[deepest], at=places[deepest])


def _is_finite(f: Shape, **_: Any) -> Finding:
    return probes.are_finite(probes.dtypes(), {"": f})


def _stays_in_bounds(f: Shape, *, g: Shape, look: Look) -> Finding:
    slopes = np.append(look()[1], values_of(f, np.array([-np.inf, np.inf])))
    least, most, size = slopes.min(), slopes.max(), abs(slopes).max()
    lowest, highest = (np.asarray(end, float) for end in bounds(g))
    ends = numbers(lowest=lowest.min(), highest=highest.max())
    beyond = max(ends["lowest"] - least, most - ends["highest"], 0.0)
    holds, wide = beyond <= 1e-5 * size, max(least - ends["lowest"], ends["highest"] - most) > 1e-2 * size
    if holds and wide:
        return LIMIT, {**ends, "slopes": f"{least:.3g} to {most:.3g}"}
    return holds, {**ends, "beyond": float(beyond)}


def _integrated(x: Any, g: Shape) -> Array | None:
    """Return the integral of the slope up to x, whatever soft step is declared; None where it is not found."""
    try:
        return np.asarray(antiderivative(shape(lambda x: g(x), around=lambda: around(g)))(x), float)  # type: ignore[misc]
    except ValueError:
        return None


def _rises(f: Shape, *, g: Shape, **_: Any) -> Finding:
    x, soft = jnp.asarray([-np.inf, *np.sort(SCATTERED, None), np.inf], jnp.float32), antiderivative(g)
    soft(x)  # raises where it is NaN at infinity, which is the finding
    heights, rises = np.asarray(jax.jit(lambda x: jax.jvp(soft, (x,), (jnp.ones_like(x),)))(x), float)
    if np.isnan(heights).any():
        return False, probes.first_bad(np.asarray(x), np.where(np.isnan(heights), np.nan, 0.0))
    agree, error = probes.same(values_of(f, np.asarray(x[1:-1])), rises[1:-1], tolerance=1e-3)
    fall = max(0.0, -np.diff(heights).min())
    found = {**numbers(area=heights[-1] - heights[0], fall=fall), "slope off": error}
    integrated, finite = _integrated(x, g), np.isfinite(heights)
    size = abs(heights[finite]).max()
    rises_as_told = agree and fall <= 1e-5 * size
    if integrated is None:
        return LIMIT if rises_as_told else False, {**found, "integral off": "not found"}
    off = float(np.ptp((heights - integrated)[finite]))
    return rises_as_told and off <= 5e-3 * size, {**found, "integral off": off}


def learns(_: Any, *, g: Shape, **__: Any) -> Finding:
    """Compare dS/dp with finite differences of the integral of the slope; a soft step that is searched for is slow.

    >>> from surrofun import shapes
    >>> learns(None, g=shapes.triangle)
    (True, 'none given; alpha=1.0 would be measured')
    """
    names, held, moved = probes.floats_in(g, scalar=True)
    if not names:
        return True, f"none given{_which_to_give(g)}"
    x = jnp.float32(SCATTERED)

    def rates_of(soft: Callable[[Shape], Shape]) -> Callable[[Any], Any]:
        return jax.jit(jax.jacfwd(lambda values: soft(moved(values))(x)))

    values, rates = np.array(held, np.float32), rates_of(antiderivative)
    learned, at, errors = np.asarray(rates(values), float), _integrated(x, moved(values)), {}
    steps = np.diag(_STEP * np.where(values, abs(values), np.float32(1)))
    for i, (name, step) in enumerate(zip(names, steps, strict=True)):
        above, below = (_integrated(x, moved(v)) for v in (values + step, values - step))
        if at is None or above is None or below is None:
            return LIMIT, "integral not found"
        # Where a kink of the soft step passes a potential, the difference on one side is right.
        moves = np.stack([above - at, at - below, (above - below) / 2]) / step[i]
        error = abs(moves - learned[..., i]).min(0).max() / (abs(moves).max() + _DIGITS * abs(at).max() / step[i])
        number = f" {names[:i].count(name) + 1}" if names.count(name) > 1 else ""  # of several of one name
        errors[f"{name}{number}"] = float(error)
    if not all(error <= 0.03 for error in errors.values()):
        return False, errors
    if declares_soft_step(g):
        return True, errors
    # One that is declared takes about as long as the slope.
    return LIMIT, {**errors, "times as slow": _seconds(rates, values) / _seconds(rates_of(lambda g: g), values)}


def _which_to_give(g: Shape) -> str:
    _, takes = signature_of(unbound(g).f)
    parameters = takes.parameters.values() if takes else ()
    floats = [f"{p.name}={p.default}" for p in parameters if isinstance(p.default, float)]
    return f"; {', '.join(floats)} would be measured" if floats else ""


def _seconds(f: Callable[[Any], Any], values: Array) -> float:
    """Return how long the fastest of five calls of a compiled function takes."""
    jax.block_until_ready(f(values))
    return min(timeit.repeat(lambda: jax.block_until_ready(f(values)), number=1, repeat=5))


def _has_second_derivative(f: Shape, **_: Any) -> Finding:
    x = probes.every_size(jnp.float32)
    x = x[abs(x) <= 1e6]
    slopes = values_of(jax.jit(derivative(f)), x)
    bad, steepest = probes.first_bad(x, slopes), abs(slopes).argmax()
    return not bad, bad or numbers(largest=abs(slopes[steepest]), at=x[steepest])


_keeps_dtype = functools.partial(probes.keeps_dtype, may_be_weak=True)

LEARNED = "a search is slow and follows seven jumps: declare soft=, an antiderivative that is near its limits at 1e12"
SHAPE_ROWS: tuple[Row, ...] = (
    ("runs", probes.runs, "write a function of an array x, and of the parameters given, that returns one real array"),
    ("shape kept", probes.keeps_shape, "return one slope for each potential, whatever the shape of x is"),
    ("elementwise", is_elementwise, "compute each slope from its own potential, with no sum, sort or norm over x"),
    ("eager = jit = vmap = grad", _transforms, "use jax.numpy and jnp.where, not numpy, if and x.shape"),
    ("dtype kept", _keeps_dtype, "decorate with @surrofun.shape; a spike rounds to the dtype of x anyway"),
    ("non-negative", is_non_negative, "use jnp.maximum(slope, 0): a negative slope trains a neuron the wrong way"),
    ("peak near the threshold", _peaks_near, "move it with shift, unless the step has its thresholds elsewhere"),
    ("falls again", probes.falls_again, probes.SOFT_STEP),
    ("unimodal", _is_unimodal, "use one bump for one threshold; several are right where the step has several"),
    ("finite", _is_finite, "limit x, or use exp(-|x|) for tails; @surrofun.shape mends half precision"),
    ("bounds hold", _stays_in_bounds, "declare the least and the largest slope, shape(g, bounds=...)"),
    ("soft step fits", _rises, "declare one whose derivative is the slope, shape(g, soft=...), with its limits"),
    ("second derivative finite", _has_second_derivative, "limit x or round the place off; only Hessians need it"),
    ("learned parameters", learns, LEARNED),
)
# After one of these that is not as it should be, nothing is measured.
SHAPE_GATES = {"runs", "shape kept", "elementwise", "eager = jit = vmap = grad", "finite"}
