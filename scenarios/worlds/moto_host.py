"""The process in which moto's S3 server lives: `python -m onceproof.scenarios.worlds.moto_host`.

It prints its endpoint and ends when its input ends.
"""

import json
import logging
import sys

from moto.moto_server.threaded_moto_server import ThreadedMotoServer


def main() -> None:
    """Serve S3 on a free port of this machine until the input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else one line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(json.dumps({"endpoint": f"http://{host}:{port}"}), flush=True)  # noqa: T201 - this line is the answer
    sys.stdin.read()


if __name__ == "__main__":
    main()
