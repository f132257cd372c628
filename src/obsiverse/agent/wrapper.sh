# Runs a task's program and keeps its exit status.  usage: sh wrapper.sh FOLDER PROGRAM [ARGUMENT...]
#
# It outlives the agent and the signals that stop its group. The braces make sh read all of it before it runs any of it.
# It sets no variable before the program has ended, since the program would see it.
{
    trap : HUP INT QUIT TERM USR1 USR2
    # What this shell has to say, such as "Terminated", is not the program's output.
    exec 3>&2 2>/dev/null
    # In the foreground: a shell lets its background children ignore SIGINT. Standard input is the agent's pipe, which hears
    # that the program is about to start; a subshell writes to it, since that agent may be dead and SIGPIPE kills.
    /bin/sh -c '
        exec 2>&3 3>&-
        echo "$$" >"$1/pid"
        (echo "$$" >&0) 2>/dev/null
        shift
        unset PWD OLDPWD SHLVL
        exec "$@" </dev/null
    ' sh "$@"
    status=$?
    echo "$status" >"$1/exit.new" && command -p mv -f "$1/exit.new" "$1/exit"
    exit "$status"
}
