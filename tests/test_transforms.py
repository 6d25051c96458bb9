"""Every transformation of JAX, for every way to make a spike, against gradients worked out by hand (`reference`)."""

from contextlib import suppress
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference
from jax import export, lax
from needs import eager_or_jit, sample
from reference import CASES, FAST, KINDS, LAPLACE, MAKERS, TRIANGLE, A, C, X, close, fast, hat, laplace, lif, logistic

from surrofun import antiderivative, derivative, make_spike, sampled, scale, shape, shapes

pytestmark = sample

both_rules = pytest.mark.parametrize("forward_mode", [False, True], ids=["vjp", "jvp"])
forward = make_spike(forward_mode=True)  # waits for its shape
KEEP_THE_SLOPE = jax.checkpoint_policies.save_only_these_names("surrogate")
XS = dict.fromkeys(CASES, jnp.asarray(X))


def spikes(a, cases=CASES):
    """Return a function from an array for each case to its spikes: one program holds them all."""
    built = {case: CASES[case][0].build(CASES[case][1].make, a) for case in cases}
    return lambda x: {case: spike(x[case]) for case, spike in built.items()}


def fire(x, a):
    return spikes(a, x)(x)


def each_kind(f, a, kinds=KINDS):
    """Return, of one program, f(kind, a) for each kind of parameter."""
    return jax.jit(lambda a: {name: f(KINDS[name], a) for name in kinds})(a)


def pulled(f, c=C):
    """Return (x, a) -> spikes and the gradient by x of sum(c * spikes)."""

    def both(x, a):
        z, pull = jax.vjp(lambda x: f(x, a), x)
        return z, pull(jax.tree.map(lambda z: jnp.broadcast_to(jnp.asarray(c, z.dtype), z.shape), z))[0]

    return both


def scanned(f):
    return lambda x, a: lax.scan(lambda _, x: (None, f(x, a)), None, x)[1]


def in_fori_loop(f, x, a):
    def body(i, z):
        return jax.tree.map(lambda z, new: z.at[i].set(new), z, f(jax.tree.map(lambda x: x[i], x), a))

    return lax.fori_loop(0, 4, body, jax.tree.map(jnp.zeros_like, x))


def in_while_loop(f, x, a):
    start = (0, *(jax.tree.map(jnp.zeros_like, x) for _ in range(2)))
    return lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, *pulled(f)(x, a)), start)[1:]


def strictly(f, x, a):
    with reference.checking_leaks(), jax.debug_nans(True), jax.numpy_rank_promotion("raise"):
        return jax.jit(pulled(f))(x, a)


def exported(f, shape):
    """Return f as it comes back from its export; a text is a symbolic shape."""
    x = jax.ShapeDtypeStruct(export.symbolic_shape(shape) if isinstance(shape, str) else shape, np.float32)
    return export.export(jax.jit(f))(dict.fromkeys(CASES, x), jax.ShapeDtypeStruct((), np.float32)).call


def weighted_gradient(f, x, a):
    z, dx = exported(pulled(f, 1.0), "batch, 3")(x, a)
    return z, jax.tree.map(lambda dx: C * dx, dx)


@pytest.mark.parametrize(("g", "by_hand"), [(shapes.superspike, FAST), (laplace, LAPLACE)], ids=["declared", "plain"])
def test_what_learns_is_exported_for_a_batch_of_any_size(g, by_hand):
    gradient = jax.jit(jax.grad(lambda a, x: make_spike(g, learnable=True)(x, a).sum()))
    number, batch = (jax.ShapeDtypeStruct(size, np.float32) for size in ((), export.symbolic_shape("b, 3")))
    x = np.linspace(-1, 2, 12, dtype=np.float32).reshape(4, 3)
    by_a = export.export(gradient)(number, batch).call(np.float32(2.0), x)
    np.testing.assert_allclose(by_a, by_hand.soft_da(x, 2.0).sum(), rtol=1e-4)


