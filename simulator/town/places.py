"""The map of Larkfield: feeders, streets, organizations, and names to give people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feeder:
    """The middle of what one feeder supplies."""

    lat: float
    lon: float


@dataclass(frozen=True)
class Street:
    """A street of homes; `north` and `east` in degrees from its feeder's middle, `slope` north per east."""

    name: str
    feeder: str
    north: float
    east: float
    slope: float


@dataclass(frozen=True)
class Place:
    """One meter of an organization, and how it behaves. Powers in kW, coefficients in kW per °C."""

    organization: str
    part: str
    kind: str
    feeder: str
    north: float
    east: float
    profile: str
    peak_kw: float
    heat_kw: float
    cool_kw: float
    noise: float
    response: float
    rebound: float


FEEDERS = {
    "Mill Road": Feeder(42.6205, -74.1840),
    "Riverside": Feeder(42.6185, -74.1585),
    "Orchard Hill": Feeder(42.6030, -74.1860),
    "Station": Feeder(42.6015, -74.1570),
}

STREETS = (
    Street("Alder Street", "Mill Road", 0.0021, 0.0012, 0.15),
    Street("Ferry Lane", "Riverside", 0.0026, -0.0018, -0.55),
    Street("Pippin Way", "Orchard Hill", 0.0010, 0.0015, 0.35),
    Street("Signal Street", "Station", 0.0024, 0.0004, 0.05),
    Street("Miller Close", "Mill Road", -0.0019, -0.0020, 0.15),
    Street("Willow Bank", "Riverside", -0.0012, 0.0008, -0.55),
    Street("Russet Road", "Orchard Hill", -0.0028, -0.0009, 0.35),
    Street("Depot Avenue", "Station", -0.0017, -0.0012, 0.05),
    Street("Larch Street", "Mill Road", 0.0001, 0.0038, 0.15),
    Street("Quince Terrace", "Orchard Hill", 0.0037, -0.0031, 0.35),
)

_HIGH = "Larkfield High School"
_PRIMARY = "Orchard Hill Elementary School"
_WATER = "Larkfield Water Works"
_MARKET = "Fenn's Market"
_WORKSHOP = "Hale & Daughters Joinery"
_HALL = "Larkfield Town Hall"

PLACES = (
    Place(
        _HIGH,
        "main building",
        "school",
        "Mill Road",
        0.0046,
        -0.0040,
        "school",
        190,
        1.6,
        5.0,
        0.07,
        0.24,
        0.32,
    ),
    Place(_HIGH, "gymnasium", "school", "Mill Road", 0.0051, -0.0029, "gym", 62, 1.1, 1.6, 0.09, 0.22, 0.38),
    Place(_HIGH, "workshops", "school", "Mill Road", 0.0040, -0.0027, "school", 48, 0.5, 0.6, 0.09, 0.30, 0.30),
    Place(
        _PRIMARY,
        "main building",
        "school",
        "Orchard Hill",
        0.0009,
        0.0049,
        "school",
        96,
        1.0,
        2.4,
        0.07,
        0.26,
        0.34,
    ),
    Place(
        _PRIMARY,
        "kitchen",
        "school",
        "Orchard Hill",
        0.0003,
        0.0056,
        "school",
        38,
        0.2,
        0.5,
        0.10,
        0.20,
        0.30,
    ),
    Place(
        _WATER,
        "treatment plant",
        "water utility",
        "Riverside",
        -0.0042,
        0.0060,
        "plant",
        420,
        0.8,
        0.6,
        0.05,
        0.18,
        0.55,
    ),
    Place(
        _WATER,
        "river pumps",
        "water utility",
        "Riverside",
        -0.0030,
        0.0074,
        "pumps",
        310,
        0,
        0,
        0.08,
        0.29,
        0.60,
    ),
    Place(
        _WATER,
        "north well",
        "water utility",
        "Mill Road",
        0.0075,
        0.0050,
        "pumps",
        130,
        0,
        0,
        0.09,
        0.27,
        0.58,
    ),
    Place(
        _WATER,
        "hill booster",
        "water utility",
        "Orchard Hill",
        -0.0055,
        -0.0050,
        "pumps",
        85,
        0,
        0,
        0.09,
        0.25,
        0.55,
    ),
    Place(_MARKET, "cooling", "commercial", "Station", 0.0009, 0.0045, "cooling", 74, 0, 1.3, 0.05, 0.14, 0.60),
    Place(
        _MARKET,
        "sales floor",
        "commercial",
        "Station",
        0.0011,
        0.0050,
        "shop",
        66,
        0.7,
        1.5,
        0.06,
        0.18,
        0.34,
    ),
    Place(
        _WORKSHOP,
        "machine hall",
        "commercial",
        "Station",
        -0.0046,
        0.0030,
        "workshop",
        118,
        0.6,
        0.4,
        0.11,
        0.30,
        0.45,
    ),
    Place(
        _WORKSHOP,
        "drying kiln",
        "commercial",
        "Station",
        -0.0050,
        0.0038,
        "cooling",
        52,
        0.4,
        0,
        0.08,
        0.28,
        0.60,
    ),
    Place(_HALL, "offices", "commercial", "Station", 0.0031, -0.0040, "office", 58, 0.8, 1.4, 0.06, 0.02, 0.30),
)

FIRST_NAMES = """
Ada Amir Anneke Beatriz Callum Chidi Daniel Elena Farah Gregor Hana Imani Jonas Keiko Leo Mairead Nadia Oscar
Priya Quentin Rosa Samuel Tomasz Ursula Victor Wren Yusuf Zoe
"""

LAST_NAMES = """
Abara Brandt Castellano Delgado Ekholm Farrow Gallagher Haddad Ivers Jansen Kowalski Lindqvist Marsh Nakamura
Okafor Petrov Quill Rahman Sandoval Thorne Umarov Vance Whitlock Yardley
"""
