"""Which strategy deserves the work: trials in fresh processes, statistics over their rounds, a verdict.

Knows how to measure a run and how sure one can be of a difference. Must not know terminals, nor how a strategy waits.
"""
