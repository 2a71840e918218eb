# The least rights that Everyhop needs of a Vault:
#   everyhop env role vault | vault policy write everyhop -
# Settings, names and times are read; no path here gives a secret, a key or credentials. docs/rights/vault.md says what each
# is for and what stays unknown without it.

# What is mounted, and how one signs in.
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/auth" {
  capabilities = ["read"]
}

# Roles of auth methods: whom they let in, with which policies, for how long. `+` is one part of a path.
path "auth/+/role" {
  capabilities = ["list"]
}
path "auth/+/role/+" {
  capabilities = ["read"]
}
path "auth/token/roles" {
  capabilities = ["list"]
}
path "auth/token/roles/+" {
  capabilities = ["read"]
}

# Roles of secrets engines: what they issue and for how long. Two rules for each engine of yours, by its path. Do not write
# `+/roles/+`: that would also open secrets of a key-value engine that are called so.
path "database/roles" {
  capabilities = ["list"]
}
path "database/roles/+" {
  capabilities = ["read"]
}
path "kubernetes/roles" {
  capabilities = ["list"]
}
path "kubernetes/roles/+" {
  capabilities = ["read"]
}
path "pki/roles" {
  capabilities = ["list"]
}
path "pki/roles/+" {
  capabilities = ["read"]
}

# Policies: which paths they open.
path "sys/policies/acl" {
  capabilities = ["list"]
}
path "sys/policies/acl/+" {
  capabilities = ["read"]
}

# Who is behind a lease: the aliases of an entity.
path "identity/entity/id/+" {
  capabilities = ["read"]
}

# Until when a lease lasts that the audit log told of.
path "sys/leases/lookup" {
  capabilities = ["update"]
}

# Only for mounts under listLeasesOf, by their path:
# path "sys/leases/lookup/database/*" {
#   capabilities = ["list", "sudo"]
# }

# Everyhop's own token: what it is and may do, and that it is renewed and ended.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
