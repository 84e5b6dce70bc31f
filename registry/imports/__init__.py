"""Models from a file into the register: `files` reads it, `columns` types it, `review` holds it against the register,
`write` puts it in. Each stage takes what the one before gave; only the last one changes anything.
"""
