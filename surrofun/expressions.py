"""Shapes as text: `describe` writes, `parse` reads it.

An expression is the part of Python that composes registered shapes:
    shape  = name | shape(numbers) | combinator(shapes and numbers)
    number = 8 | 0.5 | -1e-3 | inf | np.inf | nan | True | False | [1.0, 2.0]
    weights=(0.7, 0.3) is a tuple of numbers, np.array([1.0]) an array

It has a reader of its own: on a small stack, as threads have, `ast.parse`
crashes the process over 10,000 minus signs.
"""

import inspect
import itertools
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import numpy as np

from .core.combinator import expression, made_of
from .core.facts import is_combinator, signature_of
from .core.shape import Shape, as_shape, given, shape_behind
from .core.text import describe_value, in_order, show
from .core.tree import is_function, plain, unbound
from .registry import lookup, name_of, names

Token: TypeAlias = re.Match[str]  # knows its text and its place in it

_LONGEST, _DEEPEST = 10_000, 50  # characters, and brackets within one another
_NUMBER = r"(?P<number>[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|(?:np\.)?(?:inf|nan)\b))"
_NAME = r"(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"  # with dots, to say what is meant by one of another library
_TOKEN = re.compile(_NUMBER + r"|np\.array\(|" + _NAME + r"|\S|\Z", re.ASCII)
_STEEPNESS = {"alpha", "beta", "slope", "k"}  # as parameters are called, here and elsewhere


def describe(shape: Shape) -> str:
    """Return the expression from which `parse` makes the shape again.

    The slopes are then the same, bit for bit. An array parameter is written
    as a NumPy array without its dtype, which has no effect on slopes. A
    scalar JAX array is written as a Python number, which may change the
    last bit. A spike function gives its shape with its current numbers,
    even if it has no `__name__` since `jax.tree.map` or an optimizer
    returned it.

    Raises:
        TypeError: it is no shape, and no spike function of `make_spike`.
        ValueError: something in it is not registered, or traced; or it is
            longer, or nested deeper, than `parse` reads.

    >>> from surrofun import mix, scale, shapes
    >>> describe(mix(scale(shapes.sigmoid, 8.0), shapes.atan(alpha=2.0)))
    'mix(scale(sigmoid, 8.0), atan(alpha=2.0))'
    """
    shape = as_shape(shape_behind(shape), "describe")
    try:
        text = _text(shape)
        parse(text)
    except ValueError as error:
        raise ValueError(f"describe: {error}") from None
    return text


def parse(text: str) -> Shape:
    """Return the shape that an expression stands for; nothing is evaluated.

    So a configuration may carry a surrogate. In a command line `type=parse`
    would not show why a text is wrong; pass it on:

        try:
            shape = parse(options.surrogate)
        except ValueError as error:
            parser.error(str(error))

    Args:
        text: an expression, on one line or several: `sigmoid`,
            `superspike(beta=10.0)` (parameters of the shape after x, by
            name or by position),
            `mix(sigmoid, shift(triangle, 0.3), weights=(0.7, 0.3))`.

    Raises:
        ValueError: the text is no expression, names no registered shape or
            no parameter of it, is longer than 10,000 characters, or has
            more than 50 brackets in one another or calls in a row. The
            message has line and column.

    >>> parse("scale(triangle, 2.0)")(jnp.array([0.0, 0.25, 0.5]))
    Array([2., 1., 0.], dtype=float32)
    """
    tokens = _tokens(text)
    start = tokens[-1]
    shape = _term(tokens, 0)
    if tokens[-1][0]:
        raise _fault(tokens[-1], "expected the end of the text")
    if not callable(shape) or is_combinator(shape):
        raise _fault(start, "expected a shape")
    return shape  # type: ignore[no-any-return]


