import { Menu } from '@base-ui/react/menu'
import { Check, ChevronDown } from 'lucide-react'
import type { BundleOverview } from '../../../shared/domain/model/policy.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'

/** The bundles of this environment. */
export function BundleMenu({
  bundles,
  chosen,
  onChoose,
}: {
  readonly bundles: readonly BundleOverview[]
  readonly chosen: string
  readonly onChoose: (name: string) => void
}) {
  return (
    <Menu.Root>
      <Menu.Trigger render={<Button data-testid="bundle-menu" aria-label={`Bundle ${chosen}`} />}>
        {chosen}
        <ChevronDown size={14} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="start" className={popover.positioner}>
          <Menu.Popup className={`${popover.popup} ${popover.menu}`}>
            {bundles.map(({ name, opas, store }) => (
              <Menu.Item key={name} className={popover.item} onClick={() => onChoose(name)}>
                {name === chosen ? <Check size={14} aria-hidden="true" /> : <span style={{ width: 14 }} />}
                <span>
                  {name}
                  <small>
                    {opas.length} {opas.length === 1 ? 'OPA' : 'OPAs'},{' '}
                    {store === null ? 'no store is configured' : store.place}
                  </small>
                </span>
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
