"""What is not declared of a shape is searched for, and kept as long as it is among the latest few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..core.program import once, require_concrete
from ..core.shape import Shape
from ..core.text import show
from ..core.tree import Tree, from_tree, opened, static
from .integral import integral, moved_area
from .panels import slopes_at
from .survey import Survey, survey

Around: TypeAlias = Callable[..., Any]

_TOLERANCE = {"float32": 1e-5, "float64": 1e-6}  # of what is found, relative to the area


def found(look: Callable[..., Any], g: Shape, around: Around) -> Any:
    """Return `look(f, places, like)` of a part of a composition that is evaluated, once where it cannot change.

    Args:
        look: `survey` or `extremes`.
        g: a part: it knows its parameters, and dtype and rank of the potentials.
        around: the function that tells the places of a part.
    """
    require_concrete(g)
    return once(_look, static((look, around)), g)


def _look(settings: Tree, g: Shape) -> Any:
    look, around = from_tree(settings)
    with jax.ensure_compile_time_eval():
        return look(g, around(g), jnp.asarray(opened(g)[3]))


def surveyed(g: Shape, around: Around) -> Survey:
    """Return the survey of a part, and "known": whether its integral is found to the tolerance.

    >>> from ..core.tree import part
    >>> known = surveyed(part(lambda x: jnp.exp(-jnp.abs(x)), jnp.zeros(())), lambda g: [(0.0, 1.0)])
    >>> round(float(known["area"]), 4), bool(known["known"])
    (2.0, True)
    """
    result = found(survey, g, around)
    return {**result, "known": result["error"] <= _TOLERANCE[result["error"].dtype.name]}


def soft_step(g: Shape, around: Around, x: jax.Array) -> jax.Array:
    """Return the integral of a part up to x, from -inf where the area is finite, else from 0.

    >>> from ..core.tree import part
    >>> round(float(soft_step(part(lambda x: jnp.exp(-x * x), jnp.zeros(())), lambda g: [(0.0, 1.0)], jnp.inf)), 4)
    1.7725
    """
    known = _integrated(g, around)
    # A factor makes the derivatives NaN, too, which are all that is used of a soft step that is learned.
    return integral(g, known, x) * jnp.where(known["known"], 1.0, jnp.nan)


def area(g: Shape, around: Around, like: Any) -> jax.Array:
    """Return the area of a part, with its derivatives where something is traced; `like` is a potential.

    >>> from ..core.tree import part
    >>> x = jnp.zeros(())
    >>> round(float(area(part(lambda x: jnp.exp(-x * x), x), lambda g: [(0.0, 1.0)], x)), 4)
    1.7725
    """
    known = _integrated(g, around)
    whole = jnp.where(known["known"], known["area"], jnp.nan)
    if not isinstance(slopes_at(g, like), jax.core.Tracer):
        return whole
    moved = moved_area(g, known)
    return whole + jnp.where(jnp.isfinite(moved), moved - lax.stop_gradient(moved), 0.0)


def _integrated(g: Shape, around: Around) -> Survey:
    """Return the survey of a part, if its integral is known.

    Raises:
        ValueError: it is not; where something is traced, "known" is false instead.
    """
    result = surveyed(g, around)
    if not isinstance(result["known"], jax.core.Tracer) and not np.all(result["known"]):
        raise ValueError(
            f"{show(g)}: expected a slope whose integral is found to {_TOLERANCE[result['error'].dtype.name]:g} of it, "
            f"got an error of {np.max(result['error']):.1g}; declare its soft step, shape(g, soft=...), or its places, "
            "around="
        )
    return result
