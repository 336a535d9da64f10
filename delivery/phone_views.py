"""The own phone number: given, confirmed by a code, taken away."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from delivery import phones
from delivery.models import Phone
from delivery.sms import is_on
from delivery.sms.outgoing import put_code


class NumberForm(forms.Form):
    """The number to which text messages shall go."""

    number = forms.CharField(
        label=gettext_lazy("Phone number"),
        max_length=30,
        help_text=gettext_lazy("With + and the country’s code, such as +1 555 555 0123."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )


class CodeForm(forms.Form):
    """The code that was sent."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """How the number stands; a POST asks for a code to a new one."""
    assert isinstance(request.user, User)
    form = NumberForm(request.POST or None)
    if request.method == "POST" and is_on() and form.is_valid() and _ask(request.user, form):
        return redirect("account_phone")
    return _page(request, request.user, number_form=form)


def _ask(user: User, form: NumberForm) -> bool:
    try:
        with transaction.atomic():
            number, code = phones.ask_code(user=user, number=form.cleaned_data["number"])
            text = _("%(code)s is your code for the Demand Response Portal. It is valid for 10 minutes.")
            put_code(user_id=user.pk, tenant_id=user.tenant_id, number=number, text=text % {"code": code})
    except phones.PhoneRefused as refusal:
        form.add_error("number", str(refusal))
        return False
    return True


@require_POST
def phone_code(request: HttpRequest) -> HttpResponse:
    """Takes the code; the number is the person's from then on."""
    assert isinstance(request.user, User)
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            phones.confirm(user=request.user, code=form.cleaned_data["code"])
        except phones.PhoneRefused as refusal:
            form.add_error("code", str(refusal))
        else:
            messages.success(request, _("Your number is confirmed. Choose below what we may text you."))
            return redirect("notifications")
    return _page(request, request.user, code_form=form)


@require_POST
def phone_remove(request: HttpRequest) -> HttpResponse:
    """Forgets the number."""
    assert isinstance(request.user, User)
    phones.forget(user=request.user)
    messages.success(request, _("Your number is forgotten. You get no text messages."))
    return redirect("account_phone")


def _page(
    request: HttpRequest, user: User, number_form: forms.Form | None = None, code_form: forms.Form | None = None
) -> HttpResponse:
    known = Phone.objects.filter(user=user).first()
    context = {
        "is_on": is_on(),
        "number": known.number if known is not None else "",
        "asked": phones.asked_number_of(user),
        "number_form": number_form or NumberForm(),
        "code_form": code_form or CodeForm(),
    }
    return render(request, "delivery/phone.html", context)
