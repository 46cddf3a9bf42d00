"""Runs a program on a terminal of its own and talks to it.

Arguments: a JSON object with `steps`, `environment` and `folder`, then the program and its arguments. A step is what has
to be on the screen, below what the step before found, and the keys that are pressed then. Prints one JSON object:
`screen` is all that the program wrote, `code` its exit code (negative after a signal), `waiting` the text that never
came, or null.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

ROWS, COLUMNS = 40, 100
# Only a program that hangs gets there.
DEADLINE = time.monotonic() + 120

asked, command = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.chdir(asked["folder"])
    os.execve(command[0], command, asked["environment"])

screen = b""


def read():
    """Adds to the screen what has come; False once the program has closed the terminal."""
    global screen
    if time.monotonic() > DEADLINE:
        os.kill(child, signal.SIGKILL)
    if not select.select([terminal], [], [], 0.2)[0]:
        return True
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # how Linux tells the end
        return False
    screen += piece
    return piece != b""


def reads_keys():
    """Whether the program waits for single keys: before that, the terminal would take Ctrl-C itself."""
    return not termios.tcgetattr(terminal)[3] & termios.ICANON


waiting, seen = None, 0
for expected, keys in asked["steps"]:
    wanted = expected.encode()
    while waiting is None and not (wanted in screen[seen:] and reads_keys()):
        if not read():
            waiting = expected
    if waiting is not None:
        break
    seen = screen.index(wanted, seen) + len(wanted)
    os.write(terminal, keys.encode())
while read():
    pass
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps({"screen": screen.decode(), "code": code, "waiting": waiting}))
