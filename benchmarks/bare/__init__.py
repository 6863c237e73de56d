"""Straight scripts: what somebody writes who wants a list fetched by one strategy, and nothing else.

Each does what `fetchmux get --no-keep-alive` does: it reads the list, sends GET by HTTP/1.0, reads to the promised end,
and writes one JSON object for each URL. No retries, redirects, deadlines or errors: one bad URL ends
it. `benchmarks/strategies.py` measures what fetchmux adds to each.
"""
