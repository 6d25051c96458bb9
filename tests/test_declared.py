"""What a user declares, shapes and combinators, with their facts and without, against closed forms."""

import functools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import EXHAUSTIVE, exhaustive, sample
from reference import close, logistic, mirror, power, told_mirror, told_power

import surrofun
from surrofun import antiderivative, area, asym, combinator, make_spike, mix, normalize, scale, shape, shapes, shift

pytestmark = sample


def bounds(g, *args, **parameters):
    return [float(end) for end in surrofun.bounds(g, *args, **parameters)]


def around(g, *args, **parameters):
    return [(float(centre), float(width)) for centre, width in surrofun.around(g, *args, **parameters)]


# Of a mirrored and shifted logistic density, and of a power of a triangle: alpha^p (1 - alpha |x|)^p.


def powered_soft(x, a, p=2.5):
    tail = a ** (p - 1) * np.maximum(0, 1 - a * abs(x)) ** (p + 1) / (p + 1)
    return np.where(x < 0, tail, 2 * a ** (p - 1) / (p + 1) - tail)


Mirrored = SimpleNamespace(
    slope=lambda x, a: a * logistic(a * (x + 0.3)) * logistic(-a * (x + 0.3)),
    soft=lambda x, a, p=2.5: logistic(a * (x + 0.3)),
    area=np.ones_like,
    peak=lambda a: a / 4,
    default=4.0,
)
Powered = SimpleNamespace(
    slope=lambda x, a: (a * np.maximum(0, 1 - a * abs(x))) ** 2.5,
    soft=powered_soft,
    area=lambda a: 2 * a**1.5 / 3.5,
    peak=lambda a: a**2.5,
    default=1.0,
)


def difference(f, v, h=1e-6):
    return (f(v + h) - f(v - h)) / (2 * h)


OF_P = {
    "mirror": (lambda p: mirror(shift(shapes.sigmoid, 0.3)), Mirrored),
    "mirror with facts": (lambda p: told_mirror(shift(shapes.sigmoid, 0.3)), Mirrored),
    "power": (lambda p: power(shapes.triangle, p), Powered),
    "power with facts": (lambda p: told_power(shapes.triangle, p), Powered),
}
BUILT = {name: (build(2.5), by_hand) for name, (build, by_hand) in OF_P.items()}
X = np.array([[-3.0, -0.75, -0.3], [-0.125, 0.0, 0.2], [0.3, 0.6, 2.0]], np.float32)
XS = X.astype(np.float64)
STEEP = np.array([0.5, 1.5, 3.0])  # one a neuron


@pytest.mark.parametrize("name", [pytest.param(n, marks=exhaustive) if n == "mirror" else n for n in BUILT])
def test_slope_and_facts_of_a_users_combinator(name):
    """With the parameter's default, with one of the call, traced and one a neuron."""
    g, by_hand = BUILT[name]

    def facts(alpha):
        given = {} if alpha is None else {"alpha": alpha}
        return g(X, **given), antiderivative(g)(X, **given), area(g, **given), *surrofun.bounds(g, **given)

    steep = jnp.asarray(STEEP, jnp.float32)
    cases = [(by_hand.default, facts(None)), (STEEP, facts(steep))]
    if EXHAUSTIVE and name != "power":  # of which none is found under a trace
        cases.append((STEEP, jax.jit(facts)(steep)))
    for alpha, (slope, soft, total, lowest, highest) in cases:
        alpha = np.asarray(alpha)
        close(slope, by_hand.slope(XS, alpha))
        close(soft, by_hand.soft(XS, alpha), rtol=1e-5, atol=1e-5)
        close(np.ravel(total), np.ravel(by_hand.area(alpha)), rtol=2e-5)
        close(np.ravel(highest), np.ravel(by_hand.peak(alpha)))
        np.testing.assert_allclose(np.ravel(lowest), 0.0, atol=1e-6)
        assert np.shape(slope) == np.shape(soft) == X.shape


