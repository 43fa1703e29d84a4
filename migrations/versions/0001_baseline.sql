-- Made by scripts/baseline from the models.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aftercare_app') THEN CREATE ROLE aftercare_app NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

GRANT aftercare_app TO CURRENT_USER;

CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE OR REPLACE FUNCTION aftercare_all_shops() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('aftercare.shops', true), '') = '*' $$;

CREATE OR REPLACE FUNCTION aftercare_shops() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN coalesce(current_setting('aftercare.shops', true), '') IN ('', '*') THEN '{}'::uuid[]
                 ELSE string_to_array(current_setting('aftercare.shops', true), ',')::uuid[] END $$;

CREATE SEQUENCE fact_position CACHE 1;

CREATE TABLE account (
	id UUID NOT NULL,
	email VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	locale VARCHAR NOT NULL,
	active BOOLEAN DEFAULT true NOT NULL,
	password_hash VARCHAR,
	password_changed_at TIMESTAMP WITH TIME ZONE,
	totp_secret VARCHAR,
	totp_confirmed_at TIMESTAMP WITH TIME ZONE,
	totp_last_step BIGINT DEFAULT 0 NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT account_pkey PRIMARY KEY (id),
	CONSTRAINT an_account_email_is_in_small_letters CHECK (email = lower(email)),
	CONSTRAINT a_second_factor_in_use_has_a_secret CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL),
	CONSTRAINT account_email_key UNIQUE (email)
);

CREATE UNLOGGED TABLE allowance (
	key VARCHAR NOT NULL,
	used INTEGER NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT allowance_pkey PRIMARY KEY (key)
);

CREATE INDEX allowance_ends_at_idx ON allowance (ends_at);

CREATE TABLE delivery (
	reaction VARCHAR NOT NULL,
	position BIGINT NOT NULL,
	transaction xid8 NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	lane UUID NOT NULL,
	state VARCHAR(40) DEFAULT 'waiting' NOT NULL,
	attempts INTEGER DEFAULT 0 NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	error VARCHAR,
	CONSTRAINT delivery_pkey PRIMARY KEY (reaction, position),
	CONSTRAINT a_delivery_waits_or_has_failed_or_is_set_aside CHECK (state IN ('waiting', 'failed', 'set_aside'))
);

CREATE INDEX delivery_lane_idx ON delivery (reaction, lane, transaction, position);

CREATE INDEX delivery_state_idx ON delivery (state, next_at);

CREATE TABLE entry_code (
	id UUID NOT NULL,
	contact VARCHAR NOT NULL,
	customers JSONB NOT NULL,
	shops JSONB NOT NULL,
	locale VARCHAR NOT NULL,
	tries INTEGER DEFAULT 0 NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	redeemed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT entry_code_pkey PRIMARY KEY (id),
	CONSTRAINT an_entry_code_counts_its_tries CHECK (tries >= 0)
);

CREATE INDEX entry_code_contact_created_at_idx ON entry_code (contact, created_at);

CREATE INDEX entry_code_expires_at_idx ON entry_code (expires_at);

CREATE TABLE fact (
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	position BIGINT NOT NULL,
	transaction xid8 DEFAULT pg_current_xact_id() NOT NULL,
	name VARCHAR NOT NULL,
	actor_kind VARCHAR NOT NULL,
	actor_id UUID,
	shop_id UUID,
	cause BIGINT,
	request_id VARCHAR,
	data JSONB NOT NULL,
	CONSTRAINT fact_pkey PRIMARY KEY (at, position)
)
 PARTITION BY RANGE (at);

CREATE INDEX fact_name_at_idx ON fact (name, at);

CREATE INDEX fact_shop_at_idx ON fact (shop_id, at);

CREATE INDEX fact_transaction_position_idx ON fact (transaction, position);

CREATE TABLE fact_object (
	object_id UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	position BIGINT NOT NULL,
	object_kind VARCHAR NOT NULL,
	shop_id UUID,
	CONSTRAINT fact_object_pkey PRIMARY KEY (object_id, at, position)
);

CREATE TABLE reader (
	name VARCHAR NOT NULL,
	transaction xid8 DEFAULT '0'::xid8 NOT NULL,
	position BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT reader_pkey PRIMARY KEY (name)
);

