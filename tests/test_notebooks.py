"""Every notebook has a text twin of the same cells, was committed as it ran in a fresh kernel, and runs again."""

import importlib.util
import pathlib
import re
import shutil

import pytest
from needs import needs, reason

jupytext = needs("jupytext")
nbclient = needs("nbclient")
needs("ipykernel")
needs("matplotlib")

FOLDER = pathlib.Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PATH = re.compile(r"(?<![\w.:/])/(home|tmp|root|work|usr|opt|var|private|Users)/|[A-Z]:\\\\|site-packages")

EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def troubles(notebook):
    """What should not be in the outputs: errors, and whatever went to stderr, warnings above all."""
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    return [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


def imported(path):
    """The modules that a twin imports, anywhere in it."""
    return re.findall(r"^\s*(?:from|import) ([\w.]+)", path.with_suffix(".py").read_text(), re.MULTILINE)


def test_every_notebook_has_a_twin_and_the_other_way_round():
    assert NOTEBOOKS
    assert [path.with_suffix(".py") for path in NOTEBOOKS] == sorted(FOLDER.glob("*.py"))


@EACH
def test_it_is_its_twin_imports_what_is_public_and_is_committed_as_it_ran(path):
    notebook, text = jupytext.read(path), path.read_text()
    assert cells(jupytext.read(path.with_suffix(".py"))) == cells(notebook)
    assert notebook.cells[0].source.startswith("# ")
    assert [module for module in imported(path) if module.startswith("surrofun.")] == []
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert any(cell.outputs for cell in code(notebook))
    assert troubles(notebook) == []
    assert len(text) < 200_000
    assert not PATH.search(re.sub(r'"image/png": "[^"]*"', "", text))


@EACH
def test_it_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "0")  # as for a reader
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    for module in imported(path):
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            pytest.skip(f"{path.name}: {reason(module)}")
    for data in FOLDER.glob("*.csv"):
        shutil.copy(data, tmp_path)
    notebook = jupytext.read(path)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    assert troubles(notebook) == []
