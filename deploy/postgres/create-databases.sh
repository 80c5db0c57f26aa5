#!/bin/sh
# Run once by the Postgres image, on an empty data folder: logins and databases of Temporal and of the ledger, apart.
set -eu
temporal=$(cat /run/secrets/temporal_db_password)
ledger=$(cat /run/secrets/ledger_admin_password)
# CREATEDB: without it Postgres lets nobody say NOCREATEDB of another role, which the migration says of its logins.
# The passwords reach psql by its input, not by arguments that other processes could read.
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE temporal LOGIN PASSWORD '$temporal';
CREATE DATABASE temporal OWNER temporal TEMPLATE template0;
CREATE DATABASE temporal_visibility OWNER temporal TEMPLATE template0;
CREATE ROLE gatehouse_admin LOGIN CREATEROLE CREATEDB PASSWORD '$ledger';
CREATE DATABASE gatehouse OWNER gatehouse_admin ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE temporal, temporal_visibility, gatehouse FROM PUBLIC;
SQL
