"""`make_spike` as an object: how it is called, named, cached and pickled, and what it accepts."""

import functools
import inspect
import pydoc
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import sample
from reference import CASES, FAST, MAKERS, TRIANGLE, A, X, close, declared, decorated, fast, gradient, mirror

import surrofun
from surrofun import antiderivative, check, derivative, make_spike, scale, shape, shapes, shift, sign, staircase

cases = pytest.mark.parametrize(("kind", "maker"), CASES.values(), ids=CASES)


# How it is written


@pytest.mark.parametrize(
    ("decorate", "maker"), [(make_spike, "bare"), (make_spike(), "bare"), (make_spike(step=sign), "options")]
)
def test_decorator(decorate, maker):
    @decorate
    def spike(x, a=2.0):
        return fast(x, a)

    numbers = 3.0, 2, np.float32(1.75), np.float64(1.75), np.full(3, 1.75), np.array([1.75])
    given = [((), {}, 2.0), ((), {"a": 3.0}, 3.0), ((), {"a": jnp.float32(3)}, 3.0), *(((a,), {}, a) for a in numbers)]
    for args, kwargs, a in given:
        np.testing.assert_array_equal(spike(X, *args, **kwargs), MAKERS[maker].step(X))
        close(gradient(spike, X, *args, **kwargs), FAST.slope(X, a))


def test_parameters_of_any_kind_reach_the_shape():
    def g(x, by, *more, which="triangle", options=None):
        return getattr(shapes, which)(x - by["here"]) * more[0] * options.factor

    options = types.SimpleNamespace(factor=3)
    got = gradient(make_spike(g), X, {"here": jnp.float32(0.5)}, 2, which="triangle", options=options)
    close(got, 6 * TRIANGLE.slope(X - 0.5, 1.0))


@pytest.mark.parametrize("step", [lambda x: x >= 0, lambda x: (x >= 0).astype(int), lambda x: np.float32(1)])
def test_step_may_be_any_plain_function(step):
    z = make_spike(shapes.triangle, step=step)(X)
    assert z.dtype == jnp.float32
    np.testing.assert_array_equal(z, np.broadcast_to(step(X), X.shape))


@pytest.mark.parametrize(
    "value", [3.0, 3, True, np.float32(3), jnp.full((1, 3), 3), np.full(3, 3), np.ones((4, 1)) > 0]
)
def test_slope_is_broadcast_and_cast_to_x(value):
    dx = gradient(make_spike(lambda x: value), X)
    assert dx.dtype == jnp.float32
    np.testing.assert_array_equal(dx, np.broadcast_to(value, X.shape))


# What it accepts


@sample
@cases
@pytest.mark.parametrize("size", [(0,), (0, 3), (4, 0), ()])
def test_empty_and_scalar_arrays(size, kind, maker):
    x = jnp.full(size, 0.5, jnp.float32)
    z, pull = jax.vjp(kind.build(maker.make, A), x)
    np.testing.assert_array_equal(z, np.ones(size, np.float32), strict=True)
    np.testing.assert_allclose(pull(z)[0], np.broadcast_to(kind.slope(0.5, A), size), rtol=1e-6)


@cases
@pytest.mark.parametrize("x", [0.25, np.float64(0.25), X.T[1], X.astype(np.float64)[::-1]])
def test_python_scalars_and_numpy_arrays(x, kind, maker):
    spike = kind.build(maker.make, A)
    z = spike(x)
    assert isinstance(z, jax.Array)
    assert z.dtype == jnp.float32
    np.testing.assert_array_equal(z, maker.step(x))
    close(jax.grad(lambda x: spike(x).sum())(x), kind.slope(x, A))


@pytest.mark.parametrize("g", [shapes.triangle, shapes.superspike, scale(shapes.sigmoid, 2.0)])
def test_unusual_potentials(g):
    x = jnp.array([-jnp.inf, -1e38, 1e38, jnp.inf, jnp.nan])
    np.testing.assert_array_equal(make_spike(g)(x), [0, 0, 1, 1, 0])
    np.testing.assert_array_equal(gradient(make_spike(g), x)[:4], 0)


