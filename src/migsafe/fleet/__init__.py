"""Many databases of one environment, ring by ring: tenants, shards, regions."""
