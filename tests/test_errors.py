"""Bad input: who complains, what was expected, what came."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrofun import (
    antiderivative,
    asym,
    escape,
    fit_alpha,
    flow,
    make_spike,
    mix,
    normalize,
    register,
    scale,
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
    ("shape", "came"),
    [(too_many, "(2, 4)"), (too_few, "(2,)"), (lambda x: x[None], "(1, 4)"), (scale(too_few), "(2,)")],
)
def test_slope_of_the_wrong_shape(shape, came, call, make):
    text = f"{shape.__name__}: expected a slope that broadcasts to the shape of x, (4,), got shape {came}"
    with complains(TypeError, text):
        call(make(shape), jnp.ones(4))


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
    came = f"got {type(bad).__name__} {bad!r}"
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


def test_what_a_shape_raises_is_told_with_its_name():
    with pytest.raises(TypeError, match="incompatible shapes") as caught:
        make_spike(shapes.sigmoid)(jnp.ones(5), jnp.ones(3))
    assert "in the slope of sigmoid, at potentials of shape (5,)" in caught.value.__notes__


@pytest.mark.parametrize(
    ("weights", "came"),
    [((0.5,), 1), ((1, 2, 3), 3), (np.ones(3), 3), (jnp.ones((1, 2)), 1), ((), 0), (0.5, 1), (jnp.float32(0.5), 1)],
)
def test_number_of_weights(weights, came):
    with complains(ValueError, f"mix: expected one weight for each of 2 shapes, got {came} weight"):
        mix(shapes.triangle, shapes.atan, weights=weights)


def test_number_of_weights_under_a_trace():
    with complains(ValueError, "mix: expected one weight for each of 2 shapes, got 3 weight"):
        jax.jit(lambda w: mix(shapes.triangle, shapes.atan, weights=w)(1.0))(jnp.ones(3))


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
    with complains(TypeError, "triangle: expected a real floating point potential, got NoneType None"):
        spike()


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


def test_an_infinite_area_is_not_taken_for_a_slope_of_zero():
    assert jnp.isnan(normalize(shapes.straight_through, area=1.0)(0.5))
