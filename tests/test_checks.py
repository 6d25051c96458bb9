"""`check` names the fault of a bad shape and clears the catalogue; `flow` and `fit_alpha` count as NumPy does."""

import contextlib
import functools
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from formulas import FACTS
from needs import exhaustive, sample
from reference import hat

import surrofun
from surrofun import check, derivative, fit_alpha, flow, make_spike, mix, report, scale, shape, shapes, shift
from surrofun.tools import check as tool
from surrofun.tools import probes

pytestmark = sample

KNOWN = {  # what the catalogue has for reasons that the docstrings tell
    "multi_gaussian": {"non-negative", "soft step fits"},
    "escape_exponential": {"finite", "peak near the threshold"},  # grows without bound
    "periodic_laplace": {"finite", "unimodal"},  # a bump at each threshold, nothing at infinity
    "squarewave_fourier": {"finite", "unimodal", "non-negative"},
}
NUMBERS = {"factorial": math.factorial, "pi": np.pi, "sqrt": np.sqrt, "exp": np.exp, "infinite": np.inf}
SAMPLE = {*KNOWN, "triangle", "superspike"}  # of the others, none has a limit either


def faults(results):
    return {name for name, result in results.items() if not result["ok"]}


@contextlib.contextmanager
def measuring(*names):
    """Have `check` measure these properties alone, of the many that it does."""
    with pytest.MonkeyPatch.context() as patch:
        for table in ("SHAPE_ROWS", "SPIKE_ROWS"):
            every = getattr(tool, table)
            patch.setattr(tool, table, [row for row in every if row[0] in names] or every)
        yield


def found(name, g, *args, **parameters):
    """What `check` finds of one property, and the line of it."""
    with measuring(name):
        results = check(g, *args, **parameters)
        return results[name], report(results)


@pytest.mark.parametrize("name", [n if n in SAMPLE else pytest.param(n, marks=exhaustive) for n in FACTS])
def test_catalogue(name):
    fact, parameters = FACTS[name], FACTS[name].settings[0]
    results = check(getattr(shapes, name), **parameters)
    assert faults(results) == KNOWN.get(name, set())
    height = eval(fact.peak, dict(NUMBERS), parameters)
    assert results["peak near the threshold"]["value"]["height"] == pytest.approx(height, rel=1e-4)
    lowest, *at = results["non-negative"]["value"].values()
    assert lowest <= fact.slope(np.linspace(-1000, 10, 101001), **parameters).min() + 1e-6
    for place in at:  # or else the slope is 0, or comes as close as one likes
        assert lowest == pytest.approx(fact.slope(np.array([place]), **parameters)[0], rel=1e-3, abs=1e-6)
    assert at or lowest == 0
    if name not in KNOWN:
        area = eval(fact.area, dict(NUMBERS), parameters)
        assert results["soft step fits"]["value"]["area"] == pytest.approx(area, rel=1e-4)


def root(x):
    return jnp.maximum(0, 1 - jnp.sqrt(jnp.abs(x)))


def root_soft(x):
    u = jnp.minimum(jnp.abs(x), 1.0)
    return 1 / 3 + jnp.sign(x) * (u - 2 / 3 * u * jnp.sqrt(u))


def everywhere(told):
    return re.escape(str(dict.fromkeys(("float16", "bfloat16", "float32"), told)))


def cauchy(x):
    return 1 / (1 + x * x)


def waits_for_a_number(x):
    return hat(x) if float(x[0, 0]) < 1e6 else jnp.ones_like(x)


def logistic_of(x):
    return jnp.exp(x) / (1 + jnp.exp(x)) ** 2


