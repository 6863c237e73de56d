"""The embedded server: an origin that answers well and fast, and one that misbehaves on request.

Bottom layer: it knows nothing else of fetchmux, so that a client is never tested against its own ideas of HTTP.
A server runs in a process of its own (`launch.Origin`), or in this one (`server.serve`, `bad.server.serve`).
`request`, `pages`, `reply` and `filler` say what is answered, without I/O; `server` and `listening` do the I/O.
`bad` does wrong by name.
"""
