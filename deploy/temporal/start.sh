#!/bin/sh
# The server's image takes the password of its database only by the environment: read it from the secret.
set -eu
POSTGRES_PWD=$(cat /run/secrets/temporal_db_password)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
