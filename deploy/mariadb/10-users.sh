#!/usr/bin/env bash
# Run once by the database container: makes the two users; their rights are in grants.sql.
set -euo pipefail

export MYSQL_PWD="${MARIADB_ROOT_PASSWORD}"
sql() { mariadb --protocol=socket -uroot "$@"; }
quoted() { printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g"; }

sql <<SQL
CREATE USER IF NOT EXISTS 'drportal'@'%' IDENTIFIED BY '$(quoted "${DRPORTAL_PASSWORD}")';
CREATE USER IF NOT EXISTS 'drportal_migrate'@'%' IDENTIFIED BY '$(quoted "${DRPORTAL_MIGRATE_PASSWORD}")';
SQL
sql </etc/drportal/grants.sql
