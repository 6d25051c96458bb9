"""Keys: what a function made of functions and numbers consists of, so that equal ones are one and compile once.

A key shows everything: `(tuple, (float, '2.0'), (int, 2))`. It tells 2 from 2.0 and from True, and 0.0 from -0.0, at
every depth, which `==` does not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import numbers
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import jax
import numpy as np

from .text import show

Key: TypeAlias = Any  # nested tuples, each led by a type
Types: TypeAlias = tuple[type, ...]

ARRAYS = (jax.Array, np.ndarray)
NUMBERS = (float, np.floating, *ARRAYS)  # what a compiled program takes as operands
_LEAF = "a leaf"  # stands for an operand
_SIMPLE = (type(None), bool, int, str, float, np.dtype)
_WELL_COMPARED = (*_SIMPLE, types.MethodType, types.BuiltinFunctionType)
_interned: weakref.WeakValueDictionary[Key, Any] = weakref.WeakValueDictionary()
_MOST = 1024
_found: dict[Key, Any] = {}
_constant: weakref.WeakSet[Any] = weakref.WeakSet()  # functions that are declared and close over nothing


def apart(part: Any, leaves: list[Any], moving: Types = (), fixed: bool = False) -> Key:
    """Return the key of `part`; what is of a type in `moving` is appended to `leaves` instead.

    Args:
        part: numbers, functions, tuples and `functools.partial` of these.
        leaves: the list that grows.
        moving: types of operands.
        fixed: refuse functions that may change: all but those declared constant and those of a library.

    Raises:
        TypeError: there is something that has no key.

    >>> leaves = []
    >>> apart((abs, 2.0, 3), leaves, moving=(float,)), leaves
    ((<class 'tuple'>, (<class 'builtin_function_or_method'>, <built-in function abs>), 'a leaf', (<class 'int'>, 3)),
    [2.0])
    """
    kind = type(part)
    if isinstance(part, moving):
        leaves.append(part)
        return _LEAF
    if kind is float:
        return kind, repr(part)
    if isinstance(part, tuple) or (kind is list and moving and not fixed):
        return kind, *(apart(p, leaves, moving, fixed) for p in part)
    if kind is dict and moving and not fixed:  # it may change: it has a key for the moment only
        return kind, *(apart(item, leaves, moving, fixed) for item in part.items())
    if kind is functools.partial:
        return kind, *(apart(p, leaves, moving, fixed) for p in (part.func, part.args, tuple(part.keywords.items())))
    if fixed and not (kind in _SIMPLE or part in _constant or _is_of_a_library(part)):
        raise TypeError(f"{part!r} may change")
    hash(part)
    return kind, part, *_told_apart(part)


def _told_apart(part: Any) -> Key:
    """Return what a key needs beside an object whose own == calls equal what differs, as 0.0 and -0.0."""
    kind: Any = type(part)
    if kind.__eq__ is object.__eq__ or isinstance(part, _WELL_COMPARED):
        return ()
    if isinstance(part, numbers.Number | np.generic):
        return (repr(part),)
    if dataclasses.is_dataclass(part) and kind.__dataclass_params__.frozen:
        return tuple(apart(getattr(part, field.name), []) for field in dataclasses.fields(part))
    return (id(part),)


def key_of(part: Any, leaves: list[Any], moving: Types = (), fixed: bool = True) -> Key | None:
    """Return the key, by default of what cannot change; None, where something may, or has no key.

    >>> key_of(2, []), key_of(lambda x: x, [])
    ((<class 'int'>, 2), None)
    """
    try:
        return apart(part, leaves, moving, fixed)
    except TypeError:
        return None


def once(f: Callable[..., Any], *parts: Any) -> Any:
    """Return `f(*parts)` of a function of this package; it is kept, where nothing in `parts` can change.

    >>> once(together, (int, 2), None)
    2
    """
    key = key_of((f, *parts), [])
    if key is None:
        return f(*parts)
    if key not in _found:
        if len(_found) >= _MOST:
            del _found[next(iter(_found))]
        _found[key] = f(*parts)
    return _found[key]


def together(key: Key, leaves: Iterator[Any]) -> Any:
    """Return what has this key, with the next leaves at their places.

    >>> together(apart((2, 0.5), []), iter([]))
    (2, 0.5)
    """
    if key == _LEAF:
        return next(leaves)
    kind, *rest = key
    if kind is float:
        return float(rest[0])
    if issubclass(kind, tuple | list | dict):
        parts = [together(k, leaves) for k in rest]
        return kind(parts) if kind in (tuple, list, dict) else kind(*parts)  # a named tuple
    if kind is functools.partial:
        f, args, keywords = (together(k, leaves) for k in rest)
        made: Any = functools.partial(f, *args, **dict(keywords))
        made.__name__ = _brief(f, args)  # so that another partial of it leaves it whole
        return made
    return rest[0]


def _brief(f: Any, args: tuple[Any, ...]) -> str:
    """Return `scale(...)`, the name of a partial whose numbers are operands; one that holds parts holds them first."""
    source = args[0] if args else f
    source = source[0] if type(source) is tuple else source
    return f"{show(source).removesuffix('(...)')}(...)"


def arrays_of(*parts: Any) -> list[Any]:
    """Return the arrays that are held in plain sight, by a `functools.partial` or a tuple.

    >>> arrays_of(functools.partial(abs, np.zeros(2)), 1.0)
    [array([0., 0.])]
    """
    arrays: list[Any] = []
    with contextlib.suppress(TypeError):  # something has no key; what stands before it is found
        apart(parts, arrays, ARRAYS)
    return arrays


def interned(make: Callable[..., Any], *parts: Any) -> Any:
    """Return `make(*parts)`, the same object as long as one made of equal parts is alive.

    Where a part has no hash, as an array or a tracer has none, it is made anew.

    >>> interned(functools.partial, abs) is interned(functools.partial, abs)
    True
    """
    try:
        key = apart((make, *parts), [])
        found = _interned.get(key)
    except TypeError:
        return make(*parts)
    if found is None:
        found = _interned[key] = make(*parts)
    return found


def constant(f: Any, *sources: Any) -> None:
    """Let programs be compiled of `f`, if none of the functions it is made of closes over anything.

    >>> double = lambda x: 2 * x
    >>> constant(double, double)
    >>> key_of(double, []) is None
    False
    """
    if all(_holds_nothing(s) or _is_of_a_library(s) for s in sources):
        _constant.add(f)


def _holds_nothing(f: Any) -> bool:
    """Say whether a function closes over nothing: no variable, no object whose method it is, no array as a default."""
    if not isinstance(f, types.FunctionType) or f.__closure__:
        return False
    return key_of((f.__defaults__, tuple((f.__kwdefaults__ or {}).items())), []) is not None


def importable(f: Any) -> bool:
    """Say whether a function is found under its own name in its module, as pickle asks.

    >>> importable(interned), importable(lambda x: x)
    (True, False)
    """
    module = sys.modules.get(getattr(f, "__module__", None) or "")
    name = getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or ""
    return getattr(module, name, None) is f


def _is_of_a_library(f: Any) -> bool:
    module = getattr(f, "__module__", None) or ""
    return module.partition(".")[0] in ("builtins", "jax", "math", "numpy", "surrofun") and importable(f)
