import type { Deployment } from '../deploy/deployment.ts';
import type { Level, Remark } from '../finding.ts';
import type { Project } from '../project.ts';
import type { Module } from '../python/module.ts';

/** Something that can be wrong with code that is to run on Lambda. */
export interface Rule {
  /** Its name in reports, in `# modelpack: ignore[…]` and in the documentation. Never used for something else. */
  readonly code: string;
  /** Of a finding, where the finding does not say otherwise. */
  readonly level: Level;
  /** Half a sentence. */
  readonly title: string;
  /** Markdown. */
  readonly why: string;
  /** Code that it finds, and code that it lets pass. */
  readonly bad: string;
  readonly good: string;
  check(module: Module, project: Project): Iterable<Remark>;
  /** The same for a SAM template, a Dockerfile and the like. */
  checkDeployment?(deployment: Deployment, project: Project): Iterable<Remark>;
}
