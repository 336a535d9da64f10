"""What an event asks: groups, feeders, organizations and meters as ids, and areas of the map. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, isfinite, radians, sin, sqrt
from typing import Any

from django.utils.translation import gettext as _

from events.errors import BadArea

Point = tuple[float, float]
EARTH_M = 6_371_008.8
LARGEST_RADIUS_M = 500_000
MOST_CORNERS = 200
FEWEST_CORNERS = 3
NAME_LENGTH = 60


@dataclass(frozen=True)
class Area:
    """A part of the map: a circle around a point, or a polygon. Coordinates are (lat, lon) in degrees (WGS 84).

    Args:
        name: What people call it.
        center, radius_m: Of a circle.
        points: Corners of a polygon, at least three; the last is joined to the first.

    Raises:
        BadArea: It is neither, lies off the map, or is too large.
    """

    name: str
    center: Point | None = None
    radius_m: float = 0
    points: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        if len(self.name) > NAME_LENGTH:
            raise BadArea(_("The name of an area has at most %(most)d characters.") % {"most": NAME_LENGTH})
        if (self.center is None) is not bool(self.points):
            raise BadArea(_("An area is a circle or a polygon."))
        if self.center is not None and not (isfinite(self.radius_m) and 0 < self.radius_m <= LARGEST_RADIUS_M):
            raise BadArea(_("The radius of a circle is more than 0 and at most 500 kilometres."))
        if self.points and not FEWEST_CORNERS <= len(set(self.points)) <= len(self.points) <= MOST_CORNERS:
            words = _("An area has at least three corners that differ, and at most %(most)d.")
            raise BadArea(words % {"most": MOST_CORNERS})
        for point in self.points or (self.center,):
            _check_point(point)

    def __contains__(self, point: object) -> bool:
        """Whether a (lat, lon) lies in it.

        >>> (0.0, 0.5) in Area("a", center=(0.0, 0.0), radius_m=60_000)
        True
        >>> (2.0, 0.5) in Area("b", points=((0.0, 0.0), (0.0, 1.0), (1.0, 1.0)))
        False
        """
        assert isinstance(point, tuple)
        if self.center is not None:
            return distance_m(self.center, point) <= self.radius_m
        return _in_polygon(self.points, point)

    def data(self) -> dict[str, Any]:
        """The area as `EventTarget.area` stores it."""
        if self.center is not None:
            shape: dict[str, Any] = {"kind": "circle", "center": list(self.center), "radius_m": self.radius_m}
        else:
            shape = {"kind": "polygon", "points": [list(point) for point in self.points]}
        return {"name": self.name, **shape}

    @property
    def value(self) -> str:
        """The area as addresses and forms write it: "circle:40.7,-74.0,500:Old town"."""
        if self.center is not None:
            return f"circle:{_text(self.center)},{self.radius_m:g}:{self.name}"
        return f"polygon:{';'.join(map(_text, self.points))}:{self.name}"


@dataclass(frozen=True)
class Targets:
    """Groups, feeders, organizations, single meters and areas that are asked; none at all: everybody enrolled."""

    groups: frozenset[int] = frozenset()
    feeders: frozenset[int] = frozenset()
    organizations: frozenset[int] = frozenset()
    meters: frozenset[int] = frozenset()
    areas: tuple[Area, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.feeders or self.organizations or self.meters or self.areas)


EVERYBODY = Targets()


def area_of(data: Mapping[str, Any]) -> Area:
    """The area that `EventTarget.area` stores.

    Raises:
        BadArea: It stores none.
    """
    try:
        name = str(data.get("name", ""))
        if data.get("kind") == "circle":
            return Area(name, center=_point(data["center"]), radius_m=float(data["radius_m"]))
        return Area(name, points=tuple(_point(point) for point in data["points"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadArea(_("An area is a circle or a polygon.")) from error


def read_area(value: str) -> Area:
    """The area behind its text: "circle:lat,lon,metres:name" or "polygon:lat,lon;lat,lon;lat,lon:name".

    Raises:
        BadArea: The text is none.

    >>> read_area("circle:40.7,-74,500:Old town").center
    (40.7, -74.0)
    """
    kind, _colon, rest = value.partition(":")
    numbers, _colon, name = rest.partition(":")
    try:
        rows = [[float(number) for number in part.split(",")] for part in numbers.split(";")]
    except ValueError as error:
        raise BadArea(_("Write coordinates as numbers, like 40.7128, -74.0060.")) from error
    if kind == "circle" and len(rows) == 1 and len(rows[0]) == 3:
        return Area(name.strip(), center=(rows[0][0], rows[0][1]), radius_m=rows[0][2])
    if kind == "polygon" and all(len(row) == 2 for row in rows):
        return Area(name.strip(), points=tuple((row[0], row[1]) for row in rows))
    raise BadArea(_("An area is a circle or a polygon."))


def distance_m(one: Point, other: Point) -> float:
    """The great-circle distance of two (lat, lon), in metres; haversine on the mean Earth.

    >>> round(distance_m((36.12, -86.67), (33.94, -118.40)) / 1000)
    2886
    """
    lat, other_lat = radians(one[0]), radians(other[0])
    dlat, dlon = other_lat - lat, radians(other[1] - one[1])
    chord = sin(dlat / 2) ** 2 + cos(lat) * cos(other_lat) * sin(dlon / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, chord)))


def _in_polygon(corners: Sequence[Point], point: Point) -> bool:
    """Longitudes go on across 180° from corner to corner, and the point is looked for on every turn of the globe."""
    lons = [corners[0][1]]
    for _lat, lon in corners[1:]:
        lons.append(lons[-1] + _turned(lon - lons[-1]))
    shape = [(lat, lon) for (lat, _lon), lon in zip(corners, lons, strict=True)]
    return any(_crosses(shape, point[0], point[1] + turn) for turn in (-360, 0, 360))


def _crosses(corners: Sequence[Point], lat: float, lon: float) -> bool:
    """Whether a ray to the east crosses the sides an odd number of times."""
    inside = False
    for (lat1, lon1), (lat2, lon2) in pairwise([*corners, corners[0]]):
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) * (lon2 - lon1) / (lat2 - lat1):
            inside = not inside
    return inside


def _turned(degrees: float) -> float:
    return (degrees + 180) % 360 - 180


def _text(point: Point) -> str:
    return ",".join(repr(round(degrees, 6)) for degrees in point)


def _point(pair: Sequence[Any]) -> Point:
    lat, lon = pair
    return float(lat), float(lon)


def _check_point(point: Point | None) -> None:
    lat, lon = point or (float("nan"), 0.0)
    if not (isfinite(lat) and isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise BadArea(_("A latitude lies between −90 and 90 degrees, a longitude between −180 and 180."))
