"""What is concrete is evaluated at once; where a tracer hides in a function, it is made an operand."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax.tree_util import Partial

from .dtype import as_array, broadcasts
from .purity import all_pure
from .tree import Structure, is_module, join, split
from .varying import axis_indices, varying_axes

_NO_MESH = jax.sharding.AbstractMesh((), ())


def is_traced(values: Any) -> bool:
    """Say whether there is a tracer among nested values.

    >>> is_traced([1.0, jax.numpy.ones(3)])
    False
    """
    return any(isinstance(v, jax.core.Tracer) for v in jax.tree.leaves(values))


def without_gradient(values: Any) -> Any:
    """Return the values without their gradients, which exposes the concrete ones where `grad` is not under `jit`.

    >>> jax.grad(lambda x: x * without_gradient(x))(3.0)
    Array(3., dtype=float32, weak_type=True)
    """
    return jax.tree.map(lambda v: as_array(jax.lax.stop_gradient(v)) if isinstance(v, jax.core.Tracer) else v, values)


def try_concrete(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Return `f(*args, **kwargs)`, evaluated at once whatever is being traced; None if f takes or holds a tracer, or
    asks for an axis of a `vmap`.

    This is also faster: under `grad`, JAX takes longer even for what is not differentiated.

    >>> jax.jit(lambda x: x + try_concrete(float, 1.0))(1.0)
    Array(2., dtype=float32, weak_type=True)
    >>> jax.jit(lambda x: try_concrete(lambda: 2 * x) is None)(1.0)
    Array(True, dtype=bool)
    """
    if is_traced((args, kwargs)):
        return None
    try:
        with jax.core.eval_context():
            value = f(*args, **kwargs)
    except (jax.errors.UnexpectedTracerError, NameError):  # a tracer is hidden in f, or it asks for an axis of a `vmap`
        return None
    return None if is_traced(value) else value  # f may return what is hidden as it is


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Switch off the checks of JAX that a user has set, while facts are found: at infinity, too, with arrays of other
    ranks, and by NumPy.

    >>> with jax.numpy_rank_promotion("raise"), unchecked():
    ...     (jax.numpy.ones((2, 3)) + jax.numpy.ones(3)).shape
    (2, 3)
    """
    with jax.numpy_rank_promotion("allow"), jax.debug_nans(False), jax.debug_infs(False), jax.transfer_guard("allow"):
        yield


@contextlib.contextmanager
def at_compile_time(f: Callable[[Any], Any], like: Any, found: Any = ()) -> Iterator[None]:
    """Evaluate facts of a function of x at once, whatever is being traced.

    Two exceptions stay in the trace: in a `shard_map`, a function that is traced or varies over the devices, since JAX
    gives constants no value then; and facts for which one `found` before is traced, since each constant would be
    compiled by itself. `like` is an array as the potentials. In a `shard_map` the block exits the mesh of
    `jax.set_mesh`, on which JAX evaluates no number.

    >>> @jax.jit
    ... def twice(x):
    ...     with at_compile_time(abs, x):
    ...         return x * float(jax.numpy.cosh(0.0) + 1)  # a number, though a program is traced
    >>> twice(3.0)
    Array(6., dtype=float32, weak_type=True)
    """
    with unchecked():
        in_shard_map = jax.sharding.get_abstract_mesh().manual_axes
        may_hide = in_shard_map and not all_pure(f)  # what varies
        stays = is_traced(found) or (in_shard_map and is_traced(f))
        stays = stays or (may_hide and varying_axes(f(jax.numpy.asarray(like))))
        with contextlib.ExitStack() as stack:
            if not stays:
                stack.enter_context(jax.ensure_compile_time_eval())
            if in_shard_map and not (stays or may_hide):
                stack.enter_context(jax.sharding.use_abstract_mesh(_NO_MESH))
            yield


def concrete_if_possible(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Return `f(*args, **kwargs)`, evaluated at once where that can be done, else in the trace.

    >>> concrete_if_possible(abs, -2.0)
    2.0
    """
    value = try_concrete(f, *args, **kwargs)
    return f(*args, **kwargs) if value is None else value


