"""Namespaces of OpenADR 2.0b."""

OADR = "http://openadr.org/oadr-2.0b/2012/07"
EI = "http://docs.oasis-open.org/ns/energyinterop/201110"
PYLD = "http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
XCAL = "urn:ietf:params:xml:ns:icalendar-2.0"
STRM = "urn:ietf:params:xml:ns:icalendar-2.0:stream"
EMIX = "http://docs.oasis-open.org/ns/emix/2011/06"
POWER = "http://docs.oasis-open.org/ns/emix/2011/06/power"
SCALE = "http://docs.oasis-open.org/ns/emix/2011/06/siscale"

NS = {"oadr": OADR, "ei": EI, "pyld": PYLD, "xcal": XCAL, "strm": STRM}
DECLARED = " ".join(
    f'xmlns:{prefix}="{name}"' for prefix, name in [*NS.items(), ("emix", EMIX), ("power", POWER), ("scale", SCALE)]
)
