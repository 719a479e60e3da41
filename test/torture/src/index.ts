export { describeFault, type FaultKind, faultKinds, type PlannedFault } from './faults.js';
export { formatReport, type TortureReport } from './report.js';
export { drawSchedule, type ScheduleSettings } from './schedule.js';
