"""What is kept of the slope for the backward pass: codes that are smaller than the slope.

Each is a function `code(g, x) -> (encode, decode, operands)`, as `surrofun.residuals` describes it. Tracers that
functions of a user close over are found, and become operands, too (`code_converted`).
"""

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.tree_util import Partial

from ..calculus import bounds
from ..core.combinator import made_of
from ..core.concrete import at_compile_time, closure_converted, is_traced, numpy_of, try_concrete, without_gradient
from ..core.dtype import as_real, broadcasts, rounded
from ..core.expect import as_key
from ..core.facts import declares, facts_of, signature_of
from ..core.places import around
from ..core.program import call_memoized
from ..core.purity import all_pure
from ..core.shape import Shape, is_spike
from ..core.text import describe_value, show
from ..core.tree import ARRAYS, Tree, from_tree, function_of_x, interned, join, node, static, unbound
from ..search.numerical import surveyed
from ..search.panels import slopes_at
from .packing import pack, uniform, unpack

Encode: TypeAlias = Callable[..., Any]
Decode: TypeAlias = Callable[..., jax.Array]
Coded: TypeAlias = tuple[Encode, Decode, tuple[Any, ...]]  # and what both take as operands
Code: TypeAlias = Callable[..., Coded]

# Where a slope is evaluated around each place, in its widths, to tell whether it has two values only: at NaN and at
# infinity, where no survey looks, and at distances of which each is less than a tenth larger than the one before.
_DISTANCES = 2.0 ** np.arange(-16, 40 + 1 / 8, 1 / 8)  # powers of two among them, as the kinks of a clip often are
_LOOKS = np.concatenate([[np.nan, np.inf, -np.inf, 0.0], -_DISTANCES, _DISTANCES])

_as_one_program = functools.partial(jax.jit, inline=True)  # one call of a program, where nothing else is compiled


def code_of(residual: Any) -> Code | None:
    """Return the code for the option `residual=` of `make_spike`.

    >>> encode, decode, ends = code_of(jnp.uint8)(jnp.tanh, jnp.zeros(3))
    >>> encode(jnp.array([-1.0, 0.0, 1.0]), *ends)
    Array([  0, 127, 254], dtype=uint8)
    """
    if residual is None:
        return None
    if isinstance(residual, tuple) and len(residual) == 2 and all(map(callable, residual)):
        return interned(Partial(_pair, *map(node, residual)))
    if isinstance(residual, str) and residual == "bit":
        return one_bit
    if residual is sampled:
        raise TypeError("make_spike: expected a residual, got sampled, which makes one: residual=sampled(key)")
    if isinstance(residual, str | type | np.dtype):
        with contextlib.suppress(TypeError, SyntaxError):  # the latter of a text with commas
            dtype = np.dtype(residual)
            if dtype == np.uint8:
                return eight_bits
            bytewise = jnp.issubdtype(dtype, jnp.floating) and jnp.finfo(dtype).bits in (8, 16, 32, 64)  # type: ignore[no-untyped-call]
            if bytewise and not np.zeros((), dtype):  # float8_e8m0fnu has no zero
                return interned(Partial(_narrow, static(dtype.name)))
    elif callable(residual) and not is_spike(residual):
        _, others = signature_of(residual)
        if others is None or others.parameters:  # a function of g and x
            return interned(Partial(_of_user, node(residual)))
    raise TypeError(
        "make_spike: expected as residual None, a float dtype, uint8, 'bit', sampled(key), a pair of functions "
        f"(encode, decode), or a code(g, x) -> (encode, decode, operands), got {describe_value(residual)}"
    )


def _pair(encode: Encode, decode: Decode, g: Shape, x: jax.Array) -> Coded:
    return Partial(_encoded, encode), Partial(_decoded, Partial(_of_kept_alone, decode)), ()


@declares(text=show)
def _of_kept_alone(decode: Decode, kept: Any, like: jax.Array) -> Any:
    return _called(decode, "decode(kept)", kept)


def _of_user(code: Code, g: Shape, x: jax.Array) -> Coded:
    coded: Any = code(g, x)
    match coded:
        case tuple((Callable() as encode, Callable() as decode, tuple() | list() as operands)) if _are_arrays(operands):
            return Partial(_encoded, node(encode)), Partial(_decoded, node(decode)), tuple(operands)
    raise TypeError(
        f"make_spike: expected of {show(code)}, in residual=, functions and arrays (encode, decode, operands), got "
        f"{describe_value(coded)}"
    )


