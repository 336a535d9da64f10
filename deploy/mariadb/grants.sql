-- Rights of the two database users, given to them as one idempotent script.
-- The application's user has neither DROP nor ALTER: it cannot truncate, and append-only tables stay so.
GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE, LOCK TABLES, CREATE TEMPORARY TABLES ON `drportal`.* TO 'drportal'@'%';
-- Migrations run as this one; triggers run with its rights.
GRANT ALL PRIVILEGES ON `drportal`.* TO 'drportal_migrate'@'%';
