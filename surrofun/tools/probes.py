"""What the checks of a shape and of a spike have in common: where they look, how they compare, what both ask."""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from ..core.dtype import broadcasts

Array: TypeAlias = np.ndarray[Any, Any]
Function: TypeAlias = Callable[..., Any]  # of the potential minus the threshold
Finding: TypeAlias = tuple[bool | None, Any]  # as it should be, or LIMIT; and what was measured
Look: TypeAlias = Callable[[], Any]  # at a slope, over the whole line: places in order, the slopes there, the shape
Row: TypeAlias = tuple[str, Callable[..., Finding], str]  # name of a property, how it is measured, and advice

DRAWN = "drawn at random, so that it cannot be compared"
LIMIT = None  # neither as it should be nor wrong: something that cannot be done, or costs more than it needs
BLOCK = 3, 256  # everything is evaluated in this shape, so that each operation is compiled once
# Potentials in no order and without symmetry, around the threshold on three scales.
SCATTERED = (np.random.default_rng(0).normal(size=BLOCK) * [[2.0], [0.1], [0.005]]).T.reshape(BLOCK)


def values_of(f: Function, x: Array, dtype: Any = jnp.float32) -> Array:
    """Return f(x) as float64; it is given one block of x at a time.

    >>> values_of(jnp.square, np.array([2.0, 3.0]))
    array([4., 9.])
    """
    blocks = np.pad(x.ravel(), (0, -x.size % SCATTERED.size), "edge").reshape(-1, *BLOCK)
    values = [np.broadcast_to(np.asarray(f(jnp.asarray(block, dtype)), float), BLOCK) for block in blocks]
    return np.ravel(values)[: x.size].reshape(x.shape)


def same(expected: Any, *came: Any, tolerance: float = 1e-5) -> tuple[bool, float]:
    """Say whether arrays are the same up to rounding, and what their largest difference from the first is.

    >>> same([1.0, np.nan], [1.0, np.nan]), same([1.0, 2.0], [1.0, 3.0])
    ((True, 0.0), (False, 1.0))
    """
    a, b = np.asarray(expected, float), np.asarray(came, float)
    height = abs(a[np.isfinite(a)]).max(initial=0.0)
    a, b = (np.nan_to_num(v, nan=2e99, posinf=1e99, neginf=-1e99) for v in (a, b))  # NaN is the same as NaN
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * height), float(abs(a - b).max())


def dtypes() -> list[Any]:
    """Return the dtypes that a potential may have.

    >>> [dtype.name for dtype in dtypes()]
    ['float16', 'bfloat16', 'float32']
    """
    wide = ["float64"] if jnp.zeros(()).dtype == jnp.float64 else []
    return [jnp.dtype(name) for name in ("float16", "bfloat16", "float32", *wide)]


def every_size(dtype: Any) -> Array:
    """Return 0, ..., inf, -0.0, ..., -inf: potentials of every size in a dtype.

    >>> x = every_size(jnp.float32)
    >>> x[[0, 4, 5, -1]].tolist()
    [0.0, inf, 1e-30, -1e+30]
    """
    info: Any = jnp.finfo(dtype)  # type: ignore[no-untyped-call]
    ends = [0.0, *(float(v) for v in (info.smallest_subnormal, info.smallest_normal, info.max)), np.inf]
    sizes = np.concatenate([ends, np.clip(np.geomspace(1e-30, 1e30, 379), 0, ends[3])])
    return np.concatenate([sizes, -sizes])


def first_bad(x: Array, slopes: Array) -> str:
    """Return, as text, the slope that is not finite at the smallest potential; an empty text if all are finite.

    >>> first_bad(np.array([-3.0, 0.5, 2.0]), np.array([np.nan, 1.0, np.inf]))
    'inf at 2'
    """
    x, slopes = np.ravel(x), np.ravel(slopes)
    i = nearest(x, ~np.isfinite(slopes))
    return "" if i is None else f"{slopes[i]} at {x[i]:.3g}"


