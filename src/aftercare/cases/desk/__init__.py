"""The desk's conversation work over HTTP."""
