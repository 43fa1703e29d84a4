"""Conversations: what was said.

A **thread** is one conversation between a customer and a shop. A **message** in it is by the customer, by staff or by a
machine, and came by a **channel**; a **note** is a message among staff that the customer never sees. A **file** belongs to a
matter of a customer and is shown to that customer once it was posted. A **draft** is what staff have begun to write.
"""

from aftercare.conversations.events import MessagePosted, NoteWritten
from aftercare.conversations.model import (
    Author,
    Channel,
    FileNotFound,
    MessageEmpty,
    MessageKind,
    MessageTooLong,
    NotesAreForStaff,
    ThreadNotFound,
)
from aftercare.conversations.notes import Note, leave_notes
from aftercare.conversations.queries import MessageFileView, MessageView, message_rows, messages
from aftercare.conversations.tidy import forget_unused, uses_files
from aftercare.conversations.verbs import (
    DraftView,
    FileView,
    NewMessage,
    Posted,
    draft_of,
    drop_draft,
    files,
    get_thread,
    keep_draft,
    keep_file,
    mark_read,
    open_file,
    open_thread,
    post,
    show_files,
    store_file,
)

__all__ = [
    "Author",
    "Channel",
    "DraftView",
    "FileNotFound",
    "FileView",
    "MessageEmpty",
    "MessageFileView",
    "MessageKind",
    "MessagePosted",
    "MessageTooLong",
    "MessageView",
    "NewMessage",
    "Note",
    "NoteWritten",
    "NotesAreForStaff",
    "Posted",
    "ThreadNotFound",
    "draft_of",
    "drop_draft",
    "files",
    "forget_unused",
    "get_thread",
    "keep_draft",
    "keep_file",
    "leave_notes",
    "mark_read",
    "message_rows",
    "messages",
    "open_file",
    "open_thread",
    "post",
    "show_files",
    "store_file",
    "uses_files",
]