@pytest.mark.parametrize("name", ["mirror with facts", pytest.param("power", marks=exhaustive)])
def test_gradient_of_a_users_combinator(name):
    """By x, and with learning by a parameter of each neuron and by a number of the combinator."""
    build, by_hand = OF_P[name]
    c = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, 2.0], [-1.0, 0.25, 1.5]])

    def loss(x, alpha, p):
        return (make_spike(build(p), learnable=True)(x, alpha) * jnp.float32(c)).sum()

    by_x, by_alpha, by_p = jax.jit(jax.grad(loss, (0, 1, 2)))(X, jnp.asarray(STEEP, jnp.float32), 2.5)
    close(by_x, c * by_hand.slope(XS, STEEP))
    soft_da = difference(lambda a: by_hand.soft(XS, a), STEEP)
    close(by_alpha, (c * soft_da).sum(0), rtol=1e-4, atol=1e-5)
    soft_dp = difference(lambda p: by_hand.soft(XS, STEEP, p), 2.5)
    close(by_p, (c * soft_dp).sum(), rtol=1e-4)


def test_places_are_those_of_the_parts_unless_declared():
    moved = shift(shapes.triangle, 0.5)
    for g, centre in ((mirror(moved), 0.5), (told_mirror(moved), -0.5), (told_power(moved), 0.5)):
        assert around(g, alpha=4.0) == [(centre, 0.25)]
    assert around(mix(told_mirror(moved), moved)) == [(-0.5, 1.0), (0.5, 1.0)]


def test_a_fact_is_what_is_used():
    """Facts that are wrong on purpose are seen to be the ones that answer."""

    @combinator(
        soft=lambda x, g: 7 * jnp.tanh(x),
        bounds=lambda g: (5.0, -3.0),
        around=lambda g: [(2.0, 0.5), *surrofun.around(g)],
    )
    def odd(x, g):
        return g(x)

    g = odd(shapes.atan)
    assert area(g) == 14
    assert antiderivative(g)(0.0) == 7
    assert bounds(g) == [-3.0, 5.0]  # in whatever order
    assert around(g) == [(2.0, 0.5), (0.0, pytest.approx(1 / np.pi))]
    assert bounds(scale(shift(g, 1.0), 2.0, height=-1.0)) == [-10.0, 6.0]
    assert area(mirror(told_mirror(g))) == pytest.approx(1, abs=1e-4)  # by quadrature of the slope
    assert area(told_mirror(told_mirror(g))) == 14


def test_a_fact_that_is_none_is_found():
    partly = combinator(lambda x, g, p=2.0: g(x) ** p, bounds=lambda g, p=2.0: None if p == 2.0 else (0.0, 9.0))
    assert bounds(partly(shapes.triangle(alpha=3.0))) == bounds(partly(shapes.triangle, 3.0)) == [0.0, 9.0]
    assert bounds(partly(shapes.triangle)) == [0.0, 1.0]


def test_names_texts_and_equality(own_names):
    for f in (mirror, power, told_power):
        surrofun.register(f.__name__, f)
    text = "mix(power(mirror(triangle(alpha=2.0)), 3.0), told_power(atan))"
    g = mix(power(mirror(shapes.triangle(alpha=2.0)), 3.0), told_power(shapes.atan))
    assert g.__name__ == surrofun.describe(g) == text
    assert surrofun.parse(text) is g
    assert power(shapes.atan) is power(g=shapes.atan)


def test_a_number_after_one_that_is_left_out_is_shown_by_name():
    between = combinator(lambda x, g, lowest=0.0, highest=1.0: jnp.clip(g(x), lowest, highest))
    assert between(shapes.atan, 0.5, 2.0).__name__ == "<lambda>(atan, 0.5, 2.0)"
    assert between(shapes.atan, highest=2.0).__name__ == "<lambda>(atan, highest=2.0)"


# shape


