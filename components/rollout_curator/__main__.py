"""The way in of a process: Ctrl-C ends it in one line from the first moment, also while Python still imports.

Imports nothing but what Python has at hand, arms the signal, and only then brings in the command line. Before and after
the work there is nothing to clean up, so the process ends on the spot; in between the command line takes
the interruption. What comes before this module runs is Python's own start: a Ctrl-C there ends in Python's words.
"""

import os
import signal

INTERRUPTED = 130


def main() -> None:
    """Run the command line; a Ctrl-C that is ignored, as for a job in the background, stays ignored."""
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if is_heeded:
            signal.signal(signal.SIGINT, _leave)
        from rollout_curator.cli.main import main as run

        try:
            if is_heeded:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            run()
        finally:
            if is_heeded:
                signal.signal(signal.SIGINT, _leave)
    except KeyboardInterrupt:
        _leave()


def _leave(*_: object) -> None:
    try:
        os.write(2, b"rollout-curator: interrupted\n")
    finally:  # also where nobody listens
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
