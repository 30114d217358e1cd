#!/bin/sh
# The demo: finds a Python that can run it and hands over to demo.py, which says what it does.
set -eu
for python in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.10; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        exec "$python" "$(dirname "$0")/demo.py" "$@"
    fi
done
echo "The demo needs Python 3.10 or newer, as python3 or python3.X on PATH or named by PYTHON=/path/to/python3." >&2
exit 1
