"""What is the same when it is built again, what compiles again, and what is kept."""

import dataclasses
import functools
import gc
import pickle
import tracemalloc
import weakref

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from surrofun import (
    antiderivative,
    area,
    asym,
    combinator,
    derivative,
    heaviside,
    make_spike,
    mix,
    normalize,
    parse,
    scale,
    shape,
    shapes,
    shift,
    sign,
    staircase,
    ternary,
)

X = jnp.array([-0.5, 0.0, 0.25])


@pytest.fixture(autouse=True)
def collected_quickly():
    """What other tests have left is not looked at whenever garbage is collected."""
    gc.freeze()
    yield
    gc.unfreeze()


def plain(x, alpha=1.0):
    return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))


@shape
def bump(x, alpha=1.0):
    return plain(x, alpha)


@shape
def picky(x, alpha=1.0):
    """A shape that asks for the value of its parameter."""
    return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x)) if alpha > 0 else jnp.zeros_like(x)


@shape
def chosen(x, how="hat", n=1):
    return int(n) * {"hat": plain, "flat": lambda x: 1 + 0 * x}[how](x)


@combinator
def mirror(x, g):
    return g(-x)


def gradient(spike, *args, **kwargs):
    return jax.grad(lambda x: spike(x, *args, **kwargs).sum())(X)


def by_hand(alpha):
    return alpha * np.maximum(0, 1 - alpha * np.abs(X))


# One program for all floats


SWEPT = {  # the spike of a steepness, and its gradient at the threshold
    "catalogue": (lambda a: make_spike(shapes.sigmoid(alpha=a)), lambda a: a / 4),
    "composition": (
        lambda a: make_spike(mix(scale(shapes.triangle, a), shift(shapes.laplace, a - a), weights=(a, 1.0))),
        lambda a: a * a + 0.5,
    ),
    "user's": (lambda a: make_spike(bump(alpha=a)), lambda a: a),
    "user's combinator": (lambda a: make_spike(mirror(scale(bump, height=a))), lambda a: a),
    "normalized": (lambda a: make_spike(normalize(shapes.triangle(alpha=a), area=2.0)), lambda a: 2 * a),
    "forward mode": (lambda a: make_spike(bump(alpha=a), forward_mode=True), lambda a: a),
    "call": (lambda a: lambda x: make_spike(bump)(x, a), lambda a: a),
    "call by keyword": (lambda a: lambda x: make_spike(scale(shapes.triangle, 2.0))(x, alpha=a), lambda a: 2 * a),
    "learned": (lambda a: make_spike(shapes.sigmoid(alpha=a), learnable=True), lambda a: a / 4),
    "NumPy's": (lambda a: lambda x: make_spike(bump)(x, np.float32(a)), lambda a: a),
    "plain": (lambda a: make_spike(scale(plain, a)), lambda a: a),
}


@pytest.mark.parametrize(("build", "peak"), SWEPT.values(), ids=SWEPT)
def test_300_steepnesses_compile_once_and_leave_nothing_behind(build, peak, events):
    def run(alphas):
        for a in alphas:
            assert build(a)(0.0) == 1
            np.testing.assert_allclose(jax.grad(build(a))(0.0), peak(a), rtol=1e-6)

    def bytes_after(alphas):
        run(alphas)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    alphas = np.linspace(0.5, 4.0, 302).tolist()
    run(alphas[:2])
    jax.jit(lambda x: 3 * x)(1.0)
    assert events  # which are seen, if there are any
    events.clear()
    run(alphas[2:12])
    assert events == []
    run(alphas[12:262])
    tracemalloc.start()
    half, whole = bytes_after(alphas[262:282]), bytes_after(alphas[282:])
    tracemalloc.stop()
    assert events == []
    assert whole - half < 20 * 4000  # where each has a program it is 20 * 100,000


