"""The commands, a module each: it is imported when it is asked for, so that no run pays for the others."""
