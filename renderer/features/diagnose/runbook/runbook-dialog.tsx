import { Dialog } from '@base-ui/react/dialog'
import { Copy, X } from 'lucide-react'
import { useContext, useRef } from 'react'
import { isRunbook, runbookTitles } from '../../../../shared/words/runbooks.ts'
import { Button } from '../../../ui/atoms.tsx'
import popover from '../../../ui/popover.module.css'
import type { RunbookAddress } from '../address.ts'
import { type Block, blocksIn, type Inline } from './markdown.ts'
import { pageOf } from './pages.ts'
import styles from './runbook.module.css'
import { RunbookAddresses } from './runbook-links.tsx'

/** A page of docs/runbooks over the screen; loaded only when one is opened. */
export default function RunbookDialog({
  runbook,
  onClose,
  onCopy,
}: {
  readonly runbook: RunbookAddress
  readonly onClose: () => void
  readonly onCopy: (text: string) => void
}) {
  const [, ...blocks] = blocksIn(pageOf(runbook))
  const addressOfRunbook = useContext(RunbookAddresses)
  const page = useRef<HTMLDivElement>(null)
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={`${popover.dialog} ${styles.dialog}`} initialFocus={page} data-testid="runbook">
          <header className={styles.head}>
            <Dialog.Title render={<h2 />}>{runbook === 'index' ? 'Runbooks' : runbookTitles[runbook]}</Dialog.Title>
            {runbook === 'index' ? null : <a href={addressOfRunbook('index')}>All runbooks</a>}
            <Dialog.Close
              render={
                <Button small aria-label="Close">
                  <X size={14} aria-hidden="true" />
                </Button>
              }
            />
          </header>
          {/* It scrolls: the keyboard must be able to, too. */}
          <div className={styles.page} key={runbook} ref={page} tabIndex={0} role="document" aria-label="Runbook">
            {blocks.map((block, index) => (
              <BlockView key={`${runbook} ${index.toString()}`} block={block} onCopy={onCopy} />
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function BlockView({ block, onCopy }: { readonly block: Block; readonly onCopy: (text: string) => void }) {
  switch (block.kind) {
    case 'heading':
      return (
        <h3>
          <Line line={block.line} />
        </h3>
      )
    case 'paragraph':
      return (
        <p>
          <Line line={block.line} />
        </p>
      )
    case 'list': {
      const items = block.items.map((item) => (
        <li key={keyOf(item)}>
          <Line line={item} />
        </li>
      ))
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>
    }
    case 'code':
      return (
        <div className={styles.code}>
          <pre tabIndex={0} aria-label="Commands">
            {block.text}
          </pre>
          <Button small aria-label="Copy commands" onClick={() => onCopy(block.text)}>
            <Copy size={12} aria-hidden="true" />
          </Button>
        </div>
      )
    case 'table':
      return (
        <table>
          <thead>
            <tr>
              {block.head.map((cell) => (
                <th key={keyOf(cell)} scope="col">
                  <Line line={cell} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((cells) => (
              <tr key={cells.map(keyOf).join('|')}>
                {cells.map((cell) => (
                  <td key={keyOf(cell)}>
                    <Line line={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
  }
}

function Line({ line }: { readonly line: readonly Inline[] }) {
  return line.map((inline, index) => <InlineView key={`${index.toString()} ${inline.text}`} inline={inline} />)
}

function InlineView({ inline }: { readonly inline: Inline }) {
  const addressOfRunbook = useContext(RunbookAddresses)
  switch (inline.kind) {
    case 'text':
      return inline.text
    case 'code':
      return <code>{inline.text}</code>
    case 'strong':
      return <b>{inline.text}</b>
    case 'stress':
      return <em>{inline.text}</em>
    case 'link': {
      const to = inline.to.replace(/\.md$/, '')
      // Pages lead to pages alone; anything else stays text.
      return isRunbook(to) ? <a href={addressOfRunbook(to)}>{runbookTitles[to]}</a> : inline.text
    }
  }
}

function keyOf(line: readonly Inline[]): string {
  return line.map(({ text }) => text).join('')
}
