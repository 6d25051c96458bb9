"""The demonstration: its data and network against plain NumPy, and its command line in a process of its own."""

import functools
import os
import pathlib
import re
import signal
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import exhaustive, needs

import surrofun
from surrofun import shapes
from surrofun.cli import demo
from surrofun.cli.arguments import find, finite_shape
from surrofun.cli.commands import main

KEY = jax.random.key(3)
STRICT = {"JAX_NUMPY_DTYPE_PROMOTION": "strict", "PYTHONWARNINGS": "error"}
STRICT["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "0"  # since the training is what takes time
SMALL = functools.partial(demo.randman, samples=20, waves=5)


def numpy_manifold(z, a, b, c, alpha):
    m = np.zeros((*z.shape, a.shape[2]))
    for k in range(1, len(a) + 1):
        for s, u in np.ndindex(z.shape[1], a.shape[2]):
            wave = np.sin(2 * np.pi * (k * z[:, s] * b[k - 1, :, u] + c[k - 1, :, u]))
            m[:, s, u] += a[k - 1, :, u] * k**-alpha * wave
    return m


def numpy_forward(weights, times):
    """Euler steps of 1 ms, in float64."""
    current, v, z, out, steps = 0.0, 0.0, np.zeros((len(times), len(weights["out"]))), 0.0, []
    for t in range(100):
        current = np.exp(-1 / 5) * current + (times == t) @ weights["in"]
        if "recurrent" in weights:
            current = current + z @ weights["recurrent"]
        v = np.where(z == 1, 0.0, np.exp(-1 / 10) * v + current)
        z = (v >= 1) * 1.0
        out = np.exp(-1 / 20) * out + z @ weights["out"]
        steps.append((out, z))
    return [np.stack(of) for of in zip(*steps, strict=True)]


@pytest.mark.parametrize("alpha", [1.0, 2.5])
def test_manifold_is_the_sum_of_waves(alpha):
    z, a, b, c = (np.random.default_rng(n).random(s) for n, s in enumerate([(2, 4), *[(30, 2, 3)] * 3]))
    got = demo.manifold(*(jnp.asarray(v, jnp.float32) for v in (z, a, b, c)), alpha)
    np.testing.assert_allclose(got, numpy_manifold(z, a, b, c, alpha), atol=2e-5)


@pytest.fixture(scope="module")
def times():
    return np.asarray(SMALL(KEY))


def test_spike_times_are_the_manifold_scaled_over_its_class(times):
    *waved, placed = jax.random.split(KEY, 4)
    a, b, c = (np.asarray(jax.random.uniform(k, (5, 10, 20)), float) for k in waved)
    m = numpy_manifold(np.asarray(jax.random.uniform(placed, (10, 20)), float), a, b, c, 1.0)
    scaled = np.stack([(of_class - of_class.min(0)) / np.ptp(of_class, axis=0) for of_class in m])
    expected = np.minimum(np.floor(50 * scaled), 49)
    assert np.mean(times == expected) > 0.99  # the rest was rounded over the edge of a step
    assert np.abs(times - expected).max() <= 1
    assert (times.dtype, times.shape) == (np.int32, (10, 20, 20))
    assert (times.min(axis=1) == 0).all()
    assert (times.max(axis=1) == 49).all()  # in the first half of the trial
    assert len(np.unique(times)) == 50


def test_another_key_gives_other_data(times):
    assert (times == SMALL(KEY)).all()
    assert (times != SMALL(jax.random.key(4))).mean() > 0.5


def test_split_keeps_classes_balanced_and_sets_apart():
    times = jnp.arange(4 * 50 * 2, dtype=jnp.int32).reshape(4, 50, 2)
    sets = demo.split(times)
    assert [labels.size for _, labels in sets] == [160, 20, 20]
    assert all((np.bincount(labels) == labels.size // 4).all() for _, labels in sets)
    assert all((of // 100 == labels[:, None]).all() for of, labels in sets)
    assert (np.sort(np.concatenate([of.ravel() for of, _ in sets])) == np.arange(400)).all()


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("detached", [False, True])
def test_network_is_the_one_of_the_paper(recurrent, detached):
    rng = np.random.default_rng(5)
    weights = {"in": rng.normal(size=(20, 12)) * 0.4, "out": rng.normal(size=(12, 3))}
    if recurrent:
        weights["recurrent"] = rng.normal(size=(12, 12)) * 0.3
    times = rng.integers(0, 50, (4, 20), dtype=np.int32)
    single = {name: jnp.asarray(w, jnp.float32) for name, w in weights.items()}
    spike = surrofun.make_spike(shapes.superspike)
    readout, spikes = demo.forward(single, jnp.asarray(times), spike=spike, detached=detached)
    expected_readout, expected_spikes = numpy_forward(weights, times)
    assert expected_spikes.mean() > 0.02
    np.testing.assert_array_equal(spikes, expected_spikes)
    np.testing.assert_allclose(readout, expected_readout, atol=1e-4)


def test_reset_is_hidden_from_the_gradient_only_when_detached():
    weights, times, labels = demo.initial(KEY), SMALL(KEY)[:, 0], jnp.arange(10)

    @functools.partial(jax.jit, static_argnames="detached")
    def gradient(height, detached=True):
        spike = surrofun.make_spike(surrofun.scale(shapes.superspike, height=height))
        network = functools.partial(demo.forward, spike=spike, detached=detached)
        return jax.grad(functools.partial(demo.loss, network=network), has_aux=True)(weights, times, labels)[0]["in"]

    hidden, seen = gradient(1.0), gradient(1.0, detached=False)
    assert jnp.abs(hidden).max() > 0
    assert jnp.abs(hidden - seen).max() > 0.1 * jnp.abs(hidden).max()
    assert (gradient(0.0) == 0).all()


def test_loss_is_the_cross_entropy_of_the_maximum_over_time():
    rng = np.random.default_rng(0)
    readout, spikes = rng.normal(size=(7, 5, 3)), np.zeros((100, 5, 4))
    spikes[3, 0, 0] = spikes[9, 1, 2] = 1
    labels = np.array([0, 1, 2, 0, 1])
    outputs = jnp.asarray(readout, jnp.float32), jnp.asarray(spikes, jnp.float32)
    entropy, measured = demo.loss({}, None, jnp.asarray(labels), network=lambda *_: outputs)
    peak = readout.max(0)
    expected = -np.log(np.exp(peak)[range(5), labels] / np.exp(peak).sum(1)).mean()
    np.testing.assert_allclose(entropy, expected, rtol=1e-5)
    np.testing.assert_allclose(measured["accuracy"], np.mean(peak.argmax(1) == labels), rtol=1e-6)
    np.testing.assert_allclose(measured["rate"], 2 / (5 * 4 * 0.1), rtol=1e-5)  # spikes per unit and second


def test_adam_is_that_of_kingma_and_ba():
    rng = np.random.default_rng(0)
    w = rng.normal(size=3)
    state, m, v = demo.start({"w": jnp.asarray(w, jnp.float32)}), 0.0, 0.0
    for t in range(1, 6):
        g = rng.normal(size=3)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        state = demo.adam(state, {"w": jnp.asarray(g, jnp.float32)}, 0.05)
    np.testing.assert_allclose(state[0]["w"], w, rtol=1e-4)


def test_training_learns():
    data = demo.split(demo.randman(KEY, samples=100))
    network = functools.partial(demo.forward, spike=surrofun.make_spike(shapes.superspike))
    records = [r for _, r in demo.train(KEY, demo.initial(KEY), data, epochs=6, network=network, batch=50)]
    losses = [r["loss"] for r in records]
    assert losses[-1] < 0.5 * losses[0]
    assert records[-1]["accuracy"] > 0.6
    assert 1 < records[-1]["rate"] < 200


def test_training_can_be_mapped_over_learning_rates():
    data, start = demo.split(SMALL(KEY)), demo.start(demo.initial(KEY))
    network = functools.partial(demo.forward, spike=surrofun.make_spike(shapes.superspike))
    epoch = functools.partial(demo.train_epoch, network=network, batch=80)
    mapped = jax.jit(jax.vmap(lambda rate: epoch(start, KEY, data, learning_rate=rate)[1]["loss"]))
    still, moved = mapped(jnp.array([0.0, 0.01]))
    assert moved < still


def test_line_is_rewritten_in_a_terminal_and_fits_a_narrow_one(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    def progress(columns, done):
        monkeypatch.setenv("COLUMNS", str(columns))
        demo._progress("loss 1.000", done, 2)
        return capsys.readouterr().out

    first, second, last = (progress(80, done) for done in range(3))
    assert second == "\r[##########..........]  1/2  loss 1.000"
    assert (first[0], first.count("\n"), last[0], last.count("\n"), last[-1]) == ("\r", 0, "\r", 1, "\n")
    for columns, line in ((24, "[##..]  1/2  loss 1.000"), (19, "1/2  loss 1.000"), (9, "1/2  los")):
        assert progress(columns, 1) == f"\r{line}"


@exhaustive
def test_without_matplotlib_the_demo_says_how_to_get_a_figure(monkeypatch, capsys, tmp_path):
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.backend_bases"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(demo, "randman", functools.partial(SMALL, samples=50))
    monkeypatch.setattr(demo, "train", functools.partial(demo.train, batch=40))
    assert main(["demo", "--epochs", "1", "--out", str(tmp_path / "figure.png")]) == 0
    *_, note, result = capsys.readouterr().out.splitlines()
    assert note == "no figure drawn: it needs matplotlib, pip install matplotlib"
    assert re.fullmatch(r"test accuracy: [01]\.\d{3}", result)
    assert not list(tmp_path.iterdir())


def test_figure_has_shape_raster_and_learning_curve():
    needs("matplotlib")
    spikes = jnp.zeros((100, 7)).at[jnp.array([4, 60]), jnp.array([1, 5])].set(1.0)
    records = [{"loss": 2.0, "accuracy": 0.5}, {"loss": 1.0, "accuracy": 0.75}]
    shape, raster, loss, accuracy = demo.draw(finite_shape(find("triangle(2)")), spikes, records).axes
    assert [shape.get_title(), raster.get_title()] == ["triangle(alpha=2)", "hidden spikes of a test sample"]
    marks = [np.mean(mark, axis=0) for mark in raster.collections[0].get_segments()]
    np.testing.assert_allclose(marks, [[4, 1], [60, 5]])
    assert loss.get_ylabel() == "loss"
    assert [text.get_text() for axes in (loss, accuracy) for text in axes.texts] == ["chance"]
    assert "Randman" in shape.figure.get_suptitle()
    np.testing.assert_array_equal(accuracy.lines[-1].get_ydata(), [0.1, 0.1])  # of ten classes
    np.testing.assert_array_equal(accuracy.lines[-2].get_xydata(), [[1, 0.5], [2, 0.75]])


def demo_process(*arguments, cwd):
    command = [sys.executable, "-m", "surrofun", "demo", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=cwd, env={**os.environ, **STRICT}, **pipes)


@exhaustive
def test_demo_learns_the_task(tmp_path):
    process = demo_process("--epochs", "5", cwd=tmp_path)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    first, *epochs, note, result = out.splitlines()
    assert first == "training on Randman, surrogate gradient superspike(beta=10.0)"
    form = r"epoch {}/5  loss \d\.\d{{3}}  validation  ?\d+\.\d%  hidden [ \d]\d\.\d Hz"
    for n, line in zip(range(1, 6), epochs, strict=True):
        assert re.fullmatch(form.format(n), line)
    assert float(result.removeprefix("test accuracy: ")) >= 0.98
    files = [path.name for path in tmp_path.iterdir()]
    if note == "no figure drawn: it needs matplotlib, pip install matplotlib":
        assert files == []
    else:
        assert (note, files) == ("figure: surrofun-demo.png", ["surrofun-demo.png"])
        assert pathlib.Path(tmp_path, *files).read_bytes().startswith(b"\x89PNG")


@exhaustive
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT between processes")
def test_ctrl_c_ends_the_process_in_one_line(tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits an ignored signal
    try:
        process = demo_process("--epochs", "1000", cwd=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (130, "interrupted\n")
    assert "test accuracy" not in out
