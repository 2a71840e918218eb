import { afterAll } from 'vitest'
import { faultSuite, loadingFaults } from './fault-suite.ts'
import { reportOfFaults } from './report.ts'

faultSuite(loadingFaults)

afterAll(() => console.log(reportOfFaults().join('\n')))
