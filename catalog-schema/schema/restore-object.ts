import { bytes, count, fastSerial, givenCount, integer, letter, name, serial, table, text } from "./table.ts";

/** Objects that plugins want back at restore. */
export const restoreObjectTable = table(
  "RestoreObject",
  "objects that plugins want back at restore",
  {
    RestoreObjectId: serial("row number"),
    ObjectName: text("name"),
    RestoreObject: bytes("the object"),
    PluginName: name("the plugin"),
    ObjectLength: integer("bytes as stored"),
    ObjectFullLength: integer("bytes uncompressed"),
    ObjectIndex: integer("index"),
    ObjectType: integer("type"),
    FileIndex: integer("FileIndex"),
    JobId: givenCount("-> Job"),
    ObjectCompression: integer("compression"),
  },
  { indices: [{ name: "restore_jobid_idx", columns: ["JobId"], why: "objects of a job" }] },
);

/** Objects of plugins: virtual machines, databases. */
export const objectTable = table(
  "Object",
  "objects of plugins: virtual machines, databases",
  {
    ObjectId: fastSerial("row number"),
    JobId: givenCount("-> Job"),
    Path: text("path"),
    Filename: text("name"),
    PluginName: name("the plugin"),
    ObjectCategory: name("category"),
    ObjectType: name("type"),
    ObjectName: name("name"),
    ObjectSource: name("source"),
    ObjectUUID: name("unique id"),
    ObjectSize: integer("bytes"),
    ObjectStatus: letter("status letter", "U"),
    ObjectCount: count("how many", 1),
  },
  {
    indices: [
      { name: "object_jobid_idx", columns: ["JobId"], why: "objects of a job" },
      { name: "object_category_idx", columns: ["ObjectCategory"], why: "list objects category=" },
      { name: "object_type_idx", columns: ["ObjectType"], why: "list objects type=" },
      { name: "object_name_idx", columns: ["ObjectName"], why: "list objects name=" },
      { name: "object_source_idx", columns: ["ObjectSource"], why: "list objects source=" },
    ],
  },
);

/** Tags that operators give to objects. */
export const tagObjectTable = table(
  "TagObject",
  "tags on objects",
  { ObjectId: count("-> Object"), Tag: name("the tag") },
  { primaryKey: ["ObjectId", "Tag"] },
);