NARROWED = {"float16": "becomes float32", "bfloat16": "becomes float32"}
BAD = {
    "raises": (lambda x: x.potential, "runs", "AttributeError: .*no attribute 'potential'"),
    "if": (lambda x: 1.0 if x > 0 else 0.0, "runs", "ValueError: .*ambiguous.*"),
    "no function": (0.5, "runs", "TypeError: 'float' object is not callable"),
    "in the place of x": (
        functools.partial(shapes.sigmoid, 4.0),
        "runs",
        r".*which gives 4\.0 to x, .*, alpha=4\.0, .*",
    ),
    "coefficients": (
        lambda x, c=np.array([1.0, 2.0]): c[0] * hat(x) + c[1] * hat(2 * x),  # noqa: B008
        "runs",
        "IndexError: .*",
    ),
    "tuple": (lambda x: (x, x), "runs", "returns tuple"),
    "nothing": (lambda x: None, "runs", "returns NoneType"),
    "complex": (lambda x: jax.lax.complex(x, x), "runs", "returns complex64"),
    "part": (lambda x: x[:2], "shape kept", r"\(2, 256\) from \(3, 256\)"),
    "another axis": (lambda x: x[None], "shape kept", r"\(1, 3, 256\) from \(3, 256\)"),
    "softmax": (jax.nn.softmax, "elementwise", r"0\.\d+"),
    "cumulative": (lambda x: jnp.cumsum(x, 0), "elementwise", r"\d\.\d+"),
    "centred": (lambda x: hat(x - x.mean()), "elementwise", r"0\.\d+"),
    "of a neuron": (lambda x: hat(x / x.std(0)), "elementwise", r"0\.\d+"),
    "one number": (jnp.sum, "elementwise", r"\d+\.\d+"),
    "a number itself": (waits_for_a_number, "eager = jit = vmap = grad", "ConcretizationTypeError: .*"),
    "numpy": (lambda x: np.exp(-np.abs(x)), "eager = jit = vmap = grad", "TracerArrayConversionError: .*"),
    "size": (lambda x: hat(x) / x.size, "eager = jit = vmap = grad", r"\{'jit': .*, 'vmap': 0.99\d*, 'grad': .*\}"),
    "float32": (lambda x: hat(x).astype(jnp.float32), "dtype kept", re.escape(str(NARROWED))),
    "nan at 0": (lambda x: jnp.where(x == 0, jnp.nan, hat(x)), "finite", everywhere("nan at 0")),
    "nan at -0": (lambda x: jnp.where((x == 0) & jnp.signbit(x), jnp.nan, hat(x)), "finite", everywhere("nan at -0")),
    "infinite": (lambda x: 1 / jnp.sqrt(jnp.abs(x)), "finite", everywhere("inf at 0")),
    "overflow": (logistic_of, "finite", r"\{'float16': 'nan at 1.*, 'bfloat16': 'nan.*, 'float32': 'nan.*\}"),
    "half overflow": (lambda x: logistic_of(jnp.minimum(x, 20)), "finite", r"\{'float16': 'nan at 1\d.*'\}"),
    "negated": (lambda x: -hat(x), "non-negative", r"\{'lowest': -1\.0, 'at': 0\.0\}"),
    "higher than it says": (shape(hat, bounds=lambda: (0.0, 0.75)), "bounds hold", r"\{.*, 'beyond': 0.25\}"),
    "lower than it says": (shape(hat, bounds=lambda: (1.0, 0.25)), "bounds hold", r"\{'lowest': 0.25, .*: 0.25\}"),
    "far": (lambda x: hat(x - 5), "peak near the threshold", r"\{'height': 1\.0, 'at': 5\.0\}"),
    "zero": (jnp.zeros_like, "peak near the threshold", r"\{'height': 0\.0, 'at': 0\.0\}"),
    "narrow and far": (shift(scale(hat, 1e4), 3.3), "peak near the threshold", r".*: 10000\.0, 'at': 3\.29\d*\}"),
    "two humps": (lambda x: hat(2 * x) + hat(2 * x - 4), "unimodal", r"\{'valley': 1\.0, 'at': 0\.5\}"),
    "vertical": (shape(soft=root_soft)(root), "second derivative finite", "-?inf at 0"),
}
BAD |= {  # what is declared of 1 / (1 + x^2)
    f"soft step, {name}": (shape(cauchy, soft=soft), "soft step fits", value)
    for name, soft, value in [
        ("falls", lambda x: jnp.arctan(x) - jnp.sign(x), r"\{'area': 1\.14\d*, 'fall': 1\.99\d*, .*, .* \d.*\}"),
        ("half", lambda x: jnp.arctan(x) / 2, r".* 1\.57\d*, 'fall': 0\.0, 'slope off': 0\.[45]\d*, .* 1\.57\d*\}"),
        ("jumps up", lambda x: jnp.arctan(x) + jnp.where(x > 20, 0.5, 0.0), r".* 3\.64\d*, 'fall': 0\.0, .* 0\.5\d*\}"),
        ("nan at -inf", lambda x: x / (1 + x), "ValueError: .* the limit at -inf, got NaN; write soft= without .*"),
        ("nan at inf", lambda x: jnp.where(x == jnp.inf, jnp.nan, jnp.arctan(x)), ".* at inf, got NaN; write soft=.*"),
    ]
}


