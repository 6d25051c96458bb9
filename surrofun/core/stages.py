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
    equations, is_late = jaxpr.eqns, []
    unknown, shapes_of_later = {*jaxpr.invars[count:]}, {v.aval.shape for v in jaxpr.invars[count:]} - {()}
    for equation in equations:
        is_late.append(not unknown.isdisjoint(_variables(equation.invars)))
        unknown.update(equation.outvars if is_late[-1] else ())
    used = dict.fromkeys(_variables(jaxpr.outvars))  # by what is late, in order
    for i in reversed(range(len(equations))):
        # What is used late and as large as what comes later is not kept, but made again: zeros times a number, say.
        outs = equations[i].outvars
        if is_late[i] or any(v in used and v.aval.shape in shapes_of_later for v in outs):
            is_late[i] = True
            unknown.update(outs)
            used |= dict.fromkeys(_variables(equations[i].invars))
    kept = [v for v in used if v not in unknown]
    of_stage = [[e for e, late in zip(equations, is_late, strict=True) if late == stage] for stage in (False, True)]
    to_kept = jaxpr.replace(invars=jaxpr.invars[:count], outvars=kept, eqns=of_stage[0])
    from_kept = jaxpr.replace(constvars=[], invars=[*kept, *jaxpr.invars[count:]], eqns=of_stage[1])

    def early(first: Any) -> list[Any]:
        return jax.core.eval_jaxpr(to_kept, closed.consts, *jax.tree.leaves(first))

    def late(known: list[Any], *later: Any) -> Any:
        return structure.unflatten(jax.core.eval_jaxpr(from_kept, (), *known, *jax.tree.leaves(later)))

    return early, late


def _variables(atoms: Any) -> list[Any]:
    return [v for v in atoms if not isinstance(v, Literal)]
