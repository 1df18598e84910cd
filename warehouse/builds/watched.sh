#!/bin/sh
# A program that ends when the run that started it is gone, also where that was killed before it could watch over it.
# processes.py says which program (REGIME_WATCHED), whose run (REGIME_RUN_PROCESS) and where it starts. It becomes the
# program: same process, arguments and output as they are.
# Asked for its version alone, it need not start: who started it knows the version.
if [ "$*" = "--version" ] && [ -n "$REGIME_WATCHED_VERSION" ]; then
    echo "$REGIME_WATCHED_VERSION"
    exit
fi
run=${REGIME_RUN_PROCESS:-$PPID}
if [ -n "$REGIME_WATCHED_DIRECTORY" ]; then
    cd "$REGIME_WATCHED_DIRECTORY" || exit
fi
(
    while kill -0 $$; do
        kill -0 "$run" || kill -9 $$
        sleep 1
    done
) </dev/null >/dev/null 2>&1 &
exec "$REGIME_WATCHED" "$@"
