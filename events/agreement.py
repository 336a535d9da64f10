"""Who agreed to which terms, and whose agreement still holds.

An enrollment that somebody asked for in the portal (`applied_at`) takes part in events only under terms that were
agreed to, or under such as differ from those in nothing that matters to participants. One that the distributor
entered (a list, the command, the administration) stands for a contract on paper: it takes part under any terms, is
told of new ones, and may leave.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from events.models import Consent, Enrollment, ProgramVersion
from events.term_fields import NAMES, NOT_MATERIAL
from events.version_hash import version_sha256


def terms_hash(version: ProgramVersion) -> str:
    """The hash that somebody agrees to; versions from before there was one have it computed."""
    return version.sha256 or version_sha256(version)


def versions_alike(version: ProgramVersion) -> list[int]:
    """Ids of the program's published versions that say the same to participants, this one among them. One query."""
    key = _material(version)
    published = ProgramVersion.objects.filter(program=version.program_id, published_at__isnull=False)
    return sorted({version.pk, *(each.pk for each in published if _material(each) == key)})


def _material(version: ProgramVersion) -> tuple[Any, ...]:
    terms = (getattr(version, name) for name in NAMES if name not in NOT_MATERIAL)
    return (*((tuple(value) if isinstance(value, list) else value) for value in terms), version.rule_sha256)


def agreed_meters(alike: Iterable[int], program_id: int) -> Q:
    """For meters joined to their enrollments of a program: on paper, or agreed to one of these versions."""
    return Q(enrollments__applied_at__isnull=True) | Q(_agreement_to(alike, program_id))


def unagreed_meters(alike: Iterable[int], program_id: int) -> Q:
    """The others of `agreed_meters`: joined in the portal, and agreed to none of these versions."""
    return Q(enrollments__applied_at__isnull=False) & ~Q(_agreement_to(alike, program_id))


def _agreement_to(alike: Iterable[int], program_id: int) -> Exists:
    consents = Consent.objects.filter(
        enrollment__program=program_id,
        enrollment__meter=OuterRef("pk"),
        version__in=list(alike),
        given_at__gte=F("enrollment__applied_at"),
    )
    return Exists(consents)


def unagreed(enrollments: Iterable[Enrollment], version: ProgramVersion) -> set[int]:
    """Ids of the enrollments of a program whose holders have not agreed to this version or one like it. Two queries."""
    asked = {row.pk: row.applied_at for row in enrollments if row.applied_at is not None and row.ended_at is None}
    if not asked:
        return set()
    consents = Consent.objects.filter(enrollment__in=list(asked), version__in=versions_alike(version))
    given = {
        pk for pk, at in consents.values_list("enrollment_id", "given_at") if (applied := asked[pk]) and at >= applied
    }
    return set(asked) - given
