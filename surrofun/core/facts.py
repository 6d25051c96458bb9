"""What a function declares is kept on the function itself, with the function beside it.

So it survives a copy by value, as cloudpickle makes one, and does not travel with `functools.wraps`.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import jax

F = TypeVar("F")
Facts: TypeAlias = dict[str, Any]  # "soft", "bounds", "around", and what else is known

_LIBRARIES = "builtins", "jax", "math", "numpy", "surrofun"


def facts_of(f: Any) -> Facts:
    """Return what a function declares of itself; nothing, if it declares nothing.

    >>> facts_of(declare(lambda x: x, bounds=None)), facts_of(abs)
    ({'bounds': None}, {})
    """
    of, facts = getattr(f, "__facts__", (None, {})) if isinstance(f, types.FunctionType) else (None, {})
    return facts if of is f else {}


def declare(f: F, **facts: Any) -> F:
    """Add to what a function declares of itself.

    >>> facts_of(declare(declare(lambda x: x, soft=abs), bounds=None))
    {'soft': <built-in function abs>, 'bounds': None}
    """
    f.__facts__ = (f, {**facts_of(f), **facts})  # type: ignore[attr-defined]
    return f


def closes_over_nothing(f: Any) -> bool:
    """Say whether a function reads nothing that may change: no closure, no object whose method it is, no array.

    >>> closes_over_nothing(lambda x, alpha=1.0: alpha * x), closes_over_nothing(dict().get)
    (True, False)
    """
    if not isinstance(f, types.FunctionType) or is_pure(f):
        return is_pure(f)
    defaults = jax.tree.leaves((f.__defaults__, f.__kwdefaults__))
    return not f.__closure__ and all(isinstance(v, int | float | str) or is_pure(v) for v in defaults)


def is_pure(f: Any) -> bool:
    """Say whether a function is declared, or of a library, and closes over nothing.

    >>> is_pure(abs), is_pure(lambda x: x)
    (True, False)
    """
    return bool(facts_of(f).get("pure")) or (_is_of_a_library(f) and importable(f))


def importable(f: Any) -> bool:
    """Say whether a function, or what was made of it, is found under its own name in its module.

    >>> importable(importable), importable(lambda x: x)
    (True, False)
    """
    module = sys.modules.get(getattr(f, "__module__", None) or "")
    found = getattr(module, getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or "", None)
    return found is f or (found is not None and getattr(found, "__wrapped__", None) is f)


def _is_of_a_library(f: Any) -> bool:
    return (getattr(f, "__module__", None) or "").partition(".")[0] in _LIBRARIES


def signature_of(f: Callable[..., Any]) -> tuple[str, inspect.Signature | None]:
    """Return the name of the first parameter, and the others; some functions of C have no signature.

    >>> signature_of(lambda x, alpha=1.0: x)
    ('x', <Signature (alpha=1.0)>)
    """
    try:
        x, *others = inspect.signature(f).parameters.values()
    except ValueError:
        return "x", None
    return x.name, inspect.Signature([p.replace(annotation=p.empty) for p in others])
