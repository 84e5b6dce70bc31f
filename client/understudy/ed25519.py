"""Verifies Ed25519 signatures (RFC 8032, section 5.1.7) with the standard library. It signs nothing and holds no secret.

Strict where implementations differ: S is below the order of the group, points have one encoding, and R is compared byte
by byte with what it has to be (the check without the cofactor), as OpenSSL does. A verification takes some ten
milliseconds, and need not take equally long for all inputs, because every one of them is public.
"""

import hashlib

KEY_BYTES, SIGNATURE_BYTES = 32, 64

# Section 5.1: the field, the order of the group, and d of the curve -x² + y² = 1 + d·x²·y².
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_SIGN = 1 << 255

# Extended coordinates (X, Y, Z, T) of section 5.1.4: x = X/Z, y = Y/Z, x·y = T/Z.
_Point = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is the one of `message` by the owner of the public `key`; False for whatever is malformed."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    r, s = signature[:KEY_BYTES], int.from_bytes(signature[KEY_BYTES:], "little")
    point = _decode(key)
    if s >= _L or point is None:
        return False
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % _L
    x, y, z, t = point
    # R = S·B - k·A, so that nothing but an addition stands between what was sent and what is compared.
    return _encode(_add(_multiply(s, _BASE), _multiply(k, (-x % _P, y, z, -t % _P)))) == r


def _add(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(times: int, point: _Point) -> _Point:
    total = _NEUTRAL
    while times:
        if times & 1:
            total = _add(total, point)
        point = _add(point, point)
        times >>= 1
    return total


def _encode(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(KEY_BYTES, "little")


def _decode(text: bytes) -> _Point | None:
    """The point that section 5.1.3 reads there; None where there is none, or it is not written as the section writes it."""
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, number & (_SIGN - 1)
    x = _x_of(y, sign) if y < _P else None
    return None if x is None else (x, y, 1, x * y % _P)


def _x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    return x if x & 1 == sign else _P - x


_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE_X = _x_of(_BASE_Y, 0) or 0
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)
