"""`make_spike`: a step forward, any shape backward.

A call evaluates the step, and passes the slope, as a function, to a derivative
rule, which evaluates it. The rules stand at module level and close over no
tracer: the tracers that a shape holds are passed as operands
(`core.concrete.closure_converted`), so that a spike may be built from tracers,
anywhere, and be differentiated later. What the rules return is differentiable
by the same rules, so that higher derivatives are right, too. Where every
function in shape, step, encode and decode is known to be pure (`core.purity`)
and found in its module, a call runs inside of one cached program
(`core.program`), and the cotangents of what it learns inside another. Only
outside of it, as for a lambda, may the slope have a value before the rule runs.
In names, ct_ is a cotangent and dot_ a tangent, as in JAX.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec, TypeAlias, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.custom_derivatives import SymbolicZero
from jax.tree_util import Partial
from jax.typing import ArrayLike

from .calculus import antiderivative, declares_soft_step, may_hide_in_facts, needs_no_limit
from .core.concrete import closure_converted, concrete_if_possible, is_traced, try_concrete, without_gradient
from .core.cotangents import cotangents, soft_tangent
from .core.dtype import as_array, refuse_unfit_call
from .core.expect import as_potential, evaluated, refuse_parameters, refuse_ported
from .core.facts import declares, facts_of, signature_of
from .core.program import call_cached, call_refusing_nan
from .core.purity import importable
from .core.shape import Shape, as_shape, named, potential_of
from .core.text import describe_value, show
from .core.tree import Structure, Tree, from_tree, function_of_x, interned, join, node, static, unbound, widened
from .core.varying import axis_indices, vary_as
from .residuals import code_converted, code_of
from .search.stages import in_two_stages
from .steps import as_step, heaviside, is_noise, is_noise_of, step_of_call

P = ParamSpec("P")
Shaped: TypeAlias = Callable[Concatenate[Any, P], Any]
Spike: TypeAlias = Callable[Concatenate[ArrayLike, P], jax.Array]
Step: TypeAlias = Callable[[Any], Any]
# slope, soft, encode, decode: structures of the slope, the soft step and the residual code, None if there is none.
# early, late: the two stages of learning. The forward pass keeps early(arrays), which does not depend on x, such as the
# tables of a search; late(is_learned, early(arrays), x, ct_spikes) returns the cotangents. early returns its arrays
# where nothing is searched for, in forward mode, and where the slope is concrete.
Rule: TypeAlias = SimpleNamespace
# Operands that get no cotangent: "spikes"; "slope_now", the slope, where it is concrete; "slope_arrays", which may be
# the same tracers as the soft arrays, which get one; "encode_arrays" and "decode_arrays".
Constants: TypeAlias = dict[str, Any]


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
    """Make a spike function of a shape: a step forward, the shape backward.

    A decorator, bare or with options, and a factory.

    Args:
        grad_fn: the shape, an elementwise function `g(x, *params)` of the
            potential minus the threshold; of a soft step S it is
            `derivative(S)`. Shape, step, encode and decode are compiled
            once if each function in them is found in a module, and comes
            from `shape`, `combinator`, `jax.jit`, JAX or NumPy. Otherwise
            they run as Python at each call, or in a `jit`, at each trace.
        step: any function of x; it may close over tracers (a random
            key, a soft step), which get no gradient. To learn an amplitude,
            multiply the spike by it.
        residual: what is kept for the backward pass: `None` (the slope, in
            the dtype of x), a float dtype, `uint8` (255 values from the
            smallest to the largest slope), `"bit"` (for a shape of two
            values), `sampled(key)`, a pair of plain functions,
            `encode(slope)` and `decode(kept)`, or a code of your own,
            `code(g, x) -> (encode, decode, operands)`: see
            `surrofun.residuals`. An encoded slope has no second derivative,
            and a meta-gradient is one. In a gradient by a parameter that
            learns, x is kept instead, and for each soft step that is
            searched for, one table for all steps of a loop.
        forward_mode: build on `jax.custom_jvp`, so that both modes work.
            Up to jax 0.10, forward over reverse through `scan` is refused:
            for `jax.hessian(f)` write `jax.jacrev(jax.jacfwd(f))`.
        learnable: parameters p of the shape, given or closed over, get the
            gradient of its antiderivative S, sum(dL/dspike dS(x; p)/dp),
            instead of zero. Leave it False for a meta-gradient, that of an
            update step by p: otherwise the spikes inside the update move
            with p as well, as S does.

    Returns:
        spike(x, *args, **kwargs), of the shape and dtype of x, a real
        float; half precision is computed in float32 and rounded once. The
        arguments, traced or not, go to `grad_fn`. A spike is a pytree, but
        a function if `grad_fn` is one that is not found in its module, as
        a lambda or one being decorated. The leaves of the pytree are the
        numbers of its shape if it learns, else it has none: to what maps
        or traces leaves, as `vmap` does, give the shape instead.

    Raises:
        TypeError: `grad_fn` or `step` is no function, `residual` is
            unknown, parameters of the shape are given here; on call, x is
            no real float, or the slope or the step does not broadcast to
            its shape.
        ValueError: `residual` is given with `forward_mode`; when the spike
            is differentiated, known bounds exceed the range of a float
            `residual`, or the slope has no bounds for `uint8` or `sampled`,
            or more than two values for `"bit"`; a learned soft step is not
            found. Where parameters are traced, as those that learn are if
            the shape is compiled once, the gradient is NaN instead, or for
            a float `residual`, what the cast gives.
        NotImplementedError: a second derivative of what `residual` encodes.

    >>> @make_spike
    ... def spike(x, alpha=1.0):
    ...     return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))
    >>> x = jnp.array([-0.5, 0.0, 0.25])
    >>> spike(x), jax.grad(lambda x: spike(x, 2.0).sum())(x)
    (Array([0., 1., 1.], dtype=float32), Array([0., 2., 1.], dtype=float32))

    In a Pallas kernel, call `grad_fn` itself, not the spike: there
    `checkpoint_name`, for what is kept, and on Triton `custom_vjp` have no
    lowering.

    Reference: Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine
    36(6):51-63, arXiv:1901.09948.
    """
    refuse_parameters(parameters, ("step", "residual", "forward_mode", "learnable"), grad_fn, "make_spike")
    if not facts_of(grad_fn):  # else `shape` has looked; in a hot loop it takes time
        refuse_ported(grad_fn, "make_spike")
    step = as_step(step)
    for what, option in (("forward_mode", forward_mode), ("learnable, for all parameters together", learnable)):
        if not isinstance(option, bool):
            raise TypeError(f"make_spike: expected True or False as {what}, got {describe_value(option)}")
    if grad_fn is None:
        return functools.partial(
            make_spike, step=step, residual=residual, forward_mode=forward_mode, learnable=learnable
        )
    if forward_mode and residual is not None:
        raise ValueError("make_spike: residual= encodes what reverse mode keeps; it does not go with forward_mode=True")
    g = as_shape(grad_fn, "make_spike")
    # A spike that learns has the leaves of its shape; one that does not has none, so that no optimizer moves it: its
    # shape is structure, and may hold arrays, since a Partial is hashed by its identity.
    follows = is_noise_of(step, g)  # noise of this very shape is given the parameters of the call, too
    options = static((code_of(residual), forward_mode, learnable, follows))
    spike = Partial(_call, node(g) if learnable else static(g), static(step), options)
    if node(g) is g or importable(g):  # a pytree, or found under its name
        return named(spike, g.__doc__ or "", __wrapped__=g)
    return _as_function(interned(spike), g)  # g is a lambda, a local function, or is being decorated


def _as_function(spike: Partial, g: Shape) -> Any:
    """Return a spike as a function, which pickle finds under the name of the function that it decorates."""

    @functools.wraps(g)
    def call(*args: Any, **kwargs: Any) -> jax.Array:
        return spike(*args, **kwargs)  # type: ignore[no-any-return]

    return vars(spike).setdefault("as_function", declares(spike=spike)(call))  # equal spikes share it


@declares(spike=True, text=lambda shape, step, options: show(from_tree(shape)))
def _call(shape: Tree, step: Tree, options: Tree, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Call a spike: bind the parameters of the call to its shape, and ask the residual code.

    It is asked here, and not in the program: it may need the bounds, of which a search finds more from values.
    """
    g, step, (code, forward_mode, learnable, follows) = map(from_tree, (shape, step, options))
    x, args = potential_of(g, args, kwargs, "x" if args else signature_of(unbound(g).f)[0])
    x = as_potential(x, g)
    has_parameters = bool(args or kwargs)
    refuse_unfit_call(g, args, kwargs, x.shape)
    g = function_of_x(g, x, args, kwargs) if has_parameters else g
    step = step_of_call(step, g, follows, has_parameters)
    if learnable and is_traced(g):
        _refuse_unknown_limit(g, x)
    codec = None  # encode and decode
    if code and is_traced((g, x)):  # else nothing asks for a derivative by x
        encode, decode, operands = concrete_if_possible(code, *without_gradient((g, x)))
        codec = Partial(_with_operands, node(encode), operands), Partial(_with_operands, node(decode), operands)
    # Noise of an infinite area is NaN, and called again with values, where it raises.
    call = call_refusing_nan if is_noise(step) else call_cached
    return call(_spike, static((forward_mode, learnable)), node(g), node(step), codec, x)  # type: ignore[no-any-return]


