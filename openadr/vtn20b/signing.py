"""XML signatures of OpenADR 2.0b's high security: ours on what we send, and those of VENs on what they send."""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.core.exceptions import ImproperlyConfigured
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from openadr import pki
from openadr.errors import NotKnown
from openadr.vtn20b.names import DSIG, OADR, REPLAY

_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
# Putting XML into its one canonical form is all that a reference may ask for: no style sheets, no paths, no code.
_HARMLESS = frozenset({_C14N, "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2001/10/xml-exc-c14n#"})
_METHODS = frozenset({SignatureMethod.ECDSA_SHA256, SignatureMethod.RSA_SHA256})
_CONFIG = SignatureConfiguration(
    location="./",
    expect_references=2,
    signature_methods=_METHODS,
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
)
_SIGNATURE, _PROTECT = f"{{{DSIG}}}Signature", f"{{{REPLAY}}}ReplayProtect"
_LONGEST_NONCE = 256


@dataclass(frozen=True)
class Protection:
    """What keeps a signed message from being used twice: when it was made, and what is in no other one."""

    at: datetime
    nonce: str
    fingerprint: str


def is_signed(root: etree._Element) -> bool:
    """Whether a message carries a signature, good or bad."""
    return root.find(_SIGNATURE) is not None


def verify(root: etree._Element, fingerprints: Collection[str]) -> Protection:
    """The replay protection of a message that one of the pinned certificates signed: all of it, and nothing else.

    The certificate inside the message counts only if its full SHA-256 is pinned. What was signed is compared with the
    element that is acted on, so that no other element of the same Id can stand for it.

    Raises:
        NotKnown: It is not signed so; the reason says what is wrong.
    """
    signature = _only(root, _SIGNATURE)
    certificate, fingerprint = _certificate(signature, fingerprints)
    frame, protect = root[-1], _only(signature, _PROTECT)
    if len(root) != 2 or root[0] is not signature or frame.tag != f"{{{OADR}}}oadrSignedObject":
        raise NotKnown("the signature is not where it belongs")
    covers = _covered(root, signature)
    if frame not in covers or not any(each in covers for each in [protect, *protect.iterancestors()]):
        raise NotKnown("the signature does not cover the message and its replay protection")
    results = _checked(root, certificate)
    if sorted(map(_canonical, covers)) != sorted(_canonical(result.signed_xml) for result in results):
        raise NotKnown("the signature covers something else")
    return _protection(protect, fingerprint)


def sign(text: str) -> bytes:
    """A message with the VTN's signature in it; `text` is an oadrPayload that declares no prefix but oadr."""
    return signer().sign(text)


