package contracts

// Problem is the RFC 9457 body, application/problem+json, of every request that
// the gateway refuses (CONTRACTS section 10).
type Problem struct {
	// Type is a URI that names the kind of problem, one for each code.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail tells this occurrence in words.
	Detail string `json:"detail"`
	Code   Code   `json:"code"`
	// Offender names what is at fault: a unit id, a CID, a field, a parameter.
	Offender string `json:"offender,omitempty"`
	// Violations are the broken rules of a graph, up to a bound.
	Violations []*Violation `json:"violations,omitempty"`
	// Submission is the verdict when a submission was judged.
	Submission SubmitStatus `json:"submission_status,omitempty"`
}
