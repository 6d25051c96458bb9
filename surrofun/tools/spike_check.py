"""The checklist of a finished spike function, of this package or of any other: its step, its slope, where it works."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from ..calculus import surveyed
from ..core.shape import shape
from ..core.tree import part
from . import spike_uses as uses
from .closest import closest
from .probes import (
    BLOCK,
    LIMIT,
    SCATTERED,
    Finding,
    Function,
    Stage,
    agree,
    dtypes,
    every_size,
    first_bad,
    is_elementwise,
    is_non_negative,
    keeps_shape,
    nearest,
    numbers,
    runs,
    values_of,
)
from .spike_uses import slope_of

Look: TypeAlias = Callable[[], dict[str, Any]]  # at the slope, over the whole line; it is done once

_MOST_LEVELS = 64  # of a step; a function of more values than this is none
_NEAR = 1e-5  # of a threshold, on either side, is still at it
_EVERYWHERE = np.concatenate([s * np.geomspace(1e-6, 1e3, 383) for s in (-1, 1)] + [np.zeros(2)])


def is_step(f: Function, *_: Any) -> Finding:
    """Say whether f can be traced, keeps the shape of x and has a few levels, as a step has; how many it has.

    >>> is_step(jnp.sign), is_step(jnp.tanh)[0]
    ((True, 3), False)
    """
    traced = jax.eval_shape(f, jnp.zeros(BLOCK))
    levels = len(np.unique([values_of(f, x.ravel()) for x in (_EVERYWHERE, SCATTERED)]))
    return traced.shape == BLOCK and 1 < levels <= _MOST_LEVELS, levels


def has_a_rule_of_its_own(f: Function, *_: Any) -> Finding:
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
    """Return a function that surveys the slope of a spike when it is first called.

    >>> round(look_at(jnp.tanh)()["area"], 4)
    2.0
    """

    def look() -> dict[str, Any]:
        thresholds = _thresholds(f)
        g = shape(jax.jit(slope_of(f)), around=lambda: [(at, 1.0) for at in thresholds])
        found = surveyed(part(g, jnp.zeros((1,))))
        x = np.append(np.ravel(found["places"]), [found["lowest_at"], found["highest_at"]])
        slopes = np.append(np.ravel(found["slopes"]), [found["lowest"], found["highest"]])
        order = np.argsort(x, kind="stable")
        order = order[np.isfinite(slopes[order])]
        area = float(found["area"].item()) if found["known"].item() else float("nan")
        return {"places": x[order].astype(float), "slopes": slopes[order].astype(float), "area": area, "slope": g}

    return functools.cache(look)


# Each measure is given f(x), the spike with its parameters; then the spike itself and its parameters, a function that
# builds it again or None, and the look at its slope.


def _fires(f: Function, *_: Any) -> Finding:
    ok, told = runs(f)
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


def _far_off(f: Function) -> tuple[float, float]:
    """Return what the step is on average far below and far above the threshold."""
    below, above = (float(values_of(f, np.full(BLOCK, far)).mean()) for far in (-1e3, 1e3))
    return below, above


def _thresholds(f: Function) -> list[float]:
    """Return where the step has its levels, the nearest to 0 first; [0.0] where it has none or too many."""
    x = np.unique(_EVERYWHERE)
    levels = values_of(f, x)
    (jumps,) = np.nonzero(np.diff(levels))
    if not 0 < len(jumps) <= _MOST_LEVELS:
        return [0.0]
    low, high = x[jumps], x[jumps + 1]
    for _ in range(30):
        middle = (low + high) / 2
        before = values_of(f, middle) == levels[jumps]
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    found = np.where(abs(high) < 1e-9, 0.0, np.float32(high))
    return [float(at) for at in found[np.argsort(abs(found), kind="stable")]]


def _is_drawn(f: Function) -> bool:
    """Say whether f has several values at the same potential, of three that are asked 256 times each."""
    return bool(np.ptp(values_of(f, np.broadcast_to(SCATTERED[:, :1], BLOCK)), axis=1).any())


def _unless_drawn(measure: Callable[..., Finding]) -> Callable[..., Finding]:
    """Return the measure for a step that has to be the same at the same potential; one that is drawn is a limit."""

    def measured(f: Function, *parts: Any) -> Finding:
        return (LIMIT, "drawn at random") if _is_drawn(f) else measure(f, *parts)

    return measured


def _keeps_dtype(f: Function, *_: Any) -> Finding:
    came = {str(dtype): jax.eval_shape(f, jnp.zeros(BLOCK, dtype)) for dtype in dtypes()}
    lost = {d: f"becomes {out.dtype}" for d, out in came.items() if out.dtype != d}
    return not lost, lost or ", ".join(came)


def _at_zero(f: Function, *_: Any) -> Finding:
    at, at_minus = (float(values_of(f, np.full(BLOCK, zero)).ravel()[0]) for zero in (0.0, -0.0))
    return (True, at) if at == at_minus else (False, {"at 0": at, "at -0": at_minus})


def _is_silent_at_nan(f: Function, *_: Any) -> Finding:
    at = float(values_of(f, np.full(BLOCK, np.nan)).ravel()[0])
    return not at > max(0.0, values_of(f, np.full(BLOCK, -1e3)).min()), at


def _is_one_step(f: Function, *_: Any) -> Finding:
    return agree(f, jit=f, vmap=jax.vmap(jax.vmap(f)))


def _has_a_slope(f: Function, *parts: Any) -> Finding:
    slope = slope_of(f)
    if _is_drawn(slope):
        return LIMIT, "drawn at random"
    if not values_of(slope, SCATTERED).any():
        return False, "0 everywhere"
    found = parts[-1]()
    places, slopes = found["places"], found["slopes"]
    height = abs(slopes).max()
    highest = nearest(places, abs(slopes) >= (1 - 1e-6) * height)
    return True, numbers(peak=slopes[highest], at=places[highest], area=found["area"])


def _is_non_negative(_: Function, *parts: Any) -> Finding:
    found = parts[-1]()
    return is_non_negative(found["places"], found["slopes"])


def _peaks_at_a_threshold(f: Function, *parts: Any) -> Finding:
    height = abs(parts[-1]()["slopes"]).max()
    thresholds = np.array(_thresholds(f))
    at = np.concatenate([thresholds, thresholds - _NEAR, thresholds + _NEAR])
    slopes = np.nan_to_num(abs(values_of(slope_of(f), at)))
    highest = (slopes >= (1 - 1e-6) * slopes.max()).argmax()  # the first of them, at the threshold itself
    return slopes[highest] >= height / 2, numbers(height=slopes[highest], at=at[highest])


def _is_finite(f: Function, *_: Any) -> Finding:
    kept = [dtype for dtype in dtypes() if jax.eval_shape(f, jnp.zeros(BLOCK, dtype)).dtype == dtype]
    bad: dict[str, str] = {}
    for dtype in kept:
        x = every_size(dtype)
        told = {what: first_bad(x, values_of(h, x, dtype)) for what, h in (("spike", f), ("slope", slope_of(f)))}
        bad |= {str(dtype): f"{what} {text}" for what, text in told.items() if text}
    return not bad, bad or ", ".join(map(str, kept))


def _closest(_: Function, *parts: Any) -> Finding:
    found = parts[-1]()
    return True, closest(found["slope"], found["places"], found["slopes"])


_TRACED = "give the rule what it needs as arguments: it closes over something that is traced"
SPIKE_STAGES: tuple[Stage, ...] = (
    {"fires": (_fires, "return one real array of spikes: a low level below the threshold, a higher one above")},
    {"shape kept": (keeps_shape, "return one spike for each potential, whatever the shape of x is")},
    {
        "elementwise": (_unless_drawn(is_elementwise), "compute each spike from its own potential alone"),
        "dtype kept": (_keeps_dtype, "return spikes in the dtype of x: (x >= 0).astype(x.dtype)"),
        "H(0)": (_unless_drawn(_at_zero), "compare with x >= 0 or x > 0, which hold for 0 and -0 alike"),
        "silent at NaN": (_is_silent_at_nan, "ask for x >= 0 rather than for not x < 0: no comparison holds for NaN"),
        "eager = jit = vmap": (_unless_drawn(_is_one_step), "use jax.numpy and jnp.where, not numpy, if and x.shape"),
        "slope by jax.grad": (_has_a_slope, "have the rule return the cotangent times a slope that is not 0"),
    },
    {"slope elementwise": (uses.slope_is_elementwise, "compute each slope from its own potential alone")},
    {
        "cotangent": (uses.multiplies_the_cotangent, "have the rule return the cotangent given to it times the slope"),
        "non-negative": (_is_non_negative, "mind the sign: a negative slope trains a neuron the wrong way"),
        "peak at a threshold": (_peaks_at_a_threshold, "centre the slope where the step rises"),
        "finite": (_is_finite, "limit x, or use exp(-|x|) for tails: exp(x) overflows, and inf / inf is NaN"),
        "grad under jit": (uses.under_jit, _TRACED),
        "grad under vmap": (uses.under_vmap, _TRACED),
        "grad under scan": (uses.under_scan, _TRACED),
        "grad under checkpoint": (uses.under_checkpoint, _TRACED),
        "grad under shard_map": (uses.under_shard_map, _TRACED),
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
