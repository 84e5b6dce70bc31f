"""The client's verification of Ed25519: the vectors of RFC 8032, what must be refused, and OpenSSL beside it."""

import random
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.client.conftest import CLIENT_FOLDER

IsSigned = Callable[[bytes, bytes, bytes], bool]

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}
ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19
# The eight points of small order and what else is no key (RFC 8032, section 5.1.3): y not below the field, no x, -0.
NO_KEYS = {
    "y is the field": FIELD,
    "y is the field and one more": FIELD + 1,
    "y is all ones": 2**255 - 1,
    "no x for this y": 2,
    "minus zero": 1 | 1 << 255,
}


@pytest.fixture(scope="module")
def is_signed() -> IsSigned:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(CLIENT_FOLDER)
        from understudy.ed25519 import is_signed as verify  # noqa: PLC0415  (on the path only while a test asks for it)

        return verify


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_rfc_are_signed_and_nothing_beside_them(is_signed: IsSigned, name: str) -> None:
    key, message, signature = map(bytes.fromhex, VECTORS[name])

    assert is_signed(key, message, signature)
    assert not is_signed(key, message + b"\0", signature)
    assert not is_signed(bytes.fromhex(VECTORS["TEST 2" if name != "TEST 2" else "TEST 3"][0]), message, signature)


def test_a_signature_with_any_bit_turned_is_none(is_signed: IsSigned) -> None:
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 3"])
    turned = [bytes([*signature[:n], signature[n] ^ 1 << n % 8, *signature[n + 1 :]]) for n in range(64)]

    assert not any(is_signed(key, message, other) for other in turned)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 65, 128])
def test_a_signature_of_another_length_is_none(is_signed: IsSigned, length: int) -> None:
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 2"])

    assert not is_signed(key, message, (signature + signature)[:length])
    assert not is_signed((key * 4)[: length if length != 32 else 33], message, signature)


@pytest.mark.parametrize("times", [1, 2, 7])
def test_the_same_signature_written_with_a_larger_s_is_none(is_signed: IsSigned, times: int) -> None:
    """Section 5.1.7 wants S below the order of the group; without that anybody makes a second valid signature."""
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 2"])
    s = int.from_bytes(signature[32:], "little") + times * ORDER

    assert not is_signed(key, message, signature[:32] + s.to_bytes(32, "little"))


def test_zeros_and_ones_are_no_signature(is_signed: IsSigned) -> None:
    key, message, _ = map(bytes.fromhex, VECTORS["TEST 2"])

    assert not is_signed(key, message, bytes(64))
    assert not is_signed(key, message, b"\xff" * 64)


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_point_or_not_written_as_one_is_no_key(is_signed: IsSigned, name: str) -> None:
    # With S = 0 and R neutral a key of small order would sign anything.
    neutral = (1).to_bytes(32, "little")

    assert not is_signed(NO_KEYS[name].to_bytes(32, "little"), b"anything", neutral + bytes(32))


def test_openssl_says_the_same_of_true_and_forged_signatures(is_signed: IsSigned) -> None:
    dice = random.Random(20260415)  # noqa: S311  (no secret)

    def pair() -> tuple[bool, bool]:
        key = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        message = dice.randbytes(dice.randrange(200))
        signature = bytearray(key.sign(message))
        if dice.random() < 0.5:
            signature[dice.randrange(64)] ^= 1 << dice.randrange(8)
        public = key.public_key()
        return is_signed(public.public_bytes_raw(), message, bytes(signature)), by_openssl(
            public, message, bytes(signature)
        )

    said = [pair() for _ in range(60)]

    assert all(ours == theirs for ours, theirs in said)
    assert {ours for ours, _ in said} == {True, False}


def by_openssl(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
