"""Signatures: which hold, and every way around them that is known."""

import copy
import time
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from openleadr.messaging import create_message, validate_xml_schema, validate_xml_signature

from openadr import pki
from openadr.errors import NotKnown
from openadr.vtn20b import safe, signing
from openadr.vtn20b.names import DSIG, OADR

PEM = serialization.Encoding.PEM


def identity(key=None) -> tuple[bytes, bytes, str]:
    """Certificate, key and fingerprint of somebody."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(PEM), private, pki.fingerprint(certificate)


OWN, OTHER = identity(), identity()


def signed(ven_id: str = "ven-a", who=OWN) -> etree._Element:
    return safe.read_message(create_message("oadrPoll", cert=who[0], key=who[1], ven_id=ven_id).encode())


def test_signature_of_openleadr_holds() -> None:
    protection = signing.verify(signed(), {OWN[2]})
    assert protection.fingerprint == OWN[2]
    assert abs(protection.at.timestamp() - time.time()) < 5
    assert protection.nonce


def test_signature_with_rsa_holds() -> None:
    who = identity(rsa.generate_private_key(65537, 2048))
    assert signing.verify(signed(who=who), {who[2]})


def test_two_signatures_have_two_nonces() -> None:
    assert signing.verify(signed(), {OWN[2]}).nonce != signing.verify(signed(), {OWN[2]}).nonce


def test_certificate_inside_the_message_is_not_believed() -> None:
    with pytest.raises(NotKnown) as refused:
        signing.verify(signed(who=OTHER), {OWN[2]})
    assert "not pinned" in refused.value.reason


def test_pinned_certificate_beside_the_signers_own_does_not_help() -> None:
    root = signed(who=OTHER)
    data = root.find(f".//{{{DSIG}}}X509Data")
    der = x509.load_pem_x509_certificate(OWN[0]).public_bytes(serialization.Encoding.DER)
    etree.SubElement(data, f"{{{DSIG}}}X509Certificate").text = b64encode(der).decode()
    with pytest.raises(NotKnown):
        signing.verify(root, {OWN[2]})


def test_changed_message_does_not_hold() -> None:
    root = signed()
    root.find(".//{*}venID").text = "ven-b"
    with pytest.raises(NotKnown):
        signing.verify(root, {OWN[2]})


def test_changed_replay_protection_does_not_hold() -> None:
    for name in ("nonce", "timestamp"):
        root = signed()
        root.find(f".//{{*}}{name}").text = "2030-01-01T00:00:00Z"
        with pytest.raises(NotKnown):
            signing.verify(root, {OWN[2]})


def test_unsigned_message_does_not_hold() -> None:
    with pytest.raises(NotKnown):
        signing.verify(safe.read_message(create_message("oadrPoll", ven_id="x").encode()), {OWN[2]})


def _wrapped(place: str) -> etree._Element:
    """A signed poll whose signed part was moved aside, with another one in its place."""
    root = signed()
    signature, frame = root
    forged = copy.deepcopy(frame)
    forged.find(".//{*}venID").text = "ven-b"
    root.replace(frame, forged)
    if place == "object":
        etree.SubElement(signature, f"{{{DSIG}}}Object").append(frame)
    elif place == "object, other Id":
        forged.set(f"{{{OADR}}}Id", "other")
        etree.SubElement(signature, f"{{{DSIG}}}Object").append(frame)
    elif place == "object, no Id":
        del forged.attrib[f"{{{OADR}}}Id"]
        etree.SubElement(signature, f"{{{DSIG}}}Object").append(frame)
    elif place == "root":
        root.append(frame)
    elif place == "property":
        signature.find(f".//{{{DSIG}}}SignatureProperty").append(frame)
    elif place == "ID of another kind":
        del forged.attrib[f"{{{OADR}}}Id"]
        forged.set("ID", "oadrSignedObject")
        etree.SubElement(signature, f"{{{DSIG}}}Object").append(frame)
    return root


@pytest.mark.parametrize(
    "place", ["object", "object, other Id", "object, no Id", "root", "property", "ID of another kind"]
)
def test_wrapped_signature_does_not_hold(place: str) -> None:
    with pytest.raises(NotKnown):
        signing.verify(_wrapped(place), {OWN[2]})


def test_signature_that_covers_only_one_of_the_two_does_not_hold() -> None:
    for index in (0, 1):
        root = signed()
        info = root[0].find(f"{{{DSIG}}}SignedInfo")
        references = info.findall(f"{{{DSIG}}}Reference")
        info.replace(references[index], copy.deepcopy(references[1 - index]))
        with pytest.raises(NotKnown):
            signing.verify(root, {OWN[2]})


def test_two_signatures_in_one_message_do_not_hold() -> None:
    root = signed()
    root.insert(0, copy.deepcopy(root[0]))
    with pytest.raises(NotKnown):
        signing.verify(root, {OWN[2]})


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2000/09/xmldsig#base64",
    ],
)
def test_transform_is_refused_before_anything_is_computed(algorithm: str) -> None:
    root = signed()
    root.find(f".//{{{DSIG}}}Transform").set("Algorithm", algorithm)
    with pytest.raises(NotKnown) as refused:
        signing.verify(root, {OWN[2]})
    assert "transform" in refused.value.reason


@pytest.mark.parametrize("name", ["rsa-sha1", "hmac-sha256", "ecdsa-sha512"])
def test_other_methods_are_refused(name: str) -> None:
    root = signed()
    root.find(f".//{{{DSIG}}}SignatureMethod").set("Algorithm", f"http://www.w3.org/2001/04/xmldsig-more#{name}")
    with pytest.raises(NotKnown):
        signing.verify(root, {OWN[2]})


@pytest.mark.parametrize("uri", ["", "http://127.0.0.1:9/x", "#xpointer(/)", "file:///etc/passwd", "#nothing"])
def test_reference_to_anything_else_is_refused(uri: str) -> None:
    root = signed()
    root.find(f".//{{{DSIG}}}Reference").set("URI", uri)
    with pytest.raises(NotKnown):
        signing.verify(root, {OWN[2]})


def test_nonsense_in_a_signature_is_refused_like_all_else() -> None:
    for name, text in (("SignatureValue", "!"), ("DigestValue", ""), ("X509Certificate", "A"), ("nonce", " ")):
        root = signed()
        root.find(f".//{{*}}{name}").text = text
        with pytest.raises(NotKnown):
            signing.verify(root, {OWN[2]})


@pytest.mark.parametrize("key", [None, rsa.generate_private_key(65537, 2048)])
def test_our_signature_holds_for_openleadr_and_for_us(key) -> None:
    certificate, private, fingerprint = identity(key)
    text = create_message("oadrPoll", ven_id="Süd &amp; &lt;1&gt;").partition("?>")[2].strip().replace("\n", "")
    message = signing.Signer(certificate, private).sign(text)
    validate_xml_signature(validate_xml_schema(message))
    assert signing.verify(safe.read_message(message), {fingerprint}).fingerprint == fingerprint


def test_signing_takes_less_than_two_milliseconds() -> None:
    signer = signing.Signer(OWN[0], OWN[1])
    text = create_message("oadrPoll", ven_id="ven-a").partition("?>")[2].strip()
    began = time.process_time()
    for _ in range(50):
        signer.sign(text)
    assert (time.process_time() - began) / 50 < 0.002
