"""The design checklist as data: for every property of a shape or a spike what was measured and what to do about it."""

import functools
import textwrap
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from ..core.facts import signature_of
from ..core.purity import is_own
from ..core.shape import as_shape, is_spike, options_of, shape_behind
from ..core.text import describe_value
from ..core.tree import ARRAYS, interned, unbound, with_parameters
from ..spike import make_spike
from .probes import DRAWN, LIMIT, SCATTERED, Finding, Function, Row, floats_in, same
from .shape_check import SHAPE_GATES, SHAPE_ROWS, look_at
from .spike_check import MAY_LACK, SPIKE_GATES, SPIKE_ROWS, has_a_rule_of_its_own, is_step, shape_of

Results: TypeAlias = dict[str, dict[str, Any]]

_COLUMNS = 100  # of a report: the message of an exception that is a limit is cut to fit into it


def check(f: Function, /, *args: Any, **kwargs: Any) -> Results:
    """Measure whether a shape is sound, or what a finished spike does.

    A spike is what `make_spike` made, or a function of a few levels that is
    a `jax.custom_vjp` or `jax.custom_jvp`, or whose `jax.grad` is not the
    derivative of its values, whoever wrote it: `spyx.axn.superspike(25)`.
    Any other function is a shape, also `rectangle`: it has two levels, but
    its derivative is right. A fault may hide others: what cannot be
    measured because of it is left out.

    Args:
        f: a shape, `g(x, *params)`, or a spike function, however bad: an
            exception is a finding. A function that takes no argument is a
            recipe: what it returns is checked, as in
            `check(lambda: spyx.axn.superspike(25))`.
        args, kwargs: parameters of `f`. An array is one number a neuron,
            and the first neuron is checked; pass coefficients as a tuple.

    Returns:
        For each property a dict of "ok", "limit" (what cannot be done or
        costs more than it needs to, which is no fault), "value" (measured,
        as the largest miss and where) and "advice".

        Of a shape:
        runs: it returns one real array.
        shape kept: the result broadcasts to the shape of x.
        elementwise: a slope depends on no other potential.
        eager = jit = vmap = grad: grad is that of the spike function.
        dtype kept: floats of 16, 32 and 64 bits come back as they went in.
        non-negative: the smallest slope; 0 if it is 0 to five digits.
        peak near the threshold: there it is more than half the largest.
        falls again: by how much of its peak, after it has risen.
        unimodal: where positive, it has one peak; the deepest valley.
        finite: from 0 to the largest number and at infinity, in each dtype.
        bounds hold: no slope is beyond those declared, or found. Wider ones
            are a limit: `uint8` and `sampled` lose digits by them.
        soft step fits: the antiderivative S rises; its area, its largest
            fall, how far its derivative is off the slope, and its rise off
            the integral of the slope. NaN at infinity is a fault.
        second derivative finite: that of the slope, for |x| up to 1e6.
        learned parameters: dS/dp, which `learnable=True` uses, agrees with
            finite differences; for each float parameter how far it is off,
            relative to the largest. A soft step that is searched for is a
            limit; then also how much longer dS/dp takes than with a
            declared one.

        Of a spike, and the first properties of a shape of it, too:
        fires: the step rises; its levels, and its threshold nearest to 0.
        H(0): what it is at the threshold, the same for 0 and -0.
        silent at NaN: not 1, a spike from nowhere; NaN is fine, the loss
            sees it.
        eager = jit = vmap: the largest difference of the spikes.
        slope by jax.grad: peak with its sign, where, and area, if found.
        slope elementwise, cotangent: cotangents times slopes.
        slope of the shape: how far `residual` is off it, in peaks; a
            quarter is a fault.
        peak at a threshold, falls again: as above; a threshold without a
            slope is a limit.
        grad under jit, vmap, scan, checkpoint, shard_map: as without,
            through time under scan, on up to eight devices under shard_map.
        second derivative: that of the slope; the share that is wrong.
        forward mode: `jax.jvp` gives what `jax.vjp` gives.
        traced parameters: the gradient in a scan is the same.
        learned parameters: as above, of `make_spike(learnable=True)`.
        bytes a spike: kept for the backward pass in float32; 4 is one
            array. What does not grow with x is not counted. More bytes when
            parameters learn are a limit: the potential is kept then.
        rebuilding: a spike that is built again is not traced again.
        pickling: a copy from its bytes has the same slopes.
        closest shape: of the catalogue, fitted in height and one parameter.

    >>> from surrofun import make_spike, shapes
    >>> results = check(shapes.triangle, alpha=2.0)
    >>> results["peak near the threshold"]["value"]
    {'height': 2.0, 'at': 0.0}
    >>> spike = make_spike(shapes.superspike(beta=25.0))
    >>> check(spike)["closest shape"]["value"]
    'superspike(beta=25.0) to 3e-07'
    """
    build: Callable[[], Any] | None = functools.partial(_remade, f, _copied) if is_spike(f) else None
    if callable(f) and not signature_of(f)[0]:  # a recipe
        build = f
        built, f = _measured(lambda: (True, f()))
        if not built:
            return {"runs": _result(built, f, "write a function without parameters that builds a shape or a spike")}
    given, own = _measured(lambda: (True, _of_one_neuron(_with_parameters(shape_behind(f), args, kwargs))))
    if not given:
        advice = (
            "give numbers by keyword, check(g, alpha=4.0), coefficients as a tuple: an array is one number a neuron"
        )
        return {"runs": _result(given, own, advice)}
    g = _first_neuron(_with_parameters(_remade(f, _of_first_neuron), args, kwargs)) if is_spike(f) else own

    def bound(x: Any) -> Any:
        return g(x)

    if is_spike(f) or (
        _measured(is_step, bound)[0]
        and (isinstance(f, jax.custom_vjp | jax.custom_jvp) or _measured(has_a_rule_of_its_own, bound, raised=True)[0])
    ):
        own, learnable = (own, options_of(f)["learnable"]) if is_spike(f) else (None, False)
        look = look_at(lambda: shape_of(bound), np.isfinite)
        known = {"g": g, "own": own, "learnable": learnable, "again": build, "look": look}
        return _all_measured(SPIKE_ROWS, SPIKE_GATES, bound, **known)
    return _all_measured(SHAPE_ROWS, SHAPE_GATES, bound, g=g, look=look_at(lambda: g, lambda slopes: ~np.isnan(slopes)))