def test_a_slope_that_is_no_number():
    nowhere, _ = found("peak near the threshold", lambda x: x * jnp.nan)
    assert nowhere["value"] == "ValueError: no slope is a finite number"
    beside, _ = found("peak near the threshold", lambda x: jnp.where(abs(x) < 1e-3, jnp.nan, hat(x)))
    assert beside["value"]["height"] == pytest.approx(0.999, abs=1e-3)
    assert (nowhere["ok"], beside["ok"]) == (False, False)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_shape_has_its_fault_named(name):
    shape, fault, value = BAD[name]
    if name == "narrow and far":  # whose soft step takes its time
        result, told = found(fault, shape)
    else:
        results = check(shape)
        assert faults(results) == {fault} | ({"soft step fits"} if name == "negated" else set())
        result, told = results[fault], report(results)
    assert re.fullmatch(value, str(result["value"]))
    line = next(line for line in told.splitlines() if fault in line)
    assert line.startswith("FAULT  ")
    assert line.endswith(result["advice"])


@pytest.mark.parametrize("soft", [jax.nn.sigmoid, lambda x: jnp.arctan(9 * x) / np.pi + 0.5, shapes.leaky_step])
def test_a_soft_step_in_the_place_of_its_slope_is_a_limit(soft):
    for f in (soft, make_spike(soft)):
        told = "limit  falls again  0; it never falls again; is it a soft step? derivative(f)"
        assert found("falls again", f)[1] == told
    for slope in (derivative(soft), shapes.straight_through, lambda x: 1 - 0.01 * hat(x)):
        assert not found("falls again", slope)[0]["limit"]


def falling(by):
    return shape(cauchy, soft=lambda x: jnp.arctan(x) + jnp.where(x > 0, np.pi / 2 - by, np.pi / 2))


SIDES = {
    "peak near the threshold": (lambda x: hat(x - 0.49), lambda x: hat(x - 0.51)),
    "unimodal": (lambda x: hat(x) + 0.0005 * hat(4 * x - 8), lambda x: hat(x) + 0.002 * hat(4 * x - 8)),
    "non-negative": (lambda x: hat(x) - 5e-6, lambda x: hat(x) - 5e-5),
    "soft step fits": (falling(1e-6), falling(1e-3)),
}


@pytest.mark.parametrize("fault", SIDES)
def test_on_which_side_of_a_limit(fault):
    inside, outside = SIDES[fault]
    assert found(fault, inside)[0]["ok"]
    assert not found(fault, outside)[0]["ok"]


