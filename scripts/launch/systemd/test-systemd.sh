#!/bin/bash
# Runs the units under a real systemd, booted in namespaces of its own over a scratch copy (overlay) of this machine's file
# system: the services run with their users, sandboxes and cgroups, and nothing outside of the scratch folder changes.
# Needs root, Linux with overlayfs, and systemd (Debian package systemd). It ends, and removes everything, also after Ctrl-C.
#
#   sudo npm run test:systemd
set -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$here/../../.." && pwd)
node=$(command -v node)

# --- inside of the namespaces: build the root, then become systemd --------------------------------------------------------
if [ "${1:-}" = --inside ]; then
  scratch=$2 port=$3
  set -e
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$scratch/fs"
  mkdir "$scratch"/fs/{upper,work,root}
  root=$scratch/fs/root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/fs/upper,workdir=$scratch/fs/work" "$root"
  # None of this machine's own units.
  rm -rf "$root/etc/systemd/system"
  mkdir -p "$root"/{etc/systemd/system,etc/asyncdiff,opt/asyncdiff,old-root}
  mount --rbind "$home" "$root/opt/asyncdiff"
  cp "$here"/*.service "$root/etc/systemd/system/"
  printf '[Unit]\nDefaultDependencies=no\n' >"$root/etc/systemd/system/test.target"
  printf '#!/bin/sh\nexec %s /opt/asyncdiff/dist/cli/main.js "$@"\n' "$node" >"$root/usr/local/bin/asyncdiff"
  chmod 755 "$root/usr/local/bin/asyncdiff"
  printf 'ASYNCDIFF_LISTEN=127.0.0.1:%s\nASYNCDIFF_MODEL=/opt/asyncdiff/models/emoji\nASYNCDIFF_THREADS=1\n' "$port" >"$root/etc/asyncdiff/coordinator.env"
  printf 'ASYNCDIFF_JOIN=127.0.0.1:%s\nASYNCDIFF_THREADS=1\n' "$port" >"$root/etc/asyncdiff/worker.env"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    umount -l "$root/sys/fs/cgroup" && mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  else
    mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
  fi
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  cd "$root"
  pivot_root . old-root
  umount -l /old-root
  export container=asyncdiff-test
  exec /lib/systemd/systemd --system --unit=test.target </dev/null
fi

# --- outside ----------------------------------------------------------------------------------------------------------
passed=0 failed=0
check() { # DESCRIPTION COMMAND...
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    passed=$((passed + 1)); echo "ok      $what"
  else
    failed=$((failed + 1)); echo "FAILED  $what"
  fi
}
stop_here() { echo "error: $1" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || stop_here 'needs root, for namespaces and mounts: sudo npm run test:systemd'
[ -x /lib/systemd/systemd ] || stop_here 'no systemd here (Debian package systemd)'
[ -f "$home/dist/cli/main.js" ] || stop_here 'dist/ is missing: npm run build'

scratch=$(mktemp -d "${TMPDIR:-/tmp}/asyncdiff-systemd-XXXXXX")
mkdir "$scratch/fs"
# A cgroup of its own: systemd moves processes around below its root.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then cgroup=/sys/fs/cgroup; else cgroup=/sys/fs/cgroup/systemd; fi
cgroup=$cgroup/${scratch##*/}
outer_pid='' init_pid=''
cleanup() {
  trap - EXIT INT TERM
  # Pid 1 of the namespace: the kernel ends everything inside with it, and its mounts go too.
  [ -n "$init_pid" ] && kill -KILL "$init_pid" 2>/dev/null
  [ -n "$outer_pid" ] && { kill -KILL "$outer_pid" 2>/dev/null; wait "$outer_pid" 2>/dev/null; }
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
    [ -d "$cgroup" ] || break
    sleep 0.1
  done
  rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
mkdir "$cgroup" || stop_here 'cannot make a cgroup'
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$cgroup" \
  unshare --cgroup --mount --pid --fork --uts --ipc --kill-child \
  bash "${BASH_SOURCE[0]}" --inside "$scratch" "$port" >"$scratch/boot.log" 2>&1 &
outer_pid=$!

wait_until() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$deadline" ] || return 1; sleep 0.2; done
}
inside() { nsenter -t "$init_pid" -m -p -C -u -i -r -w "$@"; }
booted() {
  init_pid=$(pgrep -P "$outer_pid" | head -n 1)
  [ -n "$init_pid" ] && inside systemctl is-system-running | grep -qE 'running|degraded'
}
wait_until 60 booted || { cat "$scratch/boot.log" >&2; stop_here 'systemd did not boot'; }
echo "$(inside systemctl --version | head -n 1), in its own namespaces"

