"""The operations room: what a wall in the room of those who steer says now.

**Waiting** is who waits for an answer of ours, **late** which promises are broken and which are about to be, **rising** what is asked
for more than on other days at the same hour, **unusual** what alarms say, **free** who could take something.
"""

from aftercare.insights.room.queries import operations_room

__all__ = ["operations_room"]