def test_bounds_that_are_wider_than_the_slopes_are_a_limit():
    @surrofun.combinator(bounds=lambda g, low=-1.0, high=1.0: surrofun.bounds(g))
    def clip(x, g, low=-1.0, high=1.0):
        return jnp.clip(g(x), low, high)

    for g, ends in (
        (clip(shapes.triangle, high=0.5), "lowest 0, highest 1, slopes 0 to 0.5"),
        (clip(shapes.triangle, low=0.25), "lowest 0, highest 1, slopes 0.25 to 1"),
        (shape(hat, bounds=lambda: (-1.0, 1.0)), "lowest -1, highest 1, slopes 0 to 1"),
    ):
        line = f"limit  bounds hold  {ends}; declare the least and the largest slope, shape(g, bounds=...)"
        assert found("bounds hold", g)[1].splitlines()[-1] == line
    slow = shape(lambda x: (1 + jnp.abs(x)) ** -0.05, bounds=lambda: (0.0, 1.0))  # 0 at infinity alone
    assert not found("bounds hold", slow)[0]["limit"]


def test_a_fault_of_form_leaves_the_soft_step_measured():
    results = check(lambda x: hat(x - 1) + hat(x + 1))
    assert faults(results) == {"peak near the threshold", "unimodal"}
    assert results["soft step fits"]["value"]["area"] == pytest.approx(2, rel=1e-4)


def test_a_shape_without_a_closed_form():
    def peaked(x, beta, height=1.0):
        return height / (1 + beta * jnp.abs(x)) ** 2

    results = check(peaked, 10.0, height=3.0)
    assert faults(results) == set()
    value = {name: result["value"] for name, result in results.items()}
    assert value["peak near the threshold"] == {"height": 3.0, "at": 0.0}
    assert value["soft step fits"]["area"] == pytest.approx(0.6, rel=1e-3)
    assert value["second derivative finite"]["largest"] == pytest.approx(60, rel=1e-3)
    line = r"limit  learned parameters         beta \d\S+, height \d\S+, times as slow \d\S*; a search is .* soft=, .*"
    assert re.fullmatch(line, report(results).splitlines()[-1])
    assert value["learned parameters"].pop("times as slow") > 1
    assert set(value["learned parameters"]) == {"beta", "height"}
    assert max(value["learned parameters"].values()) < 1e-3
    assert learned(peaked, 10, height=3)["value"] == "none given; height=1.0 would be measured"


def learned(g, *args, **parameters):
    return found("learned parameters", g, *args, **parameters)[0]


def gate(x, width):
    return jnp.where(jnp.abs(x) < width / 2, 1 / width, 0.0)


@exhaustive
def test_few_jumps_may_move():
    """Of more the gradient is NaN."""

    def stairs(x, width):
        return jnp.round(8 * jnp.exp(-jnp.square(x / width)))

    result, refused = learned(shape(gate)(width=1.0)), learned(shape(stairs)(width=1.0))
    assert (result["limit"], result["value"]["width"] < 0.02, "soft=" in result["advice"]) == (True, True, True)
    assert (refused["ok"], np.isnan(refused["value"]["width"])) == (False, True)


@pytest.mark.parametrize("width", [np.float32(1), jnp.ones(())])
def test_every_number_that_is_not_whole_is_learned(width):
    assert set(learned(shapes.rectangle(width=width))["value"]) == {"width"}


def test_parameters_of_one_name_are_told_apart():
    wrong = shape(lambda x, alpha: jnp.exp(-alpha * abs(x)), soft=lambda x, alpha: jnp.tanh(x + 0 * alpha))
    result = learned(mix(shapes.atan(alpha=2.0), wrong(alpha=4.0)))
    assert list(result["value"]) == ["alpha 1", "alpha 2"]
    assert result["value"]["alpha 1"] < 1e-3 < 0.1 < result["value"]["alpha 2"]


def test_the_number_of_a_module_that_names_none_is_counted():
    class Bell:
        def __init__(self, alpha):
            self.alpha = alpha

        def __call__(self, x):
            return jnp.exp(-self.alpha * jnp.abs(x))

    jax.tree_util.register_pytree_node(Bell, lambda bell: ((bell.alpha,), None), lambda _, children: Bell(*children))
    assert probes.floats_in(Bell(2.0))[:2] == (["0"], [2.0])
    names, values, rebuilt = probes.floats_in(scale(Bell(2.0), 3.0))
    assert (names, values) == (["alpha", "g"], [3.0, 2.0])
    assert jax.tree.leaves(rebuilt([4.0, 5.0])) == [4.0, 5.0]


