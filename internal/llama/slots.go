package llama

import (
	"context"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// slotAnswer is what the server says of an action on a slot.
type slotAnswer struct {
	Slot     int `json:"id_slot"`
	Erased   int `json:"n_erased"`
	Saved    int `json:"n_saved"`
	Restored int `json:"n_restored"`
}

// Erase empties a slot. It waits while the slot is busy. An answer about another
// slot is CONFLICT; but a server that is asked for a slot which it does not have
// erases another and does not say so: only those below Props.Slots exist.
func (c *Client) Erase(ctx context.Context, slot int) error {
	_, err := c.slot(ctx, slot, "erase", "")
	return err
}

// Save writes what a slot holds to a file of the server's slot folder and
// returns how many tokens that was. The file holds the prompt.
func (c *Client) Save(ctx context.Context, slot int, file string) (int, error) {
	a, err := c.slot(ctx, slot, "save", file)
	return a.Saved, err
}

// Restore fills a slot from a file that Save wrote under the same model, build
// and flags, and returns how many tokens it holds. A server takes a file of
// another model of the same shape without complaint: names must tell them apart.
func (c *Client) Restore(ctx context.Context, slot int, file string) (int, error) {
	a, err := c.slot(ctx, slot, "restore", file)
	return a.Restored, err
}

func (c *Client) slot(ctx context.Context, slot int, action, file string) (slotAnswer, error) {
	if strings.ContainsAny(file, "/\\") || strings.HasPrefix(file, ".") {
		return slotAnswer{}, contracts.Errorf(contracts.CodeValidation, "file", "%q is not a plain file name", file)
	}
	a := slotAnswer{Slot: -1}
	path := fmt.Sprintf("/slots/%d?action=%s", slot, action)
	err := c.post(ctx, path, struct {
		File string `json:"filename,omitempty"`
	}{file}, &a)
	if err == nil && a.Slot != slot {
		return a, contracts.Errorf(contracts.CodeConflict, path, "the server did it to slot %d", a.Slot)
	}
	return a, err
}

// SlotState is one slot as the server sees it.
type SlotState struct {
	Slot    int  `json:"id"`
	Context int  `json:"n_ctx"`
	Busy    bool `json:"is_processing"`
}

// Slots lists the server's slots. It wakes a server that sleeps.
func (c *Client) Slots(ctx context.Context) ([]SlotState, error) {
	var out []SlotState
	err := c.get(ctx, "/slots", &out)
	return out, err
}
