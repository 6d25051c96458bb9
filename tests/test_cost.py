"""What a spike costs, in figures without noise: bytes, instructions, imports."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import checking_leaks, equations

from surrofun import (
    antiderivative,
    asym,
    bounds,
    combinator,
    heaviside,
    make_spike,
    mix,
    scale,
    shapes,
    shift,
)

X = jnp.linspace(-1, 1, 32)


def by_hand(x):
    return sum((1 + k) * shapes.superspike((1 + k) * (x - k / 20)) for k in range(8)) / 8


def composed():
    return make_spike(mix(*(shift(scale(shapes.superspike, 1.0 + k), k / 20) for k in range(8))))


def loop(spike, steps, segments=None):
    """The gradient of a network of 64 neurons, by the weights; checkpointed over segments of the sequence."""

    def loss(w, drive):
        def step(v, x):
            v = 0.9 * v + x * w
            z = spike(v - 1.0)
            return v - z, z.mean()

        def segment(v, xs):
            return jax.lax.scan(step, v, xs)

        if segments is None:
            return segment(jnp.zeros(64), drive)[1].mean()
        return jax.lax.scan(jax.checkpoint(segment), jnp.zeros(64), drive.reshape(segments, -1))[1].mean()

    return jax.jit(jax.grad(loss)), (jnp.linspace(0.1, 0.6, 64), jnp.linspace(0, 1, steps))


def instructions(f, *args):
    return sum(" = " in line for line in jax.jit(f).lower(*args).compile().as_text().splitlines())


def temporary_bytes(*args):
    gradient, arguments = loop(*args)
    return gradient.lower(*arguments).compile().memory_analysis().temp_size_in_bytes


def test_no_tracer_leaks_from_any_spike():
    def run(alpha, x):
        shapes_built = [lambda x: shapes.sigmoid(x, alpha), scale(shapes.atan, alpha), asym(shapes.laplace, abs)]
        return sum(make_spike(g, learnable=True)(x).sum() for g in shapes_built)

    with checking_leaks():
        jax.jit(jax.grad(run)).lower(2.0, X)  # a leak shows when it is traced
        jax.jit(jax.vmap(jax.grad(run), (0, None))).lower(jnp.array([1.0, 2.0]), X)


def plain_heaviside(x, at_zero=0.0):
    return jnp.where(x > 0, 1.0, jnp.where(x == 0, at_zero, 0.0))


FORWARD = {
    "catalogue": (make_spike(shapes.sigmoid), lambda x: x >= 0),
    "composed": (composed(), lambda x: x >= 0),
    "plain": (make_spike(lambda x: jnp.exp(-jnp.abs(x))), lambda x: x >= 0),
    "forward mode": (make_spike(shapes.triangle, forward_mode=True), lambda x: x >= 0),
    "learnable": (make_spike(shapes.superspike, learnable=True), lambda x: x >= 0),
    "uint8": (make_spike(shapes.sigmoid, residual=jnp.uint8), lambda x: x >= 0),
    "at_zero=0": (make_spike(shapes.sigmoid, step=heaviside(at_zero=0)), lambda x: x > 0),
    # A float is an operand, which XLA writes as a choice between 0 and 0, that costs nothing.
    "at_zero=0.0": (make_spike(shapes.sigmoid, step=heaviside(at_zero=0.0)), plain_heaviside),
    "the step alone": (heaviside, lambda x: x >= 0),
}


def forward_loop(spike):
    def run(drive, x):
        def step(v, d):
            z = spike(0.9 * v + d - 1)
            return 0.9 * v + d - z, z.sum()

        return jax.lax.scan(step, x, drive)

    return run


def assert_costs_one_comparison(spike, by_hand, dtype):
    def fire(x):
        return by_hand(x) if by_hand is plain_heaviside else by_hand(x).astype(x.dtype)

    x, drive = jnp.ones((16, 128), dtype), jnp.ones((50, 16, 128), dtype)
    assert instructions(spike, x) <= instructions(fire, x)
    assert instructions(forward_loop(spike), drive, x) <= instructions(forward_loop(fire), drive, x)


forward = pytest.mark.parametrize(("spike", "by_hand"), FORWARD.values(), ids=FORWARD)


@forward
def test_the_forward_step_costs_one_comparison(spike, by_hand):
    assert_costs_one_comparison(spike, by_hand, jnp.float32)


@forward
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64], ids=["float32", "float64"])
def test_the_forward_step_costs_one_comparison_under_x64(spike, by_hand, dtype, x64):
    assert_costs_one_comparison(spike, by_hand, dtype)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16], ids=["bfloat16", "float16"])
def test_the_forward_step_costs_one_comparison_in_half_precision(dtype):
    assert_costs_one_comparison(*FORWARD["catalogue"], dtype)


FORMULAS = {
    "superspike": lambda x: jnp.square(1 / (1 + 10.0 * jnp.abs(x))),
    "laplace": lambda x: 1.0 / 2 * jnp.exp(-1.0 * jnp.abs(x)),
    "sigmoid": lambda x: 4.0 * jax.nn.sigmoid(4.0 * x) * jax.nn.sigmoid(-(4.0 * x)),
    "reciprocal": lambda x: 1.0 / (1 + 1.0 * jnp.abs(x)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_shape_costs_what_its_formula_costs(name):
    """Though it is right at infinity, too, it compiles to as many instructions."""
    of_shape, of_formula = (loop(make_spike(g), 100) for g in (getattr(shapes, name), FORMULAS[name]))
    assert instructions(of_shape[0], *of_shape[1]) == instructions(of_formula[0], *of_formula[1])


def test_composition_costs_its_arithmetic():
    programs = []
    for spike in (make_spike(by_hand), composed()):
        gradient, arguments = loop(spike, 100)
        compiled = gradient.lower(*arguments).compile()
        programs.append((compiled.memory_analysis().temp_size_in_bytes, instructions(gradient, *arguments)))
    assert programs[1][0] == programs[0][0]
    assert programs[1][1] <= 1.1 * programs[0][1]


def test_bytes_grow_linearly_with_the_sequence():
    spike = make_spike(shapes.superspike)
    short, middle, long = (temporary_bytes(spike, steps) for steps in (100, 1000, 10_000))
    assert (long - middle) / (middle - short) == pytest.approx(10, rel=0.01)
    assert long <= 10_000 * 64 * 4 * 1.05  # the slope, and a mean a step


def test_checkpointed_segments_keep_the_square_root():
    spike = make_spike(shapes.superspike)
    plain, arguments = loop(spike, 1024)
    segmented, _ = loop(spike, 1024, 32)
    np.testing.assert_allclose(segmented(*arguments), plain(*arguments), rtol=1e-5)
    short, long = temporary_bytes(spike, 1024, 32), temporary_bytes(spike, 16_384, 128)
    assert long / short < 5  # for 16 times the steps
    assert long < temporary_bytes(spike, 16_384) / 15


def hard_reset_loop(spike, steps, checkpointed):
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

    drive = jax.random.uniform(jax.random.key(0), (steps, 32, 64))
    return jax.jit(jax.grad(loss, argnums=(0, 1))), (jnp.linspace(0.1, 0.6, 64), drive)


# Bytes a spike: the slope, the potential and the spike; where the reset is checkpointed, the potential alone.
@pytest.mark.parametrize(("residual", "plain"), [(None, 12), (jnp.uint8, 9)], ids=["float32", "uint8"])
def test_a_checkpointed_hard_reset_keeps_the_potential_alone(residual, plain):
    spike, sizes, gradients = make_spike(shapes.superspike, residual=residual), {}, {}
    for checkpointed in (False, True):
        for steps in (100, 300):
            gradient, arguments = hard_reset_loop(spike, steps, checkpointed)
            program = gradient.lower(*arguments).compile()
            sizes[checkpointed, steps] = program.memory_analysis().temp_size_in_bytes
        gradients[checkpointed] = program(*arguments)
    growth = {c: (sizes[c, 300] - sizes[c, 100]) / (200 * 32 * 64) for c in (False, True)}
    assert growth == {False: pytest.approx(plain, abs=0.1), True: pytest.approx(4, abs=0.1)}
    for a, b in zip(*gradients.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_import_brings_nothing_that_is_not_needed():
    code = "import sys, surrofun; print([m for m in ('matplotlib', 'argparse', 'surrofun.cli') if m in sys.modules])"
    jax_alone = "import sys, jax; print([m for m in ('matplotlib', 'argparse', 'surrofun.cli') if m in sys.modules])"
    with_surrofun, without = (
        subprocess.run([sys.executable, "-c", c], capture_output=True, text=True, check=True).stdout
        for c in (code, jax_alone)
    )
    assert with_surrofun == without


@combinator(soft=lambda x, g: -antiderivative(g)(-x), bounds=lambda g: bounds(g))
def mirror(x, g):
    return g(-x)


# A soft step of the catalogue needs no constant, which took as much again for each of its limits; that of a part may
# have any constant, since the whole gets its own: else three mirrors would be 5,588. About 25 of those of a user's
# combinator find out whether its limits are numbers.
LEARNED = {
    "a number": (lambda p: shapes.superspike(beta=p), 75),
    "of a shape with an edge": (lambda p: shapes.triangle(alpha=p), 213),
    "of infinite area": (lambda p: shapes.leaky_step(leak=p), 64),
    "... scaled": (lambda p: scale(shapes.leaky_step(leak=p), 2.0), 92),
    "a steepness": (lambda p: scale(shapes.superspike, p), 111),
    "two halves": (lambda p: asym(shapes.sigmoid(alpha=p), scale(shapes.laplace, p)), 448),
    "three of a user's": (lambda p: mirror(mirror(mirror(shapes.sigmoid(alpha=p)))), 314),
    "eight parts": (lambda p: mix(*(shift(scale(shapes.superspike, k * p), p / k) for k in range(1, 9))), 1133),
}


@pytest.mark.parametrize(("g", "most"), LEARNED.values(), ids=LEARNED)
def test_learning_adds_few_equations(g, most):
    gradient = jax.grad(lambda p, x: make_spike(g(p), learnable=True)(x).sum(), (0, 1))
    assert equations(jax.make_jaxpr(gradient)(2.0, X).jaxpr) <= most