def _with_operands(f: Tree, operands: Any, /, *values: Any) -> Any:
    return f(*values, *operands)


def _refuse_unknown_limit(g: Shape, x: jax.Array) -> None:
    """Refuse a declared soft step that is NaN at infinity, as long as values are concrete: in the backward pass they
    may be traced.
    """
    if declares_soft_step(g) and not needs_no_limit(g):
        known, x = without_gradient((g, x))
        if not is_traced((known, x)):
            call_refusing_nan(_soft, known, np.zeros(x.shape, x.dtype))  # where S itself is a number


def _spike(options: Tree, g: Tree, step: Tree, codec: Any, x: jax.Array) -> Any:
    """Evaluate the step, split slope, soft step and code into structure and arrays, and give all to the rule."""
    (forward_mode, learnable), x = from_tree(options), vary_as(x, (g, step, codec))
    # Evaluate.
    spikes = concrete_if_possible(evaluated, step, without_gradient(x), what="step", blame=step)
    spikes = without_gradient(spikes)  # by what the step closes over
    slope_now = _slope_if_concrete(g, x, learnable)
    is_concrete = slope_now is not None  # it was evaluated outside of every trace, so that no tracer hides in g
    if is_concrete and not is_traced((g, x)):  # nothing asks for a derivative
        return spikes
    # Split.
    slope, slope_arrays = closure_converted(Partial(_slope, g), x, hides_nothing=is_concrete)
    soft: Any = None
    soft_arrays: list[Any] = []
    if learnable:
        soft, soft_arrays = closure_converted(Partial(_soft, g), widened(x), hides_nothing=is_concrete)
    slope_like, indices = slope_now, []
    if not is_concrete:  # errors of the shape itself are raised in the forward pass
        closed = jax.make_jaxpr(join(slope, slope_arrays))(x)
        (slope_like,), indices = closed.out_avals, axis_indices(closed)
    no_code = None, (), None, ()
    encode, encode_arrays, decode, decode_arrays = code_converted(codec, slope_like, x) if codec else no_code
    code_arrays = {"encode_arrays": encode_arrays, "decode_arrays": decode_arrays}
    varied = vary_as(x, (spikes, indices, slope_arrays, soft_arrays, code_arrays))
    if varied is not x:  # in a `shard_map`: an array that was hidden varies over the devices
        return _spike(options, g, step, codec, varied)
    early, late = (lambda arrays: arrays), functools.partial(_learned_cotangents, slope, soft)
    if soft_arrays and not is_concrete and not forward_mode and not declares_soft_step(g):
        early, late = _stages(late, (slope_arrays, soft_arrays), x)
    rule = SimpleNamespace(slope=slope, soft=soft, early=early, late=late, encode=encode, decode=decode)
    # Where the slope is concrete, only arrays of its code may be mapped; an eager gradient is spared the rest then.
    spikes = _mapped_as(spikes, code_arrays if is_concrete else (x, soft_arrays, slope_arrays, code_arrays, indices))
    constants = {"spikes": spikes, "slope_now": slope_now, "slope_arrays": slope_arrays, **code_arrays}
    return (_fire_both_modes if forward_mode else _fire)(rule, x, soft_arrays, constants)


