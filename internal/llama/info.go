package llama

import (
	"context"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Health returns nil when the server can take requests, MODEL_UNAVAILABLE while
// it loads its model or is not there yet.
func (c *Client) Health(ctx context.Context) error {
	var out struct {
		Status string `json:"status"`
	}
	if err := c.get(ctx, "/health", &out); err != nil {
		return err
	}
	if out.Status != "ok" {
		return contracts.Errorf(contracts.CodeModelUnavailable, "/health", "server is %.40q", out.Status)
	}
	return nil
}

// Props is what a server says of itself; it does not change while it runs.
type Props struct {
	// Slots is how many requests it serves at once, Context the tokens of each.
	Slots, Context int
	// Model is the name it gives its model, Build the server's own version.
	Model, Build string
	Template     string
}

// Props asks the server what it is.
func (c *Client) Props(ctx context.Context) (Props, error) {
	var out struct {
		Slots    int    `json:"total_slots"`
		Alias    string `json:"model_alias"`
		Build    string `json:"build_info"`
		Template string `json:"chat_template"`
		Defaults struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if err := c.get(ctx, "/props", &out); err != nil {
		return Props{}, err
	}
	p := Props{Slots: out.Slots, Context: out.Defaults.Context, Model: out.Alias, Build: out.Build, Template: out.Template}
	if p.Slots < 1 || p.Context < 1 {
		return p, contracts.Errorf(contracts.CodeUnsupported, "/props", "server names %d slots of %d tokens: it is no llama-server", p.Slots, p.Context)
	}
	return p, nil
}

// Metrics returns the server's counters and gauges by name, without their
// prefix "llamacpp:". It must have been started with them.
func (c *Client) Metrics(ctx context.Context) (map[string]float64, error) {
	var text string
	if err := c.get(ctx, "/metrics", &text); err != nil {
		return nil, err
	}
	found := map[string]float64{}
	for line := range strings.Lines(text) {
		name, number, ok := strings.Cut(strings.TrimSpace(line), " ")
		name, ours := strings.CutPrefix(name, "llamacpp:")
		if v, err := strconv.ParseFloat(number, 64); ok && ours && err == nil {
			found[name] = v
		}
	}
	return found, nil
}
