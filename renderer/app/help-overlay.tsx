import { Dialog } from '@base-ui/react/dialog'
import { graphKeys } from '../features/graph/keyboard.ts'
import { Button, Keys } from '../ui/atoms.tsx'
import popover from '../ui/popover.module.css'
import { chords } from './chords.ts'
import styles from './overlays.module.css'
import { usePreferences } from './preferences.tsx'
import { timeKeys } from './time-keys.ts'

/** Every key that exists, from the same table that the handler uses, and the switch that turns single keys off. */
export function HelpOverlay({
  open,
  onOpenChange,
}: {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
}) {
  const { singleKeys, setSingleKeys } = usePreferences()
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog}>
          <header className={styles.header}>
            <Dialog.Title render={<h2 />}>Keyboard</Dialog.Title>
            <Dialog.Close render={<Button small />}>
              Close <Keys keys={['esc']} />
            </Dialog.Close>
          </header>
          <div className={styles.columns}>
            <ul>
              <HelpLine words="Search" keys={['Ctrl', 'K']} />
              <HelpLine words="Settings" keys={['Ctrl', ',']} />
              <HelpLine words="This help" keys={['?']} />
              {chords.map(({ keys, words }) => (
                <HelpLine key={words} words={words} keys={keys} />
              ))}
              {timeKeys.map(({ key, words }) => (
                <HelpLine key={key} words={words} keys={[key]} />
              ))}
            </ul>
            <ul>
              <HelpLine words="Open what has the focus" keys={['⏎']} />
              {graphKeys.map((binding) => (
                <HelpLine key={binding.key} words={binding.words} keys={[binding.cap]} />
              ))}
            </ul>
          </div>
          <label className={styles.switch}>
            <input type="checkbox" checked={singleKeys} onChange={(event) => setSingleKeys(event.target.checked)} />
            Single keys act outside of fields
          </label>
          <p className={styles.drawnWith}>The map is drawn with React Flow.</p>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function HelpLine({ words, keys }: { readonly words: string; readonly keys: readonly string[] }) {
  return (
    <li>
      {words}
      <Keys keys={keys} />
    </li>
  )
}
