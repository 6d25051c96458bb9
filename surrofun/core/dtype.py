"""Dtype and rank of an elementwise function of the potential: the place where slopes and steps are rounded."""

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from .facts import facts_of, signature_of
from .text import describe_value, show
from .tree import ARRAYS, native, plain, unbound

Real: TypeAlias = Any  # a Python number, a NumPy or JAX array, or a tracer


def rounded(f: Callable[..., Any], x: Real, args: Any = (), kwargs: Any = None, *, blame: Any = None) -> jax.Array:
    """Return `f(x, *args, **kwargs)`, computed in at least float32 and rounded once, to the dtype of `x`.

    Parameters that are arrays are brought to what it is computed in and to the rank of `x` first, so that strict
    promotion has nothing to object to and a per-neuron parameter of shape (n,) lines up with the last axis of `x`.
    Of x and of the result `blame` complains, the function that the user knows; without it, f.

    >>> rounded(jnp.multiply, jnp.ones(2, jnp.bfloat16), (jnp.float32(0.5),))
    Array([0.5, 0.5], dtype=bfloat16)
    """
    blame, kwargs = blame or f, kwargs or {}
    x = as_array_of_x(x, blame)
    if jnp.iscomplexobj(x):
        raise TypeError(f"{show(blame)}: expected a real potential, got dtype {x.dtype}")
    wide = cast(x, jnp.float64 if x.dtype == jnp.float64 else jnp.float32)
    refuse_unfit_call(f, args, kwargs, x.shape)
    out = f(wide, *fit(args, wide), **{name: fit(a, wide) for name, a in kwargs.items()})
    out = as_array(as_real(out, "result", blame))
    return cast(out, x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else wide.dtype)


def as_array(value: Any) -> jax.Array:
    """Return `value` as an array; one that is an array already costs nothing, a tracer neither.

    >>> as_array(0.5)
    Array(0.5, dtype=float32, weak_type=True)
    """
    return value if isinstance(value, jax.Array) else jnp.asarray(native(value))


def as_array_of_x(x: Any, f: Any) -> jax.Array:
    """Return the potential that a function `f` is given, as an array; if it is none, the function complains.

    >>> as_array_of_x(0.5, abs)
    Array(0.5, dtype=float32, weak_type=True)
    """
    try:
        return as_array(x)
    except (TypeError, ValueError, OverflowError):
        # It may be self, which a class gives to its functions, and from Python 3.14 to its Partials, too.
        is_object = hasattr(x, "__dict__") and not isinstance(x, np.ndarray)
        hint = "; as an attribute of a class, it has to be a staticmethod" if is_object else ""
        if isinstance(x, FunctionType):
            hint = "; to decorate a function, write @make_spike, without a shape"
        raise TypeError(f"{show(f)}: expected a real floating point potential, got {describe_value(x)}{hint}") from None


def as_real(value: Any, what: str, blame: Any) -> Any:
    """Return what a function of the potential returned as `what`, if it is one real array; else `blame` complains.

    >>> as_real(0.5, "slope", abs)
    0.5
    """
    value = plain(value)
    if isinstance(value, (int, float, *ARRAYS)) and not jnp.iscomplexobj(value):
        return value
    came = f"dtype {jnp.result_type(value)}" if hasattr(value, "dtype") else describe_value(value)
    raise TypeError(f"{show(blame)}: expected a {what} that is one real array, got {came}")


def cast(x: jax.Array, dtype: Any) -> jax.Array:
    """Return `x` in a dtype; one that has it already costs nothing.

    >>> cast(jnp.zeros(()), jnp.bfloat16)
    Array(0, dtype=bfloat16)
    """
    return x if x.dtype == dtype and not x.weak_type else x.astype(dtype)


def fit(parameter: Any, x: jax.Array) -> Any:
    """Return `parameter` in the dtype of `x`, and an array with axes in its rank; a number becomes one of Python.

    >>> fit(jnp.ones(3, jnp.bfloat16), jnp.zeros((2, 3))).shape
    (1, 3)
    """
    if type(parameter) in (tuple, list):
        return tuple(fit(p, x) for p in parameter)
    if not isinstance(parameter, ARRAYS):
        return plain(parameter)
    parameter = jnp.asarray(parameter, x.dtype)
    missing = x.ndim - parameter.ndim if parameter.ndim else 0
    return jax.lax.expand_dims(parameter, tuple(range(missing)))