@pytest.mark.parametrize("g", [shapes.superspike, bump], ids=["catalogue", "by quadrature"])
def test_a_learned_parameter_compiles_once(g, events):
    spike = make_spike(g, learnable=True)

    def run(a):
        return jax.grad(lambda a: spike(X, a).sum())(jnp.float32(a))

    run(2.0)
    jax.jit(lambda x: 3 * x)(1.0)
    assert events
    events.clear()
    slopes = [run(a) for a in (2.0, 3.0, 4.0)]
    assert events == []
    if g is shapes.superspike:  # S = x / (1 + a |x|) + 1 / a
        by_hand = [(-X * np.abs(X) / (1 + a * np.abs(X)) ** 2 - 1 / a**2).sum() for a in (2, 3, 4)]
        np.testing.assert_allclose(slopes, by_hand, rtol=1e-5)


ASKING = [picky, picky(alpha=2.0), scale(picky(alpha=2.0), 1.0)]
REPEATED = {
    "int": (bump, (2,), {}, by_hand(2)),
    "int by keyword": (bump, (), {"alpha": 2}, by_hand(2)),
    "bool": (chosen, ("flat", True), {}, np.ones(3)),
    "text": (chosen, ("flat",), {"n": 3}, np.full(3, 3.0)),
    "NumPy's int": (bump, (np.int64(2),), {}, by_hand(2)),
    "NumPy's bool": (chosen, (), {"how": "flat", "n": np.bool_(True)}, np.ones(3)),
    "count of terms": (
        shapes.squarewave_fourier,
        (3,),
        {},
        sum(np.cos((2 * i - 1) * np.pi / 4 * np.asarray(X)) for i in (1, 2, 3)) / 2,
    ),
    "asks for the value": (picky, (2.0,), {}, by_hand(2)),
    "asks for the value, bound": (picky(alpha=2.0), (), {}, by_hand(2)),
    "asks for the value, composed": (scale(picky(alpha=2.0), 1.0), (), {}, by_hand(2)),
    "asks for the value, plain": (lambda x, a: plain(x, a) if a > 0 else x, (2.0,), {}, by_hand(2)),
}


@pytest.mark.parametrize(("g", "args", "kwargs", "slope"), REPEATED.values(), ids=REPEATED)
def test_the_same_call_again_traces_nothing(g, args, kwargs, slope, events):
    """Also where the spike itself is made anew, and no older one is alive.

    A shape that asks for the value of a float is traced, and then evaluated directly.
    """
    again = ["jaxpr_trace_duration"] if g in ASKING else []

    def run():
        make_spike(g)(X, *args, **kwargs)
        np.testing.assert_allclose(gradient(make_spike(g), *args, **kwargs), slope, rtol=1e-5)
        gc.collect()

    kept = make_spike(g)
    run()
    events.clear()
    run()
    assert set(events) <= set(again)
    del kept
    for _ in range(3):
        run()
    assert set(events) <= set(again)


def test_a_shape_that_asks_for_the_value_gets_each():
    spike = make_spike(picky)
    for alpha in (2.0, -1.0, 3.0, -1.0, 2.0):
        np.testing.assert_allclose(gradient(spike, alpha), by_hand(alpha) if alpha > 0 else np.zeros(3))


# Keys


def tell(x, numbers=1.0):
    """1, 2 or 4 where the last of the numbers is an integer, a bool or a float, with its sign."""
    last = numbers
    while isinstance(last, tuple | list):
        last = last[-1]
    kind = {int: 1.0, bool: 2.0}.get(type(last), 4.0)
    return jnp.where(jnp.signbit(jnp.asarray(last, x.dtype)), -kind, kind) + 0 * x


told = shape(tell)


@combinator
def telling(x, g, numbers=(1.0,)):
    return tell(x, numbers)