def _are_arrays(values: Any) -> bool:
    return all(isinstance(v, (int, float, np.generic, *ARRAYS)) for v in jax.tree.leaves(values))


def _called(f: Callable[..., Any], what: str, *args: Any) -> Any:
    """Call encode or decode; if it does not take what it is given, say so in the words of `residual=`."""
    try:
        return f(*args)
    except TypeError:
        try:
            inspect.signature(f).bind(*args)
        except TypeError as error:
            raise TypeError(f"make_spike: expected, in residual=, {what}, got {show(f)}: {error}") from None
        except ValueError:  # a function of C without a signature
            pass
        raise


def _encoded(encode: Encode, slope: jax.Array, *operands: Any) -> Any:
    kept = _called(encode, "encode(slope, *operands)", slope, *operands)
    if not _are_arrays(kept):
        raise TypeError(f"make_spike: expected of encode, in residual=, arrays, got {describe_value(kept)}")
    return kept


def _decoded(decode: Decode, kept: Any, like: jax.Array, *operands: Any) -> Any:
    decoded = _called(decode, "decode(kept, like, *operands)", kept, like, *operands)
    slope = jnp.asarray(as_real(decoded, "slope", decode)).astype(like.dtype)
    if slope.shape != like.shape:
        raise TypeError(
            f"make_spike: expected of decode, in residual=, an array of the shape of x, {like.shape}, got {slope.shape}"
        )
    return slope


def code_converted(codec: tuple[Tree, Tree], slope: Any, x: jax.Array) -> tuple[Any, Any, Any, Any]:
    """Split `encode` and `decode`, as `closure_converted` does, so that tracers that they close over become operands:
    these may be all that `vmap` maps, and in a loop they are dead when the backward pass runs.

    `slope` is concrete, or a struct of its shape and dtype. Return the structure of `encode`, its arrays, the structure
    of `decode`, its arrays.

    >>> def encode_arrays(c):
    ...     codec = Partial(lambda slope: c * slope), Partial(lambda kept, like: kept)
    ...     return code_converted(codec, jnp.ones(3), jnp.ones(3))[1]
    >>> jax.jit(encode_arrays)(2)
    [Array(2, dtype=int32, weak_type=True)]
    """
    encode, decode = codec
    hides_nothing = all_pure(codec)
    if not hides_nothing and isinstance(slope, jax.Array):
        # Where the slope is concrete, to call both once shows it, in less time than to trace them.
        here = without_gradient((encode, decode, x))
        hides_nothing = try_concrete(lambda encode, decode, x: decode(encode(slope), x), *here) is not None
    encoding, encode_arrays = closure_converted(encode, slope, hides_nothing=hides_nothing)
    kept = None if hides_nothing else jax.eval_shape(join(encoding, encode_arrays), slope)
    decoding, decode_arrays = closure_converted(decode, kept, x, hides_nothing=hides_nothing)
    return encoding, encode_arrays, decoding, decode_arrays


def _narrow(dtype: Tree, g: Shape, x: jax.Array) -> Coded:
    dtype = static(jax.dtypes.canonicalize_dtype(from_tree(dtype)).name)  # float64 is float32 unless x64 is enabled
    f = unbound(g).f
    if facts_of(f).get("bounds") or made_of(f):
        call_memoized(_refuse_too_large, dtype, function_of_x(g, x))
    return Partial(_to_float, dtype), Partial(_from_float, dtype), ()


def _refuse_too_large(dtype: Tree, g: Shape) -> None:
    name, (lowest, highest) = from_tree(dtype), map(_constant, bounds(g))
    largest = float(jnp.finfo(name).max)  # type: ignore[no-untyped-call]
    if not is_traced((lowest, highest)) and largest < float(max(-lowest.min(), highest.max())) < np.inf:
        raise ValueError(
            f"{show(g)}: expected slopes of at most {largest:g} for residual={name}, got slopes between "
            f"{lowest.min():g} and {highest.max():g}"
        )


