-- A database as nbsweep wrote it with schema version 1: two sweeps, one of them at work, with all kinds of rows.
CREATE TABLE meta (
    "key" VARCHAR(64) NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);
CREATE TABLE sweeps (
    id VARCHAR(32) NOT NULL,
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    config TEXT NOT NULL,
    seed BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    note TEXT,
    note_kind VARCHAR(16),
    created_at FLOAT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE agents (
    id VARCHAR(32) NOT NULL,
    sweep_id VARCHAR(32) NOT NULL,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    process_started_at FLOAT NOT NULL,
    count INTEGER,
    started INTEGER NOT NULL,
    joined_at FLOAT NOT NULL,
    heartbeat_at FLOAT NOT NULL,
    left_at FLOAT,
    stop_requested INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (id)
);
CREATE INDEX ix_agents_sweep_id ON agents (sweep_id);
CREATE TABLE runs (
    id VARCHAR(32) NOT NULL,
    sweep_id VARCHAR(32),
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    agent_id VARCHAR(32),
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    config TEXT NOT NULL,
    state VARCHAR(16) NOT NULL,
    stop_requested INTEGER NOT NULL,
    summary TEXT NOT NULL,
    error TEXT,
    stopped_because TEXT,
    notes TEXT,
    tags TEXT,
    created_at FLOAT NOT NULL,
    started_at FLOAT,
    finished_at FLOAT,
    revision BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (sweep_id, number),
    FOREIGN KEY(sweep_id) REFERENCES sweeps (id)
);
CREATE INDEX runs_by_revision ON runs (sweep_id, revision);
CREATE INDEX runs_by_agent ON runs (agent_id, state);
CREATE TABLE console (
    run_id VARCHAR(32) NOT NULL,
    seq INTEGER NOT NULL,
    stream VARCHAR(8) NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run_id, seq),
    FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE TABLE history (
    run_id VARCHAR(32) NOT NULL,
    kind VARCHAR(4) NOT NULL,
    "key" TEXT NOT NULL,
    seq INTEGER NOT NULL,
    first BIGINT NOT NULL,
    count INTEGER NOT NULL,
    "index" BLOB NOT NULL,
    "values" BLOB NOT NULL,
    PRIMARY KEY (run_id, kind, "key", seq),
    FOREIGN KEY(run_id) REFERENCES runs (id)
);
INSERT INTO meta VALUES ('schema_version', '1');
INSERT INTO sweeps VALUES ('sweep1', 'digits', 'mnist', '{"method": "grid", "metric": {"name": "loss"}, "parameters": {"lr": {"values": [0.1, 0.2]}}}', 7, 'running', NULL, NULL, 1790000000.0, 12);
INSERT INTO sweeps VALUES ('sweep2', 'Größe 🙂', 'uncategorized', '{"method": "random", "parameters": {"a": {"min": 0.0, "max": 1.0}}}', 2147483646, 'paused', 'Three runs failed.', 'failures', 1790000100.0, 1);
INSERT INTO agents VALUES ('agent2', 'sweep1', 'elsewhere', 4242, 1790000000.0, 5, 1, 1790000002.0, 1790000009.0, NULL, 0);
INSERT INTO agents VALUES ('agent1', 'sweep1', 'elsewhere', 4241, 1790000000.0, NULL, 1, 1790000001.0, 1790000009.0, 1790000010.0, 1);
INSERT INTO runs VALUES ('run1', 'sweep1', 0, 0, 'agent1', 'calm-hare-1', '', '{"lr": 0.1}', 'finished', 0, '{"loss": 0.3333333333333333}', NULL, NULL, NULL, '[]', 1790000001.0, 1790000001.0, 1790000005.0, 9);
INSERT INTO runs VALUES ('run2', 'sweep1', 1, 0, 'agent2', 'bold-elk-2', '', '{"lr": 0.2}', 'failed', 0, '{}', 'ValueError: no', 'band 3', 'a note', '["a", "b"]', 1790000001.0, 1790000001.0, 1790000006.0, 12);
INSERT INTO runs VALUES ('run3', NULL, 0, 0, NULL, 'wise-yak-1', 'mnist', '{}', 'killed', 1, '{}', NULL, NULL, NULL, NULL, 1790000001.0, NULL, NULL, 0);
INSERT INTO console VALUES ('run1', 0, 'stdout', 'epoch 1');
INSERT INTO history VALUES ('run1', 'row', '', 0, 0, 3, X'72000000000000000001000000000000000300000000000000', X'7200e025dafe5b060040420f00000000000300000000000000');
INSERT INTO history VALUES ('run1', 'key', 'loss', 0, 0, 3, X'72000000000000000001000000000000000300000000000000', X'462d000000000000f03f000000000000e03f555555555555d53f');
