#!/bin/sh
# Makes or updates Temporal's two schemas. Run it before every new version of the server; it may run as often as you like.
set -eu
SQL_PASSWORD=$(cat /run/secrets/temporal_db_password)
export SQL_PASSWORD
schema() {
  database=$1
  versions=/etc/temporal/schema/postgresql/v12/$2/versioned
  tool() { temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" --db "$database" "$@"; }
  # A new database has no table of versions yet: then it is set up first.
  tool update-schema -d "$versions" || { tool setup-schema -v 0.0 && tool update-schema -d "$versions"; }
}
schema temporal temporal
schema temporal_visibility visibility
