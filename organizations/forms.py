"""Sign-up."""
from allauth.account.forms import SignupForm
