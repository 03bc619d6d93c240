#!/bin/bash
# Runs asyncdiff-ssh against a real sshd on loopback: own configuration, own keys, own port, CPU, the bundled model.
# Needs root only to install openssh-server, if it is missing. Everything is in a folder of its own under $TMPDIR, and is
# stopped and removed at the end, also after Ctrl-C.
#
#   npm run test:ssh                   (--keep leaves the folder, for its logs)
set -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$here/../../.." && pwd)
keep=''
case "${1:-}" in
  '') ;;
  --keep) keep=yes ;;
  *) echo "usage: test-ssh.sh [--keep]" >&2; exit 2 ;;
esac

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

[ -f "$home/dist/cli/main.js" ] || stop_here 'dist/ is missing: npm run build'
sshd=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v sshd)
if [ -z "$sshd" ]; then
  [ "$(id -u)" -eq 0 ] || stop_here 'no sshd here, and installing it needs root: sudo npm run test:ssh'
  command -v apt-get >/dev/null || stop_here 'no sshd here, and no apt-get to install it with'
  echo 'installing openssh-server ...'
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends openssh-server openssh-client; } >/dev/null 2>&1 ||
    stop_here 'apt-get install openssh-server failed'
  sshd=/usr/sbin/sshd
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/asyncdiff-ssh-XXXXXX")
made_run_sshd=''
cleanup() {
  trap - EXIT INT TERM
  local file
  for file in "$scratch"/state/*.pid; do
    [ -r "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
  done
  [ -r "$scratch/blocker.pid" ] && kill -KILL "$(cat "$scratch/blocker.pid")" 2>/dev/null
  [ -r "$scratch/sshd.pid" ] && kill -TERM "$(cat "$scratch/sshd.pid")" 2>/dev/null
  [ -n "$made_run_sshd" ] && rmdir /run/sshd 2>/dev/null
  if [ -n "$keep" ]; then echo "kept $scratch"; else rm -rf "$scratch"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- an sshd of our own -----------------------------------------------------------------------------------------------
free_port() {
  node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}
ssh_port=$(free_port)
port=$(free_port)
ssh-keygen -q -t ed25519 -N '' -f "$scratch/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/user_key"
cp "$scratch/user_key.pub" "$scratch/authorized_keys"
echo "asyncdiff-test $(cut -d' ' -f1,2 "$scratch/host_key.pub")" >"$scratch/known_hosts"
cat >"$scratch/sshd_config" <<CONF
ListenAddress 127.0.0.1
Port $ssh_port
HostKey $scratch/host_key
PidFile $scratch/sshd.pid
AuthorizedKeysFile $scratch/authorized_keys
# The key lies in a scratch folder, below /tmp, which others can write to.
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
SetEnv ASYNCDIFF_CACHE=$scratch/cache
CONF
# Three names for one machine, and one that nothing listens at.
cat >"$scratch/ssh_config" <<CONF
Host host-a host-b host-c
  HostName 127.0.0.1
  Port $ssh_port
Host host-gone
  HostName 127.0.0.1
  Port $(free_port)
Host *
  User $(id -un)
  HostKeyAlias asyncdiff-test
  IdentityFile $scratch/user_key
  IdentitiesOnly yes
  UserKnownHostsFile $scratch/known_hosts
  StrictHostKeyChecking yes
CONF
# sshd of root wants this folder; of another user it does not.
if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then mkdir -m 755 /run/sshd && made_run_sshd=yes; fi
"$sshd" -f "$scratch/sshd_config" -E "$scratch/sshd.log" || { cat "$scratch/sshd.log" >&2; stop_here 'sshd did not start'; }
for ((tries = 0; tries < 100; tries++)); do
  ssh -F "$scratch/ssh_config" -o BatchMode=yes host-a true 2>"$scratch/ssh.err" && break
  sleep 0.1
done
ssh -F "$scratch/ssh_config" -o BatchMode=yes host-a true || { tail "$scratch/sshd.log" >&2; stop_here 'ssh to this host does not work'; }
echo "$(ssh -V 2>&1 | cut -d, -f1), sshd on 127.0.0.1"

# --- helpers ----------------------------------------------------------------------------------------------------------
asyncdiff=("$home/dist/cli/main.js")
state="$scratch/state"
launch() { # ACTION [OPTIONS]: output in $scratch/out, exit code returned
  local action=$1
  shift
  "$here/asyncdiff-ssh" "$action" --hosts "$scratch/hosts" --ssh-config "$scratch/ssh_config" --state-dir "$state" \
    --coordinator-address "127.0.0.1:$port" --model "$home/models/emoji" --asyncdiff "${asyncdiff[*]}" "$@" >"$scratch/out" 2>&1
}
said() { grep -qF -- "$1" "$scratch/out"; }
exits() { # CODE COMMAND...
  local code=$1
  shift
  "$@"
  [ $? -eq "$code" ]
}
wait_until() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$deadline" ] || return 1; sleep 0.1; done
}
is_png() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]; }
pids() { cat "$state"/*.pid 2>/dev/null | tr '\n' ' '; }
alive() { local pid; for pid in $1; do kill -0 "$pid" 2>/dev/null || return 1; done; }
none_alive() { local pid; for pid in $1; do kill -0 "$pid" 2>/dev/null && return 1; done; return 0; }
workers() { "${asyncdiff[@]}" status --coordinator "127.0.0.1:$port" --json 2>/dev/null | grep -o '"host_id":' | wc -l; }
has_workers() { [ "$(workers)" -eq "$1" ]; }
# With a warm-up of all steps the picture does not depend on where the measured cuts fall.
draw() { "${asyncdiff[@]}" generate 'a red apple' --coordinator "127.0.0.1:$port" --seed 7 --num-inference-steps 60 --warm-up 60 "$@"; }
show_on_failure() { [ "$failed" -eq "$1" ] || cat "$scratch/out" >&2; }

cat >"$scratch/hosts" <<HOSTS
# host    settings
host-a    device=cpu threads=1
host-b    device=cpu threads=1 listen=127.0.0.1:$(free_port)
HOSTS

# --- 1. from nothing to a picture ---------------------------------------------------------------------------------------
before=$failed
check 'dry run exits with 0' launch start --dry-run
check 'and has started nothing' test ! -e "$state"
check 'start exits with 0' launch start
check 'and both workers have joined' said '2 workers have joined'
show_on_failure "$before"
first=$(pids)
check 'three processes run' alive "$first"
check 'status exits with 0' launch status
check 'and shows the coordinator' said 'host-a: coordinator runs: pid'
check 'and the second worker' said 'host-b: host-b-1 runs: pid'
check 'start again exits with 0' launch start
check 'says that they run' said 'host-b-1 already runs'
check 'and leaves the processes as they are' test "$(pids)" = "$first"
check 'a picture comes out' draw --components 2 --out "$scratch/first.png"
check 'it is a PNG' is_png "$scratch/first.png"

check 'a bench runs' "${asyncdiff[@]}" bench --coordinator "127.0.0.1:$port" --configs n1s1,n2s1 --repeats 1 --num-inference-steps 10 --out "$scratch/bench"
check 'and leaves its report' test -s "$scratch/bench/bench.md"

# --- 2. a lost coordinator ------------------------------------------------------------------------------------------------
kill -KILL "$(cat "$state/coordinator.pid")"
check 'after its coordinator was killed, start brings it back' launch start
check 'to the same workers' test "$(cat "$state/host-a-1.pid") $(cat "$state/host-b-1.pid")" = "$(echo "$first" | cut -d' ' -f2,3)"
check 'which join again' has_workers 2

# --- 3. stop in the middle of a job ---------------------------------------------------------------------------------------
draw --components 2 --out "$scratch/drained.png" >"$scratch/draw.out" 2>&1 &
draw_pid=$!
wait_until 300 grep -q 'generating [1-9]' "$scratch/draw.out"
running=$(pids)
check 'stop exits with 0' launch stop
check 'says that the coordinator stopped' said 'coordinator stopped'
check 'and the workers, none killed' test "$(grep -c 'host-.-1 stopped' "$scratch/out")" -eq 2
check 'the job in progress was finished' wait "$draw_pid"
check 'and is the same picture, bit for bit' cmp "$scratch/first.png" "$scratch/drained.png"
check 'no process is left' none_alive "$running"
check 'stop again exits with 0' launch stop
check 'and says that nothing runs' said 'coordinator does not run'

# --- 4. a worker that does not react --------------------------------------------------------------------------------------
launch start
stuck=$(cat "$state/host-b-1.pid")
running=$(pids)
kill -STOP "$stuck"
check 'stop of a stuck worker exits with 0' launch stop --grace-s 3
check 'and says that it was killed' said 'host-b-1 killed: it did not end in 3 s'
check 'no process is left' wait_until 10 none_alive "$running"

# --- 5. what goes wrong ---------------------------------------------------------------------------------------------------
node -e "require('node:net').createServer().listen($port, '0.0.0.0', () => console.log('up'))" >"$scratch/blocker.out" &
echo $! >"$scratch/blocker.pid"
wait_until 10 grep -q up "$scratch/blocker.out"
check 'a port in use: exit code 1' exits 1 launch start
check 'and the port is named' said "port_in_use"
kill "$(cat "$scratch/blocker.pid")" && rm "$scratch/blocker.pid"
check 'asyncdiff not there: exit code 1' exits 1 launch start --asyncdiff no-such-asyncdiff
check 'and it is named, with a hint' said 'asyncdiff not found there: no-such-asyncdiff: not found'
check 'a script that is not there, too' exits 1 launch start --asyncdiff 'node no/such/main.js'
check 'a bad device: exit code 1' exits 1 launch start --hosts <(echo 'host-a device=nonsense')
check 'with what the worker said' said 'unknown device "nonsense"'
launch stop
check 'an unreachable host: exit code 3' exits 3 launch start --hosts <(printf 'host-a threads=1\nhost-gone\n')
check 'and it is named' said 'error: host-gone: host unreachable'
launch stop --hosts <(echo host-a)
check 'workers that cannot reach the coordinator: exit code 3' exits 3 launch start --coordinator-address "nowhere.invalid:$port" --coordinator-host host-c --hosts <(echo 'host-a threads=1') --wait-s 10
check 'and are counted, with a hint' said '0 of 1 workers have joined in 10 s'
launch stop
check 'no process is left' test -z "$(pids)"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
