"""Nothing goes stale: what a plain function reads when it is called is what it returns, eager and under a fresh jit.

Each row of `ROWS` sets up a function of slope 1 and a change after which it is 2.
"""

import functools
import math
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrofun import (
    antiderivative,
    area,
    around,
    asym,
    bounds,
    combinator,
    lookup,
    make_spike,
    mix,
    register,
    registry,
    scale,
    shape,
    shapes,
    shift,
)

X = jnp.array([-0.5, 0.0, 0.25])
HELD = None  # what a row keeps in a global
settings_of_a_user = types.ModuleType("settings_of_a_user")


def reads(x):
    return HELD + 0 * x


def reads_through_a_helper(x):
    return reads(x)


def reads_in_a_lambda(x):
    return jax.vmap(lambda u: HELD + 0 * u)(x)


def reads_an_item(x):
    return HELD["item"] + 0 * x


def reads_the_first(x):
    return HELD[0] + 0 * x


def calls(x):
    return HELD(0 * x)


def reads_by_globals(x):
    return globals()["HELD"] + 0 * x


def reads_by_eval(x):
    return eval("HELD") + 0 * x


def reads_in_a_class_body(x):
    class Settings:
        height = HELD

    return Settings.height + 0 * x


def reads_a_module(x):
    return settings_of_a_user.height + 0 * x


def imports(x):
    import settings_of_a_user

    return settings_of_a_user.height + 0 * x


def reads_a_library(x):
    return math.tau + 0 * x


def calls_a_library(x):
    return jnp.deg2rad(0 * x)


def looks_up(x):
    return lookup("changing")(x)


def reads_its_attribute(x):
    return reads_its_attribute.height + 0 * x


def has_defaults(x, height=1.0, *, factor=1.0):
    return height * factor + 0 * x


def twice(x, height=1.0, *, factor=1.0):
    return 2 * height * factor + 0 * x


def constant(value):
    return lambda x: value + 0 * x


def rebound(g, before, after):
    """The global is rebound."""

    def row(patch):
        patch.setitem(globals(), "HELD", before)
        return g, lambda: patch.setitem(globals(), "HELD", after)

    return row


def in_place(g, held, key):
    """An item of the global is set."""

    def row(patch):
        patch.setitem(globals(), "HELD", held())
        return g, lambda: HELD.__setitem__(key, 2.0)

    return row


def attribute(g, of, name, before, after):
    """An attribute is set, of a function or of a module."""

    def row(patch):
        patch.setattr(of, name, before, raising=False)
        return g, lambda: patch.setattr(of, name, after)

    return row


def imported(patch):
    patch.setitem(sys.modules, "settings_of_a_user", types.SimpleNamespace(height=1.0))
    return imports, lambda: patch.setitem(sys.modules, "settings_of_a_user", types.SimpleNamespace(height=2.0))


def registered(patch):
    patch.setattr(registry, "_named", dict(registry._named))

    def name(value):
        g = constant(value)
        g.__qualname__ = "changing"  # as when a cell of a notebook reruns
        register("changing", g)

    name(1.0)
    return looks_up, lambda: name(2.0)


def closure(declare):
    """A variable of the function around, behind `functools.wraps`."""

    def row(patch):
        height = 1.0

        @functools.wraps(shapes.triangle)
        def g(x):
            return height + 0 * x

        def change():
            nonlocal height
            height = 2.0

        return declare(g), change

    return row


def cell(patch):
    g = constant(1.0)
    return g, lambda: setattr(g.__closure__[0], "cell_contents", 2.0)


def instance(method):
    def row(patch):
        class Flat:
            height = 1.0

            def __call__(self, x):
                return self.height + 0 * x

        flat = Flat()
        return flat.__call__ if method else flat, lambda: setattr(flat, "height", 2.0)

    return row


def array_parameter(build):
    """An array that a shape has as its parameter, changed in place."""

    def row(patch):
        alpha = np.ones(3, np.float32)
        return build(alpha), lambda: alpha.__setitem__(slice(None), 2.0)

    return row


