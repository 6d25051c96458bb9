"""The checklist of a finished spike function, of this package or of any other: its step, its slope, where it works."""

import contextlib
import functools
import pickle
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, PartitionSpec

from ..calculus import area
from ..core.shape import Shape, shape
from . import probes
from .closest import closest
from .probes import BLOCK, LIMIT, SCATTERED, Array, Finding, Function, Look, Row, numbers, same, values_of
from .shape_check import LEARNED, learns

Backward: TypeAlias = Callable[[Any, Any], Any]  # (potentials, cotangents) -> gradients

_MOST_LEVELS = 64  # of a step; a function of more values than this is none
_NEAR = 1e-5  # of a threshold, on either side, is still at it
_EVERYWHERE = np.concatenate([s * np.geomspace(1e-6, 1e3, 383) for s in (-1, 1)] + [np.zeros(2)])
_COTANGENT = np.random.default_rng(1).normal(size=BLOCK)  # what the rule is given, a number for each spike
_COARSEST = 0.25  # that a residual code may be off, in peaks of the slope
_DIFFERENCE = 1e-2  # of a potential, for the second derivative: a step of finite differences


def is_step(f: Function) -> Finding:
    """Say whether f can be traced, keeps the shape of x and has a few levels, as a step has; nothing else is measured.

    >>> is_step(jnp.sign), is_step(jnp.sin)
    ((True, None), (False, None))
    """
    traced = jax.eval_shape(f, jnp.zeros(BLOCK))
    levels = np.unique([values_of(f, x.ravel()) for x in (_EVERYWHERE, SCATTERED)])
    return traced.shape == BLOCK and 1 < len(levels) <= _MOST_LEVELS, None


def has_a_rule_of_its_own(f: Function) -> Finding:
    """Say whether the derivative of f is NaN anywhere, or disagrees with its values at most potentials that can tell.

    A potential can tell if the derivative predicts that a step of 1 % or 0.1 % changes f by more than rounding.

    >>> from surrofun import make_spike, shapes
    >>> has_a_rule_of_its_own(make_spike(shapes.triangle)), has_a_rule_of_its_own(jnp.sin)
    ((True, None), (False, None))
    """
    if not jnp.issubdtype(jax.eval_shape(f, jnp.zeros(BLOCK)).dtype, jnp.floating):  # it has no derivative
        below, above = _far_off(f)
        return below < above, None
    at, slopes = values_of(f, SCATTERED), values_of(slope_of(f), SCATTERED)
    steps = np.array([1e-2, 1e-3])[:, None, None] * SCATTERED
    expected, moved = slopes * steps, values_of(f, SCATTERED + steps) - at
    tells = (abs(expected) > 1e-5 * abs(at).max()).any(0)
    follows = (abs(moved - expected) < abs(expected) / 2).any(0)
    return bool(np.isnan(slopes).any() or (tells & ~follows).sum() > tells.sum() / 2), None


def slope_of(f: Function) -> Function:
    """Return the derivative of f, as its rule for reverse mode gives it.

    >>> slope_of(jnp.square)(3.0)
    Array(6., dtype=float32, weak_type=True)
    """
    return jax.grad(lambda x: jnp.sum(f(x)))


def backward(f: Function) -> Backward:
    """Return what the rule of f makes of a cotangent, as a function of x and the cotangent.

    >>> backward(jnp.square)(3.0, 0.5)
    Array(3., dtype=float32, weak_type=True)
    """
    return lambda x, cotangent: jax.vjp(f, x)[1](cotangent)[0]


def shape_of(f: Function) -> Shape:
    """Return the derivative of f as a shape that is around the thresholds.

    >>> from surrofun import make_spike, shapes
    >>> shape_of(make_spike(shapes.triangle))(0.25)
    Array(0.75, dtype=float32)
    """
    places = [(at, 1.0) for at in _thresholds(f)]
    return shape(jax.jit(slope_of(f)), around=lambda: places)


# A measure is given f(x) and, by keyword: `g`, the spike as a tree of its parameters; `own`, its shape if `make_spike`
# made it, else None; `again`, which builds it again, or None; and `look`, the survey of its slope.


def _fires(f: Function, **_: Any) -> Finding:
    ok, what = probes.runs(f)
    if not ok:
        return ok, what
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
    """Return where the step jumps, the place nearest to 0 first; [0.0] where it never does, or too often."""
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
    return lambda f, **known: (LIMIT, probes.DRAWN) if _is_drawn(f) else measure(f, **known)


