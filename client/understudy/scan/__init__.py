"""Finds the models that a folder names: one small module a language, pure functions from text to hits."""
