"""The tools of campaigns, proposals and jobs; importing this module declares them."""

from campaigns.tools import changes, reads, workspace

__all__ = ["changes", "reads", "workspace"]