def _unless_slope_is_drawn(measure: Callable[..., Finding]) -> Callable[..., Finding]:
    """Return the same for a slope, which a residual code may draw."""
    return lambda f, **known: (LIMIT, probes.DRAWN) if _is_drawn(slope_of(f)) else measure(f, **known)


def _at_zero(f: Function, **_: Any) -> Finding:
    at, at_minus = values_of(f, np.array([0.0, -0.0])).tolist()
    return (True, at) if at == at_minus else (False, {"at 0": at, "at -0": at_minus})


def _is_silent_at_nan(f: Function, **_: Any) -> Finding:
    at = float(_at(f, np.nan)[0, 0])
    return not at > max(0.0, _at(f, -1e3).min()), at


@_unless_slope_is_drawn
def _has_a_slope(f: Function, *, look: Look, **_: Any) -> Finding:
    if not values_of(slope_of(f), SCATTERED).any():
        return False, "0 everywhere"
    places, slopes, g = look()
    i = probes.tallest(places, slopes)
    found = numbers(peak=slopes[i], at=places[i])
    with contextlib.suppress(ValueError):  # the area of a slope in many steps is not found
        found |= numbers(area=area(g))
    return True, found


@_unless_slope_is_drawn
def _peaks_at_a_threshold(f: Function, *, look: Look, **_: Any) -> Finding:
    _places, slopes, _g = look()
    thresholds, peak = np.array(_thresholds(f)), abs(slopes).max()
    at = np.concatenate([thresholds, thresholds - _NEAR, thresholds + _NEAR])
    near = np.nan_to_num(abs(values_of(slope_of(f), at)))
    without = (near.reshape(3, -1).max(0) < peak / 100).sum()
    i = (near >= (1 - 1e-6) * near.max()).argmax()  # the first of the highest, at the threshold itself
    is_high = near[i] >= peak / 2
    if is_high and without and not _is_drawn(f):
        return LIMIT, f"less than 1 % of it at {without} of {len(thresholds)}"
    return is_high, numbers(height=near[i], at=at[i])


def _is_finite(f: Function, **_: Any) -> Finding:
    kept = [dtype for dtype in probes.dtypes() if jax.eval_shape(f, jnp.zeros(BLOCK, dtype)).dtype == dtype]
    return probes.are_finite(kept, {"spike": f, "slope": slope_of(f)})


@_unless_slope_is_drawn
def _closest(_: Function, *, look: Look, **__: Any) -> Finding:
    places, slopes, g = look()
    return True, closest(g, places, slopes)


def _gradients(way: Backward) -> Any:
    return way(jnp.float32(SCATTERED), jnp.float32(_COTANGENT))


@_unless_slope_is_drawn
def _slope_is_elementwise(f: Function, **_: Any) -> Finding:
    return probes.is_elementwise(slope_of(f))


@_unless_slope_is_drawn
def _is_of_its_shape(f: Function, *, own: Any, **_: Any) -> Finding:
    """Measure how far the slope is off that of the shape, relative to its peak: by digits that a residual code loses,
    or because its decode does not return what its encode was given.
    """
    if own is None:
        return True, "none known"
    slopes, expected = values_of(slope_of(f), SCATTERED), values_of(own, SCATTERED)
    finite = np.isfinite(expected)
    off = abs(slopes - expected)[finite].max() / abs(expected[finite]).max()
    return bool(off <= _COARSEST), float(off)


def _multiplies_the_cotangent(f: Function, **_: Any) -> Finding:
    return same(_gradients(backward(f)), _COTANGENT * values_of(slope_of(f), SCATTERED))


def _over_time(f: Function) -> Backward:
    """Return the backward pass through a leaky integrator that is reset by its spikes."""

    def step(v: Any, x: Any) -> Any:
        v = 0.9 * v + x
        spikes = f(v)
        return v - spikes, spikes

    return backward(lambda inputs: lax.scan(step, jnp.zeros_like(inputs[0]), inputs)[1])


def _devices() -> list[Any]:
    """Return the devices that the potentials are divided among, eight at most."""
    return jax.devices()[: max(n for n in (1, 2, 4, 8) if n <= jax.device_count())]


