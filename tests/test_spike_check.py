"""`check` of a finished spike: each fault that users report is found, alone, and a sound spike has none."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrofun import (
    antiderivative,
    check,
    escape,
    heaviside,
    make_spike,
    mix,
    report,
    sampled,
    scale,
    shapes,
    shift,
    sign,
    staircase,
    ternary,
)

pytestmark = pytest.mark.filterwarnings("ignore:.equinox.static_field. is deprecated:UserWarning")  # by snnax


def faults(results):
    return {name for name, result in results.items() if not result["ok"]}


def limits(results):
    return {name for name, result in results.items() if result["limit"]}


def fires(x):
    return (x >= 0).astype(x.dtype)


def fast(x):
    return 1 / (1 + 25 * jnp.abs(x)) ** 2


def by_hand(slope=fast, step=fires, rule=lambda slope, x, g: g * slope(x), keep=lambda x: x):
    """The textbook's spike; each argument is a place for a mistake."""

    @jax.custom_vjp
    def spike(x):
        return step(x)

    spike.defvjp(lambda x: (step(x), keep(x)), lambda x, g: (rule(slope, x, g),))
    return spike


SPIKE = by_hand()  # as in a program: the rule is at module level, and cannot be pickled all the same


# Mistakes, each with the one property that it breaks


def overflows(x):
    return jnp.exp(-x) / (1 + jnp.exp(-x)) ** 2


def builds_its_rule_in_the_call(x):
    steepness = jnp.exp(jnp.asarray(3.0, x.dtype))  # a tracer, under jit

    @jax.custom_vjp
    def spike(x):
        return fires(x)

    spike.defvjp(lambda x: (fires(x), x), lambda x, g: (g / (1 + steepness * jnp.abs(x)) ** 2,))
    return spike(x)


def of_half_the_batch(slope, x, g):
    return g * slope(x) / jnp.std(x)


@jax.custom_vjp
def constant_slope_kept(x):
    return fires(x)


constant_slope_kept.defvjp(lambda x: (fires(x), jax.lax.stop_gradient(fast(x))), lambda kept, g: (g * kept,))