def parse_arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the numbers of a call, by position and by keyword, of the text in its brackets.

    >>> parse_arguments("25, height=0.5")
    ([25], {'height': 0.5})
    """
    tokens = _tokens(text)
    for following, token in itertools.pairwise(tokens):
        if token["name"] and token[0] not in ("True", "False") and following[0] != "=":
            raise _fault(token, "expected a number, or an array [1.0, 2.0]")
    return _items(tokens, "", 0)


def _tokens(text: str) -> list[Token]:
    """Return the tokens of a text, the last one first, and its end twice: to take where something is missing."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        got = f"{len(text)} characters" if isinstance(text, str) else type(text).__name__
        raise ValueError(f"parse: line 1, column 1: expected a text of at most {_LONGEST} characters, got {got}")
    tokens = [*_TOKEN.finditer(text)][::-1]
    return [tokens[0], *tokens]


def _fault(token: Token, reason: object) -> ValueError:
    text, at = token.string, token.start()
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    excerpt = ascii(token[0][:80]) if token[0] else "the end of the text"
    return ValueError(f"parse: line {line}, column {column}, at {excerpt}: {reason}")


def _made(token: Token, make: Callable[..., Any], *args: Any) -> Any:
    try:
        return make(*args)
    except (TypeError, ValueError) as error:
        raise _fault(token, error) from None


def _term(tokens: list[Token], depth: int) -> Any:
    """Take a shape, a number, an array or a tuple off the front of the text, which is the end of `tokens`."""
    start = tokens.pop()
    if depth > _DEEPEST:
        raise _fault(start, f"expected at most {_DEEPEST} brackets in one another")
    if start[0] in ("(", "[", "np.array("):
        value = _made(start, _sequence, start[0], *_items(tokens, "]" if start[0] == "[" else ")", depth))
    else:
        value = _made(start, _atom, start)
    calls = 0
    while tokens[-1][0] == "(":
        calls += 1
        if calls > _DEEPEST:
            raise _fault(tokens[-1], f"expected at most {_DEEPEST} calls in a row")
        tokens.pop()
        value = _made(start, _called, value, *_items(tokens, ")", depth))
    return value


def _items(tokens: list[Token], close: str, depth: int) -> tuple[list[Any], dict[str, Any]]:
    """Take the values in brackets, those by position and those by keyword, and the closing bracket."""
    args: list[Any] = []
    named: dict[str, Any] = {}
    while tokens[-1][0] != close:
        start = tokens[-1]
        if start["name"] and tokens[-2][0] == "=":
            if start[0] in named:
                raise _fault(start, "this keyword is there already")
            del tokens[-2:]
            named[start[0]] = _term(tokens, depth + 1)
        elif named:
            raise _fault(start, "expected a keyword, as before")
        else:
            args.append(_term(tokens, depth + 1))
        if tokens[-1][0] not in (",", close):
            raise _fault(tokens[-1], f"expected , or {close or 'the end of the text'}")
        if tokens[-1][0] == ",":
            tokens.pop()
    tokens.pop()
    return args, named


def _atom(token: Token) -> Any:
    text = token[0]
    if token["name"]:
        return text == "True" if text in ("True", "False") else lookup(text)
    if not token["number"]:
        raise ValueError("expected a shape or a number")
    value = float(text.replace("np.", ""))
    if math.isinf(value) and not text.endswith("inf"):
        raise ValueError("the number is too large; inf is infinity")
    digits = text.lstrip("+-")
    if digits.isdecimal() and digits[0] == "0" and value:
        raise ValueError(f"expected a whole number without a leading zero, as in Python: {digits.lstrip('0')}")
    return plain(int(value)) if digits.isdecimal() else value


def _sequence(bracket: str, items: list[Any], named: dict[str, Any]) -> Any:
    if named:
        raise ValueError("expected no keyword in it")
    if bracket == "(":
        return tuple(items)
    if bracket == "np.array(":
        if len(items) != 1 or not isinstance(items[0], np.ndarray):
            raise ValueError("expected [1.0, 2.0] in it")
        return items[0]
    try:
        return np.array(items, float)
    except (TypeError, ValueError):
        raise ValueError("expected numbers, or arrays of one length") from None