def _to_float(dtype: Tree, slope: jax.Array) -> Any:
    name = from_tree(dtype)
    # As integers: the compiler for the CPU widens an array of half precision, so that nothing would be saved.
    bits = f"uint{8 * jnp.dtype(name).itemsize}"
    return lax.bitcast_convert_type(slope.astype(name), bits)


def _from_float(dtype: Tree, kept: jax.Array, like: jax.Array) -> Any:
    return lax.bitcast_convert_type(kept, from_tree(dtype)).astype(like.dtype)


def eight_bits(g: Shape, x: jax.Array) -> Coded:
    """Keep the slope as NaN or one of 255 values evenly between its bounds, off by at most 1/508 of their distance.

    >>> encode, decode, ends = eight_bits(abs, jnp.zeros(()))
    Traceback (most recent call last):
    ValueError: abs: expected a bounded slope for uint8 or sampled, got slopes between 0 and inf; use a float dtype
    """
    return _to_bytes, _from_bytes, _ends(g, False, x)


@_as_one_program
def _to_bytes(slope: jax.Array, lowest: jax.Array, highest: jax.Array) -> Any:
    steps = jnp.rint(254 * jnp.clip(_share(slope, lowest, highest), 0.0, 1.0))
    return jnp.where(jnp.isnan(slope), 255.0, steps).astype(jnp.uint8)


def _share(slope: jax.Array, lowest: jax.Array, highest: jax.Array) -> jax.Array:
    """Return where a slope is between its bounds, from 0 to 1."""
    return (slope.astype(lowest.dtype) - lowest) / jnp.where(highest > lowest, highest - lowest, 1.0)


@_as_one_program
def _from_bytes(kept: jax.Array, like: jax.Array, lowest: jax.Array, highest: jax.Array) -> Any:
    steps = kept.astype(lowest.dtype) / 254
    return jnp.where(kept == 255, jnp.nan, lowest + (highest - lowest) * steps).astype(like.dtype)


def one_bit(g: Shape, x: jax.Array) -> Coded:
    """Keep whether the slope is the lowest or the highest, exact for a shape of two values.

    The shape must have one of the two at NaN and at infinity, too, as `jnp.where(abs(x) < 1, a, b)` has: a bit has no
    room for a third value. Eight rows of an axis share a byte; the last byte may be partly empty. If every axis is
    short, fewer rows share one, and a single spike, as `vmap` over scalars sees it, keeps a byte.

    >>> from surrofun import shapes
    >>> encode, decode, ends = one_bit(shapes.rectangle(width=0.5), jnp.zeros(3))
    >>> decode(encode(jnp.array([0.0, 2.0, 2.0]), *ends), jnp.zeros(3), *ends)
    Array([0., 2., 2.], dtype=float32)
    """
    return _to_bits, _from_bits, _ends(g, True, x)


@_as_one_program
def _to_bits(slope: jax.Array, lowest: jax.Array, highest: jax.Array) -> jax.Array:
    return pack(slope - lowest > highest - slope)


@_as_one_program
def _from_bits(kept: jax.Array, like: jax.Array, lowest: jax.Array, highest: jax.Array) -> jax.Array:
    return jnp.where(unpack(kept, like), highest, lowest).astype(like.dtype)


def sampled(key: jax.Array) -> Code:
    """Return the code of one random bit a spike, whose mean is the slope.

    It keeps a bit B, which is 1 with probability
    (g - lowest) / (highest - lowest), and decodes it as
    lowest + (highest - lowest) B. A gradient through time is a
    sum of products of slopes; these are drawn independently, so that its
    mean is right, for any bounded shape. It serves where memory limits the
    length of a sequence, at 0.125 bytes a spike. Its price is variance,
    which averages out over a batch (notebook 6 has the figure), and the
    time of the draws. A NaN slope is drawn as the lowest.

    Args:
        key: random key, may be traced; each element of x draws a bit of its
            own from it. Each step in time, each layer and what is mapped by
            `vmap` or `shard_map` need keys of their own, or draws repeat
            and the mean is wrong.

    >>> from surrofun import make_spike, shapes
    >>> code = sampled(jax.random.key(0))
    >>> spike = make_spike(shapes.triangle, residual=code)
    >>> drawn = jax.grad(lambda x: spike(x).sum())(jnp.full(10_000, 0.3))
    >>> jnp.unique(drawn), jnp.round(drawn.mean(), 1)
    (Array([0., 1.], dtype=float32), Array(0.7, dtype=float32))
    """
    return Partial(_sampled, as_key(key, "sampled"))


