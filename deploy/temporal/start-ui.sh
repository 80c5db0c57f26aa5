#!/bin/sh
# The page's image takes the secret of its OIDC client only by the environment: read it from the secret.
set -eu
TEMPORAL_AUTH_CLIENT_SECRET=$(cat /run/secrets/temporal_ui_client_secret)
export TEMPORAL_AUTH_CLIENT_SECRET
exec ./start-ui-server.sh