asyncdiff=("$node" "$home/dist/cli/main.js")
at=(--coordinator "127.0.0.1:$port")
property() { inside systemctl show --value --property="$2" "$1"; }
has_workers() { [ "$("${asyncdiff[@]}" status "${at[@]}" --json 2>/dev/null | grep -o '"host_id":' | wc -l)" -eq "$1" ]; }
is_png() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]; }
active() { [ "$(property "$1" ActiveState)" = active ]; }
draw() { "${asyncdiff[@]}" generate 'a red apple' "${at[@]}" --seed 7 --num-inference-steps 60 --warm-up 60 --components 2 "$@"; }
coordinator="asyncdiff-coordinator.service"
# Two devices of one host; cpu:1 is the CPU too, and its colon is that of cuda:0.
workers=(asyncdiff-worker@cpu.service asyncdiff-worker@cpu:1.service)

check 'the units start' inside systemctl start "$coordinator" "${workers[@]}"
check 'both workers join' wait_until 120 has_workers 2
check 'they run as the user asyncdiff, not as root' test "$(ps -o uid= -p "$(pgrep -f -- '--name .*-cpu:1' | head -n 1)")" -gt 0
check 'a picture comes out' draw --out "$scratch/first.png"
check 'it is a PNG' is_png "$scratch/first.png"
check 'segment models are kept in /var/cache/asyncdiff' inside sh -c 'find /var/cache/asyncdiff/ -type f | grep -q .'

check 'a bench runs' "${asyncdiff[@]}" bench "${at[@]}" --configs n1s1,n2s1 --repeats 1 --num-inference-steps 10 --out "$scratch/bench"

old=$(property "${workers[1]}" MainPID)
inside systemctl kill --signal=SIGKILL "${workers[1]}"
came_back() { active "${workers[1]}" && [ "$(property "${workers[1]}" MainPID)" != "$old" ]; }
check 'a killed worker is started anew' wait_until 60 came_back
check 'and joins again' wait_until 60 has_workers 2

draw --out "$scratch/drained.png" >"$scratch/draw.log" 2>&1 &
draw_pid=$!
wait_until 300 grep -q 'generating [1-9]' "$scratch/draw.log"
check 'stop in the middle of a job works' inside systemctl stop "$coordinator"
check 'the job in progress was finished' wait "$draw_pid"
check 'and is the same picture, bit for bit' cmp "$scratch/first.png" "$scratch/drained.png"
check 'the coordinator ended with exit code 0' test "$(property "$coordinator" Result) $(property "$coordinator" ExecMainStatus)" = 'success 0'
check 'workers wait for the next coordinator' active "${workers[0]}"
check 'which they join when it is there' inside systemctl start "$coordinator"
check 'by themselves' wait_until 60 has_workers 2
check 'workers stop' inside systemctl stop "${workers[@]}"
check 'with exit code 0' test "$(property "${workers[0]}" Result) $(property "${workers[0]}" ExecMainStatus)" = 'success 0'

if [ "$failed" -gt 0 ]; then inside journalctl --no-pager --lines=60 >&2; cat "$scratch/draw.log" >&2; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
