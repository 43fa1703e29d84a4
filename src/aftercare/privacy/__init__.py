"""Privacy: what we hold about a customer, handed out or erased on request.

The **catalogue** says of every table that holds something personal whose its rows are, what becomes of each column when the
customer is **erased**, and why what stays may stay. The **export** is made from the same catalogue. The journal needs neither:
its facts hold ids, codes and amounts, no words and no people.
"""

from aftercare.privacy.erasing import MattersOpen, erase_customer, erasure_of
from aftercare.privacy.exporting import export_customer

__all__ = ["MattersOpen", "erase_customer", "erasure_of", "export_customer"]
