"""What the town knows of a meter and of who stands behind it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Home:
    """A household. Powers in W, temperatures coefficients in W per °C."""

    occupants: int
    base_w: float
    activity_w: float  # mean over the day; the day's shape goes up to about 2.2 times it
    at_home: float  # 0: out at work on workdays, 1: someone is always there
    shift_hours: float  # how much later than the town's average this home lives
    heat_w: float
    cool_w: float
    car_w: float  # 0 without an electric car
    solar_w: float  # rated power of the roof, 0 without
    noise: float  # spread of a slot round the shape


@dataclass(frozen=True)
class Site:
    """One meter of an organization. `peak_kw` is the top of the mild working day."""

    profile: str  # a key of `sites.PROFILES`
    peak_kw: float
    heat_kw: float  # per °C below 15
    cool_kw: float  # per °C above 18
    noise: float


@dataclass(frozen=True)
class Meter:
    """One meter of the town. Whoever has a contract takes part in events."""

    name: str
    number: int  # its coordinate for random draws
    kind: str
    label: str
    lat: float
    lon: float
    feeder: str
    interval_minutes: int
    owner_kind: str  # resident, organization or none
    owner_name: str
    load: Home | Site
    response: float  # share of its load it gives up in an event
    rebound: float  # share of the energy saved that comes back in the hour after
    contracted_kw: float | None = None

    @property
    def exports(self) -> bool:
        return isinstance(self.load, Home) and self.load.solar_w > 0.0
