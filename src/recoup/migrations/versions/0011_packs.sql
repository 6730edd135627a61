-- Three new, empty tables.
CREATE TABLE proof_file (
    connection_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT proof_file_pkey PRIMARY KEY (connection_id, sha256),
    CONSTRAINT proof_file_size_bytes_check CHECK (size_bytes = octet_length(content)),
    CONSTRAINT proof_file_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

CREATE TABLE proof (
    proof_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file_name TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT proof_pkey PRIMARY KEY (proof_id),
    CONSTRAINT proof_connection_id_sha256_fkey FOREIGN KEY(connection_id, sha256) REFERENCES proof_file (connection_id, sha256),
    CONSTRAINT proof_kind_check CHECK (kind in ('invoice', 'proof_of_delivery', 'packing_slip', 'carrier_document', 'photos', 'measurements', 'cost_approval', 'screenshot', 'other')),
    CONSTRAINT proof_subject_kind_check CHECK (subject_kind in ('product', 'purchase_order', 'shipment', 'removal_order', 'order', 'marketplace')),
    CONSTRAINT proof_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

CREATE UNIQUE INDEX proof_subject_key ON proof (connection_id, subject_kind, subject, kind, sha256);

CREATE TABLE pack_filing (
    filing_id BIGINT GENERATED ALWAYS AS IDENTITY,
    connection_id TEXT NOT NULL,
    pack_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    claims JSONB NOT NULL,
    filed_by TEXT NOT NULL,
    filed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pack_filing_pkey PRIMARY KEY (filing_id),
    CONSTRAINT pack_filing_connection_id_fkey FOREIGN KEY(connection_id) REFERENCES amazon_connection (connection_id)
);

CREATE INDEX pack_filing_pack_id_idx ON pack_filing (connection_id, pack_id, filing_id);