FLAT = [(0.0, 4), (-0.0, -4), (2, 1), (2.0, 4), (1, 1), (True, 2), (1.0, 4), (0, 1), (False, 2), (-1, -1), (-1.0, -4)]
NESTED = [((v,), code) for v, code in FLAT] + [((3.0, ("a", v)), code) for v, code in FLAT]
USES = {
    "shape": (lambda v: told(numbers=v)(0.5), FLAT + NESTED),
    "spike": (lambda v: jax.grad(make_spike(told(numbers=v)))(0.5), FLAT + NESTED),
    "plain": (lambda v: jax.grad(make_spike(functools.partial(tell, numbers=v)))(0.5), FLAT + NESTED),
    "call": (lambda v: jax.grad(lambda x: make_spike(told)(x, v))(0.5), FLAT + NESTED),
    "composed": (lambda v: jax.grad(make_spike(scale(told(numbers=v))))(0.5), FLAT + NESTED),
    "combinator": (lambda v: jax.grad(make_spike(telling(told, numbers=v)))(0.5), FLAT),
    "soft step": (lambda v: jax.grad(antiderivative(shape(tell, soft=soft)(numbers=v)))(0.5), FLAT),
    "uint8": (lambda v: jax.grad(make_spike(told(numbers=v), residual=jnp.uint8))(0.5), FLAT),
}


def soft(x, numbers=1.0):
    return x * tell(jnp.zeros_like(x), numbers)


@pytest.mark.parametrize(("value", "numbers"), USES.values(), ids=USES)
def test_keys_tell_numbers_of_two_kinds_apart(value, numbers):
    assert [value(v) for v, _ in numbers] == [code for _, code in numbers]
    assert [value(v) for v, _ in numbers[::-1]] == [code for _, code in numbers[::-1]]


def test_shapes_of_numbers_of_two_kinds_are_not_equal():
    numbers = [v for v, _ in FLAT + NESTED]
    for build in (lambda v: told(numbers=v), lambda v: make_spike(told(numbers=v)), lambda v: mix(told(numbers=v))):
        built = [build(v) for v in numbers]
        assert len(set(built)) == len(numbers)
        assert built == [build(v) for v in numbers]


@pytest.mark.parametrize(
    "number", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16, np.int8, np.int64, np.uint32]
)
def test_numpy_scalars_are_numbers(number, events):
    two = number(2).item()
    builds = (
        lambda v: bump(alpha=v),
        lambda v: scale(bump, v),
        lambda v: shift(bump, v),
        lambda v: mix(bump, bump, weights=(v, v)),
        lambda v: normalize(bump, peak=v),
        lambda v: make_spike(functools.partial(plain, alpha=v)),
        lambda v: make_spike(bump, step=heaviside(at_zero=v)),
    )
    for build in builds:
        kept = build(two)
        assert build(number(2)) is kept
        assert "dtype" not in kept.__name__
    spike = make_spike(scale(bump, number(2)))
    for _ in range(2):
        np.testing.assert_allclose(gradient(spike, number(1)), by_hand(2.0))
        events.clear()
    assert gradient(make_spike(scale(bump, number(2))), number(1)).dtype == jnp.float32
    assert events == []


@pytest.mark.parametrize("true", [True, np.bool_(True)], ids=["bool", "NumPy's bool"])
def test_a_bool_is_a_bool(true):
    assert told(numbers=true) is told(numbers=True)
    assert told(numbers=true) != told(numbers=1)
    assert told(numbers=true)(0.5) == 2


def test_a_mutable_parameter_that_changes_is_another():
    """A shape of a list or a dict that has changed since is not given to one who asks for its first value."""
    for held, key in (([1.0], 0), ({"item": 1.0}, "item")):

        @shape
        def item(x, of=None, key=key):
            return of[key] + 0 * x

        kept = item(of=held)
        fresh = type(held)(held)
        held[key] = 2.0
        assert item(of=fresh)(0.5) == 1
        assert item(of=held)(0.5) == 2
        assert jax.grad(make_spike(item(of=fresh)))(0.5) == 1
        assert jax.grad(make_spike(item(of=held)))(0.5) == 2
        del kept


