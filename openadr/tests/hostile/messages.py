"""Messages that mean harm, made here so that none lies around as a file."""

from collections.abc import Iterator

from openadr.vtn20b.names import DSIG, EI, OADR

_POLL = (
    '<?xml version="1.0" encoding="utf-8"?><oadr:oadrPayload xmlns:oadr="{oadr}"{root}>{before}'
    '<oadr:oadrSignedObject oadr:Id="o"><oadr:oadrPoll xmlns:ei="{ei}" ei:schemaVersion="2.0b"{poll}>'
    "<ei:venID>{ven}</ei:venID>{after}</oadr:oadrPoll></oadr:oadrSignedObject>{end}</oadr:oadrPayload>"
)
_BIG = 250_000


def poll(ven: str = "ven-x", **parts: str) -> str:
    """A poll with something extra at the places named: root, before, poll, after, end."""
    places = {"root": "", "before": "", "poll": "", "after": "", "end": ""} | parts
    return _POLL.format(oadr=OADR, ei=EI, ven=ven, **places)


def with_doctype(inner: str, ven: str = "ven-x") -> str:
    """A poll with a document type."""
    return poll(ven).replace("?>", "?>" + "<!DOC" + "TYPE oadr:oadrPayload" + inner + ">", 1)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Each message with what it tries."""
    for source in (_nothing, _doctypes, _encodings, _sizes, _names, _frames, _signatures):
        for name, text in source():
            yield name, text if isinstance(text, bytes) else text.encode()


def _nothing() -> Iterator[tuple[str, str | bytes]]:
    yield "nothing", b""
    yield "no XML", b"venID=7"
    yield "zeros", bytes(1000)
    yield "cut off", poll()[:-40]
    yield "two roots", poll() + poll().partition("?>")[2]
    yield "gzip", bytes.fromhex("1f8b0800000000000003") + bytes(100)
    yield "another vocabulary", "<html><body>hello</body></html>"
    yield "soap", '<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>'


def _doctypes() -> Iterator[tuple[str, str | bytes]]:
    entity = "<!ENT" + "ITY"
    yield "empty document type", with_doctype("")
    yield "external document type", with_doctype(' SYSTEM "http://127.0.0.1:9/x.dtd"')
    # The kind that stops a process whose parser knows the schema.
    yield "entity in an id", with_doctype(f' [{entity} a "b">]', "&a;")
    yield "file in an entity", with_doctype(f' [{entity} a SYSTEM "file:///etc/passwd">]', "&a;")
    yield "address in an entity", with_doctype(f' [{entity} a SYSTEM "http://127.0.0.1:9/">]', "&a;")
    steps = "".join(f'{entity} e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    yield "a billion laughs", with_doctype(f' [{entity} e0 "ha">{steps}]', "&e11;")
    yield "quadratic entity", with_doctype(f' [{entity} a "{"x" * 60_000}">]', "&a;" * 30_000)
    yield "parameter entity", with_doctype(f' [{entity} % p SYSTEM "http://127.0.0.1:9/p">%p;]')
    yield "attribute default", with_doctype(' [<!ATTLIST oadr:oadrPoll ei:schemaVersion CDATA "2.0a">]')
    yield "entity that nobody defined", poll("&nobody;")


def _encodings() -> Iterator[tuple[str, str | bytes]]:
    plain, hidden = poll(), with_doctype(" [<!ENT" + 'ITY a "b">]', "&a;")
    for name in ("utf-16", "utf-16-le", "utf-32", "cp037", "utf-7"):
        yield f"{name}, honest", plain.replace("utf-8", name).encode(name)
        yield f"document type in {name}", hidden.replace("utf-8", name).encode(name)
    yield "not UTF-8", plain.encode().replace(b"ven-x", b"ven-\xff\xfe")
    yield "overlong UTF-8", plain.encode().replace(b"ven-x", b"ven-\xc0\xbc")
    yield "zero in an id", plain.encode().replace(b"ven-x", b"ven-\x00")
    yield "control sign as reference", poll("ven-&#0;")
    yield "surrogate as reference", poll("ven-&#xD800;")


def _sizes() -> Iterator[tuple[str, str | bytes]]:
    yield "too large", poll("x" * 300_000)
    yield "long id", poll("x" * _BIG)
    yield "long attribute", poll(poll=f' ei:extra="{"x" * _BIG}"')
    yield "many attributes", poll(poll="".join(f' a{n}="1"' for n in range(20_000)))
    yield "many attributes of one hash", poll(poll="".join(f' a{n:06}="1"' for n in range(0, 200_000, 10)))
    yield "many namespaces", poll(root="".join(f' xmlns:n{n}="u{n}"' for n in range(10_000)))
    yield "nested namespaces", poll(after="".join(f'<a{n} xmlns:p{n}="u">' for n in range(250)))
    yield "deep", "<a>" * 60_000
    yield "deep, whole", poll(after="<a>" * 200 + "</a>" * 200)
    yield "wide", poll(after="<a/>" * 60_000)
    yield "many ends of lines", poll("\n" * _BIG)
    yield "many references", poll("&#65;" * 48_000)
    yield "long comment", poll(after="<!--" + "x" * _BIG + "--><b/>")
    yield "many comments", poll(after="<!---->" * 19_000 + "<b/>")
    yield "many instructions", poll(after="<?x?>" * 19_000 + "<b/>")
    yield "many sections", poll(after="<b>" + "<![CDATA[]]>" * 19_000 + "</b>")


def _names() -> Iterator[tuple[str, str | bytes]]:
    yield "invented names", poll(after="".join(f"<x{n}/>" for n in range(15_000)))
    yield "invented prefixes", poll(after="".join(f'<p{n}:x xmlns:p{n}="u"/>' for n in range(8_000)))
    yield "long name", poll(after=f"<{'n' * 200_000}/>")
    yield "type of an instance", poll(poll=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="nothing"')
    yield (
        "style sheet",
        poll().replace("?>", '?><?xml-stylesheet href="http://127.0.0.1:9/"?>', 1).replace("venID", "x"),
    )
    yield "inclusion", poll(after='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>')


def _frames() -> Iterator[tuple[str, str | bytes]]:
    inner = f'<oadr:oadrPoll xmlns:ei="{EI}"><ei:venID>v</ei:venID></oadr:oadrPoll>'
    frame = f"<oadr:oadrSignedObject>{inner}</oadr:oadrSignedObject>"
    yield "second signed object", poll(end=frame)
    yield "signed object first", poll(before=frame)
    yield "payload in a payload", poll(after=poll().partition("?>")[2])
    yield "payload in an id", poll(poll().partition("?>")[2])
    yield "two ids", poll(after="<ei:venID>ven-y</ei:venID>")
    yield "the same Id twice", poll(poll=' oadr:Id="o"')
    yield "empty payload", f'<oadr:oadrPayload xmlns:oadr="{OADR}"/>'
    yield "empty signed object", f'<p:oadrPayload xmlns:p="{OADR}"><p:oadrSignedObject/></p:oadrPayload>'
    yield "another namespace", poll().replace(OADR, OADR + "x")


def _signatures() -> Iterator[tuple[str, str | bytes]]:
    yield "empty signature", poll(before=f'<d:Signature xmlns:d="{DSIG}"/>')
    yield "many signatures", poll(before=f'<d:Signature xmlns:d="{DSIG}"/>' * 4_000)
    yield "signature inside", poll(after=f'<d:Signature xmlns:d="{DSIG}"/>')
