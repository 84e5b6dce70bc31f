"""How long a document of LiteLLM's kind takes to be taken in, on SQLite and PostgreSQL.

All rows new; the identical document; the same rows in other bytes; every row changed. The floor is what the database
takes for the same rows without us: `executemany` or `COPY` into tables without indexes.
"""

from bench.databases import on_each


def main() -> None:
    on_each("ingest", "bench.ingest_one")


if __name__ == "__main__":
    main()
