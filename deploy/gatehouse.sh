#!/bin/sh
# The command line in a container of ours, with the settings of its process, those from files too:
# `docker compose exec api gatehouse doctor`.
set -eu
here=$(dirname "$(readlink -f "$0")")
exec "$here/entrypoint.sh" node "$here/../dist/gatehouse.cjs" "$@"
