"""Names of shapes and combinators, as `parse` reads them."""

import difflib
import functools
import keyword
from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import shapes
from .combinators import asym, mix, normalize, scale, shift
from .core.expect import refuse_ported
from .core.facts import is_combinator
from .core.shape import as_shape
from .core.text import describe_value
from .shapes.elsewhere import meaning

F = TypeVar("F", bound=Callable[..., Any])

_named: dict[str, Callable[..., Any]] = {name: getattr(shapes, name) for name in shapes.__all__}
_named |= {f.__name__: f for f in (asym, mix, normalize, scale, shift)}


@overload
def register(name: str) -> Callable[[F], F]: ...


@overload
def register(name: str, g: F) -> F: ...


def register(name: str, g: Any = None) -> Any:
    """Give a shape or a combinator a name in expressions; also a decorator.

    Args:
        name: a Python identifier in ASCII, not taken yet and no number
            (`inf`, `nan`); only a function of the same name in the same
            module may take it again, as when a cell of a notebook reruns.
        g: a shape, as `register("soft", scale(shapes.sigmoid, 0.5))`; or
            what `combinator` made.

    Raises:
        TypeError: the name is no text, or `g` is no shape.
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
    if name in ("inf", "nan"):
        raise ValueError(f"register: {name!r} is a number in an expression, choose another name")
    if g is None:
        return functools.partial(register, name)
    g = g if is_combinator(g) else as_shape(g, "register")
    refuse_ported(g, "register")
    if name in _named and not _is_rewritten(_named[name], g):
        raise ValueError(f"register: the name {name!r} is taken, by {describe_value(_named[name])}")
    _named[name] = g
    return g


def _is_rewritten(old: Any, new: Any) -> bool:
    where = [(g.__module__, getattr(g, "__qualname__", "<")) for g in (old, new)]
    return old is new or (where[0] == where[1] and "<" not in where[0][1])


def lookup(name: str) -> Callable[..., Any]:
    """Return the shape or the combinator that is registered under `name`.

    Raises:
        TypeError: the name is no text.
        ValueError: there is none; the message says what the shape of that
            name in another library is here, or has the nearest names.

    >>> lookup("sigmoid") is shapes.sigmoid
    True
    """
    if not isinstance(name, str):
        raise TypeError(f"lookup: expected the name of a shape, got {describe_value(name)}")
    if name in _named:
        return _named[name]
    path, _, last = name.strip().rpartition(".")  # as another library has it, surrogate.fast_sigmoid
    near = difflib.get_close_matches(last, _named)
    did_you_mean = f"did you mean {' or '.join(near)}?" if near else f"register it, or take {', '.join(names())}"
    ours = last in _named and path.split(".")[-1] in ("shapes", "surrofun", "")
    hint = f"did you mean {last}?" if ours else meaning(last, path.split(".")[0]) or did_you_mean
    raise ValueError(f"no shape is registered as {name[:80]!r}; {hint}")


def names() -> tuple[str, ...]:
    """Return the names of all registered shapes, without combinators, sorted.

    >>> [name for name in names() if name.startswith("sq")]
    ['squarewave_fourier']
    """
    return tuple(sorted(name for name, f in _named.items() if not is_combinator(f)))


def name_of(f: Callable[..., Any]) -> str | None:
    """Return the registered name of a shape or a combinator, or None.

    >>> name_of(shapes.sigmoid)
    'sigmoid'
    """
    return next((name for name, known in _named.items() if known is f), None)
