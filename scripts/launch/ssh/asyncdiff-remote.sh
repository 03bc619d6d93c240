# Runs on each host, fed to its shell by asyncdiff-ssh: `ssh HOST sh -s -- ACTION ... < asyncdiff-remote.sh`.
# POSIX sh. Exit codes: 0 done, 10 asyncdiff not found, 11 ended at once, 12 not ready in time, 13 state folder not writable.
#
#   start NAME STATE_DIR WAIT_S -- COMMAND...   starts COMMAND in the background unless NAME runs already
#   status NAME STATE_DIR
#   stop NAME STATE_DIR GRACE_S                 SIGTERM, then SIGKILL after GRACE_S
#
# The state folder holds NAME.pid, NAME.json (first line of stdout, with the address) and NAME.log (stderr).
set -u
action=$1 name=$2 state=$3
pid_file=$state/$name.pid

# The pid of NAME if it runs: the number alone may belong to another process by now, after a reboot for example.
running() {
  [ -r "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  if [ "$name" = coordinator ]; then mark=' serve --listen '; else mark=" --name $name "; fi
  [ -n "$pid" ] && ps -ww -p "$pid" -o args= 2>/dev/null | grep -qF -e "$mark"
}
address() { sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$state/$name.json" 2>/dev/null; }

case $action in
  start)
    wait_s=$4
    shift 5
    if running; then
      echo "$name already runs: pid $pid, $(address)"
      exit 0
    fi
    command -v "$1" >/dev/null 2>&1 || { echo "$1: not found" >&2; exit 10; }
    # Every word that is a path to a script must be there too: `node DIR/dist/cli/main.js`.
    case ${2:-} in *.js) [ -r "$2" ] || { echo "$2: not found" >&2; exit 10; } ;; esac
    { mkdir -p "$state" && : >"$state/$name.log"; } 2>/dev/null || { echo "cannot write to $state" >&2; exit 13; }
    rm -f "$state/$name.json"
    # A session of its own, so that the end of this connection does not end it.
    if command -v setsid >/dev/null 2>&1; then
      setsid nohup "$@" >"$state/$name.json" 2>"$state/$name.log" </dev/null &
    else
      nohup "$@" >"$state/$name.json" 2>"$state/$name.log" </dev/null &
    fi
    echo $! >"$pid_file"
    tenths=0
    while [ "$tenths" -lt $((wait_s * 10)) ]; do
      if [ -n "$(address)" ]; then
        echo "$name started: pid $(cat "$pid_file"), $(address)"
        exit 0
      fi
      if ! kill -0 "$(cat "$pid_file")" 2>/dev/null; then
        rm -f "$pid_file"
        echo "$name ended at once:" >&2
        tail -n 5 "$state/$name.log" >&2
        exit 11
      fi
      sleep 0.1
      tenths=$((tenths + 1))
    done
    echo "$name runs, but did not answer in $wait_s s; see $state/$name.log" >&2
    exit 12
    ;;
  status)
    if running; then echo "$name runs: pid $pid, $(address)"; else echo "$name does not run"; fi
    ;;
  stop)
    grace_s=$4
    if ! running; then
      rm -f "$pid_file"
      echo "$name does not run"
      exit 0
    fi
    kill -TERM "$pid"
    tenths=0
    while [ "$tenths" -lt $((grace_s * 10)) ]; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
      tenths=$((tenths + 1))
    done
    if kill -0 "$pid" 2>/dev/null; then
      kill -KILL "$pid" 2>/dev/null
      echo "$name killed: it did not end in $grace_s s"
    else
      echo "$name stopped"
    fi
    rm -f "$pid_file"
    ;;
esac
