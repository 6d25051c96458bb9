"""What a spike costs, in figures without noise: traces, objects left behind, bytes, instructions."""

import contextlib
import gc
import subprocess
import sys
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrofun import asym, make_spike, mix, scale, shapes, shift

X = jnp.linspace(-1, 1, 32)


def bump(x, alpha=1.0):
    return jnp.exp(-alpha * jnp.abs(x))


@contextlib.contextmanager
def counted_traces():
    """Collect an item for each jaxpr that jax traces."""
    traces, active = [], True

    def note(event, seconds, **_):
        if active and "trace" in event:
            traces.append(event)

    jax.monitoring.register_event_duration_secs_listener(note)
    yield traces
    active = False


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


def temporary_bytes(*args):
    gradient, arguments = loop(*args)
    return gradient.lower(*arguments).compile().memory_analysis().temp_size_in_bytes


def test_a_spike_rebuilt_a_thousand_times_is_traced_once():
    make_spike(scale(bump, 2.0))(X)
    with counted_traces() as traces:
        for _ in range(1000):
            make_spike(scale(bump, 2.0))(X)
    assert traces == []
    assert make_spike(mix(scale(shapes.sigmoid, 2.0), shapes.atan)) is make_spike(
        mix(scale(shapes.sigmoid, 2.0), shapes.atan)
    )


def test_a_call_time_parameter_of_another_value_is_not_traced_again():
    spike = make_spike(bump)
    spike(X, 1.0)
    with counted_traces() as traces:
        for alpha in np.linspace(1, 2, 50).tolist():
            spike(X, alpha)
        assert traces == []
        spike(X[:5], 1.0)
    assert traces  # which it sees if there are any


def test_a_count_of_terms_stays_a_number_on_the_way_through_the_cache():
    spike = make_spike(shapes.squarewave_fourier)
    slope = sum(np.cos((2 * i - 1) * np.pi / 4 * np.asarray(X)) for i in (1, 2, 3)) / 2
    np.testing.assert_allclose(jax.grad(lambda x: spike(x, n=3).sum())(X), slope, rtol=1e-5)
    np.testing.assert_allclose(jax.grad(lambda x: spike(x, 3).sum())(X), slope, rtol=1e-5)


def test_the_parts_are_not_mixed_up_in_the_cache():
    a, b = make_spike(scale(shapes.sigmoid, 2.0)), make_spike(scale(shapes.sigmoid, 3.0))
    assert a is not b
    np.testing.assert_allclose(jax.grad(a)(0.0), 2.0)
    np.testing.assert_allclose(jax.grad(b)(0.0), 3.0)


def test_thousand_lambdas_leave_nothing_behind():
    alive = []
    for k in range(1000):
        shape = lambda x, k=k: jnp.exp(-k * jnp.abs(x))  # noqa: E731
        make_spike(scale(shape, 2.0))
        alive.append(weakref.ref(shape))
    for k in range(20):
        shape = lambda x, k=k: jnp.exp(-k * jnp.abs(x))  # noqa: E731
        jax.grad(lambda x, f=shape: make_spike(f)(x).sum())(X)
        alive.append(weakref.ref(shape))
    del shape
    gc.collect()
    assert not any(ref() for ref in alive)


def test_no_tracer_leaks_from_any_spike():
    def run(alpha, x):
        shapes_built = [lambda x: shapes.sigmoid(x, alpha), scale(shapes.atan, alpha), asym(shapes.laplace, abs)]
        return sum(make_spike(g, learnable=True)(x).sum() for g in shapes_built)

    with jax.checking_leaks():
        jax.jit(jax.grad(run)).lower(2.0, X)  # a leak shows when it is traced
        jax.jit(jax.vmap(jax.grad(run), (0, None))).lower(jnp.array([1.0, 2.0]), X)


def test_composition_costs_its_arithmetic():
    programs = []
    for spike in (make_spike(by_hand), composed()):
        gradient, arguments = loop(spike, 100)
        compiled = gradient.lower(*arguments).compile()
        instructions = sum(" = " in line for line in compiled.as_text().splitlines())
        programs.append((compiled.memory_analysis().temp_size_in_bytes, instructions))
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


def test_import_brings_nothing_that_is_not_needed():
    code = "import sys, surrofun; print([m for m in ('matplotlib', 'argparse', 'surrofun.demo') if m in sys.modules])"
    jax_alone = "import sys, jax; print([m for m in ('matplotlib', 'argparse', 'surrofun.demo') if m in sys.modules])"
    with_surrofun, without = (
        subprocess.run([sys.executable, "-c", c], capture_output=True, text=True, check=True).stdout
        for c in (code, jax_alone)
    )
    assert with_surrofun == without
