-- Apps whose client_id is the address of a document about them.

-- How often each document was asked for since began_at, a moment within the last minute, and what came of it. It keeps a
-- stranger from making this server fetch again and again; the documents themselves are rows of oauth_clients.
CREATE TABLE client_document_fetches (
  url       TEXT PRIMARY KEY,
  host      TEXT NOT NULL,
  began_at  INTEGER NOT NULL,
  attempts  INTEGER NOT NULL,
  failure   TEXT,                                                     -- why the last attempt failed, in our words
  is_outage INTEGER NOT NULL DEFAULT 0 CHECK (is_outage IN (0, 1))    -- 1: the document may be all right
) STRICT;

CREATE INDEX client_document_fetches_by_host ON client_document_fetches (host, began_at);
CREATE INDEX client_document_fetches_by_age ON client_document_fetches (began_at);
