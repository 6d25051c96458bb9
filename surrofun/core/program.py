"""The cache of programs: `jax.jit` over the structure of what is called. Numbers are operands: a new one is free.

What is searched for is kept here, too, the latest few.
"""

import contextvars
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import get_abstract_mesh

from .concrete import is_traced
from .dtype import is_real
from .purity import is_cacheable
from .tree import Tree, is_module, is_variable, native, plain, split

# What a function raises that asks for the value of a number, where a compiled program has none.
_NEEDS_A_VALUE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
# Whether a program that is traced may search; what is outside of programs may. It is not in the key of the cache, since
# a function is always called with the same `search`.
_may_search = contextvars.ContextVar("_may_search", default=True)


def call_cached(f: Callable[..., Any], *trees: Tree, search: bool = False) -> Any:
    """Return `f(*trees)`: by a program of `jax.jit`, if every function in the trees is pure and importable, and every
    leaf is a float or an array, which is an operand then. Otherwise, and where the program asks for the value of an
    operand, f is evaluated afresh; in a `shard_map`, by a program that is not kept.

    f is a function of this package. With `search`, the program may search for facts; else `abort_if_traced` aborts it.

    >>> import jax.numpy as jnp
    >>> call_cached(jnp.multiply, 2.0, jnp.ones(()))
    Array(2., dtype=float32)
    """
    cacheable = is_cacheable(trees)
    if not cacheable:  # variables of flax.nnx may be among the parameters: their numbers are operands
        trees = jax.tree.map(lambda v: plain(v) if is_variable(v) else v, trees, is_leaf=is_module)
        cacheable = is_cacheable(trees)
    leaves, treedef = jax.tree.flatten(trees)
    leaves = list(map(native, leaves))
    are_operands = all(map(_is_operand, leaves))
    if are_operands and cacheable:
        token = _may_search.set(search)
        try:
            return _program(f, treedef, leaves)
        except _NEEDS_A_VALUE:
            pass
        finally:
            _may_search.reset(token)
    if are_operands and get_abstract_mesh().manual_axes:  # in a `shard_map` JAX takes the rule of a spike only in `jit`
        # Of a new function each time: nothing is kept of what may be impure.
        return jax.jit(lambda *trees: f(*trees), inline=True)(*trees)
    return f(*trees)


def call_refusing_nan(f: Callable[..., Any], *trees: Tree) -> Any:
    """Return what `call_cached` does; where some is NaN, call f again with values: it may say what is wrong.

    >>> import jax.numpy as jnp
    >>> call_refusing_nan(jnp.multiply, 2.0, jnp.ones(()))
    Array(2., dtype=float32)
    """
    result = call_cached(f, *trees)
    known = not is_traced((result, trees))
    return f(*trees) if known and any(np.isnan(v).any() for v in jax.tree.leaves(result)) else result


def _is_operand(leaf: Any) -> bool:
    return isinstance(leaf, (float, jax.Array)) or (isinstance(leaf, np.ndarray) and is_real(leaf))


@functools.partial(jax.jit, static_argnums=(0, 1), inline=True)  # what XLA is given holds operations, not calls
def _program(f: Callable[..., Any], treedef: Any, leaves: list[Any]) -> Any:
    return f(*treedef.unflatten(leaves))


def abort_if_traced(tree: Tree) -> None:
    """Abort the trace of a program that may not search, if a tree holds a tracer.

    `call_cached` then calls its function without `jit`: so a search runs on values, where it finds more.

    >>> abort_if_traced(2.0)
    """
    _, tracers = split(tree)
    if tracers and not _may_search.get():
        raise jax.errors.ConcretizationTypeError(tracers[0], "a search is better with values")


def call_memoized(f: Callable[..., Any], *trees: Tree) -> Any:
    """Return `f(*trees)` of a function of this package; the latest few are kept, where nothing in the trees can change.

    Not in a `shard_map`, where they may be tracers.

    >>> call_memoized(max, 2.0, 3.0)
    3.0
    """
    leaves, treedef = jax.tree.flatten(trees)
    kept = is_cacheable(trees) and all(type(leaf) is float for leaf in leaves)
    if kept and not get_abstract_mesh().manual_axes:
        return _memoized(f, treedef, tuple(map(repr, leaves)))  # which tells 0.0 from -0.0
    return f(*trees)


@functools.lru_cache(maxsize=32)
def _memoized(f: Callable[..., Any], treedef: Any, floats: tuple[str, ...]) -> Any:
    return f(*treedef.unflatten(map(float, floats)))
