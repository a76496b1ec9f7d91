/** A configuration of a Director with one of each thing that a job needs, on one line each; tests append to it. */
export const DIRECTOR_TEXT = `
Director { Name = d; QueryFile = "/q"; WorkingDirectory = "/w"; Password = "pw"; Messages = M }
Messages { Name = M; console = all }
Catalog { Name = C; dbname = "bacula" }
Client { Name = c; Address = localhost; Password = "p"; Catalog = C }
Storage { Name = s; Address = localhost; Password = "p"; Device = dev; Media Type = F }
Pool { Name = P; Pool Type = Backup }
FileSet { Name = F; Include { Options { signature = MD5 } File = /etc } }
Job { Name = j; Type = Backup; Level = Full; Client = c; FileSet = F; Storage = s; Pool = P; Messages = M }
`;
