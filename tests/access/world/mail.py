"""What a side is told, and the links that leave the portal."""

from django.utils import timezone

from accounts.services import issue_token
from delivery.choices import stop_url
from delivery.mail import KIND
from delivery.models import Notice, Topic
from delivery.services import enqueue
from events.answers import answer_url
from events.feeds import make_feed
from events.models import Participation
from events.services.opt_schedules import add_opt_schedule
from meters.services import issue_claim_codes
from tests.access.world.life import Life
from tests.builder import make_meter


def tell(life: Life, name: str) -> None:
    """Mail, a notice, a token, and the links that leave the portal."""
    side = life.side
    mail = enqueue(
        kind=KIND,
        recipient=f"{name.lower()}@example.com",
        payload={"subject": f"{name} subject", "text": f"{name} text"},
        tenant_id=side.distributor.pk,
    )
    Notice.objects.filter(user__tenant=side.distributor.pk).update(read_at=timezone.now())
    notice = Notice.objects.create(user=side.resident, topic=Topic.EVENTS, title=f"{name} notice", url="/rewards")
    own_token, _key = issue_token(user=side.resident, name=f"{name} own", scopes=["meters:read"])
    empty = make_meter(side.distributor, f"{name}-empty")
    life.claim = (empty.number, issue_claim_codes(meters=[empty])[0].code)
    life.rows["delivery/message"] = mail.pk
    life.objects |= {
        "notice": notice.pk,
        "invitation": f"{name}-link",
        "own token": own_token.pk,
        "stop": stop_url(user=side.resident, topic=Topic.EVENTS).rsplit("/", 1)[1],
        "answer": _answer_link(life),
        "calendar": make_feed(user=side.resident),
        "wish": add_opt_schedule(meter=side.home, holder=side.resident, weekdays="6").pk,
    }


def _answer_link(life: Life) -> str:
    row = Participation.objects.get(event=life.objects["coming"], meter=life.side.home)
    link = answer_url(participation_id=row.pk, user_id=life.side.resident.pk, tenant_id=None)
    return link.rsplit("/", 1)[1]
