"""Every transformation of JAX, for every way to make a spike, against gradients worked out by hand (`reference`)."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from reference import CASES, FAST, KINDS, MAKERS, TRIANGLE, A, C, X, close, fast, lif

from surrofun import antiderivative, make_spike, scale, shapes

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
makers = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
cases = pytest.mark.parametrize(("kind", "maker"), CASES.values(), ids=CASES)
both_rules = pytest.mark.parametrize("forward_mode", [False, True], ids=["vjp", "jvp"])
forward = make_spike(forward_mode=True)  # waits for its shape


def pulled(f, c=C):
    """Return (x, a) -> spikes and the gradient by x of sum(c * spikes)."""

    def both(x, a):
        z, pull = jax.vjp(lambda x: f(x, a), x)
        return z, pull(jnp.broadcast_to(jnp.asarray(c, z.dtype), z.shape))[0]

    return both


def in_while_loop(f):
    def run(x, a):
        start = (0, jnp.zeros_like(x), jnp.zeros_like(x))
        return lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, *pulled(f)(x, a)), start)[1:]

    return run


def under(context, run):
    def inside(x, a):
        with context():
            return run(x, a)

    return inside


def exported(f, *shape):
    """Return f as it comes back from its export; a text is a symbolic shape."""
    from jax import export  # here, since that of jax 0.6 imports absl, which it does not require

    shapes = [export.symbolic_shape(s) if isinstance(s, str) else s for s in shape]
    return export.export(jax.jit(f))(*(jax.ShapeDtypeStruct(s, np.float32) for s in shapes)).call


def weighted_gradient(both):
    def run(x, a):
        z, dx = both(x, a)
        return z, C * dx

    return run


# Each takes f(x, a) -> spikes and returns (x, a) -> (spikes, gradient by x).
ROWS = {
    "grad": pulled,
    "jit of grad": lambda f: jax.jit(pulled(f)),
    "grad of jit": lambda f: pulled(jax.jit(f)),
    "vmap of grad": lambda f: lambda x, a: jax.vmap(lambda x, c: pulled(lambda x, a: f(x, a), c)(x, a))(x, C),
    "grad of vmap": lambda f: pulled(jax.vmap(jax.vmap(f, (0, None)), (0, None))),
    "jit of vmap": lambda f: jax.jit(pulled(jax.vmap(f, (0, None)))),
    "scan": lambda f: jax.jit(pulled(lambda x, a: lax.scan(lambda _, x: (None, f(x, a)), None, x)[1])),
    "fori_loop": lambda f: jax.jit(
        pulled(lambda x, a: lax.fori_loop(0, 4, lambda i, z: z.at[i].set(f(x[i], a)), jnp.zeros_like(x)))
    ),
    "while_loop": in_while_loop,
    "cond": lambda f: jax.jit(pulled(lambda x, a: lax.cond(a > 0, f, lambda x, a: x, x, a))),
    "cond over closures": lambda f: jax.jit(pulled(lambda x, a: lax.cond(a > 0, lambda: f(x, a), lambda: x))),
    "switch": lambda f: jax.jit(pulled(lambda x, a: lax.switch(a.astype(int), [lambda x, a: x, f, jnp.add], x, a))),
    "checkpoint": lambda f: pulled(jax.checkpoint(f)),
    "checkpoint with a policy": lambda f: jax.jit(
        pulled(jax.checkpoint(f, policy=jax.checkpoint_policies.save_only_these_names("surrogate")))
    ),
    "checkpoint in scan": lambda f: jax.jit(
        pulled(lambda x, a: lax.scan(jax.checkpoint(lambda _, x: (None, f(x, a))), None, x)[1])
    ),
    "export of grad": lambda f: exported(pulled(f), X.shape, ()),
    "grad of export, any batch": lambda f: pulled(exported(f, "batch, 3", ())),
    "export of grad, any batch": lambda f: weighted_gradient(exported(pulled(f, 1.0), "batch, 3", ())),
    "disable_jit": lambda f: under(jax.disable_jit, jax.jit(pulled(f))),
    "checking_leaks": lambda f: under(jax.checking_leaks, jax.jit(pulled(f))),
    "debug_nans": lambda f: under(lambda: jax.debug_nans(True), jax.jit(pulled(f))),
    "rank promotion": lambda f: under(lambda: jax.numpy_rank_promotion("raise"), jax.jit(pulled(f))),
}


@cases
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_spikes_and_gradient(row, kind, maker):
    z, dx = row(lambda x, a: kind.build(maker.make, a)(x))(jnp.asarray(X), jnp.asarray(A))
    assert z.dtype == dx.dtype == jnp.float32
    np.testing.assert_array_equal(z, maker.step(X))
    close(dx, C * kind.slope(X, A))


@cases
@pytest.mark.parametrize("jit", [jax.jit, lambda f: f], ids=["jit", "eager"])
def test_vmap_over_the_parameter(jit, kind, maker):
    alphas = np.array([0.5, 1.0, 3.0], np.float32)
    z, dx = jit(jax.vmap(pulled(lambda x, a: kind.build(maker.make, a)(x)), (None, 0)))(X, alphas)
    np.testing.assert_array_equal(z, [maker.step(X)] * 3)
    close(dx, np.broadcast_to(C * kind.slope(X, alphas[:, None, None]), (3, *X.shape)))


@cases
def test_grad_of_vmap_over_the_parameter(kind, maker):
    """The cotangents differ from one parameter to the next: sum over a of c_a g(x; a)."""
    alphas, cs = np.array([0.5, 1.0, 3.0], np.float32), np.stack([C, -2 * C, C[::-1]])
    f = jax.vmap(lambda x, a: kind.build(maker.make, a)(x), (None, 0))
    z, dx = jax.jit(pulled(f, cs))(X, alphas)
    np.testing.assert_array_equal(z, [maker.step(X)] * 3)
    close(dx, (cs * kind.slope(X, alphas[:, None, None])).sum(0), rtol=1e-4, atol=1e-5)


@cases
def test_associative_scan(kind, maker):
    def run(x, a):
        spike = kind.build(maker.make, a)
        return lax.associative_scan(lambda left, right: left + spike(right), x)

    z, dx = jax.jit(pulled(run, C[:2]))(X[:2], A)
    close(z, [X[0], X[0] + maker.step(X[1])])
    close(dx, [C[0] + C[1], C[1] * kind.slope(X[1], A)])


def network(build, where):
    """Return (w, xs, alphas) -> spikes of the neuron that `reference.lif` works out by hand."""

    def run(w, xs, alphas):
        outside = build(alphas[0]) if where == "outside" else None

        def body(state, inputs):
            v, z = state
            x, a = inputs
            v = 0.9 * v + w * x - z
            z = (outside or build(a))(v - 1.0)
            return (v, z), z

        zero = jnp.zeros_like(xs[0])
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


@cases
@pytest.mark.parametrize(("where", "alphas"), [("outside", "constant"), *(("inside", alphas) for alphas in ALPHAS)])
def test_spiking_neuron_through_time(where, alphas, kind, maker):
    alphas = ALPHAS[alphas]
    run = network(functools.partial(kind.build, maker.make), where)
    z, dw = jax.jit(lambda xs, alphas: pulled(lambda w, _: run(w, xs, alphas), CS)(jnp.asarray(W), None))(STEPS, alphas)
    by_hand, dw_by_hand = lif(maker.step, kind.slope, W, STEPS, CS, alphas)
    np.testing.assert_array_equal(z, by_hand)
    close(dw, dw_by_hand, rtol=1e-4, atol=1e-5)
    assert 0 < np.mean(by_hand > 0) < 1


@makers
@pytest.mark.parametrize("how", ["call", "closed", "in a switch"])
def test_integer_tracer_selects_between_shapes(how, maker):
    def chosen(x, i):
        return jnp.where(i == 0, fast(x, 2.0), shapes.triangle(x))

    def f(x, i):
        if how == "call":
            return maker.make(chosen)(x, i)
        if how == "closed":
            return maker.make(lambda x: chosen(x, i))(x)
        return maker.make(lambda x: lax.switch(i, [lambda x: fast(x, 2.0), shapes.triangle], x))(x)

    by_hand = [C * FAST.slope(X, 2), C * TRIANGLE.slope(X, 1)]
    which = jnp.arange(2)
    close(jax.jit(pulled(f))(X, which[1])[1], by_hand[1])
    close(jax.jit(jax.vmap(pulled(f), (None, 0)))(X, which)[1], by_hand)
    close(jax.jit(lambda x: lax.scan(lambda _, i: (None, pulled(f)(x, i)[1]), None, which)[1])(X), by_hand)


def test_checkpoint_policy_keeps_the_named_slope_alone(capsys):
    keep = jax.checkpoint_policies.save_only_these_names("surrogate")
    f = jax.checkpoint(lambda x: closed_spike(2 * x).sum(), policy=keep)
    closed_spike = make_spike(lambda x: jnp.exp(-jnp.abs(x)))
    jax.ad_checkpoint.print_saved_residuals(f, X)
    kept = [line for line in capsys.readouterr().out.splitlines() if "argument" not in line]
    assert len(kept) == 1
    assert kept[0].startswith("f32[4,3]")
    assert "surrogate" in kept[0]
    assert str(jax.make_jaxpr(jax.grad(f))(X)).count(" exp ") == 1


@cases
def test_eval_shape(kind, maker):
    z, dx = jax.eval_shape(pulled(lambda x, a: kind.build(maker.make, a)(x)), X, A)
    assert (z.shape, z.dtype) == (dx.shape, dx.dtype) == (X.shape, jnp.float32)


@cases
def test_float64(kind, maker, x64):
    z, dx = jax.jit(pulled(lambda x, a: kind.build(maker.make, a)(x)))(X.astype(np.float64), np.float64(A))
    assert z.dtype == dx.dtype == jnp.float64
    close(dx, C * kind.slope(X, A), rtol=1e-14, atol=0)


PARAMETERS = {"float32": lambda dtype: A, "half": lambda dtype: A.astype(dtype), "number": lambda dtype: 1.75}


@cases
@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision(dtype, parameter, kind, maker):
    x, a = X.astype(dtype), PARAMETERS[parameter](dtype)
    # x is in float32 inside, and strictly a user's closure that holds a half precision number may not multiply them
    promotion = "standard" if (parameter, kind) == ("half", KINDS["closed"]) else "strict"
    with jax.numpy_dtype_promotion(promotion):
        z, dx = jax.jit(pulled(lambda x, a: kind.build(maker.make, a)(x)))(x, a)
    assert z.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(z.astype(np.float32), maker.step(X))
    slope = kind.slope(x.astype(np.float64), A).astype(np.float32).astype(dtype)  # rounded once
    np.testing.assert_array_equal(dx, C.astype(dtype) * slope)


@kinds
@both_rules
def test_parameter_gets_zero_in_first_order(forward_mode, kind):
    da = jax.grad(lambda a: kind.build(make_spike(forward_mode=forward_mode), a)(X).sum())(A)
    assert da == 0


@cases
def test_reverse_over_reverse(kind, maker):
    """L = sum(c z x^2): dL/dx = c (g x^2 + 2 x z) and d2L/dx2 = c (g' x^2 + 4 g x + 2 z), where z' = g."""

    def first(x, a):
        return jax.grad(lambda x: (C * kind.build(maker.make, a)(x) * jnp.square(x)).sum())(x)

    second = jax.jit(jax.grad(lambda x, a: first(x, a).sum()))(X, A)
    g, dg, z = kind.slope(X, A), kind.dx(X, A), maker.step(X)
    close(first(X, A), C * (g * X**2 + 2 * X * z))
    smooth = X != 0  # at the peak the slope has two derivatives
    close(second[smooth], (C * (dg * X**2 + 4 * g * X + 2 * z))[smooth])


def test_third_order_is_the_second_derivative_of_the_slope():
    spike = make_spike(fast)
    x = X[np.abs(X) > 0]
    third = jax.vmap(jax.grad(jax.grad(jax.grad(spike))), (0, None))(x, A)
    close(third, 6 * A.astype(float) ** 2 * (1 + A * np.abs(x.astype(float))) ** -4)


@kinds
@pytest.mark.parametrize(
    ("learnable", "forward_mode"), [(False, False), (False, True), (True, False)], ids=["vjp", "jvp", "learnable"]
)
def test_meta_gradient_through_an_update_step(learnable, forward_mode, kind):
    """Loss e z(w' x - 1) after w' = w - lr d/dw sum(c z(w x - 1)), differentiated by the parameter a and by w."""
    x, c, e = X[0:4, 0] + 1.1, C[:, 1], C[:, 2]
    w, lr = np.float32(0.8), 0.125
    make = make_spike(forward_mode=forward_mode, learnable=learnable)

    def after(w, a):
        spike = kind.build(make, a)
        updated = w - lr * jax.grad(lambda w: (c * spike(w * x - 1.0)).sum())(w)
        return (e * spike(updated * x - 1.0)).sum()

    dw, da = jax.jit(jax.grad(after, (0, 1)))(w, A)

    x, c, e, w, a = (np.asarray(v, np.float64) for v in (x, c, e, w, A))
    u = w * x - 1
    updated = w - lr * (c * kind.slope(u, a) * x).sum()
    outer = (e * kind.slope(updated * x - 1, a) * x).sum()
    direct = (e * kind.soft_da(updated * x - 1, a)).sum() if learnable else 0
    close(dw, outer * (1 - lr * (c * kind.dx(u, a) * x**2).sum()), rtol=1e-4)
    close(da, -lr * outer * (c * kind.da(u, a) * x).sum() + direct, rtol=1e-4, atol=1e-5)


# Forward mode: f is x -> spikes, and the derivative by hand is that of sum(c z x^2), as above, or of z itself.
# JAX arrays, since jax 0.10 fails an assertion of its own on `vmap` of a custom rule over NumPy arrays inside `jit`.
V = jnp.linspace(-1, 2, X.size)  # a direction
T = jnp.where(X == 0, 1, X).ravel()  # no kink


def weighted(f):
    return lambda x: (C.ravel() * f(x) * jnp.square(x)).sum()


FORWARD_ROWS = {
    "jvp": (lambda f: jax.jvp(f, (T,), (V,))[1], lambda g, dg: V * g),
    "jit of jvp": (lambda f: jax.jit(lambda x, v: jax.jvp(f, (x,), (v,))[1])(T, V), lambda g, dg: V * g),
    "jvp of jit": (lambda f: jax.jvp(jax.jit(f), (T,), (V,))[1], lambda g, dg: V * g),
    "vmap of jvp": (lambda f: jax.vmap(lambda x, v: jax.jvp(f, (x,), (v,))[1])(T, V), lambda g, dg: V * g),
    "linearize": (lambda f: jax.linearize(f, T)[1](V), lambda g, dg: V * g),
    "jacfwd": (lambda f: jax.jacfwd(f)(T), lambda g, dg: np.diag(g)),
    "jacrev": (lambda f: jax.jacrev(f)(T), lambda g, dg: np.diag(g)),
    "jvp of jvp": (
        lambda f: jax.jvp(lambda x: jax.jvp(f, (x,), (V,))[1], (T,), (V,))[1],
        lambda g, dg: V**2 * dg,
    ),
    "jvp through while_loop": (
        lambda f: jax.jvp(lambda x: lax.while_loop(lambda s: s[0] < 1, lambda s: (1, f(s[1])), (0, x))[1], (T,), (V,))[
            1
        ],
        lambda g, dg: V * g,
    ),
    "jvp through scan": (
        lambda f: jax.jvp(lambda x: lax.scan(lambda _, x: (None, f(x)), None, x)[1], (T,), (V,))[1],
        lambda g, dg: V * g,
    ),
    "hessian": (lambda f: jax.hessian(weighted(f))(T), lambda g, dg: np.diag(curvature(g, dg))),
    "jacfwd of jacfwd": (lambda f: jax.jacfwd(jax.jacfwd(weighted(f)))(T), lambda g, dg: np.diag(curvature(g, dg))),
    "hvp": (lambda f: jax.jvp(jax.grad(weighted(f)), (T,), (V,))[1], lambda g, dg: V * curvature(g, dg)),
    "hvp, reverse over forward": (
        lambda f: jax.grad(lambda x: jax.jvp(weighted(f), (x,), (V,))[1])(T),
        lambda g, dg: V * curvature(g, dg),
    ),
}


def curvature(g, dg):
    t = np.asarray(T)
    return C.ravel() * (dg * t**2 + 4 * g * t + 2 * (t >= 0))


@kinds
@pytest.mark.parametrize(("run", "by_hand"), FORWARD_ROWS.values(), ids=FORWARD_ROWS)
def test_forward_mode(run, by_hand, kind):
    got = jax.jit(lambda a: run(kind.build(forward, a)))(A)
    close(got, by_hand(kind.slope(T, A), kind.dx(T, A)))


@kinds
def test_forward_mode_through_time_agrees_with_the_hand_made_backward_pass(kind):
    alphas = ALPHAS["per neuron"]
    run = network(functools.partial(kind.build, forward), "inside")
    loss = jax.jit(jax.jacfwd(lambda w: (CS * run(w, STEPS, alphas)).sum()))
    close(loss(W), lif(MAKERS["bare"].step, kind.slope, W, STEPS, CS, alphas)[1], rtol=1e-4, atol=1e-5)


def over_many(f, values):
    """Return what f(value) -> arrays gives for each value: under jit, jit of vmap and jit of scan."""
    jitted = jax.jit(f)
    return [
        jax.tree.map(lambda *z: np.stack(z), *map(jitted, values)),
        jax.jit(jax.vmap(f))(values),
        jax.jit(lambda values: lax.scan(lambda _, v: (None, f(v)), None, values)[1])(values),
    ]


@pytest.mark.parametrize(("kind", "forward_mode"), [*((kind, False) for kind in KINDS), ("closed", True)])
def test_step_that_closes_over_a_random_key(forward_mode, kind):
    kind = KINDS[kind]

    def noisy(key):
        return lambda x: jnp.where(x + jax.random.logistic(key, x.shape, x.dtype) > 0, 1.0, 0.0)

    def f(key):
        make = make_spike(step=noisy(key), forward_mode=forward_mode)
        return pulled(lambda x, a: kind.build(make, a)(x))(jnp.asarray(X), A)

    keys = jax.random.split(jax.random.key(0), 2)
    noise = [np.asarray(jax.random.logistic(key, X.shape, np.float32)) for key in keys]
    for z, dx in over_many(f, keys):
        np.testing.assert_array_equal(z, noise + X > 0)
        close(dx, [C * kind.slope(X, A)] * 2)


@pytest.mark.parametrize(("kind", "forward_mode"), [*((kind, False) for kind in KINDS), ("closed", True)])
def test_step_that_is_the_soft_step_of_a_tracer(forward_mode, kind):
    kind = KINDS[kind]

    def f(beta):
        make = make_spike(step=antiderivative(scale(shapes.sigmoid, beta)), forward_mode=forward_mode)
        return pulled(lambda x, a: kind.build(make, a)(x))(jnp.asarray(X), A)

    betas = np.array([0.5, 4.0], np.float32)
    for z, dx in over_many(f, betas):
        close(z, 1 / (1 + np.exp(-4 * betas[:, None, None].astype(float) * X)))
        close(dx, [C * kind.slope(X, A)] * 2)
