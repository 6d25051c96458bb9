"""What a function, a parameter or a composition is called in names and in error messages."""

import functools
import inspect
import types
from typing import Any, TypeVarTuple

import jax
import numpy as np

from .facts import facts_of, signature_of
from .tree import ARRAYS, is_variable, plain, unbound

OF_A_SOFT_STEP = "of a soft step S, take derivative(S)"  # who meets an infinite area may have given S itself


def show(value: Any) -> str:
    """Return the short name of a shape or the text of one of its parameters.

    >>> show(functools.partial(show, value=2.0)), show(np.float32(0.1)), show(np.zeros((2, 3)))
    ('show(value=2.0)', '0.1', '<float64[2, 3]>')
    """
    value = plain(value) if is_variable(value) else value
    is_key = isinstance(value, jax.Array) and jax.numpy.issubdtype(value.dtype, jax.dtypes.extended)
    if is_key or isinstance(value, jax.core.Tracer) or (isinstance(value, ARRAYS) and value.ndim):
        return f"<{value.dtype}{list(value.shape)}>"
    if isinstance(value, functools.partial):
        return _show_partial(value)
    if callable(value):
        return str(getattr(value, "__name__", None) or repr(value))
    if type(value) is tuple:
        return f"({', '.join(map(show, value))}{',' * (len(value) == 1)})"
    is_array = isinstance(value, (np.generic, *ARRAYS))
    return str(np.asarray(value)[()]) if is_array else repr(value)  # as few digits as the dtype needs


def _show_partial(g: Any) -> str:
    """Return the expression of a shape with parameters or of a composition, from its structure."""
    own = unbound(g)
    f, params = own.f, own.kwargs
    if own.like is not None:  # a part of a composition that is evaluated is called what it is without the call
        return show(g.args[0])
    shown = [f"{name}={show(value)}" for name, value in in_order(f, params)]
    if not isinstance(f, functools.partial):
        text = show(f)
    elif write := facts_of(f.func).get("text"):
        text = write(*f.args)
    else:  # a user's partial, with arguments by position
        keywords = [f"{name}={show(value)}" for name, value in f.keywords.items() if name not in params]
        text, shown = show(f.func), [*map(show, f.args), *keywords, *shown]
    return f"{text}({', '.join(shown)})" if shown else text


def in_order(f: Any, params: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the parameters of a function in the order of its signature.

    >>> in_order(lambda x, alpha, beta: x, {"beta": 2.0, "alpha": 1.0})
    [('alpha', 1.0), ('beta', 2.0)]
    """
    _, takes = signature_of(f)
    places = {name: place for place, name in enumerate(takes.parameters if takes else ())}
    return sorted(params.items(), key=lambda item: places.get(item[0], len(places)))


def describe_value(value: Any) -> str:
    """Return type and value of an argument that was not what was expected, for an error message.

    >>> describe_value("sigmoid")
    "str 'sigmoid'"
    """
    if isinstance(value, ARRAYS) and np.ndim(value):
        return f"{'a masked' if isinstance(value, np.ma.MaskedArray) else 'an'} array of shape {np.shape(value)}"
    # Whose repr has an address, or is long.
    has_name = isinstance(value, functools.partial | types.FunctionType | tuple)
    return f"{type(value).__name__} {show(value) if has_name else repr(value)}"


def without_types(*functions: Any) -> None:
    """Let help show the names and defaults of parameters alone, and of a function among the defaults its name.

    The repr of a function has its address in it. A `TypeVarTuple` prints as its name alone, and stands in for it.

    >>> without_types(spike := lambda x, step=show: x)
    >>> inspect.signature(spike)
    <Signature (x, step=show)>
    """
    for f in functions:
        shown = [p.replace(annotation=p.empty) for p in inspect.signature(f).parameters.values()]
        for i, p in enumerate(shown):
            if isinstance(p.default, types.FunctionType):
                shown[i] = p.replace(default=TypeVarTuple(show(p.default)))
        f.__signature__ = inspect.Signature(shown)
