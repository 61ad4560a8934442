#!/bin/sh
# Runs a command where no packet can leave the machine: in a network namespace of
# its own, with loopback and one virtual interface (10.77.0.1), at which WebRTC
# finds the host candidate that it does not take from loopback.
#
#   scripts/netns.sh npm test
#   scripts/netns.sh --loopback-only COMMAND...   without that interface: Wi-Fi off
#   scripts/netns.sh --check                      whether this machine can do it
#
# Needs Linux, root (or CAP_SYS_ADMIN), unshare (util-linux) and ip (iproute2).
set -eu

interface=yes
case "${1:-}" in
  --loopback-only) interface=no; shift ;;
  --check) set -- true ;;
esac
if [ $# -eq 0 ]; then
  echo "usage: netns.sh [--loopback-only] COMMAND [ARGUMENT...] | netns.sh --check" >&2
  exit 2
fi

# shellcheck disable=SC2016  # the inner shell expands these
exec unshare --net sh -euc '
  interface=$1
  shift
  ip link set lo up
  if [ "$interface" = yes ]; then
    ip link add tabraft0 type veth peer name tabraft1
    # An IPv6 address would come a second or two later, and the browser aborts what it loads when one does.
    ip link set tabraft0 addrgenmode none
    ip link set tabraft1 addrgenmode none
    ip address add 10.77.0.1/24 dev tabraft0
    ip link set tabraft0 up
    ip link set tabraft1 up
    # Without a route the browser takes the machine to be offline.
    ip route add default dev tabraft0
  fi
  exec "$@"
' netns "$interface" "$@"
