import { Catalog } from "#catalog/catalog.ts";
import { insertJobMedia, listJobRegions } from "#catalog/queries/job-media.ts";
import { createJob, findJob } from "#catalog/queries/jobs.ts";
import { invariant } from "#lib/base/assert.ts";
import { fillCatalog, type Filling } from "./fill-catalog.ts";

/** Adds a job like one that was run, but with a made tree of so many files. Gives its number and what the filling took. */
export async function addLargeJob(file: string, like: number, files: number): Promise<{ jobId: number; filling: Filling }> {
  await using catalog = await Catalog.open({ driver: "sqlite", file });
  const model = await findJob(catalog, like);
  const [region] = await listJobRegions(catalog, [like]);
  invariant(model !== null && region !== undefined, `job ${like} was run and lies on a Volume`);
  const { JobId, ...columns } = model;
  void JobId;
  const jobId = await createJob(catalog, {
    ...columns,
    Job: `Made.${files}`,
    JobFiles: files,
    JobTDate: columns.JobTDate + 60,
  });
  const filling = await fillCatalog(catalog, jobId, files);
  const { MediaId, StartFile, EndFile, StartBlock, EndBlock } = region;
  const place = { MediaId, StartFile, EndFile, StartBlock, EndBlock, VolIndex: 1 };
  await insertJobMedia(catalog, [{ JobId: jobId, FirstIndex: 1, LastIndex: files, ...place }]);
  return { jobId, filling };
}