def _called(f: Shape, args: list[Any], named: dict[str, Any]) -> Shape:
    """Return what the combinator `f` makes of these, or the shape `f` with these as its parameters."""
    if not callable(f):
        raise TypeError("only a shape takes parameters")
    if is_combinator(f):
        return f(*args, **named)  # type: ignore[no-any-return]
    _, others = signature_of(f)
    parameters = [p for p in others.parameters.values() if p.kind is not p.VAR_POSITIONAL] if others else []
    takes = inspect.Signature(parameters)
    try:
        takes.bind_partial(*args, **named)
        given_numbers = [n for v in (*args, *named.values()) for n in (v if type(v) is tuple else (v,))]
        for number in given_numbers:
            if not isinstance(number, int | float | np.ndarray):
                raise TypeError(f"expected a number or an array [1.0, 2.0], got {show(number)}")
    except TypeError as error:
        what = ["keywords" if p.kind is p.VAR_KEYWORD else str(p) for p in parameters] or ["no parameters"]
        hint = _hint(f, takes, len(args), named)
        raise ValueError(f"{show(f)} takes {', '.join(what)}; {error}{hint}") from None
    return given(f, **dict(zip(takes.parameters, args, strict=False)) | named)


def _hint(f: Shape, takes: inspect.Signature, by_position: int, named: dict[str, Any]) -> str:
    """Return a hint where one keyword is unknown, and one parameter is left that it may mean; else an empty text."""
    others = list(takes.parameters.values())[by_position:]
    free = [p.name for p in others if p.name not in named and not isinstance(p.default, bool)]
    unknown = [name for name in named if name not in takes.parameters]
    if len(free) != 1 or len(unknown) != 1:
        return ""
    value = named[unknown[0]]
    same = {*free, *unknown} <= _STEEPNESS and isinstance(value, int | float) and not isinstance(value, bool)
    number = f"{value}.0" if isinstance(value, int) else value  # a whole number would not learn
    return f"; the parameter is {free[0]}" + (f", {show(f)}({free[0]}={number})" if same else "")


def _text(g: Any) -> str:
    """Return the expression of a shape, a combinator, a number or a tuple of numbers."""
    if not is_function(g):
        return _literal(g)
    own = unbound(g)
    f, params = own.f, own.kwargs
    if name := name_of(g) or (not params and name_of(f)):
        return name
    if params:
        base = name_of(f) or _registered_with_parameters(f, params) or _text(f)
        return f"{base}({', '.join(f'{name}={_literal(value)}' for name, value in in_order(f, params))})"
    if made := made_of(f):
        return expression(*made, _text)
    raise ValueError(f"{show(g)} is not registered; register('my_shape', g) gives a shape a name")


def _registered_with_parameters(f: Shape, params: dict[str, Any]) -> str | None:
    """Return the registered name of `f` with parameters, if `params` replaces all of them; else None."""
    bases = ((name, unbound(lookup(name))) for name in names())
    return next((name for name, g in bases if g.kwargs and g.f is f and g.kwargs.keys() <= params.keys()), None)


def _literal(value: Any) -> str:
    if type(value) is tuple:
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    value = plain(value)
    if isinstance(value, jax.core.Tracer):
        raise ValueError(f"a parameter is traced, {show(value)}, and has no value yet; leave jit or grad first")
    if not isinstance(value, int | float | jax.Array | np.ndarray):
        raise ValueError(f"expected a number or an array as a parameter, got {describe_value(value)}")
    if np.ndim(value):
        return re.sub(r"\b(inf|nan)\b", r"np.\1", f"np.array({np.asarray(value, float).tolist()})")
    return repr(plain(np.asarray(value).item()))
