"""What is the same when it is built again, what is told apart, copies, and what is kept."""

import copy
import dataclasses
import functools
import gc
import json
import os
import pickle
import subprocess
import sys
import weakref
from typing import NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from needs import exhaustive, sample
from reference import FAST, TRIANGLE, close, decorated, fast, gradient, mirror, picky, tent

import surrofun
from surrofun import combinator, heaviside, make_spike, mix, normalize, scale, shape, shapes, shift, sign
from surrofun.core.concrete import is_traced
from surrofun.core.program import abort_if_traced, call_cached
from surrofun.core.shape import is_spike

X = jnp.array([-0.5, 0.0, 0.25])


@pytest.fixture(autouse=True)
def collected_quickly():
    """What other tests have left is not looked at whenever garbage is collected."""
    gc.freeze()
    yield
    gc.unfreeze()


@shape
def bump(x, alpha=1.0, how="hat"):
    return tent(x, alpha) if how == "hat" else 0 * x


def test_a_shape_that_asks_for_the_value_gets_each():
    for alpha in (2.0, -1.0, 3.0, -1.0, 2.0):
        by_hand = TRIANGLE.slope(X, alpha) if alpha > 0 else np.zeros(3)
        np.testing.assert_allclose(gradient(make_spike(picky), X, alpha), by_hand)


@pytest.mark.parametrize("may_search", [True, False])
def test_a_search_that_meets_a_tracer_stays_in_a_program_that_may_search(may_search):
    seen = []

    def search(x):
        abort_if_traced(x)
        seen.append(is_traced(x))
        return x

    assert call_cached(search, 2.0, search=may_search) == 2.0
    assert seen == [may_search]


# Keys


def tell(x, numbers=(1.0,)):
    """1, 2 or 4 where the last of the numbers is an integer, a bool or a float, with its sign."""
    last = numbers
    while isinstance(last, tuple | list):
        last = last[-1]
    kind = {int: 1.0, bool: 2.0}.get(type(last), 4.0)
    return jnp.where(jnp.signbit(jnp.asarray(last, x.dtype)), -kind, kind) + 0 * x


told = shape(tell)
FLAT = [(0.0, 4), (-0.0, -4), (2, 1), (2.0, 4), (1, 1), (True, 2), (1.0, 4), (0, 1), (False, 2), (-1, -1), (-1.0, -4)]
NESTED = [((v,), code) for v, code in FLAT] + [((3.0, ("a", v)), code) for v, code in FLAT]
USES = {
    "shape": lambda v: told(numbers=v)(0.5),
    "spike": lambda v: jax.grad(make_spike(told(numbers=v)))(0.5),
    "plain": lambda v: jax.grad(make_spike(functools.partial(tell, numbers=v)))(0.5),
    "composed": lambda v: jax.grad(make_spike(scale(told(numbers=v))))(0.5),
}


@pytest.mark.parametrize("value", USES.values(), ids=USES)
def test_keys_tell_numbers_of_two_kinds_apart(value):
    for v, code in (FLAT + NESTED)[::-1] + FLAT:
        assert value(v) == code, v


def test_shapes_of_numbers_of_two_kinds_are_not_equal():
    numbers = [v for v, _ in FLAT + NESTED]
    for build in (lambda v: told(numbers=v), lambda v: make_spike(told(numbers=v)), lambda v: mix(told(numbers=v))):
        built = [build(v) for v in numbers]
        assert len(set(built)) == len(numbers)
        assert built == [build(v) for v in numbers]
    assert told(numbers=np.bool_(True)) is told(numbers=True)


NUMBERS = [np.float16, np.float32, np.float64, np.longdouble, ml_dtypes.bfloat16, np.int8, np.int64, np.uint32]


@pytest.mark.parametrize("number", NUMBERS)
def test_numpy_scalars_are_numbers(number):
    two = 2 if np.dtype(number).kind in "iu" else 2.0
    for build in (
        lambda v: bump(alpha=v),
        lambda v: scale(bump, v),
        lambda v: shift(bump, v),
        lambda v: mix(bump, bump, weights=(v, v)),
        lambda v: normalize(bump, peak=v),
        lambda v: make_spike(functools.partial(tent, alpha=v)),
        lambda v: make_spike(bump, step=heaviside(at_zero=v)),
    ):
        kept = build(two)
        assert build(number(2)) is kept
        assert "dtype" not in kept.__name__
    assert shapes.triangle(alpha=number(2)).__name__ == f"triangle(alpha={two})"
    assert surrofun.area(shapes.triangle, number(2)) == 1


def test_a_mutable_parameter_that_changes_is_another():
    """A shape of a list or a dict that has changed since is not given to one who asks for its first value."""
    for held, key in (([1.0], 0), ({"item": 1.0}, "item")):

        @shape
        def item(x, of=None, key=key):
            return of[key] + 0 * x

        kept = item(of=held)
        fresh = type(held)(held)
        held[key] = 2.0
        for of, slope in ((fresh, 1), (held, 2)):
            assert item(of=of)(0.5) == jax.grad(make_spike(item(of=of)))(0.5) == slope
        del kept


