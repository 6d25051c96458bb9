"""`combinator`: a formula becomes a function from shapes to shapes, and what it declares goes on through compositions.

A composed shape is `functools.partial(composed, (combinator, parts, numbers))`, which can be walked, compared, printed
and pickled. When it is evaluated, every part becomes `functools.partial(part, ...)`, in which the parameters of the
call are bound, so that whatever is asked of a part needs no parameters.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeAlias, overload

import jax
import numpy as np

from .dtype import fit, rounded, widened
from .memo import constant, interned
from .shape import Shape, as_number, as_shape, declare, facts_of, given, holds, named
from .text import describe_value, show

P = ParamSpec("P")
Made: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], tuple[tuple[str, Any], ...]]

_NOTHING: Any = object()
_CALL = inspect.signature(lambda x, *args, **kwargs: None)  # what help and editors show of a composed shape


@overload
def combinator(
    formula: Callable[Concatenate[Any, P], Any],
    *,
    soft: Any = ...,
    bounds: Any = ...,
    around: Any = ...,
    check: Any = ...,
) -> Callable[P, Shape]: ...


@overload
def combinator(
    formula: None = None, *, soft: Any = ..., bounds: Any = ..., around: Any = ..., check: Any = ...
) -> Callable[[Callable[Concatenate[Any, P], Any]], Callable[P, Shape]]: ...


def combinator(
    formula: Any = None, *, soft: Any = None, bounds: Any = None, around: Any = None, check: Any = None
) -> Any:
    """Turn `formula(x, *parts)` into a function from shapes to shapes; a decorator, bare or with facts, and a factory.

    A parameter of the formula without a default, or `*gs`, is a shape; one with a default is a number, an array or a
    tracer; one whose default is a tuple is several of these. In the formula and in the facts a shape needs no
    parameters, since those of the call are bound: `g(x)`, `antiderivative(g)(x)`, `bounds(g)`, `around(g)`, `area(g)`.

    Args:
        formula: elementwise function of x (any shape, at least float32) and of parts.
        soft: `soft(x, *parts)`, an antiderivative of the formula; else it is integrated numerically.
        bounds: `bounds(*parts) -> (lowest, highest)`, in whatever order; else, or where it is None, it is searched for.
        around: `around(*parts) -> [(centre, width), ...]`; else the places of the parts.
        check: `check(*parts)` raises, when parts are combined that do not go together.

    Returns:
        f(*parts), which returns a shape; its name is the expression that made it.

    Raises:
        TypeError: `formula` or a fact is no function. On call, a number is given for a shape, or the reverse.

    >>> import jax.numpy as jnp
    >>> from surrofun import shapes
    >>> @combinator
    ... def mirror(x, g):
    ...     return g(-x)
    >>> mirror(shapes.leaky_step)(jnp.array([-1.0, 1.0])), mirror(shapes.leaky_step).__name__
    (Array([1. , 0.1], dtype=float32), 'mirror(leaky_step)')
    """
    facts = {"soft": soft, "bounds": bounds, "around": around, "check": check}
    if formula is None:
        return functools.partial(combinator, **facts)
    for name, f in {"formula": formula, **facts}.items():
        if not (callable(f) or (f is None and name != "formula")):
            raise TypeError(f"combinator: expected a function of x and parts as {name}, got {describe_value(f)}")
    signature = inspect.signature(formula)
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    signature = inspect.Signature(parameters[1:])  # without x

    @functools.wraps(formula)
    def combined(*args: Any, **kwargs: Any) -> Shape:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{show(combined)}: takes {signature}, {error}") from None
        for name, value in bound.arguments.items():
            bound.arguments[name] = _valid(show(combined), signature.parameters[name], value)
        bound.apply_defaults()
        if check is not None:
            check(*bound.args, **bound.kwargs)
        return interned(_composition, combined, bound.args, tuple(bound.kwargs.items()))  # type: ignore[no-any-return]

    combined.__signature__ = signature  # type: ignore[attr-defined]
    declare(combined, {**facts, "formula": formula})
    constant(combined, formula, *(f for f in facts.values() if f is not None))
    return combined


def _valid(who: str, parameter: inspect.Parameter, value: Any) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return tuple(as_shape(v, who) for v in value)
    if parameter.default is parameter.empty:
        return as_shape(value, who)
    if isinstance(parameter.default, tuple):
        several = isinstance(value, Sequence) and not isinstance(value, str)
        parts = value if several or np.ndim(value) else (value,)
        if value is not None and not len(parts):
            raise ValueError(f"{who}: expected one or more numbers as {parameter.name}, got none")
        return parameter.default if value is None else tuple(as_number(v, who) for v in parts)
    return None if value is None and parameter.default is None else as_number(value, who)


def is_combinator(f: Any) -> bool:
    """Say whether `f` was made by `combinator`.

    >>> is_combinator(abs)
    False
    """
    return "formula" in facts_of(f)


def _composition(*made: Any) -> Shape:
    shape = functools.partial(composed, made)
    named(shape, expression(made))
    shape.__signature__ = _CALL  # type: ignore[attr-defined]
    return shape


@holds
def composed(made: Made, /, x: Any = _NOTHING, *args: Any, **kwargs: Any) -> Any:
    """Evaluate a composed shape at x; without x, return it with the parameters given.

    >>> from surrofun import scale, shapes
    >>> composed(made_of(scale(shapes.triangle, 2.0)), 0.0)
    Array(2., dtype=float32)
    """
    if x is _NOTHING:
        return given(interned(_composition, *made), **kwargs)

    def formula(x: jax.Array) -> Any:
        _, parts, numbers = resolved(functools.partial(composed, made), x, args, kwargs)
        return facts_of(made[0])["formula"](x, *parts, **numbers)

    formula.__name__ = made[0].__name__  # who complains
    return rounded(formula, x)


@holds
def part(held: tuple[Shape, Any, tuple[Any, ...], dict[str, Any], bool], /, x: Any) -> Any:
    """Evaluate a shape whose parameters are bound. `held` is the shape, a potential like those of the call, the
    parameters, and whether its soft step may have any constant.

    >>> from surrofun import shapes
    >>> part((shapes.triangle, np.zeros(1), (2.0,), {}, False), 0.0)
    Array(2., dtype=float32)
    """
    g, _, args, kwargs, _ = held
    return g(x, *args, **kwargs)


def resolved(
    g: Shape, like: jax.Array, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, free: bool = False
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Return `(f, args, kwargs)`: the function or combinator that `g` is made of, and what it takes after x.

    Args:
        g: any shape.
        like: an array of the dtype and rank of the potentials, which the parameters get.
        args, kwargs: parameters of the call.
        free: whether the soft steps of the parts may have any constant.

    >>> from surrofun import scale, shapes
    >>> f, (part, alpha), _ = resolved(scale(shapes.sigmoid, 2.0), jax.numpy.zeros(()))
    >>> f.__name__, alpha
    ('scale', 2.0)
    """
    kwargs = kwargs or {}
    if isinstance(g, functools.partial):
        if g.func is part:
            inner, like, own, own_kwargs, held_free = g.args[0]
            return resolved(inner, like, (*own, *args), {**own_kwargs, **kwargs}, free or held_free)
        if g.func is composed:
            f, parts, numbers = g.args[0]
            args, kwargs = widened((args, kwargs))
            blank = np.zeros((1,) * like.ndim, like.dtype)  # holds no tracer

            def bound(value: Any) -> Any:
                if callable(value):
                    return functools.partial(part, (value, blank, args, kwargs, free))
                return fit(value, like)

            return f, tuple(map(bound, parts)), {name: bound(value) for name, value in numbers}
        if not g.args:
            return resolved(g.func, like, args, {**g.keywords, **kwargs}, free)
    return g, fit(args, like), {name: fit(value, like) for name, value in kwargs.items()}


