"""What the gradient of a learning spike is, in both modes: by its potential, and by each parameter of its soft step."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .concrete import aligned_arrays, is_jaxpr
from .dtype import as_array
from .tree import Structure, Tree, from_tree, join, widened
from .varying import varying_axes

_MANY = 8  # parameters: each that is taken by itself adds the equations of the soft step once more
_SHORT = 4096  # an axis that a product with ones may sum: a CPU adds one by one, and of a longer one loses digits


def cotangents(
    slope: Tree, soft: Tree, learned: Tree, x: jax.Array, ct_spikes: jax.Array
) -> tuple[jax.Array, Sequence[jax.Array]]:
    """Return `(ct_x, ct_learned)`: ct_spikes times the slope, and for each learned parameter the sum of ct_spikes times
    dS/dp.

    The soft step and the sums are computed in at least float32; a sum has the dtype of its parameter. `learned` is
    static((True, False)): of each leaf of the soft step whether it is differentiated. dS/dp is taken in forward mode,
    one parameter after the other; but reverse mode differentiates the sum if there are over `_MANY` parameters and the
    soft step is no jaxpr, or if some parameter is not one number a neuron.

    >>> from jax.tree_util import Partial
    >>> from .tree import static
    >>> soft = Partial(jnp.multiply, jnp.float32(2.0))       # S = p x, of slope p
    >>> slope = Partial(lambda p, x: p + 0 * x, jnp.float32(2.0))
    >>> cotangents(slope, soft, static((True,)), jnp.ones(3), jnp.ones(3))
    (Array([2., 2., 2.], dtype=float32), [Array(3., dtype=float32)])
    """
    leaves, treedef = jax.tree.flatten(soft)
    flags = from_tree(learned)
    values = list(itertools.compress(leaves, flags))
    structure = treedef, tuple(None if is_learned else leaf for leaf, is_learned in zip(leaves, flags, strict=True))
    ct_x = ct_spikes * slope(x)
    x, ct_spikes = widened((x, ct_spikes))

    def soft_step(values: Any) -> Any:
        return join(structure, values)(x)

    are_many = len(values) > _MANY and not is_jaxpr(soft)  # a jaxpr may hold a loop, which has no reverse mode
    if are_many or not all(aligned_arrays(structure, values, x.shape)):
        return ct_x, jax.vjp(soft_step, values)[1](ct_spikes)[0]
    numbers = values if is_jaxpr(soft) else widened(values)  # a jaxpr takes what it was traced with
    # Each element of S has its own dS/dp, which is what it moves by when p moves by 1 everywhere.
    moves = [moved_by(soft_step, numbers, k, jnp.ones_like(p)) for k, p in enumerate(numbers)]
    return ct_x, [_summed(ct_spikes * v, p).astype(p.dtype) for v, p in zip(moves, values, strict=True)]


def soft_tangent(structure: Structure, arrays: list[Any], k: int, tangent: Any, x: Any) -> Any:
    """Return the tangent of a soft step at x whose k-th array moves by `tangent`, in at least float32.

    Where each element of S has its own dS/dp, reverse mode keeps that alone: it is a factor. Else it keeps what the
    soft step is computed from.

    >>> from jax.tree_util import Partial
    >>> structure = jax.tree.structure(Partial(jnp.multiply, 2.0)), (None,)  # S = p x
    >>> soft_tangent(structure, [2.0], 0, 0.5, jnp.ones(3))
    Array([0.5, 0.5, 0.5], dtype=float32)
    """
    x = widened(as_array(x))

    def soft_step(arrays: Any) -> Any:
        return join(structure, arrays)(x)

    if not aligned_arrays(structure, arrays, x.shape)[k]:
        return moved_by(soft_step, arrays, k, tangent)
    move = moved_by(soft_step, arrays, k, jnp.ones_like(tangent))
    return move * jnp.broadcast_to(as_array(tangent).astype(move.dtype), move.shape)


def moved_by(f: Callable[[list[Any]], Any], values: list[Any], k: int, tangent: Any) -> Any:
    """Return the tangent of `f(values)` where only the k-th of the values moves, by `tangent`.

    >>> moved_by(lambda values: values[0] * values[1], [2.0, 3.0], 0, 1.0)
    Array(3., dtype=float32, weak_type=True)
    """
    return jax.jvp(lambda v: f([*values[:k], v, *values[k + 1 :]]), (values[k],), (tangent,))[1]


def _summed(v: jax.Array, p: jax.Array) -> jax.Array:
    """Return `v` summed to the shape of `p`; a short first axis by a product with ones, faster on a CPU than a sum."""
    if v.shape != p.shape:
        shape = (1,) * (v.ndim - p.ndim) + p.shape
        is_short = v.ndim > 1 and isinstance(v.shape[0], int) and v.shape[0] <= _SHORT  # `jax.export` may leave it open
        if is_short and shape[0] == 1 and not any(jax.typeof(v).sharding.spec):
            ones = jnp.ones(v.shape[0], v.dtype)
            v = jnp.tensordot(ones, v, 1, precision=lax.Precision.HIGHEST)[None]
        v = v.sum(tuple(i for i, n in enumerate(shape) if n == 1)).reshape(p.shape)
    if axes := tuple(sorted(varying_axes(v) - varying_axes(p))):  # inside of `shard_map`, a parameter of all devices
        v = lax.psum(v, axes)
    divided = jax.typeof(p).sharding  # on a mesh with explicit axes a sum is divided as v was
    return v if jax.typeof(v).sharding.spec == divided.spec else jax.sharding.reshard(v, divided)
