"""Every foreign key between rows that belong to a distributor, and what keeps it within one."""

from tests.rules.tenancy import events, meters, openadr, people, reasons, settlement
from tests.rules.tenancy.kinds import Only, Refused
from tests.rules.tenancy.reasons import FIXED

SAME = people.SAME | meters.SAME | events.SAME | settlement.SAME | openadr.SAME
REASONS = reasons.REASONS | openadr.REASONS

__all__ = ["FIXED", "REASONS", "SAME", "Only", "Refused"]
