"""Names of OpenADR 2.0b on the wire."""

OADR = "http://openadr.org/oadr-2.0b/2012/07"
EI = "http://docs.oasis-open.org/ns/energyinterop/201110"
PYLD = "http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
XCAL = "urn:ietf:params:xml:ns:icalendar-2.0"
STRM = "urn:ietf:params:xml:ns:icalendar-2.0:stream"
EMIX = "http://docs.oasis-open.org/ns/emix/2011/06"
POWER = "http://docs.oasis-open.org/ns/emix/2011/06/power"
SCALE = "http://docs.oasis-open.org/ns/emix/2011/06/siscale"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
REPLAY = "http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties"

# Prefixes for `find` of lxml.
NS = {
    "oadr": OADR,
    "ei": EI,
    "pyld": PYLD,
    "xcal": XCAL,
    "strm": STRM,
    "emix": EMIX,
    "power": POWER,
    "scale": SCALE,
    "ds": DSIG,
    "dsp": REPLAY,
}

PATH = "/OpenADR2/Simple/2.0b"
SERVICES = ("EiRegisterParty", "EiEvent", "EiReport", "EiOpt", "OadrPoll")
