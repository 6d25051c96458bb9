"""Bad input: who complains, what was expected, what came."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrofun import (
    antiderivative,
    around,
    asym,
    bounds,
    combinator,
    escape,
    fit_alpha,
    flow,
    make_spike,
    mix,
    normalize,
    register,
    sampled,
    scale,
    shape,
    shapes,
    shift,
)

spike = make_spike(shapes.triangle)
both_rules = pytest.mark.parametrize("make", [make_spike, functools.partial(make_spike, forward_mode=True)])


def complains(error, text):
    return pytest.raises(error, match="^" + re.escape(text))


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (1, "int32"),
        (True, "bool"),
        (1j, "complex64"),
        ([1, 2], "int32"),
        (np.arange(3, dtype=np.int8), "int8"),
        (np.ones(3, np.uint8), "uint8"),
        (jnp.arange(3) > 1, "bool"),
        (jnp.ones((2, 3), jnp.complex64), "complex64"),
    ],
)
@both_rules
def test_potential_that_is_not_real_floating_point(make, x, dtype):
    text = (
        f"triangle: expected a real floating point potential, got dtype {dtype}; "
        "subtract the threshold first, or cast with x.astype(jnp.float32)"
    )
    for f in (make(shapes.triangle), jax.jit(make(shapes.triangle)), jax.vmap(make(shapes.triangle))):
        with complains(TypeError, text):
            f(np.atleast_1d(x) if f is not make(shapes.triangle) else x)


def too_many(x):
    return jnp.ones((2, 4))


def too_few(x):
    return x[:2]


@both_rules
@pytest.mark.parametrize("call", [lambda f, x: f(x), lambda f, x: jax.grad(lambda x: f(x).sum())(x)])
@pytest.mark.parametrize(
    ("g", "came"),
    [(too_many, "(2, 4)"), (too_few, "(2,)"), (lambda x: x[None], "(1, 4)"), (scale(too_few), "(2,)")],
)
def test_slope_of_the_wrong_shape(g, came, call, make):
    text = f"{g.__name__}: expected a slope that broadcasts to the shape of x, (4,), got shape {came}"
    with complains(TypeError, text):
        call(make(g), jnp.ones(4))


@both_rules
@pytest.mark.parametrize(("step", "came"), [(too_many, "(2, 4)"), (too_few, "(2,)")])
def test_step_of_the_wrong_shape(step, came, make):
    text = f"{step.__name__}: expected a step that broadcasts to the shape of x, (4,), got shape {came}"
    with complains(TypeError, text):
        make(shapes.triangle, step=step)(jnp.ones(4))


RETURNED = {
    "tuple": lambda x: (x, x),
    "list": lambda x: [x],
    "dict": lambda x: {"slope": x},
    "NoneType": lambda x: None,
    "str": lambda x: "slope",
    "complex64": lambda x: jax.lax.complex(x, x),
    "function": lambda x: jnp.sin,
}


@both_rules
@pytest.mark.parametrize("what", ["slope", "step"])
@pytest.mark.parametrize("came", RETURNED)
def test_what_comes_back_is_no_real_array(came, what, make):
    returns_it = RETURNED[came]
    f = make(returns_it) if what == "slope" else make(shapes.triangle, step=returns_it)
    with pytest.raises(TypeError, match=rf"^<lambda>: expected a .*{what}.*, got .*{came}"):
        f(jnp.ones(()))


@pytest.mark.parametrize("bad", [3.0, "triangle", np.ones(2), [shapes.triangle], 1])
def test_grad_fn_or_step_that_is_no_function(bad):
    came = "got an array of shape (2,)" if isinstance(bad, np.ndarray) else f"got {type(bad).__name__} {bad!r}"
    with complains(TypeError, f"make_spike: expected a shape, that is a function g(x, *params), {came}"):
        make_spike(bad)
    with complains(TypeError, f"make_spike: expected a function as step, {came}"):
        make_spike(shapes.triangle, step=bad)
    with complains(TypeError, f"make_spike: expected a function as step, {came}"):
        make_spike(step=bad)


def test_step_none():
    with complains(TypeError, "make_spike: expected a function as step, got NoneType None"):
        make_spike(shapes.triangle, step=None)


COMBINED = {
    "scale": lambda g: scale(g, 2.0),
    "shift": lambda g: shift(g, 2.0),
    "mix": lambda g: mix(shapes.triangle, g),
    "asym": lambda g: asym(g, shapes.triangle),
    "asym ": lambda g: asym(shapes.triangle, g),
    "normalize": lambda g: normalize(g, area=1.0),
}


@pytest.mark.parametrize("bad", [0.5, "triangle", None, (shapes.triangle, shapes.atan)])
@pytest.mark.parametrize("who", COMBINED)
def test_combinator_of_no_function(who, bad):
    text = f"{who.strip()}: expected a shape, that is a function g(x, *params), got {type(bad).__name__} {bad!r}"
    with complains(TypeError, text):
        COMBINED[who](bad)


TAKE_A_SHAPE = {
    **COMBINED,
    "make_spike": make_spike,
    "antiderivative": antiderivative,
    "escape": lambda g: escape(g, jax.random.key(0)),
    "flow": lambda g: flow(g, jnp.ones(3)),
    "fit_alpha": lambda g: fit_alpha(g, jnp.ones(3)),
    "register": lambda g: register("a_spike", g),
}


@pytest.mark.parametrize("spike", [make_spike(shapes.atan), make_spike(lambda x: x), make_spike(jnp.cos, step=jnp.sin)])
@pytest.mark.parametrize("who", TAKE_A_SHAPE)
def test_a_spike_function_is_no_shape(who, spike):
    name = spike.__name__
    text = f"{who.strip()}: expected a shape, that is a function g(x, *params), got the spike function of {name}; "
    with complains(TypeError, text + "give the shape itself"):
        TAKE_A_SHAPE[who](spike)


def plain(x, width=1.0):
    return jnp.exp(-jnp.abs(x / width))


BY_POSITION = {
    "sigmoid(4.0), which gives 4.0 to x; give it by keyword, alpha=4.0": functools.partial(shapes.sigmoid, 4.0),
    "plain(2.0), which gives 2.0 to x; give it by keyword, width=2.0": functools.partial(plain, 2.0),
    "plain(<float32[3]>), which gives <float32[3]> to x; give it by keyword, width=": functools.partial(
        plain, jnp.ones(3)
    ),
}


@pytest.mark.parametrize("came", BY_POSITION)
@pytest.mark.parametrize("who", TAKE_A_SHAPE)
def test_parameter_by_position_which_would_be_x(who, came):
    """Partials, which were silently wrong, are refused wherever a shape is taken."""
    with complains(TypeError, f"{who.strip()}: expected a shape, that is a function g(x, *params), got {came}"):
        TAKE_A_SHAPE[who](BY_POSITION[came])


@pytest.mark.parametrize("who", TAKE_A_SHAPE)
def test_slope_in_the_place_of_a_shape(who):
    slope = shapes.sigmoid(4.0)
    text = f"{who.strip()}: expected a shape, that is a function g(x, *params), got ArrayImpl {slope!r}"
    with complains(TypeError, f"{text}; a shape with a parameter is written by keyword, as in sigmoid(alpha=4.0)"):
        TAKE_A_SHAPE[who](slope)


def test_parameter_of_a_shape_that_is_given_to_make_spike():
    text = "make_spike: has no option alpha; a shape with a parameter is written by keyword, as in "
    with complains(TypeError, text + "sigmoid(alpha=4.0)"):
        make_spike(shapes.sigmoid, alpha=4.0)
    with complains(TypeError, text + "g(alpha=4.0)"):
        make_spike(alpha=4.0)


def test_keyword_that_a_shape_does_not_take():
    with complains(TypeError, "sigmoid: takes (alpha=4.0), got an unexpected keyword argument 'beta'"):
        shapes.sigmoid(beta=4.0)


@pytest.mark.parametrize("fact", ["soft", "bounds", "around"])
@pytest.mark.parametrize("declare", [shape, combinator], ids=["shape", "combinator"])
def test_fact_that_is_no_function(declare, fact):
    what = "a function of the parameters" if declare is shape else "a function of x and parts"
    with complains(TypeError, f"{declare.__name__}: expected {what} as {fact}, got float 1.0"):
        declare(plain, **{fact: 1.0})
    with complains(TypeError, f"{declare.__name__}: expected {what} as {fact}, got float 1.0"):
        declare(**{fact: 1.0})(plain)


@pytest.mark.parametrize(
    ("alpha", "came"), [(0.0, "0.0"), (-1, "-1"), (np.float32(-2), "-2.0"), (jnp.array([1.0, 0.0]), "<float32[2]>")]
)
def test_steepness_that_is_not_positive(alpha, came):
    with complains(ValueError, f"scale: expected a positive alpha, got {came}; height= may be of either sign"):
        scale(shapes.triangle, alpha)
    assert scale(shapes.triangle, height=-2.0)(0.5) == -1.0


@pytest.mark.parametrize(
    ("weights", "came"),
    [((0.5,), 1), ((1, 2, 3), 3), (np.ones(3), 3), (jnp.ones((1, 2)), 1), (0.5, 1), (jnp.float32(0.5), 1)],
)
def test_number_of_weights(weights, came):
    with complains(ValueError, f"mix: expected one weight for each of 2 shapes, got {came} weight"):
        mix(shapes.triangle, shapes.atan, weights=weights)


def test_number_of_weights_under_a_trace():
    with complains(ValueError, "mix: expected one weight for each of 2 shapes, got 3 weight"):
        jax.jit(lambda w: mix(shapes.triangle, shapes.atan, weights=w)(1.0))(jnp.ones(3))


def test_weights_without_a_number():
    for weights in ((), []):
        with complains(ValueError, "mix: expected one or more numbers as weights, got none"):
            mix(shapes.triangle, shapes.atan, weights=weights)


def test_mix_of_nothing():
    with complains(ValueError, "mix: expected at least one shape, got none"):
        mix()


def test_normalize_wants_one_measure():
    with complains(TypeError, "normalize: expected exactly one of area= and peak=, got none"):
        normalize(shapes.triangle)
    with complains(TypeError, "normalize: expected exactly one of area= and peak=, got both"):
        normalize(shapes.triangle, area=1.0, peak=1.0)


def test_a_parameter_that_the_shape_does_not_take():
    with pytest.raises(TypeError, match="steepness"):
        spike(1.0, steepness=2.0)


@pytest.mark.parametrize(("x", "came"), [(None, "NoneType None"), ("0.5", "str '0.5'")])
def test_potential_that_is_no_number(x, came):
    with complains(TypeError, f"triangle: expected a real floating point potential, got {came}"):
        spike(x)


def test_potential_that_is_missing():
    with complains(TypeError, "triangle: expected the potential as x, got nothing"):
        spike()
    with complains(TypeError, "triangle: expected the potential as x, got alpha"):
        spike(alpha=2.0)
    with complains(TypeError, "<lambda>: expected the potential as v, got x"):
        make_spike(lambda v: v)(x=2.0)


@pytest.mark.parametrize(
    ("who", "build"),
    [
        ("scale", lambda p: scale(shapes.atan, p)),
        ("scale", lambda p: scale(shapes.atan, height=p)),
        ("shift", lambda p: shift(shapes.atan, p)),
        ("mix", lambda p: mix(shapes.atan, weights=(p,))),
        ("normalize", lambda p: normalize(shapes.atan, area=p)),
    ],
)
def test_parameter_that_is_no_number(who, build):
    text = f"{who}: expected a number or an array that broadcasts against x, got "
    with complains(TypeError, f"{text}str '2'"):
        build("2")
    with complains(TypeError, f"{text}list [1.0]"):
        build([1.0])


UNFIT = {
    "area, got inf": normalize(shapes.straight_through, area=1.0),
    "area, got 0.0": normalize(mix(shapes.triangle, shapes.triangle, weights=(1.0, -1.0)), area=1.0),
    "area, got -1.0": normalize(scale(shapes.triangle, height=-1.0), area=1.0),
    "peak, got inf": normalize(shapes.escape_exponential, peak=1.0),
    "peak, got 0.0": normalize(scale(shapes.triangle, height=-1.0), peak=1.0),
}


@pytest.mark.parametrize("came", UNFIT)
def test_normalize_of_no_finite_positive_measure(came):
    with complains(ValueError, f"normalize: expected a shape of finite, positive {came}"):
        UNFIT[came](0.5)
    for _ in range(2):  # the numbers of a spike are operands of a compiled program, where nothing can be raised
        if came.endswith("inf"):
            with complains(ValueError, f"normalize: expected a shape of finite, positive {came}"):
                jax.grad(make_spike(UNFIT[came]))(0.5)
        else:
            assert jnp.isnan(jax.grad(make_spike(UNFIT[came]))(0.5))


@pytest.mark.parametrize("measure", ["area", "peak"])
def test_normalize_of_no_finite_positive_measure_under_a_trace(measure):
    """Neither a slope of zero nor an infinite one."""

    @jax.jit
    def run(height):
        bases = (scale(shapes.triangle, height=height), scale(shapes.escape_exponential, height=height))
        return [jax.grad(make_spike(normalize(g, **{measure: 1.0})))(0.5) for g in bases]

    assert run(2.0)[0] == 0.5
    assert [jnp.isnan(slope) for height in (0.0, -1.0) for slope in run(height)] == [True] * 4
    assert jnp.isnan(run(2.0)[1])


@pytest.mark.parametrize(
    ("call", "who"),
    [
        (lambda: jax.grad(make_spike(shape(lambda x: jax.lax.complex(x, x))))(0.3), "<lambda>"),
        (lambda: scale(lambda x: jax.lax.complex(x, x), 2.0)(0.3), "scale"),
    ],
    ids=["slope", "part"],
)
def test_a_complex_slope_is_refused(call, who):
    with pytest.raises(TypeError, match=rf"^{who}: expected one real array as its result, got dtype complex"):
        call()


def test_no_weights_are_not_the_plain_average():
    with pytest.raises(ValueError, match=r"^mix: expected one or more numbers as weights, got none"):
        mix(shapes.sigmoid, shapes.triangle, weights=jnp.zeros(0))


def hat(x):
    return jnp.maximum(0, 1 - jnp.abs(x))


def test_facts_that_are_no_pairs():
    with complains(TypeError, "hat: expected of bounds= a pair (lowest, highest), got int 3"):
        bounds(shape(hat, bounds=lambda: 3))
    with complains(TypeError, "hat: expected of around= a list of pairs (centre, width), got (0.0, 1.0)"):
        around(shape(hat, around=lambda: (0.0, 1.0)))


def test_residual_that_makes_one():
    with complains(TypeError, "make_spike: expected a residual, got sampled, which makes one: residual=sampled(key)"):
        make_spike(hat, residual=sampled)


def test_decoded_slope_of_the_wrong_shape():
    spike = make_spike(hat, residual=(lambda slope: slope[:2], lambda kept: kept))
    with complains(
        TypeError, "make_spike: expected of decode, in residual=, an array of the shape of x, (5,), got (2,)"
    ):
        jax.grad(lambda x: spike(x).sum())(jnp.ones(5))


@pytest.mark.parametrize("make", [sampled, lambda key: escape(hat, key)], ids=["sampled", "escape"])
@pytest.mark.parametrize(("key", "came"), [(0, "int 0"), (jnp.ones(2), "an array of shape (2,)"), (None, "NoneType")])
def test_key_that_is_none(make, key, came):
    with pytest.raises(TypeError, match=r"^(sampled|escape): expected a random key, .*" + re.escape(came)):
        make(key)


def test_option_that_is_neither_true_nor_false():
    with complains(TypeError, "make_spike: expected True or False as forward_mode, got int 3"):
        make_spike(hat, forward_mode=3)


def test_escape_with_a_shape_of_infinite_area():
    fires = escape(shapes.reciprocal, jax.random.key(0))
    with complains(ValueError, "escape: expected a shape of finite area, got reciprocal"):
        fires(jnp.ones(3))
    with complains(ValueError, "escape: expected a shape of finite area, got reciprocal"):
        make_spike(shapes.reciprocal, step=fires)(jnp.ones(3))
    noise = jax.jit(lambda alpha: escape(shapes.reciprocal(alpha=alpha), jax.random.key(0))(jnp.ones(3)))
    assert jnp.isnan(noise(2.0)).all()