def _sampled(key: jax.Array, g: Shape, x: jax.Array) -> Coded:
    # The key is consumed here: one that is kept by the rule, beside what was drawn with it, counts as reused.
    data = jax.random.key_data(jax.random.split(key, 1)[0])
    return Partial(_to_draws, static(jax.random.key_impl(key))), _from_draws, (*_ends(g, False, x), data)


@_as_one_program
def _to_draws(impl: Tree, slope: jax.Array, lowest: jax.Array, highest: jax.Array, data: jax.Array) -> jax.Array:
    key = jax.random.wrap_key_data(data, impl=from_tree(impl))
    share = _share(slope, lowest, highest)
    return pack(1 - uniform(key, share) <= share)  # a uniform number may be 0, but is never 1


def _from_draws(kept: jax.Array, like: jax.Array, lowest: jax.Array, highest: jax.Array, data: jax.Array) -> Any:
    return _from_bits(kept, like, lowest, highest)


def _ends(g: Shape, two_valued: bool, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the bounds of the slope, in float32 at least; of a slope of two values, in the dtype of x.

    If they do not suit the code they are refused, or where they are traced, NaN.
    """
    ends = call_memoized(_ends_of, static((two_valued, x.dtype.name)), function_of_x(g, x))
    if not broadcasts(ends[0].shape, x.shape):
        raise TypeError(
            f"{show(g)}: expected bounds that broadcast to the shape of x, {x.shape}, got shape {ends[0].shape}"
        )
    return ends  # type: ignore[no-any-return]


def _ends_of(settings: Tree, g: Shape) -> tuple[jax.Array, jax.Array]:
    (two_valued, dtype), like = from_tree(settings), unbound(g).like
    lowest, highest = map(_constant, bounds(g))
    with at_compile_time(g, like), np.errstate(invalid="ignore", over="ignore"):
        largest = float(jnp.finfo(dtype).max)  # type: ignore[no-untyped-call]
        most = np.inf if two_valued else 1 / np.finfo(like.dtype).tiny  # whose inverse the others divide by
        bounded = (highest - lowest < most) & (lowest >= -largest) & (highest <= largest)
        suit = bounded
        if two_valued:
            slopes = _looks(g, like)
            suit = bounded & ((slopes == lowest) | (slopes == highest)).all(axis=0)
        if not is_traced(suit) and not suit.all():
            two = "shape of two values, also at NaN and infinity, for residual='bit'"
            wanted = two if two_valued else "bounded slope for uint8 or sampled"
            instead = "residual=jax.numpy.uint8" if bounded.all() else "a float dtype"
            others: Any = slopes[(slopes != lowest) & (slopes != highest)] if two_valued else ()
            more = f", {others[0]:g} among them" if len(others) else ""
            more += f", too large for {dtype}" if np.isfinite(highest - lowest).all() and not bounded.all() else ""
            raise ValueError(
                f"{show(g)}: expected a {wanted}, got slopes between {lowest.min():g} and "
                f"{highest.max():g}{more}; use {instead}"
            )
        where = numpy_of(suit).where
        kept_in = dtype if two_valued else like.dtype
        return jnp.asarray(where(suit, lowest, np.nan), kept_in), jnp.asarray(where(suit, highest, np.nan), kept_in)


def _looks(g: Shape, like: Any) -> Any:
    """Return slopes that show whether there are more than two: if traced, those at `_LOOKS` around each place; else
    those of a survey, and then those at NaN, inf and -inf.
    """
    steps = _LOOKS.astype(like.dtype).reshape(-1, *like.shape)
    looks = jnp.broadcast_arrays(*(centre + width * steps for centre, width in around(g)))
    slopes = _constant(slopes_at(functools.partial(rounded, g), jnp.concatenate(looks)))
    if is_traced(slopes):
        return slopes
    return np.concatenate([surveyed(g)["slopes"], slopes[:3]])


def _constant(value: Any) -> Any:
    """Return what has no gradient, of NumPy where it has a value: there it is compared without a program of JAX."""
    return lax.stop_gradient(value) if is_traced(value) else np.asarray(value)
