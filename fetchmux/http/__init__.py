"""The bytes of HTTP/1.x: how a request is written, how a response is framed.

Knows RFC 9110 and 9112. Must not know sockets, strategies, files or what a caller does with a response.
"""