CREATE TABLE role (
	id UUID NOT NULL,
	name VARCHAR NOT NULL,
	permissions JSONB NOT NULL,
	built_in BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT role_pkey PRIMARY KEY (id),
	CONSTRAINT role_name_key UNIQUE (name)
);

CREATE TABLE shop (
	id UUID NOT NULL,
	code VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	market VARCHAR NOT NULL,
	locale VARCHAR NOT NULL,
	time_zone VARCHAR NOT NULL,
	currency VARCHAR NOT NULL,
	support_email VARCHAR,
	return_address JSONB DEFAULT '{}' NOT NULL,
	settings JSONB DEFAULT '{}' NOT NULL,
	active BOOLEAN DEFAULT true NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT shop_pkey PRIMARY KEY (id),
	CONSTRAINT a_shop_code_fits_into_an_address CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
	CONSTRAINT a_shop_currency_has_three_letters CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT shop_code_key UNIQUE (code)
);

CREATE INDEX shop_name_idx ON shop (name);

CREATE TABLE sign_in_attempt (
	key BYTEA NOT NULL,
	failures INTEGER NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	blocked_until TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (key)
);

CREATE INDEX sign_in_attempt_last_at_idx ON sign_in_attempt (last_at);

CREATE TABLE worker_beat (
	id UUID NOT NULL,
	host VARCHAR NOT NULL,
	leads BOOLEAN NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT worker_beat_pkey PRIMARY KEY (id)
);

CREATE TABLE api_token (
	id UUID NOT NULL,
	account_id UUID,
	name VARCHAR NOT NULL,
	token_hash BYTEA NOT NULL,
	scopes JSONB NOT NULL,
	every_shop BOOLEAN NOT NULL,
	shops JSONB NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE,
	last_used_at TIMESTAMP WITH TIME ZONE,
	revoked_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT api_token_pkey PRIMARY KEY (id),
	CONSTRAINT api_token_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT api_token_token_hash_key UNIQUE (token_hash)
);

CREATE INDEX api_token_account_id_idx ON api_token (account_id);

CREATE TABLE membership (
	id UUID NOT NULL,
	account_id UUID NOT NULL,
	role VARCHAR NOT NULL,
	shop_id UUID,
	CONSTRAINT membership_pkey PRIMARY KEY (id),
	CONSTRAINT membership_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT membership_role_fkey FOREIGN KEY(role) REFERENCES role (name),
	CONSTRAINT membership_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE UNIQUE INDEX membership_account_id_shop_id_key ON membership (account_id, shop_id) NULLS NOT DISTINCT;

CREATE INDEX membership_role_idx ON membership (role);

CREATE INDEX membership_shop_id_idx ON membership (shop_id);

CREATE TABLE password_link (
	id UUID NOT NULL,
	account_id UUID NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT password_link_pkey PRIMARY KEY (id),
	CONSTRAINT password_link_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE INDEX password_link_account_id_idx ON password_link (account_id);

CREATE TABLE recovery_code (
	account_id UUID NOT NULL,
	code_hash BYTEA NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT recovery_code_pkey PRIMARY KEY (account_id, code_hash),
	CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE TABLE session (
	id UUID NOT NULL,
	token_hash BYTEA NOT NULL,
	kind VARCHAR(40) NOT NULL,
	account_id UUID,
	customers JSONB DEFAULT '[]' NOT NULL,
	shops JSONB DEFAULT '[]' NOT NULL,
	contact VARCHAR,
	locale VARCHAR NOT NULL,
	device VARCHAR,
	address VARCHAR,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT session_pkey PRIMARY KEY (id),
	CONSTRAINT a_staff_session_and_no_other_has_an_account CHECK ((kind = 'staff') = (account_id IS NOT NULL)),
	CONSTRAINT session_token_hash_key UNIQUE (token_hash),
	CONSTRAINT a_session_is_of_staff_or_of_a_customer CHECK (kind IN ('staff', 'customer')),
	CONSTRAINT session_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE INDEX session_account_id_idx ON session (account_id) WHERE account_id IS NOT NULL;

CREATE INDEX session_contact_idx ON session (contact) WHERE contact IS NOT NULL;

CREATE INDEX session_expires_at_idx ON session (expires_at);

-- pgqueuer 1.6.0 -- prefix='' schema=None durability=durable

CREATE TYPE pgqueuer_status AS ENUM ('queued', 'picked', 'successful', 'exception', 'canceled', 'deleted', 'failed');

CREATE TABLE pgqueuer (
    id bigserial NOT NULL PRIMARY KEY,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    execute_after timestamp with time zone NOT NULL DEFAULT now(),
    status pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer NOT NULL DEFAULT 0,
    slot bigint
);

CREATE TABLE pgqueuer_log (
    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT now(),
    job_id bigint NOT NULL,
    status pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

CREATE TABLE pgqueuer_schedules (
    id bigserial NOT NULL PRIMARY KEY,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    next_run timestamp with time zone NOT NULL DEFAULT now(),
    last_run timestamp with time zone,
    status pgqueuer_status DEFAULT 'queued'::pgqueuer_status,
    UNIQUE (expression, entrypoint)
);

CREATE TABLE pgqueuer_statistics (
    id bigserial NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT date_trunc('sec'::text, now()),
    count bigint NOT NULL,
    priority integer NOT NULL,
    status pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

CREATE INDEX pgqueuer_ep_ea_idx ON pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::pgqueuer_status);

CREATE INDEX pgqueuer_ep_prio_id_idx ON pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::pgqueuer_status);

CREATE INDEX pgqueuer_log_created ON pgqueuer_log USING btree (created);

CREATE INDEX pgqueuer_log_job_id_status ON pgqueuer_log USING btree (job_id, created DESC);

CREATE INDEX pgqueuer_log_not_aggregated ON pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);

CREATE INDEX pgqueuer_log_status ON pgqueuer_log USING btree (status);

CREATE INDEX pgqueuer_picked_heartbeat_idx ON pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::pgqueuer_status);

CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::pgqueuer_status) AND (slot IS NOT NULL));