# What it looks like


NAMES = [
    *("triangle", "fast", "declared", "superspike(beta=25.0)", "power_law(q=3.0)", "scale(triangle, 2.0)"),
    *("scale(triangle, 2.0, height=0.5)", "shift(sigmoid, -0.5)", "mix(triangle, laplace)"),
    *("mix(scale(sigmoid, 3.0), shift(triangle, 0.5), weights=(0.7, 0.3))", "asym(triangle, scale(laplace, 2.0))"),
    *("normalize(superspike, area=1.0)", "normalize(superspike, peak=0.5)", "mirror(scale(declared(a=2.0), 3.0))"),
]


@pytest.mark.parametrize("name", NAMES)
def test_shows_the_name_of_its_shape(name):
    """Which is the expression that makes it."""
    g = eval(name, {**vars(shapes), **vars(surrofun), **globals()})
    spike = make_spike(g)
    assert spike.__name__ == g.__name__ == name
    assert spike.__qualname__.endswith(name)
    assert spike.__doc__ == g.__doc__
    composed = name.startswith(("scale", "shift", "mix", "asym", "normalize"))
    for made in (g, spike):
        assert name in pydoc.plaintext.document(made, name)
        assert not composed or str(inspect.signature(made)) == "(x, *args, **kwargs)"


def test_a_composition_keeps_its_name_when_an_equal_one_is_made():
    kept = [combine(shapes.triangle, number) for combine in (scale, shift) for number in (3.0, 3)]
    names = ["scale(triangle, 3.0)", "scale(triangle, 3)", "shift(triangle, 3.0)", "shift(triangle, 3)"]
    assert [g.__name__ for g in kept] == [make_spike(g).__name__ for g in kept] == names


def test_arrays_and_tracers_are_named_by_their_shape():
    names = [scale(fast, jnp.ones(3)).__name__, declared(a=np.int64(2)).__name__]
    jax.jit(lambda a: names.append(make_spike(scale(shapes.triangle, a)).__name__) or a)(jnp.ones(3))
    assert names == ["scale(fast, <float32[3]>)", "declared(a=2)", "scale(triangle, <float32[3]>)"]


@pytest.mark.parametrize("g", [shapes.triangle, shapes.gaussian, fast, declared, lambda x, width=1.0: x])
def test_signature_is_that_of_its_shape(g):
    assert inspect.signature(make_spike(g)) == inspect.signature(g)
    assert inspect.signature(make_spike(step=sign)(g)) == inspect.signature(g)
    assert list(inspect.signature(decorated).parameters) == ["x", "a"]


def test_help_is_readable():
    for spike, shown in (
        (make_spike(shapes.triangle), ["triangle", "alpha", shapes.triangle.__doc__.splitlines()[0]]),
        (decorated, ["decorated(x, a=2.0)", "A spike at module level."]),
        (make_spike(scale(shapes.triangle, 2.0)), ["scale(triangle, 2.0)", scale.__doc__.splitlines()[0]]),
        (shapes.power_law(q=3.0), ["power_law(q=3.0)", shapes.power_law.__doc__.splitlines()[0]]),
        (staircase(3), ["staircase(n=3)", "thresholds 0, 1, ... n - 1"]),
        (derivative(jnp.tanh), ["derivative(tanh)", "The slope of tanh."]),
    ):
        text = pydoc.render_doc(spike, renderer=pydoc.plaintext)
        assert all(part in text for part in shown), text
        assert "Methods defined here" not in text, text


def test_a_parameter_by_keyword_is_the_default():
    for made in (shapes.power_law(q=3.0), make_spike(shapes.power_law(q=3.0))):
        _, *parameters = inspect.signature(made).parameters.values()
        assert [(p.name, p.default) for p in parameters] == [("alpha", 1.0), ("q", 3.0)]
    assert str(inspect.signature(shapes.epanechnikov(n=2))) == "(x, width=1.0, *, n=2)"  # a whole number is structure


