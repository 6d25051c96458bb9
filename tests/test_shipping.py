"""What is shipped: a trained network, exported and run without surrofun, and the wheel, run from an empty folder."""

import email
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from needs import EXTRAS, exhaustive, needs, reason

import surrofun
from surrofun import make_spike, shapes

ROOT = pathlib.Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OFFLINE = {**os.environ, "PIP_NO_INDEX": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONWARNINGS": "error"}


def run(*command, cwd):
    """Run Python in a folder, on its own but for what is installed."""
    command = [sys.executable, "-W", "error", *map(str, command)]
    done = subprocess.run(command, cwd=cwd, env=OFFLINE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


WITHOUT_SURROFUN = """
import pathlib, sys
sys.modules["surrofun"] = None
try:
    import surrofun
except ModuleNotFoundError:
    import jax, numpy as np
    from jax import export
    network = export.deserialize(bytearray(pathlib.Path("network").read_bytes()))
    weights = np.load("weights.npz")
    error, gradient = jax.value_and_grad(network.call)({name: weights[name] for name in weights})
    np.savez("answer.npz", error=error, **gradient)
    assert not [name for name in sys.modules if name.startswith("surrofun.")]
"""


@exhaustive
def test_a_trained_network_runs_without_surrofun(tmp_path):
    """One layer of each kind of spike: with learned steepness, with a narrow residual, with forward mode."""
    needs("flatbuffers")
    learned = make_spike(shapes.sigmoid, learnable=True)
    narrow = make_spike(shapes.superspike, residual=jnp.uint8)
    both_ways = make_spike(shapes.atan, forward_mode=True)
    rng = np.random.default_rng(0)
    drive = jnp.asarray(rng.uniform(0, 1, (20, 3)), jnp.float32)

    def error(weights):
        def step(v, x):
            z0 = learned(v[0] - 1.0, weights["alpha"])
            z1, z2 = narrow(v[1] - 1.0), both_ways(v[2] - 1.0)
            current = jnp.stack([x @ weights["in"], z0 @ weights["first"], z1 @ weights["second"]])
            return 0.9 * v + current - jnp.stack([z0, z1, z2]), z2

        return jnp.square(jax.lax.scan(step, jnp.zeros((3, 4)), drive)[1].mean() - 0.3)

    def descend(weights, _):
        value, gradient = jax.value_and_grad(error)(weights)
        return jax.tree.map(lambda w, g: w - 0.3 * g, weights, gradient), value

    sizes = {"alpha": (), "in": (3, 4), "first": (4, 4), "second": (4, 4)}
    start = {name: jnp.asarray(rng.uniform(0, 1, shape), jnp.float32) for name, shape in sizes.items()}
    weights, errors = jax.jit(lambda w: jax.lax.scan(descend, w, length=20))(start)
    assert errors[-1] < 0.5 * errors[0]
    assert weights["alpha"] != start["alpha"]

    (tmp_path / "network").write_bytes(export.export(jax.jit(error))(weights).serialize(vjp_order=1))
    np.savez(tmp_path / "weights.npz", **weights)
    run("-I", "-c", WITHOUT_SURROFUN, cwd=tmp_path)
    value, gradient = jax.jit(jax.value_and_grad(error))(weights)
    answer = np.load(tmp_path / "answer.npz")
    for name, want in {"error": value, **gradient}.items():
        assert name == "error" or np.abs(want).max() > 0
        np.testing.assert_allclose(answer[name], want, rtol=1e-6, atol=1e-9)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, by way of the source distribution, without a network."""
    needs("build")
    needs("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    package = ROOT / "surrofun"
    sources = [p for p in package.rglob("*.py*") if p.suffix != ".pyc"]
    sources += [package / name for name in ("py.typed", "LICENSE", "shapes/elsewhere.txt")]
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        (metadata,) = (f for f in files if f.endswith(".dist-info/METADATA"))
        said = email.message_from_bytes(archive.read(metadata))
    assert {f for f in files if ".dist-info/" not in f} == {p.relative_to(ROOT).as_posix() for p in sources}
    project, required = PYPROJECT["project"], said.get_all("Requires-Dist")
    assert sorted(r for r in required if "extra ==" not in r) == sorted(project["dependencies"])
    assert (said["License-Expression"], said.get_all("License-File")) == ("Apache-2.0", ["surrofun/LICENSE"])
    assert (said["Version"], said["Author"]) == (surrofun.__version__, "the surrofun authors")
    assert "spiking neural networks" in said["Keywords"]
    assert "Typing :: Typed" in said.get_all("Classifier")
    assert sorted(said.get_all("Provides-Extra")) == sorted(project["optional-dependencies"])
    assert any(r.startswith("matplotlib") and "extra == 'plot'" in r for r in required)


FROM_THE_WHEEL = """
import sys
sys.path.insert(0, sys.argv[1])
import jax, surrofun
from surrofun.__main__ import main
assert surrofun.__file__.startswith(sys.argv[1]), surrofun.__file__
print(jax.grad(surrofun.make_spike(surrofun.parse("scale(triangle, 2.0)")))(0.25))
sys.exit(main(["list"]))
"""


def test_the_wheel_runs_from_an_empty_folder(wheel, tmp_path):
    slope, *listed = run("-I", "-c", FROM_THE_WHEEL, wheel, cwd=tmp_path).splitlines()
    assert slope == "1.0"
    assert any(line.startswith("superspike") for line in listed)


def test_a_skipped_test_names_the_extra_that_has_its_library():
    """`-rs` shows the reasons. The brain libraries come with brainpy."""
    assert "-rs" in PYPROJECT["tool"]["pytest"]["ini_options"]["addopts"]
    distributions = {"sklearn": "scikit-learn", "haiku": "dm-haiku", "sparx": "sparxml", "brainspike": "brainspikes"}
    distributions |= dict.fromkeys(("brainstate", "braintools", "brainunit"), "brainpy")
    for extra, packages in EXTRAS.items():
        contents = {re.match(r"[\w-]+", text)[0] for text in PYPROJECT["project"]["optional-dependencies"][extra]}
        assert {distributions.get(package, package) for package in packages} <= contents
    assert reason("flax.nnx") == "flax is not installed: pip install 'surrofun[peers]'"
    assert reason("norse.torch") == "norse is not installed: pip install norse, which is in no extra"
    for path in (ROOT / "tests").glob("*.py"):
        assert not re.search(r"importorskip\([^,]*\)", path.read_text()), f"{path.name}: use needs(...) with its reason"
