-- Rate limits, and the end of old audit rows.

-- How often something was done within a minute. The key names a class and, hashed, who does it; rows live for a few
-- minutes. The time comes first in the key, so that the sweep and the counting need no index beside it.
CREATE TABLE rate_windows (
  window INTEGER NOT NULL,                                            -- Unix minutes
  key    TEXT NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (window, key)
) STRICT, WITHOUT ROWID;

-- The sweep asks for rows by age, whoever's they are.
CREATE INDEX audit_by_time ON audit (at);
