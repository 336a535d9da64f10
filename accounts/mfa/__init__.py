"""The second step of signing in: authenticator app, passkeys, recovery codes, and who must have one."""