def _slope_if_concrete(g: Shape, x: jax.Array, learnable: bool) -> jax.Array | None:
    """Return the slope, if it has a value here, neither under `jit` nor in a cached program; else None.

    To compute it here takes less time than under `grad`, and shows that no tracer hides in the shape. None does not
    tell why: the slope may be traced, or ask for an axis of a `vmap`; a tracer may hide in its soft step alone.
    """
    return None if learnable and may_hide_in_facts(g) else try_concrete(_slope, *without_gradient((g, x)))


def _stages(backward: Callable[..., Any], arrays: Any, x: jax.Array) -> Any:
    """Split the backward pass: the search and its tables, which do not depend on x, move to the forward pass.

    There JAX takes them out of a loop, since they do not depend on the potential. Cotangents are computed for every
    array that may learn: it is not known yet which ones do. From jax 0.12 on, the cached program that computes them is
    one equation, which depends on x, and nothing is split: on a CPU, XLA takes the search out of the loop.
    """
    may_learn = [jnp.issubdtype(p.dtype, jnp.floating) for p in arrays[1]]
    early, late = in_two_stages(functools.partial(backward, may_learn), arrays, x, x)  # the cotangent is like x
    return early, lambda _, *values: late(*values)


def _mapped_as(spikes: jax.Array, operands: Any) -> jax.Array:
    """Return the spikes, mapped by `vmap` wherever an operand of the rule is mapped, such as a random key.

    JAX sums the cotangent of an unmapped output before the rule sees it, but each element needs its own slope. The
    compiler removes the `select`, both branches of which are the spikes.
    """
    traced = {id(v): v for v in jax.tree.leaves(operands) if is_traced(v)}.values()  # each once
    is_same = [(v == v).all() if v.ndim else v == v for v in traced]  # `all` of one number is an equation
    return lax.select(functools.reduce(lax.bitwise_and, is_same), spikes, spikes) if is_same else spikes