# Each takes f(x, a) -> spikes and returns (x, a) -> (spikes, gradient by x); x holds an array for each case.
ROWS = {
    "grad": pulled,
    "jit of grad": lambda f: jax.jit(pulled(f)),
    "grad of jit": lambda f: pulled(jax.jit(f)),
    "vmap of grad": lambda f: lambda x, a: jax.vmap(lambda x, c: pulled(lambda x, a: f(x, a), c)(x, a))(x, C),
    "grad of vmap": lambda f: pulled(jax.vmap(jax.vmap(f, (0, None)), (0, None))),
    "jit of vmap": lambda f: jax.jit(pulled(jax.vmap(f, (0, None)))),
    "scan": lambda f: jax.jit(pulled(scanned(f))),
    "fori_loop": lambda f: jax.jit(pulled(partial(in_fori_loop, f))),
    "while_loop": lambda f: partial(in_while_loop, f),
    "cond": lambda f: jax.jit(pulled(lambda x, a: lax.cond(a > 0, f, lambda x, a: x, x, a))),
    "cond over closures": lambda f: jax.jit(pulled(lambda x, a: lax.cond(a > 0, lambda: f(x, a), lambda: x))),
    "switch": lambda f: jax.jit(
        pulled(lambda x, a: lax.switch(a.astype(int), [lambda x, a: x, f, lambda x, a: x], x, a))
    ),
    "checkpoint": lambda f: pulled(jax.checkpoint(f)),
    "checkpoint with a policy": lambda f: jax.jit(pulled(jax.checkpoint(f, policy=KEEP_THE_SLOPE))),
    "checkpoint in scan": lambda f: jax.jit(pulled(scanned(jax.checkpoint(f)))),
    "export of grad": lambda f: exported(pulled(f), X.shape),
    "grad of export, any batch": lambda f: pulled(exported(f, "batch, 3")),
    "export of grad, any batch": lambda f: partial(weighted_gradient, f),
    "disable_jit": lambda f: jax.disable_jit()(jax.jit(pulled(f))),
    "checking leaks, NaN and ranks": lambda f: partial(strictly, f),
}


def check(z, dx, x=X, a=A, dtype=jnp.float32, **tolerance):
    """Compare spikes and gradients with those by hand, of every case."""
    assert set(z) == set(dx) == set(CASES)
    for case in z:
        kind, maker = CASES[case]
        assert z[case].dtype == dx[case].dtype == dtype, case
        np.testing.assert_array_equal(z[case], np.broadcast_to(maker.step(x), z[case].shape), case)
        close(dx[case], np.broadcast_to(C * kind.slope(x, a), dx[case].shape), err_msg=case, **tolerance)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_spikes_and_gradient(row):
    check(*row(fire)(XS, jnp.asarray(A)))


THREE = np.array([0.5, 1.0, 3.0], np.float32)  # values of the parameter


@eager_or_jit
def test_vmap_over_the_parameter(way):
    check(*way(jax.vmap(pulled(fire), (None, 0)))(XS, THREE), a=THREE[:, None, None])


def test_grad_of_vmap_over_the_parameter():
    """The cotangents differ from one parameter to the next: sum over a of c_a g(x; a)."""
    cs = np.stack([C, -2 * C, C[::-1]])
    z, dx = jax.jit(pulled(jax.vmap(fire, (None, 0)), cs))(XS, THREE)
    for case, (kind, maker) in CASES.items():
        np.testing.assert_array_equal(z[case], [maker.step(X)] * 3, case)
        by_hand = (cs * kind.slope(X, THREE[:, None, None])).sum(0)
        close(dx[case], by_hand, rtol=1e-4, atol=1e-5, err_msg=case)


def of_operand(c, x):
    """A spike whose code multiplies the slope by an operand."""
    return make_spike(fast, residual=lambda g, x: (jnp.multiply, lambda kept, like, c: kept, (c,)))(x, 2.0)


def of_bounds(c, x):
    return make_spike(shape(hat, bounds=lambda: (0.0, c)), residual=jnp.uint8)(x)


def of_constant(c, p):
    return make_spike(derivative(lambda x: jax.nn.sigmoid(p * x) + c), learnable=True)(X[0])


def of_record(c, x):
    """Spikes that were recorded, as of a network that is compared with one that trains."""
    return make_spike(hat, step=lambda x: jnp.array([1.0, 0.0, 1.0]))(c * x)


def of_level(c, x):
    """A slope that is returned as it is found, in a closure."""
    level = jnp.full(x.shape, c)
    return make_spike(lambda x: level)(x)


def of_key(c, x):
    """A slope that is drawn with a key of its own."""
    return make_spike(shapes.triangle, residual=sampled(jax.random.key(c.astype(int))))(x)


