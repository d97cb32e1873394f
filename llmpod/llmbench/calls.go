package llmbench

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/llmpod"
	"github.com/krako-labs/krako/llmpod/slots"
)

// call is a greedy generation for a tenant's session.
func call(tenant, session, prompt string, tokens int) llmpod.Call {
	return llmpod.Call{
		ModelInvocation: &contracts.ModelInvocation{
			V: 1, Profile: contracts.ProfileLLM1, Operation: contracts.Generate, Tier: contracts.TierSmall,
			MaxTokens: int64(tokens), TopP: 1, Prompt: prompt,
		},
		Owner: slots.Owner{Tenant: tenant, Session: session},
	}
}

func unheard(llmpod.Piece) {}
