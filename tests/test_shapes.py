"""The catalogue against formulas of its own: value, area, peak, edges, declared facts, and what the docstrings say."""

import functools
import inspect
import itertools
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from formulas import FACTS, case_name, cases
from needs import exhaustive, sample
from scipy.integrate import quad

from surrofun import antiderivative, area, around, bounds, make_spike, mix, shapes
from surrofun.core.shape import facts_of

pytestmark = [pytest.mark.usefixtures("x64"), sample]

CATALOGUE = {name: g for name, g in vars(shapes).items() if callable(g) and not name.startswith("__")}
CASES = pytest.mark.parametrize(("name", "parameters"), cases(), ids=case_name)
NUMBERS = {**vars(math), "infinite": np.inf, "undefined": np.nan}


def scales_of(parameters):
    """Potentials near which something may happen."""
    return [f for v in parameters.values() if v for f in (v, v / 2, 1 / v)]


def slope_of(name, parameters):
    return np.errstate(all="ignore")(lambda x: FACTS[name].slope(np.asarray(x, float), **parameters))


@pytest.mark.parametrize("name", FACTS)
def test_first_setting_is_the_default(name):
    assert set(CATALOGUE) == set(FACTS)
    parameters = list(inspect.signature(CATALOGUE[name]).parameters.values())[1:]
    assert {p.name: p.default for p in parameters} == FACTS[name].settings[0]
    assert all(type(p.default) is type(FACTS[name].settings[0][p.name]) for p in parameters)


def stated(text, parameters):
    return float(eval(text, NUMBERS, parameters))


def stated_area(name, parameters):
    """The area as it is stated: with what the docstring says of a power law and of a floor without a leak."""
    if (name == "power_law" and parameters["q"] <= 1) or (name == "leaky_rectangle" and parameters["leak"] == 0):
        return 1.0 if name == "leaky_rectangle" else np.inf
    return stated(FACTS[name].area, parameters)


@CASES
def test_area(name, parameters):
    """The integral of the NumPy formula is what the docstring states, and what `area` gives."""
    whole, slope = stated_area(name, parameters), slope_of(name, parameters)
    if np.isnan(whole):
        return
    assert area(CATALOGUE[name], **parameters) == pytest.approx(whole, rel=1e-12)
    if whole == np.inf:
        assert max(slope(np.array([1e8, -1e8]))) > 1e-9
        return
    scales = [f * k for f in scales_of(parameters) for k in (1, 10, 100)]
    edges = [*sorted({0.0, 50.0, *scales}), np.inf]
    one_side = sum(quad(slope, *piece, epsabs=1e-13)[0] for piece in itertools.pairwise(edges))
    assert (2 - (name == "half_sech")) * one_side == pytest.approx(whole, rel=1e-8)


@CASES
def test_soft_step_is_the_integral(name, parameters):
    """From one point to the next, the soft step rises by SciPy's integral of the NumPy formula."""
    slope = slope_of(name, parameters)
    scales = scales_of(parameters) or [1.0]
    points = sorted({k * s for s in scales for k in (-2, -1, -0.3, 0, 0.1, 1, 3) if abs(k * s) < 30} | {0.0, 1.0})
    if name == "escape_exponential":
        points = [p for p in points if p < 20 * parameters["delta"]]
    if "period" in parameters:
        points = np.arange(-3, 8) * parameters["period"] / 4
    rises = [quad(slope, *ends, epsabs=1e-14, epsrel=1e-12, limit=200)[0] for ends in itertools.pairwise(points)]
    padded = jnp.asarray(np.resize(points, 64))
    got = np.diff(antiderivative(CATALOGUE[name])(padded, **parameters))[: len(rises)]
    np.testing.assert_allclose(got, rises, rtol=1e-9, atol=1e-12 * max(1.0, *np.abs(rises)))


@CASES
def test_derivatives_by_the_potential(name, parameters):
    """That of the soft step is the NumPy formula, and that of the slope, by which a second one is had, its quotient."""
    slope, g = slope_of(name, parameters), CATALOGUE[name]
    scales = scales_of(parameters) or [1.0]
    x = np.resize([k * s for s in scales for k in (-2.17, -0.83, -0.31, 0.13, 0.41, 0.77, 1.29, 3.7) if k * s < 9], 64)
    soft, most = antiderivative(g), max(np.abs(slope(x)))
    of_soft, of_slope = jax.grad(lambda x, y: (soft(x, **parameters) + g(y, **parameters)).sum(), (0, 1))(x, x)
    np.testing.assert_allclose(of_soft, slope(x), rtol=1e-9, atol=1e-12 * most)
    ends = x - 1e-6 * x, x + 1e-6 * x
    by_octave = x * (slope(ends[1]) - slope(ends[0])) / (ends[1] - ends[0])
    np.testing.assert_allclose(x * of_slope, by_octave, rtol=1e-5, atol=1e-8 * most)


