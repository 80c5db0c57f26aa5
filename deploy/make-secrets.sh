#!/bin/sh
# Makes the passwords of the databases, and the secret of the Temporal UI's login, in deploy/secrets, at random and once; what is there is kept.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets/api secrets/worker
password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"; }

keep postgres_password "$(password)"
keep temporal_db_password "$(password)"
keep ledger_admin_password "$(password)"
keep ledger_owner_password "$(password)"
keep ledger_api_password "$(password)"
keep ledger_worker_password "$(password)"
keep ledger_auditor_password "$(password)"
# Of the Temporal UI's client at the OIDC provider: give it this one, or put the one that the provider made in its place.
keep temporal_ui_client_secret "$(password)"
url() { printf 'postgres://%s:%s@postgres:5432/gatehouse' "$1" "$(cat "secrets/$2")"; }
keep ledger_admin_url "$(url gatehouse_admin ledger_admin_password)"
keep ledger_api_url "$(url gatehouse_api ledger_api_password)"
keep ledger_worker_url "$(url gatehouse_worker ledger_worker_password)"
keep ledger_role_passwords.json "$(printf '{"owner":"%s","api":"%s","worker":"%s","auditor":"%s"}' \
  "$(cat secrets/ledger_owner_password)" "$(cat secrets/ledger_api_password)" \
  "$(cat secrets/ledger_worker_password)" "$(cat secrets/ledger_auditor_password)")"
# The containers run as other users than you; the folder above them stays yours alone.
chmod 700 secrets
chmod 755 secrets/api secrets/worker
find secrets -maxdepth 1 -type f -exec chmod 444 {} +
echo "The secrets are in $(pwd)/secrets. Keep them: the databases know these passwords from their first start on."
