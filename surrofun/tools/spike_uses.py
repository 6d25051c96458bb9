"""Where a spike function works: what its derivative is under each transformation, what it keeps, how it is copied.

A measure is given f(x), the spike with its parameters; then the spike itself, its parameters, and what builds it again.
"""

from __future__ import annotations

import functools
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, PartitionSpec

from .probes import BLOCK, LIMIT, SCATTERED, Finding, Function, first_bad, is_elementwise, numbers, same, values_of

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


def pulled(f: Function) -> Function:
    """Return what the rule of f makes of a cotangent, as a function of x and the cotangent.

    >>> pulled(jnp.square)(jnp.array([1.0, 2.0]), jnp.array([1.0, 10.0]))
    Array([ 2., 40.], dtype=float32)
    """
    return lambda x, cotangent: jax.vjp(f, x)[1](cotangent)[0]


def _operands() -> tuple[jax.Array, jax.Array]:
    return jnp.float32(SCATTERED), jnp.float32(_COTANGENT)


def _compared(f: Function, *came: Any) -> tuple[bool, float]:
    """Compare what some other ways made of the cotangents with an eager call."""
    eager = np.asarray(pulled(f)(*_operands()), float)
    found = [same(eager, np.asarray(other, float)) for other in came]
    return all(ok for ok, _ in found), max(apart for _, apart in found)


def slope_is_elementwise(f: Function, *_: Any) -> Finding:
    """Say whether a slope depends on no other potential.

    >>> slope_is_elementwise(jnp.square)[0]
    True
    """
    return is_elementwise(slope_of(f))


def multiplies_the_cotangent(f: Function, *_: Any) -> Finding:
    """Say whether the rule returns the cotangent times the slope.

    >>> multiplies_the_cotangent(jnp.square)[0]
    True
    """
    return _compared(f, _COTANGENT * values_of(slope_of(f), SCATTERED))


def under_jit(f: Function, *_: Any) -> Finding:
    """Compare the gradient under `jax.jit` with that of an eager call.

    >>> under_jit(jnp.square)[0]
    True
    """
    return _compared(f, jax.jit(pulled(f))(*_operands()))


def under_vmap(f: Function, *_: Any) -> Finding:
    """Compare gradients under `jax.vmap`, of a mapped spike and of each spike, with that of an eager call.

    >>> under_vmap(jnp.square)[0]
    True
    """
    of_mapped, of_each = pulled(jax.vmap(jax.vmap(f))), jax.vmap(jax.vmap(pulled(f)))
    return _compared(f, *jax.jit(lambda *operands: (of_mapped(*operands), of_each(*operands)))(*_operands()))


def under_scan(f: Function, *_: Any) -> Finding:
    """Compare backpropagation through a scan over three time steps with that through the same loop unrolled.

    >>> under_scan(jnp.square)[0]
    True
    """
    inputs, cotangents = _operands()

    def step(v: Any, x: Any) -> Any:
        v = 0.9 * v + x
        spikes = f(v)
        return v - spikes, spikes

    def unrolled(inputs: Any) -> Any:
        v, spikes = jnp.zeros_like(inputs[0]), []
        for x in inputs:
            v, z = step(v, x)
            spikes.append(z)
        return (jnp.stack(spikes) * cotangents).sum()

    def scanned(inputs: Any) -> Any:
        return (lax.scan(step, jnp.zeros_like(inputs[0]), inputs)[1] * cotangents).sum()

    one, other = (np.asarray(gradient(inputs), float) for gradient in (jax.grad(unrolled), jax.jit(jax.grad(scanned))))
    return same(one, other)


def under_checkpoint(f: Function, *_: Any) -> Finding:
    """Compare the gradient of a spike that `jax.checkpoint` computes again with that of an eager call.

    >>> under_checkpoint(jnp.square)[0]
    True
    """
    return _compared(f, jax.jit(pulled(jax.checkpoint(f)))(*_operands()))


def under_shard_map(f: Function, *_: Any) -> Finding:
    """Compare gradients under `jax.shard_map`, from outside and inside of it, with that of an eager call.

    The potentials are divided among the devices, eight at most.

    >>> under_shard_map(jnp.square)[0]
    True
    """
    devices = jax.devices()[: max(n for n in (1, 2, 4, 8) if n <= jax.device_count())]
    mesh = jax.make_mesh((len(devices),), ("neurons",), axis_types=(AxisType.Auto,), devices=devices)
    spec = PartitionSpec(None, "neurons")
    inside = jax.shard_map(pulled(f), mesh=mesh, in_specs=(spec, spec), out_specs=spec)
    outside = pulled(jax.shard_map(f, mesh=mesh, in_specs=spec, out_specs=spec))
    ok, apart = _compared(f, *jax.jit(lambda *operands: (outside(*operands), inside(*operands)))(*_operands()))
    return ok, {"devices": len(devices), "difference": apart}