@shape
def flat(x, height=1.0, settings=None):
    return (settings["height"] if settings else height) + 0 * x


@combinator
def constant_of(x, g):
    return g(x)


ROWS = {
    "number": rebound(reads, 1.0, 2.0),
    "integer": rebound(reads, 1, 2),
    "array": rebound(reads, np.float32([1]), np.float32([2])),
    "jax array": rebound(reads, jnp.float32(1), jnp.float32(2)),
    "list": rebound(reads_the_first, [1.0], [2.0]),
    "dict": rebound(reads_an_item, {"item": 1.0}, {"item": 2.0}),
    "array in place": in_place(reads, lambda: np.ones(1, np.float32), 0),
    "list in place": in_place(reads_the_first, lambda: [1.0], 0),
    "dict in place": in_place(reads_an_item, lambda: {"item": 1.0}, "item"),
    "shape": rebound(calls, shapes.triangle, scale(shapes.triangle, 2.0)),
    "jnp function": rebound(calls, jnp.cos, lambda x: 2 * jnp.cos(x)),
    "other jnp function": rebound(lambda x: 1 + HELD(0 * x), jnp.sin, jnp.cos),
    "helper": rebound(calls, constant(1.0), constant(2.0)),
    "through a helper": rebound(reads_through_a_helper, 1.0, 2.0),
    "helper itself": attribute(reads_through_a_helper, sys.modules[__name__], "reads", constant(1.0), constant(2.0)),
    "in a lambda": rebound(reads_in_a_lambda, 1.0, 2.0),
    "globals()": rebound(reads_by_globals, 1.0, 2.0),
    "eval": rebound(reads_by_eval, 1.0, 2.0),
    "class body": rebound(reads_in_a_class_body, 1.0, 2.0),
    "module": attribute(reads_a_module, settings_of_a_user, "height", 1.0, 2.0),
    "import": imported,
    "attribute of a library": attribute(reads_a_library, math, "tau", 1.0, 2.0),
    "function of a library": attribute(calls_a_library, jnp, "deg2rad", jnp.cos, constant(2.0)),
    "lookup": registered,
    "nonlocal": closure(lambda g: g),
    "nonlocal, declared": closure(shape),
    "nonlocal, in a formula": closure(lambda g: combinator(lambda x, h: g(x))(shapes.triangle)),
    "nonlocal, in a part": closure(constant_of),
    "nonlocal, by keyword": closure(lambda g: functools.partial(lambda x, k: k * g(x), k=1.0)),
    "cell": cell,
    "own attribute": attribute(reads_its_attribute, reads_its_attribute, "height", 1.0, 2.0),
    "__defaults__": attribute(has_defaults, has_defaults, "__defaults__", (1.0,), (2.0,)),
    "__kwdefaults__": attribute(has_defaults, has_defaults, "__kwdefaults__", {"factor": 1.0}, {"factor": 2.0}),
    "__code__": attribute(has_defaults, has_defaults, "__code__", has_defaults.__code__, twice.__code__),
    "object": instance(method=False),
    "method": instance(method=True),
    "parameter in place": array_parameter(lambda alpha: flat(height=alpha)),
    "parameter of a composition in place": array_parameter(lambda alpha: scale(flat, height=alpha)),
}

# What the function is for: the spike, and whether its gradient or its value is that of the function.
USES = {
    "shape": (lambda g: make_spike(g), "gradient"),
    "step": (lambda g: make_spike(shapes.triangle, step=g), "value"),
    "composed": (lambda g: make_spike(mix(scale(g, height=0.25), asym(shift(g), g), weights=(2.0, 0.5))), "gradient"),
    "forward mode": (lambda g: make_spike(g, forward_mode=True), "gradient"),
    "uint8": (lambda g: make_spike(g, residual=jnp.uint8), "gradient"),
    "code": (lambda g: make_spike(shapes.triangle, residual=(g, lambda kept: kept)), "gradient"),
}
EVERY_USE = ("number", "dict in place", "function of a library", "nonlocal", "parameter in place")  # of these rows


