"""Make explicit every array that a function holds, so that a rule or a cache may keep the function.

A derivative rule may run long after the trace in which it was written has ended, and a cache lives longer still: a
tracer hidden in either is dead by then. So a call is split into a recipe, which holds no array, and the arrays.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Hashable
from typing import Any

import jax
import numpy as np

_ARRAY = object()  # stands in a recipe where an array was


def take_apart(tree: Any) -> tuple[Hashable, list[Any]] | None:
    """Return `(recipe, arrays)` of nested partials, containers, arrays, constants and module-level functions.

    Equal parts give equal recipes, so a recipe is a cache key. None is returned where something else is found: a
    lambda, a local function or any other object in which an array may hide.

    >>> recipe, arrays = take_apart(functools.partial(jax.numpy.add, np.ones(2)))
    >>> put_together(recipe, arrays)(1.0)
    Array([2., 2.], dtype=float32)
    """
    arrays: list[Any] = []

    def walk(part: Any) -> Hashable:
        if isinstance(part, jax.Array | np.ndarray):
            arrays.append(part)
            return _ARRAY
        if type(part) is functools.partial:
            return functools.partial, walk((part.func, part.args, part.keywords))
        if type(part) in (tuple, list):
            return type(part), *map(walk, part)
        if type(part) is dict:
            return dict, tuple(part), *map(walk, part.values())
        if part is None or isinstance(part, int | float | str | np.generic):
            return type(part), part
        if callable(part) and (parts := _function_parts(part)) is not None:
            return types.FunctionType, part, *parts
        raise LookupError(part)

    try:
        return walk(tree), arrays
    except LookupError:
        return None


def put_together(recipe: Any, arrays: list[Any]) -> Any:
    """Invert `take_apart`; the arrays may be others, for instance tracers.

    >>> put_together(*take_apart((1, [np.float32(2.0)])))
    (1, [np.float32(2.0)])
    """
    remaining = iter(arrays)

    def build(recipe: Any) -> Any:
        if recipe is _ARRAY:
            return next(remaining)
        kind, *parts = recipe
        if kind is functools.partial:
            function, args, keywords = build(parts[0])
            return functools.partial(function, *args, **keywords)
        if kind in (tuple, list):
            return kind(map(build, parts))
        if kind is dict:
            return dict(zip(parts[0], map(build, parts[1:]), strict=True))
        return parts[0]

    return build(recipe)


def hoist(f: Callable[..., Any], x: jax.Array, *args: Any, **kwargs: Any) -> tuple[Callable[..., Any], list[Any]]:
    """Return `(pure, arrays)` such that `pure(x, arrays)` is `f(x, *args, **kwargs)` and `pure` holds no array.

    >>> alpha = jax.numpy.float32(2.0)
    >>> pure, arrays = hoist(lambda x: alpha * x, jax.numpy.ones(3))
    >>> pure(jax.numpy.ones(3), arrays), arrays
    (Array([2., 2., 2.], dtype=float32), [Array(2., dtype=float32)])
    """
    if (parts := take_apart((f, args, kwargs))) is not None:
        return functools.partial(_call, parts[0]), parts[1]
    closed = jax.make_jaxpr(lambda x: f(x, *args, **kwargs))(x)
    # Once more with the constants as arguments: newer versions of JAX keep the constants in the jaxpr itself.
    replay = jax.make_jaxpr(lambda x, *consts: jax.core.eval_jaxpr(closed.jaxpr, consts, x)[0])(x, *closed.consts)
    return functools.partial(_evaluate, replay.jaxpr), list(closed.consts)


def importable(f: Any) -> bool:
    """Say whether a function is found under its own name in its module, as pickle asks.

    >>> importable(hoist), importable(lambda x: x)
    (True, False)
    """
    module = sys.modules.get(getattr(f, "__module__", None) or "")
    return getattr(module, getattr(f, "__qualname__", None) or getattr(f, "__name__", ""), None) is f


def _call(recipe: Hashable, x: jax.Array, arrays: list[Any]) -> Any:
    f, args, kwargs = put_together(recipe, arrays)
    return f(x, *args, **kwargs)


def _evaluate(jaxpr: Any, x: jax.Array, arrays: list[Any]) -> Any:
    return jax.core.eval_jaxpr(jaxpr, (), x, *arrays)[0]


def _function_parts(f: Any) -> list[Any] | None:
    """Return the functions that a module-level function refers to, so that a redefinition of one is noticed.

    None stands for a function that may hold data: a lambda, a local function, a method, a reader of a global number.
    """
    if not isinstance(f, types.FunctionType):
        return [] if importable(f) else None
    if "<" in f.__qualname__:
        return None
    wrapped = [cell.cell_contents for cell in f.__closure__ or ()]
    read = [f.__globals__[name] for name in f.__code__.co_names if name in f.__globals__]
    inner = [_function_parts(w) for w in wrapped]
    if None in inner or not all(isinstance(r, types.ModuleType) or hasattr(r, "__qualname__") for r in read):
        return None
    return [*wrapped, *read, *(part for parts in inner for part in parts or ())]
