"""What a pooler looks like to a client: everything is passed on, but the process id is one of its own."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from pathlib import Path
from typing import Self

#: BackendKeyData: a K, a length of 12, the process id, a secret (manual, 54.7 "Message Formats").
_KEY_DATA = b"K" + struct.pack("!I", 12)


class PoolerStandIn:
    """Listens on a Unix socket of its own, for one connection after the other."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self._listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._temporary.cleanup()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            threading.Thread(target=_pass_on, args=(client, server, False), daemon=True).start()
            threading.Thread(target=_pass_on, args=(server, client, True), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, changed: bool) -> None:
    try:
        while data := source.recv(65_536):
            place = data.find(_KEY_DATA) if changed else -1
            if place >= 0:
                at = place + len(_KEY_DATA)
                data, changed = data[:at] + struct.pack("!I", 1) + data[at + 4 :], False
            target.sendall(data)
    except OSError:
        pass
    finally:
        target.close()
