"""Nothing goes stale: what a plain function reads when it is called is what it returns, eager and under a fresh jit."""

import dataclasses
import functools
import types
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import exhaustive, sample
from reference import tent

import surrofun
from surrofun import antiderivative, area, around, asym, bounds, combinator, make_spike, mix, scale, shape, shapes

X = jnp.array([-0.5, 0.0, 0.25])
SETTINGS = types.SimpleNamespace(height=1.0)  # what a function reads that stands in a module


def reads(x):
    return SETTINGS.height + 0 * x


def has_a_default(x, height=1.0):
    return height + 0 * x


@shape
def flat(x, height=1.0):
    return height + 0 * x


@combinator
def same(x, g):
    return g(x)


class Neuron:
    height = 1.0

    def slope(self, x):
        return self.height + 0 * x


@shape
def of_an_object(x, neuron=None):
    return neuron.height + 0 * x


@functools.partial(jax.tree_util.register_dataclass, data_fields=["factor"], meta_fields=["neuron"])
@dataclasses.dataclass(frozen=True)
class Scaled:
    """A pytree with an object as structure."""

    factor: float
    neuron: Neuron

    @property
    def height(self):
        return self.factor * self.neuron.height


class Reads(NamedTuple):
    """A tuple that is a function."""

    factor: float

    def __call__(self, x):
        return self.factor * SETTINGS.height + 0 * x


@shape
def of_a_key(x, table=None):
    (f,) = table
    return f(x)


OF_A_DEFAULT = Neuron()


@shape
def with_a_default(x, neuron=Scaled(1.0, OF_A_DEFAULT)):
    return neuron.height + 0 * x


def changes(patch):
    """Yield functions of slope 1, with each what it is used for and a change after which its slope is 2."""
    few = "shape", "step", "composed"
    height, held, alpha = 1.0, np.ones(1, np.float32), np.ones(3, np.float32)
    neuron, other, given = Neuron(), Neuron(), Neuron()

    @functools.wraps(shapes.triangle)
    def reads_a_variable(x):
        return height + 0 * x

    def change_the_variable():
        nonlocal height
        height = 2.0

    yield reads, USES, lambda: patch.setattr(SETTINGS, "height", 2.0)
    yield has_a_default, few, lambda: patch.setattr(has_a_default, "__defaults__", (2.0,))
    yield neuron.slope, few, lambda: patch.setattr(neuron, "height", 2.0)
    declared = shape(other.slope, bounds=lambda: (0.0, other.height))
    yield declared, ("shape", "uint8"), lambda: patch.setattr(other, "height", 2.0)
    yield scale(flat(height=alpha)), USES, lambda: alpha.fill(2.0)
    yield of_an_object(neuron=given), USES, lambda: patch.setattr(given, "height", 2.0)
    given, neuron = Neuron(), Neuron()
    yield of_an_object(neuron=Scaled(1.0, given)), USES, lambda: patch.setattr(given, "height", 2.0)
    yield of_a_key(table={neuron.slope: 1.0}), few, lambda: patch.setattr(neuron, "height", 2.0)
    yield with_a_default, few, lambda: patch.setattr(OF_A_DEFAULT, "height", 2.0)
    of_a_closure = lambda g: combinator(lambda x, h: g(x))(shapes.triangle)  # noqa: E731
    for declare in (shape, lambda g: g, scale, lambda g: shape(scale(g)), of_a_closure, same):
        height = 1.0
        yield declare(reads_a_variable), USES if declare is shape else few, change_the_variable
    patch.setattr(SETTINGS, "height", held)
    yield reads, few, lambda: held.fill(2.0)
    held.fill(1.0)
    yield Reads(1.0), few, lambda: held.fill(2.0)


def slope(g, **options):
    spike = make_spike(g, **options)
    return jax.grad(lambda x: spike(x).sum())


# What the function is for: all of these have its value.
USES = {
    "shape": slope,
    "step": lambda g: make_spike(shapes.triangle, step=g),
    "composed": lambda g: slope(mix(scale(g, height=0.25), asym(surrofun.shift(g), g), weights=(2.0, 0.5))),
    "forward mode": lambda g: slope(g, forward_mode=True),
    "uint8": lambda g: slope(g, residual=jnp.uint8),
    "code": lambda g: slope(shapes.triangle, residual=(g, lambda kept: kept)),
}