def drawn_slope(c):
    return jax.grad(lambda x: of_key(c, x).sum())(MANY)


MANY = np.linspace(-0.95, 0.95, 40, dtype=np.float32)
BY_STEEPNESS = (X[0] * logistic(2 * X[0]) * logistic(-2 * X[0])).sum()
UNSEEN = {  # functions of c and of v, the gradient by v for one c by hand, and how well it is known
    "an operand of the code": (of_operand, X[0], lambda c: c * FAST.slope(X[0], 2.0), 1e-5),
    "bounds": (of_bounds, X[0], lambda c: TRIANGLE.slope(X[0], 1.0), 10 * 4 / 508),
    "the potential": (of_record, X[0], lambda c: c * TRIANGLE.slope(c * X[0], 1.0), 1e-5),
    "a level slope": (of_level, X[0], lambda c: c * np.ones_like(X[0]), 1e-5),
    "the constant of a soft step": (of_constant, np.float32(2.0), lambda c: BY_STEEPNESS, 1e-5),
    "a random key": (of_key, MANY, drawn_slope, 0),
}


@eager_or_jit
@pytest.mark.parametrize(("f", "v", "by_hand", "error"), UNSEEN.values(), ids=UNSEEN)
def test_grad_of_vmap_over_what_neither_step_nor_slope_depends_on(f, v, by_hand, error, way):
    """Each cotangent, which has a weight of its own, is multiplied before they are added up."""
    cs, weights = np.float32([1, 2, 4]), np.float32([3, -1, 5])

    def total(v):
        return (weights * jax.vmap(f, (0, None))(jnp.array(cs), v).sum(1)).sum()

    close(way(jax.grad(total))(v), sum(w * by_hand(c) for w, c in zip(weights, cs, strict=True)), rtol=1e-5, atol=error)


def number():
    """That in the axis of a `vmap`, from 1."""
    return 1.0 + lax.axis_index("runs").astype(jnp.float32)


@shape
def numbered_hat(x):
    return number() * hat(x)


NUMBERED = {  # spikes whose slope is the number times 1 - |x|
    "declared slope": lambda: make_spike(numbered_hat),
    "slope": lambda: make_spike(lambda x: number() * hat(x), step=lambda x: 4 * x >= number()),
    "slope, in bytes": lambda: make_spike(lambda x: number() * hat(x), residual=jnp.uint8),
    "encode": lambda: make_spike(hat, residual=(lambda slope: number() * slope, jnp.asarray)),
    "decode": lambda: make_spike(shapes.triangle, residual=(jnp.asarray, lambda kept: number() * kept)),
}


@eager_or_jit
@pytest.mark.parametrize("name", NUMBERED)
def test_the_number_in_a_mapped_axis(name, way):
    """A slope, a step and a code may ask for it, where potentials are not mapped; the cotangents have weights."""
    x, weights, numbers = np.float32([-0.5, 0.5, 0.8]), np.float32([3, -1, 5]), np.array([[1], [2], [3]])

    def mapped(f):
        return jax.vmap(lambda _, x: f(x), (0, None), axis_name="runs")

    spikes = way(mapped(lambda x: NUMBERED[name]()(x)))(jnp.arange(3), x)
    np.testing.assert_array_equal(spikes, 4 * x >= numbers if name == "slope" else [x >= 0] * 3)
    error = {"rtol": 1e-5, "atol": 5 * 3 / 508 if "bytes" in name else 0}
    of_each = way(mapped(jax.grad(lambda x: NUMBERED[name]()(x).sum())))(jnp.arange(3), x)
    close(of_each, numbers * (1 - abs(x)), **error)

    def total(x):
        return (weights * mapped(lambda x: NUMBERED[name]()(x).sum())(jnp.arange(3), x)).sum()

    close(way(jax.grad(total))(x), (weights @ numbers) * (1 - abs(x)), **error)


def test_a_rule_outside_that_has_no_gradient_of_the_spikes():
    @jax.custom_vjp
    def rate(z):
        return z.sum()

    rate.defvjp(lambda z: (rate(z), None), lambda _, of_rate: (None,))
    for jit in (jax.jit, lambda f: f):
        np.testing.assert_array_equal(jit(jax.grad(lambda x: rate(make_spike(hat)(x)) + x[0]))(X[0]), [1, 0, 0])