def report(results: Results) -> str:
    """Return what `check` found as a table, a line for each property.

    >>> print(report(check(lambda x: x[:2])).splitlines()[1])
    FAULT  shape kept                 (2, 256) from (3, 256); return one
    slope for each potential, whatever the shape of x is
    """
    tables = [[name for name, *_ in rows] for rows in (SHAPE_ROWS, SPIKE_ROWS)]
    fields = _result(None, None, "").keys()
    found = isinstance(results, dict) and all(isinstance(v, dict) and v.keys() == fields for v in results.values())
    names = next((names for names in tables if found and names[0] in results), None)
    if names is None:
        raise TypeError(f"report: expected what check returned, as in report(check(g)), got {describe_value(results)}")
    width = max(map(len, names))
    lines = []
    for name in names:
        if name in results:
            mark, text = _line(results[name], _COLUMNS - width - 9)
            lines.append(f"{mark:5}  {name:{width}}  {text}")
        else:
            lines.append(f"-      {name:{width}}  not measured, because of the fault above")
    return "\n".join(lines)


def _line(result: dict[str, Any], room: int) -> tuple[str, str]:
    """Return the mark of a property and its text; that of a limit, if it is no dict, is cut to the room."""
    value, advice = result["value"], result["advice"]
    if value is None:
        return "-", "not measured; check(lambda: ...), with a recipe, builds it twice"
    if value == DRAWN:
        return "limit", DRAWN
    if result["limit"]:
        return "limit", f"{_text(value, room - len(advice) - 2)}; {advice}"
    return ("ok", _text(value)) if result["ok"] else ("FAULT", f"{_text(value)}; {advice}")


