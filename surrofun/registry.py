"""Names of shapes, for `parse`, the command line and experiment configs. Nothing else needs them."""

from __future__ import annotations

import difflib
import functools
import inspect
import keyword
from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import shapes
from .combinators import asym, mix, normalize, scale, shift
from .evaluation import as_shape
from .naming import describe_value

F = TypeVar("F", bound=Callable[..., Any])

COMBINATORS = {f.__name__: f for f in (asym, mix, normalize, scale, shift)}
_shapes: dict[str, Callable[..., Any]] = {name: g for name, g in vars(shapes).items() if inspect.isfunction(g)}


@overload
def register(name: str) -> Callable[[F], F]: ...


@overload
def register(name: str, g: F) -> F: ...


def register(name: str, g: Any = None) -> Any:
    """Give a shape a name in expressions: `@register("hat")` above it, or `register("hat", g)`.

    Args:
        name: a Python identifier in ASCII, not taken yet and not a word of the language (`scale`, ..., `inf`, `nan`);
            only a function of the same name in the same module may take it again, as when a cell of a notebook reruns.
        g: a shape, `g(x, *params)`, which may be composed: `register("soft", scale(shapes.sigmoid, 0.5))`.

    Returns:
        The shape as it came; the decorator, where none came.

    Raises:
        TypeError: `name` is no text, or `g` no function.
        ValueError: the name is taken, or cannot be one.

    >>> @register("hat")
    ... def hat(x, alpha=1.0):
    ...     return jnp.maximum(0, 1 - alpha * jnp.abs(x))
    >>> lookup("hat") is hat
    True
    """
    if not isinstance(name, str):
        raise TypeError(f'register: expected a name, as in @register("my_shape"), got {describe_value(name)}')
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"register: expected an identifier in ASCII as name, got {name!r}")
    if name in (*COMBINATORS, "inf", "nan"):
        raise ValueError(f"register: {name!r} means something else in an expression, choose another name")
    if g is None:
        return functools.partial(register, name)
    if isinstance(as_shape(g, "register"), type):
        raise TypeError(f"register: expected a shape, that is a function g(x, *params), got {describe_value(g)}")
    if name in _shapes and not _is_rewritten(_shapes[name], g):
        raise ValueError(f"register: the name {name!r} is taken, by {describe_value(_shapes[name])}")
    if isinstance(g, functools.partial):
        vars(g)  # makes its __dict__, without which functools.partial would flatten a partial of it
    _shapes[name] = g
    return g


def _is_rewritten(old: Any, new: Any) -> bool:
    where = [(g.__module__, getattr(g, "__qualname__", "<")) for g in (old, new)]
    return old is new or (where[0] == where[1] and "<" not in where[0][1])


def lookup(name: str) -> Callable[..., Any]:
    """Return the shape that is registered under `name`. The shapes of the catalogue are.

    Raises:
        ValueError: there is no such shape; the message has the nearest names.

    >>> lookup("sigmoid") is shapes.sigmoid
    True
    """
    if name in _shapes:
        return _shapes[name]
    near = difflib.get_close_matches(str(name), [*names(), *COMBINATORS])
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names())}"
    if name in COMBINATORS:
        hint = f"as a combinator it takes {', '.join(inspect.signature(COMBINATORS[name]).parameters)}"
    raise ValueError(f"no shape is registered as {str(name)[:40]!r}; {hint}")


def names() -> tuple[str, ...]:
    """Return the names of all registered shapes, sorted.

    >>> [name for name in names() if name.startswith("s")]
    ['s2nn', 'sigmoid', 'squarewave_fourier', 'straight_through', 'superspike']
    """
    return tuple(sorted(_shapes))
