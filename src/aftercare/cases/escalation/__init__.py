"""Escalation in steps: what is done, when, and for whom, once a clock of a case warns or breaks."""
