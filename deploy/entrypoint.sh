#!/bin/sh
# Takes database addresses from files, because they hold passwords: NAME_FILE gives NAME. A variable set by Docker itself
# could be read by whoever may inspect the container.
set -eu
for name in DATABASE_URL GATEHOUSE_LEDGER_URL; do
  file=$(printenv "${name}_FILE" || true)
  if [ -n "$file" ]; then
    value=$(cat "$file")
    export "$name=$value"
    unset "${name}_FILE"
  fi
done
exec "$@"
