"""What a spike costs, in figures without noise, each with its limit: equations, instructions, programs, bytes."""

import functools
import gc
import itertools
import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import exhaustive, sample
from reference import checking_leaks, equations, fast, noted_events

from surrofun import (
    antiderivative,
    asym,
    bounds,
    combinator,
    escape,
    heaviside,
    make_spike,
    mix,
    normalize,
    sampled,
    scale,
    shape,
    shapes,
    shift,
    ternary,
)
from surrofun.search.stages import in_two_stages
from surrofun.search.survey import EXTREMES, survey

X = jnp.linspace(-1, 1, 32)
WIDE = jnp.linspace(-2.5, 2.5, 4096).reshape(16, 256)
KEY, WIDTH = jax.random.key(0), jnp.float32(0.8)


@shape
def bump(x, alpha=1.0):
    return alpha * jnp.maximum(0, 1 - alpha * jnp.abs(x))


@combinator(soft=lambda x, g: -antiderivative(g)(-x), bounds=lambda g: bounds(g))
def mirror(x, g):
    return g(-x)


@combinator(bounds=lambda g, p=2.0: [end**p for end in bounds(g)])
def power(x, g, p=2.0):
    return g(x) ** p


def eight_by_hand(x):
    return sum((1 + k) * shapes.superspike((1 + k) * (x - k / 20)) for k in range(8)) / 8


def eight():
    return make_spike(mix(*(shift(scale(shapes.superspike, 1.0 + k), k / 20) for k in range(8))))


# How each figure is measured


def learned_equations(g):
    """Of the gradient by x and by a parameter that learns."""
    gradient = jax.grad(lambda p, x: make_spike(g(p), learnable=True)(x).sum(), (0, 1))
    return equations(jax.make_jaxpr(gradient)(2.0, X).jaxpr)


def bounds_equations(more, depth):
    """Of the bounds of a composition of a traced parameter, so many combinators deep."""

    def composed(p):
        return bounds(functools.reduce(more, [p] * depth, shapes.sigmoid))

    return equations(jax.make_jaxpr(composed)(1.5).jaxpr)


@functools.cache
def coded_equations(parts):
    """Of the gradient of a mix of so many parts with traced parameters, kept in 8 bits."""

    def gradient(alphas, bys, x):
        g = mix(*(shift(scale(shapes.triangle, alphas[i]), bys[i]) for i in range(parts)))
        return jax.grad(lambda x: make_spike(g, residual=jnp.uint8)(x).sum())(x)

    return equations(jax.make_jaxpr(gradient)(jnp.ones(parts), jnp.ones(parts), jnp.zeros(3)).jaxpr)


def programs(run, sizes=itertools.count(1000)):  # noqa: B008, no two calls have one size
    """How many programs an eager call dispatches: as many are compiled for an array of a new size."""
    run(jnp.ones(next(sizes)))
    x = np.ones(next(sizes), np.float32)
    with noted_events() as events:
        run(x)
    return events.count("backend_compile_duration")


@jax.jit
def halved(slope, highest):
    return slope > highest / 2


@jax.jit
def doubled(kept, like, highest):
    return jnp.where(kept, highest, 0.0).astype(like.dtype)


def halves(g, x):
    return halved, doubled, (bounds(g)[1],)


def undeclared(x, a):
    return jnp.exp(-a * jnp.abs(x))


def events_of_a_sweep(build):
    """What is traced or compiled for ten more steepnesses, each with a spike of its own, called and differentiated."""

    def run(alphas):
        for a in alphas:
            build(a)(0.0), jax.grad(build(a))(0.0)

    run((0.5, 0.75))
    with noted_events() as events:
        run(np.linspace(1, 4, 10).tolist())
    return len(events)


def compiled(f, arguments):
    return jax.jit(f).lower(*arguments).compile()


def instructions(program):
    return sum(" = " in line for line in program.as_text().splitlines())


def temporary_bytes(program):
    return program.memory_analysis().temp_size_in_bytes


def costs(program):
    return temporary_bytes(program), instructions(program)


def eager_bytes(g, **options):
    """What a vjp keeps, a spike; without the two bounds and the key, which some codes keep, too."""
    leaves = jax.tree.leaves(jax.vjp(make_spike(g, **options), WIDE)[1])
    return sum(leaf.nbytes for leaf in leaves if leaf.size > 2) / WIDE.size


