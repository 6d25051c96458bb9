"""A shape is a pytree: what JAX and its libraries do to a tree can be done to a shape and to a spike that learns.

The gradients are those of the soft step by hand, in NumPy and float64.
"""

import dataclasses
import functools
import pickle
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from needs import exhaustive, needs, sample
from reference import equations
from transcript import NAMES

import surrofun
from surrofun import asym, heaviside, make_spike, mix, normalize, scale, shape, shapes, shift, ternary
from surrofun.core.shape import is_spike

pytestmark = sample

X = np.array([-0.7, -0.2, 0.1, 0.4, 1.5], np.float32)
NUMBERS = (2.0, 0.25, 1.5, 0.75, 0.5)  # in the order of the leaves

close = functools.partial(np.testing.assert_allclose, rtol=2e-5, atol=1e-6)


def composed(a=2.0, c=0.25, b=1.5, v=0.75, w=0.5):
    return mix(shapes.sigmoid(alpha=a), shift(shapes.atan(alpha=b), c), weights=(v, w))


def by_hand(a=2.0, c=0.25, b=1.5, v=0.75, w=0.5):
    """The gradient of the sum of S = v s(a x) + w (arctan(pi / 2 b (x - c)) / pi + 1 / 2)."""
    x = X.astype(np.float64)
    s, u = 1 / (1 + np.exp(-a * x)), np.pi / 2 * b * (x - c)
    bell = w / 2 / (1 + u * u)
    return [part.sum() for part in (v * x * s * (1 - s), -b * bell, (x - c) * bell, s, np.arctan(u) / np.pi + 0.5)]


def loss(g):
    return make_spike(g, learnable=True)(X).sum()


def as_arrays(tree):
    return jax.tree.map(jnp.float32, tree)


# Leaves and structure


@surrofun.shape
def bump(x, alpha=1.0, n=2, how="even"):
    return alpha * jnp.exp(-jnp.abs(x)) / n if how == "even" else 0 * x


@surrofun.combinator
def power(x, g, p=2.0, *, q=1.0):
    return q * g(x) ** p


def plain(x, width=1.0):
    return jnp.where(jnp.abs(x) < width, 1.0, 0.0)


@functools.partial(jax.tree_util.register_dataclass, data_fields=["alpha"], meta_fields=[])
@dataclasses.dataclass(frozen=True)
class Bell:
    """A module: an object with leaves that is a shape."""

    alpha: float

    def __call__(self, x):
        return self.alpha / 2 * jnp.exp(-self.alpha * jnp.abs(x))

    def slope(self, x, k=1.0):
        return k * self(x)

    def late(self, by, x, k=1.0):
        return k * self(x - by)

    def scaled(self, x, g):
        return self.alpha * g(x)


@jax.tree_util.register_pytree_node_class
class Moving(Bell):
    """One whose number may be set, and whose hash does not tell it, as a module of flax."""

    __hash__ = object.__hash__
    __setattr__ = object.__setattr__

    def __eq__(self, other):
        return self is other

    def tree_flatten(self):
        return (self.alpha,), None

    @classmethod
    def tree_unflatten(cls, _, leaves):
        return cls(*leaves)


class Twin(NamedTuple):
    """A tuple with a method that is a shape."""

    alpha: float

    def slope(self, x):
        return self.alpha / (1 + x * x)


class Fields(NamedTuple):
    """A tuple that is no function."""

    alpha: float
    n: int


class Power(Fields):
    """A tuple that is a shape, and holds a whole number."""

    def __call__(self, x):
        return self.alpha / (1 + x**self.n)


@surrofun.shape(soft=lambda x, bell: jnp.where(x < 0, 0.0, 1.0) - jnp.sign(x) / 2 * jnp.exp(-bell.alpha * jnp.abs(x)))
def of_a_bell(x, bell):
    return bell(x)


@surrofun.shape
def of_a_function(x, f):
    return f(x)


