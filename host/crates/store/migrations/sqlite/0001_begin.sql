-- The tables of Hallpass. Instants are milliseconds since the epoch; nested documents are JSON text.
-- The other dialect's file has the same tables, columns and indexes: a test compares the catalogues.

CREATE TABLE meta (
    key     TEXT NOT NULL PRIMARY KEY,
    value   TEXT NOT NULL
);

CREATE TABLE broker_keys (
    kind        TEXT NOT NULL,
    key_id      BIGINT NOT NULL,
    public_hex  TEXT NOT NULL,
    envelope    BLOB NOT NULL,
    created     BIGINT NOT NULL,
    PRIMARY KEY (kind, key_id)
);

CREATE TABLE principals (
    id              TEXT NOT NULL PRIMARY KEY,
    kind            TEXT NOT NULL,
    name            TEXT NOT NULL,
    owner           TEXT REFERENCES principals (id),
    state           TEXT NOT NULL,
    created         BIGINT NOT NULL,
    signing_key     TEXT,
    recipient_key   TEXT,
    version         BIGINT NOT NULL
);
CREATE UNIQUE INDEX principals_name ON principals (name);
CREATE INDEX principals_owner ON principals (owner);

CREATE TABLE user_groups (
    name    TEXT NOT NULL PRIMARY KEY,
    source  TEXT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE group_members (
    group_name  TEXT NOT NULL REFERENCES user_groups (name),
    principal   TEXT NOT NULL REFERENCES principals (id),
    PRIMARY KEY (group_name, principal)
);
CREATE INDEX group_members_principal ON group_members (principal);

CREATE TABLE enrolments (
    id          TEXT NOT NULL PRIMARY KEY,
    token       TEXT NOT NULL,
    principal   TEXT NOT NULL REFERENCES principals (id),
    expires     BIGINT NOT NULL,
    used        BIGINT,
    refused     BIGINT
);
CREATE UNIQUE INDEX enrolments_token ON enrolments (token);

CREATE TABLE sessions (
    token       TEXT NOT NULL PRIMARY KEY,
    principal   TEXT NOT NULL REFERENCES principals (id),
    audience    TEXT NOT NULL,
    expires     BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE spent_assertions (
    issuer  TEXT NOT NULL,
    jti     TEXT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (issuer, jti)
);
CREATE INDEX spent_assertions_expires ON spent_assertions (expires);

CREATE TABLE connectors (
    digest      TEXT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    publisher   TEXT NOT NULL,
    version     TEXT NOT NULL,
    facts       TEXT NOT NULL,
    bytes       BLOB NOT NULL,
    state       TEXT NOT NULL,
    granted     TEXT,
    granted_at  BIGINT,
    signers     TEXT NOT NULL,
    loaded_by   TEXT NOT NULL REFERENCES principals (id),
    reason      TEXT,
    added       BIGINT NOT NULL,
    revision    BIGINT NOT NULL
);
CREATE INDEX connectors_name ON connectors (name, added);
CREATE UNIQUE INDEX connectors_version ON connectors (publisher, name, version);

CREATE TABLE targets (
    id          TEXT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    environment TEXT NOT NULL,
    connector   TEXT NOT NULL REFERENCES connectors (digest),
    settings    TEXT NOT NULL,
    network     TEXT NOT NULL,
    owner       TEXT NOT NULL REFERENCES principals (id),
    created     BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    removed     BIGINT
);
CREATE UNIQUE INDEX targets_name ON targets (name) WHERE removed IS NULL;
CREATE INDEX targets_connector ON targets (connector);

CREATE TABLE activations (
    target      TEXT NOT NULL PRIMARY KEY REFERENCES targets (id),
    previous    TEXT REFERENCES connectors (digest),
    next        TEXT REFERENCES connectors (digest),
    held_back   TEXT REFERENCES connectors (digest),
    reason      TEXT,
    at          BIGINT NOT NULL
);
CREATE INDEX activations_next ON activations (next) WHERE next IS NOT NULL;

CREATE TABLE quarantines (
    target      TEXT NOT NULL REFERENCES targets (id),
    connector   TEXT NOT NULL REFERENCES connectors (digest),
    since       BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    PRIMARY KEY (target, connector)
);

CREATE TABLE strikes (
    target      TEXT NOT NULL REFERENCES targets (id),
    connector   TEXT NOT NULL REFERENCES connectors (digest),
    n           BIGINT NOT NULL,
    PRIMARY KEY (target, connector)
);

CREATE TABLE target_secrets (
    target      TEXT NOT NULL REFERENCES targets (id),
    name        TEXT NOT NULL,
    envelope    BLOB NOT NULL,
    PRIMARY KEY (target, name)
);

CREATE TABLE accounts (
    principal   TEXT NOT NULL REFERENCES principals (id),
    target      TEXT NOT NULL REFERENCES targets (id),
    account     TEXT NOT NULL,
    PRIMARY KEY (principal, target)
);
CREATE UNIQUE INDEX accounts_account ON accounts (target, account);

CREATE TABLE requests (
    id              TEXT NOT NULL PRIMARY KEY,
    requester       TEXT NOT NULL REFERENCES principals (id),
    target          TEXT REFERENCES targets (id),
    entitlement     TEXT,
    resource        TEXT,
    parameters      TEXT,
    version_digest  TEXT REFERENCES connectors (digest),
    permissions     TEXT,
    duration_ms     BIGINT NOT NULL,
    justification   TEXT,
    mode            TEXT,
    connector       TEXT NOT NULL,
    state           TEXT NOT NULL,
    stage           BIGINT,
    state_at        BIGINT NOT NULL,
    stages          TEXT NOT NULL,
    approved_ms     BIGINT NOT NULL,
    policies        TEXT NOT NULL,
    policy_revision TEXT NOT NULL,
    created         BIGINT NOT NULL,
    expires         BIGINT NOT NULL,
    due             BIGINT,
    version         BIGINT NOT NULL
);
CREATE INDEX requests_requester ON requests (requester, id);
CREATE INDEX requests_state ON requests (state, id);
CREATE INDEX requests_due ON requests (due) WHERE due IS NOT NULL;

CREATE TABLE approvals (
    id          TEXT NOT NULL PRIMARY KEY,
    request     TEXT NOT NULL REFERENCES requests (id),
    stage       BIGINT NOT NULL,
    approver    TEXT NOT NULL REFERENCES principals (id),
    human       TEXT NOT NULL REFERENCES principals (id),
    verdict     TEXT NOT NULL,
    narrowed_ms BIGINT,
    reason      TEXT,
    at          BIGINT NOT NULL
);
CREATE UNIQUE INDEX approvals_human ON approvals (request, human);

CREATE TABLE holdings (
    id                  TEXT NOT NULL PRIMARY KEY,
    stamp               TEXT NOT NULL,
    target              TEXT NOT NULL REFERENCES targets (id),
    account             TEXT,
    entitlement         TEXT NOT NULL,
    resource            TEXT NOT NULL,
    parameters          TEXT NOT NULL,
    mode                TEXT NOT NULL,
    connector           TEXT NOT NULL REFERENCES connectors (digest),
    locator             TEXT,
    baseline            TEXT,
    desired_presence    TEXT NOT NULL,
    desired_until       BIGINT NOT NULL,
    seen_presence       TEXT,
    seen_at             BIGINT,
    seen_by             TEXT,
    version             BIGINT NOT NULL,
    anchor              BIGINT NOT NULL
);
CREATE UNIQUE INDEX holdings_access ON holdings (target, account, entitlement, resource) WHERE mode = 'access';
CREATE UNIQUE INDEX holdings_stamp ON holdings (stamp);
CREATE INDEX holdings_target ON holdings (target, id);
CREATE INDEX holdings_connector ON holdings (connector, id);

CREATE TABLE grants (
    id              TEXT NOT NULL PRIMARY KEY,
    request         TEXT NOT NULL REFERENCES requests (id),
    principal       TEXT NOT NULL REFERENCES principals (id),
    target          TEXT NOT NULL REFERENCES targets (id),
    entitlement     TEXT NOT NULL,
    resource        TEXT NOT NULL,
    parameters      TEXT NOT NULL,
    holding         TEXT NOT NULL REFERENCES holdings (id),
    state           TEXT NOT NULL,
    duration_ms     BIGINT NOT NULL,
    policy_revision TEXT NOT NULL,
    created         BIGINT NOT NULL,
    activate_by     BIGINT NOT NULL,
    activated       BIGINT,
    ends            BIGINT,
    end_reason      TEXT,
    ending_since    BIGINT,
    ended           BIGINT,
    seen_by         TEXT,
    left_behind     TEXT,
    last_failure    TEXT,
    version         BIGINT NOT NULL
);
CREATE INDEX grants_request ON grants (request);
CREATE INDEX grants_principal ON grants (principal, id);
CREATE INDEX grants_target ON grants (target, id);
CREATE INDEX grants_holding ON grants (holding, id);
CREATE INDEX grants_open ON grants (state, id) WHERE state IN ('activating', 'active', 'suspended', 'ending');
CREATE INDEX grants_ends ON grants (ends) WHERE state IN ('active', 'suspended');
CREATE INDEX grants_activate_by ON grants (activate_by) WHERE state = 'activating';

CREATE TABLE operations (
    id                  TEXT NOT NULL PRIMARY KEY,
    holding             TEXT NOT NULL REFERENCES holdings (id),
    target              TEXT NOT NULL REFERENCES targets (id),
    kind                TEXT NOT NULL,
    state               TEXT NOT NULL,
    holding_version     BIGINT NOT NULL,
    attempts            BIGINT NOT NULL,
    tries               BIGINT NOT NULL,
    revision            BIGINT,
    looked              BIGINT,
    sent                BIGINT,
    fresh_credential    BIGINT NOT NULL,
    until               BIGINT NOT NULL,
    due                 BIGINT NOT NULL,
    continuation        TEXT,
    last_failure        TEXT,
    created             BIGINT NOT NULL,
    lease_owner         TEXT,
    lease_fence         BIGINT NOT NULL,
    lease_deadline      BIGINT
);
CREATE UNIQUE INDEX operations_open ON operations (holding) WHERE state IN ('planned', 'sent', 'unknown');
CREATE INDEX operations_holding ON operations (holding, id);
CREATE INDEX operations_due ON operations (due) WHERE state IN ('planned', 'sent', 'unknown') AND lease_owner IS NULL;
CREATE INDEX operations_leased ON operations (lease_deadline) WHERE lease_owner IS NOT NULL;
CREATE INDEX operations_target ON operations (target) WHERE state IN ('planned', 'sent', 'unknown');

CREATE TABLE credentials (
    grant_id    TEXT NOT NULL PRIMARY KEY REFERENCES grants (id),
    state       TEXT NOT NULL,
    sealed      BLOB,
    sealed_for  TEXT NOT NULL,
    expires     BIGINT NOT NULL
);
CREATE INDEX credentials_expires ON credentials (expires) WHERE state = 'waiting';

CREATE TABLE events (
    seq         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    grant_id    TEXT,
    request_id  TEXT,
    bytes       BLOB NOT NULL,
    digest      TEXT NOT NULL,
    leaf_index  BIGINT
);
CREATE UNIQUE INDEX events_id ON events (id);
CREATE UNIQUE INDEX events_leaf ON events (leaf_index);
CREATE INDEX events_unsequenced ON events (seq) WHERE leaf_index IS NULL;
CREATE INDEX events_subject ON events (subject, seq);
CREATE INDEX events_grant ON events (grant_id, seq) WHERE grant_id IS NOT NULL;
CREATE INDEX events_request ON events (request_id, seq) WHERE request_id IS NOT NULL;

CREATE TABLE event_values (
    event   TEXT NOT NULL,
    field   TEXT NOT NULL,
    salt    BLOB NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (event, field)
);

CREATE TABLE checkpoints (
    size    BIGINT NOT NULL PRIMARY KEY,
    root    TEXT NOT NULL,
    note    TEXT NOT NULL,
    at      BIGINT NOT NULL
);

CREATE TABLE tree (
    id      BIGINT NOT NULL PRIMARY KEY,
    bytes   BLOB NOT NULL
);

CREATE TABLE named_leases (
    name        TEXT NOT NULL PRIMARY KEY,
    owner       TEXT NOT NULL,
    fence       BIGINT NOT NULL,
    deadline    BIGINT NOT NULL
);

CREATE TABLE idempotency (
    principal   TEXT NOT NULL REFERENCES principals (id),
    key         TEXT NOT NULL,
    request     TEXT NOT NULL,
    status      BIGINT NOT NULL,
    body        TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_at ON idempotency (at);