def closure_converted(call: Callable[..., Any], *args: Any, hides_nothing: bool = False) -> tuple[Structure, list[Any]]:
    """Split a function: `join(*closure_converted(call, x))(x)` is `call(x)`, and its structure holds no tracer.

    A derivative rule may run long after the trace in which it was written has ended: a tracer hidden in it is dead by
    then. Where every function in `call`, a pytree, is known to be pure, or `hides_nothing`, all tracers are among its
    leaves. Else it is traced, which finds them; the arguments may be structs. In a cached program every leaf is a
    tracer; elsewhere one that is concrete stays in the structure, since a search finds more from a value.

    >>> jax.jit(lambda alpha: closure_converted(Partial(lambda x: alpha * x), jax.numpy.ones(3))[1])(2.0)
    [Array(2., dtype=float32, weak_type=True)]
    """
    if hides_nothing or all_pure(call):
        return split(call)
    structure, arrays = split(call, is_module)
    trace = jax.make_jaxpr(lambda arrays, args: join(structure, arrays)(*args), return_shape=True)
    closed, returned = trace(arrays, args)
    consts = [*closed.consts, *axis_indices(closed)]  # one more operand, so that the rule is mapped over the axis

    def of_jaxpr(consts: Any, *leaves: Any) -> Any:
        return jax.core.eval_jaxpr(closed.jaxpr, consts[: len(closed.consts)], *leaves)

    # Trace again with the constants as arguments: in the first jaxpr, a function with its own derivative rule refers to
    # tracers of that trace, and `jax.checking_leaks` complains. A concrete value in such a rule stays a constant.
    again = jax.make_jaxpr(of_jaxpr)(consts, *jax.tree.leaves((arrays, args)))
    # The jaxpr and the tree of what it returns are leaves, so that `call_cached` takes no program for it.
    return split(Partial(_evaluate_jaxpr, again.jaxpr, jax.tree.structure(returned), again.consts, arrays, consts))


def _evaluate_jaxpr(jaxpr: Any, returned: Any, inner: Any, arrays: Any, consts: Any, /, *args: Any) -> Any:
    values = jax.core.eval_jaxpr(jaxpr, inner, *consts, *jax.tree.leaves((arrays, args)))
    return jax.tree.unflatten(returned, values)


def is_jaxpr(call: Partial) -> bool:
    """Say whether `closure_converted` made a jaxpr of a function of x, whose leaves have to keep their shapes.

    >>> is_jaxpr(Partial(np.multiply, 2.0))
    False
    """
    return call.func is _evaluate_jaxpr


def aligned_arrays(structure: Structure, arrays: Any, shape: tuple[int, ...]) -> list[bool]:
    """Say of each array of a function of x, as `closure_converted` splits it, whether it is one number, or one for each
    element of x or of an axis of x.

    One that a user's module holds, or `closure_converted` found, may be used in any way: False, unless of size 1.

    >>> structure = jax.tree.structure(Partial(np.multiply, 0)), (None,)
    >>> aligned_arrays(structure, [np.ones(3)], (2, 3)), aligned_arrays(structure, [np.ones(2)], (2, 3))
    ([True], [False])
    """
    _, rest = structure
    call = join(structure, arrays)
    constants = call.args[-1] if is_jaxpr(call) else []  # the last of the leaves
    parts = jax.tree.leaves(call, is_leaf=is_module)
    leaves = [(v, v is part) for part in parts for v in jax.tree.leaves(part)]
    known = len(leaves) - len(constants)
    return [
        broadcasts(np.shape(v), shape) and (np.size(v) == 1 or (i < known and is_parameter))
        for i, (v, is_parameter) in enumerate(leaves)
        if rest[i] is None
    ]


def numpy_of(*values: Any) -> Any:
    """Return `numpy` for concrete values, for which nothing has to be compiled, and `jax.numpy` where one is traced.

    >>> numpy_of(1.0, jax.numpy.ones(3)).__name__
    'numpy'
    """
    return jax.numpy if is_traced(values) else np