CREATE INDEX pgqueuer_priority_id_id1_idx ON pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::pgqueuer_status);

CREATE INDEX pgqueuer_queue_manager_id_idx ON pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);

CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);

CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])) AND (dedupe_key IS NOT NULL));

CREATE INDEX pgqueuer_updated_id_id1_idx ON pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::pgqueuer_status);

CREATE FUNCTION fn_pgqueuer_changed() RETURNS TRIGGER AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER tg_pgqueuer_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgqueuer
EXECUTE FUNCTION fn_pgqueuer_changed();

ALTER TABLE fact ENABLE ROW LEVEL SECURITY;

CREATE POLICY fact_of_own_shops ON fact USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE fact_object ENABLE ROW LEVEL SECURITY;

CREATE POLICY fact_object_of_own_shops ON fact_object USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE membership ENABLE ROW LEVEL SECURITY;

CREATE POLICY membership_of_own_shops ON membership USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

GRANT USAGE ON SCHEMA public TO aftercare_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO aftercare_app;

GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO aftercare_app;

REVOKE UPDATE, DELETE, TRUNCATE ON fact, fact_object FROM aftercare_app;

CREATE OR REPLACE FUNCTION ensure_fact_month(moment timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public AS $$
    DECLARE
      first date := date_trunc('month', moment AT TIME ZONE 'UTC');
      part text := 'fact_' || to_char(first, 'YYYY_MM');
    BEGIN
      IF to_regclass(part) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('ensure_fact_month'));
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF fact FOR VALUES FROM (%L) TO (%L)',
          part, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
      END IF;
    END $$;

CREATE TABLE IF NOT EXISTS fact_rest PARTITION OF fact DEFAULT;

ALTER TABLE shop ENABLE ROW LEVEL SECURITY;

CREATE POLICY shop_is_known_to_all ON shop FOR SELECT USING (true);

CREATE POLICY shop_is_changed_by_its_own ON shop FOR UPDATE USING ((SELECT aftercare_all_shops()) OR id = ANY ((SELECT aftercare_shops())::uuid[]));

CREATE POLICY shop_is_added_by_the_group ON shop FOR INSERT WITH CHECK ((SELECT aftercare_all_shops()));

CREATE POLICY shop_is_removed_by_the_group ON shop FOR DELETE USING ((SELECT aftercare_all_shops()));

CREATE POLICY membership_of_all_shops_is_given_by_the_group_on_insert ON membership AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY membership_of_all_shops_is_given_by_the_group_on_update ON membership AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE OR REPLACE FUNCTION account_reach(whose uuid) RETURNS TABLE (role text, shop_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$ SELECT m.role, m.shop_id FROM membership m WHERE m.account_id = whose $$;