def test_associative_scan():
    def run(x, a):
        return lax.associative_scan(lambda left, right: jax.tree.map(jnp.add, left, fire(right, a)), x)

    z, dx = jax.jit(pulled(run, C[:2]))(dict.fromkeys(CASES, X[:2]), A)
    for case, (kind, maker) in CASES.items():
        close(z[case], [X[0], X[0] + maker.step(X[1])], err_msg=case)
        close(dx[case], [C[0] + C[1], C[1] * kind.slope(X[1], A)], err_msg=case)


def network(build, where):
    """Return (w, xs, alphas) -> spikes of the neuron that `reference.lif` works out by hand."""

    def run(w, xs, alphas):
        outside = build(alphas[0]) if where == "outside" else None

        def body(state, inputs):
            v, z = state
            x, a = inputs
            v = jax.tree.map(lambda v, w, z: 0.9 * v + w * x - z, v, w, z)
            z = (outside or build(a))(jax.tree.map(lambda v: v - 1.0, v))
            return (v, z), z

        zero = jax.tree.map(lambda _: jnp.zeros_like(xs[0]), w)
        return lax.scan(body, (zero, zero), (xs, alphas))[1]

    return run


STEPS = np.random.default_rng(0).normal(0.8, 0.6, (6, 4, 3)).astype(np.float32)
CS = np.random.default_rng(1).normal(0, 1, STEPS.shape).astype(np.float32)
W = np.array([0.9, 1.3, 1.8], np.float32)
ALPHAS = {
    "constant": np.full(6, 1.5, np.float32),
    "changing": np.linspace(0.5, 3, 6, dtype=np.float32),
    "per neuron": np.linspace(0.5, 3, 18, dtype=np.float32).reshape(6, 3),
}


@pytest.mark.parametrize(
    ("where", "alphas"), [("outside", "constant"), ("inside", "changing"), ("inside", "per neuron")]
)
def test_spiking_neuron_through_time(where, alphas):
    alphas, ws, run = ALPHAS[alphas], dict.fromkeys(CASES, jnp.asarray(W)), network(spikes, where)
    z, dw = jax.jit(lambda xs, alphas: pulled(lambda w, _: run(w, xs, alphas), CS)(ws, None))(STEPS, alphas)
    for case, (kind, maker) in CASES.items():
        by_hand, dw_by_hand = lif(maker.step, kind.slope, W, STEPS, CS, alphas)
        np.testing.assert_array_equal(z[case], by_hand, case)
        close(dw[case], dw_by_hand, rtol=1e-4, atol=1e-5, err_msg=case)
        assert 0 < np.mean(by_hand > 0) < 1


def test_integer_tracer_selects_between_shapes():
    def chosen(x, i):
        return jnp.where(i == 0, fast(x, 2.0), shapes.triangle(x))

    def f(x, i):
        ways = {
            "call": lambda make: lambda x: make(chosen)(x, i),
            "closed": lambda make: make(lambda x: chosen(x, i)),
            "switch": lambda make: make(lambda x: lax.switch(i, [lambda x: fast(x, 2.0), shapes.triangle], x)),
        }
        return {way: sum(build(maker.make)(x[way]) for maker in MAKERS.values()) for way, build in ways.items()}

    x, which = dict.fromkeys(("call", "closed", "switch"), jnp.asarray(X)), jnp.arange(2)
    by_hand = [len(MAKERS) * C * FAST.slope(X, 2), len(MAKERS) * C * TRIANGLE.slope(X, 1)]
    for dx in jax.jit(pulled(f))(x, which[1])[1].values():
        close(dx, by_hand[1])
    mapped = jax.jit(jax.vmap(pulled(f), (None, 0)))(x, which)[1]
    looped = jax.jit(lambda x: lax.scan(lambda _, i: (None, pulled(f)(x, i)[1]), None, which)[1])(x)
    for dx in (*mapped.values(), *looped.values()):
        close(dx, by_hand)


