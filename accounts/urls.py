"""Pages of the own account, besides allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/waiting", views.waiting, name="accounts_waiting"),
    path("accounts/waiting/stop", views.stop_waiting, name="accounts_stop_waiting"),
    path("account", views.account, name="account"),
]
