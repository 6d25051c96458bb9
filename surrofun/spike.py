"""`make_spike`: a step forward, any shape backward.

The step and the slope are evaluated by ordinary functions; only how they are joined is a derivative rule. The rules
stand at module level and are given no closure: what a shape closes over has become an argument (`closures.hoist`), so
that a spike may be built anywhere, out of tracers, and be differentiated later. The slope is computed in the forward
rule, hence exactly one array is kept for the backward pass, and the rules call themselves, hence higher orders hold.

`residual=` encodes that array in the forward rule and decodes it in the backward rule.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike

from .calculus import antiderivative
from .closures import hoist, holds_no_data, importable, unique_partial
from .evaluation import as_potential, as_shape, evaluated
from .naming import describe_value, show
from .residuals import bounds, code_of
from .steps import heaviside

P = ParamSpec("P")
Shape = Callable[Concatenate[Any, P], Any]
Spike = Callable[Concatenate[ArrayLike, P], jax.Array]
Step = Callable[[Any], Any]


@overload
def make_spike(
    grad_fn: Shape[P], *, step: Step = ..., residual: Any = ..., forward_mode: bool = ..., learnable: bool = ...
) -> Spike[P]: ...


@overload
def make_spike(
    grad_fn: None = None, *, step: Step = ..., residual: Any = ..., forward_mode: bool = ..., learnable: bool = ...
) -> Callable[[Shape[P]], Spike[P]]: ...


def make_spike(
    grad_fn: Any = None,
    *,
    step: Any = heaviside,
    residual: Any = None,
    forward_mode: bool = False,
    learnable: bool = False,
) -> Any:
    """Turn a surrogate gradient shape into a spike function; a decorator, bare or with options, and a factory.

    Forward the result is `step(x)`, backward its derivative is `grad_fn(x, *args, **kwargs)`.

    Args:
        grad_fn: the shape, a plain elementwise function `g(x, *params)` of the potential minus the threshold.
        step: the forward function of x; any plain function, it may close over tracers (a random key, a soft step).
        residual: what is kept for the backward pass per spike: `None` (the slope, in the dtype of x), a float dtype,
            `uint8` (256 steps between the smallest and the largest slope), `"bit"` (exact for a shape of two values)
            or a pair of plain functions (encode, decode) that close over no tracer. Only `None` has second derivatives.
        forward_mode: build on `jax.custom_jvp` instead of `jax.custom_vjp`: forward and reverse mode both work.
        learnable: parameters p of the shape get the gradient of its antiderivative S, sum(dL/dspike dS(x; p)/dp), for
            which x is kept, too. Otherwise they get zero. Through an update step (a meta-gradient) both are right.

    Returns:
        spike(x, *args, **kwargs), of the shape and dtype of x; the arguments, traced or not, go to `grad_fn`.
        x: potential minus threshold, real floating point, any shape. Half precision is computed in float32 inside
        and rounded once.

    Raises:
        TypeError: `grad_fn` or `step` is no function, `residual` is unknown; on call, x is not real floating point,
            or the slope or the step does not broadcast to the shape of x.
        ValueError: `residual` is given together with `forward_mode`, which has no use for it; on call, it is `uint8`
            and the slope has no bounds, or `"bit"` and it has more than two values. Where parameters are traced, as
            those of a call are, nothing can be raised and the gradient is NaN.

    >>> @make_spike
    ... def spike(x, alpha=1.0):
    ...     return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))
    >>> x = jnp.array([-0.5, 0.0, 0.25])
    >>> spike(x), jax.grad(lambda x: spike(x, 2.0).sum())(x)
    (Array([0., 1., 1.], dtype=float32), Array([0., 2., 1.], dtype=float32))

    Reference: Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36(6):51-63, arXiv:1901.09948.
    """
    if not callable(step):
        raise TypeError(f"make_spike: expected a function as step, got {describe_value(step)}")
    if grad_fn is None:
        return functools.partial(
            make_spike, step=step, residual=residual, forward_mode=forward_mode, learnable=learnable
        )
    if forward_mode and residual is not None:
        raise ValueError("make_spike: residual= encodes what reverse mode keeps; it does not go with forward_mode=True")
    code = None if residual is None else code_of(residual)
    parts = (_unique(as_shape(grad_fn, "make_spike")), _unique(step), code, forward_mode, learnable)
    return _once(*parts) if holds_no_data(parts) else _named(functools.partial(_spike, *parts), parts[0])


@functools.lru_cache(maxsize=1024)
def _once(*parts: Any) -> Any:
    return _named(functools.partial(_spike_jitted, parts), parts[0])


def _unique(f: Any) -> Any:
    plain = isinstance(f, functools.partial) and not vars(f) and holds_no_data(f)
    return unique_partial(_unique(f.func), *f.args, **f.keywords) if plain else f


def _named(fire: Any, shape: Any) -> Any:
    """Give a spike the name and the documentation of its shape."""
    spike = fire
    if not isinstance(shape, functools.partial) and not importable(shape):
        # The name of the shape is going to be that of the spike, where pickle will look for it.
        def spike(x: Any, *args: Any, **kwargs: Any) -> Any:
            return fire(x, *args, **kwargs)

    functools.update_wrapper(spike, shape, updated=())
    spike.__name__, spike.is_spike = show(shape), True
    return spike


def _spike_jitted(parts: Any, /, x: Any = None, *args: Any, **kwargs: Any) -> Any:
    if any(isinstance(a, int | str | None) for a in (x, *args, *kwargs.values())):  # a count of terms, a flag, a name
        return _spike(*parts, x, *args, **kwargs)
    try:
        return _jitted(*parts)(x, *args, **kwargs)
    except Exception:  # the shape asks for the number itself, or what is wrong is told better without jit
        pass
    return _spike(*parts, x, *args, **kwargs)


@functools.lru_cache(maxsize=1024)
def _jitted(*parts: Any) -> Any:
    return jax.jit(functools.partial(_spike, *parts), inline=True)


def _spike(
    grad_fn: Any, step: Any, code: Any, forward_mode: bool, learnable: bool, /, x: Any, *args: Any, **kwargs: Any
) -> Any:
    x = as_potential(x, grad_fn)
    out = lax.stop_gradient(evaluated(step, step, "step", lax.stop_gradient(x)))
    slope, arrays = hoist(functools.partial(evaluated, grad_fn, grad_fn, "slope"), x, *args, **kwargs)
    soft, soft_arrays = hoist(functools.partial(_soft, grad_fn), x, *args, **kwargs) if learnable else (None, [])
    soft = soft if soft_arrays else None  # there is nothing to learn
    if forward_mode:
        return _fire_forward(slope, soft, x, out, arrays, soft_arrays)
    known = not any(isinstance(a, jax.core.Tracer) for a in arrays)
    fixed, moving = bounds(code, known, grad_fn, x, *args, **kwargs)
    return _fire(slope, soft, (code, fixed), x, out, arrays, soft_arrays, moving)


def _soft(grad_fn: Any, x: jax.Array, /, *args: Any, **kwargs: Any) -> Any:
    return evaluated(antiderivative(grad_fn), grad_fn, "soft step", x, *args, **kwargs)


def _mapped_like_slope(out: jax.Array, slope: Any, x: jax.Array, arrays: Any) -> Any:
    """Return `out`, mapped wherever the slope is mapped: `vmap` over a parameter alone has to map the spike too."""
    return lax.select(slope(x, arrays) > 0, out, out) if arrays else out


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _fire(
    slope: Any, soft: Any, code: Any, x: jax.Array, out: jax.Array, arrays: Any, soft_arrays: Any, moving: Any
) -> Any:
    return _mapped_like_slope(out, slope, x, arrays)


def _fire_fwd(slope: Any, soft: Any, code: Any, *operands: Any) -> Any:
    x, _, arrays, soft_arrays, moving = operands
    kept, (coder, fixed) = slope(x, arrays), code
    if coder:
        kept = coder[0](_differentiable_once(kept), *(fixed or moving))
    kept = checkpoint_name(kept, "surrogate")
    return _fire(slope, soft, code, *operands), (kept, moving, (x, soft_arrays) if soft else ())


def _fire_bwd(slope: Any, soft: Any, code: Any, residual: Any, g: jax.Array) -> Any:
    (kept, moving, at), (coder, fixed) = residual, code
    by_x = g * (coder[1](kept, g, *(fixed or moving)) if coder else kept)
    by_parameter = jax.vjp(functools.partial(soft, at[0]), at[1])[1](g)[0] if soft else None
    return by_x, None, None, by_parameter, None


_fire.defvjp(_fire_fwd, _fire_bwd)


@jax.custom_jvp
def _differentiable_once(slope: jax.Array) -> jax.Array:
    return slope


@_differentiable_once.defjvp
def _refuse(primals: Any, tangents: Any) -> Any:
    raise NotImplementedError(
        "make_spike: a second derivative needs the slope itself, which residual= does not keep; leave it out"
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _fire_forward(slope: Any, soft: Any, x: jax.Array, out: jax.Array, arrays: Any, soft_arrays: Any) -> Any:
    return _mapped_like_slope(out, slope, x, arrays)


def _fire_tangent(slope: Any, soft: Any, primals: Any, tangents: Any) -> Any:
    x, _, arrays, soft_arrays = primals
    dx, _, _, moves = tangents
    tangent = jnp.zeros_like(x) if isinstance(dx, SymbolicZero) else checkpoint_name(slope(x, arrays), "surrogate") * dx
    if not all(isinstance(d, SymbolicZero) for d in moves):
        moves = [np.zeros(d.shape, d.dtype) if isinstance(d, SymbolicZero) else d for d in moves]
        tangent += jax.jvp(functools.partial(soft, x), [soft_arrays], [moves])[1]
    return _fire_forward(slope, soft, *primals), tangent


_fire_forward.defjvp(_fire_tangent, symbolic_zeros=True)
