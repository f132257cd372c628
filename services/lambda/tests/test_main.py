"""What the runtime's program does before AWS's runtime client takes over."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from obsiverse_lambda.__main__ import module_path


def test_code_comes_before_layers_and_packages_of_a_layer_before_its_modules() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert module_path("/task", "/opt") == ["/task", f"/opt/python/lib/{version}/site-packages", "/opt/python"]


def test_what_is_printed_arrives_and_the_end_of_the_process_ends_the_connection(tmp_path: Path) -> None:
    program = tmp_path / "prints.py"
    program.write_text(
        "import os, sys\nfrom obsiverse_lambda.__main__ import send_output\n"
        "send_output(sys.argv[1])\nprint('out', flush=True)\nos.write(2, b'err')\nos._exit(3)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        command = [sys.executable, str(program), f"127.0.0.1:{listener.getsockname()[1]}"]
        with subprocess.Popen(command) as process:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert received == b"out\nerr"
    assert process.returncode == 3