LEAVES = [  # numbers, and what has them as its leaves
    ([2.5], "superspike(beta=2.5)", "bump(alpha=2.5, n=3, how='odd')", "ternary(threshold=2.5)"),
    ([2.5], "shape(lambda x, c=(1.0, 2): c[0] * x)(c=(2.5, 3))", "antiderivative(sigmoid(alpha=2.5))"),
    ([2.5], "derivative(antiderivative(bump(alpha=2.5)))"),
    ([2.5], "make_spike(bump(alpha=2.5), step=heaviside(at_zero=0.5), learnable=True)"),
    ([3.5, 2.5], "scale(superspike(beta=2.5), 3.5)", "asym(sigmoid(alpha=2.5), scale(plain, 3.5))"),
    ([3.5, 2.5], "normalize(gaussian(sigma=2.5), area=3.5)", "scale(bump, 3.5)(alpha=2.5)"),
    ([3.5, 2.5], "parse('mix(scale(superspike(beta=2.5), 3.5), squarewave_fourier(n=3))')"),
    ([3.5, 2.5], "scale(Partial(superspike, beta=2.5), 3.5)", "normalize(Partial(superspike, beta=2.5), area=3.5)"),
    ([3.5, 2.5], "shift(partial(plain, width=2.5), 3.5)"),
    ([2.5, 3.5, 4.5], "power(bump(alpha=2.5), 3.5, q=4.5)", "power(power(mix(bump(alpha=2.5)), 3.5), 4.5)"),
    (list(NUMBERS), "composed()", "make_spike(composed(), learnable=True)"),
    ([2.5], "mix(Bell(2.5), plain)", "asym(plain, scale(Bell(2.5)))", "make_spike(mix(Bell(2.5)), learnable=True)"),
    ([3.5, 2.5], "scale(Bell(2.5), 3.5)", "shift(Bell(2.5), 3.5)"),
    ([3.5, 2.5], "shift(of_a_bell(bell=Bell(2.5)), 3.5)", "shift(Partial(of_a_bell, bell=Bell(2.5)), 3.5)"),
    ([3.5, 2.5], "shift(Bell(2.5).slope, 3.5)", "shift(Twin(2.5).slope, 3.5)"),
    ([3.5, 2], "shift(Bell(2).slope, 3.5)", "shift(Partial(Twin.slope, Twin(2)), 3.5)"),  # the leaf of a user's tree
    ([3.5, 2.5, 2], "shift(of_a_function(f=scale(Bell(2), 2.5)), 3.5)", "shift(scale(Bell(2), 2.5), 3.5)"),
    ([3.5, 2], "shift(of_a_function(f=scale(Bell(2))), 3.5)", "shift(Partial(Bell(2).slope, k=1), 3.5)"),
    ([2.5, 3.5], "normalize(Bell(2.5), peak=3.5)", "power(Bell(2.5), 3.5)"),
    ([2.5, 3.5], "of_a_function(f=partial(Bell(2.5).late, 3.5, k=1))", "of_a_function(f=Partial(Bell(2.5).late, 3.5))"),
    ([2.5], "of_a_function(f=Partial(bump, alpha=2.5, n=3))", "shift(of_a_function(f=Partial(bump, alpha=2.5, n=3)))"),
    ([2.5], "of_a_function(f=partial(partial(Bell(2.5).late, 3), k=1))", "of_a_function(f=partial(jnp.power, 2.5))"),
    ([0.5], "shift(triangle, 0.5)"),
    ([2.5], "shape(lambda x, c: c.alpha * x**c.n)(c=Fields(2.5, 3))"),
    ([1.0], "scale(superspike, 1.0)"),  # a default that is given
    ([], "scale(superspike)", "scale(superspike(beta=10), 2)", "derivative(jnp.tanh)", "staircase(3)"),
    ([], "staircase(99)", "bump(n=2**31 - 1)"),  # the largest whole number of JAX
    ([2.0**31], "bump(n=2**31)"),
    ([], "mix(Partial(squarewave_fourier, n=3))", "make_spike(bump(alpha=2.5), step=ternary(threshold=0.5))"),
    ([], "make_spike(composed())", "make_spike(bump(alpha=jnp.ones(3)))"),
    ([], "make_spike(rectangle(width=2.5), residual='bit')"),
]


