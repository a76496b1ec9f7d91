import { foreignSql } from "./foreign-sql.ts";
import type { World } from "./world.ts";

/**
 * What a catalog says, with names in the place of row numbers, which depend on the order in which rows were made. Left out are the
 * columns that only the past knew; docs/manual/tools.md lists them for administrators.
 */
const QUERIES: Readonly<Record<string, string>> = {
  Job: `SELECT j.JobId, j.Job, j.Name, j.Type, j.Level, c.Name, j.JobStatus, j.SchedTime, j.StartTime, j.VolSessionId, j.VolSessionTime,
      j.JobFiles, j.JobBytes, j.ReadBytes, j.JobErrors, j.JobMissingFiles, p.Name, f.FileSet, f.MD5, j.PriorJobId, j.PriorJob,
      j.PurgedFiles, j.HasBase, j.HasCache, j.Reviewed, j.Comment, j.FileTable
    FROM Job j LEFT JOIN Client c ON c.ClientId = j.ClientId LEFT JOIN Pool p ON p.PoolId = j.PoolId
      LEFT JOIN FileSet f ON f.FileSetId = j.FileSetId WHERE j.Type = 'B' ORDER BY j.JobId`,
  File: `SELECT f.JobId, f.FileIndex, p.Path, f.Filename, f.DeltaSeq, f.LStat, f.MD5
    FROM File f JOIN Path p ON p.PathId = f.PathId ORDER BY f.JobId, f.FileIndex, p.Path, f.Filename`,
  PathHierarchy: `SELECT p.Path, q.Path FROM PathHierarchy h JOIN Path p ON p.PathId = h.PathId JOIN Path q ON q.PathId = h.PPathId
    ORDER BY p.Path`,
  PathVisibility: `SELECT v.JobId, p.Path, v.Size, v.Files FROM PathVisibility v JOIN Path p ON p.PathId = v.PathId ORDER BY v.JobId, p.Path`,
  JobMedia: `SELECT j.JobId, m.VolumeName, j.FirstIndex, j.LastIndex, j.StartFile, j.StartBlock, j.EndFile, j.EndBlock, j.VolIndex
    FROM JobMedia j JOIN Media m ON m.MediaId = j.MediaId ORDER BY j.JobId, j.VolIndex, m.VolumeName, j.StartFile, j.StartBlock`,
  Media: `SELECT m.VolumeName, m.Slot, p.Name, m.MediaType, t.MediaType, m.LabelType, m.LabelDate IS NOT NULL, m.VolFiles, m.VolBlocks,
      m.VolParts, m.VolBytes, m.VolABytes, m.VolHoleBytes, m.VolType, m.VolCapacityBytes, m.Enabled, m.Recycle, m.ActionOnPurge,
      m.VolRetention, m.VolUseDuration, m.MaxVolJobs, m.MaxVolFiles, m.MaxVolBytes, m.InChanger, s.Name, m.EndFile, m.EndBlock,
      m.RecycleCount, sp.Name, rp.Name
    FROM Media m LEFT JOIN Pool p ON p.PoolId = m.PoolId LEFT JOIN MediaType t ON t.MediaTypeId = m.MediaTypeId
      LEFT JOIN Storage s ON s.StorageId = m.StorageId LEFT JOIN Pool sp ON sp.PoolId = m.ScratchPoolId
      LEFT JOIN Pool rp ON rp.PoolId = m.RecyclePoolId ORDER BY m.VolumeName`,
  Pool: `SELECT p.Name, p.NumVols, p.MaxVols, p.UseOnce, p.UseCatalog, p.AcceptAnyVolume, p.VolRetention, p.CacheRetention, p.VolUseDuration,
      p.MaxVolJobs, p.MaxVolFiles, p.MaxVolBytes, p.MaxPoolBytes, p.AutoPrune, p.Recycle, p.ActionOnPurge, p.PoolType, p.LabelType,
      p.LabelFormat, p.Enabled, s.Name, r.Name, n.Name, p.MigrationHighBytes, p.MigrationLowBytes, p.MigrationTime
    FROM Pool p LEFT JOIN Pool s ON s.PoolId = p.ScratchPoolId LEFT JOIN Pool r ON r.PoolId = p.RecyclePoolId
      LEFT JOIN Pool n ON n.PoolId = p.NextPoolId ORDER BY p.Name`,
  Client: `SELECT Name, Uname, AutoPrune, FileRetention, JobRetention FROM Client ORDER BY Name`,
  FileSet: `SELECT FileSet, MD5, CreateTime FROM FileSet ORDER BY FileSet, MD5`,
  Storage: `SELECT Name, AutoChanger FROM Storage ORDER BY Name`,
  MediaType: `SELECT MediaType, ReadOnly FROM MediaType ORDER BY MediaType`,
};

/** Rows of each table of a site's catalog as the database's own client shows them. */
export async function dumpCatalog(world: World): Promise<ReadonlyMap<string, readonly string[]>> {
  const dump = new Map<string, readonly string[]>();
  for (const [table, query] of Object.entries(QUERIES)) dump.set(table, await foreignSql(world, query));
  return dump;
}

/** Differences of two dumps, one line each; none when they say the same. */
export function dumpDifferences(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string[] {
  return [...before].flatMap(([table, rows]) => {
    const others = after.get(table) ?? [];
    return [
      ...rows.filter((row) => !others.includes(row)).map((row) => `${table} - ${row}`),
      ...others.filter((row) => !rows.includes(row)).map((row) => `${table} + ${row}`),
    ];
  });
}
