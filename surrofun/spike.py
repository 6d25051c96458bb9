"""`make_spike`: a step forward, any shape backward.

A call evaluates the step and the slope by ordinary functions, joins them in a derivative rule, and says what the rule
keeps for the backward pass and what it learns. The rules stand at module level and close over nothing: the arrays of a
shape are operands (`core.concrete.explicit`), so that a spike may be built anywhere, out of tracers, and be
differentiated later. They call themselves, hence higher orders hold. Where every function in a shape is declared, all
of this runs inside of one cached program (`core.program`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeAlias, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.custom_derivatives import SymbolicZero
from jax.tree_util import Partial
from jax.typing import ArrayLike

from .calculus import antiderivative
from .core.concrete import concrete_if_possible, explicit, is_traced, try_concrete
from .core.cotangents import cotangents, vary_as
from .core.dtype import as_array, compared, rounded
from .core.expect import as_potential, evaluated
from .core.facts import declares, importable, signature_of
from .core.program import compiled
from .core.shape import Shape, as_shape, named
from .core.text import describe_value, show
from .core.tree import Structure, Tree, from_tree, interned, join, node, opened, part, static
from .residuals import code_of
from .steps import as_step, compares, heaviside, with_call_parameters

P = ParamSpec("P")
Shaped: TypeAlias = Callable[Concatenate[Any, P], Any]
Spike: TypeAlias = Callable[Concatenate[ArrayLike, P], jax.Array]
Step: TypeAlias = Callable[[Any], Any]
Rule: TypeAlias = tuple[Structure, Any, Any, Any]  # of the slope and the soft step; encode and decode


@overload
def make_spike(
    grad_fn: Shaped[P], *, step: Step = ..., residual: Any = ..., forward_mode: bool = ..., learnable: bool = ...
) -> Spike[P]: ...


@overload
def make_spike(
    grad_fn: None = None, *, step: Step = ..., residual: Any = ..., forward_mode: bool = ..., learnable: bool = ...
) -> Callable[[Shaped[P]], Spike[P]]: ...


def make_spike(
    grad_fn: Any = None,
    *,
    step: Any = heaviside,
    residual: Any = None,
    forward_mode: bool = False,
    learnable: bool = False,
    **parameters: Any,
) -> Any:
    """Turn a surrogate gradient shape into a spike function; a decorator, bare or with options, and a factory.

    Forward the result is `step(x)`, backward its derivative is `grad_fn(x, *args, **kwargs)`.

    Args:
        grad_fn: the shape, a plain elementwise function `g(x, *params)` of the potential minus the threshold. One that
            is declared by `shape` is compiled once; any other is evaluated afresh at each call.
        step: the forward function of x; any plain function, it may close over tracers (a random key, a soft step).
        residual: what is kept for the backward pass per spike: `None` (the slope, in the dtype of x), a float dtype,
            `uint8` (255 values from the smallest to the largest slope), `"bit"` (exact for a shape of two values),
            `sampled(key)`, or a pair of plain functions, encode of the slope and decode of what is kept, that close
            over no tracer. Only `None` has second derivatives.
        forward_mode: build on `jax.custom_jvp` instead of `jax.custom_vjp`: forward and reverse mode both work. Only
            forward over reverse, through `scan`, is refused by some versions of JAX (a TypeError).
        learnable: parameters p of the shape get the gradient of its antiderivative S, sum(dL/dspike dS(x; p)/dp), for
            which x is kept instead of the slope. Otherwise they get zero. A gradient through an update step (a
            meta-gradient) is right in both cases.

    Returns:
        spike(x, *args, **kwargs), of the shape and dtype of x; the arguments, traced or not, go to `grad_fn`.
        x: potential minus threshold, real floating point, any shape. Half precision is computed in float32 inside
        and rounded once.

    Raises:
        TypeError: `grad_fn` or `step` is no function, `residual` is unknown; on call, x is not real floating point,
            or the slope or the step does not broadcast to the shape of x.
        ValueError: `residual` is given together with `forward_mode`, which has no use for it; on call, it is `uint8` or
            `sampled` and the slope has no bounds, or `"bit"` and it has more than two values. Where parameters are
            traced nothing can be raised and the gradient is NaN.
        NotImplementedError: a second derivative is taken where `residual` keeps something else than the slope.

    >>> @make_spike
    ... def spike(x, alpha=1.0):
    ...     return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))
    >>> x = jnp.array([-0.5, 0.0, 0.25])
    >>> spike(x), jax.grad(lambda x: spike(x, 2.0).sum())(x)
    (Array([0., 1., 1.], dtype=float32), Array([0., 2., 1.], dtype=float32))

    Reference: Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36(6):51-63, arXiv:1901.09948.
    """
    for name, value in parameters.items():
        form = f"{show(grad_fn) if callable(grad_fn) else 'g'}({name}={show(value)})"
        raise TypeError(
            f"make_spike: has no option {name}; a shape with a parameter is written by keyword, as in {form}"
        )
    step = as_step(step, "make_spike")
    for name, option in {"forward_mode": forward_mode, "learnable": learnable}.items():
        if not isinstance(option, bool):
            hint = ", for all parameters together" if name == "learnable" else ""
            raise TypeError(f"make_spike: expected True or False as {name}{hint}, got {describe_value(option)}")
    if grad_fn is None:
        return functools.partial(
            make_spike, step=step, residual=residual, forward_mode=forward_mode, learnable=learnable
        )
    if forward_mode and residual is not None:
        raise ValueError("make_spike: residual= encodes what reverse mode keeps; it does not go with forward_mode=True")
    g = as_shape(grad_fn, "make_spike")
    # A spike that learns has the leaves of its shape; one that does not has none, so that no optimizer moves it.
    options = static((step, code_of(residual), forward_mode, learnable))
    spike = Partial(_call, options, node(g) if learnable else static(g))
    if isinstance(g, Partial) or importable(g):
        return named(spike, g.__doc__ or "", __wrapped__=g)
    return _as_function(interned(spike), g)


def _as_function(spike: Partial, g: Shape) -> Any:
    """Return the spike of a decorated function as a function, which pickle finds under its name; always the same."""

    @functools.wraps(g)
    def call(*args: Any, **kwargs: Any) -> jax.Array:
        return spike(*args, **kwargs)  # type: ignore[no-any-return]

    return vars(spike).setdefault("as_function", declares(spike=True)(call))


@declares(spike=True, text=lambda options, held: show(from_tree(held)))
def _call(options: Tree, held: Tree, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Call a spike: find its potential, and what a residual code needs, which is best known outside of a program."""
    (step, code, forward_mode, learnable), g = from_tree(options), from_tree(held)
    if not args:
        first, _ = signature_of(opened(g)[0])
        if first not in kwargs:
            raise TypeError(f"{show(g)}: expected the potential as {first}, got {', '.join(kwargs) or 'nothing'}")
        args = (kwargs.pop(first),)
    x, args = as_potential(args[0], g), args[1:]
    if args or kwargs:  # from here on the shape is a function of x alone
        step, g = with_call_parameters(step, g, x, args, kwargs), part(g, x, args, kwargs)
    coded = None
    if code and is_traced((g, x)):  # else there is no backward pass
        encode, decode, operands = concrete_if_possible(code, *_without_gradient((g, x)))
        coded = node(encode), node(decode), operands
    return compiled(_spike, static((forward_mode, learnable)), node(g), node(step), coded, x)  # type: ignore[no-any-return]


