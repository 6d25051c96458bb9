"""Spikes on eight devices, simulated in a process of their own: this file is both the test and that process."""

import json
import os
import subprocess
import sys
import warnings

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from reference import KINDS, MAKERS, A, C, X, close

X8, C8 = np.concatenate([X, X + 0.1]), np.concatenate([C, C[::-1]])
COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "collective-permute", "reduce-scatter")


def mesh(kind):
    return jax.make_mesh((8,), ("batch",), axis_types=(kind,))


def sharded_jit(both, kind=AxisType.Auto):
    across = NamedSharding(mesh(kind), P("batch"))
    x, c = (jax.device_put(v, across) for v in (X8, C8))
    compiled = jax.jit(both).lower(x, c, A).compile()
    z, dx = compiled(x, c, A)
    text = compiled.as_text()
    moved = [name for name in COLLECTIVES if name in text]
    split = dx.sharding.is_equivalent_to(across, 2) and "num_partitions=8" in text
    return {"z": z, "dx": dx, "moved": moved, "split": split}


def sharding_in_types(both):
    return sharded_jit(both, AxisType.Explicit)


def shard_map(both):
    mapped = getattr(jax, "shard_map", None)
    if mapped is None:
        from jax.experimental.shard_map import shard_map as mapped
    specs = {"in_specs": (P("batch"), P("batch"), P()), "out_specs": P("batch")}
    z, dx = jax.jit(mapped(both, mesh=mesh(AxisType.Auto), **specs))(X8, C8, A)
    return {"z": z, "dx": dx}


def pmap(both):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*pmap.*", DeprecationWarning)
        z, dx = jax.pmap(both, in_axes=(0, 0, None))(X8, C8, A)
    return {"z": z, "dx": dx}


ROWS = {f.__name__: f for f in (sharded_jit, sharding_in_types, shard_map, pmap)}


def main():
    warnings.simplefilter("error")
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    results = {"devices": jax.device_count()}
    for row, run in ROWS.items():
        for kind in KINDS:
            for maker in MAKERS:

                def both(x, c, a, kind=kind, maker=maker):
                    z, pull = jax.vjp(KINDS[kind].build(MAKERS[maker].make, a), x)
                    return z, pull(c)[0]

                try:
                    result = {k: np.asarray(v).tolist() for k, v in run(both).items()}
                except Exception as error:
                    result = {"error": f"{type(error).__name__}: {error}"}
                results[f"{row} {kind} {maker}"] = result
    print(json.dumps(results))


@pytest.fixture(scope="module")
def results():
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, __file__], env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", ROWS)
def test_eight_devices(row, kind, maker, results):
    assert results["devices"] == 8
    result = results[f"{row} {kind} {maker}"]
    assert "error" not in result, result["error"]
    np.testing.assert_array_equal(result["z"], MAKERS[maker].step(X8))
    close(result["dx"], C8 * KINDS[kind].slope(X8, A))
    assert result.get("moved", []) == []
    assert result.get("split", True)


if __name__ == "__main__":
    main()