class Signer:
    """Signs with one key, which is loaded once: loading it anew costs more than a hundred signatures."""

    def __init__(self, certificate_pem: bytes, key_pem: bytes) -> None:
        try:
            key = serialization.load_pem_private_key(key_pem, None)
            certificate = x509.load_pem_x509_certificate(certificate_pem)
        except (ValueError, TypeError) as problem:
            raise ImproperlyConfigured(f"VTN_CERTIFICATE or VTN_KEY cannot be read: {problem}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise ImproperlyConfigured("VTN_KEY must be an EC or an RSA key.")
        if key.public_key() != certificate.public_key():
            raise ImproperlyConfigured("VTN_KEY is not the key of VTN_CERTIFICATE.")
        self._key = key
        self._method = "ecdsa-sha256" if isinstance(key, ec.EllipticCurvePrivateKey) else "rsa-sha256"
        der = certificate.public_bytes(serialization.Encoding.DER)
        self._key_info = (
            f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{b64encode(der).decode()}"
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        )

    def sign(self, text: str) -> bytes:
        """The message with a signature in front of its signed object."""
        root = etree.fromstring(text.encode())
        frame = root.find(f"{{{OADR}}}oadrSignedObject")
        if frame is None:
            raise ValueError("There is nothing to sign.")
        made = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        inner = (
            '<ds:SignatureProperties><ds:SignatureProperty Id="replay" Target="#signature">'
            f'<dsp:ReplayProtect xmlns:dsp="{REPLAY}"><dsp:timestamp>{made}</dsp:timestamp>'
            f"<dsp:nonce>{uuid4().hex}</dsp:nonce></dsp:ReplayProtect>"
            "</ds:SignatureProperty></ds:SignatureProperties></ds:Object>"
        )
        id_ = frame.get(f"{{{OADR}}}Id") or frame.get("Id")
        info = (
            f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod><ds:SignatureMethod '
            f'Algorithm="http://www.w3.org/2001/04/xmldsig-more#{self._method}"></ds:SignatureMethod>'
            + _reference(f"#{id_}", etree.tostring(frame, method="c14n"))
            + _reference("#prop", f'<ds:Object {_SCOPE} Id="prop">{inner}'.encode())
            + "</ds:SignedInfo>"
        )
        value = b64encode(self._signed(f"<ds:SignedInfo {_SCOPE}>{info}".encode())).decode()
        signature = (
            f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo>{info}<ds:SignatureValue>{value}</ds:SignatureValue>'
            f'{self._key_info}<ds:Object Id="prop">{inner}</ds:Signature>'
        )
        return text.replace("<oadr:oadrSignedObject", f"{signature}<oadr:oadrSignedObject", 1).encode()

    def _signed(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        size = (self._key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


# The prefixes in scope inside a signature of ours; inclusive canonical XML writes them on what is signed.
_SCOPE = f'xmlns:ds="{DSIG}" xmlns:oadr="{OADR}"'


@lru_cache(1)
def signer() -> Signer:
    """The VTN's own, made once in a process."""
    certificate, key = pki.server_files()
    return Signer(Path(certificate).read_bytes(), Path(key).read_bytes())


def _reference(uri: str, data: bytes) -> str:
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms><ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
        f"<ds:DigestValue>{b64encode(hashlib.sha256(data).digest()).decode()}</ds:DigestValue></ds:Reference>"
    )


def _only(tree: etree._Element, tag: str) -> etree._Element:
    found = list(tree.iter(tag))
    if len(found) != 1:
        raise NotKnown(f"{len(found)} elements {etree.QName(tag).localname}, where one belongs")
    return found[0]


def _certificate(signature: etree._Element, fingerprints: Collection[str]) -> tuple[x509.Certificate, str]:
    """The pinned certificate that the message says it was signed with."""
    for element in signature.iterfind(f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate"):
        try:
            der = b64decode("".join((element.text or "").split()), validate=True)
        except (NotBase64, ValueError):
            continue
        fingerprint = hashlib.sha256(der).hexdigest()
        if fingerprint in fingerprints:
            return x509.load_der_x509_certificate(der), fingerprint
    raise NotKnown("signed with a certificate that is not pinned")


def _covered(root: etree._Element, signature: etree._Element) -> list[etree._Element]:
    """The elements that the signature's references name, each by an Id that no other element has.

    Raises:
        NotKnown: A reference names nothing, several things, or asks for more than canonical XML.
    """
    info = f"{{{DSIG}}}SignedInfo"
    named = []
    for reference in signature.iterfind(f"{info}/{{{DSIG}}}Reference"):
        transforms = [each.get("Algorithm") for each in reference.iter(f"{{{DSIG}}}Transform")]
        if len(transforms) > 1 or not _HARMLESS.issuperset(transforms):
            raise NotKnown("the signature asks for a transform")
        named.append(_named(root, reference.get("URI") or ""))
    method = signature.find(f"{info}/{{{DSIG}}}CanonicalizationMethod")
    if method is None or method.get("Algorithm") not in _HARMLESS or len(named) != 2:
        raise NotKnown("the signature is not made as OpenADR says")
    return named


def _named(root: etree._Element, uri: str) -> etree._Element:
    found = [
        element
        for element in root.iter()
        for name, value in element.items()
        if str(name).rpartition("}")[2].lower() == "id" and f"#{value!s}" == uri
    ]
    if len(found) != 1:
        raise NotKnown("a reference does not name one element")
    return found[0]


def _checked(root: etree._Element, certificate: x509.Certificate) -> list[VerifyResult]:
    try:
        results = XMLVerifier().verify(root, x509_cert=certificate, expect_config=_CONFIG)
    except (SignXMLException, InvalidSignature, ValueError, TypeError, AttributeError, etree.Error) as problem:
        raise NotKnown(f"the signature does not hold ({type(problem).__name__})") from problem
    return results if isinstance(results, list) else [results]


def _canonical(element: etree._Element | None) -> bytes:
    return b"" if element is None else etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def _protection(protect: etree._Element, fingerprint: str) -> Protection:
    nonce = protect.findtext(f"{{{REPLAY}}}nonce") or ""
    try:
        at = datetime.fromisoformat((protect.findtext(f"{{{REPLAY}}}timestamp") or "").strip())
    except ValueError:
        raise NotKnown("the signature has no time") from None
    if not nonce.strip() or len(nonce) > _LONGEST_NONCE:
        raise NotKnown("the signature has no nonce")
    return Protection(at if at.tzinfo else at.replace(tzinfo=UTC), nonce, fingerprint)
