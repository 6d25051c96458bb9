"""`make_spike`: a step forward, any shape backward.

A call evaluates the step and the slope by ordinary functions, joins them in a derivative rule, and says what the rule
keeps for the backward pass and what it learns. The rules stand at module level and close over nothing: what a shape
closes over has become an operand (`core.hoist`), so that a spike may be built anywhere, out of tracers, and be
differentiated later. They call themselves, hence higher orders hold.
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
from jax.typing import ArrayLike

from .calculus import antiderivative
from .core.dtype import as_array, compared, rounded
from .core.expect import as_potential, evaluated
from .core.hoist import concretely, early, hoist, in_sight, is_traced
from .core.memo import importable, interned
from .core.program import compiled
from .core.pull import pulled
from .core.shape import Shape, as_shape, fires, signature_of
from .core.text import describe_value, show
from .residuals import Code, code_of
from .steps import as_step, compares, heaviside, takes_parameters

P = ParamSpec("P")
Spike: TypeAlias = Callable[Concatenate[ArrayLike, P], jax.Array]
Step: TypeAlias = Callable[[Any], Any]
Rule: TypeAlias = tuple[Any, Any, Any, Any]  # slope(x, arrays), soft(x, arrays) or None, encode and decode or None


@overload
def make_spike(
    grad_fn: Callable[Concatenate[Any, P], Any],
    *,
    step: Step = ...,
    residual: Any = ...,
    forward_mode: bool = ...,
    learnable: bool = ...,
) -> Spike[P]: ...


@overload
def make_spike(
    grad_fn: None = None, *, step: Step = ..., residual: Any = ..., forward_mode: bool = ..., learnable: bool = ...
) -> Callable[[Callable[Concatenate[Any, P], Any]], Spike[P]]: ...


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
    step = as_step(step, grad_fn, "make_spike")
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
    return interned(_spike_of, as_shape(grad_fn, "make_spike"), step, code_of(residual), forward_mode, learnable)


def _spike_of(g: Shape, step: Step, code: Code | None, forward_mode: bool, learnable: bool) -> Any:
    """Return the spike function, with the name and the documentation of its shape."""
    call = functools.partial(_spike, g, step, forward_mode, learnable)
    spike: Any = functools.partial(_run, call, code)
    if not isinstance(g, functools.partial) and not importable(g):
        # The name of a decorated function is going to be that of its spike, where pickle will look for it.
        def spike(*args: Any, **kwargs: Any) -> jax.Array:
            return _run(call, code, *args, **kwargs)

        fires(spike)
    functools.update_wrapper(spike, g, updated=())
    spike.__name__ = show(g)
    return spike


def rebuilt(spike: Any) -> Any:
    """Return what `make_spike` makes of the parts of a spike function: the same one, where these have a key.

    Of a decorated function it is the function itself: there is nothing else by that name to build it of.

    >>> from surrofun import shapes
    >>> spike = make_spike(shapes.sigmoid(alpha=2.0))
    >>> rebuilt(spike) is spike
    True
    """
    if not isinstance(spike, functools.partial):
        return spike
    call, code = spike.args
    g, step, forward_mode, learnable = call.args
    return interned(_spike_of, g, step, code, forward_mode, learnable)


@fires
def _run(call: Any, code: Code | None, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Call a spike: find its potential, and what a residual code needs, which is best known outside of a program."""
    g = call.args[0]
    if not args:
        first, _ = signature_of(g)
        if first not in kwargs:
            raise TypeError(f"{show(g)}: expected the potential as {first}, got {', '.join(kwargs) or 'nothing'}")
        args = (kwargs.pop(first),)
    x, *rest = as_potential(args[0], g), *args[1:]
    keep = None
    if code and is_traced((x, rest, kwargs)):  # else there is no backward pass
        still, still_rest, still_kwargs = _undifferentiated((x, rest, kwargs))
        keep = early(code, g, still, *still_rest, **still_kwargs)
    return compiled(call, keep, tuple(rest), tuple(kwargs.items()), x)  # type: ignore[no-any-return]


