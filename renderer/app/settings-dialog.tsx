import { Dialog } from '@base-ui/react/dialog'
import { type ReactNode, useState } from 'react'
import { type Settings, type SettingsChange, settingsSchema } from '../../shared/contract/settings.ts'
import { useEnvironments } from '../api/hooks.ts'
import { useSettings } from '../api/settings.ts'
import { ChoiceField, FileField, TextField } from '../features/environments/fields.tsx'
import { Button, Keys } from '../ui/atoms.tsx'
import popover from '../ui/popover.module.css'
import overlays from './overlays.module.css'
import styles from './settings.module.css'
import { SettingsSecrets } from './settings-secrets.tsx'

/** Everything that `everyhop settings` and `everyhop secret` say and change, in the window. */
export function SettingsDialog({
  open,
  onOpenChange,
}: {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
}) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog} data-testid="settings">
          <header className={overlays.header}>
            <Dialog.Title render={<h2 />}>Settings</Dialog.Title>
            <Dialog.Close render={<Button small />}>
              Close <Keys keys={['esc']} />
            </Dialog.Close>
          </header>
          <div className={styles.body}>
            <Choices />
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Choices() {
  const { settings, change } = useSettings()
  const environments = useEnvironments().data ?? []
  if (settings === null) return <p className={styles.quiet}>Asking Everyhop’s service…</p>
  const kept = settings.defaultEnvironment
  const names = [...new Set([...environments.map(({ name }) => name), ...(kept === null ? [] : [kept])])]
  return (
    <>
      <Section title="Window">
        <ChoiceField
          label="Colours"
          value={settings.theme}
          onChange={(theme) => change({ theme })}
          choices={[
            ['system', 'As the system'],
            ['dark', 'Dark'],
            ['light', 'Light'],
          ]}
          testId="setting-theme"
        />
        <ChoiceField
          label="Movement"
          value={settings.motion}
          onChange={(motion) => change({ motion })}
          choices={[
            ['system', 'As the system'],
            ['reduced', 'Reduced'],
            ['full', 'Full'],
          ]}
          testId="setting-motion"
        />
        <ChoiceField
          label="Opens with"
          value={settings.startScreen}
          onChange={(startScreen) => change({ startScreen })}
          choices={[
            ['graph', 'Graph'],
            ['diagnose', 'Diagnose'],
            ['environments', 'Connections'],
          ]}
          testId="setting-start-screen"
        />
        <ChoiceField
          label="Environment"
          value={kept ?? ''}
          onChange={(name) => change({ defaultEnvironment: name === '' ? null : name })}
          choices={[['', 'The first that can be used'], ...names.map((name) => [name, name] as const)]}
          hint="Opens when the address names none."
          testId="setting-environment"
        />
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={settings.singleKeys}
            onChange={(event) => change({ singleKeys: event.target.checked })}
          />
          Single keys act outside of fields
        </label>
      </Section>
      <Section title="Programs">
        <PathSetting name="opaPath" label="opa" settings={settings} change={change} />
        <PathSetting name="regalPath" label="regal" settings={settings} change={change} />
      </Section>
      <Section title="Secrets">
        <SettingsSecrets>
          <MinutesSetting settings={settings} change={change} />
        </SettingsSecrets>
      </Section>
    </>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <fieldset className={styles.section}>
      <legend>{title}</legend>
      {children}
    </fieldset>
  )
}

interface SettingProps {
  readonly settings: Settings
  readonly change: (change: SettingsChange) => void
}

/** Kept when the field is left: half a path is none. */
function PathSetting({
  name,
  label,
  settings,
  change,
}: SettingProps & { readonly name: 'opaPath' | 'regalPath'; readonly label: string }) {
  const [typed, setTyped] = useState<string | null>(null)
  const value = typed ?? settings[name] ?? ''
  const keep = (text: string) => {
    const path = settingsSchema.shape[name].safeParse(text.trim() === '' ? null : text.trim())
    setTyped(path.success ? null : text)
    if (path.success && path.data !== settings[name]) change({ [name]: path.data })
  }
  const isWhole = value.trim() === '' || settingsSchema.shape[name].safeParse(value.trim()).success
  return (
    <FileField
      label={label}
      value={value}
      onChange={setTyped}
      onDone={() => keep(value)}
      onChosen={keep}
      placeholder="empty: that on PATH, or what Everyhop got"
      problem={isWhole ? undefined : `A whole path, such as /usr/local/bin/${label}. It is not kept yet.`}
      testId={`setting-${name}`}
    />
  )
}

function MinutesSetting({ settings, change }: SettingProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const { lockSecretsAfterMinutes: kept } = settings
  const value = typed ?? (kept === null ? '' : String(kept))
  const read = (text: string) =>
    settingsSchema.shape.lockSecretsAfterMinutes.safeParse(text.trim() === '' ? null : Number(text))
  const minutes = read(value)
  return (
    <TextField
      label="Lock after"
      value={value}
      onChange={setTyped}
      onDone={() => {
        if (!minutes.success) return
        setTyped(null)
        if (minutes.data !== kept) change({ lockSecretsAfterMinutes: minutes.data })
      }}
      placeholder="empty: when Everyhop ends"
      hint="Minutes without use, after which the passphrase is asked for again."
      problem={minutes.success ? undefined : 'A whole number of minutes, from 1 to 10080. It is not kept yet.'}
      testId="setting-lock-after"
    />
  )
}
