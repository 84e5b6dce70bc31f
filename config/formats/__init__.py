"""How days and moments are written, by language."""
