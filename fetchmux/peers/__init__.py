"""Clients of others, to compare with: each file shows how one of them is used at its best for many small requests.

A peer is no strategy, because it brings an HTTP stack of its own. It takes exchanges from the frontier as a strategy
does, but fetches each whole, by its own means, and hands in a `Reply` instead of bytes. So the window, limits of hosts,
pace, retries and redirects are the frontier's here too, and the peers' own are off. Peers do not import one another.

What they cannot tell is nought or null in a record: `wire_size` and `reused`, `remote_address` of a name, and the parts
of the time, which count as `wait`. They speak HTTP/1.1 whatever `--http` says.
"""
