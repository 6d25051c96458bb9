"""What depends on which argument: a function in two stages, and whether a jaxpr is a constant, or may jump."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from ..core.concrete import unchecked

_JUMPS = "sign", "floor", "ceil", "round", "rem", "stop_gradient"  # and all that returns no float, as x > 0


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


def may_jump(jaxpr: Jaxpr, inputs: Any) -> bool:
    """Say whether some of the inputs of a jaxpr go through an operation whose derivative does not tell what it does.

    >>> jaxpr = jax.make_jaxpr(lambda x, c: jax.numpy.where(x > 0, c, 0.0))(1.0, 1.0).jaxpr
    >>> may_jump(jaxpr, jaxpr.invars[1:]), may_jump(jaxpr, jaxpr.invars)
    (False, True)
    """
    dependent = _dependent(jaxpr, inputs)
    return any(
        _jumps(equation, dependent) for equation in jaxpr.eqns if not dependent.isdisjoint(_variables(equation.invars))
    )


def _jumps(equation: Any, dependent: set[Any]) -> bool:
    params = [p for v in equation.params.values() for p in (v if isinstance(v, tuple) else (v,))]
    inner = [p.jaxpr if isinstance(p, ClosedJaxpr) else p for p in params if isinstance(p, ClosedJaxpr | Jaxpr)]
    if not inner:
        is_float = all(jnp.issubdtype(v.aval.dtype, jnp.floating) for v in equation.outvars)
        return equation.primitive.name in _JUMPS or not is_float

    if len(inner) > 1 or equation.primitive.name == "scan":  # a loop or a branch, which may do anything
        return True
    both = zip(inner[0].invars, equation.invars, strict=True)
    return may_jump(inner[0], [v for v, outer in both if not isinstance(outer, Literal) and outer in dependent])


def _dependent(jaxpr: Jaxpr, inputs: Any) -> set[Any]:
    """Return these inputs of a jaxpr, and the variables that depend on one of them."""
    found = {*inputs}
    for equation in jaxpr.eqns:
        if not found.isdisjoint(_variables(equation.invars)):
            found.update(equation.outvars)
    return found


def _variables(atoms: Any) -> list[Any]:
    return [v for v in atoms if not isinstance(v, Literal)]
