"""The tables of X-Ray's store.

Segment documents are what is kept; the rest is an index made from a trace's documents (`obsiverse_telemetry.xray.index`) and written
again whenever one of them arrives. Times are seconds since 1970; `trace_id` is X-Ray's form, 1-8 hex digits-24 hex digits.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS segments (
    account TEXT NOT NULL, region TEXT NOT NULL, trace_id TEXT NOT NULL, segment_id TEXT NOT NULL,
    end_time REAL NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (account, region, trace_id, segment_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS segments_by_end ON segments (end_time);

CREATE TABLE IF NOT EXISTS changed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, trace_id TEXT NOT NULL, UNIQUE (account, region, trace_id)
);

CREATE TABLE IF NOT EXISTS traces (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL, region TEXT NOT NULL, trace_id TEXT NOT NULL,
    start_time REAL NOT NULL, end_time REAL NOT NULL, indexed_at REAL NOT NULL,
    duration REAL NOT NULL, response_time REAL NOT NULL,
    fault INTEGER NOT NULL, error INTEGER NOT NULL, throttle INTEGER NOT NULL, partial INTEGER NOT NULL,
    http_status INTEGER, http_method TEXT, http_url TEXT, client_ip TEXT, user_agent TEXT,
    summary BLOB NOT NULL,
    UNIQUE (account, region, trace_id)
);
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (account, region, start_time);
CREATE INDEX IF NOT EXISTS traces_by_index ON traces (account, region, indexed_at);

CREATE TABLE IF NOT EXISTS trace_services (
    trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    name TEXT NOT NULL, type TEXT NOT NULL,
    fault INTEGER NOT NULL, error INTEGER NOT NULL, throttle INTEGER NOT NULL, response_time REAL NOT NULL, root INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS trace_services_by_trace ON trace_services (trace, name);

CREATE TABLE IF NOT EXISTS trace_edges (
    trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    source TEXT NOT NULL, source_type TEXT NOT NULL, target TEXT NOT NULL, target_type TEXT NOT NULL,
    fault INTEGER NOT NULL, error INTEGER NOT NULL, throttle INTEGER NOT NULL, response_time REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS trace_edges_by_trace ON trace_edges (trace, source);

CREATE TABLE IF NOT EXISTS trace_annotations (
    trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    name TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL
);
CREATE INDEX IF NOT EXISTS trace_annotations_by_trace ON trace_annotations (trace, name);
"""