def assert_equal(expected, spikes):
    """Compare the value or the gradient of each spike, eager and under a fresh jit."""

    def run(x):
        pulled = {use: jax.vjp(spike, x) for use, spike in spikes.items()}
        return {
            use: z if USES[use[1]][1] == "value" else pull(jnp.ones_like(z))[0] for use, (z, pull) in pulled.items()
        }

    for how, f in {"eager": run, "jit": jax.jit(run)}.items():
        for use, value in f(X).items():
            np.testing.assert_array_equal(value, np.full_like(X, expected), err_msg=f"{how}, {use}")


@pytest.mark.parametrize("row", ROWS)
def test_what_changes_is_seen(row, monkeypatch):
    g, change = ROWS[row](monkeypatch)

    def built(when):
        return {(when, use): build(g) for use, (build, _) in [*USES.items()][: None if row in EVERY_USE else 3]}

    before = built("before")
    assert_equal(1.0, before)
    change()
    assert_equal(2.0, before | built("after"))


@pytest.mark.parametrize("declare", [lambda g: g, shape, lambda g: scale(g), lambda g: shape(scale(g))])
def test_a_sweep_in_which_the_shape_reads_the_variable_of_the_loop(declare):
    g = declare(lambda x: height * jnp.exp(-jnp.abs(x)))
    spike = make_spike(g)
    for height in (1.0, 2.0, 3.0):
        for swept in (spike, make_spike(g), jax.jit(lambda x: spike(x))):
            assert jax.grad(swept)(0.0) == height
    gradients = [jax.grad(make_spike(declare(lambda x, k=k: k + 0 * x)))(0.0) for k in (1.0, 2.0, 3.0)]
    assert gradients == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("grad_fn", [shapes.triangle, lambda x: 1 - jnp.abs(x)], ids=["declared", "plain"])
def test_a_step_with_numpys_random_numbers_draws_at_each_call(grad_fn):
    rng, again = np.random.default_rng(0), np.random.default_rng(0)
    spike = make_spike(grad_fn, step=lambda x: rng.normal(size=x.shape).astype(np.float32))
    for _ in range(3):
        np.testing.assert_array_equal(spike(X), again.normal(size=3).astype(np.float32))
        z, pull = jax.vjp(spike, X)
        np.testing.assert_array_equal(z, again.normal(size=3).astype(np.float32))
        np.testing.assert_array_equal(pull(jnp.ones(3))[0], [0.5, 1.0, 0.75])


def peak(x, alpha=1.0):
    return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))


@pytest.mark.parametrize(
    "of", [lambda g: g, lambda g: g(alpha=1.0), scale, shift], ids=["g", "keyword", "scale", "shift"]
)
def test_a_fact_that_is_declared_anew(of):
    """Each declaration keeps its own facts, and so does what is composed of it; none of them changes the function."""

    def declared(k):
        facts = {
            "soft": lambda x, alpha=1.0, k=k: k * alpha * jnp.clip(x, 0, 1),
            "bounds": lambda alpha=1.0, k=k: (0, k),
            "around": lambda alpha=1.0, k=k: [(k, 1)],
        }
        return of(shape(peak, **facts))

    for k, g in [(k, declared(k)) for k in (1.0, 2.0, 4.0)] + [(1.0, declared(1.0))]:
        np.testing.assert_allclose(antiderivative(g)(jnp.array([-1.0, 0.5, 2.0])), [0, k / 2, k])
        assert ([*bounds(g)], around(g), area(g)) == ([0, k], [(k, 1)], k)
        learned = jax.grad(lambda alpha, g=g: make_spike(g, learnable=True)(0.5, alpha=alpha))
        assert learned(1.0) == jax.jit(learned)(1.0) == k / 2
        coded = jax.grad(make_spike(g, residual=jnp.uint8))
        assert coded(0.5) == jnp.rint(0.5 / k * 254) * k / 254
    assert [*bounds(peak)] == [0, 1]