# Identity


def bell(x):
    return jnp.exp(-jnp.square(x))


BUILT = {
    "keyword": lambda: shapes.sigmoid(alpha=2.0),
    "keywords": lambda: shapes.power_law(alpha=2.0, q=3.0),
    "whole numbers": lambda: scale(shapes.squarewave_fourier(n=3), 2),
    "user's": lambda: bump(alpha=2.0, how="hat"),
    "scale": lambda: scale(shapes.triangle, 2.0, height=0.5),
    "shift": lambda: shift(tent, 1.0),
    "mix": lambda: mix(shapes.triangle, scale(bump, 3.0), weights=(0.3, 0.7)),
    "asym": lambda: surrofun.asym(bell, shift(shapes.atan(alpha=3.0), 1.0)),
    "normalize": lambda: normalize(mix(bell, tent), peak=1.0),
    "user's combinator": lambda: mirror(mirror(shapes.leaky_step(leak=0.2))),
    "soft step": lambda: surrofun.antiderivative(scale(shapes.triangle, 2.0)),
    "derivative": lambda: surrofun.derivative(bell),
    "spike": lambda: make_spike(shapes.triangle),
    "spike of keywords": lambda: make_spike(bump(alpha=2.0)),
    "spike of a partial": lambda: make_spike(functools.partial(tent, alpha=2.0)),
    "spike of a plain function": lambda: make_spike(tent),
    "spike of a composition": lambda: make_spike(mix(scale(shapes.sigmoid, 2.0), shapes.atan)),
    "step": lambda: make_spike(tent, step=heaviside(at_zero=0.0)),
    "count": lambda: make_spike(tent, step=surrofun.staircase(3)),
    "events": lambda: make_spike(bell, step=surrofun.ternary(threshold=0.5)),
    "options": lambda: make_spike(step=sign, forward_mode=True)(shapes.triangle),
    "learnable": lambda: make_spike(scale(shapes.triangle, 2.0), learnable=True),
    "uint8": lambda: make_spike(bump, residual=jnp.uint8),
    "bit": lambda: make_spike(shapes.rectangle(width=2.0), residual="bit"),
    "bfloat16": lambda: make_spike(tent, residual=jnp.bfloat16),
    "code": lambda: make_spike(tent, residual=(tell, tell)),
}
built = pytest.mark.parametrize("build", BUILT.values(), ids=BUILT)


@built
def test_what_is_built_again_is_the_same(build):
    first, traces = build(), []
    assert build() is first
    static = jax.jit(lambda f, x: traces.append(f) or x, static_argnums=0)
    for _ in range(3):
        static(build(), X)
    assert len(traces) == 1
    del first, static
    traces.clear()
    gc.collect()
    again = [build() for _ in range(3)]
    assert len(set(map(id, again))) == 1


def test_what_differs_is_told_apart():
    built = [build() for build in BUILT.values()]
    assert len(set(built)) == len(built)
    assert make_spike(scale(shapes.triangle, 2.0)) != make_spike(scale(shapes.triangle, 3.0))
    assert shapes.superspike(beta=2) is not shapes.superspike(beta=2.0)
    assert shift(shapes.triangle, 0.0) is not shift(shapes.triangle, -0.0)
    assert jax.tree.structure(told(numbers=1)) != jax.tree.structure(told(numbers=True))


def test_one_expression_is_one_shape_however_it_is_written():
    g = shift(shapes.triangle, by=0.5)
    assert shift(shapes.triangle, 0.5) is surrofun.parse("shift(triangle, 0.5)") is g
    kept = make_spike(bump(alpha=2.0)), scale(bump(alpha=2.0))
    for partial in (functools.partial, jax.tree_util.Partial):
        assert make_spike(partial(bump, alpha=2.0)) is kept[0]
        assert scale(partial(bump, alpha=2.0)) is kept[1]
    assert scale(bump(alpha=2.0), 1.0) is not kept[1]  # a number that is given is a leaf, a default is none
    whole = jax.tree_util.Partial(shapes.squarewave_fourier, n=3)
    assert make_spike(whole) is make_spike(shapes.squarewave_fourier(n=3))


# Copies


@sample
@built
def test_copies(build):
    made = build()
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert (again.__name__, again.__doc__) == (made.__name__, made.__doc__)
        if not is_spike(made):
            assert jax.tree.structure(again) == jax.tree.structure(made)
            assert scale(again) is scale(made)
        np.testing.assert_array_equal(again(X), made(X))
        if is_spike(made):
            np.testing.assert_array_equal(gradient(again, X), gradient(made, X))


PICKLED = {
    "decorated": (decorated, FAST, 2.0),
    "triangle with options": (make_spike(shapes.triangle, step=sign, forward_mode=True), TRIANGLE, 1.0),
    "user": (make_spike(fast), FAST, 3.0),
    "composed": (make_spike(scale(shapes.triangle, 2.0), learnable=True), TRIANGLE, 2.0),
    "user's combinator": (make_spike(mirror(scale(bump(alpha=2.0), 1.5))), TRIANGLE, 3.0),
    "an array": (make_spike(scale(shapes.triangle, jnp.array([1.0, 2.0, 4.0]))), TRIANGLE, [1.0, 2.0, 4.0]),
}
LOAD = """
import json, pickle, sys, jax
x, spikes = pickle.load(sys.stdin.buffer)
grad = lambda f, args: jax.grad(lambda x: f(x, *args).sum())(x).tolist()
print(json.dumps({name: [f.__name__, f(x, *args).tolist(), grad(f, args)] for name, (f, args) in spikes.items()}))
"""


