"""Facts of a shape, found or declared, and `derivative`."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import Partial

from .core.combinator import bind, made_of, parts_of
from .core.concrete import at_compile_time, is_traced, numpy_of, unchecked
from .core.dtype import as_real, rounded
from .core.facts import declares, facts_of, is_combinator
from .core.places import around, as_fact, bound_with_like, is_pair
from .core.purity import is_own, is_pure
from .core.shape import CALL, Shape, as_shape, given, named, potential_of
from .core.text import describe_value, show
from .core.tree import function_of_x, is_part, node, opaque_in, unbound
from .search import numerical
from .search.stages import is_constant, may_jump
from .search.vanishing import vanishing

# At infinity the derivative of a soft step by a parameter may be 0 * inf. Then it is taken here, whose cube is finite.
_FAR = {"float32": 2.0**40, "float64": 1e30}
UNUSED = 0.6180339  # dummy input of what is not asked for: hardly any shape has an edge just there


def antiderivative(g: Shape) -> Shape:
    """Return the soft step S of a shape: dS/dx = g, with the parameters of g.

    S(-inf) = 0 where the area of `g` is finite, else S(0) = 0. S is the
    closed form that `shape` or `combinator` declares. If its derivative by
    a parameter is NaN at infinity, the one at 1e12 (1e30 in float64) is
    taken, or the farthest that is a number; it is NaN if it has not settled
    there, as in a tail like |x|^-0.3.

    Without a closed form, `g` is integrated numerically around its places,
    and all that follows applies. A feature beside a place, within 1e-4 of
    its width, may be wrong. Beyond 1e12 widths an infinite area is taken to
    go on growing in a straight line.

    The derivative dS/dp by a parameter p is the integral of dg/dp, plus
    what the jumps that p moves add. Whatever moves a jump counts, even
    behind `stop_gradient` in `g`, and in addition to a derivative rule of
    the jump, as a spike in `g` has. dS/dp is exact to about 1e-4 of its
    largest value over all x, or to 1e-2 where dg/dp is much steeper than
    `g`: where a peak of -log(|x|) moves that ends at 1e-4, or a jump far
    from the threshold moves slowly. Beyond a narrow peak that moves, the
    error of dS/dp may therefore exceed dS/dp itself.

    dS/dp is NaN where

    * dg/dp is too steep to be integrated: that peak ends at 1e-8, or an
      infinitely steep edge moves, as that of sqrt(1 - x^2);
    * a jump moves that is not among the seven steepest, or one of over 130;
    * two jumps meet;
    * a step in p does not tell how fast a jump moves, as one at sqrt(p)
      does for p near 0;
    * an array moves a jump, but is no parameter of `g`: it is in a closure
      or a module;
    * p moves the many small steps of a slope that is rounded;
    * dg/dp is NaN, unless `g` has vanished as a whole, as far out
      1 / cosh(alpha x)^2 has: there it counts as 0.

    dS/dp may lack what is too small to be seen:

    * a jump of less than 1e-4 of the largest slope, beside a steeper part;
    * steps of up to 24 last digits of the largest slope, as rounding leaves
      in s (1 - s) far out, unless the area would change by more than 1e-3
      if they were twice as far;
    * what `g` does not show yet, as the weight of a jump at 0, where dS/dp
      may be NaN, too: begin with a small one, as 1e-3. By a leak of 0,
      beside which the area is infinite, it is about 1e13.

    The second derivative is NaN where a jump moves, and off by about 1e-2
    of its largest value where a kink of dg/dx moves, as at the edges of a
    cosine bump. By an array that is no parameter, it is also NaN where a
    kink of `g` moves, or where a float overflows far out. The third
    derivative is NaN where a kink of `g` moves. Derivatives by x are those
    of the polynomials that make up the integral.

    Returns:
        S(x, *params), in the dtype of x. It raises ValueError if the
        numerical integral is not known to 1e-6 (1e-5 in float32) of the
        area, or where that is infinite, of the area within 64 widths of
        the widest place from the threshold. If something is traced, S is
        NaN instead of an error; the search then takes fewer steps.

    >>> from surrofun import shapes
    >>> antiderivative(shapes.sigmoid)(jnp.array([-1e9, 0.0, 1e9]))
    Array([0. , 0.5, 1. ], dtype=float32)
    """
    g = as_shape(g, "antiderivative")
    doc = f"The soft step of {show(g)}."
    return named(Partial(_soft_step, node(g)), doc, __wrapped__=g)  # help shows the parameters of g


@declares(text=lambda g: f"antiderivative({show(g)})")
def _soft_step(g: Shape, /, *args: Any, **kwargs: Any) -> Any:
    if not args and "x" not in kwargs:
        return antiderivative(given(g, **kwargs))
    x, args = potential_of(g, args, kwargs)

    def soft(x: jax.Array) -> Any:
        if 0 in x.shape:  # no neurons, or none of their potentials: nothing to search for
            return jnp.zeros_like(x)
        known = getattr(g, "_soft_steps", {})  # of a part, as `_closed_form` sets it; a part gets no parameters here
        key = x.ndim, x.dtype.name
        if key not in known:
            known[key] = _soft_step_of(g, x, args, kwargs)
        return known[key](x)

    return rounded(soft, x, blame=antiderivative)


def _soft_step_of(g: Shape, like: Any, args: Any, kwargs: Any) -> Shape:
    """Return the soft step as a function of potentials like these, for which nothing is left to be searched for.

    Its constant is put right by the search, where no soft step is declared; by nobody, where it may be any, or is known
    to be right; by the part of a combinator that keeps that of its part, as `scale` does; else here, by its limits.
    """
    own = unbound(g)
    as_it_is = own.any_constant or needs_no_limit(g)
    made = made_of(own.f)
    # The part subtracts its own limits, which do not depend on the numbers of the combinator: their derivatives there
    # are spared.
    part_takes_limits = not as_it_is and made and facts_of(made[0].func).get("anchored")
    declared = _closed_form(g, like, args, kwargs, any_constant=not part_takes_limits)
    if declared is None:
        return numerical.soft_step(function_of_x(g, like, args, kwargs))
    return declared if as_it_is or part_takes_limits else lambda x: _anchored(declared, x, g)


def _closed_form(g: Shape, like: Any, args: Any = (), kwargs: Any = None, *, any_constant: bool) -> Shape | None:
    """Return the declared soft step, with any constant, or None; with `any_constant`, also those of the parts may have
    any, if it is linear in them.
    """
    f, taken, by_name = bind(g, like, args, kwargs, any_constant)
    soft = _fact_of(f, "soft")
    if not soft:
        return None
    if any_constant and is_combinator(f) and not _is_linear(f, soft, like, taken, by_name):
        _, taken, by_name = bind(g, like, args, kwargs)
    if is_own(f):  # that of a user's may ask for a soft step inside of a loop
        for part in filter(is_part, (*taken, *by_name.values())):
            part._soft_steps = {}  # so that it is found once, though its limits are asked for, too
    return lambda x: jnp.asarray(as_real(soft(x, *taken, **by_name), "soft step", g), x.dtype)


def _is_linear(f: Any, soft: Any, x: Any, args: Any, kwargs: Any) -> bool:
    """Say whether adding constants to the soft steps of the parts only adds a constant to that of their combinator.

    The test: with a constant c as the soft step of every part, the derivative by c depends neither on x nor on c, and
    tells all: there is no comparison with c.
    """
    if facts_of(f).get("zero_at_minus_inf"):  # a combinator promises with it that it is linear, too: `declares`
        return True

    def with_constant(constant: Any, value: Any) -> Any:
        if not is_part(value):
            return value
        facts = {"bounds": functools.partial(bounds, value), "around": functools.partial(around, value)}

        @declares(soft=lambda x, *args, **kwargs: constant, **facts)
        def part(x: Any, *args: Any, **kwargs: Any) -> Any:
            return value(x, *args, **kwargs)

        return function_of_x(part, x, any_constant=True)

    def of_constant(x: Any, c: Any) -> Any:
        parts, by_name = [with_constant(c, v) for v in args], {k: with_constant(c, v) for k, v in kwargs.items()}
        return jnp.asarray(as_real(soft(x, *parts, **by_name), "soft step", f))

    def moved(x: Any, c: Any) -> Any:
        return jax.jvp(functools.partial(of_constant, x), (c,), (jnp.ones_like(c),))[1]

    c = jnp.zeros((), x.dtype)
    jaxpr = jax.make_jaxpr(of_constant)(x, c).jaxpr
    return not may_jump(jaxpr, jaxpr.invars[1:]) and is_constant(jax.make_jaxpr(moved)(x, c))


def _fact_of(f: Any, fact: str) -> Any:
    if fact == "soft" and isinstance(f, Partial) and f.func is _derivative:
        return f.args[0]
    return facts_of(f).get(fact)


def declares_soft_step(g: Shape) -> bool:
    """Say whether all soft steps in a shape are declared, so that none has to be searched for.

    >>> from surrofun import shapes, shift
    >>> declares_soft_step(shift(shapes.sigmoid, 0.5)), declares_soft_step(jnp.exp)
    (True, False)
    """
    return _holds_throughout("soft", g)


def may_hide_in_facts(g: Shape) -> bool:
    """Say whether a function that is not known to be pure declares facts, which may close over a tracer.

    >>> from surrofun import shapes
    >>> may_hide_in_facts(shapes.sigmoid), may_hide_in_facts(lambda x: x)
    (False, False)
    """
    return any(facts_of(f) for f in opaque_in(g) if not is_pure(f))


def needs_no_limit(g: Shape) -> bool:
    """Say whether a soft step is known to have the constant that `antiderivative` promises, so that no limit is taken.

    Either it and all parts declare `zero_at_minus_inf`, for finite areas, or each declares `anchored` or no soft step.

    >>> from surrofun import shapes, shift
    >>> needs_no_limit(shapes.sigmoid), needs_no_limit(shift(shapes.reciprocal, 0.5))
    (True, False)
    """
    return _holds_throughout("zero_at_minus_inf", g) or _holds_throughout("anchored", g)


def _holds_throughout(fact: str, g: Shape) -> bool:
    """Say whether a fact holds of a shape; of a composition, whether it does of its combinator and of all parts."""
    f = unbound(g).f
    made = made_of(f)
    declaring, parts = (made[0].func, parts_of(made)) if made else (f, [])
    if fact == "anchored" and not _fact_of(declaring, "soft"):  # a search gets the constant right
        return True
    return bool(_fact_of(declaring, fact)) and all(_holds_throughout(fact, p) for p in parts)


def _anchored(soft: Shape, x: jax.Array, g: Shape) -> jax.Array:
    """Return `soft` with S(-inf) = 0 where both of its limits are finite, else with S(0) = 0; NaN if one is NaN.

    It is evaluated up to six times; in a combinator of a user's, each time with all that is searched for of its parts.
    """
    left, right = _limit(soft, -jnp.inf, x, g), _value_at(soft, jnp.inf, x, g)
    finite, known = jnp.isfinite(left) & jnp.isfinite(right), ~(jnp.isnan(left) | jnp.isnan(right))
    constant = left
    if is_traced(finite) or not finite.all():
        constant = jnp.where(finite, left, soft(jnp.where(finite, UNUSED, _full(x, 0.0))))
    factor = jnp.where(known, 1.0, jnp.nan)  # so that the derivatives are NaN, too
    return (soft(x) - constant) * factor  # type: ignore[no-any-return]


def _limit(soft: Shape, end: float, like: Any, g: Shape) -> jax.Array:
    """Return `soft` at infinity, with its derivatives if it is finite."""
    limit = _value_at(soft, end, like, g)
    moves = jnp.isfinite(limit)
    at, far = (jnp.where(moves, v, jnp.zeros_like(limit)) for v in (end, math.copysign(_FAR[like.dtype.name], end)))
    if not is_traced(limit) and not is_traced(soft(far)):  # nothing asks for a derivative
        return limit
    rest = vanishing(lambda x: soft(x) - limit, far, 0.0, at)
    return limit + jnp.where(moves, rest - lax.stop_gradient(rest), 0.0)


def _value_at(soft: Shape, end: float, like: Any, g: Shape) -> jax.Array:
    """Return `soft` at infinity, a constant; NaN is refused, in the name of `g`, unless something is traced."""
    with unchecked():
        value: jax.Array = lax.stop_gradient(soft(_full(like, end)))
    if not is_traced(value) and jnp.isnan(value).any():
        hint = "; if parts of infinite area are subtracted, write one function of x" if made_of(unbound(g).f) else ""
        raise ValueError(
            f"{show(g)}: expected of its soft step the limit at {end}, got NaN; write soft= without a quotient or a "
            f"difference of infinities, as 1 - 1 / (1 + a * abs(x)) for a * abs(x) / (1 + a * abs(x)){hint}"
        )
    return value


def _full(like: Any, value: float) -> jax.Array:
    return jnp.full((1,) * like.ndim, value, like.dtype)


def derivative(soft: Shape) -> Shape:
    """Return the shape of a soft step S: dS/dx, with the parameters of S.

    That of `antiderivative(g)` is `g` itself; any other function is
    differentiated automatically, elementwise.

    >>> derivative(jnp.tanh)(jnp.zeros(2))
    Array([1., 1.], dtype=float32)
    """
    if isinstance(soft, Partial) and soft.func is _soft_step:
        return as_shape(soft.args[0], "derivative")
    soft = as_shape(soft, "derivative")
    return named(Partial(_derivative, node(soft)), f"The slope of {show(soft)}.", __signature__=CALL)


@declares(text=lambda soft: f"derivative({show(soft)})")
def _derivative(soft: Shape, /, *args: Any, **kwargs: Any) -> Any:
    if not args and "x" not in kwargs:
        return derivative(given(soft, **kwargs))
    x, args = potential_of(soft, args, kwargs)

    def slope(x: jax.Array) -> Any:
        return jax.jvp(lambda x: rounded(soft, x, args, kwargs), (x,), (jnp.ones_like(x),))[1]

    return rounded(slope, x, blame=derivative)


def bounds(g: Shape, /, *args: Any, **kwargs: Any) -> tuple[jax.Array, jax.Array]:
    """Return (lowest, highest), the least and the largest slope of a shape.

    They hold over all x, for each neuron. Those that are not declared, and
    those of a `mix` or an `asym`, are searched for around the places of
    `g`. A second derivative of what is searched for is right at a smooth
    extreme, and incomplete where a kink moves. Where JAX has NaN for the
    derivative of `g` at one extreme, far out say, those of both may be NaN.

    Raises:
        ValueError: they are searched for, and a concrete slope is NaN.

    >>> from surrofun import scale, shapes
    >>> bounds(scale(shapes.multi_gaussian, 2.0), h=0.0)
    (Array(0., dtype=float32), Array(1.5958, dtype=float32))
    """
    g, like = bound_with_like(g, args, kwargs, "bounds")
    with at_compile_time(g, like):
        f, args, kwargs = bind(g, like)
        declared = facts_of(f).get("bounds")
        ends = declared(*args, **kwargs) if declared else None
    if ends is None:
        ends = numerical.bounds(g)
    elif not is_pair(ends):
        raise TypeError(f"{show(f)}: expected of bounds= a pair (lowest, highest), got {describe_value(ends)}")
    with at_compile_time(g, like, ends):
        one, other = (as_fact(f, "bounds", end, like) for end in ends)
        xp = numpy_of(one, other)
        return jnp.asarray(xp.minimum(one, other) + 0.0), jnp.asarray(xp.maximum(one, other) + 0.0)  # never -0.0


def peak(g: Shape, ends: Any = None) -> jax.Array:
    """Return the largest slope of a function of x; `ends` are its bounds, where they are known.

    If it contains a user's function, the peak is searched for: bounds that a user declares may be too wide.

    >>> from surrofun import shapes
    >>> float(peak(function_of_x(shapes.superspike, jnp.zeros(()))))
    1.0
    """
    is_tight = all(map(is_own, opaque_in(g)))
    _, highest = (ends or bounds(g)) if is_tight else numerical.bounds(g)
    return highest


def area(g: Shape, /, *args: Any, **kwargs: Any) -> jax.Array:
    """Return the integral of a shape over all x, one for each neuron.

    It is infinite where it diverges, and NaN where the two sides diverge to
    infinities of opposite signs, as those of x do. An area that cancels to
    less than the tolerance below is 0. `antiderivative` says how exact the
    derivative by a parameter is.

    Raises:
        ValueError: no soft step is declared, and the integral is not found
            to 1e-6 (1e-5 in float32) of its range. If something is traced,
            the area is NaN instead.

    >>> from surrofun import shapes
    >>> area(shapes.superspike, beta=4.0), area(shapes.reciprocal)
    (Array(0.5, dtype=float32), Array(inf, dtype=float32))
    """
    g, like = bound_with_like(g, args, kwargs, "area")
    with at_compile_time(g, like):
        declared = _closed_form(g, like, any_constant=True)  # of which a difference is taken
        if declared and needs_no_limit(g):
            return declared(_full(like, jnp.inf)) - declared(_full(like, -jnp.inf))  # type: ignore[no-any-return]
        if declared:
            return _limit(declared, jnp.inf, like, g) - _limit(declared, -jnp.inf, like, g)
    return numerical.area(g)
