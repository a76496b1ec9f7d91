/** Error codes of the area "console": cause and remedy, one line each. */
export const consoleCodes = {
  COMMAND_UNKNOWN: {
    cause: "The first word of the line is no command of the Director.",
    remedy: "Type `help` for the list of commands.",
  },
  COMMAND_DENIED: {
    cause: "The Console resource with which the operator logged in does not allow this.",
    remedy: "Log in with another console, or extend the ACL directives of the Console resource and reload.",
  },
  KEYWORD_UNKNOWN: {
    cause: "The command does not know a keyword that was given.",
    remedy: "Type `help COMMAND` for its keywords.",
  },
  KEYWORD_AMBIGUOUS: {
    cause: "An abbreviated keyword fits several keywords of the command.",
    remedy: "Write more letters of it.",
  },
  KEYWORD_VALUE: {
    cause: "A keyword has no value, or one that does not fit.",
    remedy: "Write keyword=value; put a value with blanks in double quotes.",
  },
  LINE_INVALID: {
    cause: "A command line has an open quote or is too long.",
    remedy: "Close the quote; a line may have one MiB.",
  },
  ANSWER_MISSING: {
    cause: "The command asked a question and the input had ended, or nobody may be asked.",
    remedy: "Give the answer as a keyword on the command line, or on the next input line.",
  },
  RESOURCE_UNKNOWN: {
    cause: "No resource of that name is configured, or the console may not see it.",
    remedy: "Look with `show`; names are case-sensitive.",
  },
  OVERVIEW_REFUSED: {
    cause: "The Director does not tell bstatus how its site does.",
    remedy:
      "The CommandACL of the Console resource must hold .overview; a Director before this release does not know the command.",
  },
  OVERVIEW_INVALID: {
    cause: "bstatus cannot read what the Director told of its site.",
    remedy: "Use bstatus and Director of the same release.",
  },
  OVERVIEW_LATE: {
    cause: "The Director did not tell bstatus how its site does within the time allowed.",
    remedy: "Look with `status dir` whether the Director is busy; --timeout=TIME allows more.",
  },
  CATALOG_ROW_UNKNOWN: { cause: "The catalog has no such record.", remedy: "Look with `list`." },
  RESTORE_NOTHING: {
    cause: "The selection for a restore holds no file.",
    remedy: "Mark files in the tree, or give `all`, `file=` or `directory=`.",
  },
  RESTORE_NO_BACKUP: {
    cause: "No backup fits what was asked for, so there is nothing to restore from.",
    remedy: "Look with `list jobs client=NAME`; another client, FileSet or time may have one.",
  },
  VALUE_REFUSED: {
    cause: "A value given in the console is out of its bounds or not of its kind.",
    remedy: "Give a value as the message describes it.",
  },
  DEVICE_COMMAND_FAILED: {
    cause: "A storage daemon could not do what was asked of a device.",
    remedy: "Read its answer above; `status storage` shows the device.",
  },
  QUERY_FILE_INVALID: {
    cause: "The QueryFile of the Director is missing or holds no such query.",
    remedy: "Look at QueryFile in the Director resource.",
  },
  CONSOLES_TOO_MANY: {
    cause: "As many consoles are connected as the Director allows.",
    remedy: "Close one, or raise Maximum Console Connections in the Director resource.",
  },
  DIRECTOR_UNKNOWN: { cause: "bconsole.conf names no such Director.", remedy: "List them with bconsole -l." },
} as const;
