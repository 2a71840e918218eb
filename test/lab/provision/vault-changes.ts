import type { LineChange } from './components.ts'

/**
 * What is changed in Vault 1.21.4 before it is built.
 *
 * Its released source wants a later SDK than any that is published with it, and does not compile with the published ones:
 * the first four fit it to SDK 0.21.0 (what they touch, restored transit keys and de-duplicated identities, the lab does not use).
 * The others put into a build with the tag `minimal`, which leaves out some forty engines and their cloud libraries, the
 * three that the lab needs: that halves the build.
 */
export const vaultChanges: readonly LineChange[] = [
  {
    file: 'builtin/logical/transit/path_restore.go',
    from: 'restoredKeyName, err := b.lm.RestorePolicy(',
    to: 'err := b.lm.RestorePolicy(',
  },
  {
    file: 'builtin/logical/transit/path_restore.go',
    from: '"key_name": restoredKeyName,',
    to: '"key_name": keyName,',
  },
  {
    file: 'vault/identity_store.go',
    from: 'ActivationFunc: iStore.activateDeduplication,',
    to: 'ActivationFunc: func(ctx context.Context, req *logical.Request, _ string) error { return iStore.activateDeduplication(ctx, req) },',
  },
  {
    file: 'vault/logical_system_activation_flags.go',
    from: 'b.idStoreBackend.ActivationFunc(ctx, nil)',
    to: 'b.idStoreBackend.ActivationFunc(ctx, nil, "")',
  },
  {
    file: 'helper/builtinplugins/registry_min.go',
    from: 'package builtinplugins\n',
    to: `package builtinplugins

import (
	credKube "github.com/hashicorp/vault-plugin-auth-kubernetes"
	logicalKube "github.com/hashicorp/vault-plugin-secrets-kubernetes"
	"github.com/hashicorp/vault/helper/pluginconsts"
	dbPostgres "github.com/hashicorp/vault/plugins/database/postgresql"
)
`,
  },
  {
    file: 'helper/builtinplugins/registry_min.go',
    from: 'func extendAddonPlugins(_ *registry) {\n\t// No-op\n',
    to: `func extendAddonPlugins(reg *registry) {
	reg.credentialBackends[pluginconsts.AuthTypeKubernetes] = credentialBackend{Factory: credKube.Factory}
	reg.databasePlugins["postgresql-database-plugin"] = databasePlugin{Factory: dbPostgres.New}
	reg.logicalBackends[pluginconsts.SecretEngineKubernetes] = logicalBackend{Factory: logicalKube.Factory}
`,
  },
]