@pytest.mark.xfail(
    getattr(jax.config, "jax_remat3", False),
    reason="under jax_remat3 a policy does not see names inside of custom rules, hand-written ones neither",
)
@both_rules
def test_checkpoint_policy_keeps_the_named_slope_alone(forward_mode, capsys):
    spike = make_spike(lambda x: jnp.exp(-jnp.abs(x)), forward_mode=forward_mode)
    f = jax.checkpoint(lambda x: spike(2 * x).sum(), policy=KEEP_THE_SLOPE)
    jax.ad_checkpoint.print_saved_residuals(f, X)
    kept = [line for line in capsys.readouterr().out.splitlines() if "argument" not in line]
    assert len(kept) == 1
    assert kept[0].startswith("f32[4,3]")
    assert "surrogate" in kept[0]
    assert str(jax.make_jaxpr(jax.grad(f))(X)).count(" exp ") == 1


def test_float64(x64):
    xs = dict.fromkeys(CASES, X.astype(np.float64))
    check(*jax.jit(pulled(fire))(xs, np.float64(A)), dtype=jnp.float64, rtol=1e-14, atol=0)


CLOSED = {case for case in CASES if case.startswith("closed")}
PARAMETERS = {  # the parameter, with the cases and the promotion it is for
    "float32": (lambda dtype: A, set(CASES), "strict"),
    "number": (lambda dtype: 1.75, set(CASES), "strict"),
    "half": (lambda dtype: A.astype(dtype), set(CASES) - CLOSED, "strict"),
    # x is in float32 inside, and strictly a user's closure that holds a half precision number may not multiply them
    "half in a closure": (lambda dtype: A.astype(dtype), CLOSED, "standard"),
}


@pytest.mark.parametrize(("parameter", "cases", "promotion"), PARAMETERS.values(), ids=PARAMETERS)
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision(dtype, parameter, cases, promotion):
    x = X.astype(dtype)
    with jax.numpy_dtype_promotion(promotion):
        z, dx = jax.jit(pulled(fire))(dict.fromkeys(sorted(cases), x), parameter(dtype))
    for case in cases:
        kind, maker = CASES[case]
        assert z[case].dtype == dx[case].dtype == dtype, case
        np.testing.assert_array_equal(z[case].astype(np.float32), maker.step(X), case)
        slope = kind.slope(x.astype(np.float64), A).astype(np.float32).astype(dtype)  # rounded once
        np.testing.assert_array_equal(dx[case], C.astype(dtype) * slope, case)


@both_rules
def test_parameter_gets_zero_in_first_order(forward_mode):
    make = make_spike(forward_mode=forward_mode)
    das = each_kind(lambda kind, a: jax.grad(lambda a: kind.build(make, a)(X).sum())(a), A)
    assert list(das.values()) == [0] * len(KINDS)


def test_reverse_over_reverse():
    """L = sum(c z x^2): dL/dx = c (g x^2 + 2 x z) and d2L/dx2 = c (g' x^2 + 4 g x + 2 z), where z' = g."""

    def first(x, a):
        return jax.grad(lambda x: sum((C * z * jnp.square(x[case])).sum() for case, z in fire(x, a).items()))(x)

    def both(x, a):
        return first(x, a), jax.grad(lambda x: sum(dx.sum() for dx in first(x, a).values()))(x)

    by_x, second = jax.jit(both)(XS, A)
    smooth = X != 0  # at the peak the slope has two derivatives
    for case, (kind, maker) in CASES.items():
        g, dg, z = kind.slope(X, A), kind.dx(X, A), maker.step(X)
        close(by_x[case], C * (g * X**2 + 2 * X * z), err_msg=case)
        close(second[case][smooth], (C * (dg * X**2 + 4 * g * X + 2 * z))[smooth], err_msg=case)


def test_third_order_is_the_second_derivative_of_the_slope():
    x = X[np.abs(X) > 0]
    third = jax.jit(jax.vmap(jax.grad(jax.grad(jax.grad(make_spike(fast)))), (0, None)))(x, A)
    close(third, 6 * A.astype(float) ** 2 * (1 + A * np.abs(x.astype(float))) ** -4)


