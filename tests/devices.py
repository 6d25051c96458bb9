"""What the tests of many devices run in processes of their own: checks against NumPy's slopes and against one device.

`python devices.py` has eight devices, simulated; `python devices.py 1 2 localhost:1234` is process 1 of 2, with four.
Each prints as JSON what is wrong with each row, or null.
"""

import functools
import json
import re
import sys
import traceback
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from needs import EXHAUSTIVE
from reference import CASES, FAST, LAPLACE, A, C, X, close, laplace

import surrofun
from surrofun import antiderivative, derivative, escape, make_spike, mix, normalize, sampled, scale, shapes, shift
from surrofun.tools.spike_check import grad_under

X8, C8 = np.concatenate([X, X + 0.1]), np.concatenate([C, C[::-1]])
STEPS, BATCH, INPUTS, NEURONS, CLASSES = 16, 16, 5, 8, 2
COLLECTIVE = r"= (.*?) (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)(?:-start)?\("


def mesh(name, kind=AxisType.Auto):
    return jax.make_mesh((8,), (name,), axis_types=(kind,))


def collectives(compiled):
    """List what devices exchange: [operation, numbers in it, whether within a loop]."""
    found, entry = [], False
    for line in compiled.as_text().splitlines():
        if line.endswith("{"):
            entry = line.startswith("ENTRY")
        for types, name in re.findall(COLLECTIVE, line):
            sizes = [np.prod([int(n) for n in dims.split(",") if n]) for dims in re.findall(r"\[([\d,]*)\]", types)]
            found.append([name, int(sum(sizes)), not entry])
    return found


# Every kind of spike, with its batch divided.


def slopes(x, c, a):
    pulled = {}
    for name, (kind, maker) in CASES.items():
        z, pull = jax.vjp(kind.build(maker.make, a), x)
        pulled[name] = z, pull(c)[0]
    return pulled


def assert_right(pulled):
    for name, (kind, maker) in CASES.items():
        z, dx = pulled[name]
        np.testing.assert_array_equal(z, maker.step(X8), err_msg=name)
        close(dx, C8 * kind.slope(X8, A), err_msg=name)


def sharded_jit(kind=AxisType.Auto):
    across = NamedSharding(mesh("batch", kind), P("batch"))
    x, c = jax.device_put((X8, C8), across)
    compiled = jax.jit(slopes).lower(x, c, A).compile()
    pulled = compiled(x, c, A)
    assert_right(pulled)
    assert all(v.sharding.is_equivalent_to(across, 2) for v in jax.tree.leaves(pulled))
    assert "num_partitions=8" in compiled.as_text()
    assert collectives(compiled) == []


def sharding_in_types():
    sharded_jit(AxisType.Explicit)


def shard_map():
    specs = {"in_specs": (P("batch"), P("batch"), P()), "out_specs": P("batch")}
    assert_right(jax.jit(jax.shard_map(slopes, mesh=mesh("batch"), **specs))(X8, C8, A))


def pmap():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*pmap.*", DeprecationWarning)
        assert_right(jax.pmap(slopes, in_axes=(0, 0, None))(X8, C8, A))


def slope_of(spike):
    return lambda x: jax.vjp(spike, x)[1](jnp.ones_like(x))[0]


def codes_of_a_divided_batch():
    """Devices exchange nothing for the gradient by potentials of a batch of 256, and keep the bytes of their own."""
    x = np.linspace(-2, 2, 256 * 40, dtype=np.float32).reshape(256, 40)
    x = jax.device_put(x, NamedSharding(mesh("batch"), P("batch")))
    for residual, bits in (("bit", 1), (jnp.uint8, 8), (sampled(jax.random.key(0)), 1)):
        spike = make_spike(shapes.rectangle, residual=residual)
        _, pull = jax.vjp(jax.jit(spike), x)
        kept = [v.nbytes for v in jax.tree.leaves(pull) if v.size > 2]  # without the bounds
        compiled = jax.jit(slope_of(spike)).lower(x).compile()
        assert (collectives(compiled), sum(kept)) == ([], 256 * 40 * bits / 8)
        np.testing.assert_array_equal(np.unique(compiled(x)), [0, 1])


