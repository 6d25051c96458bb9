"""`check` of a finished spike: each fault that users report is found, alone, and a sound spike has none."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dropins import import_snnax
from needs import exhaustive, needs, sample
from reference import tent
from test_checks import NARROWED, faults, found, learned, measuring
from test_rosetta import as_others_expect

import surrofun
from surrofun import antiderivative, check, escape, heaviside, make_spike, mix, report, scale, shape, shapes, shift
from surrofun.cli.arguments import find
from surrofun.cli.commands import main

pytestmark = [pytest.mark.filterwarnings("ignore:.equinox.static_field. is deprecated:UserWarning"), sample]  # by snnax


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


def steep(beta=10.0, height=1.0):
    return by_hand(lambda x: height / (1 + beta * jnp.abs(x)) ** 2)


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
BAD = {
    "an exp that overflows": (by_hand(overflows), {"finite"}, "'float32': 'slope nan at -1.*'"),
    "a steep exp": (by_hand(lambda x: overflows(25 * x)), {"finite", "second derivative"}, r"nan at -[1-9]\.\d*"),
    "a sign error": (by_hand(lambda x: -fast(x)), {"non-negative"}, "'lowest': -1.0, 'at': 0.0"),
    "a dtype that is lost": (
        by_hand(step=lambda x: jnp.where(x >= 0, jnp.float32(1), jnp.float32(0))),
        {"dtype kept"},
        re.escape(str(NARROWED)),
    ),
    "a where that fires on NaN": (by_hand(step=lambda x: 1 - (x < 0).astype(x.dtype)), {"silent at NaN"}, "1.0"),
    "a rule that forgets its cotangent": (by_hand(rule=lambda slope, x, g: slope(x)), {"cotangent"}, r"\d\.\d+"),
    "a closure that fails under scan": (builds_its_rule_in_the_call, UNDER, "UnexpectedTracerError: .*"),
    "a rule that returns 0": (by_hand(jnp.zeros_like), {"slope by jax.grad"}, "0 everywhere"),
    "a rule that raises": (by_hand(lambda x: x.potential), {"slope by jax.grad"}, "AttributeError: .*"),
    "a code that decodes twice the slope": (
        make_spike(shapes.atan, residual=(lambda slope: slope, lambda kept: 2 * kept)),
        {"slope of the shape"},
        "1.0",
    ),
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

TWO = mix(shift(shapes.triangle, 1.0), shift(shapes.triangle, -1.0), weights=(1.0, 1.0))
OURS = {
    "scale(triangle(alpha=3.0), height=0.7)": (
        make_spike(scale(shapes.triangle(alpha=3.0), height=0.7), step=heaviside(at_zero=0.0)), {"forward mode"}),
    "epanechnikov(width=0.5, n=2)": (make_spike(shapes.epanechnikov(width=0.5, n=2)), {"forward mode"}),
    "rectangle(width=1.4)": (make_spike(shapes.rectangle(width=1.4), forward_mode=True), set()),
    "shift(gaussian, 0.5)": (make_spike(shift(shapes.gaussian, 0.5), step=lambda x: x >= 0.5),
                             {"forward mode", "pickling"}),
    "sigmoid": (make_spike(shapes.sigmoid, step=antiderivative(shapes.sigmoid)), {"forward mode"}),
    "straight_through": (make_spike(shapes.straight_through, step=surrofun.sign, learnable=True), {"forward mode"}),
    "atan": (make_spike(shapes.atan, residual=jnp.bfloat16), {"forward mode", "second derivative"}),
    "laplace": (make_spike(shapes.laplace, step=escape(shapes.laplace, jax.random.PRNGKey(0))),
                {"elementwise", "H(0)", "eager = jit = vmap", "forward mode", "rebuilding"}),
    "ternary": (make_spike(TWO, step=surrofun.ternary), {"forward mode"}),
    "triangle": (make_spike(shapes.triangle, step=surrofun.staircase(3)), {"forward mode", "peak at a threshold"}),
    "stairs": (make_spike(mix(TWO, shapes.triangle, shift(shapes.triangle, 2.0)), step=surrofun.staircase(3)),
               {"forward mode"}),
    "sampled": (make_spike(shapes.triangle, residual=surrofun.sampled(jax.random.PRNGKey(0))),
                {"slope by jax.grad", "slope elementwise", "slope of the shape", "non-negative", "peak at a threshold",
                 "falls again", "grad under vmap", "grad under shard_map", "second derivative", "forward mode",
                 "traced parameters", "rebuilding", "closest shape"}),
    "superspike(beta=25.0)": (lambda: by_hand(), {"forward mode", "rebuilding", "pickling"}),
}  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_a_sound_spike_has_no_fault_and_its_shape_is_named(name):
    spike, lacks = OURS[name]
    results = check(spike)
    assert faults(results) == set()
    assert limits(results) == lacks
    assert not any(found["advice"] for found in results.values() if "drawn" in str(found["value"]))  # it needs no cure
    if name == "sampled":
        assert results["bytes a spike"]["value"] == 1 / 8
    elif hasattr(shapes, re.split(r"\W", name)[0]) or "(" in name:
        assert results["closest shape"]["value"].rpartition(" to ")[0] == name


def test_what_is_a_spike_and_what_is_a_shape():
    """A step whose derivative is not that of its values, whoever wrote it; a rectangle is a shape of two levels."""

    def told(f, **parameters):
        with measuring("runs", "fires"):  # the first property tells which table it is
            return next(iter(check(f, **parameters)))

    inside = jax.jit(lambda x: by_hand()(x))
    assert {told(f) for f in (SPIKE, inside, make_spike(shapes.sigmoid), lambda x: 2 * SPIKE(x) - 1)} == {"fires"}
    steps = lambda x: fires(x), lambda x: jnp.abs(x) < 0.5, jnp.round, jax.nn.relu, shapes.rectangle, np.sign
    assert {told(f) for f in steps} == {"runs"}
    assert {told(f) for f in (scale(shapes.triangle, 1e4), shift(shapes.rectangle, 0.5), jnp.zeros_like)} == {"runs"}
    assert told(shapes.leaky_step, leak=0.0) == told(lambda: shapes.triangle) == told(lambda: 1 / 0) == "runs"


def test_a_partial_of_a_spike_or_of_a_step_is_checked_as_what_it_is_of():
    @functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
    def spike(x, beta):
        return fires(x)

    spike.defvjp(lambda x, beta: (fires(x), x), lambda beta, x, by: (by / (1 + beta * abs(x)) ** 2,))
    steps = heaviside(at_zero=0.5), surrofun.ternary(threshold=0.5), surrofun.staircase(3)
    with measuring("runs", "fires"):
        assert "fires" in check(functools.partial(spike, beta=25.0))
        assert all(check(f)["runs"]["ok"] for f in steps)


def test_parameters_are_given_and_traced():
    def annealed(x, beta, height=1.0):
        return make_spike(scale(shapes.superspike(beta=beta), height=height))(x)

    ours, theirs = check(annealed, 10.0, height=0.5), check(lambda x, beta: steep(beta)(x), beta=25.0)
    assert faults(ours) == faults(theirs) == set()
    assert ours["closest shape"]["value"] == "scale(superspike, height=0.5) to 3e-07"
    assert ours["traced parameters"]["value"] < 1e-6
    assert ours["rebuilding"]["value"] is None  # without a recipe
    assert theirs["traced parameters"]["limit"]
    assert theirs["closest shape"]["value"] == "superspike(beta=25.0) to 3e-07"


def test_one_number_a_neuron_is_rebuilt():
    steepness = np.array([1.0, 2.0])
    held, called = check(make_spike(scale(shapes.triangle, steepness))), check(make_spike(shapes.superspike), steepness)
    assert [results["rebuilding"]["value"] for results in (held, called)] == [
        "traced twice when built twice", "traced once when built twice",
    ]  # fmt: skip


def test_an_array_more_is_a_limit():
    two = by_hand(keep=lambda x: (x, fast(x)), rule=lambda slope, kept, g: g * jnp.where(kept[0] < 9, kept[1], 0.0))
    result, _ = found("bytes a spike", two)
    assert (result["ok"], result["limit"], result["value"]) == (True, True, 8.0)


def test_an_area_that_is_not_found_is_left_out():
    plain, in_steps = (
        found("slope by jax.grad", make_spike(shapes.triangle, residual=r))[0] for r in (None, jnp.uint8)
    )
    assert plain["value"] == pytest.approx({"peak": 1.0, "at": 0.0, "area": 1.0}, rel=1e-5)
    assert in_steps["value"] == pytest.approx({"peak": 1.0, "at": 0.0}, abs=1 / 254)


EXHAUSTIVE_CODES = [pytest.param("bit", 1 / 8, marks=exhaustive), pytest.param(jnp.bfloat16, 2, marks=exhaustive)]


@pytest.mark.parametrize(("residual", "plain"), [(jnp.uint8, 1), (None, 4), *EXHAUSTIVE_CODES])
def test_a_residual_that_is_not_used_while_a_parameter_learns_is_a_limit(residual, plain):
    def spike(learnable):
        return make_spike(shapes.rectangle(width=1.5), residual=residual, learnable=learnable)

    still, held = (found("bytes a spike", spike(learnable))[0] for learnable in (False, True))
    learning = make_spike(shapes.rectangle, residual=residual, learnable=True)
    given, _ = found("bytes a spike", learning, width=1.5)
    assert (still["ok"], still["limit"]) == (True, False)
    assert still["value"] == plain
    for result in (held, given):
        assert (result["ok"], result["limit"]) == (True, residual is not None)
        told = result["value"] if result["limit"] else {"of x": result["value"], "of parameters": 4.0}
        assert told == {"of x": plain, "of parameters": 4.0}
        assert result["advice"] == "keep one array; residual= is not used while a parameter learns"


def test_what_is_kept_once_is_not_a_byte_a_spike():
    searched_for = make_spike(lambda x, k=2.0: jnp.exp(-k * abs(x)), learnable=True)
    assert found("bytes a spike", searched_for, k=3.0)[0] == found("bytes a spike", make_spike(shapes.triangle))[0]


@exhaustive
def test_a_spike_that_learns_has_its_soft_step_checked():
    learning = make_spike(learnable=True)
    result = learned(learning(tent), alpha=2.0)
    assert (result["ok"], result["limit"], list(result["value"])) == (True, True, ["alpha", "times as slow"])
    assert result["value"]["alpha"] < 0.01
    wrong = shape(tent, soft=lambda x, alpha=1.0: antiderivative(shapes.triangle)(x, jax.lax.stop_gradient(alpha)))
    assert learned(learning(shapes.triangle(alpha=2.0)))["ok"]
    assert not learned(learning(wrong(alpha=2.0)))["ok"]
    assert learned(make_spike(tent), alpha=2.0)["value"] == "none learned"


def test_a_soft_step_that_lacks_the_parameter_is_a_fault():
    """Its gradient is 0, as that of a spike that does not learn."""
    lacking = shape(soft=lambda x: antiderivative(shapes.triangle)(x))

    @make_spike(learnable=True)
    @lacking
    def decorated(x, alpha=1.0):
        return tent(x, alpha)

    for spike in (decorated, make_spike(lacking(tent), learnable=True)):
        assert jax.grad(lambda alpha, spike=spike: spike(0.3, alpha))(2.0) == 0
        assert not learned(spike, alpha=2.0)["ok"]


def test_float64_is_checked_where_it_is_enabled(x64):
    wide = {jnp.dtype(half): jnp.float32 for half in NARROWED}
    spike = by_hand(step=lambda x: (x >= 0).astype(wide.get(x.dtype, x.dtype)))
    assert found("dtype kept", spike)[0]["value"] == NARROWED
    assert found("finite", spike)[0]["value"] == "float32, float64"


# What is told


def test_the_report_of_a_spike():
    """Every line fits in 100 columns; a limit is no fault."""
    results = check(lambda: make_spike(shapes.superspike(beta=25.0)))
    text = report({name: {**r, "value": 0.0} if r["value"] and name in ROUNDING else r for name, r in results.items()})
    assert text == REPORT.format(bytes=results["pickling"]["value"])
    assert max(map(len, text.splitlines())) <= 100


ROUNDING = {"slope of the shape", "cotangent", *(f"grad under {way}" for way in ("jit", "vmap", "scan", "checkpoint"))}
REPORT = """\
ok     fires                  levels 0 1, threshold 0
ok     shape kept             (3, 256) from (3, 256)
ok     elementwise            0
ok     dtype kept             float16, bfloat16, float32
ok     H(0)                   1
ok     silent at NaN          0
ok     eager = jit = vmap     jit 0, vmap 0
ok     slope by jax.grad      peak 1, at 0, area 0.08
ok     slope elementwise      0
ok     slope of the shape     0
ok     cotangent              0
ok     non-negative           lowest 0
ok     peak at a threshold    height 1, at 0
ok     falls again            1
ok     finite                 float16, bfloat16, float32
ok     grad under jit         0
ok     grad under vmap        0
ok     grad under scan        0
ok     grad under checkpoint  0
ok     grad under shard_map   devices 1, difference 0
ok     second derivative      largest 49.8, wrong 0
limit  forward mode           TypeError: can't apply...; only jvp and jacfwd need it: jax.custom_jvp
ok     traced parameters      none given
ok     learned parameters     none learned
ok     bytes a spike          4
ok     rebuilding             traced once when built twice
ok     pickling               {bytes}
ok     closest shape          superspike(beta=25.0) to 3e-07"""


def test_the_report_says_why_something_is_not_measured():
    fault, drawn = (report(check(spike)).splitlines() for spike in (by_hand(jnp.zeros_like), OURS["sampled"][0]))
    assert fault[-1] == "-      closest shape          not measured, because of the fault above"
    assert drawn[7] == "limit  slope by jax.grad      drawn at random, so that it cannot be compared"


def test_the_command_line_builds_a_spike_from_numbers(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "10000")
    call = f"{__name__}:steep( height = -0.5, beta=7.0 )"
    assert main(["check", call]) == 1
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == call
    faults = [line[:50] for line in lines if line.startswith("FAULT")]
    assert faults == ["FAULT  non-negative           lowest -0.5, at 0; m"]
    assert lines[-3].startswith("limit  rebuilding             traced twice when built twice; ")
    assert lines[-1] == "ok     closest shape          scale(superspike(beta=7.0), height=-0.5) to 3e-07"


def test_the_straight_through_steps_of_softjax():
    """Half a spike at NaN; and smooth modes whose slopes are NaN far out, where their polynomials overflow."""
    softjax = needs("softjax")
    with as_others_expect():
        found = {mode: check(lambda x, mode=mode: softjax.heaviside_st(x, mode=mode)) for mode in ("c1", "c2")}
    assert all(faults(results) == {"finite", "silent at NaN"} for results in found.values())
    assert found["c1"]["H(0)"]["value"] == found["c1"]["silent at NaN"]["value"] == 0.5
    assert found["c1"]["closest shape"]["value"].startswith("epanechnikov(width=0.5)")
    assert found["c2"]["closest shape"]["value"].startswith("epanechnikov(width=0.5, n=2)")


# Other libraries, as they are

SNNAX = "snnax.functional.surrogate"
PEERS = [  # call, faults, limits beyond rebuilding and pickling, closest shape
    ("spyx.axn:superspike(25)", set(), {"forward mode"}, "superspike(beta=25.0)"),
    ("spyx.axn:arctan(2)", set(), {"forward mode"}, "scale(atan(alpha=4.0), height=0.159155)"),
    ("spyx.axn:custom()", {"non-negative", "peak at a threshold", "finite"}, {"forward mode", "falls again"}, "none"),
    ("braintools.surrogate:ReluGrad()", set(), set(), "scale(triangle, height=0.3)"),
    ("braintools.surrogate:SquarewaveFourierSeries()", {"non-negative", "finite"}, set(), "squarewave_fourier"),
    ("slax:fast_sigmoid(25)", set(), set(), "superspike(beta=25.0)"),
    ("slax:multi_gauss()", {"non-negative"}, set(), "scale(multi_gaussian(sigma=0.3), height=0.5)"),
    ("sparx.surrogate:FastSigmoid(25.0)", set(), set(), "superspike(beta=25.0)"),
    ("sparx.surrogate:Rectangle(1.0)", set(), set(), "rectangle"),
    # The slope is the derivative of a quotient of infinities.
    ("jaxpike.surrogate:FastSigmoid(25.0)", {"finite"}, {"bytes a spike"}, "superspike(beta=25.0)"),
    ("jaxpike.surrogate:ATan(2.0)", set(), {"bytes a spike"}, "atan"),
    ("jaxpike.surrogate:Triangular(1.0)", {"finite"}, {"bytes a spike"}, "triangle"),
    (f"{SNNAX}:superspike_surrogate(10.0)", set(), set(), "scale(reciprocal(alpha=10.0), height=0.1)"),
    (f"{SNNAX}:piecewise_surrogate(0.5)", set(), {"bytes a spike"}, "rectangle"),
    (f"{SNNAX}:sigmoid_surrogate(1.0)", {"slope by jax.grad"}, None, None),
]


@pytest.mark.parametrize(("call", "wrong", "lacking", "shape"), PEERS)
def test_what_is_found_in_another_library(call, wrong, lacking, shape):
    library = call.partition(":")[0]
    with as_others_expect():
        if library == SNNAX:
            import_snnax()
        needs(library)
        results = check(lambda: find(call))
    assert faults(results) == wrong
    if lacking is None:
        assert list(results)[-1] == "slope by jax.grad"
        return
    are_values = library in ("braintools.surrogate", "sparx.surrogate", "jaxpike.surrogate")
    assert limits(results) == lacking | (set() if are_values else {"rebuilding", "pickling"})
    assert results["closest shape"]["value"].partition(" to ")[0] == shape
