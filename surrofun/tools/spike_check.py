"""The checklist of a finished spike function, of this package or of any other: its step, its slope, where it works."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..calculus import surveyed
from ..core.shape import shape
from . import probes
from . import spike_uses as uses
from .closest import closest
from .curves import in_order, samples
from .probes import BLOCK, LIMIT, SCATTERED, Array, Finding, Function, Look, Stage, first_bad, numbers, values_of
from .spike_uses import slope_of

_MOST_LEVELS = 64  # of a step; a function of more values than this is none
_NEAR = 1e-5  # of a threshold, on either side, is still at it
_EVERYWHERE = np.concatenate([s * np.geomspace(1e-6, 1e3, 383) for s in (-1, 1)] + [np.zeros(2)])


def is_step(f: Function, **_: Any) -> Finding:
    """Say whether f can be traced, keeps the shape of x and has a few levels, as a step has; how many it has.

    >>> is_step(jnp.sign), is_step(jnp.tanh)[0]
    ((True, 3), False)
    """
    traced = jax.eval_shape(f, jnp.zeros(BLOCK))
    levels = len(np.unique([values_of(f, x.ravel()) for x in (_EVERYWHERE, SCATTERED)]))
    return traced.shape == BLOCK and 1 < levels <= _MOST_LEVELS, levels


def has_a_rule_of_its_own(f: Function, **_: Any) -> Finding:
    """Say whether the derivative of f is not that of its values; where it tells, and where the values move otherwise.

    A potential tells if f would move by more than rounding, were the derivative right, in a step of 1 % or 0.1 %.

    >>> has_a_rule_of_its_own(jnp.tanh)[0], has_a_rule_of_its_own(lambda x: jnp.floor(x) + x - jax.lax.stop_gradient(x))
    (False, (True, {'potentials': 538, 'differ': 538}))
    """
    if not jnp.issubdtype(jax.eval_shape(f, jnp.zeros(BLOCK)).dtype, jnp.floating):
        below, above = _far_off(f)
        return below < above, "no derivative"
    at, slopes = values_of(f, SCATTERED), values_of(slope_of(f), SCATTERED)
    if np.isnan(slopes).any():
        return True, f"slope {first_bad(SCATTERED, slopes)}"
    tells, follows = np.zeros(BLOCK, bool), np.zeros(BLOCK, bool)
    for step in (1e-2, 1e-3):
        expected = slopes * step * SCATTERED
        moved = values_of(f, (1 + step) * SCATTERED) - at
        tells |= abs(expected) > 1e-5 * abs(at).max()
        follows |= abs(moved - expected) < abs(expected) / 2
    counted = {"potentials": int(tells.sum()), "differ": int((tells & ~follows).sum())}
    return counted["differ"] > counted["potentials"] / 2, counted


def look_at(f: Function) -> Look:
    """Return a function that surveys the slope of a spike when it is first called: places, slopes, area, the slope.

    >>> round(look_at(jnp.tanh)()[2], 4)
    2.0
    """

    def look() -> Any:
        thresholds = _thresholds(f)
        g = shape(jax.jit(slope_of(f)), around=lambda: [(at, 1.0) for at in thresholds])
        found = surveyed(g, jnp.zeros((1,)))
        places, slopes = in_order(*samples(found))
        finite = np.isfinite(slopes)
        area = float(found["area"].item()) if found["known"].item() else float("nan")
        return places[finite].astype(float), slopes[finite].astype(float), area, g

    return functools.cache(look)


# A measure is given f(x), the spike with its parameters; and by keyword the spike itself, its parameters, a function
# that builds it again or None, and the look at its slope.


def _fires(f: Function, **_: Any) -> Finding:
    ok, told = probes.runs(f)
    if not ok:
        return ok, told
    levels = np.unique(values_of(f, _EVERYWHERE))
    levels = levels[~np.isnan(levels)]
    if len(levels) < 2:
        return False, f"never changes from {levels}"
    below, above = _far_off(f)
    if above < below:
        return False, f"falls from {below:.3g} to {above:.3g}"
    if len(levels) > _MOST_LEVELS:
        return True, f"rises from {below:.3g} to {above:.3g}, without levels"
    return True, {"levels": " ".join(f"{level:.3g}" for level in levels), "threshold": _thresholds(f)[0]}


def _at(f: Function, x: float) -> Array:
    """Return f at one potential, which is given to it a whole block of times."""
    return values_of(f, np.full(BLOCK, x))


def _far_off(f: Function) -> tuple[float, float]:
    """Return what the step is on average far below and far above the threshold."""
    return float(_at(f, -1e3).mean()), float(_at(f, 1e3).mean())


def _thresholds(f: Function) -> list[float]:
    """Return where the step has its levels, the nearest to 0 first; [0.0] where it has none or too many."""
    x = np.unique(_EVERYWHERE)
    levels = values_of(f, x)
    (jumps,) = np.nonzero(np.diff(levels))
    if not 0 < len(jumps) <= _MOST_LEVELS:
        return [0.0]
    _, above = probes.bisect(lambda x: values_of(f, x) == levels[jumps], x[jumps], x[jumps + 1])
    found = np.where(abs(above) < 1e-9, 0.0, np.float32(above))
    return sorted(found.tolist(), key=abs)


def _is_drawn(f: Function) -> bool:
    """Say whether f has several values at the same potential, of three that are asked 256 times each."""
    return bool(np.ptp(values_of(f, np.broadcast_to(SCATTERED[:, :1], BLOCK)), axis=1).any())


def _unless_drawn(measure: Callable[..., Finding]) -> Callable[..., Finding]:
    """Return the measure for a step that has to be the same at the same potential; one that is drawn is a limit."""
    return lambda f, **known: (LIMIT, "drawn at random") if _is_drawn(f) else measure(f, **known)


def _at_zero(f: Function, **_: Any) -> Finding:
    at, at_minus = (float(_at(f, zero)[0, 0]) for zero in (0.0, -0.0))
    return (True, at) if at == at_minus else (False, {"at 0": at, "at -0": at_minus})


def _is_silent_at_nan(f: Function, **_: Any) -> Finding:
    at = float(_at(f, np.nan)[0, 0])
    return not at > max(0.0, _at(f, -1e3).min()), at


def _is_one_step(f: Function, **_: Any) -> Finding:
    return probes.agree(f, jit=f, vmap=jax.vmap(jax.vmap(f)))


def _has_a_slope(f: Function, *, look: Look, **_: Any) -> Finding:
    slope = slope_of(f)
    if _is_drawn(slope):
        return LIMIT, "drawn at random"
    if not values_of(slope, SCATTERED).any():
        return False, "0 everywhere"
    places, slopes, area, _g = look()
    i = probes.highest(places, slopes)
    return True, numbers(peak=slopes[i], at=places[i], area=area)


def _peaks_at_a_threshold(f: Function, *, look: Look, **_: Any) -> Finding:
    _places, slopes, *_rest = look()
    thresholds = np.array(_thresholds(f))
    at = np.concatenate([thresholds, thresholds - _NEAR, thresholds + _NEAR])
    near = np.nan_to_num(abs(values_of(slope_of(f), at)))
    i = (near >= (1 - 1e-6) * near.max()).argmax()  # the first of the highest, at the threshold itself
    return near[i] >= abs(slopes).max() / 2, numbers(height=near[i], at=at[i])


def _is_finite(f: Function, **_: Any) -> Finding:
    kept = [dtype for dtype in probes.dtypes() if jax.eval_shape(f, jnp.zeros(BLOCK, dtype)).dtype == dtype]
    return probes.are_finite(kept, {"spike": f, "slope": slope_of(f)})


def _closest(_: Function, *, look: Look, **__: Any) -> Finding:
    places, slopes, _area, g = look()
    return True, closest(g, places, slopes)


_TRACED = "give the rule what it needs as arguments: it closes over something that is traced"
SPIKE_STAGES: tuple[Stage, ...] = (
    {"fires": (_fires, "return one real array of spikes: a low level below the threshold, a higher one above")},
    {"shape kept": (probes.keeps_shape, "return one spike for each potential, whatever the shape of x is")},
    {
        "elementwise": (_unless_drawn(probes.is_elementwise), "compute each spike from its own potential alone"),
        "dtype kept": (probes.keeps_dtype, "return spikes in the dtype of x: (x >= 0).astype(x.dtype)"),
        "H(0)": (_unless_drawn(_at_zero), "compare with x >= 0 or x > 0, which hold for 0 and -0 alike"),
        "silent at NaN": (_is_silent_at_nan, "ask for x >= 0 rather than for not x < 0: no comparison holds for NaN"),
        "eager = jit = vmap": (_unless_drawn(_is_one_step), "use jax.numpy and jnp.where, not numpy, if and x.shape"),
        "slope by jax.grad": (_has_a_slope, "have the rule return the cotangent times a slope that is not 0"),
    },
    {"slope elementwise": (uses.slope_is_elementwise, "compute each slope from its own potential alone")},
    {
        "cotangent": (uses.multiplies_the_cotangent, "have the rule return the cotangent given to it times the slope"),
        "non-negative": (probes.is_non_negative, "mind the sign: a negative slope trains a neuron the wrong way"),
        "peak at a threshold": (_peaks_at_a_threshold, "centre the slope where the step rises"),
        "finite": (_is_finite, "limit x, or use exp(-|x|) for tails: exp(x) overflows, and inf / inf is NaN"),
        **{name: (measure, _TRACED) for name, measure in uses.GRAD_UNDER.items()},
        "second derivative": (uses.has_second_derivative, "only Hessians and meta-gradients need it"),
        "forward mode": (uses.has_forward_mode, "only jvp and jacfwd need it: jax.custom_jvp"),
        "traced parameters": (uses.takes_tracers, "only annealing and learning need it"),
        "bytes a spike": (uses.keeps, "keep the slope, or the potential, and no second array"),
        "rebuilding": (uses.is_rebuilt, "build it once, outside of the loop"),
        "pickling": (uses.is_pickled, "only other processes need it: no closures"),
        "closest shape": (_closest, "give the rule a slope that is finite somewhere"),
    },
)
# Of these an exception is a limit.
MAY_LACK = {"second derivative", "forward mode", "traced parameters", "rebuilding", "pickling"}