@pytest.mark.parametrize("place", [pytest.param(0.05, marks=exhaustive), 0.01])
def test_a_small_number_that_does_not_learn_is_a_fault(place):
    def bump(x, place=0.0):
        return 1 / jnp.cosh(x - jax.lax.stop_gradient(place)) ** 2

    assert not learned(shape(bump)(place=place))["ok"]


def test_what_is_much_wider_than_the_potentials_learns():
    assert learned(shapes.sigmoid(alpha=1e-4))["ok"]


def test_a_declared_soft_step_is_compared_with_the_slope():
    """That of g has a derivative that is right where a is 1, and its derivative by a is that of another shape."""
    g = shape(lambda x, a: 1 / (1 + a * x * x), soft=lambda x, a: jnp.arctan(a * x) / a)
    right = shape(lambda x, a: 1 / (1 + a * x * x), soft=lambda x, a: jnp.arctan(jnp.sqrt(a) * x) / jnp.sqrt(a))
    assert not learned(scale(g(a=1.0), 2.0))["ok"]
    # At infinity S is pi / a and pi / sqrt(a), of which the derivatives are -pi and -pi / 2: off by all of it.
    result = learned(g, a=1.0)
    assert (result["ok"], result["value"]["a"]) == (False, pytest.approx(1, abs=0.1))
    declared = shape(gate, soft=lambda x, width: jnp.clip(x / width, -0.5, 0.5))
    for result in (learned(right, a=1.0), learned(declared, 1.0), learned(shapes.rectangle, width=1.0)):
        assert (result["ok"], result["limit"]) == (True, False)
        assert max(result["value"].values()) < 0.02


@exhaustive
def test_what_is_searched_for_or_not_compared_is_a_limit():
    g = shape(lambda x, alpha: jnp.maximum(0, 1 - alpha * jnp.abs(x)))
    assert learned(shift(g(alpha=2.0), 0.1))["limit"]

    def comb(x):
        return jnp.where(jnp.abs(x) < 1, jnp.floor(400 * x) % 2, 0.0)

    def soft(x):
        u = jnp.clip(x, -1, 1)
        k = jnp.floor(400 * u)
        return k // 2 / 400 + k % 2 * (u - k / 400)

    result, _ = found("soft step fits", shape(comb, soft=soft))
    assert (result["ok"], result["limit"], result["value"]["integral off"]) == (True, True, "not found")
    result = learned(shapes.power_law, alpha=3.0, q=1.0)  # of finite area for a larger q
    assert (result["ok"], result["limit"], result["value"]) == (True, True, "integral not found")


def of_the_first_neuron(x, c):
    return c[0] * jnp.tanh(x) + c[1] * x


@pytest.mark.parametrize(
    ("made", "what", "height"),
    [(lambda g: g, "bounds hold", "highest"), (make_spike, "slope by jax.grad", "peak")],
    ids=["shape", "spike"],
)
def test_an_array_is_one_number_a_neuron(made, what, height):
    result, _ = found(what, made(shapes.triangle), alpha=jnp.array([2.0, 100.0]))
    assert (result["ok"], result["value"][height]) == (True, pytest.approx(2))
    for alpha in (np.ones(1), np.array([1.0, 100.0])):
        result, _ = found(what, made(shapes.triangle(alpha=alpha)))
        assert (result["ok"], result["value"][height]) == (True, pytest.approx(1))
    c = jnp.array([2.0, 0.5])
    for g in (of_the_first_neuron, lambda x, c: hat(x) * jnp.sort(c), lambda x, c: hat(x) * c.sum()):
        assert faults(check(made(g), c)) == faults(check(made(g), c=c)) == {"runs"}
    assert "c of shape (2,) is not used as one number a neuron" in check(made(g), c)["runs"]["value"]


