"""Measurements, each a command of its own: `python -m benchmarks.NAME`, from the top of the checkout."""
