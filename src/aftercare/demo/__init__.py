"""Demo: a year of a shop group, told through the same verbs as in life.

`tell` fills an empty installation with the past twelve months of four shops: orders, parcels, claims of all kinds and ends,
words, notices. Every step is done by its own actor at its own moment. The same seed, day and size tell the same story. `live`
goes on in real time.
"""

from aftercare.demo.living import live
from aftercare.demo.year import HalfTold, Told, tell, told

__all__ = ["HalfTold", "Told", "live", "tell", "told"]