def loop(spike, steps, segments=None, neurons=64):
    """The compiled gradient of a network by the weights, and its arguments; checkpointed over segments of time."""

    def loss(w, drive):
        def step(v, x):
            v = 0.9 * v + x * w
            z = spike(v - 1.0)
            return v - z, z.mean()

        def segment(v, xs):
            return jax.lax.scan(step, v, xs)

        if segments is None:
            return segment(jnp.zeros(neurons), drive)[1].mean()
        return jax.lax.scan(jax.checkpoint(segment), jnp.zeros(neurons), drive.reshape(segments, -1))[1].mean()

    arguments = jnp.linspace(0.1, 0.6, neurons), jnp.linspace(0, 1, steps)
    return compiled(jax.grad(loss), arguments), arguments


def loop_bytes(residual):
    """What a compiled loop keeps, a spike, for one that is kept so."""
    gradient, _ = loop(make_spike(shapes.rectangle, residual=residual), 400, neurons=4096)
    return temporary_bytes(gradient) / (400 * 4096)


def swept(**options):
    return lambda: events_of_a_sweep(lambda a: make_spike(shapes.sigmoid(alpha=a), **options))


BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1, "uint8": 1, "bit": 1 / 8}
CODES = {name: {"residual": name if name == "bit" else getattr(jnp, name)} for name in BYTES} | {"float32": {}}

# figure: how it is measured, and the most that it may be
FIGURES = {
    # Learning. The soft step, its derivative by p and the slope, with x alone kept.
    "equations, a number": (lambda: learned_equations(lambda p: shapes.superspike(beta=p)), 75),
    "equations, a shape with an edge": (lambda: learned_equations(lambda p: shapes.triangle(alpha=p)), 213),
    "equations, of infinite area": (lambda: learned_equations(lambda p: shapes.leaky_step(leak=p)), 64),
    # A combinator of the catalogue adds its formula: the soft step of a part of it needs no constant, which would take
    # as many equations again for each of its two limits.
    "equations, ... scaled": (lambda: learned_equations(lambda p: scale(shapes.leaky_step(leak=p), 2.0)), 92),
    "equations, a steepness": (lambda: learned_equations(lambda p: scale(shapes.superspike, p)), 111),
    "equations, two halves": (
        lambda: learned_equations(lambda p: asym(shapes.sigmoid(alpha=p), scale(shapes.laplace, p))), 448),
    # A user's combinator needs a constant, but not for each of its parts: that would be 5,588. About 180 of them find
    # out whether its limits are numbers, and how they move with p.
    "equations, three of a user's": (
        lambda: learned_equations(lambda p: mirror(mirror(mirror(shapes.sigmoid(alpha=p))))), 470),
    "equations, eight parts": (
        lambda: learned_equations(lambda p: mix(*(shift(scale(shapes.superspike, k * p), p / k) for k in range(1, 9)))),
        1133),
    # Bounds that are traced are those of the parts, added up; a search is the same few rounds for every shape.
    "equations, bounds of 8 parts in 8 bits": (lambda: coded_equations(8), 1300),
    "equations, bounds of traced halves": (
        lambda: equations(jax.make_jaxpr(lambda a: bounds(asym(shapes.triangle(alpha=a), shapes.atan)))(2.0).jaxpr),
        12),
    "equations, extremes that are searched for": (
        lambda: str(jax.make_jaxpr(lambda p: survey(lambda x: p * jnp.tanh(x), [(p, p)], jnp.zeros(()), EXTREMES))(2.0))
        .count(" = "), 215),
    # An eager call is one program for the step, and one to make a device array of a NumPy one. A gradient adds the
    # slope, what jax.grad itself does (a sum, its cotangent, the product), all of it whatever the shape is made of.
    "programs, a call": (lambda: programs(make_spike(shapes.superspike(beta=2.5))), 2),
    "programs, a call of eight parts": (lambda: programs(eight()), 2),
    "programs, a gradient": (lambda: programs(gradient_of(make_spike(shapes.superspike(beta=2.5)))), 4),
    "programs, a gradient of eight parts": (lambda: programs(gradient_of(eight())), 4),
    "programs, a gradient of a user's": (
        lambda: programs(gradient_of(make_spike(power(mix(bump(alpha=2.5), shapes.triangle), 3.5)))), 4),
    # Floats are operands of programs that are kept by the structure of a shape: another one is no program.
    "events, a sweep": (swept(), 0),
    "events, a sweep that learns": (swept(learnable=True), 0),
    "events, a sweep of a plain function that learns": (
        # Traced, but not compiled; jax 0.8 notes more events of tracing.
        lambda: events_of_a_sweep(lambda a: lambda p: make_spike(undeclared, learnable=True)(0.3, p + a)),
        10 if jax.__version_info__ >= (0, 9) else 30),
    "events, a sweep in forward mode": (swept(forward_mode=True), 0),
    "events, a sweep in 8 bits": (swept(residual=jnp.uint8), 0),
    "events, a sweep in a user's jitted code": (swept(residual=halves), 0),
    "events, a sweep of compositions": (
        lambda: events_of_a_sweep(lambda a: make_spike(mix(scale(bump, a), shift(mirror(bump), a), weights=(a, 1.0)))),
        0),
    "events, a sweep of areas": (
        lambda: events_of_a_sweep(lambda a: make_spike(normalize(shapes.triangle(alpha=a), area=2.0))), 0),
    "events, a sweep of calls": (
        lambda: events_of_a_sweep(lambda a: lambda x: make_spike(bump)(x, np.float32(a))), 0),
    "events, a sweep of plain functions": (
        lambda: events_of_a_sweep(lambda a: make_spike(scale(fast, height=a)(a=a))), 0),
    "events, a sweep of what is declared in a function": (lambda: events_of_a_sweep(declared_in_a_function), 0),
    "events, a sweep of steps": (
        lambda: events_of_a_sweep(lambda a: make_spike(shapes.triangle, step=ternary(threshold=a))), 0),
    "events, a sweep of values at zero": (
        lambda: events_of_a_sweep(lambda a: make_spike(shapes.triangle, step=heaviside(at_zero=a))), 0),
    "events, a sweep of escape noise": (
        lambda: events_of_a_sweep(lambda a: make_spike(shapes.triangle, step=escape(shapes.sigmoid(alpha=a), KEY))),
        0),
    # One array a spike: the slope as it is, in the dtype of `residual=`, or a bit of it.
    **{f"bytes, {name}": (lambda o=o: eager_bytes(shapes.rectangle, **o), BYTES[name])
       for name, o in CODES.items()},
    "bytes, sampled": (lambda: eager_bytes(shapes.triangle, residual=sampled(KEY)), 1 / 8),
    "bytes, a closure": (lambda: eager_bytes(lambda x: shapes.rectangle(x, WIDTH)), 4),
    "bytes, eight parts": (lambda: eager_bytes(mix(*[shift(bump, k / 20) for k in range(8)])), 4),
    # The same in a compiled loop, which keeps the state of the neurons besides.
    **{f"bytes in a loop, {name}": (lambda o=o: loop_bytes(o.get("residual")), BYTES[name] + 0.06)
       for name, o in CODES.items()},
}  # fmt: skip