# Identity


BELL = lambda x: jnp.exp(-jnp.square(x))  # noqa: E731
BUILT = {
    "keyword": lambda: shapes.sigmoid(alpha=2.0),
    "keywords": lambda: shapes.power_law(alpha=2.0, q=3.0),
    "user's": lambda: bump(alpha=2.0),
    "scale": lambda: scale(shapes.triangle, 2.0, height=0.5),
    "shift": lambda: shift(plain, 1.0),
    "mix": lambda: mix(shapes.triangle, scale(bump, 3.0), weights=(0.3, 0.7)),
    "asym": lambda: asym(BELL, shift(shapes.atan(alpha=3.0), 1.0)),
    "normalize": lambda: normalize(mix(BELL, plain), peak=1.0),
    "user's combinator": lambda: mirror(mirror(shapes.leaky_step(leak=0.2))),
    "soft step": lambda: antiderivative(scale(bump, 2.0)),
    "derivative": lambda: derivative(jnp.tanh),
    "spike": lambda: make_spike(shapes.triangle),
    "spike of keywords": lambda: make_spike(bump(alpha=2.0)),
    "spike of a partial": lambda: make_spike(functools.partial(plain, alpha=2.0)),
    "spike of a plain function": lambda: make_spike(plain),
    "spike of a lambda": lambda: make_spike(BELL),
    "spike of a composition": lambda: make_spike(mix(scale(shapes.sigmoid, 2.0), shapes.atan)),
    "step": lambda: make_spike(plain, step=heaviside(at_zero=0.0)),
    "count": lambda: make_spike(plain, step=staircase(3)),
    "events": lambda: make_spike(BELL, step=ternary(threshold=0.5)),
    "options": lambda: make_spike(step=sign, forward_mode=True)(shapes.triangle),
    "learnable": lambda: make_spike(scale(plain, 2.0), learnable=True),
    "uint8": lambda: make_spike(bump, residual=jnp.uint8),
    "bit": lambda: make_spike(shapes.rectangle(width=2.0), residual="bit"),
    "bfloat16": lambda: make_spike(plain, residual=jnp.bfloat16),
    "code": lambda: make_spike(plain, residual=(jnp.negative, jnp.negative)),
}


@functools.partial(jax.tree_util.register_dataclass, data_fields=["x"], meta_fields=["f"])
@dataclasses.dataclass
class Layer:
    x: jax.Array
    f: object


@pytest.mark.parametrize("build", BUILT.values(), ids=BUILT)
def test_what_is_built_again_is_the_same(build):
    first = build()
    assert build() is first
    assert build() == first
    assert hash(build()) == hash(first)
    traces = []

    def of_argument(f, x):
        traces.append(f)
        return x

    def of_field(layer):
        return of_argument(layer.f, layer.x)

    of_argument, of_field = jax.jit(of_argument, static_argnums=0), jax.jit(of_field)
    for _ in range(3):
        of_argument(build(), X), of_field(Layer(X, build()))
    assert len(traces) <= 2
    gc.collect()
    again = [build() for _ in range(3)]
    assert len(set(map(id, again))) == 1


def test_what_differs_is_told_apart():
    built = [build() for build in BUILT.values()]
    assert len(set(built)) == len(built)
    assert make_spike(scale(shapes.triangle, 2.0)) != make_spike(scale(shapes.triangle, 3.0))


def test_one_expression_is_one_shape_however_it_is_written():
    for text, build in {
        "sigmoid(alpha=2.0)": lambda: shapes.sigmoid(alpha=2.0),
        "mix(scale(sigmoid, 2.0), shift(triangle, 0.5))": lambda: mix(
            scale(shapes.sigmoid, 2.0), shift(shapes.triangle, by=0.5)
        ),
    }.items():
        g = build()
        assert parse(text) is g
        assert make_spike(parse(text)) is make_spike(g)
    kept = make_spike(bump(alpha=2.0)), scale(bump(alpha=2.0))
    assert make_spike(functools.partial(bump, alpha=2.0)) is kept[0]
    assert scale(functools.partial(bump, alpha=2.0)) is kept[1]
    assert scale(bump(alpha=2.0), 1.0) is not kept[1]  # a number that is given is a leaf, a default is none


