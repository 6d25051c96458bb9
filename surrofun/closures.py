"""Make explicit every array that a function holds, so that a rule or a cache may keep the function.

A derivative rule may run long after the trace in which it was written has ended, and a cache lives longer still: a
tracer hidden in either is dead by then.
"""

from __future__ import annotations

import builtins
import dis
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import jax


def hoist(f: Callable[..., Any], x: jax.Array, /, *args: Any, **kwargs: Any) -> tuple[Callable[..., Any], list[Any]]:
    """Return `(pure, arrays)` such that `pure(x, arrays)` is `f(x, *args, **kwargs)` and `pure` holds no array.

    A function that may hide something is traced, which finds arrays of whatever dtype wherever they are.

    >>> import jax.numpy as jnp
    >>> alpha = jnp.float32(2.0)
    >>> pure, arrays = hoist(lambda x: alpha * x, jnp.ones(3))
    >>> pure(jnp.ones(3), arrays), arrays
    (Array([2., 2., 2.], dtype=float32), [Array(2., dtype=float32)])
    """
    arguments, tree = jax.tree.flatten((args, kwargs))
    if holds_no_data(f) and all(isinstance(a, jax.Array) for a in arguments):
        pure = functools.partial(_call, f, tree)
        jax.eval_shape(pure, x, arguments)  # what is wrong with f, it says now
        return pure, arguments
    closed = jax.make_jaxpr(lambda x: f(x, *args, **kwargs))(x)
    # Once more with the constants as arguments: newer versions of JAX keep the constants in the jaxpr itself.
    replay = jax.make_jaxpr(lambda x, *consts: jax.core.eval_jaxpr(closed.jaxpr, consts, x)[0])(x, *closed.consts)
    return functools.partial(_evaluate, replay.jaxpr), list(closed.consts)


def _call(f: Callable[..., Any], tree: Any, x: jax.Array, arrays: list[Any]) -> Any:
    args, kwargs = jax.tree.unflatten(tree, arrays)
    return f(x, *args, **kwargs)


def _evaluate(jaxpr: Any, x: jax.Array, arrays: list[Any]) -> Any:
    return jax.core.eval_jaxpr(jaxpr, (), x, *arrays)[0]


def holds_no_data(f: Any) -> bool:
    """Say whether `f` is made of numbers and of functions that will be the same for ever, so that a cache may keep it.

    A module-level function counts, if whatever it reads comes from jax, numpy or surrofun. A lambda, a local function
    or a reader of a global of its own module does not, nor does anything that holds an array.

    >>> holds_no_data(functools.partial(hoist, 1.0)), holds_no_data(lambda x: x)
    (True, False)
    """
    if f is None or isinstance(f, int | float | str):
        return True
    if type(f) is tuple:  # two named tuples of different classes may be equal
        return all(map(holds_no_data, f))
    if isinstance(f, functools.partial):
        return all(map(holds_no_data, (f.func, f.args, tuple(f.keywords.values()))))
    if _from_a_library(f) and importable(f):
        return True
    return isinstance(f, types.FunctionType) and "<" not in f.__qualname__ and _reads_no_data(f)


@functools.lru_cache(maxsize=1024)
def _reads_no_data(f: types.FunctionType) -> bool:
    held = [cell.cell_contents for cell in f.__closure__ or ()]
    held += [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
    unknown = object()
    read = [f.__globals__.get(name, getattr(builtins, name, unknown)) for name in _globals_of(f.__code__)]
    modules = [r for r in read if isinstance(r, types.ModuleType)]
    return all(map(holds_no_data, held)) and all(_from_a_library(r) and (r in modules or importable(r)) for r in read)


def _globals_of(code: types.CodeType) -> list[str]:
    names = [i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "IMPORT_NAME")]
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return names + [name for c in inner for name in _globals_of(c)]


def _from_a_library(f: Any) -> bool:
    module = f.__name__ if isinstance(f, types.ModuleType) else getattr(f, "__module__", None) or ""
    return module.partition(".")[0] in ("builtins", "jax", "math", "numpy", "surrofun")


@functools.lru_cache(maxsize=1024, typed=True)
def unique_partial(function: Any, /, *args: Any, **kwargs: Any) -> functools.partial[Any]:
    """Return a partial that is the same object each time, so that it may be the key of a cache.

    >>> unique_partial(hoist, 1.0) is unique_partial(hoist, 1.0)
    True
    """
    return functools.partial(function, *args, **kwargs)


def importable(f: Any) -> bool:
    """Say whether a function is found under its own name in its module, as pickle asks.

    >>> importable(hoist), importable(lambda x: x)
    (True, False)
    """
    module = sys.modules.get(getattr(f, "__module__", None) or "")
    name = getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or ""
    return getattr(module, name, None) is f
