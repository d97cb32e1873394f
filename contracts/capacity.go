package contracts

// CapacityView is the answer of GET /v1/capacity: the queue of model calls, the pods
// that there are and should be, and how much is let in.
type CapacityView struct {
	Queued    int   `json:"queued"`
	Running   int   `json:"running"`
	WaitP95MS int64 `json:"wait_p95_ms"`
	Pods      int   `json:"pods"`
	Slots     int   `json:"slots"`
	// Scaling is set where the coordinator decides how many pods there are: Desired
	// of them, between Min and Max. Applied is how many were started.
	Scaling bool   `json:"scaling"`
	Desired int    `json:"desired"`
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Applied int    `json:"applied"`
	Error   string `json:"error,omitempty"`
	// ETAMS is about how long the first pod takes yet, while calls wait for it.
	ETAMS int64 `json:"eta_ms,omitempty"`
	// Admission is OPEN, THROTTLED or CRITICAL for graphs, ModelAdmission for those
	// with model calls.
	Admission      string `json:"admission"`
	ModelAdmission string `json:"model_admission"`
	Congestion     bool   `json:"congestion"`
	Frozen         bool   `json:"frozen"`
	// Units are those of all graphs that run.
	Units    int `json:"units"`
	MaxUnits int `json:"max_units"`
	// Storage is what blocks take.
	Storage StorageView `json:"storage"`
}

// StorageView is what a coordinator's blocks take, and what was let go of because
// nobody named it any more.
type StorageView struct {
	// BlockBytes is about what they take on the disk.
	BlockBytes int64 `json:"block_bytes"`
	// CollectedBlocks of CollectedBytes were let go since the coordinator started, in
	// Collections.
	Collections     uint64 `json:"collections"`
	CollectedBlocks uint64 `json:"collected_blocks"`
	CollectedBytes  uint64 `json:"collected_bytes"`
	// KeptBlocks of KeptBytes were left by the last collection, which ended at
	// CollectedAt; unset before the first.
	KeptBlocks  uint64 `json:"kept_blocks"`
	KeptBytes   uint64 `json:"kept_bytes"`
	CollectedAt *Time  `json:"collected_at,omitempty"`
}

// ScaleRequested is the data of capacity.scale.requested: how many pods are wanted
// from now on, and how many calls each should take.
type ScaleRequested struct {
	From        int    `json:"from"`
	To          int    `json:"to"`
	Concurrency int    `json:"concurrency"`
	Reason      string `json:"reason"`
}

// ScaleApplied is the data of capacity.scale.applied.
type ScaleApplied struct {
	Wanted  int    `json:"wanted"`
	Running int    `json:"running"`
	Error   string `json:"error,omitempty"`
}

// AdmissionChanged is the data of capacity.admission.mode.changed. Of is "graphs"
// or "model_calls".
type AdmissionChanged struct {
	Of     string `json:"of"`
	Mode   string `json:"mode"`
	Reason string `json:"reason"`
}

// CongestionChanged is the data of congestion.mode.changed.
type CongestionChanged struct {
	Congestion bool `json:"congestion"`
}

// QueueDepth is the data of queue.depth.updated, of model calls.
type QueueDepth struct {
	Queued    int   `json:"queued"`
	Running   int   `json:"running"`
	WaitP95MS int64 `json:"wait_p95_ms"`
	Pods      int   `json:"pods"`
	Slots     int   `json:"slots"`
}
