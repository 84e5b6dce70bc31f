"""How long the answer to "what if they go?" takes, on SQLite and on PostgreSQL.

100,000 dependencies on 100,000 models. One vendor makes a quarter of the models; the others share the rest. Measured are
losses of three sizes, from one model to that vendor, each with what it is made of.
"""

from bench.databases import on_each


def main() -> None:
    on_each("whatif", "bench.whatif_one")


if __name__ == "__main__":
    main()
