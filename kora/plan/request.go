package plan

import (
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// Request is a message and everything that its plan may depend on.
type Request struct {
	// ID is the request's UUID: with Tenant, the idempotency anchor of the graph.
	ID      string
	Tenant  contracts.TenantID
	Message string
	// Attachments are data that came with the message.
	Attachments []Attachment
	// Now is what the clock says and Zone the IANA zone of whoever asks; Locale
	// ("en-US", "en-GB", "de-DE") decides how 3/4/2026 and 1.234,5 are read.
	Now    time.Time
	Zone   string
	Locale string
	// Seed feeds what is drawn at random. Without one nothing is drawn.
	Seed *int64
	// Models says whether a model may be asked.
	Models ModelUse
	// Model is what to ask of it when it comes to that: tier, name, limits,
	// messages before this one and the system prompt. Its last message is added.
	Model contracts.ModelCall
	// ModelPlans lets a model plan what nothing here reads, with the tasks of Tasks;
	// what it plans is checked before it is run.
	ModelPlans bool
	Tasks      []contracts.TaskView
	// Routes are what the tenant has answers to; nil without any.
	Routes *Routes
	// Privacy of every unit.
	Privacy contracts.Privacy
}

// ModelUse says whether a model may be asked.
type ModelUse uint8

// The uses of models.
const (
	ModelIfNeeded ModelUse = iota // deterministic first
	ModelNever                    // answer without one, or abstain
	ModelOnly                     // do not try without
)

// Attachment is a block that came with a message.
type Attachment struct {
	Name      string
	MediaType string
	CID       cid.Cid
	Bytes     int64
	// Head is the beginning of the data, enough to see its columns or shape.
	Head []byte
}

// Limits of a request. A longer message is not read by grammars.
const (
	maxMessageBytes = 1 << 20
	maxTokens       = 2048
)
