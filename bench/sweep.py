"""What it costs to watch 10,000, 30,000 and 100,000 repositories of the Hub, 50 to a namespace, on both databases.

The Hub is the tests' fake one in a process of its own, asked through the Hub's own client. The floor is one request per
repository.
"""

from bench.databases import on_each


def main() -> None:
    on_each("sweep", "bench.sweep_one")


if __name__ == "__main__":
    main()
