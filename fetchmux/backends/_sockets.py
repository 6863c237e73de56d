"""A socket that never blocks, on its way to an address: the same first calls for every loop."""

from __future__ import annotations

import errno
import socket

from fetchmux.model import Address

_UNDER_WAY = (0, errno.EINPROGRESS)
# Where the system can, a socket is born non-blocking, which saves a call.
_BORN_NONBLOCKING = getattr(socket, "SOCK_NONBLOCK", 0)


def open_socket(address: Address) -> socket.socket:
    """Begin to connect; the socket becomes writable when the connection stands or has failed. Raises OSError."""
    sock = socket.socket(address.family, socket.SOCK_STREAM | _BORN_NONBLOCKING)
    try:
        if not _BORN_NONBLOCKING:
            sock.setblocking(False)
        code = sock.connect_ex(address.sockaddr)
        if code not in _UNDER_WAY:
            raise OSError(code, "connect")
    except BaseException:
        sock.close()
        raise
    return sock
