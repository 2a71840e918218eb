import { OctagonX } from 'lucide-react'
import { Component, type ReactNode } from 'react'
import { Button, Plate } from '../ui/atoms.tsx'

/** The window failed itself. Says so in words and offers a way on; a class because React has no other form for it. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly message: string | null }> {
  override state: { readonly message: string | null } = { message: null }

  static getDerivedStateFromError(error: unknown): { readonly message: string } {
    return { message: error instanceof Error ? error.message : String(error) }
  }

  override render(): ReactNode {
    if (this.state.message === null) return this.props.children
    return (
      <Plate
        tone="fail"
        icon={<OctagonX size={20} aria-hidden="true" />}
        title="This screen failed"
        literal={this.state.message}
        actions={
          <Button primary onClick={() => window.location.reload()}>
            Load it again
          </Button>
        }
      >
        <p>This is a defect of Everyhop, not of what it looks at. Nothing was changed anywhere.</p>
      </Plate>
    )
  }
}
