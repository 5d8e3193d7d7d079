#!/bin/sh
# Goes on only where the machine is ready; otherwise it says why, and ends with the code of docs/exit-codes.md; docs/ci/gate.md has the rest.
#   gate.sh MACHINE COMMAND...
set -u
machine=$1
shift
rdp-probe wait "$machine" --for "${PATIENCE:-5m}" --give-up --brief
status=$?
case $status in
  0) exec "$@" ;;
  10 | 11) echo "gate: $machine is not there (yet)" >&2 ;;
  4[0-2]) echo "gate: $machine has trouble with TLS or its certificate" >&2 ;;
  5[1-3]) echo "gate: $machine does not let this account in" >&2 ;;
  *) echo "gate: $machine is not ready" >&2 ;;
esac
exit "$status"
