-- Rate limits, and the end of old audit rows.

-- How often something was done within a window of a minute. The key names a class and, hashed, whose calls they are; rows
-- live for a few minutes.
CREATE TABLE rate_windows (
  key    TEXT NOT NULL,
  window INTEGER NOT NULL,                                            -- Unix minutes
  count  INTEGER NOT NULL,
  PRIMARY KEY (key, window)
) STRICT;

CREATE INDEX rate_windows_by_window ON rate_windows (window);

-- The sweep asks for rows by age, whoever's they are.
CREATE INDEX audit_by_time ON audit (at);