# How often a plain function is called, and what it raises

FRESH = {"itself": lambda g: g, "composed": scale, "declared": shape}  # each of a function that closes over something
fresh = pytest.mark.parametrize("declare", FRESH.values(), ids=FRESH)


@fresh
@pytest.mark.parametrize("forward_mode", [False, True], ids=["vjp", "jvp"])
def test_it_is_called_once_at_each_eager_call(declare, forward_mode, capsys):
    @functools.wraps(peak)
    def counted(x):
        counted.calls += 1
        counted.itself = counted
        print("called")
        return counted.calls + 0 * x

    counted.calls = 0
    spike = make_spike(declare(counted), forward_mode=forward_mode)
    for calls in (1, 3, 5):
        assert spike(0.5) == 1
        assert counted.calls == calls
        assert jax.grad(spike)(0.5) == calls + 1 == counted.calls
    assert capsys.readouterr().out == 6 * "called\n"
    jax.grad(jax.grad(lambda x: spike(x) * x))(0.5)
    assert counted.calls > 6


class Stopped(BaseException):
    """Such as KeyboardInterrupt, which would end the tests."""


TRANSFORMED = {"call": lambda f: f, "grad": jax.grad, "jit": jax.jit, "vmap": lambda f: lambda x: jax.vmap(f)(x[None])}


@fresh
@pytest.mark.parametrize("run", TRANSFORMED.values(), ids=TRANSFORMED)
@pytest.mark.parametrize("error", [Stopped, RuntimeError, TypeError, AttributeError, StopIteration, KeyError])
def test_what_it_raises_arrives_as_it_is_and_it_is_called_once(error, run, declare):
    raised, calls = error("mine"), []

    def g(x):
        calls.append(x)
        raise raised

    for spike in (make_spike(declare(g)), make_spike(shapes.triangle, step=declare(g))):
        with pytest.raises(error) as caught:
            run(spike)(jnp.float32(0.5))
        assert caught.value is raised
        assert len(calls) == 1
        calls.clear()


class Calls:
    count = 0


@shape
def declared_at_module_level(x):
    Calls.count += 1
    raise LookupError("mine")


def test_what_a_compiled_shape_raises_arrives_and_it_is_called_once():
    for calls, run in enumerate(TRANSFORMED.values(), 1):
        with pytest.raises(LookupError, match=r"^mine"):
            run(make_spike(declared_at_module_level))(jnp.float32(0.5))
        assert Calls.count == calls


def test_a_function_that_wraps_a_spike_is_none():
    spike = make_spike(shapes.triangle)

    @functools.wraps(spike)
    def loud(x):
        return 2 * spike(x)

    for f in (spike, make_spike(lambda x: x)):
        with pytest.raises(TypeError, match="got the spike function of"):
            make_spike(f)
    assert jax.grad(make_spike(loud))(0.5) == 2
    assert scale(loud, 2.0)(0.5) == 4


class Neuron:
    height = 1.0

    def slope(self, x):
        return self.height * jnp.exp(-jnp.square(x))

    def bounds(self):
        return 0.0, self.height


def test_a_method_that_is_declared():
    neuron = Neuron()
    spike = make_spike(shape(neuron.slope, bounds=neuron.bounds), residual=jnp.uint8)
    assert jax.grad(spike)(0.0) == 1
    neuron.height = 5.0
    assert jax.grad(spike)(0.0) == 5


def test_a_tracer_as_a_default():
    def total(alpha):
        @shape
        def g(x, a=alpha):
            return a * jnp.maximum(0, 1 - jnp.abs(x))

        return jax.grad(make_spike(g))(0.5)

    assert [total(1.0), jax.jit(total)(2.0), jax.jit(total)(4.0)] == [0.5, 1.0, 2.0]
    assert jax.grad(total)(3.0) == 0.5
