"""What all tests have in common."""

from __future__ import annotations

import signal

# A shell that starts the tests in the background has them ignore what Ctrl-C sends, and so would all that they start.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
