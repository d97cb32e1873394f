package contracts

// LogCheckpoint is the state of a coordinator's log, signed: how many records it
// has and the root of the Merkle tree over them.
type LogCheckpoint struct {
	// Checkpoint is a C2SP signed note of the form C2SP tlog-checkpoint.
	Checkpoint string `json:"checkpoint"`
	// Key is the verifier key that it is signed with. Trust the one that you were
	// told earlier, not this one.
	Key string `json:"key"`
}

// LogGrowth proves that a log only grew: the RFC 6962 consistency proof between
// its first From records and those of the checkpoint.
type LogGrowth struct {
	LogCheckpoint
	From  int64    `json:"from"`
	Proof [][]byte `json:"proof"`
}

// LogProof proves that a record stands in a log: its RFC 6962 audit path to the
// root of the checkpoint.
type LogProof struct {
	LogCheckpoint
	// Record is the record's number, from 1, and Data the record as it stands there.
	Record int64    `json:"record"`
	Data   []byte   `json:"data"`
	Proof  [][]byte `json:"proof"`
}
