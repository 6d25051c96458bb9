"""The evidence runs on a toy scale: every experiment, and what of it is free of noise or obvious at any scale."""

import contextlib
import importlib.util
import io
import json
import statistics

import pytest
from benchmarks.evidence.__main__ import EXPERIMENTS, main, table
from benchmarks.evidence.training import QUICK
from needs import needs

needs("optax")
needs("sklearn")


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
    assert {r["experiment"] for r in result["rows"]} == {
        *("shape", "best of each shape", "plateau", "scale", "learned", "annealed", "residual", "naive bfloat16"),
        *("initial", "digits"),
    }
    assert table(result["rows"]) == printed.strip()
    for r in result["rows"]:
        assert r["measure"] != "accuracy" or (0 <= r["mean"] <= 1 and r["sd"] >= 0 and r["n"] == 2)


def test_what_is_in_the_file_is_not_run_again(run, capsys):
    path, result, _ = run
    assert main(["--quick", "--out", str(path)])["rows"] == result["rows"]
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(path)])
    assert "holds a run of another size" in capsys.readouterr().err


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


@pytest.mark.parametrize(("experiment", "library"), [("annealed", "optax"), ("digits", "scikit-learn")])
def test_without_its_library_an_experiment_is_left_out(experiment, library, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert [*EXPERIMENTS[experiment](QUICK, True)] == []
    assert capsys.readouterr().out.endswith(f"pip install {library}\n")
