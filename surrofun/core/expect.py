"""What is asked of a potential, of a function of it and of its result; each complaint says what came instead."""

import difflib
import types
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .concrete import is_traced
from .dtype import as_array_of_x, as_real, broadcasts, rounded
from .facts import facts_of, signature_of
from .text import describe_value, show
from .tree import ARRAYS, node, plain


def as_potential(x: Any, g: Any) -> jax.Array:
    """Return `x` as an array, if it is real floating point; else the shape `g` complains.

    >>> as_potential(0.5, abs)
    Array(0.5, dtype=float32, weak_type=True)
    """
    potential = as_array_of_x(x, g)
    if not jnp.issubdtype(potential.dtype, jnp.floating):
        cast = "subtract the threshold first, or cast with x.astype(jnp.float32)"
        hint = "take x.real or x.imag" if jnp.iscomplexobj(potential) else cast
        raise TypeError(f"{show(g)}: expected a real floating point potential, got dtype {potential.dtype}; {hint}")
    return potential


def as_whole(n: Any, least: int, who: str) -> int:
    """Return `n`, if it is a whole number, of Python or of NumPy, and large enough; else `who` complains.

    >>> as_whole(np.int64(3), 1, "staircase")
    3
    """
    n = plain(n)
    if isinstance(n, bool) or not isinstance(n, int) or n < least:
        raise ValueError(f"{who}: expected as n a whole number of at least {least}, got {show(n)}")
    return n


def evaluated(f: Callable[..., Any], x: jax.Array, *, what: str, blame: Any) -> jax.Array:
    """Return `f(x)`, `rounded`, in the shape and dtype of `x`.

    If it is no array of real numbers that broadcasts to the shape of `x`, `blame`, the function that the user knows,
    complains that it is no `what`: no slope, step or soft step.

    >>> evaluated(lambda x: 1.0, jnp.zeros(2, jnp.bfloat16), what="slope", blame=abs)
    Array([1, 1], dtype=bfloat16)
    """
    value = rounded(lambda x: as_real(f(x), what, blame), x)
    if not broadcasts(value.shape, x.shape):
        raise TypeError(
            f"{show(blame)}: expected a {what} that broadcasts to the shape of x, {x.shape}, got shape {value.shape}"
        )
    return jnp.broadcast_to(value, x.shape)


def as_key(key: Any, who: str) -> jax.Array:
    """Return `key`, if it is one random key, also of the older kind or traced; else the function `who` complains.

    >>> as_key(jax.random.key(0), "sampled") == jax.random.key(0)
    Array(True, dtype=bool)
    """
    dtype = getattr(key, "dtype", None)
    if dtype is None or not (jnp.issubdtype(dtype, jax.dtypes.prng_key) or dtype == jnp.uint32):
        raise TypeError(f"{who}: expected a random key, as jax.random.key(0) makes one, got {describe_value(key)}")
    if key.ndim != (1 if dtype == jnp.uint32 else 0):  # one of the older kind is an array
        raise TypeError(f"{who}: expected one random key, got an array of keys of shape {key.shape}")
    return key  # type: ignore[no-any-return]


def refuse_numbers(f: Any, who: str, instead: str) -> None:
    """Refuse a tree with numbers: they are no leaves of what closes over it, and outside of a trace would never learn.

    >>> refuse_numbers(abs, "shape", "write a function of it")
    """
    leaves = jax.tree.leaves(node(f))
    if not is_traced(leaves) and any(isinstance(leaf, (float, np.floating, *ARRAYS)) for leaf in leaves):
        raise TypeError(f"{who}: expected a function, got {show(f)}, whose numbers would never learn; {instead}")


def refuse_ported(f: Any, who: str) -> None:
    """Refuse, in the name of `who`, a rule of another library, which takes the incoming gradient; and what takes no x.

    >>> refuse_ported(lambda x, alpha: alpha * x, "make_spike")
    """
    if isinstance(f, types.FunctionType):
        first, others = signature_of(f)
        if not first:
            raise TypeError(f"{who}: expected a function of the potential, g(x, *params), got {show(f)}()")
        for p in others.parameters.values() if others else ():
            if p.name.startswith("grad") and p.default is p.empty:
                raise TypeError(
                    f"{who}: {show(f)} takes {p.name}, the gradient that comes in; "
                    f"return only the factor on it, as a function g(x) of the potential"
                )


def refuse_parameters(parameters: dict[str, Any], options: Sequence[str], g: Any, who: str) -> None:
    """Refuse parameters of a shape, or misspelled options, that are given to `who`, which takes none.

    >>> refuse_parameters({"alpha": 2.0}, ["step"], None, "make_spike")
    Traceback (most recent call last):
    TypeError: make_spike: has no option alpha; a parameter belongs to the shape: sigmoid(alpha=2.0)
    """
    if not parameters:
        return
    name, value = next(iter(parameters.items()))
    _, takes = signature_of(g) if callable(g) else ("x", None)
    own = list(takes.parameters.values()) if takes else []
    if meant := difflib.get_close_matches(name, options, 1):
        hint = f"did you mean {meant[0]}?"
    elif takes and not any(name == p.name or p.kind is p.VAR_KEYWORD for p in own):
        hint = f"neither has {show(g)}, which takes {', '.join(p.name for p in own) or 'x alone'}"
    else:
        written = f"{show(g) if callable(g) else 'sigmoid'}({name}={show(value)})"
        if isinstance(g, types.FunctionType) and not facts_of(g):  # it takes no keywords alone
            written = f"functools.partial({show(g)}, {name}={show(value)}), or with @shape {written}"
        hint = f"a parameter belongs to the shape: {written}"
    raise TypeError(f"{who}: has no option {name}; {hint}")