def _spike(options: Tree, g: Tree, step: Tree, coded: Any, x: jax.Array) -> Any:
    (forward_mode, learnable), x = from_tree(options), vary_as(x, g)
    # Evaluate.
    how = compared if compares(step) else rounded
    out = concrete_if_possible(evaluated, how, step, step, "step", _without_gradient(x))
    out = _without_gradient(out)
    known = None if learnable else try_concrete(_slope, *_without_gradient((g, x)))
    if known is not None and not is_traced((g, x)):  # nothing asks for a derivative
        return out
    # Join.
    slope, arrays = explicit(Partial(_slope, g), x, hides_nothing=known is not None)
    soft, soft_arrays = explicit(Partial(_soft, g), x) if learnable else (None, [])
    encode, decode, operands = coded or (None, None, ())
    fire = _fire_forward if forward_mode else _fire
    return fire((slope, soft, encode, decode), x, out, known, arrays, soft_arrays, operands)


def _slope(g: Shape, /, x: jax.Array) -> jax.Array:
    return evaluated(rounded, g, g, "slope", x)


def _soft(g: Shape, /, x: jax.Array) -> jax.Array:
    return evaluated(rounded, antiderivative(g), g, "soft step", x)


def _without_gradient(values: Any) -> Any:
    """Return the values without their gradients, which exposes the concrete ones where `grad` is not under `jit`."""
    return jax.tree.map(lambda v: as_array(lax.stop_gradient(v)) if isinstance(v, jax.core.Tracer) else v, values)


# The rule. It keeps the slope, as the code encodes it; where a parameter is differentiated, it keeps x, of which the
# slope and dS/dp are made.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _fire(rule: Rule, x: Any, out: Any, known: Any, arrays: Any, soft_arrays: Any, code_operands: Any) -> Any:
    slope = join(rule[0], arrays)
    if known is None and arrays:
        # Under `vmap` over a parameter alone the spike has to be mapped as the slope is, or its cotangents would be
        # summed before the rule multiplies each by its own slope.
        return lax.select(slope(x) > 0, out, out)
    if known is None:
        jax.eval_shape(slope, x)  # errors of the shape itself are raised in the forward pass
    return out