def has_second_derivative(f: Function, *_: Any) -> Finding:
    """Compare the derivative of the slope with finite differences; at a kink of it a few may differ.

    >>> has_second_derivative(jnp.square)
    (True, {'largest': 2.0, 'wrong': 0.0})
    """
    slope = slope_of(f)
    rates = values_of(jax.jit(jax.grad(lambda x: slope(x).sum())), SCATTERED)
    bad = first_bad(SCATTERED, rates)
    step = _DIFFERENCE * abs(SCATTERED)
    differences = (values_of(slope, SCATTERED + step) - values_of(slope, SCATTERED - step)) / (2 * step)
    rounding = 1e-6 * abs(values_of(slope, SCATTERED)).max() / step
    wrong = abs(rates - differences) > 0.1 * abs(differences) + 1e-3 * abs(rates).max() + rounding
    share = float(wrong.mean())
    return not bad and share < 0.1, bad or numbers(largest=abs(rates).max(), wrong=share)


def has_forward_mode(f: Function, *_: Any) -> Finding:
    """Compare what `jax.jvp` makes of a tangent with what the rule for reverse mode makes of it.

    >>> has_forward_mode(jnp.square)[0]
    True
    """
    x, tangent = _operands()
    return _compared(f, jax.jvp(f, (x,), (tangent,))[1])


def takes_tracers(_: Function, spike: Function, args: Any, kwargs: Any, *__: Any) -> Finding:
    """Compare the gradient of a scan, where the parameters that are floats are traced, with that of an eager call.

    >>> takes_tracers(abs, lambda x, alpha: alpha * x, (2.0,), {})
    (True, 0.0)
    """
    leaves, structure = jax.tree.flatten((args, kwargs))
    floats = [i for i, v in enumerate(leaves) if isinstance(v, float | np.floating | np.ndarray | jax.Array)]
    if not floats:
        return True, "none given"

    def bound(values: Any) -> Function:
        moved = dict(zip(floats, values, strict=True))
        args, kwargs = jax.tree.unflatten(structure, [moved.get(i, leaf) for i, leaf in enumerate(leaves)])
        return lambda x: spike(x, *args, **kwargs)

    def scanned(values: Any) -> Any:
        return pulled(lambda x: lax.scan(lambda held, row: (held, bound(held)(row)), values, x)[1])(*_operands())

    given = [leaves[i] for i in floats]
    return _compared(bound(given), jax.jit(scanned)([jnp.asarray(v) for v in given]))


def keeps(f: Function, *_: Any) -> Finding:
    """Measure how many bytes a spike keeps for the backward pass; more than one array of float32 is a limit.

    >>> keeps(jnp.square)
    (True, 4.0)
    """
    x, _cotangent = _operands()
    kept = jax.tree.leaves(jax.eval_shape(lambda x: jax.vjp(jax.jit(f), x)[1], x))
    each = sum(v.size * v.dtype.itemsize for v in kept) / x.size
    return True if each <= 1.01 * x.dtype.itemsize else LIMIT, each


def is_rebuilt(_: Function, __: Function, args: Any, kwargs: Any, build: Any, *___: Any) -> Finding:
    """Say whether a spike that is built again is the same to `jax.jit`, which it is given as a static argument.

    >>> is_rebuilt(abs, abs, (), {}, lambda: jnp.square)
    (True, 'traced once when built twice')
    >>> is_rebuilt(abs, abs, (), {}, lambda: lambda x: x)
    (None, 'traced twice when built twice')
    """
    if build is None:
        return True, None
    traced = []

    @functools.partial(jax.jit, static_argnums=0)
    def run(spike: Function, x: jax.Array) -> Any:
        traced.append(spike)
        return spike(x, *args, **kwargs)

    for _again in range(2):
        run(build(), jnp.float32(SCATTERED))
    once = len(traced) == 1
    return True if once else LIMIT, f"traced {'once' if once else 'twice'} when built twice"


def is_pickled(f: Function, spike: Function, args: Any, kwargs: Any, *_: Any) -> Finding:
    """Say whether a copy of a spike that is made of its bytes has the same derivative, and how many bytes these are.

    >>> import operator
    >>> is_pickled(operator.neg, operator.neg, (), {})[0]
    True
    """
    data = pickle.dumps(spike)
    copy = pickle.loads(data)
    ok, _apart = _compared(f, pulled(lambda x: copy(x, *args, **kwargs))(*_operands()))
    return ok, f"{len(data)} bytes"
