"""What a function declares is kept on the function itself, as `f.__facts__ = (f, facts)`.

So it survives a copy by value, as cloudpickle makes one. `functools.wraps` copies the attribute to another function,
where it counts for nothing, since the function in it is not that one.
"""

import inspect
import types
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

F = TypeVar("F")
Facts: TypeAlias = dict[str, Any]  # "soft", "bounds", "around", and what else is known


def facts_of(f: Any) -> Facts:
    """Return what a function declares of itself; nothing, if it declares nothing.

    >>> facts_of(declares(bounds=None)(lambda x: x)), facts_of(abs)
    ({'bounds': None}, {})
    """
    if not isinstance(f, types.FunctionType):
        return {}
    of, facts = getattr(f, "__facts__", (None, {}))
    return facts if of is f else {}


def declares(**facts: Any) -> Callable[[F], F]:
    """Return a decorator that adds to what a function declares of itself.

    soft, bounds, around: as `shape` and `combinator` take them.
    formula, signature: of a combinator.
    zero_at_minus_inf: the area is finite and the soft step 0 at -inf, whatever the parameters are. A combinator: this
        holds whenever it holds for all parts, and the soft step is linear in those of the parts.
    anchored: the soft step has the constant that `antiderivative` promises, whether the area is finite, S(-inf) = 0,
        or infinite, S(0) = 0. A combinator: this holds whenever it holds for all parts; it does not shift x.
    pure: it depends on its arguments alone.
    spike: a Partial of it is a spike function; if it is one itself, the Partial that it calls.
    step: it is a forward step of this package, or makes one, or a Partial of it is one.
    text: how a Partial of this function is written, a function of what it holds.

    >>> facts_of(declares(zero_at_minus_inf=True)(declares(soft=abs)(lambda x: x)))
    {'soft': <built-in function abs>, 'zero_at_minus_inf': True}
    """

    def declare(f: F) -> F:
        f.__facts__ = (f, {**facts_of(f), **facts})  # type: ignore[attr-defined]
        return f

    return declare


def is_combinator(f: Any) -> bool:
    """Say whether `f` was made by `combinator`.

    >>> is_combinator(abs)
    False
    """
    return "formula" in facts_of(f)


def signature_of(f: Callable[..., Any]) -> tuple[str, inspect.Signature | None]:
    """Return the name of the first parameter, "" if there is none, and the others; "x" stands for the first of `*args`.

    Some functions of C do not tell: "x" and None.

    >>> signature_of(lambda x, alpha=1.0: x)
    ('x', <Signature (alpha=1.0)>)
    """
    try:
        parameters = [p.replace(annotation=p.empty) for p in inspect.signature(f).parameters.values()]
    except ValueError:
        return "x", None
    names = [p.name for p in parameters] or [""]
    if parameters and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL and "x" not in names:
        names[0] = "x"
    return names[0], inspect.Signature(parameters[1:])
