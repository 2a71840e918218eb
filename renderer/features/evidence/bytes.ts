/** `48.2 MB`: powers of 1,000, as file managers and disks count. */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let at = 0
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000
    at += 1
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toString()} ${units[at] ?? ''}`
}
