import { type RunReport, replayPlan } from '../client/index.js';
import { withPngText } from '../common/image/index.js';
import { settingsDocument } from '../common/settings/index.js';
import { GENERATE_SCHEMA } from './generate-request.js';
import { REPORT_KEYWORD } from './picture-source.js';
import { identityDocument } from './run-document.js';

/**
 * A PNG with what its run is repeated from; names of hosts and times are left out. As it came where the run cannot be repeated.
 * @param request what was asked for, as a report has it
 */
export function withReport(
  png: Uint8Array,
  request: Readonly<Record<string, unknown>>,
  report: RunReport,
): Uint8Array {
  if (report.programChanges > 0 || report.declared) return png;
  const document = {
    schema: GENERATE_SCHEMA,
    request,
    ...stageDocument(report),
    ...(report.stages.length === 0 ? {} : { stages: report.stages.map(stageDocument) }),
  };
  return withPngText(png, { [REPORT_KEYWORD]: JSON.stringify(document) });
}

function stageDocument(report: RunReport) {
  return {
    ...settingsDocument(replayPlan(report)),
    in_order_steps: report.inOrderSteps,
    ...identityDocument(report),
  };
}
