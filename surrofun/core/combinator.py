"""`combinator`: a formula becomes a function from shapes to shapes, and what it declares goes on through compositions.

A composed shape is `Partial(composed, Partial(scale), {"g": part, "alpha": 2.0})`: a pytree whose leaves are its floats
and arrays. When it is evaluated, `bind` gives the parameters of the call to every part, so that whatever is asked of a
part needs no parameters.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeAlias, overload

import jax
import numpy as np
from jax.tree_util import Partial

from .dtype import fit, refuse_unfit, refuse_unfit_call, rounded
from .expect import refuse_numbers
from .facts import declares, facts_of, signature_of
from .purity import looks_pure
from .shape import CALL, Fact, Shape, as_number, as_shape, given, named, potential_of, signature_of_fact
from .text import describe_value, show
from .tree import Tree, from_tree, function_of_x, is_function, node, to_tree, unbound

# Deeper ones reach Python's limit of recursion in a derivative; of more shapes a program may take minutes to compile.
_DEEPEST, _MOST = 64, 256

P = ParamSpec("P")
Formula: TypeAlias = Callable[Concatenate[Any, P], Any]  # formula(x, *parts) -> slope


@overload
def combinator(
    formula: Formula[P], *, soft: Fact = ..., bounds: Fact = ..., around: Fact = ..., check: Fact = ...
) -> Callable[P, Shape]: ...


@overload
def combinator(
    formula: None = None, *, soft: Fact = ..., bounds: Fact = ..., around: Fact = ..., check: Fact = ...
) -> Callable[[Formula[P]], Callable[P, Shape]]: ...


def combinator(
    formula: Any = None, *, soft: Any = None, bounds: Any = None, around: Any = None, check: Any = None
) -> Any:
    """Turn `formula(x, *parts)` into a function from shapes to shapes.

    A decorator, bare or with facts, and a factory. A parameter without a
    default, or `*gs`, is a shape; one with a default is a number, an array
    or a tracer; one whose default is a tuple is several of these. In the
    formula and in the facts the parameters of the call are bound: `g(x)`,
    `antiderivative(g)(x)`, `bounds(g)`, `around(g)`, `area(g)`.

    Args:
        formula: elementwise function of x (at least float32) and of parts.
            If it evaluates a part at an array of more axes, they have to be
            in front: a parameter of the part lines up with the last ones.
            What it gives a part by position, `g(x, 3.0)`, comes before
            what the call gives by position.
        soft: `soft(x, *parts)`, the integral over x, with any constant:
            `antiderivative` puts it right. Like each fact, it takes all
            parts, in their order; one of `shape` takes what it names. At
            +-inf it must give its limits, not NaN. Without it, the formula
            is integrated numerically.
        bounds: `bounds(*parts)`, the least and the largest slope, in any
            order, or None; else they are searched for. They may be wider
            than the slopes: `uint8` is coarser then. A number may be a
            tracer: `jnp.minimum`, not `min`.
        around: `around(*parts)`, places as for `shape`; else those of the
            parts. Give it if the formula moves them, as `g(-x)` does.
        check: `check(*parts)` raises if parts do not go together. It runs
            inside of traces, too: let a number pass that is a tracer, a
            `jax.core.Tracer`, and compare others with NumPy, since there
            all that `jax.numpy` computes is a tracer.

    Returns:
        f(*parts), a shape, whose name is the expression that made it.

    >>> import jax.numpy as jnp
    >>> from surrofun import shapes
    >>> @combinator
    ... def mirror(x, g):
    ...     return g(-x)
    >>> mirror(shapes.leaky_step)(jnp.array([-1.0, 1.0]))
    Array([1. , 0.1], dtype=float32)
    """
    facts = {"soft": soft, "bounds": bounds, "around": around}
    options = {**facts, "check": check}
    if formula is None:
        return functools.partial(combinator, **options)
    for name, f in {"formula": formula, **options}.items():
        if not (f is None or callable(f)):
            raise TypeError(f"combinator: expected a function of x and parts as {name}, got {describe_value(f)}")
    refuse_numbers(formula, "combinator", "make it a parameter of the formula")
    _, signature = signature_of(formula)
    parameters = list(signature.parameters.values()) if signature else []
    if signature is None or not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters):
        came = show(formula) + (str(inspect.signature(formula)) if signature else "")
        raise TypeError(f"combinator: expected a formula of x, and of parts by name or as *gs, got {came}")
    for name, fact in options.items():
        if fact is not None:
            _refuse_other_parameters(formula, signature, name, fact)

    @functools.wraps(formula)
    def combined(*args: Any, **kwargs: Any) -> Shape:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{show(combined)}: takes {signature}, {error}") from None
        valid = {name: _valid(show(combined), signature.parameters[name], v) for name, v in bound.arguments.items()}
        # None stands for the default, which is left out.
        arguments = {name: to_tree(valid[name]) for name, v in bound.arguments.items() if v is not None}
        bound.arguments = valid
        bound.apply_defaults()
        if check is not None:
            check(*bound.args, **bound.kwargs)
        g = Partial(composed, Partial(combined), arguments)
        depth, shapes = _extent(g)
        if depth > _DEEPEST or shapes > _MOST:
            raise ValueError(
                f"{show(combined)}: expected at most {_MOST} shapes, of compositions at most {_DEEPEST} deep, got "
                f"{shapes} shapes, {depth} deep; write one function of x instead"
            )
        return named(g, combined.__doc__ or "", __signature__=CALL)

    combined.__signature__ = signature  # type: ignore[attr-defined]
    pure = looks_pure(formula, *filter(None, facts.values()))  # check= runs where shapes are composed, in no program
    return declares(**facts, formula=formula, signature=signature, pure=pure)(combined)


def _refuse_other_parameters(formula: Any, signature: inspect.Signature, name: str, fact: Any) -> None:
    """Refuse a fact that cannot be called as the formula is, or would get one parameter for another."""
    own = signature_of_fact(name, fact)
    if own is None:
        return
    # It is called with the names of all parameters: each has to get its own.
    names = {p.name: (p.name,) if p.kind is p.VAR_POSITIONAL else p.name for p in signature.parameters.values()}
    call = inspect.BoundArguments(signature, names)
    try:
        taken = own.bind(*call.args, **call.kwargs).arguments
        is_other = any(isinstance(name, str) and names.get(p, name) != name for p, name in taken.items())
    except TypeError:
        is_other = True
    if is_other:
        raise TypeError(f"{show(formula)}: expected of {name}= the parameters {signature}, got {own}")


def _valid(who: str, parameter: inspect.Parameter, value: Any) -> Any:
    """Return the argument of a combinator, if it is a shape or a number as its parameter asks for."""
    if parameter.kind is parameter.VAR_POSITIONAL:
        return tuple(node(as_shape(v, who)) for v in value)
    if parameter.default is parameter.empty:
        return node(as_shape(value, who))
    several_expected = isinstance(parameter.default, tuple)
    if value is None and (several_expected or parameter.default is None):
        return parameter.default
    if not several_expected:
        return as_number(value, who, parameter.name)
    several = isinstance(value, Sequence) and not isinstance(value, str)
    numbers = tuple(as_number(v, who, parameter.name) for v in (value if several or np.ndim(value) else (value,)))
    if not numbers:
        raise ValueError(f"{who}: expected one or more numbers as {parameter.name}, got none")
    return numbers


def _extent(g: Any) -> tuple[int, int]:
    """Return how deep a composition is, 0 for a shape, and how many shapes are in it."""
    made = made_of(unbound(g).f)
    if not made:
        return 0, 1
    extents = list(map(_extent, parts_of(made)))
    return 1 + max((depth for depth, _ in extents), default=0), sum(shapes for _, shapes in extents)


def expression(f: Partial, arguments: dict[str, Tree], write: Callable[[Any], str] = show) -> str:
    """Return the call of the combinator that makes a composed shape.

    >>> from surrofun import shapes, shift
    >>> expression(Partial(shift), {"g": Partial(shapes.sigmoid), "by": 0.5})
    'shift(sigmoid, 0.5)'
    """
    texts: list[str] = []
    by_position = True
    for name, parameter in facts_of(f.func)["signature"].parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            texts += map(write, arguments.get(name, ()))
        elif name not in arguments:
            by_position = False
        else:
            by_position = by_position and parameter.kind is not parameter.KEYWORD_ONLY
            text = write(from_tree(arguments[name]))
            texts.append(text if by_position else f"{name}={text}")
    return f"{write(f.func)}({', '.join(texts)})"


@declares(text=expression)
def composed(f: Partial, arguments: dict[str, Tree], /, *args: Any, **kwargs: Any) -> Any:
    """Evaluate a composed shape at x; without x, return it with the parameters given.

    >>> from surrofun import scale, shapes
    >>> composed(Partial(scale), {"g": Partial(shapes.triangle), "alpha": 2.0}, 0.0)
    Array(2., dtype=float32)
    """
    g = Partial(composed, f, arguments)
    if not args and "x" not in kwargs:
        return given(g, **kwargs)
    x, args = potential_of(g, args, kwargs)

    def formula(x: jax.Array) -> Any:
        _, taken, by_name = bind(g, x, args, kwargs)
        return facts_of(f.func)["formula"](x, *taken, **by_name)

    return rounded(formula, x, blame=f.func)


def made_of(g: Any) -> tuple[Partial, dict[str, Tree]] | None:
    """Return the combinator of a composed shape, and its parts and numbers by name; of any other, None.

    >>> made_of(abs) is None
    True
    """
    return g.args if isinstance(g, Partial) and g.func is composed else None


def parts_of(made: tuple[Partial, dict[str, Tree]]) -> list[Shape]:
    """Return the shapes that a composition combines.

    >>> [part.func for part in parts_of((Partial(abs), {"g": Partial(abs), "gs": (Partial(max),), "alpha": 2.0}))]
    [<built-in function abs>, <built-in function max>]
    """
    _, arguments = made
    return [p for value in arguments.values() for p in (value if type(value) is tuple else (value,)) if is_function(p)]


def bind(g: Shape, like: Any, args: Any = (), kwargs: Any = None, any_constant: bool = False) -> tuple[Any, Any, Any]:
    """Return `(f, args, kwargs)`: the function or combinator that `g` is made of, and what it takes after x.

    The parameters, also `args` and `kwargs` of the call, get the dtype and the rank of `like`, an array as the
    potentials. With `any_constant`, the soft steps of the parts may have any constant.

    >>> from surrofun import scale, shapes
    >>> f, (g, alpha), _ = bind(scale(shapes.sigmoid, 2.0), jax.numpy.zeros(()))
    >>> f.__name__, alpha
    ('scale', 2.0)
    """
    own = unbound(g)
    args, kwargs = (*args, *own.args), {**own.kwargs, **(kwargs or {})}
    made = made_of(own.f)
    if made is None:
        refuse_unfit_call(own.f, args, kwargs, like.shape)
        return own.f, fit(args, like), {name: fit(value, like) for name, value in kwargs.items()}
    f, arguments = made

    def bind_one(name: str, value: Tree) -> Any:
        if type(value) is tuple:
            return tuple(bind_one(name, v) for v in value)
        if is_function(value):
            return function_of_x(value, like, args, kwargs, any_constant)
        refuse_unfit(f.func, name, number := from_tree(value), like.shape)
        return fit(number, like)

    bound = {name: bind_one(name, value) for name, value in arguments.items()}
    call = inspect.BoundArguments(facts_of(f.func)["signature"], bound)
    call.apply_defaults()
    return f.func, call.args, call.kwargs
