# Keeps the agent up: starts it again, with a growing pause, until it ends by itself with 0. Arguments: the agent's command.
pause=0.1
while :; do
    began=$(date +%s)
    "$@" && exit 0
    status=$?
    # 3: another agent has this state folder, or it can't start at all; trying again would not help.
    [ "$status" -eq 3 ] && exit 3
    [ $(($(date +%s) - began)) -ge 10 ] && pause=0.1
    sleep "$pause"
    pause=$(awk "BEGIN { p = $pause * 2; print (p > 30 ? 30 : p) }")
done
