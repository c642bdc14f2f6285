-- Makes, in the database it runs in, a login role and a schema per app, and the group of those who may read parts of the
-- registry. Run by a superuser (or a role with CREATEROLE that owns the database); running it again changes nothing.
-- What to make comes in as a setting: select set_config('nhip.apps', '[{"role","schema","password","inGroup"}, …]', false).
-- Which tables of the registry the group may read is granted beside each table, in the migrations of api.

do $$
declare
  app record;
  domain_group constant name := coalesce(current_setting('nhip.domain_group', true), 'nhip_domains');
begin
  -- Roles belong to the whole server: two databases being made at once must not both create one.
  lock table pg_catalog.pg_authid in share row exclusive mode;

  if not exists (select from pg_roles where rolname = domain_group) then
    execute format('create role %I nologin', domain_group);
  end if;

  execute format('revoke all on database %I from public', current_database());
  revoke create on schema public from public;

  for app in
    select * from jsonb_to_recordset(current_setting('nhip.apps')::jsonb) as a(role name, schema name, password text, "inGroup" boolean)
  loop
    if not exists (select from pg_roles where rolname = app.role) then
      execute format('create role %I login', app.role);
    end if;
    if app.password is not null then
      execute format('alter role %I password %L', app.role, app.password);
    end if;
    if app."inGroup" and not pg_has_role(app.role, domain_group, 'member') then
      execute format('grant %I to %I', domain_group, app.role);
    end if;
    -- An unqualified name is the app's own, or an extension's.
    execute format('alter role %I in database %I set search_path = %I, public', app.role, current_database(), app.schema);
    execute format('grant connect, temporary on database %I to %I', current_database(), app.role);
    execute format('create schema if not exists %I authorization %I', app.schema, app.role);
  end loop;

  execute format('grant usage on schema %I to %I', 'registry', domain_group);
end
$$;
