# Signing policy bundles with a key that Vault keeps: this beside docs/rights/vault.hcl, and only for whoever publishes.
#   vault policy write everyhop-sign docs/rights/vault-transit.hcl
# Write the path of your own Transit engine and the name of your own key. No right to read, export or change a key is needed.

path "transit/sign/policy-bundles/+" {
  capabilities = ["update"]
}

# Where Everyhop signs in with a role and not with a given token: it revokes the token after signing.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
