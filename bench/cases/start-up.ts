import { measure } from '../measure.ts';
import { ours } from '../stage.ts';
import type { Case } from './case.ts';

export const startUp: Case = {
  name: 'start-up',
  title: 'start-up (--version)',
  size: 2 ** 20,
  usesS3: false,
  async sides(stage) {
    return [
      ...ours({ ...stage, flags: [], builds: [] }, (modelpack) => ({
        run: () => measure(modelpack('--version'), stage.env),
      })),
      { name: 'node -e 0', run: () => measure([process.execPath, '-e', '0'], stage.env) },
    ];
  },
};