def _slope(g: Shape, /, x: jax.Array) -> jax.Array:
    return evaluated(g, x, what="slope", blame=g)


def _soft(g: Shape, /, x: jax.Array) -> jax.Array:
    return evaluated(antiderivative(g), x, what="soft step", blame=g)


def _learned_cotangents(
    slope: Structure, soft: Any, is_learned: Sequence[bool], arrays: Any, *values: jax.Array
) -> Any:
    """Return the cotangents of x and of each soft array, None where it is not learned.

    The values are x and the cotangent of the spikes.
    """
    slope_arrays, soft_arrays = arrays
    # A flag for each leaf of the soft step; its arrays are the leaves for which the structure holds None.
    (_, leaves), left = soft, iter(is_learned)
    flags = tuple(leaf is None and next(left) for leaf in leaves)
    trees = join(slope, slope_arrays), join(soft, soft_arrays), static(flags)
    ct_x, ct_learned = call_cached(cotangents, *trees, *values, search=True)
    learned = iter(ct_learned)
    return ct_x, [next(learned) if flag else None for flag in is_learned]


def _kept(rule: Rule, x: jax.Array, constants: Constants) -> Any:
    """Return what is kept of the slope: itself, or as the code encodes it, with what refuses a second derivative."""
    slope = _slope_at(rule, x, constants)
    if not rule.encode:
        return _for_checkpoint(slope)
    # What is encoded may have no derivative, as a whole number, and a second one would be lost without a word.
    guard = _guard_of(slope) if is_traced(slope) else np.zeros(0, slope.dtype)
    return _for_checkpoint((join(rule.encode, constants["encode_arrays"])(slope), guard))


def _slope_at(rule: Rule, x: jax.Array, constants: Constants) -> Any:
    """Return the slope: as it is known already, or evaluated, where it is traced or differentiated once more."""
    slope_now, arrays = constants["slope_now"], constants["slope_arrays"]
    again = slope_now is None or is_traced((x, arrays))
    return join(rule.slope, arrays)(as_array(x)) if again else slope_now  # x may be a number


def _for_checkpoint(kept: Any) -> Any:
    """Return what is kept, with a name for the policies of `jax.checkpoint` if it is traced."""
    return checkpoint_name(kept, "surrogate") if is_traced(kept) else kept


