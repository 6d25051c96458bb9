"""`shape`: declare a gradient function, and what is known of it. `given`: give a shape parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, overload

import jax
import numpy as np
from jax.tree_util import Partial

from .dtype import refuse_unfit, refuse_unreal, rounded
from .expect import refuse_numbers, refuse_ported
from .facts import declares, facts_of, is_combinator, signature_of
from .purity import looks_pure
from .text import describe_value, show
from .tree import ARRAYS, from_tree, interned, is_method, is_variable, plain, unbound, with_parameters

if TYPE_CHECKING:
    from .types import Declared

P = ParamSpec("P")
Fact: TypeAlias = Callable[..., Any] | None
Shape: TypeAlias = Callable[..., Any]  # g(x, *params) -> slope

CALL = inspect.signature(lambda x, *args, **kwargs: None)  # what help and editors show of a composed shape


@overload
def shape(
    f: Callable[Concatenate[Any, P], Any], *, soft: Fact = ..., bounds: Fact = ..., around: Fact = ...
) -> Declared[P]: ...


@overload
def shape(
    f: None = None, *, soft: Fact = ..., bounds: Fact = ..., around: Fact = ...
) -> Callable[[Callable[Concatenate[Any, P], Any]], Declared[P]]: ...


def shape(f: Any = None, *, soft: Any = None, bounds: Any = None, around: Any = None) -> Any:
    """Declare a gradient function `f(x, *params)` as a shape.

    A decorator, bare or with facts, and a factory. Half precision is
    computed in float32 and rounded once, to the dtype of x; parameters that
    are arrays get the rank of x. Called with keywords and no x, a shape
    returns itself with these parameters.

    `f` has to meet the rules of `jax.jit`: it is pure, reads globals as
    they were in its first call, and takes floats that may be tracers. If
    it closes over nothing and is found under its name in its module, it is
    compiled once for each shape and dtype of x; a new float compiles
    nothing, while a whole number is part of the program.

    Args:
        f: elementwise function of x = potential minus threshold. That of a
            soft step S is `derivative(S)`.
        soft: `soft(x, *params)`, its integral over x. At +-inf it must give
            its limits, not NaN. Its value at -inf is subtracted, so that
            S(-inf) = 0; where the area is infinite, its value at 0. Every
            fact gets the parameters that it names, with `f`'s defaults.
        bounds: `bounds(*params) -> (least, largest)` slope over all x; they
            may be wider: then `uint8` is coarser.
        around: `around(*params) -> [(centre, width), ...]` of each bump or
            edge, in units of x; an edge is as wide as the bump beside it.

    What is not given is searched for, where it is asked for.

    Raises:
        TypeError: `f` or a fact is no function, a fact asks for a parameter
            that `f` does not take, or `f` is a spike function or holds
            numbers, as `sigmoid(alpha=2.0)` and a module do.

    >>> import jax.numpy as jnp
    >>> @shape(soft=lambda x, alpha: jnp.arctan(alpha * x) / jnp.pi)
    ... def bump(x, alpha=1.0):
    ...     return alpha / jnp.pi / (1 + (alpha * x) ** 2)
    >>> bump(jnp.zeros(2, jnp.bfloat16), 2 * jnp.pi)
    Array([2, 2], dtype=bfloat16)
    >>> bump(alpha=2.0).__name__
    'bump(alpha=2.0)'
    """
    refuse_ported(f, "shape")
    facts = {"soft": soft, "bounds": bounds, "around": around}
    if f is None:
        return functools.partial(shape, **facts)
    f = as_shape(f, "shape")
    refuse_numbers(f, "shape", "write a function of it, shape(lambda x, bell: bell(x), soft=...)(bell=...)")
    for name, fact in facts.items():
        if not (fact is None or callable(fact)):
            raise TypeError(f"shape: expected a function of the parameters as {name}, got {describe_value(fact)}")
    pure = looks_pure(f, *filter(None, facts.values()))
    facts = {name: fact and _with_defaults(f, name, fact) for name, fact in facts.items()}
    return declares(**facts, pure=pure)(by_keyword(f))


def _with_defaults(f: Any, name: str, fact: Any) -> Any:
    """Return a fact that is called as `f` is: of the parameters of `f` and their defaults it gets those it asks for."""
    (_, takes), own = signature_of(f), signature_of_fact(name, fact)
    if takes is None or own is None:
        return fact
    if any(p.kind is p.VAR_POSITIONAL for p in (*takes.parameters.values(), *own.parameters.values())):
        return fact
    asked = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    takes_all = len(asked) < len(own.parameters)
    others = next((p.name for p in takes.parameters.values() if p.kind is p.VAR_KEYWORD), "")
    unknown = [p for p in asked if p.name not in takes.parameters]
    left = [p.default for p in takes.parameters.values() if p.name not in own.parameters and p.default is not False]
    # One that has a default may be a constant; with that of a parameter that is not asked for, it is misspelled.
    is_misspelled = not takes_all and any(np.array_equal(p.default, default) for p in unknown for default in left)
    if not others and (is_misspelled or any(p.default is p.empty for p in unknown)):
        raise TypeError(f"{show(f)}: expected of {name}= the parameters {takes}, got {own}")
    defaults = {p.name: p.default for p in takes.parameters.values() if p.default is not p.empty}
    before = name == "soft"  # x
    if before and (first := signature_of(fact)[0]) in takes.parameters:
        raise TypeError(f"{show(f)}: expected as soft= a function of x first, and of parameters, got {first} first")

    @functools.wraps(fact)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        refuse_unknown(f, args[before:], kwargs)
        params = {**defaults, **takes.bind_partial(*args[before:], **kwargs).arguments}
        params |= params.pop(others, {})
        call = inspect.BoundArguments(own, {p.name: params.pop(p.name) for p in asked if p.name in params})
        call.apply_defaults()
        return fact(*args[:before], *call.args, **call.kwargs, **(params if takes_all else {}))

    return with_defaults


def signature_of_fact(name: str, fact: Any) -> inspect.Signature | None:
    """Return what a fact takes beside x, which only a soft step takes; some functions of C have no signature.

    >>> signature_of_fact("soft", lambda x, alpha=1.0: x)
    <Signature (alpha=1.0)>
    """
    if name == "soft" and not signature_of(fact)[0]:
        raise TypeError(f"{show(fact)}: expected as soft= a function of x, and of parameters, got {show(fact)}()")
    try:
        return inspect.signature(functools.partial(fact, None) if name == "soft" else fact)
    except ValueError:
        return None


def by_keyword(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f(x, *params)`, `rounded`; called without x, it returns itself with the parameters given.

    >>> float(by_keyword(lambda x, k=2: k * x)(k=3)(x=2.0))
    6.0
    """
    first, _ = signature_of(f)

    @functools.wraps(f)
    def declared(*args: Any, **kwargs: Any) -> Any:
        if args or first in kwargs:
            x, rest = potential_of(f, args, kwargs, first)
            refuse_unknown(f, rest, kwargs)
            return rounded(f, x, rest, kwargs)
        return given(declared, **kwargs)

    return declared


