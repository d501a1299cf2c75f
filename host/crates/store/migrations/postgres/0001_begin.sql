-- The tables of Hallpass. Instants are milliseconds since the epoch; nested documents are JSON text.
-- The other dialect's file has the same tables, columns and indexes: a test compares the catalogues.

CREATE TABLE meta (
    key     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value   TEXT COLLATE "C" NOT NULL
);

CREATE TABLE broker_keys (
    kind        TEXT COLLATE "C" NOT NULL,
    key_id      BIGINT NOT NULL,
    public_hex  TEXT COLLATE "C" NOT NULL,
    envelope    BYTEA NOT NULL,
    created     BIGINT NOT NULL,
    PRIMARY KEY (kind, key_id)
);

CREATE TABLE principals (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind            TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    owner           TEXT COLLATE "C" REFERENCES principals (id),
    state           TEXT COLLATE "C" NOT NULL,
    created         BIGINT NOT NULL,
    signing_key     TEXT COLLATE "C",
    recipient_key   TEXT COLLATE "C",
    version         BIGINT NOT NULL
);
CREATE UNIQUE INDEX principals_name ON principals (name);
CREATE INDEX principals_owner ON principals (owner);

CREATE TABLE user_groups (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    source  TEXT COLLATE "C" NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE group_members (
    group_name  TEXT COLLATE "C" NOT NULL REFERENCES user_groups (name),
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    PRIMARY KEY (group_name, principal)
);
CREATE INDEX group_members_principal ON group_members (principal);

CREATE TABLE enrolments (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token       TEXT COLLATE "C" NOT NULL,
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    expires     BIGINT NOT NULL,
    used        BIGINT,
    refused     BIGINT
);
CREATE UNIQUE INDEX enrolments_token ON enrolments (token);

CREATE TABLE sessions (
    token       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    audience    TEXT COLLATE "C" NOT NULL,
    expires     BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE spent_assertions (
    issuer  TEXT COLLATE "C" NOT NULL,
    jti     TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (issuer, jti)
);
CREATE INDEX spent_assertions_expires ON spent_assertions (expires);

CREATE TABLE connectors (
    digest      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    publisher   TEXT COLLATE "C" NOT NULL,
    version     TEXT COLLATE "C" NOT NULL,
    facts       TEXT COLLATE "C" NOT NULL,
    bytes       BYTEA NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    granted     TEXT COLLATE "C",
    granted_at  BIGINT,
    signers     TEXT COLLATE "C" NOT NULL,
    loaded_by   TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    reason      TEXT COLLATE "C",
    added       BIGINT NOT NULL,
    revision    BIGINT NOT NULL
);
CREATE INDEX connectors_name ON connectors (name, added);
CREATE UNIQUE INDEX connectors_version ON connectors (publisher, name, version);

CREATE TABLE targets (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    connector   TEXT COLLATE "C" NOT NULL REFERENCES connectors (digest),
    settings    TEXT COLLATE "C" NOT NULL,
    network     TEXT COLLATE "C" NOT NULL,
    owner       TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    created     BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    removed     BIGINT
);
CREATE UNIQUE INDEX targets_name ON targets (name) WHERE removed IS NULL;
CREATE INDEX targets_connector ON targets (connector);

CREATE TABLE activations (
    target      TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES targets (id),
    previous    TEXT COLLATE "C" REFERENCES connectors (digest),
    next        TEXT COLLATE "C" REFERENCES connectors (digest),
    held_back   TEXT COLLATE "C" REFERENCES connectors (digest),
    reason      TEXT COLLATE "C",
    at          BIGINT NOT NULL
);
CREATE INDEX activations_next ON activations (next) WHERE next IS NOT NULL;

CREATE TABLE quarantines (
    target      TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    connector   TEXT COLLATE "C" NOT NULL REFERENCES connectors (digest),
    since       BIGINT NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (target, connector)
);

CREATE TABLE strikes (
    target      TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    connector   TEXT COLLATE "C" NOT NULL REFERENCES connectors (digest),
    n           BIGINT NOT NULL,
    PRIMARY KEY (target, connector)
);

CREATE TABLE target_secrets (
    target      TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    name        TEXT COLLATE "C" NOT NULL,
    envelope    BYTEA NOT NULL,
    PRIMARY KEY (target, name)
);

CREATE TABLE accounts (
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    target      TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    account     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (principal, target)
);
CREATE UNIQUE INDEX accounts_account ON accounts (target, account);

CREATE TABLE requests (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    requester       TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    target          TEXT COLLATE "C" REFERENCES targets (id),
    entitlement     TEXT COLLATE "C",
    resource        TEXT COLLATE "C",
    parameters      TEXT COLLATE "C",
    version_digest  TEXT COLLATE "C" REFERENCES connectors (digest),
    permissions     TEXT COLLATE "C",
    duration_ms     BIGINT NOT NULL,
    justification   TEXT COLLATE "C",
    mode            TEXT COLLATE "C",
    connector       TEXT COLLATE "C" NOT NULL,
    state           TEXT COLLATE "C" NOT NULL,
    stage           BIGINT,
    state_at        BIGINT NOT NULL,
    stages          TEXT COLLATE "C" NOT NULL,
    approved_ms     BIGINT NOT NULL,
    policies        TEXT COLLATE "C" NOT NULL,
    policy_revision TEXT COLLATE "C" NOT NULL,
    created         BIGINT NOT NULL,
    expires         BIGINT NOT NULL,
    due             BIGINT,
    version         BIGINT NOT NULL
);
CREATE INDEX requests_requester ON requests (requester, id);
CREATE INDEX requests_state ON requests (state, id);
CREATE INDEX requests_due ON requests (due) WHERE due IS NOT NULL;

CREATE TABLE approvals (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request     TEXT COLLATE "C" NOT NULL REFERENCES requests (id),
    stage       BIGINT NOT NULL,
    approver    TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    human       TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    verdict     TEXT COLLATE "C" NOT NULL,
    narrowed_ms BIGINT,
    reason      TEXT COLLATE "C",
    at          BIGINT NOT NULL
);
CREATE UNIQUE INDEX approvals_human ON approvals (request, human);

CREATE TABLE holdings (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    stamp               TEXT COLLATE "C" NOT NULL,
    target              TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    account             TEXT COLLATE "C",
    entitlement         TEXT COLLATE "C" NOT NULL,
    resource            TEXT COLLATE "C" NOT NULL,
    parameters          TEXT COLLATE "C" NOT NULL,
    mode                TEXT COLLATE "C" NOT NULL,
    connector           TEXT COLLATE "C" NOT NULL REFERENCES connectors (digest),
    locator             TEXT COLLATE "C",
    baseline            TEXT COLLATE "C",
    desired_presence    TEXT COLLATE "C" NOT NULL,
    desired_until       BIGINT NOT NULL,
    seen_presence       TEXT COLLATE "C",
    seen_at             BIGINT,
    seen_by             TEXT COLLATE "C",
    version             BIGINT NOT NULL,
    anchor              BIGINT NOT NULL
);
CREATE UNIQUE INDEX holdings_access ON holdings (target, account, entitlement, resource) WHERE mode = 'access';
CREATE UNIQUE INDEX holdings_stamp ON holdings (stamp);
CREATE INDEX holdings_target ON holdings (target, id);
CREATE INDEX holdings_connector ON holdings (connector, id);

CREATE TABLE grants (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request         TEXT COLLATE "C" NOT NULL REFERENCES requests (id),
    principal       TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    target          TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    entitlement     TEXT COLLATE "C" NOT NULL,
    resource        TEXT COLLATE "C" NOT NULL,
    parameters      TEXT COLLATE "C" NOT NULL,
    holding         TEXT COLLATE "C" NOT NULL REFERENCES holdings (id),
    state           TEXT COLLATE "C" NOT NULL,
    duration_ms     BIGINT NOT NULL,
    policy_revision TEXT COLLATE "C" NOT NULL,
    created         BIGINT NOT NULL,
    activate_by     BIGINT NOT NULL,
    activated       BIGINT,
    ends            BIGINT,
    end_reason      TEXT COLLATE "C",
    ending_since    BIGINT,
    ended           BIGINT,
    seen_by         TEXT COLLATE "C",
    left_behind     TEXT COLLATE "C",
    last_failure    TEXT COLLATE "C",
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
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holding             TEXT COLLATE "C" NOT NULL REFERENCES holdings (id),
    target              TEXT COLLATE "C" NOT NULL REFERENCES targets (id),
    kind                TEXT COLLATE "C" NOT NULL,
    state               TEXT COLLATE "C" NOT NULL,
    holding_version     BIGINT NOT NULL,
    attempts            BIGINT NOT NULL,
    tries               BIGINT NOT NULL,
    revision            BIGINT,
    looked              BIGINT,
    sent                BIGINT,
    fresh_credential    BIGINT NOT NULL,
    until               BIGINT NOT NULL,
    due                 BIGINT NOT NULL,
    continuation        TEXT COLLATE "C",
    last_failure        TEXT COLLATE "C",
    created             BIGINT NOT NULL,
    lease_owner         TEXT COLLATE "C",
    lease_fence         BIGINT NOT NULL,
    lease_deadline      BIGINT
);
CREATE UNIQUE INDEX operations_open ON operations (holding) WHERE state IN ('planned', 'sent', 'unknown');
CREATE INDEX operations_holding ON operations (holding, id);
CREATE INDEX operations_due ON operations (due) WHERE state IN ('planned', 'sent', 'unknown') AND lease_owner IS NULL;
CREATE INDEX operations_leased ON operations (lease_deadline) WHERE lease_owner IS NOT NULL;
CREATE INDEX operations_target ON operations (target) WHERE state IN ('planned', 'sent', 'unknown');

CREATE TABLE credentials (
    grant_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES grants (id),
    state       TEXT COLLATE "C" NOT NULL,
    sealed      BYTEA,
    sealed_for  TEXT COLLATE "C" NOT NULL,
    expires     BIGINT NOT NULL
);
CREATE INDEX credentials_expires ON credentials (expires) WHERE state = 'waiting';

CREATE TABLE events (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    subject     TEXT COLLATE "C" NOT NULL,
    at          BIGINT NOT NULL,
    grant_id    TEXT COLLATE "C",
    request_id  TEXT COLLATE "C",
    bytes       BYTEA NOT NULL,
    digest      TEXT COLLATE "C" NOT NULL,
    leaf_index  BIGINT
);
CREATE UNIQUE INDEX events_id ON events (id);
CREATE UNIQUE INDEX events_leaf ON events (leaf_index);
CREATE INDEX events_unsequenced ON events (seq) WHERE leaf_index IS NULL;
CREATE INDEX events_subject ON events (subject, seq);
CREATE INDEX events_grant ON events (grant_id, seq) WHERE grant_id IS NOT NULL;
CREATE INDEX events_request ON events (request_id, seq) WHERE request_id IS NOT NULL;

CREATE TABLE event_values (
    event   TEXT COLLATE "C" NOT NULL,
    field   TEXT COLLATE "C" NOT NULL,
    salt    BYTEA NOT NULL,
    value   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (event, field)
);

CREATE TABLE checkpoints (
    size    BIGINT NOT NULL PRIMARY KEY,
    root    TEXT COLLATE "C" NOT NULL,
    note    TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL
);

CREATE TABLE tree (
    id      BIGINT NOT NULL PRIMARY KEY,
    bytes   BYTEA NOT NULL
);

CREATE TABLE named_leases (
    name        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner       TEXT COLLATE "C" NOT NULL,
    fence       BIGINT NOT NULL,
    deadline    BIGINT NOT NULL
);

CREATE TABLE idempotency (
    principal   TEXT COLLATE "C" NOT NULL REFERENCES principals (id),
    key         TEXT COLLATE "C" NOT NULL,
    request     TEXT COLLATE "C" NOT NULL,
    status      BIGINT NOT NULL,
    body        TEXT COLLATE "C" NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_at ON idempotency (at);
