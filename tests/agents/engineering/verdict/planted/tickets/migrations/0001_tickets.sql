CREATE TABLE tickets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    state text NOT NULL DEFAULT 'open',
    priority bigint NOT NULL DEFAULT 3,
    opened_at timestamptz NOT NULL
);
