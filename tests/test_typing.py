"""Types in a user's project: as mypy and pyright read them, and as jaxtyping and beartype check them at run time."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from needs import needs

from surrofun import make_spike, mix, scale

USER = pathlib.Path(__file__).parent / "typed_user.py"
README = pathlib.Path(__file__).parent.parent / "README.md"
# What an editor shows: the parameters of the shape, with their names, types and defaults, behind the potential.
SIGNATURES = (
    r"alpha: float =(?: 1)?\) -> \S*Array\b",
    r"width: float, \*, floor: float =(?: 0)?\) -> \S*Array\b",
    r"beta: Any =(?: 10)?\) -> \S*Array\b",
)
STRICT = {
    "typeCheckingMode": "strict",
    "enableTypeIgnoreComments": False,
    "reportUnnecessaryTypeIgnoreComment": "error",
    "reportUnknownMemberType": False,  # jax leaves parts of its own types unknown
}


@pytest.mark.parametrize(
    ("checker", "options"),
    [("mypy", ["--strict", "--config-file=", "--cache-dir=cache"]), ("pyright", ["--pythonpath", sys.executable])],
    ids=["mypy", "pyright"],
)
def test_a_users_module_passes(checker, options, tmp_path):
    """So does the README's configuration. A misuse is marked as an error to ignore; one that is none would be one."""
    needs(checker)
    shutil.copy(USER, tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(STRICT))
    configuration = README.read_text().partition("In a configuration")[2].partition("## ")[0]
    lines = re.findall(r"^>>> (.*)$", configuration, re.MULTILINE)
    (tmp_path / "configured.py").write_text("\n".join(["from surrofun import make_spike", *lines, ""]))
    command = [sys.executable, "-m", checker, *options, USER.name, "configured.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for signature in SIGNATURES:
        assert re.search(signature, done.stdout), done.stdout


def test_shapes_checked_at_run_time():
    needs("jaxtyping")
    needs("beartype")
    from checked_shapes import bell, bump, forgetful

    spike, learned = make_spike(bell), make_spike(bell, learnable=True, forward_mode=True)
    composed = make_spike(mix(scale(bump, 2.0), bell), residual=jnp.uint8)
    x = jnp.array([-0.5, 0.0, 0.25])

    def everything(x, p):
        scanned = jax.lax.scan(lambda c, x: (c, spike(x)), 0.0, x)[1]
        spikes = jnp.stack([scanned, spike(x, p), make_spike(bump)(x, alpha=2.0), composed(x), learned(x, p)])
        return spikes.sum(), spikes

    slope, spikes = jax.jit(jax.grad(everything, has_aux=True))(x, jnp.float32(2.0))
    wide, narrow = np.exp(-np.square(x / 2)), np.exp(-np.square(x / 0.5))
    tent = 2 * np.maximum(0, 1 - 2 * np.abs(x))
    np.testing.assert_array_equal(spikes, [[0, 1, 1]] * 5)
    by_hand = 1.5 * (narrow + tent) + 2 * wide
    np.testing.assert_allclose(slope, by_hand, atol=3 / 508)  # 8 bits of 3 / 2
    np.testing.assert_allclose(jax.vmap(jax.grad(spike))(x), narrow, rtol=1e-6)
    assert spike(x.astype(jnp.bfloat16)).dtype == jnp.bfloat16
    with pytest.raises(Exception, match="checking the return value of checked_shapes"):
        make_spike(forgetful)(x)
