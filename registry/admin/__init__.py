"""The web admin of the facts. A file per aggregate, as in `registry.models`."""

from registry.admin import catalog, fallback, licenses, listings, people, upstream, usage, vendors

__all__ = ["catalog", "fallback", "licenses", "listings", "people", "upstream", "usage", "vendors"]
