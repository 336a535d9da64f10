"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter

VERIFICATION = "allauth.account.stages.EmailVerificationStage"


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with the approval stage right after the verified e-mail."""

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        stages.insert(stages.index(VERIFICATION) + 1, "accounts.stages.ApprovalStage")
        return stages
