"""Programs and the versions of their terms: drafted, published, opened and closed."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.errors import BadTerms, NoTerms, UnknownProgram
from events.models import Program, ProgramVersion
from events.rules import rule_of
from events.services.control_group import check_control
from events.term_notices import tell_of_terms
from events.terms import Terms
from events.version_hash import version_sha256
from organizations.models import Distributor


@transaction.atomic
def create_program(
    *, distributor: Distributor, name: str, terms: Terms, by: User | None = None
) -> tuple[ProgramVersion, bool]:
    """The version that holds these terms, and whether it was made now; the program too if it is missing.

    Raises:
        UnknownRule: The terms name no known rule.
    """
    program, _is_new = Program.objects.get_or_create(distributor=distributor, name=name)
    return publish_version(program=program, terms=terms, by=by)


@transaction.atomic
def start_program(*, program: Program, terms: Terms, by: User | None = None) -> ProgramVersion:
    """The draft of a new program, which is stored with it; it is closed until its terms are published.

    Raises:
        UnknownRule: The terms name no known rule.
    """
    program.is_open = False
    with deed("program.created", by=by):
        program.save(force_insert=True)
        return save_draft(program=program, terms=terms, by=by)


@transaction.atomic
def publish_version(*, program: Program, terms: Terms, by: User | None = None) -> tuple[ProgramVersion, bool]:
    """The version in force afterwards, and whether it is new: the same terms again make none.

    A draft stays one, and comes after it.

    Raises:
        UnknownRule: The terms name no known rule.
    """
    sha256 = rule_of(program.distributor, terms.preset).sha256
    locked = _locked(program)
    newest = _newest(locked)
    if newest is not None and _holds(newest, terms, sha256):
        return newest, False
    number = 1 if newest is None else newest.number + 1
    with deed("terms.published", by=by):
        for draft in locked.versions.filter(published_at=None):
            draft.number = number + 1
            draft.save(update_fields=["number"])
        return _publish(ProgramVersion(program=locked, number=number, created_by=by), terms, by), True


@transaction.atomic
def save_draft(*, program: Program, terms: Terms, by: User | None = None) -> ProgramVersion:
    """The program's one draft, with these terms.

    Raises:
        UnknownRule: The terms name no known rule.
    """
    locked = _locked(program)
    newest = _newest(locked)
    draft = locked.versions.filter(published_at=None).first()
    if draft is None:
        number = 1 if newest is None else newest.number + 1
        draft = ProgramVersion(program=locked, number=number, published_at=None)
    _write(draft, terms)
    draft.created_by, draft.created_at = by, timezone.now()
    with deed("terms.drafted", by=by):
        draft.save()
    return draft


@transaction.atomic
def discard_draft(*, program: Program, by: User | None = None) -> bool:
    """Whether there was a draft; it is gone."""
    draft = _locked(program).versions.filter(published_at=None).first()
    if draft is None:
        return False
    with deed("terms.discarded", by=by):
        draft.delete()
    return True


@transaction.atomic
def publish_draft(*, program: Program, by: User | None = None, seen: str | None = None) -> ProgramVersion:
    """The draft, published: frozen from now on, and everybody enrolled is told.

    Args:
        seen: The hash of the draft that the person looked at; None publishes whatever it says.

    Raises:
        NoTerms: There is no draft.
        BadTerms: It says the same as the terms in force, something else than what was looked at, or wants a control
            group that cannot be.
        UnknownRule: Its rule is gone.
    """
    locked = _locked(program)
    draft = locked.versions.filter(published_at=None).first()
    if draft is None:
        raise NoTerms(_("There is no draft to publish."))
    if seen is not None and seen != version_sha256(draft):
        raise BadTerms(_("The draft was changed meanwhile. Look at it again before you publish it."))
    terms, newest = Terms.of(draft), _newest(locked)
    if newest is not None and _holds(newest, terms, rule_of(locked.distributor, terms.preset).sha256):
        raise BadTerms(_("The draft says the same as the terms in force."))
    with deed("terms.published", by=by):
        return _publish(draft, terms, by)


@transaction.atomic
def open_program(*, program: Program, is_open: bool, by: User | None = None) -> Program:
    """The program, open or closed: a closed one asks nobody and takes nobody in; enrollments stay.

    Raises:
        NoTerms: It shall open and has no published terms.
    """
    locked = _locked(program)
    if is_open and _newest(locked) is None:
        raise NoTerms(_("%(program)s has no terms yet; publish them first.") % {"program": locked.name})
    if locked.is_open != is_open:
        locked.is_open = is_open
        with deed("program.opened" if is_open else "program.closed", by=by):
            locked.save(update_fields=["is_open"])
    return locked


def _locked(program: Program) -> Program:
    return Program.objects.select_for_update().select_related(None).get(pk=program.pk)


def _newest(program: Program) -> ProgramVersion | None:
    return program.versions.published().order_by("-number").first()


def _write(version: ProgramVersion, terms: Terms) -> None:
    """Puts the terms and the rule as it stands now into a row."""
    for name, value in terms.columns().items():
        setattr(version, name, value)
    rule = rule_of(version.program.distributor, terms.preset)
    version.rule, version.rule_sha256 = rule.data, rule.sha256


def _publish(version: ProgramVersion, terms: Terms, by: User | None) -> ProgramVersion:
    check_control(version.program, terms)
    _write(version, terms)
    version.published_at, version.published_by = timezone.now(), by
    version.sha256 = version_sha256(version)
    version.save()
    if version.number > 1:
        tell_of_terms(version=version)
    return version


def _holds(version: ProgramVersion, terms: Terms, sha256: str) -> bool:
    same = all(getattr(version, name) == value for name, value in terms.columns().items())
    return same and version.rule_sha256 == sha256


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