@exhaustive
def test_the_soft_step_of_a_p_norm_solves_its_equation(x64):
    x = np.linspace(-0.999, 0.0, 51)  # above 0 the other share has the digits
    for n in (2, 3, 10, 50):
        s = np.asarray(antiderivative(shapes.p_norm(n=n))(x))
        np.testing.assert_allclose(s ** (1 / n) - (1 - s) ** (1 / n), x, atol=1e-12, err_msg=str(n))


@CASES
def test_a_falling_shape_has_an_area_whatever_its_parameters(name, parameters):
    declared = facts_of(CATALOGUE[name]).get("zero_at_minus_inf", False)
    assert declared == (name != "power_law" and FACTS[name].area not in ("infinite", "undefined"))
    if declared or parameters.get("q", 0.0) > 1:
        ends = facts_of(CATALOGUE[name])["soft"](np.array([-np.inf, np.inf]), **parameters)
        np.testing.assert_allclose(ends, [0.0, stated_area(name, parameters)], rtol=1e-12)


@pytest.mark.parametrize("name", ["rectangle", "leaky_rectangle", "triangle", "epanechnikov", "p_norm"])
def test_beyond_a_support_no_parameter_moves_the_soft_step(name):
    """Exactly: an optimizer that divides by the size of a gradient would follow what rounding leaves of it."""
    g = CATALOGUE[name](leak=0.0) if name == "leaky_rectangle" else CATALOGUE[name]
    parameter = "alpha" if name == "triangle" else "width"

    def soft(x, p):
        return antiderivative(g)(x, **{parameter: p}).sum()

    for dtype in (np.float32, np.float64):
        by = [
            jax.grad(soft, 1)(x * jnp.ones(64, dtype), jnp.linspace(0.1, 2.0, 64, dtype=dtype)) for x in (-25.0, 25.0)
        ]
        np.testing.assert_array_equal(by, 0.0)


def test_at_the_threshold_a_soft_step_is_as_steep_as_one_of_its_sides():
    """Where it is found to be as steep as neither, a shift that is learned is driven the wrong way."""
    for g, sides in ((shapes.log_tailed_step(leak=0.3), (0.3, 1.0)), (shapes.leaky_step(leak=0.3), (0.3, 1.0))):
        assert sides[0] <= jax.grad(antiderivative(g))(0.0) <= sides[1]


def test_far_out_a_small_width_moves_the_area_alone():
    by_alpha = jax.jacfwd(lambda alpha: antiderivative(shapes.circ)(np.float32([-6e14, 6e14]), alpha=alpha))
    np.testing.assert_allclose(by_alpha(np.float32(1e-3)), [0, 2], atol=1e-6)


@pytest.mark.parametrize("alpha", [1e-30, 1e-20, 1e20, 1e30])
def test_a_triangle_of_any_width(alpha):
    """At 0.1 of its width S is 1 - 0.9^2 / 2, and alpha dS/dalpha 0.1 * 0.9."""
    x = np.float32(0.1 / alpha)
    slope, by_alpha = jax.jvp(lambda a: shapes.triangle(x, alpha=a), (alpha,), (alpha,))
    soft, soft_by_alpha = jax.jvp(lambda a: antiderivative(shapes.triangle)(x, alpha=a), (alpha,), (alpha,))
    np.testing.assert_allclose([slope / alpha, by_alpha / alpha], [0.9, 0.8], rtol=1e-5)
    np.testing.assert_allclose([soft, soft_by_alpha], [1 - 0.9**2 / 2, 0.09], rtol=1e-5)


