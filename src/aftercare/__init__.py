"""Aftercare: everything that happens between *paid* and *satisfied*, in one program."""

__version__ = "0.1.0"