def _sharded(f: Function) -> list[Backward]:
    """Return the backward pass of a spike inside of `jax.shard_map`, from outside and from inside of it."""
    devices, spec = _devices(), PartitionSpec(None, "neurons")
    mesh = jax.make_mesh((len(devices),), ("neurons",), axis_types=(AxisType.Auto,), devices=devices)
    inside = jax.shard_map(backward(f), mesh=mesh, in_specs=(spec, spec), out_specs=spec)
    return [backward(jax.shard_map(f, mesh=mesh, in_specs=spec, out_specs=spec)), inside]


# How a gradient is taken under a transformation, which has to be what an eager call gives.
_UNDER: dict[str, Callable[[Function], list[Backward]]] = {
    "jit": lambda f: [backward(f)],
    "vmap": lambda f: [backward(jax.vmap(jax.vmap(f))), jax.vmap(jax.vmap(backward(f)))],
    "scan": lambda f: [_over_time(f)],
    "checkpoint": lambda f: [backward(jax.checkpoint(f))],
    "shard_map": _sharded,
}
_DIVIDED = "vmap", "shard_map"  # for which a spike sees parts of the potentials, and draws for each of them anew


def grad_under(transformation: str, f: Function, **_: Any) -> Finding:
    """Compare gradients under a transformation, all of them under `jax.jit` too, with that of an eager call.

    >>> from surrofun import make_spike, shapes
    >>> grad_under("vmap", make_spike(shapes.triangle))
    (True, 0.0)
    """
    if transformation in _DIVIDED and _is_drawn(slope_of(f)):
        return LIMIT, probes.DRAWN
    with jax.disable_jit(transformation == "scan"):  # which makes it a loop in Python
        expected = _gradients(_over_time(f) if transformation == "scan" else backward(f))
    came = _gradients(jax.jit(lambda *operands: [way(*operands) for way in _UNDER[transformation](f)]))
    ok, difference = same(expected, *came)
    return ok, {"devices": len(_devices()), "difference": difference} if transformation == "shard_map" else difference


@_unless_slope_is_drawn
def _has_second_derivative(f: Function, **_: Any) -> Finding:
    """Compare the derivative of the slope with finite differences; at a kink of it a few may differ."""
    slope = slope_of(f)
    rates = values_of(jax.jit(slope_of(slope)), SCATTERED)
    bad = probes.first_bad(SCATTERED, rates)
    step = _DIFFERENCE * abs(SCATTERED)
    differences = (values_of(slope, SCATTERED + step) - values_of(slope, SCATTERED - step)) / (2 * step)
    rounding = 1e-6 * abs(values_of(slope, SCATTERED)).max() / step
    wrong = abs(rates - differences) > 0.1 * abs(differences) + 1e-3 * abs(rates).max() + rounding
    return bool(not bad and wrong.mean() < 0.1), bad or numbers(largest=abs(rates).max(), wrong=wrong.mean())


def _has_forward_mode(f: Function, **_: Any) -> Finding:
    """Compare what `jax.jvp` makes of a tangent with what the rule for reverse mode makes of it."""
    return same(_gradients(backward(f)), _gradients(lambda x, tangent: jax.jvp(f, (x,), (tangent,))[1]))


@_unless_slope_is_drawn
def _takes_tracers(f: Function, *, g: Function, **_: Any) -> Finding:
    """Compare the gradient of a scan, where the parameters that are floats are traced, with that of an eager call."""
    names, floats, rebuilt = probes.floats_in(g)
    if not names:
        return True, "none given"

    def scanned(floats: Any) -> Any:
        return _gradients(backward(lambda x: lax.scan(lambda same, row: (same, rebuilt(same)(row)), floats, x)[1]))

    return same(_gradients(backward(f)), jax.jit(scanned)([jnp.asarray(v) for v in floats]))


def _learns(_: Function, *, g: Function, own: Any, learnable: bool, **__: Any) -> Finding:
    """Check the soft step of a spike that is made with `learnable=True`."""
    if learnable or (own and not probes.floats_in(own)[0]):  # of none, it says which could be given
        return learns(g, g=own)
    return True, "none learned"


