import pytest
from django.contrib.staticfiles import finders


def test_healthz_answers_without_a_database(client):
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
def test_readyz_looks_at_the_database(client):
    assert client.get("/readyz").json() == {"database": "ok"}


def test_bokeh_comes_from_the_installed_package_alone():
    assert finders.find("bokeh/bokeh.min.js").endswith("bokeh.min.js")
    assert not finders.find("bokeh/bokeh.js")
    assert not finders.find("bokeh/../secret")
