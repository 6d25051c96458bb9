"""What the gradient of a learning spike is: that by its potential, and that by each parameter of its soft step."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .concrete import aligned_leaves, is_jaxpr
from .tree import Tree, from_tree, join, widened
from .varying import varying_axes

_FEW = 4  # parameters for each of which dS/dp is computed by itself
_SHORT = 4096  # an axis that a product with ones may sum: a CPU adds one by one, and of a longer one loses digits


def cotangents(
    slope: Tree, soft: Tree, learned: Tree, x: jax.Array, of_spikes: jax.Array
) -> tuple[jax.Array, Sequence[jax.Array]]:
    """Return `(of_x, of_learned)`: of_spikes times the slope, and for each learned parameter the sum of of_spikes times
    dS/dp.

    The soft step and the sums are computed in at least float32; a sum has the dtype of its parameter. `learned` is
    static(((True, False), True)): of each leaf of the soft step whether it is differentiated, and whether the soft step
    is searched for. A soft step that is searched for, is a jaxpr, or has few parameters is differentiated in forward
    mode, by one parameter after the other; any other in reverse mode, by a copy of each parameter for every element.
    Where a parameter is not one number a neuron, the sum itself is differentiated, in reverse mode.

    >>> from jax.tree_util import Partial
    >>> from .tree import static
    >>> soft = Partial(jnp.multiply, jnp.float32(2.0))       # S = p x, of slope p
    >>> slope = Partial(lambda p, x: p + 0 * x, jnp.float32(2.0))
    >>> cotangents(slope, soft, static(((True,), False)), jnp.ones(3), jnp.ones(3))
    (Array([2., 2., 2.], dtype=float32), [Array(3., dtype=float32)])
    """
    leaves, treedef = jax.tree.flatten(soft)
    flags, is_searched = from_tree(learned)
    values = list(itertools.compress(leaves, flags))
    rest = tuple(None if is_learned else leaf for leaf, is_learned in zip(leaves, flags, strict=True))
    of_x = of_spikes * slope(x)
    x, of_spikes = widened((x, of_spikes))

    def soft_step(values: Any, x: jax.Array = x) -> Any:
        return join((treedef, rest), values)(x)

    if not all(itertools.compress(aligned_leaves(soft, x.shape), flags)):
        return of_x, jax.vjp(soft_step, values)[1](of_spikes)[0]
    numbers = values if is_jaxpr(soft) else widened(values)  # a jaxpr takes what it was traced with
    if is_searched or is_jaxpr(soft) or len(values) <= _FEW:
        # Each element of S has its own dS/dp, which is what it moves by when p moves by 1 everywhere.
        moves = [moved_by(soft_step, numbers, k, jnp.ones_like(p)) for k, p in enumerate(numbers)]
        products: Sequence[Any] = [of_spikes * move for move in moves]
    else:
        products = _times_derivatives(soft_step, x, numbers, of_spikes)
    return of_x, [_summed(v, p).astype(p.dtype) for v, p in zip(products, values, strict=True)]


def _times_derivatives(
    soft: Callable[..., Any], x: jax.Array, values: Sequence[Any], of_spikes: jax.Array
) -> Sequence[jax.Array]:
    """Return `of_spikes` times dS/dp of each element, for each of the values: a copy of it is made for every element.

    The elements are mapped, each an array of one number, since S may sum the parameters, as a softmax does.
    """
    copies = [_by_itself(p + jnp.zeros_like(x, p.dtype), p.ndim) for p in values]
    of_each = soft
    for _ in range(x.ndim):
        of_each = jax.vmap(of_each)
    _, pull = jax.vjp(lambda values: of_each(values, _by_itself(x, x.ndim)), copies)
    return [v.reshape(x.shape) for v in pull(_by_itself(of_spikes, x.ndim))[0]]


def _by_itself(v: jax.Array, rank: int) -> jax.Array:
    """Return an array with `rank` axes of one number behind its own."""
    return lax.expand_dims(v, range(v.ndim, v.ndim + rank))


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
            v = lax.dot_general(ones, v, (((0,), (0,)), ((), ())), precision=lax.Precision.HIGHEST)[None]
        v = v.sum(tuple(i for i, n in enumerate(shape) if n == 1)).reshape(p.shape)
    if axes := tuple(sorted(varying_axes(v) - varying_axes(p))):  # inside of `shard_map`, a parameter of all devices
        v = lax.psum(v, axes)
    divided = jax.typeof(p).sharding  # on a mesh with explicit axes a sum is divided as v was
    return v if jax.typeof(v).sharding.spec == divided.spec else jax.sharding.reshard(v, divided)
