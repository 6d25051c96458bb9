"""What is known to be pure, to depend on its arguments alone: the arrays it computes with are arguments or leaves.

A program is cached only of functions that are pure, and found under their names in their modules.
"""

import sys
import types
from typing import Any

import jax

from .facts import facts_of
from .tree import Tree, opaque_in

_LIBRARIES = "builtins", "jax", "math", "numpy", "surrofun"  # whose functions count as pure, though `input` is not


def looks_pure(*functions: Any) -> bool:
    """Say whether functions may be declared pure: they are plain, close over nothing, and no default is an object.

    >>> looks_pure(lambda x, alpha=1.0: alpha * x), looks_pure(abs, dict().get)
    (True, False)
    """
    return all(is_pure(f) or _closes_over_nothing(f) for f in functions)


def _closes_over_nothing(f: Any) -> bool:
    is_plain = isinstance(f, types.FunctionType) and not f.__closure__
    return is_plain and _is_fixed((f.__defaults__, *(f.__kwdefaults__ or {}).values()))


def _is_fixed(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_fixed, value))
    return isinstance(value, int | float | str | None) or is_pure(value)


def is_pure(f: Any) -> bool:
    """Say whether a function is known to depend on its arguments alone.

    Known are those that declare it, and those of `_LIBRARIES` or of `jax.jit` that are found under their names.

    >>> is_pure(abs), is_pure(lambda x: x)
    (True, False)
    """
    if facts_of(f).get("pure"):
        return True
    return (_package_of(f) in _LIBRARIES or isinstance(f, jax.stages.Wrapped)) and importable(f)


def importable(f: Any) -> bool:
    """Say whether a function, or what was made of it, is found under its own name in its module.

    >>> importable(importable), importable(lambda x: x)
    (True, False)
    """
    module = sys.modules.get(getattr(f, "__module__", None) or "")
    found = getattr(module, getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or "", None)
    return found is f or getattr(found, "__wrapped__", None) is f


def is_own(f: Any) -> bool:
    """Say whether a function is of this package, and not made of one that is.

    >>> is_own(is_own), is_own(abs)
    (True, False)
    """
    return _package_of(f) == "surrofun" and importable(f)


def _package_of(f: Any) -> str:
    return (getattr(f, "__module__", None) or "").partition(".")[0]


def all_pure(tree: Tree) -> bool:
    """Say whether all that is opaque in a tree is known to be pure, so that the arrays it computes with are leaves.

    >>> all_pure(jax.tree_util.Partial(abs)), all_pure(jax.tree_util.Partial(lambda x: x))
    (True, False)
    """
    return all(map(is_pure, opaque_in(tree)))


def is_cacheable(tree: Tree) -> bool:
    """Say whether a program of a tree may be cached: what is opaque in it is pure, and found under its name.

    >>> is_cacheable(jax.tree_util.Partial(abs))
    True
    """
    return all(is_pure(f) and importable(f) for f in opaque_in(tree))
