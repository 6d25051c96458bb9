"""Parameters get the gradient of the soft step: against hand-worked derivatives and finite differences."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import EXHAUSTIVE, eager_or_jit, exhaustive, sample
from reference import FAST, LAPLACE, laplace, logistic, power
from scipy.integrate import quad
from scipy.special import erf

import surrofun
from surrofun import antiderivative, area, asym, derivative, make_spike, mix, normalize, scale, shape, shapes, shift

pytestmark = sample

X, ALPHA = 0.3, 4.0
S = logistic(ALPHA * X)
DS_DALPHA = X * S * (1 - S)  # of the logistic function: 0.0534
DG_DALPHA = S * (1 - S) * (1 + ALPHA * X * (1 - 2 * S))  # of its slope: 0.0632
JVP = pytest.param(True, id="jvp", marks=exhaustive)
BOTH = pytest.mark.parametrize("forward_mode", [pytest.param(False, id="vjp"), JVP])


class Config:
    """An object into which JAX does not look."""

    def __init__(self, alpha):
        self.alpha = alpha


@shape(soft=lambda x, config: jax.nn.sigmoid(config.alpha * x))
def configured(x, config):
    return shapes.sigmoid(x, config.alpha)


def spikes(forward_mode):
    """The same surrogate, its parameter at call time, inside a closure, by keyword; two have no closed form."""
    make = functools.partial(make_spike, learnable=True, forward_mode=forward_mode)
    return {
        "call time": make(shapes.sigmoid),
        "keyword": lambda x, a: make(shapes.sigmoid)(x, alpha=a),
        "bound": lambda x, a: make(shapes.sigmoid(alpha=a))(x),
        "partial": lambda x, a: make(functools.partial(shapes.sigmoid, alpha=a))(x),
        "scale": lambda x, a: make(scale(shapes.sigmoid(alpha=1.0), a))(x),
        "normalized": make(scale(normalize(shapes.sigmoid, area=2.0), height=0.5)),  # the area does not move
        "in an object": lambda x, a: make(configured)(x, Config(a)),
        "in an object, bound": lambda x, a: make(scale(configured(config=Config(a)), 1.0))(x),
        "closed over": lambda x, a: make(lambda x: shapes.sigmoid(x, a))(x),
        "no closed form": make(lambda x, a: a * jnp.exp(-a * jnp.abs(x)) / (1 + jnp.exp(-a * jnp.abs(x))) ** 2),
    }


@BOTH
def test_first_order(forward_mode, x64):
    made = spikes(forward_mode)
    compiled = jax.jit(lambda x, a: {kind: jax.grad(spike, (0, 1))(x, a) for kind, spike in made.items()})(X, ALPHA)
    del made["closed over"], made["no closed form"]  # since a quadrature is slow
    eager = {kind: jax.grad(spike, (0, 1))(X, ALPHA) for kind, spike in made.items()}
    of_jit = {kind: jax.grad(jax.jit(spike), (0, 1))(X, ALPHA) for kind, spike in made.items() if EXHAUSTIVE}
    for kind, got in [*compiled.items(), *eager.items(), *of_jit.items()]:
        np.testing.assert_allclose(got, [ALPHA * S * (1 - S), DS_DALPHA], rtol=1e-6, err_msg=kind)


@BOTH
def test_grad_of_grad(forward_mode, x64):
    """Mixed derivatives agree in both orders: dg/dalpha."""

    def seconds(spike, x, a):
        by_alpha = jax.grad(spike, 1)
        return jax.grad(jax.grad(spike, 0), 1)(x, a), jax.grad(by_alpha, 0)(x, a), jax.grad(by_alpha, 1)(x, a)

    kinds = ("call time", "scale", "closed over") if EXHAUSTIVE else ("call time", "scale")  # a quadrature is slow
    made = {kind: spikes(forward_mode)[kind] for kind in kinds}
    twice = X**2 * S * (1 - S) * (1 - 2 * S)
    compiled = jax.jit(lambda x, a: {kind: seconds(spike, x, a) for kind, spike in made.items()})(X, ALPHA)
    for kind, got in compiled.items():
        np.testing.assert_allclose(got, [DG_DALPHA, DG_DALPHA, twice], rtol=1e-6, err_msg=kind)


@BOTH
def test_grad_of_grad_by_two_parameters(forward_mode, x64):
    """At infinity the derivative by the place is 0, and that of it by the steepness would be 0 * inf."""

    def soft(x, alpha, by):
        return (jnp.tanh(alpha * (x - by)) + 1) / 2

    spike = make_spike(derivative(soft), learnable=True, forward_mode=forward_mode)
    got, want = (
        jax.jit(jax.hessian(f, (1, 2)) if forward_mode else jax.jacrev(jax.grad(f, (1, 2)), (1, 2)))(X, 1.7, 0.2)
        for f in (spike, soft)
    )
    np.testing.assert_allclose(got, want, rtol=1e-6)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(eq=False)
class Bumps:
    """A module, as one of equinox: a function with arrays, of which only it knows how they are used."""

    centres: jax.Array

    def __call__(self, x):
        return sum(jnp.exp(-((x - self.centres[i]) ** 2)) for i in range(3))


@eager_or_jit
@pytest.mark.parametrize(
    "of", [lambda m: m, lambda m: derivative(antiderivative(m)), shift], ids=["it", "back", "shift"]
)
def test_what_a_module_holds_is_not_one_number_a_neuron(of, way):
    """Though there are as many. By quadrature of dg/dc, which is -dg/dx of a bump."""
    x, centres = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), np.float32([-1, 0, 1])
    got = way(jax.grad(lambda c: make_spike(of(Bumps(c)), learnable=True)(x).sum()))(centres)
    np.testing.assert_allclose(got, -np.exp(-((x[..., None] - centres) ** 2)).sum((0, 1)), rtol=1e-4)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(eq=False)
class Box:
    width: jax.Array

    def __call__(self, x):
        return jnp.where(abs(x) < self.width, 1.0, 0.0)


@eager_or_jit
def test_one_number_that_a_module_holds_moves_its_jumps(way):
    """Inside of the box S is x + width."""
    by_width = way(jax.grad(lambda width: make_spike(Box(width), learnable=True)(jnp.float32([-0.3, 0.1, 3.0])).sum()))
    assert by_width(jnp.float32(0.7)) == pytest.approx(1 + 1 + 2, rel=1e-3)


@functools.partial(jax.tree_util.register_dataclass, data_fields=["weights", "centres"], meta_fields=["step"])
@dataclasses.dataclass
class Struct:
    """A pytree that is no function: only the shape knows how its arrays are used."""

    weights: jax.Array
    centres: jax.Array
    step: object


def of_a_struct_soft(x, struct):
    return sum(struct.weights[i] * struct.step(x - struct.centres[i]) for i in range(3))


@shape(soft=of_a_struct_soft)
def of_a_struct(x, struct):
    return jax.jvp(lambda x: of_a_struct_soft(x, struct), (x,), (jnp.ones_like(x),))[1]


@eager_or_jit
@pytest.mark.parametrize("of", [lambda g: g, scale], ids=["it", "scale"])
def test_a_parameter_that_is_a_struct(of, way):
    """Its arrays are as long as there are neurons, and its function holds a tracer: S = sum w / (1 + e^-a(x-c))."""
    x, w, c = np.float32([-0.5, 0.1, 0.7]), np.float32([1, 2, -1]), np.float32([-0.5, 0.1, 0.6])
    s = logistic(2.0 * (x[:, None] - c))
    by_hand = s.sum(0), (w * s * (1 - s) * (x[:, None] - c)).sum()

    def loss(w, a):
        g = of_a_struct(struct=Struct(w, jnp.asarray(c), lambda x: jax.nn.sigmoid(a * x)))
        return make_spike(of(g), learnable=True)(x).sum()

    for learned, wanted in zip(way(jax.grad(loss, (0, 1)))(w, 2.0), by_hand, strict=True):
        np.testing.assert_allclose(learned, wanted, rtol=1e-5)


@jax.tree_util.register_pytree_node_class
class Logistic:
    """A module among whose leaves is a bool, between numbers that are learned."""

    def __init__(self, *leaves):
        self.leaves = leaves

    def tree_flatten(self):
        return self.leaves, None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        return cls(*leaves)

    def __call__(self, x):
        alpha, rises, centre, height = self.leaves
        return height * jax.nn.sigmoid(jnp.where(rises, alpha, -alpha) * (x - centre))


@jax.tree_util.register_pytree_node_class
class Converted(Logistic):
    """As a plain constructor does, though JAX asks not to convert where a tree is put together."""

    def __init__(self, *leaves):
        super().__init__(*map(jnp.asarray, leaves))


@exhaustive
@pytest.mark.parametrize("module", [Logistic, Converted])
@pytest.mark.parametrize("rises", [True, False])
@pytest.mark.parametrize("alpha", [2.0, np.float32([2, 1, 3])], ids=["number", "array"])
def test_a_bool_among_its_leaves_is_no_parameter(alpha, rises, module):
    """S = h (1 / (1 + exp(-u)) - c) of u = +-a (x - m): by hand. Where it falls, c is 1, since S(-inf) is 0."""
    x, m, h, sign = np.float32([-0.7, 0.2, 0.9]), 0.3, 1.5, 1 if rises else -1
    s = logistic(sign * alpha * (x - m))
    by_u = sign * h * s * (1 - s)
    by_alpha = by_u * (x - m)
    by_hand = by_alpha if np.ndim(alpha) else by_alpha.sum(), -(by_u * alpha).sum(), (s - (not rises)).sum()

    def loss(numbers):
        a, m, h = numbers
        return make_spike(derivative(module(a, rises, m, h)), learnable=True)(x).sum()

    for learned, wanted in zip(jax.grad(loss)((alpha, m, h)), by_hand, strict=True):
        np.testing.assert_allclose(learned, wanted, rtol=1e-5)


@pytest.mark.parametrize(("size", "x"), [((1,), 0.3), ((1, 1), [0.3, -0.1, 0.5])], ids=["1", "1x1"])
@eager_or_jit
def test_one_number_with_more_axes_than_the_potential(size, x, way):
    """As a weight of a layer has them. The soft step of c / cosh(x)^2 is c (1 + tanh(x))."""

    def loss(c):
        return make_spike(lambda x: c.sum() / jnp.cosh(x) ** 2, learnable=True)(jnp.float32(x)).sum()

    by_c = way(jax.grad(loss))(jnp.full(size, 1.5))
    np.testing.assert_allclose(by_c, np.full(size, (1 + np.tanh(x)).sum()), rtol=1e-5)


@eager_or_jit
@pytest.mark.parametrize(
    ("residual", "options"),
    [(None, {}), (jnp.uint8, {}), pytest.param(None, {"forward_mode": True}, marks=exhaustive)],
    ids=["vjp", "uint8", "jvp"],
)
def test_by_x_and_by_the_parameter_in_turn(residual, options, way, x64):
    """Whatever has been differentiated before, and in which order."""
    spike = way(make_spike(shapes.sigmoid, learnable=True, residual=residual, **options))
    by_x, by_alpha = jax.grad(spike), jax.grad(spike, 1)
    for _ in range(2):
        np.testing.assert_allclose(by_x(X, ALPHA), ALPHA * S * (1 - S), rtol=1e-6 if residual is None else 0.01)
        np.testing.assert_allclose(by_alpha(X, ALPHA), DS_DALPHA, rtol=1e-6)
        if residual is None:
            np.testing.assert_allclose(jax.grad(by_x, 1)(X, ALPHA), DG_DALPHA, rtol=1e-6)


@exhaustive
@eager_or_jit
def test_a_slope_that_is_the_parameter_itself(way):
    """A function that returns what it closes over as it is: its area is infinite, and S is c x."""
    for c, x in ((jnp.float32(2), jnp.float32(0.25)), (jnp.array([2.0, 3.0]), jnp.array([0.25, 0.5]))):
        by_c = way(jax.grad(lambda c, x=x: make_spike(lambda x: c, learnable=True)(x).sum()))(c)
        np.testing.assert_allclose(by_c, x, rtol=1e-5)


@BOTH
def test_per_neuron_and_mix_weights(forward_mode, x64):
    x, c = jnp.linspace(-1, 1, 12).reshape(4, 3), np.arange(12.0).reshape(4, 3) - 3
    alpha = np.array([1.0, 2.0, 4.0])

    def loss(alpha, weights):
        g = mix(scale(shapes.sigmoid(alpha=1.0), alpha), shapes.triangle, weights=weights)
        return (c * make_spike(g, learnable=True, forward_mode=forward_mode)(x)).sum()

    by_alpha, by_weights = jax.jit(jax.grad(loss, (0, 1)))(alpha, np.array([0.7, 0.0]))  # a weight of 0 can grow
    x = np.asarray(x)
    s = logistic(alpha * x)
    triangle = np.where(x < 0, (1 + x) ** 2 / 2, 1 - (1 - x) ** 2 / 2)
    np.testing.assert_allclose(by_alpha, (c * 0.7 * x * s * (1 - s)).sum(0), rtol=1e-9)
    np.testing.assert_allclose(by_weights, [(c * s).sum(), (c * triangle).sum()], rtol=1e-9)


SHAPES = [
    pytest.param(lambda p: shapes.sigmoid(alpha=p), id="sigmoid"),
    pytest.param(
        lambda p: asym(scale(shapes.laplace, p), mix(shift(shapes.atan, p / 5), shapes.superspike)), id="composed"
    ),
    pytest.param(lambda p: lambda x: jnp.exp(-p * jnp.abs(x)), id="no closed form", marks=exhaustive),
]


@BOTH
@pytest.mark.parametrize("build", SHAPES)
def test_it_is_the_gradient_of_the_soft_network(build, forward_mode, x64):
    """With the soft step forward the network is differentiable, and finite differences tell its gradient."""
    drive = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (12, 3)))

    def loss(w, p):
        soft = antiderivative(build(p))
        spike = make_spike(build(p), step=soft, learnable=True, forward_mode=forward_mode)

        def step(v, x):
            v = 0.9 * v + x @ w
            z = spike(v - 1.0)
            return v - z, z

        return jnp.square(jax.lax.scan(step, jnp.zeros(2), drive)[1]).sum()

    w, p, h = jnp.array([[0.3, 0.1], [-0.2, 0.5], [0.4, 0.2]]), 2.0, 1e-5
    loss_and_gradient = jax.jit(jax.value_and_grad(loss, (0, 1)))

    def difference(dw, dp):
        return (loss_and_gradient(w + dw, p + dp)[0] - loss_and_gradient(w - dw, p - dp)[0]) / (2 * h)

    by_w, by_p = loss_and_gradient(w, p)[1]
    np.testing.assert_allclose(by_p, difference(0.0, h), rtol=1e-5)
    np.testing.assert_allclose(by_w[0, 1], difference(jnp.zeros_like(w).at[0, 1].set(h), 0.0), rtol=1e-5)


@BOTH
@pytest.mark.parametrize("x", [0.1, -0.1, 2.0])
def test_a_parameter_inside_of_a_normalized_area(forward_mode, x, x64):
    """With b = 1 + beta |x| the slope is beta / 2 / b^2, and S is 1 / 2 / b below the threshold."""
    made = {
        "call time": normalize(shapes.superspike, area=1.0),
        "composed": normalize(asym(shapes.superspike, shift(shapes.superspike, 0.0)), area=1.0),
    }
    beta, b = 5.0, 1 + 5.0 * abs(x)
    for kind, g in made.items():
        spike = make_spike(g, learnable=True, forward_mode=forward_mode)
        soft_step = 1 / 2 / b if x < 0 else 1 - 1 / 2 / b
        np.testing.assert_allclose(antiderivative(g)(x, beta), soft_step, rtol=1e-9, err_msg=kind)
        np.testing.assert_allclose(jax.grad(spike, 1)(x, beta), x / 2 / b**2, rtol=1e-9, err_msg=kind)
        by_slope = jax.grad(lambda beta, spike=spike: jax.grad(spike)(x, beta))(beta)
        np.testing.assert_allclose(by_slope, (2 - b) / 2 / b**3, rtol=1e-9, err_msg=kind)


@exhaustive
@BOTH
def test_a_half_whose_own_soft_step_does_not_begin_at_zero(forward_mode, x64):
    """exp(x / tau) below: S = tau exp(x / tau), where its own closed form has S(0) = 0."""

    def spike(tau, x):
        g = asym(shapes.exp_saturating(tau=tau), shapes.triangle)
        return make_spike(g, learnable=True, forward_mode=forward_mode)(x)

    for x, by_hand in [(-0.5, 2 / np.e), (-9.0, np.exp(-18.0) * 19), (0.0, 1.0), (0.3, 1.0)]:
        np.testing.assert_allclose(jax.grad(spike)(0.5, x), by_hand, rtol=1e-9, atol=1e-12)


CLOSED_FORMS = {
    "begins at 0, where JAX has 0 * inf": lambda x, alpha: 1 / (1 + jnp.exp(-alpha * x)),
    "begins at -1/2, where JAX has 0 * inf": lambda x, alpha: 1 / (1 + jnp.exp(-alpha * x)) - 0.5,
    "ends at 1/2, where JAX has 0 * inf": lambda x, alpha: 0.5 - 1 / (1 + jnp.exp(alpha * x)),
}


@exhaustive
@pytest.mark.parametrize("soft", CLOSED_FORMS.values(), ids=CLOSED_FORMS)
def test_a_closed_form_that_has_reached_its_limits_does_not_move_there(soft):
    declared = shape(lambda x, alpha: shapes.sigmoid(x, alpha), soft=soft)
    for g in (declared, scale(declared, 1.0), normalize(declared, area=1.0)):
        np.testing.assert_allclose(jax.grad(make_spike(g, learnable=True), 1)(X, ALPHA), DS_DALPHA, rtol=1e-5)


@exhaustive
@BOTH
@pytest.mark.parametrize("amplitude", [0.0, 1e-6, 2.0])
def test_a_limit_that_is_zero_for_this_parameter_alone_moves_with_it(forward_mode, amplitude):
    """S is a (1 + tanh x), whose closed form begins at -a: also for a = 0 the gradient is 1 + tanh x."""
    g = shape(lambda x, a: a / jnp.cosh(x) ** 2, soft=lambda x, a: a * jnp.tanh(x))
    for made in (g, mix(g, g), scale(g, 1.0)):
        by_a = jax.grad(make_spike(made, learnable=True, forward_mode=forward_mode), 1)
        np.testing.assert_allclose([by_a(X, amplitude), jax.jit(by_a)(X, amplitude)], 1 + np.tanh(X), rtol=1e-6)


XS = np.array([-0.5, 0.2, 0.9])


def area_to_x(p, x):
    """The integral of (4 s(4x) s(-4x))^p up to x, as a share of the whole one."""

    def slope(u):
        return (4 * logistic(4 * u) * logistic(-4 * u)) ** p

    return quad(slope, -10, x, epsabs=1e-12)[0] / quad(slope, -10, 10, epsabs=1e-12)[0]


MEASURED = {
    "area": (lambda p: normalize(power(shapes.sigmoid(alpha=4.0), p), area=1.0), area_to_x, 1.3),
    "peak": (
        lambda a: normalize(asym(shapes.sigmoid(alpha=a), shapes.sigmoid(alpha=a)), peak=1.0),
        lambda a, x: 4 / a * logistic(a * x),
        2.0,
    ),
}


@exhaustive
@pytest.mark.parametrize(("build", "soft", "at"), MEASURED.values(), ids=MEASURED)
def test_a_measure_that_is_found_moves_with_a_parameter(build, soft, at, x64):
    learned = jax.grad(lambda p: make_spike(build(p), learnable=True)(XS).sum())(at)
    h = 1e-5
    differences = sum(soft(at + h, x) - soft(at - h, x) for x in XS) / (2 * h)
    np.testing.assert_allclose(learned, differences, rtol=1e-4)


def test_a_parameter_keeps_its_dtype_and_its_sum_all_digits():
    def fire(by, x):
        return make_spike(shift(shapes.sigmoid, by), learnable=True)(x)

    by_shift = jax.grad(lambda by, x: fire(by, x).sum(dtype=jnp.float32))
    x = jnp.full(100_000, 0.3, jnp.float16)
    moved = by_shift(jnp.float32(0.3), x)
    assert (fire(jnp.float32(0.3), x).dtype, moved.dtype) == (jnp.float16, jnp.float32)
    np.testing.assert_allclose(moved, -100_000, rtol=1e-3)
    assert by_shift(jnp.bfloat16(0.3), jnp.ones(3)).dtype == jnp.bfloat16


def test_a_sum_over_a_long_axis_keeps_its_digits():
    """One that is added up number by number in float32 is off by 1 %."""
    x = jnp.full((1_000_000, 2), 0.3)
    by_beta = jax.grad(lambda beta: make_spike(shapes.superspike, learnable=True)(x, beta).sum())
    for beta, shared in ((2.0, 2), (jnp.array([2.0, 3.0]), 1)):
        np.testing.assert_allclose(by_beta(beta), 1e6 * shared * FAST.soft_da(0.3, beta), rtol=1e-5)


def test_half_precision_in_a_scan_learns():
    def total(alpha):
        def step(v, x):
            v = (v * 0.5 + x).astype(jnp.bfloat16)
            return v, make_spike(shapes.sigmoid, learnable=True)(v, alpha)

        return jax.lax.scan(step, jnp.bfloat16(0), jnp.asarray(XS, jnp.bfloat16))[1].sum(dtype=jnp.float32)

    v, by_hand = 0.0, 0.0
    for x in XS:
        v = v * 0.5 + x
        by_hand += v * logistic(4 * v) * logistic(-4 * v)
    np.testing.assert_allclose(jax.grad(total)(jnp.float32(4.0)), by_hand, rtol=0.02)


DECLARED = [pytest.param(shape, id="declared", marks=exhaustive), pytest.param(lambda f: f, id="plain")]


@pytest.mark.parametrize("a", [np.float32(2.0), np.array([1, 2, 4], np.float32)], ids=["number", "one a neuron"])
@pytest.mark.parametrize("declared", DECLARED)
def test_a_search_is_before_the_loop_of_what_learns(declared, a):
    """Found in each step, one a neuron took seconds a gradient: it has its place outside of `scan`."""
    spike = make_spike(declared(laplace), learnable=True)
    xs = np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32)

    def loss(a):
        return jax.lax.scan(lambda total, x: (total + spike(x, a).sum(), None), 0.0, xs)[0]

    program = jax.make_jaxpr(jax.grad(loss))(a)
    loops = [str(e) for e in program.jaxpr.eqns if e.primitive.name == "scan" and e.params["length"] == 7]
    assert loops
    assert not any("sort[" in loop for loop in loops)
    assert "sort[" in str(program)
    expected = LAPLACE.soft_da(xs, a).sum((0, 1) if a.ndim else None)
    np.testing.assert_allclose(jax.jit(jax.grad(loss))(a), expected, rtol=2e-5)


def test_the_shape_of_a_soft_step_learns_by_it():
    """Nothing is searched for: the soft step is there."""

    def soft(x, a):
        return jnp.arctan(a * x)

    gradient = jax.grad(lambda a: make_spike(surrofun.derivative(soft), learnable=True)(X, a))
    assert "sort[" not in str(jax.make_jaxpr(gradient)(ALPHA))
    np.testing.assert_allclose(jax.jit(gradient)(ALPHA), X / (1 + (ALPHA * X) ** 2), rtol=1e-5)


def endless(x, p):
    return p * jnp.sinc(x)


@exhaustive
@BOTH
def test_a_soft_step_that_is_not_found_has_no_gradient(forward_mode):
    """The integral of sin(x) / x converges too slowly to be found: it is NaN, and so is what moves it, or an error."""
    spike = make_spike(endless, learnable=True, forward_mode=forward_mode)
    gradient = jax.grad(lambda p: spike(jnp.array([0.0, 0.5]), p).sum())
    assert jnp.isnan(jax.jit(gradient)(0.7))
    assert jnp.isnan(jax.jit(jax.jacfwd(lambda p: antiderivative(endless)(0.5, p)))(0.7))
    if EXHAUSTIVE and not forward_mode:
        with pytest.raises(ValueError, match="endless: expected a slope whose integral is found"):
            gradient(0.7)


def test_a_parameter_that_stays_has_no_part_in_a_tangent():
    """How fast the edges move by p is not known at 0; h alone moves S = h (x + 1)."""

    def box(x, h=1.0, p=0.0):
        return h * jnp.where(abs(x) < 1 + jnp.sqrt(p), 1.0, 0.0)

    spike = make_spike(box, learnable=True, forward_mode=True)
    by_h = jax.jit(lambda h, p: jax.jvp(lambda h: spike(jnp.array([0.1, 0.9]), h, p), (h,), (1.0,))[1])
    np.testing.assert_allclose(by_h(1.0, 0.0), [1.1, 1.9], rtol=1e-5)


def test_one_neuron_whose_area_is_not_found_is_told():
    """That of exp(-|x|) beside it is 2."""
    some = shape(lambda x, p: jnp.where(p > 1, endless(x, p), jnp.exp(-abs(x))))
    with pytest.raises(ValueError, match="expected a slope whose integral is found"):
        area(some, jnp.array([0.5, 2.0]))
    np.testing.assert_allclose(jax.jit(functools.partial(area, some))(jnp.array([0.5, 2.0])), [2, np.nan], rtol=1e-5)


@pytest.mark.parametrize(
    ("way", "differentiate"), [(jax.jit, jax.jacrev), pytest.param(lambda f: f, jax.jacfwd, marks=exhaustive)]
)
def test_a_measure_of_what_is_undeclared_moves_with_a_parameter(way, differentiate):
    """The area of exp(-p |x|) is 2 / p; normalized to area 1 it is p exp(-p |x|) / 2."""

    def measured(p):
        return jnp.stack([area(lambda x: laplace(x, p)), normalize(lambda x: laplace(x, p), area=1.0)(0.3)])

    moved = way(differentiate(measured))(0.7)
    np.testing.assert_allclose(moved, [-2 / 0.7**2, (1 - 0.7 * 0.3) * np.exp(-0.7 * 0.3) / 2], rtol=1e-5)


@BOTH
@pytest.mark.parametrize(
    "bump", [pytest.param(lambda x: jnp.exp(-jnp.square(x)), marks=exhaustive), lambda x: 1 / (1 + jnp.square(x))]
)
def test_a_part_whose_soft_step_is_searched_for(bump, forward_mode):
    """Of the integral of s g(s x), which is 0 at -inf, the derivative by s is x g(s x)."""
    undeclared = shape(bump)

    def spikes(s):
        return make_spike(scale(undeclared, s), learnable=True, forward_mode=forward_mode)(0.5)

    by_hand = 0.5 * bump(0.3)
    np.testing.assert_allclose([jax.grad(spikes)(0.6), jax.jit(jax.grad(spikes))(0.6)], by_hand, rtol=1e-5)


RISE = (np.arctan(0.1 * np.pi) + np.arctan(0.2 * np.pi)) / np.pi  # of S of atan, from -0.2 to 0.1
AT_ZERO = {  # a height or a weight of an infinite area, and how S(0.3), which is 0 at the threshold, moves with it
    "both": (lambda h: scale(shift(mix(shapes.reciprocal, shapes.atan), 0.2), height=h), (np.log(1.32) + RISE) / 2),
    "above": (lambda h: scale(shift(mix(shapes.log_tailed_step, shapes.atan), 0.2), height=h), (0.1 + RISE) / 2),
    "a limit below": (lambda w: mix(shapes.exp_saturating, shapes.sigmoid, weights=(w, 1.0)), X),  # does not count
}


@BOTH
@pytest.mark.parametrize(("g", "by_hand"), AT_ZERO.values(), ids=AT_ZERO)
def test_a_height_of_zero_of_an_infinite_area_can_grow(g, by_hand, forward_mode):
    by_height = jax.grad(lambda h: make_spike(g(h), learnable=True, forward_mode=forward_mode)(X))
    for height in (0.0, 1e-3):
        np.testing.assert_allclose([by_height(height), jax.jit(by_height)(height)], by_hand, rtol=1e-5)


@BOTH
def test_a_number_that_is_not_differentiated_may_have_no_derivative(forward_mode):
    """That of the square root of 0 is infinite, and 0 times it is NaN."""
    g = shape(
        lambda x, a, b: a * jnp.exp(-abs(x)) + jnp.sqrt(b) / jnp.cosh(x) ** 2,
        soft=lambda x, a, b: a * jnp.sign(x) * (1 - jnp.exp(-abs(x))) + jnp.sqrt(b) * jnp.tanh(x),
    )
    spike = make_spike(g, learnable=True, forward_mode=forward_mode)
    by_a = (jax.jacfwd if forward_mode else jax.grad)(lambda a, b: spike(X, a, b))
    np.testing.assert_allclose([by_a(2.0, 0.0), jax.jit(by_a)(2.0, 0.0)], 2 - np.exp(-X), rtol=1e-6)


def test_many_numbers_beside_a_height_of_zero():
    """Nothing of height 0 moves but its height."""
    g = scale(mix(shapes.leaky_rectangle(width=1.0, leak=0.4), weights=(0.5,)), 2.0, height=0.0)
    grads = jax.grad(lambda g: make_spike(g, learnable=True)(jnp.array([X, -X])).sum())(g)
    assert [float(v) for v in jax.tree.leaves(grads)] == pytest.approx([0.0] * 5, abs=1e-6)


def of_a_part(x, a, steepness, height):
    u = a * steepness * x
    return height * np.where(u < 0, np.clip(1 + u, 0, 1) ** 2, 2 - np.clip(1 - u, 0, 1) ** 2) / 2


@exhaustive
@pytest.mark.parametrize("count", [6, 10])
def test_many_numbers_below_a_peak_that_is_measured(count):
    """It is that of the first part, not the sum of both, which are far apart."""
    x, numbers = np.array([-0.2, 0.05, 0.4, 4.8]), [0.8, 2.0, 1.5, 1.0, 0.7, 5.0, 1.1, 0.9, 1.2, 0.6]

    def fire(*learned):
        peak, a, height, b, low, by, steep, less, *weights = [*learned, *numbers[count:]]
        parts = scale(shapes.triangle(alpha=a), steep, height=height), scale(shapes.triangle(alpha=b), less, height=low)
        g = normalize(mix(parts[0], shift(parts[1], by), weights=weights), peak=peak)
        return make_spike(g, learnable=True)(jnp.float32(x)).sum()

    def by_hand(peak, a, height, b, low, by, steep, less, weight, other):
        both = weight * of_a_part(x, a, steep, height) + other * of_a_part(x - by, b, less, low)
        return (peak / (weight * height * steep * a) * both).sum()

    ends = [[by_hand(*np.add(numbers, step)) for step in s * 1e-6 * np.eye(10)[:count]] for s in (1, -1)]
    learned = jax.grad(fire, range(count))(*numbers[:count])
    np.testing.assert_allclose(learned, np.subtract(*ends) / 2e-6, rtol=1e-4, atol=1e-5)


@exhaustive
@pytest.mark.parametrize("relu", [jax.nn.relu, lambda u: jnp.maximum(u, 0)], ids=["a rule of its own", "no rule"])
def test_each_spike_by_a_number(relu):
    """A Jacobian maps the gradient, while the number itself is not mapped; a rule in the slope is, then."""
    x, p = np.array([-0.5, 0.0, 0.3], np.float32), 1.2

    def each(p, forward_mode):
        return make_spike(lambda x, p: relu(1 - p * jnp.abs(x)), learnable=True, forward_mode=forward_mode)(x, p)

    by_hand = -np.array([1, 1, 1]) / (2 * p * p) - np.sign(x) * x * x / 2  # S = 1 / (2 p) + x - p x |x| / 2
    by_row, by_column = jax.jacrev(each)(p, False), jax.jacfwd(each)(p, True)
    of_soft = jax.vmap(lambda x: jax.grad(lambda p: antiderivative(lambda x: relu(1 - p * jnp.abs(x)))(x))(p))(x)
    np.testing.assert_allclose([by_row, by_column, of_soft], [by_hand] * 3, rtol=1e-4)


def two_bumps(x, a, b, c, d, e):
    return a * b * jnp.exp(-jnp.abs(b * (x - c))) + d * e / (1 + jnp.square(e * x))


def two_steps(x, a, b, c, d, e):
    u = b * (x - c)
    return a * (1 + jnp.sign(u) * (1 - jnp.exp(-jnp.abs(u)))) + d * (jnp.pi / 2 + jnp.arctan(e * x))


@exhaustive
@eager_or_jit
@pytest.mark.parametrize(
    "g", [two_bumps, shape(two_bumps), derivative(two_steps)], ids=["plain", "declared", "soft step"]
)
def test_five_numbers_of_one_function(g, way):
    """The last is one a neuron. Nothing is as large as x times the panels of a search."""
    x, *numbers = jnp.linspace(-1, 1, 24).reshape(4, 6), 1.0, 2.0, 0.1, 0.5, jnp.linspace(0.5, 1.5, 6)
    learned = way(jax.grad(lambda numbers: make_spike(g, learnable=True)(x, *numbers).sum()))(numbers)
    right = jax.grad(lambda numbers: two_steps(x, *numbers).sum())(numbers)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), learned, right)


RATES = 1.0, 2.0, 3.0, 4.0, 5.0


def blended(step, x, logits):
    return sum(w * step(rate * x) for w, rate in zip(jax.nn.softmax(jnp.array(logits)), RATES, strict=True))


@eager_or_jit
@pytest.mark.parametrize("rows", [1, 2])
def test_numbers_that_are_summed_with_each_other(rows, way):
    """Weights that are a softmax of five logits: dS/dl_j = w_j (S_j - S), with S_j = (tanh(rate_j x) + 1) / 2."""
    g = derivative(lambda x, logits: blended(lambda u: jnp.tanh(u) / 2, x, logits))
    x, of_spikes, logits = np.float32([-0.5, 0.2, 1.0]), np.float32([1.0, -0.3, 0.7]), (-0.5, -0.25, 0.0, 0.25, 0.5)

    def loss(logits):
        return (of_spikes * make_spike(g, learnable=True)(jnp.tile(x, (rows, 1)), logits)).sum()

    w, steps = np.exp(logits) / np.exp(logits).sum(), np.tanh(np.outer(RATES, x)) / 2
    by_hand = rows * (w[:, None] * (steps - w @ steps)) @ of_spikes
    np.testing.assert_allclose(way(jax.grad(loss))(logits), by_hand, rtol=1e-4, atol=1e-7)


@exhaustive
@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16])
def test_a_number_of_half_precision_moves_a_jump_by_as_much_as_any_other(dtype):
    """The step by which it is found is not one in half precision. The edge is at exp(3 w) / 10."""
    edge = shape(lambda x, w: jnp.where(x < jnp.exp(3 * w) / 10, jnp.exp(-jnp.abs(x)), 0.0))
    learned = jax.grad(lambda w: make_spike(edge(w=w), learnable=True)(2.0))(dtype(0.5))
    at = np.exp(1.5) / 10
    assert float(learned) == pytest.approx(3 * at * np.exp(-at), rel=float(jnp.finfo(dtype).eps) / 2)


@exhaustive
def test_a_slope_that_holds_a_spike_is_learned():
    """Its rule holds a number. The slope is p exp(-x^2) below 0 and twice as much above."""
    inner, x = make_spike(shapes.superspike(beta=3.0), forward_mode=True), np.linspace(-1.9, 2.1, 5)
    spike = make_spike(lambda x, p: p * jnp.exp(-x * x) * (1 + inner(x)), learnable=True)
    soft = np.sqrt(np.pi) / 2 * (1 + erf(x) + np.maximum(erf(x), 0))
    assert float(jax.grad(lambda p: spike(jnp.float32(x), p).sum())(0.4)) == pytest.approx(soft.sum(), rel=1e-5)


@exhaustive
@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16])
def test_a_number_that_a_plain_function_closes_over_in_half_precision(dtype):
    x, weights = jnp.array([0.25, -0.5], dtype), jnp.array([1.0, -2.0], dtype)

    def total(alpha):
        return (weights * make_spike(lambda x: shapes.sigmoid(x, alpha), learnable=True)(x)).sum(dtype=jnp.float32)

    s = logistic(ALPHA * np.array([0.25, -0.5]))
    np.testing.assert_allclose(jax.grad(total)(ALPHA), (s * (1 - s)) @ [0.25, 1.0], rtol=1e-5)


@eager_or_jit
def test_a_tracer_that_hides_in_what_is_declared_alone(way):
    """A place is mapped over which potential, slope and parameter do not depend on; the gradients add up."""
    x = np.array([-0.4, 0.1, 0.6])

    def total(p, c):
        g = shape(lambda x, p=1.0: p * jnp.exp(-jnp.abs(p * x)), around=lambda p=1.0: [(c, 1 / p)])
        return make_spike(g, learnable=True)(jnp.float32(x), p).sum()

    gradient = jax.grad(lambda p: jax.vmap(total, (None, 0))(p, jnp.array([0.0, 0.1, 0.2])).sum())
    # S = exp(p x) for x < 0, else 2 - exp(-p x): dS/dp = x exp(-p |x|)
    np.testing.assert_allclose(way(gradient)(2.0), 3 * (x * np.exp(-2 * abs(x))).sum(), rtol=1e-4)


def test_second_derivatives_at_numbers_of_python():
    def bump(x, a=1.0):
        return jnp.exp(-a * x * x)

    by_hand = quad(lambda x: x**4 * np.exp(-1.5 * x * x), -12, X)[0]  # d^2 S / da^2
    spike = make_spike(bump, learnable=True, forward_mode=True)
    for f in (lambda a: antiderivative(bump)(X, a), lambda a: spike(X, a)):
        for once in (jax.grad(f), lambda a, f=f: jax.jvp(f, (a,), (1.0,))[1]):
            assert jax.jvp(once, (1.5,), (1.0,))[1] == pytest.approx(by_hand, rel=1e-3)
    mixed = jax.grad(jax.grad(spike), 1)(X, 1.5)
    assert mixed == pytest.approx(-(X**2) * np.exp(-1.5 * X**2), rel=1e-5)
    area_moved = jax.jvp(jax.grad(lambda a: area(bump, a=a)), (1.5,), (1.0,))[1]
    assert area_moved == pytest.approx(0.75 * np.sqrt(np.pi) * 1.5**-2.5, rel=1e-3)
