import { Menu } from '@base-ui/react/menu'
import { Ellipsis, FilePlus2, FileText, Folder } from 'lucide-react'
import { useState } from 'react'
import type { PolicyFile } from '../../../shared/domain/model/policy.ts'
import popover from '../../ui/popover.module.css'
import { type FileAction, FileDialog } from './file-dialog.tsx'
import styles from './file-tree.module.css'

export interface FileTreeProps {
  readonly title: string
  readonly from: string
  readonly files: readonly PolicyFile[]
  readonly changed: readonly string[]
  readonly active: string | null
  readonly canEdit: boolean
  readonly onOpen: (path: string) => void
  readonly onCreate: (path: string) => Promise<void>
  readonly onRename: (from: string, to: string) => Promise<void>
  readonly onRemove: (path: string) => Promise<void>
}

/** Files by folder. M: differs from the revision that the draft began with. */
export function FileTree(props: FileTreeProps) {
  const { title, from, files, changed, canEdit } = props
  const [action, setAction] = useState<FileAction | null>(null)
  const gone = changed.filter((path) => !files.some((file) => file.path === path))
  return (
    <>
      <header className={styles.head}>
        <h2>Bundle {title}</h2>
        <span>{from}</span>
        {canEdit ? (
          <button
            type="button"
            className={styles.add}
            aria-label="New file…"
            title="New file…"
            onClick={() => setAction({ kind: 'create' })}
          >
            <FilePlus2 size={14} aria-hidden="true" />
          </button>
        ) : null}
      </header>
      {files.length === 0 ? <p className={styles.none}>No files are known.</p> : null}
      <ul className={styles.tree} data-testid="file-tree">
        {byFolder(files).map(([folder, inside]) => (
          <li key={folder}>
            {folder === '' ? null : (
              <p className={styles.folder}>
                <Folder size={14} aria-hidden="true" />
                {folder}
              </p>
            )}
            <ul>
              {inside.map((file) => (
                <File key={file.path} file={file} isIndented={folder !== ''} {...props} onAction={setAction} />
              ))}
            </ul>
          </li>
        ))}
        {gone.map((path) => (
          <li key={path} className={styles.gone}>
            {path} <span>removed</span>
          </li>
        ))}
      </ul>
      {action === null ? null : (
        <FileDialog
          action={action}
          taken={files.map(({ path }) => path)}
          onClose={() => setAction(null)}
          onCreate={props.onCreate}
          onRename={props.onRename}
          onRemove={props.onRemove}
        />
      )}
    </>
  )
}

function File({
  file,
  isIndented,
  active,
  changed,
  canEdit,
  onOpen,
  onAction,
}: FileTreeProps & {
  readonly file: PolicyFile
  readonly isIndented: boolean
  readonly onAction: (action: FileAction) => void
}) {
  const { path } = file
  const name = path.split('/').at(-1) ?? path
  const isChanged = changed.includes(path)
  return (
    <li className={styles.file} data-active={path === active} data-indented={isIndented}>
      <button
        type="button"
        className={styles.name}
        title={path}
        aria-current={path === active ? 'true' : undefined}
        onClick={() => onOpen(path)}
      >
        <FileText size={14} aria-hidden="true" />
        <span>{name}</span>
        {isChanged ? (
          <b title="Differs from the revision that the draft began with">
            M<span className="visually-hidden">, changed</span>
          </b>
        ) : null}
      </button>
      {canEdit ? (
        <Menu.Root>
          <Menu.Trigger className={styles.more} aria-label={`Actions for ${path}`}>
            <Ellipsis size={14} aria-hidden="true" />
          </Menu.Trigger>
          <Menu.Portal>
            <Menu.Positioner sideOffset={4} align="end" className={popover.positioner}>
              <Menu.Popup className={`${popover.popup} ${popover.menu}`}>
                <Menu.Item className={popover.item} onClick={() => onAction({ kind: 'rename', path })}>
                  Rename or move…
                </Menu.Item>
                <Menu.Item className={popover.item} onClick={() => onAction({ kind: 'remove', path })}>
                  Delete…
                </Menu.Item>
              </Menu.Popup>
            </Menu.Positioner>
          </Menu.Portal>
        </Menu.Root>
      ) : null}
    </li>
  )
}

/** Folders in order, files that lie in none last. */
export function byFolder(files: readonly PolicyFile[]): readonly (readonly [string, readonly PolicyFile[]])[] {
  const folders = new Map<string, PolicyFile[]>()
  for (const file of files) {
    const folder = file.path.includes('/') ? file.path.slice(0, file.path.lastIndexOf('/')) : ''
    folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  return [...folders].toSorted(([one], [other]) => (one === '' ? 1 : other === '' ? -1 : one < other ? -1 : 1))
}
