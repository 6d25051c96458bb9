"""What the gradient of a learning spike is: that by its potential, and that by each parameter of its soft step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from .dtype import broadcasts, widened
from .hoist import is_elementwise

Pure: TypeAlias = Callable[..., Any]  # f(x, arrays), as `hoist` returns it

_FEW = 4  # parameters for each of which dS/dp is computed by itself


def pulled(
    slope: Pure, soft: Pure, learned: tuple[int, ...], x: jax.Array, g: jax.Array, arrays: Any, parameters: Any
) -> tuple[jax.Array, Sequence[jax.Array]]:
    """Return `(by_x, by_learned)`: g times the slope, and for each learned parameter the sum of g times dS/dp.

    The sums are computed in at least float32, and have the dtype of their parameter.

    Args:
        slope, soft: the shape and its soft step, of x and of `arrays`, respectively `parameters`.
        learned: which of the parameters are differentiated.
        x: the potentials.
        g: the cotangent of the spikes, of the shape of x.

    >>> from .hoist import hoist
    >>> soft, parameters = hoist(jnp.multiply, jnp.ones(3), jnp.float32(2.0))     # S = p x, of slope p
    >>> slope, arrays = hoist(jnp.full_like, jnp.ones(3), jnp.float32(2.0))
    >>> pulled(slope, soft, (0,), jnp.ones(3), jnp.ones(3), arrays, parameters)
    (Array([2., 2., 2.], dtype=float32), [Array(3., dtype=float32)])
    """
    pull = _pull_once if is_elementwise(slope) and is_elementwise(soft) else _pull
    return pull(slope, soft, learned, x, g, arrays, parameters)  # type: ignore[no-any-return]


def _pull(slope: Pure, soft: Pure, learned: tuple[int, ...], x: Any, g: Any, arrays: Any, parameters: Any) -> Any:
    def moved(values: Any) -> Any:
        given = dict(zip(learned, values, strict=True))
        return soft(x, [given.get(i, p) for i, p in enumerate(parameters)])

    values = [parameters[i] for i in learned]
    if not all(is_elementwise(soft) and broadcasts(p.shape, x.shape) for p in values):
        return g * slope(x, arrays), jax.vjp(moved, values)[1](g)[0]
    by_x = g * slope(x, arrays)
    x, g = widened((x, g))
    if len(values) > _FEW:
        wide = [jnp.broadcast_to(p, x.shape) for p in values]  # else it would be summed at each of its uses
        products = jax.vjp(moved, wide)[1](g)[0]
    else:  # each element of S has its own dS/dp, which is what it moves by when p moves by 1 everywhere
        products = [
            g * jax.jvp(lambda p, k=k: moved([*values[:k], p, *values[k + 1 :]]), (p,), (jnp.ones_like(p),))[1]
            for k, p in enumerate(values)
        ]
    return by_x, [_summed(v, p).astype(p.dtype) for v, p in zip(products, values, strict=True)]


_pull_once = jax.jit(_pull, static_argnums=(0, 1, 2), inline=True)  # one call, where nothing else is compiled


def _summed(v: jax.Array, p: jax.Array) -> jax.Array:
    """Return `v` summed to the shape of `p`; first by a product with ones, which a CPU does faster than a sum."""
    if v.shape != p.shape:
        shape = (1,) * (v.ndim - p.ndim) + p.shape
        if v.ndim > 1 and shape[0] == 1 and not any(jax.typeof(v).sharding.spec):
            ones = jnp.ones(v.shape[0], v.dtype)
            v = lax.dot_general(ones, v, (((0,), (0,)), ((), ())), precision=lax.Precision.HIGHEST)[None]
        v = v.sum(tuple(i for i, n in enumerate(shape) if n == 1)).reshape(p.shape)
    divided = jax.typeof(p).sharding  # on a mesh with explicit axes a sum is divided as v was
    return v if jax.typeof(v).sharding.spec == divided.spec else jax.sharding.reshard(v, divided)