@pytest.mark.parametrize(("numbers", "text"), [(numbers, text) for numbers, *texts in LEAVES for text in texts])
def test_the_leaves_are_the_numbers_that_were_given(numbers, text):
    g = eval(text, NAMES | globals())
    assert jax.tree.leaves(g) == numbers
    assert isinstance(g, Partial)


def test_arrays_tracers_and_a_shape_without_parameters_are_leaves():
    g = scale(shapes.sigmoid(alpha=jnp.ones(3)), jnp.float32(2.0))
    assert [leaf.shape for leaf in jax.tree.leaves(g)] == [(), (3,)]
    assert jax.jit(lambda a: len(jax.tree.leaves(scale(shapes.sigmoid(alpha=a), a))))(2.0) == 2
    assert jax.tree.leaves(shapes.superspike) == [shapes.superspike]


# What JAX does to a tree


def test_the_gradient_of_a_loss_by_a_shape_and_by_a_spike():
    in_the_call = jax.grad(lambda *numbers: loss(composed(*numbers)), tuple(range(5)))(*NUMBERS)
    close(in_the_call, by_hand())
    for gradient in (jax.grad, lambda f: jax.jit(jax.grad(f))):
        by_shape = gradient(loss)(composed())
        by_spike = gradient(lambda spike: spike(X).sum())(make_spike(composed(), learnable=True))
        for tree in (by_shape, by_spike):
            close(jax.tree.leaves(tree), by_hand())
    assert by_shape.func is composed().func