@pytest.mark.parametrize("option", ["", "forward_mode", "learnable"])
def test_meta_gradient_through_an_update_step(option):
    """Loss e z(w' x - 1) after w' = w - lr d/dw sum(c z(w x - 1)), differentiated by the parameter a and by w."""
    x, c, e = X[0:4, 0] + 1.1, C[:, 1], C[:, 2]
    w, lr = np.float32(0.8), 0.125
    make = make_spike(**{option: True} if option else {})
    kinds = [name for name in KINDS if name != "closed" or option != "learnable"]  # a quadrature, as that of the call

    def after(kind, w, a):
        spike = kind.build(make, a)
        updated = w - lr * jax.grad(lambda w: (c * spike(w * x - 1.0)).sum())(w)
        return (e * spike(updated * x - 1.0)).sum()

    got = each_kind(lambda kind, a: jax.grad(partial(after, kind), (0, 1))(w, a), A, kinds)

    x, c, e, w, a = (np.asarray(v, np.float64) for v in (x, c, e, w, A))
    u = w * x - 1
    for name in kinds:
        kind = KINDS[name]
        updated = w - lr * (c * kind.slope(u, a) * x).sum()
        outer = (e * kind.slope(updated * x - 1, a) * x).sum()
        direct = (e * kind.soft_da(updated * x - 1, a)).sum() if option == "learnable" else 0
        dw, da = got[name]
        close(dw, outer * (1 - lr * (c * kind.dx(u, a) * x**2).sum()), rtol=1e-4, err_msg=name)
        close(da, -lr * outer * (c * kind.da(u, a) * x).sum() + direct, rtol=1e-4, atol=1e-5, err_msg=name)


START = jnp.array([0.5, 0.7]), jnp.float32(4.0)  # of two neurons: the weights, and a steepness for both


def smooth_step(x, beta):
    """The soft step of superspike; a step with its derivatives of any order."""
    soft = x / (1 + beta * jnp.abs(x)) + 1 / beta
    return soft + lax.stop_gradient((x >= 0).astype(x.dtype) - soft)


def after_an_update(spike, parameters):
    def loss(parameters):
        def step(v, x):
            w, beta = parameters
            v = 0.9 * v + x * w
            z = spike(v - 1.0, beta)
            return v - z * v, jnp.tanh(z * w + v)

        return lax.scan(step, jnp.zeros(2), jnp.abs(X[:, :2]).repeat(5, 0) + 0.2)[1].sum()

    update = jax.grad(loss)(parameters)
    return loss((parameters[0] - 0.1 * update[0], parameters[1]))


@cache
def meta_gradient_by_hand():
    return jax.jit(jax.grad(partial(after_an_update, smooth_step)))(START)


@pytest.mark.parametrize("learnable", [False, True], ids=["", "learnable"])
@both_rules
def test_meta_gradient_through_time(forward_mode, learnable):
    """JAX loses a `custom_jvp` in a `scan` that is differentiated twice in reverse; the gradient is right anyway."""
    spike = make_spike(shapes.superspike, forward_mode=forward_mode, learnable=learnable)
    after, by_hand = partial(after_an_update, spike), meta_gradient_by_hand()
    got = jax.jit(jax.grad(after))(START)
    for one, other in list(zip(got, by_hand, strict=True))[: 1 + learnable]:
        np.testing.assert_allclose(one, other, rtol=2e-4)
    if forward_mode:  # forward over reverse is right, too, or some versions of JAX refuse it
        with suppress(TypeError):
            along = jax.jit(lambda p, v: jax.jvp(after, (p,), (v,))[1])(START, (jnp.ones(2), jnp.zeros(())))
            np.testing.assert_allclose(along, by_hand[0].sum(), rtol=2e-4)


# Forward mode: f is x -> spikes, and the derivative by hand is that of sum(c z x^2), as above, or of z itself.
# JAX arrays, since jax 0.10 fails an assertion of its own on `vmap` of a custom rule over NumPy arrays inside `jit`.
V = jnp.linspace(-1, 2, X.size)  # a direction
T = jnp.where(X == 0, 1, X).ravel()  # no kink


def weighted(f):
    return lambda x: (C.ravel() * f(x) * jnp.square(x)).sum()


def along(f, x=T, v=V):
    return jax.jvp(f, (x,), (v,))[1]


def once_in_a_loop(f, x):
    return lax.while_loop(lambda s: s[0] < 1, lambda s: (1, f(s[1])), (0, x))[1]