def nearest(levels, g, x):
    """A code whose table has one number for each value that is kept."""

    def encode(slope, t):
        return abs(slope[..., None].astype(t.dtype) - t).argmin(-1)

    return encode, lambda kept, like, t: t[kept], (levels,)


def stairs(x, levels):
    return jnp.sum(x[..., None] >= levels, -1).astype(x.dtype)


@exhaustive
def test_what_a_step_or_a_code_holds_may_be_no_number_a_neuron():
    spike = make_spike(shapes.triangle, residual=jax.tree_util.Partial(nearest, jnp.linspace(0, 1, 33)))
    assert faults(check(spike)) == set()
    spike = make_spike(shapes.triangle, step=functools.partial(stairs, levels=jnp.array([0.0, 0.5, 1.0])))
    assert check(spike)["fires"]["value"]["levels"] == "0 1 2 3"


def test_float64_is_checked_where_it_is_enabled(x64):
    def narrow(x):
        return jnp.ones(x.shape, jnp.float32)

    assert found("dtype kept", narrow)[0]["value"] == {**NARROWED, "float64": "becomes float32"}
    assert found("finite", narrow)[0]["value"] == "float16, bfloat16, float32, float64"


def test_report_has_a_line_for_every_property():
    good, bad = (report(check(g)).splitlines() for g in (shapes.triangle, jnp.sum))
    assert [line[:6] for line in good] == ["ok    "] * 14
    assert [line[:6].strip() for line in bad] == ["ok", "ok", "FAULT", *["-"] * 11]
    assert re.fullmatch(r"ok     soft step fits {13}area 1, fall 0, slope off 0, integral off \d\S*e-07", good[11])
    assert bad[11] == "-      soft step fits             not measured, because of the fault above"


POTENTIALS = np.random.default_rng(1).normal(0.0, 0.7, (50, 4, 6)).astype(np.float32)  # time, batch, neurons
POTENTIALS[..., 2] += 30  # always far above the threshold
POTENTIALS[:, 1, 4] += 30  # in one sample alone
STEEPNESS = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0], np.float32)  # one a neuron


def measured(x):
    """What `flow` has to find for triangles: the support ends where 1 - alpha |x| is 0.01."""
    x, alpha = np.asarray(x, np.float64), STEEPNESS.astype(np.float64)
    slope, inside = alpha * np.maximum(0, 1 - alpha * abs(x)), alpha * abs(x) < 0.99
    dead = ~inside.any((0, 1))
    means = {"mean": slope.mean(), "rms": np.sqrt((slope**2).mean())}
    return {"rate": (x >= 0).mean(), "inside": inside.mean(), **means, "dead": dead.mean()}


