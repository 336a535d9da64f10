"""What the tests of residents' pages share."""

from django.urls import reverse

from events.models import Participation


def text_of(response) -> str:
    return response.content.decode()


def get(client, name, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return text_of(response)


def state_of(event, meter) -> str:
    return Participation.objects.get(event=event, meter=meter).state
