"""Loaded first by the process that loads the program for all others: nothing of a program is ever garbage, and looking for it
would take a tenth of the time. Its children collect again. Ctrl-C is for the parent alone, from the first moment on.
"""

import gc
import signal

gc.disable()
signal.signal(signal.SIGINT, signal.SIG_IGN)
