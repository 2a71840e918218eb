/** What the tests run inside the page, as text: the tests themselves are typed for Node, where there is no document. */

export const countPorts = `
  globalThis.portsSeen = 0
  addEventListener('message', (event) => (globalThis.portsSeen += event.ports.length))
`
export const portsSeen = 'globalThis.portsSeen'

/** The notice is shown for as long as the service is away, which may be short: its words are noted when it appears. */
export const noteNotices = `
  globalThis.noticesSeen = ''
  new MutationObserver(() => {
    globalThis.noticesSeen += document.querySelector('[data-testid="service-notice"]')?.textContent ?? ''
  }).observe(document.body, { childList: true, subtree: true })
`
export const noticesSeen = 'globalThis.noticesSeen'

export const namesOfNode = `
  ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer', 'global', '__dirname'].filter(
    (name) => name in globalThis,
  )
`

/** What the content security policy refused of a frame, an inline script and a request to another host. */
export const tryForeignContent = `(async () => {
  const refused = []
  document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective))
  const frame = document.createElement('iframe')
  frame.src = 'https://example.org/'
  const script = document.createElement('script')
  script.textContent = 'globalThis.ran = true'
  document.body.append(frame, script)
  await fetch('https://example.org/').catch(() => {})
  for (let turn = 0; turn < 100 && refused.length < 3; turn += 1) await new Promise((next) => setTimeout(next, 50))
  frame.remove()
  script.remove()
  return [...new Set(refused), ...('ran' in globalThis ? ['the script ran'] : [])].sort()
})()`

/** Those that are not denied. */
export const permissionsLeft = `(async () => {
  const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read']
  const states = names.map(async (name) => [name, (await navigator.permissions.query({ name })).state])
  return (await Promise.all(states)).filter(([, state]) => state !== 'denied')
})()`

export const askForMicrophone = `
  navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'given', (reason) => reason.name)
`

/** True for each window that was refused. */
export const openWindows = `['https://example.org/', 'about:blank', location.href].map((to) => window.open(to) === null)`

export const followLinks = `(() => {
  const link = document.createElement('a')
  document.body.append(link)
  for (const [href, target] of [['https://example.org/', '_blank'], ['https://example.org/', ''], ['file:///etc/hosts', '']]) {
    link.href = href
    link.target = target
    link.click()
  }
  link.remove()
  location.href = 'https://example.org/'
})()`

/** Chooses an environment in the open menu; milliseconds until its name and its graph were drawn. */
export const switchTo = (name: string, nodeId: string): string => `new Promise((resolve) => {
  const of = (id) => document.querySelector('[data-testid="' + CSS.escape(id) + '"]')
  const before = of(${JSON.stringify(nodeId)})
  const began = performance.now()
  of(${JSON.stringify(`open-${name}`)}).click()
  const look = () => {
    const node = of(${JSON.stringify(nodeId)})
    // The cards of the environment before go with it.
    const isThere = location.hash.includes(${JSON.stringify(`env=${name}`)}) && node !== null && node !== before
    if (isThere || performance.now() - began > 60000) resolve(Math.round(performance.now() - began))
    else requestAnimationFrame(look)
  }
  look()
})`
