import { defineResource, directive, type ResourceOf } from "#lib/config/define-resource.ts";
import { integer, nameText, oneOf, password, resourceName, speed, text, time } from "#lib/config/directive-types.ts";

/** The Cloud resource: an object store that Volumes are kept in. Nothing of it is acted upon. */
export const cloudTable = defineResource(
  "Cloud",
  {
    name: directive(resourceName(), { required: true, acts: true, description: "Name by which devices refer to it." }),
    description: directive(text(), { acts: true, description: "Free text for people." }),
    driver: directive(oneOf("S3", "File", "Azure", "Swift", "Google", "Oracle", "Was"), {
      required: true,
      acts: false,
      description: "Kind of store.",
    }),
    hostName: directive(nameText(), { acts: false, description: "Host of the store." }),
    bucketName: directive(nameText(), { required: true, acts: false, description: "Bucket that Volumes are kept in." }),
    region: directive(nameText(), { acts: false, description: "Region of the bucket." }),
    accessKey: directive(nameText(), { acts: false, description: "Name of the account." }),
    secretKey: directive(password(), { acts: false, description: "Secret of the account." }),
    protocol: directive(oneOf("HTTPS", "HTTP"), { default: "HTTPS", acts: false, description: "How the store is spoken to." }),
    blobEndpoint: directive(nameText(), { acts: false, description: "Address of the blob service." }),
    fileEndpoint: directive(nameText(), { acts: false, description: "Address of the file service." }),
    queueEndpoint: directive(nameText(), { acts: false, description: "Address of the queue service." }),
    tableEndpoint: directive(nameText(), { acts: false, description: "Address of the table service." }),
    endpointSuffix: directive(nameText(), { acts: false, description: "End of the names of all services." }),
    uriStyle: directive(oneOf("VirtualHost", "Path"), {
      default: "VirtualHost",
      acts: false,
      description: "Where the bucket stands in an address.",
    }),
    truncateCache: directive(oneOf("No", "AfterUpload", "AtEndOfJob", "ConfDefault"), {
      default: "No",
      acts: false,
      description: "When local parts are removed.",
    }),
    upload: directive(oneOf("No", "Manual", "EachPart", "AtEndOfJob"), {
      default: "No",
      acts: false,
      description: "When parts are uploaded.",
    }),
    maximumConcurrentUploads: directive(integer(), { default: 3, acts: false, description: "Most uploads at once." }),
    maximumConcurrentDownloads: directive(integer(), { default: 3, acts: false, description: "Most downloads at once." }),
    maximumUploadBandwidth: directive(speed(), {
      default: 0,
      acts: false,
      description: "Most bytes a second of uploads; 0 is no limit.",
    }),
    maximumDownloadBandwidth: directive(speed(), {
      default: 0,
      acts: false,
      description: "Most bytes a second of downloads; 0 is no limit.",
    }),
    driverCommand: directive(nameText(), { acts: false, description: "Program that speaks to the store." }),
    transferPriority: directive(oneOf("High", "Medium", "Low"), {
      default: "High",
      acts: false,
      description: "How quickly archived parts are brought back.",
    }),
    transferRetention: directive(time(), {
      default: 432_000,
      acts: false,
      description: "How long parts that were brought back are kept.",
    }),
  },
  { description: "An object store that Volumes are kept in." },
);

export interface CloudResource extends ResourceOf<typeof cloudTable> {}