@pytest.fixture
def standard_promotion():
    """As optax needs it, which multiplies numbers by integers."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_an_optimizer_moves_a_shape_with_one_trace(name):
    optax = needs("optax")
    optimizer, traces = getattr(optax, name)(0.1), []

    def update(g, moments, of):
        traces.append(g)
        changes, moments = optimizer.update(jax.grad(of)(g), moments, g)
        return optax.apply_updates(g, changes), moments

    def final(g, of):
        g = as_arrays(g)
        traces.clear()
        step = jax.jit(functools.partial(update, of=of))
        moments = optimizer.init(g)
        for _ in range(20):
            g, moments = step(g, moments)
        assert len(traces) == 1
        return jax.tree.leaves(g)

    by_shape = final(composed(), loss)
    by_spike = final(make_spike(composed(), learnable=True), lambda spike: spike(X).sum())
    by_numbers = final(NUMBERS, lambda numbers: loss(composed(*numbers)))
    close(by_shape, by_numbers)
    close(by_spike, by_numbers)
    assert all(abs(a - b) > 0.01 for a, b in zip(by_numbers, NUMBERS, strict=True))


@pytest.mark.usefixtures("standard_promotion")
def test_no_decay_moves_a_spike_that_learns_nothing():
    optax = needs("optax")
    model = {"w": jnp.float32(2.0), "spike": make_spike(scale(shapes.superspike(beta=10.0), jnp.float32(2.0)))}
    optimizer = optax.adamw(0.1, weight_decay=0.5)
    moments = optimizer.init(model)
    for _ in range(5):
        gradient = jax.grad(lambda model: model["spike"](model["w"] * X).sum())(model)
        changes, moments = optimizer.update(gradient, moments, model)
        model = optax.apply_updates(model, changes)
    assert model["w"] != 2
    assert model["spike"].func is make_spike(shapes.superspike).func
    close(jax.grad(lambda x: model["spike"](x).sum())(X), 2 / (1 + 20 * abs(X.astype(float))) ** 2)


def test_vmap_over_stacked_shapes():
    rows = [NUMBERS, tuple(n + 0.25 for n in NUMBERS)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(as_arrays(composed(*row)) for row in rows))
    close(jax.vmap(loss)(stacked), [loss(composed(*row)) for row in rows])
    gradients = jax.vmap(jax.grad(loss))(stacked)
    close(np.transpose(jax.tree.leaves(gradients)), [by_hand(*row) for row in rows])


def test_a_shape_is_carried_by_scan():
    def step(g, rate):
        return jax.tree.map(lambda p, d: p - rate * d, g, jax.grad(loss)(g)), loss(g)

    final, _ = jax.jit(lambda g: jax.lax.scan(step, g, jnp.full(2, 0.1)))(as_arrays(composed()))
    numbers = np.array(NUMBERS)
    for _ in range(2):
        numbers = numbers - 0.1 * np.array(by_hand(*numbers))
    close(jax.tree.leaves(final), numbers)


def test_another_number_is_no_retrace():
    traces = []

    @jax.jit
    def slope(g):
        traces.append(g)
        return jax.grad(lambda x: make_spike(g)(x).sum())(X)

    x = X.astype(np.float64)
    for a in (1.0, 2.0, 3.0):
        s = 1 / (1 + np.exp(-a * x))
        close(slope(shapes.sigmoid(alpha=a)), a * s * (1 - s))
    assert len(traces) == 1
    for terms in (3, 2):  # a whole number is structure
        for period in (4.0, 5.0):
            waves = sum(np.cos((2 * i + 1) * 2 * np.pi / period * x) for i in range(terms))
            close(slope(shapes.squarewave_fourier(n=terms, period=period)), 4 / period * waves)
    assert len(traces) == 3


def test_cond_takes_a_shape():
    g = as_arrays(composed())
    for take in (True, False):
        picked = jax.jit(lambda take, g: jax.lax.cond(take, loss, lambda g: 2 * loss(g), g))
        close(jax.tree.leaves(jax.grad(picked, 1)(take, g)), (1 if take else 2) * np.array(by_hand()))


def test_what_tree_map_returns_has_its_name_its_text_and_its_plot():
    g = jax.tree.map(lambda p: 2 * p, composed())
    text = "mix(sigmoid(alpha=4.0), shift(atan(alpha=3.0), 0.5), weights=(1.5, 1.0))"
    assert surrofun.describe(g) == text
    g_of_f = jax.tree.map(lambda p: 2 * p, of_a_function(f=functools.partial(plain, 0.25, width=2.5)))
    assert shift(g_of_f, 1.0).__name__ == "shift(of_a_function(f=plain(0.5, width=5.0)), 1.0)"
    assert make_spike(g).__name__ == scale(g).__name__.removeprefix("scale(").removesuffix(")") == text
    assert make_spike(g) is make_spike(surrofun.parse(text))
    spike = jax.tree.map(lambda p: 2 * p, make_spike(composed(), learnable=True))
    assert surrofun.describe(spike) == text
    with pytest.raises(TypeError, match=r"got the spike function of mix\(sigmoid\(alpha=4.0\)"):
        scale(spike)


def test_a_composition_with_a_whole_number_in_a_module_keeps_its_soft_step():
    """No search takes its place, which would take eight times as many equations."""
    parts = [scale(of_a_bell(bell=Bell(alpha)), 2.5) for alpha in (2, 2.0)]
    whole, real = (jax.make_jaxpr(lambda c, g=g: surrofun.antiderivative(shift(g, c))(X))(0.5) for g in parts)
    assert equations(whole.jaxpr) == equations(real.jaxpr)


def test_whole_numbers_texts_and_functions_go_through_jit_as_structure():
    sums = jax.jit(lambda g: g(X).sum())
    close(sums(bump(alpha=3.0, n=3)), np.exp(-abs(X.astype(float))).sum())
    assert sums(bump(alpha=3.0, how="none")) == 0
    close(sums(scale(plain, 0.5)), 0.5 * (abs(X) < 2).sum())


def test_a_step_with_numbers_is_a_value_too():
    fires = jax.jit(lambda step: make_spike(shapes.triangle, step=step)(jnp.array([-1.0, 0.0, 0.5])))
    np.testing.assert_array_equal(fires(heaviside(at_zero=0.25)), [0, 0.25, 1])
    np.testing.assert_array_equal(fires(ternary(threshold=0.75)), [-1, 0, 0])


class Numbers(list):
    """A container that JAX does not know."""


class Pair(tuple):
    """Such a one, with a hash."""


@shape
def of_a_pair(x, c):
    return c[0] / (1 + c[1] * x * x)


@pytest.mark.parametrize("kind", [pytest.param(Numbers, marks=exhaustive), Pair])
def test_a_container_that_jax_does_not_know_is_an_object(kind):
    """Its numbers learn: S = a / sqrt(b) (arctan(sqrt(b) x) + pi / 2)."""
    x, b = 0.7, 2.0
    assert float(of_a_pair(c=kind((3.0, b)))(x)) == pytest.approx(3 / (1 + b * x * x))
    spike = make_spike(of_a_pair, learnable=True)
    by_a = jax.jit(jax.grad(lambda a: spike(x, c=kind((a, b)))))(3.0)
    assert float(by_a) == pytest.approx((np.arctan(np.sqrt(b) * x) + np.pi / 2) / np.sqrt(b), rel=1e-5)


def test_in_a_call_facts_may_be_declared_of_what_holds_numbers():
    def total(a):
        g = shape(shapes.sigmoid(alpha=a), soft=lambda x: jax.nn.sigmoid(a * x))
        return make_spike(g, learnable=True)(X).sum()

    for way in (jax.grad(total), jax.jit(jax.grad(total))):
        close(way(2.0), by_hand(v=1.0)[0])


def test_a_part_may_be_a_tuple_with_a_whole_number():
    g = scale(Power(3.0, 2), 2.0)
    close(g(X), 6 / (1 + 4 * X.astype(float) ** 2))
    close(make_spike(g, learnable=True)(X), X >= 0)


def test_named_tuples_of_one_name_are_told_apart():
    """As a cell of a notebook that is run again with another formula makes them; as tuples they are equal."""

    def bell(exponent):
        class Bell(NamedTuple):
            height: float

            def __call__(self, x):
                return self.height * jnp.exp(-(jnp.abs(x) ** exponent))

        return Bell(1.0)

    slope = jax.jit(lambda spike, x: jax.grad(spike)(x))
    close([slope(make_spike(bell(n)), 0.5) for n in (2, 1)], np.exp([-0.25, -0.5]))


def test_a_key_may_be_a_tuple():
    g = shape(lambda x, table: table["a",] + 0 * x)
    assert jax.grad(make_spike(g(table={("a",): 2.0})))(0.1) == 2


class AtLeast:
    """A step that has no hash, as a dataclass that is compared by its fields."""

    __hash__ = None

    def __call__(self, x):
        return x >= 0.25


class Doubled:
    """Such a code."""

    __hash__ = None

    def __call__(self, g, x):
        return (lambda slope: slope), (lambda kept, like: 2 * kept), ()


@pytest.mark.parametrize("learnable", [False, True])
def test_a_step_without_a_hash_is_no_leaf(learnable):
    g, x = shapes.sigmoid(alpha=2.0), X.astype(np.float64)
    s = 1 / (1 + np.exp(-2 * x))
    for spike, factor in (
        (make_spike(g, step=AtLeast(), learnable=learnable), 1),
        (make_spike(g, step=AtLeast(), residual=Doubled(), learnable=learnable), 2),
        (pickle.loads(pickle.dumps(make_spike(g, step=AtLeast(), learnable=learnable))), 1),
    ):
        assert jax.tree.leaves(spike) == [2.0] * learnable
        for call in (spike, jax.tree.map(lambda p: p, spike), functools.partial(jax.jit(lambda s, x: s(x)), spike)):
            np.testing.assert_array_equal(call(X), X >= 0.25)
            close(jax.grad(lambda x, call=call: call(x).sum())(X), factor * 2 * s * (1 - s))


SCRIPT = """
import jax.numpy as jnp
from surrofun import antiderivative, combinator, make_spike, shape
@shape(soft=lambda x, a=1.0: jnp.clip(a * x, -1, 1) / 2 + 0.5, bounds=lambda a=1.0: (0.0, a / 2))
def box(x, a=1.0): return jnp.where(abs(a * x) < 1, a / 2, 0.0)
@combinator(soft=lambda x, g: -antiderivative(g)(-x))
def mirror(x, g): return g(-x)
@make_spike(learnable=True)
@shape(soft=lambda x, a=1.0: jnp.clip(a * x, -1, 1) / 2 + 0.5)
def decorated(x, a=1.0): return jnp.where(abs(a * x) < 1, a / 2, 0.0)
spikes = [make_spike(box(a=2.0), learnable=True), make_spike(mirror(box(a=2.0)), learnable=True), decorated, box]
"""


def test_facts_survive_a_copy_by_value():
    """As cloudpickle copies what a notebook or a script defines, for Ray, dask, submitit, joblib."""
    cloudpickle, script, x = needs("cloudpickle"), {"__name__": "__main__"}, jnp.array([-0.7, -0.2, 0.1, 0.4])
    exec(SCRIPT, script)
    one, mirrored, decorated, box = pickle.loads(cloudpickle.dumps(script["spikes"]))
    assert box is not script["box"]
    by_a = jax.grad(lambda a: decorated(x, a).sum() + make_spike(box, learnable=True)(x, a).sum())(2.0)
    by_spike = [jax.tree.leaves(jax.grad(lambda spike: spike(x).sum())(spike))[0] for spike in (one, mirrored)]
    # S = (a x + 1) / 2 where |a x| < 1, and dS/da = x / 2: (-0.2 + 0.1 + 0.4) / 2
    close([*by_spike, by_a], [0.15, 0.15, 0.3])


# Modules


def bell_by_hand(x):
    """S = exp(2 x) / 2, and 1 - exp(-2 x) / 2 above the threshold, of the module with alpha = 2; and dS/dalpha."""
    tail = np.exp(-2 * abs(x)) / 2
    return np.where(x < 0, tail, 1 - tail), x * tail


OF_A_MODULE = {  # and dS/dalpha
    "mix": (lambda g: mix(g, shapes.atan, weights=(0.75, 0.25)), lambda x: 0.75 * bell_by_hand(x)[1]),
    "scale": (lambda g: scale(g, 3.0), lambda x: bell_by_hand(3 * x)[1]),
    "shift": (lambda g: shift(g, 0.25), lambda x: bell_by_hand(x - 0.25)[1]),
    "asym": (lambda g: asym(shapes.atan, g), lambda x: np.where(x > 0, bell_by_hand(x)[1], 0)),
    "normalize": (lambda g: normalize(g, peak=1.5), lambda x: 1.5 * (bell_by_hand(x)[1] - bell_by_hand(x)[0] / 2)),
    "parameter": (lambda g: of_a_bell(bell=g), lambda x: bell_by_hand(x)[1]),
    "method": (lambda g: shift(g.slope, 0.25), lambda x: bell_by_hand(x - 0.25)[1]),
    "method alone": (lambda g: g.slope, lambda x: bell_by_hand(x)[1]),
    "method in a partial": (lambda g: shift(functools.partial(g.slope, k=1.0), 0.0), lambda x: bell_by_hand(x)[1]),
    "method as a parameter": (lambda g: of_a_function(f=g.slope), lambda x: bell_by_hand(x)[1]),
    "partial as a parameter": (lambda g: of_a_function(f=functools.partial(g.slope)), lambda x: bell_by_hand(x)[1]),
    "Partial as a parameter": (lambda g: of_a_function(f=Partial(g.slope, k=1.0)), lambda x: bell_by_hand(x)[1]),
    "by position": (lambda g: of_a_function(f=functools.partial(g.late, 0.25)), lambda x: bell_by_hand(x - 0.25)[1]),
    "and by keyword": (lambda g: of_a_function(f=functools.partial(g.late, 0, k=1)), lambda x: bell_by_hand(x)[1]),
}


@sample
@pytest.mark.parametrize("name", OF_A_MODULE)
def test_a_module_in_a_composition_learns(name):
    compose, by_alpha = OF_A_MODULE[name]
    spike = make_spike(compose(Bell(2.0)), learnable=True)
    at = jax.tree.leaves(spike).index(2.0)
    gradient = jax.jit(jax.grad(lambda spike: spike(X).sum()))
    close(jax.tree.leaves(gradient(spike))[at], by_alpha(X.astype(float)).sum())
    assert jax.tree.leaves(pickle.loads(pickle.dumps(spike))) == jax.tree.leaves(spike)


OF_MOVING = {
    "alone": lambda m: make_spike(m),
    "method": lambda m: make_spike(m.slope),
    "part": lambda m: make_spike(shift(functools.partial(m.slope, k=1.0), 0.0)),
    "parameter": lambda m: make_spike(of_a_function(f=m.slope)),
    "by position": lambda m: make_spike(of_a_function(f=functools.partial(m.late, 0))),
    "step": lambda m: make_spike(shapes.atan, step=m.slope),
}


@pytest.mark.parametrize("name", OF_MOVING)
def test_a_spike_of_a_module_whose_number_is_set_and_set_back_has_it(name):
    """In a program of the user's, to which it is given; so has an older one that is called then for the first time."""
    make, module, made = OF_MOVING[name], Moving(np.float32(2.0)), []
    value_and_slope = jax.jit(jax.value_and_grad(lambda spike, x: spike(x), 1))
    for alpha in np.float32([3, 2]):
        made.append(make(module))
        module.alpha = alpha
        made.append(make(module))
        for spike in made[-2:]:
            found = value_and_slope(spike, 0.5)[0 if "step" in name else 1]
            close(found, alpha / 2 * np.exp(-alpha / 2))


