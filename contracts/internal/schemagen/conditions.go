package main

// conditions tie members of one type to each other; each becomes an element of
// the type's allOf. An empty text or list in an optional member is the same as
// its absence.
var conditions = map[string][]string{
	"WorkUnit": {
		`{"if": {"properties": {"type": {"const": "llm"}}, "required": ["type"]},
		  "then": {"required": ["model"], "properties": {"program": false, "blobs": {"maxProperties": 0}, "bind": {"items": {"properties": {"blob": {"const": ""}}}}}},
		  "else": {"required": ["program"], "properties": {"model": false}}}`,
		`{"if": {"properties": {"model": {"properties": {"operation": {"const": "generate"}}, "required": ["operation"]}}, "required": ["model"]},
		  "then": {"oneOf": [{"required": ["output_schema"]}, {"properties": {"model": {"properties": {"free_text": {"const": true}}, "required": ["free_text"]}}}]}}`,
		`{"if": {"properties": {"idempotent": {"const": false}}, "required": ["idempotent"]},
		  "then": {"properties": {"retries": {"properties": {"max_attempts": {"maximum": 1}}}}}}`,
	},
	"Program": {
		`{"oneOf": [
			{"required": ["task"], "properties": {"task": {"minLength": 1}, "module": false, "entry": {"maxLength": 0}}},
			{"required": ["module"], "properties": {"task": {"maxLength": 0}}}]}`,
	},
	"ModelCall": {
		`{"oneOf": [
			{"required": ["prompt"], "properties": {"prompt": {"minLength": 1}}},
			{"required": ["messages"], "properties": {"messages": {"minItems": 1}}}]}`,
	},
	"Bind": {
		`{"if": {"required": ["blob"], "properties": {"blob": {"minLength": 1}}},
		  "then": {"properties": {"select": {"maxLength": 0}, "to": {"maxLength": 0}, "blob": {` + blobName + `}}},
		  "else": {"required": ["to"], "properties": {"to": {"minLength": 1}}}}`,
	},
	"Condition": {
		`{"if": {"properties": {"condition": {"const": "confidence_below"}}, "required": ["condition"]},
		  "then": {"required": ["threshold"]}, "else": {"properties": {"threshold": false}}}`,
		`{"if": {"properties": {"condition": {"const": "equals"}}, "required": ["condition"]},
		  "then": {"required": ["value"]}, "else": {"properties": {"value": false, "select": {"maxLength": 0}}}}`,
	},
	"Result": {
		`{"if": {"properties": {"outcome": {"const": "success"}}, "required": ["outcome"]},
		  "then": {"required": ["output", "media_type"], "properties": {"error_code": false}},
		  "else": {"required": ["error_code"], "properties": {"output": false, "media_type": false, "output_bytes": {"const": 0}}}}`,
	},
	"ModelResult": {
		`{"if": {"properties": {"outcome": {"const": "success"}}, "required": ["outcome"]},
		  "then": {"required": ["output", "media_type"], "properties": {"error_code": false}},
		  "else": {"required": ["error_code"], "properties": {"output": false, "media_type": false, "output_bytes": {"const": 0}}}}`,
	},
	"Event": {
		`{"if": {"properties": {"type": {"pattern": "^(workunit|llm)\\."}}, "required": ["type"]}, "then": {"required": ["subject"]}}`,
		`{"if": {"properties": {"type": {"pattern": "^(workunit|llm|execution\\.session)\\."}}, "required": ["type"]},
		  "then": {"required": ["tenantid", "graphid", "sessionid"]}}`,
	},
}
