"""Elements of an XML file as they come, in bounded memory, without document types and entities."""

from collections.abc import Callable, Mapping
from xml.parsers import expat

from meters.formats.lines import MAX_LINE_BYTES, Lines

MAX_DEPTH = 40
MAX_ELEMENTS = 60_000_000
MAX_TEXT = 10_000

Start = Callable[[str, Mapping[str, str]], bool]
End = Callable[[str, str], None]


class XmlStream:
    """Reads a file and tells of each element's start and end.

    Args:
        start: Gets an element's name ("namespace local") and attributes; says whether its text is wanted.
        end: Gets the name and the text, stripped, where it was wanted.
    """

    def __init__(self, lines: Lines, start: Start, end: End) -> None:
        self.lines, self._start, self._end = lines, start, end
        self.depth = self.elements = self._fed = 0
        self._text: list[str] | None = None
        self._length = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartDoctypeDeclHandler = self._refuse_type
        self._parser.EntityDeclHandler = self._refuse_type
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._add

    def read(self) -> None:
        """Reads everything.

        Raises:
            UnreadableFile: It is not well-formed, declares a document type, or is deeper or longer than any feed.
        """
        try:
            for block in self.lines.blocks():
                self._feed(block)
            self._parser.Parse(b"", True)
        except expat.ExpatError as problem:
            what = expat.ErrorString(problem.code)
            raise self.lines.refusal(f"is cut off or no well-formed XML (line {problem.lineno}: {what})") from None
        except (LookupError, ValueError):
            raise self.lines.refusal("has an encoding that cannot be read; save it as UTF-8") from None

    def _feed(self, block: bytes) -> None:
        for at in range(0, len(block), 1 << 16):
            piece = block[at : at + (1 << 16)]
            self._parser.Parse(piece, False)
            self._fed += len(piece)
            # What expat keeps is one unfinished tag or comment, and it would keep a gigabyte of it.
            if self._fed - max(self._parser.CurrentByteIndex, 0) > MAX_LINE_BYTES:
                raise self.lines.refusal(f"has a tag or comment longer than {MAX_LINE_BYTES:,} bytes")

    def _refuse_type(self, *_declared: object) -> None:
        raise self.lines.refusal("declares a document type or entities, which a Green Button file never does")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH:
            raise self.lines.refusal(f"is nested deeper than {MAX_DEPTH} elements")
        if self.elements > MAX_ELEMENTS:
            raise self.lines.refusal(f"has more than {MAX_ELEMENTS:,} elements; split it")
        self._text, self._length = [] if self._start(name, attributes) else None, 0

    def _add(self, text: str) -> None:
        if self._text is None:
            return
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise self.lines.refusal(f"has a text longer than {MAX_TEXT:,} characters")
        self._text.append(text)

    def _close(self, name: str) -> None:
        self.depth -= 1
        self._end(name, "".join(self._text or ()).strip())
        self._text = None
