"""fetchmux: fetch many URLs at once, by the strategy you name, and find out which one deserves it."""

__version__ = "0.1.0"