def test_shape_leaves_the_function_as_it_was():
    before = dict(vars(jnp.tanh)) if hasattr(jnp.tanh, "__dict__") else None
    declared = shape(jnp.tanh, soft=lambda x: x**3, bounds=lambda: (-9.0, 9.0), around=lambda: [(5.0, 2.0)])
    assert declared is not jnp.tanh
    assert declared(0.5) == jnp.tanh(0.5)
    assert area(declared) == jnp.inf
    assert (bounds(declared), bounds(jnp.tanh), around(jnp.tanh)) == ([-9, 9], [-1, 1], [(0, 1)])
    close(antiderivative(jnp.tanh)(1.0), np.log(np.cosh(1.0)), rtol=1e-5)
    assert antiderivative(declared)(3.0) == 27
    assert before is None or dict(vars(jnp.tanh)) == before


def test_facts_have_the_defaults_of_their_shape():
    """A ramp up to the edge; each fact names what it needs, in an order and with a default of its own."""

    def ramp(x, width=2.0, height=3.0):
        return jnp.where(abs(x) < width, height, 0.0)

    g = shape(
        ramp,
        soft=lambda x, height, width: height * (jnp.clip(x, -width, width) + width),
        bounds=lambda height, width=9.0: (0.0, height),
        around=lambda width, height: [(0.0, width)],
    )
    for args, params, (width, height) in [((), {}, (2, 3)), ((1.0,), {}, (1, 3)), ((), {"height": 0.5}, (2, 0.5))]:
        assert area(g, *args, **params) == 2 * width * height
        assert bounds(g, *args, **params) == [0, height]
        assert around(g, *args, **params) == [(0, width)]
        assert antiderivative(g)(0.0, *args, **params) == width * height

    any_of_them = shape(ramp, bounds=lambda *_: (0.0, 5.0), around=lambda **_: [(0.0, 2.0)])
    assert (bounds(any_of_them, 1.0, 4.0), around(any_of_them, height=4.0)) == ([0, 5], [(0, 2)])


def test_a_fact_gets_the_parameters_that_it_asks_for():
    """All of them by name, by position alone, or some."""

    def ramp(x, width=2.0, /, height=3.0, **others):
        return jnp.where(abs(x) < width, height, 0.0)

    g = shape(
        ramp,
        soft=lambda x, height=9.0, **others: height * (jnp.clip(x, -others["width"], others["width"]) + others["last"]),
        bounds=lambda width, height, /: (0.0 * width, height),
        around=lambda last, width: [(last, width)],
    )
    assert (bounds(g), bounds(g, 1.0), bounds(g, height=4.0)) == ([0, 3], [0, 3], [0, 4])
    assert around(g, 1.0, last=0.5, height=7.0) == [(0.5, 1.0)]
    assert antiderivative(g)(0.5, 1.0, last=9.0) == 3 * 1.5  # S(-inf) = 0 whatever is added
    with_its_own = shape(lambda x, a=1.0: a * x, bounds=lambda c=3.0, a=2.0, /: (0.0, a + 10 * c))
    assert bounds(with_its_own, 1.5) == [0, 31.5]
    by_name = shape(lambda x, alpha=1.0, flag=False: x, bounds=lambda alpha, low=0.0, top=3.0: (low, alpha + top))
    assert bounds(by_name, alpha=2.0) == [0, 5]


def test_a_fact_may_be_a_whole_number_that_is_too_large_for_jax():
    assert bounds(shape(lambda x: x, bounds=lambda: (0, np.array(2**40))))[1] == 2.0**40


def test_a_fact_of_a_combinator_takes_numbers_by_keyword_in_any_order():
    times = combinator(lambda x, g, *, a=1.0, b=2.0: a * b * g(x), bounds=lambda g, b, a: (a, b))
    assert bounds(times(shapes.triangle, a=0.25)) == [0.25, 2]


def test_declared_to_be_nowhere_it_is_looked_at_around_the_threshold():
    box = shape(lambda x: jnp.where(abs(x) < 0.5, 1.0, 0.0), around=lambda: [], bounds=lambda: (0.0, 1.0))
    assert around(box) == [(0, 1)]
    slopes = jax.grad(lambda x: make_spike(box, residual="bit")(x).sum())(jnp.array([-0.7, 0.2]))
    np.testing.assert_array_equal(slopes, [0, 1])