def _refuse_second_derivative(*_: Any) -> Any:
    raise NotImplementedError(
        "make_spike: a second derivative needs the slope itself, which residual= does not keep; leave it out"
    )


@jax.custom_jvp
def _guard_of(slope: jax.Array) -> jax.Array:
    """Return an empty array, of which the derivative by the slope is refused."""
    # Where jax 0.8 to 0.10 differentiate `scan` twice in reverse they lose this rule, and fall back to the one inside.
    return _guard_in_reverse(slope)


@jax.custom_vjp
def _guard_in_reverse(slope: jax.Array) -> jax.Array:
    return jnp.zeros(0, slope.dtype)


_guard_of.defjvp(_refuse_second_derivative)
_guard_in_reverse.defvjp(lambda slope: (_guard_in_reverse(slope), None), _refuse_second_derivative)


# The rule, for reverse mode, and built on it the one for forward mode.


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _fire(rule: Rule, x: Any, soft_arrays: Any, constants: Constants) -> Any:
    return constants["spikes"]


def _fire_fwd(rule: Rule, *operands: Any) -> Any:
    """Keep flags of which soft arrays are differentiated. If none is, keep also the slope, as the code encodes it, and
    the arrays that decode it. Else keep x, from which the backward pass computes slope and dS/dp, and what `early`
    returns for the arrays of both.
    """
    x, soft_arrays, constants = values = jax.tree.map(lambda operand: as_array(operand.value), operands)
    kept, decode_arrays = _kept(rule, x, constants), constants["decode_arrays"]
    arrays = constants["slope_arrays"], soft_arrays
    to_learn = (_for_checkpoint(x), rule.early(arrays)) if soft_arrays else ()
    # A residual holds arrays only, so a flag is an array: of length 1 for a learned parameter, else of length 0. JAX
    # may confuse the residuals of two derivatives of one program unless both have the same structure: what is not
    # needed becomes an empty array instead, and `jit` drops the equations that compute it.
    flags = [np.zeros(int(array.perturbed), bool) for array in operands[1]]
    if any(map(len, flags)):
        kept, decode_arrays = _empty((kept, decode_arrays))
    else:
        to_learn = _empty(to_learn)
    return _fire(rule, *values), (kept, decode_arrays, to_learn, flags)


def _empty(values: Any) -> Any:
    return jax.tree.map(lambda _: np.zeros(0, bool), values)


def _fire_bwd(rule: Rule, residual: Any, ct_spikes: Any) -> Any:
    if isinstance(ct_spikes, SymbolicZero):  # of a checkpoint whose spikes are not used, with JAX_REMAT3
        return None, None, None
    residual, ct_spikes = jax.tree.map(as_array, (residual, ct_spikes))  # a scalar may come as a number
    kept, decode_arrays, to_learn, flags = residual
    is_learned = [len(flag) > 0 for flag in flags]
    if not any(is_learned):
        if rule.decode:
            encoded, guard = kept
            kept = join(rule.decode, decode_arrays)(encoded, ct_spikes) + guard.sum()  # 0, whose derivative is refused
        return ct_spikes * kept, None, None
    x, found_early = to_learn
    return *rule.late(is_learned, found_early, x, ct_spikes), None


_fire.defvjp(_fire_fwd, _fire_bwd, symbolic_zeros=True)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _fire_both_modes(rule: Rule, *operands: Any) -> Any:
    # Where jax 0.8 to 0.10 differentiate `scan` twice in reverse they lose this rule, and fall back to that of `_fire`.
    return _fire(rule, *operands)


def _fire_jvp(rule: Rule, primals: Any, tangents: Any) -> Any:
    (x, soft_arrays, constants), (dot_x, dot_soft, _) = primals, tangents
    tangent = jnp.zeros_like(x)
    if not isinstance(dot_x, SymbolicZero):
        tangent = _for_checkpoint(_slope_at(rule, x, constants)) * dot_x
    for k, dot in enumerate(dot_soft):
        if not isinstance(dot, SymbolicZero):  # one by one: 0 tangents may give NaN
            tangent += soft_tangent(rule.soft, soft_arrays, k, dot, x).astype(tangent.dtype)
    return _fire_both_modes(rule, *primals), tangent


_fire_both_modes.defjvp(_fire_jvp, symbolic_zeros=True)