UNDER = {f"grad under {name}" for name in ("scan", "checkpoint", "shard_map")}
HALVES = {"float16": "becomes float32", "bfloat16": "becomes float32"}
BAD = {
    "an exp that overflows": (by_hand(overflows), {"finite"}, "'float32': 'slope nan at -1.*'"),
    "a sign error": (by_hand(lambda x: -fast(x)), {"non-negative"}, "'lowest': -1.0, 'at': 0.0"),
    "a dtype that is lost": (
        by_hand(step=lambda x: jnp.where(x >= 0, jnp.float32(1), jnp.float32(0))),
        {"dtype kept"},
        re.escape(str(HALVES)),
    ),
    "a where that fires on NaN": (by_hand(step=lambda x: 1 - (x < 0).astype(x.dtype)), {"silent at NaN"}, "1.0"),
    "a rule that forgets its cotangent": (by_hand(rule=lambda slope, x, g: slope(x)), {"cotangent"}, r"\d\.\d+"),
    "a closure that fails under scan": (builds_its_rule_in_the_call, UNDER, "UnexpectedTracerError: .*"),
    "a rule that returns 0": (by_hand(jnp.zeros_like), {"slope by jax.grad"}, "0 everywhere"),
    "a rule that raises": (by_hand(lambda x: x.potential), {"slope by jax.grad"}, "AttributeError: .*"),
    "a rule of the whole batch": (by_hand(rule=of_half_the_batch), {"slope elementwise"}, r"\d\.\d+"),
    "a step that falls": (by_hand(step=lambda x: (x < 0).astype(x.dtype)), {"fires"}, "falls from 1 to 0"),
    "a threshold elsewhere": (by_hand(step=lambda x: fires(x - 1)), {"peak at a threshold"}, "'height': 0.0014.*"),
    "a second derivative that is lost": (constant_slope_kept, {"second derivative"}, "'largest': 0.0, 'wrong': 0.99.*"),
    "a bool": (by_hand(step=lambda x: x >= 0), {"dtype kept", "slope by jax.grad"}, "Type.*Error: .*"),
    "no array": (make_spike(lambda x: x.potential), {"fires"}, "AttributeError: .*"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_spike_has_its_fault_named(name):
    spike, names, told = BAD[name]
    results = check(spike)
    assert faults(results) == names
    last = [name for name in results if name in names][-1]
    assert re.fullmatch(rf"\{{?.*{told}\}}?", str(results[last]["value"]))
    lines = [line for line in report(results).splitlines() if line.startswith("FAULT")]
    assert len(lines) == len(names)
    assert all(line.endswith(results[line[7:29].strip()]["advice"]) for line in lines)


# Sound spikes

FORWARD = make_spike(forward_mode=True)
HALF = {"step": heaviside(at_zero=0.0)}
TWO = mix(shift(shapes.triangle, 1.0), shift(shapes.triangle, -1.0), weights=(1.0, 1.0))
OURS = {
    "superspike(beta=25.0)": (make_spike(shapes.superspike(beta=25.0)), {"forward mode"}),
    "scale(triangle(alpha=3.0), height=0.7)": (make_spike(scale(shapes.triangle(alpha=3.0), height=0.7), **HALF),
                                               {"forward mode"}),
    "rectangle(width=1.4)": (FORWARD(shapes.rectangle(width=1.4)), set()),
    "shift(gaussian, 0.5)": (make_spike(shift(shapes.gaussian, 0.5), step=lambda x: x >= 0.5),
                             {"forward mode", "pickling"}),
    "sigmoid": (make_spike(shapes.sigmoid, step=antiderivative(shapes.sigmoid)), {"forward mode"}),
    "straight_through": (make_spike(shapes.straight_through, step=sign), {"forward mode"}),
    "atan": (make_spike(shapes.atan, residual=jnp.bfloat16), {"forward mode", "second derivative"}),
    "laplace": (make_spike(shapes.laplace, step=escape(shapes.laplace, jax.random.key(0))),
                {"elementwise", "H(0)", "eager = jit = vmap", "forward mode", "rebuilding"}),
    "circ": (make_spike(shapes.circ, learnable=True), {"forward mode"}),
    "ternary": (make_spike(TWO, step=ternary), {"forward mode"}),
    "stairs": (make_spike(TWO, step=staircase(3)), {"forward mode"}),
    "sampled": (make_spike(shapes.triangle, residual=sampled(jax.random.key(0))), {"slope by jax.grad"}),
}  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_our_spikes_have_no_fault_and_their_shape_is_named(name):
    spike, lacks = OURS[name]
    results = check(spike)
    assert faults(results) == set()
    assert limits(results) == lacks
    if hasattr(shapes, re.split(r"\W", name)[0]) or "(" in name:
        assert results["closest shape"]["value"].rpartition(" to ")[0] == name


def test_a_rule_by_hand_has_no_fault_and_no_forward_mode():
    results = check(lambda: by_hand())
    assert faults(results) == set()
    assert limits(results) == {"forward mode", "rebuilding", "pickling"}
    value = {name: result["value"] for name, result in results.items()}
    assert value["fires"] == {"levels": "0 1", "threshold": 0.0}
    assert (value["H(0)"], value["silent at NaN"], value["bytes a spike"]) == (1.0, 0.0, 4.0)
    assert value["slope by jax.grad"] == pytest.approx({"peak": 1.0, "at": 0.0, "area": 0.08}, rel=1e-5)
    assert value["forward mode"].startswith("TypeError: ")
    assert value["closest shape"] == "superspike(beta=25.0) to 3e-07"


def test_what_is_a_spike_and_what_is_a_shape():
    """A step whose derivative is not that of its values, whoever wrote it; a rectangle is a shape of two levels."""

    def told(f, **parameters):
        return next(iter(check(f, **parameters)))

    @jax.jit
    def inside(x):
        return by_hand()(x)

    assert {told(f) for f in (SPIKE, inside, make_spike(shapes.sigmoid), lambda x: 2 * SPIKE(x) - 1)} == {"fires"}
    steps = lambda x: fires(x), lambda x: jnp.abs(x) < 0.5, jnp.round, jax.nn.relu, shapes.rectangle, np.sign
    assert {told(f) for f in steps} == {"runs"}
    assert {told(f) for f in (scale(shapes.triangle, 1e4), shift(shapes.rectangle, 0.5), jnp.zeros_like)} == {"runs"}
    assert told(shapes.leaky_step, leak=0.0) == told(lambda: shapes.triangle) == told(lambda: 1 / 0) == "runs"


def annealed(x, beta, height=1.0):
    return make_spike(scale(shapes.superspike(beta=beta), height=height))(x)


def annealed_by_hand(x, beta):
    return by_hand(lambda x: 1 / (1 + beta * jnp.abs(x)) ** 2)(x)


def test_parameters_are_given_and_traced():
    ours, theirs = check(annealed, 10.0, height=0.5), check(annealed_by_hand, beta=25.0)
    assert faults(ours) == faults(theirs) == set()
    assert ours["closest shape"]["value"] == "scale(superspike, height=0.5) to 3e-07"
    assert ours["traced parameters"]["value"] < 1e-6
    assert theirs["traced parameters"]["limit"]
    assert theirs["closest shape"]["value"] == "superspike(beta=25.0) to 3e-07"


def test_an_array_more_is_a_limit():
    two = by_hand(keep=lambda x: (x, fast(x)), rule=lambda slope, kept, g: g * jnp.where(kept[0] < 9, kept[1], 0.0))
    result = check(two)["bytes a spike"]
    assert (result["ok"], result["limit"], result["value"]) == (True, True, 8.0)


def test_rebuilding_by_recipe():
    for recipe, once in ((lambda: make_spike(shapes.superspike(beta=7.5)), True), (by_hand, None)):
        result = check(recipe if once else lambda: by_hand())["rebuilding"]
        assert result["limit"] == (not once)
        assert result["value"] == f"traced {'once' if once else 'twice'} when built twice"
    assert check(SPIKE)["rebuilding"]["value"] is None


def test_float64_is_checked_where_it_is_enabled(x64):
    results = check(by_hand(step=lambda x: fires(x).astype(jnp.float32)))
    assert results["dtype kept"]["value"] == {**HALVES, "float64": "becomes float32"}
    assert check(SPIKE)["finite"]["value"] == "float16, bfloat16, float32, float64"


def test_float16_overflows_first():
    results = check(by_hand(lambda x: jnp.exp(-jnp.abs(x)) * jnp.square(x) / jnp.square(jnp.where(x == 0, 1, x))))
    assert faults(results) == {"finite"}
