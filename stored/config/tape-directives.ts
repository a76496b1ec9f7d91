import { directive } from "#lib/config/define-resource.ts";
import { bool, nameText, size, time } from "#lib/config/directive-types.ts";

/** Directives of a Device that are about drives with tapes: what the drive can do, and what it may take. */
export const tapeDirectives = {
  hardwareEndOfFile: directive(bool(), {
    default: true,
    acts: false,
    description: "The drive finds file marks by itself. A VTape does; for real drives.",
  }),
  hardwareEndOfMedium: directive(bool(), {
    default: true,
    acts: true,
    description: "The drive finds the end of data by itself.",
  }),
  backwardSpaceRecord: directive(bool(), {
    default: true,
    acts: true,
    description: "The drive can step back a record. Jobs never do; btape tests it.",
  }),
  backwardSpaceFile: directive(bool(), {
    default: true,
    acts: true,
    description: "The drive can step back a file mark; else it is rewound and goes forward.",
  }),
  bsfAtEom: directive(bool(), {
    default: false,
    acts: false,
    description: "A step back over a file mark is needed after the end of data was found. For real drives.",
  }),
  twoEof: directive(bool(), { default: false, acts: true, description: "Two file marks end the data." }),
  forwardSpaceRecord: directive(bool(), { default: true, acts: true, description: "The drive can step forward a record." }),
  forwardSpaceFile: directive(bool(), { default: true, acts: true, description: "The drive can step forward a file mark." }),
  fastForwardSpaceFile: directive(bool(), {
    default: true,
    acts: true,
    description: "The drive can step forward many file marks at once.",
  }),
  blockPositioning: directive(bool(), {
    default: true,
    acts: true,
    description: "Goes to the block that is wanted and not only to its file mark.",
  }),
  useMtiocGet: directive(bool(), {
    default: true,
    acts: false,
    description: "Asks the driver for the position. For real drives.",
  }),
  useLintape: directive(bool(), {
    default: false,
    acts: false,
    description: "The drive uses the lin_tape driver. For real drives.",
  }),
  offlineOnUnmount: directive(bool(), {
    default: false,
    acts: false,
    description: "Ejects the medium when it is unmounted. For real drives.",
  }),
  wormCommand: directive(nameText(), {
    acts: false,
    description: "Program that finds out whether a medium can be written once only.",
  }),
  maximumRewindWait: directive(time(), {
    synonyms: ["MaximumRewindTime", "MaxRewindTime", "MaxRewindWait"],
    default: 300,
    acts: true,
    description:
      "How long a rewind may take; then the job fails, and the drive counts as hung until it answers. 0 is no limit. For Device Type VTape.",
  }),
  minimumRewindWait: directive(time(), {
    synonyms: ["MinimumRewindTime", "MinRewindTime", "MinRewindWait"],
    default: 0,
    acts: true,
    description: "A rewind that takes less is told as a warning: perhaps no tape is in the drive. For Device Type VTape.",
  }),
  simulatedRewindTime: directive(time(), {
    default: 0,
    acts: true,
    description: "How long each rewind of a tape in a file takes, to rehearse slow drives. For Device Type VTape.",
  }),
  volumeCapacity: directive(size(), {
    default: 0,
    acts: true,
    description: "Size of a tape in bytes; 0: what it was made with, or what its disk takes. For Device Type VTape.",
  }),
};
