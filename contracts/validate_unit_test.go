package contracts_test

import "github.com/krako-labs/krako/contracts"

const (
	u0 = "/work_units/0"
	u1 = "/work_units/1"
	u3 = "/work_units/3"
)

// unitDefects are those of CONTRACTS section 3 that every type of unit can have.
var unitDefects = []defect{
	{"unit that is no object", edits(set("/work_units/0", `"split"`)), "document", "", u0, seen},
	{"unit field unknown", edits(set(u0+"/colour", `"red"`)), "document", "", u0 + "/colour", seen},
	{"id malformed", edits(set("/work_units/-", `{"id":"a b","type":"deterministic","program":{"task":"t@1"}}`)), "unit_id", "a b", "/work_units/4/id", seen},
	{"id missing", edits(set("/work_units/-", `{"type":"deterministic","program":{"task":"t@1"}}`)), "unit_id", "", "/work_units/4/id", seen},
	{"id empty", edits(set("/work_units/-", `{"id":"","type":"deterministic","program":{"task":"t@1"}}`)), "unit_id", "", "/work_units/4/id", seen},
	{"id too long", edits(set("/work_units/-", `{"id":"`+long129+`","type":"deterministic","program":{"task":"t@1"}}`)), "unit_id", contracts.UnitID(long128 + "…"), "/work_units/4/id", seen},
	{"id of another unit", edits(set("/work_units/-", `{"id":"split","type":"deterministic","program":{"task":"t@1"}}`)), "unit_id_unique", "split", "/work_units/4/id", unseen},
	{"name too long", edits(set(u0+"/name", `"`+long128+long129+`"`)), "constraint", "split", u0 + "/name", seen},
	{"name a number", edits(set(u0+"/name", `7`)), "document", "", u0 + "/name", seen},

	{"type missing", edits(drop(u0 + "/type")), "unit_type", "split", u0 + "/type", seen},
	{"type unknown", edits(set(u0+"/type", `"quantum"`)), "unit_type", "split", u0 + "/type", seen},

	{"input an array", edits(set(u0+"/input", `[1]`)), "input", "split", u0 + "/input", seen},
	{"input null", edits(set(u0+"/input", `null`)), "input", "split", u0 + "/input", seen},
	{"input with an integer that is not exact", edits(set(u0+"/input/n", `9007199254740993`)), "document", "", u0 + "/input/n", unseen},

	{"output_schema no schema", edits(set(u0+"/output_schema", `{"type":"text"}`)), "output_schema", "split", u0 + "/output_schema", unseen},
	{"output_schema a string", edits(set(u0+"/output_schema", `"object"`)), "output_schema", "split", u0 + "/output_schema", seen},
	{"output_schema null", edits(set(u0+"/output_schema", `null`)), "output_schema", "split", u0 + "/output_schema", seen},
	{"output_schema of another place", edits(set(u0+"/output_schema", `{"$ref":"https://example.org/s.json"}`)), "output_schema", "split", u0 + "/output_schema", unseen},
	{"output_schema of a file", edits(set(u0+"/output_schema", `{"$ref":"file:///etc/passwd"}`)), "output_schema", "split", u0 + "/output_schema", unseen},

	{"privacy unknown", edits(set(u0+"/constraints/privacy", `"secret"`)), "constraint", "split", u0 + "/constraints/privacy", seen},
	{"latency negative", edits(set(u0+"/constraints/latency_ms", `-1`)), "constraint", "split", u0 + "/constraints/latency_ms", seen},
	{"budget_tokens negative", edits(set(u3+"/constraints/budget_tokens", `-1`)), "constraint", "answer/model", u3 + "/constraints/budget_tokens", seen},
	{"fuel 0", edits(set(u0+"/constraints/fuel", `0`)), "constraint", "split", u0 + "/constraints/fuel", seen},
	{"fuel too wide", edits(set(u0+"/constraints/fuel", jsTooWide)), "constraint", "split", u0 + "/constraints/fuel", seen},
	{"memory 0", edits(set(u0+"/constraints/memory_mb", `0`)), "constraint", "split", u0 + "/constraints/memory_mb", seen},
	{"memory above 4 GiB", edits(set(u0+"/constraints/memory_mb", `4097`)), "constraint", "split", u0 + "/constraints/memory_mb", seen},
	{"trusted_node_required no boolean", edits(set(u0+"/constraints/trusted_node_required", `1`)), "document", "", u0 + "/constraints/trusted_node_required", seen},
	{"constraint unknown", edits(set(u0+"/constraints/colour", `1`)), "document", "", u0 + "/constraints/colour", seen},

	{"region no name", edits(set(u0+"/execution_hint/region", `"Mount Doom"`)), "constraint", "split", u0 + "/execution_hint/region", seen},
	{"region too long", edits(set(u0+"/execution_hint/region", `"`+long129+`"`)), "constraint", "split", u0 + "/execution_hint/region", seen},
	{"node tag no name", edits(set(u0+"/execution_hint/node_tags/1", `"my lab"`)), "constraint", "split", u0 + "/execution_hint/node_tags/1", seen},
	{"node tag empty", edits(set(u0+"/execution_hint/node_tags/1", `""`)), "constraint", "split", u0 + "/execution_hint/node_tags/1", seen},
	{"min_ram_mb negative", edits(set(u0+"/execution_hint/requires/min_ram_mb", `-1`)), "constraint", "split", u0 + "/execution_hint/requires/min_ram_mb", seen},
	{"min_vram_mb negative", edits(set(u0+"/execution_hint/requires/min_vram_mb", `-1`)), "constraint", "split", u0 + "/execution_hint/requires/min_vram_mb", seen},
	{"accelerator no name", edits(set(u0+"/execution_hint/requires/accelerators/0", `"a b"`)), "constraint", "split", u0 + "/execution_hint/requires/accelerators/0", seen},
	{"hint unknown", edits(set(u0+"/execution_hint/colour", `1`)), "document", "", u0 + "/execution_hint/colour", seen},

	{"idempotent null", edits(set(u0+"/idempotent", `null`)), "document", "", u0 + "/idempotent", seen},
	{"critical a string", edits(set(u0+"/critical", `"yes"`)), "document", "", u0 + "/critical", seen},
	{"priority unknown", edits(set(u0+"/priority", `"p4"`)), "constraint", "split", u0 + "/priority", seen},
	{"verification_mode unknown", edits(set(u0+"/verification_mode", `"hope"`)), "constraint", "split", u0 + "/verification_mode", seen},

	{"dispatch_timeout 0", edits(set(u0+"/timeouts/dispatch_timeout_ms", `0`)), "constraint", "split", u0 + "/timeouts/dispatch_timeout_ms", seen},
	{"run_timeout 0", edits(set(u0+"/timeouts/run_timeout_ms", `0`)), "constraint", "split", u0 + "/timeouts/run_timeout_ms", seen},
	{"run_timeout too wide", edits(set(u0+"/timeouts/run_timeout_ms", jsTooWide)), "constraint", "split", u0 + "/timeouts/run_timeout_ms", seen},

	{"six attempts", edits(set(u0+"/retries/max_attempts", `6`)), "constraint", "split", u0 + "/retries/max_attempts", seen},
	{"attempts negative", edits(set(u0+"/retries/max_attempts", `-1`)), "constraint", "split", u0 + "/retries/max_attempts", seen},
	{"attempts with a fraction", edits(set(u0+"/retries/max_attempts", `1.5`)), "document", "", u0 + "/retries/max_attempts", seen},
	{"backoff negative", edits(set(u0+"/retries/backoff_ms", `-1`)), "constraint", "split", u0 + "/retries/backoff_ms", seen},
	{"retries of what is not idempotent", edits(set(u0+"/idempotent", `false`)), "constraint", "split", u0 + "/retries/max_attempts", seen},
}

