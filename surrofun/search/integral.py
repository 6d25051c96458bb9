"""The soft step of what was surveyed: a polynomial for each panel, and a potential looks up that of its own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.tree_util import Partial

from ..core.concrete import at_compile_time, concrete_if_possible, numpy_of
from ..core.dtype import Real
from .arrays import Array, column, taken
from .jumps import areas_of_jumps
from .panels import Function, inside, is_known, numbers_at, slopes_at, table_of_integral
from .survey import Survey
from .vanishing import vanishing

# The search for a panel begins in a cell: 16 of equal width an octave, whose number can be read off a float's bits.
_OCTAVES, _CELLS = range(-20, 44), 16


def with_integral(f: Function, found: Survey, like: jax.Array) -> Survey:
    """Return what `survey` found of `f`, and its `table_of_integral`, differentiable by what `f` closes over.

    >>> from .survey import survey
    >>> f = lambda x: jnp.exp(-abs(x))
    >>> round(float(with_integral(f, survey(f, [(0.0, 1.0)], jnp.zeros(())), jnp.zeros(()))["area"]), 5)
    2.0
    """
    edges, errors = found["edges"], found["errors"]
    with at_compile_time(f, like, edges), np.errstate(all="ignore"):
        if not isinstance(edges, np.ndarray):
            slopes = _differentiable_slopes(f, jnp.asarray(inside(numpy_of(edges).asarray(edges))))
            errors = errors + jnp.zeros_like(slopes[0, 0])  # divided over devices as the slopes are
            return {**found, **_table_by_jax(jnp, edges.dtype, edges, errors, slopes, areas_of_jumps(f, edges))}
        edges = edges.astype(np.float64)
        result = table_of_integral(np, like.dtype, edges, errors, numbers_at(f, like, inside(edges)))
        return {**found, **{name: value.astype(like.dtype) for name, value in result.items()}}


def _differentiable_slopes(f: Function, x: jax.Array) -> jax.Array:
    """Return f(x), by what f closes over differentiable, also far out, where f has vanished."""
    slopes = Partial(slopes_at, f)
    sizes = abs(lax.stop_gradient(slopes(x)))
    xp = numpy_of(sizes)
    sizes = xp.asarray(sizes)
    small = sizes <= 1e-6 * sizes.max((0, 1))
    last = xp.where(small, -np.inf, x).max((0, 1))
    elsewhere = xp.where(xp.isfinite(last), last, 0.0)  # 0 of what is 0 everywhere
    x = jnp.asarray(xp.where(x[0] == x[-1], elsewhere, x))  # no empty panel is at a cusp, where derivatives are NaN
    return vanishing(slopes, x, elsewhere, is_known=is_known)


_table_by_jax = jax.jit(table_of_integral, static_argnums=(0, 1))


def integral(found: Survey, x: Real) -> jax.Array:
    """Return S(x), the integral up to x, from -inf where the area is finite, else from 0.

    x may be infinite, and has a shape that broadcasts with that of the neurons.

    >>> from .survey import survey
    >>> f, like = lambda x: jnp.exp(-abs(x)), jnp.zeros(())
    >>> integral(with_integral(f, survey(f, [(0.0, 1.0)], like), like), jnp.array([-jnp.inf, 0.0, jnp.inf]))
    Array([0., 1., 2.], dtype=float32)
    """
    edges = found["edges"]
    table = concrete_if_possible(_lookup_table, edges, found["powers"])  # of numbers outside of the caller's program
    x = x + jnp.zeros_like(edges[0])  # one for each neuron
    return _looked_up(table, edges, found["limits"], x)  # type: ignore[no-any-return]


@jax.jit
def _lookup_table(edges: jax.Array, powers: jax.Array) -> tuple[jax.Array, ...]:
    """Return the rows that a potential looks up, the first panel of each cell, and the halvings that a search needs.

    The rows are centre and inverse of the half width (panels, *n, 2), and the powers (panels, *n, 6). The search
    for a panel begins at the first panel of a cell, (cells, *n, 1). The halvings suffice for any cell; there are 0 if
    each cell lies in one panel.
    """
    halves = (edges[1:] - edges[:-1]) / 2
    widths = jnp.stack([edges[:-1] + halves, 1 / jnp.where(halves > 0, halves, jnp.inf)], -1)
    sizes = [2.0**octave * (1 + k / _CELLS) for octave in _OCTAVES for k in range(_CELLS)]
    least = np.array([0.0, *sizes[1:]], edges.dtype)
    most = np.nextafter(np.array([*sizes[1:], np.inf], edges.dtype), least)
    # A cell below 0 ends where a panel begins; there the one before is right, too.
    before = np.maximum(np.nextafter(least, most), np.finfo(edges.dtype).tiny)
    ends = column([*-most[::-1], *least, *-before[::-1], *most], edges[0])
    start = jnp.zeros_like(ends + edges[0], np.int32)
    first, last = jnp.split(_last_below(edges[:, None, ..., None], ends, start, len(edges).bit_length()), 2)
    return widths, jnp.moveaxis(powers, 0, -1), first[..., None], 32 - lax.clz((last - first).max())


@jax.jit
def _looked_up(table: tuple[Array, ...], edges: Array, limits: Array, x: Array) -> Array:
    """Return the polynomial at x; beyond the panels, S nears its limit as 1 / x does, or goes on to grow."""
    *tables, halvings = table
    rows, powers, first, edges, limits = (_aligned(v, x) for v in (*tables, edges[..., None], limits[..., None]))
    lowest, highest = edges[0, ..., 0], edges[-1, ..., 0]
    near = jnp.clip(x, lowest, highest)
    at = lax.stop_gradient(near)
    panel = _last_below(edges, at, taken(first, _cell_of(at))[..., 0], halvings)
    centre, inverse = _columns(rows, panel)
    u = (near - centre) * inverse
    value = functools.reduce(lambda value, power: value * u + power, _columns(powers, panel)[::-1])

    limit, inverse = (jnp.where(x < 0, *v) for v in ((limits[0, ..., 0], limits[1, ..., 0]), (1 / lowest, 1 / highest)))
    distance, has_limit = jnp.where(jnp.abs(x) > highest, x * inverse, 1.0), jnp.isfinite(limit)  # in those of the end
    fall = 1 / distance
    growth = jnp.where(has_limit, fall, distance)
    return value * growth + jnp.where(has_limit, limit, 0.0) * (1 - fall)


def _aligned(rows: jax.Array, x: jax.Array) -> jax.Array:
    """Return the rows (k, *n, m) of a table with the rank of x and on the devices of x."""
    rows = lax.expand_dims(rows, tuple(range(1, 3 + x.ndim - rows.ndim)))
    shared = tuple(axis for axis in range(x.ndim) if rows.shape[axis + 1] == 1)
    nothing = jnp.zeros_like(x + rows[0, ..., 0].astype(x.dtype), rows.dtype)
    return rows + nothing.sum(shared, keepdims=True, dtype=rows.dtype)[..., None]


def _cell_of(x: jax.Array) -> jax.Array:
    """Return the number of the cell of x; cells are numbered from the lowest potentials upwards."""
    info = np.finfo(x.dtype)  # the bits of a float are its exponent, of bias maxexp - 1, and nmant digits
    size = lax.bitcast_convert_type(jnp.abs(x), f"int{info.bits}") >> info.nmant - 4  # of the digits, one of _CELLS
    size -= (info.maxexp - 1 + _OCTAVES.start) * _CELLS
    count = len(_OCTAVES) * _CELLS
    size = jnp.clip(size, 0, count - 1).astype(np.int32)
    return jnp.where(x < 0, count - 1 - size, count + size)


def _last_below(edges: jax.Array, x: jax.Array, index: jax.Array, halvings: int | jax.Array) -> jax.Array:
    """Return the index of the last edge (k, *n, 1) that is not above x, searched for upwards from an index."""

    def closer(k: jax.Array, index: jax.Array) -> jax.Array:
        further = index + (1 << (halvings - 1 - k))
        return jnp.where((further < len(edges)) & (taken(edges, further)[..., 0] <= x), further, index)

    return lax.fori_loop(0, halvings, closer, index)  # type: ignore[no-any-return]


def _columns(rows: jax.Array, index: jax.Array) -> list[jax.Array]:
    """Return the columns of rows at indices, gathered one by one: so XLA takes about half the time on a CPU."""
    return [taken(rows[..., k : k + 1], index)[..., 0] for k in range(rows.shape[-1])]