def bits_of_divided_neurons():
    """The slopes of few potentials, kept as bits, where the only axis, or the last one, is divided and says so."""
    for size, at in (((16,), 0), ((4, 16), 1), ((8, 1), 0), ((1, 16, 1), 1), ((3, 1, 8), 2)):
        spec = P(*[None] * at, "neurons")
        x = jnp.linspace(-2, 2, np.prod(size)).reshape(size)
        x = jax.device_put(x, NamedSharding(mesh("neurons", AxisType.Explicit), spec))
        for residual in ("bit", sampled(jax.random.key(0))):
            spike = make_spike(shapes.rectangle, residual=residual)
            of_sum = jax.grad(lambda x, spike=spike: spike(x).sum())  # whose cotangents do not say that they are
            for slope in slope_of(spike), of_sum:
                np.testing.assert_array_equal(jax.jit(slope)(x), np.abs(x) < 0.5)


def keys_of_devices():
    """Draws of the slope, or escape noise, with potentials that are not divided, and a key for each device."""
    keys, x = jax.random.split(jax.random.key(3), 8), X8[0]
    for forward_mode, spike_of in (
        (False, lambda key: make_spike(shapes.triangle, residual=sampled(key))),
        (False, lambda key: make_spike(shapes.triangle, step=escape(shapes.triangle, key))),
        (True, lambda key: make_spike(shapes.triangle, step=escape(shapes.triangle, key), forward_mode=True)),
    ):
        each = [jax.grad(lambda x, key=key, of=spike_of: of(key)(x).sum())(x) for key in keys]

        def local(x, keys, of=spike_of):
            return jax.lax.psum(of(keys[0])(x).sum(), "batch")

        total = jax.shard_map(local, mesh=mesh("batch"), in_specs=(P(), P("batch")), out_specs=P())
        np.testing.assert_allclose(jax.jit(jax.grad(total))(x, keys), sum(each), rtol=1e-6, err_msg=str(forward_mode))


def mapped_over_a_divided_axis():
    """An ensemble: eight steepnesses, or eight places, divided over the devices, of potentials that are not."""
    weights, ps, x = np.arange(1.0, 9, dtype=np.float32), np.linspace(0.1, 0.8, 8, dtype=np.float32), X8[:, 1]

    def total(spike_of, ps, weights):
        return (weights * jax.vmap(lambda p: spike_of(p)(x).sum())(ps)).sum()

    def steep(height):
        return lambda p: make_spike(scale(shapes.triangle, 1 + p, height=height), learnable=True)

    def moved(p):
        return make_spike(shift(shapes.reciprocal, p), learnable=True)

    at, steepness = x[:, None] - ps, 1 + ps
    u = np.clip(steepness * x[:, None], -1, 1)
    by_height = (weights * np.where(u < 0, (1 + u) ** 2 / 2, 1 - (1 - u) ** 2 / 2)).sum()
    by_place = weights * (1 / (1 + ps) - 1 / (1 + abs(at))).sum(0)
    with jax.set_mesh(divided := mesh("d", AxisType.Explicit)):
        there = jax.device_put((ps, weights), NamedSharding(divided, P("d")))
        of_height = jax.grad(lambda h, *there: total(steep(h), *there))
        np.testing.assert_allclose(jax.jit(of_height)(2.0, *there), by_height, rtol=1e-5)
        of_place = jax.grad(lambda *there: total(moved, *there))
        np.testing.assert_allclose(jax.jit(of_place)(*there), by_place, rtol=1e-5)


