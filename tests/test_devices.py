"""Spikes and training steps on many devices: eight simulated ones, and two processes that talk over localhost.

They run in processes of their own, `devices.py`; the comparison is with NumPy's slopes and with one device.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
from devices import BATCH, C8, CLASSES, NEURONS, SPIKES, STEP, X8, parameters
from needs import exhaustive
from reference import CASES, A, close

NUMBERS = sum(v.size for v in parameters().values()) + 1  # those of the gradient, and the loss


def run(*argument_lists):
    """Run a process for each list of arguments, all at once, and return what they print."""
    env = {**os.environ, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(pathlib.Path(__file__).with_name("devices.py"))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": env}
    processes = [subprocess.Popen([*command, *arguments], **pipes) for arguments in argument_lists]
    try:
        done = [process.communicate(timeout=200) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert not any(process.returncode for process in processes), done
    return [json.loads(out.splitlines()[-1]) for out, _ in done]


@pytest.fixture(scope="module")
def eight():
    """What a row finds on eight devices."""
    (results,) = run([])
    assert results["devices"] == 8

    def result_of(row):
        assert "error" not in results[row], results[row]["error"]
        return results[row]

    return result_of


@pytest.mark.parametrize("row", [row.__name__ for row in SPIKES])
def test_every_spike_with_its_batch_divided(row, eight):
    result = eight(row)
    for name, (kind, maker) in CASES.items():
        z, dx = result["spikes"][name]
        np.testing.assert_array_equal(z, maker.step(X8), err_msg=name)
        close(dx, C8 * kind.slope(X8, A), err_msg=name)
    assert (result.get("moved", []), result.get("split", True)) == ([], True)


BETA, TWO = 4.0, X8[:, :2].astype(np.float64)
BY_X = 1 / (1 + BETA * abs(TWO)) ** 2
# S is 1 / (b + b^2 |x|) below the threshold, and 2 / b less that above.
TAIL = -(1 + 2 * BETA * abs(TWO)) / (BETA + BETA**2 * abs(TWO)) ** 2
BY_BETA = np.where(TWO < 0, TAIL, -2 / BETA**2 - TAIL)


def test_parameters_that_are_not_divided_learn_from_what_is(eight):
    by_hand = BY_BETA.sum(), BY_BETA.sum(0), BY_BETA.sum(0, keepdims=True), BY_BETA.sum(1, keepdims=True)
    for eager_and_jit, want in zip(eight("learned_of_a_divided_layer")["found"], by_hand, strict=True):
        for got in eager_and_jit:
            np.testing.assert_allclose(got, want, rtol=1e-5)


def test_parameters_learn_inside_of_shard_map(eight):
    """Without a `pcast` of the user, whether the parameter or the potential is the one that is not divided."""
    wanted = (BY_X, BY_BETA.sum()), (8 * BY_X[:1], np.full((8, 1), BY_BETA[0].sum()))
    for found, want in zip(eight("learned_inside_shard_map")["found"], wanted * 2, strict=True):
        for a, b in zip(found, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)


def assert_equals_one_device(result):
    assert result["apart"] <= 1e-6
    assert result["moved"] > 1e-3  # of every parameter, those of the shape too


@pytest.mark.parametrize("row", [row.__name__ for row in STEP])
def test_a_training_step_equals_that_of_one_device(row, eight):
    assert_equals_one_device(eight(row))


# A gradient for each share of the batch waits for the end; one of the whole batch is summed in every time step.
FORTH_AND_BACK = [["collective-permute", BATCH * NEURONS, True]] * 2
EXCHANGED = {
    "batch_in_shares": [["all-reduce", NUMBERS, False]],
    "neurons_divided": [["all-reduce", BATCH * CLASSES, False]],  # the readout
    "layer_on_each_device": [*FORTH_AND_BACK, ["all-reduce", 1, False]],  # the spikes
}


def test_devices_exchange_the_gradient_and_no_more(eight):
    assert {row: eight(row)["exchanged"] for row in EXCHANGED} == EXCHANGED
    whole = eight("batch_divided")["exchanged"]
    assert {(name, in_loop) for name, _, in_loop in whole} == {("all-reduce", False), ("all-reduce", True)}


def test_codes_of_a_divided_batch_are_made_where_it_is(eight):
    result = eight("codes_of_a_divided_batch")
    for name, bits in (("bit", 1), ("uint8", 8), ("sampled", 1)):
        assert result[name] == {"exchanged": [], "kept": 256 * 40 * bits / 8, "slope": [0, 1]}, name


def test_bits_of_divided_neurons_are_exact(eight):
    for x, slope in eight("bits_of_divided_neurons")["found"]:
        np.testing.assert_array_equal(slope, np.abs(x) < 0.5)


@exhaustive
def test_two_processes_equal_one_device():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    for results in run(["0", "2", address], ["1", "2", address]):
        assert results["devices"] == 8
        result = results["batch_in_shares"]
        assert "error" not in result, result["error"]
        assert_equals_one_device(result)
        assert result["exchanged"] == EXCHANGED["batch_in_shares"]
