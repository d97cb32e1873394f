package contracts

// Check is a run of a unit's checker (verify_with) on its result: who ran it, what
// shows it, and what it found.
type Check struct {
	Node  NodeID `json:"node"`
	Valid bool   `json:"valid"`
	// UnitCID is the checker's invocation, ResultCID what came of it, absent where it
	// could not be run at all, BatchCID the batch in which that is signed.
	UnitCID   string `json:"unit_cid"`
	ResultCID string `json:"result_cid,omitempty"`
	BatchCID  string `json:"batch_cid,omitempty"`
}

// Checkable reports, as an UNSUPPORTED error that names the unit, why its results
// cannot be checked by its checker: a result that is refused is computed again, and
// compared byte for byte. It is nil for a unit without a checker.
func (u *WorkUnit) Checkable() error {
	switch {
	case u.VerifyWith == nil:
		return nil
	case !u.Type.CPU():
		return Errorf(CodeUnsupported, string(u.ID), "verify_with is for units whose outputs can be compared byte for byte, not for %s", u.Type)
	case !u.IsIdempotent():
		return Errorf(CodeUnsupported, string(u.ID), "verify_with runs a unit again when its result is refused, and this one is not idempotent")
	}
	return nil
}

// CheckedBlob is the name under which a checker finds an output that is not JSON. A
// unit with a checker mounts no blob of this name itself.
const CheckedBlob = "output"
