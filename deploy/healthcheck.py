"""Exit 0 if the web process in this container answers /healthz."""

import http.client
import os
import sys


def main() -> int:
    """Ask the process on this machine; no name is resolved and no proxy is used."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        # The host is the first one the portal serves, as it refuses names it does not know.
        host = os.environ.get("SITE_URL", "http://localhost").split("://")[-1].split("/")[0]
        connection.request("GET", "/healthz", headers={"Host": host})
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
