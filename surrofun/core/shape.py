"""`shape`: declare a gradient function, and what is known of it. `given`: the same with parameters by keyword."""

from __future__ import annotations

import functools
import inspect
import types
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar, overload

import jax
import numpy as np

from .dtype import Real as Real
from .dtype import plain, rounded
from .memo import constant, interned
from .text import describe_value, show

if TYPE_CHECKING:
    from .types import Declared

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])
Shape: TypeAlias = Callable[..., Any]  # g(x, *params) -> slope
Facts: TypeAlias = dict[str, Any]  # "soft", "bounds", "around", None where it is not declared, and what else is known

_NOTHING: Any = object()
_facts: weakref.WeakKeyDictionary[Any, Facts] = weakref.WeakKeyDictionary()
_spikes: weakref.WeakSet[Any] = weakref.WeakSet()
_holders: weakref.WeakSet[Any] = weakref.WeakSet()  # functions of this package that take what they hold before x


@overload
def shape(
    f: Callable[Concatenate[Any, P], Any],
    *,
    soft: Callable[..., Any] | None = ...,
    bounds: Callable[..., Any] | None = ...,
    around: Callable[..., Any] | None = ...,
) -> Declared[P]: ...


@overload
def shape(
    f: None = None,
    *,
    soft: Callable[..., Any] | None = ...,
    bounds: Callable[..., Any] | None = ...,
    around: Callable[..., Any] | None = ...,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Declared[P]]: ...


def shape(f: Any = None, *, soft: Any = None, bounds: Any = None, around: Any = None) -> Any:
    """Declare a gradient function `f(x, *params)` as a shape; a decorator, bare or with facts, and a factory.

    Half precision is computed in float32 and rounded once, to the dtype of x; parameters that are arrays get the dtype
    and the rank of x. Called with keywords and no x, a shape returns itself with these parameters.

    Declaring a shape promises what `jax.jit` asks for: it is pure, what it reads besides its arguments is read once,
    and a parameter that is a float may arrive as a tracer. A shape that closes over nothing is compiled, once for all
    floats.

    Args:
        f: elementwise function of x = potential minus threshold (any shape) and of parameters; it is left as it was.
        soft: `soft(x, *params)`, an antiderivative of it, with limits at both infinities where they are finite.
        bounds: `bounds(*params) -> (lowest, highest)`, the least and the largest slope over all x.
        around: `around(*params) -> [(centre, width), ...]`, the places where something happens, in units of x.

    Returns:
        A new function of the same name. A fact that is not given is searched for, where it is asked for.

    Raises:
        TypeError: `f` or a fact is no function, or `f` is a spike function.

    >>> import jax.numpy as jnp
    >>> @shape(soft=lambda x, alpha=1.0: jnp.tanh(alpha * x) / 2, bounds=lambda alpha=1.0: (0.0, alpha / 2))
    ... def bump(x, alpha=1.0):
    ...     return alpha / 2 / jnp.cosh(alpha * x) ** 2
    >>> bump(jnp.zeros(2, jnp.bfloat16), 2.0)
    Array([1, 1], dtype=bfloat16)
    >>> bump(alpha=2.0).__name__
    'bump(alpha=2.0)'
    """
    facts = {"soft": soft, "bounds": bounds, "around": around}
    if f is None:
        return functools.partial(shape, **facts)
    for name, fact in facts.items():
        if fact is not None and not callable(fact):
            raise TypeError(f"shape: expected a function of the parameters as {name}, got {describe_value(fact)}")
    declared = by_keyword(as_shape(f, "shape"), rounded)
    declare(declared, facts)
    constant(declared, f, *(fact for fact in facts.values() if fact is not None))
    return declared