def is_part(g: Shape) -> bool:
    """Say whether `g` is a shape inside of a composition, whose parameters are bound.

    >>> is_part(abs)
    False
    """
    return isinstance(g, functools.partial) and g.func is part


def unbound(g: Shape, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Shape, tuple[Any, ...], dict[str, Any]]:
    """Return `(g, args, kwargs)`, of a part the shape itself and the parameters that are bound.

    >>> unbound(abs, (), {})[0] is abs
    True
    """
    while is_part(g):
        g, _, own, own_kwargs, _ = g.args[0]  # type: ignore[attr-defined]
        args, kwargs = (*own, *args), {**own_kwargs, **kwargs}
    return g, args, kwargs


def like_of(g: Shape) -> Any:
    """Return an array of the dtype and rank of the potentials at which a part is evaluated; of another shape, None.

    >>> like_of(abs) is None
    True
    """
    return g.args[0][1] if is_part(g) else None  # type: ignore[attr-defined]


def is_free(g: Shape) -> bool:
    """Say whether the soft step of a part may have any constant, since the composition as a whole gets its own.

    >>> is_free(abs)
    False
    """
    return is_part(g) and g.args[0][4]  # type: ignore[attr-defined]


def made_of(g: Shape) -> Made | None:
    """Return `(combinator, parts, numbers)` of a composed shape, or None.

    >>> made_of(abs) is None
    True
    """
    return g.args[0] if isinstance(g, functools.partial) and g.func is composed else None


def expression(made: Made, write: Callable[[Any], str] = show) -> str:
    """Return the call that makes a composed shape; what has its default is left out.

    >>> from surrofun import shapes, shift
    >>> expression(made_of(shift(shapes.sigmoid, 0.5)))
    'shift(sigmoid, 0.5)'
    """
    f, parts, numbers = made
    signature = inspect.signature(f)
    bound = signature.bind(*parts, **dict(numbers))
    texts: list[str] = []
    in_order = True
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            texts += map(write, value)
        elif show(value) == show(parameter.default) and "<" not in show(value):  # which stands for an array
            in_order = False
        else:
            keyword = not in_order or parameter.kind is parameter.KEYWORD_ONLY
            texts.append(f"{name}={write(value)}" if keyword else write(value))
    return f"{write(f)}({', '.join(texts)})"
