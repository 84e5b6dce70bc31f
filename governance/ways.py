"""What of governance a token reaches that is bound to a system or a team: adds to the tables of `registry.scope`."""

from governance import models
from registry.scope import SHARED, WAYS, Way, of_system

_ALTERNATIVE = "alternative__plan_revision__plan__dependency__system"


def register() -> None:
    """Called once, when governance is ready.

    Proposals about no system (to adopt or retire a model) stay out of it: they are everybody's to decide.
    """
    WAYS.update(
        {
            models.Action: of_system("dependency__system"),
            models.Approval: of_system("dependency__system"),
            models.Attestation: of_system("dependency__system"),
            models.BreakGlass: of_system("system"),
            models.Check: of_system("system"),
            models.Comment: of_system("proposal__dependency__system", "proposal__system", f"proposal__{_ALTERNATIVE}"),
            models.Concentration: Way(system=("system",), team=("team", "system__team")),
            models.Gateway: Way(system=("system",), team=("team",)),
            models.GatewayReport: Way(system=("gateway__system",), team=("gateway__team",)),
            models.Impact: of_system("dependency__system"),
            models.Notice: Way(team=("channel__team",)),
            models.Pipeline: of_system("system"),
            models.Proposal: of_system("dependency__system", "system", _ALTERNATIVE),
            models.Ticket: of_system("dependency__system"),
            models.Waiver: of_system("dependency__system", "system"),
        }
    )
    SHARED.update({models.Adoption, models.Block, models.Policy})