def test_flow_in_a_training_step():
    """Compiled, under a gradient, with traced parameters; a mean of 1200 numbers in half precision would be 1 % off."""

    def loss(x, alpha):
        told = flow(shapes.triangle, x, alpha, axis=(0, np.int64(1)))
        return sum(told.values()), told

    x = jnp.asarray(POTENTIALS, jnp.bfloat16)
    gradients, told = jax.jit(jax.grad(loss, (0, 1), has_aux=True))(x, jnp.asarray(STEEPNESS))
    assert {v.dtype for v in told.values()} == {jnp.dtype(jnp.float32)}
    assert {k: float(v) for k, v in told.items()} == pytest.approx(measured(x), rel=1e-5)
    assert not any(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("neurons", [3, 49, 100])
def test_a_share_of_no_neuron_is_0(neurons):
    told = jax.jit(lambda x: flow(shapes.superspike, x))(jnp.zeros((7, neurons)))
    assert told["dead"] == 0  # as 1 less a share of all it was 2e-8, and -3e-8


def test_flow_where_there_is_no_peak_and_no_number():
    @jax.jit
    def measure(x):
        return flow(shapes.escape_exponential, x[:, 0]), flow(jnp.zeros_like, x[0, 0]), flow(hat, x)

    endless, flat, missing = measure(jnp.array([[0.5, jnp.nan], [-0.5, jnp.nan]]))
    assert np.isnan([endless["inside"], endless["dead"]]).all()
    assert endless["rate"] == 0.5
    assert {k: float(v) for k, v in flat.items()} == {"rate": 1, "inside": 0, "mean": 0, "rms": 0, "dead": 1}
    assert (missing["rate"], missing["inside"], missing["dead"]) == (0.25, 0.5, 0.5)


def test_flow_evaluates_the_potentials_once():
    sizes = []

    def counted(x):
        sizes.append(x.size)
        return hat(x)

    jax.eval_shape(lambda x: flow(counted, x), jnp.zeros((1000, 100)))
    assert sizes.count(100_000) == 1
    assert max(size for size in sizes if size != 100_000) < 10_000  # to find the peak


EDGES = {  # where the slope is 1 % of the peak, below and above the threshold, by hand
    "asym": (surrofun.asym(shapes.laplace, shapes.superspike(beta=2.0)), -np.log(50), 4.5),
    "two humps": (lambda x: hat(4 * x) + hat(4 * x - 1) / 2, -0.2475, 0.495),
    "one side": (shapes.log_tailed_step, -1e-30, 100.0),
}


@pytest.mark.parametrize("name", EDGES)
def test_fit_alpha(name):
    """The k-th of the potentials, by their distance in units of the support, is the last one inside."""
    g, below, above = EDGES[name]
    x = POTENTIALS[..., 0].ravel()

    coverages = np.array([0.0525, 0.3025, 0.4525] if name == "one side" else [0.0525, 0.5025, 0.9025, 1.0])
    alphas = jax.jit(jax.vmap(lambda coverage: fit_alpha(g, x, coverage)))(jnp.float32(coverages))
    distance = np.sort(np.where(x < 0, x / np.float64(below), x / above))
    last = distance[np.ceil(coverages * x.size).astype(int) - 1]
    np.testing.assert_allclose(alphas, 1 / last, rtol=1e-5)


@pytest.mark.parametrize(("count", "inside"), [(25, 5), (25, 9), (29, 3)])
def test_fit_alpha_takes_no_more_than_asked_for(count, inside):
    """A mean of float32 may be a digit less than the share."""
    x = jnp.arange(1.0, count + 1)
    alpha = fit_alpha(hat, x, inside / count)
    assert flow(scale(hat, alpha), x)["inside"] * count == pytest.approx(inside)


def test_flow_has_the_coverage_that_was_fitted():
    """Though the support has a hole and a side lobe, and the potentials are in volts and half precision."""

    def lobed(x):
        return hat(x) - hat(x - 3) / 2

    covered = jax.jit(lambda x: flow(scale(lobed, fit_alpha(lobed, x, 0.4)), x)["inside"])
    x = jnp.asarray(1e-3 * POTENTIALS[..., 0], jnp.float16)
    assert covered(x) == pytest.approx(0.4, abs=1.001 / x.size)


def test_fit_alpha_that_cannot_be():
    x, far, flat = POTENTIALS.ravel(), shift(hat, 2.0), jnp.ones_like
    few = "too few potentials are inside at every alpha: the support does not reach the threshold, or it has no peak"
    many = "as many potentials or more are inside at every alpha: the support has no end there, or they are 0; "
    many += "of a soft step S, take derivative(S)"
    for g, reason in ((far, few), (flat, many)):
        text = f"fit_alpha: expected a coverage that some alpha of {g.__name__} gives, got 0.9; {reason}"
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            fit_alpha(g, x, 0.9)
    assert jax.jit(lambda x: [fit_alpha(g, x, 0.9) for g in (far, flat)])(x) == [0, np.inf]
