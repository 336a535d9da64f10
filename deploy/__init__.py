"""How the portal is set up: development tools in `dev`, server configuration beside it."""