NOT_PICKLED = (
    "asym",
    "normalize",
    "spike of a lambda",
    "events",
    "derivative",
    "code",
)  # of lambdas, of jnp's functions


@pytest.mark.parametrize("name", [name for name in BUILT if name not in NOT_PICKLED])
def test_pickles_at_module_level(name):
    made = BUILT[name]()
    again = pickle.loads(pickle.dumps(made))
    assert again.__name__ == made.__name__
    np.testing.assert_array_equal(again(X), made(X))


# What is kept


def test_nothing_is_kept_alive():
    """Of lambdas, closures and what is made of them; a declared shape that closes over nothing has a program."""

    def used(k):
        f = lambda x: jnp.exp(-k * jnp.abs(x))  # noqa: E731
        declared, part = shape(lambda x: f(x)), functools.partial(plain, alpha=k)
        made = [f, declared, scale(f, 2.0), mirror(mix(f, declared)), combinator(lambda x, g: k * g(x))(f)]
        options = [{}, {"step": lambda x: x >= k}, {"forward_mode": True}, {"residual": (f, f)}]
        spikes = [make_spike(g, **option) for g in (*made, part) for option in (options if g is f else options[:1])]
        if k == 2.125:
            spikes += [make_spike(f, residual=jnp.uint8), make_spike(f, learnable=True)]
        for spike in spikes:
            spike(X), gradient(spike), jax.jit(spike)(X)
        return [weakref.ref(v) for v in (*made, part, *spikes)]

    alive = [ref for k in (1.125, 2.125, 3.125) for ref in used(k)]
    gc.collect(), gc.collect()  # a shape, and then what its structure held
    assert [ref() for ref in alive if ref()] == []


def test_thousand_lambdas_leave_nothing_behind():
    alive = []
    for k in range(1000):
        g = lambda x, k=k: jnp.exp(-k * jnp.abs(x))  # noqa: E731
        make_spike(scale(g, 2.0))
        alive.append(weakref.ref(g))
    del g
    gc.collect()
    assert not any(ref() for ref in alive)


@dataclasses.dataclass(frozen=True)
class Bump:
    height: float
    table: object = dataclasses.field(compare=False, default=None)

    def __call__(self, x):
        return jnp.copysign(self.table or 1.0, self.height) * jnp.exp(-jnp.abs(x))


@dataclasses.dataclass(unsafe_hash=True)
class Changing:
    height: float

    def __call__(self, x):
        return self.height * jnp.exp(-jnp.abs(x))


def test_objects_that_call_themselves_equal_are_told_apart():
    """Each is itself, whatever its own == says."""
    kept, bump = [make_spike(Bump(0.0)), make_spike(Bump(1.0, 2.0))], Bump(3.0)
    assert make_spike(bump) is make_spike(bump) not in kept
    assert [jax.grad(make_spike(b))(0.0) for b in (Bump(-0.0), Bump(1.0, 5.0))] == [-1, 5]
    one, other = Changing(1.0), Changing(1.0)
    spikes = make_spike(one), make_spike(other)
    other.height = 3.0
    assert [jax.grad(spike)(0.0) for spike in spikes] == [1, 3]


@pytest.mark.parametrize("number", [np.longdouble(2), np.float16(2), np.int8(2)])
def test_numbers_of_numpy_are_numbers(number):
    plain = 2 if number.dtype.kind == "i" else 2.0
    assert make_spike(scale(shapes.triangle, number)) is make_spike(scale(shapes.triangle, plain))
    assert shapes.triangle(alpha=number).__name__ == f"triangle(alpha={plain})"
    assert area(shapes.triangle, number) == 1
