"""Where a spike function works: what its derivative is under each transformation, what it keeps, how it is copied.

A measure is given f(x), the spike with its parameters, and by keyword what `check` knows: the spike itself, its
parameters, and what builds it again.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, PartitionSpec

from .probes import BLOCK, LIMIT, SCATTERED, Finding, Function, first_bad, is_elementwise, numbers, same, values_of

Backward: TypeAlias = Callable[[Any, Any], Any]  # (potentials, cotangents) -> gradients

_COTANGENT = np.random.default_rng(1).normal(size=BLOCK)  # what the rule is given, a number for each spike
_DIFFERENCE = 1e-2  # of a potential, for the second derivative: a step of finite differences


def slope_of(f: Function) -> Function:
    """Return the derivative of f, as its rule for reverse mode gives it.

    >>> slope_of(jnp.square)(jnp.array([1.0, 2.0]))
    Array([2., 4.], dtype=float32)
    """

    def slope(x: jax.Array) -> Any:
        spikes, pull = jax.vjp(f, x)
        return pull(jnp.ones_like(spikes))[0]

    return slope


def backward(f: Function) -> Backward:
    """Return what the rule of f makes of a cotangent, as a function of x and the cotangent.

    >>> backward(jnp.square)(jnp.array([1.0, 2.0]), jnp.array([1.0, 10.0]))
    Array([ 2., 40.], dtype=float32)
    """
    return lambda x, cotangent: jax.vjp(f, x)[1](cotangent)[0]


def _operands() -> tuple[jax.Array, jax.Array]:
    return jnp.float32(SCATTERED), jnp.float32(_COTANGENT)


def _compared(expected: Any, *came: Any) -> tuple[bool, float]:
    """Say whether gradients are the same, and return the largest difference."""
    found = [same(np.asarray(expected, float), np.asarray(gradients, float)) for gradients in came]
    return all(ok for ok, _ in found), max(difference for _, difference in found)


def slope_is_elementwise(f: Function, **_: Any) -> Finding:
    """Say whether a slope depends on no other potential."""
    return is_elementwise(slope_of(f))


def multiplies_the_cotangent(f: Function, **_: Any) -> Finding:
    """Say whether the rule returns the cotangent times the slope."""
    return _compared(backward(f)(*_operands()), _COTANGENT * values_of(slope_of(f), SCATTERED))


def _over_time(f: Function, scan: Callable[..., Any]) -> Backward:
    """Return the backward pass through a leaky integrator that is reset by its spikes, run by `scan`."""

    def step(v: Any, x: Any) -> Any:
        v = 0.9 * v + x
        spikes = f(v)
        return v - spikes, spikes

    return backward(lambda inputs: scan(step, jnp.zeros_like(inputs[0]), inputs)[1])


def _unrolled(step: Callable[..., Any], carry: Any, inputs: Any) -> tuple[Any, Any]:
    """Do what `lax.scan` does in a Python loop."""
    outputs = []
    for x in inputs:
        carry, output = step(carry, x)
        outputs.append(output)
    return carry, jnp.stack(outputs)


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
    "scan": lambda f: [_over_time(f, lax.scan)],
    "checkpoint": lambda f: [backward(jax.checkpoint(f))],
    "shard_map": _sharded,
}


def grad_under(transformation: str, f: Function, **_: Any) -> Finding:
    """Compare gradients under a transformation, all of them under `jax.jit` too, with that of an eager call.

    >>> grad_under("vmap", jnp.square)[0]
    True
    """
    operands = _operands()
    eager = _over_time(f, _unrolled) if transformation == "scan" else backward(f)
    came = jax.jit(lambda *operands: [way(*operands) for way in _UNDER[transformation](f)])(*operands)
    ok, difference = _compared(eager(*operands), *came)
    return ok, {"devices": len(_devices()), "difference": difference} if transformation == "shard_map" else difference


GRAD_UNDER = {f"grad under {name}": functools.partial(grad_under, name) for name in _UNDER}


def has_second_derivative(f: Function, **_: Any) -> Finding:
    """Compare the derivative of the slope with finite differences; at a kink of it a few may differ."""
    slope = slope_of(f)
    rates = values_of(jax.jit(jax.grad(lambda x: slope(x).sum())), SCATTERED)
    bad = first_bad(SCATTERED, rates)
    step = _DIFFERENCE * abs(SCATTERED)
    differences = (values_of(slope, SCATTERED + step) - values_of(slope, SCATTERED - step)) / (2 * step)
    rounding = 1e-6 * abs(values_of(slope, SCATTERED)).max() / step
    wrong = abs(rates - differences) > 0.1 * abs(differences) + 1e-3 * abs(rates).max() + rounding
    return not bad and wrong.mean() < 0.1, bad or numbers(largest=abs(rates).max(), wrong=wrong.mean())


def has_forward_mode(f: Function, **_: Any) -> Finding:
    """Compare what `jax.jvp` makes of a tangent with what the rule for reverse mode makes of it."""
    x, tangent = _operands()
    return _compared(backward(f)(x, tangent), jax.jvp(f, (x,), (tangent,))[1])


def takes_tracers(_: Function, *, g: Function, args: Any, kwargs: Any, **__: Any) -> Finding:
    """Compare the gradient of a scan, where the parameters that are floats are traced, with that of an eager call."""
    leaves, structure = jax.tree.flatten((args, kwargs))
    floats = [i for i, v in enumerate(leaves) if isinstance(v, float | np.floating | np.ndarray | jax.Array)]
    if not floats:
        return True, "none given"

    def bound(values: Any) -> Function:
        given = dict(zip(floats, values, strict=True))
        args, kwargs = jax.tree.unflatten(structure, [given.get(i, leaf) for i, leaf in enumerate(leaves)])
        return lambda x: g(x, *args, **kwargs)

    def scanned(values: Any) -> Any:
        rows = backward(lambda x: lax.scan(lambda carry, row: (carry, bound(carry)(row)), values, x)[1])
        return rows(*_operands())

    values = [leaves[i] for i in floats]
    return _compared(backward(bound(values))(*_operands()), jax.jit(scanned)([jnp.asarray(v) for v in values]))


def keeps(f: Function, **_: Any) -> Finding:
    """Measure how many bytes a spike keeps for the backward pass; more than one array of float32 is a limit.

    >>> keeps(jnp.square)
    (True, 4.0)
    """
    x = jnp.float32(SCATTERED)
    kept = jax.tree.leaves(jax.eval_shape(lambda x: jax.vjp(jax.jit(f), x)[1], x))
    each = sum(v.size * v.dtype.itemsize for v in kept) / x.size
    return True if each <= 1.01 * x.dtype.itemsize else LIMIT, each


def is_rebuilt(_: Function, *, args: Any, kwargs: Any, build: Any, **__: Any) -> Finding:
    """Say whether a spike that is built again is the same to `jax.jit`, which it is given as a static argument."""
    if build is None:
        return True, None
    traced = []

    def run(spike: Function, x: jax.Array) -> Any:
        traced.append(spike)
        return spike(x, *args, **kwargs)

    jitted = jax.jit(run, static_argnums=0)
    for spike in (build(), build()):
        jitted(spike, jnp.float32(SCATTERED))
    once = len(traced) == 1
    return True if once else LIMIT, f"traced {'once' if once else 'twice'} when built twice"


def is_pickled(f: Function, *, g: Function, args: Any, kwargs: Any, **_: Any) -> Finding:
    """Say whether a copy of a spike that is made of its bytes has the same derivative, and how many bytes these are."""
    data = pickle.dumps(g)
    copy = pickle.loads(data)
    ok, _difference = _compared(*(backward(h)(*_operands()) for h in (f, lambda x: copy(x, *args, **kwargs))))
    return ok, f"{len(data)} bytes"