def _spike(
    g: Shape, step: Step, forward_mode: bool, learnable: bool, keep: Any, args: Any, items: Any, x: jax.Array
) -> Any:
    kwargs = dict(items)
    # Evaluate.
    still, still_args, still_kwargs = _undifferentiated((x, args, kwargs))
    follows = takes_parameters(step)  # escape noise fires with the parameters of the call
    of_step = (still_args, still_kwargs) if follows else ((), {})
    how = compared if compares(step) else rounded
    out = _undifferentiated(early(evaluated, how, step, step, "step", still, *of_step[0], **of_step[1]))
    known = None if learnable else concretely(_slope, g, still, *still_args, **still_kwargs)
    if known is not None and not isinstance(x, jax.core.Tracer):  # nothing asks for a derivative
        return out
    # Join.
    of_slope = functools.partial(_slope, g)
    in_plain_sight = None if known is None else in_sight(of_slope, args, kwargs, fixed=False)
    slope, arrays = in_plain_sight or hoist(of_slope, x, *args, **kwargs)
    soft, soft_arrays = hoist(functools.partial(_soft, g), x, *args, **kwargs) if learnable else (None, [])
    soft = soft if soft_arrays else None  # there is nothing to learn
    if forward_mode:
        return _fire_forward(slope, soft, x, out, known, arrays, soft_arrays)
    encode, decode, ends = keep or (None, None, ())
    rule = slope, soft, encode, decode
    if soft:
        return _fire_learning(rule, x, out, arrays, soft_arrays, ends)
    return _fire(rule, x, out, known, arrays, ends)


def _slope(g: Shape, x: jax.Array, /, *args: Any, **kwargs: Any) -> jax.Array:
    return evaluated(rounded, g, g, "slope", x, *args, **kwargs)


def _soft(g: Shape, x: jax.Array, /, *args: Any, **kwargs: Any) -> jax.Array:
    return evaluated(rounded, antiderivative(g), g, "soft step", x, *args, **kwargs)


def _undifferentiated(values: Any) -> Any:
    """Return the values themselves: outside of `jit` and `vmap`, what is differentiated becomes concrete again."""
    return jax.tree.map(lambda v: as_array(lax.stop_gradient(v)) if isinstance(v, jax.core.Tracer) else v, values)


def _mapped_like_slope(out: jax.Array, slope: Any, x: jax.Array, known: Any, arrays: Any) -> Any:
    """Return `out`, mapped wherever the slope is mapped: `vmap` over a parameter alone has to map the spike too."""
    if arrays and known is None:
        return lax.select(slope(x, arrays) > 0, out, out)
    if known is None:
        jax.eval_shape(slope, x, arrays)  # what is wrong with the shape is told in the forward pass
    return out


def _slope_at(slope: Any, x: jax.Array, known: Any, arrays: Any) -> Any:
    """Return the slope, evaluated again where it is differentiated once more, or compiled."""
    return slope(x, arrays) if known is None or is_traced((x, arrays)) else known


# Keep: the slope, as the code encodes it.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _fire(rule: Rule, x: Any, out: Any, known: Any, arrays: Any, ends: Any) -> Any:
    return _mapped_like_slope(out, rule[0], x, known, arrays)


def _fire_fwd(rule: Rule, x: Any, out: Any, known: Any, arrays: Any, ends: Any) -> Any:
    return _fire(rule, x, out, known, arrays, ends), (_kept(rule, x, known, arrays, ends), ends)


def _fire_bwd(rule: Rule, residual: Any, g: jax.Array) -> Any:
    return g * _decoded(rule, g, *residual), None, None, None, None


_fire.defvjp(_fire_fwd, _fire_bwd)


def _kept(rule: Rule, x: jax.Array, known: Any, arrays: Any, ends: Any) -> Any:
    slope, _, encode, _ = rule
    kept = _slope_at(slope, x, known, arrays)
    if encode:
        kept = encode(_differentiable_once(kept) if is_traced(kept) else kept, *ends)
    return _named(kept)


