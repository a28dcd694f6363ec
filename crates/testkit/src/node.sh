# One node of a test cluster: namespaces and a cgroup of its own. Arguments: STAGE NODE CGROUP STATE RESOLVER [COMMAND…]
# Everything in it ends with its process 1, and process 1 ends with the harness, or with COMMAND.
set -eu
stage=$1 node=$2 cgroup=$3 state=$4 resolver=$5
shift 5

hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2, $3, $4 }' /proc/self/mounts; }

# group DIRECTORY: makes a cgroup that processes can enter.
group() {
  mkdir -p "$1"
  parent=${1%/*}
  if [ -e "$1/cpuset.cpus" ] && [ -e "$1/cpuset.sched_load_balance" ]; then
    for file in cpuset.cpus cpuset.mems; do cat "$parent/$file" > "$1/$file"; done
  fi
}

# controllers DIRECTORY: hands a cgroup's controllers on, where only version 2 has any.
controllers() {
  [ -e "$1/cgroup.subtree_control" ] || return 0
  for controller in $(cat "$1/cgroup.controllers"); do echo "+$controller" > "$1/cgroup.subtree_control" || true; done
}

if [ "$stage" = outer ]; then
  hierarchies | while read -r place _; do
    controllers "$place"
    group "$place/${cgroup%/*}"
    controllers "$place/${cgroup%/*}"
    group "$place/$cgroup"
    echo $$ > "$place/$cgroup/cgroup.procs"
  done
  exec unshare --net --mount --propagation private --uts --ipc --cgroup --pid --fork --mount-proc --kill-child=KILL \
    sh -c "$NODE_SCRIPT" sh inner "$node" "$cgroup" "$state" "$resolver" "$@"
fi

hostname "$node"
hierarchies > "$state/hierarchies"
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup 2> "$state/no-cgroup-directory" || true
while read -r place kind options; do
  mkdir -p "$place"
  if [ "$kind" = cgroup ]; then
    options=$(echo "$options" | tr , '\n' | grep -vE '^(rw|ro|nosuid|nodev|noexec|relatime)$' | paste -sd,)
    mount -t cgroup -o "$options" cgroup "$place"
  else
    mount -t cgroup2 cgroup2 "$place"
  fi
  group "$place/daemon"
  echo 0 > "$place/daemon/cgroup.procs"
done < "$state/hierarchies"
for directory in opt tmp var/lib/sagong var/lib/sagong-agent var/lib/kubelet var/log; do
  mkdir -p "$state/root/$directory" "/$directory"
  mount --bind "$state/root/$directory" "/$directory"
done
chmod 1777 /tmp
mount -t tmpfs -o mode=755 tmpfs /run
# Of /etc each node has a copy: pods write to it, and a bare machine has neither hosts nor a resolver.
rm -rf "$state/root/etc"
cp -a /etc "$state/root/etc"
rm -f "$state/root/etc/resolv.conf" "$state/root/etc/hosts"
printf 'nameserver %s\n' "$resolver" > "$state/root/etc/resolv.conf"
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$node" > "$state/root/etc/hosts"
mount --bind "$state/root/etc" /etc
mount --make-rshared /
ip link set lo up
touch "$state/ready"
if [ $# -gt 0 ]; then
  "$@"
  exit
fi
# Orphans become children of process 1, which has to wait for them.
while :; do sleep 1000000 & wait; done
