"""Programs compiled behind the user's back, of what cannot change. Floats are operands: a sweep costs one program."""

from __future__ import annotations

import contextvars
import functools
import itertools
import weakref
from collections.abc import Callable
from typing import Any, TypeAlias

import jax

from .memo import ARRAYS, NUMBERS, Key, Types, arrays_of, key_of, together
from .text import show

Entry: TypeAlias = tuple[Key | None, list[Any]]  # a key or None, and the operands

# What a function raises that asks for the value of a number, where a compiled program has none.
_NEEDS_A_VALUE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
_entries: weakref.WeakKeyDictionary[Any, dict[Types, Entry]] = weakref.WeakKeyDictionary()
_asking: set[tuple[Key, Key]] = set()  # programs that were given up
_in_program: contextvars.ContextVar[bool] = contextvars.ContextVar("_in_program", default=False)


def compiled(call: Any, /, *rest: Any) -> Any:
    """Return `call(*rest)`, by a compiled program where nothing in it can change.

    Args:
        call: a `functools.partial` of a function of this package, alive as long as it is worth to keep programs for.
            Floats in its first argument are operands of the program, as those in `rest` are.
        rest: further arguments, the last of which is an array.

    >>> import jax.numpy as jnp
    >>> compiled(functools.partial(jnp.multiply, 2.0), jnp.ones(()))
    Array(2., dtype=float32)
    """
    for moving in (NUMBERS, ARRAYS):
        key, held = _entry(call, moving)
        operands = [*held]
        of_rest = key and key_of(rest[:-1], operands, moving)
        if of_rest is None:
            break
        if (key, of_rest) not in _asking:
            try:
                return _program(key, of_rest)(operands, rest[-1])
            except _NEEDS_A_VALUE:  # with its floats as constants, then, or else directly
                _asking.add((key, of_rest))
    return call(*rest)


def _entry(call: Any, moving: Types) -> Entry:
    entries = _entries.setdefault(call, {})
    if moving not in entries:
        operands: list[Any] = []
        keys = key_of(call.args[0], operands, moving), key_of((call.func, call.args[1:]), operands, ARRAYS)
        entries[moving] = None if None in keys else keys, operands
    return entries[moving]


@functools.lru_cache(maxsize=1024)
def _program(key: Key, of_rest: Key) -> Callable[..., Any]:
    def program(operands: list[Any], x: jax.Array) -> Any:
        numbers = iter(operands)
        first, (f, others), rest = (together(part, numbers) for part in (*key, of_rest))
        token = _in_program.set(True)
        try:
            return f(first, *others, *rest, x)
        finally:
            _in_program.reset(token)

    program.__name__ = show(together(key[0], itertools.repeat(0.0)))
    return jax.jit(program, inline=True)


def need_values(*parts: Any) -> None:
    """Have a program be given up in which a part holds a tracer: what is searched for is better known with values.

    Raises:
        jax.errors.ConcretizationTypeError: one does.

    >>> need_values(abs, 2.0)
    """
    for array in arrays_of(*parts) if _in_program.get() else ():
        if isinstance(array, jax.core.Tracer):
            raise jax.errors.ConcretizationTypeError(array, "a search is better with values")
