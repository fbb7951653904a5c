"""`provider = "aws-alb"`: two target groups behind one listener or rule of an Application Load Balancer.

Blue and green change their parts with every release. What must be remembered lives in AWS: the listener (or rule) has
the tag `migsafe:stable`, the name of the group whose version is promoted, and `migsafe:fence`; each group has
`migsafe:version`, the version that its targets run.
"""

from __future__ import annotations

from migsafe.deploy.providers.aws_alb.engine import open_provider

__all__ = ["open_provider"]
