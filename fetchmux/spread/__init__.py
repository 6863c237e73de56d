"""More processes for one run, each with its share of the list, under any strategy.

Knows how the work is divided, what crosses between processes, and what becomes of a process that dies. Must not know
how a strategy waits, nor what is printed: one process reads the list and writes the results, the others fetch.
"""
