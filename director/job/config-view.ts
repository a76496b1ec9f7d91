import type { DirectorResource } from "#director/config/director.ts";
import type { DirectorResources } from "#director/config/resources.ts";

/** One generation of the configuration, as the job engine reads it. */
export interface ConfigView {
  readonly director: DirectorResource;
  find<Type extends keyof DirectorResources>(type: Type, name: string): DirectorResources[Type] | undefined;
  all<Type extends keyof DirectorResources>(type: Type): readonly DirectorResources[Type][];
}
