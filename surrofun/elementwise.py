"""Dtype and rank of an elementwise function of the potential: the one place where anything is rounded."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

P = ParamSpec("P")
Real: TypeAlias = Any  # a Python number, a NumPy or JAX array, or a tracer


def elementwise(f: Callable[P, Any]) -> Callable[P, jax.Array]:
    """Make `f(x, *params)` compute in at least float32 and round once, to the dtype of `x`.

    Parameters that are arrays are brought to the dtype and rank of `x` first, so that strict promotion has
    nothing to object to and a per-neuron parameter of shape (n,) lines up with the last axis of `x`.

    Args:
        f: function of the potential `x` (any shape) and its parameters, written without a thought of dtypes.

    Returns:
        The same function under the same name; its result has the dtype of `x` (float32 if `x` holds integers).

    >>> @elementwise
    ... def bump(x, alpha=1.0):
    ...     return alpha * jnp.exp(-jnp.abs(x))
    >>> bump(jnp.zeros(2, jnp.bfloat16), jnp.float32(0.5))
    Array([0.5, 0.5], dtype=bfloat16)
    """

    @functools.wraps(f)
    def rounded(x: Any, *args: P.args, **kwargs: P.kwargs) -> jax.Array:
        return apply(f, x, *args, **kwargs)

    if hasattr(f, "antiderivative"):  # what holds for a shape holds for its soft step
        rounded.antiderivative = elementwise(f.antiderivative)  # type: ignore[attr-defined]
    return rounded  # type: ignore[return-value]


def apply(f: Callable[..., Any], x: Any, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Evaluate `f(x, *args, **kwargs)` once, under the rules of `elementwise`.

    >>> apply(jnp.exp, jnp.ones((), jnp.bfloat16)).dtype
    dtype(bfloat16)
    """
    x = jnp.asarray(x)
    wide = x.astype(jnp.float64 if x.dtype == jnp.float64 else jnp.float32)
    out = f(wide, *(fit(a, wide) for a in args), **{name: fit(a, wide) for name, a in kwargs.items()})
    return jnp.asarray(out).astype(x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else wide.dtype)


def widened(parameters: Any) -> Any:
    """Return nested parameters with every array of half precision in float32, as the potential is.

    >>> widened({"alpha": jnp.ones((), jnp.bfloat16), "n": 2})
    {'alpha': Array(1., dtype=float32), 'n': 2}
    """

    def widen(p: Any) -> Any:
        half = isinstance(p, jax.Array) and jnp.issubdtype(p.dtype, jnp.floating) and p.dtype.itemsize < 4
        return p.astype(jnp.float32) if half else p

    return jax.tree.map(widen, parameters)


def fit(parameter: Any, x: jax.Array) -> Any:
    """Return `parameter` in the dtype and rank of `x`; Python numbers and what holds no numbers stay as they are.

    >>> fit(jnp.ones(3, jnp.bfloat16), jnp.zeros((2, 3))).shape
    (1, 3)
    """
    if type(parameter) in (tuple, list):
        return tuple(fit(p, x) for p in parameter)
    if isinstance(parameter, np.generic):
        return parameter.item()
    if not isinstance(parameter, jax.Array | np.ndarray):
        return parameter
    parameter = jnp.asarray(parameter, x.dtype)
    missing = x.ndim - parameter.ndim if parameter.ndim else 0
    return jax.lax.expand_dims(parameter, tuple(range(missing)))