def gradient_of(spike):
    return jax.grad(lambda x: spike(x).sum())


def declared_in_a_function(alpha):
    @shape
    def local(x, alpha=1.0):
        return alpha * jnp.exp(-jnp.abs(x))

    return make_spike(local(alpha=alpha))


@pytest.mark.parametrize("figure", FIGURES)
def test_figure(figure):
    measure, most = FIGURES[figure]
    assert 0.45 * most <= measure() <= most  # much less would be another thing that is measured


@pytest.mark.parametrize("g", [undeclared, lambda x, a: mix(scale(shapes.sigmoid, a), lambda x: jnp.exp(-(x**2)))(x)])
def test_what_learns_keeps_the_potential_once_also_where_its_soft_step_is_searched_for(g):
    x = jnp.zeros((500, 1000))  # more than any table has
    kept = jax.eval_shape(lambda a: jax.vjp(make_spike(g, learnable=True), x, a)[1], 2.0)
    assert [leaf.shape for leaf in jax.tree.leaves(kept) if leaf.size >= x.size] == [x.shape]


def test_what_is_as_large_as_what_comes_later_is_made_again_also_where_it_is_used_early():
    def f(a, x):
        large = a * jnp.arange(3.0)
        return large.sum() * x + large

    early, late = in_two_stages(f, 2.0, jnp.zeros(3))
    assert [v.shape for v in early(2.0)] == [(), ()]
    np.testing.assert_array_equal(late(early(2.0), jnp.ones(3)), [6.0, 8.0, 10.0])


@exhaustive
def test_no_tracer_leaks_from_any_spike():
    def run(alpha, x):
        shapes_built = [lambda x: shapes.sigmoid(x, alpha), scale(shapes.atan, alpha), asym(shapes.laplace, abs)]
        return sum(make_spike(g, learnable=True)(x).sum() for g in shapes_built)

    with checking_leaks():  # a leak shows when it is traced
        jax.jit(jax.vmap(jax.grad(run), (0, None))).lower(jnp.array([1.0, 2.0]), X)


