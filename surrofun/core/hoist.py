"""Make explicit every array that a function holds, so that a derivative rule may keep the function.

A rule may run long after the trace in which it was written has ended: a tracer hidden in it is dead by then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from .memo import ARRAYS, Key, interned, key_of, together


def hoist(f: Callable[..., Any], x: jax.Array, /, *args: Any, **kwargs: Any) -> tuple[Callable[..., Any], list[Any]]:
    """Return `(pure, arrays)` such that `pure(x, arrays)` is `f(x, *args, **kwargs)` and `pure` holds no tracer.

    Where `f` is made of declared functions, its arrays are in plain sight. Any other function is traced, which finds
    arrays wherever they are.

    >>> import jax.numpy as jnp
    >>> alpha = jnp.float32(2.0)
    >>> pure, arrays = hoist(lambda x: alpha * x, jnp.ones(3))
    >>> pure(jnp.ones(3), arrays), arrays
    (Array([2., 2., 2.], dtype=float32), [Array(2., dtype=float32)])
    """
    return in_sight(f, args, kwargs) or _traced(f, x, *args, **kwargs)


def in_sight(
    f: Callable[..., Any], args: Any, kwargs: Any, fixed: bool = True
) -> tuple[Callable[..., Any], list[Any]] | None:
    """Return what `hoist` does without a trace, if `f` is made of declared functions; else None.

    If it is known that no function hides a tracer, they may be any (`fixed=False`).

    >>> import jax.numpy as jnp
    >>> in_sight(lambda x: x, (), {}) is None, in_sight(jnp.multiply, (2,), {})[1]
    (True, [])
    """
    arrays: list[Any] = []
    key = key_of((f, args, tuple(kwargs.items())), arrays, ARRAYS, fixed=fixed)
    return None if key is None else (interned(functools.partial, _called, key), arrays)


def _traced(f: Callable[..., Any], x: jax.Array, /, *args: Any, **kwargs: Any) -> tuple[Callable[..., Any], list[Any]]:
    closed = jax.make_jaxpr(lambda x: f(x, *args, **kwargs))(x)
    # Once more with the constants as arguments: newer versions of JAX keep the constants in the jaxpr itself.
    replay = jax.make_jaxpr(lambda x, *consts: jax.core.eval_jaxpr(closed.jaxpr, consts, x)[0])(x, *closed.consts)
    return functools.partial(_replayed, replay.jaxpr), list(closed.consts)


def concretely(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Return `f(*args, **kwargs)`, evaluated at once whatever is being traced; None, where it holds a tracer.

    It is also faster: while something is differentiated, JAX takes ten times as long for what it is not about.

    >>> jax.jit(lambda x: x + concretely(float, 1.0))(1.0), jax.jit(lambda x: concretely(lambda: 2 * x) is None)(1.0)
    (Array(2., dtype=float32, weak_type=True), Array(True, dtype=bool))
    """
    if is_traced((args, kwargs)):
        return None
    try:
        with jax.core.eval_context():
            return f(*args, **kwargs)
    except jax.errors.UnexpectedTracerError:  # it is hidden in f
        return None


def early(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Return `f(*args, **kwargs)`, concretely where that can be done, else in the trace.

    >>> early(abs, -2.0)
    2.0
    """
    value = concretely(f, *args, **kwargs)
    return f(*args, **kwargs) if value is None else value


def is_traced(values: Any) -> bool:
    """Say whether there is a tracer among nested values.

    >>> is_traced([1.0, jax.numpy.ones(3)])
    False
    """
    return any(isinstance(v, jax.core.Tracer) for v in jax.tree.leaves(values))


def numpy_of(*values: Any) -> Any:
    """Return `numpy` for numbers, of which nothing has to be compiled, and `jax.numpy` where one is traced.

    >>> numpy_of(1.0, jax.numpy.ones(3)).__name__
    'numpy'
    """
    return jax.numpy if is_traced(values) else np


def is_elementwise(pure: Callable[..., Any]) -> bool:
    """Say whether the arrays of what `hoist` returned broadcast against x: those of declared functions do.

    >>> import jax.numpy as jnp
    >>> is_elementwise(hoist(jnp.multiply, jnp.ones(3), jnp.ones(3))[0])
    True
    """
    return isinstance(pure, functools.partial) and pure.func is _called


def _called(key: Key, x: jax.Array, arrays: list[Any]) -> Any:
    f, args, kwargs = together(key, iter(arrays))
    return f(x, *args, **dict(kwargs))


def _replayed(jaxpr: Any, x: jax.Array, arrays: list[Any]) -> Any:
    return jax.core.eval_jaxpr(jaxpr, (), x, *arrays)[0]