def by_keyword(f: Callable[..., Any], evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f(x, *params)` evaluated by `evaluate(f, x, *params)`; without x, itself with the parameters given.

    >>> by_keyword(lambda x, k=2: k * x, lambda f, x, **params: f(x, **params))(k=3)(x=2)
    6
    """
    first, takes = signature_of(f)

    @functools.wraps(f)
    def declared(*args: Any, **kwargs: Any) -> Any:
        if not args and first not in kwargs:
            if takes is not None:
                try:
                    takes.bind_partial(**kwargs)
                except TypeError as error:
                    raise TypeError(f"{show(f)}: takes {takes}, {error}") from None
            return given(declared, **kwargs)
        x, *rest = args or (kwargs.pop(first),)
        return evaluate(f, x, *rest, **kwargs)

    return declared


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


def given(g: Shape, /, **params: Any) -> Shape:
    """Return the shape `g` with these parameters; equal ones are the same object.

    >>> given(abs, alpha=2.0) is given(abs, alpha=2.0), given(abs, alpha=2.0).__name__
    (True, 'abs(alpha=2.0)')
    """
    if isinstance(g, functools.partial) and not g.args:  # a shape with parameters already
        return given(g.func, **{**g.keywords, **params})
    for value in params.values():
        _refuse_variable(value, g)
    clean = {name: plain(p) for name, p in params.items()}
    return interned(_given, g, tuple(clean.items())) if clean else g


def _given(g: Shape, params: tuple[tuple[str, Any], ...]) -> Shape:
    return named(functools.partial(g, **dict(params)))  # type: ignore[no-any-return]


def named(f: Any, name: str = "", doc: str = "") -> Any:
    """Give a `functools.partial` a name, which help and error messages show, and keep others from flattening it.

    >>> named(functools.partial(abs), "size").__name__
    'size'
    """
    f.__name__ = f.__qualname__ = name or show(f)
    f.__doc__ = doc or f"{f.__name__}\n\nA surrogate gradient shape."
    return f


def facts_of(f: Any) -> Facts:
    """Return what a declared function or combinator says of itself; of another function, nothing.

    >>> facts_of(shape(abs, bounds=lambda: (0.0, float("inf"))))["bounds"]()
    (0.0, inf)
    """
    return _facts.get(f, {}) if isinstance(f, types.FunctionType) else {}


def declare(f: F, facts: Facts) -> F:
    """Write down what is known of a function of this package or a declared one.

    >>> facts_of(declare(lambda x: x, {"soft": None}))
    {'soft': None}
    """
    _facts[f] = facts
    return f


def settled(f: F) -> F:
    """Declare that a soft step of this package has the constant that `antiderivative` asks for, so that none is sought.

    Of a combinator it says that this is so if it is so for its parts.

    >>> facts_of(settled(shape(abs)))["settled"]
    True
    """
    return declare(f, {**facts_of(f), "settled": True})


def falling(f: F) -> F:
    """Declare that a soft step of this package is 0 at -inf and finite at inf, whatever its parameters are.

    Of a combinator it says that this is so if it is so for its parts.

    >>> facts_of(falling(shape(abs)))["falling"]
    True
    """
    return declare(f, {**facts_of(f), "falling": True})


def holds(f: F) -> F:
    """Mark a function of this package whose `functools.partial` holds what it is made of before x.

    >>> as_shape(functools.partial(holds(lambda made, x: x), "parts"), "scale").args
    ('parts',)
    """
    _holders.add(f)
    return f


def fires(f: F) -> F:
    """Mark a spike function, or the function whose `functools.partial` is one.

    >>> is_spike(fires(lambda x: x))
    True
    """
    _spikes.add(f)
    return f


def as_shape(g: Any, who: str) -> Shape:
    """Return `g`, if it may be a shape: a function of x and parameters, and no spike function.

    Raises:
        TypeError: in the name of the function `who`, it is not; or parameters are given to it by position, of which
            the first would take the place of x.

    >>> as_shape(abs, "scale") is abs
    True
    """
    expected = f"{who}: expected a shape, that is a function g(x, *params), got "
    if not callable(g):
        hint = "; a shape with a parameter is written by keyword, as in sigmoid(alpha=4.0)"
        raise TypeError(expected + describe_value(g) + (hint if hasattr(g, "dtype") else ""))
    if "formula" in facts_of(g):
        raise TypeError(f"{expected}the combinator {show(g)}; give it the shapes that it combines")
    if is_spike(g):
        raise TypeError(f"{expected}the spike function of {show(g)}; give the shape itself")
    if isinstance(g, functools.partial) and g.func not in _holders:
        if g.args:
            _, takes = signature_of(g.func)
            named = [p.name for p in takes.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD] if takes else []
            name = [*named, "alpha"][0]
            raise TypeError(
                f"{expected}{show(g)}, which gives {show(g.args[0])} to x; give it by keyword, {name}={show(g.args[0])}"
            )
        return given(as_shape(g.func, who), **g.keywords)
    return g  # type: ignore[no-any-return]


def is_spike(g: Any) -> bool:
    """Say whether `g` is a spike function of `make_spike`.

    >>> is_spike(abs)
    False
    """
    f = g.func if isinstance(g, functools.partial) else g
    return isinstance(f, types.FunctionType) and f in _spikes


def shape_behind(g: Any) -> Any:
    """Return the shape that a spike function of `make_spike` is made of, and any other function as it is.

    >>> shape_behind(abs) is abs
    True
    """
    return g.__wrapped__ if is_spike(g) else g


def as_number(value: Any, who: str) -> Any:
    """Return `value`, if it is a number, an array or a tracer; a NumPy scalar as a Python number.

    Raises:
        TypeError: in the name of the function `who`, it is none.

    >>> as_number(np.float32(0.5), "scale")
    0.5
    """
    if isinstance(value, np.generic) and not isinstance(value, str | bytes):
        return plain(value)
    if not isinstance(value, int | float | jax.Array | np.ndarray):
        _refuse_variable(value, who)
        came = f"the function {show(value)}; mix adds shapes" if callable(value) else describe_value(value)
        raise TypeError(f"{who}: expected a number or an array that broadcasts against x, got {came}")
    return value


def _refuse_variable(value: Any, who: Any) -> None:
    """Refuse a variable of flax.nnx: a shape that is composed of it outside of the call would never learn."""
    if hasattr(value, "__jax_array__") and not isinstance(value, jax.Array):
        name = who if isinstance(who, str) else show(who)
        raise TypeError(
            f"{name}: expected a number or an array, got a {type(value).__name__}, which would not learn from here; "
            "keep the parameter as a field, and compose the shape in the call, with its value alpha[...]"
        )