def nearest(places: Array, chosen: Array) -> Any:
    """Return the index of the chosen place that is nearest to the threshold, or None.

    >>> nearest(np.array([-3.0, 0.5, 2.0]), np.array([True, False, True]))
    2
    """
    return min(np.flatnonzero(chosen).tolist(), key=lambda i: abs(places[i]), default=None)


def tallest(places: Array, slopes: Array) -> Any:
    """Return the index of the slope that is largest in size; of several, the one nearest to the threshold.

    >>> tallest(np.array([-3.0, 0.5, 2.0]), np.array([-1.0, 0.0, 1.0]))
    2
    """
    return nearest(places, abs(slopes) >= (1 - 1e-6) * abs(slopes).max())


def bisect(holds: Callable[[Array], Array], inside: Array, outside: Array) -> tuple[Array, Array]:
    """Return the last places where something holds, and right beside them the first where it does not.

    >>> [at.round(3) for at in bisect(lambda x: x < 0.7, np.array([0.0]), np.array([1.0]))]
    [array([0.7]), array([0.7])]
    """
    for _ in range(30):
        middle = (inside + outside) / 2
        inside, outside = np.where(holds(middle), [middle, outside], [inside, middle])
    return inside, outside


def numbers(**values: Any) -> dict[str, float]:
    """Return what was measured as Python floats.

    >>> numbers(height=np.float32(0.5))
    {'height': 0.5}
    """
    return {name: float(value) for name, value in values.items()}


def floats_in(tree: Any, scalar: bool = False) -> tuple[list[str], list[Any], Callable[[Any], Any]]:
    """Return names and values of the floats in a tree, or of the scalars among them, and the tree of other values.

    An integer is a setting, which no gradient moves.

    >>> names, found, rebuilt = floats_in({"alpha": 2.0, "n": 3})
    >>> names, found, rebuilt([5.0])
    (['alpha'], [2.0], {'alpha': 5.0, 'n': 3})
    """

    def chosen(v: Any) -> bool:
        numeric = isinstance(v, float | jax.Array | np.ndarray | np.generic)
        return numeric and jnp.issubdtype(jnp.result_type(v), jnp.floating) and not (scalar and np.ndim(v))

    def name(path: Any) -> str:  # of the last parameter or attribute, also of an element of weights=(0.7, 0.3)
        keys = [key for key in path if isinstance(key, jax.tree_util.DictKey | jax.tree_util.GetAttrKey)] or path
        return jax.tree_util.keystr((keys[-1],), simple=True)  # else the number of an item

    def rebuilt(values: Any) -> Any:
        left = iter(values)
        return jax.tree.map(lambda leaf: next(left) if chosen(leaf) else leaf, tree)

    found = [(name(path), leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree) if chosen(leaf)]
    return [name for name, _ in found], [leaf for _, leaf in found], rebuilt


# What is asked of both. A measure is given the function with its parameters and, by keyword, what `check` knows of it.


def runs(f: Function, **_: Any) -> Finding:
    """Say whether f returns one real array.

    >>> runs(lambda x: "1.0")
    (False, 'returns str')
    """
    value = f(jnp.float32(SCATTERED))
    if callable(value):
        return False, f"returns {type(value).__name__}, a function: give check what superspike(25.0) returns"
    if not isinstance(value, jax.Array | np.ndarray | np.generic | float | int):
        return False, f"returns {type(value).__name__}"
    return not jnp.iscomplexobj(value), f"returns {jnp.result_type(value)}"


def keeps_shape(f: Function, **_: Any) -> Finding:
    """Say whether what f returns broadcasts to the shape of x.

    >>> keeps_shape(lambda x: x[:2])
    (False, '(2, 256) from (3, 256)')
    """
    came = jnp.shape(f(jnp.float32(SCATTERED)))
    return broadcasts(came, BLOCK), f"{came} from {BLOCK}"