def _text(value: Any, room: int = 80) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    if isinstance(value, float):
        return f"{value:.3g}"
    return textwrap.shorten(str(value), max(room, 20), placeholder="...")


def _all_measured(rows: tuple[Row, ...], gates: set[str], f: Function, **known: Any) -> Results:
    """Measure one property after the other, until one of the gates fails."""
    results: Results = {}
    for name, measure, advice in rows:
        verdict, value = _measured(measure, f, raised=LIMIT if name in MAY_LACK else False, **known)
        results[name] = _result(verdict, value, "" if value == DRAWN else advice)
        if name in gates and verdict is False:
            break
    return results


def _measured(measure: Callable[..., Finding], *parts: Any, raised: bool | None = False, **known: Any) -> Finding:
    """Return what a measure found; an exception is a finding, of the verdict `raised`."""
    try:
        with np.errstate(all="ignore"):
            verdict, value = measure(*parts, **known)
    except (Exception, SystemExit) as error:  # of the function that is checked: it may be any
        return raised, f"{type(error).__name__}: {error}".splitlines()[0]
    return verdict if verdict is LIMIT else bool(verdict), value


def _result(verdict: bool | None, value: Any, advice: str) -> dict[str, Any]:
    return {"ok": verdict is not False, "limit": verdict is LIMIT, "value": value, "advice": advice}


def _with_parameters(f: Any, args: Any, kwargs: Any) -> Any:
    """Return a function of x alone, a tree that holds the parameters by name."""
    if isinstance(f, functools.partial) and not is_spike(f):
        own = unbound(f)  # where a parameter takes the place of x, `as_shape` complains
        f = as_shape(f, "check") if isinstance(own.f, functools.partial) else with_parameters(own.f, own.kwargs)
    _, takes = signature_of(f) if callable(f) else ("", None)
    params = (takes.bind_partial(*args).arguments if takes else {}) | kwargs
    if takes and not is_spike(f):  # an array that is a default may be given, too
        arrays = {p.name: p.default for p in takes.parameters.values() if isinstance(p.default, ARRAYS)}
        params = {name: v for name, v in arrays.items() if name not in getattr(f, "keywords", ())} | params
    return with_parameters(f, params) if params else f


def _of_one_neuron(g: Any, compared: bool = True) -> Any:
    """Return the function of the first neuron, where each has numbers of its own.

    Raises:
        ValueError: the first or the last neuron is not what its own numbers alone say.
    """
    if not callable(g):
        return g  # which is told when it runs
    names, floats, rebuilt = floats_in(g)
    if max(map(np.ndim, floats), default=0) != 1:
        return g
    count = max(map(np.size, floats))
    first, last = (rebuilt([v[i] if np.ndim(v) else v for v in floats]) for i in (0, -1))
    if compared:
        x = jnp.float32(SCATTERED[:, :1])
        together, alone = jnp.broadcast_to(g(x), (len(x), count))[:, [0, -1]], jnp.hstack([first(x), last(x)])
        if not same(together, alone)[0]:
            raise ValueError(f"{', '.join({*names})} of shape ({count},) is not used as one number a neuron")
    return first


_first_neuron = functools.partial(_of_one_neuron, compared=False)


def _remade(spike: Any, change: Callable[[str, Any], Any]) -> Any:
    """Return what `make_spike` makes of the parts of a spike function, each of them changed; a plain function stays."""
    if not isinstance(spike, Partial):
        return spike
    return make_spike(**{name: change(name, part) for name, part in options_of(spike).items()})


def _of_first_neuron(name: str, part: Any) -> Any:
    """Return a part for the first neuron; what a step or a code of the user holds may be anything, and stays."""
    has_neurons = name == "grad_fn" or (name == "step" and is_own(getattr(part, "func", part)))
    return _first_neuron(part) if has_neurons else part


def _copied(_: str, part: Any) -> Any:
    """Return a part built again: the same one, unless it holds arrays."""
    return interned(jax.tree.map(lambda leaf: leaf, part)) if isinstance(part, Partial) else part
