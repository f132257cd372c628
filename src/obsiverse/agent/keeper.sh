# Keeps the agent up.  usage: sh keeper.sh PROGRAM [ARGUMENT...]
#
# Starts it again when it ends abnormally: at once, then after growing pauses as long as it keeps ending within 10 s. Ends with it
# when it ends by itself (0) or says that starting it again is no use (2: wrong arguments, 3: another has its folder, 4: it can't run).
{
    # glibc otherwise keeps what each thread has freed: some MB of the few that the agent may have. Tasks don't inherit it.
    export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
    pause=0
    while :; do
        began=$(date +%s)
        # In the foreground: what a shell starts in the background ignores SIGINT, and so would all that it starts in turn.
        "$@"
        status=$?
        case $status in 0 | 2 | 3 | 4) exit "$status" ;; esac
        if [ $(($(date +%s) - began)) -ge 10 ]; then pause=0; fi
        echo "the agent ended with status $status; it starts again in $pause s" >&2
        sleep "$pause"
        pause=$((pause * 2 + 1))
        if [ "$pause" -gt 30 ]; then pause=30; fi
    done
}
