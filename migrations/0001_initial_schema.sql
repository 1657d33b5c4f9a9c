-- The first schema of TTAI. Migrations are append-only: what has been deployed is never edited.
--
-- Columns that end in _at, and as_of, are Unix milliseconds in UTC. Decimals are TEXT with the digits they came with.
-- JSON is TEXT. Rows of a user begin their key or an index with user_id. There are no foreign keys: deleting a user is one
-- DELETE per table, in any order.

-- ---------------------------------------------------------------------------------------------------------------------
-- Who uses TTAI
-- ---------------------------------------------------------------------------------------------------------------------

-- A customer of TastyTrade; id is TastyTrade's external-id.
CREATE TABLE users (
  id              TEXT PRIMARY KEY,
  delayed_quotes  INTEGER NOT NULL DEFAULT 0 CHECK (delayed_quotes IN (0, 1)), -- 1: never share this user's quotes
  default_account TEXT,
  synced_at       INTEGER,                                                     -- last position sync that finished
  created_at      INTEGER NOT NULL,
  last_login_at   INTEGER NOT NULL
) STRICT;

-- The cron asks who is due for a sync.
CREATE INDEX users_by_sync ON users (synced_at);

-- The user's grant at TastyTrade; the *_sealed columns are AES-256-GCM envelopes bound to table, column, user and id.
CREATE TABLE credentials (
  user_id              TEXT PRIMARY KEY,
  id                   TEXT NOT NULL,
  kind                 TEXT NOT NULL CHECK (kind IN ('login', 'own_grant')),
  client_secret_sealed TEXT,                                          -- own_grant only
  refresh_token_sealed TEXT NOT NULL,
  status               TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked')),
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER NOT NULL
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------------
-- The authorization server
-- ---------------------------------------------------------------------------------------------------------------------

-- An app that registered itself (RFC 7591).
CREATE TABLE oauth_clients (
  id            TEXT PRIMARY KEY,
  name          TEXT,                                                 -- as registered; escaped and cut when shown
  redirect_uris TEXT NOT NULL,                                        -- JSON array
  auth_method   TEXT NOT NULL CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
  secret_hash   TEXT,                                                 -- SHA-256, secret methods only
  metadata      TEXT NOT NULL DEFAULT '{}',                           -- what else was registered, echoed back
  fingerprint   TEXT NOT NULL,                                        -- SHA-256 of the registration
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL                                      -- moved on by each use
) STRICT;

CREATE INDEX oauth_clients_by_fingerprint ON oauth_clients (fingerprint, created_at);
CREATE INDEX oauth_clients_by_expiry ON oauth_clients (expires_at);

-- A visit to the consent or login page, from its opening to the code. Nobody is known yet, so there is no user_id.
CREATE TABLE oauth_requests (
  handle_hash         TEXT PRIMARY KEY,                               -- SHA-256 of the handle in the form
  kind                TEXT NOT NULL CHECK (kind IN ('client', 'browser')),
  stage               TEXT NOT NULL DEFAULT 'pending' CHECK (stage IN ('pending', 'denied', 'upstream', 'trying', 'done')),
  cookie_hash         TEXT NOT NULL,                                  -- SHA-256 of the browser's cookie
  client_id           TEXT,                                           -- this and the next four: kind client only
  redirect_uri        TEXT,
  state               TEXT,
  code_challenge      TEXT,
  resource            TEXT,
  return_to           TEXT,                                           -- kind browser only: a path of ours
  scopes              TEXT NOT NULL DEFAULT '',                       -- asked for
  granted_scopes      TEXT,                                           -- left ticked
  upstream_state_hash TEXT,                                           -- exists only after consent
  attempts            INTEGER NOT NULL DEFAULT 0,                     -- pasted grants that were refused
  created_at          INTEGER NOT NULL,
  expires_at          INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX oauth_requests_by_state ON oauth_requests (upstream_state_hash)
  WHERE upstream_state_hash IS NOT NULL;
CREATE INDEX oauth_requests_by_expiry ON oauth_requests (expires_at);

-- An authorization code: 60 s, once.
CREATE TABLE oauth_codes (
  code_hash      TEXT PRIMARY KEY,
  user_id        TEXT NOT NULL,
  client_id      TEXT NOT NULL,
  redirect_uri   TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  resource       TEXT NOT NULL,
  scopes         TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  used_at        INTEGER,
  grant_id       TEXT                                                 -- set by the exchange; a replay ends this grant
) STRICT;

CREATE INDEX oauth_codes_by_user ON oauth_codes (user_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);

-- What an app may do in a user's name; also the refresh family. Read by every request.
CREATE TABLE grants (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,
  client_id     TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  resource      TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  last_used_at  INTEGER NOT NULL,
  revoked_at    INTEGER,
  revoke_reason TEXT,
  PRIMARY KEY (user_id, id)
) STRICT;

-- Every refresh token that was issued; several of one generation exist when an answer was lost on its way.
CREATE TABLE refresh_tokens (
  token_hash TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL,
  grant_id   TEXT NOT NULL,
  generation INTEGER NOT NULL,                                        -- 0 from the code, then the predecessor's + 1
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER                                                  -- first use
) STRICT;

CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (user_id, grant_id, generation);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- A browser that is logged in to settings and dashboard.
CREATE TABLE browser_sessions (
  token_hash TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT;

CREATE INDEX browser_sessions_by_user ON browser_sessions (user_id, expires_at);
CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);

-- Keys for scripts, made on the settings page.
CREATE TABLE api_keys (
  user_id      TEXT NOT NULL,
  id           TEXT NOT NULL,
  key_hash     TEXT NOT NULL,
  name         TEXT NOT NULL,
  scopes       TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  last_used_at INTEGER,
  revoked_at   INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT;

CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (key_hash);

-- ---------------------------------------------------------------------------------------------------------------------
-- What a sync brings from TastyTrade; the newest as_of wins
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE accounts (
  user_id        TEXT NOT NULL,
  account_number TEXT NOT NULL,
  nickname       TEXT,
  account_type   TEXT,
  margin_or_cash TEXT,
  is_closed      INTEGER NOT NULL DEFAULT 0 CHECK (is_closed IN (0, 1)),
  as_of          INTEGER NOT NULL,
  PRIMARY KEY (user_id, account_number)
) STRICT;

-- The newest balances of each account.
CREATE TABLE balances (
  user_id        TEXT NOT NULL,
  account_number TEXT NOT NULL,
  as_of          INTEGER NOT NULL,
  body           TEXT NOT NULL,                                       -- JSON object; decimals are numbers with their digits
  PRIMARY KEY (user_id, account_number)
) STRICT;

CREATE TABLE positions (
  user_id            TEXT NOT NULL,
  account_number     TEXT NOT NULL,
  symbol             TEXT NOT NULL,
  underlying_symbol  TEXT NOT NULL,
  instrument_type    TEXT NOT NULL,
  quantity           TEXT NOT NULL,                                   -- never negative
  quantity_direction TEXT NOT NULL,                                   -- Long, Short or Zero
  average_open_price TEXT,
  close_price        TEXT,
  mark               TEXT,
  mark_price         TEXT,
  realized_day_gain  TEXT,
  multiplier         TEXT,
  expires_at         INTEGER,
  status             TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  opened_at          INTEGER,                                         -- as TastyTrade says
  first_seen_at      INTEGER NOT NULL,
  closed_at          INTEGER,                                         -- when a sync no longer found it
  as_of              INTEGER NOT NULL,
  PRIMARY KEY (user_id, account_number, symbol)
) STRICT;

CREATE INDEX positions_by_status ON positions (user_id, status, underlying_symbol);

-- How the positions of an account stood at a moment, for changes over time.
CREATE TABLE position_snapshots (
  user_id        TEXT NOT NULL,
  account_number TEXT NOT NULL,
  as_of          INTEGER NOT NULL,
  body           TEXT NOT NULL,                                       -- JSON array of positions
  PRIMARY KEY (user_id, account_number, as_of)
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------------
-- What TTAI computes and does for a user
-- ---------------------------------------------------------------------------------------------------------------------

-- One unit of work that was accepted. Every accepted job has a row until it is complete or errored, and after.
CREATE TABLE jobs (
  id          TEXT PRIMARY KEY,
  user_id     TEXT NOT NULL,
  kind        TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('queued', 'running', 'complete', 'errored')),
  params      TEXT NOT NULL DEFAULT '{}',                             -- JSON
  progress    TEXT,                                                   -- plain words
  output      TEXT,                                                   -- JSON
  error       TEXT,
  attempts    INTEGER NOT NULL DEFAULT 0,                             -- times it was woken or restarted
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,                                       -- moved by each step
  started_at  INTEGER,
  finished_at INTEGER
) STRICT;

CREATE UNIQUE INDEX jobs_one_at_a_time ON jobs (user_id, kind) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_by_user ON jobs (user_id, created_at);
CREATE INDEX jobs_unfinished ON jobs (updated_at) WHERE status IN ('queued', 'running');

CREATE TABLE analyses (
  user_id    TEXT NOT NULL,
  id         TEXT NOT NULL,
  symbol     TEXT NOT NULL,
  kind       TEXT NOT NULL,                                           -- chart, options, portfolio, full, ...
  strategy   TEXT,
  job_id     TEXT,
  body       TEXT NOT NULL,                                           -- JSON
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, id)
) STRICT;

CREATE INDEX analyses_newest ON analyses (user_id, created_at);
CREATE INDEX analyses_by_symbol ON analyses (user_id, symbol, created_at);

CREATE TABLE alerts (
  user_id          TEXT NOT NULL,
  id               TEXT NOT NULL,
  alert_type       TEXT NOT NULL,
  symbol           TEXT NOT NULL,
  condition        TEXT NOT NULL CHECK (condition IN ('above', 'below')),
  threshold        TEXT NOT NULL,
  status           TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'fired', 'deleted')),
  repeating        INTEGER NOT NULL DEFAULT 0 CHECK (repeating IN (0, 1)),
  cooldown_seconds INTEGER,
  note             TEXT,
  created_at       INTEGER NOT NULL,
  last_fired_at    INTEGER,
  fired_value      TEXT,
  PRIMARY KEY (user_id, id)
) STRICT;

