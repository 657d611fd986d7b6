// etc/*.api.md is the public surface as text. `npm run api` fails when it changed; `npm run api:update` takes the change over,
// and the diff of the reports is reviewed like code.
import { join } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const update = process.argv.includes('--update');
let failed = false;
for (const entry of ['rx-kafka', 'operators', 'testing', 'testing-broker']) {
  const config = ExtractorConfig.loadFileAndPrepare(join('etc', `api-extractor.${entry}.json`));
  const result = Extractor.invoke(config, {
    localBuild: update,
    showVerboseMessages: false,
    messageCallback: (message) => {
      // which compiler it uses and that a file is new is not news
      if (['console-preamble', 'console-api-report-created'].includes(message.messageId)) message.handled = true;
    },
  });
  if (result.apiReportChanged && !update) {
    console.error(
      `etc/${entry}.api.md does not match the sources: run npm run build && npm run api:update, review the diff`,
    );
  }
  if (!result.succeeded) failed = true;
}
process.exit(failed ? 1 : 0);