def test_shape_bare_with_facts_and_as_a_function():
    def bump(x, alpha=2.0):
        """A bump."""
        return alpha / 2 / jnp.cosh(alpha * x) ** 2

    def soft(x, alpha=2.0):
        return jnp.tanh(alpha * x) / 2

    ways = shape(bump), shape()(bump), shape(bump, soft=soft), shape(soft=soft)(bump), shape(shape(bump), soft=soft)
    for declared in ways:
        assert (declared.__name__, declared.__doc__, declared.__module__) == ("bump", "A bump.", __name__)
        close(declared(X, 3.0), bump(X, 3.0))
        assert declared(jnp.zeros(2, jnp.bfloat16), jnp.float32(3.0)).dtype == jnp.bfloat16
        close(antiderivative(declared)(X, alpha=3.0), (np.tanh(3 * XS) + 1) / 2, atol=1e-5)
        assert declared(alpha=3.0) is declared(alpha=np.float32(3))
        assert declared(alpha=3.0).__name__ == "bump(alpha=3.0)"
        close(declared(alpha=3.0)(X), bump(X, 3.0))
        close(declared(x=X, alpha=3.0), bump(X, 3.0))
        assert declared() is declared


def test_soft_step_may_be_declared_with_any_constant():
    def slope(x):
        return 1 / (1 + x * x)

    for constant in (-3.0, 0.0, 100.0):
        g = shape(slope, soft=lambda x, constant=constant: jnp.arctan(x) + constant)
        close(antiderivative(g)(jnp.array([-jnp.inf, 0.0, jnp.inf])), [0, np.pi / 2, np.pi], atol=1e-4)
        line = shape(jnp.ones_like, soft=lambda x, constant=constant: x + constant)
        close(antiderivative(line)(jnp.array([-2.0, 0.0, 3.0])), [-2, 0, 3], atol=1e-4)
    declared = shape(slope, soft=jnp.arctan)
    assert surrofun.derivative(antiderivative(declared)) is declared


def test_facts_of_a_partial_are_those_with_its_parameters():
    for g in (functools.partial(shapes.triangle, alpha=3.0), shapes.triangle(alpha=3.0)):
        assert (bounds(g), bounds(g, alpha=5.0)) == ([0, 3], [0, 5])
        assert around(g) == [(0, pytest.approx(1 / 3))]
        assert antiderivative(g)(-1 / 6) == pytest.approx(1 / 8, rel=1e-5)


def test_marks_do_not_travel_with_wraps():
    @functools.wraps(shapes.triangle)
    def twice(x, alpha=1.0):
        return 2 * shapes.triangle(x, alpha)

    assert bounds(twice) == [0, 2]
    close([area(twice), area(twice, 3.0)], 2, rtol=1e-4)

    spike = make_spike(lambda x: jnp.exp(-jnp.abs(x)))

    @functools.wraps(spike)
    def no_spike(x):
        return jnp.exp(-jnp.abs(x)) / 2

    assert jax.grad(make_spike(scale(no_spike, 2.0)))(0.0) == 1
    close(area(no_spike), 1, rtol=1e-4)

    @functools.wraps(mirror)
    def no_combinator(x):
        return jnp.exp(-jnp.abs(x))

    assert scale(no_combinator, 2.0)(0.0) == 2


# Facts through compositions


@pytest.mark.parametrize("size", [1e-9, 0.37, 1e9])
def test_bounds_are_exact_at_any_scale(size, x64):
    """g(x) is a triangle of half-width `size` about 3 sizes off the threshold, of height 2, however it is made."""
    alpha = 1 / size
    made = {
        "inside": shift(scale(shapes.triangle, alpha, height=2 * size), 3 * size),
        "outside": scale(shift(shapes.triangle, 3.0), alpha, height=2 * size),
        "normalized": normalize(shift(scale(shapes.triangle, alpha), 3 * size), peak=2.0),
        "of area": normalize(scale(shift(shapes.triangle, 3.0), alpha), area=2 * size),
        "mirrored": told_mirror(scale(shift(shapes.triangle, -3.0), alpha, height=2 * size)),
        "negative twice": scale(scale(shift(shapes.triangle, 3.0), alpha, height=-size), height=-2.0),
    }
    for name, g in made.items():
        assert bounds(g) == [0, pytest.approx(2, rel=1e-14)], name
        assert around(g) == [pytest.approx((3 * size, size), rel=1e-14)], name
        assert float(area(g)) == pytest.approx(2 * size, rel=1e-12), name
        assert float(g(3.5 * size)) == pytest.approx(1, rel=1e-12), name
    negative = scale(scale(shift(shapes.triangle, 3.0), alpha, height=size), height=-2.0)
    assert bounds(negative) == [pytest.approx(-2, rel=1e-14), 0]