@exhaustive
def test_pickles_in_a_fresh_process():
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JAX_PLATFORMS": "cpu"}
    spikes = {name: (spike, (a,) if name == "user" else ()) for name, (spike, _, a) in PICKLED.items()}
    sent = pickle.dumps((X, spikes))
    done = subprocess.run([sys.executable, "-c", LOAD], input=sent, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    for name, (shown, z, dx) in json.loads(done.stdout).items():
        spike, formula, a = PICKLED[name]
        assert shown == spike.__name__
        np.testing.assert_array_equal(z, [-1 if "options" in name else 0, 1, 1], name)
        close(dx, formula.slope(X, a), err_msg=name)


# What is kept


def test_nothing_is_kept_alive():
    """Of lambdas, closures and what is made of them; a declared shape that closes over nothing has a program."""

    def used(k):
        f = lambda x: jnp.exp(-k * jnp.abs(x))  # noqa: E731
        declared, part = shape(lambda x: f(x)), functools.partial(tent, alpha=k)
        made = [f, declared, scale(f, 2.0), mirror(mix(f, declared)), combinator(lambda x, g: k * g(x))(f)]
        options = [{}, {"step": lambda x: x >= k}, {"forward_mode": True}, {"residual": (f, f)}]
        spikes = [make_spike(g, **option) for g in (*made, part) for option in (options if g is f else options[:1])]
        if k == 2.125:
            spikes += [make_spike(f, residual=jnp.uint8), make_spike(f, learnable=True)]
        for spike in spikes:
            spike(X), gradient(spike, X), jax.jit(spike)(X)
        return [weakref.ref(v) for v in (*made, part, *spikes)]

    alive = [ref for k in (1.125, 2.125) for ref in used(k)]
    for k in range(300):
        g = lambda x, k=k: jnp.exp(-k * jnp.abs(x))  # noqa: E731
        make_spike(scale(g, 2.0))
        alive.append(weakref.ref(g))
    del g
    gc.collect(), gc.collect()  # a shape, and then what its structure held
    assert [ref() for ref in alive if ref()] == []


class Equal:
    """Objects that call themselves equal, whatever they hold."""

    def __init__(self, height):
        self.height = height

    def __eq__(self, other):
        return isinstance(other, Equal)

    def __hash__(self):
        return 0

    def __call__(self, x):
        return self.height + 0 * x


class Flat(NamedTuple):
    height: float

    def __call__(self, x):
        return self.height + 0 * x


class Doubled(Flat):
    def __call__(self, x):
        return 2 * self.height + 0 * x


@functools.partial(jax.tree_util.register_dataclass, data_fields=["height"], meta_fields=["doubled"])
@dataclasses.dataclass(frozen=True)
class Struct:
    height: float
    doubled: object


@shape
def of_a_struct(x, struct):
    return struct.height * (2.0 if struct.doubled is True else 1.0) + 0 * x


def test_structs_that_are_equal_and_not_the_same_make_two_shapes():
    assert Struct(3.0, True) == Struct(3.0, 1)
    made = of_a_struct(struct=Struct(3.0, True)), of_a_struct(struct=Struct(3.0, 1))
    assert [g(0.1) for g in made] == [jax.grad(make_spike(g))(0.1) for g in made] == [6.0, 3.0]


@shape
def of_a_kind(x, kind):
    return kind.height + 0 * x


def test_whole_numbers_and_texts_of_a_class_are_told_apart():
    """As an IntEnum is that was in a cell which is run again: of the same name, equal, and another."""
    for base, value in ((int, 1), (str, "wide")):
        kinds = [type("Kind", (base,), {"height": height})(value) for height in (2.0, 3.0)]
        assert kinds[0] == kinds[1]
        of_call = [jax.grad(lambda x, kind=kind: make_spike(of_a_kind)(x, kind))(0.1) for kind in kinds]
        assert of_call == [jax.grad(make_spike(of_a_kind(kind=kind)))(0.1) for kind in kinds] == [2.0, 3.0]


def test_objects_that_call_themselves_equal_are_told_apart():
    one, other = Equal(1.0), Equal(1.0)
    spikes = make_spike(one), make_spike(other)
    assert make_spike(one) is spikes[0] != spikes[1]
    other.height = 3.0
    assert [jax.grad(spike)(0.0) for spike in spikes] == [1, 3]
    assert Flat(3.0) == Doubled(3.0)
    assert [jax.grad(make_spike(g(3.0)))(0.1) for g in (Flat, Doubled)] == [3.0, 6.0]
    assert [scale(g(3.0), 2.0)(0.1) for g in (Flat, Doubled)] == [6.0, 12.0]
