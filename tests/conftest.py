"""Every test runs under strict dtype promotion; warnings are errors (pyproject.toml).

Most of the time goes into programs that run once, hence they are compiled without optimization, and by the quicker of
two code generators where XLA has two, unless `JAX_DISABLE_MOST_OPTIMIZATIONS=0` is set, as it is for the newest jax in
`.ci/run`.
"""

import gc
import os

os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # before jax is imported

import jax
import pytest
from needs import sampled

from surrofun import registry

if os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] == "1" and jax.__version_info__ < (0, 11):
    # Later ones do not know the first flag, and abort. The second: not to divide each program among threads.
    flags = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}"

jax.config.update("jax_numpy_dtype_promotion", "strict")


def pytest_collection_modifyitems(items):
    sampled(items)


def pytest_collection_finish():
    gc.freeze()  # the search for garbage need not look at what is imported
    gc.set_threshold(200_000, 50, 100)  # nor each time that JAX has traced a little


@pytest.fixture
def x64():
    """Compute in float64 for the length of one test."""
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        yield


@pytest.fixture
def own_names(monkeypatch):
    """Forget after a test what it registered."""
    monkeypatch.setattr(registry, "_named", dict(registry._named))


@pytest.fixture
def optimized():
    """Compile as a user does, so that what is the same is the same to the last digit."""
    unoptimized = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", unoptimized)


@pytest.fixture
def events():
    """What JAX traces, lowers and compiles during one test, in turn, by the names of its events."""
    from reference import noted_events  # here, since it compiles as it is imported

    with noted_events() as seen:
        yield seen
