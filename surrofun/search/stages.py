"""What depends on which argument: a function in two stages, and whether a jaxpr is a constant."""

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import Jaxpr, Literal

from ..core.concrete import unchecked


def in_two_stages(f: Callable[..., Any], first: Any, *later: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Split `f(first, *later)` into `late(early(first), *later)`.

    Args:
        f: a function of pytrees that closes over no tracer.
        first, later: its arguments, or others of the same shapes.

    >>> early, late = in_two_stages(lambda a, x: jax.numpy.exp(a) * x, 0.0, 2.0)
    >>> early(0.0), late(early(0.0), 3.0)
    ([Array(1., dtype=float32, weak_type=True)], Array(3., dtype=float32, weak_type=True))
    """
    made: Any = jax.make_jaxpr(f, return_shape=True)(first, *later)
    closed, shapes = made
    jaxpr, count = closed.jaxpr, len(jax.tree.leaves(first))
    treedef: Any = jax.tree.structure(shapes)
    shapes_of_later = {v.aval.shape for v in jaxpr.invars[count:] if any(n != 1 for n in v.aval.shape)}
    unknown = _dependent(jaxpr, jaxpr.invars[count:])
    early_ones = [equation for equation in jaxpr.eqns if unknown.isdisjoint(_variables(equation.invars))]
    later_ones: list[Any] = []
    used = dict.fromkeys(_variables(jaxpr.outvars))  # by what is late, in order
    for equation in reversed(jaxpr.eqns):
        # What is as large as what comes later is not kept, but made once more: a number times zeros, say.
        again = any(v in used and v.aval.shape in shapes_of_later for v in equation.outvars)
        if again or not unknown.isdisjoint(equation.outvars):
            later_ones.append(equation)
            unknown.update(equation.outvars)
            used |= dict.fromkeys(_variables(equation.invars))
    kept = [v for v in used if v not in unknown]
    to_kept = jaxpr.replace(invars=jaxpr.invars[:count], outvars=kept, eqns=early_ones)
    from_kept = jaxpr.replace(constvars=[], invars=[*kept, *jaxpr.invars[count:]], eqns=later_ones[::-1])

    @unchecked()
    def early(first: Any) -> list[Any]:
        return jax.core.eval_jaxpr(to_kept, closed.consts, *jax.tree.leaves(first))

    @unchecked()
    def late(known: list[Any], *later: Any) -> Any:
        return treedef.unflatten(jax.core.eval_jaxpr(from_kept, (), *known, *jax.tree.leaves(later)))

    return early, late


def is_constant(closed: Any) -> bool:
    """Say whether what a jaxpr returns depends on none of its arguments.

    >>> is_constant(jax.make_jaxpr(jax.grad(lambda x: 2 * x))(1.0)), is_constant(jax.make_jaxpr(lambda x: 2 * x)(1.0))
    (True, False)
    """
    return _dependent(closed.jaxpr, closed.jaxpr.invars).isdisjoint(_variables(closed.jaxpr.outvars))


def _dependent(jaxpr: Jaxpr, inputs: Any) -> set[Any]:
    """Return these inputs of a jaxpr, and the variables that depend on one of them."""
    found = {*inputs}
    for equation in jaxpr.eqns:
        if not found.isdisjoint(_variables(equation.invars)):
            found.update(equation.outvars)
    return found


def _variables(atoms: Any) -> list[Any]:
    return [v for v in atoms if not isinstance(v, Literal)]
