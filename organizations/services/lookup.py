"""Finding what a command means."""

from organizations.errors import AmbiguousDistributor
from organizations.models import Distributor


def distributor_named(name: str | None) -> Distributor:
    """The distributor a command means: the one of this name, or the only one there is.

    Raises:
        AmbiguousDistributor: No such distributor, none at all, or several and no name.
    """
    if name:
        found = Distributor.objects.filter(name=name).first()
        if found is None:
            raise AmbiguousDistributor(f"There is no distributor “{name}”.")
        return found
    names = list(Distributor.objects.values_list("name", flat=True)[:20])
    if not names:
        raise AmbiguousDistributor("There is no distributor yet; make one with create_distributor NAME.")
    if len(names) > 1:
        raise AmbiguousDistributor(f"Say which distributor with --distributor: {', '.join(names)}.")
    return Distributor.objects.get()
