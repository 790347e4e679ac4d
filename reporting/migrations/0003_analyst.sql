-- The role of people who ask questions. Roles belong to the whole server: another database may be making it right now.
-- The limits are its own settings, so they hold for whoever logs in as it; a password is given apart (see migrate.ts).
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analyst') THEN
    CREATE ROLE analyst LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 20;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

DO $$
DECLARE
  here text := quote_ident(current_database());
BEGIN
  EXECUTE format('ALTER ROLE analyst IN DATABASE %s SET default_transaction_read_only = on', here);
  EXECUTE format('ALTER ROLE analyst IN DATABASE %s SET statement_timeout = ''30s''', here);
  EXECUTE format('ALTER ROLE analyst IN DATABASE %s SET idle_in_transaction_session_timeout = ''60s''', here);
  EXECUTE format('ALTER ROLE analyst IN DATABASE %s SET work_mem = ''64MB''', here);
  EXECUTE format('ALTER ROLE analyst IN DATABASE %s SET search_path = report', here);
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %s FROM PUBLIC', here);
  EXECUTE format('GRANT CONNECT ON DATABASE %s TO analyst', here);
END
$$;

GRANT USAGE ON SCHEMA report TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA report TO analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA report GRANT SELECT ON TABLES TO analyst;