def hidden_in_a_function():
    """Of potentials that are not divided, a number that is, in the closure of a plain function, of a step or of a code,
    or that it asks for."""

    def number_of_device():  # that in c
        return 0.5 + 0.1 * jax.lax.axis_index("batch").astype(jnp.float32)

    c, x = np.linspace(0.5, 1.2, 8, dtype=np.float32), np.float32([-0.25, 0.1, 0.6])
    for spike_of in (
        lambda c: make_spike(lambda x: c * (1 - abs(x))),
        lambda c: make_spike(lambda x: c * (1 - abs(x)), forward_mode=True),
        lambda c: make_spike(scale(lambda x: 1 - abs(x), height=c), step=lambda x: x >= c),
        lambda c: make_spike(derivative(lambda x: c * (x - x * abs(x) / 2)), learnable=True),
        lambda c: make_spike(lambda x: number_of_device() * (1 - abs(x))),
        lambda c: make_spike(lambda x: 1 - abs(x), residual=(lambda slope: c * slope, lambda kept: kept)),
        lambda c: make_spike(shapes.triangle, residual=(lambda slope: slope, lambda kept: c * kept)),
        lambda c: make_spike(shapes.triangle, residual=(lambda slope: number_of_device() * slope, lambda kept: kept)),
        lambda c: make_spike(lambda x: c * (1 - abs(x)), residual=(lambda slope: slope, lambda kept: kept)),
    ):

        def local(x, c, of=spike_of):
            return jax.lax.psum((c[0] * of(c[0])(x)).sum(), "batch")

        total = jax.shard_map(local, mesh=mesh("batch"), in_specs=(P(), P("batch")), out_specs=P())
        np.testing.assert_allclose(jax.jit(jax.grad(total))(x, c), (c * c).sum() * (1 - abs(x)), rtol=1e-5)


def shard_map_without_jit():
    """A plain function, and bounds, which are tracers there, and not kept: the spike serves outside, too."""

    def fast(x):
        return 1 / (1 + 7 * abs(x)) ** 2

    for spike in make_spike(fast), make_spike(shapes.superspike(beta=7.0), residual=jnp.uint8):
        slope, right = slope_of(spike), fast(X8)
        divided = functools.partial(jax.shard_map, mesh=mesh("batch"), in_specs=P("batch"), out_specs=P("batch"))
        for call in divided(slope), slope_of(divided(spike)), slope, jax.jit(slope):
            np.testing.assert_allclose(call(X8), right, atol=1 / 508)


def shard_map_on_the_mesh_that_is_set():
    """In a program, where codes and noise ask for numbers that are not divided."""
    narrow, both = shapes.rectangle(width=0.5), mix(shapes.rectangle, shapes.triangle)
    noise = normalize(shapes.triangle, area=1.0)
    spikes = [
        (make_spike(narrow, residual="bit"), narrow),
        (make_spike(both, residual=jnp.uint8), both),
        (make_spike(noise, step=escape(noise, jax.random.key(0))), shapes.triangle),
    ]
    with jax.set_mesh(batch := mesh("batch")):
        for spike, right in spikes:
            divided = jax.shard_map(spike, mesh=batch, in_specs=P("batch"), out_specs=P("batch"))
            np.testing.assert_allclose(jax.jit(slope_of(divided))(X8), right(X8), atol=1 / 254)


# A training step of a recurrent network, its shape learned: a steepness for each neuron and two weights of a mixture.


def parameters(recurrent=True):
    rng = np.random.default_rng(0)
    shapes = {"in": (INPUTS, NEURONS), "alpha": (NEURONS,), "weights": (2, NEURONS), "out": (NEURONS, CLASSES)}
    shapes |= {"recurrent": (NEURONS, NEURONS)} if recurrent else {}
    return {name: rng.uniform(0.2, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}


def data():
    rng = np.random.default_rng(1)
    xs = rng.uniform(-0.5, 1.0, (BATCH, STEPS, INPUTS)).astype(np.float32)
    return xs, rng.uniform(-1, 1, (BATCH, CLASSES)).astype(np.float32)


def loss(p, xs, ys):
    shape = mix(scale(shapes.sigmoid, p["alpha"]), shapes.triangle, weights=p["weights"])
    spike = make_spike(shape, learnable=True)

    def step(state, x):
        v, z = state
        v = 0.9 * v + x @ p["in"] - z
        if "recurrent" in p:
            v += z @ p["recurrent"] / NEURONS
        z = spike(v - 1.0)
        return (v, z), z

    silent = jnp.zeros((xs.shape[0], NEURONS))
    _, spikes = jax.lax.scan(step, (silent, silent), xs.swapaxes(0, 1))
    return jnp.square(spikes.mean(0) @ p["out"] - ys).mean()


def descend(p, grads):
    return jax.tree.map(lambda w, g: w - 0.1 * g, p, grads)


def update(p, *batch, loss=loss):
    value, grads = jax.value_and_grad(loss)(p, *batch)
    return value, descend(p, grads)


def update_by_shares(p, xs, ys):
    """The same of a batch of (devices, share, ...): every device finishes its own gradient, then they are averaged."""
    values, grads = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))(p, xs, ys)
    return values.mean(), descend(p, jax.tree.map(lambda g: g.mean(0), grads))


