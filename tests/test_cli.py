"""The command line, in this process: what it prints, where, and with which status."""

import functools
import io
import pathlib
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from needs import exhaustive, needs
from transcript import rows

from surrofun import names, registry
from surrofun.cli import commands, terminal
from surrofun.cli.commands import main

MODULE = """
import jax.numpy as jnp, surrofun
level = 3
def bump(x):
    return jnp.exp(-jnp.abs(x))
def tent(x, width=1.0):
    return jnp.maximum(1 - jnp.abs(x / width), 0)
def negative(x):
    return -bump(x)
def made():
    return tent
def broken(x):
    raise KeyError("broken")
def words(x):
    return "words"
@surrofun.shape
def scaled(x, by=1.0):
    return by * bump(x)
def factory(width=2.0):
    return scaled(by=width)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a user's module in the current directory, which is not on the path, as for a script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    for name, text in (("my_shapes", MODULE), ("my_mistake", "import nothing_of_that_name")):
        (tmp_path / f"{name}.py").write_text(text)
    yield "my_shapes"
    sys.modules.pop("my_shapes", None)


def terminal_of(monkeypatch, columns, **environment):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"COLUMNS": str(columns), **environment}.items():
        monkeypatch.setenv(name, value)


def test_list_in_a_pipe_is_columns_between_tabs(capsys):
    assert main(["list"]) == 0
    heading, *shown = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert heading == ["name", "parameters", "formula", "area", "peak", "source"]
    assert tuple(row[0] for row in shown) == names()
    assert all(len(row) == 6 and all(row[2:]) for row in shown)
    *facts, source = shown[names().index("superspike")]
    assert facts == ["superspike", "beta=10.0", "1 / (1 + beta |x|)^2", "2 / beta", "1 at 0"]
    assert source == "Zenke & Ganguli 2018, Neural Computation 30(6):1514-1541, doi:10.1162/neco_a_01086"


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 120, 160, 300])
def test_list_fits_the_terminal(columns, capsys, monkeypatch):
    terminal_of(monkeypatch, columns)
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert tuple(line.split(" ")[0] for line in lines if line[0] != " ") == names()
    assert len(lines) <= len(names()) * {30: 9, 40: 5.5, 60: 4.5, 80: 3.5, 120: 2.3}.get(columns, 2.1)
    i = next(i for i, line in enumerate(lines) if line.startswith("superspike"))
    entry = " ".join(" ".join(lines[i : i + 6]).split())
    told = "superspike 1 / (1 + beta |x|)^2 beta=10.0; area 2 / beta; peak 1 at 0; Zenke & Ganguli 2018 triangle"
    assert entry.startswith(told)
    assert (lines[i] == "superspike") == (columns <= 40)
    told = " ".join(" ".join(lines).split())
    assert (told.count("area "), told.count("; peak ")) == (len(names()),) * 2


def test_list_of_what_tells_nothing_of_itself(capsys, monkeypatch):
    monkeypatch.setattr(registry, "_named", {"plain": lambda x: x, "wide": lambda x, width=1.0: x})
    for columns, lines in ((80, ["plain", "wide   width=1.0"]), (14, ["plain", "wide", "  width=1.0"])):
        terminal_of(monkeypatch, columns)
        assert main(["list"]) == 0
        assert capsys.readouterr().out.splitlines() == lines


def test_list_in_a_terminal_leaves_out_remarks(capsys, monkeypatch):
    terminal_of(monkeypatch, 300)
    assert main(["list"]) == 0
    lines = iter(capsys.readouterr().out.splitlines())
    formulas, facts = {}, {}
    for line in lines:
        name = line[:20].strip()
        formulas[name], facts[name] = line[20:], next(lines)[20:].split("; ")
    assert tuple(formulas) == names()
    assert facts["escape_exponential"][2:] == ["peak infinite", "Gerstner & Kistler 2002"]
    assert facts["s2nn"][2] == "peak max(alpha / 4, beta) at 0"
    assert formulas["multi_gaussian"] == "(1 + h) N(x; 0, sigma) - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma)"
    assert facts["reciprocal"][3] == "the spikingjelly code base"
    assert facts["power_law"][:2] == ["alpha=1.0, q=2.0", "area 2 / (alpha * (q - 1)), infinite for q <= 1"]
    assert facts["straight_through"][0] == "area infinite"


@exhaustive
def test_what_is_missing_without_docstrings():
    code = "import sys; from surrofun.cli.commands import main; main(['list']); main(['show', '-h'])"
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "surrofun: Not described, since python -OO drops docstrings: formula, area, peak, source\n"
    rows = [line.split("\t") for line in done.stdout.partition("\nusage: ")[0].splitlines()]
    assert [len(row) for row in rows] == [2] * (1 + len(names()))
    assert rows[:2] == [["name", "parameters"], ["atan", "alpha=2.0"]]
    assert "\nNot described, since python -OO drops docstrings.\n" in done.stdout


def test_chart_draws_the_curve_where_it_is():
    """In dots; in characters it is the example in the docstring."""
    x = np.linspace(0, 1, 801)
    braille = terminal.chart("ramp", x, x[:, None], 11, 7)
    dots = [[ord(c) - 0x2800 if c != " " else 0 for c in line[3:]] for line in braille[1:5]]
    assert dots[3][0] & 0x40  # the lowest dot on the left, at the lower left
    assert dots[0][7] & 0x08  # the highest dot on the right, at the upper right
    assert not dots[0][0]


@pytest.mark.parametrize(
    ("low", "high", "axis"),
    [
        *((-1.19, 1.19, "-1.2 0 1.2"), (299.64, 300.36, "299.64 300.36")),
        *((-0.09, 300.4, "0 300"), (-1188.0, 1188.0, "-1200 0 1200"), (999997.9, 1000002.1, "999997.9 1000002.1")),
    ],
)
def test_chart_labels_its_axis(low, high, axis):
    x = np.linspace(low, high, 301)
    *_, line, labels = terminal.chart("flat", x, x[:, None] * 0 + 1, 40, 7, unicode=False)
    assert labels.split() == axis.split()
    assert line.count("+") == 1 + (low <= 0 <= high)
    *_, labels = terminal.chart("flat", x, x[:, None] * 0 + 1, 12, 7)
    assert set(labels.split()) <= set(axis.split())  # those that there is room for, apart


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_show_draws_three_panels_that_fit(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["show", "scale(triangle, 2.0)"]) == 0
    name, summary, *lines = capsys.readouterr().out.splitlines()
    assert (name, summary) == ("scale(triangle, 2.0)", "area 1, peak 2 at 0")
    assert max(map(len, lines)) <= columns
    panels = re.findall("soft step|step|surrogate gradient", "\n".join(lines))
    assert panels == ["step", "soft step", "surrogate gradient"]
    assert any("\u2800" < c < "\u2900" for c in "".join(lines))
    assert "\x1b" not in "".join(lines)


def test_show_writes_ascii_where_the_stream_has_no_more(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["show", "triangle"]) == 0
    assert "***" in stream.buffer.getvalue().decode("ascii")


def test_show_saves_a_figure(capsys, monkeypatch, tmp_path):
    needs("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert main(["show", "triangle", "--out", "triangle"]) == 0
    assert capsys.readouterr().out.endswith("figure: triangle.png\n")
    assert (tmp_path / "triangle.png").read_bytes().startswith(b"\x89PNG")


def test_show_without_matplotlib_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "surrofun.plot", raising=False)
    monkeypatch.delitem(vars(sys.modules["surrofun"]), "plot", raising=False)
    for name in ("matplotlib", "matplotlib.axes", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["show", "triangle", "--out", "a.png"]) == 2
    assert capsys.readouterr() == ("", "surrofun: --out needs matplotlib, pip install matplotlib\n")


def test_check_tells_a_sound_shape_from_a_faulty_one(capsys, module, monkeypatch):
    monkeypatch.setattr(commands, "check", functools.cache(commands.check))  # which is slow
    monkeypatch.setenv("COLUMNS", "10000")
    for shape, name, status in (
        ("triangle", "triangle", 0),
        (f" {module}:tent(width=2.0) ", f" {module}:tent(width=2.0) ", 0),
        (f"{module}:made()", f"{module}:made()", 0),
        (f"{module}:negative", "negative", 1),
    ):
        assert main(["check", shape]) == status
        first, *lines = capsys.readouterr().out.splitlines()
        assert first == name
        assert any(line.startswith("FAULT") for line in lines) == bool(status)
        assert any(re.match("ok +finite", line) for line in lines)
        assert "\x1b" not in "".join(lines)
    for environment, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        terminal_of(monkeypatch, 80, **environment)
        main(["check", f"{module}:negative"])
        out = capsys.readouterr().out
        assert ("\x1b[31mFAULT\x1b[0m" in out, "\x1b[32mok\x1b[0m" in out) == (colored, colored)
        out = re.sub("\x1b[^m]*m", "", out)
        assert out.split() == " ".join([first, *lines]).split()
        assert max(map(len, out.splitlines())) <= 80 < max(map(len, lines))


MISTAKES = """
>>> check my_shapes:bumb
shape 'my_shapes:bumb': there is no 'bumb' in my_shapes; did you mean bump?
>>> check my_shapes:level
shape 'my_shapes:level': expected a function g(x, *params), got int 3
>>> check my_mistake:f
shape 'my_mistake:f': 'my_mistake' cannot be imported, ModuleNotFoundError: No module named 'nothing_of_that_name'
>>> check sigmod
>>> show sigmod
shape 'sigmod': no shape is registered as 'sigmod'; did you mean sigmoid?
>>> show not.there:f
shape 'not.there:f': 'not.there' cannot be imported, ModuleNotFoundError: No module named 'not'
>>> show my_shapes:broken
shape 'my_shapes:broken': KeyError: 'broken'
>>> show my_shapes:words
shape 'my_shapes:words': words: expected a slope that is one real array, got str 'words'
>>> show my_shapes:factory
shape 'my_shapes:factory': returns a function; call it with numbers, as in package.module:function(25)
>>> show my_shapes:scaled(2)
shape 'my_shapes:scaled(2)': expected a function g(x, *params), got ArrayImpl
Array(0.13533528, dtype=float32); a shape takes its parameters by keyword
>>> check my_shapes:bump(k=25)
shape 'my_shapes:bump(k=25)': bump: takes (), got an unexpected keyword argument 'k'
>>> check my_shapes:bump(x=beta)
shape 'my_shapes:bump(x=beta)': line 1, column 18, at 'beta': expected a number, or an array [1.0, 2.0]
>>> check my_shapes:bump(exec('1'))
shape "my_shapes:bump(exec('1'))": line 1, column 16, at 'exec': expected a number, or an array [1.0, 2.0]
>>> check my_shapes:bump(2)(3)
shape 'my_shapes:bump(2)(3)': line 1, column 17, at ')': expected , or the end of the text
>>> check my_shapes:bump(2
shape 'my_shapes:bump(2': expected package.module:function, or that called with numbers, package.module:function(25)
>>> show my_shapes:level(2)
shape 'my_shapes:level(2)': expected a function g(x, *params), got int 3
>>> show normalize(reciprocal,area=1.0)
shape 'normalize(reciprocal,area=1.0)': normalize: expected a shape of finite, positive area, got inf;
of a soft step S, take derivative(S)
>>> show sigmoid(alpha=)
shape 'sigmoid(alpha=)': line 1, column 15, at ')': expected a shape or a number
>>> show superspike([])
shape 'superspike([])': superspike(beta=<float64[0]>): expected the numbers of at least one neuron, got none
>>> show shift(triangle,inf)
shape 'shift(triangle,inf)': shift(triangle, inf): expected places that are finite, got inf to inf, 1 wide
>>> show leaky_step(inf)
shape 'leaky_step(inf)': the slope is not finite
>>> show triangle --out not/there.png
--out 'not/there.png': cannot be written to
>>> demo --out .
--out '.': is a directory
>>> demo --out folder
--out 'folder': is a directory
>>> demo --out missing/figure.png
--out 'missing/figure.png': cannot be written to
>>> demo --out figure.nothing
--out 'figure.nothing': matplotlib does not write .nothing files here
>>> demo --out figure.pgf
--out 'figure.pgf': matplotlib does not write .pgf files here
>>> demo --epochs 1 --surrogate superspke
--surrogate 'superspke': no shape is registered as 'superspke'; did you mean superspike?
>>> demo --epochs 1 --surrogate superspike(open('/etc/passwd'))
--surrogate "superspike(open('/etc/passwd'))": line 1, column 12, at 'open': no shape is registered as 'open'; ...
>>> demo --epochs 1 --surrogate superspike(-1)
--surrogate 'superspike(-1)': the slope is not finite
>>> demo --epochs 0
argument --epochs: expected a whole number from 1 to 2**32 - 1, got '0'
>>> demo --epochs two
argument --epochs: expected a whole number from 1 to 2**32 - 1, got 'two'
>>> demo --seed -1
argument --seed: expected a whole number from 0 to 2**32 - 1, got '-1'
>>> demo --seed 999999999999999999999999999999
argument --seed: expected a whole number from 0 to 2**32 - 1, got '999999999999999999999999999999'
>>> lst
>>> list extra
>>> show triangle --nope
>>> demo --seed 1.5
>>> show fast_sigmoid
>>> show my_shapes
>>> show my_shapes:
>>> demo --surrogate sigmoid(slope=25)
...
"""


@pytest.mark.parametrize(("arguments", "reason"), rows(MISTAKES))
@pytest.mark.usefixtures("module")
def test_a_mistake_of_the_user_is_one_line_that_fits_the_terminal(arguments, reason, capsys, monkeypatch):
    """Broken between words. Before Python 3.13, argparse tells a few of them by itself."""
    if "--out" in arguments:
        needs("matplotlib")
    monkeypatch.setenv("PATH", "nowhere")  # there is no TeX
    pathlib.Path("folder.png").mkdir()
    told = {}
    for columns in (80, 10000):
        monkeypatch.setenv("COLUMNS", str(columns))
        try:
            status = main(arguments.split())
        except SystemExit as error:
            status = error.code
        out, told[columns] = capsys.readouterr()
        assert (out, status) == ("", 2)
    assert max(map(len, told[80].splitlines())) <= 80
    assert told[80].split() == told[10000].split()
    line = re.escape(f"surrofun: {reason}\n").replace(r"\.\.\.", ".*")
    assert re.fullmatch(line, told[10000]) or (reason == "..." and told[10000].startswith("usage: "))


def help_of(monkeypatch, capsys, *command):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    return told


def test_help_has_a_line_for_each_command_and_gives_examples_in_80_columns(capsys, monkeypatch):
    told = help_of(monkeypatch, capsys)
    commands = re.findall(r"^    (\w+) +\w.*\n(?=    \w|\n)", told, re.MULTILINE)
    assert commands == ["list", "show", "check", "demo"]
    assert "'mix(triangle, shift(atan, 0.1))'" in told
    for command in commands:
        assert f"examples:\n  python -m surrofun {command}" in help_of(monkeypatch, capsys, command)


def test_closed_pipe_ends_the_process_with_status_141_and_without_a_traceback():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-m", "surrofun", "list"], **pipes)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=100) == 141


def test_closed_streams_are_no_fault():
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m surrofun list >&- 2>&-"], check=False)
    assert done.returncode == 0


def test_the_script_is_the_module():
    project = tomllib.loads((pathlib.Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"surrofun": "surrofun.__main__:main"}
