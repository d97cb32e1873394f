package contracts_test

// edgeDefects are those of dependencies, binds and conditions.
var edgeDefects = []defect{
	{"dependency unknown", edits(set(u1+"/dependencies/-", `"nobody"`)), "dependency_unknown", "index", u1 + "/dependencies/1", unseen},
	{"dependency on itself", edits(set(u1+"/dependencies/-", `"index"`)), "dependency_self", "index", u1 + "/dependencies/1", unseen},
	{"dependency named twice", edits(set(u1+"/dependencies/-", `"split"`)), "dependency_unique", "index", u1 + "/dependencies/1", seen},
	{"dependency malformed", edits(set(u1+"/dependencies/-", `"a b"`)), "dependency_unknown", "index", u1 + "/dependencies/1", seen},
	{"dependency null", edits(set(u1+"/dependencies/-", `null`)), "document", "", u1 + "/dependencies/1", seen},
	{"cycle of two", edits(set(u0+"/dependencies", `["index"]`)), "acyclic", "split", u0 + "/dependencies", unseen},

	{"bind from no dependency", edits(set(u1+"/bind/0/from", `"answer/rules"`)), "edge_undeclared", "index", u1 + "/bind/0/from", unseen},
	{"bind from nobody", edits(drop(u1 + "/bind/0/from")), "edge_undeclared", "index", u1 + "/bind/0/from", seen},
	{"bind to nowhere", edits(drop(u1 + "/bind/0/to")), "bind", "index", u1 + "/bind/0/to", seen},
	{"bind to a malformed pointer", edits(set(u1+"/bind/0/to", `"documents"`)), "bind", "index", u1 + "/bind/0/to", seen},
	{"bind of a malformed pointer", edits(set(u1+"/bind/0/select", `"/~2"`)), "bind", "index", u1 + "/bind/0/select", seen},
	{"bind of a blob and a value", edits(set(u1+"/bind/1/to", `"/x"`)), "bind", "index", u1 + "/bind/1", seen},
	{"bind of a part as blob", edits(set(u1+"/bind/1/select", `"/x"`)), "bind", "index", u1 + "/bind/1", seen},
	{"bind of a blob with a path", edits(set(u1+"/bind/1/blob", `"a/b"`)), "blob", "index", u1 + "/bind/1/blob", seen},
	{"bind of one blob twice", edits(set(u1+"/bind/-", `{"from":"split","blob":"parts.json"}`)), "blob", "index", u1 + "/bind/2/blob", unseen},
	{"bind of a blob that is there", edits(set(u1+"/blobs", `{"parts.json":{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}}`)), "blob", "index", u1 + "/bind/1/blob", unseen},
	{"bind of a blob for a model", edits(set(u3+"/bind/0", `{"from":"index","blob":"x"}`)), "bind", "answer/model", u3 + "/bind/0/blob", seen},
	{"bind field unknown", edits(set(u1+"/bind/0/as", `"x"`)), "document", "", u1 + "/bind/0/as", seen},

	{"when on no dependency", edits(set(u3+"/when/0/dependency", `"split"`)), "edge_undeclared", "answer/model", u3 + "/when/0/dependency", unseen},
	{"when on nobody", edits(drop(u3 + "/when/0/dependency")), "edge_undeclared", "answer/model", u3 + "/when/0/dependency", seen},
	{"condition missing", edits(drop(u3 + "/when/0/condition")), "when", "answer/model", u3 + "/when/0/condition", seen},
	{"condition unknown", edits(set(u3+"/when/0/condition", `"full_moon"`)), "when", "answer/model", u3 + "/when/0/condition", seen},
	{"threshold missing", edits(drop(u3 + "/when/1/threshold")), "when", "answer/model", u3 + "/when/1/threshold", seen},
	{"threshold on a failure", edits(set(u3+"/when/0/threshold", `0.5`)), "when", "answer/model", u3 + "/when/0/threshold", seen},
	{"threshold a string", edits(set(u3+"/when/1/threshold", `"0.5"`)), "document", "", u3 + "/when/1/threshold", seen},
	{"value missing", edits(drop(u3 + "/when/2/value")), "when", "answer/model", u3 + "/when/2/value", seen},
	{"value on a failure", edits(set(u3+"/when/0/value", `1`)), "when", "answer/model", u3 + "/when/0/value", seen},
	{"select on a failure", edits(set(u3+"/when/0/select", `"/x"`)), "when", "answer/model", u3 + "/when/0/select", seen},
	{"select malformed", edits(set(u3+"/when/2/select", `"language"`)), "when", "answer/model", u3 + "/when/2/select", seen},
	{"when field unknown", edits(set(u3+"/when/0/unless", `1`)), "document", "", u3 + "/when/0/unless", seen},
}
