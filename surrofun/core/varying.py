"""Arrays that vary over the devices of a `shard_map`, and the indices of named axes."""

from typing import Any

import jax
from jax import lax


def varying_axes(tree: Any) -> frozenset[Any]:
    """Return the axes of the mesh over which an array of a tree, or a struct, varies; outside of `shard_map`, none.

    >>> varying_axes((2.0, jax.numpy.ones(3)))
    frozenset()
    """
    arrays = [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array | jax.ShapeDtypeStruct)]
    kinds: list[Any] = list(map(jax.typeof, arrays))
    # In `vma` until jax 0.9.
    return frozenset().union(*(k.vma if hasattr(k, "vma") else k.manual_axis_type.varying for k in kinds))


def vary_as(x: jax.Array, tree: Any) -> jax.Array:
    """Return x as an array that varies over the devices wherever an array of a tree does.

    >>> vary_as(jax.numpy.zeros(()), {"alpha": jax.numpy.ones(3)})
    Array(0., dtype=float32)
    """
    axes = tuple(sorted(varying_axes(tree) - varying_axes(x)))
    return lax.pcast(x, axes, to="varying") if axes else x


def axis_indices(closed: Any) -> list[jax.Array]:
    """Return the indices that a function asks for in named axes, as those of `vmap`.

    >>> axis_indices(jax.make_jaxpr(abs)(2.0))
    []
    """
    return [lax.axis_index(effect.name) for effect in closed.jaxpr.effects if hasattr(effect, "name")]
