"""`python -m tests.fakes.hub --models 100000 --namespaces 2000 --log FILE`: prints its address once it answers."""

import argparse
import sys
from pathlib import Path

from tests.fakes.hub.control import ControlledHandler
from tests.fakes.hub.holdings import PUBLIC
from tests.fakes.hub.server import Hub


def main() -> None:
    given = _options().parse_args()
    links_to = "" if given.own_links else PUBLIC
    hub = Hub(quota=given.quota, log=given.log, links_to=links_to, port=given.port, handler=ControlledHandler)
    hub.seconds_per_byte = 1.0
    if given.seed:
        hub.seed(given.seed)
    hub.generate(given.models, namespaces=given.namespaces)
    sys.stdout.write(f"{hub.url}\n")
    sys.stdout.flush()
    hub.serve()


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.fakes.hub", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0 for a free one")
    options.add_argument("--models", type=int, default=0, help="how many to make up")
    options.add_argument("--namespaces", type=int, default=1, help="over how many of them")
    options.add_argument("--seed", type=Path, help="model metadata of mteb, for real ids")
    options.add_argument("--log", type=Path, help="where each request becomes a line of JSON")
    options.add_argument("--quota", type=int, help="requests in five minutes; as the real Hub without it")
    options.add_argument("--own-links", action="store_true", help="next pages are here, not at the public Hub")
    return options


if __name__ == "__main__":
    main()
