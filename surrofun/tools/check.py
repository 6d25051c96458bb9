"""The design checklist of a shape, as data: for every property what was measured and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from ..calculus import antiderivative
from ..core.shape import Shape
from ..spike import make_spike
from .curves import curve

Array: TypeAlias = np.ndarray[Any, Any]
Finding: TypeAlias = tuple[bool, Any]

_BLOCK = 3, 256  # everything is evaluated in this shape, so that each operation is compiled once
# Potentials in no order and without symmetry, around the threshold on three scales.
_SCATTERED = (np.random.default_rng(0).normal(size=_BLOCK) * [[2.0], [0.1], [0.005]]).T.reshape(_BLOCK)
_STEP = 3e-3  # of a parameter, for finite differences: more than 1e4 digits of float32


def check(g: Shape, /, *args: Any, **kwargs: Any) -> dict[str, dict[str, Any]]:
    """Measure whether a shape is sound as a function and, as a surrogate gradient should be, a bump at the threshold.

    A fault may hide others: what cannot be measured because of it is left out.

    Args:
        g: a shape, `g(x, *params)`; any function, however bad. Nothing is raised, an exception is a finding.
        args, kwargs: parameters of the shape, one number each.

    Returns:
        name of the property -> {"ok": bool, "value": what was measured, "advice": what to do about it}, for
        runs: it returns one real array.
        shape kept: the result broadcasts to the shape of x.
        elementwise: a slope depends on no other potential; the value is the largest difference.
        eager = jit = vmap = grad: grad is that of the spike function; the largest difference of each.
        dtype kept: float16, bfloat16, float32 (and float64 where it is enabled) come back as they went in.
        non-negative: the smallest slope, and where.
        peak near the threshold: the slope at the threshold is more than half the largest; that one, and where.
        unimodal: where positive, it rises once and falls once; the deepest valley, as a share of the peak, and where.
        finite: in each dtype at 0, -0.0, from the smallest number to the largest, and at infinity.
        soft step monotone: the antiderivative S rises; its area (infinite is no fault), the largest fall of it, and the
            largest difference between its derivative and the slope.
        second derivative finite: the derivative of the slope, for |x| up to 1e6; the largest, and where.
        learned parameters: dS/dp, which `learnable=True` uses, is what finite differences say, for each of `args` and
            `kwargs` that is a number; the largest difference, in units of the area.

    >>> from surrofun import shapes
    >>> check(shapes.triangle, alpha=2.0)["peak near the threshold"]["value"]
    {'height': 2.0, 'at': 0.0}
    """

    def f(x: Any) -> Any:
        return g(x, *args, **kwargs)

    parts = f, g, args, kwargs
    results: dict[str, dict[str, Any]] = {}
    for stage in _STAGES:  # after a fault of the last property of a stage, no further stage can be measured
        for name, (measure, advice) in stage.items():
            try:
                ok, value = measure(*parts)
            except (Exception, SystemExit) as error:
                ok, value = False, f"{type(error).__name__}: {error}".splitlines()[0]
            results[name] = {"ok": bool(ok), "value": value, "advice": advice}
        if not results[name]["ok"]:
            break
    return results


def report(results: dict[str, dict[str, Any]]) -> str:
    """Return what `check` found as a table, a line a property: ok or FAULT, or - where it was not measured.

    >>> print(report(check(lambda x: x[:2])).splitlines()[1])
    FAULT  shape kept                 (2, 256) from (3, 256); return one slope for each potential, whatever the shape
    of x is
    """
    names = [name for stage in _STAGES for name in stage]
    lines = []
    for name in names:
        mark, told = "-", "not measured, because of the fault above"
        if name in results:
            mark, told = "ok" if results[name]["ok"] else "FAULT", _told(results[name]["value"])
            told += "" if results[name]["ok"] else f"; {results[name]['advice']}"
        lines.append(f"{mark:5}  {name:{max(map(len, names))}}  {told}")
    return "\n".join(lines)


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(part)}" for name, part in value.items())
    return f"{value:.3g}" if isinstance(value, float) else textwrap.shorten(str(value), 80, placeholder="...")


# Each measure is given f(x), the shape with its parameters, and then the shape itself and its parameters.


def _runs(f: Shape, *_: Any) -> Finding:
    slope = f(jnp.float32(_SCATTERED))
    if not isinstance(slope, jax.Array | np.ndarray | np.generic | float | int):
        return False, f"returns {type(slope).__name__}"
    return not jnp.iscomplexobj(slope), f"returns {jnp.result_type(slope)}"


def _keeps_shape(f: Shape, *_: Any) -> Finding:
    came = jnp.shape(f(jnp.float32(_SCATTERED)))
    fits = len(came) <= 2 and all(n in (1, m) for n, m in zip(came[::-1], _BLOCK[::-1], strict=False))
    return fits, f"{came} from {_BLOCK}"


def _is_elementwise(f: Shape, *_: Any) -> Finding:
    moved = _SCATTERED.T.reshape(_BLOCK)
    among_others = np.vstack([moved[:2], moved[:1]])
    return _same(_slopes(f, _SCATTERED).T.reshape(_BLOCK)[:2], _slopes(f, among_others)[:2])


def _transforms(f: Shape, *_: Any) -> Finding:
    grad = jax.grad(lambda x: make_spike(f)(x).sum())
    ways: dict[str, Shape] = {"jit": f, "vmap": jax.vmap(jax.vmap(f)), "grad": grad}
    came = jax.jit(lambda x: [jnp.broadcast_to(h(x), _BLOCK) for h in ways.values()])(jnp.float32(_SCATTERED))
    found = [_same(_slopes(f, _SCATTERED), np.asarray(slopes, float)) for slopes in came]
    return all(ok for ok, _ in found), {way: apart for way, (_, apart) in zip(ways, found, strict=True)}


def _keeps_dtype(f: Shape, *_: Any) -> Finding:
    came = {str(dtype): jax.eval_shape(f, jnp.zeros(_BLOCK, dtype)) for dtype in _dtypes()}
    lost = {d: f"becomes {out.dtype}" for d, out in came.items() if out.dtype != d and not out.weak_type}
    return not lost, lost or ", ".join(came)


def _is_finite(f: Shape, *_: Any) -> Finding:
    came = {str(dtype): _first_bad(_every_size(dtype), _slopes(f, _every_size(dtype), dtype)) for dtype in _dtypes()}
    bad = {dtype: told for dtype, told in came.items() if told}
    return not bad, bad or ", ".join(came)


def _is_non_negative(f: Shape, *parts: Any) -> Finding:
    places, slopes = _curve(*parts)
    lowest = _nearest(places, slopes == slopes.min())
    return slopes[lowest] >= -1e-5 * abs(slopes).max(), _number(lowest=slopes[lowest], at=places[lowest])


def _peaks_near(f: Shape, *parts: Any) -> Finding:
    places, slopes = _curve(*parts)
    height, near = abs(slopes).max(), abs(slopes[abs(places) < 2e-5]).max()
    highest = _nearest(places, abs(slopes) >= (1 - 1e-6) * height)
    return height > 0 and near >= height / 2, _number(height=height, at=places[highest])


def _is_unimodal(f: Shape, *parts: Any) -> Finding:
    places, slopes = _curve(*parts)
    places, high = places[np.isfinite(slopes)], np.maximum(0, slopes[np.isfinite(slopes)])
    left, right = np.maximum.accumulate(high), np.maximum.accumulate(high[::-1])[::-1]
    valley = (np.minimum(left, right) - high) / max(high.max(), 1e-30)
    deepest = _nearest(places, valley == valley.max())
    return valley[deepest] < 1e-3, _number(valley=valley[deepest], at=places[deepest])


def _soft_step_rises(f: Shape, g: Shape, args: Any, kwargs: Any) -> Finding:
    x = np.sort(_SCATTERED, None)
    soft = jax.jit(lambda x: jax.jvp(lambda x: antiderivative(g)(x, *args, **kwargs), (x,), (jnp.ones_like(x),)))
    heights, rises = np.asarray(soft(jnp.asarray([-np.inf, *x, np.inf], jnp.float32)), float)
    agree, error = _same(_slopes(f, x), rises[1:-1], 1e-3)
    fall = max(0.0, -np.diff(heights).min())
    monotone = fall <= 1e-5 * abs(heights[1:-1]).max()
    return agree and monotone, _number(area=heights[-1] - heights[0], fall=fall, error=error)


def _learns(f: Shape, g: Shape, args: Any, kwargs: Any) -> Finding:
    parameters = {**dict(enumerate(args)), **kwargs}
    names = [name for name, p in parameters.items() if isinstance(p, float | np.floating)]
    if not names:
        return True, "none given"

    def soft(values: Any) -> Any:
        moved = {**parameters, **dict(zip(names, values, strict=True))}
        return antiderivative(g)(jnp.float32(_SCATTERED), *(moved.pop(i) for i in range(len(args))), **moved)

    soft_and_rates = jax.jit(lambda values: (soft(values), jax.jacfwd(soft)(values)))
    values = np.array([parameters[name] for name in names], np.float32)
    at, rates = (np.asarray(v, float) for v in soft_and_rates(values))
    errors = {}
    for i, name in enumerate(names):
        step = _STEP * (abs(values[i]) or 1.0) * np.eye(len(values), dtype=np.float32)[i]
        moves = [(np.asarray(soft_and_rates(values + d)[0], float) - at) / d[i] for d in (step, -step)]
        # Where a kink of the soft step passes a potential, the difference on one side is right.
        error = np.minimum(*(abs(move - rates[..., i]) for move in moves)).max()
        errors[str(name)] = float(error / max(abs(moves[0]).max(), np.ptp(at) / (abs(values[i]) or 1.0)))
    return all(error < 0.03 for error in errors.values()), errors


def _has_second_derivative(f: Shape, *_: Any) -> Finding:
    x = _every_size(jnp.dtype(jnp.float32))
    x = x[abs(x) <= 1e6]
    slopes = _slopes(jax.jit(lambda x: jax.jvp(f, (x,), (jnp.ones_like(x),))[1]), x)
    told, steepest = _first_bad(x, slopes), abs(slopes).argmax()
    return not told, told or _number(largest=abs(slopes[steepest]), at=x[steepest])


_STAGES: tuple[dict[str, tuple[Callable[..., Finding], str]], ...] = (
    {"runs": (_runs, "write a function of an array x, and of the parameters given, that returns one real array")},
    {"shape kept": (_keeps_shape, "return one slope for each potential, whatever the shape of x is")},
    {"elementwise": (_is_elementwise, "compute each slope from its own potential, with no sum, sort or norm over x")},
    {"eager = jit = vmap = grad": (_transforms, "use jax.numpy and jnp.where, not numpy, if and x.shape")},
    {
        "dtype kept": (_keeps_dtype, "decorate with @surrofun.shape; a spike rounds to the dtype of x anyway"),
        "non-negative": (_is_non_negative, "use jnp.maximum(slope, 0): a negative slope trains a neuron the wrong way"),
        "peak near the threshold": (_peaks_near, "move it with shift, unless the step has its thresholds elsewhere"),
        "unimodal": (_is_unimodal, "use one bump for one threshold; several are right where the step has several"),
        "finite": (_is_finite, "limit x, or use exp(-|x|) for tails; @surrofun.shape mends half precision"),
    },
    {
        "soft step monotone": (_soft_step_rises, "declare one whose derivative is the slope, shape(g, soft=...)"),
        "second derivative finite": (_has_second_derivative, "limit x or round the place off; only Hessians need it"),
        "learned parameters": (_learns, "declare the soft step, shape(g, soft=...): a parameter moves a jump"),
    },
)


def _slopes(f: Shape, x: Array, dtype: Any = jnp.float32) -> Array:
    """Return f(x) as float64; it is given one block of x at a time."""
    blocks = np.pad(x.ravel(), (0, -x.size % _SCATTERED.size), "edge").reshape(-1, *_BLOCK)
    values = [np.broadcast_to(np.asarray(f(jnp.asarray(block, dtype)), float), _BLOCK) for block in blocks]
    return np.ravel(values)[: x.size].reshape(x.shape)


def _same(a: Any, b: Any, tolerance: float = 1e-5) -> tuple[bool, float]:
    """Say whether two arrays of slopes are the same up to rounding, and what their largest difference is."""
    a, b = (np.nan_to_num(v, nan=2e99, posinf=1e99, neginf=-1e99) for v in (a, b))  # NaN is the same as NaN
    largest = float(abs(a - b).max())
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * abs(a).max()), largest


def _dtypes() -> list[Any]:
    wide = ["float64"] if jnp.zeros(()).dtype == jnp.float64 else []
    return [jnp.dtype(name) for name in ("float16", "bfloat16", "float32", *wide)]


def _every_size(dtype: Any) -> Array:
    """Return 0, ..., inf, -0.0, ..., -inf: potentials of every size in a dtype."""
    info: Any = jnp.finfo(dtype)  # type: ignore[no-untyped-call]
    ends = [0.0, *(float(v) for v in (info.smallest_subnormal, info.smallest_normal, info.max)), np.inf]
    sizes = np.concatenate([ends, np.clip(np.geomspace(1e-30, 1e30, 379), 0, ends[3])])
    return np.concatenate([sizes, -sizes])


def _first_bad(x: Array, slopes: Array) -> str:
    """Return the slope that is not finite, at the smallest potential of those; nothing if all are."""
    bad = np.flatnonzero(~np.isfinite(slopes))
    return "".join(f"{slopes[i]} at {x[i]:.3g}" for i in bad[abs(x[bad]).argsort(kind="stable")][:1])


def _nearest(places: Array, chosen: Array) -> Any:
    """Return the index of the chosen place that is next to the threshold."""
    (found,) = np.nonzero(chosen)
    return found[abs(places[found]).argmin()]


def _number(**values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _curve(g: Shape, args: Any, kwargs: Any) -> tuple[Array, Array]:
    """Return the places that a survey of the shape looks at, in order, and the slopes there that are not NaN."""
    places, slopes = (v.astype(float) for v in curve(g, *args, **kwargs))
    return places[~np.isnan(slopes)], slopes[~np.isnan(slopes)]