def exchanged(f, arguments, expected, before):
    """Run `f` on its devices: it equals the step on one device, and moves each parameter. Return what is exchanged."""
    compiled = jax.jit(f).lower(*arguments).compile()
    came = jax.tree.map(np.asarray, compiled(*arguments))
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=0, atol=1e-6), came, expected)
    moved = jax.tree.map(lambda a, b: abs(a - b).max(), before, came[1])
    assert min(moved.values()) > 1e-3  # of the shape, too
    return collectives(compiled)


# A gradient for each share of the batch waits for the end; one of the whole batch is summed in every time step.


def across_the_batch():
    """The parameters and a batch, the step on one device, and two shardings: everywhere, and across the batch."""
    p, batch = parameters(), data()
    return p, batch, jax.jit(update)(p, *batch), *(NamedSharding(mesh("batch"), spec) for spec in (P(), P("batch")))


def batch_divided():
    p, batch, expected, everywhere, across = across_the_batch()
    whole = exchanged(update, jax.device_put((p, *batch), (everywhere, across, across)), expected, p)
    assert {(name, in_loop) for name, _, in_loop in whole} == {("all-reduce", False), ("all-reduce", True)}


def batch_in_shares():
    p, batch, expected, everywhere, across = across_the_batch()
    shares = [v.reshape(8, -1, *v.shape[1:]) for v in batch]
    part = np.array_split(np.arange(8), jax.process_count())[jax.process_index()]
    arguments = [jax.make_array_from_process_local_data(across, v[part]) for v in shares]
    replicated = jax.tree.map(functools.partial(jax.make_array_from_process_local_data, everywhere), p)
    numbers = sum(v.size for v in p.values()) + 1  # those of the gradient, and the loss
    assert exchanged(update_by_shares, (replicated, *arguments), expected, p) == [["all-reduce", numbers, False]]


def neurons_divided():
    p, batch = parameters(recurrent=False), data()
    specs = {"in": P(None, "neurons"), "alpha": P("neurons"), "weights": P(None, "neurons"), "out": P("neurons")}
    by_neuron, everywhere = (jax.tree.map(lambda s: NamedSharding(mesh("neurons"), s), s) for s in (specs, P()))
    arguments = jax.device_put((p, *batch), (by_neuron, everywhere, everywhere))
    of_the_readout = [["all-reduce", BATCH * CLASSES, False]]
    assert exchanged(update, arguments, jax.jit(update)(p, *batch), p) == of_the_readout


# A deep network with a layer on each device: while one works on step t, the next works on what it sent at step t - 1.


def tick(spike, p, state, x):
    v, z = state
    v = v / 2 + x @ p["w"] - z  # with weights of few digits every potential is exact, and no rounding moves a spike
    z = spike(v - 1.0, p["beta"])
    return (v, z), z


def layers_in_turn(p, xs, silent):
    spike = make_spike(shapes.superspike, learnable=True)
    for k in range(8):
        layer = functools.partial(tick, spike, {"w": p["w"][k], "beta": p["beta"][k]})
        xs = jax.lax.scan(layer, (silent, silent), xs)[1]
    return jnp.square(xs - 0.3).mean()


def layers_at_once(p, xs, silent):
    spike = make_spike(shapes.superspike, learnable=True)
    layer, mine = jax.lax.axis_index("layers"), jax.tree.map(lambda w: w[0], p)

    def send(state, inputs):
        t, x = inputs
        sent = jax.lax.ppermute(state[1], "layers", [(k, k + 1) for k in range(7)])
        # The reset is learned from too: before its first step a layer is at rest by decree, not because it was silent.
        state = jax.tree.map(lambda s: jnp.where(t > layer, s, 0.0), state)
        return tick(spike, mine, state, jnp.where(layer == 0, x, sent))

    ticks = jnp.arange(STEPS + 7), jnp.concatenate([xs, jnp.zeros((7, *xs.shape[1:]))])
    zs = jax.lax.scan(send, (silent[0], silent[0]), ticks)[1][7:]
    return jax.lax.psum(jnp.where(layer == 7, jnp.square(zs - 0.3).mean(), 0.0), "layers")


