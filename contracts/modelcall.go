package contracts

// ModelCall is what an llm unit asks of a model.
type ModelCall struct {
	Operation ModelOperation `json:"operation"`
	Tier      ModelTier      `json:"tier"`
	// Name asks for one model of the tier; empty leaves the choice to placement.
	Name        string   `json:"name,omitempty"`
	MaxTokens   int64    `json:"max_tokens,omitempty"`
	Temperature *float64 `json:"temperature,omitempty"`
	TopP        *float64 `json:"top_p,omitempty"`
	Seed        *int64   `json:"seed,omitempty"`
	Stop        []string `json:"stop,omitempty"`
	Tools       []JSON   `json:"tools,omitempty"`
	// Exactly one of Messages and Prompt is set.
	Messages []Message `json:"messages,omitempty"`
	Prompt   string    `json:"prompt,omitempty"`
	System   string    `json:"system,omitempty"`
	// Evidence is untrusted text. It is rendered in a delimited data channel,
	// never as instructions.
	Evidence []Evidence `json:"evidence,omitempty"`
	// FreeText declares that the output is prose and has no schema.
	FreeText bool `json:"free_text,omitempty"`
}

// ModelOperation is what the model does.
type ModelOperation string

// The model operations.
const (
	Generate ModelOperation = "generate"
	Embed    ModelOperation = "embed"
)

// ModelTier is a class of model size.
type ModelTier string

// The model tiers.
const (
	TierSmall  ModelTier = "small"
	TierMedium ModelTier = "medium"
	TierLarge  ModelTier = "large"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content" jcs:"required"`
}

// Evidence is a piece of untrusted text with a label to cite it by.
type Evidence struct {
	Label string `json:"label"`
	Text  string `json:"text" jcs:"required"`
}
