"""Pages of the own account, besides allauth's."""

from django.urls import path

from accounts import views
from accounts.mfa import views as mfa_views
from accounts.sessions import views as session_views

urlpatterns = [
    # In the place of allauth's, which come after these.
    path("accounts/2fa/", mfa_views.overview, name="mfa_index"),
    path("accounts/2fa/totp/activate/", mfa_views.activate_app, name="mfa_activate_totp"),
    path("accounts/2fa/webauthn/add/", mfa_views.add_passkey, name="mfa_add_webauthn"),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", mfa_views.remove_passkey, name="mfa_remove_webauthn"),
    path("accounts/sessions/", session_views.sessions, name="usersessions_list"),
    path("accounts/waiting", views.waiting, name="accounts_waiting"),
    path("accounts/waiting/stop", views.stop_waiting, name="accounts_stop_waiting"),
    path("language", views.set_language, name="set_language"),
    path("account", views.account, name="account"),
    path("account/profile", views.profile, name="account_profile"),
    path("account/tokens", views.tokens, name="account_tokens"),
    path("account/tokens/new", views.new_token, name="account_token_new"),
    path("account/tokens/<int:pk>/revoke", views.revoke, name="account_token_revoke"),
    path("account/data", views.data, name="account_data"),
    path("account/data/link", views.data_again, name="account_data_again"),
    path("account/data/<str:token>", views.data_file, name="account_data_file"),
    path("account/close", views.close, name="account_close"),
]
