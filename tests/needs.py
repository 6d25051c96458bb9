"""Skip what needs a library that is not installed or more time than a sample does, with a reason."""

import collections
import os
import zlib

import jax
import pytest

EXHAUSTIVE = "EXHAUSTIVE" in os.environ  # as in CI: all of what the suite takes a sample of
exhaustive = pytest.mark.skipif(not EXHAUSTIVE, reason="run by .ci/run, with EXHAUSTIVE=1")
sample = pytest.mark.sample  # of a file's tests with this mark one in _EVERY, and all with EXHAUSTIVE=1
_EVERY = int(os.environ.get("SAMPLE", 8))
# Outside of `jit` each operation of a search is a program of its own.
eager_or_jit = pytest.mark.parametrize(
    "way", [pytest.param(lambda f: f, id="eager", marks=exhaustive), pytest.param(jax.jit, id="jit")]
)


def sampled(items):
    """Skip what is not in the sample of each file, which is another one on each version of JAX."""
    tests = collections.defaultdict(list)
    for item in items:
        if item.get_closest_marker("sample") and exhaustive.mark not in item.iter_markers() and not EXHAUSTIVE:
            tests[item.path.name].append(item)
    for name, cases in tests.items():
        for i, case in enumerate(cases, zlib.crc32(f"{name} {jax.__version__}".encode())):
            if i % _EVERY:
                case.add_marker(pytest.mark.skip("not in the sample; run by .ci/run, with EXHAUSTIVE=1"))


EXTRAS = {
    "plot": ("matplotlib",),
    "test": ("flatbuffers", "build", "hatchling"),
    "notebooks": ("jupytext", "nbclient", "ipykernel", "optax"),
    "evidence": ("sklearn",),
    "dev": ("mypy", "pyright", "cloudpickle"),
    "peers": (
        *("spyx", "brainpy", "brainstate", "braintools", "brainunit", "slax", "snnax", "jaxley"),
        *("sparx", "jaxpike", "brainspike", "softjax", "ngclearn", "nir"),
        *("flax", "equinox", "haiku", "jaxtyping", "beartype"),
    ),
}


def reason(module):
    """Return why a test is skipped that needs this module."""
    package = module.partition(".")[0]
    extra = next((extra for extra, packages in EXTRAS.items() if package in packages), None)
    cure = f"pip install 'surrofun[{extra}]'" if extra else f"pip install {package}, which is in no extra"
    return f"{package} is not installed: {cure}"


def needs(module):
    """Return a module, or skip the test."""
    return pytest.importorskip(module, reason=reason(module))
