import { FileWarning } from 'lucide-react'
import { useState } from 'react'
import { useSettingsTrouble } from '../api/settings.ts'
import { Banner, Button } from '../ui/atoms.tsx'

/** That the settings could not be read, understood or kept; whoever has read it can put it away. */
export function SettingsNotice() {
  const trouble = useSettingsTrouble()
  const [read, setRead] = useState<string | null>(null)
  if (trouble === null || trouble === read) return null
  return (
    <Banner
      tone="warn"
      icon={<FileWarning size={16} aria-hidden="true" />}
      action={
        <Button small onClick={() => setRead(trouble)}>
          Close
        </Button>
      }
    >
      <span data-testid="settings-trouble">{trouble}</span>
    </Banner>
  )
}