// programDefects are those of programs and blobs.
var programDefects = []defect{
	{"program missing", edits(drop(u0 + "/program")), "program", "split", u0 + "/program", seen},
	{"program empty", edits(set(u0+"/program", `{}`)), "program", "split", u0 + "/program", seen},
	{"program of both kinds", edits(set(u1+"/program/task", `"t@1"`)), "program", "index", u1 + "/program", seen},
	{"program null", edits(set(u0+"/program", `null`)), "document", "", u0 + "/program", seen},
	{"program field unknown", edits(set(u0+"/program/args", `[]`)), "document", "", u0 + "/program/args", seen},
	{"task without a version", edits(set(u0+"/program/task", `"text/split"`)), "program", "split", u0 + "/program/task", seen},
	{"task with two versions", edits(set(u0+"/program/task", `"text/split@1@2"`)), "program", "split", u0 + "/program/task", seen},
	{"task without a name", edits(set(u0+"/program/task", `"@1"`)), "program", "split", u0 + "/program/task", seen},
	{"task with a space", edits(set(u0+"/program/task", `"text split@1"`)), "program", "split", u0 + "/program/task", seen},
	{"task with an entry", edits(set(u0+"/program/entry", `"main"`)), "program", "split", u0 + "/program/entry", seen},
	{"entry too long", edits(set(u1+"/program/entry", `"`+long129+`"`)), "program", "index", u1 + "/program/entry", seen},
	{"module a string", edits(set(u1+"/program/module", `"bafkreiasbfynqeudn4myrbrflb5embvfvur454y4q2comalxcvjfjd6gxe"`)), "document", "", u1 + "/program/module", seen},
	{"module no CID", edits(set(u1+"/program/module", `{"/":"module"}`)), "document", "", u1 + "/program/module", seen},
	{"module a link with more", edits(set(u1+"/program/module/size", `1`)), "document", "", u1 + "/program/module", seen},
	{"module in another base", edits(set(u1+"/program/module", `{"/":"zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA"}`)), "document", "", u1 + "/program/module", seen},
	{"module of CIDv0", edits(set(u1+"/program/module", `{"/":"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"}`)), "program", "index", u1 + "/program/module", seen},
	{"module a structured block", edits(set(u1+"/program/module", `{"/":"bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}`)), "program", "index", u1 + "/program/module", seen},
	{"model on a CPU unit", edits(set(u0+"/model", `{"operation":"generate","tier":"small","prompt":"x","free_text":true}`)), "model", "split", u0 + "/model", seen},

	{"verify_with empty", edits(set(u0+"/verify_with", `{}`)), "program", "split", u0 + "/verify_with", seen},
	{"verify_with malformed", edits(set(u0+"/verify_with", `{"task":"check"}`)), "program", "split", u0 + "/verify_with/task", seen},
	{"verify_with where the output stands", edits(set(u0+"/verify_with", `{"task":"check@1"}`), set(u0+"/blobs/output", `{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}`)), "blob", "split", u0 + "/blobs/output", unseen},

	{"blob with a path", edits(set(u0+"/blobs/a~1b", `{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}`)), "blob", "split", u0 + "/blobs/a~1b", seen},
	{"blob of the parent directory", edits(set(u0+"/blobs/..", `{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}`)), "blob", "split", u0 + "/blobs/..", seen},
	{"blob without a name", edits(set(u0+"/blobs/", `{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}`)), "blob", "split", u0 + "/blobs/", seen},
	{"blob with a long name", edits(set(u0+"/blobs/"+long129, `{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}`)), "blob", "split", u0 + "/blobs/" + long129, seen},
	{"blob null", edits(set(u0+"/blobs/corpus.txt", `null`)), "blob", "split", u0 + "/blobs/corpus.txt", seen},
	{"blob of a foreign hash", edits(set(u0+"/blobs/corpus.txt", `{"/":"bafkreaaaaaaa"}`)), "document", "", u0 + "/blobs/corpus.txt", seen},
	{"blob on an llm unit", edits(set(u3+"/blobs", `{"x":{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}}`)), "blob", "answer/model", u3 + "/blobs", seen},
}

