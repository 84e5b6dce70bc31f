"""How long a page of suggestions takes in a register of 100,000 candidates for one task, on SQLite and PostgreSQL.

Every model is a candidate for every other one: one task, 200 vendors, three in ten made from another model, licenses,
languages, dimensions, prices and states as they vary upstream. `BENCH_MODELS` chooses another size.
"""

from bench.databases import on_each


def main() -> None:
    on_each("suggest", "bench.suggest_one")


if __name__ == "__main__":
    main()
