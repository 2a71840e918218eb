# Signing evidence packs with a key that Vault keeps: this beside docs/rights/vault.hcl, and only for whoever makes packs.
#   vault write -f transit/keys/evidence type=ecdsa-p256
#   vault policy write everyhop-evidence docs/rights/vault-transit-evidence.hcl
# Write the path of your own Transit engine and the name of your own key. No right to export or change a key is needed.

path "transit/sign/evidence/+" {
  capabilities = ["update"]
}

# Its type and its public half: a pack names the version that signed it.
path "transit/keys/evidence" {
  capabilities = ["read"]
}

# Where Everyhop signs in with a role and not with a given token: it revokes the token after signing.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