def test_beyond_the_edge_a_width_moves_a_floor_alone_also_in_reverse():
    """S is 1/2 + leak (x - width / 2): one part of six, differentiated by six numbers at once."""

    def loss(width, alphas):
        parts = shapes.leaky_rectangle(width=width, leak=0.001), *[shapes.sigmoid(alpha=a) for a in alphas]
        return make_spike(mix(*parts), learnable=True)(np.float32(3.0))

    by_width, _ = jax.grad(loss, (0, 1))(np.float32(0.001), [np.float32(4.0)] * 5)
    assert float(by_width) == pytest.approx(-0.001 / 2 / 6, rel=1e-5)


def test_the_soft_step_of_a_leaky_rectangle_has_at_the_edge_the_slope_of_a_side():
    at_edge = jax.grad(antiderivative(shapes.leaky_rectangle))(np.float32(1.0))
    assert at_edge in (np.float32(0.5), np.float32(0.01))


def test_far_out_a_logarithm_has_its_second_derivative():
    """S is log(alpha x) there, and its second derivative -1 / alpha^2."""
    for x in np.float32([1e17, 1e20, 1e30]):
        by_alpha = jax.grad(jax.grad(lambda a, x=x: antiderivative(shapes.reciprocal)(x, alpha=a)))(np.float32(2.0))
        assert float(by_alpha) == pytest.approx(-0.25, rel=1e-5)


def test_potentials_at_both_edges_do_not_bias_a_width():
    """Inside dS/dwidth is -x / width^2, outside 0: at an edge it is in between, and the edges cancel."""
    for g in (shapes.rectangle, shapes.rectangle(closed=True), shapes.leaky_rectangle(leak=0.0)):
        left, right = jax.jacfwd(lambda width, g=g: antiderivative(g)(np.array([-0.5, 0.5]), width=width))(1.0)
        assert left == -right
        assert 0 <= left <= 0.5


def up(x):
    return np.nextafter(x, np.inf)


def down(x):
    return np.nextafter(x, -np.inf)


EDGES = [  # at the very ends of an interval and right beside them
    ("rectangle", {}, [(-0.5, 0), (0.5, 0), (up(-0.5), 1), (down(0.5), 1), (9.0, 0)]),
    ("rectangle", {"width": 3.0}, [(-1.5, 0), (1.5, 0), (up(-1.5), 1 / 3), (down(1.5), 1 / 3)]),
    ("rectangle", {"width": 2.0, "closed": True}, [(-1.0, 0.5), (1.0, 0.5), (down(-1.0), 0), (up(1.0), 0)]),
    ("triangle", {}, [(-1.0, 0), (1.0, 0), (up(-1.0), 2.0**-53), (down(1.0), 2.0**-53), (-9.0, 0), (9.0, 0)]),
    ("triangle", {"alpha": 2.0}, [(-0.5, 0), (0.5, 0), (up(-0.5), 2.0**-52), (down(0.5), 2.0**-52)]),
    ("cosine", {}, [(-1.0, 0), (1.0, 0), (-9.0, 0), (9.0, 0), (down(1.0), (np.pi * 2.0**-54) ** 2)]),
    ("cosine", {"width": 3.0}, [(-3.0, 0), (3.0, 0), (2.0, 0.25)]),
    ("epanechnikov", {}, [(-1.0, 0), (1.0, 0), (9.0, 0), (down(1.0), 1.5 * 2.0**-53), (0.5, 0.5625)]),
    ("p_norm", {}, [(-1.0, 0), (1.0, 0), (9.0, 0), (down(1.0), 2.0**-52), (0.0, 0.5**0.5)]),
    ("half_sech", {"alpha": 1.0}, [(0.0, 0), (-0.0, 0), (-9.0, 0), (1e-300, 1), (1.0, 1 / np.cosh(1))]),
    ("leaky_rectangle", {}, [(-1.0, 0.01), (1.0, 0.01), (up(-1.0), 0.5), (down(1.0), 0.5), (-9.0, 0.01), (9.0, 0.01)]),
    ("leaky_step", {}, [(0.0, 1), (-0.0, 1), (-1e-300, 0.1), (1e-300, 1), (-9.0, 0.1), (9.0, 1)]),
    ("log_tailed_step", {"leak": 0.2}, [(0.0, 0.2), (-0.0, 0.2), (1e-300, 1), (1.0, 1)]),
    ("log_tailed_step", {"leak": 0.2}, [(up(1.0), down(1.0)), (4.0, 0.25)]),
    ("s2nn", {"alpha": 2.0}, [(0.0, 1), (-0.0, 1), (-1e-300, 0.5), (1.0, 0.5)]),
    ("exp_saturating", {}, [(0.0, 1), (9.0, 1), (-1.0, np.exp(-1))]),
    ("clipped_reciprocal", {"alpha": 0.5}, [(0.0, 0.5), (-0.0, 0.5), (2.0, 0.5), (-2.0, 0.5), (4.0, 0.25)]),
    ("periodic_laplace", {}, [(0.0, 1), (1.0, 1), (7.0, 1), (0.5, np.exp(-1))]),
    ("periodic_laplace", {}, [(-1.0, np.exp(-2)), (2.25, np.exp(-0.5))]),
]


