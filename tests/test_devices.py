"""Spikes and training steps on many devices: eight simulated ones, and two processes that talk over localhost.

They run in processes of their own, `devices.py`, which compares them with NumPy's slopes and with one device.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest
from devices import ROWS
from needs import exhaustive


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
    """What is wrong on eight devices, of each row."""
    return run([])[0]


@pytest.mark.parametrize("row", [row.__name__ for row in ROWS])
def test_on_eight_devices(row, eight):
    assert eight[row] is None, eight[row]


@exhaustive
def test_two_processes_equal_one_device():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    assert run(["0", "2", address], ["1", "2", address]) == [{"batch_in_shares": None}] * 2
