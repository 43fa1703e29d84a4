"""Telephone calls and the cases they are about: who calls, what was said, whom to call back."""