@pytest.mark.parametrize(("name", "parameters", "points"), EDGES)
def test_edges(name, parameters, points):
    x, want = np.transpose(points)
    np.testing.assert_allclose(CATALOGUE[name](jnp.asarray(x), **parameters), want, rtol=1e-15)


@pytest.mark.parametrize("name", FACTS)
def test_docstring_says_so(name):
    """A new shape fails here until it has formula, area, peak, support, default, *Elsewhere*, source and example."""
    text = re.sub(r"\s+", " ", CATALOGUE[name].__doc__)
    assert re.search(rf"Area {re.escape(FACTS[name].area)}[ .,;(]", text)
    where = "at 0|everywhere|on " if FACTS[name].peak != "infinite" else ": it grows"
    assert re.search(rf"Peak {re.escape(FACTS[name].peak)} ?({where})", text)
    for field in ("Support: ", "Default: ", "Elsewhere: ", "Source: ", f">>> {name}("):
        assert text.count(field) == 1, field
        assert len(text.split(field)[1].split()) > 1, field
    assert all(parameter in text for parameter in FACTS[name].settings[0])
    assert ": " in CATALOGUE[name].__doc__.splitlines()[0]  # the formula


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_declared(name):
    """Bounds without a closed form are searched for."""
    facts = {"soft", "around"} if name == "multi_gaussian" else {"soft", "bounds", "around"}
    assert facts <= facts_of(CATALOGUE[name]).keys()


def dense(name, parameters):
    """Potentials at every scale, near every edge and, of what repeats, in a period."""
    scales = [1.0, *scales_of(parameters)]
    if "s" in parameters:
        scales.append(parameters["s"] * parameters["sigma"])
    near = np.concatenate([np.linspace(0, 12, 20001), 1 + np.geomspace(1e-12, 1, 60), 1 - np.geomspace(1e-12, 1, 60)])
    x = np.concatenate([scale * near for scale in scales] + [np.geomspace(1e-12, 1e300, 5000)])
    return np.concatenate([-x, x])


TURNED_ROUND = [  # parameters that put the peak elsewhere than by default
    ("leaky_rectangle", {"width": 2.0, "leak": 0.7}),
    ("leaky_step", {"leak": 0.7, "slope": -0.2}),
    ("log_tailed_step", {"leak": -0.5}),
    *(
        ("multi_gaussian", {"h": h, "s": s, "sigma": 0.5})
        for h, s in [(0.0, 6.0), (-0.5, 0.2), (3.0, 0.3), (0.7, 0.05), (8.0, 1.0), (0.15, 1000.0), (-0.9, 1.7)]
    ),
]


@pytest.mark.parametrize(("name", "parameters"), [*cases(), *TURNED_ROUND], ids=case_name)
def test_bounds_are_what_a_dense_search_finds(name, parameters):
    """No slope is outside, and none that is much closer would do: to 1e-6 of the larger one."""
    slope = slope_of(name, parameters)(dense(name, parameters))
    low, high = (float(end) for end in bounds(CATALOGUE[name], **parameters))
    room = 1e-6 * max(np.abs(slope)) if np.isfinite(slope).all() else 0.0
    assert low == pytest.approx(np.min(slope), abs=room)
    assert high == pytest.approx(np.max(slope), abs=room)
    exact = 1e-12 if name != "multi_gaussian" else 1e-7
    assert np.min(slope) >= low - exact * abs(low)
    assert np.max(slope) <= high + exact * abs(high)
    if parameters in FACTS[name].settings:
        assert stated(FACTS[name].peak, parameters) == pytest.approx(high, rel=exact)
        at = FACTS[name].at
        if parameters.get("leak", 0) == high:  # a floor that is higher than the rest
            at = 1e4 if name == "leaky_rectangle" else -1.0
        beside = slope_of(name, parameters)([at - 1e-9, at, at + 1e-9])
        assert np.max(beside) == pytest.approx(high, rel=1e-7) or high == np.inf