CREATE INDEX alerts_by_symbol ON alerts (status, symbol);

CREATE TABLE notification_channels (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,
  kind          TEXT NOT NULL,                                        -- webhook, telegram, discord, slack, ntfy, web_push
  name          TEXT NOT NULL,
  config_sealed TEXT NOT NULL,                                        -- address and secrets
  status        TEXT NOT NULL DEFAULT 'unconfirmed' CHECK (status IN ('unconfirmed', 'active', 'disabled')),
  created_at    INTEGER NOT NULL,
  confirmed_at  INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT;

CREATE TABLE notification_deliveries (
  user_id       TEXT NOT NULL,
  id            TEXT NOT NULL,                                        -- the receiver sees it: the same over all retries
  channel_id    TEXT NOT NULL,
  source        TEXT NOT NULL,                                        -- what caused it, for example alert:{id}:{fired_at}
  notification  TEXT NOT NULL,                                        -- JSON: type, title, body, data
  status        TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  last_error    TEXT,
  created_at    INTEGER NOT NULL,
  next_at       INTEGER,
  delivered_at  INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT;

CREATE UNIQUE INDEX notification_deliveries_once ON notification_deliveries (user_id, channel_id, source);
CREATE INDEX notification_deliveries_due ON notification_deliveries (next_at) WHERE status = 'pending';

CREATE TABLE settings (
  user_id    TEXT NOT NULL,
  name       TEXT NOT NULL,
  value      TEXT NOT NULL,                                           -- JSON
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, name)
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------------
-- Shared
-- ---------------------------------------------------------------------------------------------------------------------

-- Full text of the knowledge documents, one row per section; the documents themselves lie in object storage.
CREATE VIRTUAL TABLE knowledge USING fts5 (path UNINDEXED, title, body, tokenize = 'porter unicode61');

-- What was done in whose name. Append-only; never tokens, codes, account numbers or arguments in clear.
CREATE TABLE audit (
  user_id    TEXT,
  at         INTEGER NOT NULL,
  id         TEXT NOT NULL,
  action     TEXT NOT NULL,
  client_id  TEXT,
  outcome    TEXT NOT NULL,
  request_id TEXT,
  details    TEXT NOT NULL DEFAULT '{}'                               -- JSON
) STRICT;

CREATE INDEX audit_by_user ON audit (user_id, at);