# The same call again, also where the spike itself is made anew and no older one is alive


@shape
def picky(x, alpha=1.0):
    """A shape that asks for the value of its parameter: it is traced, and then evaluated directly."""
    return bump(x, alpha) if alpha > 0 else x


REPEATED = {
    "int": (bump, (2,), {}),
    "NumPy's int by keyword": (bump, (), {"alpha": np.int64(2)}),
    "count of terms": (shapes.squarewave_fourier, (3,), {}),
    "asks for the value": (picky, (2.0,), {}),
    "asks for the value, composed": (scale(picky(alpha=2.0), 1.0), (), {}),
    "asks for the value, plain": (lambda x, a: fast(x, a) if a > 0 else x, (2.0,), {}),
}


@sample
@pytest.mark.parametrize("case", REPEATED)
def test_the_same_call_again_traces_nothing(case, events):
    g, args, kwargs = REPEATED[case]
    allowed = {"jaxpr_trace_duration"} if "asks" in case and "plain" not in case else set()
    for n in range(5):
        make_spike(g)(X, *args, **kwargs)
        jax.grad(lambda x: make_spike(g)(x, *args, **kwargs).sum())(X)
        gc.collect()
        if n == 0:
            assert events  # which are seen, if there are any
            events.clear()
    assert set(events) <= allowed


