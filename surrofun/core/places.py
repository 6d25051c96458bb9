"""`around`: where a shape has its bumps and edges; and the arguments and the checks that all facts share."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .combinator import bind
from .concrete import at_compile_time
from .dtype import fit
from .facts import facts_of
from .shape import Shape, as_number, as_shape, refuse_unknown
from .text import show
from .tree import function_of_x, is_part, unbound


def around(g: Shape, /, *args: Any, **kwargs: Any) -> list[tuple[jax.Array, jax.Array]]:
    """Return (centre, width) of each bump or edge of a shape, in units of x.

    Each holds one number a neuron. A function that declares none is taken
    to be at the threshold and one unit of x wide.

    >>> from surrofun import scale, shapes, shift
    >>> around(shift(scale(shapes.triangle, 4.0), 0.5))
    [(Array(0.5, dtype=float32), Array(0.25, dtype=float32))]
    """
    g, like = bound_with_like(g, args, kwargs, "around")
    with at_compile_time(g, like):
        f, args, kwargs = bind(g, like)
        declared = facts_of(f).get("around")
        if declared:
            places = declared(*args, **kwargs)
            if not isinstance(places, list | tuple) or not all(map(is_pair, places)):
                raise TypeError(f"{show(f)}: expected of around= a list of pairs (centre, width), got {places}")
        else:  # those of the parts of a composition, or the threshold
            places = [place for part in filter(is_part, (*args, *kwargs.values())) for place in around(part)]
        every = places or [(0.0, 1.0)]
        return [tuple(as_fact(f, "around", v, like) for v in place) for place in every]  # type: ignore[misc]


def as_fact(f: Any, name: str, value: Any, like: Any) -> jax.Array:
    """Return a number of a fact of f in the dtype and rank of the potentials, if it is one; else f complains.

    >>> as_fact(abs, "bounds", 2, np.zeros(1, np.float32))
    Array(2., dtype=float32)
    """
    return fit(jnp.asarray(as_number(value, show(f), f"each of {name}="), like.dtype), like)  # type: ignore[no-any-return]


def is_pair(value: Any) -> bool:
    """Say whether a value is a pair, as bounds are.

    >>> is_pair((0.0, 1.0)), is_pair(1.0)
    (True, False)
    """
    return isinstance(value, list | tuple) and len(value) == 2


def bound_with_like(g: Shape, args: tuple[Any, ...], kwargs: dict[str, Any], who: str) -> tuple[Shape, Any]:
    """Return a shape with its parameters bound, and an array of the dtype and rank of the potentials: those of the
    composition it is a part of, or else the default float and the largest rank of its numbers, one for each neuron.

    >>> g, like = bound_with_like(abs, (), {}, "area")
    >>> g(-2.0), like
    (2.0, array(0., dtype=float32))
    """
    like = unbound(g).like
    if like is None:
        g = as_shape(g, who)
        refuse_unknown(unbound(g).f, args, kwargs)
        like = np.zeros((1,) * max([0, *map(np.ndim, jax.tree.leaves((g, args, kwargs)))]), jnp.result_type(float))
    return function_of_x(g, like, args, kwargs), like
