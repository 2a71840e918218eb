import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type PolicyData, policyFolder } from './policy-data.ts'

export const bundleName = 'pipeline'
/** The resource path of the policy bundle on a bundle server. */
export const bundleResource = '/bundles/pipeline.tar.gz'
/** The rule that Envoy asks for. */
export const decisionPath = 'pipeline/authz/result'

/**
 * Fills an empty folder with what `opa build --bundle` takes: each module in the folder of its package, as Regal and people expect
 * it (`pipeline/authz/authz.rego`), and `data.json`. Tests stay behind. `rewrite` changes a module's text on its way.
 */
export async function layOutBundle(
  folder: string,
  data: PolicyData,
  rewrite: (packageName: string, text: string) => string = (_package, text) => text,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(policyFolder)) {
    if (!name.endsWith('.rego') || name.endsWith('_test.rego')) continue
    const text = await readFile(path.join(policyFolder, name), 'utf8')
    const module = /^package ([\w.]+)$/m.exec(text)?.[1]
    if (module === undefined) throw new Error(`${name} names no package`)
    const place = path.join(folder, ...module.split('.'))
    await mkdir(place, { recursive: true })
    await writeFile(path.join(place, name), rewrite(module, text))
  }
  await writeFile(path.join(folder, 'data.json'), JSON.stringify(data, null, 2))
}

/** For `layOutBundle`: a second value for the rule that Envoy asks for, so that OPA ends its evaluation with a conflict. */
export function withConflict(packageName: string, text: string): string {
  return packageName === 'pipeline.authz' ? `${text}\nresult := {"allowed": false, "conflict": true}\n` : text
}

/** For `layOutBundle`: gives the rule that Envoy asks for another name, so that OPA's answer is undefined. */
export function withoutDecision(packageName: string, text: string): string {
  return packageName === 'pipeline.authz' ? text.replaceAll(/^(default )?result :=/gm, '$1verdict :=') : text
}
