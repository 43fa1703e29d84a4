"""Telephone, SMS and messaging: one door for what comes in, one way out for what leaves, and a **form** for each vendor.

A form verifies what knocks at `/api/connect/<form>/<account>`, cuts it into single events that are kept as pushes, and reads each of them
later. Vendors' libraries are optional and loaded where they are used.
"""