def test_soft_step_shows_its_shape_and_the_parameters():
    soft = antiderivative(shift(shapes.atan, 0.1))
    assert soft.__name__ == "antiderivative(shift(atan, 0.1))"
    assert "shift(atan, 0.1)" in soft.__doc__
    assert [*inspect.signature(antiderivative(shapes.power_law)).parameters] == ["x", "alpha", "q"]


ANY = "step code grad_fn learnable forward_mode f g parts slope made like call keep hides".split()  # noqa: SIM905


def of_any_name(x, **parameters):
    return sum(2**k * parameters[name] for k, name in enumerate(ANY)) * jnp.exp(-jnp.abs(x))


@sample
@pytest.mark.parametrize("g", [of_any_name, shape(of_any_name)], ids=["plain", "declared"])
def test_a_parameter_may_have_any_name(g):
    given = {name: float(k % 3) for k, name in enumerate(ANY)}
    peak = sum(2**k * (k % 3) for k in range(len(ANY)))
    for spike in (make_spike(g), make_spike(g, residual=jnp.uint8), make_spike(scale(g), forward_mode=True)):
        assert jax.grad(spike)(0.0, **given) == peak
    bound = functools.partial(g, **given) if g is of_any_name else g(**given)
    assert jax.grad(make_spike(scale(bound)))(0.0) == peak
    assert jnp.isclose(antiderivative(g)(0.0, **given), peak)
    assert jnp.isclose(shape(g)(0.0, **given), peak)
    assert jnp.isclose(surrofun.flow(g, jnp.zeros(1), **given)["mean"], peak)
    assert check(g, **dict.fromkeys(ANY, 1))["finite"]["ok"]


@pytest.mark.parametrize("g", [shapes.triangle, declared, mirror(declared), lambda x, a=1.0: fast(x, a)])
def test_the_potential_may_be_given_by_its_name(g):
    spike = make_spike(g)
    np.testing.assert_array_equal(spike(x=X), spike(X))
    of_its_own = make_spike(lambda v, a=1.0: a / jnp.square(1 + jnp.abs(v)))
    np.testing.assert_array_equal(of_its_own(a=2.0, v=X), spike(X))
    assert jax.grad(lambda v: of_its_own(v=v, a=2.0))(1.0) == 0.5


def test_a_parameter_may_be_called_x_beside_potentials_that_have_no_name():
    g = shape(lambda *v, x=2.0: x / (1 + jnp.abs(v[0])))
    assert g(x=3.0)(0.0) == g(0.0, x=3.0) == jax.grad(make_spike(g(x=3.0)))(0.0) == 3


def rebuilt(tree):
    return jax.tree.map(lambda leaf: leaf, tree)


@pytest.mark.parametrize("make", [lambda: scale(shapes.triangle, 2.0), lambda: derivative(jnp.tanh)])
def test_a_rebuilt_composition_takes_the_potential_by_its_name(make):
    g = make()
    spike = make_spike(g, learnable=True)
    for made in (rebuilt(spike), make_spike(rebuilt(g)), make_spike(g, learnable=True)):
        np.testing.assert_array_equal(jax.jit(lambda s, x: s(x=x))(made, X), X >= 0)
        close(gradient(lambda x, s=made: s(x=x), X), g(X))
    assert rebuilt(g)(x=0.0) == g(0.0)
    assert rebuilt(spike)(x=0.5) == 1


def test_a_random_key_may_be_a_parameter():
    spike = make_spike(functools.partial(lambda x, key: jnp.exp(-jnp.abs(x)), key=jax.random.key(0)))
    assert spike.__name__ == "<lambda>(key=<key<fry>[]>)"
    close(jax.grad(spike)(0.5), np.exp(-0.5))


def test_a_step_needs_no_derivative():
    spike = make_spike(shapes.triangle, step=lambda x: jax.pure_callback(lambda x: np.float32(x >= 0), x, x))
    assert jax.value_and_grad(spike)(0.25) == (1.0, 0.75)
