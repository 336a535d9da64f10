"""The world of the access matrix: both distributors with a full life, and a browser for each role."""

import re

from tests.access.world.build import AccessWorld, build
from tests.access.world.life import Life
from tests.access.world.visitors import Visitor
from tests.builder import PASSWORD

PUBLIC_NAMES = re.compile(r"\b(?:Hither|Thither)(?: Schools| Water| Library)?(?=[<)]| \()")
# Whose words must not reach whom; "nobody" has no distributor, a platform operator sees all.
FOREIGN = {
    "here": re.compile("[Tt]hither"),
    "there": re.compile("(?<![Tt])[Hh]ither"),
    "nobody": re.compile("[Hh]ither"),
}

__all__ = ["FOREIGN", "PASSWORD", "PUBLIC_NAMES", "AccessWorld", "Life", "Visitor", "build"]
