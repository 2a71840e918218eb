/** What the containers of sidecars and OPAs run, as pods declare it: discovery goes by it. */
export const envoyArguments: readonly string[] = ['-c', '/etc/envoy/envoy.json', '--concurrency', '1']
export const opaArguments: readonly string[] = [
  'run',
  '--server',
  '--config-file=/config/opa.yaml',
  '--addr=0.0.0.0:8181',
  '--diagnostic-addr=0.0.0.0:8282',
  '--log-format=json',
]