class Wider(Bell):
    another = lambda self, x: self.slope(x)  # noqa: E731
    jitted = jax.jit(Bell.slope)

    def slope(self, x, k=1.0):
        return 0 * x

    def __private(self, x):
        return Bell.slope(self, x)

    def methods(self):
        return super().slope, self.__private, self.jitted, super().__call__


jax.tree_util.register_dataclass(Wider, data_fields=["alpha"], meta_fields=[])


def test_a_method_is_one_by_whatever_name():
    for method in Wider(2.0).methods():
        close(jax.grad(make_spike(method))(0.5), np.exp(-1.0))
    assert jax.grad(make_spike(Wider(2.0).another))(0.5) == 0
    with pytest.raises(TypeError, match="give it by keyword"):
        make_spike(Partial(Bell.slope, Bell(2.0), 3.0))


def test_the_slope_of_a_method_is_that_of_its_soft_step():
    g = surrofun.derivative(surrofun.antiderivative(Bell(2.0).slope))
    close(g(X), np.exp(-2 * abs(X.astype(float))))


@pytest.mark.parametrize("make", [lambda m: shape(m.slope), lambda m: surrofun.combinator(m.scaled)])
@pytest.mark.parametrize("alpha", [2.0, np.float32(2.0)])
def test_a_method_is_refused_where_its_numbers_would_not_learn(make, alpha):
    with pytest.raises(TypeError, match="whose numbers would never learn"):
        make(Bell(alpha))


