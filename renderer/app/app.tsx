import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProvider } from '../api/api-context.tsx'
import type { Client } from '../api/client.ts'
import { ClockProvider } from '../api/clock.tsx'
import { BuildingProvider } from '../api/evidence.tsx'
import { ErrorBoundary } from './error-boundary.tsx'
import { PreferencesProvider } from './preferences.tsx'
import { createAppRouter } from './routes.tsx'

/** The whole window around one client, whichever door that goes through. */
export function App({ client }: { readonly client: Client }) {
  const [queryClient] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            // Live topics say what changed; only what failed is asked again by time.
            staleTime: 60_000,
            refetchOnWindowFocus: false,
            retry: 2,
            retryDelay: (attempt) => Math.min(4000, 500 * 2 ** attempt),
            refetchInterval: (query) => (query.state.status === 'error' ? 5000 : false),
          },
        },
      }),
  )
  const [router] = useState(createAppRouter)
  return (
    <ErrorBoundary>
      <QueryClientProvider client={queryClient}>
        <ApiProvider client={client}>
          <PreferencesProvider>
            <ClockProvider>
              <BuildingProvider>
                <RouterProvider router={router} />
              </BuildingProvider>
            </ClockProvider>
          </PreferencesProvider>
        </ApiProvider>
      </QueryClientProvider>
    </ErrorBoundary>
  )
}