def refuse_unknown(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse what a function that has a signature does not take after x.

    >>> refuse_unknown(pow, (), {"beta": 2.0})
    Traceback (most recent call last):
    TypeError: pow: takes (exp, mod=None), got an unexpected keyword argument 'beta'
    """
    _, takes = signature_of(f)
    if takes is None:
        return
    try:
        takes.bind_partial(*args, **kwargs)
    except TypeError as error:
        is_threshold = kwargs.keys() - takes.parameters.keys() <= {"threshold"}  # too many arguments, or this one
        hint = "; a threshold is subtracted from x" if is_threshold else ""
        raise TypeError(f"{show(f)}: takes {takes}, {error}{hint}") from None


def potential_of(g: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str = "x") -> tuple[Any, tuple[Any, ...]]:
    """Return the potential of a call, which is taken out of `kwargs` if it is given by name, and what follows it.

    >>> potential_of(abs, (0.5, 2.0), {"x": 1.0})
    (0.5, (2.0,))
    """
    if args:
        return args[0], args[1:]
    if name not in kwargs:
        raise TypeError(f"{show(g)}: expected the potential as {name}, got {', '.join(kwargs) or 'nothing'}")
    return kwargs.pop(name), ()


def given(g: Shape, /, **params: Any) -> Shape:
    """Return the shape `g` with these parameters, if it takes them; equal ones without arrays are the same object.

    >>> given(pow, exp=2.0) is given(pow, exp=2.0), given(pow, exp=2.0).__name__
    (True, 'pow(exp=2.0)')
    """
    before = unbound(g)
    refuse_unknown(before.f, (), params)
    for name, value in params.items():
        _refuse_variable(value, g, name)
        refuse_unfit(before.f, name, value)
    params = {**before.kwargs, **params}
    return named(with_parameters(before.f, params)) if params else before.f


def named(g: Partial, doc: str = "", **attributes: Any) -> Shape:
    """Return a shape or a spike, or the equal one that is alive, with a name that help and error messages show.

    >>> named(Partial(abs)).__name__
    'abs'
    """
    g = interned(g)
    if "__name__" not in vars(g):
        name = show(g)
        own = unbound(g)
        has_structure = own.f is not g and own.f is not g.func  # as a whole number, which inspect does not see
        if has_structure and signature_of(own.f)[1]:
            vars(g).update(__signature__=inspect.signature(functools.partial(own.f, **own.kwargs)))
        doc = doc or own.f.__doc__ or name
        vars(g).update(__name__=name, __qualname__=name, __doc__=name if doc == Partial.__doc__ else doc)
        vars(g).update(attributes)
    return g


def as_shape(g: Any, who: str) -> Shape:
    """Return `g`, if it may be a shape: a function of x and parameters, and no spike function; else `who` complains.

    Parameters that are given by position are refused, too: the first would take the place of x.

    >>> as_shape(abs, "scale") is abs
    True
    """
    expected = f"{who}: expected a shape, that is a function g(x, *params), got "
    if not callable(g) or isinstance(g, type):
        hint = ""
        if isinstance(g, str):
            of_catalogue = f"shapes.{g}, if the catalogue has it, or " if g.isidentifier() else ""
            hint = f"; {of_catalogue}parse({g!r}) reads a shape from text"
        elif isinstance(g, list | tuple | dict):
            hint = "; give them one by one"
        elif hasattr(g, "dtype"):  # the slope at x = 10, of superspike(10)
            hint = "; a shape with a parameter is written by keyword, as in sigmoid(alpha=4.0)"
        raise TypeError(expected + describe_value(g) + hint)
    if is_combinator(g):
        raise TypeError(f"{expected}the combinator {show(g)}; give it the shapes that it combines")
    if is_spike(g):
        raise TypeError(f"{expected}the spike function of {show(g)}; give the shape itself")
    own = unbound(g)
    if own.like is not None:  # a part of a composition, as `is_part` says
        return g  # type: ignore[no-any-return]
    f, params = own.f, own.kwargs
    if _is_marked(f, "step"):
        raise TypeError(f"{expected}the step {show(g)}; it goes forward, make_spike(g, step={show(g)})")
    if isinstance(f, jax.custom_vjp):
        raise TypeError(
            f"{expected}{show(f)}, a jax.custom_vjp, as a finished spike is; if it is a shape, write "
            f"lambda x: {show(f)}(x)"
        )
    if isinstance(f, functools.partial) and not (is_method(f) or facts_of(f.func).get("text")):
        first, takes = signature_of(f.func)
        names = [p.name for p in takes.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD] if takes else []
        name, value = [*names, "alpha"][0], show(f.args[0])
        raise TypeError(
            f"{expected}{show(g)}, which gives {value} to {first}, the place of the potential; give it by keyword, "
            f"{name}={value}, or if {first} is no potential, write lambda x: {show(f.func)}({value}, x)"
        )
    if params:
        return named(with_parameters(as_shape(f, who), params))
    return named(f) if isinstance(f, Partial) else f


def is_spike(g: Any) -> bool:
    """Say whether `g` is a spike function of `make_spike`.

    >>> is_spike(abs)
    False
    """
    return _is_marked(g, "spike")


def _is_marked(g: Any, kind: str) -> bool:
    return bool(facts_of(g.func if isinstance(g, Partial) else g).get(kind))


def options_of(spike: Any) -> dict[str, Any]:
    """Return what `make_spike` was given to make a spike function, by name."""
    tree = spike if isinstance(spike, Partial) else facts_of(spike)["spike"]
    g, step, (residual, forward_mode, learnable, _) = map(from_tree, tree.args)
    options = {"step": step, "residual": residual, "forward_mode": forward_mode, "learnable": learnable}
    return {"grad_fn": as_shape(g, "make_spike"), **options}


def shape_behind(g: Any) -> Any:
    """Return the shape that a spike function of `make_spike` is made of, and any other function as it is.

    >>> shape_behind(abs) is abs
    True
    """
    return options_of(g)["grad_fn"] if is_spike(g) else g


def as_number(value: Any, who: str, name: str) -> Any:
    """Return `value`, if it is a number, an array or a tracer; a NumPy scalar as a Python number.

    Else the function `who`, to which it is given as `name`, complains.

    >>> as_number(np.float32(0.5), "scale", "alpha")
    0.5
    """
    if isinstance(value, (np.generic, *ARRAYS)):
        refuse_unreal(value, who, name)
    elif not isinstance(value, int | float):
        _refuse_variable(value, who, name)
        came = f"the function {show(value)}; mix adds shapes" if callable(value) else describe_value(value)
        raise TypeError(f"{who}: expected as {name} a number or an array that broadcasts against x, got {came}")
    return plain(value)


def _refuse_variable(value: Any, who: Any, name: str) -> None:
    """Refuse a variable of flax.nnx: a shape that is composed of it outside of the call would never learn."""
    if is_variable(value):
        who = who if isinstance(who, str) else show(who)
        raise TypeError(
            f"{who}: expected a number or an array, got a {type(value).__name__}, which would not learn from here; "
            f"keep the parameter as a field, and compose the shape in the call, with its value {name}[...]"
        )