FIELDS = {"a shape": as_arrays(composed()), "a spike": make_spike(as_arrays(composed()), learnable=True)}
of_a_module = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)


def fire(surrogate):
    return surrogate if is_spike(surrogate) else make_spike(surrogate, learnable=True)


@of_a_module
def test_a_field_of_an_equinox_module_learns(field, tmp_path):
    eqx = needs("equinox")

    class Layer(eqx.Module):
        w: jax.Array
        surrogate: object

        def __call__(self, x):
            return fire(self.surrogate)(self.w * x)

    layer = Layer(jnp.float32(1.0), field)
    gradient = eqx.filter_jit(eqx.filter_grad(lambda layer: layer(X).sum()))(layer)
    close(jax.tree.leaves(gradient.surrogate), by_hand())
    path = tmp_path / "layer.eqx"
    eqx.tree_serialise_leaves(path, jax.tree.map(lambda p: 2 * p, layer))
    again = eqx.tree_deserialise_leaves(path, layer)
    close(jax.tree.leaves(again), [2, *2 * np.array(NUMBERS)])
    close(again(X), X >= 0)


def test_the_number_of_an_equinox_module_that_is_a_shape_is_a_leaf_of_its_spike():
    eqx = needs("equinox")

    class Bell(eqx.Module):
        alpha: jax.Array

        def __call__(self, x):
            return self.alpha / 2 * jnp.exp(-self.alpha * jnp.abs(x))

    class AtLeast(eqx.Module):
        threshold: jax.Array

        def __call__(self, x):
            return x >= self.threshold

    bell, step = Bell(jnp.float32(2.0)), AtLeast(jnp.float32(0.25))
    assert jax.tree.leaves(make_spike(bell, step=step)) == []
    spike = make_spike(bell, step=step, learnable=True)
    np.testing.assert_array_equal(jax.jit(lambda spike: spike(X))(spike), X >= 0.25)
    # S = 1 - exp(-alpha x) / 2 for x > 0, and exp(alpha x) / 2 for x < 0: dS/dalpha = x exp(-alpha |x|) / 2
    gradient = jax.grad(lambda spike: spike(X).sum())(spike)
    close(jax.tree.leaves(gradient), [(X / 2 * np.exp(-2 * abs(X.astype(float)))).sum()])


