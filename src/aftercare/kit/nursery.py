"""Loaded first by the process that loads the program for all others: nothing of a program is ever garbage, and looking for it
would take a tenth of the time. Its children collect again."""

import gc

gc.disable()
