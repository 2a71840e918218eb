import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Clock3, Diff, FolderOpen, type LucideIcon, Play } from 'lucide-react'
import { useMoment } from '../api/moment.tsx'
import styles from './overlays.module.css'

interface TimeCommand {
  readonly id: string
  readonly icon: LucideIcon
  readonly words: string
  readonly note: string
  readonly deed: () => void
}

/** What the palette offers about time, by what was typed. */
export function TimeCommands({
  typed,
  onDone,
  onTime,
  onSnapshot,
}: {
  readonly typed: string
  readonly onDone: () => void
  readonly onTime: () => void
  readonly onSnapshot: () => void
}) {
  const { at, snapshot, go } = useMoment()
  const navigate = useNavigate()
  const compare = () =>
    void navigate({
      to: '/graph',
      search: ({ env, at: time }) => ({ ...(env === undefined ? {} : { env }), at: time, with: 'now' }),
    })
  const commands: readonly TimeCommand[] = [
    ...(snapshot === null
      ? [{ id: 'go-to-time', icon: Clock3, words: 'Go to a time…', note: 'past, yesterday, history', deed: onTime }]
      : []),
    ...(at === null
      ? []
      : [
          { id: 'back-to-live', icon: Play, words: 'Back to live', note: 'now', deed: () => go(null) },
          {
            id: 'compare-with-live',
            icon: Diff,
            words: 'Compare with live',
            note: 'difference, what changed',
            deed: compare,
          },
        ]),
    {
      id: 'open-snapshot',
      icon: FolderOpen,
      words: 'Open a snapshot…',
      note: 'what was known at one time',
      deed: onSnapshot,
    },
  ]
  const wanted = typed.trim().toLowerCase()
  const found = commands.filter(({ words, note }) => `${words} ${note}`.toLowerCase().includes(wanted))
  // Without a word typed it would push what is searched for most out of sight.
  if (found.length === 0 || wanted.length < 2) return null
  return (
    <Command.Group heading="Time">
      {found.map(({ id, icon: Icon, words, note, deed }) => (
        <Command.Item
          key={id}
          value={id}
          onSelect={() => {
            onDone()
            deed()
          }}
        >
          <Icon size={16} aria-hidden="true" />
          <span className={styles.grow}>
            {words} <small>{note}</small>
          </span>
        </Command.Item>
      ))}
    </Command.Group>
  )
}
