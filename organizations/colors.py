"""A distributor's accent color, and the shades of it that pages need: readable in light and in dark."""

import re
from dataclasses import dataclass
from itertools import count

# WCAG 2.2, 1.4.3: text against what is behind it.
READABLE = 4.5
WHITE = (255, 255, 255)
# The surfaces of static/css/tokens.css that a shade must be readable on: the darkest of the light ones, the
# lightest of the dark ones.
LIGHT_SURFACE = (233, 238, 236)
DARK_SURFACE = (27, 39, 38)
DARK_INK = (4, 16, 17)

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Shades:
    """The custom properties of one theme, as hex."""

    primary: str
    hover: str
    on_primary: str
    soft: str
    soft_ink: str
    link: str
    link_hover: str


def parse_color(text: str) -> Color | None:
    """Red, green and blue of "#0d5c66"; None for anything else.

    >>> parse_color("#0d5c66"), parse_color("red")
    ((13, 92, 102), None)
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return None
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two colors, 1 to 21.

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".

    >>> round(contrast((0, 0, 0), WHITE))
    21
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(part) for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(color: Color, other: Color, share: float) -> Color:
    """`color` with this share of the other one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(color, other, strict=True))
    return red, green, blue


def readable_on(surface: Color, color: Color, toward: Color) -> Color:
    """The first shade from `color` toward another one that can be read on the surface."""
    shades = (mixed(color, toward, step / 50) for step in count() if step <= 50)
    return next((shade for shade in shades if contrast(shade, surface) >= READABLE), toward)


def light_shades(accent: Color) -> Shades:
    """The shades on light pages; white is readable on an accent that was validated."""
    soft = mixed(accent, WHITE, 0.92)
    link = readable_on(LIGHT_SURFACE, accent, (0, 0, 0))
    return Shades(
        primary=as_hex(accent),
        hover=as_hex(mixed(accent, (0, 0, 0), 0.2)),
        on_primary="#ffffff",
        soft=as_hex(soft),
        soft_ink=as_hex(readable_on(soft, mixed(accent, (0, 0, 0), 0.2), (0, 0, 0))),
        link=as_hex(link),
        link_hover=as_hex(mixed(link, (0, 0, 0), 0.3)),
    )


def dark_shades(accent: Color) -> Shades:
    """The shades on dark pages: the accent, as much lighter as it takes."""
    primary = readable_on(DARK_SURFACE, mixed(accent, WHITE, 0.3), WHITE)
    soft = mixed(DARK_SURFACE, accent, 0.25)
    return Shades(
        primary=as_hex(primary),
        hover=as_hex(mixed(primary, WHITE, 0.25)),
        on_primary=as_hex(DARK_INK),
        soft=as_hex(soft),
        soft_ink=as_hex(readable_on(soft, mixed(primary, WHITE, 0.4), WHITE)),
        link=as_hex(mixed(primary, WHITE, 0.15)),
        link_hover=as_hex(mixed(primary, WHITE, 0.45)),
    )


def as_hex(color: Color) -> str:
    """The color as style sheets write it."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def style_sheet(accent: str) -> str:
    """The custom properties of a distributor's pages; empty where the accent is none.

    Nothing of the stored text gets in but the six digits it was read as.
    """
    color = parse_color(accent)
    if color is None:
        return ""
    light, dark = _rules(light_shades(color)), _rules(dark_shades(color))
    return (
        f":root {{ {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{ {dark} }} }}\n"
        f".brand__tile {{ fill: {as_hex(color)}; }}\n"
    )


def _rules(shades: Shades) -> str:
    names = {
        "primary": shades.primary,
        "primary-hover": shades.hover,
        "on-primary": shades.on_primary,
        "primary-soft": shades.soft,
        "primary-soft-ink": shades.soft_ink,
        "link": shades.link,
        "link-hover": shades.link_hover,
    }
    return " ".join(f"--{name}: {value};" for name, value in names.items())
