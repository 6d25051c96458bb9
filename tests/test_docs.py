"""Every example runs and prints what it says: in a docstring to four digits, in the README to the letter."""

import doctest
import importlib
import pathlib
import pkgutil

import jax.numpy as jnp
import numpy as np
import pytest
from needs import needs, sample

import surrofun

ROOT = pathlib.Path(surrofun.__file__).parent
MODULES = ["surrofun"] + [
    m.name for m in pkgutil.walk_packages([str(ROOT)], "surrofun.") if not m.name.endswith("__main__")
]
README = pathlib.Path(__file__).parent.parent / "README.md"


@sample
@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, own_names):
    if name == "surrofun.plot":
        needs("matplotlib")
    module = importlib.import_module(name)
    with np.printoptions(precision=4, suppress=True):
        result = doctest.testmod(module, extraglobs={"jnp": jnp}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_readme_examples(own_names):
    result = doctest.testfile(str(README), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
    assert result.attempted > 0