def _decoded(rule: Rule, like: jax.Array, kept: Any, ends: Any) -> Any:
    *_, decode = rule
    return decode(kept, like, *ends) if decode else kept


def _named(kept: Any) -> Any:
    """Return what is kept, with a name for the policies of `jax.checkpoint`, which only traces."""
    return checkpoint_name(kept, "surrogate") if is_traced(kept) else kept


# Learn: where a parameter is differentiated, x is kept, and slope and dS/dp are made of it.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _fire_learning(rule: Rule, x: Any, out: Any, arrays: Any, soft_arrays: Any, ends: Any) -> Any:
    return _mapped_like_slope(out, rule[0], x, None, arrays)


def _learning_fwd(rule: Rule, *operands: Any) -> Any:
    x, _, arrays, soft_arrays, ends = values = jax.tree.map(lambda primal: as_array(primal.value), operands)
    learned = [primal.perturbed for primal in operands[3]]
    keep = functools.partial(_kept, rule, x, None, arrays, ends)
    # JAX may mix up the residuals of two derivatives of one program, unless they have the same structure.
    if any(learned):
        residual = _absent(jax.eval_shape(keep)), _absent(ends), _named(x), arrays, soft_arrays
    else:
        residual = keep(), ends, _ABSENT, _absent(arrays), _absent(soft_arrays)
    flags = [np.zeros(0, np.float32) if flag else _ABSENT for flag in learned]
    return _fire_learning(rule, *values), (*residual, flags)


def _learning_bwd(rule: Rule, residual: Any, g: Any) -> Any:
    if isinstance(g, SymbolicZero):
        return (None,) * 5
    slope, soft, *_ = rule
    kept, ends, x, arrays, soft_arrays, flags = jax.tree.map(as_array, residual)  # a scalar may come as a number
    if x.dtype == bool:
        return g * _decoded(rule, g, kept, ends), None, None, None, None
    learned = [i for i, flag in enumerate(flags) if flag.dtype != bool]
    by_x, by_learned = pulled(slope, soft, tuple(learned), x, g, arrays, soft_arrays)
    by_parameters = dict(zip(learned, by_learned, strict=True))
    return by_x, None, None, [by_parameters.get(i) for i in range(len(flags))], None


_fire_learning.defvjp(_learning_fwd, _learning_bwd, symbolic_zeros=True)


_ABSENT = np.zeros(0, bool)  # stands for an array that is not kept; of none that is kept is this the dtype


def _absent(values: Any) -> Any:
    return jax.tree.map(lambda _: _ABSENT, values)


@jax.custom_jvp
def _differentiable_once(slope: jax.Array) -> jax.Array:
    return slope


@_differentiable_once.defjvp
def _refuse(primals: Any, tangents: Any) -> Any:
    raise NotImplementedError(
        "make_spike: a second derivative needs the slope itself, which residual= does not keep; leave it out"
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _fire_forward(slope: Any, soft: Any, x: Any, out: Any, known: Any, arrays: Any, soft_arrays: Any) -> Any:
    # JAX loses this rule where it differentiates `scan` twice in reverse; what is left then is the other one.
    rule = slope, soft, None, None
    return _fire_learning(rule, x, out, arrays, soft_arrays, ()) if soft else _fire(rule, x, out, known, arrays, ())


def _fire_tangent(slope: Any, soft: Any, primals: Any, tangents: Any) -> Any:
    x, _, known, arrays, soft_arrays = primals
    dx, *_, moves = tangents
    if isinstance(dx, SymbolicZero):
        tangent = jnp.zeros_like(x)
    else:
        tangent = checkpoint_name(_slope_at(slope, x, known, arrays), "surrogate") * dx
    if not all(isinstance(d, SymbolicZero) for d in moves):
        moves = [np.zeros(d.shape, d.dtype) if isinstance(d, SymbolicZero) else d for d in moves]
        tangent += jax.jvp(functools.partial(soft, x), [soft_arrays], [moves])[1]
    return _fire_forward(slope, soft, *primals), tangent


_fire_forward.defjvp(_fire_tangent, symbolic_zeros=True)