@pytest.mark.parametrize(("name", "parameters"), [*cases(), *TURNED_ROUND], ids=case_name)
def test_places_are_where_the_slope_changes(name, parameters):
    """At least half of all change lies within three widths of a place, and less than half within a thirtieth.

    A jump at the threshold does not count.
    """
    places = [(float(centre), float(width)) for centre, width in around(CATALOGUE[name], **parameters)]
    assert all(np.isfinite(centre) and 0 < width < np.inf for centre, width in places)
    if parameters == FACTS[name].settings[0] and FACTS[name].peak != "infinite":
        assert any(abs(FACTS[name].at - centre) < width for centre, width in places)
    if name in ("straight_through", "escape_exponential"):  # no change, and no end to it
        return
    period = parameters.get("period")
    x = np.linspace(-period / 2, period, 100001) if period else np.unique(dense(name, parameters))
    x = x[np.abs(x) < 1e9]
    change = np.abs(np.diff(slope_of(name, parameters)(x)))
    if name in ("leaky_step", "log_tailed_step", "s2nn", "half_sech"):
        change = np.where((x[:-1] <= 0) & (x[1:] >= 0), 0.0, change)
    middle = (x[1:] + x[:-1]) / 2

    def within(factor):
        inside = np.any([np.abs(middle - centre) <= factor * width for centre, width in places], axis=0)
        return change[inside].sum()

    assert within(3) >= 0.499 * change.sum()
    if parameters.get("s", 1.0) < 30:  # else there are two scales
        assert within(1 / 30) < 0.5 * change.sum() or change.sum() == 0


STEEPNESS = {  # of these a steepness of 0 is a slope of 0; of the others one that is the same everywhere
    **dict.fromkeys(("triangle", "laplace", "sigmoid", "reciprocal", "clipped_reciprocal", "atan"), ("alpha", 0.0)),
    **{"superspike": ("beta", 1.0), "power_law": ("alpha", 1.0), "periodic_laplace": ("alpha", 1.0)},
    **{"escape_exponential": ("p0", 0.0), "leaky_step": ("slope", 0.0), "s2nn": ("alpha", 0.0)},
}


@pytest.mark.parametrize("name", STEEPNESS)
@pytest.mark.parametrize(("zero", "way"), [(0.0, lambda f: f), (np.zeros(2), jax.jit)], ids=["number", "traced"])
def test_no_steepness(name, zero, way):
    key, value = STEEPNESS[name]
    others = {"leaky_step": {"leak": 0.0}, "s2nn": {"beta": 0.0}}.get(name, {})

    def everything(x, zero):
        facts, numbers = facts_of(CATALOGUE[name]), {key: zero, **others}
        return CATALOGUE[name](x, **numbers), facts["bounds"](**numbers), facts["around"](**numbers)

    slope, ends, places = way(everything)(jnp.array([[-1e9, -0.7], [0.3, 9.0]]), zero)
    np.testing.assert_array_equal(slope, value)
    np.testing.assert_array_equal(jnp.broadcast_arrays(*ends), value)
    assert all(((np.asarray(width) > 0) & np.isfinite(width)).all() for _, width in places)


@pytest.mark.parametrize("name", [name for name in FACTS if name != "straight_through"])
def test_facts_hold_for_numbers_arrays_and_tracers(name):
    """One neuron for each setting; an integer stays a Python number."""
    counts = {k: v for k, v in FACTS[name].settings[0].items() if isinstance(v, int)}
    settings = [{**parameters, **counts} for parameters in FACTS[name].settings[:2]]
    columns = {k: np.array([p[k] for p in settings]) for k in settings[0] if k not in counts}

    def facts(**parameters):  # a soft step is evaluated with all of them elsewhere
        return jax.tree.leaves([fact(CATALOGUE[name], **parameters) for fact in (bounds, around)])

    want = [np.stack(column) for column in zip(*(facts(**p) for p in settings), strict=True)]
    for way in (facts, jax.jit(functools.partial(facts, **counts))):
        got = way(**columns, **(counts if way is facts else {}))
        for one, other in zip(got, want, strict=True):
            np.testing.assert_allclose(np.broadcast_to(one, other.shape), other, rtol=1e-6)