def is_real(array: Any) -> bool:
    """Say whether an array holds real numbers: neither complex ones, nor texts, times or random keys, none masked.

    >>> is_real(jnp.zeros(2)), is_real(np.zeros(2, complex)), is_real(np.array(["a"]))
    (True, False, False)
    """
    is_time = jnp.issubdtype(array.dtype, np.timedelta64)  # for NumPy it is an integer
    if is_time or isinstance(array, np.ma.MaskedArray):
        return False
    return any(jnp.issubdtype(array.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_))


def refuse_unreal(array: Any, who: str, name: str) -> None:
    """Refuse an array that does not hold real numbers, which is given to `who` as `name`.

    >>> refuse_unreal(np.zeros(2, complex), "scale", "alpha")
    Traceback (most recent call last):
    TypeError: scale: expected real numbers as alpha, got dtype complex128
    """
    if not is_real(array):
        came = "a masked array" if isinstance(array, np.ma.MaskedArray) else f"dtype {array.dtype}"
        raise TypeError(f"{who}: expected real numbers as {name}, got {came}")


def refuse_unfit(f: Any, place: Any, value: Any, shape: tuple[int, ...] = ()) -> None:
    """Refuse an array that is not real or does not broadcast against x, or what is no number where the default is one.

    `place` is that of the parameter of `f`, counted after x, or its name.

    >>> refuse_unfit(abs, "y", np.ones(8), (5,))
    Traceback (most recent call last):
    TypeError: abs: y of shape (8,) does not broadcast against x of shape (5,); one a neuron is (5,),
        coefficients a tuple
    >>> refuse_unfit(abs, "y", np.ones(3), (2, 3, 8, 8))
    Traceback (most recent call last):
    TypeError: abs: y of shape (3,) does not broadcast against x of shape (2, 3, 8, 8); one a neuron is (8,),
        one along axis 1 is (3, 1, 1), coefficients a tuple
    """
    value = plain(value)
    is_array = isinstance(value, ARRAYS)
    lines_up = is_array and all(n == m or 1 in (n, m) for n, m in zip(value.shape[::-1], shape[::-1], strict=False))
    if isinstance(value, int | float) or (lines_up and is_real(value)):
        return
    if "text" in facts_of(getattr(unbound(f).f, "func", None)):
        return  # of a composition, the part that takes it complains
    _, takes = signature_of(f)
    parameters = dict(takes.parameters) if takes else {}
    name = place if isinstance(place, str) else [*parameters, "a parameter"][min(place, len(parameters))]
    if is_array:
        refuse_unreal(value, show(f), name)
        along = ""
        if value.ndim == 1 and value.size in shape:
            axis = shape.index(value.size)
            along = f"one along axis {axis} is {(value.size, *[1] * len(shape[axis + 1 :]))}, "
        raise TypeError(
            f"{show(f)}: {name} of shape {value.shape} does not broadcast against x of shape {shape}; "
            f"one a neuron is {shape[-1:]}, {along}coefficients a tuple"
        )
    if name in parameters and isinstance(parameters[name].default, int | float):
        raise TypeError(f"{show(f)}: expected a number or an array as {name}, got {describe_value(value)}")


def refuse_unfit_call(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], shape: tuple[int, ...]) -> None:
    """Apply `refuse_unfit` to every parameter of a call of `f`.

    >>> refuse_unfit_call(abs, (), {"y": 2.0}, (8, 5))
    """
    for place, value in [*enumerate(args), *kwargs.items()]:
        refuse_unfit(f, place, value, shape)


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Say whether an array of one shape can be broadcast to another.

    >>> broadcasts((3,), (2, 3)), broadcasts((2, 3), (3,)), broadcasts((2, 3), (4, 3))
    (True, False, False)
    """
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(shape[::-1], to[::-1], strict=False))
