"""How long people worked, measured from what they did.

Nobody types in minutes. What somebody did on a case took at most the time since that person's last act, and since the matter
became known (the customer wrote, the parcel came, the case was given to somebody): the later of the two. So far as this is at
most the `cap`, it is the measure. A longer pause says only that something else was done meanwhile, or nothing; then the act
counts with its `usual` time. (The same idea as in estimating developers' effort from commits: pauses below a limit are work,
the first act after a longer one gets a fixed time. Robles, González-Barahona et al., MSR 2014; git-hours.)

Known limits: reading that ends in no act is not counted, and a short wait before an answer is counted as work.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """`part` names the kind of work; `cap` and `usual` are seconds."""

    part: str
    cap: int
    usual: int


ANSWER = Effort("answers", 900, 240)
NOTE = Effort("notes", 600, 90)
DECISION = Effort("decisions", 900, 180)
RECEIPT = Effort("receiving", 600, 120)
PACKING = Effort("packing", 600, 180)
FINANCE = Effort("finance", 600, 180)
PROOF = Effort("evidence", 900, 300)
RULING = Effort("arbitration", 1800, 900)
DESK = Effort("desk", 300, 60)

EFFORTS: dict[str, Effort] = {
    "message.posted": ANSWER,
    "note.written": NOTE,
    "claim.applied": DECISION,
    "claim.approved": DECISION,
    "claim.offered": DECISION,
    "claim.rejected": DECISION,
    "claim.received": RECEIPT,
    "claim.receipt_refused": RECEIPT,
    "claim.reshipped": PACKING,
    "claim.sent_back": PACKING,
    "claim.refund_retried": FINANCE,
    "claim.offline_offered": FINANCE,
    "claim.difference_settled": FINANCE,
    "claim.evidence_added": PROOF,
    "claim.evidence_asked": RULING,
    "claim.judging_begun": RULING,
    "claim.ruled_for_customer": RULING,
    "claim.ruled_for_merchant": RULING,
    "claim.mediated": RULING,
    "claim.appealed": PROOF,
    "case.merged": DESK,
    "case.split": DESK,
    "case.solution_applied": DESK,
}
"""What counts as an act when a member of staff did it."""