def _kept_bytes(f: Function, *, g: Function, own: Any, **_: Any) -> Finding:
    """Measure how many bytes a spike keeps for the backward pass; more than one array of float32 is a limit.

    So are more of them where the parameters are differentiated, too, for which `make_spike` keeps the potentials.
    """
    x = jnp.float32(SCATTERED)

    def kept(fire: Callable[..., Any], *operands: Any) -> int:
        arrays = jax.tree.leaves(jax.eval_shape(lambda *operands: jax.vjp(jax.jit(fire), *operands)[1], *operands))
        return sum(v.size * v.dtype.itemsize for v in arrays)

    def each(fire: Callable[..., Any], x: jax.Array, *operands: Any) -> float:  # without what is kept but once
        return (kept(fire, jnp.tile(x, (1, 2)), *operands) - kept(fire, x, *operands)) / x.size

    _names, floats, rebuilt = probes.floats_in(g)
    plain = each(f, x)
    learning = each(lambda x, floats: rebuilt(floats)(x), x, floats) if own else plain
    if learning > 1.1 * plain:
        return LIMIT, {"of x": plain, "of parameters": learning}
    return True if plain <= 1.01 * x.dtype.itemsize else LIMIT, plain


def _is_rebuilt(_: Function, *, again: Any, **__: Any) -> Finding:
    """Say whether a spike that is built again is the same to `jax.jit`, which it is given as a static argument."""
    if again is None:
        return True, None
    one, other = again(), again()
    is_same = hash(one) == hash(other) and one == other
    return (True, "traced once when built twice") if is_same else (LIMIT, "traced twice when built twice")


def _is_pickled(f: Function, *, g: Function, **_: Any) -> Finding:
    """Say whether a copy of a spike that is made of its bytes has the same derivative, and how many bytes these are."""
    data = pickle.dumps(g)
    ok, _difference = same(_gradients(backward(f)), _gradients(backward(pickle.loads(data))))
    return ok, f"{len(data)} bytes"


_is_non_negative, _falls_again = map(_unless_slope_is_drawn, (probes.is_non_negative, probes.falls_again))

_TRACED = "give the rule what it needs as arguments: it closes over something that is traced"
SPIKE_ROWS: tuple[Row, ...] = (
    ("fires", _fires, "return one real array of spikes: a low level below the threshold, a higher one above"),
    ("shape kept", probes.keeps_shape, "return one spike for each potential, whatever the shape of x is"),
    ("elementwise", _unless_drawn(probes.is_elementwise), "compute each spike from its own potential alone"),
    ("dtype kept", probes.keeps_dtype, "return spikes in the dtype of x: (x >= 0).astype(x.dtype)"),
    ("H(0)", _unless_drawn(_at_zero), "compare with x >= 0 or x > 0, which hold for 0 and -0 alike"),
    ("silent at NaN", _is_silent_at_nan, "ask for x >= 0 rather than for not x < 0: no comparison holds for NaN"),
    ("eager = jit = vmap", _unless_drawn(probes.agree), "use jax.numpy and jnp.where, not numpy, if and x.shape"),
    ("slope by jax.grad", _has_a_slope, "have the rule return the cotangent times a slope that is not 0"),
    ("slope elementwise", _slope_is_elementwise, "compute each slope from its own potential alone"),
    ("slope of the shape", _is_of_its_shape, "have decode return the slope given to encode, or widen the bounds"),
    ("cotangent", _multiplies_the_cotangent, "have the rule return the cotangent given to it times the slope"),
    ("non-negative", _is_non_negative, "mind the sign: a negative slope trains a neuron the wrong way"),
    ("peak at a threshold", _peaks_at_a_threshold, "centre the slope where the step rises; mix one for each rise"),
    ("falls again", _falls_again, probes.SOFT_STEP),
    ("finite", _is_finite, "limit x, or use exp(-|x|) for tails: exp(x) overflows, and inf / inf is NaN"),
    *((f"grad under {name}", functools.partial(grad_under, name), _TRACED) for name in _UNDER),
    ("second derivative", _has_second_derivative, "only Hessians and meta-gradients need it"),
    ("forward mode", _has_forward_mode, "only jvp and jacfwd need it: jax.custom_jvp"),
    ("traced parameters", _takes_tracers, "only annealing and learning need it"),
    ("learned parameters", _learns, LEARNED),
    ("bytes a spike", _kept_bytes, "keep one array; residual= is not used while a parameter learns"),
    ("rebuilding", _is_rebuilt, "build it once, or under jit"),
    ("pickling", _is_pickled, "only other processes need it: no closures"),
    ("closest shape", _closest, "give the rule a slope that is finite somewhere"),
)
# If a gate fails, nothing after it is measured. In a property of MAY_LACK, an exception is a limit.
SPIKE_GATES = {"fires", "shape kept", "slope by jax.grad", "slope elementwise"}
MAY_LACK = {"second derivative", "forward mode", "traced parameters", "rebuilding", "pickling"}