def is_elementwise(f: Function, **_: Any) -> Finding:
    """Say whether a value depends on no other potential.

    >>> is_elementwise(jnp.tanh)[0], is_elementwise(lambda x: x / x.sum())[0]
    (True, False)
    """
    moved = SCATTERED.T.reshape(BLOCK)
    among_others = np.vstack([moved[:2], moved[:1]])
    return same(values_of(f, SCATTERED).T.reshape(BLOCK)[:2], values_of(f, among_others)[:2])


def keeps_dtype(f: Function, may_be_weak: bool = False, **_: Any) -> Finding:
    """Say whether f returns the dtype of x, for each of them; a number of Python has a weak one, which gives way.

    >>> keeps_dtype(lambda x: x.astype(jnp.float32))[1]
    {'float16': 'becomes float32', 'bfloat16': 'becomes float32'}
    """
    came = {dtype: jax.eval_shape(f, jnp.zeros(BLOCK, dtype)) for dtype in dtypes()}
    lost = {d: out.dtype for d, out in came.items() if out.dtype != d and not (may_be_weak and out.weak_type)}
    return not lost, {str(d): f"becomes {other}" for d, other in lost.items()} or ", ".join(map(str, came))


def are_finite(among: list[Any], functions: dict[str, Function]) -> Finding:
    """Say whether functions are finite at potentials of every size, among these dtypes; where the last is not.

    >>> are_finite(dtypes()[2:], {"slope": lambda x: 1 / jnp.sqrt(abs(x))})
    (False, {'float32': 'slope inf at 0'})
    """
    bad = {}
    for dtype in among:
        x = every_size(dtype)
        for name, f in functions.items():
            if value := first_bad(x, values_of(f, x, dtype)):
                bad[str(dtype)] = f"{name} {value}".strip()
    return not bad, bad or ", ".join(map(str, among))


def agree(f: Function, others: dict[str, Function] | None = None, **_: Any) -> Finding:
    """Say whether jit, vmap and other ways to compute f, in one program, give what an eager call gives; how far off.

    >>> agree(jnp.abs)
    (True, {'jit': 0.0, 'vmap': 0.0})
    """
    ways = {"jit": f, "vmap": jax.vmap(jax.vmap(f)), **(others or {})}
    came = jax.jit(lambda x: [jnp.broadcast_to(h(x), BLOCK) for h in ways.values()])(jnp.float32(SCATTERED))
    found = [same(values_of(f, SCATTERED), values) for values in came]
    return all(ok for ok, _ in found), {way: difference for way, (_, difference) in zip(ways, found, strict=True)}


def is_non_negative(_: Function, *, look: Look, **__: Any) -> Finding:
    """Say whether no slope is negative; the smallest and, if it is no rounding error and no end of a tail, where.

    >>> ok, found = is_non_negative(abs, look=lambda: (np.arange(3.0), np.array([0.0, 1.0, -0.5]), abs))
    >>> bool(ok), found
    (False, {'lowest': -0.5, 'at': 2.0})
    """
    places, slopes, _g = look()
    lowest, rounding = nearest(places, slopes == slopes.min()), 1e-5 * abs(slopes).max()
    if abs(slopes[lowest]) <= rounding:
        return True, {"lowest": 0.0}
    return slopes[lowest] > 0, numbers(lowest=slopes[lowest], at=places[lowest])


def falls_again(_: Function, *, look: Look, **__: Any) -> Finding:
    """Say whether the slope falls after it has risen, and by how much of its peak; a soft step never does.

    >>> falls_again(abs, look=lambda: (np.arange(3.0), np.array([0.0, 1.0, 0.5]), abs))
    (True, 0.5)
    """
    slopes = look()[1]
    slopes = slopes[np.isfinite(slopes)]
    height = max(abs(slopes).max(), 1e-30)
    fall, rise = (np.maximum.accumulate(slopes) - slopes).max() / height, np.ptp(slopes) / height
    return True if fall > 1e-3 or rise < 1e-3 else LIMIT, float(fall)


SOFT_STEP = "it never falls again; is it a soft step? derivative(f)"