def test_what_changes_is_seen(monkeypatch):
    def run(x):
        return {use: f(x) for use, f in made.items()}

    for g, uses, change in changes(monkeypatch):
        made = {}
        for expected in (1.0, 2.0):
            made |= {(expected, use): USES[use](g) for use in uses}
            for how, f in {"eager": run, "jit": jax.jit(lambda x: run(x))}.items():
                for use, value in f(X).items():
                    np.testing.assert_array_equal(value, np.full_like(X, expected), err_msg=f"{g}, {how}, {use}")
            change()


@pytest.mark.parametrize("declare", [lambda g: g, shape, scale, lambda g: shape(scale(g))])
def test_functions_that_differ_in_a_default_are_told_apart(declare):
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


@exhaustive
@pytest.mark.parametrize("of", [lambda g: g(alpha=1.0), scale], ids=["keyword", "scale"])
def test_a_fact_that_is_declared_anew(of):
    """Each declaration keeps its own facts, and so does what is composed of it; none of them changes the function."""

    def declared(k):
        facts = {
            "soft": lambda x, alpha=1.0, k=k: k * alpha * jnp.clip(x, 0, 1),
            "bounds": lambda alpha=1.0, k=k: (0, k),
            "around": lambda alpha=1.0, k=k: [(k, 1)],
        }
        return of(shape(tent, **facts))

    for k, g in [(k, declared(k)) for k in (1.0, 2.0)] + [(1.0, declared(1.0))]:
        np.testing.assert_allclose(antiderivative(g)(jnp.array([-1.0, 0.5, 2.0])), [0, k / 2, k])
        assert ([*bounds(g)], around(g), area(g)) == ([0, k], [(k, 1)], k)
        learned = jax.grad(lambda alpha, g=g: make_spike(g, learnable=True)(0.5, alpha=alpha))
        assert learned(1.0) == jax.jit(learned)(1.0) == k / 2
        coded = jax.grad(make_spike(g, residual=jnp.uint8))
        assert coded(0.5) == jnp.rint(0.5 / k * 254) * k / 254
    assert [*bounds(tent)] == [0, 1]


# How often a plain function is called, and what it raises

FRESH = {"itself": lambda g: g, "composed": scale, "declared": shape}  # each of a function that closes over something


@pytest.mark.parametrize("declare", FRESH.values(), ids=FRESH)
@pytest.mark.parametrize("forward_mode", [False, True], ids=["vjp", "jvp"])
def test_it_is_called_once_at_each_eager_call(declare, forward_mode):
    @functools.wraps(tent)
    def counted(x):
        counted.calls += 1
        return counted.calls + 0 * x

    counted.calls = 0
    spike = make_spike(declare(counted), forward_mode=forward_mode)
    for calls in (1, 3, 5):
        assert spike(0.5) == 1
        assert counted.calls == calls
        assert jax.grad(spike)(0.5) == calls + 1 == counted.calls
    jax.grad(jax.grad(lambda x: spike(x) * x))(0.5)
    assert counted.calls > 6


class Stopped(BaseException):
    """Such as KeyboardInterrupt, which would end the tests."""


TRANSFORMED = {"call": lambda f: f, "grad": jax.grad, "jit": jax.jit, "vmap": lambda f: lambda x: jax.vmap(f)(x[None])}


CALLS, RAISED = [], []


@shape
def compiled(x):
    CALLS.append(x)
    raise RAISED[-1]


@sample
@pytest.mark.parametrize("declare", [*FRESH.values(), lambda g: compiled], ids=[*FRESH, "compiled"])
@pytest.mark.parametrize("run", TRANSFORMED.values(), ids=TRANSFORMED)
def test_what_it_raises_arrives_as_it_is_and_it_is_called_once(run, declare):
    def g(x):
        CALLS.append(x)
        raise error

    for error in (Stopped("mine"), TypeError("mine"), AttributeError("mine"), StopIteration("mine"), KeyError("mine")):
        RAISED[:] = [error]
        for spike in (make_spike(declare(g)), make_spike(shapes.triangle, step=declare(g))):
            CALLS.clear()
            with pytest.raises(type(error)) as caught:
                run(spike)(jnp.float32(0.5))
            assert caught.value is error
            assert len(CALLS) == 1


def test_a_tracer_as_a_default():
    def total(alpha):
        @shape
        def g(x, a=alpha):
            return a * jnp.maximum(0, 1 - jnp.abs(x))

        return jax.grad(make_spike(g))(0.5)

    assert [total(1.0), jax.jit(total)(2.0), jax.jit(total)(4.0)] == [0.5, 1.0, 2.0]
    assert jax.grad(total)(3.0) == 0.5