def test_a_sweep_leaves_nothing_behind():
    def bytes_after(alphas):
        for a in alphas:
            for g in (shapes.sigmoid(alpha=a), mix(scale(bump, a), bump), scale(fast, height=a)(a=a)):
                jax.grad(make_spike(g))(0.0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    alphas = np.linspace(0.5, 4.0, 22).tolist()
    bytes_after(alphas[:2])
    tracemalloc.start()
    half, whole = bytes_after(alphas[2:12]), bytes_after(alphas[12:])
    tracemalloc.stop()
    assert whole - half < 10 * 8000  # where each has a program it is 10 * 100,000


# Each combinator around a shape costs as much as the one before


MORE = {
    "scale": lambda g, p: scale(g, p, height=p),
    "shift": shift,
    "normalize": lambda g, p: normalize(g, peak=p),
    "mirror": lambda g, p: mirror(g),
    "power": power,
}


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_bounds_of_a_composition_cost_the_same_for_each_combinator(more):
    none, one, four, eight = (bounds_equations(more, depth) for depth in (0, 1, 4, 8))
    assert 0 <= one - none <= 40
    assert eight - four <= 4 * max(one - none, (four - one) / 3)


def test_eight_bits_of_a_mix_of_traced_parts_grow_linearly():
    two, four, eight = map(coded_equations, (2, 4, 8))
    assert eight - four <= 1.02 * 2 * (four - two)


# Instructions: the forward step is one comparison, a shape its formula


def plain_heaviside(x, at_zero=0.0):
    return jnp.where(x > 0, 1.0, jnp.where(x == 0, at_zero, 0.0))


def from_zero(x):
    return (x >= 0).astype(x.dtype)


FORWARD = {
    "catalogue": (make_spike(shapes.sigmoid), from_zero),
    "composed": (eight(), from_zero),
    "plain": (make_spike(lambda x: jnp.exp(-jnp.abs(x))), from_zero),
    "forward mode": (make_spike(shapes.triangle, forward_mode=True), from_zero),
    "learnable": (make_spike(shapes.superspike, learnable=True), from_zero),
    "uint8": (make_spike(shapes.sigmoid, residual=jnp.uint8), from_zero),
    "at_zero=0": (make_spike(shapes.sigmoid, step=heaviside(at_zero=0)), lambda x: (x > 0).astype(x.dtype)),
    # A float is an operand, which XLA writes as a choice between 0 and 0, that costs nothing.
    "at_zero=0.0": (make_spike(shapes.sigmoid, step=heaviside(at_zero=0.0)), plain_heaviside),
    "the step alone": (heaviside, from_zero),
}


def forward_instructions(fires, dtype):
    """Of all together, alone and in a loop, each of a potential of its own."""

    def run(drive, xs):
        def step(vs, d):
            zs = [fire(0.9 * v + d - 1) for fire, v in zip(fires, vs, strict=True)]
            return [0.9 * v + d - z for v, z in zip(vs, zs, strict=True)], [z.sum() for z in zs]

        return [fire(x) for fire, x in zip(fires, xs, strict=True)], jax.lax.scan(step, xs, drive)

    return instructions(compiled(run, (jnp.ones((50, 16, 128), dtype), [jnp.ones((16, 128), dtype) for _ in fires])))


def assert_costs_one_comparison(cases, dtype):
    spikes, by_hand = zip(*(FORWARD[case] for case in cases), strict=True)
    assert forward_instructions(spikes, dtype) <= forward_instructions(by_hand, dtype)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_forward_step_costs_one_comparison(dtype):
    assert_costs_one_comparison(FORWARD if dtype == "float32" else ["catalogue"], dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_forward_step_costs_one_comparison_under_x64(dtype, x64):
    assert_costs_one_comparison(FORWARD, dtype)


FORMULAS = {
    "superspike": lambda x: jnp.square(1 / (1 + 10.0 * jnp.abs(x))),
    "laplace": lambda x: 1.0 / 2 * jnp.exp(-1.0 * jnp.abs(x)),
    "sigmoid": lambda x: 4.0 * jax.nn.sigmoid(4.0 * x) * jax.nn.sigmoid(-(4.0 * x)),
    "reciprocal": lambda x: 1.0 / (1 + 1.0 * jnp.abs(x)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_shape_costs_what_its_formula_costs(name):
    """Though it is right at infinity, too, it compiles to as many instructions."""
    of_shape, of_formula = (loop(make_spike(g), 100)[0] for g in (getattr(shapes, name), FORMULAS[name]))
    assert instructions(of_shape) == instructions(of_formula)


def test_composition_costs_its_arithmetic():
    by_hand, composed = (costs(loop(spike, 100)[0]) for spike in (make_spike(eight_by_hand), eight()))
    assert composed[0] == by_hand[0]
    assert composed[1] <= 1.1 * by_hand[1]


@pytest.mark.parametrize("forward_mode", [False, True], ids=["vjp", "jvp"])
def test_learning_costs_nothing_where_nobody_asks(forward_mode):
    """The compiled program for the gradient by the weights alone is the same with and without `learnable`."""
    options = {"forward_mode": forward_mode}
    spikes = (make_spike(shapes.sigmoid, learnable=learnable, **options) for learnable in (False, True))
    without, learnable = (costs(loop(spike, 50)[0]) for spike in spikes)
    assert learnable == without


# Bytes over time


def test_bytes_grow_linearly_with_the_sequence_and_as_its_root_in_checkpointed_segments():
    steps, spike = (128, 1024, 16_384), make_spike(shapes.superspike)
    plain = [loop(spike, n) for n in steps]
    short, middle, long = (temporary_bytes(gradient) for gradient, _ in plain)
    assert (long - middle) / (middle - short) == pytest.approx((16_384 - 1024) / (1024 - 128), rel=0.01)
    assert long <= 16_384 * 64 * 4 * 1.05  # the slope, and a mean a step
    (segmented, arguments), (of_long, _) = loop(spike, 1024, 32), loop(spike, 16_384, 128)
    np.testing.assert_allclose(segmented(*arguments), plain[1][0](*arguments), rtol=1e-5)
    assert temporary_bytes(of_long) / temporary_bytes(segmented) < 5  # for 16 times the steps
    assert temporary_bytes(of_long) < long / 15


def hard_reset_loop(spike, checkpointed):
    """The gradient of 32 x 64 neurons with a hard reset, by the weights and by the input of each neuron and step."""

    def fire(v):
        z = spike(v - 1.0)
        return v * (1 - z), z

    if checkpointed:
        fire = jax.checkpoint(fire, prevent_cse=False)

    def loss(w, drive):
        def step(v, x):
            v, z = fire(0.9 * v + x * w)
            return v, z.mean()

        return jax.lax.scan(step, jnp.zeros((32, 64)), drive)[1].mean()

    arguments = jnp.linspace(0.1, 0.6, 64), jax.random.uniform(jax.random.key(0), (300, 32, 64))
    program = compiled(jax.grad(loss, argnums=(0, 1)), arguments)
    return temporary_bytes(program) / (300 * 32 * 64), program(*arguments)


# Bytes a spike: the slope, the potential and the spike; where the reset is checkpointed, the potential alone.
@pytest.mark.parametrize(("residual", "plain"), [(None, 12), (jnp.uint8, 9)], ids=["float32", "uint8"])
def test_a_checkpointed_hard_reset_keeps_the_potential_alone(residual, plain):
    spike = make_spike(shapes.superspike, residual=residual)
    (kept, gradients), (kept_by_checkpoint, same) = (hard_reset_loop(spike, c) for c in (False, True))
    assert (kept, kept_by_checkpoint) == (pytest.approx(plain, abs=0.1), pytest.approx(4, abs=0.1))
    for a, b in zip(gradients, same, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