def _fire_fwd(rule: Rule, *operands: Any) -> Any:
    x, _, known, arrays, soft_arrays, code_operands = values = jax.tree.map(
        lambda primal: as_array(primal.value), operands
    )
    keep = functools.partial(_kept, rule, x, known, arrays, code_operands)
    if not soft_arrays:
        return _fire(rule, *values), (keep(), code_operands)
    learned = [primal.perturbed for primal in operands[4]]
    # JAX may mix up the residuals of two derivatives of one program, unless they have the same structure.
    if any(learned):
        residual = _absent(jax.eval_shape(keep)), _absent(code_operands), _named(x), arrays, soft_arrays
    else:
        residual = keep(), code_operands, _ABSENT, _absent(arrays), _absent(soft_arrays)
    flags = [np.zeros(0, np.float32) if flag else _ABSENT for flag in learned]
    return _fire(rule, *values), (*residual, flags)


def _fire_bwd(rule: Rule, residual: Any, of_spikes: Any) -> Any:
    if isinstance(of_spikes, SymbolicZero):
        return (None,) * 6
    slope, soft, _, decode = rule
    kept, code_operands, *to_learn = jax.tree.map(as_array, residual)  # a scalar may come as a number
    if not to_learn or to_learn[0].dtype == bool:
        return of_spikes * (decode(kept, of_spikes, *code_operands) if decode else kept), *(None,) * 5
    x, arrays, soft_arrays, flags = to_learn
    learned = [flag.dtype != bool for flag in flags]
    left = iter(learned)
    of_leaves = static(tuple(leaf is None and next(left) for leaf in soft[1]))
    of_x, of_learned = compiled(
        cotangents, join(slope, arrays), join(soft, soft_arrays), of_leaves, x, of_spikes, search=True
    )
    by_parameter = iter(of_learned)
    return of_x, None, None, None, [next(by_parameter) if is_learned else None for is_learned in learned], None


_fire.defvjp(_fire_fwd, _fire_bwd, symbolic_zeros=True)

_ABSENT = np.zeros(0, bool)  # stands for an array that is not kept; of none that is kept is this the dtype


def _absent(values: Any) -> Any:
    return jax.tree.map(lambda _: _ABSENT, values)


def _kept(rule: Rule, x: jax.Array, known: Any, arrays: Any, code_operands: Any) -> Any:
    slope, _, encode, _ = rule
    kept = _slope_at(slope, x, known, arrays)
    if encode:
        kept = encode(_differentiable_once(kept) if is_traced(kept) else kept, *code_operands)
    return _named(kept)


def _slope_at(slope: Structure, x: jax.Array, known: Any, arrays: Any) -> Any:
    """Return the slope, evaluated again where it is differentiated once more, or compiled."""
    return join(slope, arrays)(x) if known is None or is_traced((x, arrays)) else known


def _named(kept: Any) -> Any:
    """Return what is kept, with a name for the policies of `jax.checkpoint`, which only traces."""
    return checkpoint_name(kept, "surrogate") if is_traced(kept) else kept


@jax.custom_jvp
def _differentiable_once(slope: jax.Array) -> jax.Array:
    return slope


@_differentiable_once.defjvp
def _refuse(primals: Any, tangents: Any) -> Any:
    raise NotImplementedError(
        "make_spike: a second derivative needs the slope itself, which residual= does not keep; leave it out"
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _fire_forward(rule: Rule, *operands: Any) -> Any:
    return _fire(rule, *operands)  # JAX loses this rule where it differentiates `scan` twice in reverse


def _fire_tangent(rule: Rule, primals: Any, tangents: Any) -> Any:
    slope, soft, *_ = rule
    x, _, known, arrays, soft_arrays, _ = primals
    by_x, *_, by_parameters, _ = tangents
    if isinstance(by_x, SymbolicZero):
        tangent = jnp.zeros_like(x)
    else:
        tangent = checkpoint_name(_slope_at(slope, x, known, arrays), "surrogate") * by_x
    if not all(isinstance(d, SymbolicZero) for d in by_parameters):
        moves = [np.zeros(d.shape, d.dtype) if isinstance(d, SymbolicZero) else d for d in by_parameters]
        tangent += jax.jvp(lambda arrays: join(soft, arrays)(x), [soft_arrays], [moves])[1]
    return _fire_forward(rule, *primals), tangent


_fire_forward.defjvp(_fire_tangent, symbolic_zeros=True)
