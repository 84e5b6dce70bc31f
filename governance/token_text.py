"""The text of a token: `ustd_`, 40 random characters and a checksum of 6; scanners tell it from look-alikes offline.

As GitHub's: a fixed prefix, letters and digits alone (a double click takes all of it), and a CRC-32 in base 62 at the
end. 40 characters of 62 are 238 bits, so that a plain SHA-256 of it is safe to keep: there is nothing to guess.
"""

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "ustd_"
PATTERN = re.compile(r"ustd_([0-9A-Za-z]{40})([0-9A-Za-z]{6})")
# How much of a text is shown to know a token by.
SHOWN = 12
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECKSUM = 40, 6


def new_text() -> str:
    """A text that nobody had before."""
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{PREFIX}{secret}{checksum(secret)}"


def checksum(secret: str) -> str:
    """CRC-32 of the 40 characters in base 62, most significant digit first."""
    number, digits = zlib.crc32(secret.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def is_token(text: str) -> bool:
    """Whether it could be one of ours; False costs no look into the database."""
    found = PATTERN.fullmatch(text)
    return found is not None and checksum(found[1]) == found[2]


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
