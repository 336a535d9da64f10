"""The watch of the other tests notices what it is there for."""

import pytest
from playwright.sync_api import Error


@pytest.mark.parametrize(
    ("deed", "word"),
    [
        ("() => console.error('so wrong')", "so wrong"),
        ("() => { setTimeout(() => { throw new Error('not caught'); }) }", "not caught"),
        ("() => { document.body.setAttribute('style', 'color: red') }", "Content Security Policy"),
        ("() => { location.href = 'http://127.0.0.2:9/' }", "asks another host"),
    ],
    ids=["console", "uncaught", "policy", "another host"],
)
def test_fault_in_a_page_is_noticed(visitor, deed, word):
    visitor.open("/privacy")
    visitor.page.evaluate(deed)
    visitor.page.wait_for_timeout(200)
    assert any(word in fault for fault in visitor.faults)
    visitor.faults.clear()


def test_audit_notices_a_picture_without_words_and_a_page_that_is_too_wide(visitor):
    visitor.open("/privacy")
    visitor.page.evaluate(
        """() => { const img = document.createElement("img"); img.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
        img.style.minWidth = "500px"; img.style.height = "20px"; document.querySelector("main").append(img); }"""
    )
    words = visitor.audit()
    assert "image-alt" in words
    assert "320 dark: scrolls sideways" in words


def test_page_that_is_refused_is_noticed(visitor):
    with pytest.raises((AssertionError, Error)):
        visitor.open("/nowhere")
    visitor.faults.clear()
