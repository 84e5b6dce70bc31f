"""Pages of our own, one file each: a loader that asks the database, and a view that shows."""
