"""What a distributor looks like, and the link of an invitation."""

from django.urls import path

from organizations import views

urlpatterns = [
    path("brand/<int:pk>/logo", views.logo, name="brand_logo"),
    path("brand/<int:pk>/colors.css", views.colors, name="brand_colors"),
    path("accounts/waiting/withdraw", views.withdraw, name="accounts_withdraw"),
    path("invite/<str:token>", views.invitation, name="invitation"),
]