def layer_on_each_device():
    rng = np.random.default_rng(2)
    p = {"w": rng.integers(-1, 6, (8, NEURONS, NEURONS)) / 8, "beta": rng.uniform(1, 5, (8, NEURONS))}
    p = {name: value.astype(np.float32) for name, value in p.items()}
    xs = rng.integers(0, 2, (STEPS, BATCH, NEURONS)).astype(np.float32)
    silent = np.zeros((8, BATCH, NEURONS), np.float32)
    specs = {"in_specs": (P("layers"), P(), P("layers")), "out_specs": P()}
    pipeline = jax.shard_map(layers_at_once, mesh=mesh("layers"), **specs)
    expected = jax.jit(functools.partial(update, loss=layers_in_turn))(p, xs, silent[0])
    across, everywhere = (NamedSharding(mesh("layers"), spec) for spec in (P("layers"), P()))
    arguments = jax.device_put((p, xs, silent), (across, everywhere, across))
    spikes_forth_and_back = [["collective-permute", BATCH * NEURONS, True]] * 2
    found = exchanged(functools.partial(update, loss=pipeline), arguments, expected, p)
    assert found == [*spikes_forth_and_back, ["all-reduce", 1, False]]


# What is learned by a spike whose batch and neurons are divided, of parameters that are not.

BETA = 4.0
BY_X, BY_BETA = FAST.slope(X8[:, :2], BETA), FAST.soft_da(X8[:, :2], BETA)


def divided():
    """A mesh of four shares of the batch and two of the neurons."""
    return jax.make_mesh((4, 2), ("batch", "neurons"), axis_types=(AxisType.Explicit,) * 2)


def learned_of_a_divided_layer():
    across, spike = divided(), make_spike(shapes.superspike, learnable=True)
    with jax.set_mesh(across):
        x = jax.device_put(X8[:, :2], NamedSharding(across, P("batch", "neurons")))
        for shape, over in (((), None), ((2,), 0), ((1, 2), 0), ((8, 1), 1)):
            gradient = jax.grad(lambda beta: spike(x, beta).sum())
            for f in (gradient, jax.jit(gradient)):
                want = BY_BETA.sum(over).reshape(shape)
                np.testing.assert_allclose(f(jnp.full(shape, BETA)), want, rtol=1e-5)


def learned_inside_shard_map():
    """Without a `pcast` of the user, whether the parameter or the potential is the one that is not divided."""
    for forward_mode in (False, True):
        spike = make_spike(shapes.superspike, learnable=True, forward_mode=forward_mode)
        for x, beta, specs, want in (
            (X8[:, :2], jnp.float32(BETA), (P("batch"), P()), (BY_X, BY_BETA.sum())),
            (X8[:1, :2], jnp.full((8, 1), BETA), (P(), P("batch")), (8 * BY_X[:1], np.full((8, 1), BY_BETA[0].sum()))),
        ):
            spikes = jax.shard_map(spike, mesh=mesh("batch"), in_specs=specs, out_specs=P("batch"))
            found = jax.jit(jax.grad(lambda x, beta, s=spikes: s(x, beta).sum(), (0, 1)))(x, beta)
            jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5), found, want)


