"""Jobs of OpenADR."""

from celery import shared_task

from openadr.services import deliveries, held, newcomers, sources, sweeping, telemetry
from openadr.services.enrolling import announce_expired
from openadr.upstream import polling
from openadr.upstream.events import sweep_events
from openadr.vtn20b.nonces import sweep_nonces


@shared_task
def report_unreachable() -> None:
    """Reports the VENs that did not acknowledge in time, tells who came while an event was announced, and announces
    again what a crash kept from the VTN; beat calls it twice a minute."""
    deliveries.mark_unreachable()
    newcomers.tell_newcomers()
    deliveries.announce_missed()


@shared_task
def sweep_upstreams() -> None:
    """A job for each VTN above that is due; beat calls it every few seconds. A job too many finds nothing to do."""
    for pk in polling.due():
        poll_upstream.apply_async((pk,), expires=30)


# A name server that does not answer has no time limit of its own.
@shared_task(soft_time_limit=100, time_limit=120)
def poll_upstream(pk: int) -> None:
    """Polls one VTN above, unless another worker does."""
    polling.poll(pk)


@shared_task
def sweep_identities() -> None:
    """Has the VTN forget certificates that ran out, passes on the readings of devices that are gone, and removes nonces
    that cannot come back; each minute."""
    announce_expired()
    sources.pass_on_sources()
    sweep_nonces()


@shared_task
def sweep_telemetry() -> None:
    """Removes samples of power and parts of intervals that are older than three days; beat calls it each hour."""
    held.store_held()  # first, lest something is removed that nobody has looked at
    telemetry.sweep_telemetry()


@shared_task
def store_held_energies() -> None:
    """Stores energies that were reported before their end, once it has come; beat calls it every few seconds."""
    held.store_held()


@shared_task
def sweep_messages() -> None:
    """Removes what is kept for a while only; beat calls it each hour."""
    sweeping.sweep_messages()
    sweep_events()