FORWARD_ROWS = {  # how to differentiate, and which of the derivatives by hand comes out
    "jvp": (along, "along"),
    "jit of jvp": (lambda f: jax.jit(partial(along, f))(T, V), "along"),
    "jvp of jit": (lambda f: along(jax.jit(f)), "along"),
    "vmap of jvp": (lambda f: jax.vmap(partial(along, f))(T, V), "along"),
    "linearize": (lambda f: jax.linearize(f, T)[1](V), "along"),
    "jacfwd": (lambda f: jax.jacfwd(f)(T), "jacobian"),
    "jacrev": (lambda f: jax.jacrev(f)(T), "jacobian"),
    "jvp of jvp": (lambda f: along(partial(along, f)), "along twice"),
    "jvp through while_loop": (lambda f: along(partial(once_in_a_loop, f)), "along"),
    "jvp through scan": (lambda f: along(lambda x: lax.scan(lambda _, x: (None, f(x)), None, x)[1]), "along"),
    "hessian": (lambda f: jax.hessian(weighted(f))(T), "hessian"),
    "jacfwd of jacfwd": (lambda f: jax.jacfwd(jax.jacfwd(weighted(f)))(T), "hessian"),
    "hvp": (lambda f: along(jax.grad(weighted(f))), "hvp"),
    "hvp, reverse over forward": (lambda f: jax.grad(partial(along, weighted(f)))(T), "hvp"),
}


def derivatives_by_hand(kind):
    g, dg, t = kind.slope(T, A), kind.dx(T, A), np.asarray(T)
    curvature = C.ravel() * (dg * t**2 + 4 * g * t + 2 * (t >= 0))
    first = {"along": V * g, "jacobian": np.diag(g), "along twice": V**2 * dg}
    return first | {"hessian": np.diag(curvature), "hvp": V * curvature}


@pytest.mark.parametrize(("run", "derivative"), FORWARD_ROWS.values(), ids=FORWARD_ROWS)
def test_forward_mode(run, derivative):
    for name, got in each_kind(lambda kind, a: run(kind.build(forward, a)), A).items():
        close(got, derivatives_by_hand(KINDS[name])[derivative], err_msg=name)


def test_forward_mode_through_time_agrees_with_the_hand_made_backward_pass():
    alphas = ALPHAS["per neuron"]

    def by_weights(kind, w):
        run = network(partial(kind.build, forward), "inside")
        return jax.jacfwd(lambda w: (CS * run(w, STEPS, alphas)).sum())(w)

    for name, dw in each_kind(by_weights, W).items():
        by_hand = lif(MAKERS["bare"].step, KINDS[name].slope, W, STEPS, CS, alphas)[1]
        close(dw, by_hand, rtol=1e-4, atol=1e-5, err_msg=name)


def noise(key):
    return jax.random.logistic(key, X.shape, np.float32)


KEYS, BETAS = jax.random.split(jax.random.key(0), 2), np.array([0.5, 4.0], np.float32)
STEPS_OF_TRACERS = {  # the step of a value, two values, the spikes by hand
    "a random key": (lambda key: lambda x: x + noise(key) > 0, KEYS, lambda: [noise(key) + X > 0 for key in KEYS]),
    "a soft step": (
        lambda beta: antiderivative(scale(shapes.sigmoid, beta)),
        BETAS,
        lambda: logistic(4 * BETAS[:, None, None].astype(float) * X),
    ),
}


@pytest.mark.parametrize(("step", "values", "by_hand"), STEPS_OF_TRACERS.values(), ids=STEPS_OF_TRACERS)
def test_step_that_closes_over_a_tracer(step, values, by_hand):
    def f(value):
        made = make_spike(step=step(value)), make_spike(step=step(value), forward_mode=True)
        pairs = [(kind, made[0]) for kind in KINDS] + [("closed", made[1])]
        return [pulled(lambda x, a, kind=kind, make=make: KINDS[kind].build(make, a)(x))(X, A) for kind, make in pairs]

    ways = (
        jax.tree.map(lambda *z: np.stack(z), *map(jax.jit(f), values)),
        jax.jit(jax.vmap(f))(values),
        jax.jit(lambda values: lax.scan(lambda _, v: (None, f(v)), None, values)[1])(values),
    )
    for fired in ways:
        for kind, (z, dx) in zip([*KINDS, "closed"], fired, strict=True):
            close(z, by_hand(), err_msg=kind)
            close(dx, [C * KINDS[kind].slope(X, A)] * 2, err_msg=kind)
