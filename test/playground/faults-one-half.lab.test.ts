import { faultSuite, halfOfFaults } from './fault-suite.ts'

faultSuite(halfOfFaults(0))
