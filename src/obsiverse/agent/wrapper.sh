# Runs a task's program and writes its exit status where the agent, or the next one, finds it.
# $1: the task's folder; then the program and its arguments. It outlives signals to the group that the program gets.
trap : TERM INT HUP QUIT USR1 USR2
folder=$1
shift
sh -c 'echo $$ >"$0/pid.new" && mv "$0/pid.new" "$0/pid"; exec "$@"' "$folder" "$@"
status=$?
echo "$status" >"$folder/exit.new" && mv "$folder/exit.new" "$folder/exit"
