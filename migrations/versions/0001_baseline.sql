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

CREATE SEQUENCE claim_number;

CREATE SEQUENCE cost_line_number;

CREATE SEQUENCE fact_position CACHE 1;

CREATE SEQUENCE service_case_number CACHE 1;

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

CREATE TABLE analysis_result (
	id UUID NOT NULL,
	shops UUID[],
	fingerprint VARCHAR NOT NULL,
	question JSONB NOT NULL,
	state VARCHAR(40) NOT NULL,
	progress DOUBLE PRECISION NOT NULL,
	answer JSONB,
	trouble JSONB,
	asked_by UUID,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT analysis_result_pkey PRIMARY KEY (id),
	CONSTRAINT what_is_done_has_an_answer CHECK (state <> 'done' OR answer IS NOT NULL),
	CONSTRAINT an_analysis_is_in_a_known_state CHECK (state IN ('waiting', 'running', 'done', 'refused'))
);

CREATE INDEX analysis_result_asked_idx ON analysis_result (asked_at, id);

CREATE INDEX analysis_result_question_idx ON analysis_result (fingerprint, asked_at);

CREATE TABLE assistant_model (
	id UUID NOT NULL,
	name VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	digest VARCHAR NOT NULL,
	trained_on VARCHAR NOT NULL,
	examples INTEGER NOT NULL,
	intents INTEGER NOT NULL,
	scores JSONB NOT NULL,
	trained_by UUID,
	trained_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state VARCHAR(40) NOT NULL,
	trial JSONB,
	promoted_at TIMESTAMP WITH TIME ZONE,
	promoted_by UUID,
	CONSTRAINT assistant_model_pkey PRIMARY KEY (id),
	CONSTRAINT assistant_model_version_key UNIQUE (name, version),
	CONSTRAINT a_model_is_in_a_known_state CHECK (state IN ('candidate', 'serving', 'retired', 'refused'))
);

CREATE UNIQUE INDEX assistant_model_serving_idx ON assistant_model (name) WHERE state = 'serving';

CREATE TABLE category_name (
	source VARCHAR NOT NULL,
	code VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	CONSTRAINT category_name_pkey PRIMARY KEY (source, code)
);

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

CREATE TABLE foresight_model (
	id UUID NOT NULL,
	name VARCHAR(40) NOT NULL,
	version INTEGER NOT NULL,
	state VARCHAR(40) NOT NULL,
	digest VARCHAR NOT NULL,
	learned_from INTEGER NOT NULL,
	happened INTEGER NOT NULL,
	known_at TIMESTAMP WITH TIME ZONE NOT NULL,
	trained_at TIMESTAMP WITH TIME ZONE NOT NULL,
	scores JSONB NOT NULL,
	compared JSONB,
	CONSTRAINT foresight_model_pkey PRIMARY KEY (id),
	CONSTRAINT foresight_model_name_version_key UNIQUE (name, version),
	CONSTRAINT a_model_foretells_something_known CHECK (name IN ('order_approved', 'order_handed_over', 'case_late', 'case_reopened', 'case_escalated', 'case_disputed', 'customer_leaves')),
	CONSTRAINT a_model_serves_or_does_not CHECK (state IN ('serving', 'replaced', 'refused'))
);

CREATE UNIQUE INDEX foresight_model_serving_idx ON foresight_model (name) WHERE state = 'serving';

CREATE TABLE foresight_round (
	name VARCHAR NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT foresight_round_pkey PRIMARY KEY (name)
);

CREATE TABLE knowledge_word (
	word VARCHAR NOT NULL,
	documents INTEGER NOT NULL,
	sound VARCHAR,
	CONSTRAINT knowledge_word_pkey PRIMARY KEY (word)
);

CREATE INDEX knowledge_word_sound_idx ON knowledge_word (sound text_pattern_ops);

CREATE INDEX knowledge_word_spelling_idx ON knowledge_word USING gin (word gin_trgm_ops);

CREATE TABLE postal_area (
	country VARCHAR NOT NULL,
	prefix VARCHAR NOT NULL,
	latitude DOUBLE PRECISION NOT NULL,
	longitude DOUBLE PRECISION NOT NULL,
	city VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	points INTEGER NOT NULL,
	CONSTRAINT postal_area_pkey PRIMARY KEY (country, prefix)
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
	offered JSONB DEFAULT '[]' NOT NULL,
	CONSTRAINT role_pkey PRIMARY KEY (id),
	CONSTRAINT role_name_key UNIQUE (name)
);

CREATE TABLE sandbox_payment (
	key VARCHAR NOT NULL,
	payment_ref VARCHAR NOT NULL,
	amount_cents BIGINT NOT NULL,
	currency VARCHAR NOT NULL,
	whim VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	failure VARCHAR,
	asked INTEGER DEFAULT 0 NOT NULL,
	calls JSONB DEFAULT '[]'::jsonb NOT NULL,
	calls_at TIMESTAMP WITH TIME ZONE,
	first_asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	paid_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT sandbox_payment_pkey PRIMARY KEY (key),
	CONSTRAINT a_sandbox_refund_pays_something CHECK (amount_cents > 0),
	CONSTRAINT a_paid_sandbox_refund_says_when CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
	CONSTRAINT a_sandbox_refund_has_a_known_whim CHECK (whim IN ('pays', 'late', 'twice', 'disordered', 'loses_answer', 'unreachable', 'short', 'never')),
	CONSTRAINT a_sandbox_refund_is_in_a_known_state CHECK (state IN ('paid', 'pending', 'failed'))
);

CREATE INDEX sandbox_payment_calls_at_idx ON sandbox_payment (calls_at) WHERE calls_at IS NOT NULL;

CREATE INDEX sandbox_payment_payment_ref_idx ON sandbox_payment (payment_ref);

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

CREATE TABLE alarm (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	series VARCHAR NOT NULL,
	cut VARCHAR DEFAULT '' NOT NULL,
	label VARCHAR DEFAULT '' NOT NULL,
	group_key VARCHAR NOT NULL,
	playbook VARCHAR NOT NULL,
	severity VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	since_on DATE NOT NULL,
	last_on DATE NOT NULL,
	window_days INTEGER NOT NULL,
	value DOUBLE PRECISION NOT NULL,
	expected DOUBLE PRECISION NOT NULL,
	low DOUBLE PRECISION NOT NULL,
	high DOUBLE PRECISION NOT NULL,
	p DOUBLE PRECISION NOT NULL,
	details JSONB DEFAULT '{}'::jsonb NOT NULL,
	points JSONB NOT NULL,
	owner_id UUID,
	raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	acknowledged_at TIMESTAMP WITH TIME ZONE,
	closed_at TIMESTAMP WITH TIME ZONE,
	closed_by UUID,
	close_reason VARCHAR(40),
	note VARCHAR DEFAULT '' NOT NULL,
	CONSTRAINT alarm_pkey PRIMARY KEY (id),
	CONSTRAINT a_closed_alarm_knows_when CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
	CONSTRAINT a_closed_alarm_knows_why CHECK ((closed_at IS NULL) = (close_reason IS NULL)),
	CONSTRAINT alarm_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT an_alarm_is_of_a_known_severity CHECK (severity IN ('notable', 'serious', 'crisis')),
	CONSTRAINT an_alarm_is_in_a_known_state CHECK (state IN ('open', 'acknowledged', 'closed')),
	CONSTRAINT alarm_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES account (id),
	CONSTRAINT an_alarm_is_closed_for_a_known_reason CHECK (close_reason IN ('put_right', 'expected', 'false_alarm', 'passed'))
);

CREATE UNIQUE INDEX alarm_one_open_of_a_kind_idx ON alarm (shop_id, series, cut) WHERE state <> 'closed';

CREATE INDEX alarm_recent_idx ON alarm (raised_at, id);

CREATE INDEX alarm_shop_idx ON alarm (shop_id, raised_at, id);