// modelDefects are those of model calls.
var modelDefects = []defect{
	{"model missing", edits(drop(u3 + "/model")), "model", "answer/model", u3 + "/model", seen},
	{"model field unknown", edits(set(u3+"/model/n_gpu_layers", `99`)), "document", "", u3 + "/model/n_gpu_layers", seen},
	{"program on an llm unit", edits(set(u3+"/program", `{"task":"t@1"}`)), "program", "answer/model", u3 + "/program", seen},
	{"operation missing", edits(drop(u3 + "/model/operation")), "model", "answer/model", u3 + "/model/operation", seen},
	{"operation unknown", edits(set(u3+"/model/operation", `"dream"`)), "model", "answer/model", u3 + "/model/operation", seen},
	{"tier missing", edits(drop(u3 + "/model/tier")), "model", "answer/model", u3 + "/model/tier", seen},
	{"tier unknown", edits(set(u3+"/model/tier", `"huge"`)), "model", "answer/model", u3 + "/model/tier", seen},
	{"neither messages nor prompt", edits(drop(u3 + "/model/messages")), "model", "answer/model", u3 + "/model", seen},
	{"messages empty", edits(set(u3+"/model/messages", `[]`)), "model", "answer/model", u3 + "/model", seen},
	{"messages and prompt", edits(set(u3+"/model/prompt", `"x"`)), "model", "answer/model", u3 + "/model", seen},
	{"role missing", edits(drop(u3 + "/model/messages/0/role")), "model", "answer/model", u3 + "/model/messages/0/role", seen},
	{"role unknown", edits(set(u3+"/model/messages/0/role", `"root"`)), "model", "answer/model", u3 + "/model/messages/0/role", seen},
	{"content missing", edits(drop(u3 + "/model/messages/0/content")), "document", "", u3 + "/model/messages/0/content", seen},
	{"evidence without a label", edits(drop(u3 + "/model/evidence/0/label")), "model", "answer/model", u3 + "/model/evidence/0/label", seen},
	{"evidence with a long label", edits(set(u3+"/model/evidence/0/label", `"`+long128+long129+`"`)), "model", "answer/model", u3 + "/model/evidence/0/label", seen},
	{"evidence without text", edits(drop(u3 + "/model/evidence/0/text")), "document", "", u3 + "/model/evidence/0/text", seen},
	{"max_tokens negative", edits(set(u3+"/model/max_tokens", `-1`)), "model", "answer/model", u3 + "/model/max_tokens", seen},
	{"max_tokens above 2^24", edits(set(u3+"/model/max_tokens", `16777217`)), "model", "answer/model", u3 + "/model/max_tokens", seen},
	{"temperature negative", edits(set(u3+"/model/temperature", `-0.1`)), "model", "answer/model", u3 + "/model/temperature", seen},
	{"temperature above 2", edits(set(u3+"/model/temperature", `2.1`)), "model", "answer/model", u3 + "/model/temperature", seen},
	{"top_p 0", edits(set(u3+"/model/top_p", `0`)), "model", "answer/model", u3 + "/model/top_p", seen},
	{"top_p above 1", edits(set(u3+"/model/top_p", `1.1`)), "model", "answer/model", u3 + "/model/top_p", seen},
	{"seed too wide", edits(set(u3+"/model/seed", jsTooWide)), "model", "answer/model", u3 + "/model/seed", seen},
	{"seed too narrow", edits(set(u3+"/model/seed", `-`+jsTooWide)), "model", "answer/model", u3 + "/model/seed", seen},
	{"stop no array", edits(set(u3+"/model/stop", `"x"`)), "document", "", u3 + "/model/stop", seen},
	{"neither a schema nor free text", edits(drop(u3 + "/output_schema")), "output_schema", "answer/model", u3 + "/model/free_text", seen},
	{"a schema and free text", edits(set(u3+"/model/free_text", `true`)), "output_schema", "answer/model", u3 + "/model/free_text", seen},
}
