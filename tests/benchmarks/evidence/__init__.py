"""The claims of the literature on surrogate gradients, tried with surrofun: `python -m tests.benchmarks.evidence`."""