@of_a_module
def test_an_attribute_of_a_flax_module_learns(field):
    nnx = needs("flax.nnx")

    class Layer(nnx.Module):
        def __init__(self):
            self.surrogate = nnx.data(jax.tree.map(nnx.Param, field))
            self.fixed = make_spike(shapes.sigmoid(alpha=jnp.ones(5)))  # learns nothing: a plain attribute

        def __call__(self, x):
            return fire(self.surrogate)(x) + 0 * self.fixed(x)

    gradient = nnx.grad(lambda layer: layer(X).sum())
    for way in (gradient, nnx.jit(gradient)):
        close(jax.tree.leaves(way(Layer())), by_hand())
    of_variables = make_spike(jax.tree.map(nnx.Param, composed()))
    assert of_variables.__name__ == make_spike(composed()).__name__  # numbers


@pytest.mark.parametrize(
    ("g", "expected"), [(shapes.sigmoid(alpha=2.0), by_hand(v=1.0)[:1]), (composed(), by_hand())], ids=["one", "five"]
)
def test_a_learning_spike_of_variables_is_an_attribute_of_a_flax_module(g, expected):
    nnx = needs("flax.nnx")

    class Layer(nnx.Module):
        def __init__(self):
            self.spike = nnx.data(make_spike(jax.tree.map(nnx.Param, g), learnable=True))

    gradient = nnx.grad(lambda layer: layer.spike(X).sum())
    for way in (gradient, nnx.jit(gradient)):
        close(jax.tree.leaves(way(Layer())), expected)


def test_the_method_of_a_flax_module_sees_its_variables():
    nnx = needs("flax.nnx")

    class Bell(nnx.Module):
        def __init__(self):
            self.alpha = nnx.Param(jnp.float32(2.0))

        def slope(self, x):
            return self.alpha.get_value() * jnp.exp(-self.alpha.get_value() * abs(x)) / 2

    # S = 1 - exp(-alpha x) / 2 for x > 0, and exp(alpha x) / 2 for x < 0: dS/dalpha = x exp(-alpha |x|) / 2
    gradient = nnx.grad(lambda bell: make_spike(bell.slope, learnable=True)(X).sum())
    close(jax.tree.leaves(gradient(Bell())), [(X / 2 * np.exp(-2 * abs(X.astype(float)))).sum()])
