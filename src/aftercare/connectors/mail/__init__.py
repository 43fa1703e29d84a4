"""E-mail: read (`reading`), trimmed to what was newly said (`trimming`), told apart from reports and robots (`reports`); fetched
from mailboxes (`boxes`) or taken by a listener (`listener`), worked off (`inbound`), and sent (`outbound`).

Mails are hostile until shown otherwise: everything here is bounded in size and depth, and works in time that grows with the
length of the mail alone.
"""
