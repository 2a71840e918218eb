import { useCallback, useEffect, useEffectEvent, useState } from 'react'
import { useApi } from '../../../api/api-context.tsx'
import { useCommand } from '../../../api/environments.ts'
import { emptyForm, type FormInput, formOfInput, inputOfForm, jsonOf, type RequestForm } from './request-form.ts'

export type InputWay = 'form' | 'recorded' | 'json'

/** Where an input was taken from. */
export interface Origin {
  readonly from: { readonly decisionId: string } | { readonly hop: string }
  readonly revision: string | null
  /** null: nothing was recorded; only who calls whom is known. */
  readonly at: number | null
}

interface Given {
  readonly way: InputWay
  readonly form: RequestForm
  readonly text: string
  /** JSON pointers of what is not as it was. */
  readonly masked: readonly string[]
  readonly origin: Origin | null
}

export interface SimulationInput extends Given {
  /** What is simulated; not ok: it cannot be read yet. */
  readonly made: FormInput | { readonly ok: false; readonly field: 'json' | 'nothing'; readonly problem: string }
  readonly busy: boolean
  readonly failure: string | null
  readonly choose: (way: InputWay) => void
  readonly changeForm: (form: RequestForm) => void
  readonly changeText: (text: string) => void
  /** Takes the input of a recorded decision, or of the last request of a hop. */
  readonly take: (from: Origin['from'], way: InputWay) => Promise<boolean>
}

const nothing: Given = { way: 'form', form: emptyForm, text: '', masked: [], origin: null }

/** The request that is simulated, however somebody gives it. `asked`: what the address names. */
export function useInput(
  environment: string,
  asked: { readonly decision: string | undefined; readonly hop: string | undefined },
): SimulationInput {
  const { client } = useApi()
  const { busy, failure, run, forget } = useCommand()
  const [given, setGiven] = useState(nothing)
  const take = useCallback(
    (from: Origin['from'], way: InputWay) =>
      run(async () => {
        const { input, masked, revision, at } = await client.policy.inputOf({ environment, from })
        setGiven((before) => ({
          way,
          form: formOfInput(input, before.form).form,
          text: JSON.stringify(input, null, 2),
          masked,
          origin: { from, revision, at },
        }))
      }),
    [client, environment, run],
  )
  const takeAsked = useEffectEvent(() => {
    if (asked.decision !== undefined) void take({ decisionId: asked.decision }, 'recorded')
    // Of a hop without a record only its two ends are known: the form lets the rest be given.
    else if (asked.hop !== undefined) void take({ hop: asked.hop }, 'form')
  })
  useEffect(() => takeAsked(), [asked.decision, asked.hop])
  return {
    ...given,
    made: madeOf(given),
    busy,
    failure,
    take,
    choose(way) {
      forget()
      setGiven((before) => switched(before, way))
    },
    changeForm: (form) => setGiven((before) => ({ ...before, form, masked: [] })),
    changeText: (text) => setGiven((before) => ({ ...before, text })),
  }
}

/** What was given stays when it is looked at another way. */
function switched(before: Given, way: InputWay): Given {
  if (way === before.way) return before
  if (before.way === 'form' && way === 'json') {
    const made = inputOfForm(before.form)
    return made.ok ? { ...before, way, text: JSON.stringify(made.input, null, 2), origin: null } : { ...before, way }
  }
  if (way === 'form' && before.text !== '') {
    return { ...before, way, form: formOfInput(jsonOf(before.text), before.form).form }
  }
  return { ...before, way }
}

function madeOf({ way, form, text, origin }: Given): SimulationInput['made'] {
  if (way === 'form') {
    if (form.caller === '' && form.callee === '' && form.headers === '' && form.path === emptyForm.path)
      return { ok: false, field: 'nothing', problem: 'Choose who calls whom.' }
    return inputOfForm(form)
  }
  if (way === 'recorded' && origin === null)
    return { ok: false, field: 'nothing', problem: 'Choose a recorded decision.' }
  if (text.trim() === '') return { ok: false, field: 'nothing', problem: 'Write the input as JSON.' }
  const input = jsonOf(text)
  return input === undefined ? { ok: false, field: 'json', problem: 'This is no JSON.' } : { ok: true, input }
}
