"""Programs and the versions of their terms."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from events.errors import BadTerms, UnknownProgram
from events.holiday_calendar import check_calendar
from events.models import Program, ProgramVersion
from events.rules import rule_sha256
from organizations.models import Distributor

PRICE_PLACES = 4
HIGHEST_PRICE = Decimal(10**8)


@dataclass(frozen=True)
class Terms:
    """Rule and prices of a version.

    Args:
        preset: name of a baseline rule.
        rate_per_kw, wholesale_cost_per_kw: in the distributor's currency, at most four decimals.
        holiday_calendar: country code, or one with a part of the country; empty for none.
        holidays: further local days that count as no business day.
    """

    preset: str
    rate_per_kw: Decimal
    wholesale_cost_per_kw: Decimal = Decimal(0)
    holiday_calendar: str = ""
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        check_calendar(self.holiday_calendar)
        wrong = {
            _("The rate must be an amount of 0 or more with at most four decimals."): self.rate_per_kw,
            _("The wholesale cost must be an amount of 0 or more with at most four decimals."): (
                self.wholesale_cost_per_kw
            ),
        }
        for sentence, price in wrong.items():
            if not price.is_finite() or not 0 <= price < HIGHEST_PRICE or round(price, PRICE_PLACES) != price:
                raise BadTerms(sentence)

    @property
    def holiday_texts(self) -> list[str]:
        """The further holidays as stored: ISO texts, sorted, each once."""
        return sorted(day.isoformat() for day in set(self.holidays))


@transaction.atomic
def create_program(*, distributor: Distributor, name: str, terms: Terms) -> tuple[ProgramVersion, bool]:
    """The version that holds these terms, and whether it was made now; the program too if it is missing.

    Raises:
        UnknownRule: The terms name no known rule.
    """
    program, _ = Program.objects.get_or_create(distributor=distributor, name=name)
    return publish_version(program=program, terms=terms)


@transaction.atomic
def publish_version(*, program: Program, terms: Terms) -> tuple[ProgramVersion, bool]:
    """The version in force afterwards, and whether it is new: the same terms again make none.

    Raises:
        UnknownRule: The terms name no known rule.
    """
    sha256 = rule_sha256(terms.preset)
    locked = Program.objects.select_for_update().get(pk=program.pk)
    newest = locked.versions.order_by("-number").first()
    if newest is not None and _holds(newest, terms, sha256):
        return newest, False
    version = ProgramVersion.objects.create(
        program=locked,
        number=1 if newest is None else newest.number + 1,
        preset=terms.preset,
        rule_sha256=sha256,
        rate_per_kw=terms.rate_per_kw,
        wholesale_cost_per_kw=terms.wholesale_cost_per_kw,
        holiday_calendar=terms.holiday_calendar,
        holidays=terms.holiday_texts,
    )
    return version, True


def _holds(version: ProgramVersion, terms: Terms, sha256: str) -> bool:
    return (
        version.preset == terms.preset
        and version.rule_sha256 == sha256
        and version.rate_per_kw == terms.rate_per_kw
        and version.wholesale_cost_per_kw == terms.wholesale_cost_per_kw
        and version.holiday_calendar == terms.holiday_calendar
        and version.holidays == terms.holiday_texts
    )


def program_named(*, distributor: Distributor, name: str) -> Program:
    """The distributor's program of this name.

    Raises:
        UnknownProgram: listing the names there are.
    """
    found = Program.objects.filter(distributor=distributor, name=name).first()
    if found is not None:
        return found
    names = list(Program.objects.filter(distributor=distributor).values_list("name", flat=True)[:20])
    known = f"There are: {', '.join(names)}." if names else "There is none yet; make one with create_program."
    raise UnknownProgram(f"There is no program “{name[:80]}”. {known}")
