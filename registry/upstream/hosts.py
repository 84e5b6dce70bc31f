"""Which host of the register a feed's provider is. Each feed has its own table; here is how one is read. Pure."""

from collections.abc import Mapping, Sequence


def host_of(provider: str, hosts: Mapping[str, str]) -> str:
    """The register's name for `provider`; one that the table leaves out keeps its own."""
    return hosts.get(provider, provider)


def providers_of(host: str, hosts: Mapping[str, str]) -> Sequence[str]:
    """What the feed calls `host`, in the order of the table; empty for a name that the feed uses for another place."""
    named = [provider for provider, meant in hosts.items() if meant == host]
    return named or ([] if host in hosts else [host])