def test_eight_bits_of_a_mix_of_traced_parts():
    """Its bounds are not the sums of those of its parts, which are at different places."""
    x, bys = np.linspace(-4, 4, 33, dtype=np.float32), np.float32([-2.0, -1.0, 1.0, 3.0])

    def parts(bys):
        return mix(*[shift(scale(shapes.triangle, 2.0), by) for by in bys], weights=(1.0, 2.0, -1.0, 0.5))

    @jax.jit
    def found(x, bys):
        spike = make_spike(parts(bys), residual=jnp.uint8)
        return surrofun.bounds(parts(bys)), jax.grad(lambda x: spike(x).sum())(x)

    ends, by_x = found(x, bys)
    for found_ends in (ends, bounds(parts(bys.tolist()))):
        assert found_ends == pytest.approx([-2, 4], rel=1e-5)
    slope = sum(w * 2 * np.maximum(0, 1 - 2 * abs(x - by)) for w, by in zip((1, 2, -1, 0.5), bys, strict=True))
    np.testing.assert_allclose(by_x, slope, rtol=0, atol=1.001 * 6 / 508)


def test_a_steepness_of_zero_gives_no_slope():
    """As it may become in training, where nothing can be raised."""

    @jax.jit
    def found(alpha, x):
        g = scale(shift(shapes.sigmoid, 0.5), alpha)
        spikes = [make_spike(g, residual=residual) for residual in (None, jnp.uint8, jnp.float16)]
        return surrofun.bounds(g), [g(x), *(jax.grad(lambda x, s=s: s(x).sum())(x) for s in spikes)]

    ends, slopes = found(0.0, X)
    np.testing.assert_array_equal(ends, [0, 0])
    np.testing.assert_array_equal(slopes, np.zeros((4, *X.shape)))
    np.testing.assert_array_equal(found(2.0, X)[0], [0, 2])


def test_a_part_may_be_a_keyword():
    @combinator
    def by_keyword(x, g, *, other, w=0.5):
        return w * g(x) + other(x)

    g = by_keyword(shapes.triangle, other=shift(shapes.triangle(alpha=100.0), 5.0))
    assert [centre for centre, _ in around(g)] == [0.0, 5.0]
    assert bounds(g) == pytest.approx([0.0, 100.0], rel=1e-5)
    slope = jax.grad(make_spike(g, residual=jnp.uint8))(5.0)
    assert float(slope) == pytest.approx(100.0, rel=1e-5)


def test_a_peak_is_not_the_bound_that_a_user_declares_of_a_shape_of_the_catalogue():
    g = shape(shapes.sigmoid, bounds=lambda alpha=4.0: (-10.0, 10.0))
    assert float(normalize(g, peak=2.0)(0.0)) == pytest.approx(2.0)


def test_bounds_of_halves_with_a_parameter():
    """Those of what is seen of the halves, and not what each would be on the other side; traced they are the same."""

    def halves(a):
        return asym(shapes.triangle(alpha=a), shift(shapes.triangle(alpha=4.0), -0.25))

    assert jax.jit(lambda a: surrofun.bounds(halves(a)))(2.0) == pytest.approx([0.0, 2.0], rel=1e-5)
    assert bounds(halves(2.0)) == pytest.approx([0.0, 2.0], rel=1e-5)
    peak = jax.jit(lambda a: normalize(asym(shapes.triangle, shift(shapes.triangle(alpha=a), -0.25)), peak=1.0)(-1e-6))
    assert float(peak(4.0)) == pytest.approx(1.0, rel=1e-5)