CREATE TABLE alarm_playbook (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	code VARCHAR NOT NULL,
	locale VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	steps JSONB NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_by UUID,
	CONSTRAINT alarm_playbook_pkey PRIMARY KEY (id),
	CONSTRAINT alarm_playbook_shop_id_code_locale_key UNIQUE (shop_id, code, locale),
	CONSTRAINT alarm_playbook_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE alarm_rule (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	indicator VARCHAR NOT NULL,
	cut_by VARCHAR DEFAULT '' NOT NULL,
	owner_id UUID,
	set_by UUID,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT alarm_rule_pkey PRIMARY KEY (id),
	CONSTRAINT alarm_rule_shop_id_indicator_cut_by_key UNIQUE (shop_id, indicator, cut_by),
	CONSTRAINT alarm_rule_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT alarm_rule_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES account (id)
);

CREATE TABLE alarm_watch (
	shop_id UUID NOT NULL,
	looked_on DATE NOT NULL,
	looked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	series INTEGER NOT NULL,
	CONSTRAINT alarm_watch_pkey PRIMARY KEY (shop_id),
	CONSTRAINT alarm_watch_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE answer_template (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	folder VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	words JSONB NOT NULL,
	used INTEGER DEFAULT 0 NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	changed_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT answer_template_pkey PRIMARY KEY (id),
	CONSTRAINT answer_template_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE UNIQUE INDEX answer_template_name_idx ON answer_template (shop_id, name);

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

CREATE TABLE article (
	id UUID NOT NULL,
	shop_id UUID,
	audience VARCHAR(40) NOT NULL,
	topic VARCHAR NOT NULL,
	categories VARCHAR[] DEFAULT '{}' NOT NULL,
	product_ids UUID[] DEFAULT '{}' NOT NULL,
	owner_id UUID,
	status VARCHAR(40) NOT NULL,
	version INTEGER DEFAULT 0 NOT NULL,
	draft BOOLEAN DEFAULT true NOT NULL,
	revision INTEGER DEFAULT 1 NOT NULL,
	review_days INTEGER,
	review_on DATE,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	created_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	published_at TIMESTAMP WITH TIME ZONE,
	withdrawn_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT article_pkey PRIMARY KEY (id),
	CONSTRAINT an_article_is_a_draft_until_published CHECK ((status = 'draft') = (version = 0)),
	CONSTRAINT a_withdrawn_article_knows_when CHECK (status <> 'withdrawn' OR withdrawn_at IS NOT NULL),
	CONSTRAINT a_published_article_knows_when CHECK (status <> 'published' OR published_at IS NOT NULL),
	CONSTRAINT a_review_is_due_after_some_days CHECK (review_days > 0),
	CONSTRAINT article_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT an_article_is_for_the_public_or_staff CHECK (audience IN ('public', 'staff')),
	CONSTRAINT article_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES account (id),
	CONSTRAINT an_article_has_a_known_standing CHECK (status IN ('draft', 'published', 'withdrawn'))
);

CREATE INDEX article_changed_idx ON article (changed_at, id);

CREATE INDEX article_review_idx ON article (review_on) WHERE status = 'published';

CREATE INDEX article_shop_idx ON article (shop_id, changed_at, id);

CREATE TABLE assistant_spending (
	shop_id UUID NOT NULL,
	day VARCHAR NOT NULL,
	tokens INTEGER NOT NULL,
	calls INTEGER NOT NULL,
	CONSTRAINT assistant_spending_pkey PRIMARY KEY (shop_id, day),
	CONSTRAINT assistant_spending_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE assistant_switch (
	shop_id UUID NOT NULL,
	active BOOLEAN NOT NULL,
	channels JSONB NOT NULL,
	language_model BOOLEAN DEFAULT false NOT NULL,
	sure DOUBLE PRECISION DEFAULT 0.5 NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_by UUID,
	CONSTRAINT assistant_switch_pkey PRIMARY KEY (shop_id),
	CONSTRAINT a_threshold_is_neither_guess_nor_certainty CHECK (sure BETWEEN 0.3 AND 0.95),
	CONSTRAINT assistant_switch_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE business_calendar (
	id UUID NOT NULL,
	shop_id UUID,
	name VARCHAR NOT NULL,
	time_zone VARCHAR NOT NULL,
	country VARCHAR,
	subdivision VARCHAR,
	week JSONB NOT NULL,
	version INTEGER DEFAULT 1 NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT business_calendar_pkey PRIMARY KEY (id),
	CONSTRAINT business_calendar_shop_id_name_key UNIQUE NULLS NOT DISTINCT (shop_id, name),
	CONSTRAINT a_week_has_seven_days CHECK (jsonb_array_length(week) = 7),
	CONSTRAINT a_calendar_counts_its_versions CHECK (version > 0),
	CONSTRAINT business_calendar_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE channel_account (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	name VARCHAR NOT NULL,
	address VARCHAR NOT NULL,
	settings JSONB NOT NULL,
	secrets BYTEA NOT NULL,
	marks JSONB DEFAULT '{}' NOT NULL,
	active BOOLEAN NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE,
	last_error VARCHAR,
	CONSTRAINT channel_account_pkey PRIMARY KEY (id),
	CONSTRAINT channel_account_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT an_account_is_of_a_known_channel CHECK (kind IN ('portal', 'email', 'api', 'phone', 'chat', 'sms', 'social', 'desk', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook'))
);

CREATE UNIQUE INDEX channel_account_address_idx ON channel_account (shop_id, kind, address) WHERE active;

CREATE TABLE claim_policy (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	version INTEGER NOT NULL,
	document JSONB NOT NULL,
	published_at TIMESTAMP WITH TIME ZONE,
	saved_by UUID,
	saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT claim_policy_pkey PRIMARY KEY (id),
	CONSTRAINT claim_policy_shop_id_version_key UNIQUE (shop_id, version),
	CONSTRAINT claim_policy_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE cost_lever (
	id UUID NOT NULL,
	shop_id UUID,
	name VARCHAR NOT NULL,
	kind VARCHAR(40) NOT NULL,
	currency VARCHAR NOT NULL,
	started_on DATE NOT NULL,
	ended_on DATE,
	scope JSONB NOT NULL,
	against JSONB,
	words VARCHAR DEFAULT '' NOT NULL,
	made_by UUID,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT cost_lever_pkey PRIMARY KEY (id),
	CONSTRAINT a_lever_ends_after_it_starts CHECK (ended_on IS NULL OR ended_on > started_on),
	CONSTRAINT a_lever_has_a_currency_of_three_letters CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT cost_lever_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_lever_is_of_a_known_kind CHECK (kind IN ('automation', 'carrier', 'policy', 'routing', 'product', 'other'))
);

CREATE INDEX cost_lever_shop_id_idx ON cost_lever (shop_id);

CREATE TABLE cost_rate (
	id UUID NOT NULL,
	shop_id UUID,
	kind VARCHAR(40) NOT NULL,
	part VARCHAR DEFAULT '' NOT NULL,
	unit VARCHAR(40) NOT NULL,
	amount NUMERIC(18, 4),
	currency VARCHAR NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
	reason VARCHAR DEFAULT '' NOT NULL,
	set_by UUID,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT cost_rate_pkey PRIMARY KEY (id),
	CONSTRAINT a_rate_is_not_negative CHECK (amount >= 0),
	CONSTRAINT a_share_is_at_most_the_whole CHECK (unit <> 'per_mille' OR amount <= 1000),
	CONSTRAINT a_rate_has_a_currency_of_three_letters CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT cost_rate_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_rate_is_of_a_known_kind CHECK (kind IN ('people', 'telephony', 'bot', 'inspection', 'freight_out', 'freight_back', 'packaging', 'goods', 'goods_written_off')),
	CONSTRAINT a_rate_is_per_known_unit CHECK (unit IN ('hour', 'minute', 'piece', 'per_mille'))
);

CREATE UNIQUE INDEX cost_rate_shop_kind_part_currency_valid_from_key ON cost_rate (shop_id, kind, part, currency, valid_from) NULLS NOT DISTINCT;

CREATE TABLE customer (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	external_id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	email VARCHAR,
	phone VARCHAR,
	locale VARCHAR NOT NULL,
	tier VARCHAR DEFAULT '' NOT NULL,
	address JSONB DEFAULT '{}'::jsonb NOT NULL,
	content VARCHAR NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	erased_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT customer_pkey PRIMARY KEY (id),
	CONSTRAINT customer_shop_id_external_id_key UNIQUE (shop_id, external_id),
	CONSTRAINT customer_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX customer_email_idx ON customer (email);

CREATE INDEX customer_phone_idx ON customer (phone);

CREATE INDEX customer_shop_name_idx ON customer (shop_id, name, id);

CREATE TABLE decision (
	id UUID NOT NULL,
	shops UUID[],
	title VARCHAR NOT NULL,
	hypothesis VARCHAR NOT NULL,
	indicator VARCHAR NOT NULL,
	target DOUBLE PRECISION NOT NULL,
	owner_id UUID,
	cost_cents BIGINT,
	currency VARCHAR,
	subject_kind VARCHAR(40) NOT NULL,
	subject JSONB NOT NULL,
	roll_out VARCHAR(40) NOT NULL,
	share DOUBLE PRECISION,
	unit VARCHAR NOT NULL,
	treated JSONB NOT NULL,
	guards JSONB NOT NULL,
	state VARCHAR(40) NOT NULL,
	starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	planned_units INTEGER,
	why VARCHAR,
	created_by UUID,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT decision_pkey PRIMARY KEY (id),
	CONSTRAINT a_share_leaves_somebody_to_compare_with CHECK (share IS NULL OR share > 0 AND share < 1),
	CONSTRAINT what_runs_has_begun CHECK (state IN ('draft', 'dropped') OR started_at IS NOT NULL),
	CONSTRAINT what_is_over_says_when CHECK ((state IN ('kept', 'undone', 'dropped')) = (ended_at IS NOT NULL)),
	CONSTRAINT a_decision_ends_after_it_starts CHECK (ends_at > starts_at),
	CONSTRAINT decision_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES account (id),
	CONSTRAINT a_decision_has_a_known_subject CHECK (subject_kind IN ('policy', 'template', 'answer', 'routing', 'bot', 'other')),
	CONSTRAINT a_decision_is_rolled_out_in_a_known_way CHECK (roll_out IN ('all', 'shops', 'share', 'steps')),
	CONSTRAINT a_decision_is_in_a_known_state CHECK (state IN ('draft', 'running', 'kept', 'undone', 'dropped'))
);

CREATE INDEX decision_state_idx ON decision (state, id);

CREATE TABLE escalation_rule (
	id UUID NOT NULL,
	shop_id UUID,
	clock VARCHAR NOT NULL,
	steps JSONB NOT NULL,
	version INTEGER NOT NULL,
	changed_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT escalation_rule_pkey PRIMARY KEY (id),
	CONSTRAINT escalation_rule_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE UNIQUE INDEX escalation_rule_clock_key ON escalation_rule (clock, shop_id) NULLS NOT DISTINCT;

CREATE INDEX escalation_rule_shop_id_idx ON escalation_rule (shop_id);

CREATE TABLE export_plan (
	id UUID NOT NULL,
	shop_id UUID,
	name VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	table_name VARCHAR,
	form VARCHAR(40) NOT NULL,
	every VARCHAR(40) NOT NULL,
	grants JSONB DEFAULT '[]'::jsonb NOT NULL,
	time_zone VARCHAR NOT NULL,
	active BOOLEAN DEFAULT true NOT NULL,
	created_by UUID,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT export_plan_pkey PRIMARY KEY (id),
	CONSTRAINT an_export_names_its_table CHECK ((source = 'indicators') = (table_name IS NULL)),
	CONSTRAINT export_plan_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT an_export_has_a_known_form CHECK (form IN ('csv', 'parquet', 'xlsx')),
	CONSTRAINT an_export_comes_every_so_often CHECK (every IN ('day', 'week', 'month'))
);

CREATE INDEX export_plan_due_idx ON export_plan (next_at) WHERE active;

CREATE TABLE forbidden_phrase (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	locale VARCHAR NOT NULL,
	says VARCHAR NOT NULL,
	instead VARCHAR NOT NULL,
	blocks BOOLEAN NOT NULL,
	set_by UUID,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT forbidden_phrase_pkey PRIMARY KEY (id),
	CONSTRAINT forbidden_phrase_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE UNIQUE INDEX forbidden_phrase_says_idx ON forbidden_phrase (shop_id, locale, says);

CREATE TABLE foresight_chance (
	name VARCHAR(40) NOT NULL,
	subject_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	model_id UUID NOT NULL,
	chance DOUBLE PRECISION NOT NULL,
	usual DOUBLE PRECISION NOT NULL,
	why JSONB NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT foresight_chance_pkey PRIMARY KEY (name, subject_id),
	CONSTRAINT a_chance_lies_between_never_and_surely CHECK (chance BETWEEN 0 AND 1),
	CONSTRAINT a_chance_is_of_something_known CHECK (name IN ('order_approved', 'order_handed_over', 'case_late', 'case_reopened', 'case_escalated', 'case_disputed', 'customer_leaves')),
	CONSTRAINT foresight_chance_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT foresight_chance_model_id_fkey FOREIGN KEY(model_id) REFERENCES foresight_model (id)
);

CREATE INDEX foresight_chance_name_idx ON foresight_chance (name, chance);

CREATE INDEX foresight_chance_shop_idx ON foresight_chance (shop_id, name, chance);

CREATE INDEX foresight_chance_subject_idx ON foresight_chance (subject_id);

CREATE TABLE foresight_watch (
	model_id UUID NOT NULL,
	on_day DATE NOT NULL,
	count INTEGER NOT NULL,
	chance_drift DOUBLE PRECISION NOT NULL,
	drift JSONB NOT NULL,
	ended INTEGER NOT NULL,
	brier DOUBLE PRECISION,
	brier_plain DOUBLE PRECISION,
	CONSTRAINT foresight_watch_pkey PRIMARY KEY (model_id, on_day),
	CONSTRAINT foresight_watch_model_id_fkey FOREIGN KEY(model_id) REFERENCES foresight_model (id)
);

CREATE TABLE indicator_target (
	id UUID NOT NULL,
	indicator VARCHAR NOT NULL,
	shop_id UUID,
	market VARCHAR,
	value DOUBLE PRECISION,
	share DOUBLE PRECISION,
	set_by UUID,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT indicator_target_pkey PRIMARY KEY (id),
	CONSTRAINT a_target_is_for_a_shop_or_a_market CHECK (shop_id IS NULL OR market IS NULL),
	CONSTRAINT a_part_within_the_limit_is_a_share CHECK (share BETWEEN 0 AND 1),
	CONSTRAINT indicator_target_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE UNIQUE INDEX indicator_target_place_key ON indicator_target (indicator, shop_id, market) NULLS NOT DISTINCT;

CREATE TABLE logistics_warning (
	id UUID NOT NULL,
	shop_id UUID,
	issuer VARCHAR NOT NULL,
	occasion VARCHAR NOT NULL,
	kind VARCHAR(40) NOT NULL,
	state VARCHAR(40) DEFAULT 'draft' NOT NULL,
	begins_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	words JSONB NOT NULL,
	basis JSONB NOT NULL,
	drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	published_at TIMESTAMP WITH TIME ZONE,
	published_by UUID,
	withdrawn_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT logistics_warning_pkey PRIMARY KEY (id),
	CONSTRAINT a_warning_holds_for_some_days CHECK (begins_on <= ends_on),
	CONSTRAINT a_published_warning_says_since_when CHECK ((state IN ('published', 'withdrawn')) = (published_at IS NOT NULL)),
	CONSTRAINT logistics_warning_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_warning_is_of_a_known_kind CHECK (kind IN ('peak', 'logistics')),
	CONSTRAINT a_warning_is_in_a_known_state CHECK (state IN ('draft', 'published', 'withdrawn', 'discarded'))
);

CREATE INDEX logistics_warning_ends_idx ON logistics_warning (ends_on);

CREATE UNIQUE INDEX logistics_warning_once_idx ON logistics_warning (issuer, occasion);

CREATE TABLE macro (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	owner_id UUID,
	name VARCHAR NOT NULL,
	steps JSONB NOT NULL,
	used INTEGER DEFAULT 0 NOT NULL,
	changed_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT macro_pkey PRIMARY KEY (id),
	CONSTRAINT macro_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT macro_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES account (id)
);

CREATE INDEX macro_shop_idx ON macro (shop_id, name);

CREATE TABLE member (
	account_id UUID NOT NULL,
	skills VARCHAR[] DEFAULT '{}' NOT NULL,
	languages VARCHAR[] DEFAULT '{}' NOT NULL,
	capacity INTEGER DEFAULT 20 NOT NULL,
	working BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT member_pkey PRIMARY KEY (account_id),
	CONSTRAINT a_member_carries_between_none_and_a_thousand_cases CHECK (capacity BETWEEN 0 AND 1000),
	CONSTRAINT member_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

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

CREATE TABLE notice_template (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	template VARCHAR NOT NULL,
	locale VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	body VARCHAR NOT NULL,
	button VARCHAR NOT NULL,
	changed_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	error VARCHAR,
	broke_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT notice_template_pkey PRIMARY KEY (id),
	CONSTRAINT a_shop_words_a_template_once_per_language UNIQUE (shop_id, template, locale),
	CONSTRAINT notice_template_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

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

CREATE TABLE product (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	external_id VARCHAR NOT NULL,
	sku VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	price_cents BIGINT,
	currency VARCHAR NOT NULL,
	weight_grams INTEGER,
	length_mm INTEGER,
	width_mm INTEGER,
	height_mm INTEGER,
	image VARCHAR,
	attributes JSONB DEFAULT '{}'::jsonb NOT NULL,
	content VARCHAR NOT NULL,
	CONSTRAINT product_pkey PRIMARY KEY (id),
	CONSTRAINT product_shop_id_external_id_key UNIQUE (shop_id, external_id),
	CONSTRAINT product_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX product_shop_category_idx ON product (shop_id, category, id);

CREATE INDEX product_shop_sku_idx ON product (shop_id, sku);

CREATE TABLE promise_page (
	shop_id UUID NOT NULL,
	shown JSONB NOT NULL,
	days INTEGER DEFAULT 90 NOT NULL,
	published_at TIMESTAMP WITH TIME ZONE,
	published_by UUID,
	content JSONB,
	counted_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT promise_page_pkey PRIMARY KEY (shop_id),
	CONSTRAINT a_public_page_counts_four_weeks_to_a_year CHECK (days BETWEEN 28 AND 366),
	CONSTRAINT a_public_page_has_what_it_shows CHECK ((published_at IS NULL) = (content IS NULL)),
	CONSTRAINT promise_page_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE recovery_code (
	account_id UUID NOT NULL,
	code_hash BYTEA NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT recovery_code_pkey PRIMARY KEY (account_id, code_hash),
	CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE TABLE report (
	id UUID NOT NULL,
	shop_id UUID,
	issuer VARCHAR NOT NULL,
	audience VARCHAR(40) NOT NULL,
	span VARCHAR(40) NOT NULL,
	since_on DATE NOT NULL,
	until_on DATE NOT NULL,
	time_zone VARCHAR NOT NULL,
	state VARCHAR(40) DEFAULT 'draft' NOT NULL,
	by_worker BOOLEAN DEFAULT false NOT NULL,
	year INTEGER,
	serial INTEGER,
	content JSONB NOT NULL,
	words JSONB NOT NULL,
	corrects_id UUID,
	digest VARCHAR,
	drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	drafted_by UUID,
	edited_at TIMESTAMP WITH TIME ZONE,
	published_at TIMESTAMP WITH TIME ZONE,
	published_by UUID,
	CONSTRAINT report_pkey PRIMARY KEY (id),
	CONSTRAINT a_number_of_a_report_is_given_once UNIQUE (issuer, year, serial),
	CONSTRAINT a_published_report_has_number_and_digest CHECK ((state = 'published') = (published_at IS NOT NULL AND year IS NOT NULL AND serial IS NOT NULL AND digest IS NOT NULL)),
	CONSTRAINT a_report_is_about_some_days CHECK (since_on < until_on),
	CONSTRAINT report_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_report_is_for_a_known_audience CHECK (audience IN ('house', 'public')),
	CONSTRAINT a_report_is_about_a_known_span CHECK (span IN ('month', 'quarter', 'days')),
	CONSTRAINT a_report_is_in_a_known_state CHECK (state IN ('draft', 'published', 'discarded')),
	CONSTRAINT report_corrects_id_fkey FOREIGN KEY(corrects_id) REFERENCES report (id)
);

CREATE UNIQUE INDEX report_drafted_once_idx ON report (issuer, audience, span, since_on) WHERE by_worker;

CREATE INDEX report_issuer_idx ON report (issuer, since_on);

CREATE TABLE routing_overflow (
	shop_id UUID NOT NULL,
	after_minutes INTEGER NOT NULL,
	to_shops UUID[] DEFAULT '{}' NOT NULL,
	any_skill BOOLEAN NOT NULL,
	changed_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT routing_overflow_pkey PRIMARY KEY (shop_id),
	CONSTRAINT a_case_overflows_within_a_week CHECK (after_minutes BETWEEN 1 AND 10080),
	CONSTRAINT routing_overflow_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE saved_view (
	id UUID NOT NULL,
	account_id UUID NOT NULL,
	name VARCHAR NOT NULL,
	position INTEGER NOT NULL,
	filters JSONB NOT NULL,
	CONSTRAINT saved_view_pkey PRIMARY KEY (id),
	CONSTRAINT saved_view_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE INDEX saved_view_account_idx ON saved_view (account_id, position);

CREATE TABLE service_point (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	code VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	address JSONB NOT NULL,
	hours VARCHAR NOT NULL,
	takes_drop_off BOOLEAN NOT NULL,
	gives_pick_up BOOLEAN NOT NULL,
	active BOOLEAN DEFAULT true NOT NULL,
	CONSTRAINT service_point_pkey PRIMARY KEY (id),
	CONSTRAINT service_point_shop_id_code_key UNIQUE (shop_id, code),
	CONSTRAINT service_point_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
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

CREATE TABLE store_event (
	shop_id UUID NOT NULL,
	source VARCHAR NOT NULL,
	event_id VARCHAR NOT NULL,
	topic VARCHAR NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT store_event_pkey PRIMARY KEY (shop_id, source, event_id),
	CONSTRAINT store_event_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX store_event_received_idx ON store_event (received_at);

CREATE TABLE trial (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	decision_id UUID NOT NULL,
	thing VARCHAR NOT NULL,
	variant JSONB NOT NULL,
	unit VARCHAR NOT NULL,
	share DOUBLE PRECISION,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT trial_pkey PRIMARY KEY (id),
	CONSTRAINT a_trial_draws_customers_or_cases CHECK (unit IN ('customer', 'case')),
	CONSTRAINT a_share_is_a_part_of_all CHECK (share IS NULL OR share > 0 AND share < 1),
	CONSTRAINT trial_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX trial_decision_idx ON trial (decision_id);

CREATE UNIQUE INDEX trial_running_idx ON trial (shop_id, thing) WHERE ended_at IS NULL;

CREATE TABLE trial_meeting (
	decision_id UUID NOT NULL,
	unit_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	case_id UUID,
	treated BOOLEAN NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT trial_meeting_pkey PRIMARY KEY (decision_id, unit_id),
	CONSTRAINT trial_meeting_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE webhook (
	id UUID NOT NULL,
	shop_id UUID,
	name VARCHAR NOT NULL,
	url VARCHAR NOT NULL,
	facts JSONB NOT NULL,
	grants JSONB DEFAULT '[]'::jsonb NOT NULL,
	state VARCHAR(40) DEFAULT 'on' NOT NULL,
	secret BYTEA NOT NULL,
	old_secret BYTEA,
	old_secret_until TIMESTAMP WITH TIME ZONE,
	created_by UUID,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	told_since TIMESTAMP WITH TIME ZONE NOT NULL,
	off_at TIMESTAMP WITH TIME ZONE,
	failures INTEGER DEFAULT 0 NOT NULL,
	failing_since TIMESTAMP WITH TIME ZONE,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_success_at TIMESTAMP WITH TIME ZONE,
	last_error VARCHAR,
	CONSTRAINT webhook_pkey PRIMARY KEY (id),
	CONSTRAINT a_webhook_is_told_something CHECK (jsonb_array_length(facts) > 0),
	CONSTRAINT a_webhook_that_is_off_says_since_when CHECK ((state = 'on') = (off_at IS NULL)),
	CONSTRAINT an_old_secret_of_a_webhook_ends CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
	CONSTRAINT webhook_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_webhook_is_in_a_known_state CHECK (state IN ('on', 'off', 'gave_up'))
);

CREATE INDEX webhook_shop_idx ON webhook (shop_id);

CREATE TABLE alarm_telling (
	alarm_id UUID NOT NULL,
	account_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	round_id UUID NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	read_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT alarm_telling_pkey PRIMARY KEY (alarm_id, account_id),
	CONSTRAINT alarm_telling_alarm_id_fkey FOREIGN KEY(alarm_id) REFERENCES alarm (id),
	CONSTRAINT alarm_telling_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT alarm_telling_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX alarm_telling_account_idx ON alarm_telling (account_id, told_at, alarm_id);

CREATE INDEX alarm_telling_round_idx ON alarm_telling (round_id);

CREATE TABLE article_entry (
	article_id UUID NOT NULL,
	locale VARCHAR NOT NULL,
	shop_id UUID,
	version INTEGER NOT NULL,
	reach VARCHAR[] DEFAULT '{}' NOT NULL,
	title VARCHAR NOT NULL,
	summary VARCHAR NOT NULL,
	plain VARCHAR NOT NULL,
	title_words TSVECTOR NOT NULL,
	words TSVECTOR NOT NULL,
	links UUID[] DEFAULT '{}' NOT NULL,
	tokenizer INTEGER NOT NULL,
	CONSTRAINT article_entry_pkey PRIMARY KEY (article_id, locale),
	CONSTRAINT article_entry_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id),
	CONSTRAINT article_entry_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX article_entry_links_idx ON article_entry USING gin (links);

CREATE INDEX article_entry_title_words_idx ON article_entry USING gin (reach, title_words);

CREATE INDEX article_entry_words_idx ON article_entry USING gin (reach, words);

CREATE TABLE article_feedback (
	id UUID NOT NULL,
	article_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	version INTEGER NOT NULL,
	locale VARCHAR NOT NULL,
	reader VARCHAR NOT NULL,
	helped BOOLEAN NOT NULL,
	words VARCHAR NOT NULL,
	given_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT article_feedback_pkey PRIMARY KEY (id),
	CONSTRAINT article_feedback_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id),
	CONSTRAINT article_feedback_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE UNIQUE INDEX article_feedback_once_idx ON article_feedback (article_id, reader);

CREATE INDEX article_feedback_recent_idx ON article_feedback (article_id, given_at);

CREATE TABLE article_reading (
	article_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	locale VARCHAR NOT NULL,
	day_on DATE NOT NULL,
	views INTEGER NOT NULL,
	CONSTRAINT article_reading_pkey PRIMARY KEY (article_id, shop_id, locale, day_on),
	CONSTRAINT article_reading_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id),
	CONSTRAINT article_reading_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX article_reading_shop_day_idx ON article_reading (shop_id, day_on);

CREATE TABLE article_text (
	article_id UUID NOT NULL,
	version INTEGER NOT NULL,
	locale VARCHAR NOT NULL,
	shop_id UUID,
	title VARCHAR NOT NULL,
	summary VARCHAR NOT NULL,
	body VARCHAR NOT NULL,
	keywords VARCHAR NOT NULL,
	CONSTRAINT article_text_pkey PRIMARY KEY (article_id, version, locale),
	CONSTRAINT article_text_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id),
	CONSTRAINT article_text_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE article_version (
	article_id UUID NOT NULL,
	version INTEGER NOT NULL,
	shop_id UUID,
	published_at TIMESTAMP WITH TIME ZONE NOT NULL,
	published_by UUID,
	note VARCHAR NOT NULL,
	CONSTRAINT article_version_pkey PRIMARY KEY (article_id, version),
	CONSTRAINT published_versions_count_from_one CHECK (version > 0),
	CONSTRAINT article_version_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id),
	CONSTRAINT article_version_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE calendar_day (
	calendar_id UUID NOT NULL,
	day_on DATE NOT NULL,
	shop_id UUID,
	open BOOLEAN NOT NULL,
	note VARCHAR DEFAULT '' NOT NULL,
	CONSTRAINT calendar_day_pkey PRIMARY KEY (calendar_id, day_on),
	CONSTRAINT calendar_day_calendar_id_fkey FOREIGN KEY(calendar_id) REFERENCES business_calendar (id) ON DELETE CASCADE,
	CONSTRAINT calendar_day_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX calendar_day_shop_id_idx ON calendar_day (shop_id);

CREATE TABLE channel_push (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	account_id UUID NOT NULL,
	digest VARCHAR NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	body BYTEA NOT NULL,
	about JSONB NOT NULL,
	worked_at TIMESTAMP WITH TIME ZONE,
	outcome VARCHAR,
	CONSTRAINT channel_push_pkey PRIMARY KEY (id),
	CONSTRAINT channel_push_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT channel_push_account_id_fkey FOREIGN KEY(account_id) REFERENCES channel_account (id)
);

CREATE UNIQUE INDEX channel_push_once_idx ON channel_push (account_id, digest);

CREATE INDEX channel_push_received_idx ON channel_push (received_at);

CREATE TABLE clock (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	subject_kind VARCHAR NOT NULL,
	subject_id UUID NOT NULL,
	name VARCHAR NOT NULL,
	state VARCHAR(40) DEFAULT 'running' NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	warn_at TIMESTAMP WITH TIME ZONE,
	warned_at TIMESTAMP WITH TIME ZONE,
	paused_at TIMESTAMP WITH TIME ZONE,
	remaining INTERVAL,
	remaining_to_warning INTERVAL,
	ended_at TIMESTAMP WITH TIME ZONE,
	settled_at TIMESTAMP WITH TIME ZONE,
	length INTERVAL NOT NULL,
	business BOOLEAN NOT NULL,
	calendar_id UUID,
	policy VARCHAR NOT NULL,
	extensions INTEGER DEFAULT 0 NOT NULL,
	max_extensions INTEGER NOT NULL,
	extension_reason VARCHAR,
	CONSTRAINT clock_pkey PRIMARY KEY (id),
	CONSTRAINT a_clock_is_due_after_it_starts CHECK (due_at >= started_at),
	CONSTRAINT a_clock_warns_before_it_is_due CHECK (warn_at IS NULL OR warn_at <= due_at),
	CONSTRAINT a_paused_clock_and_no_other_knows_what_is_left CHECK ((state = 'paused') = (paused_at IS NOT NULL) AND (state = 'paused') = (remaining IS NOT NULL)),
	CONSTRAINT a_clock_that_counts_has_not_ended CHECK ((state IN ('running', 'paused')) = (ended_at IS NULL)),
	CONSTRAINT a_clock_that_fired_ended_when_it_was_due CHECK (state <> 'fired' OR ended_at = due_at),
	CONSTRAINT a_kept_or_cancelled_clock_is_settled_and_one_that_counts_is_not CHECK (CASE WHEN state IN ('kept', 'cancelled') THEN settled_at IS NOT NULL WHEN state = 'fired' THEN true ELSE settled_at IS NULL END),
	CONSTRAINT a_clock_is_extended_no_more_often_than_allowed CHECK (extensions <= max_extensions),
	CONSTRAINT an_extended_clock_says_why CHECK ((extensions > 0) = (extension_reason IS NOT NULL)),
	CONSTRAINT clock_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_clock_is_running_paused_kept_fired_or_cancelled CHECK (state IN ('running', 'paused', 'kept', 'fired', 'cancelled')),
	CONSTRAINT clock_calendar_id_fkey FOREIGN KEY(calendar_id) REFERENCES business_calendar (id)
);

CREATE INDEX clock_due_at_id_idx ON clock (due_at, id) WHERE state = 'running';

CREATE INDEX clock_ended_at_idx ON clock (ended_at) WHERE ended_at IS NOT NULL;

CREATE INDEX clock_shop_id_due_at_id_idx ON clock (shop_id, due_at, id) WHERE state = 'running';

CREATE INDEX clock_subject_id_idx ON clock (subject_id);

CREATE UNIQUE INDEX clock_subject_id_name_open_key ON clock (subject_id, name) WHERE settled_at IS NULL;

CREATE INDEX clock_warn_at_idx ON clock (warn_at) WHERE state = 'running' AND warned_at IS NULL;

CREATE TABLE clock_policy (
	id UUID NOT NULL,
	shop_id UUID,
	name VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	length INTERVAL,
	working_days INTEGER,
	business BOOLEAN NOT NULL,
	calendar_id UUID,
	warn_fraction DOUBLE PRECISION NOT NULL,
	max_extensions INTEGER NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
	valid_until TIMESTAMP WITH TIME ZONE,
	reason VARCHAR NOT NULL,
	set_by UUID,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT clock_policy_pkey PRIMARY KEY (id),
	CONSTRAINT a_policy_has_a_length_or_working_days CHECK ((length IS NULL) <> (working_days IS NULL)),
	CONSTRAINT a_policy_runs_for_some_time CHECK (length > interval '0'),
	CONSTRAINT a_policy_runs_for_some_days CHECK (working_days > 0),
	CONSTRAINT working_days_are_business_time CHECK (working_days IS NULL OR business),
	CONSTRAINT a_warning_leaves_part_of_the_time CHECK (warn_fraction >= 0 AND warn_fraction < 1),
	CONSTRAINT extensions_are_counted_from_nought CHECK (max_extensions >= 0),
	CONSTRAINT a_policy_does_not_end_before_it_begins CHECK (valid_until IS NULL OR valid_until >= valid_from),
	CONSTRAINT clock_policy_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT clock_policy_calendar_id_fkey FOREIGN KEY(calendar_id) REFERENCES business_calendar (id)
);

CREATE INDEX clock_policy_calendar_id_idx ON clock_policy (calendar_id);

CREATE UNIQUE INDEX clock_policy_name_shop_id_open_ended_key ON clock_policy (name, shop_id) NULLS NOT DISTINCT WHERE valid_until IS NULL;

CREATE UNIQUE INDEX clock_policy_name_shop_id_version_key ON clock_policy (name, shop_id, version) NULLS NOT DISTINCT;

CREATE INDEX clock_policy_shop_id_idx ON clock_policy (shop_id);

CREATE TABLE contact (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	customer_id UUID,
	channel VARCHAR(40) NOT NULL,
	address VARCHAR NOT NULL,
	account_id UUID,
	name VARCHAR NOT NULL,
	verified_at TIMESTAMP WITH TIME ZONE,
	verified_by VARCHAR(40),
	bounced_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT contact_pkey PRIMARY KEY (id),
	CONSTRAINT a_contact_has_a_customer_when_verified CHECK ((customer_id IS NULL) = (verified_at IS NULL) AND (verified_at IS NULL) = (verified_by IS NULL)),
	CONSTRAINT contact_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT contact_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT a_contact_is_of_a_known_channel CHECK (channel IN ('portal', 'email', 'api', 'phone', 'chat', 'sms', 'social', 'desk', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook')),
	CONSTRAINT contact_account_id_fkey FOREIGN KEY(account_id) REFERENCES channel_account (id),
	CONSTRAINT a_contact_is_verified_in_a_known_way CHECK (verified_by IN ('signed_in', 'code', 'order_contact', 'hand'))
);

CREATE UNIQUE INDEX contact_address_idx ON contact (shop_id, channel, address);

CREATE INDEX contact_customer_idx ON contact (customer_id);

CREATE TABLE cost_lever_spending (
	id UUID NOT NULL,
	shop_id UUID,
	lever_id UUID NOT NULL,
	spent_on DATE NOT NULL,
	amount_cents BIGINT NOT NULL,
	words VARCHAR DEFAULT '' NOT NULL,
	entered_by UUID,
	entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT cost_lever_spending_pkey PRIMARY KEY (id),
	CONSTRAINT cost_lever_spending_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT cost_lever_spending_lever_id_fkey FOREIGN KEY(lever_id) REFERENCES cost_lever (id)
);

CREATE INDEX cost_lever_spending_lever_idx ON cost_lever_spending (lever_id, spent_on);

CREATE TABLE customer_erasure (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	erased_at TIMESTAMP WITH TIME ZONE NOT NULL,
	erased_by UUID,
	rows JSONB NOT NULL,
	files JSONB NOT NULL,
	CONSTRAINT customer_erasure_pkey PRIMARY KEY (id),
	CONSTRAINT customer_erasure_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT customer_erasure_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE UNIQUE INDEX customer_erasure_customer_key ON customer_erasure (customer_id);

CREATE INDEX customer_erasure_shop_idx ON customer_erasure (shop_id, erased_at);

CREATE TABLE day_off (
	account_id UUID NOT NULL,
	off_on DATE NOT NULL,
	note VARCHAR NOT NULL,
	CONSTRAINT day_off_pkey PRIMARY KEY (account_id, off_on),
	CONSTRAINT day_off_account_id_fkey FOREIGN KEY(account_id) REFERENCES member (account_id)
);

CREATE TABLE decision_reading (
	id UUID NOT NULL,
	decision_id UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	reading JSONB NOT NULL,
	CONSTRAINT decision_reading_pkey PRIMARY KEY (id),
	CONSTRAINT decision_reading_decision_id_fkey FOREIGN KEY(decision_id) REFERENCES decision (id)
);

CREATE INDEX decision_reading_decision_idx ON decision_reading (decision_id, at);

CREATE TABLE export_file (
	id UUID NOT NULL,
	export_plan_id UUID NOT NULL,
	shop_id UUID,
	since_at TIMESTAMP WITH TIME ZONE NOT NULL,
	until_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	file_name VARCHAR NOT NULL,
	key VARCHAR,
	sha256 VARCHAR,
	bytes BIGINT,
	rows BIGINT,
	error VARCHAR,
	CONSTRAINT export_file_pkey PRIMARY KEY (id),
	CONSTRAINT a_period_is_exported_once UNIQUE (export_plan_id, since_at),
	CONSTRAINT an_export_is_kept_or_says_why_not CHECK ((key IS NULL) = (error IS NOT NULL)),
	CONSTRAINT export_file_export_plan_id_fkey FOREIGN KEY(export_plan_id) REFERENCES export_plan (id) ON DELETE CASCADE
);

CREATE TABLE file (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	customer_id UUID,
	shown_to_customer BOOLEAN NOT NULL,
	name VARCHAR NOT NULL,
	media_type VARCHAR NOT NULL,
	bytes BIGINT NOT NULL,
	sha256 VARCHAR NOT NULL,
	key VARCHAR NOT NULL,
	uploaded_by_kind VARCHAR(40) NOT NULL,
	uploaded_by_id UUID,
	uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT file_pkey PRIMARY KEY (id),
	CONSTRAINT a_file_has_bytes CHECK (bytes > 0),
	CONSTRAINT file_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT file_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT a_file_is_by_a_customer_staff_or_a_machine CHECK (uploaded_by_kind IN ('customer', 'staff', 'system', 'integration'))
);

CREATE INDEX file_customer_idx ON file (customer_id, uploaded_at);

CREATE INDEX file_key_idx ON file (key);

CREATE INDEX file_uploaded_idx ON file (uploaded_at, id);

CREATE TABLE foresight_product (
	product_id UUID NOT NULL,
	batch VARCHAR NOT NULL,
	shop_id UUID NOT NULL,
	since DATE NOT NULL,
	units INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	units_before INTEGER NOT NULL,
	failed_before INTEGER NOT NULL,
	low DOUBLE PRECISION NOT NULL,
	high DOUBLE PRECISION NOT NULL,
	p DOUBLE PRECISION NOT NULL,
	q DOUBLE PRECISION NOT NULL,
	rises BOOLEAN NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT foresight_product_pkey PRIMARY KEY (product_id, batch),
	CONSTRAINT foresight_product_product_id_fkey FOREIGN KEY(product_id) REFERENCES product (id),
	CONSTRAINT foresight_product_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX foresight_product_shop_idx ON foresight_product (shop_id, q);

CREATE TABLE knowledge_question (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	words VARCHAR NOT NULL,
	tokens VARCHAR[] DEFAULT '{}' NOT NULL,
	locale VARCHAR NOT NULL,
	outcome VARCHAR(40) NOT NULL,
	source VARCHAR NOT NULL,
	article_id UUID,
	drafted BOOLEAN DEFAULT false NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT knowledge_question_pkey PRIMARY KEY (id),
	CONSTRAINT knowledge_question_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_question_has_a_known_outcome CHECK (outcome IN ('found', 'nothing_found', 'not_helped', 'handed_over', 'answered')),
	CONSTRAINT knowledge_question_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id)
);

CREATE INDEX knowledge_question_asked_idx ON knowledge_question (asked_at);

CREATE INDEX knowledge_question_recent_idx ON knowledge_question (shop_id, asked_at);

CREATE TABLE member_shop (
	account_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	CONSTRAINT member_shop_pkey PRIMARY KEY (account_id, shop_id),
	CONSTRAINT member_shop_account_id_fkey FOREIGN KEY(account_id) REFERENCES member (account_id),
	CONSTRAINT member_shop_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX member_shop_shop_idx ON member_shop (shop_id);

CREATE TABLE notice (
	id UUID NOT NULL,
	shop_id UUID,
	customer_id UUID,
	claim_id UUID,
	case_id UUID,
	position BIGINT NOT NULL,
	fact VARCHAR NOT NULL,
	data JSONB NOT NULL,
	template VARCHAR NOT NULL,
	state VARCHAR(40) DEFAULT 'planned' NOT NULL,
	locale VARCHAR,
	address VARCHAR,
	addressee VARCHAR,
	subject VARCHAR,
	body VARCHAR,
	button VARCHAR,
	message_id VARCHAR,
	attempts INTEGER DEFAULT 0 NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	error VARCHAR,
	planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	read_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT notice_pkey PRIMARY KEY (id),
	CONSTRAINT a_fact_is_told_once_with_each_template UNIQUE (position, template),
	CONSTRAINT a_sent_notice_says_when CHECK (state <> 'sent' OR sent_at IS NOT NULL),
	CONSTRAINT a_read_notice_says_when CHECK (state <> 'read' OR read_at IS NOT NULL),
	CONSTRAINT notice_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT notice_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT a_notice_is_in_a_known_state CHECK (state IN ('planned', 'sent', 'failed', 'bounced', 'suppressed', 'read')),
	CONSTRAINT notice_message_id_key UNIQUE (message_id)
);

CREATE INDEX notice_claim_idx ON notice (claim_id);

CREATE INDEX notice_customer_idx ON notice (customer_id, planned_at, id);

CREATE INDEX notice_due_idx ON notice (next_at) WHERE state = 'planned';

CREATE INDEX notice_shop_idx ON notice (shop_id, planned_at, id);

CREATE TABLE sales_order (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	number VARCHAR NOT NULL,
	number_key VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	customer_id UUID NOT NULL,
	status VARCHAR(40) NOT NULL,
	currency VARCHAR NOT NULL,
	placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	paid_at TIMESTAMP WITH TIME ZONE,
	shipped_at TIMESTAMP WITH TIME ZONE,
	delivered_at TIMESTAMP WITH TIME ZONE,
	promised_at TIMESTAMP WITH TIME ZONE,
	cancelled_at TIMESTAMP WITH TIME ZONE,
	confirmed_at TIMESTAMP WITH TIME ZONE,
	auto_confirm_at TIMESTAMP WITH TIME ZONE,
	confirmation_held_at TIMESTAMP WITH TIME ZONE,
	goods_cents BIGINT NOT NULL,
	discount_cents BIGINT NOT NULL,
	freight_cents BIGINT NOT NULL,
	paid_cents BIGINT NOT NULL,
	shipping_address JSONB DEFAULT '{}'::jsonb NOT NULL,
	raw JSONB DEFAULT '{}'::jsonb NOT NULL,
	source_updated_at TIMESTAMP WITH TIME ZONE,
	content VARCHAR NOT NULL,
	tsv TSVECTOR NOT NULL,
	tokenizer INTEGER NOT NULL,
	CONSTRAINT sales_order_pkey PRIMARY KEY (id),
	CONSTRAINT sales_order_shop_id_source_external_id_key UNIQUE (shop_id, source, external_id),
	CONSTRAINT amounts_of_an_order_are_not_negative CHECK (goods_cents >= 0 AND discount_cents >= 0 AND freight_cents >= 0 AND paid_cents >= 0),
	CONSTRAINT an_order_is_not_discounted_below_nothing CHECK (discount_cents <= goods_cents),
	CONSTRAINT an_order_has_a_currency_of_three_capitals CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT sales_order_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT sales_order_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT an_order_has_a_known_status CHECK (status IN ('awaiting_payment', 'paid', 'shipped', 'delivered', 'confirmed', 'cancelled'))
);

CREATE INDEX sales_order_customer_idx ON sales_order (customer_id, placed_at, id);

CREATE INDEX sales_order_number_key_idx ON sales_order (number_key);

CREATE INDEX sales_order_placed_idx ON sales_order (placed_at, id);

CREATE INDEX sales_order_search_idx ON sales_order USING gin (shop_id, tsv);

CREATE INDEX sales_order_shop_placed_idx ON sales_order (shop_id, placed_at, id);

CREATE INDEX sales_order_shop_status_placed_idx ON sales_order (shop_id, status, placed_at, id);

CREATE INDEX sales_order_to_confirm_idx ON sales_order (auto_confirm_at) WHERE status = 'delivered' AND confirmation_held_at IS NULL;

CREATE TABLE shift (
	id UUID NOT NULL,
	account_id UUID NOT NULL,
	weekday INTEGER NOT NULL,
	begins TIME WITHOUT TIME ZONE NOT NULL,
	ends TIME WITHOUT TIME ZONE NOT NULL,
	time_zone VARCHAR NOT NULL,
	CONSTRAINT shift_pkey PRIMARY KEY (id),
	CONSTRAINT a_shift_is_on_a_day_of_the_week CHECK (weekday BETWEEN 1 AND 7),
	CONSTRAINT a_shift_takes_some_time CHECK (begins <> ends),
	CONSTRAINT shift_account_id_fkey FOREIGN KEY(account_id) REFERENCES member (account_id)
);

CREATE INDEX shift_account_idx ON shift (account_id, weekday);

CREATE TABLE solution (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	problem VARCHAR NOT NULL,
	remedy VARCHAR NOT NULL,
	category VARCHAR DEFAULT '' NOT NULL,
	product_ids UUID[] DEFAULT '{}' NOT NULL,
	article_id UUID,
	case_id UUID,
	locale VARCHAR NOT NULL,
	kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
	kept_by UUID,
	retired_at TIMESTAMP WITH TIME ZONE,
	words TSVECTOR NOT NULL,
	CONSTRAINT solution_pkey PRIMARY KEY (id),
	CONSTRAINT solution_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT solution_article_id_fkey FOREIGN KEY(article_id) REFERENCES article (id)
);

CREATE INDEX solution_recent_idx ON solution (shop_id, kept_at, id);

CREATE INDEX solution_words_idx ON solution USING gin (shop_id, words);

CREATE TABLE stock_item (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	product_id UUID NOT NULL,
	location VARCHAR NOT NULL,
	condition VARCHAR(40) NOT NULL,
	on_hand INTEGER NOT NULL,
	reserved INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT stock_item_pkey PRIMARY KEY (id),
	CONSTRAINT stock_item_product_id_location_condition_key UNIQUE (product_id, location, condition),
	CONSTRAINT stock_is_never_below_zero CHECK (on_hand >= 0),
	CONSTRAINT no_more_is_reserved_than_is_there CHECK (reserved >= 0 AND reserved <= on_hand),
	CONSTRAINT only_sellable_stock_is_reserved CHECK (reserved = 0 OR condition = 'sellable'),
	CONSTRAINT stock_item_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT stock_item_product_id_fkey FOREIGN KEY(product_id) REFERENCES product (id),
	CONSTRAINT stock_condition_is_known CHECK (condition IN ('sellable', 'refurbish', 'quarantine', 'supplier_return', 'send_back'))
);

CREATE INDEX stock_item_shop_product_idx ON stock_item (shop_id, product_id, location, condition);

CREATE TABLE thread (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	customer_id UUID,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_message_at TIMESTAMP WITH TIME ZONE,
	customer_read_at TIMESTAMP WITH TIME ZONE,
	shop_read_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT thread_pkey PRIMARY KEY (id),
	CONSTRAINT thread_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT thread_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX thread_customer_idx ON thread (customer_id, opened_at);

CREATE TABLE webhook_post (
	id UUID NOT NULL,
	webhook_id UUID NOT NULL,
	shop_id UUID,
	position BIGINT,
	transaction xid8,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	fact VARCHAR NOT NULL,
	lane UUID NOT NULL,
	state VARCHAR(40) DEFAULT 'waiting' NOT NULL,
	attempts INTEGER DEFAULT 0 NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	status INTEGER,
	error VARCHAR,
	took_ms INTEGER,
	delivered_at TIMESTAMP WITH TIME ZONE,
	tries JSONB DEFAULT '[]'::jsonb NOT NULL,
	CONSTRAINT webhook_post_pkey PRIMARY KEY (id),
	CONSTRAINT a_fact_is_told_to_a_webhook_once UNIQUE (webhook_id, position),
	CONSTRAINT a_delivered_post_says_when CHECK ((state = 'delivered') = (delivered_at IS NOT NULL)),
	CONSTRAINT webhook_post_webhook_id_fkey FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE,
	CONSTRAINT a_post_waits_or_is_delivered_or_dropped CHECK (state IN ('waiting', 'delivered', 'dropped'))
);

CREATE INDEX webhook_post_lane_idx ON webhook_post (webhook_id, lane, transaction, position) WHERE state = 'waiting';

CREATE INDEX webhook_post_log_idx ON webhook_post (webhook_id, at, position);

CREATE INDEX webhook_post_waiting_idx ON webhook_post (webhook_id, transaction, position) WHERE state = 'waiting';

CREATE TABLE call (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	channel_account_id UUID NOT NULL,
	external_id VARCHAR NOT NULL,
	direction VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	contact_id UUID,
	case_id UUID,
	account_id UUID,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	recording VARCHAR,
	voicemail VARCHAR,
	voicemail_words VARCHAR NOT NULL,
	notes VARCHAR NOT NULL,
	call_back VARCHAR(40),
	called_back_at TIMESTAMP WITH TIME ZONE,
	called_back_by UUID,
	CONSTRAINT call_pkey PRIMARY KEY (id),
	CONSTRAINT an_answered_call_says_when CHECK (state <> 'answered' OR answered_at IS NOT NULL),
	CONSTRAINT a_call_back_says_when CHECK (call_back <> 'done' OR called_back_at IS NOT NULL),
	CONSTRAINT call_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT call_channel_account_id_fkey FOREIGN KEY(channel_account_id) REFERENCES channel_account (id),
	CONSTRAINT a_call_comes_in_or_goes_out CHECK (direction IN ('inbound', 'outbound')),
	CONSTRAINT a_call_is_in_a_known_state CHECK (state IN ('ringing', 'answered', 'ended', 'missed')),
	CONSTRAINT call_contact_id_fkey FOREIGN KEY(contact_id) REFERENCES contact (id),
	CONSTRAINT call_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT a_call_back_is_due_or_not CHECK (call_back IN ('due', 'done', 'not_needed')),
	CONSTRAINT call_called_back_by_fkey FOREIGN KEY(called_back_by) REFERENCES account (id)
);

CREATE INDEX call_back_idx ON call (shop_id, started_at) WHERE call_back = 'due';

CREATE INDEX call_contact_idx ON call (contact_id, started_at);

CREATE UNIQUE INDEX call_external_idx ON call (channel_account_id, external_id);

CREATE INDEX call_shop_idx ON call (shop_id, started_at);

CREATE TABLE confirmation_hold (
	order_id UUID NOT NULL,
	holder_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	held_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT confirmation_hold_pkey PRIMARY KEY (order_id, holder_id),
	CONSTRAINT confirmation_hold_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT confirmation_hold_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE conversation_rating (
	thread_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	contact_id UUID,
	stars INTEGER NOT NULL,
	words VARCHAR NOT NULL,
	rated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT conversation_rating_pkey PRIMARY KEY (thread_id),
	CONSTRAINT a_rating_has_one_to_five_stars CHECK (stars BETWEEN 1 AND 5),
	CONSTRAINT conversation_rating_thread_id_fkey FOREIGN KEY(thread_id) REFERENCES thread (id),
	CONSTRAINT conversation_rating_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT conversation_rating_contact_id_fkey FOREIGN KEY(contact_id) REFERENCES contact (id)
);

CREATE INDEX conversation_rating_shop_idx ON conversation_rating (shop_id, rated_at);

CREATE TABLE draft (
	account_id UUID NOT NULL,
	thread_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	body VARCHAR NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT draft_pkey PRIMARY KEY (account_id, thread_id),
	CONSTRAINT draft_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT draft_thread_id_fkey FOREIGN KEY(thread_id) REFERENCES thread (id),
	CONSTRAINT draft_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_draft_becomes_a_message_or_a_note CHECK (kind IN ('message', 'note'))
);

CREATE TABLE freight_account (
	order_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	paid_cents BIGINT NOT NULL,
	taken_cents BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT freight_account_pkey PRIMARY KEY (order_id),
	CONSTRAINT freight_comes_back_at_most_once CHECK (taken_cents BETWEEN 0 AND paid_cents),
	CONSTRAINT freight_account_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT freight_account_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE message (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	thread_id UUID NOT NULL,
	author_kind VARCHAR(40) NOT NULL,
	author_id UUID,
	kind VARCHAR(40) NOT NULL,
	channel VARCHAR(40) NOT NULL,
	body VARCHAR NOT NULL,
	html VARCHAR,
	sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
	client_key VARCHAR,
	account_id UUID,
	contact_id UUID,
	external_id VARCHAR,
	offers JSONB,
	position BIGINT GENERATED BY DEFAULT AS IDENTITY,
	CONSTRAINT message_pkey PRIMARY KEY (id),
	CONSTRAINT a_customer_writes_no_notes CHECK (kind = 'message' OR author_kind <> 'customer'),
	CONSTRAINT message_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT message_thread_id_fkey FOREIGN KEY(thread_id) REFERENCES thread (id),
	CONSTRAINT a_message_is_by_a_customer_staff_or_a_machine CHECK (author_kind IN ('customer', 'staff', 'system', 'integration')),
	CONSTRAINT a_message_is_said_or_noted CHECK (kind IN ('message', 'note')),
	CONSTRAINT a_message_comes_by_a_known_channel CHECK (channel IN ('portal', 'email', 'api', 'phone', 'chat', 'sms', 'social', 'desk', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook')),
	CONSTRAINT message_account_id_fkey FOREIGN KEY(account_id) REFERENCES channel_account (id),
	CONSTRAINT message_contact_id_fkey FOREIGN KEY(contact_id) REFERENCES contact (id)
);

CREATE INDEX message_contact_idx ON message (contact_id, sent_at) WHERE contact_id IS NOT NULL;

CREATE UNIQUE INDEX message_received_once_idx ON message (account_id, external_id) WHERE external_id IS NOT NULL;

CREATE UNIQUE INDEX message_sent_once_idx ON message (thread_id, client_key) WHERE client_key IS NOT NULL;

CREATE INDEX message_thread_idx ON message (thread_id, sent_at, position);

CREATE TABLE order_line (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	order_id UUID NOT NULL,
	position INTEGER NOT NULL,
	external_id VARCHAR NOT NULL,
	product_id UUID,
	sku VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	quantity INTEGER NOT NULL,
	unit_price_cents BIGINT NOT NULL,
	discount_cents BIGINT NOT NULL,
	freight_cents BIGINT NOT NULL,
	paid_cents BIGINT NOT NULL,
	store_refunded_cents BIGINT DEFAULT 0 NOT NULL,
	store_refunded_quantity INTEGER DEFAULT 0 NOT NULL,
	currency VARCHAR NOT NULL,
	shipped_at TIMESTAMP WITH TIME ZONE,
	delivered_at TIMESTAMP WITH TIME ZONE,
	attributes JSONB DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT order_line_pkey PRIMARY KEY (id),
	CONSTRAINT order_line_order_id_external_id_key UNIQUE (order_id, external_id),
	CONSTRAINT a_line_has_at_least_one_unit CHECK (quantity > 0),
	CONSTRAINT amounts_of_a_line_are_not_negative CHECK (unit_price_cents >= 0 AND discount_cents >= 0 AND paid_cents >= 0),
	CONSTRAINT a_line_is_paid_at_most_its_discounted_price CHECK (paid_cents + discount_cents <= unit_price_cents * quantity),
	CONSTRAINT a_store_refunds_no_more_units_than_it_sold CHECK (store_refunded_cents >= 0 AND store_refunded_quantity BETWEEN 0 AND quantity),
	CONSTRAINT order_line_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT order_line_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT order_line_product_id_fkey FOREIGN KEY(product_id) REFERENCES product (id)
);

CREATE INDEX order_line_shop_product_idx ON order_line (shop_id, product_id);

CREATE TABLE order_review (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	order_id UUID NOT NULL,
	external_id VARCHAR NOT NULL,
	score INTEGER NOT NULL,
	title VARCHAR NOT NULL,
	body VARCHAR NOT NULL,
	created_on DATE NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT order_review_pkey PRIMARY KEY (id),
	CONSTRAINT order_review_order_id_external_id_key UNIQUE (order_id, external_id),
	CONSTRAINT a_review_gives_one_to_five CHECK (score BETWEEN 1 AND 5),
	CONSTRAINT order_review_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT order_review_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id)
);

CREATE INDEX order_review_shop_created_idx ON order_review (shop_id, created_on, id);

CREATE TABLE payment (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	order_id UUID NOT NULL,
	external_id VARCHAR NOT NULL,
	method VARCHAR NOT NULL,
	provider VARCHAR NOT NULL,
	provider_ref VARCHAR NOT NULL,
	installments INTEGER DEFAULT 1 NOT NULL,
	amount_cents BIGINT NOT NULL,
	currency VARCHAR NOT NULL,
	paid_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT payment_pkey PRIMARY KEY (id),
	CONSTRAINT payment_order_id_external_id_key UNIQUE (order_id, external_id),
	CONSTRAINT a_payment_is_not_negative CHECK (amount_cents >= 0),
	CONSTRAINT payment_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT payment_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id)
);

CREATE INDEX payment_provider_ref_idx ON payment (provider, provider_ref);

CREATE TABLE service_case (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	number VARCHAR NOT NULL,
	customer_id UUID,
	order_id UUID,
	thread_id UUID NOT NULL,
	title VARCHAR NOT NULL,
	status VARCHAR(40) NOT NULL,
	stage VARCHAR(40) NOT NULL,
	priority VARCHAR(40) NOT NULL,
	owner_id UUID,
	assigned_at TIMESTAMP WITH TIME ZONE,
	queued BOOLEAN DEFAULT false NOT NULL,
	channel VARCHAR(40) NOT NULL,
	locale VARCHAR NOT NULL,
	skill VARCHAR,
	tags VARCHAR[] DEFAULT '{}' NOT NULL,
	client_key VARCHAR,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_message_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_message_id UUID,
	last_author VARCHAR(40),
	last_words VARCHAR DEFAULT '' NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE,
	waiting_since TIMESTAMP WITH TIME ZONE,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	snoozed_until TIMESTAMP WITH TIME ZONE,
	solved_at TIMESTAMP WITH TIME ZONE,
	closed_at TIMESTAMP WITH TIME ZONE,
	closing VARCHAR(40),
	CONSTRAINT service_case_pkey PRIMARY KEY (id),
	CONSTRAINT a_queued_case_has_no_owner CHECK (NOT queued OR owner_id IS NULL),
	CONSTRAINT a_closed_case_knows_when CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
	CONSTRAINT a_closed_case_knows_why CHECK ((closed_at IS NULL) = (closing IS NULL)),
	CONSTRAINT service_case_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT service_case_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT service_case_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT service_case_thread_id_fkey FOREIGN KEY(thread_id) REFERENCES thread (id),
	CONSTRAINT a_case_has_a_known_status CHECK (status IN ('open', 'waiting_shop', 'waiting_customer', 'solved', 'closed')),
	CONSTRAINT a_case_stands_in_one_of_seven_stages CHECK (stage IN ('consulted', 'diagnosed', 'offered', 'carried_out', 'followed_up', 'evaluated', 'improved')),
	CONSTRAINT a_case_has_a_known_priority CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
	CONSTRAINT service_case_owner_id_fkey FOREIGN KEY(owner_id) REFERENCES account (id),
	CONSTRAINT a_case_comes_by_a_known_channel CHECK (channel IN ('portal', 'email', 'api', 'phone', 'chat', 'sms', 'social', 'desk', 'wechat', 'wecom', 'whatsapp', 'telegram', 'webhook')),
	CONSTRAINT the_last_word_is_a_customers_staffs_or_a_machines CHECK (last_author IN ('customer', 'staff', 'system', 'integration')),
	CONSTRAINT a_case_is_closed_for_a_known_reason CHECK (closing IN ('confirmed', 'followed_up', 'withdrawn', 'duplicate', 'spam'))
);

CREATE INDEX service_case_customer_idx ON service_case (customer_id, opened_at);

CREATE INDEX service_case_due_idx ON service_case (due_at, id) WHERE status IN ('open', 'waiting_shop', 'waiting_customer');

CREATE UNIQUE INDEX service_case_number_idx ON service_case (number);

CREATE UNIQUE INDEX service_case_opened_once_idx ON service_case (customer_id, client_key) WHERE client_key IS NOT NULL;

CREATE INDEX service_case_order_idx ON service_case (order_id);

CREATE INDEX service_case_owner_due_idx ON service_case (owner_id, due_at, id) WHERE status IN ('open', 'waiting_shop', 'waiting_customer');

CREATE INDEX service_case_queued_idx ON service_case (shop_id, due_at, id) WHERE queued;

CREATE INDEX service_case_recent_idx ON service_case (last_message_at, id);

CREATE INDEX service_case_shop_due_idx ON service_case (shop_id, due_at, id) WHERE status IN ('open', 'waiting_shop', 'waiting_customer');

CREATE INDEX service_case_shop_recent_idx ON service_case (shop_id, last_message_at, id);

CREATE INDEX service_case_shop_skill_due_idx ON service_case (shop_id, skill, due_at, id) WHERE skill IS NOT NULL AND status IN ('open', 'waiting_shop', 'waiting_customer');

CREATE UNIQUE INDEX service_case_thread_idx ON service_case (thread_id);

CREATE INDEX service_case_unowned_idx ON service_case (shop_id, due_at, id) WHERE owner_id IS NULL AND status IN ('open', 'waiting_shop', 'waiting_customer');

CREATE TABLE shipment (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	direction VARCHAR(40) NOT NULL,
	way VARCHAR(40) NOT NULL,
	order_id UUID,
	claim_id UUID,
	carrier VARCHAR,
	tracking_number VARCHAR,
	status VARCHAR(40) NOT NULL,
	status_at TIMESTAMP WITH TIME ZONE,
	announced_at TIMESTAMP WITH TIME ZONE NOT NULL,
	promised_at TIMESTAMP WITH TIME ZONE,
	delivered_at TIMESTAMP WITH TIME ZONE,
	returned_at TIMESTAMP WITH TIME ZONE,
	last_event_at TIMESTAMP WITH TIME ZONE,
	next_poll_at TIMESTAMP WITH TIME ZONE,
	subscribe_at TIMESTAMP WITH TIME ZONE,
	subscribe_attempts INTEGER DEFAULT 0 NOT NULL,
	subscribed_at TIMESTAMP WITH TIME ZONE,
	subscription_said VARCHAR,
	settled_by_staff BOOLEAN DEFAULT false NOT NULL,
	service_point_id UUID,
	drop_off_code VARCHAR,
	secret VARCHAR NOT NULL,
	CONSTRAINT shipment_pkey PRIMARY KEY (id),
	CONSTRAINT a_tracking_number_has_a_carrier CHECK (tracking_number IS NULL OR carrier IS NOT NULL),
	CONSTRAINT what_is_subscribed_is_not_to_be_subscribed CHECK (subscribed_at IS NULL OR subscribe_at IS NULL),
	CONSTRAINT a_delivered_parcel_has_its_moment CHECK (status <> 'delivered' OR delivered_at IS NOT NULL),
	CONSTRAINT a_drop_off_has_a_store_and_a_code CHECK ((drop_off_code IS NULL) = (service_point_id IS NULL)),
	CONSTRAINT shipment_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT shipment_direction_is_known CHECK (direction IN ('outbound', 'return', 'reship', 'send_back')),
	CONSTRAINT shipment_way_is_known CHECK (way IN ('waybill', 'pickup', 'drop_off')),
	CONSTRAINT shipment_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT shipment_status_is_known CHECK (status IN ('pending', 'picked_up', 'in_transit', 'out_for_delivery', 'ready_for_pickup', 'on_hold', 'delivery_delayed', 'delivery_failed', 'delivered', 'return_to_sender', 'cancelled', 'unknown')),
	CONSTRAINT shipment_service_point_id_fkey FOREIGN KEY(service_point_id) REFERENCES service_point (id),
	CONSTRAINT shipment_secret_key UNIQUE (secret)
);

CREATE INDEX shipment_claim_idx ON shipment (claim_id) WHERE claim_id IS NOT NULL;

CREATE UNIQUE INDEX shipment_drop_off_code_idx ON shipment (shop_id, drop_off_code) WHERE drop_off_code IS NOT NULL;

CREATE INDEX shipment_number_idx ON shipment (tracking_number) WHERE tracking_number IS NOT NULL;

CREATE UNIQUE INDEX shipment_one_number_per_shop ON shipment (shop_id, tracking_number, carrier) WHERE tracking_number IS NOT NULL;

CREATE INDEX shipment_order_idx ON shipment (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX shipment_poll_idx ON shipment (next_poll_at) WHERE next_poll_at IS NOT NULL;

CREATE INDEX shipment_shop_newest_idx ON shipment (shop_id, id);

CREATE INDEX shipment_subscribe_idx ON shipment (subscribe_at) WHERE subscribe_at IS NOT NULL;

CREATE INDEX shipment_undelivered_promise_idx ON shipment (promised_at, id) WHERE promised_at IS NOT NULL AND delivered_at IS NULL;

CREATE TABLE stock_movement (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	stock_item_id UUID NOT NULL,
	product_id UUID NOT NULL,
	quantity INTEGER NOT NULL,
	balance INTEGER NOT NULL,
	reason VARCHAR(40) NOT NULL,
	claim_id UUID,
	key VARCHAR,
	actor_kind VARCHAR NOT NULL,
	actor_id UUID,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT stock_movement_pkey PRIMARY KEY (id),
	CONSTRAINT a_movement_moves_something CHECK (quantity <> 0),
	CONSTRAINT no_movement_leaves_less_than_nothing CHECK (balance >= 0),
	CONSTRAINT stock_movement_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT stock_movement_stock_item_id_fkey FOREIGN KEY(stock_item_id) REFERENCES stock_item (id),
	CONSTRAINT movement_reason_is_known CHECK (reason IN ('delivery', 'sale', 'counted', 'damage', 'move', 'received', 'restocked', 'sent_to_refurbish', 'refurbished', 'returned_to_supplier', 'recycled', 'donated', 'scrapped', 'sent_back', 'reshipped'))
);

CREATE INDEX stock_movement_claim_idx ON stock_movement (claim_id) WHERE claim_id IS NOT NULL;

CREATE INDEX stock_movement_item_idx ON stock_movement (stock_item_id, id);

CREATE UNIQUE INDEX stock_movement_key_idx ON stock_movement (shop_id, key) WHERE key IS NOT NULL;

CREATE TABLE stock_reservation (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	stock_item_id UUID NOT NULL,
	product_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	quantity INTEGER NOT NULL,
	status VARCHAR(40) NOT NULL,
	reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT stock_reservation_pkey PRIMARY KEY (id),
	CONSTRAINT a_reservation_holds_something CHECK (quantity > 0),
	CONSTRAINT stock_reservation_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT stock_reservation_stock_item_id_fkey FOREIGN KEY(stock_item_id) REFERENCES stock_item (id),
	CONSTRAINT reservation_status_is_known CHECK (status IN ('held', 'shipped', 'released'))
);

CREATE INDEX stock_reservation_claim_idx ON stock_reservation (claim_id, product_id);

CREATE INDEX stock_reservation_held_idx ON stock_reservation (stock_item_id) WHERE status = 'held';

CREATE TABLE store_refund (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	order_id UUID NOT NULL,
	external_id VARCHAR NOT NULL,
	amount_cents BIGINT NOT NULL,
	currency VARCHAR NOT NULL,
	refunded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT store_refund_pkey PRIMARY KEY (id),
	CONSTRAINT store_refund_order_id_external_id_key UNIQUE (order_id, external_id),
	CONSTRAINT a_store_refund_is_not_negative CHECK (amount_cents >= 0),
	CONSTRAINT store_refund_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT store_refund_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id)
);

CREATE TABLE assistant_talk (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	customer_id UUID,
	session_id UUID,
	case_id UUID,
	locale VARCHAR NOT NULL,
	state JSONB NOT NULL,
	turns INTEGER DEFAULT 0 NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	handed_over_at TIMESTAMP WITH TIME ZONE,
	handed_why VARCHAR,
	CONSTRAINT assistant_talk_pkey PRIMARY KEY (id),
	CONSTRAINT a_talk_is_handed_over_for_a_reason CHECK ((handed_over_at IS NULL) = (handed_why IS NULL)),
	CONSTRAINT assistant_talk_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT assistant_talk_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT assistant_talk_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id)
);

CREATE UNIQUE INDEX assistant_talk_case_idx ON assistant_talk (case_id) WHERE case_id IS NOT NULL;

CREATE INDEX assistant_talk_customer_idx ON assistant_talk (customer_id, last_at);

CREATE INDEX assistant_talk_shop_idx ON assistant_talk (shop_id, last_at);

CREATE TABLE case_contact (
	case_id UUID NOT NULL,
	contact_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	CONSTRAINT case_contact_pkey PRIMARY KEY (case_id),
	CONSTRAINT case_contact_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_contact_contact_id_fkey FOREIGN KEY(contact_id) REFERENCES contact (id),
	CONSTRAINT case_contact_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX case_contact_contact_idx ON case_contact (contact_id);

CREATE TABLE case_escalation (
	clock_id UUID NOT NULL,
	step VARCHAR(40) NOT NULL,
	case_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	escalated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT case_escalation_pkey PRIMARY KEY (clock_id, step),
	CONSTRAINT a_case_is_escalated_by_a_known_step CHECK (step IN ('warned', 'broken')),
	CONSTRAINT case_escalation_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_escalation_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE case_follower (
	case_id UUID NOT NULL,
	account_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT case_follower_pkey PRIMARY KEY (case_id, account_id),
	CONSTRAINT case_follower_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_follower_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT case_follower_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX case_follower_account_idx ON case_follower (account_id);

CREATE TABLE case_link (
	case_id UUID NOT NULL,
	object_kind VARCHAR NOT NULL,
	object_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT case_link_pkey PRIMARY KEY (case_id, object_kind, object_id),
	CONSTRAINT case_link_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_link_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX case_link_object_idx ON case_link (object_id);

CREATE TABLE case_move (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	case_id UUID NOT NULL,
	into_case_id UUID NOT NULL,
	message_ids JSONB NOT NULL,
	links JSONB NOT NULL,
	status_before VARCHAR(40) NOT NULL,
	moved_at TIMESTAMP WITH TIME ZONE NOT NULL,
	moved_by UUID,
	undone_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT case_move_pkey PRIMARY KEY (id),
	CONSTRAINT case_move_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT cases_are_merged_or_split CHECK (kind IN ('merged', 'divided')),
	CONSTRAINT case_move_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_move_into_case_id_fkey FOREIGN KEY(into_case_id) REFERENCES service_case (id),
	CONSTRAINT a_moved_case_had_a_known_status CHECK (status_before IN ('open', 'waiting_shop', 'waiting_customer', 'solved', 'closed'))
);

CREATE INDEX case_move_case_idx ON case_move (case_id, moved_at);

CREATE INDEX case_move_into_case_idx ON case_move (into_case_id, moved_at);

CREATE TABLE case_solution (
	case_id UUID NOT NULL,
	solution_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	applied_at TIMESTAMP WITH TIME ZONE,
	rejected_at TIMESTAMP WITH TIME ZONE,
	by UUID,
	solved_at TIMESTAMP WITH TIME ZONE,
	failed_at TIMESTAMP WITH TIME ZONE,
	failing VARCHAR(40),
	CONSTRAINT case_solution_pkey PRIMARY KEY (case_id, solution_id),
	CONSTRAINT a_solution_fits_a_case_or_not CHECK ((applied_at IS NULL) <> (rejected_at IS NULL)),
	CONSTRAINT a_failed_solution_knows_why CHECK ((failed_at IS NULL) = (failing IS NULL)),
	CONSTRAINT only_what_was_solved_fails CHECK (failed_at IS NULL OR solved_at IS NOT NULL),
	CONSTRAINT case_solution_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_solution_solution_id_fkey FOREIGN KEY(solution_id) REFERENCES solution (id),
	CONSTRAINT case_solution_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT a_solution_fails_for_a_known_reason CHECK (failing IN ('reopened', 'contacted_again'))
);

CREATE INDEX case_solution_solution_idx ON case_solution (solution_id);

CREATE TABLE case_words (
	case_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	block INTEGER NOT NULL,
	words TSVECTOR NOT NULL,
	CONSTRAINT case_words_pkey PRIMARY KEY (case_id),
	CONSTRAINT case_words_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT case_words_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX case_words_idx ON case_words USING gin (words, (ARRAY[shop_id]), (ARRAY[block * 4, block / 4 * 4 + 1, block / 16 * 4 + 2, block / 64 * 4 + 3]));

CREATE TABLE claim (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	number VARCHAR NOT NULL,
	case_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	before_dispute VARCHAR(40),
	reason VARCHAR(40) NOT NULL,
	fault_side VARCHAR(40) NOT NULL,
	condition VARCHAR(40) NOT NULL,
	description VARCHAR DEFAULT '' NOT NULL,
	channel VARCHAR DEFAULT 'portal' NOT NULL,
	platform VARCHAR,
	before_receipt BOOLEAN NOT NULL,
	withdrawal BOOLEAN DEFAULT false NOT NULL,
	in_advance BOOLEAN DEFAULT false NOT NULL,
	repair_way VARCHAR(40) DEFAULT 'mail_in' NOT NULL,
	remedy VARCHAR(40),
	goods_back BOOLEAN DEFAULT false NOT NULL,
	keep_goods BOOLEAN DEFAULT false NOT NULL,
	appealed BOOLEAN DEFAULT false NOT NULL,
	currency VARCHAR NOT NULL,
	requested_cents BIGINT NOT NULL,
	agreed_cents BIGINT NOT NULL,
	fee_cents BIGINT DEFAULT 0 NOT NULL,
	freight_cents BIGINT DEFAULT 0 NOT NULL,
	difference_cents BIGINT DEFAULT 0 NOT NULL,
	difference_settled_at TIMESTAMP WITH TIME ZONE,
	freight_payer VARCHAR DEFAULT 'customer' NOT NULL,
	edits INTEGER DEFAULT 0 NOT NULL,
	policy VARCHAR NOT NULL,
	law VARCHAR NOT NULL,
	outcome VARCHAR NOT NULL,
	explanation JSONB DEFAULT '[]'::jsonb NOT NULL,
	return_address JSONB,
	rejection VARCHAR,
	override_reason VARCHAR,
	client_key VARCHAR,
	applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	moved_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT claim_pkey PRIMARY KEY (id),
	CONSTRAINT claim_shop_id_client_key_key UNIQUE (shop_id, client_key),
	CONSTRAINT money_of_a_claim_is_not_negative CHECK (agreed_cents >= 0 AND requested_cents >= 0),
	CONSTRAINT claim_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT claim_number_key UNIQUE (number),
	CONSTRAINT claim_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT claim_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT a_claim_is_of_a_known_kind CHECK (kind IN ('cancel_unshipped', 'refund_only', 'return_refund', 'exchange', 'resend', 'repair', 'refuse_parcel', 'recall', 'compensation')),
	CONSTRAINT a_claim_is_in_a_known_state CHECK (state IN ('draft', 'pending_merchant', 'negotiating', 'rejected', 'approved', 'awaiting_return', 'in_transit_back', 'received', 'inspecting', 'accepted', 'partly_accepted', 'receipt_refused', 'sending_back', 'awaiting_reship', 'reshipped', 'visit_booking', 'visiting', 'repairing', 'unrepairable', 'ready', 'refunding', 'refund_failed', 'offline_refund', 'disputed', 'collecting_evidence', 'judging', 'ruled_customer', 'ruled_merchant', 'mediated', 'withdrawn', 'completed', 'refunded', 'cancelled', 'closed_lapsed', 'closed_ruled', 'closed_sent_back')),
	CONSTRAINT a_dispute_began_in_a_known_state CHECK (before_dispute IN ('draft', 'pending_merchant', 'negotiating', 'rejected', 'approved', 'awaiting_return', 'in_transit_back', 'received', 'inspecting', 'accepted', 'partly_accepted', 'receipt_refused', 'sending_back', 'awaiting_reship', 'reshipped', 'visit_booking', 'visiting', 'repairing', 'unrepairable', 'ready', 'refunding', 'refund_failed', 'offline_refund', 'disputed', 'collecting_evidence', 'judging', 'ruled_customer', 'ruled_merchant', 'mediated', 'withdrawn', 'completed', 'refunded', 'cancelled', 'closed_lapsed', 'closed_ruled', 'closed_sent_back')),
	CONSTRAINT a_claim_has_a_known_reason CHECK (reason IN ('no_reason', 'wrong_size', 'defective', 'damaged', 'wrong_item', 'missing_item', 'not_as_described', 'counterfeit', 'not_received', 'late', 'recalled', 'price_dropped', 'agreed_with_shop', 'other')),
	CONSTRAINT a_fault_lies_on_a_known_side CHECK (fault_side IN ('customer', 'shop', 'carrier', 'nobody', 'unknown')),
	CONSTRAINT goods_are_in_a_known_condition CHECK (condition IN ('unopened', 'as_new', 'used', 'damaged', 'unknown')),
	CONSTRAINT a_repair_happens_in_a_known_way CHECK (repair_way IN ('mail_in', 'on_site', 'in_store')),
	CONSTRAINT a_remedy_is_a_known_one CHECK (remedy IN ('refund', 'reship', 'repair'))
);

CREATE INDEX claim_case_idx ON claim (case_id);

CREATE INDEX claim_customer_idx ON claim (customer_id, applied_at);

CREATE INDEX claim_newest_idx ON claim (applied_at, id);

CREATE INDEX claim_shop_newest_idx ON claim (shop_id, applied_at, id);

CREATE INDEX claim_shop_state_idx ON claim (shop_id, state, applied_at);

CREATE TABLE desk_notice (
	id UUID NOT NULL,
	account_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	case_id UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	by_id UUID,
	message_id UUID,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	read_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT desk_notice_pkey PRIMARY KEY (id),
	CONSTRAINT desk_notice_account_id_fkey FOREIGN KEY(account_id) REFERENCES account (id),
	CONSTRAINT desk_notice_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT desk_notice_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT a_desk_is_told_for_a_known_reason CHECK (kind IN ('mentioned', 'replied', 'held', 'warned', 'escalated', 'solved'))
);

CREATE INDEX desk_notice_account_idx ON desk_notice (account_id, told_at, id);

CREATE INDEX desk_notice_unread_idx ON desk_notice (account_id) WHERE read_at IS NULL;

CREATE TABLE escalation_step (
	clock_id UUID NOT NULL,
	step VARCHAR(40) NOT NULL,
	nr INTEGER NOT NULL,
	case_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	clock VARCHAR NOT NULL,
	wish JSONB NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	waiting BOOLEAN DEFAULT false NOT NULL,
	taken_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT escalation_step_pkey PRIMARY KEY (clock_id, step, nr),
	CONSTRAINT a_step_that_was_taken_waits_for_nobody CHECK (NOT (waiting AND taken_at IS NOT NULL)),
	CONSTRAINT a_step_is_set_off_by_a_warning_or_a_break CHECK (step IN ('warned', 'broken')),
	CONSTRAINT escalation_step_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT escalation_step_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX escalation_step_case_id_idx ON escalation_step (case_id);

CREATE INDEX escalation_step_due_at_idx ON escalation_step (due_at) WHERE taken_at IS NULL;

CREATE INDEX escalation_step_waiting_idx ON escalation_step (case_id) WHERE waiting;

CREATE TABLE line_account (
	order_line_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	paid_cents BIGINT NOT NULL,
	quantity INTEGER NOT NULL,
	taken_cents BIGINT DEFAULT 0 NOT NULL,
	taken_quantity INTEGER DEFAULT 0 NOT NULL,
	elsewhere_cents BIGINT DEFAULT 0 NOT NULL,
	elsewhere_quantity INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT line_account_pkey PRIMARY KEY (order_line_id),
	CONSTRAINT a_line_gives_back_at_most_what_was_paid CHECK (taken_cents BETWEEN 0 AND paid_cents),
	CONSTRAINT a_line_gives_back_at_most_what_was_bought CHECK (taken_quantity BETWEEN 0 AND quantity),
	CONSTRAINT line_account_order_line_id_fkey FOREIGN KEY(order_line_id) REFERENCES order_line (id),
	CONSTRAINT line_account_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE message_file (
	message_id UUID NOT NULL,
	position INTEGER NOT NULL,
	file_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	CONSTRAINT message_file_pkey PRIMARY KEY (message_id, position),
	CONSTRAINT message_file_message_id_fkey FOREIGN KEY(message_id) REFERENCES message (id),
	CONSTRAINT message_file_file_id_fkey FOREIGN KEY(file_id) REFERENCES file (id),
	CONSTRAINT message_file_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE INDEX message_file_file_idx ON message_file (file_id);

CREATE TABLE message_sending (
	message_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	thread_id UUID NOT NULL,
	case_id UUID,
	contact_id UUID NOT NULL,
	account_id UUID NOT NULL,
	state VARCHAR(40) DEFAULT 'planned' NOT NULL,
	subject VARCHAR NOT NULL,
	case_number VARCHAR NOT NULL,
	external_id VARCHAR,
	attempts INTEGER DEFAULT 0 NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	error VARCHAR,
	planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	delivered_at TIMESTAMP WITH TIME ZONE,
	read_at TIMESTAMP WITH TIME ZONE,
	position BIGINT GENERATED BY DEFAULT AS IDENTITY,
	CONSTRAINT message_sending_pkey PRIMARY KEY (message_id),
	CONSTRAINT a_sent_message_says_when CHECK (state NOT IN ('sent', 'delivered', 'read') OR sent_at IS NOT NULL),
	CONSTRAINT message_sending_message_id_fkey FOREIGN KEY(message_id) REFERENCES message (id),
	CONSTRAINT message_sending_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT message_sending_thread_id_fkey FOREIGN KEY(thread_id) REFERENCES thread (id),
	CONSTRAINT message_sending_contact_id_fkey FOREIGN KEY(contact_id) REFERENCES contact (id),
	CONSTRAINT message_sending_account_id_fkey FOREIGN KEY(account_id) REFERENCES channel_account (id),
	CONSTRAINT a_sending_is_in_a_known_state CHECK (state IN ('planned', 'sent', 'delivered', 'read', 'failed', 'bounced'))
);

CREATE INDEX message_sending_due_idx ON message_sending (next_at) WHERE state = 'planned';

CREATE INDEX message_sending_external_idx ON message_sending (account_id, external_id) WHERE external_id IS NOT NULL;

CREATE INDEX message_sending_thread_idx ON message_sending (thread_id) WHERE state = 'planned';

CREATE TABLE pickup_request (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	shipment_id UUID NOT NULL,
	claim_id UUID,
	status VARCHAR(40) NOT NULL,
	wanted_on DATE NOT NULL,
	wanted_window VARCHAR NOT NULL,
	from_at TIMESTAMP WITH TIME ZONE,
	until_at TIMESTAMP WITH TIME ZONE,
	address JSONB NOT NULL,
	failed_reason VARCHAR,
	requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
	collected_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pickup_request_pkey PRIMARY KEY (id),
	CONSTRAINT pickup_request_shipment_id_key UNIQUE (shipment_id),
	CONSTRAINT a_pickup_window_ends_after_it_begins CHECK (until_at IS NULL OR from_at < until_at),
	CONSTRAINT a_scheduled_pickup_has_a_window CHECK (status <> 'scheduled' OR (from_at IS NOT NULL AND until_at IS NOT NULL)),
	CONSTRAINT pickup_request_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT pickup_request_shipment_id_fkey FOREIGN KEY(shipment_id) REFERENCES shipment (id),
	CONSTRAINT pickup_status_is_known CHECK (status IN ('requested', 'scheduled', 'collected', 'failed'))
);

CREATE INDEX pickup_request_open_idx ON pickup_request (shop_id, status, wanted_on, id);

CREATE TABLE planned_message (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	case_id UUID NOT NULL,
	author_id UUID NOT NULL,
	body VARCHAR NOT NULL,
	file_ids JSONB NOT NULL,
	override VARCHAR NOT NULL,
	send_at TIMESTAMP WITH TIME ZONE NOT NULL,
	in_any_case BOOLEAN NOT NULL,
	state VARCHAR(40) NOT NULL,
	held VARCHAR(40),
	message_id UUID,
	planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT planned_message_pkey PRIMARY KEY (id),
	CONSTRAINT a_sent_plan_has_its_message CHECK ((state = 'sent') = (message_id IS NOT NULL)),
	CONSTRAINT a_held_plan_knows_why CHECK ((state = 'held') = (held IS NOT NULL)),
	CONSTRAINT planned_message_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT planned_message_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT planned_message_author_id_fkey FOREIGN KEY(author_id) REFERENCES account (id),
	CONSTRAINT a_planned_message_is_in_a_known_state CHECK (state IN ('planned', 'sent', 'held', 'cancelled')),
	CONSTRAINT a_plan_is_held_for_a_known_reason CHECK (held IN ('customer_wrote', 'author_gone', 'case_over', 'refused'))
);

CREATE INDEX planned_message_case_idx ON planned_message (case_id, send_at);

CREATE INDEX planned_message_due_idx ON planned_message (send_at) WHERE state = 'planned';

CREATE TABLE tracking_event (
	shipment_id UUID NOT NULL,
	digest UUID NOT NULL,
	shop_id UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	status VARCHAR(40),
	code VARCHAR NOT NULL,
	text VARCHAR NOT NULL,
	place VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	raw JSONB NOT NULL,
	CONSTRAINT tracking_event_pkey PRIMARY KEY (shipment_id, digest),
	CONSTRAINT tracking_event_shipment_id_fkey FOREIGN KEY(shipment_id) REFERENCES shipment (id),
	CONSTRAINT tracking_event_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT tracking_event_status_is_known CHECK (status IN ('pending', 'picked_up', 'in_transit', 'out_for_delivery', 'ready_for_pickup', 'on_hold', 'delivery_delayed', 'delivery_failed', 'delivered', 'return_to_sender', 'cancelled', 'unknown'))
);

CREATE INDEX tracking_event_in_order_idx ON tracking_event (shipment_id, at);

CREATE TABLE assistant_turn (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	talk_id UUID NOT NULL,
	position INTEGER NOT NULL,
	message_id UUID,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	said VARCHAR NOT NULL,
	answer JSONB NOT NULL,
	intent VARCHAR NOT NULL,
	probability DOUBLE PRECISION NOT NULL,
	mood VARCHAR(40) NOT NULL,
	outcome VARCHAR(40) NOT NULL,
	why JSONB NOT NULL,
	model VARCHAR NOT NULL,
	corrected_intent VARCHAR,
	corrected_by UUID,
	corrected_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT assistant_turn_pkey PRIMARY KEY (id),
	CONSTRAINT assistant_turn_position_key UNIQUE (talk_id, position),
	CONSTRAINT assistant_turn_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT assistant_turn_talk_id_fkey FOREIGN KEY(talk_id) REFERENCES assistant_talk (id),
	CONSTRAINT a_mood_is_a_known_one CHECK (mood IN ('angry', 'neutral', 'glad')),
	CONSTRAINT a_turn_has_a_known_outcome CHECK (outcome IN ('answered', 'asked', 'acted', 'handed_over', 'silent'))
);

CREATE INDEX assistant_turn_intent_idx ON assistant_turn (shop_id, intent, at);

CREATE UNIQUE INDEX assistant_turn_message_idx ON assistant_turn (message_id) WHERE message_id IS NOT NULL;

CREATE INDEX assistant_turn_shop_idx ON assistant_turn (shop_id, at);

CREATE TABLE claim_dispute (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	words VARCHAR NOT NULL,
	question VARCHAR,
	ruling VARCHAR,
	ruling_words VARCHAR,
	ruled_by UUID,
	ruled_at TIMESTAMP WITH TIME ZONE,
	appeal_words VARCHAR,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT claim_dispute_pkey PRIMARY KEY (id),
	CONSTRAINT claim_dispute_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT claim_dispute_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id)
);

CREATE UNIQUE INDEX claim_dispute_one_is_open ON claim_dispute (claim_id) WHERE ended_at IS NULL;

CREATE TABLE claim_evidence (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	file_id UUID,
	side VARCHAR NOT NULL,
	words VARCHAR DEFAULT '' NOT NULL,
	added_by UUID,
	added_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT claim_evidence_pkey PRIMARY KEY (id),
	CONSTRAINT claim_evidence_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT claim_evidence_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT claim_evidence_file_id_fkey FOREIGN KEY(file_id) REFERENCES file (id)
);

CREATE INDEX claim_evidence_claim_idx ON claim_evidence (claim_id);

CREATE INDEX claim_evidence_file_idx ON claim_evidence (file_id);

CREATE TABLE claim_freight (
	claim_id UUID NOT NULL,
	order_id UUID NOT NULL,
	shop_id UUID NOT NULL,
	cents BIGINT NOT NULL,
	CONSTRAINT claim_freight_pkey PRIMARY KEY (claim_id, order_id),
	CONSTRAINT claim_freight_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT claim_freight_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT claim_freight_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id)
);

CREATE TABLE claim_line (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	order_id UUID NOT NULL,
	order_line_id UUID NOT NULL,
	product_id UUID,
	quantity INTEGER NOT NULL,
	requested_cents BIGINT NOT NULL,
	reserved_cents BIGINT NOT NULL,
	agreed_cents BIGINT NOT NULL,
	received_quantity INTEGER DEFAULT 0 NOT NULL,
	accepted_quantity INTEGER DEFAULT 0 NOT NULL,
	new_product_id UUID,
	new_price_cents BIGINT,
	CONSTRAINT claim_line_pkey PRIMARY KEY (id),
	CONSTRAINT a_claim_line_counts_from_zero CHECK (quantity >= 0 AND received_quantity >= 0),
	CONSTRAINT only_received_units_are_accepted CHECK (accepted_quantity <= received_quantity),
	CONSTRAINT no_more_comes_back_than_was_claimed CHECK (received_quantity <= quantity),
	CONSTRAINT no_more_is_agreed_than_was_reserved CHECK (agreed_cents BETWEEN 0 AND reserved_cents),
	CONSTRAINT claim_line_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT claim_line_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT claim_line_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT claim_line_order_line_id_fkey FOREIGN KEY(order_line_id) REFERENCES order_line (id),
	CONSTRAINT claim_line_product_id_fkey FOREIGN KEY(product_id) REFERENCES product (id),
	CONSTRAINT claim_line_new_product_id_fkey FOREIGN KEY(new_product_id) REFERENCES product (id)
);

CREATE INDEX claim_line_claim_idx ON claim_line (claim_id);

CREATE INDEX claim_line_order_line_idx ON claim_line (order_line_id);

CREATE TABLE claim_offer (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	state VARCHAR(40) NOT NULL,
	asks VARCHAR NOT NULL,
	kind VARCHAR(40),
	amount_cents BIGINT,
	keep_goods BOOLEAN DEFAULT false NOT NULL,
	words VARCHAR DEFAULT '' NOT NULL,
	made_by UUID,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT claim_offer_pkey PRIMARY KEY (id),
	CONSTRAINT claim_offer_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT claim_offer_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT an_offer_is_open_or_answered CHECK (state IN ('open', 'accepted', 'refused')),
	CONSTRAINT an_offer_is_of_a_known_kind CHECK (kind IN ('cancel_unshipped', 'refund_only', 'return_refund', 'exchange', 'resend', 'repair', 'refuse_parcel', 'recall', 'compensation'))
);

CREATE UNIQUE INDEX claim_offer_one_is_open ON claim_offer (claim_id) WHERE state = 'open';

CREATE TABLE cost_line (
	id BIGINT DEFAULT nextval('cost_line_number') NOT NULL,
	shop_id UUID NOT NULL,
	case_id UUID,
	claim_id UUID,
	order_id UUID,
	product_id UUID,
	account_id UUID,
	carrier VARCHAR,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	kind VARCHAR(40) NOT NULL,
	part VARCHAR DEFAULT '' NOT NULL,
	quantity BIGINT NOT NULL,
	base_cents BIGINT,
	rate_id UUID,
	amount_cents BIGINT,
	currency VARCHAR NOT NULL,
	position BIGINT NOT NULL,
	turn INTEGER DEFAULT 0 NOT NULL,
	reverses_id BIGINT,
	corrected_by BIGINT,
	source_id UUID,
	words VARCHAR DEFAULT '' NOT NULL,
	by_hand BOOLEAN DEFAULT false NOT NULL,
	entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT cost_line_pkey PRIMARY KEY (id),
	CONSTRAINT a_counter_line_names_its_line CHECK ((mod(turn, 2) = 1) = (reverses_id IS NOT NULL)),
	CONSTRAINT turns_are_counted_from_nought CHECK (turn >= 0),
	CONSTRAINT a_line_without_an_amount_has_no_rate CHECK (amount_cents IS NOT NULL OR rate_id IS NULL),
	CONSTRAINT cost_line_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT cost_line_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT cost_line_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT cost_line_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT a_cost_is_of_a_known_kind CHECK (kind IN ('people', 'telephony', 'bot', 'inspection', 'freight_out', 'freight_back', 'packaging', 'parts', 'refund', 'refund_by_store', 'difference', 'goods_out', 'goods_back', 'goods_written_off', 'carrier_chargeback', 'supplier_chargeback', 'insurance', 'other')),
	CONSTRAINT cost_line_rate_id_fkey FOREIGN KEY(rate_id) REFERENCES cost_rate (id),
	CONSTRAINT cost_line_reverses_id_fkey FOREIGN KEY(reverses_id) REFERENCES cost_line (id)
);

CREATE INDEX cost_line_account_idx ON cost_line (account_id, at) WHERE account_id IS NOT NULL AND turn = 0;

CREATE INDEX cost_line_case_idx ON cost_line (case_id, at);

CREATE UNIQUE INDEX cost_line_fact_key ON cost_line (position, kind, part, turn);

CREATE UNIQUE INDEX cost_line_of_one_thing_key ON cost_line (source_id, kind, part) WHERE source_id IS NOT NULL AND turn = 0;

CREATE UNIQUE INDEX cost_line_reverses_key ON cost_line (reverses_id) WHERE reverses_id IS NOT NULL;

CREATE INDEX cost_line_shop_at_idx ON cost_line (shop_id, at) INCLUDE (kind, amount_cents, currency, case_id);

CREATE INDEX cost_line_unpriced_idx ON cost_line (shop_id, kind) WHERE amount_cents IS NULL;

CREATE TABLE foreign_claim (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	source VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	claim_id UUID,
	code VARCHAR NOT NULL,
	deadline_at TIMESTAMP WITH TIME ZONE,
	told JSONB NOT NULL,
	taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT foreign_claim_pkey PRIMARY KEY (id),
	CONSTRAINT a_foreign_claim_is_known_once UNIQUE (shop_id, source, external_id),
	CONSTRAINT foreign_claim_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT foreign_claim_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id)
);

CREATE INDEX foreign_claim_claim_idx ON foreign_claim (claim_id);

CREATE TABLE refund (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	order_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	payment_id UUID,
	provider VARCHAR NOT NULL,
	provider_ref VARCHAR,
	amount_cents BIGINT NOT NULL,
	currency VARCHAR NOT NULL,
	key VARCHAR NOT NULL,
	state VARCHAR(40) NOT NULL,
	gateway_reference VARCHAR,
	failure VARCHAR,
	attempts INTEGER DEFAULT 0 NOT NULL,
	failures INTEGER DEFAULT 0 NOT NULL,
	voucher_file_id UUID,
	requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE,
	paid_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT refund_pkey PRIMARY KEY (id),
	CONSTRAINT a_refund_pays_something CHECK (amount_cents > 0),
	CONSTRAINT a_paid_refund_says_when CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
	CONSTRAINT a_claim_refunds_a_payment_once UNIQUE (claim_id, payment_id),
	CONSTRAINT refund_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT refund_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT refund_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT refund_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT refund_payment_id_fkey FOREIGN KEY(payment_id) REFERENCES payment (id),
	CONSTRAINT refund_key_key UNIQUE (key),
	CONSTRAINT a_refund_is_in_a_known_state CHECK (state IN ('requested', 'sending', 'pending', 'paid', 'failed', 'offline_offered')),
	CONSTRAINT refund_voucher_file_id_fkey FOREIGN KEY(voucher_file_id) REFERENCES file (id)
);

CREATE INDEX refund_state_idx ON refund (shop_id, state, requested_at);

CREATE INDEX refund_voucher_idx ON refund (voucher_file_id) WHERE voucher_file_id IS NOT NULL;

CREATE TABLE survey_answer (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	case_id UUID NOT NULL,
	claim_id UUID,
	customer_id UUID NOT NULL,
	satisfied INTEGER,
	effort INTEGER,
	recommend INTEGER,
	comment VARCHAR NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT survey_answer_pkey PRIMARY KEY (id),
	CONSTRAINT a_case_is_asked_about_once UNIQUE (case_id),
	CONSTRAINT satisfaction_is_one_to_five CHECK (satisfied BETWEEN 1 AND 5),
	CONSTRAINT effort_is_one_to_seven CHECK (effort BETWEEN 1 AND 7),
	CONSTRAINT a_recommendation_is_nought_to_ten CHECK (recommend BETWEEN 0 AND 10),
	CONSTRAINT an_answer_answers_some_question CHECK (num_nonnulls(satisfied, effort, recommend) > 0),
	CONSTRAINT survey_answer_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT survey_answer_case_id_fkey FOREIGN KEY(case_id) REFERENCES service_case (id),
	CONSTRAINT survey_answer_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT survey_answer_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX survey_answer_customer_idx ON survey_answer (customer_id);

CREATE INDEX survey_answer_shop_idx ON survey_answer (shop_id, answered_at);

CREATE TABLE withdrawal (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	order_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	consumer_name VARCHAR NOT NULL,
	contact VARCHAR NOT NULL,
	stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT withdrawal_pkey PRIMARY KEY (id),
	CONSTRAINT withdrawal_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT withdrawal_order_id_fkey FOREIGN KEY(order_id) REFERENCES sales_order (id),
	CONSTRAINT withdrawal_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id)
);

CREATE INDEX withdrawal_order_idx ON withdrawal (order_id);

CREATE TABLE assistant_lesson (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	text VARCHAR NOT NULL,
	intent VARCHAR,
	turn_id UUID,
	added_by UUID,
	added_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT assistant_lesson_pkey PRIMARY KEY (id),
	CONSTRAINT assistant_lesson_text_key UNIQUE (shop_id, text),
	CONSTRAINT assistant_lesson_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT assistant_lesson_turn_id_fkey FOREIGN KEY(turn_id) REFERENCES assistant_turn (id)
);

CREATE INDEX assistant_lesson_shop_idx ON assistant_lesson (shop_id, added_at);

CREATE TABLE claim_finding (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	claim_line_id UUID NOT NULL,
	quantity INTEGER NOT NULL,
	grade VARCHAR(40) NOT NULL,
	accepted BOOLEAN NOT NULL,
	disposition VARCHAR(40),
	words VARCHAR DEFAULT '' NOT NULL,
	found_by UUID,
	found_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT claim_finding_pkey PRIMARY KEY (id),
	CONSTRAINT a_finding_is_about_at_least_one_unit CHECK (quantity > 0),
	CONSTRAINT claim_finding_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT claim_finding_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT claim_finding_claim_line_id_fkey FOREIGN KEY(claim_line_id) REFERENCES claim_line (id),
	CONSTRAINT a_grade_is_a_known_one CHECK (grade IN ('as_new', 'opened', 'used', 'damaged', 'wrong_item', 'missing')),
	CONSTRAINT a_disposition_is_a_known_one CHECK (disposition IN ('restock', 'refurbish', 'return_to_supplier', 'recycle', 'donate', 'scrap', 'send_back'))
);

CREATE INDEX claim_finding_claim_idx ON claim_finding (claim_id);

CREATE TABLE difference_payment (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	claim_id UUID NOT NULL,
	provider VARCHAR NOT NULL,
	key VARCHAR NOT NULL,
	amount_cents BIGINT NOT NULL,
	currency VARCHAR NOT NULL,
	state VARCHAR(40) NOT NULL,
	address VARCHAR,
	gateway_reference VARCHAR,
	begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE,
	paid_at TIMESTAMP WITH TIME ZONE,
	refund_id UUID,
	CONSTRAINT difference_payment_pkey PRIMARY KEY (id),
	CONSTRAINT a_difference_is_something_to_pay CHECK (amount_cents > 0),
	CONSTRAINT difference_payment_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT difference_payment_claim_id_fkey FOREIGN KEY(claim_id) REFERENCES claim (id),
	CONSTRAINT difference_payment_key_key UNIQUE (key),
	CONSTRAINT a_payment_is_in_a_known_state CHECK (state IN ('asked', 'started', 'paid', 'failed', 'left', 'given_back')),
	CONSTRAINT difference_payment_refund_id_fkey FOREIGN KEY(refund_id) REFERENCES refund (id)
);

CREATE INDEX difference_payment_claim_idx ON difference_payment (claim_id);

CREATE UNIQUE INDEX difference_payment_one_is_under_way ON difference_payment (claim_id) WHERE state IN ('asked', 'started');

CREATE TABLE wallet_entry (
	id UUID NOT NULL,
	shop_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	refund_id UUID NOT NULL,
	amount_cents BIGINT NOT NULL,
	currency VARCHAR NOT NULL,
	entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT wallet_entry_pkey PRIMARY KEY (id),
	CONSTRAINT wallet_entry_shop_id_fkey FOREIGN KEY(shop_id) REFERENCES shop (id),
	CONSTRAINT wallet_entry_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT wallet_entry_refund_id_key UNIQUE (refund_id),
	CONSTRAINT wallet_entry_refund_id_fkey FOREIGN KEY(refund_id) REFERENCES refund (id)
);

CREATE INDEX wallet_entry_customer_idx ON wallet_entry (customer_id);

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

ALTER TABLE alarm ENABLE ROW LEVEL SECURITY;

CREATE POLICY alarm_of_own_shops ON alarm USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE alarm_playbook ENABLE ROW LEVEL SECURITY;

CREATE POLICY alarm_playbook_of_own_shops ON alarm_playbook USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE alarm_rule ENABLE ROW LEVEL SECURITY;

CREATE POLICY alarm_rule_of_own_shops ON alarm_rule USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE alarm_watch ENABLE ROW LEVEL SECURITY;

CREATE POLICY alarm_watch_of_own_shops ON alarm_watch USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE answer_template ENABLE ROW LEVEL SECURITY;

CREATE POLICY answer_template_of_own_shops ON answer_template USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE article ENABLE ROW LEVEL SECURITY;

CREATE POLICY article_of_own_shops ON article USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE assistant_spending ENABLE ROW LEVEL SECURITY;

CREATE POLICY assistant_spending_of_own_shops ON assistant_spending USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE assistant_switch ENABLE ROW LEVEL SECURITY;

CREATE POLICY assistant_switch_of_own_shops ON assistant_switch USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE business_calendar ENABLE ROW LEVEL SECURITY;

CREATE POLICY business_calendar_of_own_shops ON business_calendar USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE channel_account ENABLE ROW LEVEL SECURITY;

CREATE POLICY channel_account_of_own_shops ON channel_account USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_policy ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_policy_of_own_shops ON claim_policy USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE cost_lever ENABLE ROW LEVEL SECURITY;

CREATE POLICY cost_lever_of_own_shops ON cost_lever USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE cost_rate ENABLE ROW LEVEL SECURITY;

CREATE POLICY cost_rate_of_own_shops ON cost_rate USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE customer ENABLE ROW LEVEL SECURITY;

CREATE POLICY customer_of_own_shops ON customer USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE escalation_rule ENABLE ROW LEVEL SECURITY;

CREATE POLICY escalation_rule_of_own_shops ON escalation_rule USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE export_plan ENABLE ROW LEVEL SECURITY;

CREATE POLICY export_plan_of_own_shops ON export_plan USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE forbidden_phrase ENABLE ROW LEVEL SECURITY;

CREATE POLICY forbidden_phrase_of_own_shops ON forbidden_phrase USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE foresight_chance ENABLE ROW LEVEL SECURITY;

CREATE POLICY foresight_chance_of_own_shops ON foresight_chance USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE indicator_target ENABLE ROW LEVEL SECURITY;

CREATE POLICY indicator_target_of_own_shops ON indicator_target USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE logistics_warning ENABLE ROW LEVEL SECURITY;

CREATE POLICY logistics_warning_of_own_shops ON logistics_warning USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE macro ENABLE ROW LEVEL SECURITY;

CREATE POLICY macro_of_own_shops ON macro USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE membership ENABLE ROW LEVEL SECURITY;

CREATE POLICY membership_of_own_shops ON membership USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE notice_template ENABLE ROW LEVEL SECURITY;

CREATE POLICY notice_template_of_own_shops ON notice_template USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE product ENABLE ROW LEVEL SECURITY;

CREATE POLICY product_of_own_shops ON product USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE promise_page ENABLE ROW LEVEL SECURITY;

CREATE POLICY promise_page_of_own_shops ON promise_page USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE report ENABLE ROW LEVEL SECURITY;

CREATE POLICY report_of_own_shops ON report USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE routing_overflow ENABLE ROW LEVEL SECURITY;

CREATE POLICY routing_overflow_of_own_shops ON routing_overflow USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE service_point ENABLE ROW LEVEL SECURITY;

CREATE POLICY service_point_of_own_shops ON service_point USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE store_event ENABLE ROW LEVEL SECURITY;

CREATE POLICY store_event_of_own_shops ON store_event USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE trial ENABLE ROW LEVEL SECURITY;

CREATE POLICY trial_of_own_shops ON trial USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE trial_meeting ENABLE ROW LEVEL SECURITY;

CREATE POLICY trial_meeting_of_own_shops ON trial_meeting USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;

CREATE POLICY webhook_of_own_shops ON webhook USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE alarm_telling ENABLE ROW LEVEL SECURITY;

CREATE POLICY alarm_telling_of_own_shops ON alarm_telling USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE article_entry ENABLE ROW LEVEL SECURITY;

CREATE POLICY article_entry_of_own_shops ON article_entry USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE article_feedback ENABLE ROW LEVEL SECURITY;

CREATE POLICY article_feedback_of_own_shops ON article_feedback USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE article_reading ENABLE ROW LEVEL SECURITY;

CREATE POLICY article_reading_of_own_shops ON article_reading USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE article_text ENABLE ROW LEVEL SECURITY;

CREATE POLICY article_text_of_own_shops ON article_text USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE article_version ENABLE ROW LEVEL SECURITY;

CREATE POLICY article_version_of_own_shops ON article_version USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE calendar_day ENABLE ROW LEVEL SECURITY;

CREATE POLICY calendar_day_of_own_shops ON calendar_day USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE channel_push ENABLE ROW LEVEL SECURITY;

CREATE POLICY channel_push_of_own_shops ON channel_push USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE clock ENABLE ROW LEVEL SECURITY;

CREATE POLICY clock_of_own_shops ON clock USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE clock_policy ENABLE ROW LEVEL SECURITY;

CREATE POLICY clock_policy_of_own_shops ON clock_policy USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE contact ENABLE ROW LEVEL SECURITY;

CREATE POLICY contact_of_own_shops ON contact USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE cost_lever_spending ENABLE ROW LEVEL SECURITY;

CREATE POLICY cost_lever_spending_of_own_shops ON cost_lever_spending USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE customer_erasure ENABLE ROW LEVEL SECURITY;

CREATE POLICY customer_erasure_of_own_shops ON customer_erasure USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE export_file ENABLE ROW LEVEL SECURITY;

CREATE POLICY export_file_of_own_shops ON export_file USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE file ENABLE ROW LEVEL SECURITY;

CREATE POLICY file_of_own_shops ON file USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE foresight_product ENABLE ROW LEVEL SECURITY;

CREATE POLICY foresight_product_of_own_shops ON foresight_product USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE knowledge_question ENABLE ROW LEVEL SECURITY;

CREATE POLICY knowledge_question_of_own_shops ON knowledge_question USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE member_shop ENABLE ROW LEVEL SECURITY;

CREATE POLICY member_shop_of_own_shops ON member_shop USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE notice ENABLE ROW LEVEL SECURITY;

CREATE POLICY notice_of_own_shops ON notice USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE sales_order ENABLE ROW LEVEL SECURITY;

CREATE POLICY sales_order_of_own_shops ON sales_order USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE solution ENABLE ROW LEVEL SECURITY;

CREATE POLICY solution_of_own_shops ON solution USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE stock_item ENABLE ROW LEVEL SECURITY;

CREATE POLICY stock_item_of_own_shops ON stock_item USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE thread ENABLE ROW LEVEL SECURITY;

CREATE POLICY thread_of_own_shops ON thread USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE webhook_post ENABLE ROW LEVEL SECURITY;

CREATE POLICY webhook_post_of_own_shops ON webhook_post USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK (shop_id IS NULL OR (SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE call ENABLE ROW LEVEL SECURITY;

CREATE POLICY call_of_own_shops ON call USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE confirmation_hold ENABLE ROW LEVEL SECURITY;

CREATE POLICY confirmation_hold_of_own_shops ON confirmation_hold USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE conversation_rating ENABLE ROW LEVEL SECURITY;

CREATE POLICY conversation_rating_of_own_shops ON conversation_rating USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE draft ENABLE ROW LEVEL SECURITY;

CREATE POLICY draft_of_own_shops ON draft USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE freight_account ENABLE ROW LEVEL SECURITY;

CREATE POLICY freight_account_of_own_shops ON freight_account USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE message ENABLE ROW LEVEL SECURITY;

CREATE POLICY message_of_own_shops ON message USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE order_line ENABLE ROW LEVEL SECURITY;

CREATE POLICY order_line_of_own_shops ON order_line USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE order_review ENABLE ROW LEVEL SECURITY;

CREATE POLICY order_review_of_own_shops ON order_review USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE payment ENABLE ROW LEVEL SECURITY;

CREATE POLICY payment_of_own_shops ON payment USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE service_case ENABLE ROW LEVEL SECURITY;

CREATE POLICY service_case_of_own_shops ON service_case USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE shipment ENABLE ROW LEVEL SECURITY;

CREATE POLICY shipment_of_own_shops ON shipment USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE stock_movement ENABLE ROW LEVEL SECURITY;

CREATE POLICY stock_movement_of_own_shops ON stock_movement USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE stock_reservation ENABLE ROW LEVEL SECURITY;

CREATE POLICY stock_reservation_of_own_shops ON stock_reservation USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE store_refund ENABLE ROW LEVEL SECURITY;

CREATE POLICY store_refund_of_own_shops ON store_refund USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE assistant_talk ENABLE ROW LEVEL SECURITY;

CREATE POLICY assistant_talk_of_own_shops ON assistant_talk USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_contact ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_contact_of_own_shops ON case_contact USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_escalation ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_escalation_of_own_shops ON case_escalation USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_follower ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_follower_of_own_shops ON case_follower USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_link ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_link_of_own_shops ON case_link USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_move ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_move_of_own_shops ON case_move USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_solution ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_solution_of_own_shops ON case_solution USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE case_words ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_words_of_own_shops ON case_words USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_of_own_shops ON claim USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE desk_notice ENABLE ROW LEVEL SECURITY;

CREATE POLICY desk_notice_of_own_shops ON desk_notice USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE escalation_step ENABLE ROW LEVEL SECURITY;

CREATE POLICY escalation_step_of_own_shops ON escalation_step USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE line_account ENABLE ROW LEVEL SECURITY;

CREATE POLICY line_account_of_own_shops ON line_account USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE message_file ENABLE ROW LEVEL SECURITY;

CREATE POLICY message_file_of_own_shops ON message_file USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE message_sending ENABLE ROW LEVEL SECURITY;

CREATE POLICY message_sending_of_own_shops ON message_sending USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE pickup_request ENABLE ROW LEVEL SECURITY;

CREATE POLICY pickup_request_of_own_shops ON pickup_request USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE planned_message ENABLE ROW LEVEL SECURITY;

CREATE POLICY planned_message_of_own_shops ON planned_message USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE tracking_event ENABLE ROW LEVEL SECURITY;

CREATE POLICY tracking_event_of_own_shops ON tracking_event USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE assistant_turn ENABLE ROW LEVEL SECURITY;

CREATE POLICY assistant_turn_of_own_shops ON assistant_turn USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_dispute ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_dispute_of_own_shops ON claim_dispute USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_evidence ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_evidence_of_own_shops ON claim_evidence USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_freight ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_freight_of_own_shops ON claim_freight USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_line ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_line_of_own_shops ON claim_line USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_offer ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_offer_of_own_shops ON claim_offer USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE cost_line ENABLE ROW LEVEL SECURITY;

CREATE POLICY cost_line_of_own_shops ON cost_line USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE foreign_claim ENABLE ROW LEVEL SECURITY;

CREATE POLICY foreign_claim_of_own_shops ON foreign_claim USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE refund ENABLE ROW LEVEL SECURITY;

CREATE POLICY refund_of_own_shops ON refund USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE survey_answer ENABLE ROW LEVEL SECURITY;

CREATE POLICY survey_answer_of_own_shops ON survey_answer USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE withdrawal ENABLE ROW LEVEL SECURITY;

CREATE POLICY withdrawal_of_own_shops ON withdrawal USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE assistant_lesson ENABLE ROW LEVEL SECURITY;

CREATE POLICY assistant_lesson_of_own_shops ON assistant_lesson USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE claim_finding ENABLE ROW LEVEL SECURITY;

CREATE POLICY claim_finding_of_own_shops ON claim_finding USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE difference_payment ENABLE ROW LEVEL SECURITY;

CREATE POLICY difference_payment_of_own_shops ON difference_payment USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

ALTER TABLE wallet_entry ENABLE ROW LEVEL SECURITY;

CREATE POLICY wallet_entry_of_own_shops ON wallet_entry USING ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])) WITH CHECK ((SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[]));

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

CREATE POLICY business_calendar_of_the_house_is_known_to_all ON business_calendar FOR SELECT USING (shop_id IS NULL);

CREATE POLICY business_calendar_of_the_house_insert_takes_all_shops ON business_calendar AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY business_calendar_of_the_house_update_takes_all_shops ON business_calendar AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY calendar_day_of_the_house_is_known_to_all ON calendar_day FOR SELECT USING (shop_id IS NULL);

CREATE POLICY calendar_day_of_the_house_insert_takes_all_shops ON calendar_day AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY calendar_day_of_the_house_update_takes_all_shops ON calendar_day AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY clock_policy_of_the_house_is_known_to_all ON clock_policy FOR SELECT USING (shop_id IS NULL);

CREATE POLICY clock_policy_of_the_house_insert_takes_all_shops ON clock_policy AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY clock_policy_of_the_house_update_takes_all_shops ON clock_policy AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE OR REPLACE FUNCTION find_cases(query tsquery, most int) RETURNS TABLE (case_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    #variable_conflict use_column
    DECLARE
      every boolean := aftercare_all_shops();
      shops uuid[] := aftercare_shops();
      newest int := (SELECT last_value / 1000 + 1 FROM service_case_number);
      high int := newest;
      low int := newest - 2;
      wanted int := most;
      found int;
      place int;
      level int;
      cells int[];
    BEGIN
      WHILE low >= newest / 4 LOOP
        place := high;
        cells := ARRAY[]::int[];
        WHILE place > low LOOP
          level := 0;
          WHILE level < 3 AND place % (4 << 2 * level) = 0 AND place - (4 << 2 * level) >= low LOOP
            level := level + 1;
          END LOOP;
          place := place - (1 << 2 * level);
          cells := cells || ((place >> 2 * level) * 4 + level);
        END LOOP;
        IF every THEN
          RETURN QUERY WITH held AS MATERIALIZED (SELECT w.case_id FROM case_words w WHERE w.words @@ query AND ARRAY[block * 4, block / 4 * 4 + 1, block / 16 * 4 + 2, block / 64 * 4 + 3] && cells) SELECT h.case_id FROM held h ORDER BY h.case_id DESC LIMIT wanted;
        ELSE
          RETURN QUERY WITH held AS MATERIALIZED (SELECT w.case_id FROM case_words w WHERE w.words @@ query AND ARRAY[block * 4, block / 4 * 4 + 1, block / 16 * 4 + 2, block / 64 * 4 + 3] && cells AND ARRAY[w.shop_id] && shops) SELECT h.case_id FROM held h ORDER BY h.case_id DESC LIMIT wanted;
        END IF;
        GET DIAGNOSTICS found = ROW_COUNT;
        wanted := wanted - found;
        IF wanted = 0 THEN
          RETURN;
        END IF;
        high := low;
        low := low - ((newest - low) * least(greatest(1.25 * wanted / greatest(most - wanted, 1), 0.5), 31))::int;
      END LOOP;
      IF every THEN
        RETURN QUERY WITH held AS MATERIALIZED (SELECT w.case_id FROM case_words w WHERE w.words @@ query AND w.block < high) SELECT h.case_id FROM held h ORDER BY h.case_id DESC LIMIT wanted;
      ELSE
        RETURN QUERY WITH held AS MATERIALIZED (SELECT w.case_id FROM case_words w WHERE w.words @@ query AND w.block < high AND ARRAY[w.shop_id] && shops) SELECT h.case_id FROM held h ORDER BY h.case_id DESC LIMIT wanted;
      END IF;
    END $$;

CREATE POLICY escalation_rule_of_the_house_is_known_to_all ON escalation_rule FOR SELECT USING (shop_id IS NULL);

CREATE POLICY escalation_rule_of_the_house_insert_takes_all_shops ON escalation_rule AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY escalation_rule_of_the_house_update_takes_all_shops ON escalation_rule AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE OR REPLACE FUNCTION search_sales_orders(
      query tsquery, before timestamptz, before_id uuid, most int,
      of_shop uuid, of_status text
    ) RETURNS TABLE (id uuid, placed_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF aftercare_all_shops() THEN
        RETURN QUERY SELECT o.id, o.placed_at FROM sales_order o
          WHERE o.tsv @@ query AND (before IS NULL OR (o.placed_at, o.id) < (before, before_id))
            AND (of_shop IS NULL OR o.shop_id = of_shop) AND (of_status IS NULL OR o.status = of_status)
          ORDER BY o.placed_at DESC, o.id DESC LIMIT most;
      ELSE
        RETURN QUERY SELECT o.id, o.placed_at FROM sales_order o
          WHERE o.shop_id = ANY (aftercare_shops()) AND o.tsv @@ query
            AND (before IS NULL OR (o.placed_at, o.id) < (before, before_id))
            AND (of_shop IS NULL OR o.shop_id = of_shop) AND (of_status IS NULL OR o.status = of_status)
          ORDER BY o.placed_at DESC, o.id DESC LIMIT most;
      END IF;
    END $$;

CREATE POLICY article_of_the_house_is_known_to_all ON article FOR SELECT USING (shop_id IS NULL);

CREATE POLICY article_of_the_house_insert_takes_all_shops ON article AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_of_the_house_update_takes_all_shops ON article AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_version_of_the_house_is_known_to_all ON article_version FOR SELECT USING (shop_id IS NULL);

CREATE POLICY article_version_of_the_house_insert_takes_all_shops ON article_version AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_version_of_the_house_update_takes_all_shops ON article_version AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_text_of_the_house_is_known_to_all ON article_text FOR SELECT USING (shop_id IS NULL);

CREATE POLICY article_text_of_the_house_insert_takes_all_shops ON article_text AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_text_of_the_house_update_takes_all_shops ON article_text AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_entry_of_the_house_is_known_to_all ON article_entry FOR SELECT USING (shop_id IS NULL);

CREATE POLICY article_entry_of_the_house_insert_takes_all_shops ON article_entry AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY article_entry_of_the_house_update_takes_all_shops ON article_entry AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE OR REPLACE FUNCTION words_spelt_like(asked text[]) RETURNS TABLE (typed text, word text, documents int)
    LANGUAGE sql STABLE SET search_path = public SET pg_trgm.similarity_threshold = '0.22' AS $$
      SELECT t.word, k.word, k.documents FROM unnest(asked) AS t(word)
      CROSS JOIN LATERAL (
        SELECT w.word, w.documents FROM knowledge_word w
        WHERE w.word % t.word AND w.documents > 0 AND w.sound IS NULL AND abs(length(w.word) - length(t.word)) <= 2
        ORDER BY similarity(w.word, t.word) DESC, w.documents DESC LIMIT 20
      ) k
    $$;

CREATE OR REPLACE FUNCTION article_reach(of_shop uuid, inside boolean, reader text) RETURNS varchar[]
    LANGUAGE sql STABLE SET search_path = public AS $$
      SELECT CASE WHEN of_shop IS NULL OR aftercare_all_shops() OR of_shop = ANY (aftercare_shops()) THEN
        array(SELECT concat_ws('|', whose, readers, reader)::varchar
          FROM unnest(array_remove(ARRAY['*', of_shop::text], NULL)) AS whose,
            unnest(CASE WHEN inside THEN ARRAY['public', 'staff'] ELSE ARRAY['public'] END) AS readers)
      END
    $$;

CREATE OR REPLACE FUNCTION suggest_articles(of_shop uuid, inside boolean, reader text, begun tsquery, most int)
    RETURNS TABLE (article_id uuid, locale text, title text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      reaches varchar[] := article_reach(of_shop, inside, reader);
    BEGIN
      RETURN QUERY
        WITH hits AS MATERIALIZED (
          SELECT e.article_id, e.locale::text, e.title::text FROM article_entry e
          WHERE e.reach && reaches AND e.title_words @@ begun LIMIT 200
        )
        SELECT h.article_id, h.locale, h.title FROM hits h ORDER BY length(h.title), h.article_id LIMIT most;
    END $$;

CREATE OR REPLACE FUNCTION find_articles(of_shop uuid, inside boolean, reader text, every tsquery, rare tsquery,
      terms tsquery[], weights float8[], most int)
    RETURNS TABLE (article_id uuid, locale text, score float8)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      reaches varchar[] := article_reach(of_shop, inside, reader);
      hits tid[];
      more tid[];
    BEGIN
      hits := ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.title_words @@ every LIMIT 200);
      IF cardinality(hits) < most THEN
        hits := hits || ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.words @@ every LIMIT 200);
      END IF;
      IF cardinality(hits) < most AND rare IS NOT NULL THEN
        more := ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.title_words @@ rare LIMIT 200);
        hits := hits || more;
        IF cardinality(more) < 200 THEN
          hits := hits || ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.words @@ rare LIMIT 150);
        END IF;
      END IF;
      RETURN QUERY
        SELECT e.article_id, e.locale::text, s.score
        FROM article_entry e, LATERAL (
          SELECT sum(CASE WHEN t.titled THEN t.weight WHEN e.words @@ t.term THEN 0.6 * t.weight ELSE 0 END)
            * (1 + 0.1 * least(1, count(*) FILTER (WHERE t.titled) / greatest(1, length(e.title_words))::float8)) AS score
          FROM (SELECT term, weight, e.title_words @@ term AS titled FROM unnest(terms, weights) AS u(term, weight) OFFSET 0) t
        ) s
        WHERE e.ctid = ANY (hits)
        ORDER BY s.score DESC, (e.shop_id IS NULL), e.article_id DESC LIMIT most;
    END $$;

CREATE OR REPLACE FUNCTION find_solutions(of_shop uuid, rare tsquery, terms tsquery[], weights float8[], most int)
    RETURNS TABLE (solution_id uuid, score float8)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF NOT (aftercare_all_shops() OR of_shop = ANY (aftercare_shops())) THEN RETURN; END IF;
      RETURN QUERY
        WITH hits AS MATERIALIZED (
          SELECT s.id, s.words FROM solution s
          WHERE s.shop_id = of_shop AND s.words @@ rare AND s.retired_at IS NULL LIMIT 300
        )
        SELECT h.id, s.score
        FROM hits h, LATERAL (
          SELECT sum(t.weight * CASE WHEN h.words @@ t.term THEN 1.0 ELSE 0 END)::float8 AS score
          FROM unnest(terms, weights) AS t(term, weight)
        ) s
        ORDER BY s.score DESC, h.id DESC LIMIT most;
    END $$;

REVOKE UPDATE, DELETE, TRUNCATE ON stock_movement FROM aftercare_app;

CREATE VIEW lake_facts WITH (security_invoker = true) AS SELECT CAST(f.at AS timestamptz) AS "at", CAST(f.position AS bigint) AS "position", CAST(f.name AS text) AS "name", CAST(f.actor_kind AS text) AS "actor_kind", CAST(f.actor_id AS text) AS "actor_id", CAST(f.shop_id AS text) AS "shop_id", CAST(f.cause AS bigint) AS "cause", CAST(f.data->>'case_id' AS text) AS "case_id", CAST(f.data->>'claim_id' AS text) AS "claim_id", CAST(f.data->>'order_id' AS text) AS "order_id", CAST(f.data->>'customer_id' AS text) AS "customer_id", CAST(f.data->>'account_id' AS text) AS "account_id", CAST(f.data->>'message_id' AS text) AS "message_id", CAST(f.data->>'refund_id' AS text) AS "refund_id", CAST(f.data->>'shipment_id' AS text) AS "shipment_id", CAST(f.data->>'product_id' AS text) AS "product_id", CAST(f.data->>'subject_kind' AS text) AS "subject_kind", CAST(f.data->>'subject_id' AS text) AS "subject_id", CAST(f.data->>'clock_id' AS text) AS "clock_id", CAST(f.data->>'currency' AS text) AS "currency", CAST(f.data->>'kind' AS text) AS "kind", CAST(f.data->>'from_state' AS text) AS "from_state", CAST(f.data->>'to_state' AS text) AS "to_state", CAST(f.data->>'mover' AS text) AS "mover", CAST(f.data->>'channel' AS text) AS "channel", CAST(f.data->>'reason' AS text) AS "reason", CAST(f.data->>'rule' AS text) AS "rule", CAST(f.data->>'author_kind' AS text) AS "author_kind", CAST(f.data->>'how' AS text) AS "how", CAST(f.data->>'outcome' AS text) AS "outcome", CAST(f.data->>'clock' AS text) AS "clock", CAST(f.data->>'stage' AS text) AS "stage", CAST(f.data->>'status' AS text) AS "status", CAST(f.data->>'direction' AS text) AS "direction", CAST(f.data->>'amount_cents' AS bigint) AS "amount_cents", CAST(f.data->>'quantity' AS bigint) AS "quantity", CAST(f.data->>'late' AS boolean) AS "late", CAST(f.data->>'at_once' AS boolean) AS "at_once", CAST(f.data - ARRAY['case_id', 'claim_id', 'order_id', 'customer_id', 'account_id', 'message_id', 'refund_id', 'shipment_id', 'product_id', 'subject_kind', 'subject_id', 'clock_id', 'currency', 'kind', 'from_state', 'to_state', 'mover', 'channel', 'reason', 'rule', 'author_kind', 'how', 'outcome', 'clock', 'stage', 'status', 'direction', 'amount_cents', 'quantity', 'late', 'at_once', 'address', 'added', 'removed'] AS text) AS "data" FROM fact f;

GRANT SELECT ON lake_facts TO aftercare_app;

CREATE VIEW lake_shops WITH (security_invoker = true) AS SELECT CAST(s.id AS text) AS "id", CAST(s.code AS text) AS "code", CAST(s.name AS text) AS "name", CAST(s.market AS text) AS "country", CAST(s.currency AS text) AS "currency", CAST(s.time_zone AS text) AS "time_zone", CAST(s.locale AS text) AS "locale", CAST(s.active AS boolean) AS "active", CAST(s.created_at AS timestamptz) AS "created_at" FROM shop s;

GRANT SELECT ON lake_shops TO aftercare_app;

CREATE VIEW lake_accounts WITH (security_invoker = true) AS SELECT CAST(a.id AS text) AS "id", CAST(a.active AS boolean) AS "active", CAST(a.created_at AS timestamptz) AS "created_at", CAST(array_to_string(m.skills, ',') AS text) AS "skills", CAST(array_to_string(m.languages, ',') AS text) AS "languages", CAST(m.capacity AS bigint) AS "capacity" FROM account a LEFT JOIN member m ON m.account_id = a.id;

GRANT SELECT ON lake_accounts TO aftercare_app;

CREATE VIEW lake_products WITH (security_invoker = true) AS SELECT CAST(p.id AS text) AS "id", CAST(p.shop_id AS text) AS "shop_id", CAST(p.sku AS text) AS "sku", CAST(p.title AS text) AS "title", CAST(p.category AS text) AS "category", CAST(p.price_cents AS bigint) AS "price_cents", CAST(p.currency AS text) AS "currency", CAST(p.weight_grams AS bigint) AS "weight_grams", CAST(p.attributes->>'batch' AS text) AS "batch", CAST(p.attributes->>'supplier' AS text) AS "supplier" FROM product p;

GRANT SELECT ON lake_products TO aftercare_app;

CREATE VIEW lake_customers WITH (security_invoker = true) AS SELECT CAST(c.id AS text) AS "id", CAST(c.shop_id AS text) AS "shop_id", CAST(c.locale AS text) AS "locale", CAST(c.tier AS text) AS "tier", CAST(c.since AS timestamptz) AS "created_at", CAST(c.address->>'country' AS text) AS "country", CAST(coalesce(c.address->>'province', c.address->>'state', c.address->>'city') AS text) AS "region" FROM customer c;

GRANT SELECT ON lake_customers TO aftercare_app;

CREATE VIEW lake_orders WITH (security_invoker = true) AS SELECT CAST(o.id AS text) AS "id", CAST(o.shop_id AS text) AS "shop_id", CAST(o.customer_id AS text) AS "customer_id", CAST(o.number AS text) AS "number", CAST(o.source AS text) AS "source", CAST(o.status AS text) AS "status", CAST(o.placed_at AS timestamptz) AS "placed_at", CAST(o.paid_at AS timestamptz) AS "approved_at", CAST(o.shipped_at AS timestamptz) AS "handed_over_at", CAST(o.promised_at AS timestamptz) AS "promised_at", CAST(o.delivered_at AS timestamptz) AS "delivered_at", CAST(o.cancelled_at AS timestamptz) AS "cancelled_at", CAST(o.confirmed_at AS timestamptz) AS "confirmed_at", CAST(o.paid_cents AS bigint) AS "total_cents", CAST(o.goods_cents AS bigint) AS "goods_cents", CAST(o.discount_cents AS bigint) AS "discount_cents", CAST(o.freight_cents AS bigint) AS "freight_cents", CAST(o.currency AS text) AS "currency", CAST(coalesce(o.shipping_address->>'country', s.market) AS text) AS "country", CAST(coalesce(o.shipping_address->>'province', o.shipping_address->>'state', o.shipping_address->>'city') AS text) AS "region", CAST(h.carrier AS text) AS "carrier", CAST(v.score AS bigint) AS "review_score" FROM 
    sales_order o JOIN shop s ON s.id = o.shop_id
    LEFT JOIN LATERAL (SELECT carrier FROM shipment WHERE order_id = o.id AND direction = 'outbound'
      ORDER BY announced_at, id LIMIT 1) h ON true
    LEFT JOIN LATERAL (SELECT score FROM order_review WHERE order_id = o.id
      ORDER BY created_on DESC, id DESC LIMIT 1) v ON true;

GRANT SELECT ON lake_orders TO aftercare_app;

CREATE VIEW lake_order_lines WITH (security_invoker = true) AS SELECT CAST(l.id AS text) AS "id", CAST(l.order_id AS text) AS "order_id", CAST(l.shop_id AS text) AS "shop_id", CAST(l.product_id AS text) AS "product_id", CAST(l.sku AS text) AS "sku", CAST(l.category AS text) AS "category", CAST(l.quantity AS bigint) AS "quantity", CAST(l.unit_price_cents AS bigint) AS "price_cents", CAST(l.discount_cents AS bigint) AS "discount_cents", CAST(l.freight_cents AS bigint) AS "freight_cents", CAST(l.paid_cents AS bigint) AS "paid_cents", CAST(l.currency AS text) AS "currency", CAST(o.placed_at AS timestamptz) AS "placed_at", CAST(coalesce(l.delivered_at, o.delivered_at) AS timestamptz) AS "delivered_at" FROM order_line l JOIN sales_order o ON o.id = l.order_id;

GRANT SELECT ON lake_order_lines TO aftercare_app;

CREATE VIEW lake_cases WITH (security_invoker = true) AS SELECT CAST(c.id AS text) AS "id", CAST(c.shop_id AS text) AS "shop_id", CAST(c.number AS text) AS "number", CAST(c.customer_id AS text) AS "customer_id", CAST(c.order_id AS text) AS "order_id", CAST(c.thread_id AS text) AS "thread_id", CAST(c.owner_id AS text) AS "owner_id", CAST(c.channel AS text) AS "channel", CAST(t.intent AS text) AS "topic", CAST(c.skill AS text) AS "skill", CAST(array_to_string(c.tags, ',') AS text) AS "tags", CAST(c.status AS text) AS "status", CAST(c.stage AS text) AS "stage", CAST(c.priority AS text) AS "priority", CAST(c.opened_at AS timestamptz) AS "opened_at", CAST(c.assigned_at AS timestamptz) AS "assigned_at", CAST(c.answered_at AS timestamptz) AS "first_answered_at", CAST(c.last_message_at AS timestamptz) AS "last_message_at", CAST(c.waiting_since AS timestamptz) AS "waiting_since", CAST(c.snoozed_until AS timestamptz) AS "snoozed_until", CAST(CASE WHEN isfinite(c.due_at) AND c.due_at < '9000-01-01Z' THEN c.due_at END AS timestamptz) AS "due_at", CAST(c.solved_at AS timestamptz) AS "solved_at", CAST(c.closed_at AS timestamptz) AS "closed_at", CAST(c.closing AS text) AS "closing", CAST(coalesce(r.times, 0) AS bigint) AS "reopened", CAST(t.mood AS text) AS "mood", CAST(c.locale AS text) AS "locale" FROM 
    service_case c
    LEFT JOIN (SELECT (data->>'case_id')::uuid AS case_id, count(*) AS times FROM fact WHERE name = 'case.reopened'
      GROUP BY 1) r ON r.case_id = c.id
    LEFT JOIN assistant_talk k ON k.case_id = c.id
    LEFT JOIN LATERAL (SELECT coalesce(corrected_intent, intent) AS intent, mood FROM assistant_turn WHERE talk_id = k.id
      ORDER BY position DESC LIMIT 1) t ON true;

GRANT SELECT ON lake_cases TO aftercare_app;

CREATE VIEW lake_claims WITH (security_invoker = true) AS SELECT CAST(m.id AS text) AS "id", CAST(m.shop_id AS text) AS "shop_id", CAST(m.case_id AS text) AS "case_id", CAST(m.customer_id AS text) AS "customer_id", CAST(m.number AS text) AS "number", CAST(m.kind AS text) AS "kind", CAST(m.state AS text) AS "state", CAST(m.reason AS text) AS "reason", CAST(m.outcome AS text) AS "outcome", CAST(m.policy AS text) AS "policy", CAST(m.law AS text) AS "law", CAST(m.channel AS text) AS "channel", CAST(m.fault_side AS text) AS "fault_side", CAST(m.condition AS text) AS "condition", CAST(m.remedy AS text) AS "remedy", CAST(m.platform AS text) AS "platform", CAST(m.freight_payer AS text) AS "freight_payer", CAST(m.before_receipt AS boolean) AS "before_receipt", CAST(m.withdrawal AS boolean) AS "withdrawal", CAST(m.in_advance AS boolean) AS "in_advance", CAST(m.appealed AS boolean) AS "appealed", CAST(m.edits AS bigint) AS "edits", CAST(s.market AS text) AS "market", CAST(m.applied_at AS timestamptz) AS "applied_at", CAST(m.decided_at AS timestamptz) AS "decided_at", CAST(m.ended_at AS timestamptz) AS "ended_at", CAST(m.moved_at AS timestamptz) AS "moved_at", CAST(m.requested_cents AS bigint) AS "requested_cents", CAST(m.agreed_cents AS bigint) AS "agreed_cents", CAST(m.fee_cents AS bigint) AS "fee_cents", CAST(m.freight_cents AS bigint) AS "freight_cents", CAST(m.difference_cents AS bigint) AS "difference_cents", CAST(m.currency AS text) AS "currency" FROM claim m JOIN shop s ON s.id = m.shop_id;

GRANT SELECT ON lake_claims TO aftercare_app;

CREATE VIEW lake_claim_lines WITH (security_invoker = true) AS SELECT CAST(l.id AS text) AS "id", CAST(l.claim_id AS text) AS "claim_id", CAST(l.shop_id AS text) AS "shop_id", CAST(l.order_id AS text) AS "order_id", CAST(l.order_line_id AS text) AS "order_line_id", CAST(l.product_id AS text) AS "product_id", CAST(g.category AS text) AS "category", CAST(l.quantity AS bigint) AS "quantity", CAST(l.requested_cents AS bigint) AS "requested_cents", CAST(l.agreed_cents AS bigint) AS "amount_cents", CAST(l.received_quantity AS bigint) AS "received_quantity", CAST(l.accepted_quantity AS bigint) AS "accepted_quantity", CAST(m.applied_at AS timestamptz) AS "applied_at" FROM claim_line l JOIN claim m ON m.id = l.claim_id JOIN order_line g ON g.id = l.order_line_id;

GRANT SELECT ON lake_claim_lines TO aftercare_app;

CREATE VIEW lake_refunds WITH (security_invoker = true) AS SELECT CAST(r.id AS text) AS "id", CAST(r.claim_id AS text) AS "claim_id", CAST(m.case_id AS text) AS "case_id", CAST(r.shop_id AS text) AS "shop_id", CAST(r.order_id AS text) AS "order_id", CAST(r.customer_id AS text) AS "customer_id", CAST(r.state AS text) AS "state", CAST(r.provider AS text) AS "method", CAST(r.amount_cents AS bigint) AS "amount_cents", CAST(r.currency AS text) AS "currency", CAST(r.attempts AS bigint) AS "attempts", CAST(r.requested_at AS timestamptz) AS "requested_at", CAST(r.paid_at AS timestamptz) AS "paid_at" FROM refund r JOIN claim m ON m.id = r.claim_id;

GRANT SELECT ON lake_refunds TO aftercare_app;

CREATE VIEW lake_shipments WITH (security_invoker = true) AS SELECT CAST(h.id AS text) AS "id", CAST(h.shop_id AS text) AS "shop_id", CAST(h.order_id AS text) AS "order_id", CAST(h.claim_id AS text) AS "claim_id", CAST(h.carrier AS text) AS "carrier", CAST(h.direction AS text) AS "direction", CAST(h.way AS text) AS "way", CAST(h.status AS text) AS "status", CAST(h.status_at AS timestamptz) AS "status_at", CAST(h.announced_at AS timestamptz) AS "created_at", CAST(h.promised_at AS timestamptz) AS "promised_at", CAST(h.delivered_at AS timestamptz) AS "delivered_at", CAST(h.returned_at AS timestamptz) AS "returned_at" FROM shipment h;

GRANT SELECT ON lake_shipments TO aftercare_app;

CREATE VIEW lake_messages WITH (security_invoker = true) AS SELECT CAST(g.id AS text) AS "id", CAST(g.thread_id AS text) AS "thread_id", CAST(c.id AS text) AS "case_id", CAST(g.shop_id AS text) AS "shop_id", CAST(g.sent_at AS timestamptz) AS "at", CAST(g.author_kind AS text) AS "author_kind", CAST(CASE WHEN g.author_kind = 'staff' THEN g.author_id END AS text) AS "account_id", CAST(g.channel AS text) AS "channel", CAST(g.kind AS text) AS "kind", CAST(char_length(g.body) AS bigint) AS "length" FROM message g LEFT JOIN service_case c ON c.thread_id = g.thread_id;

GRANT SELECT ON lake_messages TO aftercare_app;

CREATE VIEW lake_clocks WITH (security_invoker = true) AS SELECT CAST(k.id AS text) AS "id", CAST(k.shop_id AS text) AS "shop_id", CAST(k.subject_kind AS text) AS "subject_kind", CAST(k.subject_id AS text) AS "subject_id", CAST(coalesce(m.case_id, CASE WHEN k.subject_kind = 'case' THEN k.subject_id END) AS text) AS "case_id", CAST(m.id AS text) AS "claim_id", CAST(k.name AS text) AS "name", CAST(k.state AS text) AS "state", CAST(k.policy AS text) AS "policy", CAST(k.started_at AS timestamptz) AS "started_at", CAST(k.due_at AS timestamptz) AS "due_at", CAST(k.warned_at AS timestamptz) AS "warned_at", CAST(k.ended_at AS timestamptz) AS "ended_at", CAST(k.settled_at AS timestamptz) AS "settled_at", CAST(k.state = 'fired' OR k.state = 'kept' AND k.ended_at > k.due_at AS boolean) AS "late", CAST(k.extensions AS bigint) AS "extensions" FROM 
    clock k LEFT JOIN refund r ON k.subject_kind = 'refund' AND r.id = k.subject_id
    LEFT JOIN claim m ON m.id = coalesce(r.claim_id, CASE WHEN k.subject_kind = 'claim' THEN k.subject_id END);

GRANT SELECT ON lake_clocks TO aftercare_app;

CREATE VIEW lake_ratings WITH (security_invoker = true) AS SELECT CAST(x.id AS text) AS "id", CAST(x.shop_id AS text) AS "shop_id", CAST(x.case_id AS text) AS "case_id", CAST(x.claim_id AS text) AS "claim_id", CAST(x.order_id AS text) AS "order_id", CAST(x.thread_id AS text) AS "thread_id", CAST(x.customer_id AS text) AS "customer_id", CAST(x.question AS text) AS "question", CAST(x.score AS bigint) AS "score", CAST(x.scale AS bigint) AS "scale", CAST(x.at AS timestamptz) AS "at", CAST(x.channel AS text) AS "channel", CAST(x.account_id AS text) AS "account_id" FROM 
    (
      SELECT t.thread_id::text || q.mark AS id, t.shop_id, c.id AS case_id, NULL::uuid AS claim_id, c.order_id, t.thread_id,
        c.customer_id, q.question, t.stars AS score, 5 AS scale, t.rated_at AS at, c.channel, c.owner_id AS account_id
      FROM conversation_rating t LEFT JOIN service_case c ON c.thread_id = t.thread_id
      -- What nobody but the assistant answered is its own score too.
      CROSS JOIN LATERAL (SELECT '' AS mark, 'csat' AS question UNION ALL SELECT ':bot', 'bot'
        WHERE EXISTS (SELECT FROM assistant_talk k WHERE k.case_id = c.id AND k.handed_over_at IS NULL)
          AND NOT EXISTS (SELECT FROM message g WHERE g.thread_id = t.thread_id AND g.author_kind = 'staff')) q
      UNION ALL
      SELECT a.id::text || ':' || q.question, a.shop_id, a.case_id, a.claim_id, c.order_id, c.thread_id, a.customer_id,
        q.question, q.score, q.scale, a.answered_at, c.channel, c.owner_id
      FROM survey_answer a JOIN service_case c ON c.id = a.case_id
      CROSS JOIN LATERAL (VALUES ('csat', a.satisfied, 5), ('effort', a.effort, 7), ('nps', a.recommend, 10))
        AS q(question, score, scale)
      WHERE q.score IS NOT NULL
      UNION ALL
      SELECT v.id::text, v.shop_id, NULL, NULL, v.order_id, NULL, o.customer_id, 'review', v.score, 5,
        v.created_on::timestamp AT TIME ZONE 'UTC', NULL, NULL
      FROM order_review v JOIN sales_order o ON o.id = v.order_id
    ) x;

GRANT SELECT ON lake_ratings TO aftercare_app;

CREATE VIEW lake_talks WITH (security_invoker = true) AS SELECT CAST(k.id AS text) AS "id", CAST(k.shop_id AS text) AS "shop_id", CAST(k.case_id AS text) AS "case_id", CAST(k.customer_id AS text) AS "customer_id", CAST(k.locale AS text) AS "locale", CAST(k.turns AS bigint) AS "turns", CAST(u.intent AS text) AS "intent", CAST(k.opened_at AS timestamptz) AS "opened_at", CAST(k.last_at AS timestamptz) AS "last_at", CAST(k.handed_over_at AS timestamptz) AS "handed_over_at", CAST(k.handed_why AS text) AS "handed_why" FROM 
    assistant_talk k LEFT JOIN LATERAL (SELECT coalesce(corrected_intent, intent) AS intent FROM assistant_turn
      WHERE talk_id = k.id ORDER BY position LIMIT 1) u ON true;

GRANT SELECT ON lake_talks TO aftercare_app;

CREATE VIEW lake_notices WITH (security_invoker = true) AS SELECT CAST(n.id AS text) AS "id", CAST(n.shop_id AS text) AS "shop_id", CAST(n.customer_id AS text) AS "customer_id", CAST(n.claim_id AS text) AS "claim_id", CAST(n.case_id AS text) AS "case_id", CAST(n.fact AS text) AS "fact", CAST(n.template AS text) AS "template", CAST(n.state AS text) AS "state", CAST(n.attempts AS bigint) AS "attempts", CAST((SELECT count(*) FROM fact_object o JOIN fact f ON f.at = o.at AND f.position = o.position
              WHERE o.object_id = n.id AND f.name = 'notice.sent') AS bigint) AS "times_sent", CAST(n.planned_at AS timestamptz) AS "planned_at", CAST(n.sent_at AS timestamptz) AS "sent_at", CAST(n.read_at AS timestamptz) AS "read_at" FROM notice n;

GRANT SELECT ON lake_notices TO aftercare_app;

CREATE POLICY indicator_target_of_many_is_known_to_all ON indicator_target FOR SELECT USING (shop_id IS NULL);

CREATE POLICY indicator_target_of_many_insert_takes_all_shops ON indicator_target AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY indicator_target_of_many_update_takes_all_shops ON indicator_target AS RESTRICTIVE FOR UPDATE USING (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY indicator_target_of_many_delete_takes_all_shops ON indicator_target AS RESTRICTIVE FOR DELETE USING (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

ALTER TABLE analysis_result ENABLE ROW LEVEL SECURITY;

CREATE POLICY analysis_result_of_own_shops ON analysis_result USING ((SELECT aftercare_all_shops()) OR shops <@ (SELECT aftercare_shops()));

REVOKE UPDATE, DELETE, TRUNCATE ON cost_line FROM aftercare_app;

REVOKE UPDATE, DELETE, TRUNCATE ON cost_rate FROM aftercare_app;

REVOKE UPDATE, DELETE, TRUNCATE ON cost_lever_spending FROM aftercare_app;

CREATE POLICY cost_rate_of_the_house_is_known_to_all ON cost_rate FOR SELECT USING (shop_id IS NULL);

CREATE POLICY cost_rate_of_the_house_insert_takes_all_shops ON cost_rate AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY cost_rate_of_the_house_update_takes_all_shops ON cost_rate AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY cost_lever_of_the_house_is_known_to_all ON cost_lever FOR SELECT USING (shop_id IS NULL);

CREATE POLICY cost_lever_of_the_house_insert_takes_all_shops ON cost_lever AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY cost_lever_of_the_house_update_takes_all_shops ON cost_lever AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY cost_lever_spending_of_the_house_is_known_to_all ON cost_lever_spending FOR SELECT USING (shop_id IS NULL);

CREATE POLICY cost_lever_spending_of_the_house_insert_takes_all_shops ON cost_lever_spending AS RESTRICTIVE FOR INSERT WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE POLICY cost_lever_spending_of_the_house_update_takes_all_shops ON cost_lever_spending AS RESTRICTIVE FOR UPDATE WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()));

CREATE OR REPLACE FUNCTION rate_for(of_kind text, of_part text, of_shop uuid, of_currency text, moment timestamptz)
    RETURNS TABLE (id uuid, unit text, amount numeric) LANGUAGE sql STABLE AS $$
      SELECT f.id, f.unit, f.amount FROM (
        SELECT r.id, r.unit, r.amount FROM cost_rate r
        WHERE r.kind = of_kind AND r.currency = of_currency AND r.part IN (of_part, '')
          AND (r.shop_id = of_shop OR r.shop_id IS NULL) AND r.valid_from <= moment
        ORDER BY (r.shop_id IS NOT NULL) DESC, (r.part <> '') DESC, r.valid_from DESC LIMIT 1
      ) f WHERE f.amount IS NOT NULL
    $$;

CREATE OR REPLACE FUNCTION cost_of(unit text, amount numeric, quantity bigint, goods bigint)
    RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
      SELECT CAST(round(CASE unit WHEN 'hour' THEN amount * quantity / 3600 WHEN 'minute' THEN amount * quantity / 60
        WHEN 'piece' THEN amount * quantity WHEN 'per_mille' THEN amount * goods / 1000 END) AS bigint)
    $$;

CREATE OR REPLACE VIEW lake_cost_lines WITH (security_invoker = true) AS
    SELECT CAST(l.id AS text) AS id, l.shop_id, l.case_id, l.claim_id, l.order_id, l.product_id, l.account_id, l.carrier, l.at,
      l.kind, l.part, l.quantity, l.rate_id, l.amount_cents, l.currency, l.position, l.turn, l.entered_at
    FROM cost_line l;

GRANT SELECT ON lake_cost_lines TO aftercare_app;

ALTER TABLE decision ENABLE ROW LEVEL SECURITY;

CREATE POLICY decision_of_own_shops ON decision USING ((SELECT aftercare_all_shops()) OR shops <@ (SELECT aftercare_shops()));

ALTER TABLE decision_reading ENABLE ROW LEVEL SECURITY;

CREATE POLICY decision_reading_of_own_shops ON decision_reading USING (EXISTS (SELECT FROM decision d WHERE d.id = decision_id));

CREATE OR REPLACE FUNCTION published_reports_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a published report never changes' USING ERRCODE = 'integrity_constraint_violation';
    END $$;

CREATE OR REPLACE TRIGGER published_reports_stay BEFORE UPDATE OR DELETE ON report
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION published_reports_stay();

CREATE OR REPLACE FUNCTION forget_tags_in_facts(cases uuid[]) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public AS $$
      WITH emptied AS (
        UPDATE fact f SET data = f.data || '{"added": [], "removed": []}'
        FROM fact_object o
        WHERE o.object_id = ANY (cases) AND f.at = o.at AND f.position = o.position AND f.name = 'case.tagged'
          AND (aftercare_all_shops() OR f.shop_id = ANY (aftercare_shops()))
        RETURNING 1)
      SELECT count(*) FROM emptied
    $$;
