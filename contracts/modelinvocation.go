package contracts

import (
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// ProfileLLM1 names the rules by which a pod renders and runs a model
// invocation: docs/spec/llm-1.md.
const ProfileLLM1 = "llm-1"

// Limits and defaults of a model invocation.
const (
	// DefaultMaxTokens is what a generation may say that names no bound.
	DefaultMaxTokens = 512
	// MaxModelInvocation bounds the block in bytes: it travels in one frame.
	MaxModelInvocation = 960 << 10
)

// ModelInvocation is a fully resolved model call. Its CID, unit_cid, names what
// is asked; unlike an Invocation's it does not fix the answer, which depends on
// the model and on the class of machine that runs it (ModelUse).
type ModelInvocation struct {
	V         int            `json:"v"`
	Profile   string         `json:"profile"`
	Operation ModelOperation `json:"operation"`
	Tier      ModelTier      `json:"tier"`
	// Name is the model asked for; empty is any of the tier.
	Name string `json:"name,omitempty"`
	// MaxTokens bounds the answer; 0 for an embedding.
	MaxTokens   int64     `json:"max_tokens"`
	Temperature float64   `json:"temperature"`
	TopP        float64   `json:"top_p"`
	Seed        int64     `json:"seed"`
	Stop        []string  `json:"stop,omitempty"`
	Messages    []Message `json:"messages,omitempty"`
	Prompt      string    `json:"prompt,omitempty"`
	System      string    `json:"system,omitempty"`
	// Evidence is untrusted text, what the unit's binds brought included.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Schema is the output schema in its RFC 8785 form, none for free text.
	Schema []byte `json:"schema,omitempty"`
	// Salt is per tenant and present exactly for local_only units.
	Salt []byte `json:"salt,omitempty"`
}

// Block returns the canonical bytes of the invocation.
func (v *ModelInvocation) Block() ([]byte, error) {
	b, err := dagcbor.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode model invocation: %w", err)
	}
	if len(b) > MaxModelInvocation {
		return nil, Errorf(CodeValidation, "model", "call has %d bytes, at most %d", len(b), MaxModelInvocation)
	}
	return b, nil
}

// DecodeModelInvocation reads a model invocation block and returns it with its
// unit_cid. An invocation of another kind, a CPU unit's, is VALIDATION_ERROR.
func DecodeModelInvocation(block []byte) (*ModelInvocation, cid.Cid, error) {
	unit := dagcbor.CID(block)
	var v ModelInvocation
	if err := dagcbor.Unmarshal(block, &v); err != nil {
		return nil, unit, Errorf(CodeValidation, unit.String(), "decode model invocation: %w", err)
	}
	if v.V != 1 {
		return nil, unit, Errorf(CodeVersionMismatch, unit.String(), "model invocation version %d is not supported", v.V)
	}
	if why := v.malformed(); why != "" {
		return nil, unit, Errorf(CodeValidation, unit.String(), "model invocation %s", why)
	}
	return &v, unit, nil
}

// malformed says what is wrong, "" if nothing is.
func (v *ModelInvocation) malformed() string {
	generate := v.Operation == Generate
	switch {
	case v.Profile == "" || len(v.Profile) > maxNameBytes || len(v.Name) > maxUnitNameBytes:
		return "has no profile or too long a name"
	case !generate && v.Operation != Embed:
		return fmt.Sprintf("asks for operation %.40q", v.Operation)
	case (v.Prompt == "") == (len(v.Messages) == 0):
		return "needs exactly one of messages and prompt"
	case generate && (v.MaxTokens < 1 || v.MaxTokens > maxTokens):
		return fmt.Sprintf("has max_tokens %d, allowed are 1 to %d", v.MaxTokens, maxTokens)
	case !(v.Temperature >= 0 && v.Temperature <= 2) || !(v.TopP > 0 && v.TopP <= 1):
		return fmt.Sprintf("has temperature %v and top_p %v", v.Temperature, v.TopP)
	case len(v.Salt) > MaxSaltBytes:
		return fmt.Sprintf("has a salt of %d bytes", len(v.Salt))
	}
	return ""
}

// Overheads of a rendered call, in tokens: more than any rule of llm-1 adds to
// what the invocation says.
const (
	overheadCall  = 512
	overheadTurn  = 32
	overheadPiece = 64
)

// MostTokens bounds what one call of a model can take, prompt and answer: a token
// stands for at least one byte.
func (v *ModelInvocation) MostTokens() int64 {
	n := overheadCall + len(v.System) + len(v.Prompt) + len(v.Schema)
	for i := range v.Messages {
		n += overheadTurn + len(v.Messages[i].Role) + len(v.Messages[i].Content)
	}
	for i := range v.Evidence {
		n += overheadPiece + len(v.Evidence[i].Label) + len(v.Evidence[i].Text)
	}
	return int64(n) + v.MaxTokens
}
