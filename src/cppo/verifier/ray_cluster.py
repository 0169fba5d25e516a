"""Ray itself: found where it runs, started where it does not, left as it was found."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cppo.errors import VerifierError

LONGEST_BASE = 20
"""Characters of a temporary directory in which the paths of Ray's sockets still fit the 107 that Linux takes."""

CONNECT_SECONDS = 10.0


def load_ray() -> Any:
    """Return the module `ray`; raises `VerifierError` that says how to get it."""
    try:
        import ray
    except ImportError as error:
        raise VerifierError(
            f"verifying on Ray needs the package ray, which cannot be imported ({error}); "
            "get it with: pip install 'cppo[ray]'"
        ) from error
    return ray


def connect(address: str, processors: int, store_mb: float) -> Callable[[], None]:
    """Connect this process to a Ray cluster and return what undoes that.

    A connection that is already there is used, and kept. Else `address` names the cluster ("": the environment's
    RAY_ADDRESS); without either, one is started here with `processors` and `store_mb` MiB for objects, and ended by
    the function returned. Raises `VerifierError`.
    """
    ray = load_ray()
    if ray.is_initialized():
        here = ray.get_runtime_context().gcs_address
        if address not in ("", "auto", here):
            raise VerifierError(
                f"this process is connected to the Ray cluster at {here} already, not to {address!r}; leave the "
                "address out to use that, or call ray.shutdown() first"
            )
        return _nothing
    address = address or os.environ.get("RAY_ADDRESS", "")
    scratch = ""
    options: dict[str, Any] = {"address": address}
    if not address:
        # A token of its own: Ray would leave one that everybody can read in the home directory.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        base = tempfile.gettempdir()
        scratch = tempfile.mkdtemp(prefix="cppo-ray-", dir=base if len(base) <= LONGEST_BASE else "/tmp")
        options = {
            "address": "local",
            "num_cpus": processors,
            "object_store_memory": int(store_mb * 2**20),
            "include_dashboard": False,
            "_temp_dir": str(Path(scratch, "ray")),  # Ray opens its directory to everybody: keep it in a closed one
        }

    def undo() -> None:
        atexit.unregister(undo)
        ray.shutdown()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)

    atexit.register(undo)  # for those who forget
    try:
        _check_reachable(address)
        with _handler_of_sigterm_kept():
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        undo()
        where = f"no Ray cluster answers at {address!r}" if address else "no local Ray cluster can be started"
        raise VerifierError(f"{where}: {error}") from error
    return undo


def _check_reachable(address: str) -> None:
    """Raise `OSError` where nobody listens at host:port: Ray would try for minutes. Other forms are Ray's to read."""
    host, _, port = address.rpartition(":")
    if "/" not in address and host and port.isdigit():
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


def _nothing() -> None:
    """The connection belongs to the caller."""


@contextlib.contextmanager
def _handler_of_sigterm_kept() -> Iterator[None]:
    """Ray puts a handler of its own in place; the caller's (a trainer that saves first) must stay."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
