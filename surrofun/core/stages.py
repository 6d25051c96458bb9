"""A function in two stages: what depends on its first argument alone, and the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import Literal


def in_two_stages(f: Callable[..., Any], first: Any, *later: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Split `f(first, *later)` into `late(early(first), *later)`.

    Args:
        f: a function of pytrees that closes over no tracer.
        first, later: its arguments, or others of the same shapes.

    >>> early, late = in_two_stages(lambda a, x: jax.numpy.exp(a) * x, 0.0, 2.0)
    >>> early(0.0), late(early(0.0), 3.0)
    ([Array(1., dtype=float32, weak_type=True)], Array(3., dtype=float32, weak_type=True))
    """
    closed, shapes = jax.make_jaxpr(f, return_shape=True)(first, *later)
    jaxpr, count = closed.jaxpr, len(jax.tree.leaves(first))
    structure: Any = jax.tree.structure(shapes)
    equations: tuple[list[Any], list[Any]] = [], []
    unknown = {*jaxpr.invars[count:]}
    for equation in jaxpr.eqns:
        is_late = not unknown.isdisjoint(_variables(equation.invars))
        equations[is_late].append(equation)
        unknown.update(equation.outvars if is_late else ())
    used = _variables([v for equation in equations[1] for v in equation.invars] + jaxpr.outvars)
    kept = [v for v in dict.fromkeys(used) if v not in unknown]
    to_kept = jaxpr.replace(invars=jaxpr.invars[:count], outvars=kept, eqns=equations[0])
    from_kept = jaxpr.replace(constvars=[], invars=[*kept, *jaxpr.invars[count:]], eqns=equations[1])

    def early(first: Any) -> list[Any]:
        return jax.core.eval_jaxpr(to_kept, closed.consts, *jax.tree.leaves(first))

    def late(known: list[Any], *later: Any) -> Any:
        return structure.unflatten(jax.core.eval_jaxpr(from_kept, (), *known, *jax.tree.leaves(later)))

    return early, late


def _variables(atoms: Any) -> list[Any]:
    return [v for v in atoms if not isinstance(v, Literal)]
