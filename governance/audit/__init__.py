"""The tamper-evident audit log: a Merkle tree of entries per tenant, with signed checkpoints."""