def searched_for():
    """Soft steps of 1 / p exp(-p |x|) that nobody declared, of a number and of one a neuron, and what moves them."""

    def put(v, *spec):
        return jax.device_put(jnp.asarray(v, jnp.float32), NamedSharding(across, P(*spec)))

    def total(p, x):
        soft = antiderivative(lambda x: laplace(x, p))(x)
        return soft.sum(), soft

    def learned(p):
        return make_spike(lambda x: laplace(x, p), learnable=True)(split).sum()

    across, x, p = divided(), np.linspace(-2, 2, 32).reshape(8, 4), np.array([[1.0, 2, 3, 4]])
    with jax.set_mesh(across):
        split = put(x, "batch", "neurons")
        of_number = jax.jit(lambda x: total(2.0, x)[1])(split)
        (_, of_each), by_p = jax.jit(jax.value_and_grad(total, has_aux=True))(put(p, None, "neurons"), split)
        without_jit = jax.grad(learned)(put(p, None, "neurons"))
    for alpha, found in ((2.0, of_number), (p, of_each)):
        np.testing.assert_allclose(found, LAPLACE.soft(x, alpha), rtol=2e-6, atol=1e-6)
    for gradient in (by_p, without_jit):
        np.testing.assert_allclose(gradient, LAPLACE.soft_da(x, p).sum(0, keepdims=True), rtol=1e-4)


def searched_inside_shard_map():
    """Soft step and area of exp(-p |x|) that nobody declared, where each device has a steepness of its own."""

    def gradients(x, p):
        by_p = jax.grad(lambda p: make_spike(laplace, learnable=True)(x, p).sum())(p)
        by_hidden_p = jax.grad(lambda p: make_spike(lambda x: laplace(x, p), learnable=True)(x).sum())(p)
        by_x = jax.grad(lambda x: make_spike(normalize(laplace, area=1.0))(x, p).sum())(x)
        of_a_code = jax.grad(lambda x: make_spike(laplace, residual=jnp.uint8)(x, p).sum())(x)
        return by_p, by_hidden_p, by_x, of_a_code

    x, p = np.linspace(-2, 2, 32).reshape(4, 8), np.arange(1.0, 9.0)[None] / 2
    divided = P(None, "neurons")
    across = jax.shard_map(gradients, mesh=mesh("neurons"), in_specs=divided, out_specs=divided)
    *by_each_p, by_x, of_a_code = jax.jit(across)(x, p)
    for by_p in by_each_p:
        np.testing.assert_allclose(by_p, LAPLACE.soft_da(x, p).sum(0, keepdims=True), rtol=1e-4)
    np.testing.assert_allclose(by_x, p / 2 * LAPLACE.slope(x, p), rtol=1e-5)
    np.testing.assert_allclose(of_a_code, LAPLACE.slope(x, p), atol=0.5 / 254 + 1e-6)


def fitted_on_each_device():
    """The steepness at which half of the potentials of a device is within 0.9 / alpha, where superspike has faded."""
    across = {"in_specs": P("batch"), "out_specs": P("batch")}
    fit = jax.shard_map(lambda x: surrofun.fit_alpha(shapes.superspike, x)[None], mesh=mesh("batch"), **across)
    x = np.linspace(0.1, 2.0, 48).reshape(8, 6)[:, :5]
    np.testing.assert_allclose(jax.jit(fit)(x), 0.9 / np.median(x, 1), rtol=1e-3)


def check_of_a_spike():
    ok, found = grad_under("shard_map", make_spike(shapes.triangle))
    assert (ok, found["devices"], found["difference"] < 1e-6) == (True, 8, True)


ROWS = [
    *(sharded_jit, sharding_in_types, shard_map, pmap, codes_of_a_divided_batch),
    *(batch_divided, batch_in_shares, neurons_divided, layer_on_each_device),
    *(learned_of_a_divided_layer, learned_inside_shard_map),
    *(mapped_over_a_divided_axis, hidden_in_a_function),
    *(fitted_on_each_device, check_of_a_spike),
    *([bits_of_divided_neurons, keys_of_devices, searched_inside_shard_map] if EXHAUSTIVE else []),
    *([shard_map_without_jit, shard_map_on_the_mesh_that_is_set, searched_for] if EXHAUSTIVE else []),
]


def attempt(row):
    try:
        row()
    except Exception:
        return traceback.format_exc()


def main(process=None, processes=None, address=None):
    warnings.simplefilter("error")
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    jax.config.update("jax_num_cpu_devices", 8 if process is None else 4)
    if process is not None:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(address, int(processes), int(process))
    assert jax.device_count() == 8
    print(json.dumps({row.__name__: attempt(row) for row in (ROWS if process is None else [batch_in_shares])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
